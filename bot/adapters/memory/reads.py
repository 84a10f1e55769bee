"""The read side in memory: every question, answered by looking at everything.

The problem: the SQL store's answers need something to be compared with that nobody can get wrong. It refuses to be quick, and to have
an opinion about what a query means: that is domain.query.matches.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Final

from bot.adapters.memory.oncall import OncallReads
from bot.domain.approval import Request
from bot.domain.approval import Stage as Asked
from bot.domain.audit import Head, Line
from bot.domain.drift import Known
from bot.domain.facets import Facets, facets
from bot.domain.finding import Entry, Record, Severity, State
from bot.domain.query import AGE_BOUNDS, Group, Key, Query, Sort, column, matches
from bot.domain.suppression import Lease, Stage
from bot.ports import (
    AccountCount,
    Backlog,
    Card,
    Counts,
    GroupCount,
    Listing,
    Poison,
    Said,
    SavedView,
)

_GROUPS_MOST: Final = 1000


class MemoryReads(OncallReads):
    """bot.ports.Reads on what was committed when it was opened."""

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

    async def by_keys(self, keys: Collection[str]) -> Sequence[Record]:
        w = self._world
        return [w.records[number] for number in sorted(w.numbers[key] for key in set(keys) if key in w.numbers)]

    async def counts(self, query: Query, now: datetime) -> Counts:
        return Counts(Counter(record.finding.severity for record in self._found(query, now)))

    async def grouped(self, query: Query, group: Group, now: datetime) -> Sequence[GroupCount]:
        groups: dict[str, list[Record]] = {}
        for record in self._found(query, now):
            groups.setdefault(_value(group, facets(record), now), []).append(record)
        counts = [
            GroupCount(value, Counter(r.finding.severity for r in found), max(r.number for r in found))
            for value, found in groups.items()
        ]
        return sorted(counts, key=lambda c: (-c.total, c.value))[:_GROUPS_MOST]

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

    async def last_listing(self, user: str) -> Listing | None:
        mine = (listing for listing in self._world.listings.values() if listing.user == user)
        return max(mine, key=lambda listing: (listing.created, listing.id), default=None)

    async def views(self, owners: Collection[str]) -> Sequence[SavedView]:
        return sorted((v for v in self._world.views.values() if v.owner in owners), key=lambda v: (v.name, v.owner))

    async def lease(self, id: str) -> Lease | None:
        return self._world.leases.get(id)

    async def leases(
        self, *, stages: Collection[Stage] = (), before: datetime | None = None, owner: str = "", limit: int = 200
    ) -> Sequence[Lease]:
        found = [
            lease
            for lease in self._world.leases.values()
            if (not stages or lease.stage in stages)
            and (before is None or lease.until < before)
            and owner in ("", lease.owner)
        ]
        return sorted(found, key=lambda lease: (lease.until, lease.id))[:limit]

    async def drifts(self) -> Sequence[Known]:
        return [known for _, known in sorted(self._world.drifts.items())]

    async def request(self, id: str) -> Request | None:
        return self._world.requests.get(id)

    async def requests(self, *, stage: Asked, limit: int = 100) -> Sequence[Request]:
        found = [request for request in self._world.requests.values() if request.stage is stage]
        return sorted(found, key=lambda request: (request.created, request.id))[:limit]

    async def trail(
        self,
        since: datetime,
        *,
        limit: int,
        number: int | None = None,
        actor: str = "",
        what: Collection[str] = (),
    ) -> Sequence[Line]:
        found = [
            line
            for line in self._world.trail
            if line.at >= since
            and (number is None or line.number == number)
            and actor in ("", line.actor)
            and (not what or line.what in what)
        ]
        return sorted(found, key=lambda line: (line.at, line.seq), reverse=True)[:limit]

    async def chain(self, after: int, *, limit: int) -> Sequence[Line]:
        return [line for line in self._world.trail if line.seq > after][:limit]

    async def audit_head(self) -> Head:
        return self._world.head

    async def said(self, number: int) -> Sequence[Said]:
        rows = [r for r in self._world.outbox.values() if r.saying.number == number and r.state == "sent"]
        done = sorted((row.settled, row.id, row.saying) for row in rows if row.settled is not None)
        return [Said(at, saying.kind, saying.channel) for at, _, saying in done]

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


def _value(group: Group, asked: Facets, now: datetime) -> str:
    match group:
        case Group.ACCOUNT:
            return asked.account
        case Group.SEV:
            return Severity(asked.severity).word
        case Group.AGE:
            return str(bisect_right(AGE_BOUNDS, now - asked.first))
    return column(Key(group.value), asked)
