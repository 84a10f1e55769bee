"""Which version of the schema a database has, and bringing it up to ours.

The problem: several tasks start at once and each may find an old schema; only one may change it, and a start that changes nothing must
not pay for the migration tool. It refuses to go back, and to touch a schema that a newer secbot made.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

from sqlalchemy import Connection, inspect, text
from sqlalchemy.ext.asyncio import AsyncConnection

from bot.adapters.sql.engine import Database, Target, make_engine, target_of
from bot.adapters.sql.failures import translated
from bot.adapters.sql.locking import FileLock
from bot.errors import ConfigError

REVISIONS: Final = ("0001", "0002", "0003", "0004", "0005")
"""Every revision that this code knows, oldest first. A test compares them with the files in migrations/versions."""
HEAD: Final = REVISIONS[-1]

MIGRATE_S: Final = 3600.0  # what one statement of a migration may take, and the wait for another task's migration
_VERSION: Final = text("SELECT version_num FROM alembic_version")
_ONE_AT_A_TIME: Final = text("SELECT pg_advisory_xact_lock(7352600142)")  # any number, the same in every secbot


async def migrate(url: str) -> str:
    """Brings the schema up to date; returns its revision. Several tasks may do so at once.

    Raises:
        ConfigError: the address is not valid, or a newer secbot made the schema.
        StoreLocked: a bot is running on the SQLite file.
        StoreUnavailable: the database does not answer.
    """
    target = target_of(url)
    lock = FileLock(target.path) if target.path is not None else None
    if lock is not None:
        await asyncio.to_thread(lock.acquire)
    try:
        return await upgrade(target)
    finally:
        if lock is not None:
            lock.release()


async def current(url: str) -> str:
    """The schema's revision; empty for a database that has none. Raises as `migrate`, except that it needs no lock."""
    async with _connected(target_of(url), reading=True) as connection:
        return await connection.run_sync(_version)


async def current_of(db: Database) -> str:
    """As `current`, of an open database."""
    async with db.reading() as session:
        return await session.apply(_version)


def check_schema(revision: str) -> None:
    """Raises ConfigError unless the schema is exactly ours."""
    _refuse_newer(revision)
    if revision != HEAD:
        was = f"schema {revision}" if revision else "no schema"
        raise ConfigError(f"The database has {was}, secbot needs {HEAD}: run `secbot migrate`.")


def _refuse_newer(revision: str) -> None:
    if revision and revision not in REVISIONS:
        raise ConfigError(f"A newer secbot made this database (schema {revision}, ours is {HEAD}): update this one.")


async def upgrade(target: Target) -> str:
    """As `migrate`, for whoever holds the file's lock already."""
    # Reading the scripts blocks for up to a second, and a half-done migration is no place to be cancelled: a thread, a loop of its own.
    return await asyncio.to_thread(asyncio.run, _upgrade(target))


async def _upgrade(target: Target) -> str:
    async with _connected(target, reading=False) as connection:
        if target.postgres:
            await connection.execute(_ONE_AT_A_TIME)
        _refuse_newer(await connection.run_sync(_version))
        await connection.run_sync(_run_scripts)
        return await connection.run_sync(_version)


@asynccontextmanager
async def _connected(target: Target, *, reading: bool) -> AsyncIterator[AsyncConnection]:
    """One transaction, committed at the end: DDL too, so that a killed migration leaves nothing behind."""
    engine = make_engine(target, reading=reading, pool_size=1, limit_s=MIGRATE_S)
    try:
        with translated():
            async with engine.begin() as connection:
                yield connection
    finally:
        await engine.dispose()


def _version(connection: Connection) -> str:
    if not inspect(connection).has_table("alembic_version"):
        return ""
    return str(connection.scalar(_VERSION) or "")


def _run_scripts(connection: Connection) -> None:
    from alembic import command  # noqa: PLC0415 - a third of a second that a start without changes need not wait
    from alembic.config import Config  # noqa: PLC0415

    config = Config()
    config.set_main_option("script_location", str(Path(__file__).with_name("migrations")).replace("%", "%%"))
    config.attributes["connection"] = connection
    command.upgrade(config, "head")
