"""Saved views in every store: one of a name, one default, nobody else's."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace

from bot.ports import SavedView, Store
from tests.contract.builders import START

MINE = SavedView("U0ANA", "week", "prod high+ last:<7d", "U0ANA", START)
OURS = SavedView("C0SEC", "week", "prod critical", "U0BEN", START, default=True)


async def save(store: Store, *views: SavedView) -> None:
    async with store.begin() as tx:
        for view in views:
            await tx.save_view(view)


async def kept(store: Store, *owners: str) -> Sequence[SavedView]:
    async with store.reads() as reads:
        return await reads.views(owners)


async def test_a_view_comes_back_as_it_was_saved(store: Store) -> None:
    odd = SavedView("U0ANA", "zoë’s 🪣", 'text:"a\\b%"', "U0ANA", START)
    await save(store, MINE, OURS, odd)
    assert list(await kept(store, "U0ANA")) == [MINE, odd]
    assert list(await kept(store, "C0SEC")) == [OURS]


async def test_views_of_several_owners_come_by_name_and_then_by_owner(store: Store) -> None:
    first, other = replace(MINE, name="a"), replace(MINE, owner="U0BEN", name="b")
    await save(store, MINE, OURS, other, first)
    assert list(await kept(store, "U0ANA", "C0SEC", "C0SEC")) == [first, OURS, MINE]
    assert list(await kept(store, "nobody")) == []
    assert list(await kept(store)) == []


async def test_a_view_of_the_same_owner_and_name_is_replaced(store: Store) -> None:
    await save(store, MINE, OURS)
    again = replace(MINE, query="staging", author="U0BEN", default=True)
    await save(store, again)
    assert list(await kept(store, "U0ANA")) == [again]
    assert list(await kept(store, "C0SEC")) == [OURS]


async def test_a_default_takes_the_place_of_the_owners_other_default(store: Store) -> None:
    elsewhere = replace(OURS, owner="C0OPS")
    await save(store, OURS, elsewhere)
    newer = replace(OURS, name="month")
    await save(store, newer)
    assert list(await kept(store, "C0SEC")) == [newer, replace(OURS, default=False)]
    assert list(await kept(store, "C0OPS")) == [elsewhere]


async def test_a_view_that_is_no_default_leaves_the_default_alone(store: Store) -> None:
    await save(store, OURS, replace(OURS, name="month", default=False))
    assert [view.default for view in await kept(store, "C0SEC")] == [False, True]
    await save(store, replace(OURS, default=False))
    assert [view.default for view in await kept(store, "C0SEC")] == [False, False]


async def test_two_defaults_saved_at_once_leave_one(store: Store) -> None:
    await asyncio.gather(*(save(store, replace(OURS, name=f"v{i}")) for i in range(6)))
    views = await kept(store, "C0SEC")
    assert len(views) == 6
    assert sum(view.default for view in views) == 1


async def test_deleting_a_view_says_whether_there_was_one(store: Store) -> None:
    await save(store, MINE, OURS)
    async with store.begin() as tx:
        assert await tx.delete_view("U0ANA", "week")
        assert not await tx.delete_view("U0ANA", "week")
        assert not await tx.delete_view("U0BEN", "week")
    assert list(await kept(store, "U0ANA", "C0SEC")) == [OURS]
