"""What the services need of the world, as Protocols, and the records that cross those lines.

An adapter implements a port and passes its contract suite; a fake does too. Durations are seconds in names that end `_s`; times are
aware and UTC. Every call may raise `TemporaryError` (try again later); what else it raises is said.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Protocol

from bot.domain.authz import Actor, Place
from bot.domain.finding import Account, Entry, Record, Severity, State
from bot.domain.message import Message, Modal
from bot.domain.query import Query

# --- time, chance, counting ------------------------------------------------------------------------------------------------------


class Clock(Protocol):
    """Time and waiting. Virtual in tests."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class Ids(Protocol):
    """Chance: ids that nobody can guess."""

    def token(self) -> str:
        """22 characters, letters and digits, 128 bits."""
        ...


class Metrics(Protocol):
    """Counters, gauges and timings. Never raises; label values come from small closed sets."""

    def count(self, name: str, n: int = 1, **labels: str) -> None: ...
    def gauge(self, name: str, value: float, **labels: str) -> None: ...
    def observe(self, name: str, seconds: float, **labels: str) -> None: ...
    def totals(self, name: str) -> Mapping[str, int]:
        """What a counter has counted since the start, by its first label's value."""
        ...


# --- the stream --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of the queue. `receipt` deletes it, `attempts` counts how often it was received."""

    id: str
    receipt: str
    body: str
    attempts: int = 1


