"""What a bare word may mean now: the live names of environments, accounts, sources and standards, and the fixed words of the language.

Pure. Exact names beat parts of account names; a word with several meanings is left to the caller, who asks and never guesses.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from bot.domain.finding import Account, Severity, State
from bot.domain.query import Exact, Flag, Glob, Key, Levels, Query, Term, quote


@dataclass(frozen=True, slots=True)
class Names:
    """The live names that a bare word may mean. `views` are the asker's and the channel's saved queries, by name."""

    envs: tuple[str, ...] = ()
    accounts: tuple[Account, ...] = ()
    sources: tuple[str, ...] = ()
    standards: tuple[str, ...] = ()
    owners: tuple[str, ...] = ()
    views: Mapping[str, Query] = field(default_factory=dict)


def is_glob(text: str) -> bool:
    return "*" in text or "?" in text


def word_readings(word: str, names: Names) -> list[Term]:
    """Every meaning that a bare word has now; exact names beat parts of account names."""
    folded = word.casefold()
    severity = re.fullmatch(r"([a-z]+)(\+?)", folded)
    level = Severity.of_word(severity[1]) if severity else None
    exact: list[Term] = []
    if folded in names.envs:
        exact.append(Term(Key.ENV, (Exact(folded),)))
    if level is not None and severity is not None:
        exact.append(Term(Key.SEV, (Levels(level, Severity.CRITICAL if severity[2] else level),)))
    if folded.replace("-", "_") in names.sources:
        exact.append(Term(Key.SRC, (Exact(folded.replace("-", "_")),)))
    if folded in set(State):
        exact.append(Term(Key.STATE, (Exact(folded),)))
    if folded in names.standards:
        exact.append(Term(Key.STANDARD, (Exact(folded),)))
    exact += [Term(Key.ACCOUNT, (Exact(a.id),)) for a in names.accounts if folded in (a.id, a.name.casefold())]
    return exact or _loose_readings(folded, names)


def _loose_readings(folded: str, names: Names) -> list[Term]:
    if folded.startswith("arn:"):
        return [Term(Key.RESOURCE, (Exact(folded),))]
    if is_glob(folded):
        return [Term(Key.ACCOUNT, (Glob(folded),))]
    if re.fullmatch(r"\d{12}", folded):
        return [Term(Key.ACCOUNT, (Exact(folded),))]
    hits = [a for a in names.accounts if len(folded) >= 3 and folded in a.name.casefold()]
    return [Term(Key.ACCOUNT, (Exact(a.id),)) for a in hits]


def known_words(n: Names) -> dict[str, Key | None]:
    """Every word that means something now, with the key that it is a value of."""
    keyed = {a.name: Key.ACCOUNT for a in n.accounts if a.name}
    keyed |= (
        dict.fromkeys(n.standards, Key.STANDARD) | dict.fromkeys(n.sources, Key.SRC) | dict.fromkeys(n.envs, Key.ENV)
    )
    return {**keyed, **dict.fromkeys((*(s.word for s in Severity), *map(str, State), *map(str, Flag)))}


def unambiguous(word: str, key: Key | None, names: Names) -> str:
    """A known word so that it means just that: alone where that is enough, else with its key."""
    plain = key is None or (quote(word) == word and len(word_readings(word, names)) == 1)
    return word if plain else f"{key}:{quote(word)}"
