"""The buttons under a request for approval: another person agrees, or refuses. The first valid press wins, the second sees who did."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.hiding_views import LeaseShown
from bot.domain.message import Pressed
from bot.domain.suppression import Lease, Stage
from bot.domain.views import Notice
from bot.errors import Malformed, UserError
from bot.plugins import Action, Command
from bot.services.context import Context


async def run(context: Context, text: str) -> Notice:
    """How many requests wait; agreeing takes the button under what is to be agreed to."""
    del text
    async with context.suite.store.reads() as reads:
        waiting = await reads.leases(stages=(Stage.WAITING,))
    names = ", ".join(f"{one.short} (F-{one.number})" for one in waiting[:10])
    return Notice(text=f"{len(waiting)} wait for approval: {names}." if waiting else "Nothing waits for approval.")


async def approve(context: Context, pressed: Pressed) -> LeaseShown:
    """`Approve`: extra is the request and the hash of what was shown."""
    request, dot, shown = pressed.extra.rpartition(".")
    if not dot:
        raise Malformed("an approval without its request")
    await _must(context, request)
    lease = await context.suite.suppressions.approve(request, shown, context.actor.id)
    return await _shown(context, lease, "Approved.")


async def deny(context: Context, pressed: Pressed) -> LeaseShown:
    """`Deny`."""
    request = pressed.extra.rpartition(".")[0]
    await _must(context, request)
    lease = await context.suite.suppressions.deny(request, context.actor.id, "")
    return await _shown(context, lease, "Refused: nothing is hidden.")


async def _must(context: Context, request: str) -> None:
    """Whether the presser may approve for this very finding; whoever asked may always withdraw."""
    async with context.suite.store.reads() as reads:
        found = await reads.request(request)
        lease = await reads.lease(found.subject) if found is not None else None
    if lease is None:
        raise UserError("That request is not known any more.")
    context.must(Permission.APPROVE, await context.suite.details.record(lease.number))


async def _shown(context: Context, lease: Lease, said: str) -> LeaseShown:
    about = await context.suite.details.record(lease.number)
    return LeaseShown(lease=lease, about=about, now=context.now, said=said)


COMMAND = Command(
    name="approve",
    aliases=("approvals",),
    summary="What waits for another person to agree.",
    usage="/sec approve",
    permission=Permission.READ,
    run=run,
    examples=("/sec approve",),
    actions=(
        Action("suppress.approve", Permission.APPROVE, approve),
        Action("suppress.deny", Permission.APPROVE, deny),
    ),
    order=39,
)
