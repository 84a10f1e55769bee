"""`/sec ack F-1234` and the Acknowledge button: somebody has it.

Acknowledging hides nothing and has an end, so one finding is acknowledged from typed text at once; several are not.
"""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.message import Pressed
from bot.domain.views import Notice, Trouble
from bot.plugins import Action, Command
from bot.services.desk import Context


async def run(context: Context, text: str) -> Notice | Trouble:
    """Acknowledge the finding that the text names."""
    return await _acknowledge(context, context.queries.one_ref(text, "ack"))


async def press(context: Context, pressed: Pressed) -> Notice | Trouble:
    """The `Acknowledge` button of a card or a list's row."""
    return await _acknowledge(context, pressed.number)


async def _acknowledge(context: Context, number: int) -> Notice | Trouble:
    context.must(Permission.ACK, await context.queries.record(number))
    record = await context.triage.acknowledge(number, context.actor.id)
    until = int(record.ack_until.timestamp()) if record.ack_until else 0
    return Notice(text=f"You have {record.ref}: acknowledged", until=until)


COMMAND = Command(
    name="ack",
    aliases=("a", "acknowledge"),
    summary="Acknowledge a finding: you have it, for a time that depends on its severity.",
    usage="/sec ack F-1234",
    permission=Permission.ACK,
    run=run,
    examples=("/sec ack F-1234",),
    actions=(Action("ack", Permission.ACK, press),),
    order=30,
)
