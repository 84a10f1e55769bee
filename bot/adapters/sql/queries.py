"""Compiles a domain query to SQL that agrees with `domain.query.matches`, text for text, on both databases.

The problem: the same tree filters lists, routes and policies, so SQL and the predicate may not differ. Everything a person typed is a
bound value; only column names and shapes are SQL. Globs are GLOB on SQLite (LIKE ignores case there) and LIKE on PostgreSQL. SQLite
keeps no figures of what its indexes hold, so which of them serves a query is decided here, and conditions that would lead it to another
one are hidden from it. It refuses to know flags, references, groups and pages: the caller has dealt with them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, Final, assert_never

from sqlalchemy import (
    BigInteger,
    Column,
    ColumnElement,
    CompoundSelect,
    Integer,
    Select,
    Text,
    UnaryExpression,
    and_,
    bindparam,
    false,
    func,
    literal,
    literal_column,
    not_,
    or_,
    select,
    true,
    union_all,
)
from sqlalchemy.sql.operators import custom_op

from bot.adapters.sql.codec import clean, fit, micros, span_micros
from bot.adapters.sql.tables import FINDINGS, leased, owned
from bot.domain.facets import LIVE
from bot.domain.finding import Severity, State
from bot.domain.query import (
    COLUMNS,
    COUNT_MOST,
    MANY_KEYS,
    Exact,
    Glob,
    Key,
    Levels,
    Query,
    Sort,
    Span,
    Term,
    Value,
    Within,
    glob_like,
)

Condition = ColumnElement[bool]
_C: Final = FINDINGS.c
_LIVE_OF: Final = {str(state): "1" if state in LIVE else "0" for state in State}
_LEADING: Final = (Key.CONTROL, Key.ACCOUNT, Key.ENV, Key.SRC)  # what an index begins with, the fewest findings first
_IN_INDEX: Final = frozenset({Key.SEV, Key.LAST})  # what such an index holds besides
_FEW: Final = {
    Key.BY: owned,
    Key.LEASE: leased,
}  # keys with an index of the findings that have anything there, the fewest first
_PLUS: Final = custom_op[Any]("+", precedence=100)  # stands before anything in brackets
_BRANCHES: Final = 12  # values of one term that are looked up one by one; more are filtered

_WORST_FIRST: Final = (_C.severity.desc(), _C.last.desc(), _C.number.desc())
ORDERS: Final[dict[Sort, tuple[ColumnElement[Any], ...]]] = {
    Sort.SEVERITY: _WORST_FIRST,
    Sort.AGE: (_C.first, _C.number),
    Sort.ACCOUNT: (_C.account_name, *_WORST_FIRST),
}
"""How a list is sorted; each ends in the number, so that two pages never share a finding. Keep in sync with tables.py's indexes."""


