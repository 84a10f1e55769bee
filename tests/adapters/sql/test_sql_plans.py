"""Lists and claims are served by an index: nothing is sorted and no table is walked through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import CompoundSelect, Select, text
from sqlalchemy.dialects import postgresql, sqlite

from bot.adapters.sql import SqlStore, open_store
from bot.adapters.sql.grouping import grouping
from bot.adapters.sql.tables import FINDINGS
from bot.domain.finding import Account, Entry
from bot.domain.query import Exact, Glob, Group, Key, Query, Sort, Span, Term, Within
from bot.ports import Listing
from tests.contract.builders import START, record
from tests.contract.conftest import VirtualClock

LIVE = Term(Key.STATE, (Exact("open"), Exact("acknowledged")))
OPEN = Term(Key.STATE, (Exact("open"),))
PROD = Term(Key.ENV, (Exact("prod"),))
MINE = Term(Key.BY, (Exact("u0ana"), Glob("u1*")))
ENDING = Term(Key.LEASE, (Span(None, timedelta(days=1)),))
LISTS: Sequence[tuple[Query, str]] = (
    (Query((LIVE,)), "ix_findings_live"),
    (Query((Term(Key.ENV, (Exact("prod"),)), LIVE)), "ix_findings_env"),
    (Query((Term(Key.SRC, (Exact("guardduty"),)), LIVE)), "ix_findings_source"),
    (Query((Term(Key.ENV, (Exact("prod"),)), Term(Key.STATE, (Exact("open"),)))), "ix_findings_env"),
    (Query((LIVE,), sort=Sort.AGE), "ix_findings_first"),
    (Query((PROD, Term(Key.CONTROL, (Exact("s3.1"),)), LIVE)), "ix_findings_control"),
    (Query((LIVE,), views=(Within("v", (PROD, LIVE)),)), "ix_findings_env"),
)
FEW: Sequence[tuple[Query, str]] = (
    (Query((MINE, LIVE)), "ix_findings_by"),
    (Query((MINE, PROD, OPEN, Term(Key.LAST, (Span(None, timedelta(days=7)),)))), "ix_findings_by"),
    (Query((LIVE,), views=(Within("mine", (MINE,)),)), "ix_findings_by"),
    (Query((ENDING, LIVE)), "ix_findings_ack_until"),
)
"""Queries that hold few findings whatever else they ask for."""
FEWER: Sequence[tuple[Query, str]] = (
    (Query((PROD, MINE, ENDING)), "ix_findings_by"),
    (Query((PROD, ENDING, Term(Key.STATE, (Exact("suppressed"),)))), "ix_findings_ack_until"),
)
"""The same, with another index that may be as good: PostgreSQL, which keeps figures, chooses by them."""


@pytest.fixture
async def store(tmp_path: Path) -> AsyncIterator[SqlStore]:
    made = await open_store(f"sqlite:///{tmp_path / 'a.db'}", clock=VirtualClock(), migrate=True)
    yield made
    await made.close()


async def sqlite_plan(store: SqlStore, sql: str) -> str:
    async with store._db.writing() as session:
        rows = await session.rows(text(f"EXPLAIN QUERY PLAN {sql}".replace(":", "\\:")))
    return "\n".join(row[-1] for row in rows)


def written(statement: Select[Any] | CompoundSelect[Any], *, postgres: bool) -> str:
    dialect = postgresql.dialect() if postgres else sqlite.dialect()  # type: ignore[no-untyped-call]
    return str(statement.params(limit=8).compile(dialect=dialect, compile_kwargs={"literal_binds": True}))


@pytest.mark.parametrize(("query", "index"), LISTS)
async def test_sqlite_serves_a_page_and_its_counts_from_an_index(store: SqlStore, query: Query, index: str) -> None:
    page = store._reads.compiler.listing(query, START, FINDINGS.c.number, FINDINGS.c.doc)
    plan = await sqlite_plan(store, written(page, postgres=False))
    assert index in plan
    assert "TEMP B-TREE" not in plan
    if query.terms[-1] is LIVE and query.sort is Sort.SEVERITY and not query.asks(Key.CONTROL):
        counted = await sqlite_plan(store, written(store._reads.compiler.counting(query, START), postgres=False))
        assert f"COVERING INDEX {index}" in counted


@pytest.mark.postgres
@pytest.mark.parametrize(("query", "index"), LISTS)
async def test_postgresql_can_serve_a_page_from_an_index_without_sorting(
    postgres_url: str, query: Query, index: str
) -> None:
    store = await open_store(postgres_url, clock=VirtualClock(), migrate=False)
    page = store._reads.compiler.listing(query, START, FINDINGS.c.number, FINDINGS.c.doc)
    async with store.begin() as tx:
        await tx.insert(
            [(record(f"k{i}", account=Account("1", env=f"e{i % 40}"), source=f"s{i % 50}"), b"") for i in range(400)]
        )
    async with store._db.writing() as session:
        await session.run(text("ANALYZE findings"))
        for way in ("seqscan", "bitmapscan", "sort"):  # a small table is always cheaper to walk through
            await session.run(text(f"SET LOCAL enable_{way} = off"))
        rows = await session.rows(text(f"EXPLAIN {written(page, postgres=True)}".replace(":", "\\:")))
    await store.close()
    plan = "\n".join(row[0] for row in rows)
    assert f"Index Scan Backward using {index}" in plan or f"Index Scan using {index}" in plan
    assert "Sort" not in plan


async def test_sqlite_claims_from_the_index_of_what_waits(store: SqlStore) -> None:
    best = store._outbox.claim.compile(dialect=sqlite.dialect())
    sql = str(best).replace("?", "1")
    plan = await sqlite_plan(store, sql)
    assert "USING COVERING INDEX ix_outbox_channel" in plan or "USING INDEX ix_outbox_channel" in plan
    assert "ix_outbox_number" in plan
    assert "SCAN" not in plan
    assert "TEMP B-TREE" not in plan


# --- what few findings have -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("query", "index"), [*FEW, *FEWER])
async def test_sqlite_looks_for_what_few_findings_have_in_their_own_index(
    store: SqlStore, query: Query, index: str
) -> None:
    compiler = store._reads.compiler
    page = compiler.listing(query, START, FINDINGS.c.number, FINDINGS.c.doc)
    groups = (grouping(compiler, query, group, START) for group in Group)
    for statement in (page, compiler.counting(query, START), *groups):
        plan = await sqlite_plan(store, written(statement, postgres=False))
        assert f"INDEX {index}" in plan
        assert plan.count("ix_findings") == plan.count(index)


@pytest.mark.postgres
@pytest.mark.parametrize(("query", "index"), FEW)
async def test_postgresql_looks_for_what_few_findings_have_in_their_own_index(
    postgres_url: str, query: Query, index: str
) -> None:
    store = await open_store(postgres_url, clock=VirtualClock(), migrate=False)
    page = store._reads.compiler.listing(query, START, FINDINGS.c.number, FINDINGS.c.doc)
    rare = {"ack_by": "U0ANA", "ack_until": START + timedelta(hours=1)}
    async with store.begin() as tx:
        await tx.insert([(record(f"k{i}", **(rare if i % 100 == 0 else {})), b"") for i in range(1000)])
    async with store._db.writing() as session:
        await session.run(text("ANALYZE findings"))
        rows = await session.rows(text(f"EXPLAIN {written(page, postgres=True)}".replace(":", "\\:")))
    await store.close()
    assert index in "\n".join(row[0] for row in rows)


@pytest.mark.parametrize(
    ("group", "index"),
    [
        (Group.ACCOUNT, "ix_findings_account"),
        (Group.CONTROL, "ix_findings_control"),
        (Group.ENV, "ix_findings_env"),
        (Group.SRC, "ix_findings_source"),
        (Group.AGE, "ix_findings_first"),
        (Group.SEV, "ix_findings_live"),
    ],
)
async def test_sqlite_counts_the_groups_of_everything_live_in_an_index_alone(
    store: SqlStore, group: Group, index: str
) -> None:
    statement = grouping(store._reads.compiler, Query((LIVE,)), group, START)
    assert f"COVERING INDEX {index}" in await sqlite_plan(store, written(statement, postgres=False))


# --- what was said and listed -----------------------------------------------------------------------------------------------


async def test_sqlite_finds_what_was_said_and_listed_in_an_index(store: SqlStore) -> None:
    reads = store._reads
    for statement, values, index in (
        (reads.said, {"number": 1}, "ix_outbox_sent"),
        (reads.last_listing, {"b_user": "U"}, "ix_listings_user"),
    ):
        compiled = statement.params(values).compile(dialect=sqlite.dialect(), compile_kwargs={"literal_binds": True})
        plan = await sqlite_plan(store, str(compiled))
        assert f"INDEX {index}" in plan
        assert "SCAN" not in plan


@pytest.mark.postgres
async def test_postgresql_finds_what_was_said_and_listed_in_an_index(postgres_url: str) -> None:
    store = await open_store(postgres_url, clock=VirtualClock(), migrate=False)
    async with store.begin() as tx:
        numbers = await tx.insert([(record(), b"")])
        await tx.note([(numbers["k1"], Entry(at=START, kind="new", actor="U" * (i % 50 == 0))) for i in range(2000)])
        for i in range(300):
            await tx.save_listing(Listing(str(i), f"U{i % 40}", "", (), START))
    reads = store._reads
    async with store._db.writing() as session:
        await session.run(text("ANALYZE timeline, listings"))
        await session.run(text("SET LOCAL enable_seqscan = off"))
        for statement, values, index in (
            (reads.said, {"number": 1}, "ix_outbox_sent"),
            (reads.last_listing, {"b_user": "U1"}, "ix_listings_user"),
        ):
            compiled = statement.params(values).compile(
                dialect=postgresql.dialect(),  # type: ignore[no-untyped-call]
                compile_kwargs={"literal_binds": True},
            )
            rows = await session.rows(text(f"EXPLAIN {compiled}".replace(":", "\\:")))
            assert index in "\n".join(row[0] for row in rows)
    await store.close()
