"""What is old and done is removed; what still matters stays."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.memory import MemoryStore
from bot.adapters.sql import SqlStore
from bot.domain.approval import Stage as Asked
from bot.domain.suppression import Stage
from bot.ports import Listing, SavedView
from tests.contract.builders import START, record
from tests.contract.conftest import VirtualClock
from tests.contract.ledger_builders import DAY, known, lease, line_of, request
from tests.contract.test_store_outbox import card, claim, line, settle

MOMENT = timedelta(microseconds=1)


async def test_only_what_was_said_listed_or_seen_before_that_time_is_removed(
    store: SqlStore | MemoryStore, clock: VirtualClock
) -> None:
    async with store.begin() as tx:
        await tx.insert([(record(), b"")])
        await tx.say([card(1), line(1, "waits")])
        await tx.save_listing(Listing("old", "U", "", (), clock.now()))
        await tx.first_time("old")
    await settle(store, await claim(store))
    clock.move(3 * 24 * 3600)
    async with store.begin() as tx:
        await tx.say([card(2)])
        await tx.save_listing(Listing("new", "U", "", (), clock.now()))
    while (claimed := await claim(store)).saying.number != 2:
        pass
    await settle(store, claimed)
    before = clock.now()
    clock.move(-60)
    border = clock.now()
    assert border < before
    assert await store.prune(border) == 3
    assert await store.prune(border) == 0
    async with store.reads() as reads:
        assert await reads.listing("new") is not None
        assert await reads.listing("old") is None
        assert (await reads.backlog()).waiting == 1
        assert await reads.get(1) is not None
        assert await reads.card(1, "C") is not None


async def test_saved_views_are_never_pruned(store: SqlStore | MemoryStore, clock: VirtualClock) -> None:
    view = SavedView("U0ANA", "mine", "by:me", "U0ANA", clock.now())
    async with store.begin() as tx:
        await tx.save_view(view)
    clock.move(1000 * 24 * 3600)
    assert await store.prune(clock.now()) == 0
    async with store.reads() as reads:
        assert await reads.views(["U0ANA"]) == [view]


async def test_drafts_of_before_that_time_are_removed_and_counted(store: SqlStore | MemoryStore) -> None:
    border = START + 2 * DAY
    ages = {"old": border - DAY, "just": border - MOMENT, "at": border, "young": border + DAY}
    async with store.begin() as tx:
        for id, created in ages.items():
            await tx.save_lease(lease(id, stage=Stage.DRAFT, created=created, until=START + 90 * DAY))
    assert await store.prune(border) == 2
    async with store.reads() as reads:
        assert {one.id for one in await reads.leases()} == {"at", "young"}
    assert await store.prune(border) == 0


@pytest.mark.parametrize("stage", [stage for stage in Stage if stage is not Stage.DRAFT])
async def test_a_lease_of_any_other_stage_is_never_pruned(
    store: SqlStore | MemoryStore, clock: VirtualClock, stage: Stage
) -> None:
    async with store.begin() as tx:
        await tx.save_lease(lease(stage=stage))
    clock.move(3000 * 24 * 3600)
    assert await store.prune(clock.now()) == 0
    async with store.reads() as reads:
        assert await reads.lease("l1") == lease(stage=stage)


async def test_a_draft_that_was_asked_for_meanwhile_is_not_pruned(
    store: SqlStore | MemoryStore, clock: VirtualClock
) -> None:
    async with store.begin() as tx:
        await tx.save_lease(lease(stage=Stage.DRAFT))
    clock.move(3000 * 24 * 3600)
    async with store.begin() as tx:
        draft = await tx.lock_lease("l1")
        assert draft is not None
        pruning = asyncio.ensure_future(store.prune(clock.now()))
        await asyncio.sleep(0)
        await tx.save_lease(replace(draft, stage=Stage.WAITING))
    assert await pruning == 0
    async with store.reads() as reads:
        assert await reads.lease("l1") == lease(stage=Stage.WAITING)


async def test_suppressions_approvals_drifts_and_the_audit_trail_are_never_pruned(
    store: SqlStore | MemoryStore, clock: VirtualClock
) -> None:
    async with store.begin() as tx:
        await tx.save_drifts([known()])
        await tx.save_lease(lease(stage=Stage.ENDED))
        await tx.save_request(request(stage=Asked.EXPIRED))
        head = await tx.audit([line_of(), line_of()])
    clock.move(3000 * 24 * 3600)
    assert await store.prune(clock.now()) == 0
    async with store.reads() as reads:
        assert await reads.lease("l1") == lease(stage=Stage.ENDED)
        assert await reads.drifts() == [known()]
        assert await reads.request("r1") == request(stage=Asked.EXPIRED)
        assert await reads.audit_head() == head
        assert len(await reads.chain(0, limit=9)) == 2
