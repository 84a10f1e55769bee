"""Answers questions about many findings: lists whose pages stand still, counts in groups, accounts.

    find      a question in words -> the first page of a snapshot, counts in groups, or what was wrong with the question
    turn      another page of a snapshot; refresh and resort ask the same question again

Reads only, but for the snapshot of a list. Whoever asks was authorised before. The scope that was applied is always in the answer, what a
channel's default added included.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from bot.domain.facets import LIVE
from bot.domain.finding import Record, Severity, State
from bot.domain.query import COUNT_MOST, TIME_KEYS, Exact, Flag, Key, Query, Sort, Term, Within, show
from bot.domain.syntax import Parsed, parse
from bot.domain.views import AccountRow, Accounts, Breakdown, FindingList, Offer, Trouble
from bot.errors import UserError
from bot.ports import Clock, Ids, Listing, Reads, SavedView, Store
from bot.services.breakdown import MOST_COMMAND, broken_down
from bot.services.lexicon import Asker, Lexicon, Vocabulary
from bot.services.refs import Refs
from bot.services.tables import Table, findings_table

__all__ = ["LIVE_TERM", "PAGE", "Queries", "Scoped", "Vocabulary", "scoped", "trouble"]

PAGE = 8
SNAPSHOT = 200  # findings a list holds: twenty-five pages; what is beyond is for an export or a narrower question
MOST_NEWER = 50  # arrivals since a snapshot that are counted
MOST_OFFERS = 5
DROPPING_S = 0.5  # spent on counting what dropping each would give
MOST_DROPPED = 6  # filters of a fruitless question that are dropped one by one
MOST_ACCOUNTS = 60

_BECAME = frozenset({Key.STATE, Key.LEASE, Key.BY, Key.AGE, Key.FIRST, Key.LAST})
"""Keys about what became of a finding, or about time: they belong to a question and to no filter."""

LIVE_TERM = Term(Key.STATE, tuple(Exact(str(s)) for s in State if s in LIVE))
"""What a list means when it is not told otherwise: problems that are still there and not hidden."""


@dataclass(frozen=True, slots=True)
class Scoped:
    """A question with what was left unsaid. `added` are the terms of the channel's default view that were laid over it."""

    query: Query
    added: tuple[Term, ...] = ()
    view: str = ""


def as_filter(query: Query) -> str:
    """What a question says that findings *are*, printed: a filter that goes on holding new ones."""
    return show(Query(tuple(t for t in query.terms if t.key not in _BECAME)))


