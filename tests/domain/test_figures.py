"""How long findings wait: medians and 95th percentiles by environment and severity, of what was announced."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.figures import Figure, Waits, quantile, waits
from bot.domain.finding import Severity

START = datetime(2026, 3, 1, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


def figure(
    number: int, acked: int | None = None, resolved: int | None = None, *, env: str = "prod", severity: str = "high"
) -> Figure:
    """Acknowledged and resolved so many minutes after it was announced."""
    return Figure(
        number=number,
        generation=1,
        env=env,
        severity=Severity[severity.upper()],
        opened=START,
        acked=None if acked is None else START + acked * MINUTE,
        resolved=None if resolved is None else START + resolved * MINUTE,
    )


def test_of_nothing_there_are_no_figures() -> None:
    assert waits([]) == []


def test_what_was_not_answered_counts_as_announced_and_in_no_time() -> None:
    assert waits([figure(1)]) == [
        Waits(env="prod", severity=Severity.HIGH, announced=1, acked=0, resolved=0, ack_median=None, ack_p95=None,
              resolve_median=None)
    ]  # fmt: skip


def test_medians_are_of_what_was_answered() -> None:
    [found] = waits([figure(1, 1, 9), figure(2, 5), figure(3, 30), figure(4, resolved=7), figure(5)])
    assert (found.announced, found.acked, found.resolved) == (5, 3, 2)
    assert (found.ack_median, found.ack_p95, found.resolve_median) == (5 * MINUTE, 30 * MINUTE, 7 * MINUTE)


def test_the_worst_severity_comes_first_and_then_environments_by_name() -> None:
    found = waits([
        figure(1, env="staging"), figure(2, severity="low"), figure(3, env=""), figure(4, severity="critical"), figure(5),
    ])  # fmt: skip
    assert [(w.severity.word, w.env) for w in found] == [
        ("critical", "prod"), ("high", ""), ("high", "prod"), ("high", "staging"), ("low", "prod"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("count", "share", "expected", "why"),
    [
        (0, 0.5, None, "of none there is none"),
        (1, 0.5, 1, "one is every quantile"),
        (1, 0.95, 1, "one is every quantile"),
        (2, 0.5, 1, "the lower of two: a time that there was"),
        (3, 0.5, 2, "the middle one"),
        (19, 0.95, 19, "of fewer than twenty the longest"),
        (20, 0.95, 19, "one in twenty may be longer"),
        (100, 0.95, 95, "the definition"),
        (100, 0.29, 29, "a share that a float cannot say is not rounded down"),
        (10, 1.0, 10, "all"),
    ],
)
def test_a_quantile_is_one_of_the_times(count: int, share: float, expected: int | None, why: str) -> None:
    times = [i * MINUTE for i in range(1, count + 1)]
    assert quantile(times, share) == (None if expected is None else expected * MINUTE), why


@given(st.lists(st.integers(0, 10_000), min_size=1, max_size=60), st.sampled_from([0.5, 0.95]))
def test_a_quantile_is_the_smallest_time_that_enough_do_not_exceed(minutes: list[int], share: float) -> None:
    times = sorted(m * MINUTE for m in minutes)
    found = quantile(times, share)
    assert found is not None
    assert sum(t <= found for t in times) * 100 >= share * 100 * len(times)
    assert sum(t < found for t in times) * 100 < share * 100 * len(times)
