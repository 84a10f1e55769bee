"""What every store remembers of people and of Slack: the last list, what was said, what was done, and findings by their keys."""

from __future__ import annotations

from datetime import timedelta

from bot.ports import Listing, Said, SayKind, Store
from tests.contract.builders import START, record
from tests.contract.conftest import VirtualClock
from tests.contract.test_store_findings import put
from tests.contract.test_store_outbox import card, claim, drain, edit, line, say, settle

# --- lists -----------------------------------------------------------------------------------------------------------------------


async def test_the_last_list_of_somebody_is_the_newest_of_theirs(store: Store) -> None:
    hour = timedelta(hours=1)
    new = Listing("b", "U0ANA", "prod", (3, 1), START)
    async with store.begin() as tx:
        for made in (Listing("a", "U0ANA", "", (), START - hour), new, Listing("z", "U0BEN", "", (), START + hour)):
            await tx.save_listing(made)
    async with store.reads() as reads:
        assert await reads.last_listing("U0ANA") == new
        assert await reads.last_listing("U0") is None


async def test_of_two_lists_of_one_moment_the_same_one_is_always_the_last(store: Store) -> None:
    async with store.begin() as tx:
        for id in ("b", "c", "a"):
            await tx.save_listing(Listing(id, "U0ANA", "", (), START))
    async with store.reads() as reads:
        last = await reads.last_listing("U0ANA")
    assert last is not None
    assert last.id == "c"


# --- findings by key -------------------------------------------------------------------------------------------------------------


async def test_findings_of_some_keys_come_by_number(store: Store) -> None:
    numbers = await put(store, record("c"), record("a"))
    numbers |= await put(store, record("b"))
    async with store.reads() as reads:
        found = await reads.by_keys(["b", "nobody", "a", "c", "b"])
        assert await reads.by_keys([]) == []
    assert list(found) == sorted((record(k).but(number=numbers[k]) for k in "abc"), key=lambda r: r.number)


# --- what was said ---------------------------------------------------------------------------------------------------------------


async def test_what_was_said_about_a_finding_comes_oldest_first(store: Store, clock: VirtualClock) -> None:
    begun = clock.now()
    await say(store, card(1), card(2), card(1, channel="D"))
    await settle(store, await claim(store, "D"))
    clock.move(60)
    await drain(store)
    clock.move(60)
    await say(store, line(1, "resolved"))
    await drain(store)
    async with store.reads() as reads:
        said, other = await reads.said(1), await reads.said(2)
        assert await reads.said(3) == []
    assert [(s.kind, s.channel) for s in said] == [
        (SayKind.CARD, "D"),
        (SayKind.CARD, "C"),
        (SayKind.THREAD, "C"),
    ]
    assert [round((s.at - begun).total_seconds() / 60) for s in said] == [0, 1, 2]
    assert [(s.kind, s.channel) for s in other] == [(SayKind.CARD, "C")]
    assert isinstance(other[0], Said)


async def test_what_waits_or_is_being_said_is_not_said_yet(store: Store) -> None:
    await say(store, card(1), line(1, "waits"))
    await claim(store)
    async with store.reads() as reads:
        assert await reads.said(1) == []


async def test_an_edit_that_is_asked_for_again_is_no_longer_said(store: Store) -> None:
    await say(store, card(1), edit(1))
    await drain(store)
    await say(store, edit(1))
    async with store.reads() as reads:
        assert [s.kind for s in await reads.said(1)] == [SayKind.CARD]
