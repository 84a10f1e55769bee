"""Security Hub's findings, CSPM and V2, as far as their workflow goes: who suppressed what, and whether it shows.

One store for the delegated administrator of each Region. A finding keeps the few members that secbot reads; the rest of
ASFF and OCSF is not stored. As documented: a batch names at most a hundred findings and answers for each, an update
leaves UpdatedAt alone and may take minutes to show (`lag_s`). `refuse` makes single findings fail.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sandbox.aws.automation import Automation
from sandbox.aws.clock import Clock
from sandbox.aws.paging import BadToken, page
from sandbox.aws.refusals import Refusal
from sandbox.aws.rest import Caller, iso, moment
from sandbox.aws.timeline import Timeline

Json: TypeAlias = dict[str, Any]
BATCH = 100  # From: Security Hub API Reference, BatchUpdateFindings; the model does not say it
FILTERS, VALUES = 10, 20  # From: the same, GetFindings: attributes in a filter, values for one
WORDS = 512  # From: the same, Note.Text and BatchUpdateFindingsV2.Comment: the longest text
# From: OCSF schema, status_id of the Findings category; 0 to 5 and 99 are what BatchUpdateFindingsV2 takes.
STATUSES = {0: "Unknown", 1: "New", 2: "In Progress", 3: "Suppressed", 4: "Resolved", 5: "Archived", 99: "Other"}

# From: Security Hub API Reference, StringFilter.Comparison.
_COMPARE: dict[str, Callable[[str, str], bool]] = {
    "EQUALS": lambda own, wanted: own == wanted,
    "NOT_EQUALS": lambda own, wanted: own != wanted,
    "PREFIX": lambda own, wanted: own.startswith(wanted),
    "PREFIX_NOT_EQUALS": lambda own, wanted: not own.startswith(wanted),
    "CONTAINS": lambda own, wanted: wanted in own,
    "NOT_CONTAINS": lambda own, wanted: wanted not in own,
}


@dataclass(frozen=True, slots=True)
class Triage:
    """What people say of a finding: its workflow (CSPM: a word, V2: a status id) and a note."""

    status: str | int
    note: str = ""
    by: str = ""


@dataclass(slots=True)
class HubFinding:
    """One stored finding. `body` is as it is shown, without its triage."""

    body: Json
    triage: Timeline[Triage]


class SecurityHub:
    """CSPM findings by (Region, id, product ARN), V2 findings by (Region, metadata uid), and `automation`: its rules."""

    def __init__(self, clock: Clock, account: str) -> None:
        self._clock, self._account = clock, account
        self.cspm: dict[tuple[str, str, str], HubFinding] = {}
        self.v2: dict[tuple[str, str], HubFinding] = {}
        self.automation = Automation(clock)
        self.refuse: dict[str, tuple[str, str]] = {}  # id -> (ErrorCode, ErrorMessage) of the next updates
        self.lag_s, self.page_size = 0.0, 100
        self.operations: dict[str, Callable[[Caller, Json], Json]] = {
            "BatchUpdateFindings": self._update,
            "GetFindings": self._get,
            "BatchUpdateFindingsV2": self._update_v2,
            "GetFindingsV2": self._get_v2,
            **self.automation.operations,
        }

    # --- in-process access ---

    def seed(self, region: str, finding: Mapping[str, Any]) -> None:
        """Store a CSPM finding (ASFF; only Id and ProductArn are needed). One that is there keeps its workflow."""
        body = _asff(finding, iso(moment(self._clock.now())))
        key = (region, body["Id"], body["ProductArn"])
        workflow = finding.get("Workflow")
        status = workflow.get("Status", "NEW") if isinstance(workflow, Mapping) else "NEW"
        known = self.cspm.get(key)
        self.cspm[key] = HubFinding(body, known.triage if known else Timeline(Triage(str(status))))

    def seed_v2(self, region: str, finding: Mapping[str, Any]) -> None:
        """Store a V2 finding (OCSF; `metadata.uid` is needed). One that is there keeps its status."""
        uid = str(finding["metadata"]["uid"])
        body = {key: finding[key] for key in ("metadata", "finding_info", "cloud", "severity_id") if key in finding}
        status = finding.get("status_id", 1)
        known = self.v2.get((region, uid))
        first = Triage(status if status in STATUSES else 0)
        self.v2[region, uid] = HubFinding(body, known.triage if known else Timeline(first))

    def automate(self, region: str, name: str, **facts: Any) -> str:
        """An automation rule that somebody made in the administrator's account; see `Automation.seed`. Returns its ARN."""
        return self.automation.seed(self._account, region, name, **facts)

    def workflow(self, region: str, id: str, product_arn: str) -> Triage:
        """What is said of a CSPM finding now, whatever GetFindings still shows."""
        return self.cspm[region, id, product_arn].triage.latest

    def status_v2(self, region: str, uid: str) -> Triage:
        """What is said of a V2 finding now."""
        return self.v2[region, uid].triage.latest

    def learn(self, region: str, findings: Sequence[Any]) -> None:
        """Take over the findings of an event that Security Hub publishes; what is none is left alone."""
        for finding in findings:
            if not isinstance(finding, Mapping):
                continue
            metadata = finding.get("metadata")
            if isinstance(finding.get("Id"), str) and isinstance(finding.get("ProductArn"), str):
                self.seed(region, finding)
            elif isinstance(metadata, Mapping) and isinstance(metadata.get("uid"), str):
                self.seed_v2(region, finding)

    # --- CSPM ---

    def _update(self, caller: Caller, params: Json) -> Json:
        named = params["FindingIdentifiers"]
        _demand(1 <= len(named) <= BATCH, f"1 to {BATCH} findings, not {len(named)}.")
        note = params.get("Note", {})
        _demand(len(note.get("Text", "")) <= WORDS, f"A note has at most {WORDS} characters.")
        done: list[Json] = []
        failed: list[Json] = []
        for one in named:
            error = self._fault(one, named, (caller.region, one["Id"], one["ProductArn"]) in self.cspm)
            if error is None:
                self._say(self.cspm[caller.region, one["Id"], one["ProductArn"]], params.get("Workflow"), note)
                done.append(one)
            else:
                failed.append({"FindingIdentifier": one, "ErrorCode": error[0], "ErrorMessage": error[1]})
        return {"ProcessedFindings": done, "UnprocessedFindings": failed}

    def _fault(self, one: Json, named: list[Json], known: bool) -> tuple[str, str] | None:
        """Why one identifier is not processed. From: Security Hub API Reference, BatchUpdateFindingsUnprocessedFinding."""
        if named.count(one) > 1:
            return "DuplicatedFindingIdentifier", "The request names this finding twice."
        if not known:
            return "FindingNotFound", "There is no such finding."
        return self.refuse.get(one["Id"])

    def _say(self, finding: HubFinding, workflow: Json | None, note: Json) -> None:
        old = finding.triage.latest
        status = (workflow or {}).get("Status", old.status)
        triage = Triage(status, note.get("Text", old.note), note.get("UpdatedBy", old.by))
        finding.triage.set(triage, self._clock.now())

    def _get(self, caller: Caller, params: Json) -> Json:
        filters: Json = params.get("Filters", {})
        _demand(len(filters) <= FILTERS, f"At most {FILTERS} attributes.")
        _demand(all(len(values) <= VALUES for values in filters.values()), f"At most {VALUES} values for one.")
        shown = [self._shown(finding) for (region, _, _), finding in self.cspm.items() if region == caller.region]
        return self._page("Findings", [one for one in shown if _holds(filters, one)], params)

    def _shown(self, finding: HubFinding) -> Json:
        triage = finding.triage.at(self._clock.now() - self.lag_s) or finding.triage.latest
        when = iso(moment(finding.triage.changed)) if triage.note else ""
        note = {"Note": {"Text": triage.note, "UpdatedBy": triage.by, "UpdatedAt": when}} if triage.note else {}
        return {**finding.body, "Workflow": {"Status": triage.status}, **note}

    # --- V2 ---

    def _update_v2(self, caller: Caller, params: Json) -> Json:
        uids, named = params.get("MetadataUids", []), params.get("FindingIdentifiers", [])
        _demand(bool(uids) != bool(named), "Either MetadataUids or FindingIdentifiers.", "ValidationException")
        _demand(params.get("StatusId", 0) in STATUSES, "No such status.", "ValidationException")
        _demand(len(params.get("Comment", "")) <= WORDS, "The comment is too long.", "ValidationException")
        asked = [(uid, {"MetadataUid": uid}) for uid in uids]
        asked += [(self._uid_of(caller.region, one), {"FindingIdentifier": one}) for one in named]
        done: list[Json] = []
        failed: list[Json] = []
        for uid, shown in asked:
            finding = self.v2.get((caller.region, uid))
            error = self.refuse.get(uid) if finding else ("ResourceNotFoundException", "There is no such finding.")
            if finding is None or error is not None:
                code, message = error or ("InternalServerException", "Lost.")
                failed.append({**shown, "ErrorCode": code, "ErrorMessage": message})
                continue
            old = finding.triage.latest
            said = Triage(params.get("StatusId", old.status), params.get("Comment", old.note), caller.account)
            finding.triage.set(said, self._clock.now())
            done.append(shown)
        return {"ProcessedFindings": done, "UnprocessedFindings": failed}

    def _uid_of(self, region: str, named: Json) -> str:
        paths = {"cloud.account.uid": "CloudAccountUid", "finding_info.uid": "FindingInfoUid"}
        paths["metadata.product.uid"] = "MetadataProductUid"
        for (place, uid), finding in self.v2.items():
            if place == region and all(_at(finding.body, path) == named[key] for path, key in paths.items()):
                return uid
        return ""

    def _get_v2(self, caller: Caller, params: Json) -> Json:
        filters: Json = params.get("Filters", {})
        shown = [self._shown_v2(finding) for (region, _), finding in self.v2.items() if region == caller.region]
        return self._page("Findings", [one for one in shown if _holds_v2(filters, one)], params)

    def _shown_v2(self, finding: HubFinding) -> Json:
        triage = finding.triage.at(self._clock.now() - self.lag_s) or finding.triage.latest
        comment = {"comment": triage.note} if triage.note else {}
        return {**finding.body, "status_id": triage.status, "status": STATUSES[int(triage.status)], **comment}

    def _page(self, member: str, items: list[Json], params: Json) -> Json:
        try:
            size = min(int(params.get("MaxResults", self.page_size)), self.page_size)
            part, more = page(items, params.get("NextToken"), size)
        except BadToken as wrong:
            raise Refusal("InvalidInputException", "The token is not one of this list.") from wrong
        return {member: part, **({"NextToken": more["token"]} if more else {})}


