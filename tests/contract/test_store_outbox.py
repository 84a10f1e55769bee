"""What is said next, by whom, and what becomes of it: order, leases and crashes, in every store."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from bot.ports import Backlog, Card, Claimed, Saying, SayKind, Store
from tests.contract.conftest import VirtualClock

LEASE = 60.0


def card(number: int, lane: int = 2, channel: str = "C", generation: int = 1) -> Saying:
    return Saying(f"card:{number}:{channel}:{generation}", SayKind.CARD, number, channel, lane)


def line(number: int, what: str, lane: int = 2, channel: str = "C") -> Saying:
    return Saying(f"thread:{number}:{channel}:{what}", SayKind.THREAD, number, channel, lane)


def edit(number: int, lane: int = 2, channel: str = "C") -> Saying:
    return Saying(f"edit:{number}:{channel}", SayKind.EDIT, number, channel, lane, {"why": "acknowledged"})


async def say(store: Store, *sayings: Saying) -> None:
    async with store.begin() as tx:
        await tx.say(sayings)


async def claim(store: Store, channel: str = "C", owner: str = "w1") -> Claimed:
    claimed = await store.claim(channel, owner, LEASE)
    assert claimed is not None
    return claimed


async def settle(store: Store, claimed: Claimed) -> None:
    s = claimed.saying
    await store.settle(
        claimed, Card(s.number, s.channel, f"{claimed.id}.0", "digest") if s.kind is SayKind.CARD else None
    )


async def drain(store: Store, channel: str = "C") -> list[str]:
    said = []
    while (claimed := await store.claim(channel, "w1", LEASE)) is not None:
        said.append(claimed.saying.key)
        await settle(store, claimed)
    return said


# --- saying ----------------------------------------------------------------------------------------------------------------------


async def test_a_saying_comes_back_as_it_was_said(store: Store, clock: VirtualClock) -> None:
    saying = Saying("k", SayKind.THREAD, 7, "C", 3, {"text": "hé"})
    await say(store, saying)
    claimed = await claim(store)
    assert claimed.saying == saying
    assert (claimed.attempt, claimed.generation, claimed.unsettled_since) == (1, 1, None)
    assert abs((claimed.created - clock.now()).total_seconds()) < 5


@pytest.mark.parametrize("saying", [card(1), line(1, "x")])
async def test_a_card_or_a_line_is_said_once_however_often_it_is_asked_for(store: Store, saying: Saying) -> None:
    await say(store, saying, saying)
    await say(store, saying)
    assert await drain(store) == [saying.key]
    await say(store, saying)
    assert await drain(store) == []


async def test_edits_are_coalesced_until_they_are_done_and_due_again_afterwards(store: Store) -> None:
    await say(store, edit(1), edit(1))
    await say(store, edit(1))
    claimed = await claim(store)
    assert claimed.generation == 3
    await settle(store, claimed)
    assert await store.claim("C", "w1", LEASE) is None
    await say(store, edit(1))
    again = await claim(store)
    assert (again.id, again.attempt, again.generation) == (claimed.id, 1, 4)


async def test_an_edit_asked_for_while_it_is_being_sent_stays_due(store: Store) -> None:
    await say(store, edit(1))
    claimed = await claim(store)
    await say(store, edit(1))
    assert await store.claim("C", "w2", LEASE) is None, "one at a time"
    await settle(store, claimed)
    again = await claim(store)
    assert again.generation == claimed.generation + 1
    await settle(store, again)
    assert await drain(store) == []


async def test_asking_again_does_not_hurry_an_edit_that_was_put_back(store: Store, clock: VirtualClock) -> None:
    await say(store, edit(1))
    await store.put_back(await claim(store), delay_s=30, error="ratelimited")
    await say(store, edit(1))
    assert await store.claim("C", "w1", LEASE) is None
    clock.move(31)
    assert (await claim(store)).attempt == 2


async def test_nothing_is_said_of_a_transaction_that_was_rolled_back(store: Store) -> None:
    async def fail() -> None:
        async with store.begin() as tx:
            await tx.say([card(1)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await drain(store) == []
    assert await store.due_channels() == []


# --- order -----------------------------------------------------------------------------------------------------------------------


async def test_higher_lanes_come_first_and_older_rows_first_within_one(store: Store) -> None:
    await say(store, card(1, 1), card(2, 4), card(3, 1), card(4, 4), card(5, 2))
    assert await drain(store) == [card(n).key for n in (2, 4, 5, 1, 3)]


ORDERS: Sequence[tuple[str, Sequence[Saying], Sequence[int]]] = (
    ("a line waits for its card, however urgent it is", (card(1, 1), line(1, "up", 4), card(2, 2)), (0, 1, 2)),
    ("the card goes first even if it was said last", (line(1, "a"), edit(1), card(1)), (2, 0, 1)),
    (
        "lines keep their order within a finding",
        (card(1), line(1, "a", 1), line(1, "b", 4), line(1, "c", 2)),
        (0, 1, 2, 3),
    ),
    ("a line without any card in sight is not held up", (line(1, "a"), card(2)), (0, 1)),
    ("a card of another channel does not count", (line(1, "a"), card(1, channel="D")), (0,)),
    ("cards of one finding keep their order", (card(1, 1), card(1, 4, generation=2)), (0, 1)),
    ("what waits for an urgent line goes before other findings", (card(2, 3), card(1, 1), line(1, "a", 4)), (1, 2, 0)),
)


@pytest.mark.parametrize(("why", "said", "order"), ORDERS, ids=[why for why, _, _ in ORDERS])
async def test_order_within_a_channel(store: Store, why: str, said: Sequence[Saying], order: Sequence[int]) -> None:
    await say(store, *said)
    assert await drain(store) == [said[i].key for i in order], why


async def test_nothing_overtakes_what_is_being_sent_or_was_put_back(store: Store, clock: VirtualClock) -> None:
    await say(store, card(1), line(1, "a"), line(1, "b"), card(2, 1))
    first = await claim(store)
    assert (await claim(store)).saying.key == card(2).key, "another finding goes on meanwhile"
    assert await store.claim("C", "w1", LEASE) is None
    await store.put_back(first, delay_s=10, error="ratelimited")
    assert await store.claim("C", "w1", LEASE) is None
    clock.move(11)
    assert await drain(store) == [card(1).key, line(1, "a").key, line(1, "b").key]


async def test_with_a_card_there_a_second_card_waits_for_the_lines_before_it(store: Store) -> None:
    await say(store, card(1))
    await drain(store)
    await say(store, line(1, "reopened"), card(1, 4, generation=2))
    assert await drain(store) == [line(1, "reopened").key, card(1, generation=2).key]


# --- leases and crashes ------------------------------------------------------------------------------------------------------------


async def test_a_row_whose_sender_vanished_is_due_when_its_lease_ends_and_unsettled(
    store: Store, clock: VirtualClock
) -> None:
    await say(store, card(1))
    began = clock.now()
    await claim(store)
    clock.move(LEASE - 5)
    assert await store.claim("C", "w2", LEASE) is None
    assert await store.due_channels() == []
    clock.move(10)
    assert await store.due_channels() == [("C", 2)]
    second = await claim(store, owner="w2")
    assert second.attempt == 2
    assert second.unsettled_since is not None
    assert abs((second.unsettled_since - began).total_seconds()) < 5
    clock.move(LEASE + 1)
    third = await claim(store)
    assert third.unsettled_since == second.unsettled_since, "since the first attempt whose end is unknown"


async def test_a_held_row_waits_for_the_end_of_its_lease_and_is_unsettled_then(
    store: Store, clock: VirtualClock
) -> None:
    await say(store, card(1))
    began = clock.now()
    await store.hold(await claim(store), error="timeout")
    assert await store.claim("C", "w1", LEASE) is None
    clock.move(LEASE + 1)
    again = await claim(store)
    assert again.unsettled_since is not None
    assert abs((again.unsettled_since - began).total_seconds()) < 5


async def test_a_row_that_was_certainly_not_said_is_not_unsettled(store: Store, clock: VirtualClock) -> None:
    await say(store, card(1))
    await store.put_back(await claim(store), delay_s=30, error="ratelimited")
    clock.move(29)
    assert await store.claim("C", "w1", LEASE) is None
    clock.move(2)
    again = await claim(store)
    assert (again.attempt, again.unsettled_since) == (2, None)


async def test_an_unsettled_row_stays_so_until_it_is_settled(store: Store, clock: VirtualClock) -> None:
    await say(store, card(1))
    await claim(store)
    clock.move(LEASE + 1)
    second = await claim(store)
    await store.put_back(second, delay_s=1, error="history did not answer")
    clock.move(2)
    assert (await claim(store)).unsettled_since == second.unsettled_since


async def test_a_late_answer_of_a_lost_attempt_takes_nothing_from_the_next_one(
    store: Store, clock: VirtualClock
) -> None:
    await say(store, card(1))
    late = await claim(store)
    clock.move(LEASE + 1)
    await claim(store, owner="w2")
    await store.put_back(late, delay_s=0, error="x")
    await store.hold(late, error="x")
    assert await store.claim("C", "w3", LEASE) is None


async def test_whoever_says_that_it_was_said_is_believed(store: Store, clock: VirtualClock) -> None:
    await say(store, card(1))
    late = await claim(store)
    clock.move(LEASE + 1)
    await claim(store, owner="w2")
    await settle(store, late)
    clock.move(LEASE + 1)
    assert await drain(store) == []


async def test_one_owner_speaks_in_a_channel_until_its_lease_ends(store: Store, clock: VirtualClock) -> None:
    await say(store, card(1), card(2, 4, "D"))
    assert await store.due_channels() == [("D", 4), ("C", 2)]
    assert await store.lease_channel("C", "w1", 30)
    assert await store.lease_channel("C", "w1", 30), "prolonged"
    assert not await store.lease_channel("C", "w2", 30)
    assert await store.due_channels() == [("D", 4)]
    await store.free_channel("C", "w2")
    assert not await store.lease_channel("C", "w2", 30), "only the owner frees it"
    await store.free_channel("C", "w1")
    assert await store.lease_channel("C", "w2", 30)
    clock.move(31)
    assert await store.due_channels() == [("D", 4), ("C", 2)]
    assert await store.lease_channel("C", "w1", 30)


async def test_a_channel_is_not_due_while_what_goes_first_is_not(store: Store, clock: VirtualClock) -> None:
    await say(store, card(1), line(1, "a", 4))
    await store.put_back(await claim(store), delay_s=30, error="ratelimited")
    assert await store.due_channels() == []
    clock.move(31)
    assert await store.due_channels() == [("C", 4)]


async def test_200_concurrent_claims_get_200_different_rows(store: Store) -> None:
    await say(store, *(card(n, n % 5) for n in range(1, 201)))
    claimed = await asyncio.gather(*(store.claim("C", f"w{i}", LEASE) for i in range(200)))
    assert len({c.id for c in claimed if c is not None}) == 200
    assert await store.claim("C", "w", LEASE) is None


# --- cards and the backlog -----------------------------------------------------------------------------------------------------------


async def test_a_settled_card_is_known_by_its_finding_and_by_its_message(store: Store) -> None:
    await say(store, card(1), card(1, channel="D"), edit(1))
    await store.settle(await claim(store), Card(1, "C", "100.1", "aa"))
    await store.settle(await claim(store, "D"), Card(1, "D", "200.1", "aa"))
    await store.settle(await claim(store), Card(1, "C", "100.1", "bb"))
    async with store.reads() as reads:
        assert await reads.card(1, "C") == Card(1, "C", "100.1", "bb")
        assert list(await reads.cards(1)) == [Card(1, "C", "100.1", "bb"), Card(1, "D", "200.1", "aa")]
        assert await reads.finding_at("D", "200.1") == 1
        assert await reads.finding_at("C", "200.1") is None


async def test_the_backlog_says_what_waits_since_when_and_which_channels_are_refused(
    store: Store, clock: VirtualClock
) -> None:
    async with store.reads() as reads:
        assert await reads.backlog() == Backlog()
    began = clock.now()
    await say(store, card(1), card(2), card(3, channel="D"))
    clock.move(600)
    await say(store, card(4))
    await store.put_back(await claim(store), delay_s=600, error="is_archived", blocked=True)
    async with store.reads() as reads:
        backlog = await reads.backlog()
    assert (backlog.waiting, backlog.blocked) == (4, (("C", "is_archived", 3),))
    assert backlog.oldest is not None
    assert abs((backlog.oldest - began).total_seconds()) < 5


async def test_a_refused_channel_waits_as_a_whole_and_other_channels_do_not(store: Store, clock: VirtualClock) -> None:
    await say(store, card(1, 4), card(2), card(3, channel="D"))
    await store.put_back(await claim(store), delay_s=600, error="not_in_channel", blocked=True)
    assert await store.claim("C", "w1", LEASE) is None
    assert await store.due_channels() == [("D", 2)]
    clock.move(601)
    assert await store.due_channels() == [("C", 4), ("D", 2)]


async def test_one_success_in_a_refused_channel_lets_all_of_it_go_on(store: Store) -> None:
    await say(store, card(1), card(2))
    await store.put_back(await claim(store), delay_s=3600, error="not_in_channel", blocked=True)
    await say(store, card(3))
    assert await drain(store) == [card(n).key for n in (3, 1, 2)]
    async with store.reads() as reads:
        assert await reads.backlog() == Backlog()
