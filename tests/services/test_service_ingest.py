"""Taking a batch in: what is committed, what is set aside, what stays in the queue, and what is queued to be said."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from itertools import permutations
from typing import Any

import pytest

from bot.domain.finding import State, Status
from bot.errors import Malformed, StoreUnavailable
from tests.support.parts import Parts, a_finding
from tests.support.trouble import Breakable


async def test_a_batch_is_done_whole_and_poison_stops_nothing(parts: Parts) -> None:
    taken = await parts.take(a_finding("a"), Malformed("bad"), "not_a_finding", a_finding("b"))
    assert len(taken.done) == 4
    assert taken.not_taken == ()
    assert taken.announced == 2
    async with parts.store.reads() as reads:
        [poison] = await reads.quarantined()
        assert poison.reason == "malformed"
        assert await reads.get(2) is not None
    assert parts.metrics.totals("ignored") == {"not_a_finding": 1}


@pytest.mark.parametrize(("attempts", "stays"), [(1, True), (2, True), (3, False), (9, False)])
async def test_what_breaks_a_plug_is_tried_three_times_then_set_aside(parts: Parts, attempts: int, stays: bool) -> None:
    taken = await parts.take(a_finding(), ZeroDivisionError("a bug"), attempts=attempts)
    assert bool(taken.not_taken) is stays
    async with parts.store.reads() as reads:
        assert await reads.quarantine_count() == (0 if stays else 1)
        assert await reads.get(1) is not None


async def test_a_database_that_does_not_answer_commits_nothing(build: Callable[..., Parts]) -> None:
    broken = Breakable()
    parts = build(wrap=broken.wrap)
    broken.fail_writes_with = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        await parts.take(a_finding(), Malformed("bad"))
    async with parts.store.reads() as reads:
        assert await reads.get(1) is None
        assert await reads.quarantine_count() == 0


async def test_an_empty_batch_opens_no_transaction(build: Callable[..., Parts]) -> None:
    broken = Breakable()
    parts = build(wrap=broken.wrap)
    broken.fail_writes_with = StoreUnavailable()
    assert (await parts.take()).done == ()
    assert len((await parts.take("ignored")).done) == 1


VERSIONS = (
    a_finding(),
    a_finding(later_s=1, severity="critical"),
    a_finding(later_s=2, severity="medium"),
    a_finding(later_s=3, status=Status.RESOLVED),
)


@pytest.mark.parametrize("order", list(permutations(range(4))))
@pytest.mark.parametrize("at_once", [True, False])
async def test_any_order_and_any_batching_of_versions_ends_in_the_newest(
    parts: Parts, order: tuple[int, ...], at_once: bool
) -> None:
    versions = [VERSIONS[i] for i in order] * 2
    for batch in [versions] if at_once else [[v] for v in versions]:
        await parts.take(*batch)
    async with parts.store.reads() as reads:
        record = await reads.get(1)
        assert record is not None
        assert record.finding.updated == VERSIONS[3].updated
        assert record.state == "resolved"
        assert await reads.get(2) is None


async def test_a_batch_with_a_findings_whole_life_is_one_card_where_it_ended(parts: Parts) -> None:
    await parts.say(*VERSIONS)
    cards = [channel for what, channel in parts.messenger.what if what == "card"]
    assert cards == ["critical"]
    assert parts.messenger.what[0] == ("card", "critical")
    assert "resolved" in parts.messenger.said[0][2].text.lower()


async def test_a_silent_route_queues_nothing(parts: Parts) -> None:
    await parts.say(a_finding(severity="info"))
    assert parts.messenger.said == []


async def test_a_finding_that_leaves_silence_is_announced(parts: Parts) -> None:
    await parts.say(a_finding(severity="info"))
    await parts.say(a_finding(later_s=5, severity="critical"))
    assert parts.messenger.what == [("card", "critical")]


class _Blind:
    """A store whose next transaction does not see what another replica inserts at the same moment."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner
        self.next_is_blind = False
        self.transactions = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        async with self.inner.begin() as tx:
            self.transactions += 1
            if self.next_is_blind:
                self.next_is_blind = False
                yield _BlindTx(tx)
            else:
                yield tx


class _BlindTx:
    def __init__(self, inner: Any) -> None:
        self._inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    async def lock(self, keys: Any) -> dict[str, Any]:
        del keys
        return {}


async def test_what_another_replica_inserted_meanwhile_is_decided_again_against_its_row(
    build: Callable[..., Parts],
) -> None:
    stores: list[_Blind] = []

    def wrap(inner: Any) -> _Blind:
        stores.append(_Blind(inner))
        return stores[0]

    parts = build(wrap=wrap)
    await parts.take(a_finding())
    before = stores[0].transactions
    stores[0].next_is_blind = True
    taken = await parts.take(a_finding(later_s=60, status=Status.RESOLVED), a_finding("other"))
    assert len(taken.done) == 2
    assert stores[0].transactions == before + 2  # the second holds nothing while it waits for the row
    async with parts.store.reads() as reads:
        record = await reads.get(1)
        assert record is not None
        assert (record.state, record.seen) == (State.RESOLVED, 2)
        assert (await reads.states()) == {State.RESOLVED: 1, State.OPEN: 1}
