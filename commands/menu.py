"""The empty command: how things stand, and the next things one would ask, as buttons."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.message import Pressed
from bot.domain.views import AskForm, Menu, Offer, Trouble
from bot.plugins import Action, Command
from bot.services.context import Context

EXAMPLES = ("findings prod high+", "findings me", "show F-1234", "help")


async def run(context: Context, text: str) -> Menu:
    """The menu, for the asker only."""
    del text
    counts = await context.suite.queries.live_counts()
    envs = context.suite.lexicon.names().envs[:2]
    offers = (Offer("Critical now", "findings critical"), *(Offer(f"Open in {e}", f"findings {e}") for e in envs))
    parts = await context.suite.status.parts()
    return Menu(
        counts=counts,
        offers=(*offers, Offer("Status", "status"), Offer("Help", "help")),
        verbs=context.help,
        health=tuple((h.name, h.ok, h.note) for h in parts if not h.ok),
    )


async def open_window(context: Context, pressed: Pressed) -> Trouble | None:
    """The global shortcut, and `Ask…` in the Home tab: a window in which any command can be typed."""
    del pressed
    if await context.surface.open(AskForm(examples=EXAMPLES)):
        return None
    return Trouble(messages=("The window could not be opened. Type `/sec` in a channel.",))


COMMAND = Command(
    name="menu",
    summary="How things stand and what to do next.",
    usage="/sec",
    permission=Permission.READ,
    run=run,
    examples=("/sec",),
    actions=(Action("open", Permission.READ, open_window),),
    order=0,
)
