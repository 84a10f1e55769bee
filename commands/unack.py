"""`/sec unack F-1234`: an acknowledgement given back; the finding is open and escalates from the beginning."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.message import Pressed
from bot.domain.views import Notice
from bot.plugins import Action, Command
from bot.services.context import Context


async def run(context: Context, text: str) -> Notice:
    """Give the acknowledgement of the finding that the text names back."""
    return await _unack(context, await context.suite.refs.one(text, "unack", context.asker))


async def press(context: Context, pressed: Pressed) -> Notice:
    """The `Unack` entry of a card or a row."""
    return await _unack(context, pressed.number)


async def _unack(context: Context, number: int) -> Notice:
    context.must(Permission.ACK, await context.suite.details.record(number))
    record = await context.suite.escalations.unack(number, context.actor.id)
    return Notice(text=f"{record.ref} is open again: nobody has it.")


COMMAND = Command(
    name="unack",
    aliases=("unacknowledge",),
    summary="Give an acknowledgement back: the finding is open again and escalates.",
    usage="/sec unack F-1234",
    permission=Permission.ACK,
    run=run,
    examples=("/sec unack F-1234",),
    actions=(Action("unack", Permission.ACK, press),),
    order=31,
)
