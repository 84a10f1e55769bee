"""`/sec ask ack F-1234`: ask those who may. The button `Ask for it` under every refusal runs it; it changes nothing but the thread."""

from __future__ import annotations

from bot.domain.authz import Permission, held_by
from bot.domain.views import Notice
from bot.errors import UserError
from bot.plugins import Command
from bot.services.context import DOING, Context


async def run(context: Context, text: str) -> Notice:
    """Ask in the finding's thread for what the text names."""
    word, _, rest = text.strip().partition(" ")
    able = [p for p in DOING if p is not Permission.READ]
    if word not in able:
        raise UserError(f"Ask for what? For example `/sec ask {able[0]} F-1234`; it can be {', '.join(able)}.")
    permission = Permission(word)
    number = await context.suite.refs.one(rest, f"ask {word}", context.asker)
    decision = context.may(permission, await context.suite.details.record(number))
    if decision.allowed:
        raise UserError(f"You may {DOING[permission]} F-{number} yourself.")
    whom = await context.people.mentions(held_by(decision))
    if not whom:
        raise UserError(f"Nobody in the configuration may {DOING[permission]} F-{number}.")
    record = await context.suite.triage.ask(number, permission, context.actor.id, whom)
    return Notice(text=f"Asked in the thread of {record.ref}.")


COMMAND = Command(
    name="ask",
    summary="Ask those who may to do something that you may not, in the finding's thread.",
    usage="/sec ask ack|assign F-1234",
    permission=Permission.READ,
    run=run,
    examples=("/sec ask ack F-1234",),
    order=45,
)
