"""One world, one writer at a time, and the delivery side.

The problem: leases, claims and coalesced edits must go as they do in SQL, without a database. It refuses two transactions at once.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Final

from bot.adapters.memory.reads import MemoryReads
from bot.adapters.memory.tx import MemoryTx
from bot.adapters.memory.world import Row, World
from bot.domain.escalation import Progress
from bot.domain.suppression import Stage
from bot.ports import Card, Claimed, Clock, SayKind

KEEP_FIGURES: Final = timedelta(days=400)  # keep in sync with adapters/sql/store.py


class MemoryStore:
    """bot.ports.Store. One write transaction at a time, not to be nested."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._world = World()
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
            c for c, (_, until) in w.channel_leases.items() if until > now
        }
        best = {channel: row.lane for channel in free if (row := self._next(channel)) is not None}
        return sorted(best.items(), key=lambda item: (-item[1], item[0]))

    async def lease_channel(self, channel: str, owner: str, lease_s: float) -> bool:
        async with self._turn:
            now = self._clock.now()
            holder, until = self._world.channel_leases.get(channel, (owner, now))
            if holder != owner and until > now:
                return False
            self._world.channel_leases[channel] = (owner, now + timedelta(seconds=lease_s))
            return True

    async def free_channel(self, channel: str, owner: str) -> None:
        async with self._turn:
            if self._world.channel_leases.get(channel, ("",))[0] == owner:
                del self._world.channel_leases[channel]

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

    def _next(self, channel: str) -> Row | None:
        """The row that may be said now: the first of its finding, the most urgent of those, then the oldest."""
        heads: dict[tuple[int, str], Row] = {}
        for row in self._world.outbox.values():
            if row.waiting and row.saying.channel == channel:
                heads[row.card] = min(row, heads.get(row.card, row), key=self._place)
        due = [row for row in heads.values() if row.due <= self._clock.now()]
        return min(due, key=lambda row: (-row.lane, row.id), default=None)

    def _place(self, row: Row) -> tuple[bool, int]:
        first = row.saying.kind is SayKind.CARD and row.card not in self._world.cards
        return not first, row.id

    def _keep(self, rows: Iterable[Row]) -> None:
        self._world.outbox.update({row.saying.key: row for row in rows})

    def _row(self, claimed: Claimed) -> Row | None:
        row = self._world.outbox.get(claimed.saying.key)
        return row if row is not None and row.id == claimed.id else None

    def _mine(self, claimed: Claimed) -> Row | None:
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

    def _in_channel(self, channel: str, *states: str) -> list[Row]:
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
        """As adapters/sql/store.py: findings stay, and so does every lease that is more than a draft."""
        async with self._turn:
            w = self._world.copy()
            w.outbox = {k: r for k, r in w.outbox.items() if r.waiting or r.settled is None or r.settled >= before}
            w.listings = {k: listing for k, listing in w.listings.items() if listing.created >= before}
            w.seen = {k: at for k, at in w.seen.items() if at >= before}
            w.leases = {k: one for k, one in w.leases.items() if one.stage is not Stage.DRAFT or one.created >= before}
            w.escalations = {
                k: e for k, e in w.escalations.items() if e.progress is not Progress.STOPPED or e.started >= before
            }
            w.swaps = {k: swap for k, swap in w.swaps.items() if swap.end >= before}
            oldest = self._clock.now() - KEEP_FIGURES
            w.figures = {k: figure for k, figure in w.figures.items() if figure.opened >= oldest}
            removed = _size(self._world) - _size(w)
            self._world = w
            return removed


def _size(world: World) -> int:
    oncall = len(world.escalations) + len(world.swaps) + len(world.figures)
    return len(world.outbox) + len(world.listings) + len(world.seen) + len(world.leases) + oncall
