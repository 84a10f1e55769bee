"""The audit trail in every store: one chain without gap or fork, whatever fails and whoever writes at once."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta, timezone

import pytest

from bot.adapters.memory import MemoryStore
from bot.domain.audit import GENESIS, Head, Line, Phase, chained, verify
from bot.ports import Store
from tests.contract.builders import START, record
from tests.contract.ledger_builders import CUT, HOSTILE, MENDED, TAMPERINGS, line_of, tampered


async def write(store: Store, *lines: Line) -> Head:
    async with store.begin() as tx:
        return await tx.audit(lines)


async def whole(store: Store) -> Sequence[Line]:
    async with store.reads() as reads:
        return await reads.chain(0, limit=100_000)


async def holds(store: Store) -> Head:
    """Asserts that the chain holds to its end; returns that."""
    flaw, reached = verify(await whole(store))
    assert flaw is None
    async with store.reads() as reads:
        assert await reads.audit_head() == reached
    return reached


async def fail(store: Store) -> None:
    """A transaction that adds a finding and two lines, and then is lost."""
    async with store.begin() as tx:
        await tx.insert([(record(), b"")])
        await tx.audit([line_of(act="lost"), line_of(act="lost")])
        raise ZeroDivisionError


# --- the chain -------------------------------------------------------------------------------------------------------------------


async def test_an_empty_trail_begins_at_genesis(store: Store) -> None:
    assert await holds(store) == Head(0, GENESIS)
    assert await write(store) == Head(0, GENESIS)
    assert await whole(store) == []


async def test_lines_come_back_whole_and_chained(store: Store) -> None:
    plain = Line(at=START, phase=Phase.INTENT, act="", actor="", what="", subject="")
    full = line_of(
        phase=Phase.OUTCOME, act=HOSTILE, actor=HOSTILE, what=HOSTILE, subject=HOSTILE, number=2**62, request=HOSTILE,
        details={"b": HOSTILE, HOSTILE: "", "": "a", "a": "\\u0041"},
    )  # fmt: skip
    want, head = chained(Head(), [plain, full])
    assert await write(store, plain, full) == head
    assert list(await whole(store)) == list(want)
    assert await holds(store) == head


async def test_texts_that_a_database_refuses_do_not_break_the_chain(store: Store) -> None:
    await write(store, line_of(act=CUT, actor=CUT, what=CUT, subject=CUT, request=CUT, details={CUT: CUT, "a": CUT}))
    await write(store, line_of())
    assert (await holds(store)).seq == 2
    want = CUT if isinstance(store, MemoryStore) else MENDED
    first = (await whole(store))[0]
    assert (first.act, first.actor, first.what, first.subject, first.request) == (want,) * 5
    assert first.details == {want: want, "a": want}


async def test_a_time_of_another_zone_does_not_break_the_chain(store: Store) -> None:
    await write(store, line_of(at=START.astimezone(timezone(timedelta(hours=5, minutes=45)))))
    assert (await holds(store)).seq == 1
    assert (await whole(store))[0].at == START


async def test_what_a_caller_says_of_the_chain_itself_is_not_believed(store: Store) -> None:
    await write(store, line_of(seq=9, previous="x", hash="y"))
    assert (await holds(store)).seq == 1


async def test_the_chain_holds_over_many_transactions(store: Store) -> None:
    heads = [await write(store, *(line_of(i) for i in range(n))) for n in (1, 3, 0, 2, 5, 1)]
    assert [head.seq for head in heads] == [1, 4, 4, 6, 11, 12]
    assert await holds(store) == heads[-1]


async def test_several_calls_in_one_transaction_go_on_from_each_other(store: Store) -> None:
    async with store.begin() as tx:
        first = await tx.audit([line_of()])
        second = await tx.audit([line_of(), line_of()])
    assert (first.seq, second.seq) == (1, 3)
    assert await holds(store) == second


async def test_a_transaction_that_fails_leaves_no_line_and_no_gap(store: Store) -> None:
    before = await write(store, line_of())
    with pytest.raises(ZeroDivisionError):
        await fail(store)
    assert await holds(store) == before
    assert (await write(store, line_of(act="next"))).seq == 2
    assert [line.act for line in await whole(store)] == ["ack:7:1", "next"]
    await holds(store)


async def test_a_line_is_committed_with_what_it_tells_or_not_at_all(store: Store) -> None:
    with pytest.raises(ZeroDivisionError):
        await fail(store)
    async with store.reads() as reads:
        assert await reads.get(1) is None
        assert await reads.chain(0, limit=9) == []


async def test_writers_at_once_make_one_chain_without_a_gap(store: Store) -> None:
    async def writer(name: str) -> None:
        for turn in range(8):
            try:
                async with store.begin() as tx:
                    await tx.audit([line_of(act=f"{name}{turn}a")])
                    await asyncio.sleep(0)
                    await tx.audit([line_of(act=f"{name}{turn}b"), line_of(act=f"{name}{turn}c")])
                    if turn % 4 == 3:
                        raise ZeroDivisionError
            except ZeroDivisionError:
                continue

    await asyncio.gather(*map(writer, "PQRST"))
    assert (await holds(store)).seq == 5 * 6 * 3
    acts = [line.act for line in await whole(store)]
    assert sorted(acts) == sorted(f"{n}{t}{x}" for n in "PQRST" for t in (0, 1, 2, 4, 5, 6) for x in "abc")
    assert all(acts[i][:2] == acts[i + 1][:2] == acts[i + 2][:2] for i in range(0, len(acts), 3))  # nobody came between


async def test_the_chain_is_read_in_pages(store: Store) -> None:
    await write(store, *(line_of(-i) for i in range(23)))  # the order is the chain's, not the clocks'
    lines: list[Line] = []
    head = Head()
    async with store.reads() as reads:
        while part := await reads.chain(head.seq, limit=5):
            flaw, head = verify(part, head)
            assert flaw is None
            lines += part
    assert [line.seq for line in lines] == list(range(1, 24))
    assert head == await holds(store)


async def test_a_thousand_random_tamperings_are_all_found(store: Store) -> None:
    await write(store, *(line_of(i, act=f"a{i}", number=i, phase=list(Phase)[i % 3]) for i in range(30)))
    chain, end = await whole(store), await holds(store)
    chance = random.Random(4)
    for i in range(1000):
        kind = TAMPERINGS[i % len(TAMPERINGS)]
        flaw, reached = verify(tampered(chain, kind, chance))
        assert flaw is not None, (i, kind)
        assert reached != end


async def test_a_trail_that_was_cut_at_its_end_is_not_as_long_as_its_head(store: Store) -> None:
    end = await write(store, *(line_of(i) for i in range(5)))
    for kept in range(5):
        flaw, reached = verify((await whole(store))[:kept])
        assert flaw is None
        assert reached != end


# --- what people ask of it --------------------------------------------------------------------------------------------------------


async def test_the_trail_comes_newest_first_since_a_time(store: Store) -> None:
    await write(store, *(line_of(at) for at in (3, 1, 2, 2)))
    async with store.reads() as reads:
        assert [line.seq for line in await reads.trail(START, limit=9)] == [1, 4, 3, 2]
        assert [line.seq for line in await reads.trail(START, limit=2)] == [1, 4]
        assert [line.seq for line in await reads.trail(START + timedelta(seconds=2), limit=9)] == [1, 4, 3]
        assert await reads.trail(START + timedelta(seconds=4), limit=9) == []


async def test_the_trail_is_asked_for_by_finding_person_and_verb_together(store: Store) -> None:
    await write(
        store,
        line_of(1, number=1, actor="U1", what="ack"),
        line_of(2, number=1, actor="U2", what="suppress"),
        line_of(3, number=2, actor="U1", what="ack"),
        line_of(4, number=0, actor="", what="sync"),
    )
    async with store.reads() as reads:

        async def found(**asked: object) -> list[int]:
            return [line.seq for line in await reads.trail(START, limit=9, **asked)]  # type: ignore[arg-type]

        assert await found() == [4, 3, 2, 1]
        assert await found(number=1) == [2, 1]
        assert await found(number=0) == [4]
        assert await found(actor="U1") == [3, 1]
        assert await found(what=["suppress", "sync", "sync"]) == [4, 2]
        assert await found(number=1, actor="U1", what=["ack"]) == [1]
        assert await found(number=2, actor="U2") == []


async def test_lines_of_the_trail_are_those_of_the_chain(store: Store) -> None:
    await write(store, *(line_of(i, act=f"a{i}") for i in range(4)))
    async with store.reads() as reads:
        assert list(await reads.trail(START, limit=9))[::-1] == list(await reads.chain(0, limit=9))
        assert replace((await reads.chain(3, limit=9))[0], seq=0, previous="", hash="") == line_of(3, act="a3")
