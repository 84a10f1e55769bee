"""Who is on call, when: rotations with a hand-over in their own zone, and swaps laid over them. Also when people work.

A rotation hands over at one local time; days have 23 or 25 hours twice a year and the hand-over stays where people expect it. Pure: the
time comes in, a shift goes out. Zones are the IANA names that Python's own database knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FURTHEST = 400  # days that are looked ahead for a time at which people work


@dataclass(frozen=True, slots=True, kw_only=True)
class Rotation:
    """People who take turns. `people` are Slack user ids in their order; `group` instead is a Slack user group, all of it on call.

    A shift begins at `at` local time every `days` days, the first person's on `first`. `channel` is where the shift brief goes.
    """

    name: str
    people: tuple[str, ...] = ()
    group: str = ""
    zone: str = "UTC"
    at: time = time(9)
    days: int = 7
    first: date = date(2026, 1, 5)
    channel: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Swap:
    """Somebody takes over for a time. Of several that cover a moment the one made last holds."""

    id: str
    rotation: str
    person: str
    start: datetime
    end: datetime
    author: str
    made: datetime


@dataclass(frozen=True, slots=True)
class Shift:
    """One person's time: from `start` until `end`. `instead` is whose turn it is when a swap has changed it."""

    person: str
    start: datetime
    end: datetime
    instead: str = ""


def shift_at(rotation: Rotation, swaps: Iterable[Swap], at: datetime) -> Shift | None:
    """Who is on call at a moment, and from when until when with the same person and reason; None for a group or an empty rotation."""
    if not rotation.people:
        return None
    turn = _turn_at(rotation, at)
    own = sorted((s for s in swaps if s.rotation == rotation.name and s.start < s.end), key=lambda s: (s.made, s.id))
    person = _holder(own, turn, at)
    edges = sorted({e for s in own for e in (s.start, s.end) if turn.start < e < turn.end})
    # An edge counts only where somebody else takes over: a swap that another one covers changes nothing.
    before = [e for e in edges if e <= at and _holder(own, turn, e) == person != _holder_before(own, turn, e)]
    after = [e for e in edges if e > at and _holder(own, turn, e) != person]
    start, end = max(before, default=turn.start), min(after, default=turn.end)
    return Shift(person, start, end, instead="" if person == turn.person else turn.person)


def _holder(swaps: Sequence[Swap], turn: Shift, at: datetime) -> str:
    """Who has a moment of a turn; `swaps` by when they were made."""
    return next((s.person for s in reversed(swaps) if s.start <= at < s.end), turn.person)


def _holder_before(swaps: Sequence[Swap], turn: Shift, at: datetime) -> str:
    """Who has the time that ends at a moment."""
    return next((s.person for s in reversed(swaps) if s.start < at <= s.end), turn.person)


def shifts(rotation: Rotation, swaps: Sequence[Swap], at: datetime) -> Iterator[Shift]:
    """The shift at a moment and those that follow, without end."""
    while (found := shift_at(rotation, swaps, at)) is not None:
        yield found
        at = found.end


def next_shift(rotation: Rotation, swaps: Sequence[Swap], at: datetime) -> Shift | None:
    """The next shift of somebody else; None when there is nobody else within a year."""
    now: Shift | None = None
    for shift in shifts(rotation, swaps, at):
        if now is None:
            now = shift
        elif shift.person != now.person:
            return shift
        if shift.start - at > timedelta(days=366):
            break
    return None


def _turn_at(rotation: Rotation, at: datetime) -> Shift:
    """Whose turn it is, without swaps."""
    zone = ZoneInfo(rotation.zone)
    turn = (at.astimezone(zone).date() - rotation.first).days // rotation.days
    while _begins(rotation, turn, zone) > at:
        turn -= 1
    while _begins(rotation, turn + 1, zone) <= at:
        turn += 1
    person = rotation.people[turn % len(rotation.people)]
    return Shift(person, _begins(rotation, turn, zone), _begins(rotation, turn + 1, zone))


def _begins(rotation: Rotation, turn: int, zone: ZoneInfo) -> datetime:
    return instant(rotation.first + timedelta(days=turn * rotation.days), rotation.at, zone)


def instant(day: date, at: time, zone: ZoneInfo) -> datetime:
    """A local time as an instant. One that the clock skips is the moment after the gap; one that it repeats is the first."""
    return datetime.combine(day, at, tzinfo=zone).astimezone(UTC)


# --- working hours ----------------------------------------------------------------------------------------------------------


class When(StrEnum):
    """At which hours something may happen."""

    ALWAYS = "always"
    WORKING = "working"
    OUTSIDE = "outside"


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkingHours:
    """When people work: local times on some days of the week, but on no holiday. `days` counts from 0, Monday."""

    zone: str = "UTC"
    days: frozenset[int] = frozenset(range(5))
    begin: time = time(9)
    end: time = time(18)
    holidays: frozenset[date] = field(default_factory=frozenset)

    def holds(self, at: datetime) -> bool:
        """Whether people work at that moment."""
        return any(begin <= at < end for begin, end in self._around(at))

    def next(self, when: When, at: datetime) -> datetime:
        """The first moment from `at` on at which `when` holds; `at` itself when it never does."""
        if when is When.ALWAYS or self.holds(at) is (when is When.WORKING):
            return at
        if when is When.OUTSIDE:
            return min(end for begin, end in self._around(at) if begin <= at < end)
        local = at.astimezone(ZoneInfo(self.zone)).date()
        for ahead in range(FURTHEST):
            for begin, _ in self._of(local + timedelta(days=ahead)):
                if begin >= at:
                    return begin
        return at

    def _around(self, at: datetime) -> list[tuple[datetime, datetime]]:
        local = at.astimezone(ZoneInfo(self.zone)).date()
        return [hours for day in (-1, 0, 1) for hours in self._of(local + timedelta(days=day))]

    def _of(self, day: date) -> list[tuple[datetime, datetime]]:
        """The hours of one local day; none on a free one. Hours that end before they begin go on past midnight."""
        if day.weekday() not in self.days or day in self.holidays:
            return []
        zone = ZoneInfo(self.zone)
        last = day if self.begin < self.end else day + timedelta(days=1)
        return [(instant(day, self.begin, zone), instant(last, self.end, zone))]
