"""Answers questions about findings: lists with stable pages, one finding whole, accounts, and why a finding is where it is.

Reads only, but for the snapshot of a list. Whoever asks was authorised before.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.facets import LIVE
from bot.domain.finding import Record, Severity, State
from bot.domain.query import COUNT_MOST, Exact, Flag, Key, Query, Term, show
from bot.domain.routing import route
from bot.domain.syntax import Names, Parsed, parse
from bot.domain.views import AccountRow, Accounts, FindingDetail, FindingList, Offer, Trouble, Why
from bot.errors import NotFound, UserError
from bot.ports import Clock, Directory, Ids, Listing, Reads, Store
from bot.services.ingest import RoutingTable

PAGE = 8
SNAPSHOT = 800  # findings a list remembers: a hundred pages
MOST_OFFERS = 5
MOST_ACCOUNTS = 60

LIVE_TERM = Term(Key.STATE, tuple(Exact(str(s)) for s in State if s in LIVE))
"""What a list means when it is not told otherwise: problems that are still there and not hidden."""


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words that do not change while the bot runs: environments, sources and standards."""

    envs: tuple[str, ...]
    sources: tuple[str, ...]
    standards: tuple[str, ...]


class Queries:
    """The read side of the verbs."""

    def __init__(
        self,
        *,
        store: Store,
        directory: Directory,
        vocabulary: Vocabulary,
        routing: RoutingTable,
        clock: Clock,
        ids: Ids,
    ) -> None:
        self._store = store
        self._directory = directory
        self._vocabulary = vocabulary
        self._routing = routing
        self._clock = clock
        self._ids = ids

    def names(self) -> Names:
        """What bare words may mean now."""
        accounts = tuple(self._directory.accounts())
        owners = tuple(sorted({a.owner for a in accounts if a.owner}))
        v = self._vocabulary
        return Names(envs=v.envs, accounts=accounts, sources=v.sources, standards=v.standards, owners=owners)

    # --- lists ---------------------------------------------------------------------------------------------------------------------

    async def find(self, text: str, user: str) -> FindingList | Trouble:
        """The first page (or page:N) of what was asked, or what was wrong with the question."""
        parsed = parse(text, self.names())
        if parsed.problems:
            return trouble("findings", parsed)
        query = scoped(parsed.query, user)
        now = self._clock.now()
        async with self._store.reads() as reads:
            numbers = await _numbers(reads, query, now)
            if not numbers:
                return await self._nothing(reads, query, parsed.query, now)
            counts = await _counts(reads, query, now)
        listing = Listing(self._ids.token(), user, show(query), tuple(numbers), now)
        async with self._store.begin() as tx:
            await tx.save_listing(listing)
        return await self._page(listing, query.page, counts, public=Flag.HERE in query.flags)

    async def turn(self, listing_id: str, page: int, user: str) -> FindingList | Trouble:
        """Another page of a list that somebody was shown; the rows are as they are now, their order as it was."""
        async with self._store.reads() as reads:
            listing = await reads.listing(listing_id)
            if listing is None:
                return Trouble(
                    messages=("This list is too old to turn its pages.",), offers=(Offer("List again", "findings"),)
                )
            query = parse(listing.query, self.names()).query
            counts = await _counts(reads, query, self._clock.now())
        public = Flag.HERE in query.flags
        if listing.user != user and not public:
            return Trouble(
                messages=("That is somebody else's list.",),
                offers=(Offer("List mine", f"findings {listing.query}"[:300]),),
            )
        return await self._page(listing, page, counts, public=public)

    async def _page(self, listing: Listing, page: int, counts: Mapping[Severity, int], *, public: bool) -> FindingList:
        pages = max(1, -(-len(listing.numbers) // PAGE))
        page = min(max(page, 1), pages)
        async with self._store.reads() as reads:
            rows = await reads.by_numbers(listing.numbers[(page - 1) * PAGE : page * PAGE])
        total = sum(counts.values())
        notes: list[str] = [] if counts else ["Counting them all would take too long."]
        if total > len(listing.numbers):
            notes.append(f"Only the first {len(listing.numbers)} are listed.")
        return FindingList(
            rows=tuple(rows),
            scope=self.in_words(listing.query),
            counts=counts,
            page=page,
            pages=pages,
            total=max(total, len(listing.numbers)),
            listing=listing.id,
            now=self._clock.now(),
            notes=tuple(notes),
            public=public,
        )

    def in_words(self, query_text: str) -> str:
        """A printed query with account names in the place of numbers, for showing which scope was applied."""
        names = {a.id: a.name for a in self._directory.accounts() if a.name}
        parts = query_text.split(" ")
        return " ".join(
            f"account:{names[n]}" if (n := p.removeprefix("account:")) != p and n in names else p for p in parts
        )

    async def _nothing(self, reads: Reads, query: Query, asked: Query, now: datetime) -> Trouble:
        """Nothing matches: say what each single dropped filter would give."""
        messages = [f"Nothing matches `{self.in_words(show(query)) or 'everything'}`."]
        offers: list[Offer] = []
        for term in query.terms[:6]:
            fewer = replace(query, terms=tuple(t for t in query.terms if t is not term))
            n = (await reads.counts(fewer, now)).total
            if n:
                word = self.in_words(show(Query((term,))))
                many = f"Over {COUNT_MOST:,}" if n > COUNT_MOST else f"{n:,}"
                messages.append(f"{many} match without `{word}`.")
                rest = Query(tuple(t for t in asked.terms if t is not term), asked.sort, 1, asked.flags)
                dropped_default = term is LIVE_TERM
                text = f"{show(rest)} state:*" if dropped_default else show(rest)
                offers.append(Offer("Any state" if dropped_default else f"Drop {term.key}", f"findings {text}".strip()))
        return Trouble(messages=tuple(messages), offers=tuple(offers[:MOST_OFFERS]), read=show(query))

    async def live_counts(self) -> Mapping[Severity, int]:
        """How many findings are live, by severity."""
        async with self._store.reads() as reads:
            return (await reads.counts(Query((LIVE_TERM,)), self._clock.now())).by_severity

    # --- one finding -----------------------------------------------------------------------------------------------------------------

    def one_ref(self, text: str, verb: str) -> int:
        """The number of the one finding that a verb's text names; raises UserError with an example."""
        refs = parse(text, self.names()).query.refs
        if len(refs) != 1:
            many = (
                f"One finding at a time: `/sec {verb} {refs[0]}`"
                if refs
                else f"Which finding? For example `/sec {verb} F-1234`"
            )
            raise UserError(many)
        return int(refs[0].removeprefix("F-"))

    async def record(self, number: int) -> Record:
        """One finding; raises NotFound."""
        async with self._store.reads() as reads:
            found = await reads.get(number)
        if found is None:
            raise NotFound(f"There is no finding F-{number}.")
        return found

    async def detail(self, number: int, *, modal: bool = False) -> FindingDetail:
        """Everything about a finding: its versions and acts, where it is shown, its raw event. Raises NotFound."""
        record = await self.record(number)
        async with self._store.reads() as reads:
            timeline = await reads.timeline(number)
            cards = await reads.cards(number)
            raw = await reads.raw(number)
        return FindingDetail(
            record=record,
            now=self._clock.now(),
            timeline=tuple(timeline),
            places=tuple((c.channel, c.ts) for c in cards),
            raw=raw.decode("utf-8", "replace"),
            modal=modal,
        )

    async def why(self, number: int, may: Sequence[tuple[str, bool, str]]) -> Why:
        """Which routes were tried for a finding as it is now, and which one it came by. Raises NotFound."""
        record = await self.record(number)
        now = self._clock.now()
        routed = route(record, self._routing.routes, self._routing.fallback, now)
        return Why(record=record, tried=routed.based_on, may=tuple(may), now=now, reason=record.why or routed.reason)

    # --- accounts ----------------------------------------------------------------------------------------------------------------------

    async def accounts(self, text: str) -> Accounts:
        """The accounts with what is live in each, most urgent first; `text` keeps those whose name, number, OU or environment holds it."""
        async with self._store.reads() as reads:
            live = {c.account: c for c in await reads.account_counts()}
        known = {a.id: a for a in self._directory.accounts()}
        wanted = text.casefold().strip()
        rows = [
            AccountRow(
                id=a.id,
                name=a.name,
                env=a.env,
                ou=a.ou,
                owner=a.owner,
                live=live[a.id].total if a.id in live else 0,
                worst=live[a.id].worst if a.id in live else None,
            )
            for a in known.values()
            if not wanted or wanted in " ".join((a.id, a.name, a.env, a.ou, a.owner)).casefold()
        ]
        rows.sort(key=lambda r: (-(r.worst if r.worst is not None else -1), -r.live, r.name))
        unknown = tuple(sorted(set(live) - set(known))) if not wanted else ()
        return Accounts(rows=tuple(rows[:MOST_ACCOUNTS]), total=len(rows), unknown=unknown, filter=text.strip())


def scoped(query: Query, user: str) -> Query:
    """The query with what was left unsaid: live findings, and `me` as those that the asker acknowledged."""
    terms = list(query.terms)
    if Flag.ME in query.flags:
        terms.append(Term(Key.BY, (Exact(user.casefold()),)))
    if not query.asks(Key.STATE) and Flag.ALL not in query.flags and not query.refs:
        terms.append(LIVE_TERM)
    return replace(query, terms=tuple(terms), flags=query.flags - {Flag.ME, Flag.ALL})


async def _counts(reads: Reads, query: Query, now: datetime) -> Mapping[Severity, int]:
    """By severity; empty when counting takes longer than a search may, which is no reason to show no list."""
    if query.refs:
        return Counter(r.finding.severity for r in await _named(reads, query))
    try:
        return (await reads.counts(query, now)).by_severity
    except UserError:
        return {}


async def _named(reads: Reads, query: Query) -> Sequence[Record]:
    return await reads.by_numbers([int(r.removeprefix("F-")) for r in query.refs])


async def _numbers(reads: Reads, query: Query, now: datetime) -> Sequence[int]:
    if query.refs:
        return [r.number for r in await _named(reads, query)]
    return await reads.numbers(query, now, limit=SNAPSHOT)


def trouble(verb: str, parsed: Parsed) -> Trouble:
    """What was not understood of a question, with a button for each repair."""
    offers = [Offer(r.label, f"{verb} {r.query}".strip()) for p in parsed.problems for r in p.repairs]
    return Trouble(
        messages=tuple(p.message for p in parsed.problems[:4]), offers=tuple(offers[:MOST_OFFERS]), read=parsed.text
    )
