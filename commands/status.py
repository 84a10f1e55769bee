"""`/sec status`: whether silence can be trusted."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.views import Status
from bot.plugins import Command
from bot.services.context import Context


async def run(context: Context, text: str) -> Status:
    """Every part's state, freshness, backlog and what was set aside."""
    del text
    return await context.suite.status.status()


COMMAND = Command(
    name="status",
    aliases=("health",),
    summary="Whether secbot works: its parts, how fresh each source is, what waits.",
    usage="/sec status",
    permission=Permission.READ,
    run=run,
    examples=("/sec status",),
    order=60,
)