class Compiler:
    """Queries to SELECTs for one of the two databases."""

    def __init__(self, *, postgres: bool) -> None:
        self._has: Callable[[ColumnElement[str], str], Condition] = _has_postgres if postgres else _has_sqlite
        self._fits: Callable[[ColumnElement[str], str], Condition] = _fits_postgres if postgres else _fits_sqlite
        self.hide: Callable[[ColumnElement[Any]], ColumnElement[Any]] = _as_it_is if postgres else _hidden

    def listing(self, query: Query, now: datetime, *columns: Column[Any]) -> Select[Any]:
        """The columns of a query's findings in its order; the bind `limit` is how many."""
        order, limit = ORDERS[query.sort], bindparam("limit", type_=Integer)
        branches = self.branches(query, now)
        if len(branches) == 1:
            return select(*columns).where(*branches[0]).order_by(*order).limit(limit)
        heads = (select(_C.number).where(*branch).order_by(*order).limit(limit).subquery() for branch in branches)
        best = union_all(*map(select, heads)).subquery("best")
        found = select(*columns).join_from(best, FINDINGS, best.c.number == _C.number)
        return found.order_by(*order).limit(limit)

    def following(self, query: Query, now: datetime) -> Select[int]:
        """The numbers of a query's findings above the bind `after`, the lowest first; the bind `limit` is how many."""
        limit, number = bindparam("limit", type_=Integer), self.hide(_C.number)
        above = number > bindparam("after", type_=BigInteger)
        heads = (
            select(_C.number).where(*branch, above).order_by(number).limit(limit).subquery()
            for branch in self.branches(query, now)
        )
        found = union_all(*map(select, heads)).subquery("found")
        return select(found.c.number).order_by(found.c.number).limit(limit)

    def counting(self, query: Query, now: datetime) -> CompoundSelect[Any]:
        """(severity, how many); a severity may come several times, its numbers are to be added.

        Each severity of a branch is counted by itself and not beyond COUNT_MOST: every branch's index goes on with the severity, so
        what a count costs has an end however much it holds.
        """
        return union_all(*(_counted(branch, s) for branch in self.branches(query, now) for s in Severity))

    def branches(self, query: Query, now: datetime, *, walking: bool = False) -> list[list[Condition]]:
        """The query as disjoint parts, each "this and live", so that each is served by its index and only their heads are merged.

        With `walking`, no index is wanted for `live`: another one is walked through, see `index_answers`.
        """
        filters, few = query.filters, _few(query.filters)
        lead = None if few else _lead(filters)
        rest = [c for term in filters if term is not lead for c in self._beside(term, few, now)]
        rest += [self.hide(not_(self._all(view, now))) for view in query.views if view.negated]
        rest += [_FEW[few]()] if few else []
        leads: list[list[Condition]] = [[]] if lead is None else _leads(lead)
        lives = [_C.live == literal_column(live) for live in _lives(filters)]
        if few or walking:
            lives = [self.hide(live) for live in lives]
        return [[*begin, live, *rest] for begin in leads for live in lives] or [[false()]]

    def _beside(self, term: Term, few: Key | None, now: datetime) -> Iterable[Condition]:
        """A term that is not the leading one, so that no index of its own is taken for it."""
        hidden = term.key not in (few, Key.SEV) if few else term.key in _LEADING
        return [self.hide(c) if hidden else c for c in self._term(term, now)]

    def _term(self, term: Term, now: datetime) -> Iterable[Condition]:
        return _states(term) if _names_states(term) else [self._holds(term, now)]

    def _holds(self, term: Term, now: datetime) -> Condition:
        holds = or_(false(), *(self._value(term.key, value, now) for value in term.values))
        return not_(holds) if term.negated else holds

    def _all(self, view: Within, now: datetime) -> Condition:
        return and_(true(), *(self._holds(term, now) for term in view.terms))

    def _value(self, key: Key, value: Value, now: datetime) -> Condition:
        match value:
            case Levels(low, high):
                return _C.severity.between(int(low), int(high)) if low != high else _C.severity == int(low)
            case Span() if key is Key.LEASE:
                return _lease(value, micros(now))
            case Span():
                return _span(_C.last if key is Key.LAST else _C.first, value, micros(now))
            case Exact(text):
                return self._exact(key, clean(text.casefold()))
            case Glob(pattern):
                return self._glob(key, clean(pattern.casefold()))
        assert_never(value)

    def _exact(self, key: Key, text: str) -> Condition:
        if key is Key.TEXT:
            return self._has(_C.search, text)
        if key in MANY_KEYS:
            return self._has(_C[COLUMNS[key]], f"\n{text}\n")
        if key is Key.ACCOUNT:
            return or_(_C.account == text, _C.account_name == text)
        return _C[COLUMNS[key]] == text

    def _glob(self, key: Key, pattern: str) -> Condition:
        if key is Key.TEXT:
            return self._fits(_C.search, f"*{pattern}*")
        if key in MANY_KEYS:
            return self._fits(_C[COLUMNS[key]], f"*\n{pattern}\n*")
        if key is Key.ACCOUNT:
            return or_(self._fits(_C.account, pattern), self._fits(_C.account_name, pattern))
        return self._fits(_C[COLUMNS[key]], pattern)


def _lead(filters: Sequence[Term]) -> Term | None:
    """The term with whose value a list's index begins."""
    return min((term for term in filters if _may_lead(term)), key=lambda t: _LEADING.index(t.key), default=None)


def _may_lead(term: Term) -> bool:
    exact = not term.negated and all(isinstance(value, Exact) for value in term.values)
    return exact and term.key in _LEADING and len(term.values) <= _BRANCHES


