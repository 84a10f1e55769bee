"""The part of the file about escalation: policies, rotations, working hours; and what they make."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, time, timedelta
from typing import Annotated
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import msgspec

from bot.config.basics import Name, Strict
from bot.domain.escalation import Address, EscalationPolicy, Level, Whom, read_address
from bot.domain.oncall import DAYS, Rotation, When, WorkingHours
from bot.domain.query import Flag
from bot.domain.syntax import Names, parse, parse_duration

MOST_LEVELS = 10
_PERSON = re.compile(r"[UW][A-Z0-9]{2,20}")


class HoursFile(Strict, frozen=True, kw_only=True):
    """When people work."""

    zone: str = "UTC"
    days: tuple[str, ...] = ("mon", "tue", "wed", "thu", "fri")
    begin: str = "09:00"
    end: str = "18:00"
    holidays: tuple[str, ...] = ()


class RotationFile(Strict, frozen=True, kw_only=True):
    """People who take turns, or a user group."""

    name: Name
    people: tuple[str, ...] = ()
    group: str = ""
    zone: str = "UTC"
    at: str = "09:00"
    days: Annotated[int, msgspec.Meta(ge=1, le=365)] = 7
    first: str = "2026-01-05"
    channel: str = ""


class LevelFile(Strict, frozen=True, kw_only=True):
    """One level of a policy."""

    wait: str = "0s"
    tell: tuple[str, ...]


class PolicyFile(Strict, frozen=True, kw_only=True):
    """Findings that `when` holds are escalated so."""

    name: Name
    when: str
    levels: tuple[LevelFile, ...]
    repeat: Annotated[int, msgspec.Meta(ge=0, le=10)] = 0
    every: str = "30m"
    fallback: tuple[str, ...] = ()
    hours: str = "always"


class EscalationFile(Strict, frozen=True, kw_only=True):
    """Who is told while nobody answers."""

    working_hours: HoursFile = HoursFile()
    rotations: tuple[RotationFile, ...] = ()
    policies: tuple[PolicyFile, ...] = ()


@dataclass(frozen=True, slots=True)
class Escalating:
    """What the file's part makes."""

    policies: tuple[EscalationPolicy, ...] = ()
    rotations: tuple[Rotation, ...] = ()
    hours: WorkingHours = field(default_factory=WorkingHours)


def escalating(file: EscalationFile, names: Names) -> Escalating:
    """From a file without mistakes."""
    return Escalating(
        policies=tuple(_policy(p, names) for p in file.policies),
        rotations=tuple(_rotation(r) for r in file.rotations),
        hours=_hours(file.working_hours),
    )


def _policy(file: PolicyFile, names: Names) -> EscalationPolicy:
    return EscalationPolicy(
        name=file.name,
        when=parse(file.when, names).query,
        levels=tuple(Level(_span(one.wait) or timedelta(), _addresses(one.tell)) for one in file.levels),
        repeat=file.repeat,
        every=_span(file.every) or timedelta(minutes=30),
        fallback=_addresses(file.fallback),
        hours=When(file.hours),
    )


def _addresses(texts: tuple[str, ...]) -> tuple[Address, ...]:
    return tuple(address for text in texts if (address := read_address(text)) is not None)


def _rotation(file: RotationFile) -> Rotation:
    return Rotation(
        name=file.name,
        people=file.people,
        group=file.group.lstrip("@"),
        zone=file.zone,
        at=time.fromisoformat(file.at),
        days=file.days,
        first=date.fromisoformat(file.first),
        channel=file.channel.lstrip("#"),
    )


def _hours(file: HoursFile) -> WorkingHours:
    return WorkingHours(
        zone=file.zone,
        days=frozenset(DAYS.index(day.casefold()) for day in file.days),
        begin=time.fromisoformat(file.begin),
        end=time.fromisoformat(file.end),
        holidays=frozenset(date.fromisoformat(day) for day in file.holidays),
    )


def _span(text: str) -> timedelta | None:
    return timedelta() if text.strip() in ("0", "0s", "0m") else parse_duration(text)


# --- mistakes of meaning --------------------------------------------------------------------------------------------------------


