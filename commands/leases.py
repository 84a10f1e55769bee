"""`/sec leases`: what is hidden, by whom, until when; `drift` says what else hides findings. Buttons end a lease now, or undo it."""

from __future__ import annotations

from datetime import timedelta

from bot.domain.authz import Permission
from bot.domain.hiding_views import DriftReport, LeaseList, LeaseShown
from bot.domain.message import Pressed
from bot.domain.suppression import Stage
from bot.domain.syntax import parse_duration
from bot.domain.typed import normalise
from bot.domain.views import Trouble
from bot.errors import UserError
from bot.plugins import Action, Command
from bot.services.context import Context
from bot.services.showing import shown

IN_FORCE = (Stage.APPLYING, Stage.ACTIVE, Stage.WAITING, Stage.ENDING)
SHOWN = 20


async def run(context: Context, text: str) -> LeaseList | LeaseShown | DriftReport | Trouble:
    """The leases in force, the first to end first; `expiring:<7d`, `me`, `all`, one by its name, or `drift`."""
    words = normalise(text).casefold().split()
    before: timedelta | None = None
    owner = ""
    stages: tuple[Stage, ...] = IN_FORCE
    for word in words:
        if word.startswith("expiring:") and (span := parse_duration(word.removeprefix("expiring:").lstrip("<"))):
            before = span
        elif word == "me":
            owner = context.actor.id
        elif word == "all":
            stages = tuple(s for s in Stage if s is not Stage.DRAFT)
        elif word == "drift":
            return DriftReport(seen=await context.suite.drift.look(), now=context.now)
        elif word.startswith("l-"):
            return await _one(context, word)
        else:
            raise UserError(
                f"`{word}` is nothing that leases can be asked for: expiring:<7d, me, all, drift, or L-1a2b3c."
            )
    end = context.now + before if before is not None else None
    async with context.suite.store.reads() as reads:
        found = await reads.leases(stages=stages, before=end, owner=owner, limit=SHOWN + 1)
    counts = await context.suite.suppressions.counts(found[:SHOWN])
    return LeaseList(
        leases=tuple(found[:SHOWN]), counts=counts, scope=" ".join(words), now=context.now, more=len(found) > SHOWN
    )


async def _one(context: Context, name: str) -> LeaseShown:
    """The lease of that name: one in force, else the newest."""
    async with context.suite.store.reads() as reads:
        found = [one for one in await reads.leases(limit=100_000) if one.short.casefold() == name]
    if not found:
        raise UserError(f"There is no lease {name.upper()}.")
    return await shown(context, next((one for one in found if one.stage in IN_FORCE), found[-1]))


async def end(context: Context, pressed: Pressed) -> LeaseShown:
    """`End now`, and `Undo`: what was hidden is shown again. Showing takes the same permission as hiding."""
    preview = await context.suite.suppressions.preview(pressed.extra)
    context.must(Permission.SUPPRESS, preview.about)
    lease = await context.suite.leases.end(pressed.extra, context.actor.id, "ended by hand")
    return await shown(context, lease, "It is over: what it hid is shown again.")


COMMAND = Command(
    name="leases",
    aliases=("lease", "suppressions"),
    summary="What is hidden, by whom and until when; and what else hides findings.",
    usage="/sec leases [expiring:<7d] [me] [all] [L-1a2b3c] [drift]",
    permission=Permission.READ,
    run=run,
    examples=("/sec leases", "/sec leases expiring:<7d", "/sec leases me", "/sec leases drift"),
    actions=(Action("suppress.end", Permission.SUPPRESS, end, in_place=True),),
    order=38,
)
