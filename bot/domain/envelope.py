"""The carrier of an event, apart from what it carries.

`adapters.wire` takes a raw SQS body apart into an `Envelope`; a source plug is asked whether it reads that kind. Nothing here parses
bytes: an `Envelope` exists only when that has worked.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.finding import Finding


class Shape(StrEnum):
    """How the event was wrapped."""

    EVENTBRIDGE = "eventbridge"  # `detail-type`, `source`, `detail`
    SNS_NATIVE = "sns"  # a service wrote its own JSON to SNS: a CloudWatch alarm, AWS Config's own notices
    BARE = "bare"  # a finding without an envelope: accepted on the command line only


@dataclass(frozen=True, slots=True, kw_only=True)
class Envelope:
    """One event. `body` is what a plug reads: EventBridge's `detail`, or the whole document. `raw` is the event's JSON as it came.

    `account`, `region` and `time` are the envelope's own and may differ from the finding's. `time` falls back to `received`.
    """

    shape: Shape
    body: dict[str, object]
    raw: bytes
    received: datetime
    time: datetime
    id: str = ""
    source: str = ""
    detail_type: str = ""
    account: str = ""
    region: str = ""
    resources: tuple[str, ...] = ()
    topic: str = ""


@dataclass(frozen=True, slots=True)
class Ignored:
    """The event is understood and holds no finding; `reason` is a stable snake_case word that is counted."""

    reason: str
    note: str = ""


Reading = tuple[Finding, ...] | Ignored
"""What a plug makes of an envelope: one finding or more, or none with a reason."""
