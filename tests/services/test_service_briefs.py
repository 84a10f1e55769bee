"""What the clock tells people who come on duty or wake up: once, while it is fresh, and as things are when it is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from oncall_making import HOUR, MINUTE, PRIMARY, ROTA, ROTATIONS, USUAL, shown, tick
from service_making import ANAS, BENS

from bot.domain.finding import Severity, Status
from bot.domain.message import Pressed
from bot.domain.oncall_views import ShiftBrief, ShiftTaken, SleptThrough
from bot.domain.views import Trouble
from bot.errors import NotFound, UserError
from bot.ports import Saying, SayKind
from bot.services.desk import Request
from bot.services.reports import Reports
from tests.support.parts import Parts, a_finding

BENS_START = datetime(2026, 3, 2, 9, tzinfo=UTC)
TO_NINE = 21 * HOUR  # the tests begin at noon, Ben's shift at nine on the next day
SHIFT = Pressed("oncall.have", extra=f"primary.{int(BENS_START.timestamp())}")


@pytest.fixture
def parts(build: Callable[..., Parts]) -> Parts:
    return build(ladder=USUAL, rotations=ROTATIONS, policy=ROTA)


async def briefs_after(parts: Parts, seconds: float) -> list[str]:
    """The channels that a brief was posted in."""
    parts.clock.move(seconds)
    return [channel for what, channel in await tick(parts) if what == "card" and channel == "shifts"]


async def saw(parts: Parts, details: dict[str, str]) -> object:
    return await Reports(parts.suite.briefs).view(details, parts.clock.now())


# --- a shift begins ---------------------------------------------------------------------------------------------------------------------


async def test_a_shift_begins_with_one_brief_in_its_channel(parts: Parts) -> None:
    assert await briefs_after(parts, TO_NINE - 1) == []
    assert await briefs_after(parts, 1) == ["shifts"]
    for _ in range(3):
        assert await briefs_after(parts, 10 * MINUTE) == []
    text = shown(parts, "card", "shifts")
    assert "<@U0BEN>" in text
    assert "<@U0ANA>" in text, "from whom it comes"
    assert "I have it" in text


@pytest.mark.parametrize(("late", "is_told"), [(59 * MINUTE, True), (60 * MINUTE, False)])
async def test_after_an_hour_a_brief_is_no_news_any_more(parts: Parts, late: float, is_told: bool) -> None:
    assert bool(await briefs_after(parts, TO_NINE + late)) is is_told


async def test_two_replicas_tell_one_brief(parts: Parts, build: Callable[..., Parts]) -> None:
    other = build(ladder=USUAL, rotations=ROTATIONS, wrap=lambda _: parts.store)
    for each in (parts, other):
        each.clock.move(TO_NINE)
        await each.suite.briefs.sweep()
    await parts.deliver.drain()
    assert [c for what, c in parts.messenger.what if what == "card"] == ["shifts"]


async def test_whoever_goes_on_gets_no_brief(build: Callable[..., Parts]) -> None:
    alone = build(rotations=(replace(PRIMARY, people=("U0ANA",)),))
    assert await briefs_after(alone, TO_NINE) == []
    parts = build(rotations=ROTATIONS)
    await parts.suite.oncall.swap("primary", "U0ANA", BENS_START, BENS_START + timedelta(hours=4), "U0ANA")
    assert await briefs_after(parts, TO_NINE) == [], "Ana goes on for Ben"
    assert await briefs_after(parts, 4 * HOUR) == ["shifts"], "now it is his"


async def test_a_swap_begins_with_a_brief_too_and_says_whose_turn_it_is(parts: Parts) -> None:
    now = parts.clock.now()
    await parts.suite.oncall.swap("primary", "U0DIA", now, now + timedelta(hours=2), "U0ANA")
    assert await briefs_after(parts, 0) == ["shifts"]
    assert "<@U0DIA>" in shown(parts, "card", "shifts")
    assert await briefs_after(parts, 2 * HOUR) == ["shifts"], "and ends with one"
    assert "<@U0ANA>" in shown(parts, "card", "shifts")


async def test_a_swap_that_another_one_covers_begins_nothing(parts: Parts) -> None:
    now = parts.clock.now()
    hour = timedelta(hours=1)
    await parts.suite.oncall.swap("primary", "U0EVA", now + 2 * hour, now + 3 * hour, "U0ANA")
    parts.clock.move(1)
    await parts.suite.oncall.swap("primary", "U0DIA", now + hour, now + 5 * hour, "U0ANA")
    found = [await briefs_after(parts, HOUR) for _ in range(5)]
    assert found == [["shifts"], [], [], [], ["shifts"]]


async def test_a_rotation_without_a_channel_and_a_group_have_no_briefs(build: Callable[..., Parts]) -> None:
    parts = build(rotations=(replace(PRIMARY, channel=""), replace(ROTATIONS[1], channel="shifts")))
    assert await briefs_after(parts, TO_NINE) == []


async def test_a_brief_shows_what_is_so_when_it_is_said(parts: Parts) -> None:
    await parts.say(
        a_finding("a", severity="critical"), a_finding("b", severity="high"), a_finding("c", severity="medium")
    )
    await tick(parts, 5)
    await parts.suite.triage.acknowledge(2, "U0ANA")
    start = BENS_START.isoformat()
    details = {"rotation": "primary", "person": "U0BEN", "start": start, "end": start, "instead": "", "before": "U0ANA"}
    view = await saw(parts, {"report": "brief", **details})
    assert isinstance(view, ShiftBrief)
    assert [(r.record.number, r.level) for r in view.escalations] == [(1, 1)]
    assert ([r.number for r in view.acknowledged], view.acknowledged_total) == ([2], 1)
    assert view.counts == {Severity.CRITICAL: 1, Severity.HIGH: 1, Severity.MEDIUM: 1}
    assert (view.approvals, view.leases, view.before) == (0, (), "U0ANA")


# --- somebody has it --------------------------------------------------------------------------------------------------------------------


async def test_i_have_it_is_said_once_in_the_shifts_channel(parts: Parts) -> None:
    await briefs_after(parts, TO_NINE)
    taken = (await parts.desk.press(SHIFT, BENS)).view
    assert isinstance(taken, ShiftTaken)
    assert (taken.rotation, taken.person, taken.until) == ("primary", "U0BEN", BENS_START + timedelta(days=1))
    assert await tick(parts) == [("card", "shifts")]
    assert "<@U0BEN>" in shown(parts, "card", "shifts")
    again = (await parts.desk.press(SHIFT, ANAS)).view
    assert isinstance(again, Trouble)
    assert "Somebody has said so already." in again.messages[0]
    assert await tick(parts) == []


async def test_it_can_be_said_until_the_shift_is_over(parts: Parts) -> None:
    await briefs_after(parts, TO_NINE + 24 * HOUR - 1)
    assert isinstance((await parts.desk.press(SHIFT, BENS)).view, ShiftTaken)


@pytest.mark.parametrize(
    ("seconds", "why"), [(TO_NINE + 24 * HOUR, "it is over"), (TO_NINE - 1, "it has not begun"), (1e7, "long ago")]
)
async def test_a_shift_that_is_not_now_cannot_be_taken(parts: Parts, seconds: float, why: str) -> None:
    parts.clock.move(seconds)
    view = (await parts.desk.press(SHIFT, BENS)).view
    assert isinstance(view, Trouble)
    assert "That shift is over, or has changed." in view.messages[0], why


async def test_a_shift_that_a_swap_took_away_cannot_be_taken(parts: Parts) -> None:
    await briefs_after(parts, TO_NINE)
    now = parts.clock.now()
    await parts.suite.oncall.swap("primary", "U0ANA", BENS_START, now + timedelta(hours=1), "U0ANA")
    assert isinstance((await parts.desk.press(SHIFT, BENS)).view, Trouble)


async def test_a_shift_that_began_when_a_swap_ended_can_be_taken_hours_later(parts: Parts) -> None:
    now = parts.clock.now()
    await parts.suite.oncall.swap("primary", "U0DIA", now, now + timedelta(hours=2), "U0ANA")
    assert await briefs_after(parts, 2 * HOUR) == ["shifts"]
    start = int((now + timedelta(hours=2)).timestamp())
    parts.clock.move(5 * HOUR)
    view = (await parts.desk.press(Pressed("oncall.have", extra=f"primary.{start}"), ANAS)).view
    assert isinstance(view, ShiftTaken)


async def test_a_swap_made_between_two_seconds_can_be_taken_by_the_button_of_its_brief(parts: Parts) -> None:
    parts.clock.move(0.75)
    now = parts.clock.now()
    await parts.suite.oncall.swap("primary", "U0DIA", now, now + timedelta(hours=2), "U0ANA")
    await briefs_after(parts, 1)
    text = shown(parts, "card", "shifts")
    extra = f"primary.{int(now.timestamp())}"
    assert extra in text
    assert isinstance((await parts.desk.press(Pressed("oncall.have", extra=extra), BENS)).view, ShiftTaken)


@pytest.mark.parametrize("extra", ["", "primary", "primary.", "primary.soon", ".1772442000", "primary.-1772442000"])
async def test_a_button_without_its_shift_does_nothing(parts: Parts, extra: str) -> None:
    await briefs_after(parts, TO_NINE)
    assert isinstance((await parts.desk.press(Pressed("oncall.have", extra=extra), BENS)).view, Trouble)
    assert await tick(parts) == []


async def test_a_rotation_that_is_gone_cannot_be_taken(parts: Parts) -> None:
    with pytest.raises(NotFound):
        await parts.suite.briefs.take("secondary", BENS_START, "U0BEN")
    with pytest.raises(UserError):
        await parts.suite.briefs.take("everybody", parts.clock.now(), "U0BEN")


# --- what people slept through ----------------------------------------------------------------------------------------------------------


async def night(parts: Parts) -> None:
    """Ben's quiet hours begin at ten; three findings come, two are answered."""
    await parts.desk.command("oncall quiet 22:00-07:00", BENS)
    await parts.say(a_finding("before", severity="critical"))
    parts.clock.move(11 * HOUR)
    night = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
    await parts.say(
        a_finding("a", severity="critical", start=night), a_finding("b", severity="high", start=night),
        a_finding("c", severity="low", start=night),
    )  # fmt: skip
    await parts.suite.triage.acknowledge(3, "U0ANA")
    await parts.take(a_finding("a", severity="critical", start=night, later_s=60, status=Status.RESOLVED))


