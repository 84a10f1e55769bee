"""How long findings wait: from their announcement until somebody acknowledged them, and until they were resolved.

One figure for each announcement of a finding (its generation). Pure: medians and 95th percentiles by environment and severity.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from bot.domain.finding import Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Figure:
    """One announcement: when, and when it was first acknowledged and resolved (None: it was not)."""

    number: int
    generation: int
    env: str
    severity: Severity
    opened: datetime
    acked: datetime | None = None
    resolved: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Waits:
    """The figures of one environment and severity: how many were announced, and how long they took (None: none did)."""

    env: str
    severity: Severity
    announced: int
    acked: int
    resolved: int
    ack_median: timedelta | None
    ack_p95: timedelta | None
    resolve_median: timedelta | None


def waits(figures: Iterable[Figure]) -> list[Waits]:
    """By environment and severity, the worst severity first, then by name."""
    groups: dict[tuple[Severity, str], list[Figure]] = {}
    for figure in figures:
        groups.setdefault((figure.severity, figure.env), []).append(figure)
    ordered = sorted(groups.items(), key=lambda group: (-group[0][0], group[0][1]))
    return [_waits(env, severity, found) for (severity, env), found in ordered]


def _waits(env: str, severity: Severity, found: Sequence[Figure]) -> Waits:
    acks = sorted(f.acked - f.opened for f in found if f.acked is not None)
    ends = sorted(f.resolved - f.opened for f in found if f.resolved is not None)
    return Waits(
        env=env,
        severity=severity,
        announced=len(found),
        acked=len(acks),
        resolved=len(ends),
        ack_median=quantile(acks, 0.5),
        ack_p95=quantile(acks, 0.95),
        resolve_median=quantile(ends, 0.5),
    )


def quantile(ordered: Sequence[timedelta], share: float) -> timedelta | None:
    """The smallest of these times that `share` of them do not exceed; None of none."""
    if not ordered:
        return None
    percent = round(share * 100)
    return ordered[max(0, -(-len(ordered) * percent // 100) - 1)]
