"""Findings counted in groups: `by:account`, `by:sev`, `by:control`, `by:age` ... in the place of a list.

The counts are exact and the database's; here they get their order, the names that people know the groups by, and the command that lists
each group. Names come from a finding of the group, since the store compares texts without their case.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime

from bot.domain.finding import Record, Severity
from bot.domain.query import AGE_BOUNDS, Exact, Group, Key, Levels, Query, Span, Term, show, show_duration
from bot.domain.views import Breakdown, GroupRow
from bot.ports import GroupCount, Reads
from bot.services.lexicon import Lexicon

MOST_ROWS = 100  # Slack's table has a hundred
MOST_COMMAND = 480  # characters of a command that a button carries
NONE = "none"

_SPELLED: dict[Group, Callable[[Record], str]] = {
    Group.ACCOUNT: lambda r: f"{r.account.name} {r.finding.account}".strip(),
    Group.CONTROL: lambda r: r.finding.control,
    Group.ENV: lambda r: r.account.env,
    Group.OU: lambda r: r.account.ou,
    Group.OWNER: lambda r: r.account.owner,
    Group.TYPE: lambda r: r.finding.type,
    Group.REGION: lambda r: r.finding.region,
}
"""How people spell the group of a finding; the others are spelled as they are stored."""

_KEYS: dict[Group, Key] = {g: Key(str(g)) for g in Group if g is not Group.AGE}


async def broken_down(
    reads: Reads, query: Query, asked: Query, lexicon: Lexicon, user: str, *, now: datetime
) -> Breakdown:
    """The counts of a query's findings in the groups that it asks for.

    Args:
        query: with everything that was left unsaid; `group` is set.
        asked: as it was asked, with what the channel's default added: the commands of the rows are made from it.

    Raises:
        UserError: counting takes longer than a question may.
    """
    assert query.group is not None
    found = list(await reads.grouped(query, query.group, now))
    if query.group in (Group.SEV, Group.AGE):
        found.sort(key=lambda g: _place(query.group, g), reverse=True)
    shown = found[:MOST_ROWS]
    examples = {r.number: r for r in await reads.by_numbers([g.example for g in shown])}
    rows = tuple(_row(g, query.group, examples.get(g.example), asked) for g in shown)
    return Breakdown(
        group=query.group,
        rows=rows,
        scope=lexicon.in_words(replace(query, group=None, page=1, flags=frozenset()), user),
        counts=_sum(found),
        left_out=len(found) - len(shown),
    )


def _sum(groups: Sequence[GroupCount]) -> Counter[Severity]:
    total: Counter[Severity] = Counter()
    for group in groups:
        total.update(group.by_severity)
    return total


def _place(group: Group | None, count: GroupCount) -> int:
    if group is Group.AGE:
        return int(count.value)
    return int(Severity.of_word(count.value) or 0)


def _row(count: GroupCount, group: Group, example: Record | None, asked: Query) -> GroupRow:
    spell = _SPELLED.get(group)
    label = spell(example) if spell is not None and example is not None else count.value
    if group is Group.AGE:
        label = age_label(int(count.value))
    term = _term(group, count.value)
    rest = replace(asked.dissolved(), group=None, page=1)  # a view may ask for groups itself
    command = f"findings {show(replace(rest, terms=(*rest.terms, term)))}" if term is not None else ""
    short = example.account.name if group is Group.ACCOUNT and example is not None else ""
    return GroupRow(label or NONE, count.by_severity, command if len(command) <= MOST_COMMAND else "", short)


def _term(group: Group, value: str) -> Term | None:
    """The filter that a group is; None for the group of those without a value."""
    if group is Group.AGE:
        return Term(Key.AGE, (_span(int(value)),))
    level = Severity.of_word(value) if group is Group.SEV else None
    if level is not None:
        return Term(Key.SEV, (Levels(level, level),))
    return Term(_KEYS[group], (Exact(value),)) if value else None


def _span(bucket: int) -> Span:
    least = AGE_BOUNDS[bucket - 1] if bucket else None
    return Span(least, AGE_BOUNDS[bucket] if bucket < len(AGE_BOUNDS) else None)


def age_label(bucket: int) -> str:
    """`under 1d`, `1d to 7d`, `over 90d`."""
    span = _span(bucket)
    if span.least is None:
        return f"under {show_duration(span.most)}" if span.most is not None else ""
    return (
        f"{show_duration(span.least)} to {show_duration(span.most)}"
        if span.most
        else f"over {show_duration(span.least)}"
    )