def _demand(holds: bool, message: str, code: str = "InvalidInputException") -> None:
    if not holds:
        raise Refusal(code, message)


def _asff(finding: Mapping[str, Any], now: str) -> Json:
    """The members that are kept, with something for those that ASFF demands."""
    text = {key: finding.get(key) for key in ("GeneratorId", "AwsAccountId", "Title", "Description")}
    times = {key: str(finding.get(key) or now) for key in ("CreatedAt", "UpdatedAt")}
    resources = [one for one in finding.get("Resources", ()) if isinstance(one, Mapping)]
    return {
        "SchemaVersion": "2018-10-08",
        "Id": str(finding["Id"]),
        "ProductArn": str(finding["ProductArn"]),
        **{key: str(value or "-") for key, value in text.items()},
        **times,
        "Resources": [{"Type": str(one.get("Type") or "Other"), "Id": str(one.get("Id") or "-")} for one in resources],
        "RecordState": "ARCHIVED" if finding.get("RecordState") == "ARCHIVED" else "ACTIVE",
    }


def _holds(filters: Json, shown: Json) -> bool:
    """Attributes are ANDed; within one, positive comparisons are ORed and negative ones ANDed."""
    readers: dict[str, Callable[[Json], str]] = {
        "Id": lambda one: str(one["Id"]),
        "ProductArn": lambda one: str(one["ProductArn"]),
        "AwsAccountId": lambda one: str(one["AwsAccountId"]),
        "RecordState": lambda one: str(one["RecordState"]),
        "WorkflowStatus": lambda one: str(one["Workflow"]["Status"]),
    }
    for name, wanted in filters.items():
        _demand(name in readers, f"This stand-in does not filter by {name}.")
        if not _compared(readers[name](shown), wanted):
            return False
    return True


