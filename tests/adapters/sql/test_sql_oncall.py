"""Escalations on the real databases: two replicas never take the same row, a committed stop is seen, and an index serves every tick.

Problem solved: what only a second connection and a planner can show. It refuses to say again what tests/contract says.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Executable, event, text
from sqlalchemy.dialects import postgresql, sqlite

from bot.adapters.sql import SqlStore, open_store
from bot.adapters.sql.codec import micros
from bot.domain.escalation import Progress
from bot.domain.finding import State
from tests.contract.builders import record
from tests.contract.conftest import VirtualClock
from tests.contract.oncall_builders import (
    BEGINNING,
    MINUTE,
    NOW,
    SECOND,
    due,
    escalation,
    figure,
    findings,
    insert,
    newest,
    start,
)

postgres = pytest.mark.postgres
WAIT_S = 30.0
VALUES = {"now": micros(NOW), "limit": 20, "b_number": 1, "since": micros(BEGINNING), "env": "prod", "before": 0}


@pytest.fixture
async def pg(postgres_url: str) -> AsyncIterator[SqlStore]:
    clock = VirtualClock()
    made = await open_store(postgres_url, clock=clock, migrate=False, shift=clock.shift, pool_size=8)
    yield made
    await made.close()


@pytest.fixture
async def lite(tmp_path: Path) -> AsyncIterator[SqlStore]:
    made = await open_store(f"sqlite:///{tmp_path / 'a.db'}", clock=VirtualClock(), migrate=True)
    yield made
    await made.close()


# --- two replicas ----------------------------------------------------------------------------------------------------------------


@postgres
async def test_two_transactions_never_take_the_same_due_row_and_neither_waits(pg: SqlStore) -> None:
    await findings(pg, 5)
    await start(pg, *(escalation(n) for n in range(1, 6)))
    async with pg.begin() as one, pg.begin() as other, pg.begin() as third:
        first = [e.number for _, e in await one.due_escalations(limit=3)]
        second = [e.number for _, e in await other.due_escalations(limit=3)]
        assert (first, second) == ([1, 2, 3], [4, 5])
        assert await third.due_escalations(limit=3) == []


@postgres
async def test_every_due_row_is_told_once_by_replicas_that_tick_at_once(pg: SqlStore) -> None:
    await findings(pg, 60)
    await start(pg, *(escalation(n, due=NOW - n * SECOND) for n in range(1, 61)))
    told: list[int] = []

    async def tick() -> None:
        while True:
            async with pg.begin() as tx:
                found = await tx.due_escalations(limit=7)
                for _, one in found:
                    told.append(one.number)
                    await tx.save_escalation(replace(one, rung=1, due=NOW + timedelta(days=1)))
            if not found:
                return

    await asyncio.wait_for(asyncio.gather(*(tick() for _ in range(5))), WAIT_S)
    assert sorted(told) == list(range(1, 61))


@postgres
async def test_a_stop_that_was_committed_before_leaves_nothing_due(pg: SqlStore) -> None:
    await findings(pg, 1)
    await start(pg, escalation())
    async with pg.begin() as person, pg.begin() as tick:
        await person.lock_number(1)
        assert (
            await tick.due_escalations(limit=9) == []
        )  # it is being acknowledged: nobody waits for that, or overtakes it
        assert list(await person.stop_escalations([1], "acknowledged", "U0ANA")) == [1]
    assert await due(pg) == []


@postgres
async def test_a_stop_between_looking_for_what_is_due_and_locking_it_is_seen(pg: SqlStore) -> None:
    await findings(pg, 2)
    await start(pg, escalation(), escalation(2))
    looked = asyncio.Event()
    async with pg.begin() as tick:
        rows = tick._session.rows

        async def stopped_meanwhile(statement: Executable, values: dict[str, Any] | None = None) -> Sequence[Any]:
            if statement is tick._oncall.still_due and not looked.is_set():
                looked.set()
                async with (
                    pg._db.writing() as other
                ):  # as if it had been committed after the first statement's snapshot
                    await other.run(text("UPDATE escalations SET progress = 'stopped' WHERE number = 1"))
            return await rows(statement, values)

        tick._session.rows = stopped_meanwhile  # type: ignore[method-assign]
        assert [e.number for _, e in await tick.due_escalations(limit=9)] == [2]
    assert looked.is_set()


@postgres
async def test_a_tick_and_an_intake_of_the_same_findings_never_wait_in_a_circle(pg: SqlStore) -> None:
    await findings(pg, 20)
    keys = [f"k{i:05}" for i in range(20)]
    await start(pg, *(escalation(n, due=NOW - n * SECOND) for n in range(1, 21)))

    async def tick(times: int) -> None:
        for _ in range(times):
            async with pg.begin() as tx:
                for found, one in await tx.due_escalations(limit=20):
                    await tx.save_escalation(replace(one, rung=one.rung + 1))
                    await tx.update([(found.but(revision=found.revision + 1), None)])

    async def intake(times: int) -> None:
        for turn in range(times):
            async with pg.begin() as tx:
                known = await tx.lock(keys)
                await tx.update([(r.but(revision=r.revision + 1), None) for r in known.values()])
                await tx.stop_escalations([n for n in range(1, 21) if n % 3 == turn % 3], "resolved", "")
                await tx.start_escalations([escalation(n, turn + 2) for n in range(1, 21)])

    await asyncio.wait_for(asyncio.gather(*(work(8) for work in (tick, intake, tick, intake))), WAIT_S)
    async with pg.reads() as reads:
        running = await reads.escalations(progress=[Progress.RUNNING], limit=99)
    assert len({e.number for e in running}) == len(running)


@postgres
async def test_two_transactions_never_take_the_same_lapsed_finding(pg: SqlStore) -> None:
    await findings(pg, 5, state=State.ACKNOWLEDGED, ack_by="U", ack_until=NOW - MINUTE)
    async with pg.begin() as one, pg.begin() as other:
        first = [r.number for r in await one.lock_lapsed(limit=3)]
        second = [r.number for r in await other.lock_lapsed(limit=9)]
    assert (first, second) == ([1, 2, 3], [4, 5])


@postgres
async def test_a_stopped_escalation_that_is_being_made_to_run_again_is_not_pruned(pg: SqlStore) -> None:
    stopped = escalation(progress=Progress.STOPPED)
    await start(pg, stopped, escalation(2, progress=Progress.STOPPED))
    async with pg.begin() as tx:
        assert await tx.lock_escalation(1) == stopped
        assert await pg.prune(NOW + MINUTE) == 1
        await tx.save_escalation(escalation())
    assert await pg.prune(NOW + MINUTE) == 0
    assert await newest(pg) == escalation()


# --- statements and plans --------------------------------------------------------------------------------------------------------


async def test_nothing_to_start_stop_open_or_close_asks_the_database_nothing(lite: SqlStore) -> None:
    asked: list[str] = []
    async with lite.begin() as tx:
        engine = lite._db._writers.sync_engine
        event.listen(engine, "before_cursor_execute", lambda *args: asked.append(args[2]))
        await tx.start_escalations([])
        await tx.stop_escalations([], "why", "")
        await tx.open_figures([])
        await tx.close_figures([], acked=NOW)
        await tx.close_figures([1])
        assert asked == []
        await tx.stop_escalations(range(500), "why", "")
        await tx.close_figures(range(500), acked=NOW, resolved=NOW)
        assert [sql.split()[0] for sql in asked] == ["BEGIN", "UPDATE", "UPDATE"]


def ticks(store: SqlStore) -> dict[str, tuple[Any, Sequence[str]]]:
    """What is asked again and again, and the indexes that must serve it."""
    tx, reads = store._tx.oncall, store._reads.oncall
    return {
        "due": (tx.candidates, ["ix_escalations_due"]),
        "lapsed": (tx.lapsed, ["ix_findings_ack_until"]),
        "newest": (reads.newest, ["escalations_pkey"]),
        "running": (reads.everywhere[Progress.RUNNING], ["ix_escalations_due"]),
        "exhausted": (reads.everywhere[Progress.EXHAUSTED], ["ix_escalations_exhausted"]),
        "running there": (reads.somewhere[Progress.RUNNING], ["ix_escalations_due"]),
        "figures": (reads.figures, ["ix_figures_opened"]),
    }


TICKS = ("due", "lapsed", "newest", "running", "exhausted", "running there", "figures")
PRUNED = {4: "ix_escalations_stopped", 6: "ix_figures_opened"}
"""The places of the removals that have an index of their own."""


async def lite_plan(store: SqlStore, statement: Any) -> str:
    compiled = statement.compile(dialect=sqlite.dialect(paramstyle="named"))
    async with store._db.writing() as session:
        rows = await session.rows(text(f"EXPLAIN QUERY PLAN {compiled}"), known(compiled))
    return "\n".join(row[-1] for row in rows)


def known(compiled: Any) -> dict[str, Any]:
    """The statement's values: its own constants, and VALUES."""
    return {name: VALUES.get(name, value) for name, value in compiled.params.items()}


