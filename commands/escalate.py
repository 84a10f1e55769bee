"""`/sec escalate F-1234`, `Escalate now`: the next level is told at once. `Can't take it` says so too, and that one cannot."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.message import Pressed
from bot.domain.views import Notice
from bot.plugins import Action, Command
from bot.services.context import Context

CANNOT = "can't take it"


async def run(context: Context, text: str) -> Notice:
    """Tell the next level of the finding that the text names."""
    return await _hurry(context, await context.suite.refs.one(text, "escalate", context.asker))


async def press(context: Context, pressed: Pressed) -> Notice:
    """The `Escalate now` entry of a card or a row."""
    return await _hurry(context, pressed.number)


async def decline(context: Context, pressed: Pressed) -> Notice:
    """The `Can't take it` button of whoever was called."""
    return await _hurry(context, pressed.number, CANNOT)


async def _hurry(context: Context, number: int, note: str = "") -> Notice:
    record = await context.suite.details.record(number)
    context.must(Permission.ACK, record)
    told = await context.suite.escalations.hurry(number, context.actor.id, note)
    whom = ", ".join(f"`{address}`" for address in told.addresses)
    what = "the last path" if told.last else f"level {told.level + 1}"
    return Notice(text=f"{record.ref}: {what} is told now: {whom}.")


COMMAND = Command(
    name="escalate",
    aliases=("page",),
    summary="Tell the next level of a finding's escalation policy now.",
    usage="/sec escalate F-1234",
    permission=Permission.ACK,
    run=run,
    examples=("/sec escalate F-1234",),
    actions=(Action("escalate", Permission.ACK, press), Action("decline", Permission.ACK, decline)),
    order=31,
)
