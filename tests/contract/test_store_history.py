"""What every store remembers of people and of Slack: the last list, what was said, what was done, and findings by their keys."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from bot.domain.finding import Entry
from bot.ports import Act, Listing, Said, SayKind, Store
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


# --- what people did -------------------------------------------------------------------------------------------------------------


def note(hours: int, actor: str, kind: str = "acknowledged") -> Entry:
    return Entry(at=START + timedelta(hours=hours), kind=kind, actor=actor, note=f"{hours} h", details={"until": "é"})


async def written(store: Store) -> list[Act]:
    """Five lines that people wrote, oldest first, and two that nobody wrote."""
    await put(store, record("a"), record("b"))
    acts = [
        (1, note(0, "U0ANA")),
        (2, note(1, "U0BEN")),
        (1, note(2, "U0BEN", "assigned")),
        (2, note(2, "U0ANA", "asked")),
        (1, note(3, "U0ANA", "assigned")),
    ]
    async with store.begin() as tx:
        await tx.note([(1, note(0, "", "new")), *acts[2:4], *acts[:2], (2, note(5, "", "resolved")), acts[4]])
    return [Act(*act) for act in acts]


async def test_acts_are_what_people_wrote_newest_first_with_everything_in_it(store: Store) -> None:
    acts = await written(store)
    async with store.reads() as reads:
        assert list(await reads.acts(START, limit=99)) == acts[::-1]


async def test_acts_begin_with_the_moment_that_is_given_and_end_with_the_limit(store: Store) -> None:
    acts = await written(store)
    async with store.reads() as reads:
        since = START + timedelta(hours=1)
        assert list(await reads.acts(since, limit=99)) == acts[:0:-1]
        assert list(await reads.acts(since + timedelta(microseconds=1), limit=99)) == acts[:1:-1]
        assert list(await reads.acts(START, limit=2)) == acts[:2:-1]


async def test_acts_of_a_finding_a_person_or_some_kinds_only(store: Store) -> None:
    acts = await written(store)

    def wanted(*places: int) -> Sequence[Act]:
        return [acts[place] for place in places]

    async with store.reads() as reads:
        assert list(await reads.acts(START, limit=9, number=1)) == wanted(4, 2, 0)
        assert list(await reads.acts(START, limit=9, actor="U0ANA")) == wanted(4, 3, 0)
        assert list(await reads.acts(START, limit=9, kinds=["asked", "assigned"])) == wanted(4, 3, 2)
        assert list(await reads.acts(START, limit=9, number=1, actor="U0BEN", kinds={"assigned"})) == wanted(2)
        assert list(await reads.acts(START, limit=9, number=7)) == []
        assert list(await reads.acts(START, limit=9, actor="U0")) == []