@pytest.mark.parametrize("which", TICKS)
async def test_sqlite_serves_a_tick_from_an_index_and_sorts_nothing(lite: SqlStore, which: str) -> None:
    statement, indexes = ticks(lite)[which]
    plan = await lite_plan(lite, statement)
    for index in indexes:
        assert index.replace("escalations_pkey", "sqlite_autoindex_escalations_1") in plan
    assert "TEMP B-TREE" not in plan
    # What is walked through is an index that holds only what is asked for, in its order, and no further than the limit.
    scans = [step for step in plan.splitlines() if step.startswith("SCAN")]
    assert all(any(index in step for index in indexes) for step in scans)


@pytest.mark.parametrize(("place", "index"), PRUNED.items())
async def test_sqlite_finds_what_is_pruned_in_an_index(lite: SqlStore, place: int, index: str) -> None:
    assert index in await lite_plan(lite, lite._removals[place])


async def postgres_plan(store: SqlStore, statement: Any, mode: str) -> str:
    """As a prepared statement, which is how the driver asks: with the values known, and for any values."""
    compiled = statement.compile(dialect=postgresql.asyncpg.dialect())  # type: ignore[no-untyped-call]
    async with store._db.writing() as session:
        given = known(compiled) | {"now": session.now}
        values = ", ".join(repr(given[name]) for name in compiled.positiontup)
        await session.run(text(f"SET LOCAL plan_cache_mode = {mode}"))
        await session.run(text(f"PREPARE asked AS {compiled}".replace(":", "\\:")))
        rows = await session.rows(text(f"EXPLAIN EXECUTE asked({values})".replace(":", "\\:")))
        await session.run(text("DEALLOCATE asked"))
    return "\n".join(row[0] for row in rows)


