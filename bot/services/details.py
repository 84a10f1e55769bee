"""One finding whole: its versions and acts, where it is shown, what Slack was told, what is related to it, and why it is where it is."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.facets import facets
from bot.domain.finding import Record
from bot.domain.query import Exact, Key, Query, Term, matches, show
from bot.domain.routing import route
from bot.domain.views import FindingDetail, Related, Why
from bot.errors import NotFound, UserError
from bot.ports import Clock, Reads, Store
from bot.services.ingest import RoutingTable
from bot.services.query import LIVE_TERM

MOST_RELATED = 5


@dataclass(frozen=True, slots=True)
class Details:
    """The read side of one finding. `permalink` is the beginning of our own links to findings; empty when there are none."""

    store: Store
    routing: RoutingTable
    clock: Clock
    permalink: str = ""

    async def record(self, number: int) -> Record:
        """One finding; raises NotFound."""
        async with self.store.reads() as reads:
            found = await reads.get(number)
        if found is None:
            raise NotFound(f"There is no finding F-{number}.")
        return found

    async def detail(self, number: int, *, modal: bool = False) -> FindingDetail:
        """Everything about a finding. Raises NotFound."""
        record = await self.record(number)
        async with self.store.reads() as reads:
            timeline = await reads.timeline(number)
            cards = await reads.cards(number)
            said = await reads.said(number)
            raw = await reads.raw(number)
            related = [r for query in _relations(record) if (r := await self._related(reads, record, *query))]
        return FindingDetail(
            record=record,
            now=self.clock.now(),
            timeline=tuple(timeline),
            places=tuple((c.channel, c.ts) for c in cards),
            said=tuple((s.at, str(s.kind), s.channel) for s in said),
            related=tuple(related),
            raw=raw.decode("utf-8", "replace"),
            modal=modal,
            link=f"{self.permalink.rstrip('/')}/{record.ref}" if self.permalink else "",
        )

    async def _related(self, reads: Reads, record: Record, title: str, query: Query) -> Related | None:
        """The other findings that a query holds; None when there are none or looking takes too long."""
        now = self.clock.now()
        try:
            found = [r for r in await reads.search(query, now, limit=MOST_RELATED + 1) if r.number != record.number]
            total = (await reads.counts(query, now)).total
        except UserError:
            return None
        if not found:
            return None
        itself = matches(query, facets(record), now)
        return Related(title, tuple(found[:MOST_RELATED]), total - itself, f"findings {show(query)}")

    async def why(self, number: int, may: Sequence[tuple[str, bool, str]]) -> Why:
        """Which routes were tried for a finding as it is now, and which one it came by. Raises NotFound."""
        record = await self.record(number)
        now = self.clock.now()
        routed = route(record, self.routing.routes, self.routing.fallback, now)
        hidden = f"hidden by the suppression L-{record.lease[:6].lower()}; " if record.lease else ""
        reason = f"{hidden}{record.why or routed.reason}"
        return Why(record=record, tried=routed.based_on, may=tuple(may), now=now, reason=reason)


def _relations(record: Record) -> list[tuple[str, Query]]:
    """What else may explain a finding: other live problems of its resource, the same control elsewhere."""
    finding = record.finding
    account = Term(Key.ACCOUNT, (Exact(finding.account),))
    relations: list[tuple[str, Query]] = []
    if finding.resource.id and finding.account:
        resource = Term(Key.RESOURCE, (Exact(finding.resource.id),))
        relations.append(("Same resource", Query((account, resource, LIVE_TERM))))
    if finding.control:
        control = Term(Key.CONTROL, (Exact(finding.control),))
        relations.append((f"Same control ({finding.control})", Query((control, LIVE_TERM))))
    return relations
