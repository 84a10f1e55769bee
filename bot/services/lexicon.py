"""What words mean for whoever asks: the live names of the organisation and the saved views of the asker and the channel.

Reads nothing by itself: the caller hands over the saved views, which it reads in the transaction that also answers.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from bot.domain.query import Query, show
from bot.domain.syntax import Names, Parsed, parse
from bot.ports import Directory, SavedView


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Words that do not change while the bot runs: environments, sources and standards."""

    envs: tuple[str, ...]
    sources: tuple[str, ...]
    standards: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Asker:
    """Who asks, and from where: the channel (empty in the Home tab) and the thread (a message's ts) that the words were typed in."""

    user: str
    channel: str = ""
    thread: str = ""

    @property
    def owners(self) -> tuple[str, ...]:
        """Whose saved views the asker sees."""
        return tuple(filter(None, (self.user, self.channel)))


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Names as they are now."""

    directory: Directory
    vocabulary: Vocabulary

    def names(self, saved: Iterable[SavedView] = (), user: str = "") -> Names:
        """What words may mean now. Of two views of one name, the user's own counts."""
        accounts = tuple(self.directory.accounts())
        owners = tuple(sorted({a.owner for a in accounts if a.owner}))
        v = self.vocabulary
        plain = Names(envs=v.envs, accounts=accounts, sources=v.sources, standards=v.standards, owners=owners)
        ordered = sorted(saved, key=lambda view: view.owner == user)
        views = {view.name: self.read_view(view.query, plain).query for view in ordered}
        return Names(plain.envs, plain.accounts, plain.sources, plain.standards, plain.owners, views)

    def read_view(self, query: str, names: Names | None = None) -> Parsed:
        """A saved query. What it once meant may be gone (an account that was closed): then it has problems."""
        return parse(query, names or self.names())

    def in_words(self, query: Query | str, user: str = "") -> str:
        """A printed query as people say it: account names in the place of numbers, `me` in the place of the reader."""
        text = query if isinstance(query, str) else show(query)
        names = {a.id: a.name for a in self.directory.accounts() if a.name}
        mine = f"by:@{user.casefold() or '?'}"
        return " ".join(_said(part, names, mine) for part in text.split(" "))


def _said(part: str, names: dict[str, str], mine: str) -> str:
    if part.casefold() == mine:
        return "me"
    number = part.removeprefix("account:")
    return f"account:{names[number]}" if number != part and number in names else part
