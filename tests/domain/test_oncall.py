"""Who is on call and when people work: rotations through a year of twelve zones, swaps laid over them, working hours."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from itertools import islice, pairwise
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from bot.domain.oncall import Rotation, Shift, Swap, When, WorkingHours, instant, next_shift, shift_at, shifts

ZONES = (
    "UTC",
    "Europe/Madrid",
    "Europe/Dublin",  # its winter is the daylight saving time, a negative one
    "Africa/Casablanca",  # changes twice around Ramadan
    "America/New_York",
    "America/St_Johns",  # half an hour off
    "America/Santiago",  # changes at midnight, in the southern autumn
    "Asia/Tehran",
    "Asia/Kathmandu",  # three quarters of an hour off
    "Australia/Lord_Howe",  # changes by half an hour
    "Pacific/Chatham",
    "Pacific/Apia",
)
START = datetime(2026, 1, 5, 12, tzinfo=UTC)
HOUR, DAY, SECOND = timedelta(hours=1), timedelta(days=1), timedelta(seconds=1)
PEOPLE = ("U0ANA", "U0BEN", "U0CHEN")


def rotation(**changes: object) -> Rotation:
    base: dict[str, object] = {"name": "primary", "people": PEOPLE, "days": 1, "at": time(9), "zone": "UTC"}
    return Rotation(**(base | changes))  # type: ignore[arg-type]


def swap(person: str, start: datetime, end: datetime, made: int = 1, **changes: str) -> Swap:
    """Made so many hours before the tests' start, counted backwards: a higher `made` is a newer one."""
    return Swap(
        id=changes.get("id", f"s{made}"),
        rotation=changes.get("rotation", "primary"),
        person=person,
        start=start,
        end=end,
        author="U0LEAD",
        made=START - DAY + made * HOUR,
    )


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def moments(since: int, until: int) -> st.SearchStrategy[datetime]:
    """Any second of these years."""
    begin, end = (int(datetime(year, 3, 1, tzinfo=UTC).timestamp()) for year in (since, until))
    return st.integers(begin, end).map(lambda seconds: datetime.fromtimestamp(seconds, UTC))


def exists(day: date, local: time, zone: ZoneInfo) -> bool:
    """Whether a clock on the wall shows this time on this day."""
    return datetime.combine(day, local, tzinfo=zone).astimezone(UTC).astimezone(zone).time() == local


# --- rotations --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hour", [time(0), time(2, 30), time(9), time(23, 45)])
@pytest.mark.parametrize("zone", ZONES)
def test_for_450_days_shifts_follow_each_other_at_the_local_time_and_everybody_has_their_turn(
    zone: str, hour: time
) -> None:
    turns = rotation(zone=zone, at=hour)
    found = list(islice(shifts(turns, (), START), 450))
    for before, after in pairwise(found):
        assert before.end == after.start, "no gap, and nobody twice"
        assert PEOPLE.index(after.person) == (PEOPLE.index(before.person) + 1) % len(PEOPLE)
    for shift in found:
        local = shift.start.astimezone(ZoneInfo(zone))
        if exists(local.date(), hour, ZoneInfo(zone)):
            assert local.time() == hour, local
        else:
            assert local.time() > hour, "the clock skipped the hand-over: it is after the gap"
        assert shift.start == instant(local.date(), hour, ZoneInfo(zone)), "one that comes twice is the first"
    lengths = {shift.end - shift.start for shift in found}
    assert lengths <= {DAY, *(DAY + timedelta(minutes=m) for m in (-60, -30, 30, 60))}


