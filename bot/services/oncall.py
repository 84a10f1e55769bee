"""Who is on call: the board, swaps, the brief that a shift begins with, and what people slept through.

Rotations are the configuration's; swaps and quiet hours are people's and live in the database. A brief and a morning card are told once,
whichever replica comes first.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.figures import Figure
from bot.domain.finding import Severity
from bot.domain.oncall import Rotation, Shift, Swap, instant, next_shift, shift_at
from bot.domain.oncall_views import OnCallBoard, OnCallRow
from bot.errors import NotFound, UserError
from bot.ports import Clock, Ids, Store
from bot.ports.oncall import Quiet
from bot.services import trail

LONGEST_SWAP = timedelta(days=60)
FRESH = timedelta(hours=1)  # after a hand-over, or a waking, the brief is still worth telling


@dataclass(frozen=True, slots=True)
class Duty:
    """Who is on call now, by rotation: user ids, or the handle of a group; and who has quiet hours now."""

    people: Mapping[str, tuple[str, ...]]
    groups: Mapping[str, str]
    asleep: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class OnCall:
    """The use case."""

    store: Store
    rotations: tuple[Rotation, ...]
    clock: Clock
    ids: Ids
    zone: str = "UTC"  # of quiet hours, unless they say another

    async def duty(self) -> Duty:
        """Who is on call now. Raises TemporaryError when the database does not answer."""
        now = self.clock.now()
        async with self.store.reads() as reads:
            swaps = await reads.swaps(now)
            quiets = await reads.quiets()
        shifts = {r.name: shift_at(r, swaps, now) for r in self.rotations}
        return Duty(
            people={name: (shift.person,) for name, shift in shifts.items() if shift is not None},
            groups={r.name: r.group for r in self.rotations if r.group},
            asleep=frozenset(q.user for q in quiets if asleep(q, now) is not None),
        )

    async def board(self, reader: str, said: str = "") -> OnCallBoard:
        """Every rotation, now and next."""
        now = self.clock.now()
        async with self.store.reads() as reads:
            swaps = await reads.swaps(now)
            quiet = next((q for q in await reads.quiets() if q.user == reader), None)
        rows = tuple(
            OnCallRow(r.name, shift_at(r, swaps, now), next_shift(r, swaps, now), r.group) for r in self.rotations
        )
        return OnCallBoard(rows=rows, reader=reader, now=now, said=said, quiet=in_words(quiet) if quiet else "")

    async def swap(self, rotation: str, person: str, start: datetime, end: datetime, author: str) -> Swap:
        """Somebody takes over a rotation for a time.

        Raises:
            UserError: there is no such rotation, it is a group, or the time is none or too long.
        """
        found = self.rotation(rotation)
        # A shift's button says its start in whole seconds.
        start, end = start.replace(microsecond=0), end.replace(microsecond=0)
        if found.group:
            raise UserError(f"{found.name} is the group {found.group}: change who is in it in Slack.")
        if end <= start or end <= self.clock.now() or end - start > LONGEST_SWAP:
            raise UserError(f"A swap lasts from a minute to {LONGEST_SWAP.days} days, and is not over.")
        now = self.clock.now()
        made = Swap(
            id=self.ids.token(), rotation=found.name, person=person, start=start, end=end, author=author, made=now
        )
        async with self.store.begin() as tx:
            await tx.save_swap(made)
            since, until = start.isoformat(), end.isoformat()
            await tx.audit(
                [trail.outcome(now, author, "oncall_swap", found.name, person=person, since=since, until=until)]
            )
        return made

    def rotation(self, name: str) -> Rotation:
        """By its name; the only one when the name is empty. Raises NotFound, UserError."""
        if not name and len(self.rotations) == 1:
            return self.rotations[0]
        found = next((r for r in self.rotations if r.name.casefold() == name.casefold()), None)
        if found is None:
            known = ", ".join(r.name for r in self.rotations)
            raise NotFound(
                f"There is no rotation `{name}`: {known}." if known else "The configuration has no rotation."
            )
        return found

    async def be_quiet(self, user: str, begin: time, end: time, zone: str) -> Quiet:
        """Keep a person's quiet hours. Raises UserError for an empty span."""
        if begin == end:
            raise UserError("Quiet hours begin and end at different times, for example 22:00-07:00.")
        quiet = Quiet(
            user=user, begin=_minutes(begin), end=_minutes(end), zone=zone or self.zone, told=self.clock.now()
        )
        async with self.store.begin() as tx:
            await tx.save_quiet(quiet)
        return quiet

    async def be_loud(self, user: str) -> bool:
        """Forget a person's quiet hours; whether there were any."""
        async with self.store.begin() as tx:
            return await tx.delete_quiet(user)


def asleep(quiet: Quiet, at: datetime) -> tuple[datetime, datetime] | None:
    """The quiet hours that hold a moment; None when it is in none."""
    for days in (-1, 0):
        begin, end = _span(quiet, at, days)
        if begin <= at < end:
            return begin, end
    return None


def slept(quiet: Quiet, at: datetime) -> tuple[datetime, datetime] | None:
    """The quiet hours that have ended within the last hour, and of which nothing was told yet; None when there are none."""
    for days in (-1, 0):
        begin, end = _span(quiet, at, days)
        if end <= at < end + FRESH and (quiet.told is None or quiet.told < end):
            return begin, end
    return None


def _span(quiet: Quiet, at: datetime, days: int) -> tuple[datetime, datetime]:
    """The quiet hours that begin on the local day of a moment, or so many days off."""
    zone = ZoneInfo(quiet.zone)
    day = at.astimezone(zone).date() + timedelta(days=days)
    last = day if quiet.begin < quiet.end else day + timedelta(days=1)
    return instant(day, _time(quiet.begin), zone), instant(last, _time(quiet.end), zone)


def in_words(quiet: Quiet) -> str:
    """`22:00-07:00 Europe/Madrid`."""
    return f"{_time(quiet.begin):%H:%M}-{_time(quiet.end):%H:%M} {quiet.zone}"


def _minutes(at: time) -> int:
    return at.hour * 60 + at.minute


def _time(minutes: int) -> time:
    return time(minutes // 60, minutes % 60)


def announced(figures: Sequence[Figure]) -> Mapping[Severity, int]:
    """How many were announced, by severity."""
    return Counter(f.severity for f in figures)


def begun(rotation: Rotation, swaps: Sequence[Swap], now: datetime) -> tuple[Shift, str] | None:
    """(the shift that has begun within the last hour, whose it was before); None when none has, or the same person goes on."""
    shift = shift_at(rotation, swaps, now)
    if shift is None or now - shift.start >= FRESH:
        return None
    before = shift_at(rotation, swaps, shift.start - timedelta(seconds=1))
    if before is not None and before.person == shift.person:
        return None
    return shift, before.person if before is not None else ""
