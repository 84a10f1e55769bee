"""What a suppression does at the source of a finding: Access Analyzer's archive, Security Hub's workflow, or nothing but our own rule.

    Access Analyzer   exactly one finding: UpdateFindings(ARCHIVED).   A class of access: an archive rule, shared by leases of one shape
    GuardDuty         by choice, exactly one finding: ArchiveFindings; never by a filter, because a filtered finding reaches nobody
    Security Hub      workflow (CSPM) or status (V2) SUPPRESSED, with a note
    others            secbot's own rule alone

Pure: it says what would be done, in words and as the very calls; services.natively does it. The filter of an archive rule stays in the
allowed grammar whatever comes in: `eq` only, at least two keys of which one names a resource, at most 20 values, never public access.
"""

from __future__ import annotations

import hashlib
import json
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
MOST_RULES_EACH = 5  # that one lease may take of them
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
_NEVER_PUBLIC = (*_UNUSED, "InternalAccess")  # kinds whose findings have no `isPublic` that a rule could ask for

Filter = Mapping[str, Mapping[str, Sequence[str]]]


class How(StrEnum):
    """The kinds of native effect."""

    OWN = "own"
    FINDING = "archive_finding"
    RULE = "archive_rule"
    HUB = "hub_status"
    GUARD = "guard_archive"
    EACH = "each"  # several findings, each at its own source


@dataclass(frozen=True, slots=True)
class Call:
    """One API call as it would be made: for reading, and as the key under which it is audited."""

    service: str
    operation: str
    arguments: str


@dataclass(frozen=True, slots=True)
class RuleWanted:
    """An archive rule as secbot makes it: leases of one shape share it, because its name is made of its filter."""

    name: str
    filter: Filter


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What would be done. `words` say it to a person; `calls` are the very calls.

    `filter` is what a list at the analyzer is asked with, to see what is or would be archived; `rules` are the archive rules.
    """

    how: How
    words: str
    calls: tuple[Call, ...] = ()
    analyzer: str = ""
    filter: Filter | None = None
    rules: tuple[RuleWanted, ...] = ()


OWN_WORDS = "secbot's own rule: the findings are still taken in, counted and found with state:suppressed; nothing changes at the source."


def effect_of(kind: ScopeKind, record: Record, *, resources: Sequence[str] = (), guard: bool = False) -> Effect:
    """The native effect of a suppression that began with this finding.

    Args:
        resources: the resources of all findings that it covers now, for a scope of several.
        guard: whether single findings are archived in GuardDuty, too.
    """
    finding = record.finding
    is_one = kind in (ScopeKind.FINDING, ScopeKind.THESE)
    if finding.source == "access_analyzer" and _ANALYZER.fullmatch(finding.detector):
        return _one_archived(finding) if is_one else _archived(kind, finding, resources)
    if finding.via in HUBS and finding.hub:
        return _hub_status(finding)
    if guard and is_one and guard_id(finding):
        return _guard_archived(finding)
    return Effect(how=How.OWN, words=OWN_WORDS)


def effect_of_each(records: Sequence[Record], *, guard: bool = False) -> Effect:
    """The native effect of hiding several findings, each at its own source."""
    effects = [effect_of(ScopeKind.FINDING, record, guard=guard) for record in records]
    done = [e for e in effects if e.how is not How.OWN]
    if not done:
        return Effect(how=How.OWN, words=OWN_WORDS)
    calls = tuple(dict.fromkeys(call for e in done for call in e.calls))
    own = len(effects) - len(done)
    have = "has" if own == 1 else "have"
    rest = f" {own} of them {have} no such thing at its source: secbot's own rule hides it." if own else ""
    words = f"Each finding is archived or suppressed at its own source, and active again when the lease ends.{rest}"
    return Effect(how=How.EACH, words=words, calls=calls)


def _archived(kind: ScopeKind, finding: Finding, resources: Sequence[str]) -> Effect:
    rules = () if kind is ScopeKind.CUSTOM else archive_rules(kind, finding, resources)
    if not rules:
        return Effect(how=How.OWN, words=OWN_WORDS)
    many = "An archive rule" if len(rules) == 1 else f"{len(rules)} archive rules"
    words = (
        f"{many} at the analyzer: what matches now is archived, and whatever will, until the lease ends. Public access is never covered. "
        "Then the rule goes and what it archived is active again."
    )
    calls = tuple(
        call
        for rule in rules
        for call in (
            Call(
                "accessanalyzer",
                "CreateArchiveRule",
                f"analyzer={finding.detector} ruleName={rule.name} filter={shown_filter(rule.filter)}",
            ),
            Call("accessanalyzer", "ApplyArchiveRule", f"analyzer={finding.detector} ruleName={rule.name}"),
        )
    )
    return Effect(how=How.RULE, words=words, calls=calls, analyzer=finding.detector, rules=rules)


def _one_archived(finding: Finding) -> Effect:
    ids = finding_ids(finding)
    shown = ids[0] if ids else f"every finding on {finding.resource.id}"
    words = "The finding is archived at its analyzer, and made active again when the lease ends."
    if not ids:
        words = "Security Hub has grouped the resource's findings into this one; all of them are archived, and active again at the end."
    call = Call("accessanalyzer", "UpdateFindings", f"analyzer={finding.detector} ids={shown} status=ARCHIVED")
    resource = {"resource": {"eq": [finding.resource.id]}}
    return Effect(how=How.FINDING, words=words, calls=(call,), analyzer=finding.detector, filter=resource)


def guard_id(finding: Finding) -> str:
    """GuardDuty's own id of a finding that came from it directly; empty for others."""
    tail = finding.key.rpartition(":")[2]
    return tail if finding.via == "guardduty" and finding.key.startswith("guardduty:") and finding.detector else ""


