"""Saved views: a question with a name, of a person or of a channel, and the one that a channel lays over every list.

Whoever asks was authorised before: a channel's views take the permission `views`, a person's own take none.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from bot.domain.query import Query, show
from bot.domain.syntax import parse
from bot.domain.viewname import clean_name, name_problem, query_problem
from bot.domain.views import ViewRow
from bot.errors import NotFound, UserError
from bot.ports import Clock, Reads, SavedView, Store
from bot.services.lexicon import Asker, Lexicon
from bot.services.query import scoped

MOST_VIEWS = 50  # of one person or one channel
MOST_COUNTED = 20  # views whose findings are counted at once


@dataclass(frozen=True, slots=True)
class SavedViews:
    """Keeps and shows views."""

    store: Store
    lexicon: Lexicon
    clock: Clock

    async def mine_and_here(self, asker: Asker) -> tuple[tuple[ViewRow, ...], tuple[ViewRow, ...]]:
        """The asker's views and the channel's, with what each holds now."""
        async with self.store.reads() as reads:
            saved = await reads.views(asker.owners)
            rows = [(view.owner, await self._row(reads, view, asker, i)) for i, view in enumerate(saved)]
        mine = tuple(row for owner, row in rows if owner == asker.user)
        return mine, tuple(row for owner, row in rows if owner == asker.channel)

    async def _row(self, reads: Reads, view: SavedView, asker: Asker, place: int) -> ViewRow:
        row = ViewRow(view.name, self.lexicon.in_words(view.query), view.author, view.default)
        parsed = self.lexicon.read_view(view.query)
        if parsed.problems:
            return replace(row, problem=parsed.problems[0].message)
        if place >= MOST_COUNTED:
            return row
        try:
            counts = await reads.counts(scoped(parsed.query, asker.user).query, self.clock.now())
        except UserError:
            return row  # it takes too long to count; it can still be run
        return replace(row, counts=counts.by_severity)

    async def save(self, name: str, text: str, asker: Asker, owner: str) -> SavedView:
        """Save a question under a name; a view of that name is replaced.

        Args:
            text: the question as typed.
            owner: the user or the channel that it is to belong to.

        Raises:
            UserError: the name or the question is not one that can be saved, or there are too many.
        """
        name = clean_name(name)
        if problem := name_problem(name):
            raise UserError(problem)
        async with self.store.reads() as reads:
            query = self._query(text, await reads.views(asker.owners), asker)
            known = [v for v in await reads.views((owner,)) if v.owner == owner]
        before = next((v for v in known if v.name == name), None)
        if before is None and len(known) >= MOST_VIEWS:
            raise UserError(f"{MOST_VIEWS} views are the most; delete one first.")
        view = SavedView(owner, name, show(query), asker.user, self.clock.now(), before is not None and before.default)
        return await self._keep(view)

    def _query(self, text: str, saved: Iterable[SavedView], asker: Asker) -> Query:
        parsed = parse(text, self.lexicon.names(saved, asker.user))
        if parsed.problems:
            raise UserError(f"That question cannot be saved: {parsed.problems[0].message}")
        query = parsed.query.dissolved()
        if problem := query_problem(query):
            raise UserError(problem)
        return query

    async def _keep(self, view: SavedView) -> SavedView:
        async with self.store.begin() as tx:
            await tx.save_view(view)
        return view

    async def share(self, name: str, asker: Asker) -> SavedView:
        """Give the channel a copy of the asker's view. Raises NotFound."""
        view = await self._view(asker.user, name)
        copy = replace(view, owner=asker.channel, author=asker.user, created=self.clock.now(), default=False)
        return await self._keep(copy)

    async def set_default(self, name: str, channel: str, *, on: bool = True) -> SavedView:
        """Lay a channel's view over its lists, in the place of another, or no longer. Raises NotFound."""
        return await self._keep(replace(await self._view(channel, name), default=on))

    async def delete(self, owner: str, name: str) -> None:
        """Raises NotFound."""
        async with self.store.begin() as tx:
            gone = await tx.delete_view(owner, clean_name(name))
        if not gone:
            raise NotFound(f"There is no view @{clean_name(name)}.")

    async def _view(self, owner: str, name: str) -> SavedView:
        async with self.store.reads() as reads:
            found: Sequence[SavedView] = await reads.views((owner,))
        view = next((v for v in found if v.name == clean_name(name)), None)
        if view is None:
            raise NotFound(f"There is no view @{clean_name(name)}.")
        return view
