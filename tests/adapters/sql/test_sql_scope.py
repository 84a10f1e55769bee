"""What happens on PostgreSQL to the findings of a query between their being found and their being locked."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest
from sqlalchemy import text

from bot.adapters.sql import SqlStore, open_store
from bot.domain.finding import State
from bot.domain.query import Exact, Key, Query, Term
from tests.contract.builders import START, record
from tests.contract.conftest import VirtualClock

OPEN = Query((Term(Key.STATE, (Exact("open"),)),))
_WAITING = text("SELECT count(*) FROM pg_locks WHERE NOT granted")


async def _until_somebody_waits(store: SqlStore) -> None:
    waiting = 0
    async with asyncio.timeout(10):
        while not waiting:
            async with store._db.reading() as session:
                waiting = await session.value(_WAITING)


@pytest.mark.postgres
async def test_a_finding_that_left_the_query_before_it_was_locked_is_replaced_by_another(postgres_url: str) -> None:
    store = await open_store(postgres_url, clock=VirtualClock(), migrate=False)
    async with store.begin() as tx:
        await tx.insert([(record(f"k{i}"), b"") for i in range(1, 6)])

    async def locked() -> Sequence[int]:
        async with store.begin() as tx:
            return [one.number for one in await tx.lock_found(OPEN, START, limit=3)]

    async with store.begin() as tx:
        second = await tx.lock_number(2)
        assert second is not None
        await tx.update([(second.but(state=State.RESOLVED), None)])
        found = asyncio.ensure_future(locked())
        await _until_somebody_waits(store)
    assert await found == [1, 3, 4]
    await store.close()
