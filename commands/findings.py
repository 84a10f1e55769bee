"""`/sec findings prod high+`: lists of findings, with pages that do not jump, other orders, and counts in groups."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.message import Pressed
from bot.domain.query import Flag, Sort
from bot.domain.views import Breakdown, FindingList, Notice, Trouble
from bot.errors import Malformed
from bot.plugins import Action, Command
from bot.services.context import Context

Shown = FindingList | Breakdown | Trouble | Notice


async def run(context: Context, text: str) -> Shown:
    """The first page of what was asked; with `csv` a file of all of it."""
    if Flag.CSV in context.suite.queries.flags(text):
        return await context.export(text)
    return await context.suite.queries.find(text, context.asker)


async def page(context: Context, pressed: Pressed) -> Shown:
    """Another page of a list."""
    listing, number = pressed.page
    return await context.suite.queries.turn(listing, number, context.asker)


async def refresh(context: Context, pressed: Pressed) -> Shown:
    """The same question asked again."""
    return await context.suite.queries.again(pressed.of_listing[0], context.asker)


async def sort(context: Context, pressed: Pressed) -> Shown:
    """The same question in another order."""
    listing, word = pressed.of_listing
    if word not in set(Sort):
        raise Malformed("a sort select without an order")
    return await context.suite.queries.again(listing, context.asker, Sort(word))


COMMAND = Command(
    name="findings",
    aliases=("f", "finding", "list", "ls"),
    summary="List findings: open ones, most severe first, unless you say otherwise.",
    usage="/sec findings [word ...] [key:value ...] [@view] [by:account] [page:N] [sort:age|sev|account] [here] [csv]",
    permission=Permission.READ,
    run=run,
    examples=(
        "/sec findings prod",
        "/sec findings prod high+ src:guardduty -account:sandbox*",
        "/sec findings state:resolved last:<1d",
        '/sec findings "public bucket" env:prod,staging sort:age',
        "/sec findings prod by:account",
        "/sec findings @night-shift me",
    ),
    actions=(
        Action("page", Permission.READ, page, in_place=True),
        Action("refresh", Permission.READ, refresh, counted=True, in_place=True),
        Action("sort", Permission.READ, sort, counted=True, in_place=True),
    ),
    order=10,
    counted=True,
)
