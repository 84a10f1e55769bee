"""A page of findings: counts and the scope that was applied, one numbered row each with a menu, and what can be done with the list.

The scope is always said, so that nobody takes a filtered list for all there is. A row's number is what `^9` then names.
"""

from __future__ import annotations

from bot.domain.finding import Record, State
from bot.domain.query import COUNT_MOST, Sort
from bot.domain.views import FindingList
from bot.plugins import Layout, Message
from renderers import buttons, parts
from renderers.actions import (
    ACK_PAGE,
    EXPORT,
    PAGE,
    REFRESH,
    SORT,
    SUPPRESS_PAGE,
    VIEW_SAVE,
    encode,
    keyed_menu_id,
    option_value,
    page_extra,
)
from renderers.blocks import Block, actions, button, context, count, offers, option, overflow, section, select, tally
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, code, prose, sentence

ROWS = 8
IN_VIEW = 5  # controls in the row below a list, the menu among them: what a phone shows without a third line
FOLDED = "page"
NOTES = 4
OFFERS = 4
EVERYTHING = Mrkdwn("everything")
SORTS = {Sort.SEVERITY: "Worst first", Sort.AGE: "Oldest first", Sort.ACCOUNT: "By account"}


def render(view: FindingList) -> Message:
    """At most 12 blocks: counts and scope, 8 rows, page and notes, what the notes offer, what can be done with the page."""
    rows = [_row(record, view, i) for i, record in enumerate(view.rows[:ROWS])]
    proposals = offers(((o.label, o.command) for o in view.offers), OFFERS)
    return Message(_text(view), (_head(view), *rows, _foot(view), *proposals, *actions(_controls(view))))


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


def _head(view: FindingList) -> Block:
    """What the list holds; when newer findings came, that too, with the button that takes them in."""
    scope = code(view.scope, 500) if view.scope.strip() else EVERYTHING
    newer = f"{view.newer:,}" if view.newer > 0 else ""
    text = words("finding_list.head", counts=tally(view.counts), scope=scope, newer=newer)
    return section(text, button("Refresh", encode(REFRESH, extra=_here(view))) if newer and _is_kept(view) else None)


def _is_kept(view: FindingList) -> bool:
    """Whether the list has a snapshot that buttons can name."""
    return view.listing.isprintable() and 0 < len(view.listing) <= 64


def _here(view: FindingList) -> str:
    return page_extra(view.listing, view.page)


def _row(record: Record, view: FindingList, index: int) -> Block:
    icon, severity = parts.grade(record)
    text = words(
        "finding_list.row",
        number=view.first + index,
        icon=icon,
        severity=severity,
        title=prose(parts.short_title(record.finding), 120),
        ref=record.ref,
        env=prose(record.account.env or "no environment", 30),
        account=parts.account(record),
        resource=parts.resources(record.finding, 1) if record.finding.resources else "",
        state=parts.short_state(record, view.now),
    )
    return section(text, buttons.row_menu(record))


def _foot(view: FindingList) -> Block:
    left_out = len(view.rows) - ROWS
    notes = [sentence(note, 300) for note in view.notes if note.strip()]
    if left_out > 0:
        notes.insert(0, Mrkdwn(f"{left_out} more on this page are not shown"))
    where = words("finding_list.foot", page=view.page, pages=max(view.pages, 1), total=_total(view))
    return context(where, *notes[:NOTES])


def _controls(view: FindingList) -> list[Block]:
    """Prev, Next and what is done with the whole list; nothing for an empty one."""
    if not view.rows or not _is_kept(view):
        return []
    rows = view.rows[:ROWS]
    ack = [(ACK_PAGE, "Ack page")] if any(record.state is State.OPEN for record in rows) else []
    suppress = [(SUPPRESS_PAGE, "Suppress page…")] if any(map(parts.is_live, rows)) else []
    foldable = [*suppress, (VIEW_SAVE, "Save view…"), (EXPORT, "Export")]
    turners = _turners(view)
    surplus = len(turners) + len(ack) + len(foldable) + 1 - IN_VIEW
    folded = foldable[: surplus + 1] if surplus > 0 else []
    shown = [button(label, encode(name, extra=_here(view))) for name, label in [*ack, *foldable[len(folded) :]]]
    return [*turners, *shown, _sorter(view), *_folded(view, folded)]


def _folded(view: FindingList, labels: list[tuple[str, str]]) -> list[Block]:
    """What finds no room in the row, in a menu at its end."""
    choices = [option(label, option_value(name, extra=_here(view))) for name, label in labels]
    return [overflow(keyed_menu_id(FOLDED), choices)] if choices else []


def _turners(view: FindingList) -> list[Block]:
    wanted = (("‹ Prev", view.page - 1), ("Next ›", view.page + 1))
    return [
        button(label, encode(PAGE, extra=page_extra(view.listing, page)))
        for label, page in wanted
        if 1 <= page <= view.pages
    ]


def _sorter(view: FindingList) -> Block:
    options = {s: option(label, option_value(SORT, extra=f"{view.listing}.{s}")) for s, label in SORTS.items()}
    return select(keyed_menu_id(SORT), "Sort", list(options.values()), options[view.sort])


LAYOUT = Layout(name="finding_list", view=FindingList, render=render)