@pytest.mark.parametrize(
    ("zone", "around", "hours", "why"),
    [
        ("Europe/Madrid", "2026-03-29T06:00", 23, "the night in which an hour is missing"),
        ("Europe/Madrid", "2026-10-25T06:00", 25, "the night in which an hour comes twice"),
        ("America/New_York", "2026-03-08T12:00", 23, "the same, on another day"),
        ("America/New_York", "2026-11-01T12:00", 25, "and back"),
        ("Australia/Lord_Howe", "2026-04-04T20:00", 24.5, "half an hour comes twice"),
        ("Australia/Lord_Howe", "2026-10-03T20:00", 23.5, "half an hour is missing"),
        ("America/Santiago", "2026-04-05T03:00", 25, "midnight comes twice"),
        ("America/Santiago", "2026-09-06T03:00", 23, "midnight is missing"),
        ("Europe/Dublin", "2026-03-29T06:00", 23, "standard time is the summer's"),
        ("Africa/Casablanca", "2026-02-15T05:00", 25, "Ramadan begins"),
        ("Africa/Casablanca", "2026-03-22T05:00", 23, "Ramadan ends"),
        ("Pacific/Chatham", "2026-04-04T18:00", 25, "at a quarter to four"),
        ("Asia/Kathmandu", "2026-03-29T03:00", 24, "a zone without"),
        ("Asia/Tehran", "2026-03-22T03:00", 24, "a zone that gave it up"),
    ],
)
def test_a_shift_over_a_change_of_the_clock_is_longer_or_shorter(
    zone: str, around: str, hours: float, why: str
) -> None:
    shift = shift_at(rotation(zone=zone), (), at(around))
    assert shift is not None
    assert shift.end - shift.start == timedelta(hours=hours), why
    assert {t.astimezone(ZoneInfo(zone)).time() for t in (shift.start, shift.end)} == {time(9)}


def test_a_hand_over_that_the_clock_skips_is_after_the_gap_and_the_next_is_on_time_again() -> None:
    turns = rotation(zone="Europe/Madrid", at=time(2, 30))
    shift = shift_at(turns, (), at("2026-03-29T12:00"))
    assert shift is not None
    assert shift.start.astimezone(ZoneInfo("Europe/Madrid")).time() == time(3, 30)
    assert shift.end.astimezone(ZoneInfo("Europe/Madrid")).time() == time(2, 30)


def test_a_hand_over_that_comes_twice_is_the_first() -> None:
    shift = shift_at(rotation(zone="Europe/Madrid", at=time(2, 30)), (), at("2026-10-25T12:00"))
    assert shift is not None
    assert shift.start == at("2026-10-25T00:30")


def test_the_day_that_samoa_left_out_is_nobodys() -> None:
    turns = rotation(zone="Pacific/Apia", first=date(2011, 12, 26))
    found = list(islice(shifts(turns, (), at("2011-12-27T20:00")), 4))
    assert [s.end - s.start for s in found] == [DAY] * 4
    assert all(before.end == after.start for before, after in pairwise(found))
    assert [s.person for s in found] == ["U0BEN", "U0CHEN", "U0ANA", "U0CHEN"], "Ben's next day did not happen"


def test_the_first_person_begins_on_the_first_day_and_before_it_turns_are_counted_backwards() -> None:
    turns = rotation(days=7, first=date(2026, 3, 2))
    found = {day: shift_at(turns, (), at(f"2026-{day}T12:00")) for day in ("02-22", "02-23", "03-02", "03-09", "03-16")}
    assert [s.person for s in found.values() if s] == ["U0BEN", "U0CHEN", "U0ANA", "U0BEN", "U0CHEN"]


def test_a_shift_holds_its_beginning_and_not_its_end() -> None:
    turns = rotation()
    first, second = islice(shifts(turns, (), START), 2)
    assert shift_at(turns, (), first.start) == first
    assert shift_at(turns, (), first.end - SECOND) == first
    assert shift_at(turns, (), first.end) == second


def test_a_group_and_an_empty_rotation_have_no_shifts() -> None:
    for nobody in (Rotation(name="all", group="sec-oncall"), Rotation(name="none")):
        assert shift_at(nobody, (), START) is None
        assert list(shifts(nobody, (), START)) == []
        assert next_shift(nobody, (), START) is None


