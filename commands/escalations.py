"""`/sec escalations [env]`: who is waited for, with clocks."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.oncall_views import EscalationList
from bot.domain.typed import normalise
from bot.errors import UserError
from bot.plugins import Command
from bot.services.context import Context

SHOWN = 8


async def run(context: Context, text: str) -> EscalationList:
    """Escalations that wait for somebody, the first due first, of one environment when it is named."""
    env = normalise(text).casefold().removeprefix("env:")
    known = context.suite.lexicon.names().envs
    if env and env not in known:
        raise UserError(f"`{env[:60]}` is not an environment: {', '.join(known)}.")
    async with context.suite.store.reads() as reads:
        rows = await context.suite.escalations.rows(reads, env=env, limit=SHOWN + 1)
    return EscalationList(rows=tuple(rows[:SHOWN]), scope=env, now=context.now, more=len(rows) > SHOWN)


COMMAND = Command(
    name="escalations",
    aliases=("waiting",),
    summary="Which findings wait for whom, and when the next level is told.",
    usage="/sec escalations [env]",
    permission=Permission.READ,
    run=run,
    examples=("/sec escalations", "/sec escalations prod"),
    order=32,
)
