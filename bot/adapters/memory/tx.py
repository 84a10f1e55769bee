"""The write side in memory: what a transaction does to its copy of the world.

The problem: every rule of the SQL store's transaction, said once more and in the plainest way, so that the two can be compared. It
refuses to be quick.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from bot.adapters.memory.oncall import OncallTx
from bot.adapters.memory.world import Row
from bot.domain.approval import Request
from bot.domain.audit import Head, Line, chained
from bot.domain.drift import Known
from bot.domain.facets import facets
from bot.domain.finding import Account, Entry, Record
from bot.domain.query import Query, matches
from bot.domain.suppression import HIDING, Lease
from bot.ports import Listing, Poison, SavedView, Saying, SayKind

_REPLAY: Final = timedelta(hours=24)
_BODY_MAX: Final = 256 * 1024


class MemoryTx(OncallTx):
    """bot.ports.Tx on a copy."""

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
            w.outbox[saying.key] = Row(w.last_id, saying, self._now, self._now, saying.lane)
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

    async def save_view(self, view: SavedView) -> None:
        views = self._world.views
        if view.default:
            others = [v for v in views.values() if v.owner == view.owner]
            views.update({(v.owner, v.name): replace(v, default=False) for v in others})
        views[view.owner, view.name] = view

    async def delete_view(self, owner: str, name: str) -> bool:
        return self._world.views.pop((owner, name), None) is not None

    async def hiding(self, now: datetime) -> Sequence[Lease]:
        hides = [lease for lease in self._world.leases.values() if lease.stage in HIDING and lease.until > now]
        return sorted(hides, key=lambda lease: lease.id)

    async def save_lease(self, lease: Lease) -> None:
        """Raises ValueError where a database's own rules would refuse the row."""
        if not lease.reason or not lease.owner or lease.until <= lease.created:
            raise ValueError("a lease has a reason, an owner and an end after its start")
        self._world.leases[lease.id] = lease

    async def lock_lease(self, id: str) -> Lease | None:
        return self._world.leases.get(id)

    async def lock_found(self, query: Query, now: datetime, *, limit: int, after: int = 0) -> Sequence[Record]:
        records = (self._world.records[number] for number in sorted(self._world.records) if number > after)
        return [record for record in records if matches(query, facets(record), now)][:limit]

    async def save_drifts(self, known: Sequence[Known]) -> None:
        self._world.drifts.update({one.key: one for one in known})

    async def forget_drifts(self, keys: Collection[str]) -> None:
        for key in keys:
            self._world.drifts.pop(key, None)

    async def save_request(self, request: Request) -> None:
        self._world.requests[request.id] = request

    async def lock_request(self, id: str) -> Request | None:
        return self._world.requests.get(id)

    async def audit(self, lines: Sequence[Line]) -> Head:
        placed, self._world.head = chained(self._world.head, lines)
        self._world.trail.extend(placed)
        return self._world.head

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
