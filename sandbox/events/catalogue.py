"""The problems that a company like this has in a week: what each looks like when new, worse, seen twice, and over.

A recipe makes a `Problem` out of a scene and a number. Weights give the mix: much that is middling, little that is
critical. Telling when they happen is the story's work, not this module's.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

from sandbox.events import access_analyzer, cloudwatch, config, guardduty, health, inspector, macie, noise
from sandbox.events import securityhub as hub
from sandbox.events import securityhub_v2 as v2
from sandbox.events.controls import CONTROLS
from sandbox.events.scene import Event, Scene

Telling: TypeAlias = Callable[[Scene], Event]
ALL_ENVS = ("prod", "staging", "dev", "sandbox", "infra", "security")


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem and its tellings; None where its source has no such event."""

    scene: Scene
    active: Telling
    resolved: Telling | None = None
    raised: Telling | None = None
    echo: Telling | None = None  # the same finding through Security Hub


Maker: TypeAlias = Callable[[Scene, int], Problem]


@dataclass(frozen=True, slots=True)
class Recipe:
    """A sort of problem: how often (weight), where (environments), and how it is made."""

    name: str
    weight: int
    envs: tuple[str, ...]
    make: Maker


def control(control_id: str, scene: Scene, number: int) -> Problem:
    """A failing control, PASSED when over."""
    return Problem(
        scene,
        lambda at: hub.imported(at, hub.control_finding(at, control_id, number)),
        lambda at: hub.imported(at, hub.control_finding(at, control_id, number, status="PASSED")),
    )


def control_v2(control_id: str, scene: Scene, number: int) -> Problem:
    """A failing control in OCSF."""
    return Problem(
        scene,
        lambda at: v2.compliance(at, control_id, number),
        lambda at: v2.compliance(at, control_id, number, passed=True),
    )


def threat(type_name: str, scene: Scene, number: int) -> Problem:
    """A GuardDuty finding; it may get worse, and Security Hub tells it again."""
    usual = guardduty.SORTS[type_name].severity
    return Problem(
        scene,
        lambda at: guardduty.finding(at, type_name, number),
        raised=(lambda at: guardduty.finding(at, type_name, number, severity=usual + 3, count=7))
        if usual < 7
        else None,
        echo=lambda at: hub.imported(at, hub.from_guardduty(at, guardduty.detail(at, type_name, number))),
    )


def outside_access(kind: str, public: bool, scene: Scene, number: int) -> Problem:
    """A resource that can be reached from outside."""
    return Problem(
        scene,
        lambda at: access_analyzer.external(at, kind, number, public=public),
        lambda at: access_analyzer.external(at, kind, number, public=public, status="RESOLVED"),
    )


def inside_access(scene: Scene, number: int) -> Problem:
    """A role that reaches what few should; ended by archiving it."""
    return Problem(
        scene,
        lambda at: access_analyzer.internal(at, number),
        lambda at: access_analyzer.internal(at, number, status="ARCHIVED"),
    )


def unused_access(finding_type: str, scene: Scene, number: int) -> Problem:
    """Access that nobody uses."""
    return Problem(
        scene,
        lambda at: access_analyzer.unused(at, finding_type, number),
        lambda at: access_analyzer.unused(at, finding_type, number, status="RESOLVED"),
    )


def rule(name: str, scene: Scene, number: int) -> Problem:
    """A Config rule's verdict."""
    return Problem(
        scene,
        lambda at: config.compliance_change(at, name, number),
        lambda at: config.compliance_change(at, name, number, compliant=True),
    )


def alarm(name: str, scene: Scene, number: int) -> Problem:
    """A CloudWatch alarm through EventBridge."""
    del number  # one alarm of a name in an account
    return Problem(
        scene,
        lambda at: cloudwatch.state_change(at, name),
        lambda at: cloudwatch.state_change(at, name, state="OK", before="ALARM"),
    )


def topic_alarm(name: str, scene: Scene, number: int) -> Problem:
    """A CloudWatch alarm that comes straight from its topic."""
    del number
    return Problem(
        scene,
        lambda at: cloudwatch.sns_alarm(at, name),
        lambda at: cloudwatch.sns_alarm(at, name, state="OK", before="ALARM"),
    )


