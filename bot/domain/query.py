"""The query: one tree for `/sec findings`, routes and policies, with its printer and its predicate.

`syntax.py` reads it from what people type; the SQL store compiles the same tree to bound SQL. Both databases and `matches` look at the
same texts (facets.py), so they agree. Pure; nothing here knows live names.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
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
    LEASE = "lease"
    BY = "by"
    TEXT = "text"


COUNT_MOST = 1_000_000
"""Findings of one severity that a count counts; one more stands for any number beyond."""

TIME_KEYS = frozenset({Key.AGE, Key.FIRST, Key.LAST, Key.LEASE})
MANY_KEYS = frozenset({Key.STANDARD, Key.RESOURCE, Key.BY})


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
    """A time ago between `least` and `most`; None is no bound. `age:>7d` is Span(7 days, None).

    For `lease` it is the time until an acknowledgement or a suppression ends; what has no end is in no span.
    """

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
    CSV = "csv"


class Group(StrEnum):
    """What findings can be counted by, in the place of a list."""

    ACCOUNT = "account"
    SEV = "sev"
    CONTROL = "control"
    AGE = "age"
    ENV = "env"
    OU = "ou"
    OWNER = "owner"
    SRC = "src"
    TYPE = "type"
    REGION = "region"
    STATE = "state"


AGE_BOUNDS = (timedelta(days=1), timedelta(days=7), timedelta(days=30), timedelta(days=90))
"""Where the groups of `by:age` end; the last has no end. A finding as old as a bound is in the older group."""


@dataclass(frozen=True, slots=True)
class Within:
    """A saved view as a filter: all of its terms hold or, negated, not all of them do."""

    name: str
    terms: tuple[Term, ...]
    negated: bool = False


@dataclass(frozen=True, slots=True)
class Query:
    """All terms and all views must hold. `refs` are findings that were named (refs.py), `group` asks for counts and no list."""

    terms: tuple[Term, ...] = ()
    sort: Sort = Sort.SEVERITY
    page: int = 1
    flags: frozenset[Flag] = field(default_factory=frozenset)
    refs: tuple[str, ...] = ()
    views: tuple[Within, ...] = ()
    group: Group | None = None

    @property
    def filters(self) -> tuple[Term, ...]:
        """Every term that must hold by itself: the query's own and those of its views that are not negated."""
        return (*self.terms, *(t for view in self.views if not view.negated for t in view.terms))

    def asks(self, key: Key) -> bool:
        """Whether any term is about this key."""
        return any(t.key is key for t in self.filters)

    def dissolved(self) -> Query:
        """The same query with its views' terms in the place of their names, as far as terms can say it: it means the same when a view
        is changed later."""
        kept = tuple(view for view in self.views if view.negated and len(view.terms) != 1)
        turned = tuple(
            replace(view.terms[0], negated=not view.terms[0].negated)
            for view in self.views
            if view.negated and len(view.terms) == 1
        )
        return replace(self, terms=(*self.filters, *turned), views=kept)


# --- printing ----------------------------------------------------------------------------------------------------------------


def show(query: Query) -> str:
    """The query as a person would type it; `syntax.parse` of it gives the same query."""
    words = [show_term(t) for t in query.terms]
    words += [f"{'-' if view.negated else ''}@{view.name}" for view in query.views]
    words += list(query.refs)
    words += sorted(str(f) for f in query.flags)
    if query.group is not None:
        words.append(f"by:{query.group}")
    if query.sort is not Sort.SEVERITY:
        words.append(f"sort:{query.sort}")
    if query.page != 1:
        words.append(f"page:{query.page}")
    return " ".join(words)


def show_term(term: Term) -> str:
    """One term, e.g. `-env:dev,staging` or `sev:high+`."""
    at = "@" if term.key is Key.BY else ""  # so that a person called `account` is none of the groups
    return f"{'-' if term.negated else ''}{term.key}:{','.join(_show_value(v, at) for v in term.values)}"


def _show_value(value: Value, at: str = "") -> str:
    match value:
        case Exact(text) if at:
            return quote(at + text)
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
    """Whether a finding satisfies every term and view. Flags, refs, group, sort and page play no part."""
    return all(_term_holds(term, facets, now) for term in query.terms) and all(
        all(_term_holds(term, facets, now) for term in view.terms) is not view.negated for view in query.views
    )


def _term_holds(term: Term, facets: Facets, now: datetime) -> bool:
    return any(_value_holds(term.key, value, facets, now) for value in term.values) is not term.negated


def _value_holds(key: Key, value: Value, facets: Facets, now: datetime) -> bool:
    match value:
        case Levels(low, high):
            return low <= facets.severity <= high
        case Span(least, most):
            age = _age(key, facets, now)
            return age is not None and (least is None or age > least) and (most is None or age < most)
        case Exact(text):
            return _text_holds(key, text.casefold(), facets)
        case Glob(pattern):
            return _glob_holds(key, pattern.casefold(), facets)


def _age(key: Key, facets: Facets, now: datetime) -> timedelta | None:
    if key is Key.LEASE:
        return None if facets.until is None else facets.until - now
    return now - (facets.last if key is Key.LAST else facets.first)


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
