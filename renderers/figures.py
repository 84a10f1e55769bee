"""How long findings wait, in lines: of an environment and severity how many were announced, answered and resolved, and after how long.

It prints what was counted and computes nothing.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot.domain.figures import Waits
from renderers.blocks import SEVERITY_ICON, span
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, prose


def wait_lines(rows: Iterable[Waits]) -> list[Mrkdwn]:
    """A line each: `*prod · critical* 12 announced, 9 acknowledged after 4 min (95% within 11 min), 7 resolved after 3 h`."""
    return [_line(row) for row in rows]


def _line(row: Waits) -> Mrkdwn:
    return words(
        "figures.line",
        icon=SEVERITY_ICON[row.severity],
        env=prose(row.env, 40) or "no environment",
        severity=row.severity.word,
        announced=f"{row.announced:,}",
        acked=f"{row.acked:,}" if row.acked else "",
        ack=_span(row.ack_median),
        most=_span(row.ack_p95),
        resolved=f"{row.resolved:,}" if row.resolved else "",
        end=_span(row.resolve_median),
    )


def _span(length: timedelta | None) -> str:
    return "" if length is None else span(length)
