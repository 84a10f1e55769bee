"""What another transaction holds on PostgreSQL while the old is removed: it may be about to become what is kept."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.sql import SqlStore, open_store
from bot.domain.suppression import Stage
from tests.contract.conftest import VirtualClock
from tests.contract.ledger_builders import lease
from tests.contract.test_store_outbox import claim, drain, edit, say

pytestmark = pytest.mark.postgres
FAR = timedelta(days=3000)


@pytest.fixture
async def store(postgres_url: str) -> AsyncIterator[SqlStore]:
    made = await open_store(postgres_url, clock=VirtualClock(), migrate=False)
    yield made
    await made.close()


async def test_a_draft_that_is_being_asked_for_is_left_alone_and_not_waited_for(store: SqlStore) -> None:
    now = lease().created + FAR
    async with store.begin() as tx:
        for id in ("asked", "forgotten"):
            await tx.save_lease(lease(id, stage=Stage.DRAFT))
    async with store.begin() as tx:
        draft = await tx.lock_lease("asked")
        assert draft is not None
        assert await store.prune(now) == 1
        await tx.save_lease(replace(draft, stage=Stage.WAITING))
    assert await store.prune(now) == 0
    async with store.reads() as reads:
        assert await reads.leases() == [lease("asked", stage=Stage.WAITING)]


async def test_an_edit_that_is_being_asked_for_again_is_left_alone(store: SqlStore) -> None:
    await say(store, edit(1))
    claimed = await claim(store)
    await store.settle(claimed, None)
    async with store.begin() as tx:
        await tx.say([edit(1)])
        assert await store.prune(claimed.created + FAR) == 0
    assert await store.prune(claimed.created + FAR) == 0
    assert await drain(store) == [edit(1).key]