@given(
    zone=st.sampled_from(ZONES),
    days=st.integers(1, 30),
    hour=st.times().map(lambda t: t.replace(microsecond=0)),
    people=st.integers(1, 5),
    moment=moments(2012, 2037),
    first=st.dates(date(2012, 1, 1), date(2036, 1, 1)),
)
def test_at_every_moment_exactly_one_person_has_a_shift_that_holds_it(
    zone: str, days: int, hour: time, people: int, moment: datetime, first: date
) -> None:
    turns = rotation(zone=zone, days=days, at=hour, people=tuple(f"U{i:03}" for i in range(people)), first=first)
    shift = shift_at(turns, (), moment)
    assert shift is not None
    assert shift.start <= moment < shift.end
    assert shift_at(turns, (), shift.start) == shift
    following = shift_at(turns, (), shift.end)
    assert following is not None
    assert following.start == shift.end
    assert turns.people.index(following.person) == (turns.people.index(shift.person) + 1) % people
    assert abs(shift.end - shift.start - timedelta(days=days)) <= timedelta(hours=2)


# --- swaps ------------------------------------------------------------------------------------------------------------------------------

NINE = at("2026-01-06T09:00")  # Ben's day begins
BENS = Shift("U0BEN", NINE, NINE + DAY)


def during(swaps: Sequence[Swap]) -> list[tuple[str, int, int]]:
    """(person, from, until) of the shifts of Ben's day, in hours after it began."""
    found: list[tuple[str, int, int]] = []
    moment = NINE
    while moment < NINE + DAY:
        shift = shift_at(rotation(), swaps, moment)
        assert shift is not None
        found.append((shift.person, (shift.start - NINE) // HOUR, (shift.end - NINE) // HOUR))
        moment = shift.end
    return found


def test_a_swap_splits_a_shift_and_says_whose_it_was() -> None:
    one = [swap("U0DIA", NINE + 2 * HOUR, NINE + 5 * HOUR)]
    assert during(one) == [("U0BEN", 0, 2), ("U0DIA", 2, 5), ("U0BEN", 5, 24)]
    shift = shift_at(rotation(), one, NINE + 3 * HOUR)
    assert shift is not None
    assert shift.instead == "U0BEN"
    assert shift_at(rotation(), one, NINE) == Shift("U0BEN", NINE, NINE + 2 * HOUR)


def test_a_swap_over_several_shifts_ends_each_where_the_turn_does() -> None:
    long = [swap("U0DIA", NINE - 3 * HOUR, NINE + 30 * HOUR)]
    assert during(long) == [("U0DIA", 0, 24)]
    found = [shift_at(rotation(), long, NINE + h * HOUR) for h in (-1, 1, 25)]
    assert [s.instead for s in found if s] == ["U0ANA", "U0BEN", "U0CHEN"]


@pytest.mark.parametrize(
    ("swaps", "expected", "why"),
    [
        ([("U0DIA", 2, 8, 1), ("U0EVA", 4, 6, 2)],
         [("U0BEN", 0, 2), ("U0DIA", 2, 4), ("U0EVA", 4, 6), ("U0DIA", 6, 8), ("U0BEN", 8, 24)], "a newer one inside"),
        ([("U0DIA", 2, 8, 2), ("U0EVA", 4, 6, 1)], [("U0BEN", 0, 2), ("U0DIA", 2, 8), ("U0BEN", 8, 24)],
         "an older one that is covered changes nothing, nor does it end a shift"),
        ([("U0DIA", 2, 6, 1), ("U0EVA", 4, 8, 2)], [("U0BEN", 0, 2), ("U0DIA", 2, 4), ("U0EVA", 4, 8), ("U0BEN", 8, 24)],
         "they overlap, the newer is later"),
        ([("U0DIA", 2, 6, 2), ("U0EVA", 4, 8, 1)], [("U0BEN", 0, 2), ("U0DIA", 2, 6), ("U0EVA", 6, 8), ("U0BEN", 8, 24)],
         "they overlap, the newer is earlier"),
        ([("U0DIA", 2, 4, 1), ("U0DIA", 4, 8, 2)], [("U0BEN", 0, 2), ("U0DIA", 2, 8), ("U0BEN", 8, 24)],
         "one after the other of the same person is one shift"),
        ([("U0DIA", 2, 8, 1), ("U0BEN", 4, 6, 2)],
         [("U0BEN", 0, 2), ("U0DIA", 2, 4), ("U0BEN", 4, 6), ("U0DIA", 6, 8), ("U0BEN", 8, 24)], "taken back for a while"),
        ([("U0BEN", 2, 8, 1)], [("U0BEN", 0, 24)], "with oneself: nothing happens"),
        ([("U0DIA", 0, 24, 1)], [("U0DIA", 0, 24)], "the whole shift"),
        ([("U0DIA", 8, 2, 1)], [("U0BEN", 0, 24)], "one that ends before it begins is none"),
        ([("U0DIA", 2, 2, 1)], [("U0BEN", 0, 24)], "an empty one is none"),
    ],
)  # fmt: skip
def test_of_several_swaps_the_newest_holds(
    swaps: list[tuple[str, int, int, int]], expected: list[tuple[str, int, int]], why: str
) -> None:
    made = [swap(who, NINE + a * HOUR, NINE + b * HOUR, order) for who, a, b, order in swaps]
    assert during(made) == expected, why
    assert during(made[::-1]) == expected, "the order in which they are read does not matter"


def test_a_swap_of_another_rotation_changes_nothing() -> None:
    assert during([swap("U0DIA", NINE, NINE + DAY, rotation="secondary")]) == [("U0BEN", 0, 24)]


hours = st.integers(-30, 54)
some_swaps = st.lists(st.tuples(st.sampled_from([*PEOPLE, "U0DIA", "U0EVA"]), hours, hours), max_size=5)


@given(some_swaps)
@example([("U0DIA", 0, 6), ("U0EVA", 2, 4), ("U0DIA", 2, 4)])
def test_with_any_swaps_shifts_are_gapless_whole_and_the_newest_swap_holds(parts: list[tuple[str, int, int]]) -> None:
    swaps = [swap(who, NINE + a * HOUR, NINE + b * HOUR, order) for order, (who, a, b) in enumerate(parts)]
    turns = rotation()
    for hour in range(-6, 36):
        moment = NINE + hour * HOUR
        shift = shift_at(turns, swaps, moment)
        bare = shift_at(turns, (), moment)
        assert shift is not None
        assert bare is not None
        wanted = next((s.person for s in reversed(swaps) if s.start <= moment < s.end), bare.person)
        assert shift.person == wanted
        assert shift.instead == ("" if wanted == bare.person else bare.person)
        assert shift.start <= moment < shift.end
        assert shift_at(turns, swaps, shift.end - SECOND) == shift, "it is one until its end"
        following = shift_at(turns, swaps, shift.end)
        assert following is not None
        assert following.start == shift.end
        assert (following.person, following.instead) != (shift.person, shift.instead) or shift.end == bare.end


# --- the next shift ---------------------------------------------------------------------------------------------------------------------


def test_the_next_shift_is_the_next_one_of_somebody_else() -> None:
    assert next_shift(rotation(), (), NINE) == Shift("U0CHEN", NINE + DAY, NINE + 2 * DAY)
    longer = [swap("U0BEN", NINE + DAY, NINE + 2 * DAY)]
    assert next_shift(rotation(), longer, NINE) == Shift("U0ANA", NINE + 2 * DAY, NINE + 3 * DAY)


def test_the_next_shift_may_begin_within_this_turn() -> None:
    soon = [swap("U0DIA", NINE + 5 * HOUR, NINE + 6 * HOUR)]
    assert next_shift(rotation(), soon, NINE) == Shift("U0DIA", NINE + 5 * HOUR, NINE + 6 * HOUR, instead="U0BEN")


def test_whoever_is_alone_has_nobody_after_them() -> None:
    assert next_shift(rotation(people=("U0ANA",)), (), NINE) is None
    assert next_shift(rotation(people=("U0ANA", "U0ANA")), (), NINE) is None


# --- working hours ----------------------------------------------------------------------------------------------------------------------

MADRID = WorkingHours(zone="Europe/Madrid", holidays=frozenset({date(2026, 4, 3)}))
NIGHTS = WorkingHours(zone="UTC", begin=time(22), end=time(6))


@pytest.mark.parametrize(
    ("hours", "moment", "holds", "why"),
    [
        (MADRID, "2026-03-27T08:00", True, "nine o'clock, before the change"),
        (MADRID, "2026-03-27T07:59", False, "a minute before"),
        (MADRID, "2026-03-30T07:00", True, "nine o'clock, after the change"),
        (MADRID, "2026-03-30T15:59", True, "a minute before six"),
        (MADRID, "2026-03-30T16:00", False, "six o'clock"),
        (MADRID, "2026-03-28T10:00", False, "a Saturday"),
        (MADRID, "2026-04-03T10:00", False, "a holiday on a Friday"),
        (NIGHTS, "2026-03-27T23:00", True, "Friday night"),
        (NIGHTS, "2026-03-28T05:59", True, "Friday's night goes on into Saturday"),
        (NIGHTS, "2026-03-28T06:00", False, "and ends"),
        (NIGHTS, "2026-03-28T23:00", False, "Saturday night is free"),
        (NIGHTS, "2026-03-30T03:00", False, "Sunday's night would be Monday morning"),
        (WorkingHours(days=frozenset()), "2026-03-27T10:00", False, "nobody ever works"),
        (WorkingHours(begin=time(9), end=time(9)), "2026-03-27T08:00", True, "around the clock, of Thursday"),
    ],
)
def test_when_people_work(hours: WorkingHours, moment: str, holds: bool, why: str) -> None:
    assert hours.holds(at(moment)) is holds, why


@pytest.mark.parametrize(
    ("hours", "when", "moment", "following", "why"),
    [
        (MADRID, When.ALWAYS, "2026-03-28T03:00", "2026-03-28T03:00", "always is now"),
        (MADRID, When.WORKING, "2026-03-27T10:00", "2026-03-27T10:00", "they work"),
        (MADRID, When.WORKING, "2026-03-27T17:00", "2026-03-30T07:00", "Friday evening waits for Monday, over the change"),
        (MADRID, When.WORKING, "2026-03-30T03:00", "2026-03-30T07:00", "the same morning"),
        (MADRID, When.WORKING, "2026-04-02T16:00", "2026-04-06T07:00", "over a holiday and a weekend"),
        (MADRID, When.OUTSIDE, "2026-03-27T10:00", "2026-03-27T17:00", "until six"),
        (MADRID, When.OUTSIDE, "2026-03-28T10:00", "2026-03-28T10:00", "nobody works"),
        (NIGHTS, When.OUTSIDE, "2026-03-28T02:00", "2026-03-28T06:00", "until the night ends"),
        (NIGHTS, When.WORKING, "2026-03-28T12:00", "2026-03-30T22:00", "the next night is Monday's"),
        (WorkingHours(days=frozenset()), When.WORKING, "2026-03-27T10:00", "2026-03-27T10:00", "rather now than never"),
        (WorkingHours(begin=time(9), end=time(9), days=frozenset(range(7))), When.OUTSIDE, "2026-03-27T10:00",
         "2026-03-28T09:00", "they always work: the end of a day stands for it"),
    ],
)  # fmt: skip
def test_the_first_moment_at_which_hours_hold(
    hours: WorkingHours, when: When, moment: str, following: str, why: str
) -> None:
    assert hours.next(when, at(moment)) == at(following), why


@given(
    zone=st.sampled_from(ZONES),
    days=st.frozensets(st.integers(0, 6), min_size=1, max_size=6),
    begin=st.integers(0, 23),
    lasts=st.integers(1, 12),
    when=st.sampled_from([When.WORKING, When.OUTSIDE]),
    moment=moments(2026, 2028),
)
def test_the_first_moment_holds_and_none_before_it_does(
    zone: str, days: frozenset[int], begin: int, lasts: int, when: When, moment: datetime
) -> None:
    hours = WorkingHours(zone=zone, days=days, begin=time(begin), end=time((begin + lasts) % 24))
    found = hours.next(when, moment)
    assert found >= moment
    assert hours.holds(found) is (when is When.WORKING)
    step = (found - moment) / 7
    assert all(hours.holds(moment + i * step) is (when is not When.WORKING) for i in range(7) if found > moment)
