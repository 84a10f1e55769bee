"""A report is about no finding: it has number 0, waits for no card, and makes none."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from bot.ports import Card, Said, Saying, SayKind, Store
from tests.contract.builders import record
from tests.contract.conftest import VirtualClock
from tests.contract.ledger_builders import HOSTILE
from tests.contract.test_store_outbox import LEASE, card, claim, drain, line, say


def report(name: str, lane: int = 2, channel: str = "C", **details: str) -> Saying:
    return Saying(f"report:{name}:{channel}", SayKind.REPORT, 0, channel, lane, details)


LONG = report("long", look=HOSTILE + "x" * 60_000)


async def test_a_report_comes_back_as_it_was_said(store: Store) -> None:
    await say(store, LONG)
    assert await store.due_channels() == [("C", 2)]
    claimed = await claim(store)
    assert claimed.saying == LONG
    assert (claimed.attempt, claimed.generation, claimed.unsettled_since) == (1, 1, None)


async def test_a_report_is_said_once_however_often_it_is_asked_for(store: Store) -> None:
    await say(store, report("a", look="1"), report("a", look="2"))
    await say(store, report("a", look="3"))
    claimed = await claim(store)
    assert claimed.saying == report("a", look="1")
    await store.settle(claimed, None)
    await say(store, report("a", look="4"))
    assert await drain(store) == []
    assert await store.due_channels() == []


async def test_a_report_that_was_said_is_remembered_and_leaves_no_card(store: Store, clock: VirtualClock) -> None:
    async with store.begin() as tx:
        await tx.insert([(record(), b"")])
        await tx.say([report("a"), card(1)])
    first, second = await claim(store), await claim(store)
    assert (first.saying, second.saying) == (report("a"), card(1))
    await store.settle(first, None)
    await store.settle(second, Card(1, "C", "1.0", "digest"))
    async with store.reads() as reads:
        assert await reads.cards(0) == []
        assert await reads.card(0, "C") is None
        assert await reads.timeline(0) == []
        assert [(one.kind, one.channel) for one in await reads.said(0)] == [(SayKind.REPORT, "C")]
        assert [one.kind for one in await reads.said(1)] == [SayKind.CARD]
        assert (await reads.backlog()).waiting == 0
        told: Said = (await reads.said(0))[0]
        assert abs(told.at - clock.now()) < timedelta(seconds=5)


async def test_reports_and_findings_do_not_hold_each_other_up(store: Store) -> None:
    # the line waits for its card, which is put back; the report is no part of that
    await say(store, card(1, 4), line(1, "a", 4))
    await store.put_back(await claim(store), delay_s=30, error="ratelimited")
    await say(store, report("a"))
    assert (await claim(store)).saying == report("a")
    await say(store, card(2))
    assert (await claim(store)).saying == card(2), "while the report is being said"


async def test_a_more_urgent_finding_goes_before_a_report_and_a_less_urgent_one_after_it(store: Store) -> None:
    await say(store, card(1, 1), report("a", 2), card(2, 4))
    assert await drain(store) == [card(2).key, report("a").key, card(1).key]


async def test_reports_of_one_channel_keep_their_order_and_go_as_early_as_the_most_urgent(store: Store) -> None:
    await say(store, report("a", 1), card(1, 2), report("b", 4))
    await say(store, report("c", 0))
    assert await drain(store) == [report(name).key for name in "ab"] + [card(1).key, report("c").key]


async def test_reports_of_other_channels_do_not_wait_for_each_other(store: Store) -> None:
    await say(store, report("a"), report("a", channel="D"))
    await claim(store)
    assert (await claim(store, "D")).saying == report("a", channel="D")
    assert await store.claim("C", "w2", LEASE) is None


async def test_a_report_whose_sender_vanished_comes_again_unsettled(store: Store, clock: VirtualClock) -> None:
    await say(store, report("a"), report("b"))
    first = await claim(store)
    clock.move(LEASE + 1)
    again = await claim(store, owner="w2")
    assert (again.saying, again.attempt) == (report("a"), 2)
    assert again.unsettled_since is not None
    await store.hold(again, error="timeout")
    await store.settle(first, None)
    assert await drain(store) == [report("b").key]


async def test_a_refused_report_is_in_the_backlog_and_goes_on_when_the_channel_does(
    store: Store, clock: VirtualClock
) -> None:
    await say(store, report("a"), card(1))
    await store.put_back(await claim(store), delay_s=600, error="is_archived", blocked=True)
    async with store.reads() as reads:
        assert (await reads.backlog()).blocked == (("C", "is_archived", 2),)
    clock.move(601)
    claimed = await claim(store)
    assert claimed.saying == report("a")
    await store.settle(claimed, None)
    assert await drain(store) == [card(1).key]


async def test_a_said_report_is_pruned_and_a_waiting_one_is_not(store: Store, clock: VirtualClock) -> None:
    await say(store, report("a"), report("b"))
    await store.settle(await claim(store), None)
    clock.move(3 * 24 * 3600)
    assert await store.prune(clock.now() - timedelta(days=1)) == 1
    assert await drain(store) == [report("b").key]


async def test_many_that_claim_reports_at_once_get_each_one_once(store: Store) -> None:
    names = [f"n{i:02}" for i in range(20)]
    await say(store, *(report(name, channel=f"C{name}") for name in names))
    claimed = await asyncio.gather(*(claim(store, f"C{name}") for name in names))
    assert sorted(one.saying.key for one in claimed) == sorted(report(name, channel=f"C{name}").key for name in names)
    await asyncio.gather(*(store.settle(one, None) for one in claimed))
    async with store.reads() as reads:
        assert len(await reads.said(0)) == 20