def _guard_archived(finding: Finding) -> Effect:
    words = "The finding is archived in GuardDuty, by itself: a filter there would blind secbot. It is active again when the lease ends."
    call = Call(
        "guardduty", "ArchiveFindings", f"region={finding.region} detector={finding.detector} ids={guard_id(finding)}"
    )
    return Effect(how=How.GUARD, words=words, calls=(call,))


def finding_ids(finding: Finding) -> tuple[str, ...]:
    """The analyzer's own id of the finding; none when a hub grouped several: the id that its link names is one of them only."""
    tail = finding.key.rpartition(":")[2]
    is_grouped = finding.via in HUBS and finding.native_id == f"{finding.detector}/{finding.resource.id}"
    is_own = finding.key.startswith("access_analyzer:") and _FINDING_ID.fullmatch(tail) and not is_grouped
    return (tail,) if is_own else ()


def archive_rules(kind: ScopeKind, finding: Finding, resources: Sequence[str] = ()) -> tuple[RuleWanted, ...]:
    """The rules for a class of access, within the allowed grammar; none when no safe ones can be built.

    A rule names resources, their owner and, for one resource, its type. One for a kind of access in an account names the resources that
    have it now: without them it would hide what nobody has seen. Twenty resources a rule; none at all for more than `MOST_RULES_EACH`.
    """
    named = sorted({finding.resource.id, *(resources if kind is ScopeKind.KIND else ())} - {""})
    if not finding.resource.id or len(named) > MOST_VALUES * MOST_RULES_EACH:
        return ()
    pieces = [named[i : i + MOST_VALUES] for i in range(0, len(named), MOST_VALUES)]
    filters = [archive_filter(finding, piece) for piece in pieces]
    return () if None in filters else tuple(RuleWanted(rule_name(f), f) for f in filters if f is not None)


def archive_filter(finding: Finding, resources: Sequence[str]) -> Filter | None:
    """The filter of one rule over these resources; None when none is safe."""
    if not finding.account.isdigit():
        return None
    made: dict[str, dict[str, list[str]]] = {
        "resource": {"eq": list(resources)},
        "resourceOwnerAccount": {"eq": [finding.account]},
    }
    if finding.resource.type.startswith("AWS::") and list(resources) == [
        finding.resource.id
    ]:  # hubs have names of their own
        made["resourceType"] = {"eq": [finding.resource.type]}
    kind = finding.type.rpartition("/")[2].replace(" ", "")  # a hub writes `Software .../Unused Permission`
    if kind in _NEVER_PUBLIC:
        made["findingType"] = {"eq": [kind]}
    else:
        made["isPublic"] = {"eq": ["false"]}
    return None if filter_problem(made) else made


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
    """The name of the rule of this shape: leases of one shape share it. Two filters never share one, whatever signs are in their values."""
    shape = json.dumps(
        {key: {op: list(values) for op, values in c.items()} for key, c in filter.items()}, sort_keys=True
    )
    return _PREFIX + hashlib.blake2b(shape.encode("ascii"), digest_size=8).hexdigest()


def is_ours(rule: str) -> bool:
    """Whether an archive rule's name is one of ours."""
    return rule.startswith(_PREFIX)


_SIGNS = {"eq": "=", "neq": "!=", "contains": "~", "exists": "?"}


def shown_filter(filter: Filter) -> str:
    """A filter on one line: `isPublic=false resource=arn:...`; also one that others made."""
    return " ".join(
        f"{key}{_SIGNS.get(operator, operator)}{'|'.join(values)}"
        for key in sorted(filter)
        for operator, values in sorted(filter[key].items())
        if values
    )


def archived_ids(native: Mapping[str, str]) -> Mapping[str, tuple[str, ...]]:
    """The finding ids that a lease had archived, by analyzer, as `lease.native` keeps them: `ids@ARN`, or `ids` beside `analyzer`."""
    found = {key.removeprefix("ids@"): text for key, text in native.items() if key.startswith("ids@")}
    if native.get("analyzer"):
        found.setdefault(native["analyzer"], native.get("ids", ""))
    return {analyzer: tuple(filter(None, text.split(","))) for analyzer, text in found.items()}


def rules_of(native: Mapping[str, str]) -> tuple[str, ...]:
    """The names of the archive rules that a lease needs, as `lease.native` keeps them."""
    return tuple(filter(None, native.get("rule", "").split(",")))


def _hub_status(finding: Finding) -> Effect:
    is_v2 = finding.via == "securityhub_v2"
    operation = "BatchUpdateFindingsV2" if is_v2 else "BatchUpdateFindings"
    what = "StatusId=SUPPRESSED" if is_v2 else "Workflow.Status=SUPPRESSED"
    words = "Security Hub shows the findings as suppressed, with a note; they are NEW again when the lease ends."
    call = Call("securityhub", operation, f"region={finding.region} {what} for each finding, at most 100 a call")
    return Effect(how=How.HUB, words=words, calls=(call,))
