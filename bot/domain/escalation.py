"""Escalation: whom a finding is told to while nobody has acknowledged it, level after level, until somebody answers.

    a policy has levels, each with a wait (since the level before, the first since the finding was announced) and whom it tells
    after the last level it begins again, `repeat` times; then, when still nobody has answered, `fallback` is told once, on a second path

A finding that is announced gets the first policy that holds it. Pure: it decides what is due and what comes next; that each decision is
made once in all replicas is the store's, whose row it changes. After a time in which nothing ran, only the highest level that is due is
told, marked late: nobody is served by four pages at once. The fallback then waits its time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.facets import facets
from bot.domain.finding import Record
from bot.domain.oncall import When, WorkingHours
from bot.domain.query import Query, matches


class Whom(StrEnum):
    """The kinds of address that a level can tell."""

    ROTATION = "rotation"  # whoever is on call: mentioned, and a direct message
    GROUP = "group"  # a Slack user group: mentioned
    USER = "user"  # one person: mentioned, and a direct message
    CHANNEL = "channel"  # another channel gets the card and the line
    SNS = "sns"  # a topic for a pager
    HERE = "here"  # everybody who is active in the channel; only where the configuration says so


@dataclass(frozen=True, slots=True)
class Address:
    """Whom to tell: `rotation:primary`, `group:sec-oncall`, `user:U0ANA`, `channel:sec-leads`, `sns:arn:...`, `here`."""

    kind: Whom
    name: str = ""

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}" if self.name else str(self.kind)


def read_address(text: str) -> Address | None:
    """An address as it is written in the configuration; None when it is none."""
    kind, _, name = text.strip().partition(":")
    if kind not in set(Whom) or bool(name) is (kind == Whom.HERE):
        return None
    return Address(Whom(kind), name.lstrip("#@") if kind in (Whom.CHANNEL, Whom.GROUP) else name)


@dataclass(frozen=True, slots=True)
class Level:
    """One level: how long the one before may take, then whom to tell."""

    wait: timedelta
    tell: tuple[Address, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationPolicy:
    """Which findings, which levels, when. `every` is the wait before it begins again and before the fallback."""

    name: str
    when: Query
    levels: tuple[Level, ...]
    repeat: int = 0
    every: timedelta = timedelta(minutes=30)
    fallback: tuple[Address, ...] = ()
    hours: When = When.ALWAYS

    @property
    def rungs(self) -> int:
        """All steps of the ladder: the levels of every round, and the fallback."""
        return len(self.levels) * (1 + self.repeat) + bool(self.fallback)

    def level(self, rung: int) -> int:
        """The level of a rung, from 0; `len(levels)` is the fallback."""
        return len(self.levels) if rung >= len(self.levels) * (1 + self.repeat) else rung % len(self.levels)

    def wait(self, rung: int) -> timedelta:
        """How long after the rung before."""
        level = self.level(rung)
        begins_again = rung > 0 and level == 0
        return self.every if level == len(self.levels) or begins_again else self.levels[level].wait

    def tells(self, rung: int) -> tuple[Address, ...]:
        level = self.level(rung)
        return self.fallback if level == len(self.levels) else self.levels[level].tell


class Progress(StrEnum):
    """Where an escalation stands."""

    RUNNING = "running"
    STOPPED = "stopped"  # somebody answered, or there is nothing to answer any more
    EXHAUSTED = "exhausted"  # everybody was told and nobody answered


@dataclass(frozen=True, slots=True, kw_only=True)
class Escalation:
    """One finding's escalation in one generation of its announcements. `rung` is the next to be told, at `due`."""

    number: int
    generation: int
    policy: str
    started: datetime
    due: datetime
    rung: int = 0
    told: datetime | None = None  # when somebody was told last
    progress: Progress = Progress.RUNNING
    why: str = ""  # why it stopped
    by: str = ""  # who stopped it


@dataclass(frozen=True, slots=True)
class Told:
    """A level that is told now. `late`: its time was long ago, and levels below it were left out."""

    escalation: Escalation
    rung: int
    level: int  # from 0
    addresses: tuple[Address, ...]
    late: bool = False
    last: bool = False  # the fallback: nobody has answered


LATE = timedelta(minutes=2)
"""After its time a level counts as late: ticks and short restarts are less."""


def policy_for(policies: Sequence[EscalationPolicy], record: Record, now: datetime) -> EscalationPolicy | None:
    """The first policy that holds a finding."""
    held = facets(record)
    return next((p for p in policies if matches(p.when, held, now)), None)


def decide_start(
    policies: Sequence[EscalationPolicy], hours: WorkingHours, record: Record, now: datetime
) -> Escalation | None:
    """The escalation of a finding that is announced now; None when no policy holds it."""
    policy = policy_for(policies, record, now)
    if policy is None or not policy.levels:
        return None
    due = hours.next(policy.hours, now + policy.wait(0))
    return Escalation(number=record.number, generation=record.generation, policy=policy.name, started=now, due=due)


def decide_tell(
    escalation: Escalation, policy: EscalationPolicy, hours: WorkingHours, now: datetime, *, hurried: bool = False
) -> Told | None:
    """What is told now, and the escalation after it; None when nothing is due.

    Args:
        hurried: a person wants the next level now, whatever its time.
    """
    if escalation.progress is not Progress.RUNNING or (escalation.due > now and not hurried):
        return None
    rung, due = escalation.rung, escalation.due
    # Never on to the fallback: it says that nobody has answered, and so somebody must have been asked.
    while not hurried and rung + 1 < policy.rungs and policy.level(rung + 1) < len(policy.levels):
        following = hours.next(policy.hours, due + policy.wait(rung + 1))
        if following > now:
            break
        rung, due = rung + 1, following
    is_late = not hurried and (rung > escalation.rung or now - due > LATE)
    # A policy that was made shorter meanwhile tells its last step, under a rung of its own.
    step = min(rung, policy.rungs - 1)
    return Told(
        escalation=_after(escalation, policy, hours, rung, now),
        rung=rung,
        level=policy.level(step),
        addresses=policy.tells(step),
        late=is_late,
        last=policy.level(step) == len(policy.levels),
    )


def _after(
    escalation: Escalation, policy: EscalationPolicy, hours: WorkingHours, rung: int, now: datetime
) -> Escalation:
    """Where it stands once a rung was told: the wait of the next begins now, so that whoever was told has their time."""
    if rung + 1 >= policy.rungs:
        return replace(escalation, rung=rung + 1, told=now, progress=Progress.EXHAUSTED, why="nobody answered")
    due = hours.next(policy.hours, now + policy.wait(rung + 1))
    return replace(escalation, rung=rung + 1, told=now, due=due)


def decide_stop(escalation: Escalation, why: str, by: str) -> Escalation:
    """The escalation, over. One that is over already stays as it is."""
    if escalation.progress is Progress.STOPPED:
        return escalation
    return replace(escalation, progress=Progress.STOPPED, why=why, by=by)
