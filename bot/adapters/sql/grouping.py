"""How many findings a query holds in each group: `by:account` and the like, in one statement.

The problem: a breakdown is exact, so every finding of the query is looked at once, best in an index alone. It refuses to spell a value
for people (the facet's text is what it gives) and to end early: a query over too much is SearchTooSlow, as everywhere.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, Select, String, case, func, literal_column, select, union_all

from bot.adapters.sql.codec import micros, span_micros
from bot.adapters.sql.queries import Compiler, Condition, index_answers
from bot.adapters.sql.tables import FINDINGS
from bot.domain.finding import Severity
from bot.domain.query import AGE_BOUNDS, COLUMNS, Group, Key, Query
from bot.ports import GroupCount

GROUPS_MOST: Final = 1000
_C: Final = FINDINGS.c
_VALUE: Final[ColumnElement[Any]] = literal_column(
    "value"
)  # by its name: PostgreSQL takes an expression with binds for another one the second time
_LEVELS: Final = tuple(Severity)


def grouping(compiler: Compiler, query: Query, group: Group, now: datetime) -> Select[Any]:
    """(value, total, one number a severity, an example) of each group, the fullest first."""
    walking = index_answers(query, Key(group.value))
    branches = compiler.branches(query, now, walking=walking)
    value = _value(group, micros(now))
    if not walking and group is not Group.SEV:
        # SQLite would rather walk through everything in the order of the groups than sort the few that are asked for.
        value = compiler.hide(value)
    parts = union_all(*(_part(value, branch) for branch in branches)).subquery("parts")
    sums = (func.sum(parts.c[column.name]).label(column.name) for column in list(parts.c)[1:-1])
    found = select(parts.c.value.label("value"), *sums, func.max(parts.c.example).label("example"))
    total = func.sum(parts.c.total)
    return found.group_by(parts.c.value).order_by(total.desc(), parts.c.value).limit(GROUPS_MOST)


def _part(value: ColumnElement[Any], branch: Sequence[Condition]) -> Select[Any]:
    levels = (func.sum(case((_C.severity == literal_column(f"{s:d}"), 1), else_=0)).label(f"s{s:d}") for s in _LEVELS)
    found = select(value.label("value"), func.count().label("total"), *levels, func.max(_C.number).label("example"))
    return found.where(*branch).group_by(_VALUE)


def _value(group: Group, now: int) -> ColumnElement[Any]:
    match group:
        case Group.ACCOUNT:
            return _C.account
        case Group.SEV:
            return _C.severity
        case Group.AGE:
            return _age(now)
    return _C[COLUMNS[Key(group.value)]]


def _age(now: int) -> ColumnElement[str]:
    """The index of the first bound of AGE_BOUNDS that the finding is younger than, as text."""
    younger = (
        (_C.first > now - span_micros(bound), literal_column(f"'{index}'", String))
        for index, bound in enumerate(AGE_BOUNDS)
    )
    return case(*younger, else_=literal_column(f"'{len(AGE_BOUNDS)}'", String))


def group_counts(group: Group, rows: Sequence[Any]) -> Sequence[GroupCount]:
    """What the rows of `grouping` say."""
    counts = [_count(group, *row) for row in rows]
    return sorted(counts, key=lambda c: (-c.total, c.value))


def _count(group: Group, value: Any, _total: int, *rest: int) -> GroupCount:
    *levels, example = rest
    spelled = Severity(value).word if group is Group.SEV else value
    return GroupCount(spelled, {s: int(n) for s, n in zip(_LEVELS, levels, strict=True) if n}, example)
