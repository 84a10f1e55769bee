"""Findings counted in groups: a chart and a table where Slack has them, and the same as lines of text where it does not.

The numbers are in the table and in the text; the chart only shows them. Groups that are not shown are counted.
"""

from __future__ import annotations

from bot.domain.finding import Severity
from bot.domain.query import Group
from bot.domain.views import Breakdown, GroupRow
from bot.plugins import Layout, Message
from renderers.blocks import (
    Block,
    bar_chart,
    context,
    count,
    counted,
    offers,
    pie_chart,
    section,
    sections,
    table,
    tally,
    total_of,
)
from renderers.engine import words
from renderers.limits import MAX_CHART_LABEL
from renderers.mrkdwn import ELLIPSIS, Mrkdwn, code, plain, prose, sentence

BARS = 12
ROWS = 98  # with the head and the line of totals, what a table holds
LINES = 40  # groups as text
BUTTONS = 5
NOTES = 4
LABEL = 60
WIDTH = 10  # characters of a bar of text

GROUPS = {
    Group.SEV: "severity",
    Group.ENV: "environment",
    Group.SRC: "source",
    Group.OU: "OU",
    Group.TYPE: "finding type",
}
_WORST_FIRST = sorted(Severity, reverse=True)


def render(view: Breakdown) -> Message:
    """At most 6 blocks: counts and scope, chart, table, notes, up to five groups to list, offers; the twin has lines for the two."""
    if not view.rows:
        return Message(_text(view), (section(_head(view)), *_notes(view, 0), *_offers(view)))
    end = (*offers((_short(r, view), r.command) for r in view.rows[:BUTTONS]), *_offers(view))
    native = (section(_head(view)), _chart(view), _table(view), *_notes(view, ROWS), *end)
    return Message(_text(view), native, (section(_head(view)), *_lines(view), *_notes(view, LINES), *end))


def _by(view: Breakdown) -> str:
    return GROUPS.get(view.group, str(view.group))


def _label(row: GroupRow, limit: int = LABEL) -> str:
    return plain(row.label, limit) or "none"


def _short(row: GroupRow, view: Breakdown) -> str:
    """Its name where room is scarce, unless another group has that name too."""
    is_its_own = sum(r.short == row.short for r in view.rows) == 1
    return (plain(row.short, LABEL) if is_its_own else "") or _label(row)


def _text(view: Breakdown) -> Mrkdwn:
    largest = ", ".join(f"{prose(_short(row, view), 30)} {total_of(row.counts)}" for row in view.rows[:5])
    return words("breakdown.text", total=_total(view), by=_by(view), largest=Mrkdwn(largest))


def _total(view: Breakdown) -> str:
    total = total_of(view.counts)
    return f"{total} findings" if total.endswith("+") else count(view.total, "finding")


def _head(view: Breakdown) -> Mrkdwn:
    scope = code(view.scope, 500) if view.scope.strip() else "everything"
    if not view.rows:
        return words("breakdown.none", scope=scope)
    return words("breakdown.head", total=_total(view), by=_by(view), counts=tally(view.counts), scope=scope)


def _chart(view: Breakdown) -> Block:
    """The largest groups; severities of a query are parts of a whole, so they are a pie."""
    title = f"Findings by {_by(view)}"
    if view.group is Group.SEV:
        return pie_chart(title, [(s.word, view.counts.get(s, 0)) for s in _WORST_FIRST])
    rows = view.rows[:BARS]
    series = [(s.word, [row.counts.get(s, 0) for row in rows]) for s in _WORST_FIRST]
    return bar_chart(
        title, [_category(r, view) for r in rows], [(n, v) for n, v in series if any(v)], (_by(view), "findings")
    )


def _category(row: GroupRow, view: Breakdown) -> str:
    """A name that is too long for an axis is cut in its middle: names of accounts differ at their ends."""
    label = _short(row, view)
    half = MAX_CHART_LABEL // 2
    return label if len(label) <= MAX_CHART_LABEL else label[: half - 1] + ELLIPSIS + label[-half:]


def _table(view: Breakdown) -> Block:
    """A row a group, worst column first. A dash is none, so that the eye finds the numbers; a severity nothing has takes no room."""
    columns = [] if view.group is Group.SEV else [s for s in _WORST_FIRST if view.counts.get(s, 0)]
    head = [
        _by(view).capitalize() if view.group is not Group.OU else "OU",
        "Total",
        *(s.word.capitalize() for s in columns),
    ]
    rows = [[_label(r), total_of(r.counts), *(_cell(r.counts.get(s, 0)) for s in columns)] for r in view.rows[:ROWS]]
    last = ["All", total_of(view.counts), *(_cell(view.counts.get(s, 0)) for s in columns)]
    return table([head, *rows, last])


def _cell(number: int) -> str:
    return counted(number) if number else "–"


def _lines(view: Breakdown) -> list[Block]:
    most = max((row.total for row in view.rows), default=0)
    return sections(
        words(
            "breakdown.line",
            bar=_bar(row.total, most),
            total=total_of(row.counts),
            label=prose(row.label, LABEL) or "none",
            counts="" if view.group is Group.SEV else tally(row.counts),
        )
        for row in view.rows[:LINES]
    )


def _bar(number: int, most: int) -> Mrkdwn:
    """`██████░░░░`: at least one mark for what is not nothing."""
    marks = max(round(WIDTH * number / most), 1) if number > 0 and most > 0 else 0
    return Mrkdwn(f"`{'█' * marks}{'░' * (WIDTH - marks)}`")


def _notes(view: Breakdown, shown: int) -> list[Block]:
    left_out = view.left_out + max(len(view.rows) - shown, 0)
    told = [words("breakdown.left_out", groups=count(left_out, "more group"))] if left_out else []
    told += [sentence(note, 300) for note in view.notes[:NOTES] if note.strip()]
    return [context(*told)] if told else []


def _offers(view: Breakdown) -> list[Block]:
    return offers((o.label, o.command) for o in view.offers)


LAYOUT = Layout(name="breakdown", view=Breakdown, render=render)
