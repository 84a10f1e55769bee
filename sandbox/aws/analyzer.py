"""IAM Access Analyzer: analyzers, their findings and archive rules, as far as hiding findings needs them.

As documented: a rule archives findings that come after it; ApplyArchiveRule archives the ACTIVE ones that are there and
says nothing of which; DeleteArchiveRule un-archives nothing; an analyzer holds a hundred rules; a call reaches only the
analyzers of its own account and Region. With `lag_s` lists and GetArchiveRule show the state of so many seconds ago.
Nothing is analysed here: findings are seeded, or learnt from the events that are published.
"""

from __future__ import annotations

import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sandbox.aws import criteria
from sandbox.aws.clock import Clock
from sandbox.aws.criteria import Fields, Filter
from sandbox.aws.paging import BadToken, page
from sandbox.aws.refusals import Refusal, invalid
from sandbox.aws.rest import Caller, moment
from sandbox.aws.timeline import Timeline

Json: TypeAlias = dict[str, Any]
QUOTA = 100  # From: IAM User Guide, "IAM Access Analyzer quotas": archive rules per analyzer
_ARN = re.compile(r"arn:aws:access-analyzer:([a-z0-9-]+):(\d{12}):analyzer/([A-Za-z_][A-Za-z0-9_.-]*)")
_KEYS = ("resource", "resourceType", "resourceOwnerAccount", "findingType", "error")


@dataclass(slots=True)
class AnalyzerFinding:
    """A finding: what lists show of it, what filters see of it, and its status over time."""

    id: str
    shown: Json
    fields: Fields
    status: Timeline[str]
    updated: float


@dataclass(slots=True)
class Rule:
    """An archive rule; None as its filter: deleted."""

    filter: Timeline[Filter | None]
    created: float


@dataclass(slots=True)
class Analyzer:
    """One analyzer with what it found and what it hides."""

    arn: str
    name: str
    type: str
    created: float
    status: str = "ACTIVE"  # a word of AnalyzerStatus
    findings: dict[str, AnalyzerFinding] = field(default_factory=dict)
    rules: dict[str, Rule] = field(default_factory=dict)

    def live_rules(self) -> dict[str, Filter]:
        """The rules as they are now, whatever lists still show."""
        latest = {name: rule.filter.latest for name, rule in self.rules.items()}
        return {name: filter for name, filter in latest.items() if filter is not None}


