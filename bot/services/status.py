"""Whether silence can be trusted: which parts work, how fresh each source is, what waits and what was set aside.

The same answer serves `/sec status`, the health page and `doctor`. Every part is asked with a time limit, all at once; one that does not
answer is reported and stops nothing.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.figures import Waits, waits
from bot.domain.views import Status
from bot.errors import SecbotError
from bot.ports import Backlog, Clock, Health, Inbox, Metrics, Poison, Store

PING_LIMIT_S = 4.0
WAITS_OF = timedelta(days=30)
MOST_FIGURES = 20_000

Ping = Callable[[], Awaitable[None]]


@dataclass(slots=True)
class Vitals:
    """What the doors report of themselves: why receiving stands still (empty: it does not), and whether Slack is connected."""

    started: datetime
    receiving: str = "not started"
    connected: str = "not started"


class StatusService:
    """Gathers the state of every part. `pings` are the adapters' own, by the name people know."""

    def __init__(
        self,
        *,
        store: Store,
        inbox: Inbox | None,
        pings: Mapping[str, Ping],
        vitals: Vitals,
        clock: Clock,
        metrics: Metrics,
        version: str,
    ) -> None:
        self._store = store
        self._inbox = inbox
        self._pings = dict(pings)
        self._vitals = vitals
        self._clock = clock
        self._metrics = metrics
        self._version = version

    async def parts(self) -> Sequence[Health]:
        """Every adapter's ping and every door's own word, in a fixed order."""
        asked = await asyncio.gather(*(_ask(name, ping) for name, ping in self._pings.items()))
        doors = [
            Health("stream", not self._vitals.receiving, self._vitals.receiving or "receiving"),
            Health("slack link", not self._vitals.connected, self._vitals.connected or "connected"),
        ]
        return [*asked, *doors]

    async def status(self) -> Status:
        """Everything at once. Never raises: what cannot be had is shown as such."""
        parts = await self.parts()
        waits = await self._waits()
        try:
            freshness, states, backlog, quarantined, poison = await self._stored()
        except (SecbotError, TimeoutError):
            freshness, states, backlog, quarantined, poison = {}, {}, Backlog(), 0, ()
        return Status(
            parts=tuple((h.name, h.ok, h.note) for h in parts),
            freshness=freshness,
            states=states,
            waiting=backlog.waiting,
            oldest=backlog.oldest,
            blocked=backlog.blocked,
            queue_depth=await self._depth(),
            quarantined=quarantined,
            quarantine_reasons=tuple(Counter(p.reason for p in poison).most_common(5)),
            ignored=self._metrics.totals("ignored"),
            started=self._vitals.started,
            now=self._clock.now(),
            version=self._version,
            waits=waits,
        )

    async def _waits(self) -> tuple[Waits, ...]:
        """How long findings of the last 30 days waited; nothing when that cannot be had."""
        try:
            async with asyncio.timeout(PING_LIMIT_S), self._store.reads() as reads:
                return tuple(waits(await reads.figures(self._clock.now() - WAITS_OF, limit=MOST_FIGURES)))
        except (SecbotError, TimeoutError):
            return ()

    async def _stored(self) -> tuple[Mapping[str, datetime], Mapping[str, int], Backlog, int, Sequence[Poison]]:
        async with asyncio.timeout(PING_LIMIT_S), self._store.reads() as reads:
            states = {str(k): v for k, v in (await reads.states()).items()}
            backlog = await reads.backlog()
            return (
                await reads.freshness(),
                states,
                backlog,
                await reads.quarantine_count(),
                await reads.quarantined(limit=100),
            )

    async def _depth(self) -> int | None:
        if self._inbox is None:
            return None
        try:
            async with asyncio.timeout(PING_LIMIT_S):
                return await self._inbox.depth()
        except (SecbotError, TimeoutError):
            return None


async def _ask(name: str, ping: Ping) -> Health:
    try:
        async with asyncio.timeout(PING_LIMIT_S):
            await ping()
    except SecbotError as error:
        return Health(name, False, error.message[:200])
    except TimeoutError:
        return Health(name, False, f"no answer within {PING_LIMIT_S:.0f} s")
    return Health(name, True)
