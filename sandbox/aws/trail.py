"""CloudTrail's event history, as far as LookupEvents goes: who made, widened or deleted a rule outside.

Events are seeded, and while `recording` is on the changes that this stand-in serves become events too (the last few thousand of them).
As documented: newest first, fifty a page, ninety days, one attribute at a time. An event shows `lag_s` later.
"""

from __future__ import annotations

import uuid
from collections import deque
from collections.abc import Callable
from datetime import datetime
from typing import Any, TypeAlias

from sandbox.aws.clock import Clock
from sandbox.aws.paging import BadToken, page
from sandbox.aws.queue import LOG_LENGTH
from sandbox.aws.refusals import Refusal
from sandbox.aws.rest import Caller, dumps, moment

Json: TypeAlias = dict[str, Any]
KEPT_S = 90 * 24 * 3600  # From: CloudTrail API Reference, LookupEvents: the last ninety days
PAGE = 50  # From: the same, MaxResults
_READS = ("Get", "List", "Describe", "Lookup", "BatchGet")
_MEMBERS = {"EventId", "EventName", "EventSource", "Username", "ReadOnly", "AccessKeyId"}


class CloudTrail:
    """The management events of each account and Region."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._events: dict[Caller, deque[Json]] = {}
        self.recording, self.lag_s = True, 0.0
        self.operations: dict[str, Callable[[Caller, Json], Json]] = {"LookupEvents": self._lookup}

    def seed(
        self,
        account: str,
        region: str,
        name: str,
        *,
        source: str = "access-analyzer.amazonaws.com",
        user: str = "",
        at: float | None = None,
        detail: Json | None = None,
    ) -> str:
        """An event that somebody caused at `at` (epoch seconds, now unless given); returns its id.

        `detail` is what CloudTrailEvent carries beside the names, as `requestParameters`.
        """
        id, when = str(uuid.uuid4()), self._clock.now() if at is None else at
        body = {
            "eventID": id,
            "eventName": name,
            "eventSource": source,
            "userIdentity": {"arn": user},
            **(detail or {}),
        }
        return self._put(Caller(account, region), body, user, when)

    def takes(self, name: str) -> bool:
        """Whether a call of this operation becomes an event: it changes something, and calls are recorded."""
        return self.recording and not name.startswith(_READS)

    def record(self, caller: Caller, source: str, name: str, detail: Json) -> None:
        """Make an event of a call that was served."""
        who = caller.who
        identity: Json = {"type": "AssumedRole", "arn": who.arn, "accountId": caller.account}
        if who.source:
            identity["sessionContext"] = {"sourceIdentity": who.source}
        names = {"eventID": str(uuid.uuid4()), "eventName": name, "eventSource": source, "awsRegion": caller.region}
        self._put(caller, {**names, "userIdentity": identity, **detail}, who.arn, self._clock.now())

    def _put(self, place: Caller, body: Json, user: str, when: float) -> str:
        id, name = str(body["eventID"]), str(body["eventName"])
        event = {
            "EventId": id,
            "EventName": name,
            "EventSource": body["eventSource"],
            "Username": user.rpartition("/")[2] or "-",
            "ReadOnly": str(name.startswith(_READS)).lower(),
            "EventTime": moment(when),
            "CloudTrailEvent": dumps(body).decode(),
        }
        self._events.setdefault(place, deque(maxlen=LOG_LENGTH)).append(event)
        return id

    def _lookup(self, caller: Caller, params: Json) -> Json:
        attributes = params.get("LookupAttributes", [])
        if len(attributes) > 1:
            raise Refusal("InvalidLookupAttributesException", "One attribute at a time.")
        earliest, latest = _moment(params.get("StartTime")), _moment(params.get("EndTime"))
        if earliest and latest and latest < earliest:
            raise Refusal("InvalidTimeRangeException", "The end is before the start.")
        oldest = max(earliest or moment(0), moment(max(0.0, self._clock.now() - KEPT_S)))
        newest = moment(self._clock.now() - self.lag_s)
        found = [
            one
            for one in self._events.get(caller, [])
            if oldest <= one["EventTime"] <= newest
            and (latest is None or one["EventTime"] <= latest)
            and _has(attributes, one)
        ]
        found.sort(key=lambda one: one["EventTime"], reverse=True)
        try:
            part, more = page(found, params.get("NextToken"), int(params.get("MaxResults", PAGE)))
        except BadToken as wrong:
            raise Refusal("InvalidNextTokenException", "The token is not one of this list.") from wrong
        return {"Events": part, **({"NextToken": more["token"]} if more else {})}


def _moment(value: Any) -> datetime | None:
    return moment(float(value)) if isinstance(value, int | float) else None


def _has(attributes: list[Json], event: Json) -> bool:
    return all(
        one["AttributeKey"] in _MEMBERS and event.get(one["AttributeKey"]) == one["AttributeValue"]
        for one in attributes
    )
