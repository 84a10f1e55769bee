"""From what people point at (`F-12`, `this`, `^3`, links, ARNs) to finding numbers.

Reads only. What cannot be resolved is a UserError that says why and how to point instead; a resource's ARN that several findings are
about is answered with a button for each, never with a guess.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.query import Exact, Key, Query, Term, show
from bot.domain.refs import Linked, Named, Numbered, Ref, Row, This, keys_of, read_ref
from bot.domain.syntax import MAX_TERMS, parse
from bot.errors import NotFound, UserError
from bot.ports import Clock, People, Reads, Store
from bot.services.lexicon import Asker, Lexicon

MOST_OFFERS = 5


@dataclass(frozen=True, slots=True)
class Refs:
    """Resolves references for whoever asks."""

    store: Store
    lexicon: Lexicon
    people: People
    clock: Clock

    async def one(self, text: str, verb: str, asker: Asker) -> int:
        """The number of the one finding that a verb's text names; in a finding's thread, that finding when none is named.

        Raises:
            UserError: none is named, or several; with an example.
            NotFound: what was pointed at is no finding of ours.
        """
        numbers = await self.some(text, verb, asker)
        if len(numbers) != 1:
            raise UserError(f"One finding at a time: `/sec {verb} F-{numbers[0]}`")
        return numbers[0]

    async def some(self, text: str, verb: str, asker: Asker) -> list[int]:
        """As `one`, for a verb that takes several; at least one, each once."""
        parsed = parse(text, self.lexicon.names())
        if any(p.kind == "too_long" for p in parsed.problems):
            raise UserError(
                f"That is too much at once; at most {MAX_TERMS} findings."
            )  # what was not read is not left out silently
        async with self.store.reads() as reads:
            if parsed.query.refs:
                return await self.resolve(reads, parsed.query.refs, asker)
            if (arn := _resource_of(parsed.query)) is not None:
                return [await self._about(reads, arn, verb)]
            if (number := await self.of_thread(reads, asker)) is not None:
                return [number]
        raise UserError(f"Which finding? For example `/sec {verb} F-1234`")

    async def of_thread(self, reads: Reads, asker: Asker) -> int | None:
        """The finding in whose thread the asker is; None anywhere else."""
        return await self._at(reads, asker.channel, asker.thread) if asker.thread else None

    async def resolve(self, reads: Reads, refs: Sequence[str], asker: Asker) -> list[int]:
        """The numbers of these references, each once, in order. Raises UserError for the first that leads nowhere."""
        return list(dict.fromkeys([await self._number(reads, read_ref(ref), asker) for ref in refs]))

    async def _number(self, reads: Reads, ref: Ref, asker: Asker) -> int:
        match ref:
            case Numbered(number):
                return number
            case This():
                return await self._this(reads, asker)
            case Row(row):
                return await _row(reads, row, asker)
            case Linked():
                return await self._linked(reads, ref)
            case Named(text):
                return await self._named(reads, text)

    async def _this(self, reads: Reads, asker: Asker) -> int:
        if not asker.thread:
            raise UserError("`this` is the finding of a thread; here name one, for example `F-1234`.")
        number = await self.of_thread(reads, asker)
        if number is None:
            raise NotFound("This thread is not under a finding's card.")
        return number

    async def _linked(self, reads: Reads, ref: Linked) -> int:
        for ts in filter(None, (ref.ts, ref.thread_ts)):
            if (number := await self._at(reads, ref.channel, ts)) is not None:
                return number
        raise NotFound("That message is not a finding's card.")

    async def _at(self, reads: Reads, channel: str, ts: str) -> int | None:
        """The finding whose card a message is. Slack says channels by id; a card is kept under what its route calls the channel."""
        place = await self.people.place(channel)
        for called in dict.fromkeys(filter(None, (place.name, channel))):
            if (number := await reads.finding_at(called, ts)) is not None:
                return number
        return None

    async def _named(self, reads: Reads, text: str) -> int:
        keys = keys_of(text, [a.id for a in self.lexicon.directory.accounts()])
        found = await reads.by_keys(keys) if keys else ()
        if not found:
            raise NotFound(
                "No finding here has that id: it never reached secbot, or the link leads to no single finding."
            )
        return found[-1].number

    async def _about(self, reads: Reads, arn: str, verb: str) -> int:
        """The one finding about a resource; the live ones when there are several."""
        terms = [Term(Key.RESOURCE, (Exact(arn),))]
        account = arn.split(":", 5)[4] if arn.count(":") >= 5 else ""
        if account:
            terms.append(Term(Key.ACCOUNT, (Exact(account),)))
        found = await reads.search(Query(tuple(terms)), self.clock.now(), limit=MOST_OFFERS + 1)
        if not found:
            raise NotFound("No finding is about that resource.")
        if len(found) > 1:
            offers = [(f"{r.ref} {r.finding.title}"[:70], f"{verb} {r.ref}") for r in found[: MOST_OFFERS - 1]]
            offers.append(("List them", f"findings {show(Query(tuple(terms)))} state:*"))
            raise UserError("Several findings are about that resource. Which one?", offers=tuple(offers))
        return found[0].number


def _resource_of(query: Query) -> str | None:
    """The ARN, when a query is nothing but one."""
    if len(query.terms) != 1 or query.terms[0].key is not Key.RESOURCE or query.terms[0].negated:
        return None
    [value, *more] = query.terms[0].values
    return value.text if isinstance(value, Exact) and not more and value.text.startswith("arn:") else None


async def _row(reads: Reads, row: int, asker: Asker) -> int:
    listing = await reads.last_listing(asker.user)
    if listing is None:
        raise UserError(f"`^{row}` is a row of your last list, and you have none yet.")
    if not 1 <= row <= len(listing.numbers):
        raise UserError(f"Your last list has {len(listing.numbers)} rows; there is no `^{row}`.")
    return listing.numbers[row - 1]