async def test_in_the_morning_it_is_told_once_what_was_slept_through(parts: Parts) -> None:
    await night(parts)
    assert ("card", "U0BEN") not in await tick(parts, 7 * 60 + 59)
    assert ("card", "U0BEN") in await tick(parts, 1)
    for _ in range(3):
        assert ("card", "U0BEN") not in await tick(parts, 10)
    assert "<@U0ANA>" in shown(parts, "card", "U0BEN")


async def test_every_morning_has_its_own(parts: Parts) -> None:
    await parts.desk.command("oncall quiet 22:00-07:00", BENS)
    mornings = []
    parts.clock.move(19 * HOUR)
    for _ in range(3):
        mornings.append(("card", "U0BEN") in await tick(parts))
        parts.clock.move(24 * HOUR)
    assert mornings == [True, True, True]


async def test_two_replicas_tell_it_once(parts: Parts, build: Callable[..., Parts]) -> None:
    await parts.desk.command("oncall quiet 22:00-07:00", BENS)
    other = build(ladder=USUAL, rotations=ROTATIONS, wrap=lambda _: parts.store)
    for each in (parts, other):
        each.clock.move(19 * HOUR)
    async with parts.store.reads() as reads:
        [quiet] = await reads.quiets()
    await parts.suite.briefs.sweep()
    async with parts.store.begin() as tx:
        await tx.save_quiet(quiet)  # as the other replica has read it
    await other.suite.briefs.sweep()
    await parts.deliver.drain()
    assert parts.messenger.what.count(("card", "U0BEN")) == 1


