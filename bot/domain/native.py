"""What a suppression does at the source of a finding: Access Analyzer's archive, Security Hub's workflow, or nothing but our own rule.

    Access Analyzer   exactly one finding: UpdateFindings(ARCHIVED).   A class of access: an archive rule, shared by leases of one shape
    Security Hub      workflow (CSPM) or status (V2) SUPPRESSED, with a note
    others            secbot's own rule alone; GuardDuty never by a filter, because a filtered finding reaches nobody

Pure: it says what would be done, in words and as the very calls; services.natively does it. The filter of an archive rule stays in the
allowed grammar whatever comes in: `eq` only, at least two keys of which one names a resource, at most 20 values, never public access.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.console import HUBS
from bot.domain.finding import Finding, Record
from bot.domain.suppression import ScopeKind

# From: docs.aws.amazon.com/IAM/latest/UserGuide/access-analyzer-quotas.html and API_Criterion
MOST_VALUES = 20
MOST_RULES = 100
RULE_KEYS = frozenset({
    "resource", "resourceType", "resourceOwnerAccount", "isPublic", "error", "principal.AWS", "principal.Federated", "findingType",
    "condition.aws:PrincipalArn", "condition.aws:PrincipalOrgID", "condition.aws:PrincipalOrgPaths", "condition.aws:SourceIp",
    "condition.aws:SourceVpc", "condition.aws:UserId", "condition.kms:CallerAccount",
})  # fmt: skip
_PREFIX = "secbot-"
_ANALYZER = re.compile(
    r"arn:aws[a-z-]{0,10}:access-analyzer:[a-z0-9-]+:[0-9]{12}:analyzer/[A-Za-z_][A-Za-z0-9_.-]{0,254}"
)
_FINDING_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}")
# The service-linked analyzer of the new Security Hub takes no rules (inferred from the user guide's unused-access page).
_UNUSED = ("UnusedIAMRole", "UnusedIAMUserAccessKey", "UnusedIAMUserPassword", "UnusedPermission")

Filter = Mapping[str, Mapping[str, Sequence[str]]]


class How(StrEnum):
    """The kinds of native effect."""

    OWN = "own"
    FINDING = "archive_finding"
    RULE = "archive_rule"
    HUB = "hub_status"


@dataclass(frozen=True, slots=True)
class Call:
    """One API call as it would be made: for reading, and as the key under which it is audited."""

    service: str
    operation: str
    arguments: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What would be done. `words` say it to a person; `calls` are the very calls; `filter` is an archive rule's."""

    how: How
    words: str
    calls: tuple[Call, ...] = ()
    analyzer: str = ""
    rule: str = ""
    filter: Filter | None = None


OWN_WORDS = "secbot's own rule: the findings are still taken in, counted and found with state:suppressed; nothing changes at the source."


def effect_of(kind: ScopeKind, record: Record) -> Effect:
    """The native effect of a suppression that began with this finding."""
    finding = record.finding
    if finding.source == "access_analyzer" and _ANALYZER.fullmatch(finding.detector):
        return _archived(kind, record)
    if finding.via in HUBS and finding.hub:
        return _hub_status(finding)
    return Effect(how=How.OWN, words=OWN_WORDS)


def _archived(kind: ScopeKind, record: Record) -> Effect:
    finding = record.finding
    if kind is ScopeKind.FINDING:
        return _one_archived(finding)
    filter = archive_filter(kind, finding)
    if filter is None or kind is ScopeKind.CUSTOM:
        return Effect(how=How.OWN, words=OWN_WORDS)
    name = rule_name(filter)
    words = (
        "An archive rule at the analyzer: it archives what matches now and whatever will, until the lease ends. It never covers public "
        "access. Then the rule goes and what it archived is active again."
    )
    shown = _shown(filter)
    calls = (
        Call("accessanalyzer", "CreateArchiveRule", f"analyzer={finding.detector} ruleName={name} filter={shown}"),
        Call("accessanalyzer", "ApplyArchiveRule", f"analyzer={finding.detector} ruleName={name}"),
    )
    return Effect(how=How.RULE, words=words, calls=calls, analyzer=finding.detector, rule=name, filter=filter)


