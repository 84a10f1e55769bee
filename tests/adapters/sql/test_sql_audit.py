"""The database itself keeps the audit trail as it is, and what somebody who gets round that does to it is found."""

from __future__ import annotations

import asyncio
import random
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any, cast

import pytest
from sqlalchemy import Select, text
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import IntegrityError

from bot.adapters.sql import SqlStore, open_store
from bot.adapters.sql.engine import Session
from bot.adapters.sql.reads import SqlReads
from bot.adapters.sql.tables import AUDIT
from bot.domain.audit import Head, Phase, verify
from bot.domain.query import Exact, Key, Query, Term
from tests.contract.builders import START
from tests.contract.conftest import VirtualClock
from tests.contract.ledger_builders import lease, line_of

BOTH = ("sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))
LINES = 12


@pytest.fixture(params=BOTH)
def url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'a.db'}"
    return cast(str, request.getfixturevalue("postgres_url"))


@pytest.fixture
async def store(url: str) -> AsyncIterator[SqlStore]:
    """A store with LINES lines in its trail."""
    made = await open_store(url, clock=VirtualClock(), migrate=True)
    async with made.begin() as tx:
        await tx.audit([line_of(i, act=f"a{i}", number=i, phase=list(Phase)[i % 3]) for i in range(LINES)])
    yield made
    await made.close()


def writing(store: SqlStore) -> AbstractAsyncContextManager[Session]:
    return store._db.writing()


async def say(store: SqlStore, sql: str) -> None:
    async with writing(store) as session:
        await session.run(text(sql))


# --- what the database refuses ----------------------------------------------------------------------------------------------------

COPY = "SELECT seq, at, phase, act, 'U0EVE', what, subject, number, request, details, previous, hash FROM audit"
EITHER = (
    "UPDATE audit SET actor = 'U0EVE' WHERE seq = 3",
    "UPDATE audit SET actor = 'U0EVE'",
    "UPDATE audit SET seq = seq + 1000",
    "DELETE FROM audit WHERE seq = 3",
    "DELETE FROM audit WHERE seq = 12",
    "DELETE FROM audit",
    "DELETE FROM audit_head",
    f"INSERT INTO audit {COPY}",
    f"INSERT INTO audit {COPY} WHERE seq = 12 ON CONFLICT (seq) DO UPDATE SET actor = excluded.actor",
    "INSERT INTO audit_head (id, seq, hash) VALUES (2, 0, '')",
    "UPDATE audit_head SET id = 2",
)
SQLITE = (
    f"INSERT OR REPLACE INTO audit {COPY} WHERE seq = 3",
    f"REPLACE INTO audit {COPY}",
    "UPDATE OR REPLACE audit SET seq = 4 WHERE seq = 3",
    "UPDATE OR IGNORE audit SET actor = 'U0EVE'",
)
POSTGRESQL = ("TRUNCATE audit", "TRUNCATE audit_head", "TRUNCATE audit, audit_head CASCADE")


async def refused(store: SqlStore, sql: str) -> None:
    async with store.reads() as reads:
        before = await reads.chain(0, limit=99)
    with pytest.raises(IntegrityError):
        await say(store, sql)
    async with store.reads() as reads:
        assert await reads.chain(0, limit=99) == before
        assert (await reads.audit_head()).seq == LINES


@pytest.mark.parametrize("sql", EITHER)
async def test_the_database_refuses_to_change_or_remove_a_line(store: SqlStore, sql: str) -> None:
    await refused(store, sql)


@pytest.mark.parametrize("url", ["sqlite"], indirect=True)
@pytest.mark.parametrize("sql", SQLITE)
async def test_sqlite_refuses_to_replace_a_line(store: SqlStore, sql: str) -> None:
    await refused(store, sql)


@pytest.mark.postgres
@pytest.mark.parametrize("url", ["postgresql"], indirect=True)
@pytest.mark.parametrize("sql", POSTGRESQL)
async def test_postgresql_refuses_to_empty_the_trail(store: SqlStore, sql: str) -> None:
    await refused(store, sql)


