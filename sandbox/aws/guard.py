"""GuardDuty, as far as its archive goes: detectors, their findings, and filters that somebody made.

A detector belongs to one account and Region, and only its own account may use it: the administrator names its own
detector, also for the findings of its members. Archiving is per finding, fifty at a time. Nothing is detected here.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, TypeAlias

from sandbox.aws.clock import Clock
from sandbox.aws.paging import BadToken, page
from sandbox.aws.refusals import Refusal
from sandbox.aws.rest import Caller, iso, moment
from sandbox.aws.timeline import Timeline

Json: TypeAlias = dict[str, Any]


@dataclass(slots=True)
class Detector:
    """One detector: what it found (and what its members found), and its filters."""

    id: str
    account: str
    region: str
    findings: dict[str, Json] = field(default_factory=dict)
    archived: dict[str, Timeline[bool]] = field(default_factory=dict)
    filters: dict[str, Json] = field(default_factory=dict)  # name -> GetFilterResponse of the model


class GuardDuty:
    """All detectors. `lag_s` is how late GetFindings shows the archive."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.detectors: dict[str, Detector] = {}
        self.lag_s, self.page_size = 0.0, 50
        self.operations: dict[str, Callable[[Caller, Json], Json]] = {
            "ListDetectors": self._list_detectors,
            "GetFindings": self._get_findings,
            "ArchiveFindings": lambda caller, params: self._set(caller, params, True),
            "UnarchiveFindings": lambda caller, params: self._set(caller, params, False),
            "ListFilters": self._list_filters,
            "GetFilter": self._get_filter,
            "CreateFilter": self._create_filter,
            "DeleteFilter": self._delete_filter,
        }

    # --- in-process access ---

    def create(self, account: str, region: str, id: str = "") -> str:
        """The detector of an account in a Region, made when it is not there; returns its id."""
        own = [one.id for one in self.detectors.values() if (one.account, one.region) == (account, region)]
        if own:
            return own[0]
        id = id or f"{len(self.detectors):02x}{account}{'0' * 18}"
        self.detectors[id] = Detector(id, account, region)
        return id

    def seed(self, detector: str, id: str, detail: Mapping[str, Any] | None = None) -> None:
        """Put a finding there, or change it; `detail` is as EventBridge carries it. Raises KeyError on no detector."""
        owner = self.detectors[detector]
        owner.findings[id] = _shown(owner, id, detail or {}, iso(moment(self._clock.now())))
        owner.archived.setdefault(id, Timeline(False))

    def is_archived(self, detector: str, id: str) -> bool:
        """Whether a finding is archived now."""
        return self.detectors[detector].archived[id].latest

    def seed_filter(self, detector: str, name: str, **members: Any) -> None:
        """A filter that somebody made: `members` of GetFilterResponse; it archives unless told otherwise."""
        made = {"Name": name, "Action": "ARCHIVE", "FindingCriteria": {"Criterion": {}}, **members}
        self.detectors[detector].filters[name] = made

    def learn(self, account: str, region: str, detail: Mapping[str, Any]) -> None:
        """Take over the finding of a `GuardDuty Finding` event that `account` published; what is none is left alone."""
        if isinstance(detail.get("id"), str) and detail["id"]:
            self.seed(self.create(account, region), str(detail["id"]), detail)

    # --- operations ---

    def _list_detectors(self, caller: Caller, params: Json) -> Json:
        ids = [
            one.id for one in self.detectors.values() if (one.account, one.region) == (caller.account, caller.region)
        ]
        return self._page("DetectorIds", ids, params)

    def _get_findings(self, caller: Caller, params: Json) -> Json:
        owner = self._detector(caller, params)
        then = self._clock.now() - self.lag_s
        found: list[Json] = []
        for id in params["FindingIds"]:
            if id in owner.findings:
                service = {"Archived": bool(owner.archived[id].at(then)), "DetectorId": owner.id}
                found.append({**owner.findings[id], "Service": service})
        return {"Findings": found}

    def _set(self, caller: Caller, params: Json, archived: bool) -> Json:
        owner = self._detector(caller, params)
        if missing := [id for id in params["FindingIds"] if id not in owner.findings]:
            raise _bad(f"The request is rejected: there is no finding {missing[0]}.")  # our reading: all or nothing
        for id in params["FindingIds"]:
            owner.archived[id].set(archived, self._clock.now())
        return {}

    def _list_filters(self, caller: Caller, params: Json) -> Json:
        return self._page("FilterNames", sorted(self._detector(caller, params).filters), params)

    def _get_filter(self, caller: Caller, params: Json) -> Json:
        filter = self._detector(caller, params).filters.get(str(params["FilterName"]))
        if filter is None:
            raise _bad("The request is rejected: there is no such filter.")
        return filter

    def _create_filter(self, caller: Caller, params: Json) -> Json:
        filters, name = self._detector(caller, params).filters, str(params["Name"])
        if name in filters:
            raise _bad("The request is rejected: a filter of this name is there.")
        shown = ("Name", "Description", "Action", "Rank", "FindingCriteria", "Tags")
        now = moment(self._clock.now())
        filters[name] = {
            "Action": "NOOP",
            **{key: params[key] for key in shown if key in params},
            "CreatedAt": now,
            "UpdatedAt": now,
        }
        return {"Name": name}

    def _delete_filter(self, caller: Caller, params: Json) -> Json:
        if self._detector(caller, params).filters.pop(str(params["FilterName"]), None) is None:
            raise _bad("The request is rejected: there is no such filter.")
        return {}

    def _detector(self, caller: Caller, params: Json) -> Detector:
        owner = self.detectors.get(str(params["DetectorId"]))
        if owner is None or (owner.account, owner.region) != (caller.account, caller.region):
            raise _bad("The request is rejected: the detector is not one of this account.")
        return owner

    def _page(self, member: str, items: list[str], params: Json) -> Json:
        size = min(int(params.get("MaxResults", self.page_size)), self.page_size)
        try:
            part, more = page(items, params.get("NextToken"), size)
        except BadToken as wrong:
            raise _bad("The request is rejected: the token is not one of this list.") from wrong
        return {member: part, **({"NextToken": more["token"]} if more else {})}


def _bad(message: str) -> Refusal:
    return Refusal("BadRequestException", message)


def _shown(owner: Detector, id: str, detail: Mapping[str, Any], now: str) -> Json:
    severity = detail.get("severity", 2.0)
    return {
        "Id": id,
        "AccountId": str(detail.get("accountId", owner.account)),
        "Arn": f"arn:aws:guardduty:{owner.region}:{owner.account}:detector/{owner.id}/finding/{id}",
        "CreatedAt": str(detail.get("createdAt", now)),
        "UpdatedAt": str(detail.get("updatedAt", now)),
        "Region": owner.region,
        "Resource": {},
        "SchemaVersion": "2.0",
        "Severity": float(severity) if isinstance(severity, int | float) else 2.0,
        "Type": str(detail.get("type") or "Recon:EC2/PortProbeUnprotectedPort"),
    }
