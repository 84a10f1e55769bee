"""The Home tab: what is on its reader, what waits for their approval, what ends soon, saved views with counts, how things stand."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from bot.domain.finding import Record
from bot.domain.query import Exact, Group, Key, Query, Span, Term
from bot.domain.suppression import NOTICE, Stage
from bot.domain.views import Home
from bot.ports import Clock, Store
from bot.services.lexicon import Asker
from bot.services.query import LIVE_TERM
from bot.services.status import StatusService
from bot.services.views import SavedViews

SHOWN = 10
ENDING = timedelta(days=1)
MOST_ENVS = 12
MOST_WAITING = 100  # requests that are looked through for those that the reader may decide


@dataclass(frozen=True, slots=True)
class HomeTab:
    """Gathers what the tab shows."""

    store: Store
    views: SavedViews
    status: StatusService
    clock: Clock

    async def home(self, user: str, may_approve: Callable[[Record], bool]) -> Home:
        """The reader's tab.

        Args:
            may_approve: whether the reader may approve what is asked for a finding.

        Raises:
            TemporaryError: the database does not answer.
        """
        now = self.clock.now()
        mine = Query((Term(Key.BY, (Exact(user.casefold()),)), LIVE_TERM))
        soon = Query((*mine.terms, Term(Key.LEASE, (Span(None, ENDING),))))
        async with self.store.reads() as reads:
            on_you = await reads.search(mine, now, limit=SHOWN)
            total = (await reads.counts(mine, now)).total
            ending = [r for r in await reads.search(soon, now, limit=SHOWN) if r.ack_by == user and r.ack_until]
            groups = await reads.grouped(Query((LIVE_TERM,)), Group.ENV, now)
            counts = (await reads.counts(Query((LIVE_TERM,)), now)).by_severity
            waiting = await reads.leases(stages=(Stage.WAITING,), limit=MOST_WAITING)
            soon_over = await reads.leases(stages=(Stage.ACTIVE,), before=now + NOTICE, limit=SHOWN)
            about = {r.number: r for r in await reads.by_numbers([lease.number for lease in waiting])}
        asked = [(lease, about[lease.number]) for lease in waiting if lease.number in about and lease.author != user]
        rows, _ = await self.views.mine_and_here(Asker(user))
        parts = await self.status.parts()
        return Home(
            user=user,
            on_you=tuple(on_you),
            on_you_total=total,
            ending=tuple(sorted(ending, key=lambda r: r.ack_until or now)),
            views=rows,
            counts=counts,
            envs=tuple((g.value, g.by_severity) for g in groups[:MOST_ENVS] if g.value),
            health=tuple((h.name, h.ok, h.note) for h in parts),
            now=now,
            approvals=tuple(pair for pair in asked if may_approve(pair[1]))[:SHOWN],
            leases=tuple(soon_over),
        )
