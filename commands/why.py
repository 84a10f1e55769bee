"""`/sec why F-1234`: which route brought a finding here, which policy escalates it, and what you may do with it."""

from __future__ import annotations

from dataclasses import replace

from bot.domain.authz import Permission
from bot.domain.message import Pressed
from bot.domain.views import Why
from bot.plugins import Action, Command
from bot.services.context import Context


async def run(context: Context, text: str) -> Why:
    """Why the finding that the text names is where it is."""
    return await _why(context, await context.suite.refs.one(text, "why", context.asker))


async def press(context: Context, pressed: Pressed) -> Why:
    """The `Why here?` entry of a card or a row."""
    return await _why(context, pressed.number)


async def _why(context: Context, number: int) -> Why:
    record = await context.suite.details.record(number)
    decisions = [(str(p), context.may(p, record)) for p in Permission]
    may = [(name, d.allowed, ", ".join(d.based_on) if d.allowed else d.advice) for name, d in decisions]
    why = await context.suite.details.why(number, may)
    policy, escalation = await context.suite.escalations.of(record)
    return replace(why, policy=policy, escalation=escalation)


COMMAND = Command(
    name="why",
    summary="Why a finding is in this channel, who is told when nobody answers, and what you may do.",
    usage="/sec why F-1234",
    permission=Permission.READ,
    run=run,
    examples=("/sec why F-1234",),
    actions=(Action("why", Permission.READ, press),),
    order=40,
)
