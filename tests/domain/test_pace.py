"""Token buckets on a clock that stands still unless it is moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

import pytest
from domain_making import NOW
from hypothesis import given
from hypothesis import strategies as st

from bot.services.pace import (
    CHANNEL_BURST,
    CHANNEL_POSTS_A_SECOND,
    EDIT_BURST,
    WORKSPACE_BURST,
    WORKSPACE_POSTS_A_MINUTE,
    Bucket,
    Pace,
)


@dataclass
class StillClock:
    """A Clock that moves only by hand."""

    at: float = 100.0

    def now(self) -> datetime:
        return NOW

    def monotonic(self) -> float:
        return self.at

    async def sleep(self, seconds: float) -> None:
        self.at += seconds


def bucket(rate: float = 2.0, burst: float = 3.0) -> tuple[Bucket, StillClock]:
    clock = StillClock()
    return Bucket(clock, rate, burst), clock


def test_a_full_bucket_gives_its_burst_at_once_and_then_its_rate() -> None:
    b, _ = bucket()
    assert [b.reserve() for _ in range(6)] == [0, 0, 0, 0.5, 1.0, 1.5]


def test_what_runs_in_is_never_more_than_the_burst() -> None:
    b, clock = bucket()
    b.reserve()
    clock.at += 1_000
    assert [b.reserve() for _ in range(4)] == [0, 0, 0, 0.5]


def test_waiting_pays_off() -> None:
    b, clock = bucket()
    for _ in range(4):
        b.reserve()
    clock.at += 0.5
    assert b.reserve() == pytest.approx(0.5)


@pytest.mark.parametrize("idle", [0.0, 5.0, 60.0])
def test_after_a_hold_nothing_is_free_before_its_end(idle: float) -> None:
    b, clock = bucket()
    b.reserve()
    clock.at += idle  # the refused request itself took a while
    b.hold(10)
    assert b.reserve() >= 10


def test_a_hold_of_an_untouched_bucket_holds() -> None:
    b, _ = bucket()
    b.hold(10)
    assert b.reserve() >= 10


def test_a_hold_ends() -> None:
    b, clock = bucket()
    b.hold(10)
    clock.at += 10.5
    assert b.reserve() == 0


def test_a_shorter_hold_does_not_shorten_a_longer_one() -> None:
    b, _ = bucket()
    b.hold(10)
    b.hold(1)
    assert b.reserve() >= 10


@given(st.lists(st.floats(0, 5), min_size=1, max_size=60), st.floats(0.1, 10), st.integers(1, 5))
def test_no_stretch_of_time_holds_more_than_the_burst_and_the_rate_allow(
    pauses: list[float], rate: float, burst: int
) -> None:
    b, clock = bucket(rate, burst)
    acted = []
    for pause in pauses:
        clock.at += pause
        acted.append(clock.at + b.reserve())
    for i, first in enumerate(acted):
        for j, last in enumerate(acted[i:], i):
            assert j - i + 1 <= burst + (last - first) * rate + 1e-6


def test_channels_do_not_slow_each_other_but_share_the_workspace() -> None:
    pace = Pace(StillClock())
    assert [pace.before_post("C1") for _ in range(CHANNEL_BURST)] == [0] * CHANNEL_BURST
    assert pace.before_post("C1") == pytest.approx(1 / CHANNEL_POSTS_A_SECOND)
    free = WORKSPACE_BURST - CHANNEL_BURST - 1
    assert [pace.before_post(f"D{i}") for i in range(free)] == [0] * free
    assert pace.before_post("E1") == pytest.approx(60 / WORKSPACE_POSTS_A_MINUTE)


def test_edits_have_a_bucket_of_their_own() -> None:
    pace = Pace(StillClock())
    for _ in range(CHANNEL_BURST + 1):
        pace.before_post("C1")
    assert [pace.before_edit() for _ in range(EDIT_BURST)] == [0] * EDIT_BURST
    assert pace.before_edit() > 0
    assert pace.before_post("C2") == 0


def test_a_channel_told_to_wait_does_not_hold_another() -> None:
    pace = Pace(StillClock())
    pace.hold_posts("C1", 30)
    assert pace.before_post("C1") >= 30
    assert pace.before_post("C2") == 0
    pace.hold_edits(20)
    assert pace.before_edit() >= 20


def test_we_stay_below_one_message_a_second_in_a_channel() -> None:
    assert CHANNEL_POSTS_A_SECOND < 1
