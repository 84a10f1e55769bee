"""G5: a level is decided at most once among the replicas and told at least once, whoever is killed when; none after an acknowledgement.

Problem solved: three replicas look for what is due at the same time, and any of them may end without a word in the midst of it. It refuses
to believe itself: a sweep that does not lock what it looks at must be caught.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.domain.lifecycle import Change
from tests.crash.conftest import SqliteFiles, zygote_of
from tests.crash.escalation_stage import EscalationStage, drawn, open_escalation_stage
from tests.crash.escalation_victim import DAY_S
from tests.crash.stage import Ending
from tests.crash.times import HURRY

pytestmark = pytest.mark.crash

MANY, REPLICAS = 400, 3
RACED = 120
FEW, THINNED = 2, 3  # one process, killed at every third point
AT_ONCE = 3  # stories played side by side: half of a life is waiting
WAIT_S = 0.2 * HURRY  # between two levels, where people answer while they are told


@pytest.fixture(scope="module")
def escalating_zygote() -> Iterator[str]:
    with zygote_of("tests.crash.escalation_victim") as path:
        yield path


async def told_in_full(stage: EscalationStage, deaths: list[list[list[int]]]) -> list[str]:
    """Every level is told while replicas die; what is wrong then, which is also when nobody died."""
    killed = 0
    for level, own in enumerate(deaths, 1):
        killed += sum(bool(e.killed) for e in await stage.play(own, level))
        stage.clock.ahead += DAY_S
    return [*await stage.problems(len(deaths)), *([] if killed else ["nobody was killed"])]


@pytest.mark.postgres
async def test_three_replicas_that_are_killed_tell_every_level_once(
    postgres_url: str, escalating_zygote: str, tmp_path: Path
) -> None:
    deaths = [drawn(seed, REPLICAS, 5, 700) for seed in (1, 2)]
    async with open_escalation_stage(postgres_url, escalating_zygote, tmp_path / "log", MANY) as stage:
        assert await told_in_full(stage, deaths) == []


async def test_one_process_on_sqlite_is_killed_at_one_point_after_the_other(
    sqlite_files: SqliteFiles, escalating_zygote: str, tmp_path: Path
) -> None:
    async def story(*deaths: int) -> tuple[list[Ending], list[str]]:
        async with (
            sqlite_files.fresh() as database,
            open_escalation_stage(database, escalating_zygote, tmp_path / "log", FEW, alone=True) as stage,
        ):
            endings = await stage.play([deaths], 1)
            return endings, await stage.problems(1)

    [undisturbed], problems = await story()
    assert problems == []
    waiting, wrong = iter(range(1, len(undisturbed.passed), THINNED)), {}

    async def play() -> None:
        for point in waiting:
            endings, problems = await story(point)
            if problems:
                wrong[point, endings[0].killed] = problems

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(play())
    assert wrong == {}


@pytest.mark.postgres
async def test_after_a_committed_acknowledgement_no_level_is_decided_and_nobody_is_called(
    postgres_url: str, escalating_zygote: str, tmp_path: Path
) -> None:
    numbers = random.Random(3).sample(range(1, RACED + 1), RACED * 3 // 4)
    options = {"wait_s": WAIT_S, "repeat": 3, "speaks": False}
    async with open_escalation_stage(postgres_url, escalating_zygote, tmp_path / "log", RACED, **options) as stage:
        await stage.answered(numbers)
        kinds = {n: [e.kind for e in line] for n, line in (await stage.timelines()).items()}
        assert {n: k for n, k in kinds.items() if (n in numbers) is not (k[-1:] == [Change.ACKNOWLEDGED])} == {}
        before = [kinds[n].count(Change.ESCALATED) for n in numbers]
        assert len(set(before)) > 1, "some were acknowledged before and some after a level"
        assert stage.keys() == list(dict.fromkeys(stage.keys()))
        lines = {n: stage.lines(n) for n in range(1, RACED + 1)}
        assert {n: len(found) for n, found in lines.items()} == {n: k.count(Change.ESCALATED) for n, k in kinds.items()}
        assert not [m for n in numbers for m in lines[n] if m.broadcast or "<@" in str(m.blocks)]
        assert all(m.broadcast for n, found in lines.items() if n not in numbers for m in found)


@pytest.mark.postgres
async def test_a_sweep_that_does_not_lock_what_is_due_is_caught(
    postgres_url: str, escalating_zygote: str, tmp_path: Path
) -> None:
    options = {"wait_s": WAIT_S, "sabotage": "no-lock", "speaks": False}
    async with open_escalation_stage(postgres_url, escalating_zygote, tmp_path / "log", RACED, **options) as stage:
        await stage.answered(())
        assert max((await stage.decided()).values()) > 1
