"""A database that goes away is StoreUnavailable, one that comes back is used again, and our own mistakes stay visible."""

from __future__ import annotations

import asyncio
import os
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from bot.adapters.sql import SearchTooSlow, SqlStore, engine, migrate, open_store
from bot.adapters.sql.engine import target_of
from bot.adapters.sql.failures import translated
from bot.domain.finding import Entry
from bot.domain.query import Exact, Key, Query, Term
from bot.errors import ConfigError, StoreLocked, StoreUnavailable
from tests.contract.builders import START, record
from tests.contract.conftest import VirtualClock
from tests.support.postgres import Server

ROOT = Path(__file__).parents[3]


async def opened(url: str) -> SqlStore:
    return await open_store(url, clock=VirtualClock(), migrate=True)


# --- addresses -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["postgresql", "postgres", "postgresql+asyncpg"])
def test_every_way_to_write_postgresql_means_asyncpg(name: str) -> None:
    target = target_of(f"{name}://u:p@db.example:5433/secbot?sslmode=require")
    assert target.postgres
    assert target.url.drivername == "postgresql+asyncpg"
    assert dict(target.url.query) == {"ssl": "require"}
    assert target.url.port == 5433


@pytest.mark.parametrize(
    "url", ["", "nonsense", "mysql://u:secret@h/d", "sqlite://", "sqlite:///:memory:", "postgresql://h:port/d"]
)
def test_an_address_that_we_cannot_use_is_a_configuration_error_without_its_password(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        target_of(url)
    assert "secret" not in caught.value.message


# --- SQLite ----------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def sqlite_url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'a.db'}"


async def test_a_second_task_is_refused_until_the_first_one_ends(sqlite_url: str) -> None:
    store = await opened(sqlite_url)
    with pytest.raises(StoreLocked, match=r"Another secbot task uses .*a\.db"):
        await opened(sqlite_url)
    await store.close()
    await (await opened(sqlite_url)).close()


async def test_a_killed_task_does_not_keep_the_lock(sqlite_url: str) -> None:
    code = (
        "import asyncio, os, sys\n"
        "from bot.adapters.sql import open_store\n"
        "from tests.contract.conftest import VirtualClock\n"
        "asyncio.run(open_store(sys.argv[1], clock=VirtualClock(), migrate=True))\n"
        "os.kill(os.getpid(), 9)\n"
    )
    command = [sys.executable, "-c", code, sqlite_url]
    ended = await asyncio.to_thread(
        subprocess.run, command, cwd=ROOT, env={**os.environ, "PYTHONPATH": str(ROOT)}, check=False
    )
    assert ended.returncode == -9
    await (await opened(sqlite_url)).close()


async def test_a_folder_that_does_not_exist_is_unavailable(tmp_path: Path) -> None:
    with pytest.raises(StoreUnavailable, match="No such file"):
        await opened(f"sqlite:///{tmp_path / 'none' / 'a.db'}")


async def test_sqlite_commits_to_the_disk_and_enforces_its_references(sqlite_url: str) -> None:
    store = await opened(sqlite_url)
    async with store._db.writing() as session:
        pragmas = {
            name: await session.value(text(f"PRAGMA {name}"))
            for name in ("journal_mode", "synchronous", "foreign_keys")
        }
    assert pragmas == {"journal_mode": "wal", "synchronous": 2, "foreign_keys": 1}
    with pytest.raises(IntegrityError):
        async with store.begin() as tx:
            await tx.note([(404, Entry(at=START, kind="new"))])
    await store.close()


async def test_a_reader_cannot_write(sqlite_url: str) -> None:
    store = await opened(sqlite_url)
    with pytest.raises(StoreUnavailable, match="read-only"):
        async with store._db.reading() as session:
            await session.run(text("DELETE FROM findings"))
    await store.close()


async def test_a_file_that_another_program_holds_is_unavailable_and_then_usable_again(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_BUSY_MS", 20)
    store = await opened(sqlite_url)
    other = await asyncio.to_thread(sqlite3.connect, sqlite_url[10:], check_same_thread=False)
    await asyncio.to_thread(other.execute, "BEGIN IMMEDIATE")
    with pytest.raises(StoreUnavailable, match="locked"):
        async with store.begin() as tx:
            await tx.insert([(record(), b"")])
    await asyncio.to_thread(other.rollback)
    await asyncio.to_thread(other.close)
    async with store.begin() as tx:
        assert await tx.insert([(record(), b"")]) == {"k1": 1}
    await store.close()


async def test_a_full_disk_is_unavailable_and_keeps_nothing_of_the_batch(sqlite_url: str) -> None:
    store = await opened(sqlite_url)
    async with store._db.writing() as session:
        pages = await session.value(text("PRAGMA page_count"))
        await session.run(text(f"PRAGMA max_page_count = {pages + 4}"))
    with pytest.raises(StoreUnavailable, match="disk full"):
        async with store.begin() as tx:
            await tx.insert([(record(f"k{i}"), os.urandom(5000)) for i in range(50)])
    async with store.reads() as reads:
        assert (await reads.counts(Query(), START)).total == 0
    await store.close()


async def test_a_search_that_takes_too_long_is_the_askers_to_narrow(
    sqlite_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "_STEPS", 50)
    monkeypatch.setattr(engine, "SEARCH_S", -1.0)
    await migrate(sqlite_url)
    store = await _with_findings(sqlite_url, engine, monkeypatch)
    with pytest.raises(SearchTooSlow, match="env:"):
        async with store.reads() as reads:
            await reads.search(Query((Term(Key.TEXT, (Exact("nothing"),)),)), START, limit=5)
    await store.close()


async def _with_findings(url: str, module: object, monkeypatch: pytest.MonkeyPatch) -> SqlStore:
    monkeypatch.setattr(module, "SEARCH_S", 5.0)
    store = await opened(url)
    async with store.begin() as tx:
        await tx.insert([(record(f"k{i}"), b"") for i in range(200)])
    monkeypatch.setattr(module, "SEARCH_S", -1.0)
    return store


async def test_a_cancelled_transaction_leaves_nothing_and_lets_the_next_one_in(sqlite_url: str) -> None:
    store = await opened(sqlite_url)
    inside = asyncio.Event()

    async def forever() -> None:
        async with store.begin() as tx:
            await tx.insert([(record(), b"")])
            inside.set()
            await asyncio.Event().wait()

    task = asyncio.ensure_future(forever())
    await inside.wait()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with store.begin() as tx:
        assert await tx.lock(["k1"]) == {}
    await store.close()


# --- PostgreSQL ------------------------------------------------------------------------------------------------------------------


@pytest.mark.postgres
async def test_a_server_that_ends_our_connections_is_unavailable_once_and_then_used_again(
    postgres_server: Server, postgres_url: str
) -> None:
    store = await opened(postgres_url)
    await store.ping()
    kill = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'secbot' AND datname = '{}'"
    name = postgres_url.split("@/")[1].split("?", maxsplit=1)[0]

    async def cut_off() -> None:
        async with store.begin() as tx:
            await tx.insert([(record(), b"")])
            await postgres_server.execute(kill.format(name))

    with pytest.raises(StoreUnavailable):
        await cut_off()
    with pytest.raises(StoreUnavailable):
        await store.ping()  # the reader's connection is gone as well
    await store.ping()
    async with store.begin() as tx:
        assert await tx.lock(["k1"]) == {}
        assert set(await tx.insert([(record(), b"")])) == {"k1"}
    await store.close()


@pytest.mark.postgres
@pytest.mark.parametrize(
    "broken",
    [
        lambda url: url.replace("host=", "host=/nowhere"),
        lambda url: url.replace("@/", "@/absent_"),
        lambda url: url.replace("secbot@", "nobody@"),
    ],
    ids=["no server", "no database", "no user"],
)
async def test_a_server_that_cannot_be_reached_is_unavailable(postgres_url: str, broken: Callable[[str], str]) -> None:
    with pytest.raises(StoreUnavailable):
        await opened(broken(postgres_url))


@pytest.mark.postgres
async def test_no_free_connection_is_unavailable(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engine, "CONNECT_S", 0.5)
    store = await open_store(postgres_url, clock=VirtualClock(), migrate=False, pool_size=1)
    async with store.begin() as tx:
        await tx.lock(["a"])
        with pytest.raises(StoreUnavailable, match="no free connection"):
            async with store.begin():
                pass
    await store.close()


@pytest.mark.postgres
async def test_a_search_over_postgresqls_time_limit_is_the_askers_to_narrow(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(engine, "SEARCH_S", 0.05)
    store = await open_store(postgres_url, clock=VirtualClock(), migrate=False)
    with pytest.raises(SearchTooSlow):
        async with store._db.reading() as session:
            await session.run(text("SELECT pg_sleep(2)"))
    await store.ping()
    await store.close()


# --- ours ------------------------------------------------------------------------------------------------------------------------


async def test_a_wrong_statement_stays_what_it_was(sqlite_url: str) -> None:
    store = await opened(sqlite_url)
    with pytest.raises(DBAPIError, match="no such table"):
        async with store._db.writing() as session:
            await session.run(text("SELECT * FROM nowhere"))
    await store.close()


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionRefusedError()])
async def test_what_the_body_of_a_transaction_raises_is_not_translated(sqlite_url: str, error: Exception) -> None:
    store = await opened(sqlite_url)

    async def outside() -> None:
        raise error

    doing: Callable[[], Awaitable[None]] = outside
    with pytest.raises(type(error)):
        async with store.begin():
            await doing()
    await store.close()


def test_an_error_of_ours_passes_through() -> None:
    with pytest.raises(ValueError), translated():
        raise ValueError
