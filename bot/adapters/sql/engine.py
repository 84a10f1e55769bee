"""Opens SQLite or PostgreSQL and gives out sessions whose every await has a time limit and one kind of failure.

The problem: both databases need a handful of settings without which they lose data, wait for ever or deny a busy writer. It refuses to
know any table. SQLite has one writer connection behind a lock, each write transaction is BEGIN IMMEDIATE; readers have connections of
their own. The time of leases is the database's clock on PostgreSQL and the given Clock on SQLite, which only one task uses.
"""

from __future__ import annotations

import asyncio
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec
from sqlalchemy import (
    ARRAY,
    BigInteger,
    Column,
    ColumnElement,
    CursorResult,
    Executable,
    Table,
    any_,
    bindparam,
    cast,
    event,
    extract,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import URL, Connection, make_url
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import ArgumentError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine
from sqlalchemy.pool import ConnectionPoolEntry

from bot.adapters.sql.codec import Row, micros, span_micros
from bot.adapters.sql.failures import translated
from bot.errors import ConfigError, StoreUnavailable
from bot.ports import Clock

T = TypeVar("T")

SEARCH_S: Final = 2.0  # what one read may take
WRITE_S: Final = 15.0
CONNECT_S: Final = 5.0
WAIT_S: Final = 30.0  # for the one SQLite writer
_BUSY_MS: Final = 5000
_CACHE_KIB: Final = 16 * 1024
_STEPS: Final = 50_000  # SQLite's virtual machine steps between two looks at the deadline, about a millisecond
_ASYNCPG: Final = "postgresql+asyncpg"
_POSTGRES_NAMES: Final = frozenset({"postgres", "postgresql", _ASYNCPG})
_SQLITE_NAMES: Final = frozenset({"sqlite", "sqlite+aiosqlite"})


@dataclass(frozen=True, slots=True)
class Target:
    """A database's address. `path` is the SQLite file."""

    url: URL
    path: Path | None

    @property
    def postgres(self) -> bool:
        return self.path is None


def target_of(url: str) -> Target:
    """Reads `sqlite:///file.db` or `postgresql://...`, whichever driver it names.

    Raises:
        ConfigError: another database, or no address at all. The address is not shown: it may hold a password.
    """
    try:
        parsed = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise ConfigError("The database's address is not valid: use sqlite:///file.db or postgresql://...") from error
    if parsed.drivername in _SQLITE_NAMES:
        if not parsed.database or parsed.database == ":memory:":
            raise ConfigError("An SQLite database needs a file: sqlite:///secbot.db")
        return Target(parsed.set(drivername="sqlite+aiosqlite"), Path(parsed.database))
    if parsed.drivername in _POSTGRES_NAMES:
        return Target(_asyncpg_url(parsed), None)
    raise ConfigError(f"secbot stores in SQLite or PostgreSQL, not in {parsed.drivername!r}.")


def _asyncpg_url(url: URL) -> URL:
    """libpq's sslmode is asyncpg's ssl."""
    query = dict(url.query)
    if mode := query.pop("sslmode", ""):
        query.setdefault("ssl", mode)
    return url.set(drivername=_ASYNCPG, query=query)


# --- engines ---------------------------------------------------------------------------------------------------------------------


def make_engine(target: Target, *, reading: bool, pool_size: int, limit_s: float) -> AsyncEngine:
    """An engine for writers or for readers; opens nothing yet. `limit_s` is what a PostgreSQL statement may take."""
    if target.postgres:
        return create_async_engine(
            target.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=CONNECT_S,
            pool_recycle=1800,
            connect_args=_postgres_args(reading, limit_s),
        )
    engine = create_async_engine(
        target.url,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=CONNECT_S,
        connect_args={"timeout": _BUSY_MS / 1000},
    )
    event.listen(engine.sync_engine, "connect", _prepare_reader if reading else _prepare_writer)
    event.listen(engine.sync_engine, "begin", _begin_reading if reading else _begin_writing)
    return engine


def _postgres_args(reading: bool, limit_s: float) -> dict[str, Any]:
    settings = {
        "application_name": "secbot",
        "jit": "off",
        "statement_timeout": f"{limit_s * 1000:.0f}",
        "lock_timeout": f"{limit_s * 1000:.0f}",
        "idle_in_transaction_session_timeout": f"{WAIT_S * 1000:.0f}",
    }
    if reading:
        # A plan for any LIMIT would take a tenth of the table for granted, and sort it.
        settings |= {"default_transaction_read_only": "on", "plan_cache_mode": "force_custom_plan"}
        settings |= {"max_parallel_workers_per_gather": "0"}  # starting one takes longer than most of our counts
    return {"timeout": CONNECT_S, "command_timeout": limit_s + 1, "server_settings": settings}


class Deadline:
    """When the connection's statement must be done, by the monotonic clock."""

    def __init__(self) -> None:
        self.at = float("inf")

    def start(self, limit_s: float) -> None:
        self.at = time.monotonic() + limit_s

    def passed(self) -> bool:
        return time.monotonic() > self.at


def _prepare_writer(connection: DBAPIConnection, _record: ConnectionPoolEntry) -> None:
    _pragmas(connection, f"busy_timeout = {_BUSY_MS}", "journal_mode = WAL", "synchronous = FULL", "foreign_keys = ON")
    _pragmas(connection, f"cache_size = -{_CACHE_KIB}", "journal_size_limit = 67108864")


def _prepare_reader(connection: DBAPIConnection, record: ConnectionPoolEntry) -> None:
    _pragmas(connection, f"busy_timeout = {_BUSY_MS}", "query_only = ON", f"cache_size = -{_CACHE_KIB}")
    deadline = record.info["deadline"] = Deadline()

    async def watch(raw: Any) -> None:
        await raw.set_progress_handler(deadline.passed, _STEPS)

    connection.run_async(watch)


def _pragmas(connection: DBAPIConnection, *settings: str) -> None:
    # The driver's own BEGIN comes late and is deferred, which fails at once when another writer was quicker: we say it ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    for setting in settings:
        cursor.execute(f"PRAGMA {setting}")
    cursor.close()


def _begin_writing(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def _begin_reading(connection: Connection) -> None:
    connection.exec_driver_sql("BEGIN")


# --- sessions --------------------------------------------------------------------------------------------------------------------


class Session:
    """One transaction. Every statement goes through here."""

    def __init__(self, connection: AsyncConnection, now: int, *, searching: bool = False) -> None:
        self._connection = connection
        self._searching = searching
        self.now = now  # the value of the bind `now`, see Database.now

    async def run(self, statement: Executable, values: Row | Sequence[Row] | None = None) -> CursorResult[Any]:
        """Executes; a list of values is one batch. Raises StoreUnavailable, and SearchTooSlow while reading."""
        with translated(searching=self._searching):
            return await self._connection.execute(statement, values)

    async def apply(self, work: Callable[[Connection], T]) -> T:
        """Runs a function that needs the synchronous connection: the schema's inspection."""
        with translated(searching=self._searching):
            return await self._connection.run_sync(work)

    async def rows(self, statement: Executable, values: Row | None = None) -> Sequence[Any]:
        return (await self.run(statement, values)).all()

    async def value(self, statement: Executable, values: Row | None = None) -> Any:
        """The first column of the first row; None when there is none."""
        return (await self.run(statement, values)).scalar()


class Database:
    """The two engines of one database. `shift` moves PostgreSQL's clock, for tests whose time is virtual."""

    def __init__(
        self, target: Target, clock: Clock, *, pool_size: int, shift: Callable[[], timedelta] | None = None
    ) -> None:
        self.target = target
        self.postgres = target.postgres
        self._clock = clock
        self._shift = shift or timedelta
        writers = pool_size if self.postgres else 1
        self._writers = make_engine(target, reading=False, pool_size=writers, limit_s=WRITE_S)
        self._readers = make_engine(target, reading=True, pool_size=pool_size, limit_s=SEARCH_S)
        self._turn = asyncio.Lock()

    def now(self) -> ColumnElement[int]:
        """The time in a statement, as microseconds. Its bind `now` is `Session.now`: the time itself or, on PostgreSQL, the shift."""
        given = bindparam("now", type_=BigInteger)
        if not self.postgres:
            return given
        return cast(extract("epoch", func.statement_timestamp()) * 1_000_000, BigInteger) + given

    def insert(self, table: Table) -> Any:
        """An INSERT that knows ON CONFLICT: both dialects have the same methods, but no common class."""
        return postgresql.insert(table) if self.postgres else sqlite.insert(table)

    def one_of(self, column: Column[Any], bind: str) -> ColumnElement[bool]:
        """The column is one of the values that `bind` holds, see `many`; one statement whatever their number."""
        if self.postgres:
            return column == any_(bindparam(bind, type_=ARRAY(column.type)))
        return column.in_(select(func.json_each(bindparam(bind)).table_valued("value").c.value))

    def many(self, values: Iterable[str | int]) -> object:
        """The value of a bind of `one_of`."""
        return list(values) if self.postgres else msgspec.json.encode(list(values)).decode()

    def taken(self) -> int:
        """Our own clock, in microseconds: for what is shown, never for what decides."""
        return micros(self._clock.now())

    def _tick(self) -> int:
        return span_micros(self._shift()) if self.postgres else self.taken()

    @asynccontextmanager
    async def writing(self) -> AsyncIterator[Session]:
        """A write transaction: committed when the block ends, rolled back when it raises. Not to be nested."""
        async with self._my_turn(), self._connected(self._writers) as connection:
            yield Session(connection, self._tick())
            with translated():
                await connection.commit()

    @asynccontextmanager
    async def reading(self) -> AsyncIterator[Session]:
        """A read-only transaction over committed data, whose statements may take SEARCH_S in all."""
        async with self._connected(self._readers) as connection:
            sync = connection.sync_connection
            if sync is not None and (deadline := sync.info.get("deadline")):
                deadline.start(SEARCH_S)
            yield Session(connection, self._tick(), searching=True)

    @asynccontextmanager
    async def _connected(self, engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
        connection = engine.connect()
        with translated():
            await connection.start()
        try:
            yield connection
        finally:
            # Closing rolls back what was not committed. A dead connection cannot, and the error that told so is on its way.
            with suppress(StoreUnavailable), translated():
                await asyncio.shield(connection.close())

    @asynccontextmanager
    async def _my_turn(self) -> AsyncIterator[None]:
        if self.postgres:
            yield
            return
        try:
            await asyncio.wait_for(self._turn.acquire(), WAIT_S)
        except TimeoutError as error:
            raise StoreUnavailable("The database did not answer: another write takes too long.") from error
        try:
            yield
        finally:
            self._turn.release()

    async def close(self) -> None:
        with suppress(sqlite3.Error, StoreUnavailable), translated():
            await self._writers.dispose()
            await self._readers.dispose()
