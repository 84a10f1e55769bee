"""`/sec findings prod high+`: lists of findings, with pages that do not jump."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.message import Pressed
from bot.domain.views import FindingList, Trouble
from bot.errors import Malformed
from bot.plugins import Action, Command
from bot.services.desk import Context


async def run(context: Context, text: str) -> FindingList | Trouble:
    """The first page of what was asked."""
    return await context.queries.find(text, context.actor.id)


async def page(context: Context, pressed: Pressed) -> FindingList | Trouble:
    """Another page of a list; `extra` is `listing.page`."""
    listing, _, number = pressed.extra.rpartition(".")
    if not number.isdigit():
        raise Malformed("a page button without a page")
    return await context.queries.turn(listing, int(number), context.actor.id)


COMMAND = Command(
    name="findings",
    aliases=("f", "finding", "list", "ls"),
    summary="List findings: open ones, most severe first, unless you say otherwise.",
    usage="/sec findings [environment] [severity] [key:value ...] [page:N] [sort:age|sev|account] [here]",
    permission=Permission.READ,
    run=run,
    examples=(
        "/sec findings prod",
        "/sec findings prod high+ src:guardduty -account:sandbox*",
        "/sec findings state:resolved last:<1d",
        '/sec findings "public bucket" env:prod,staging sort:age',
    ),
    actions=(Action("page", Permission.READ, page),),
    order=10,
)
