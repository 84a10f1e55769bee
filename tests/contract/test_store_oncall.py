"""Swaps of shifts and quiet hours in every store: added, changed, found again, removed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.memory import MemoryStore
from bot.adapters.sql import SqlStore
from bot.domain.oncall import Swap
from bot.ports import Store
from bot.ports.oncall import Quiet
from tests.contract.builders import START
from tests.contract.conftest import VirtualClock
from tests.contract.ledger_builders import CUT, HOSTILE, MENDED
from tests.contract.oncall_builders import BEGINNING, DAY, END, quiet, swap

MOMENT = timedelta(microseconds=1)
WHOLE = Swap(
    id=HOSTILE, rotation=HOSTILE, person=HOSTILE, start=BEGINNING, end=END, author=HOSTILE, made=START + MOMENT
)  # fmt: skip


async def save(store: Store, *made: Swap | Quiet) -> None:
    async with store.begin() as tx:
        for one in made:
            await (tx.save_swap(one) if isinstance(one, Swap) else tx.save_quiet(one))


async def swaps(store: Store) -> Sequence[Swap]:
    async with store.reads() as reads:
        return list(await reads.swaps(BEGINNING))


async def quiets(store: Store) -> Sequence[Quiet]:
    async with store.reads() as reads:
        return list(await reads.quiets())


async def test_a_new_store_has_neither_swaps_nor_quiet_hours(store: Store) -> None:
    assert (await swaps(store), await quiets(store)) == ([], [])


# --- swaps -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [swap(), WHOLE], ids=("plain", "hostile"))
async def test_a_swap_comes_back_as_it_was_saved(store: Store, made: Swap) -> None:
    await save(store, made)
    assert await swaps(store) == [made]


async def test_swaps_that_have_ended_are_not_asked_for_and_others_come_by_when_they_were_made(store: Store) -> None:
    made = [swap(id, made=START + days * DAY, end=START + DAY) for id, days in (("c", 3), ("b", 1), ("a", 3), ("d", 2))]
    await save(store, *made, swap("over", end=START), swap("now", end=START + MOMENT, made=END))
    async with store.reads() as reads:
        assert [s.id for s in await reads.swaps(START)] == ["b", "d", "a", "c", "now"]


async def test_a_swap_of_the_same_id_is_changed(store: Store) -> None:
    await save(store, swap("a"), swap("b"))
    after = replace(WHOLE, id="a")
    await save(store, after)
    assert await swaps(store) == [swap("b"), after]


async def test_a_swap_is_deleted_once(store: Store) -> None:
    await save(store, swap("a"), WHOLE)
    async with store.begin() as tx:
        assert [await tx.delete_swap(id) for id in (HOSTILE, HOSTILE, "unknown")] == [True, False, False]
    assert await swaps(store) == [swap("a")]


async def test_swaps_that_ended_before_are_pruned(store: SqlStore | MemoryStore) -> None:
    border = START + 9 * DAY
    ends = {"old": border - DAY, "just": border - MOMENT, "at": border, "young": border + DAY}
    await save(store, *(swap(id, end=end) for id, end in ends.items()))
    assert await store.prune(border) == 2
    assert [s.id for s in await swaps(store)] == ["at", "young"]
    assert await store.prune(border) == 0


# --- quiet hours -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("made", [quiet(), quiet(HOSTILE, begin=0, end=1440, zone=HOSTILE, told=END)])
async def test_quiet_hours_come_back_as_they_were_saved(store: Store, made: Quiet) -> None:
    await save(store, made)
    assert await quiets(store) == [made]


async def test_each_person_has_one_row_that_is_changed(store: Store) -> None:
    await save(store, quiet("U2"), quiet("U1"), quiet("U2", begin=1, end=2, zone="UTC", told=START))
    assert await quiets(store) == [quiet("U1"), quiet("U2", begin=1, end=2, zone="UTC", told=START)]
    await save(store, quiet("U2"))
    assert await quiets(store) == [quiet("U1"), quiet("U2")]


async def test_quiet_hours_are_deleted_once(store: Store) -> None:
    await save(store, quiet("U1"), quiet("U2"))
    async with store.begin() as tx:
        assert [await tx.delete_quiet(user) for user in ("U1", "U1", "U3")] == [True, False, False]
    assert await quiets(store) == [quiet("U2")]


async def test_quiet_hours_are_never_pruned(store: SqlStore | MemoryStore, clock: VirtualClock) -> None:
    await save(store, quiet(told=BEGINNING))
    clock.move(3000 * 24 * 3600)
    assert await store.prune(clock.now()) == 0
    assert await quiets(store) == [quiet(told=BEGINNING)]


# --- both ------------------------------------------------------------------------------------------------------------------------


async def test_what_a_database_refuses_is_mended_and_found_by_what_it_was(store: Store) -> None:
    want = CUT if isinstance(store, MemoryStore) else MENDED
    await save(store, swap(CUT, rotation=CUT, person=CUT, author=CUT), quiet(CUT, zone=CUT))
    assert await swaps(store) == [swap(want, rotation=want, person=want, author=want)]
    assert await quiets(store) == [quiet(want, zone=want)]
    async with store.begin() as tx:
        assert await tx.delete_swap(CUT)
        assert await tx.delete_quiet(CUT)


async def test_a_transaction_that_failed_saved_and_deleted_nothing(store: Store) -> None:
    await save(store, swap("a"), quiet("U1"))

    async def fail() -> None:
        async with store.begin() as tx:
            await tx.save_swap(swap("b"))
            await tx.save_quiet(quiet("U2"))
            await tx.delete_swap("a")
            await tx.delete_quiet("U1")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert (await swaps(store), await quiets(store)) == ([swap("a")], [quiet("U1")])
