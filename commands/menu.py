"""The empty command: how things stand, and the next things one would ask, as buttons."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.views import Menu, Offer
from bot.plugins import Command
from bot.services.desk import Context


async def run(context: Context, text: str) -> Menu:
    """The menu, for the asker only."""
    del text
    counts = await context.queries.live_counts()
    envs = context.queries.names().envs[:2]
    offers = (Offer("Critical now", "findings critical"), *(Offer(f"Open in {e}", f"findings {e}") for e in envs))
    parts = await context.status.parts()
    return Menu(
        counts=counts,
        offers=(*offers, Offer("Status", "status"), Offer("Help", "help")),
        verbs=context.help,
        health=tuple((h.name, h.ok, h.note) for h in parts if not h.ok),
    )


COMMAND = Command(
    name="menu",
    summary="How things stand and what to do next.",
    usage="/sec",
    permission=Permission.READ,
    run=run,
    examples=("/sec",),
    order=0,
)