class AccessAnalyzer:
    """All analyzers of all accounts and Regions. Tests change `quota`, `lag_s` and `page_size` as they like."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.analyzers: dict[str, Analyzer] = {}
        self.quota, self.lag_s, self.page_size = QUOTA, 0.0, 100
        self.operations: dict[str, Callable[[Caller, Json], Json]] = {
            "ListAnalyzers": self._list_analyzers,
            "ListFindingsV2": self._list_findings,
            "GetFindingV2": self._get_finding,
            "UpdateFindings": self._update_findings,
            "CreateArchiveRule": self._create_rule,
            "UpdateArchiveRule": self._update_rule,
            "GetArchiveRule": self._get_rule,
            "ListArchiveRules": self._list_rules,
            "ApplyArchiveRule": self._apply_rule,
            "DeleteArchiveRule": self._delete_rule,
        }

    # --- in-process access ---

    def create(self, name: str, account: str, region: str, *, type: str = "ORGANIZATION") -> str:
        """Make an analyzer (or find it); returns its ARN. `type` is a word of AnalyzerSummary.type."""
        arn = f"arn:aws:access-analyzer:{region}:{account}:analyzer/{name}"
        self.analyzers.setdefault(arn, Analyzer(arn, name, type, self._clock.now()))
        return arn

    def seed(
        self, analyzer: str, id: str = "", *, status: str = "ACTIVE", new: bool = False, **facts: str | list[str] | bool
    ) -> str:
        """Put a finding there, or change it; returns its id.

        Args:
            analyzer: the ARN, of an analyzer that is there (KeyError).
            new: it comes to be now, so that rules archive it and lists lag; else it has always been there.
            facts: filter keys and their values (`**{"principal.AWS": "42..."}`); isPublic may be a bool.
        """
        owner = self.analyzers[analyzer]
        fields = {key: _texts(value) for key, value in facts.items()}
        finding = self._finding(owner, id or str(uuid.uuid4()), fields, status, new=new)
        if new and self._hidden(owner, finding):
            finding.status.set("ARCHIVED", self._clock.now())
        return finding.id

    def status(self, analyzer: str, id: str) -> str:
        """The finding's status now, whatever lists still show."""
        return self.analyzers[analyzer].findings[id].status.latest

    def rules(self, analyzer: str) -> dict[str, Filter]:
        """The analyzer's rules now."""
        return self.analyzers[analyzer].live_rules()

    def learn(self, analyzer: str, detail: Mapping[str, Any]) -> None:
        """Take over the finding of an event that Access Analyzer publishes; makes its analyzer when it is not there.
        What is no such finding is left alone.
        """
        hit = _ARN.fullmatch(analyzer)
        id = detail.get("id", detail.get("findingId"))
        if hit is None or not isinstance(id, str) or not id:
            return
        self.create(hit[3], hit[2], hit[1], type=_type_of(hit[3]))
        status = "RESOLVED" if detail.get("isDeleted") is True else str(detail.get("status", "ACTIVE"))
        known = self.analyzers[analyzer].findings.get(id)
        if status == "ACTIVE" and known is not None and known.status.latest == "ARCHIVED":
            status = "ARCHIVED"  # an update of what is hidden does not show it
        if status in {"ACTIVE", "ARCHIVED", "RESOLVED"}:
            self.seed(analyzer, id, status=status, new=True, **_facts(detail))

    def _finding(self, owner: Analyzer, id: str, fields: Fields, status: str, *, new: bool) -> AnalyzerFinding:
        now = self._clock.now()
        known = owner.findings.get(id)
        shown: Json = {key: fields[key][0] for key in _KEYS if fields.get(key)}
        shown = {"resourceType": "AWS::S3::Bucket", "resourceOwnerAccount": owner.arn.split(":")[4], **shown}
        if known is None:
            line = Timeline(status, now) if new else Timeline(status)
            owner.findings[id] = AnalyzerFinding(id, shown, {}, line, now)
        else:
            known.shown = shown
            known.status.set(status, now)
        finding = owner.findings[id]
        finding.fields = {key: (value,) for key, value in shown.items()} | dict(fields) | {"id": (id,)}
        return finding

    @staticmethod
    def _hidden(owner: Analyzer, finding: AnalyzerFinding) -> bool:
        live = finding.status.latest == "ACTIVE"
        return live and any(criteria.matches(filter, finding.fields) for filter in owner.live_rules().values())

    # --- operations ---

    def _list_analyzers(self, caller: Caller, params: Json) -> Json:
        own = [one for one in self.analyzers.values() if _place(one) == (caller.account, caller.region)]
        chosen = [_analyzer_shown(one) for one in own if params.get("type", one.type) == one.type]
        return self._page("analyzers", chosen, params)

    def _list_findings(self, caller: Caller, params: Json) -> Json:
        owner = self._by_arn(caller, params)
        filter: Filter = params.get("filter", {})
        criteria.check(filter, criteria.LIST_KEYS)
        seen = [(finding, finding.status.at(self._shown_at)) for finding in owner.findings.values()]
        chosen = [
            _finding_shown(finding, status)
            for finding, status in seen
            if status is not None and criteria.matches(filter, {**finding.fields, "status": (status,)})
        ]
        return self._page("findings", chosen, params)

    def _get_finding(self, caller: Caller, params: Json) -> Json:
        finding = self._by_arn(caller, params).findings.get(str(params["id"]))
        status = finding.status.at(self._shown_at) if finding is not None else None
        if finding is None or status is None:
            raise _missing(str(params["id"]), "Finding")
        return {**_finding_shown(finding, status), "findingDetails": []}

    def _update_findings(self, caller: Caller, params: Json) -> Json:
        owner = self._by_arn(caller, params)
        ids = list(params.get("ids", ()))
        if bool(ids) == ("resourceArn" in params):
            raise invalid("Either ids or a resourceArn.")
        if missing := [id for id in ids if id not in owner.findings]:
            raise _missing(missing[0], "Finding")  # our reading: all or nothing
        named = [finding for finding in owner.findings.values() if finding.id in ids or _is_of(finding, params)]
        for finding in named:
            if finding.status.latest != "RESOLVED":
                self._set(finding, str(params["status"]))
        return {}

    def _create_rule(self, caller: Caller, params: Json) -> Json:
        owner = self._by_name(caller, params)
        name = str(params["ruleName"])
        criteria.check_rule(params["filter"])
        if name in owner.live_rules():
            raise Refusal("ConflictException", "A rule of this name is there.", resourceId=name, resourceType="Rule")
        if len(owner.live_rules()) >= self.quota:
            message = f"At most {self.quota} archive rules for an analyzer."
            raise Refusal("ServiceQuotaExceededException", message, resourceId=owner.arn, resourceType="Analyzer")
        now = self._clock.now()
        owner.rules[name] = Rule(Timeline(params["filter"], now), now)
        return {}

    def _update_rule(self, caller: Caller, params: Json) -> Json:
        owner = self._by_name(caller, params)
        self._live(owner, str(params["ruleName"]))
        criteria.check_rule(params["filter"])
        owner.rules[str(params["ruleName"])].filter.set(params["filter"], self._clock.now())
        return {}

    def _get_rule(self, caller: Caller, params: Json) -> Json:
        owner, name = self._by_name(caller, params), str(params["ruleName"])
        shown = {one["ruleName"]: one for one in self._rules_shown(owner)}
        if name not in shown:
            raise _missing(name, "ArchiveRule")
        return {"archiveRule": shown[name]}

    def _list_rules(self, caller: Caller, params: Json) -> Json:
        owner = self.analyzers.get(_arn(caller, params))
        if owner is None:  # the model gives this operation no ResourceNotFoundException
            raise invalid("There is no such analyzer.")
        return self._page("archiveRules", self._rules_shown(owner), params)

    def _apply_rule(self, caller: Caller, params: Json) -> Json:
        owner = self._by_arn(caller, params)
        filter = self._live(owner, str(params["ruleName"]))
        for finding in owner.findings.values():
            if finding.status.latest == "ACTIVE" and criteria.matches(filter, finding.fields):
                self._set(finding, "ARCHIVED")
        return {}

    def _delete_rule(self, caller: Caller, params: Json) -> Json:
        owner = self._by_name(caller, params)
        self._live(owner, str(params["ruleName"]))
        owner.rules[str(params["ruleName"])].filter.set(None, self._clock.now())
        return {}

    # --- the rest ---

    @property
    def _shown_at(self) -> float:
        return self._clock.now() - self.lag_s

    def _set(self, finding: AnalyzerFinding, status: str) -> None:
        finding.updated = self._clock.now()
        finding.status.set(status, finding.updated)

    def _by_arn(self, caller: Caller, params: Json) -> Analyzer:
        owner = self.analyzers.get(str(params["analyzerArn"]))
        if owner is None or _place(owner) != (caller.account, caller.region):
            raise _missing(str(params["analyzerArn"]), "Analyzer")
        return owner

    def _by_name(self, caller: Caller, params: Json) -> Analyzer:
        owner = self.analyzers.get(_arn(caller, params))
        if owner is None:
            raise _missing(str(params["analyzerName"]), "Analyzer")
        return owner

    @staticmethod
    def _live(owner: Analyzer, name: str) -> Filter:
        filter = owner.live_rules().get(name)
        if filter is None:
            raise _missing(name, "ArchiveRule")
        return filter

    def _rules_shown(self, owner: Analyzer) -> list[Json]:
        then = self._shown_at
        seen = {name: (rule, rule.filter.at(then)) for name, rule in sorted(owner.rules.items())}
        return [_rule_shown(name, rule, filter) for name, (rule, filter) in seen.items() if filter is not None]

    def _page(self, member: str, items: list[Json], params: Json) -> Json:
        size = max(1, min(int(params.get("maxResults", self.page_size)), self.page_size))
        try:
            part, more = page(items, params.get("nextToken"), size)
        except BadToken as wrong:
            raise invalid("The token is not one of this list.") from wrong
        return {member: part, **({"nextToken": more["token"]} if more else {})}