class Queries:
    """The lists behind the verbs."""

    def __init__(self, *, store: Store, lexicon: Lexicon, refs: Refs, clock: Clock, ids: Ids) -> None:
        self._store = store
        self._lexicon = lexicon
        self._refs = refs
        self._clock = clock
        self._ids = ids

    # --- asking ----------------------------------------------------------------------------------------------------------------------

    async def find(self, text: str, asker: Asker) -> FindingList | Breakdown | Trouble:
        """The first page (or page:N) of what was asked, its counts in groups (by:...), or what was wrong with the question."""
        async with self._store.reads() as reads:
            parsed, scope = await self.read(reads, text, asker)
            if parsed.problems:
                return trouble("findings", parsed)
            return await self._answer(reads, scope, parsed.query, asker)

    def flags(self, text: str) -> frozenset[Flag]:
        """The flags of a question: `csv` asks for a file, `here` for an answer that everybody sees."""
        return parse(text, self._lexicon.names()).query.flags

    async def table(self, text: str, asker: Asker) -> Table | Trouble:
        """Everything that a question holds, for an export; or what was wrong with it."""
        now = self._clock.now()
        async with self._store.reads() as reads:
            parsed, scope = await self.read(reads, text, asker)
            if parsed.problems:
                return trouble("export", parsed)
            query = replace(scope.query, group=None)
            total = len(query.refs) or (await reads.counts(query, now)).total
            if not total:
                return await self._nothing(reads, scope, parsed.query, asker.user, now)
        return findings_table(
            self._store, query, now, title=f"findings {self._lexicon.in_words(show(query))}", total=total
        )

    async def read(self, reads: Reads, text: str, asker: Asker) -> tuple[Parsed, Scoped]:
        """A question as the asker means it: with saved views, the channel's default and references resolved.

        Raises UserError for a reference that leads nowhere; other mistakes are in the Parsed.
        """
        saved = await reads.views(asker.owners)
        names = self._lexicon.names(saved, asker.user)
        parsed = parse(text, names)
        default = next((v for v in saved if v.default and v.owner == asker.channel), None)
        scope = scoped(
            parsed.query, asker.user, default, self._lexicon.read_view(default.query).query if default else None
        )
        if scope.query.refs and not parsed.problems:
            numbers = await self._refs.resolve(reads, scope.query.refs, asker)
            scope = replace(scope, query=replace(scope.query, refs=tuple(f"F-{n}" for n in numbers)))
        return parsed, scope

    async def _answer(
        self, reads: Reads, scope: Scoped, asked: Query, asker: Asker
    ) -> FindingList | Breakdown | Trouble:
        query, now = scope.query, self._clock.now()
        if query.group is not None and not query.refs:
            notes, offers = self._unsaid(scope, asked, asker)
            # The default goes into the rows' commands by name: the filter that a row adds would lift a default with its key.
            whole = replace(asked, terms=(*asked.terms, *scope.added))
            answer = await broken_down(reads, query, whole, self._lexicon, asker.user, now=now)
            if answer.total:
                return replace(answer, notes=notes, offers=offers, public=Flag.HERE in query.flags)
        numbers = await _numbers(reads, query, now)
        if not numbers:
            return await self._nothing(reads, scope, asked, asker.user, now)
        counts = await _counts(reads, query, now)
        notes, offers = self._unsaid(scope, asked, asker)
        listing = Listing(self._ids.token(), asker.user, show(query), tuple(numbers), now)
        async with self._store.begin() as tx:
            await tx.save_listing(listing)
        page = await self._page(reads, listing, query, query.page, counts)
        return replace(page, notes=(*notes, *page.notes), offers=offers)

    def _unsaid(self, scope: Scoped, asked: Query, asker: Asker) -> tuple[tuple[str, ...], tuple[Offer, ...]]:
        """What the channel's default added, and the way to ask without it."""
        if not scope.added:
            return (), ()
        added = self._lexicon.in_words(show(Query(scope.added)), asker.user)
        note = f"`{added}` is this channel's default (@{scope.view}); any term of your own with that key, or `all`, lifts it."
        lifted = " ".join(dict.fromkeys(_anything(t.key) for t in scope.added))
        return (note,), (Offer("Without the default", f"findings {show(asked)} {lifted}"[:MOST_COMMAND]),)

    # --- pages -----------------------------------------------------------------------------------------------------------------------

    async def turn(self, listing_id: str, page: int, asker: Asker) -> FindingList | Trouble:
        """Another page of a list that somebody was shown; the rows are as they are now, their order as it was."""
        async with self._store.reads() as reads:
            found = await self._opened(reads, listing_id, asker)
            if isinstance(found, Trouble):
                return found
            listing, query = found
            counts = await _counts(reads, query, self._clock.now())
            newer = await _newer(reads, listing, query, self._clock.now())
            return replace(await self._page(reads, listing, query, page, counts), newer=newer)

    async def again(self, listing_id: str, asker: Asker, sort: Sort | None = None) -> FindingList | Breakdown | Trouble:
        """The same question asked now, perhaps in another order: a snapshot of its own."""
        async with self._store.reads() as reads:
            found = await self._opened(reads, listing_id, asker)
            if isinstance(found, Trouble):
                return found
            query = replace(found[1], page=1, sort=sort or found[1].sort)
            return await self._answer(reads, Scoped(query), query, asker)

    async def rows(self, listing_id: str, page: int, asker: Asker) -> tuple[Sequence[Record], Trouble | None]:
        """The findings of one page of a list, as they are now."""
        async with self._store.reads() as reads:
            found = await self._opened(reads, listing_id, asker)
            if isinstance(found, Trouble):
                return (), found
            page = _within(page, found[0])
            return await reads.by_numbers(found[0].numbers[(page - 1) * PAGE : page * PAGE]), None

    async def pick(self, text: str, asker: Asker, most: int) -> tuple[Sequence[Record], str] | Trouble:
        """(the first findings that a question holds, its terms as a filter), for a verb that is about several; or what was wrong."""
        async with self._store.reads() as reads:
            parsed, scope = await self.read(reads, text, asker)
            if parsed.problems:
                return trouble("suppress", parsed)
            found = await reads.search(scope.query, self._clock.now(), limit=most)
            if not found:
                return await self._nothing(reads, scope, parsed.query, asker.user, self._clock.now())
        return found, as_filter(scope.query)

    async def question(self, listing_id: str, asker: Asker) -> str | Trouble:
        """The words that a list was asked with, as they mean now what they meant then."""
        async with self._store.reads() as reads:
            found = await self._opened(reads, listing_id, asker)
        return found if isinstance(found, Trouble) else show(replace(found[1], page=1, flags=frozenset()))

    async def filter_of(self, listing_id: str, asker: Asker) -> str | Trouble:
        """What a list's question says that findings are, as a filter."""
        async with self._store.reads() as reads:
            found = await self._opened(reads, listing_id, asker)
        return found if isinstance(found, Trouble) else as_filter(found[1])

    async def _opened(self, reads: Reads, listing_id: str, asker: Asker) -> tuple[Listing, Query] | Trouble:
        listing = await reads.listing(listing_id)
        parsed = await self._read_again(reads, listing, asker) if listing is not None else None
        if listing is None or parsed is None or parsed.problems:  # a view that it excludes may be gone meanwhile
            offer = Offer("List again", "findings")
            return Trouble(messages=("This list is too old to turn its pages.",), offers=(offer,))
        query = parsed.query
        if listing.user != asker.user and Flag.HERE not in query.flags:
            offer = Offer("List mine", f"findings {listing.query}"[:MOST_COMMAND])
            return Trouble(messages=("That is somebody else's list.",), offers=(offer,))
        return listing, query

    async def _read_again(self, reads: Reads, listing: Listing, asker: Asker) -> Parsed:
        owners = tuple(filter(None, (listing.user, asker.channel)))
        return parse(listing.query, self._lexicon.names(await reads.views(owners), listing.user))

    async def _page(
        self, reads: Reads, listing: Listing, query: Query, page: int, counts: Mapping[Severity, int]
    ) -> FindingList:
        page = _within(page, listing)
        rows = await reads.by_numbers(listing.numbers[(page - 1) * PAGE : page * PAGE])
        total = sum(counts.values())
        notes: list[str] = [] if counts else ["Counting them all takes longer than the 2 s that a question may take."]
        if len(listing.numbers) >= SNAPSHOT and total > len(listing.numbers):
            notes.append(f"A list holds {SNAPSHOT} rows at most: narrow it, or export all of them.")
        return FindingList(
            rows=tuple(rows),
            scope=self._lexicon.in_words(replace(query, sort=Sort.SEVERITY, page=1, flags=frozenset()), listing.user),
            counts=counts,
            page=page,
            pages=_pages(listing),
            total=max(total, len(listing.numbers)),
            listing=listing.id,
            now=self._clock.now(),
            notes=tuple(notes),
            public=Flag.HERE in query.flags,
            first=(page - 1) * PAGE + 1,
            sort=query.sort,
        )

    # --- nothing -----------------------------------------------------------------------------------------------------------------------

    async def _nothing(self, reads: Reads, scope: Scoped, asked: Query, user: str, now: datetime) -> Trouble:
        """Nothing matches: say what each single dropped filter would give."""
        query = scope.query
        messages = [f"Nothing matches `{self._lexicon.in_words(query, user) or 'everything'}`."]
        offers: list[Offer] = []
        parts: tuple[Term | Within, ...] = (*query.terms, *query.views)
        end = self._clock.monotonic() + DROPPING_S
        for part in parts[:MOST_DROPPED]:
            if self._clock.monotonic() > end:
                break  # an answer now is worth more than every way on
            try:
                n = (await reads.counts(_without(query, part), now)).total
            except UserError:
                continue  # it would take too long to count: no reason to say nothing of the others
            if n:
                word = self._lexicon.in_words(_only(part), user)
                many = f"Over {COUNT_MOST:,}" if n > COUNT_MOST else f"{n:,}"
                messages.append(f"{many} match without `{word}`.")
                label, text = _dropped(part, asked, scope)
                offers.append(Offer(label, f"findings {text}".strip()[:MOST_COMMAND]))
        return Trouble(messages=tuple(messages), offers=tuple(offers[:MOST_OFFERS]), read=show(query))

    async def live_counts(self, *terms: Term) -> Mapping[Severity, int]:
        """How many findings are live, by severity; of those that the terms hold when there are any."""
        async with self._store.reads() as reads:
            return (await reads.counts(Query((*terms, LIVE_TERM)), self._clock.now())).by_severity

    # --- accounts ----------------------------------------------------------------------------------------------------------------------

    async def accounts(self, text: str) -> Accounts:
        """The accounts with what is live in each, most urgent first; `text` keeps those whose name, number, OU or environment holds it."""
        async with self._store.reads() as reads:
            live = {c.account: c for c in await reads.account_counts()}
        known = {a.id: a for a in self._lexicon.directory.accounts()}
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


