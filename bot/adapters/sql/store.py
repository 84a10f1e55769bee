"""The SQL store as the services see it: opened once, with its schema checked, and closed once.

The problem: a bot that runs against a database of another version corrupts it quietly, so opening refuses what it does not know. It
refuses to migrate unasked and to share an SQLite file with another task.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from typing import Final

from sqlalchemy import BigInteger, ColumnElement, Delete, Table, bindparam, delete, select, text, tuple_

from bot.adapters.sql.codec import micros, span_micros
from bot.adapters.sql.engine import Database, target_of
from bot.adapters.sql.locking import FileLock
from bot.adapters.sql.outbox import SqlOutbox
from bot.adapters.sql.reads import ReadStatements, SqlReads
from bot.adapters.sql.schema import HEAD, check_schema, current_of, upgrade
from bot.adapters.sql.tables import ESCALATIONS, FIGURES, LEASES, LISTINGS, OUTBOX, SEEN, SWAPS, progressed
from bot.adapters.sql.tx import SqlTx, TxStatements
from bot.domain.escalation import Progress
from bot.domain.suppression import Stage
from bot.ports import Clock

_PRUNED: Final = 2000  # rows removed by one transaction
KEEP_FIGURES: Final = timedelta(days=400)  # a year back and the month in which it began
_PING: Final = text("SELECT 1")


def _removal(table: Table, old: ColumnElement[bool]) -> Delete:
    """Rows that somebody else holds are left alone: they may be about to become what is kept (a draft that is asked for)."""
    key = tuple_(*table.primary_key.columns)
    rows = select(*table.primary_key.columns).where(old).limit(_PRUNED).with_for_update(skip_locked=True)
    return delete(table).where(key.in_(rows))


def _removals(db: Database) -> Sequence[Delete]:
    before = bindparam("before", type_=BigInteger)
    return (
        _removal(OUTBOX, (OUTBOX.c.state == "sent") & (OUTBOX.c.settled < before)),
        _removal(LISTINGS, LISTINGS.c.created < before),
        _removal(SEEN, SEEN.c.at < before),
        _removal(LEASES, (LEASES.c.stage == Stage.DRAFT.value) & (LEASES.c.created < before)),
        _removal(ESCALATIONS, progressed(Progress.STOPPED) & (ESCALATIONS.c.started < before)),
        _removal(SWAPS, SWAPS.c.end < before),
        _removal(FIGURES, FIGURES.c.opened < db.now() - span_micros(KEEP_FIGURES)),
    )


class SqlStore(SqlOutbox):
    """bot.ports.Store on SQLite or PostgreSQL. Made by `open_store`."""

    def __init__(self, db: Database, lock: FileLock | None) -> None:
        super().__init__(db)
        self._lock = lock
        self._tx = TxStatements(db)
        self._reads = ReadStatements(db)
        self._removals = _removals(db)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[SqlTx]:
        """A write transaction; the SQLite store has one at a time, so it is not to be nested nor held over a network call."""
        async with self._db.writing() as session:
            yield SqlTx(self._db, session, self._tx)

    @asynccontextmanager
    async def reads(self) -> AsyncIterator[SqlReads]:
        async with self._db.reading() as session:
            yield SqlReads(self._db, session, self._reads)

    async def prune(self, before: datetime) -> int:
        """Removes what was said, listed, drafted or guarded against replay before that time, swaps that ended and stopped escalations
        that began before it, and figures after KEEP_FIGURES; returns how many rows. Findings stay, and so does every lease that is
        more than a draft."""
        return sum([await self._prune(statement, micros(before)) for statement in self._removals])

    async def _prune(self, statement: Delete, before: int) -> int:
        removed, part = 0, _PRUNED
        while part == _PRUNED:
            async with self._db.writing() as session:
                part = (await session.run(statement, {"before": before, "now": session.now})).rowcount
            removed += part
        return removed

    async def ping(self) -> None:
        """Raises StoreUnavailable when the database does not answer."""
        async with self._db.reading() as session:
            await session.run(_PING)

    async def close(self) -> None:
        """Closes every connection and lets another task have the SQLite file."""
        await self._db.close()
        if self._lock is not None:
            self._lock.release()


async def open_store(
    url: str, *, clock: Clock, migrate: bool, pool_size: int = 5, shift: Callable[[], timedelta] | None = None
) -> SqlStore:
    """Opens the database at `sqlite:///file.db` or `postgresql://user:password@host/name`.

    Args:
        clock: the time of leases on SQLite, and of what is only shown on both.
        migrate: bring the schema up to date first; without it a schema that is not exactly ours is refused.
        pool_size: PostgreSQL connections to write with, and as many to read with.
        shift: moves PostgreSQL's clock, which decides about leases there; for tests with virtual time.

    Raises:
        ConfigError: the address is not valid, or the schema is older (and `migrate` is not set), newer, or not ours.
        StoreLocked: another task has the SQLite file.
        StoreUnavailable: the database does not answer.
    """
    target = target_of(url)
    lock = FileLock(target.path) if target.path is not None else None
    if lock is not None:
        await asyncio.to_thread(lock.acquire)
    db = Database(target, clock, pool_size=pool_size, shift=shift)
    store = SqlStore(db, lock)
    try:
        await _prepare_schema(db, migrate=migrate)
    except BaseException:
        await store.close()
        raise
    return store


async def _prepare_schema(db: Database, *, migrate: bool) -> None:
    if migrate and await current_of(db) != HEAD:
        await upgrade(db.target)
    check_schema(await current_of(db))