def mistakes(file: EscalationFile, names: Names) -> Iterator[tuple[str, str]]:
    """(path, what is wrong) of everything that the types cannot say."""
    yield from _hours_mistakes("$.escalation.working_hours", file.working_hours)
    known: set[str] = set()
    for i, rotation in enumerate(file.rotations):
        path = f"$.escalation.rotations[{i}]"
        if rotation.name in known:
            yield f"{path}.name", f"the name `{rotation.name}` is used twice"
        known.add(rotation.name)
        yield from _rotation_mistakes(path, rotation)
    policies: set[str] = set()
    for i, policy in enumerate(file.policies):
        path = f"$.escalation.policies[{i}]"
        if policy.name in policies:
            yield f"{path}.name", f"the name `{policy.name}` is used twice"
        policies.add(policy.name)
        yield from _policy_mistakes(path, policy, known, names)


def _hours_mistakes(path: str, hours: HoursFile) -> Iterator[tuple[str, str]]:
    yield from _zone_mistake(f"{path}.zone", hours.zone)
    for day in hours.days:
        if day.casefold() not in DAYS:
            yield f"{path}.days", f"`{day}` is not a day of the week: {', '.join(DAYS)}"
    for name in ("begin", "end"):
        yield from _time_mistake(f"{path}.{name}", getattr(hours, name))
    for day in hours.holidays:
        yield from _date_mistake(f"{path}.holidays", day)


def _rotation_mistakes(path: str, rotation: RotationFile) -> Iterator[tuple[str, str]]:
    yield from _zone_mistake(f"{path}.zone", rotation.zone)
    yield from _time_mistake(f"{path}.at", rotation.at)
    yield from _date_mistake(f"{path}.first", rotation.first)
    if bool(rotation.people) is bool(rotation.group):
        yield path, "a rotation has people who take turns, or a group, and not both"
    for person in rotation.people:
        if not _PERSON.fullmatch(person):
            yield f"{path}.people", f"`{person}` is not a Slack user id such as U012ABCDEF"


def _policy_mistakes(path: str, policy: PolicyFile, rotations: set[str], names: Names) -> Iterator[tuple[str, str]]:
    parsed = parse(policy.when, names)
    for problem in parsed.problems:
        yield f"{path}.when", problem.message
    query = parsed.query
    if query.refs or query.group or query.flags & {Flag.HERE, Flag.ME, Flag.CSV} or query.page != 1:
        yield (
            f"{path}.when",
            "a policy asks about findings in general: no reference, page, group, `me`, `here` or `csv`",
        )
    if not 1 <= len(policy.levels) <= MOST_LEVELS:
        yield f"{path}.levels", f"a policy has 1 to {MOST_LEVELS} levels"
    if policy.hours not in set(When):
        yield f"{path}.hours", f"hours are {', '.join(When)}"
    if not parse_duration(policy.every):
        yield f"{path}.every", "a time such as 30m"
    for i, level in enumerate(policy.levels):
        if _span(level.wait) is None:
            yield f"{path}.levels[{i}].wait", "a time such as 10m, or 0s"
        if not level.tell:
            yield f"{path}.levels[{i}].tell", "a level tells somebody"
        yield from _address_mistakes(f"{path}.levels[{i}].tell", level.tell, rotations)
    yield from _address_mistakes(f"{path}.fallback", policy.fallback, rotations)


def _address_mistakes(path: str, texts: tuple[str, ...], rotations: set[str]) -> Iterator[tuple[str, str]]:
    for text in texts:
        address = read_address(text)
        if address is None:
            yield (
                path,
                f"`{text}` is not an address: rotation:NAME, group:HANDLE, user:U012ABC, channel:NAME, sns:ARN or here",
            )
        elif address.kind is Whom.ROTATION and address.name not in rotations:
            yield path, f"there is no rotation `{address.name}`"
        elif address.kind is Whom.USER and not _PERSON.fullmatch(address.name):
            yield path, f"`{address.name}` is not a Slack user id such as U012ABCDEF"
        elif address.kind is Whom.SNS and not address.name.startswith("arn:"):
            yield path, f"`{address.name}` is not the ARN of a topic"


def _zone_mistake(path: str, zone: str) -> Iterator[tuple[str, str]]:
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a continent is a folder
        yield path, f"`{zone}` is not a time zone such as Europe/Madrid"


def _time_mistake(path: str, text: str) -> Iterator[tuple[str, str]]:
    try:
        time.fromisoformat(text)
    except ValueError:
        yield path, f"`{text}` is not a time such as 09:00"


def _date_mistake(path: str, text: str) -> Iterator[tuple[str, str]]:
    try:
        date.fromisoformat(text)
    except ValueError:
        yield path, f"`{text}` is not a date such as 2026-12-25"
