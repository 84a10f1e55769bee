"""What the clock asks for: account names refreshed, gauges set, old rows of the outbox removed. Each may run in every replica."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from datetime import timedelta

import structlog

from bot.ports import Clock, Directory, Metrics, Store

log = structlog.get_logger()

ACCOUNTS_LAST_S = 3600.0  # they change rarely, and Organizations' rates are not published
KEEP_SAID = timedelta(days=7)  # what was said, listed or guarded against replay


@dataclass(slots=True)
class Upkeep:
    """The housekeeping of the store and of what is remembered about accounts."""

    store: Store
    directory: Directory
    clock: Clock
    metrics: Metrics
    _asked: float | None = None
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def refresh_accounts(self) -> None:
        """Ask Organizations again when the last answer is an hour old, and give the findings of changed accounts their new context.

        Raises TemporaryError or PermanentError when Organizations does not answer; what was known stays known and it is asked again
        at the next tick.
        """
        async with self._one:
            if self._asked is not None and self.clock.monotonic() - self._asked < ACCOUNTS_LAST_S:
                return
            await self._refresh()
            self._asked = self.clock.monotonic()

    async def _refresh(self) -> None:
        changed = list(await self.directory.refresh())
        if changed:
            async with self.store.begin() as tx:
                findings = await tx.reaccount(changed)
            log.info("accounts_refreshed", changed=len(changed), findings=findings)

    async def measure(self) -> None:
        """Set the gauges of the backlog."""
        async with self.store.reads() as reads:
            backlog = await reads.backlog()
        age = (self.clock.now() - backlog.oldest).total_seconds() if backlog.oldest else 0.0
        self.metrics.gauge("backlog", backlog.waiting)
        self.metrics.gauge("oldest_seconds", age)

    async def prune(self) -> None:
        """Remove what was said long ago, and write the audit trail's end into the log, which is kept elsewhere. Findings stay."""
        async with self.store.reads() as reads:
            head = await reads.audit_head()
        log.info("audit_head", seq=head.seq, hash=head.hash)
        if removed := await self.store.prune(self.clock.now() - KEEP_SAID):
            log.info("pruned", rows=removed)
