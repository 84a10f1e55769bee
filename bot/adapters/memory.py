"""The store in memory: for tests, for the demo without a disk, and as the third opinion of the contract suite.

The problem: the services' tests should not need a database, yet whatever they run against must keep every rule of the real one. A
transaction works on a copy that replaces the original when it commits. It refuses to survive its process.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Collection, Iterable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any, Final

from bot.domain.facets import facets
from bot.domain.finding import Account, Entry, Record, Severity, State
from bot.domain.query import Query, Sort, matches
from bot.ports import AccountCount, Backlog, Card, Claimed, Clock, Counts, Listing, Poison, Saying, SayKind

_REPLAY: Final = timedelta(hours=24)
_BODY_MAX: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class _Row:
    """An outbox row; `state` is new, sending, sent or blocked. While it is being sent, `due` is when the lease ends."""

    id: int
    saying: Saying
    due: datetime
    created: datetime
    lane: int
    state: str = "new"
    attempt: int = 0
    generation: int = 1
    started: datetime | None = None
    unsettled: datetime | None = None
    settled: datetime | None = None
    error: str = ""

    @property
    def waiting(self) -> bool:
        return self.state != "sent"

    @property
    def card(self) -> tuple[int, str]:
        return self.saying.number, self.saying.channel


@dataclass(slots=True)
class _World:
    """Everything that is stored. The values never change; the mappings do."""

    records: dict[int, Record] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    raw: dict[int, bytes] = field(default_factory=dict)
    taken: dict[int, datetime] = field(default_factory=dict)
    notes: list[tuple[int, Entry]] = field(default_factory=list)
    outbox: dict[str, _Row] = field(default_factory=dict)
    cards: dict[tuple[int, str], Card] = field(default_factory=dict)
    leases: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    listings: dict[str, Listing] = field(default_factory=dict)
    poison: list[Poison] = field(default_factory=list)
    seen: dict[str, datetime] = field(default_factory=dict)
    last_number: int = 0
    last_id: int = 0

    def copy(self) -> _World:
        copies = {name: getattr(self, name).copy() for name in _COPIED}
        return replace(self, **copies)


_COPIED: Final = (
    "records", "numbers", "raw", "taken", "notes", "outbox", "cards", "leases", "listings", "poison", "seen"
)  # fmt: skip


class MemoryTx:
    """bot.ports.Tx on a copy."""

    def __init__(self, world: _World, now: datetime) -> None:
        self._world = world
        self._now = now

    async def lock(self, keys: Collection[str]) -> Mapping[str, Record]:
        w = self._world
        return {key: w.records[w.numbers[key]] for key in sorted(keys) if key in w.numbers}

    async def lock_number(self, number: int) -> Record | None:
        return self._world.records.get(number)

    async def insert(self, records: Sequence[tuple[Record, bytes]]) -> Mapping[str, int]:
        w, added = self._world, {}
        for record, raw in sorted({pair[0].finding.key: pair for pair in records}.values(), key=_key_of):
            if record.finding.key not in w.numbers:
                w.last_number += 1
                added[record.finding.key] = w.numbers[record.finding.key] = w.last_number
                self._put(record.but(number=w.last_number), raw)
        return added

    async def update(self, records: Sequence[tuple[Record, bytes | None]]) -> None:
        for record, raw in records:
            if record.number in self._world.records:
                self._put(record, raw)

    def _put(self, record: Record, raw: bytes | None) -> None:
        self._world.records[record.number] = record
        if raw is not None:
            self._world.raw[record.number] = raw
            self._world.taken[record.number] = self._now

    async def note(self, entries: Sequence[tuple[int, Entry]]) -> None:
        self._world.notes.extend(entries)

    async def reaccount(self, accounts: Sequence[Account]) -> int:
        known = {account.id: account for account in accounts}
        moved = [
            record.but(account=known[record.finding.account])
            for record in self._world.records.values()
            if known.get(record.finding.account, record.account) != record.account
        ]
        await self.update([(record, None) for record in moved])
        return len(moved)

    async def say(self, sayings: Sequence[Saying]) -> None:
        for saying in sayings:
            self._say(saying)
        for saying in sayings:
            self._raise_lane(saying)

    def _say(self, saying: Saying) -> None:
        w = self._world
        known = w.outbox.get(saying.key)
        if known is None:
            w.last_id += 1
            w.outbox[saying.key] = _Row(w.last_id, saying, self._now, self._now, saying.lane)
        elif known.saying.kind is SayKind.EDIT:
            again = replace(known.saying, details=saying.details)
            row = replace(known, generation=known.generation + 1, saying=again)
            if not known.waiting:
                row = replace(row, state="new", due=self._now, created=self._now, attempt=0, lane=saying.lane)
            w.outbox[saying.key] = row

    def _raise_lane(self, saying: Saying) -> None:
        """What waits for the same card goes as early as the most urgent of it."""
        for key, row in self._world.outbox.items():
            if row.waiting and row.card == (saying.number, saying.channel) and row.lane < saying.lane:
                self._world.outbox[key] = replace(row, lane=saying.lane)

    async def quarantine(self, poison: Sequence[Poison]) -> None:
        w = self._world
        for p in sorted(poison, key=lambda p: p.message_id):
            if all(p.message_id != kept.message_id for kept in w.poison):
                w.poison.append(replace(p, body=_cut(p.body), number=len(w.poison) + 1))

    async def save_listing(self, listing: Listing) -> None:
        self._world.listings[listing.id] = listing

    async def first_time(self, key: str) -> bool:
        at = self._world.seen.get(key)
        if at is not None and at > self._now - _REPLAY:
            return False
        self._world.seen[key] = self._now
        return True


def _key_of(pair: tuple[Record, Any]) -> str:
    return pair[0].finding.key


def _cut(body: str) -> str:
    return (
        body.encode("utf-8", "surrogatepass")[:_BODY_MAX].decode("utf-8", "ignore")
        if len(body) * 4 > _BODY_MAX
        else body
    )


class MemoryReads:
    """bot.ports.Reads on what was committed when it was opened."""

    def __init__(self, world: _World) -> None:
        self._world = world

    async def get(self, number: int) -> Record | None:
        return self._world.records.get(number)

    async def raw(self, number: int) -> bytes:
        return self._world.raw.get(number, b"")

    async def timeline(self, number: int) -> Sequence[Entry]:
        return sorted((entry for n, entry in self._world.notes if n == number), key=lambda entry: entry.at)

    async def search(self, query: Query, now: datetime, *, limit: int) -> Sequence[Record]:
        return self._found(query, now)[:limit]

    def _found(self, query: Query, now: datetime) -> list[Record]:
        found = [r for r in self._world.records.values() if matches(query, facets(r), now)]
        if query.sort is Sort.AGE:
            return sorted(found, key=lambda r: (r.finding.first_seen, r.number))
        found.sort(key=lambda r: (r.finding.severity, r.finding.updated, r.number), reverse=True)
        return sorted(found, key=lambda r: facets(r).account_name) if query.sort is Sort.ACCOUNT else found

    async def numbers(self, query: Query, now: datetime, *, limit: int) -> Sequence[int]:
        return [record.number for record in self._found(query, now)[:limit]]

    async def by_numbers(self, numbers: Sequence[int]) -> Sequence[Record]:
        return [self._world.records[number] for number in numbers if number in self._world.records]

    async def counts(self, query: Query, now: datetime) -> Counts:
        return Counts(Counter(record.finding.severity for record in self._found(query, now)))

    async def account_counts(self) -> Sequence[AccountCount]:
        live: dict[str, list[Severity]] = {}
        for asked in map(facets, self._world.records.values()):
            if asked.live:
                live.setdefault(asked.account, []).append(Severity(asked.severity))
        counts = [AccountCount(account, len(levels), max(levels)) for account, levels in live.items()]
        return sorted(counts, key=lambda c: (-c.worst, -c.total, c.account))

    async def freshness(self) -> Mapping[str, datetime]:
        newest: dict[str, datetime] = {}
        for number, taken in self._world.taken.items():
            source = facets(self._world.records[number]).source
            newest[source] = max(taken, newest.get(source, taken))
        return newest

    async def states(self) -> Mapping[State, int]:
        return Counter(record.state for record in self._world.records.values())

    async def listing(self, id: str) -> Listing | None:
        return self._world.listings.get(id)

    async def card(self, number: int, channel: str) -> Card | None:
        return self._world.cards.get((number, channel))

    async def cards(self, number: int) -> Sequence[Card]:
        return sorted((c for c in self._world.cards.values() if c.number == number), key=lambda c: c.channel)

    async def finding_at(self, channel: str, ts: str) -> int | None:
        return next((c.number for c in self._world.cards.values() if (c.channel, c.ts) == (channel, ts)), None)

    async def backlog(self) -> Backlog:
        waiting = [row for row in self._world.outbox.values() if row.waiting]
        refused = Counter((row.saying.channel, row.error) for row in waiting if row.state == "blocked")
        oldest = min((row.created for row in waiting), default=None)
        return Backlog(len(waiting), oldest, tuple((*which, n) for which, n in sorted(refused.items())))

    async def quarantined(self, *, limit: int = 20) -> Sequence[Poison]:
        return self._world.poison[::-1][:limit]

    async def quarantine_count(self) -> int:
        return len(self._world.poison)


class MemoryStore:
    """bot.ports.Store. One write transaction at a time, not to be nested."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._world = _World()
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[MemoryTx]:
        async with self._turn:
            world = self._world.copy()
            yield MemoryTx(world, self._clock.now())
            self._world = world

    @asynccontextmanager
    async def reads(self) -> AsyncIterator[MemoryReads]:
        yield MemoryReads(self._world)

    async def ping(self) -> None:
        """Memory always answers."""

    async def close(self) -> None:
        """Nothing to close."""

    # --- the delivery side; see adapters/sql/outbox.py for why it is as it is -----------------------------------------------------

    async def due_channels(self) -> Sequence[tuple[str, int]]:
        now, w = self._clock.now(), self._world
        free = {row.saying.channel for row in w.outbox.values()} - {
            c for c, (_, until) in w.leases.items() if until > now
        }
        best = {channel: row.lane for channel in free if (row := self._next(channel)) is not None}
        return sorted(best.items(), key=lambda item: (-item[1], item[0]))

    async def lease_channel(self, channel: str, owner: str, lease_s: float) -> bool:
        async with self._turn:
            now = self._clock.now()
            holder, until = self._world.leases.get(channel, (owner, now))
            if holder != owner and until > now:
                return False
            self._world.leases[channel] = (owner, now + timedelta(seconds=lease_s))
            return True

    async def free_channel(self, channel: str, owner: str) -> None:
        async with self._turn:
            if self._world.leases.get(channel, ("",))[0] == owner:
                del self._world.leases[channel]

    async def claim(self, channel: str, owner: str, lease_s: float) -> Claimed | None:  # noqa: ARG002 - the port's shape
        async with self._turn:
            row = self._next(channel)
            if row is None:
                return None
            now = self._clock.now()
            unsettled = row.unsettled or row.started if row.state == "sending" else row.unsettled
            due = now + timedelta(seconds=lease_s)
            row = replace(row, state="sending", due=due, started=now, attempt=row.attempt + 1, unsettled=unsettled)
            self._keep([row])
            saying = replace(row.saying, lane=row.lane)
            return Claimed(row.id, saying, row.attempt, row.generation, row.created, row.unsettled)

    def _next(self, channel: str) -> _Row | None:
        """The row that may be said now: the first of its finding, the most urgent of those, then the oldest."""
        heads: dict[tuple[int, str], _Row] = {}
        for row in self._world.outbox.values():
            if row.waiting and row.saying.channel == channel:
                heads[row.card] = min(row, heads.get(row.card, row), key=self._place)
        due = [row for row in heads.values() if row.due <= self._clock.now()]
        return min(due, key=lambda row: (-row.lane, row.id), default=None)

    def _place(self, row: _Row) -> tuple[bool, int]:
        first = row.saying.kind is SayKind.CARD and row.card not in self._world.cards
        return not first, row.id

    def _keep(self, rows: Iterable[_Row]) -> None:
        self._world.outbox.update({row.saying.key: row for row in rows})

    def _row(self, claimed: Claimed) -> _Row | None:
        row = self._world.outbox.get(claimed.saying.key)
        return row if row is not None and row.id == claimed.id else None

    def _mine(self, claimed: Claimed) -> _Row | None:
        row = self._row(claimed)
        return row if row is not None and (row.state, row.attempt) == ("sending", claimed.attempt) else None

    async def settle(self, claimed: Claimed, card: Card | None) -> None:
        async with self._turn:
            now, row = self._clock.now(), self._row(claimed)
            if row is not None and row.waiting:
                row = replace(row, settled=now, unsettled=None, started=None, error="")
                again = replace(row, state="new", due=now, attempt=0)
                self._keep([replace(row, state="sent") if row.generation == claimed.generation else again])
            if card is not None:
                self._world.cards[card.number, card.channel] = card
            blocked = self._in_channel(claimed.saying.channel, "blocked")
            self._keep([replace(row, state="new", due=now, error="") for row in blocked])

    def _in_channel(self, channel: str, *states: str) -> list[_Row]:
        return [r for r in self._world.outbox.values() if r.saying.channel == channel and r.state in states]

    async def put_back(self, claimed: Claimed, *, delay_s: float, error: str, blocked: bool = False) -> None:
        async with self._turn:
            row, due = self._mine(claimed), self._clock.now() + timedelta(seconds=delay_s)
            if row is None:
                return
            self._keep([replace(row, state="blocked" if blocked else "new", due=due, error=error)])
            if blocked:
                rest = self._in_channel(claimed.saying.channel, "new", "blocked")
                self._keep([replace(r, state="blocked", due=due, error=error) for r in rest if r.due < due])

    async def hold(self, claimed: Claimed, *, error: str) -> None:
        async with self._turn:
            if row := self._mine(claimed):
                self._keep([replace(row, unsettled=row.unsettled or row.started, error=error)])

    async def prune(self, before: datetime) -> int:
        """Removes what was said, listed or guarded against replay before that time; returns how many rows. Findings stay."""
        async with self._turn:
            w = self._world.copy()
            w.outbox = {k: r for k, r in w.outbox.items() if r.waiting or r.settled is None or r.settled >= before}
            w.listings = {k: listing for k, listing in w.listings.items() if listing.created >= before}
            w.seen = {k: at for k, at in w.seen.items() if at >= before}
            removed = _size(self._world) - _size(w)
            self._world = w
            return removed


def _size(world: _World) -> int:
    return len(world.outbox) + len(world.listings) + len(world.seen)
