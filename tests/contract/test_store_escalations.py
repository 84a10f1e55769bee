"""Escalations in every store: each once, taken up when due by the database's clock, and over when somebody answers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta

import pytest

from bot.adapters.memory import MemoryStore
from bot.adapters.sql import SqlStore
from bot.domain.escalation import Escalation, Progress
from bot.domain.finding import Account, State
from bot.ports import Saying, SayKind, Store
from tests.contract.builders import record
from tests.contract.conftest import VirtualClock
from tests.contract.ledger_builders import CUT, HOSTILE, MENDED
from tests.contract.oncall_builders import (
    BEGINNING,
    DAY,
    END,
    MINUTE,
    NOW,
    SECOND,
    due,
    escalation,
    findings,
    insert,
    newest,
    start,
)
from tests.contract.test_store_outbox import card, claim, drain, line, say

RUNNING, STOPPED, EXHAUSTED = Progress.RUNNING, Progress.STOPPED, Progress.EXHAUSTED
WHOLE = escalation(
    2**40, 2**31 - 1, policy=HOSTILE, started=BEGINNING, due=END, rung=999, told=END, progress=EXHAUSTED, why=HOSTILE,
    by=HOSTILE,
)  # fmt: skip


async def stop(store: Store, *numbers: int, why: str = "acknowledged", by: str = "U0ANA") -> Sequence[int]:
    async with store.begin() as tx:
        return await tx.stop_escalations(numbers, why, by)


async def standing(store: Store, *progress: Progress, env: str = "", limit: int = 99) -> Sequence[Escalation]:
    async with store.reads() as reads:
        return await reads.escalations(progress=progress or tuple(Progress), env=env, limit=limit)


async def lapsed(store: Store, limit: int = 99) -> list[int]:
    async with store.begin() as tx:
        return [record.number for record in await tx.lock_lapsed(limit=limit)]


# --- starting and reading --------------------------------------------------------------------------------------------------------


async def test_a_finding_that_was_never_announced_has_no_escalation(store: Store) -> None:
    assert await newest(store) is None
    assert await standing(store) == []
    async with store.begin() as tx:
        assert await tx.lock_escalation(1) is None
        assert await tx.due_escalations(limit=9) == []


@pytest.mark.parametrize("made", [escalation(), WHOLE, escalation(policy="", told=BEGINNING)])
async def test_an_escalation_comes_back_as_it_was_started(store: Store, made: Escalation) -> None:
    await start(store, made)
    assert await newest(store, made.number) == made
    async with store.begin() as tx:
        assert await tx.lock_escalation(made.number) == made


async def test_texts_that_a_database_refuses_are_mended(store: Store) -> None:
    await start(store, escalation(policy=CUT))
    await stop(store, 1, why=CUT, by=CUT)
    want = CUT if isinstance(store, MemoryStore) else MENDED
    assert await newest(store) == escalation(policy=want, progress=STOPPED, why=want, by=want)


async def test_a_generation_is_started_once_for_ever(store: Store) -> None:
    await start(store, escalation(policy="first"), escalation(policy="second"))
    await start(store, escalation(policy="third", progress=EXHAUSTED))
    assert await newest(store) == escalation(policy="first")
    await stop(store, 1)
    await start(store, escalation(policy="fourth"))
    assert await newest(store) == escalation(policy="first", progress=STOPPED, why="acknowledged", by="U0ANA")


async def test_an_announcement_anew_stops_what_ran_for_the_finding_and_nothing_else(store: Store) -> None:
    await start(store, escalation(), escalation(2))
    await start(store, escalation(generation=2), escalation(3))
    assert await newest(store) == escalation(generation=2)
    assert list(await standing(store, RUNNING)) == [escalation(generation=2), escalation(2), escalation(3)]
    assert await standing(store, STOPPED) == [escalation(progress=STOPPED, why="announced anew")]


async def test_an_announcement_anew_stops_what_was_told_in_vain_and_leaves_who_stopped_before(store: Store) -> None:
    over = escalation(progress=STOPPED, why="acknowledged", by="U0ANA")
    await start(store, over, escalation(generation=2, progress=EXHAUSTED, why="nobody answered"))
    await start(store, escalation(generation=3))
    assert list(await standing(store, STOPPED)) == [
        over,
        escalation(generation=2, progress=STOPPED, why="announced anew"),
    ]
    assert await standing(store, EXHAUSTED) == []


async def test_several_generations_in_one_call_leave_the_newest_running(store: Store) -> None:
    await start(store, escalation(generation=3), escalation(generation=2), escalation(generation=1))
    assert await newest(store) == escalation(generation=3)
    assert list(await standing(store, RUNNING)) == [escalation(generation=3)]


async def test_starting_nothing_changes_nothing(store: Store) -> None:
    await start(store)
    assert await standing(store) == []


# --- what is due -----------------------------------------------------------------------------------------------------------------


async def test_what_is_due_comes_with_its_finding_the_first_due_first(store: Store) -> None:
    await findings(store, 4)
    ages = {1: MINUTE, 2: 3 * MINUTE, 3: 2 * MINUTE, 4: 3 * MINUTE}
    await start(store, *(escalation(number, due=NOW - age) for number, age in ages.items()))
    async with store.begin() as tx:
        found = await tx.due_escalations(limit=9)
    assert [one for _, one in found] == [escalation(n, due=NOW - ages[n]) for n in (2, 4, 3, 1)]
    assert [r.finding.key for r, _ in found] == ["k00001", "k00003", "k00002", "k00000"]
    assert await due(store, limit=2) == [(2, 1), (4, 1)]


async def test_an_escalation_is_due_when_the_clock_of_the_database_says_so(store: Store, clock: VirtualClock) -> None:
    await findings(store, 1)
    await start(store, escalation(due=NOW + timedelta(hours=1)))
    assert await due(store) == []
    clock.move(3600 - 60)
    assert await due(store) == []
    clock.move(61)
    assert await due(store) == [(1, 1)]


@pytest.mark.parametrize("progress", [STOPPED, EXHAUSTED])
async def test_what_does_not_run_is_never_due(store: Store, progress: Progress) -> None:
    await findings(store, 1)
    await start(store, escalation(progress=progress))
    assert await due(store) == []


async def test_an_escalation_without_a_finding_is_never_due(store: Store) -> None:
    await findings(store, 1)
    await start(store, escalation(7), escalation(1))
    assert await due(store) == [(1, 1)]


@pytest.mark.parametrize("state", State)
async def test_whatever_state_the_finding_is_in_it_comes(store: Store, state: State) -> None:
    await findings(store, 1, state=state)
    await start(store, escalation())
    assert await due(store) == [(1, 1)]


async def test_what_was_told_is_due_again_at_its_next_time(store: Store, clock: VirtualClock) -> None:
    await findings(store, 2)
    await start(store, escalation(), escalation(2))
    after = escalation(rung=1, told=NOW, due=NOW + 5 * MINUTE, policy="other", started=NOW - DAY, why="w", by="b")
    async with store.begin() as tx:
        (_, first), _ = await tx.due_escalations(limit=9)
        assert first == escalation()
        await tx.save_escalation(after)
    assert await newest(store) == after
    assert await due(store) == [(2, 1)]
    clock.move(301)
    assert await due(store) == [(2, 1), (1, 1)]


async def test_saving_changes_one_generation_only_and_an_unknown_one_is_not_added(store: Store) -> None:
    await start(store, escalation(), escalation(2))
    await start(store, escalation(generation=2))
    async with store.begin() as tx:
        await tx.save_escalation(escalation(generation=2, rung=7))
        await tx.save_escalation(escalation(generation=3))
        await tx.save_escalation(escalation(9))
    assert await newest(store) == escalation(generation=2, rung=7)
    assert await newest(store, 2) == escalation(2)
    assert await newest(store, 9) is None
    assert len(await standing(store)) == 3


async def test_nothing_of_a_transaction_that_failed_is_kept(store: Store) -> None:
    await findings(store, 1)
    await start(store, escalation())

    async def fail() -> None:
        async with store.begin() as tx:
            await tx.due_escalations(limit=9)
            await tx.save_escalation(escalation(rung=1, due=END))
            await tx.start_escalations([escalation(2)])
            await tx.stop_escalations([1], "no", "")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert list(await standing(store)) == [escalation()]
    assert await due(store) == [(1, 1)]


# --- stopping --------------------------------------------------------------------------------------------------------------------


async def test_stopping_says_what_it_stopped_and_stops_nothing_twice(store: Store) -> None:
    await findings(store, 3)
    await start(store, escalation(3), escalation(1), escalation(2, progress=EXHAUSTED, why="nobody answered"))
    assert list(await stop(store, 3, 2, 7, 3)) == [2, 3]
    assert await newest(store, 2) == escalation(2, progress=STOPPED, why="acknowledged", by="U0ANA")
    assert await due(store) == [(1, 1)]
    assert list(await stop(store, 1, 2, 3, why="resolved", by="")) == [1]
    assert await newest(store, 3) == escalation(3, progress=STOPPED, why="acknowledged", by="U0ANA")
    assert await due(store) == []


async def test_stopping_for_no_finding_or_an_unknown_one_stops_nothing(store: Store) -> None:
    await start(store, escalation())
    assert list(await stop(store)) == []
    assert list(await stop(store, 2)) == []
    assert await newest(store) == escalation()


async def test_a_stopped_escalation_can_be_made_to_run_again(store: Store) -> None:
    await findings(store, 1)
    await start(store, escalation())
    await stop(store, 1)
    async with store.begin() as tx:
        stopped = await tx.lock_escalation(1)
        assert stopped is not None
        await tx.save_escalation(replace(stopped, progress=RUNNING, why="", by=""))
    assert await due(store) == [(1, 1)]


async def test_a_thousand_are_started_found_and_stopped(store: Store) -> None:
    await findings(store, 1000)
    await start(store, *(escalation(n, due=NOW - n * SECOND) for n in range(1, 1001)))
    assert await due(store, limit=1000) == [(n, 1) for n in range(1000, 0, -1)]
    assert list(await stop(store, *range(1, 1001))) == list(range(1, 1001))
    assert await due(store) == []


# --- lists -----------------------------------------------------------------------------------------------------------------------


async def test_lists_are_of_the_asked_progress_the_first_due_first(store: Store) -> None:
    running = [escalation(n, due=NOW - n * MINUTE) for n in (1, 2, 3)]
    told = escalation(4, due=NOW - 2 * MINUTE - SECOND, progress=EXHAUSTED)
    over = escalation(5, due=NOW - DAY, progress=STOPPED)
    await start(store, *running, told, over)
    assert [e.number for e in await standing(store, RUNNING)] == [3, 2, 1]
    assert [e.number for e in await standing(store, RUNNING, EXHAUSTED, RUNNING)] == [3, 4, 2, 1]
    assert [e.number for e in await standing(store, limit=3)] == [5, 3, 4]
    async with store.reads() as reads:
        assert list(await reads.escalations(progress=(), limit=9)) == []


async def test_lists_of_an_environment_hold_its_findings_only(store: Store) -> None:
    envs = ("prod", "Dev", "", "prod", "dev")
    await insert(store, *(record(f"k{i}", account=Account("1", env=env)) for i, env in enumerate(envs)))
    progress = (RUNNING, RUNNING, RUNNING, EXHAUSTED, STOPPED)
    await start(store, *(escalation(n, progress=p) for n, p in enumerate(progress, 1)), escalation(9))
    assert [e.number for e in await standing(store, env="prod")] == [1, 4]
    assert [e.number for e in await standing(store, RUNNING, env="DEV")] == [2]
    assert [e.number for e in await standing(store, env="dev", limit=1)] == [2]
    assert list(await standing(store, env="stage")) == []
    assert [e.number for e in await standing(store)] == [1, 2, 3, 4, 5, 9]


# --- acknowledgements that have ended --------------------------------------------------------------------------------------------


async def test_acknowledgements_that_have_ended_come_the_first_to_end_first(store: Store, clock: VirtualClock) -> None:
    ends = (NOW - MINUTE, NOW - 2 * MINUTE, NOW + MINUTE, None, NOW - MINUTE)
    await insert(
        store, *(record(f"k{i}", state=State.ACKNOWLEDGED, ack_by="U", ack_until=end) for i, end in enumerate(ends))
    )
    assert await lapsed(store) == [2, 1, 5]
    assert await lapsed(store, limit=2) == [2, 1]
    clock.move(61)
    assert await lapsed(store) == [2, 1, 5, 3]


@pytest.mark.parametrize("state", [state for state in State if state is not State.ACKNOWLEDGED])
async def test_a_finding_that_is_not_acknowledged_has_not_lapsed(store: Store, state: State) -> None:
    await insert(store, record(state=state, ack_until=NOW - MINUTE), record("k2", state=state, lease_until=NOW - DAY))
    assert await lapsed(store) == []


async def test_a_lapsed_finding_comes_whole_and_not_again_once_it_is_open(store: Store) -> None:
    made = record(state=State.ACKNOWLEDGED, ack_by="U0ANA", ack_until=NOW - MINUTE)
    await insert(store, made)
    async with store.begin() as tx:
        (found,) = await tx.lock_lapsed(limit=9)
        assert found == made.but(number=1)
        await tx.update([(replace(found, state=State.OPEN, ack_by="", ack_until=None), None)])
    assert await lapsed(store) == []


# --- pages and pruning -----------------------------------------------------------------------------------------------------------

TOPIC = "arn:aws:sns:eu-west-1:111122223333:pager"


def page(number: int, what: str, lane: int = 2) -> Saying:
    return Saying(f"page:{number}:{what}", SayKind.PAGE, number, TOPIC, lane, {"level": "2"})


async def test_a_page_is_claimed_from_its_topic_the_most_urgent_first_and_waits_for_no_card(store: Store) -> None:
    await say(store, page(1, "a"), card(1), line(1, "x"), page(2, "a", lane=3), page(1, "b"), page(1, "a"))
    assert list(await store.due_channels()) == [(TOPIC, 3), ("C", 2)]
    first = await claim(store, TOPIC)
    assert first.saying == page(2, "a", lane=3)
    await store.settle(first, None)
    assert await drain(store, TOPIC) == ["page:1:a", "page:1:b"]
    assert await drain(store) == [card(1).key, line(1, "x").key]
    async with store.reads() as reads:
        assert [(s.kind, s.channel) for s in await reads.said(2)] == [(SayKind.PAGE, TOPIC)]


async def test_stopped_escalations_that_began_before_are_pruned_and_others_never(
    store: SqlStore | MemoryStore, clock: VirtualClock
) -> None:
    border = NOW - DAY
    ages = (border - SECOND, border, border - 300 * DAY)
    await start(store, *(escalation(n, started=age, progress=STOPPED) for n, age in enumerate(ages, 1)))
    kept = [escalation(n, started=border - 300 * DAY, progress=p) for n, p in ((4, RUNNING), (5, EXHAUSTED))]
    await start(store, *kept)
    assert await store.prune(border) == 2
    assert list(await standing(store)) == [escalation(2, started=border, progress=STOPPED), *kept]
    clock.move(3000 * 24 * 3600)
    assert await store.prune(clock.now()) == 1
    assert list(await standing(store)) == kept