def weakness(severity: str, scene: Scene, number: int) -> Problem:
    """An Inspector finding; with a known exploit it is worse."""
    return Problem(
        scene,
        lambda at: inspector.package_vulnerability(at, number, severity=severity),
        lambda at: inspector.package_vulnerability(at, number, severity=severity, status="CLOSED"),
        lambda at: inspector.package_vulnerability(at, number, severity="CRITICAL", exploit=True),
    )


def cloud_health(category: str, scene: Scene, number: int) -> Problem:
    """An AWS Health event."""
    return Problem(
        scene,
        lambda at: health.health(at, category, number),
        lambda at: health.health(at, category, number, status="closed"),
    )


def _once(telling: Callable[[Scene, int], Event]) -> Maker:
    """A problem that its source tells once and never ends."""
    return lambda scene, number: Problem(scene, lambda at: telling(at, number))


def _controls() -> list[Recipe]:
    weights = {"CRITICAL": 1, "HIGH": 4, "MEDIUM": 8, "LOW": 6}
    return [Recipe(f"hub {c.id}", weights[c.severity], ALL_ENVS, partial(control, c.id)) for c in CONTROLS.values()]


def _threats() -> list[Recipe]:
    return [
        Recipe(f"guardduty {sort.type}", 1 if sort.severity >= 9 else 5, ALL_ENVS, partial(threat, sort.type))
        for sort in guardduty.SORTS.values()
    ]


RECIPES = (
    *_controls(),
    *_threats(),
    Recipe("v2 SQS.1", 4, ALL_ENVS, partial(control_v2, "SQS.1")),
    Recipe("v2 KMS.4", 4, ALL_ENVS, partial(control_v2, "KMS.4")),
    Recipe(
        "v2 vulnerability",
        6,
        ALL_ENVS,
        _once(lambda at, n: v2.vulnerability(at, inspector.cve(n), "libexample", "HIGH", n)),
    ),
    Recipe(
        "v2 detection",
        2,
        ALL_ENVS,
        _once(lambda at, n: v2.detection(at, guardduty.detail(at, "UnauthorizedAccess:EC2/SSHBruteForce", n))),
    ),
    Recipe("analyzer public bucket", 2, ("prod", "dev", "sandbox"), partial(outside_access, "bucket", True)),
    Recipe("analyzer shared role", 6, ALL_ENVS, partial(outside_access, "role", False)),
    Recipe("analyzer shared key", 4, ALL_ENVS, partial(outside_access, "key", False)),
    Recipe("analyzer inside", 4, ("prod",), inside_access),
    Recipe("analyzer unused role", 6, ALL_ENVS, partial(unused_access, "UnusedIAMRole")),
    Recipe("analyzer unused key", 4, ALL_ENVS, partial(unused_access, "UnusedIAMUserAccessKey")),
    Recipe("analyzer unused permission", 6, ALL_ENVS, partial(unused_access, "UnusedPermission")),
    *(Recipe(f"config {name}", 4, ALL_ENVS, partial(rule, name)) for name in config.RULES),
    *(Recipe(f"alarm {name}", 2, ("prod", "infra"), partial(alarm, name)) for name in cloudwatch.ALARMS),
    Recipe("topic alarm", 4, ("prod", "infra"), partial(topic_alarm, "unauthorized-api-calls")),
    Recipe("inspector high", 6, ALL_ENVS, partial(weakness, "HIGH")),
    Recipe("inspector medium", 8, ALL_ENVS, partial(weakness, "MEDIUM")),
    Recipe("inspector network", 4, ALL_ENVS, _once(inspector.network_reachability)),
    Recipe("macie data", 2, ("prod", "staging"), _once(macie.sensitive_data)),
    Recipe("macie policy", 2, ("prod",), _once(macie.bucket_policy)),
    Recipe("health issue", 2, ("prod", "infra"), partial(cloud_health, "issue")),
    Recipe("health change", 2, ("prod", "staging"), partial(cloud_health, "scheduledChange")),
    Recipe("health notice", 2, ALL_ENVS, partial(cloud_health, "accountNotification")),
    Recipe("unknown product", 2, ("infra",), _once(noise.unknown)),
)

NOISE: tuple[Telling, ...] = (config.item_change, noise.announcement, access_analyzer.preview)