def _anything(key: Key) -> str:
    """The term of a key that every finding satisfies, which lifts a default with that key."""
    if key is Key.SEV:
        return "sev:info+"
    return f"{key}:>0s" if key in TIME_KEYS else f"{key}:*"


def scoped(query: Query, user: str, default: SavedView | None = None, asks: Query | None = None) -> Scoped:
    """The query with what was left unsaid: the channel's default view, live findings, and `me` as those that are on the asker.

    A term of the default view (`asks`: what it asks for, whatever the asker calls by its name) is laid over a question that says
    nothing of its key; `all` lifts every default.
    """
    query = query.dissolved()
    lifted = Flag.ALL in query.flags or bool(query.refs)
    added = tuple(t for t in asks.filters if not query.asks(t.key)) if asks is not None and not lifted else ()
    terms = [*query.terms, *added]
    if Flag.ME in query.flags:
        terms.append(Term(Key.BY, (Exact(user.casefold()),)))
    if not any(t.key is Key.STATE for t in terms) and Flag.ALL not in query.flags and not query.refs:
        terms.append(LIVE_TERM)
    whole = replace(query, terms=tuple(terms), flags=query.flags - {Flag.ME, Flag.ALL, Flag.CSV})
    return Scoped(whole, added, default.name if default is not None else "")


