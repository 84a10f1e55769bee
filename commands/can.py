"""`/sec can @ana ack prod`: what a person may do here, and which lines of the configuration say so."""

from __future__ import annotations

import re

from bot.domain.authz import Actor, Decision, Permission, Target, authorize, held_by
from bot.domain.finding import Severity
from bot.domain.query import Exact, Key, Levels, Query
from bot.domain.syntax import parse
from bot.domain.typed import normalise
from bot.domain.views import Can
from bot.errors import UserError
from bot.plugins import Command
from bot.services.context import Context, target_of

_PERSON = re.compile(r"@([UW][A-Z0-9]{2,20})\b")


async def run(context: Context, text: str) -> Can:
    """What the person that the text names (else the asker) may do to the finding, or in the environment, that it names."""
    clean = normalise(text)
    found = _PERSON.search(clean)
    words = [w for w in _PERSON.sub("", clean).split() if w.casefold() != "me"]
    asked = [Permission(w.casefold()) for w in words if w.casefold() in set(Permission)]
    rest = " ".join(w for w in words if w.casefold() not in set(Permission))
    actor = await context.people.actor(found[1]) if found else context.actor
    target, about = await _target(context, rest)
    decisions = {p: _decide(context, actor, p, target) for p in asked or list(Permission)}
    rows = tuple((str(p), d.allowed, ", ".join(d.based_on) if d.allowed else d.advice) for p, d in decisions.items())
    whom = tuple(dict.fromkeys(n for d in decisions.values() if not d.allowed for n in held_by(d)))
    return Can(user=actor.id, about=about, rows=rows, whom=await context.people.mentions(whom) if whom else ())


def _decide(context: Context, actor: Actor, permission: Permission, target: Target | None) -> Decision:
    return authorize(context.policy, actor, permission, context.place, target)


async def _target(context: Context, text: str) -> tuple[Target | None, str]:
    """What is asked about, and in words: a finding, an environment with a severity (critical unless said), or nothing in particular."""
    parsed = parse(text, context.suite.lexicon.names())
    if parsed.problems:
        raise UserError(f"{parsed.problems[0].message} For example `/sec can @ana ack prod high`.")
    if parsed.query.refs:
        number = await context.suite.refs.one(text, "can", context.asker)
        record = await context.suite.details.record(number)
        return target_of(record), f"{record.ref} ({record.finding.severity.word} in {record.env or 'no environment'})"
    env, level = _env(parsed.query), _severity(parsed.query)
    if not env and level is None:
        return None, "anything here"
    severity = Severity.CRITICAL if level is None else level
    return Target(env, severity), f"{severity.word} findings in {env or 'no environment'}"


def _env(query: Query) -> str:
    values = [
        v.text for t in query.terms if t.key is Key.ENV and not t.negated for v in t.values if isinstance(v, Exact)
    ]
    return values[0] if values else ""


def _severity(query: Query) -> Severity | None:
    levels = [v for t in query.terms if t.key is Key.SEV for v in t.values if isinstance(v, Levels)]
    return levels[0].high if levels else None


COMMAND = Command(
    name="can",
    summary="What somebody may do here, and why.",
    usage="/sec can [@someone] [ack|assign|views] [environment] [severity] [F-1234]",
    permission=Permission.READ,
    run=run,
    examples=("/sec can", "/sec can @ana ack prod", "/sec can me assign F-1234"),
    order=75,
)
