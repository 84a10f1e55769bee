"""A suppression as its reader sees it: how it stands, what it hides, what waits for whom, and what this reader may do about it."""

from __future__ import annotations

from bot.domain.approval import Stage as Asked
from bot.domain.authz import Permission
from bot.domain.hiding_views import LeaseShown
from bot.domain.suppression import HIDING, Lease, Stage
from bot.services.context import Context


async def shown(context: Context, lease: Lease, said: str = "") -> LeaseShown:
    """The view. `said` is a sentence about what was just done. Raises NotFound when its finding is gone."""
    about = await context.suite.details.record(lease.number)
    counts = await context.suite.suppressions.counts((lease,))
    async with context.suite.store.reads() as reads:
        request = await reads.request(lease.approval) if lease.approval and lease.stage is Stage.WAITING else None
    waits = request is not None and request.stage is Asked.WAITING
    is_own = request is not None and request.requester == context.actor.id
    return LeaseShown(
        lease=lease,
        about=about,
        now=context.now,
        hidden=counts.get(lease.id, 0),
        may_end=lease.stage in HIDING and context.may(Permission.SUPPRESS, about).allowed,
        said=said,
        request=request,
        may_decide=waits and not is_own and context.may(Permission.APPROVE, about).allowed,
        may_withdraw=waits and is_own,
    )
