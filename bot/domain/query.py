"""The query: one tree for `/sec findings`, routes and policies, with its printer and its predicate.

`syntax.py` reads it from what people type; the SQL store compiles the same tree to bound SQL. Both databases and `matches` look at the
same texts (facets.py), so they agree. Pure; nothing here knows live names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from bot.domain.facets import Facets
from bot.domain.finding import Severity


class Key(StrEnum):
    """What a term may ask for, by the name people type."""

    ENV = "env"
    ACCOUNT = "account"
    OU = "ou"
    OWNER = "owner"
    SEV = "sev"
    SRC = "src"
    CONTROL = "control"
    STANDARD = "standard"
    TYPE = "type"
    RESOURCE = "resource"
    REGION = "region"
    STATE = "state"
    AGE = "age"
    FIRST = "first"
    LAST = "last"
    BY = "by"
    TEXT = "text"


COUNT_MOST = 10_000
"""Findings of one severity that a count counts; one more stands for any number beyond."""

TIME_KEYS = frozenset({Key.AGE, Key.FIRST, Key.LAST})
MANY_KEYS = frozenset({Key.STANDARD, Key.RESOURCE})


@dataclass(frozen=True, slots=True)
class Exact:
    """Equal after casefolding; for `text`, contained."""

    text: str


@dataclass(frozen=True, slots=True)
class Glob:
    """`*` is any run of characters, `?` any one; the whole value must fit."""

    pattern: str


@dataclass(frozen=True, slots=True)
class Levels:
    """Severities from `low` to `high`, both included."""

    low: Severity
    high: Severity


@dataclass(frozen=True, slots=True)
class Span:
    """A time ago between `least` and `most`; None is no bound. `age:>7d` is Span(7 days, None)."""

    least: timedelta | None
    most: timedelta | None


Value = Exact | Glob | Levels | Span


@dataclass(frozen=True, slots=True)
class Term:
    """`key` has one of the values (or, negated, none of them)."""

    key: Key
    values: tuple[Value, ...]
    negated: bool = False


class Sort(StrEnum):
    SEVERITY = "sev"
    AGE = "age"
    ACCOUNT = "account"


class Flag(StrEnum):
    HERE = "here"
    ME = "me"
    ALL = "all"


@dataclass(frozen=True, slots=True)
class Query:
    """All terms must hold. `refs` are short references (`F-1234`) that were named."""

    terms: tuple[Term, ...] = ()
    sort: Sort = Sort.SEVERITY
    page: int = 1
    flags: frozenset[Flag] = field(default_factory=frozenset)
    refs: tuple[str, ...] = ()

    def asks(self, key: Key) -> bool:
        """Whether any term is about this key."""
        return any(t.key is key for t in self.terms)


# --- printing ----------------------------------------------------------------------------------------------------------------


def show(query: Query) -> str:
    """The query as a person would type it; `syntax.parse` of it gives the same query."""
    words = [show_term(t) for t in query.terms]
    words += list(query.refs)
    words += sorted(str(f) for f in query.flags)
    if query.sort is not Sort.SEVERITY:
        words.append(f"sort:{query.sort}")
    if query.page != 1:
        words.append(f"page:{query.page}")
    return " ".join(words)


def show_term(term: Term) -> str:
    """One term, e.g. `-env:dev,staging` or `sev:high+`."""
    return f"{'-' if term.negated else ''}{term.key}:{','.join(_show_value(v) for v in term.values)}"


def _show_value(value: Value) -> str:
    match value:
        case Exact(text):
            return quote(text)
        case Glob(pattern):
            return quote(pattern)
        case Levels(low, high) if low == high:
            return low.word
        case Levels(low, Severity.CRITICAL):
            return f"{low.word}+"
        case Levels(low, high):
            return f"{low.word}..{high.word}"
        case Span(least, most):
            return _show_span(least, most)


def _show_span(least: timedelta | None, most: timedelta | None) -> str:
    if least is not None and most is not None:
        return f"{show_duration(least)}..{show_duration(most)}"
    return f">{show_duration(least)}" if least is not None else f"<{show_duration(most or timedelta())}"


def quote(text: str) -> str:
    """The text in double quotes when the language would otherwise read it as something else."""
    return text if re.fullmatch(r"[^\s\",:]+(:[^\s\",]+)*", text) else '"' + text.replace('"', "") + '"'


_UNITS = (("d", 86400), ("h", 3600), ("m", 60), ("s", 1))


def show_duration(value: timedelta) -> str:
    """The shortest exact form: `7d`, `90m`; seconds when nothing larger is exact."""
    seconds = int(value.total_seconds())
    for unit, size in _UNITS:
        if seconds and seconds % size == 0:
            return f"{seconds // size}{unit}"
    return f"{seconds}s"


# --- the predicate -------------------------------------------------------------------------------------------------------------


def matches(query: Query, facets: Facets, now: datetime) -> bool:
    """Whether a finding satisfies every term. Flags, refs, sort and page play no part."""
    return all(_term_holds(term, facets, now) for term in query.terms)


def _term_holds(term: Term, facets: Facets, now: datetime) -> bool:
    return any(_value_holds(term.key, value, facets, now) for value in term.values) is not term.negated


def _value_holds(key: Key, value: Value, facets: Facets, now: datetime) -> bool:
    match value:
        case Levels(low, high):
            return low <= facets.severity <= high
        case Span(least, most):
            age = now - (facets.last if key is Key.LAST else facets.first)
            return (least is None or age > least) and (most is None or age < most)
        case Exact(text):
            return _text_holds(key, text.casefold(), facets)
        case Glob(pattern):
            return _glob_holds(key, pattern.casefold(), facets)


def _text_holds(key: Key, text: str, facets: Facets) -> bool:
    if key is Key.TEXT:
        return text in facets.search
    if key in MANY_KEYS:
        return f"\n{text}\n" in column(key, facets)
    if key is Key.ACCOUNT:
        return text in (facets.account, facets.account_name)
    return text == column(key, facets)


def _glob_holds(key: Key, pattern: str, facets: Facets) -> bool:
    if key is Key.TEXT:
        return bool(glob_regex(f"*{pattern}*").fullmatch(facets.search))
    if key in MANY_KEYS:
        return bool(glob_regex(f"*\n{pattern}\n*").fullmatch(column(key, facets)))
    if key is Key.ACCOUNT:
        regex = glob_regex(pattern)
        return bool(regex.fullmatch(facets.account) or regex.fullmatch(facets.account_name))
    return bool(glob_regex(pattern).fullmatch(column(key, facets)))


COLUMNS: dict[Key, str] = {
    Key.ENV: "env",
    Key.OU: "ou",
    Key.OWNER: "owner",
    Key.SRC: "source",
    Key.CONTROL: "control",
    Key.STANDARD: "standard",
    Key.TYPE: "type",
    Key.RESOURCE: "resource",
    Key.REGION: "region",
    Key.STATE: "state",
    Key.BY: "by",
}
"""Text keys that look at one facet each; ACCOUNT looks at `account` and `account_name`, TEXT at `search`. Keep in sync with Facets."""


def column(key: Key, facets: Facets) -> str:
    """The facet that a text key looks at."""
    return str(getattr(facets, COLUMNS[key]))


@lru_cache(maxsize=512)
def glob_regex(pattern: str) -> re.Pattern[str]:
    """The glob as a compiled pattern, for `fullmatch`. Only `*` and `?` are special.

    A piece between two stars is tried at its first place only (an atomic group): that finds every match that there is, and keeps
    `*a*a*a*a*b` from being tried in every way there is.
    """
    first, *rest = ("".join("." if c == "?" else re.escape(c) for c in part) for part in pattern.split("*"))
    if not rest:
        return re.compile(first, re.DOTALL)
    *middle, last = rest
    atoms = "".join(f"(?>.*?{part})" for part in middle if part)
    return re.compile(f"{first}{atoms}.*{last}", re.DOTALL)


def glob_like(pattern: str) -> str:
    """The glob as a SQL LIKE pattern with `\\` as escape."""
    escaped = re.sub(r"([%_\\])", r"\\\1", pattern)
    return re.sub(r"\*+", "%", escaped).replace("?", "_")
