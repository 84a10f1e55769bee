"""`/sec accounts [text]`: the organisation's accounts with what is live in each."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.views import Accounts
from bot.plugins import Command
from bot.services.context import Context


async def run(context: Context, text: str) -> Accounts:
    """Accounts, the most urgent first."""
    return await context.suite.queries.accounts(text)


COMMAND = Command(
    name="accounts",
    aliases=("account",),
    summary="The accounts secbot knows, with what is open in each.",
    usage="/sec accounts [name, number, OU or environment]",
    permission=Permission.READ,
    run=run,
    examples=("/sec accounts", "/sec accounts prod"),
    order=50,
)
