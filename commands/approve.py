"""The buttons under a request for approval: another person agrees, or refuses. The first valid press wins, the second sees who did."""

from __future__ import annotations

from bot.domain.authz import Permission
from bot.domain.hiding_views import LeaseList, LeaseShown
from bot.domain.message import Pressed
from bot.domain.suppression import Lease, Stage
from bot.domain.views import Notice
from bot.errors import Malformed, UserError
from bot.plugins import Action, Command
from bot.services.context import Context
from bot.services.showing import shown

SHOWN = 20


async def run(context: Context, text: str) -> LeaseList | Notice:
    """What waits for another person; agreeing takes the button under what is to be agreed to."""
    del text
    async with context.suite.store.reads() as reads:
        waiting = await reads.leases(stages=(Stage.WAITING,), limit=SHOWN + 1)
    if not waiting:
        return Notice(text="Nothing waits for approval.")
    return LeaseList(
        leases=tuple(waiting[:SHOWN]),
        counts={},
        scope="waiting for approval",
        now=context.now,
        more=len(waiting) > SHOWN,
    )


async def approve(context: Context, pressed: Pressed) -> LeaseShown:
    """`Approve`: extra is the request and the hash of what was shown."""
    request, digest = _carried(pressed)
    lease = await _lease(context, request)
    preview = await context.suite.suppressions.preview(lease.id)
    severities = set(preview.reach.by_severity) | {preview.about.finding.severity}
    context.must(Permission.APPROVE, preview.about)
    context.must_reach(Permission.APPROVE, sorted(preview.reach.envs), sorted(severities))
    return await shown(
        context, await context.suite.suppressions.approve(request, digest, context.actor.id), "Approved."
    )


async def deny(context: Context, pressed: Pressed) -> LeaseShown:
    """`Deny`, and `Withdraw` for whoever asked."""
    request, _ = _carried(pressed)
    lease = await _lease(context, request)
    if lease.author != context.actor.id:
        context.must(Permission.APPROVE, await context.suite.details.record(lease.number))
    return await shown(
        context, await context.suite.suppressions.deny(request, context.actor.id, ""), "Refused: nothing is hidden."
    )


def _carried(pressed: Pressed) -> tuple[str, str]:
    request, dot, digest = pressed.extra.rpartition(".")
    if not dot:
        raise Malformed("an approval without its request")
    return request, digest


async def _lease(context: Context, request: str) -> Lease:
    """What a request is about."""
    async with context.suite.store.reads() as reads:
        found = await reads.request(request)
        lease = await reads.lease(found.subject) if found is not None else None
    if lease is None:
        raise UserError("That request is not known any more.")
    return lease


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
        Action("suppress.deny", Permission.READ, deny),
    ),
    order=39,
)