def _place(analyzer: Analyzer) -> tuple[str, str]:
    _, _, _, region, account, _ = analyzer.arn.split(":", 5)
    return account, region


def _arn(caller: Caller, params: Json) -> str:
    return f"arn:aws:access-analyzer:{caller.region}:{caller.account}:analyzer/{params['analyzerName']}"


def _missing(id: str, kind: str) -> Refusal:
    return Refusal("ResourceNotFoundException", f"There is no such {kind}.", resourceId=id, resourceType=kind)


def _is_of(finding: AnalyzerFinding, params: Json) -> bool:
    return "resourceArn" in params and finding.shown.get("resource") == params["resourceArn"]


def _analyzer_shown(one: Analyzer) -> Json:
    facts = {"arn": one.arn, "name": one.name, "type": one.type, "status": one.status}
    return {**facts, "createdAt": moment(one.created)}


def _finding_shown(finding: AnalyzerFinding, status: str) -> Json:
    when = moment(finding.updated)
    times = {"analyzedAt": when, "createdAt": when, "updatedAt": when}
    return {"id": finding.id, "status": status, **finding.shown, **times}


def _rule_shown(name: str, rule: Rule, filter: Filter) -> Json:
    times = {"createdAt": moment(rule.created), "updatedAt": moment(rule.filter.changed)}
    return {"ruleName": name, "filter": filter, **times}


def _type_of(name: str) -> str:
    words = {"unused": "ORGANIZATION_UNUSED_ACCESS", "internal": "ORGANIZATION_INTERNAL_ACCESS"}
    return next((type for word, type in words.items() if word in name), "ORGANIZATION")


def _texts(value: Any) -> tuple[str, ...]:
    if isinstance(value, bool):
        return (str(value).lower(),)
    return tuple(str(one) for one in value) if isinstance(value, list | tuple) else (str(value),)


def _facts(detail: Mapping[str, Any]) -> dict[str, Any]:
    """An event's detail as filter keys."""
    plain = {
        key: detail[key] for key in ("resource", "resourceType", "findingType", "error", "isPublic") if key in detail
    }
    nested = {
        f"{kind}.{key}": value
        for kind in ("principal", "condition")
        if isinstance(detail.get(kind), dict)
        for key, value in detail[kind].items()
    }
    owner = {"resourceOwnerAccount": detail["accountId"]} if "accountId" in detail else {}
    given = {"findingType": "ExternalAccess", **plain, **nested, **owner}
    return {key: value for key, value in given.items() if isinstance(value, str | bool | list)}
