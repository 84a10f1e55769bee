"""The database as the services need it. Every call may raise `TemporaryError`; what else it raises is said."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import datetime
from typing import Protocol

from bot.domain.approval import Request, Stage
from bot.domain.audit import Head, Line
from bot.domain.drift import Known
from bot.domain.finding import Account, Entry, Record, State
from bot.domain.query import Group, Query
from bot.domain.suppression import Lease
from bot.domain.suppression import Stage as LeaseStage
from bot.ports.oncall import EscalationReads, EscalationTx
from bot.ports.records import (
    AccountCount,
    Backlog,
    Card,
    Claimed,
    Counts,
    GroupCount,
    Listing,
    Poison,
    Said,
    SavedView,
    Saying,
)


class Tx(EscalationTx, Protocol):
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

    # saved views
    async def save_view(self, view: SavedView) -> None:
        """Save it; the owner's view of the same name is replaced. A default takes the place of the owner's other default."""
        ...

    async def delete_view(self, owner: str, name: str) -> bool:
        """Whether there was one."""
        ...

    # suppressions, approvals, the audit trail
    async def hiding(self, now: datetime) -> Sequence[Lease]:
        """The leases that hide something now: APPLYING or ACTIVE and not over, by id."""
        ...

    async def save_lease(self, lease: Lease) -> None:
        """Add it, or change the one of the same id. The database refuses one without reason, owner or an end after its start."""
        ...

    async def lock_lease(self, id: str) -> Lease | None:
        """Locked against other writers until the end."""
        ...

    async def lock_found(self, query: Query, now: datetime, *, limit: int, after: int = 0) -> Sequence[Record]:
        """Findings of a query (refs, group, sort and page play no part) with numbers above `after`, by number, locked until the end."""
        ...

    async def save_drifts(self, known: Sequence[Known]) -> None:
        """Remember what was told of rules that are not ours: add them, or change those of the same key."""
        ...

    async def forget_drifts(self, keys: Collection[str]) -> None: ...
    async def save_request(self, request: Request) -> None:
        """Add an approval request, or change the one of the same id."""
        ...

    async def lock_request(self, id: str) -> Request | None:
        """Locked against other writers until the end."""
        ...

    async def audit(self, lines: Sequence[Line]) -> Head:
        """Chain lines to the audit trail; returns its new end. Lines are never changed or removed."""
        ...

    async def first_time(self, key: str) -> bool:
        """True once for a key in 24 hours: the replay guard of requests."""
        ...


class Reads(EscalationReads, Protocol):
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

    async def by_keys(self, keys: Collection[str]) -> Sequence[Record]:
        """Those that exist of these identity keys, by number."""
        ...

    async def counts(self, query: Query, now: datetime) -> Counts: ...
    async def grouped(self, query: Query, group: Group, now: datetime) -> Sequence[GroupCount]:
        """How many findings a query holds in each group, the fullest group first, at most 1,000 groups. Its refs play no part."""
        ...

    async def account_counts(self) -> Sequence[AccountCount]: ...
    async def freshness(self) -> Mapping[str, datetime]:
        """When each source last told us something new."""
        ...

    async def states(self) -> Mapping[State, int]: ...
    async def listing(self, id: str) -> Listing | None: ...
    async def last_listing(self, user: str) -> Listing | None:
        """The newest list that somebody was shown."""
        ...

    async def views(self, owners: Collection[str]) -> Sequence[SavedView]:
        """Every saved view of these users and channels, by name."""
        ...

    async def lease(self, id: str) -> Lease | None: ...
    async def leases(
        self, *, stages: Collection[LeaseStage] = (), before: datetime | None = None, owner: str = "", limit: int = 200
    ) -> Sequence[Lease]:
        """Leases, the first to end first; in these stages, ending before that time, of that owner when they are given."""
        ...

    async def drifts(self) -> Sequence[Known]:
        """What was told of rules that are not ours, by key."""
        ...

    async def request(self, id: str) -> Request | None: ...
    async def requests(self, *, stage: Stage, limit: int = 100) -> Sequence[Request]:
        """Approval requests in a stage, the oldest first."""
        ...

    async def trail(
        self,
        since: datetime,
        *,
        limit: int,
        number: int | None = None,
        actor: str = "",
        what: Collection[str] = (),
    ) -> Sequence[Line]:
        """Lines of the audit trail since then, newest first; about one finding, by one person, of these verbs when they are given."""
        ...

    async def chain(self, after: int, *, limit: int) -> Sequence[Line]:
        """The audit trail in its order, from the line after that one on."""
        ...

    async def audit_head(self) -> Head: ...
    async def said(self, number: int) -> Sequence[Said]:
        """What Slack was told about a finding and is still remembered, oldest first."""
        ...

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
        """Remove what was said, listed, drafted or guarded against replay before that time; how many rows. Findings stay."""
        ...

    async def ping(self) -> None: ...
    async def close(self) -> None: ...
