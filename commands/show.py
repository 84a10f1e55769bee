"""`/sec show F-1234`: everything about one finding, in a modal where one can be opened."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.message import Pressed
from bot.domain.refs import recognise
from bot.domain.typed import normalise
from bot.domain.views import AskForm, FindingDetail, Trouble
from bot.errors import UserError
from bot.plugins import Action, Command
from bot.services.context import Context

_AROUND = ".,:;!?()[]*_~`\"'"  # what people write around a word
EXAMPLES = ("findings prod high+", "show F-1234", "status")


async def run(context: Context, text: str) -> FindingDetail | Trouble | None:
    """The finding that the text names."""
    return await _show(context, await context.suite.refs.one(text, "show", context.asker))


async def details(context: Context, pressed: Pressed) -> FindingDetail | Trouble | None:
    """The `Details` button."""
    return await _show(context, pressed.number)


async def of_message(context: Context, pressed: Pressed) -> FindingDetail | Trouble | None:
    """The message shortcut: the finding whose card or thread it is, or that the message (`extra`) names."""
    words = [ref for word in normalise(pressed.extra).split() if (ref := recognise(word.strip(_AROUND)))]
    for text in ("this", *words[:1]):
        try:
            number = await context.suite.refs.one(text, "show", context.asker)
        except UserError:
            continue
        return await _show(context, number)
    note = "That message is under no finding's card and names none. Ask for what you want:"
    form = AskForm(command="findings ", note=note, examples=EXAMPLES)
    return None if await context.surface.open(form) else Trouble(messages=(note,))


async def _show(context: Context, number: int) -> FindingDetail | Trouble | None:
    if not await context.surface.open(FindingDetail(record=None, now=context.now, modal=True)):
        return await context.suite.details.detail(number)
    try:
        view = await context.suite.details.detail(number, modal=True)
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
    examples=("/sec show F-1234", "/sec F-1234", "/sec show ^3"),
    actions=(Action("show", Permission.READ, details), Action("finding", Permission.READ, of_message)),
    order=20,
)
