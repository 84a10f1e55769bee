"""G9: kill -9 at every step of a suppression converges, on both stores: who takes over only sweeps, and that is enough.

Problem solved: a lease is several commits and several calls to AWS, and no transaction spans both. So a process that begins, undoes or
ends leases dies before and after each of them. Then the leases must come to the stage that follows from where they stood, AWS must show
what that stage demands and nothing more, and after the end nothing of ours is left. It refuses to believe itself: a keeper of leases that
does not write down what it is about to do must be caught. On PostgreSQL every THINNED-th point is played: only the store differs there.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.domain.suppression import Stage
from tests.crash.conftest import Databases, SqliteFiles
from tests.crash.lease_stage import OVER, SWEPT, LeaseStage, open_lease_stage

pytestmark = pytest.mark.crash

PARTS = 2  # of the points, so that several test processes share them
AT_ONCE = 2  # stories played side by side: half of a life is waiting
THINNED = 7


@dataclass(frozen=True)
class Phase:
    """What the process that is killed does, and what was done before it. `is_over`: the leases' time is over by then."""

    before: str
    act: str
    is_over: bool = False


PHASES = {
    "begin": Phase("taken in", "begin"),
    "undo": Phase("begun", "undo"),
    "end": Phase("begun", "sweep", is_over=True),
}
DOWN = ("create_rule.after#1", "apply_rule.after#1", "set_suppressed.after#1", "set_status.after#1", "archive.after#1")
"""Where a bot dies that nobody starts again before the leases' time is over: AWS has done something, and nobody has read it back."""

KILLED_AGAIN = (
    # (phase, points of the lives, why)
    ("begin", ("create_rule.after#1", "create_rule.after#1"), "the rule is there and was not applied, twice"),
    ("begin", ("apply_rule.after#1", "apply_rule.after#1"), "archived by a rule, and asked again what had been archived before"),
    ("begin", ("set_status.after#1", "findings.after#1", "commit.after#1"), "archived by its id, and three lives look at it"),
    ("undo", ("delete_rule.after#1", "delete_rule.after#1"), "the rule is gone, and what it archived is not active yet"),
    ("undo", ("set_status.after#1", "commit.before#1"), "active again, and the bot does not know it"),
    ("end", ("unarchive.after#1", "unarchive.after#1"), "GuardDuty's part is done, and done again"),
)  # fmt: skip


@dataclass(frozen=True)
class Begins:
    """What a story begins with: databases as they were then, and what AWS knew."""

    databases: Databases
    aws: Any


class LeaseTheatre:
    """Plays stories of one phase each, every one from the same beginning."""

    def __init__(self, zygote: str, folder: Path) -> None:
        self._zygote = zygote
        self._folder = folder
        self._begins: dict[str, Begins] = {}
        self.points: dict[str, list[str]] = {}

    @asynccontextmanager
    async def stage(self, sabotage: str = "") -> AsyncIterator[LeaseStage]:
        async with open_lease_stage(self._zygote, self._log, sabotage=sabotage) as stage:
            yield stage

    async def prepare(self, databases: Databases, kept: AsyncExitStack) -> None:
        """Nobody is killed: the findings are taken in, the leases are begun. Learns the points of each phase on the way."""
        async with self.stage() as stage:
            stage.aws.fill()
            stage.opened(await kept.enter_async_context(databases.fresh()), days=0)
            await stage.take_in()
            self._begins["taken in"] = Begins(databases.copies(stage.database), stage.aws.state())
            taken = self._begins["taken in"].databases
            stage.opened(await kept.enter_async_context(taken.fresh()), days=0.01)
            self.points["begin"] = (await stage.life("begin")).passed
            stage.aws.arrive("new")
            self._begins["begun"] = Begins(taken.copies(stage.database), stage.aws.state())
            for name in ("undo", "end"):
                self.points[name] = await self._undisturbed(stage, name)

    async def _undisturbed(self, stage: LeaseStage, name: str) -> list[str]:
        async with self.played(stage, name):
            ending = await stage.life(PHASES[name].act)
            assert ending.ended
        return ending.passed

    @asynccontextmanager
    async def played(self, stage: LeaseStage, name: str) -> AsyncIterator[Phase]:
        """A phase stands at its beginning."""
        phase = PHASES[name]
        begins = self._begins[phase.before]
        async with begins.databases.fresh() as database:
            stage.aws.put(begins.aws)
            stage.opened(database, days=0.02)
            if phase.is_over:
                stage.put_forward()
            yield phase

    async def problems(
        self, stage: LeaseStage, name: str, points: Sequence[str] = (), *, is_down: bool = False
    ) -> list[str]:
        """Play a phase with these deaths, and sweep; what is wrong then, and at the end of all leases.

        Args:
            is_down: nobody sweeps before the leases' time is over.
        """
        async with self.played(stage, name) as phase:
            wrong = await self._deaths(stage, phase, points)
            died = await stage.stages()
            stage.aws.arrive("newer")
            if not is_down:
                await stage.life("sweep", "sweep")
                wrong += await _verdict(stage, died, OVER if phase.is_over else SWEPT)
            if not phase.is_over:
                stage.aws.arrive("newest")
                stage.put_forward()
                await stage.life("sweep")
                wrong += await _verdict(stage, died, OVER)
        return [f"{name} {'-'.join(points)}: {problem}" for problem in wrong]

    @staticmethod
    async def _deaths(stage: LeaseStage, phase: Phase, points: Sequence[str]) -> list[str]:
        """Let lives die at these points, the first over the phase, the others over a sweep; one lives when there are none."""
        acts = [phase.act, *("sweep" for _ in points[1:])]
        endings = [
            (point, await stage.life(act, kill_at=point)) for act, point in zip(acts, points or ("",), strict=True)
        ]
        return [f"not killed at {point}: {e}" for point, e in endings if e.killed != point or not (point or e.ended)]

    @property
    def _log(self) -> Path:
        return self._folder / "lives.log"

    def log(self) -> str:
        return self._log.read_text(errors="replace")[-4000:]