def _one_archived(finding: Finding) -> Effect:
    ids = finding_ids(finding)
    shown = ids[0] if ids else f"every finding on {finding.resource.id}"
    words = "The finding is archived at its analyzer, and made active again when the lease ends."
    if not ids:
        words = "Security Hub has grouped the resource's findings into this one; all of them are archived, and active again at the end."
    call = Call("accessanalyzer", "UpdateFindings", f"analyzer={finding.detector} ids={shown} status=ARCHIVED")
    resource = {"resource": {"eq": [finding.resource.id]}}
    return Effect(how=How.FINDING, words=words, calls=(call,), analyzer=finding.detector, filter=resource)


def finding_ids(finding: Finding) -> tuple[str, ...]:
    """The analyzer's own id of the finding; none when a hub grouped several."""
    tail = finding.key.rpartition(":")[2]
    return (tail,) if finding.key.startswith("access_analyzer:") and _FINDING_ID.fullmatch(tail) else ()


def archive_filter(kind: ScopeKind, finding: Finding) -> Filter | None:
    """The filter of a rule for a class of access, within the allowed grammar; None when no safe one can be built.

    A rule for a resource names it, its type and its owner; one for a kind of access in an account names account, resource type and kind,
    and so has to name a resource too: without one it would hide what nobody has seen.
    """
    resource = finding.resource
    if not resource.id or not finding.account.isdigit():
        return None
    made: dict[str, dict[str, list[str]]] = {
        "resource": {"eq": [resource.id]},
        "resourceOwnerAccount": {"eq": [finding.account]},
    }
    if resource.type:
        made["resourceType"] = {"eq": [resource.type]}
    if finding.type in _UNUSED:
        made["findingType"] = {"eq": [finding.type]}
    else:
        made["isPublic"] = {"eq": ["false"]}
    del kind
    return made if not filter_problem(made) else None


def filter_problem(filter: Filter) -> str:
    """Why a filter is outside the grammar that secbot allows itself; empty when it is inside."""
    if len(filter) < 2:
        return "a rule needs at least two keys"
    if not any(key == "resource" or key.startswith("principal.") for key in filter):
        return "a rule has to name a resource or a principal"
    for key, criterion in filter.items():
        values = criterion.get("eq")
        if key not in RULE_KEYS or set(criterion) != {"eq"} or not values or len(values) > MOST_VALUES:
            return (
                f"`{key}` is not a key that a rule may have, or has other criteria than 1 to {MOST_VALUES} equal values"
            )
        if any(not v or not v.isprintable() for v in values):
            return f"`{key}` has a value that is no text"
    if list(filter.get("isPublic", {}).get("eq", ["false"])) != ["false"]:
        return "a rule never hides public access"
    return ""


def rule_name(filter: Filter) -> str:
    """The name of the rule of this shape: leases of one shape share it."""
    return _PREFIX + hashlib.blake2b(_shown(filter).encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()


def is_ours(rule: str) -> bool:
    """Whether an archive rule's name is one of ours."""
    return rule.startswith(_PREFIX)


def _shown(filter: Filter) -> str:
    return " ".join(f"{k}={'|'.join(filter[k].get('eq', ()))}" for k in sorted(filter))


def _hub_status(finding: Finding) -> Effect:
    is_v2 = finding.via == "securityhub_v2"
    operation = "BatchUpdateFindingsV2" if is_v2 else "BatchUpdateFindings"
    what = "StatusId=SUPPRESSED" if is_v2 else "Workflow.Status=SUPPRESSED"
    words = "Security Hub shows the findings as suppressed, with a note; they are NEW again when the lease ends."
    call = Call("securityhub", operation, f"region={finding.region} {what} for each finding, at most 100 a call")
    return Effect(how=How.HUB, words=words, calls=(call,))
