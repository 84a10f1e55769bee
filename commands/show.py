"""`/sec show F-1234`: everything about one finding, in a modal where one can be opened."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.message import Pressed
from bot.domain.views import FindingDetail, Trouble
from bot.errors import UserError
from bot.plugins import Action, Command
from bot.services.desk import Context


async def run(context: Context, text: str) -> FindingDetail | Trouble | None:
    """The finding that the text names."""
    return await _show(context, context.queries.one_ref(text, "show"))


async def details(context: Context, pressed: Pressed) -> FindingDetail | Trouble | None:
    """The `Details` button."""
    return await _show(context, pressed.number)


async def _show(context: Context, number: int) -> FindingDetail | Trouble | None:
    if not await context.surface.open(FindingDetail(record=None, now=context.now, modal=True)):
        return await context.queries.detail(number)
    try:
        view = await context.queries.detail(number, modal=True)
    except UserError as error:
        view = FindingDetail(record=None, now=context.now, modal=True, problem=error.message)
    await context.surface.fill(view)
    return None


COMMAND = Command(
    name="show",
    aliases=("s", "details"),
    summary="Everything about one finding.",
    usage="/sec show F-1234",
    permission=Permission.READ,
    run=run,
    examples=("/sec show F-1234", "/sec F-1234"),
    actions=(Action("show", Permission.READ, details),),
    order=20,
)
