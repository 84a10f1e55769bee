"""A page of findings: counts and the scope that was applied, one row each with a menu, and the way to the other pages.

The scope is always said, so that nobody takes a filtered list for all there is.
"""

from __future__ import annotations

from bot.domain.finding import Record
from bot.domain.query import COUNT_MOST
from bot.domain.views import FindingList
from bot.plugins import Layout, Message
from renderers import parts
from renderers.actions import PAGE, encode, page_extra
from renderers.blocks import Block, actions, button, context, count, section, tally
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, code, prose

ROWS = 8
NOTES = 4
EVERYTHING = Mrkdwn("everything")


def render(view: FindingList) -> Message:
    """At most 11 blocks: counts and scope, 8 rows, page and notes, Prev and Next."""
    rows = [_row(record, view) for record in view.rows[:ROWS]]
    return Message(_text(view), (section(_head(view)), *rows, _foot(view), *actions(_turners(view))))


def _text(view: FindingList) -> str:
    return words(
        "finding_list.text",
        total=_total(view),
        scope=prose(view.scope or EVERYTHING, 60),
        counts=tally(view.counts, icons=False) or "none",
    )


def _total(view: FindingList) -> str:
    beyond = any(n > COUNT_MOST for n in view.counts.values())
    return f"over {COUNT_MOST:,} findings" if beyond else count(view.total, "finding")


def _head(view: FindingList) -> Mrkdwn:
    scope = code(view.scope, 500) if view.scope.strip() else EVERYTHING
    return words("finding_list.head", counts=tally(view.counts), scope=scope)


def _row(record: Record, view: FindingList) -> Block:
    icon, severity = parts.grade(record)
    text = words(
        "finding_list.row",
        icon=icon,
        severity=severity,
        title=prose(parts.short_title(record.finding), 120),
        ref=record.ref,
        env=prose(record.account.env or "no environment", 30),
        account=parts.account(record),
        resource=parts.resources(record.finding, 1) if record.finding.resources else "",
        state=parts.short_state(record, view.now),
    )
    return section(text, parts.row_menu(record))


def _foot(view: FindingList) -> Block:
    left_out = len(view.rows) - ROWS
    notes = [prose(note, 300) for note in view.notes if note.strip()]
    if left_out > 0:
        notes.insert(0, Mrkdwn(f"{left_out} more on this page are not shown"))
    where = words("finding_list.foot", page=view.page, pages=max(view.pages, 1), total=_total(view))
    return context(where, *notes[:NOTES])


def _turners(view: FindingList) -> list[Block]:
    wanted = (("‹ Prev", view.page - 1), ("Next ›", view.page + 1))
    return [
        button(label, encode(PAGE, extra=page_extra(view.listing, page)))
        for label, page in wanted
        if 1 <= page <= view.pages and view.listing.isprintable() and 0 < len(view.listing) <= 64
    ]


LAYOUT = Layout(name="finding_list", view=FindingList, render=render)