async def _verdict(stage: LeaseStage, died: Mapping[Any, Stage], then: Mapping[Stage, Stage]) -> list[str]:
    return await stage.problems({kind: then[stood] for kind, stood in died.items()})


# --- fixtures --------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def lease_theatre(databases: Databases, lease_zygote: str, tmp_path: Path) -> AsyncIterator[LeaseTheatre]:
    async with _prepared(databases, lease_zygote, tmp_path) as theatre:
        yield theatre


@pytest.fixture
async def small_lease_theatre(
    sqlite_files: SqliteFiles, lease_zygote: str, tmp_path: Path
) -> AsyncIterator[LeaseTheatre]:
    async with _prepared(sqlite_files, lease_zygote, tmp_path) as theatre:
        yield theatre


@asynccontextmanager
async def _prepared(databases: Databases, zygote: str, folder: Path) -> AsyncIterator[LeaseTheatre]:
    theatre = LeaseTheatre(zygote, folder)
    async with AsyncExitStack() as kept:
        await theatre.prepare(databases, kept)
        yield theatre


# --- it converges ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(PARTS))
async def test_kill_9_at_every_step_of_a_suppression_converges(
    lease_theatre: LeaseTheatre, request: pytest.FixtureRequest, part: int
) -> None:
    everywhere = [(name, point) for name, points in lease_theatre.points.items() for point in points]
    assert len(everywhere) > 80, "a life has so many steps"
    step = PARTS * (THINNED if request.node.get_closest_marker("postgres") else 1)
    assert await _killed_at_each(lease_theatre, everywhere[part::step]) == [], lease_theatre.log()


async def _killed_at_each(theatre: LeaseTheatre, points: Sequence[tuple[str, str]]) -> list[str]:
    problems: list[str] = []
    waiting = iter(points)

    async def play_all() -> None:
        async with theatre.stage() as stage:
            for name, point in waiting:
                problems.extend(await theatre.problems(stage, name, [point]))

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(play_all())
    return problems


async def test_nobody_is_killed_and_everything_is_as_it_ought_to_be(small_lease_theatre: LeaseTheatre) -> None:
    async with small_lease_theatre.stage() as stage:
        for name in PHASES:
            assert await small_lease_theatre.problems(stage, name) == []


async def test_who_sweeps_after_a_kill_may_be_killed_as_well(small_lease_theatre: LeaseTheatre) -> None:
    async with small_lease_theatre.stage() as stage:
        for name, points, why in KILLED_AGAIN:
            assert await small_lease_theatre.problems(stage, name, points) == [], why


async def test_a_bot_that_is_down_until_the_time_is_over_leaves_nothing_behind(
    small_lease_theatre: LeaseTheatre,
) -> None:
    async with small_lease_theatre.stage() as stage:
        for point in DOWN:
            assert await small_lease_theatre.problems(stage, "begin", [point], is_down=True) == []


# --- the test bites --------------------------------------------------------------------------------------------------------------------


async def test_archiving_that_writes_nothing_down_before_looks_well_until_it_is_killed(
    small_lease_theatre: LeaseTheatre,
) -> None:
    async with small_lease_theatre.stage("no-keep") as stage:
        assert await small_lease_theatre.problems(stage, "begin") == []
        by_rule = await small_lease_theatre.problems(stage, "begin", ["apply_rule.after#1"])
        by_name = await small_lease_theatre.problems(stage, "begin", ["set_status.after#1"])
    assert "begin apply_rule.after#1: first is ARCHIVED, not ACTIVE" in by_rule
    assert "begin set_status.after#1: second is ARCHIVED, not ACTIVE" in by_name