async def test_who_asks_for_quiet_in_the_middle_of_the_night_hears_of_that_night(parts: Parts) -> None:
    parts.clock.move(13 * HOUR)
    await parts.desk.command("oncall quiet 22:00-07:00", BENS)
    parts.clock.move(6 * HOUR)
    assert ("card", "U0BEN") in await tick(parts)


async def test_who_asks_after_the_night_hears_of_the_next(parts: Parts) -> None:
    parts.clock.move(19 * HOUR + 60)
    await parts.desk.command("oncall quiet 22:00-07:00", BENS)
    assert ("card", "U0BEN") not in await tick(parts)


async def test_who_is_loud_again_hears_of_nothing(parts: Parts) -> None:
    await parts.desk.command("oncall quiet 22:00-07:00", BENS)
    parts.clock.move(18 * HOUR)
    await parts.desk.command("oncall quiet off", Request("U0BEN", "sec"))
    assert ("card", "U0BEN") not in await tick(parts, 60)


async def test_what_was_slept_through_is_what_came_meanwhile_what_is_left_of_it_and_who_answered(parts: Parts) -> None:
    await night(parts)
    since = datetime(2026, 3, 1, 22, tzinfo=UTC)
    view = await saw(parts, {"report": "slept", "user": "U0BEN", "since": since.isoformat()})
    assert isinstance(view, SleptThrough)
    assert view.announced == {Severity.CRITICAL: 1, Severity.HIGH: 1, Severity.LOW: 1}
    assert [r.finding.key for r in view.still_open] == ["b"], "of the worst; what came before is no news"
    assert view.answered == (("U0ANA", 1),)


# --- rows of another version ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("details", "why"),
    [
        ({}, "without a kind"),
        ({"report": "weather"}, "a kind that is not there"),
        ({"report": "brief"}, "a brief without anything"),
        ({"report": "brief", "rotation": "primary", "person": "U0BEN", "start": "soon", "end": "later"}, "no times"),
        ({"report": "taken", "rotation": "primary", "person": "U0BEN"}, "without its end"),
        ({"report": "taken", "rotation": "primary", "person": "U0BEN", "until": "x"}, "no time"),
        ({"report": "slept", "user": "U0BEN"}, "without its beginning"),
        ({"report": "drift"}, "without what was seen"),
    ],
)
async def test_a_report_of_another_version_is_dropped_and_holds_up_nothing(
    parts: Parts, details: dict[str, str], why: str
) -> None:
    assert await saw(parts, details) is None, why
    until = parts.clock.now().isoformat()
    good = {"report": "taken", "rotation": "primary", "person": "U0BEN", "until": until}
    async with parts.store.begin() as tx:
        await tx.say([Saying(f"k{i}", SayKind.REPORT, 0, "shifts", 5, d) for i, d in enumerate((details, good))])
    await parts.deliver.drain()
    assert parts.messenger.what == [("card", "shifts")], why
    async with parts.store.reads() as reads:
        assert (await reads.backlog()).waiting == 0
