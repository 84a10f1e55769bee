"""What crosses the line between the services and the store: what is to be said, what was said, lists, counts, saved views."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from bot.domain.finding import Severity


@dataclass(frozen=True, slots=True)
class Poison:
    """A message that will never be taken in, kept with its reason. `body` is cut to 256 KiB and may be any text."""

    message_id: str
    reason: str
    note: str
    body: str
    at: datetime
    number: int = 0


class SayKind(StrEnum):
    """What is to be said: a new card, an edit of a card, a line in its thread; a report, which is about no finding; a pager's page."""

    CARD = "card"
    EDIT = "edit"
    THREAD = "thread"
    REPORT = "report"
    PAGE = "page"  # its channel is a topic's ARN


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing to say about a finding in a channel: a row of the outbox.

    `key` is unique for ever: saying the same key twice says it once. For EDIT it is a card's own key, and saying it again makes the
    one row due again, which is how edits are coalesced. A REPORT has number 0 and carries what it says in `details`: see
    services.reports. `lane` orders a channel's rows: higher first (a severity), then older first.
    """

    key: str
    kind: SayKind
    number: int
    channel: str
    lane: int
    details: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An outbox row that this worker holds until its lease ends.

    `attempt` counts from 1. `unsettled_since` is set when an earlier attempt may have reached Slack: reconcile before posting.
    `generation` must be given back on settling, so that an edit asked for meanwhile is not lost.
    """

    id: int
    saying: Saying
    attempt: int
    generation: int
    created: datetime
    unsettled_since: datetime | None = None


@dataclass(frozen=True, slots=True)
class Card:
    """Where a finding is shown: one a channel. `shown` is a digest of the blocks that Slack has."""

    number: int
    channel: str
    ts: str
    shown: str = ""


@dataclass(frozen=True, slots=True)
class Backlog:
    """What waits to be said. `blocked` are channels that Slack refuses: (channel, error, rows)."""

    waiting: int = 0
    oldest: datetime | None = None
    blocked: tuple[tuple[str, str, int], ...] = ()


@dataclass(frozen=True, slots=True)
class Counts:
    """How many findings a query holds, by severity; a number above query.COUNT_MOST stands for any number above it."""

    by_severity: Mapping[Severity, int]

    @property
    def total(self) -> int:
        return sum(self.by_severity.values())


@dataclass(frozen=True, slots=True)
class Listing:
    """A list that somebody was shown: its query and the numbers in their order, so that pages do not jump."""

    id: str
    user: str
    query: str
    numbers: tuple[int, ...]
    created: datetime


@dataclass(frozen=True, slots=True)
class AccountCount:
    """Live findings of one account."""

    account: str
    total: int
    worst: Severity


@dataclass(frozen=True, slots=True)
class GroupCount:
    """One row of a breakdown: the group's value as the facets spell it, its findings by severity, and the number of one of them,
    from which the value's own spelling can be read."""

    value: str
    by_severity: Mapping[Severity, int]
    example: int

    @property
    def total(self) -> int:
        return sum(self.by_severity.values())


@dataclass(frozen=True, slots=True)
class SavedView:
    """A query with a name. `owner` is the user or the channel that it belongs to, `author` who saved it.

    `default` marks the one view of a channel that is laid over every list asked for there.
    """

    owner: str
    name: str
    query: str
    author: str
    created: datetime
    default: bool = False


@dataclass(frozen=True, slots=True)
class Said:
    """One thing that Slack was told about a finding, and when that was last."""

    at: datetime
    kind: SayKind
    channel: str