def _compared(own: str, wanted: list[Json]) -> bool:
    results = [("NOT" in one["Comparison"], _COMPARE[one["Comparison"]](own, one["Value"])) for one in wanted]
    negative = [hit for is_negative, hit in results if is_negative]
    positive = [hit for is_negative, hit in results if not is_negative]
    return all(negative) and (not positive or any(positive))


def _holds_v2(filters: Json, shown: Json) -> bool:
    composites = [_holds_composite(one, shown) for one in filters.get("CompositeFilters", [])]
    return _joined(composites, filters.get("CompositeOperator", "AND"))


def _holds_composite(composite: Json, shown: Json) -> bool:
    known = {"StringFilters", "NumberFilters", "Operator"}
    _demand(not set(composite) - known, "This stand-in filters by texts and numbers only.", "ValidationException")
    texts = [
        _COMPARE[one["Filter"]["Comparison"]](str(_at(shown, one["FieldName"])), one["Filter"]["Value"])
        for one in composite.get("StringFilters", [])
    ]
    numbers = [_at(shown, one["FieldName"]) == one["Filter"].get("Eq") for one in composite.get("NumberFilters", [])]
    return _joined(texts + numbers, composite.get("Operator", "AND"))


def _joined(hits: list[bool], operator: str) -> bool:
    return not hits or (any(hits) if operator == "OR" else all(hits))


def _at(value: Any, path: str) -> Any:
    for part in path.split("."):
        value = value.get(part) if isinstance(value, Mapping) else None
    return value
