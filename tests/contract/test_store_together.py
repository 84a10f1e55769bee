"""Several at once: the same finding in two transactions, and its versions in any order."""

from __future__ import annotations

import asyncio
import random
from datetime import timedelta

import pytest

from bot.domain.finding import Finding, Record, Severity, State, Status, newest
from bot.domain.lifecycle import decide_report
from bot.ports import Store
from tests.contract.builders import PAY, START, finding, record


async def take_in(store: Store, found: Finding) -> None:
    """What the ingest service does with one report, reduced to the store's part."""
    known: Record | None = None
    for _ in range(3):
        async with store.begin() as tx:
            known = (await tx.lock([found.key])).get(found.key)
            after = decide_report(known, found, PAY, START).record
            if after is None:
                return
            if known is not None:
                await tx.update([(after, b"")])
                return
            if await tx.insert([(after, b"")]):
                return
    raise AssertionError("a key that exists was not found three times")


def versions() -> list[Finding]:
    """Eight versions, of which some differ in nothing but when they were sent, or in nothing but their text."""
    hours = [START + timedelta(hours=h) for h in (0, 1, 1, 2, 3, 3, 4, 4)]
    levels = [
        Severity.LOW,
        Severity.HIGH,
        Severity.LOW,
        Severity.CRITICAL,
        Severity.HIGH,
        Severity.HIGH,
        Severity.LOW,
        Severity.LOW,
    ]
    status = [
        Status.ACTIVE,
        Status.ACTIVE,
        Status.RESOLVED,
        Status.ACTIVE,
        Status.SUPPRESSED,
        Status.ACTIVE,
        Status.RESOLVED,
        Status.ACTIVE,
    ]
    return [
        finding(updated=at, emitted=at + timedelta(minutes=i // 2), severity=level, status=state, title=f"version {i}")
        for i, (at, level, state) in enumerate(zip(hours, levels, status, strict=True))
    ]


@pytest.mark.parametrize("seed", range(12))
async def test_versions_in_any_order_and_number_end_in_one_state(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    arriving = versions() + chance.choices(versions(), k=4)
    chance.shuffle(arriving)
    for found in arriving:
        await take_in(store, found)
    async with store.reads() as reads:
        got = await reads.get(1)
    last = newest(versions())
    assert got is not None
    assert got.finding == last
    assert got.state == {Status.ACTIVE: State.OPEN, Status.RESOLVED: State.RESOLVED}[last.status]


async def test_versions_taken_in_at_once_end_in_one_state(store: Store) -> None:
    await asyncio.gather(*(take_in(store, found) for found in versions()))
    async with store.reads() as reads:
        got = await reads.get(1)
    assert got is not None
    assert got.finding.updated == START + timedelta(hours=4)


async def test_two_at_once_insert_a_key_once(store: Store) -> None:
    keys = [f"k{i}" for i in range(20)]

    async def insert(order: list[str]) -> set[str]:
        async with store.begin() as tx:
            return set(await tx.insert([(record(key), b"") for key in order]))

    added = await asyncio.gather(*(insert(order) for order in (keys, keys[::-1], keys)))
    assert sorted(key for some in added for key in some) == sorted(keys)


async def test_a_locked_finding_is_decided_on_by_one_at_a_time(store: Store) -> None:
    async with store.begin() as tx:
        await tx.insert([(record("a"), b""), (record("b"), b"")])

    async def bump(keys: list[str]) -> None:
        async with store.begin() as tx:
            known = await tx.lock(keys)
            await asyncio.sleep(0)
            await tx.update([(r.but(revision=r.revision + 1), None) for r in known.values()])

    await asyncio.gather(*(bump(keys) for keys in (["a", "b"], ["b", "a"]) for _ in range(10)))
    async with store.reads() as reads:
        assert [r.revision for r in await reads.by_numbers([1, 2])] == [21, 21]


async def test_readers_see_what_was_committed_and_nothing_else(store: Store) -> None:
    async with store.begin() as tx:
        await tx.insert([(record("a"), b"")])
        async with store.reads() as reads:
            assert await reads.get(1) is None
    async with store.reads() as reads:
        assert await reads.get(1) is not None
