"""A company that is on call, for the services' tests: policies, rotations, a pager; and what was said, as people see it.

Problem solved: a test should say what matters to it and nothing else. It holds no rule.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, time, timedelta

from bot.domain.authz import Permission, Policy, Statement
from bot.domain.escalation import Address, EscalationPolicy, Level, Progress, read_address
from bot.domain.oncall import Rotation, WorkingHours
from bot.domain.query import Query
from bot.domain.syntax import Names, parse
from bot.services.ladder import Ladder
from tests.support.parts import Parts

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0
TOPIC = "arn:aws:sns:eu-west-1:111122223333:pager"

PRIMARY = Rotation(
    name="primary", people=("U0ANA", "U0BEN", "U0CHEN"), at=time(9), days=1, first=date(2026, 3, 1), channel="shifts"
)
"""The tests begin on the first of March at noon: Ana is on call since nine, Ben from the next morning on."""
EVERYBODY = Rotation(name="everybody", group="S0EVERY")
ROTATIONS = (PRIMARY, EVERYBODY)

ROTA = Policy(
    (
        Statement("oncall", frozenset({Permission.ACK, Permission.ASSIGN}), groups=frozenset({"sec-oncall"})),
        Statement("leads", frozenset({Permission.ONCALL}), users=frozenset({"U0ANA"})),
    ),
    frozenset({"*"}),
)
"""Everybody may acknowledge, Ana may change who is on call."""


def query(text: str) -> Query:
    return parse(text, Names(envs=("prod", "staging"))).query


def policy(
    *levels: tuple[int, str], fallback: str = "", name: str = "p", when: str = "", **changes: object
) -> EscalationPolicy:
    """Levels as (minutes to wait, addresses with spaces between)."""
    base: dict[str, object] = {
        "name": name,
        "when": query(when) if when else Query(),
        "levels": tuple(Level(timedelta(minutes=wait), _addresses(tell)) for wait, tell in levels),
        "fallback": _addresses(fallback),
        "every": timedelta(minutes=15),
    }
    return EscalationPolicy(**(base | changes))  # type: ignore[arg-type]


def _addresses(texts: str) -> tuple[Address, ...]:
    return tuple(address for text in texts.split() if (address := read_address(text)) is not None)


def ladder(*policies: EscalationPolicy, hours: WorkingHours | None = None) -> Ladder:
    return Ladder(policies, hours or WorkingHours())


USUAL = ladder(
    policy(
        (5, "rotation:primary"),
        (10, "rotation:everybody channel:leads"),
        (15, f"user:U0DIA sns:{TOPIC}"),
        fallback="channel:board user:U0EVA",
        when="prod high+",
    )
)
"""Told 5, 15 and 30 minutes after the announcement, and the fallback after 45."""


@dataclass
class FakePager:
    """Remembers its pages. `failing` is raised, first to last, by the next ones."""

    pages: list[tuple[str, str, str]] = field(default_factory=list)
    failing: list[Exception] = field(default_factory=list)

    async def page(self, topic: str, subject: str, text: str) -> None:
        if self.failing:
            raise self.failing.pop(0)
        self.pages.append((topic, subject, text))


async def tick(parts: Parts, minutes: float = 0) -> list[tuple[str, str]]:
    """Some minutes later everything that is due is decided and said; (what, channel) of what was said."""
    parts.clock.move(minutes * MINUTE)
    before = len(parts.messenger.said)
    await parts.suite.escalations.sweep()
    await parts.suite.briefs.sweep()
    await parts.deliver.drain()
    return parts.messenger.what[before:]


def shown(parts: Parts, what: str, channel: str) -> str:
    """The last message of a kind in a channel, with all its blocks as text."""
    found = [m for w, c, m in parts.messenger.said if (w, c) == (what, channel)]
    return f"{found[-1].text} {found[-1].blocks}"


def heard(parts: Parts, channel: str) -> list[str]:
    """What was broadcast in a channel, oldest first."""
    return [str(m.blocks) for w, c, m in parts.messenger.said if (w, c) == ("broadcast", channel)]


async def progress(parts: Parts, number: int = 1) -> tuple[Progress, int, str, str]:
    """(progress, next rung, why, by whom) of a finding's newest escalation."""
    async with parts.store.reads() as reads:
        found = await reads.escalation(number)
    assert found is not None
    return found.progress, found.rung, found.why, found.by


async def last_entry(parts: Parts, number: int = 1) -> dict[str, str]:
    """The last line of a finding's timeline: its kind, who, the note, and its details."""
    async with parts.store.reads() as reads:
        entry = (await reads.timeline(number))[-1]
    return {"kind": str(entry.kind), "actor": entry.actor, "note": entry.note, **entry.details}