def _dropped(part: Term | Within, asked: Query, scope: Scoped) -> tuple[str, str]:
    """(what the button says, the question without that part) in the asker's own words."""
    if isinstance(part, Within):
        return f"Drop @{part.name}", show(replace(asked, views=tuple(v for v in asked.views if v != part), page=1))
    kept = replace(asked.dissolved(), page=1)
    if part is LIVE_TERM:
        return "Any state", f"{show(kept)} state:*".strip()
    if part in scope.added:
        return f"Drop {part.key}", f"{show(kept)} {_anything(part.key)}".strip()
    if part.key is Key.BY and Flag.ME in kept.flags:
        return "Drop me", show(replace(kept, flags=kept.flags - {Flag.ME}))
    return f"Drop {part.key}", show(replace(kept, terms=tuple(t for t in kept.terms if t != part)))


def _only(part: Term | Within) -> Query:
    return Query((part,)) if isinstance(part, Term) else Query(views=(part,))


def _without(query: Query, part: Term | Within) -> Query:
    terms = tuple(t for t in query.terms if t is not part)
    return replace(query, terms=terms, views=tuple(v for v in query.views if v is not part))


def _pages(listing: Listing) -> int:
    return max(1, -(-len(listing.numbers) // PAGE))


def _within(page: int, listing: Listing) -> int:
    return min(max(page, 1), _pages(listing))


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


async def _newer(reads: Reads, listing: Listing, query: Query, now: datetime) -> int:
    """How many findings came into a list's question since its snapshot: new ones, and known ones that changed into it."""
    if query.refs:
        return 0
    known = set(listing.numbers)
    fresh = [n for n in await reads.numbers(query, now, limit=SNAPSHOT) if n not in known][:MOST_NEWER]
    records = await reads.by_numbers(fresh) if fresh else ()
    return sum(r.created > listing.created or r.changed > listing.created for r in records)


def trouble(verb: str, parsed: Parsed) -> Trouble:
    """What was not understood of a question, with a button for each repair."""
    offers = [Offer(r.label, f"{verb} {r.query}".strip()) for p in parsed.problems for r in p.repairs]
    return Trouble(
        messages=tuple(p.message for p in parsed.problems[:4]), offers=tuple(offers[:MOST_OFFERS]), read=parsed.text
    )