def _few(filters: Sequence[Term]) -> Key | None:
    """The key of the partial index that holds every finding of the query: what is somebody's, else what ends at a time."""
    asked = {term.key for term in filters if not term.negated}
    return next((key for key in _FEW if key in asked), None)


def index_answers(query: Query, key: Key) -> bool:
    """Whether the index that begins with the key holds everything that the query asks for."""
    rest = [t for t in query.filters if t.key not in _IN_INDEX and not (_names_states(t) and not _states(t))]
    return key in _LEADING and not rest and not any(view.negated for view in query.views)


def _counted(branch: list[Condition], severity: Severity) -> Select[int, int]:
    level = literal_column(str(int(severity)), Integer)
    rows = (
        select(literal_column("1"))
        .where(*branch, _C.severity == level)
        .limit(literal_column(str(COUNT_MOST + 1)))
        .subquery()
    )
    return select(level.label("severity"), func.count()).select_from(rows)


def _leads(term: Term) -> list[list[Condition]]:
    """One condition for each value, no finding in two of them."""
    texts = _texts(term)
    if term.key is not Key.ACCOUNT:
        return [[_C[COLUMNS[term.key]] == text] for text in texts]
    return [[_C.account == text] for text in texts] + [
        [_C.account_name == text, _C.account.not_in(texts)] for text in texts
    ]


def _texts(term: Term) -> list[str]:
    return list(dict.fromkeys(clean(v.text.casefold()) for v in term.values if isinstance(v, Exact)))


def _names_states(term: Term) -> bool:
    return term.key is Key.STATE and not term.negated and all(isinstance(value, Exact) for value in term.values)


def _lives(filters: Sequence[Term]) -> list[str]:
    """The values of `live` that the query's findings may have, as SQL; none when no finding can satisfy it."""
    lives = {"1", "0"}
    for term in filters:
        if _names_states(term):
            lives &= {_LIVE_OF[text] for text in _texts(term) if text in _LIVE_OF}
    return sorted(lives, reverse=True)


def _states(term: Term) -> list[Condition]:
    """The states, unless `live`, which every branch asks for, has said it all."""
    texts = set(_texts(term))
    lives = {_LIVE_OF[text] for text in texts if text in _LIVE_OF}
    told = {state for state, live in _LIVE_OF.items() if live in lives}
    return [] if told <= texts else [_C.state.in_(sorted(texts))]


def _span(column: Column[int], span: Span, now: int) -> Condition:
    bounds: list[Condition] = []
    if span.least is not None:
        bounds.append(column < fit(now - span_micros(span.least)))
    if span.most is not None:
        bounds.append(column > fit(now - span_micros(span.most)))
    return and_(literal(True), *bounds)


def _lease(span: Span, now: int) -> Condition:
    # Never NULL, so that its negation holds of what has no end.
    until = _C.ack_until
    bounds: list[Condition] = [until.is_not(None)]
    if span.least is not None:
        bounds.append(until > fit(now + span_micros(span.least)))
    if span.most is not None:
        bounds.append(until < fit(now + span_micros(span.most)))
    return and_(*bounds)


def _as_it_is(expression: ColumnElement[Any]) -> ColumnElement[Any]:
    return expression


def _hidden(expression: ColumnElement[Any]) -> ColumnElement[Any]:
    """With a plus before it, which changes nothing except that SQLite looks at no index for it."""
    return UnaryExpression(expression, operator=_PLUS, type_=expression.type)


def _has_sqlite(column: ColumnElement[str], text: str) -> Condition:
    return func.instr(column, text) > 0


def _has_postgres(column: ColumnElement[str], text: str) -> Condition:
    return func.strpos(column, bindparam(None, text, type_=Text)) > 0


def _fits_sqlite(column: ColumnElement[str], pattern: str) -> Condition:
    # The bracket is GLOB's only other special character; a set of one is the character itself.
    return column.op("GLOB", is_comparison=True)(pattern.replace("[", "[[]"))


def _fits_postgres(column: ColumnElement[str], pattern: str) -> Condition:
    return column.like(glob_like(pattern), escape="\\")
