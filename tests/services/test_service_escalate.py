"""Levels that are told: at their time, once, to those whom they name and nobody else: in the thread, directly, in channels, to a pager."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, time

import pytest
from oncall_making import (
    MINUTE,
    ROTATIONS,
    TOPIC,
    USUAL,
    FakePager,
    heard,
    ladder,
    last_entry,
    policy,
    progress,
    shown,
    tick,
)

from bot.domain.audit import Line
from bot.domain.escalation import EscalationPolicy, Progress
from bot.domain.finding import State
from bot.domain.message import Pressed
from bot.domain.oncall import When, WorkingHours
from bot.domain.views import Notice
from bot.errors import Ambiguous, Malformed, TemporaryError
from bot.services.desk import Request
from bot.services.escalate import AT_A_TIME
from tests.support.parts import Parts, a_finding


@pytest.fixture
def pager() -> FakePager:
    return FakePager()


@pytest.fixture
def parts(build: Callable[..., Parts], pager: FakePager) -> Parts:
    return build(ladder=USUAL, rotations=ROTATIONS, pager=pager)


@pytest.fixture
def following(build: Callable[..., Parts]) -> Callable[..., Parts]:
    """Services with these policies."""

    def make(*policies: EscalationPolicy, hours: WorkingHours | None = None) -> Parts:
        return build(ladder=ladder(*policies, hours=hours), rotations=ROTATIONS)

    return make


def critical(key: str = "a", **changes: object) -> object:
    return a_finding(key, severity="critical", **changes)  # type: ignore[arg-type]


async def announce(parts: Parts, *keys: str, **changes: object) -> None:
    await parts.say(*(critical(key, **changes) for key in keys or ("a",)))  # type: ignore[arg-type]


async def trail(parts: Parts) -> list[Line]:
    async with parts.store.reads() as reads:
        return list(await reads.trail(datetime(2026, 1, 1, tzinfo=UTC), limit=99, what=("escalated",)))


# --- a level at its time ----------------------------------------------------------------------------------------------------------------


async def test_a_level_is_told_at_its_time_in_the_thread_and_to_whoever_is_on_call(parts: Parts) -> None:
    await announce(parts)
    assert await tick(parts, 4.9) == []
    assert sorted(await tick(parts, 0.1)) == [("broadcast", "critical"), ("card", "U0ANA"), ("edit", "critical")]
    assert await tick(parts, 1) == [], "once"
    assert await progress(parts) == (Progress.RUNNING, 1, "", "")


async def test_it_mentions_only_those_whom_the_level_tells(parts: Parts) -> None:
    await announce(parts)
    assert "<!subteam^S0ONCALL>" in shown(parts, "card", "critical"), "the route's people hear of the announcement"
    await tick(parts, 5)
    [first] = heard(parts, "critical")
    assert "<@U0ANA>" in first
    assert "level 1 of 3" in first
    await tick(parts, 10)
    second = heard(parts, "critical")[-1]
    assert "<!subteam^S0EVERY>" in second
    for text in (first, second):
        assert "S0ONCALL" not in text
        assert "<!here>" not in text
    assert "U0ANA" not in second
    for copy in ("U0ANA", "leads"):
        assert "S0ONCALL" not in shown(parts, "card", copy), "a copy does not call the route's people again"


async def test_the_card_to_whoever_is_on_call_is_of_the_same_finding_and_answers_it(parts: Parts) -> None:
    await announce(parts)
    await tick(parts, 5)
    direct = shown(parts, "card", "U0ANA")
    assert "You were called for this" in direct
    assert "Can't take it" in direct
    assert "'ack:1'" in direct
    answer = await parts.desk.press(Pressed("ack", number=1), Request("U0ANA", "DU0ANA"))
    assert isinstance(answer.view, Notice)
    said = await tick(parts)
    assert {("edit", "U0ANA"), ("line", "U0ANA"), ("edit", "critical"), ("line", "critical")} == set(said)
    assert "You were called" not in shown(parts, "edit", "U0ANA")


async def test_another_channel_gets_the_card_and_the_second_time_a_line_in_its_thread(
    following: Callable[..., Parts],
) -> None:
    parts = following(policy((5, "channel:leads user:U0DIA"), (5, "channel:leads user:U0DIA")))
    await announce(parts)
    assert ("card", "leads") in await tick(parts, 5)
    again = await tick(parts, 5)
    assert ("broadcast", "leads") in again
    assert ("broadcast", "U0DIA") in again, "called again in the same thread"
    assert not [c for what, c in again if what == "card"]
    assert "level 2 of 2" in heard(parts, "leads")[-1]


async def test_the_channel_of_the_finding_itself_is_told_once(following: Callable[..., Parts]) -> None:
    parts = following(policy((5, "channel:critical")))
    await announce(parts)
    assert await tick(parts, 5) == [("broadcast", "critical"), ("edit", "critical")]


async def test_a_person_whom_several_addresses_name_is_told_once(following: Callable[..., Parts]) -> None:
    parts = following(policy((5, "rotation:primary user:U0ANA user:U0ANA")))
    await announce(parts)
    assert sorted(await tick(parts, 5)) == [("broadcast", "critical"), ("card", "U0ANA"), ("edit", "critical")]
    assert (await last_entry(parts))["whom"] == "U0ANA"


async def test_only_a_policy_that_says_so_tells_everybody_who_is_here_and_in_one_channel(
    following: Callable[..., Parts],
) -> None:
    parts = following(policy((5, "channel:leads"), (5, "here channel:leads")))
    await announce(parts)
    await tick(parts, 5)
    assert "<!here>" not in heard(parts, "critical")[-1]
    await tick(parts, 5)
    assert "<!here>" in heard(parts, "critical")[-1]
    assert "<!here>" not in heard(parts, "leads")[-1], "the copy's channel is not the finding's"


async def test_every_copy_is_edited_and_says_how_far_it_is(parts: Parts) -> None:
    await announce(parts)
    await tick(parts, 5)
    await tick(parts, 10)
    said = await tick(parts, 15)
    assert {c for what, c in said if what == "edit"} == {"critical", "U0ANA", "leads"}
    for channel in ("critical", "U0ANA", "leads"):
        assert "level 3 of 3" in shown(parts, "edit", channel)


async def test_what_was_told_is_in_the_timeline_and_in_the_trail(parts: Parts) -> None:
    await announce(parts)
    await tick(parts, 5)
    entry = await last_entry(parts)
    assert entry == {
        "kind": "escalated", "actor": "", "note": "", "level": "1", "levels": "3", "policy": "p", "whom": "U0ANA",
        "addresses": "rotation:primary",
    }  # fmt: skip
    [line] = await trail(parts)
    assert (line.what, line.number, line.actor) == ("escalated", 1, "")


# --- the pager --------------------------------------------------------------------------------------------------------------------------


async def test_a_pager_gets_the_words_of_the_card_and_where_to_answer(parts: Parts, pager: FakePager) -> None:
    await announce(parts)
    for minutes in (5, 10, 15):
        await tick(parts, minutes)
    [(topic, subject, text)] = pager.pages
    assert (topic, subject) == (TOPIC, "secbot F-1 CRITICAL")
    assert "Something about a" in text
    assert "F-1, level 3: answer in Slack, #critical." in text


@pytest.mark.parametrize(
    ("error", "wait", "why"),
    [
        (TemporaryError("throttled"), 2, "it was not taken"),
        (Ambiguous("the answer was lost"), 61, "twice is better than never"),
        (Malformed("no such topic"), 301, "a person may have mended the topic"),
    ],
)
async def test_a_page_that_failed_is_tried_again_and_holds_up_nobody_else(
    parts: Parts, pager: FakePager, error: Exception, wait: float, why: str
) -> None:
    await announce(parts)
    for minutes in (5, 10):
        await tick(parts, minutes)
    pager.failing.append(error)
    said = await tick(parts, 15)
    assert ("card", "U0DIA") in said
    assert pager.pages == []
    parts.clock.move(wait)
    await parts.deliver.drain()
    assert len(pager.pages) == 1, why


async def test_a_topic_that_refuses_us_is_shown_as_blocked(parts: Parts, pager: FakePager) -> None:
    await announce(parts)
    for minutes in (5, 10):
        await tick(parts, minutes)
    pager.failing.append(Malformed("no such topic"))
    await tick(parts, 15)
    async with parts.store.reads() as reads:
        blocked = (await reads.backlog()).blocked
    assert [(channel, error) for channel, error, _ in blocked] == [(TOPIC, "malformed")]


# --- to the end -------------------------------------------------------------------------------------------------------------------------


async def test_when_nobody_answers_the_last_path_says_so_once(parts: Parts) -> None:
    await announce(parts)
    for minutes in (5, 10, 15):
        await tick(parts, minutes)
    said = await tick(parts, 15)
    assert {("card", "board"), ("card", "U0EVA"), ("broadcast", "critical")} <= set(said)
    assert "Nobody has answered" in heard(parts, "critical")[-1]
    assert await progress(parts) == (Progress.EXHAUSTED, 4, "nobody answered", "")
    assert "nobody answered" in shown(parts, "edit", "critical")
    assert await tick(parts, 10_000) == []


async def test_it_begins_again_as_often_as_its_policy_says(following: Callable[..., Parts]) -> None:
    parts = following(policy((0, "user:U0DIA"), (5, "user:U0EVA"), repeat=1))
    await announce(parts)
    assert ("card", "U0DIA") in await tick(parts)
    assert ("card", "U0EVA") in await tick(parts, 5)
    assert await tick(parts, 14.9) == []
    assert ("broadcast", "U0DIA") in await tick(parts, 0.1)
    assert ("broadcast", "U0EVA") in await tick(parts, 5)
    assert (await progress(parts))[0] is Progress.EXHAUSTED


async def test_after_a_downtime_only_the_highest_due_level_is_told_and_marked_late(parts: Parts) -> None:
    await announce(parts)
    said = await tick(parts, 31)
    assert ("card", "U0DIA") in said
    assert {c for what, c in said if what == "card"} == {"U0DIA"}
    [text] = heard(parts, "critical")
    assert "level 3 of 3" in text
    assert "late" in text
    assert (await last_entry(parts))["late"] == "1"
    assert await tick(parts, 14.9) == [], "whoever was told has their time"
    assert ("card", "board") in await tick(parts, 0.1)


async def test_a_tick_takes_up_all_that_is_due_however_many(parts: Parts) -> None:
    many = AT_A_TIME * 2 + 3
    await parts.take(*(critical(f"k{i:03}") for i in range(many)))  # type: ignore[arg-type]
    parts.clock.move(5 * MINUTE)
    await parts.suite.escalations.sweep()
    found = [await progress(parts, n) for n in range(1, many + 1)]
    assert {f[:2] for f in found} == {(Progress.RUNNING, 1)}


# --- which findings ---------------------------------------------------------------------------------------------------------------------


async def test_what_no_policy_holds_is_waited_for_in_no_list(parts: Parts) -> None:
    await parts.say(a_finding("small", severity="medium"))
    assert await tick(parts, 10_000) == []
    async with parts.store.reads() as reads:
        assert await reads.escalation(1) is None


async def test_a_finding_of_a_silent_route_has_no_card_to_answer_on_and_does_not_escalate(
    following: Callable[..., Parts],
) -> None:
    parts = following(policy((0, "user:U0DIA")))
    await parts.say(a_finding("quiet", severity="info"))
    assert await tick(parts, 60) == []


async def test_the_first_policy_that_holds_a_finding_is_followed(following: Callable[..., Parts]) -> None:
    parts = following(
        policy((0, "user:U0DIA"), name="critical", when="sev:critical"), policy((0, "user:U0EVA"), name="rest")
    )
    await announce(parts)
    await parts.say(a_finding("b"))
    await tick(parts)
    details = await parts.suite.escalations.of(await parts.suite.details.record(2))
    assert details[0] == "rest"
    assert {c for what, c in parts.messenger.what if what == "card"} == {"critical", "all", "U0DIA", "U0EVA"}


async def test_a_policy_for_working_hours_tells_on_monday_morning(following: Callable[..., Parts]) -> None:
    hours = WorkingHours(begin=time(9), end=time(17))
    parts = following(policy((5, "user:U0DIA"), hours=When.WORKING), hours=hours)
    await announce(parts)  # on a Sunday, at noon
    assert await tick(parts, 60 * 20) == []
    said = await tick(parts, 60)
    assert ("card", "U0DIA") in said
    assert "late" not in (await last_entry(parts))


async def test_a_new_configuration_goes_on_with_the_policy_of_the_same_name(
    parts: Parts, build: Callable[..., Parts]
) -> None:
    await announce(parts)
    await tick(parts, 5)
    shorter = ladder(policy((1, "user:U0EVA"), (1, "user:U0FAY")))
    newer = build(ladder=shorter, rotations=ROTATIONS, wrap=lambda _: parts.store)
    newer.clock.move(99 * MINUTE)
    await newer.suite.escalations.sweep()
    assert (await progress(parts))[0] is Progress.RUNNING, "the database's clock says what is due"
    parts.clock.move(10 * MINUTE)
    await newer.suite.escalations.sweep()
    assert (await progress(parts))[0] is Progress.EXHAUSTED
    assert (await last_entry(parts))["addresses"] == "user:U0FAY"


async def test_a_policy_that_is_gone_ends_what_it_began(parts: Parts, build: Callable[..., Parts]) -> None:
    await announce(parts)
    newer = build(rotations=ROTATIONS, wrap=lambda _: parts.store)
    parts.clock.move(5 * MINUTE)
    await newer.suite.escalations.sweep()
    assert await progress(parts) == (Progress.STOPPED, 0, "no policy holds it any more", "")
    assert (await parts.suite.details.record(1)).state is State.OPEN