@pytest.mark.parametrize(
    "sql",
    [
        "UPDATE leases SET reason = ''",
        "UPDATE leases SET owner = ''",
        "UPDATE leases SET until = created",
    ],
)
async def test_the_database_refuses_to_take_reason_owner_or_end_from_a_lease(store: SqlStore, sql: str) -> None:
    async with store.begin() as tx:
        await tx.save_lease(lease())
    with pytest.raises(IntegrityError):
        await say(store, sql)
    async with store.reads() as reads:
        assert await reads.leases() == [lease()]


# --- what is found when somebody gets round that ----------------------------------------------------------------------------------

GUARDS = {
    False: (
        "DROP TRIGGER audit_is_not_updated",
        "DROP TRIGGER audit_is_not_deleted",
        "DROP TRIGGER audit_is_not_replaced",
    ),
    True: ("ALTER TABLE audit DISABLE TRIGGER USER",),
}
OTHERS = "at, phase, act, actor, what, subject, number, request, details, previous, hash"


def _column(chance: random.Random) -> str:
    at = chance.randint(1, LINES)
    new = chance.choice((
        "at = at + 1", "at = at - 1000000", "at = 9223372036854775807", "phase = 'nothing'", "act = act || ' '", "actor = 'U0EVE'",
        "actor = lower(actor)", "what = 'a' || what", "subject = ''", "number = number + 1", "number = -1", "request = 'r'",
        "details = ''", "details = '{}'", "details = 'not json'", "details = '[1]'", "details = replace(details, 'tomorrow', 'never')",
        "details = '{\"until\":1}'", "previous = ''", "previous = hash", "hash = previous", "hash = ''", "hash = upper(hash) || 'A'",
        "seq = -seq", "seq = seq + 1000",
    ))  # fmt: skip
    if not new.startswith("phase") and chance.random() < 0.2:
        new += ", phase = 'nothing'"
    return f"UPDATE audit SET {new} WHERE seq = {at}"


def _delete(chance: random.Random) -> str:
    return f"DELETE FROM audit WHERE seq = {chance.randint(1, LINES)}"


def _cut(chance: random.Random) -> str:
    first = chance.randint(1, LINES)
    return f"DELETE FROM audit WHERE seq BETWEEN {first} AND {chance.randint(first, LINES)}"


def _swap(chance: random.Random) -> str:
    a, b = chance.sample(range(1, LINES + 1), 2)
    away = f"UPDATE audit SET seq = -1 WHERE seq = {a}; UPDATE audit SET seq = {a} WHERE seq = {b}"
    swap = f"{away}; UPDATE audit SET seq = {b} WHERE seq = -1"
    if chance.random() < 0.5:
        return swap
    relinked = (
        f"UPDATE audit SET previous = (SELECT hash FROM audit x WHERE x.seq = {a} - 1) WHERE seq = {a} AND seq > 1"
    )
    return f"{swap}; {relinked}"


def _insert(chance: random.Random) -> str:
    at = chance.randint(1, LINES)
    apart = f"UPDATE audit SET seq = -seq WHERE seq > {at}; UPDATE audit SET seq = 1 - seq WHERE seq < 0"
    forged = f"SELECT {at + 1}, {OTHERS} FROM audit WHERE seq = {chance.randint(1, at)}"
    return f"{apart}; INSERT INTO audit (seq, {OTHERS}) {forged}"


def _more(chance: random.Random) -> str:
    made = f"SELECT {LINES + 1}, {OTHERS} FROM audit WHERE seq = {chance.randint(1, LINES)}"
    return f"INSERT INTO audit (seq, {OTHERS}) {made}"


WAYS: tuple[Callable[[random.Random], str], ...] = (_column, _column, _delete, _cut, _swap, _insert, _more)


async def test_a_thousand_random_tamperings_with_the_table_are_all_found(store: SqlStore) -> None:
    chance = random.Random(7)
    async with writing(store) as session:
        reads = SqlReads(store._db, session, store._reads)
        for guard in GUARDS[store._db.postgres]:
            await session.run(text(guard))
        end = await reads.audit_head()
        for i in range(1000):
            what = WAYS[i % len(WAYS)](chance)
            assert await tampering(session, reads, what) != (None, end), what
        assert verify(await reads.chain(0, limit=99)) == (None, end)


