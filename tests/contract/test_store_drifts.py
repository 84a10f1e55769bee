"""What was told of rules that are not ours: remembered whole, told again when it changes, forgotten when it is gone."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bot.adapters.memory import MemoryStore
from bot.domain.drift import Known
from bot.ports import Store
from tests.contract.builders import START
from tests.contract.ledger_builders import CUT, DAY, HOSTILE, MENDED, known

WHOLE = known(
    HOSTILE,
    digest=HOSTILE,
    first=datetime(1970, 1, 1, tzinfo=UTC),
    told=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
)


async def save(store: Store, *made: Known) -> None:
    async with store.begin() as tx:
        await tx.save_drifts(made)


async def forget(store: Store, *keys: str) -> None:
    async with store.begin() as tx:
        await tx.forget_drifts(keys)


async def kept(store: Store) -> list[Known]:
    async with store.reads() as reads:
        return list(await reads.drifts())


async def test_a_new_store_knows_of_none(store: Store) -> None:
    assert await kept(store) == []


@pytest.mark.parametrize("made", [known(), WHOLE, known("")], ids=("plain", "hostile", "empty"))
async def test_a_drift_comes_back_as_it_was_saved(store: Store, made: Known) -> None:
    await save(store, made)
    assert await kept(store) == [made]


async def test_drifts_come_by_key_whatever_their_letters(store: Store) -> None:
    keys = ["b", "B", "a:é", "a:z", "a", "a:🪣", "a:日", "_", "1", "-"]
    await save(store, *map(known, keys))
    assert [one.key for one in await kept(store)] == sorted(keys)


async def test_a_drift_of_the_same_key_is_changed_and_others_stay(store: Store) -> None:
    await save(store, known("a"), known("b"))
    after = replace(WHOLE, key="a")
    await save(store, after, known("c"))
    assert await kept(store) == [after, known("b"), known("c")]


async def test_of_one_key_twice_in_one_call_the_later_is_kept(store: Store) -> None:
    await save(store, known("b"), known("a", digest="x"), known("b", told=START + 9 * DAY), known("a", digest="y"))
    assert await kept(store) == [known("a", digest="y"), known("b", told=START + 9 * DAY)]


async def test_only_those_of_the_keys_are_forgotten_and_unknown_keys_are_no_error(store: Store) -> None:
    await save(store, known("a"), WHOLE, known("b"), known("a%"), known("A"))
    await forget(store, HOSTILE, "a%", "unknown", "a%")
    assert await kept(store) == [known("A"), known("a"), known("b")]
    await forget(store, *(one.key for one in await kept(store)))
    assert await kept(store) == []


async def test_a_forgotten_drift_can_be_found_again(store: Store) -> None:
    await save(store, known())
    await forget(store, known().key)
    await save(store, WHOLE, known(first=START + DAY))
    assert set(await kept(store)) == {WHOLE, known(first=START + DAY)}


async def test_saving_and_forgetting_nothing_changes_nothing(store: Store) -> None:
    await save(store, known())
    await save(store)
    await forget(store)
    assert await kept(store) == [known()]


async def test_nothing_is_saved_or_forgotten_by_a_transaction_that_was_rolled_back(store: Store) -> None:
    await save(store, known("a"))

    async def fail() -> None:
        async with store.begin() as tx:
            await tx.save_drifts([known("b")])
            await tx.forget_drifts(["a"])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await kept(store) == [known("a")]


async def test_keys_that_a_database_refuses_are_mended_and_forgotten_by_what_they_were(store: Store) -> None:
    await save(store, known(CUT, digest=CUT))
    want = CUT if isinstance(store, MemoryStore) else MENDED
    assert await kept(store) == [known(want, digest=want)]
    await forget(store, CUT)
    assert await kept(store) == []


async def test_a_thousand_are_kept(store: Store) -> None:
    made = [known(f"k{i:04}", told=START + i * DAY) for i in range(1000)]
    await save(store, *made[::-1])
    assert await kept(store) == made
    await forget(store, *(one.key for one in made[1:]))
    assert await kept(store) == made[:1]


async def test_several_that_looked_at_once_do_not_wait_for_each_other(store: Store) -> None:
    keys = [f"k{i:02}" for i in range(30)]

    async def look(seed: int) -> None:
        shuffled = random.Random(seed).sample(keys, len(keys))
        async with store.begin() as tx:
            await tx.save_drifts([known(key, told=START + seed * DAY) for key in shuffled])
            await asyncio.sleep(0)

    await asyncio.gather(*map(look, range(8)))
    found = await kept(store)
    assert [one.key for one in found] == keys
    assert len({one.told for one in found}) == 1, "one of them was the last, of all"
