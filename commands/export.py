"""`/sec export prod high+`: everything that a question holds as a CSV file, in direct messages or, with `here`, in the channel."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.message import Pressed
from bot.domain.views import Notice, Trouble
from bot.plugins import Action, Command
from bot.services.context import Context


async def run(context: Context, text: str) -> Notice | Trouble:
    """Export what the text asks for."""
    return await context.export(text)


async def press(context: Context, pressed: Pressed) -> Notice | Trouble:
    """The `Export` button of a list."""
    question = await context.suite.queries.question(pressed.of_listing[0], context.asker)
    return question if isinstance(question, Trouble) else await context.export(question)


COMMAND = Command(
    name="export",
    aliases=("csv",),
    summary="Send everything a question holds as a CSV file, up to 100,000 rows.",
    usage="/sec export [as findings] [here]",
    permission=Permission.READ,
    run=run,
    examples=("/sec export prod high+", "/sec export state:resolved last:<30d"),
    actions=(Action("export", Permission.READ, press, counted=True),),
    order=15,
    counted=True,
)
