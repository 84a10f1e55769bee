"""How a saved view is shown in a row: its name, what it holds now, and its query."""

from __future__ import annotations

from bot.domain.views import ViewRow
from renderers.blocks import WARNING, tally
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, code, prose, sentence, user


def view_line(row: ViewRow, *, is_whole: bool, is_shared: bool = False) -> Mrkdwn:
    """`*@night* 🔴 3 critical`, and below it the query when `is_whole`, and who made it when `is_shared`."""
    counts = "" if row.counts is None else tally(row.counts) or "nothing open"
    return words(
        "saved.row",
        name=prose(f"@{row.name}", 60),
        default=row.default,
        counts=counts,
        query=(code(row.query, 300) if row.query.strip() else "everything") if is_whole else "",
        author=user(row.author) if is_shared and row.author else "",
        icon=WARNING,
        problem=sentence(row.problem, 200),
    )