class Inbox(Protocol):
    """The queue. A message that is neither deleted nor released comes back after its visibility time."""

    async def receive(self) -> Sequence[Delivery]:
        """Up to 10 messages; waits up to the long-poll time. Empty when there is none."""
        ...

    async def delete(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Delete; returns those the queue would not delete (they will come again)."""
        ...

    async def release(self, deliveries: Sequence[Delivery], *, delay_s: int = 0) -> None:
        """Give them back: visible again after `delay_s`."""
        ...

    async def depth(self) -> int:
        """About how many messages wait."""
        ...

    async def ping(self) -> None: ...


# --- the store ---------------------------------------------------------------------------------------------------------------------


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
    """What is to be said: a new card, an edit of a card, a line in its thread."""

    CARD = "card"
    EDIT = "edit"
    THREAD = "thread"


@dataclass(frozen=True, slots=True)
class Saying:
    """One thing to say about a finding in a channel: a row of the outbox.

    `key` is unique for ever: saying the same key twice says it once. For EDIT it is a card's own key, and saying it again makes the
    one row due again, which is how edits are coalesced. `lane` orders a channel's rows: higher first (a severity), then older first.
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


class Tx(Protocol):
    """One transaction. Everything in it is committed together when its block ends, or not at all when it raises."""

    # findings
    async def lock(self, keys: Collection[str]) -> Mapping[str, Record]:
        """The records with these identity keys, locked against other writers until the end."""
        ...

    async def lock_number(self, number: int) -> Record | None: ...

    async def insert(self, records: Sequence[tuple[Record, bytes]]) -> Mapping[str, int]:
        """Add new findings with their raw events; returns key -> number of those added. A key that another transaction added
        meanwhile is left out: lock it and decide again."""
        ...

    async def update(self, records: Sequence[tuple[Record, bytes | None]]) -> None:
        """Save changed findings by number; None keeps the raw event as it is."""
        ...

    async def note(self, entries: Sequence[tuple[int, Entry]]) -> None:
        """Add timeline lines by finding number."""
        ...

    async def reaccount(self, accounts: Sequence[Account]) -> int:
        """Give the findings of these accounts their new name, environment, OU and owner; returns how many rows changed."""
        ...

    # what to say
    async def say(self, sayings: Sequence[Saying]) -> None: ...
    async def quarantine(self, poison: Sequence[Poison]) -> None:
        """Set messages aside, each id once: a message that comes again because it could not be deleted is kept as it was."""
        ...

    async def save_listing(self, listing: Listing) -> None: ...

    async def first_time(self, key: str) -> bool:
        """True once for a key in 24 hours: the replay guard of requests."""
        ...


class Reads(Protocol):
    """Queries outside a write transaction. They see committed data."""

    async def get(self, number: int) -> Record | None: ...
    async def raw(self, number: int) -> bytes: ...
    async def timeline(self, number: int) -> Sequence[Entry]:
        """Oldest first."""
        ...

    async def search(self, query: Query, now: datetime, *, limit: int) -> Sequence[Record]:
        """The first `limit` findings of a query in its order (its page is not looked at)."""
        ...

    async def numbers(self, query: Query, now: datetime, *, limit: int) -> Sequence[int]:
        """As `search`, the numbers only."""
        ...

    async def by_numbers(self, numbers: Sequence[int]) -> Sequence[Record]:
        """In the order given; those that do not exist are left out."""
        ...

    async def counts(self, query: Query, now: datetime) -> Counts: ...
    async def account_counts(self) -> Sequence[AccountCount]: ...
    async def freshness(self) -> Mapping[str, datetime]:
        """When each source last told us something new."""
        ...

    async def states(self) -> Mapping[State, int]: ...
    async def listing(self, id: str) -> Listing | None: ...
    async def card(self, number: int, channel: str) -> Card | None: ...
    async def cards(self, number: int) -> Sequence[Card]: ...
    async def finding_at(self, channel: str, ts: str) -> int | None:
        """The number of the finding whose card this message is."""
        ...

    async def backlog(self) -> Backlog: ...
    async def quarantined(self, *, limit: int = 20) -> Sequence[Poison]: ...
    async def quarantine_count(self) -> int: ...


class Outbox(Protocol):
    """The delivery side. Each call is a transaction of its own and short: no row is locked while Slack is spoken to."""

    async def due_channels(self) -> Sequence[tuple[str, int]]:
        """Channels with something due and no live lease of another worker: (channel, highest lane), highest lane first."""
        ...

    async def lease_channel(self, channel: str, owner: str, lease_s: float) -> bool:
        """Take or prolong the right to speak in a channel; False while another owner has it."""
        ...

    async def free_channel(self, channel: str, owner: str) -> None: ...

    async def claim(self, channel: str, owner: str, lease_s: float) -> Claimed | None:
        """The channel's next due row, marked as being sent. A row whose sender vanished is due when its lease ends, unsettled."""
        ...

    async def settle(self, claimed: Claimed, card: Card | None) -> None:
        """Said. Saves the card when one is given. An edit that was asked for meanwhile stays due."""
        ...

    async def put_back(self, claimed: Claimed, *, delay_s: float, error: str, blocked: bool = False) -> None:
        """Certainly not said: due again after `delay_s`. `blocked` marks a channel that Slack refuses."""
        ...

    async def hold(self, claimed: Claimed, *, error: str) -> None:
        """Perhaps said: nobody may try before the lease ends; then it is reconciled."""
        ...


class Store(Outbox, Protocol):
    """The database. `begin` is a write transaction, `reads` a read-only view."""

    def begin(self) -> AbstractAsyncContextManager[Tx]:
        """Raises StoreUnavailable when the database does not answer (also on commit)."""
        ...

    def reads(self) -> AbstractAsyncContextManager[Reads]: ...
    async def prune(self, before: datetime) -> int:
        """Remove what was said, listed or guarded against replay before that time; how many rows. Findings stay."""
        ...

    async def ping(self) -> None: ...
    async def close(self) -> None: ...


# --- Slack -------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Posted:
    channel: str
    ts: str


class Messenger(Protocol):
    """Slack's Web API as the services use it. Posts are never retried inside.

    Raises: RateLimited (with retry_after_s), Ambiguous (it may have been said), Rejected (with Slack's `code`), TemporaryError.
    """

    async def post(
        self, channel: str, message: Message, *, key: str, thread_ts: str = "", broadcast: bool = False
    ) -> Posted:
        """Post a message; `key` goes into the message's metadata."""
        ...

    async def update(self, channel: str, ts: str, message: Message) -> None: ...
    async def find(self, channel: str, key: str, *, since: datetime, thread_ts: str = "") -> Posted | None:
        """The message whose metadata carries `key`, if it was posted since; reads at most a few pages of history."""
        ...

    async def resolve_channel(self, name: str) -> str:
        """The id of a channel given by id or name. Raises Rejected when there is none that secbot can see."""
        ...

    async def join(self, channel: str) -> None:
        """Join a public channel. Raises Rejected for any other."""
        ...

    async def post_private(self, channel: str, user: str, message: Message) -> None: ...
    async def open_modal(self, trigger: str, modal: Modal) -> str:
        """Open a modal; returns the view's id."""
        ...

    async def update_modal(self, view_id: str, modal: Modal) -> None: ...
    async def ping(self) -> None: ...


class People(Protocol):
    """Who a Slack user is and where a request comes from, cached for a few minutes."""

    async def actor(self, user: str) -> Actor:
        """Never raises for an unknown user: `known` is False then."""
        ...

    async def place(self, channel: str) -> Place: ...
    async def mentions(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Ids for what a route mentions: an id stays, a group's handle becomes its id, anything unknown is left out."""
        ...


# --- AWS ---------------------------------------------------------------------------------------------------------------------------


class Directory(Protocol):
    """The organisation's accounts, cached. Looking one up never waits and never fails."""

    def account(self, account_id: str) -> Account: ...
    def accounts(self) -> Sequence[Account]: ...
    async def refresh(self) -> Iterable[Account]:
        """Ask Organizations again; returns the accounts that changed."""
        ...


@dataclass(frozen=True, slots=True)
class Health:
    """One part's state for the health page and `/sec status`."""

    name: str
    ok: bool
    note: str = ""
