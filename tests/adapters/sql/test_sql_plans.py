"""Lists and claims are served by an index: nothing is sorted and no table is walked through."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import CompoundSelect, Select, text
from sqlalchemy.dialects import postgresql, sqlite

from bot.adapters.sql import SqlStore, open_store
from bot.adapters.sql.tables import FINDINGS
from bot.domain.finding import Account
from bot.domain.query import Exact, Key, Query, Sort, Term
from tests.contract.builders import START, record
from tests.contract.conftest import VirtualClock

LIVE = Term(Key.STATE, (Exact("open"), Exact("acknowledged")))
LISTS: Sequence[tuple[Query, str]] = (
    (Query((LIVE,)), "ix_findings_live"),
    (Query((Term(Key.ENV, (Exact("prod"),)), LIVE)), "ix_findings_env"),
    (Query((Term(Key.SRC, (Exact("guardduty"),)), LIVE)), "ix_findings_source"),
    (Query((Term(Key.ENV, (Exact("prod"),)), Term(Key.STATE, (Exact("open"),)))), "ix_findings_env"),
    (Query((LIVE,), sort=Sort.AGE), "ix_findings_first"),
)


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
    if query.asks(Key.STATE) and len(query.terms[-1].values) == 2 and query.sort is Sort.SEVERITY:
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
