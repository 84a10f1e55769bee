"""Who is on call, swaps and quiet hours, as people ask for them; and whom a level tells because of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from oncall_making import HOUR, PRIMARY, ROTA, ROTATIONS, USUAL, heard, ladder, policy, tick
from service_making import ANAS, BENS

from bot.domain.authz import Actor
from bot.domain.message import Pressed
from bot.domain.oncall import Rotation, Shift
from bot.domain.oncall_views import OnCallBoard
from bot.domain.views import Trouble
from bot.errors import NotFound, UserError
from bot.ports.oncall import Quiet
from bot.services.desk import Request
from bot.services.oncall import LONGEST_SWAP, asleep, slept
from tests.support.parts import Parts, a_finding

NINE = datetime(2026, 3, 1, 9, tzinfo=UTC)  # Ana's shift began three hours ago
NOON = NINE + timedelta(hours=3)
DAY = timedelta(days=1)


@pytest.fixture
def parts(build: Callable[..., Parts]) -> Parts:
    return build(ladder=USUAL, rotations=ROTATIONS, policy=ROTA)


async def board(parts: Parts, text: str = "oncall", request: Request = ANAS) -> OnCallBoard:
    answer = await parts.desk.command(text, request)
    assert isinstance(answer.view, OnCallBoard), answer.view
    return answer.view


async def trouble(parts: Parts, text: str, request: Request = ANAS) -> str:
    answer = await parts.desk.command(text, request)
    assert isinstance(answer.view, Trouble), answer.view
    return answer.view.messages[0]


async def submit(parts: Parts, values: Mapping[str, str], request: Request = ANAS) -> object:
    given: Mapping[str, str] = {"rotation": "primary", "user": "U0DIA", "starts": "now", "lasts": "8h"} | dict(values)
    return (await parts.desk.press(Pressed("oncall.swapped", values=given), request)).view


# --- the board --------------------------------------------------------------------------------------------------------------------------


async def test_the_board_says_who_is_on_call_now_and_next(parts: Parts) -> None:
    view = await board(parts)
    primary, everybody = view.rows
    assert primary.shift == Shift("U0ANA", NINE, NINE + DAY)
    assert primary.following == Shift("U0BEN", NINE + DAY, NINE + 2 * DAY)
    assert (everybody.shift, everybody.following, everybody.group) == (None, None, "S0EVERY")
    assert (view.said, view.quiet) == ("", "")


@pytest.mark.parametrize("name", ["shift", "ONCALL"])
async def test_the_verb_has_other_names(parts: Parts, name: str) -> None:
    assert (await board(parts, name)).rows


async def test_without_rotations_the_board_is_empty(build: Callable[..., Parts]) -> None:
    assert (await board(build())).rows == ()


async def test_what_oncall_cannot_do_is_said_with_what_it_can(parts: Parts) -> None:
    assert "`fire` is nothing that oncall does: swap, quiet" in await trouble(parts, "oncall fire ben")


# --- swaps ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "person", "start", "end"),
    [
        ("swap primary <@U0DIA> 8h", "U0DIA", NOON, NOON + timedelta(hours=8)),
        ("swap <@U0DIA> primary 90m", "U0DIA", NOON, NOON + timedelta(minutes=90)),
        ("swap PRIMARY @U0DIA 2h", "U0DIA", NOON, NOON + timedelta(hours=2)),
        ("swap primary me in 30h 2h", "U0ANA", NOON + timedelta(hours=30), NOON + timedelta(hours=32)),
    ],
)
async def test_somebody_takes_over_as_it_is_typed(
    parts: Parts, text: str, person: str, start: datetime, end: datetime
) -> None:
    view = await board(parts, f"oncall {text}")
    assert view.said == f"<@{person}> takes over primary."
    async with parts.store.reads() as reads:
        [swap] = await reads.swaps(NOON)
    assert (swap.rotation, swap.person, swap.start, swap.end, swap.author) == ("primary", person, start, end, "U0ANA")
    async with parts.store.reads() as reads:
        [line] = await reads.trail(NOON, limit=9, what=("oncall_swap",))
    assert (line.actor, line.subject, line.details["person"]) == ("U0ANA", "primary", person)


async def test_the_only_rotation_needs_no_name(build: Callable[..., Parts]) -> None:
    parts = build(rotations=(PRIMARY,), policy=ROTA)
    assert (await board(parts, "oncall swap @U0DIA 1h")).said == "<@U0DIA> takes over primary."


@pytest.mark.parametrize(
    ("text", "says", "why"),
    [
        ("swap", "Who takes over", "nothing at all"),
        ("swap primary 8h", "Who takes over", "nobody"),
        ("swap primary @U0DIA", "Who takes over", "no time"),
        ("swap primary @U0DIA soon", "Who takes over", "no time that can be read"),
        ("swap primary @U0DIA in 2h", "Who takes over", "a beginning without a length"),
        ("swap primary @U0DIA 2h 8h", "Who takes over", "two times without `in`"),
        ("swap primary @U0DIA @U0EVA 8h", "Who takes over", "two people"),
        ("swap primary me @U0DIA 8h", "Who takes over", "two people, one of them oneself"),
        ("swap primray @U0DIA 8h", "There is no rotation `primray`: primary, everybody.", "a typing error"),
        ("swap @U0DIA 8h", "There is no rotation ``: primary, everybody.", "which of the two"),
        ("swap everybody @U0DIA 8h", "everybody is the group S0EVERY: change who is in it in Slack.", "a group"),
        ("swap primary @U0DIA 61d", f"{LONGEST_SWAP.days} days", "too long"),
        ("swap primary @U0DIA 0h", "Who takes over", "no time at all"),
    ],
)
async def test_a_swap_that_cannot_be_made_is_answered_clearly(parts: Parts, text: str, says: str, why: str) -> None:
    assert says in await trouble(parts, f"oncall {text}"), why
    async with parts.store.reads() as reads:
        assert await reads.swaps(NOON) == [], why


@pytest.mark.parametrize(
    "who", [{"bot": True}, {"guest": True}, {"stranger": True}, {"deleted": True}, {"known": False}]
)
async def test_only_a_full_member_can_be_on_call(parts: Parts, who: dict[str, bool]) -> None:
    parts.people.actors["U0DIA"] = replace(Actor("U0DIA", "T1"), **who)  # type: ignore[arg-type]
    assert "Only a full member" in await trouble(parts, "oncall swap primary @U0DIA 8h")
    assert isinstance(await submit(parts, {}), Trouble)


async def test_changing_who_is_on_call_takes_a_role(parts: Parts) -> None:
    assert "takes a role with `oncall`" in await trouble(parts, "oncall swap primary me 8h", BENS)
    for view in (await submit(parts, {}, BENS), (await parts.desk.press(Pressed("oncall.swap"), BENS)).view):
        assert isinstance(view, Trouble)
    async with parts.store.reads() as reads:
        assert await reads.swaps(NOON) == []


async def test_where_no_window_can_be_opened_the_button_says_what_to_type(parts: Parts) -> None:
    view = (await parts.desk.press(Pressed("oncall.swap"), ANAS)).view
    assert isinstance(view, Trouble)
    assert "/sec oncall swap [rotation] @someone" in view.messages[0]


async def test_a_configuration_without_people_has_nothing_to_swap(build: Callable[..., Parts]) -> None:
    parts = build(rotations=(ROTATIONS[1],), policy=ROTA)
    view = (await parts.desk.press(Pressed("oncall.swap"), ANAS)).view
    assert isinstance(view, Trouble)
    assert "no rotation of people" in view.messages[0]


@pytest.mark.parametrize(
    ("values", "start", "end"),
    [
        ({}, NOON, NOON + timedelta(hours=8)),
        ({"starts": "", "lasts": "2d"}, NOON, NOON + 2 * DAY),
        ({"starts": " Now ", "lasts": " 30m "}, NOON, NOON + timedelta(minutes=30)),
        ({"starts": "2h"}, NOON + timedelta(hours=2), NOON + timedelta(hours=10)),
    ],
)
async def test_the_window_makes_a_swap(parts: Parts, values: dict[str, str], start: datetime, end: datetime) -> None:
    view = await submit(parts, values)
    assert isinstance(view, OnCallBoard), view
    async with parts.store.reads() as reads:
        [swap] = await reads.swaps(NOON)
    assert (swap.person, swap.start, swap.end) == ("U0DIA", start, end)


@pytest.mark.parametrize(
    ("values", "wrong"),
    [
        ({"lasts": "long"}, {"lasts"}),
        ({"lasts": ""}, {"lasts"}),
        ({"starts": "tomorrow"}, {"starts"}),
        ({"lasts": "x", "starts": "y"}, {"lasts", "starts"}),
        ({}, set()),
    ],
)
async def test_the_window_says_which_field_is_wrong(parts: Parts, values: dict[str, str], wrong: set[str]) -> None:
    pressed = Pressed("oncall.swapped", values={"user": "U0DIA", "starts": "now", "lasts": "8h"} | values)
    assert set(parts.desk.mistakes(pressed)) == wrong
    if wrong:
        assert isinstance(await submit(parts, values), Trouble), "nor does it do anything unchecked"


async def test_a_swap_that_is_over_is_none(parts: Parts) -> None:
    for start, end in ((NOON - 2 * DAY, NOON - DAY), (NOON, NOON), (NOON + DAY, NOON)):
        with pytest.raises(UserError, match="A swap lasts"):
            await parts.suite.oncall.swap("primary", "U0DIA", start, end, "U0ANA")


async def test_a_swap_changes_whom_a_level_tells_and_ends(parts: Parts) -> None:
    await board(parts, "oncall swap primary @U0DIA 8h")
    assert (await board(parts)).rows[0].shift == Shift("U0DIA", NOON, NOON + timedelta(hours=8), instead="U0ANA")
    await parts.say(a_finding("a", severity="critical"))
    assert ("card", "U0DIA") in await tick(parts, 5)
    assert "<@U0DIA>" in heard(parts, "critical")[-1]
    parts.clock.move(8 * HOUR)
    await parts.say(a_finding("b", severity="critical"))
    assert ("card", "U0ANA") in await tick(parts, 5)


async def test_after_the_hand_over_a_level_tells_the_next_one(parts: Parts) -> None:
    parts.clock.move(20 * HOUR + 58 * 60)  # two minutes before nine
    await parts.say(a_finding("a", severity="critical"))
    assert ("card", "U0BEN") in await tick(parts, 5)


async def test_a_rotation_is_found_by_its_name_in_any_case(parts: Parts) -> None:
    oncall = parts.suite.oncall
    assert oncall.rotation("Primary") is PRIMARY
    with pytest.raises(NotFound, match="There is no rotation `x`: primary, everybody"):
        oncall.rotation("x")


async def test_without_rotations_there_is_none_to_find(build: Callable[..., Parts]) -> None:
    with pytest.raises(NotFound, match="The configuration has no rotation"):
        build().suite.oncall.rotation("")


# --- quiet hours ------------------------------------------------------------------------------------------------------------------------


async def test_quiet_hours_are_kept_shown_changed_and_forgotten(parts: Parts) -> None:
    assert (await board(parts, "oncall quiet 22:00-07:00 Europe/Madrid")).quiet == "22:00-07:00 Europe/Madrid"
    assert (await board(parts, "oncall quiet 9:30-10:00")).quiet == "09:30-10:00 UTC"
    assert (await board(parts, request=BENS)).quiet == "", "they are one's own"
    view = await board(parts, "oncall quiet off")
    assert (view.said, view.quiet) == ("Your quiet hours are over.", "")
    assert (await board(parts, "oncall quiet OFF")).said == "You had no quiet hours."


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("quiet", "When? For example"),
        ("quiet tonight", "When? For example"),
        ("quiet 22:00", "When? For example"),
        ("quiet 22:00-07:00 Europe/Madrid please", "When? For example"),
        ("quiet 25:00-07:00", "`25:00` is not a time such as 22:00."),
        ("quiet 22:00-07:61", "`07:61` is not a time"),
        ("quiet 22:00-22:00", "begin and end at different times"),
        ("quiet 22:00-07:00 Madrid", "`Madrid` is not a time zone"),
        ("quiet 22:00-07:00 ../../etc/passwd", "is not a time zone"),
        ("quiet 22:00-07:00 Europe", "`Europe` is not a time zone"),
    ],
)
async def test_quiet_hours_that_cannot_be_read_are_answered_clearly(parts: Parts, text: str, says: str) -> None:
    assert says in await trouble(parts, f"oncall {text}")
    async with parts.store.reads() as reads:
        assert await reads.quiets() == []


async def test_quiet_hours_hold_back_calls_by_name_and_never_those_of_a_rotation(build: Callable[..., Parts]) -> None:
    parts = build(
        ladder=ladder(policy((5, "rotation:primary user:U0DIA user:U0EVA"))), rotations=ROTATIONS, policy=ROTA
    )
    for user in ("U0ANA", "U0DIA"):
        await board(parts, "oncall quiet 11:00-14:00", Request(user, "sec"))
    await parts.say(a_finding("a", severity="critical"))
    said = await tick(parts, 5)
    assert {c for what, c in said if what == "card"} == {"U0ANA", "U0EVA"}, "Ana is on call, Eva did not ask"
    assert "<@U0DIA>" in heard(parts, "critical")[-1], "the line says whom it is for"


async def test_after_the_quiet_hours_calls_by_name_come_again(build: Callable[..., Parts]) -> None:
    parts = build(ladder=ladder(policy((180, "user:U0DIA"))), policy=ROTA)
    await board(parts, "oncall quiet 11:00-14:00", Request("U0DIA", "sec"))
    await parts.say(a_finding("a", severity="critical"))
    assert ("card", "U0DIA") in await tick(parts, 180)


def quiet(begin: str, end: str, zone: str = "UTC", told: str = "") -> Quiet:
    minutes = [t.hour * 60 + t.minute for t in map(time.fromisoformat, (begin, end))]
    when = datetime.fromisoformat(f"{told}+00:00") if told else None
    return Quiet(user="U0ANA", begin=minutes[0], end=minutes[1], zone=zone, told=when)


@pytest.mark.parametrize(
    ("hours", "moment", "is_asleep", "has_slept", "why"),
    [
        (quiet("22:00", "07:00"), "2026-03-01T23:00", True, False, "in the evening"),
        (quiet("22:00", "07:00"), "2026-03-01T06:59", True, False, "in the morning"),
        (quiet("22:00", "07:00"), "2026-03-01T07:00", False, True, "they end"),
        (quiet("22:00", "07:00"), "2026-03-01T07:59", False, True, "it is still fresh"),
        (quiet("22:00", "07:00"), "2026-03-01T08:00", False, False, "it is old news"),
        (quiet("22:00", "07:00", told="2026-03-01T07:00"), "2026-03-01T07:10", False, False, "it was told"),
        (quiet("22:00", "07:00", told="2026-03-01T06:00"), "2026-03-01T07:10", False, True, "they were asked for at six"),
        (quiet("13:00", "14:00"), "2026-03-01T13:30", True, False, "a nap"),
        (quiet("13:00", "14:00"), "2026-03-01T14:30", False, True, "after it"),
        (quiet("22:00", "07:00", "Europe/Madrid"), "2026-03-29T05:00", False, True, "an hour was missing: seven is at five"),
        (quiet("22:00", "07:00", "Pacific/Apia"), "2026-03-01T17:30", True, False, "half past six on the next day"),
        (quiet("23:30", "00:00"), "2026-03-01T23:45", True, False, "until midnight"),
        (quiet("23:30", "00:00"), "2026-03-02T00:30", False, True, "told after midnight"),
    ],
)  # fmt: skip
def test_who_is_asleep_and_who_has_slept(hours: Quiet, moment: str, is_asleep: bool, has_slept: bool, why: str) -> None:
    at = datetime.fromisoformat(f"{moment}+00:00")
    assert (asleep(hours, at) is not None, slept(hours, at) is not None) == (is_asleep, has_slept), why


async def test_who_is_on_call_and_who_is_asleep_is_read_at_once(build: Callable[..., Parts]) -> None:
    empty = Rotation(name="none")
    parts = build(rotations=(*ROTATIONS, empty), policy=ROTA)
    await board(parts, "oncall quiet 11:00-14:00", BENS)
    duty = await parts.suite.oncall.duty()
    assert duty.people == {"primary": ("U0ANA",)}
    assert duty.groups == {"everybody": "S0EVERY"}
    assert duty.asleep == {"U0BEN"}