_MANY = 100_000
_FILLING = (
    # Of the findings a fifth is acknowledged, and 40 of these have lapsed; of 60,000 escalations 400 run and 20 are due.
    "INSERT INTO findings SELECT r.* FROM findings f, generate_series(2, :many) n, jsonb_populate_record(f, jsonb_build_object("
    " 'number', n, 'key', 'many' || n, 'state', CASE WHEN n % 5 = 0 THEN 'acknowledged' ELSE 'open' END,"
    " 'ack_until', CASE WHEN n % 5 = 0 THEN :now + (n - 202) * 60000000 END)) r",
    "INSERT INTO escalations SELECT n, 1, 'p', :now, :now + (n - 3000) * 1000000, 0, NULL,"
    " CASE WHEN n % 150 = 0 THEN 'running' WHEN n % 151 = 0 THEN 'exhausted' ELSE 'stopped' END, '', ''"
    " FROM generate_series(1, :many * 3 / 5) n",
    "INSERT INTO figures SELECT n, 1, 'prod', 3, :now - n * 1000000, NULL, NULL FROM generate_series(1, :many) n",
)


@postgres
async def test_postgresql_serves_every_tick_from_an_index_among_a_hundred_thousand_findings(pg: SqlStore) -> None:
    await insert(pg, record())
    async with pg._db.writing() as session:
        for statement in _FILLING:
            # as text: a series of bigints, whose times do not fit into anything smaller
            many, now = f"{_MANY}::bigint", str(micros(NOW))
            await session.run(text(statement.replace(":many", many).replace(":now", now).replace(":", "\\:")))
        await session.run(text("ANALYZE findings, escalations, figures"))
    for which, (statement, indexes) in ticks(pg).items():
        for mode in ("force_custom_plan", "force_generic_plan"):
            plan = await postgres_plan(pg, statement, mode)
            assert all(index in plan for index in indexes), (which, mode, plan)
            assert "Seq Scan" not in plan, (which, mode, plan)
            assert "->  Sort" not in plan, (which, mode, plan)
    async with pg.begin() as tx:
        assert len(await tx.due_escalations(limit=99)) == 20
        assert len(await tx.lock_lapsed(limit=99)) == 40


async def test_a_figure_of_before_the_upgrade_is_no_error(lite: SqlStore) -> None:
    async with lite.begin() as tx:
        await tx.close_figures([1], acked=NOW)
        await tx.open_figures([figure(1, 2)])
    async with lite.reads() as reads:
        assert list(await reads.figures(BEGINNING, limit=9)) == [figure(1, 2)]