async def tampering(session: Session, reads: SqlReads, what: str) -> tuple[object, Head]:
    """What is found of the chain after it; it is undone again."""
    await session.run(text("SAVEPOINT clean"))
    for part in what.split("; "):
        await session.run(text(part.replace(":", "\\:")))
    found = verify(await reads.chain(-(2**62), limit=99))
    await session.run(text("ROLLBACK TO SAVEPOINT clean"))
    return found


# --- several replicas -------------------------------------------------------------------------------------------------------------


@pytest.mark.postgres
async def test_several_replicas_chain_without_a_gap(postgres_url: str) -> None:
    stores = [await open_store(postgres_url, clock=VirtualClock(), migrate=False) for _ in range(3)]

    async def write(store: SqlStore, name: int) -> None:
        for i in range(10):
            async with store.begin() as tx:
                await tx.audit([line_of(i, act=f"{name}.{i}"), line_of(i, act=f"{name}.{i}")])

    await asyncio.gather(*(write(store, i) for i, store in enumerate(stores * 2)))
    async with stores[0].reads() as reads:
        assert verify(await reads.chain(0, limit=999)) == (None, await reads.audit_head())
        assert (await reads.audit_head()).seq == 6 * 10 * 2
    for store in stores:
        await store.close()


# --- what serves it ---------------------------------------------------------------------------------------------------------------


async def _plan(session: Session, statement: Select[Any], values: dict[str, Any]) -> str:
    compiled = statement.params(values).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
    rows = await session.rows(text(f"EXPLAIN QUERY PLAN {compiled}".replace(":", "\\:")))
    return "\n".join(row[-1] for row in rows)


@pytest.fixture
async def planned(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[str]]]:
    """How SQLite carries out a statement of a store that holds nothing."""
    store = await open_store(f"sqlite:///{tmp_path / 'b.db'}", clock=VirtualClock(), migrate=True)

    async def plan(statement: Callable[[SqlStore], Select[Any]], **values: Any) -> str:
        async with writing(store) as session:
            return await _plan(session, statement(store), values)

    yield plan
    await store.close()


Planned = Callable[..., Awaitable[str]]


async def test_sqlite_finds_leases_requests_and_lines_in_an_index(planned: Planned) -> None:
    for statement, values, index in (
        (lambda s: s._tx.ledger.hiding, {"at": 1}, "INDEX ix_leases_stage"),
        (lambda s: s._tx.ledger.lock_lease, {"b_id": "a"}, "sqlite_autoindex_leases_1"),
        (lambda s: s._reads.ledger.requests, {"b_stage": "waiting", "limit": 9}, "INDEX ix_approvals_stage"),
        (lambda s: s._reads.ledger.trail, {"since": 1, "limit": 9}, "INDEX ix_audit_at"),
        (lambda s: s._reads.ledger.trail.where(AUDIT.c.number == 1), {"since": 1, "limit": 9}, "INDEX ix_audit_number"),
        (lambda s: s._reads.ledger.chain, {"after": 1, "limit": 9}, "INTEGER PRIMARY KEY"),
    ):  # fmt: skip
        plan = await planned(statement, **values)
        assert index in plan
        assert "SCAN" not in plan


@pytest.mark.parametrize(
    ("terms", "index"),
    [
        ((Term(Key.ACCOUNT, (Exact("1"),)), Term(Key.SRC, (Exact("guardduty"),))), "ix_findings_account"),
        ((Term(Key.ACCOUNT, (Exact("1"),)), Term(Key.CONTROL, (Exact("s3.1"),))), "ix_findings_control"),
        ((Term(Key.RESOURCE, (Exact("arn"),)),), "(live=?)"),
    ],
)
async def test_sqlite_does_not_walk_through_every_finding_for_those_of_a_scope(
    planned: Planned, terms: tuple[Term, ...], index: str
) -> None:
    for state in ("open", "suppressed"):
        query = Query((*terms, Term(Key.STATE, (Exact(state),))))
        plan = await planned(lambda s, q=query: s._tx.compiler.following(q, START), after=5, limit=9)
        assert index in plan
        assert "SCAN findings" not in plan
        assert "INTEGER PRIMARY KEY" not in plan
