"""G1, G2, G3, G13: kill -9 at every step of intake and delivery loses nothing and says nothing twice, on both stores.

Problem solved: the promise is about a process that ends without a word, so one does, at each point where something leaves it. The next
bot must bring about exactly what an undisturbed one brings about. It refuses to believe itself: two sabotaged bots must be caught.
"""

from __future__ import annotations

import asyncio
import zlib
from collections.abc import AsyncIterator, Iterable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from sandbox.slack.faults import Kind
from tests.crash.conftest import Databases, SqliteFiles
from tests.crash.stage import PATIENCE_S, Ending, Stage, open_stage, story

pytestmark = pytest.mark.crash

PARTS = 4  # of the points, so that several test processes share them
AT_ONCE = 3  # stories played side by side: half of a life is waiting
TRIES = 3  # a point may not be reached when tasks interleave in another way than when they were counted

KILLED_AGAIN = (
    # (points of the lives, why)
    (("post.after#1", "find.after#1"), "the one who looks for the lost post dies as well"),
    (("post.before#1", "find.after#1", "post.after#1"), "searched in vain, then posted, and the answer lost"),
    (("settle.before#1", "settle.before#1", "settle.before#1"), "three lives found or made the same card"),
    (("commit.after#2", "commit.after#2", "commit.after#2"), "the batch is taken in three times, and deleted once"),
    (("update.after#1", "update.after#1"), "an edit is made again"),
    (("post.after#3", "settle.before#1"), "a thread line is searched in its thread"),
    (("begin.after#1", "commit.before#1", "receive.after#1"), "dead before anything was done"),
)

IN_TROUBLE = (
    # (what Slack does to the first post, where the bot dies over it)
    ("reset_after", "hold.before#1"),
    ("reset_after", "hold.after#1"),
    ("reset_before", "hold.after#1"),
    ("rate_limited", "put_back.before#1"),
    ("rate_limited", "put_back.after#1"),
)


class Theatre:
    """Opens stages over one kind of database."""

    def __init__(self, databases: Databases, zygote: str, folder: Path) -> None:
        self._databases = databases
        self._zygote = zygote
        self._folder = folder

    @asynccontextmanager
    async def stage(self, name: str, *, patience_s: float = PATIENCE_S) -> AsyncIterator[Stage]:
        log = self._folder / f"{name}.log"
        async with (
            self._databases.fresh() as database,
            open_stage(database, self._zygote, log, patience_s=patience_s) as stage,
        ):
            yield stage

    async def undisturbed(self) -> list[str]:
        """The points that a bot passes whom nobody kills."""
        async with self.stage("undisturbed") as stage:
            [ending] = await stage.play()
            assert await stage.problems([ending]) == []
        return ending.passed

    async def killed_at(self, *points: str) -> tuple[list[Ending], str]:
        """Play with these deaths; how the lives ended and what was wrong, empty when nothing was."""
        name = "-".join(points)
        async with self.stage(name) as stage:
            endings = await stage.play(points)
            problems = await stage.problems(endings)
        return endings, f"{name}: {problems}\n{self._log(name)}" if problems else ""

    def _log(self, name: str) -> str:
        return (self._folder / f"{name}.log").read_text(errors="replace")[-4000:]


@pytest.fixture
def theatre(databases: Databases, zygote: str, tmp_path: Path) -> Theatre:
    return Theatre(databases, zygote, tmp_path)


@pytest.fixture
def small_theatre(sqlite_files: SqliteFiles, zygote: str, tmp_path: Path) -> Theatre:
    return Theatre(sqlite_files, zygote, tmp_path)


# --- 0 lost, 0 duplicate ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("part", range(PARTS))
async def test_kill_9_at_every_step_loses_nothing_and_says_nothing_twice(theatre: Theatre, part: int) -> None:
    points = [p for p in await theatre.undisturbed() if zlib.crc32(p.encode()) % PARTS == part]
    missed, problems = await _kill_at_each(theatre, points)
    assert problems == []
    assert len(points) > 60 // PARTS
    assert len(missed) <= len(points) // 10, f"never reached: {missed}"


async def _kill_at_each(theatre: Theatre, points: Iterable[str]) -> tuple[list[str], list[str]]:
    missed: list[str] = []
    problems: list[str] = []
    waiting = iter(points)

    async def play_all() -> None:
        for point in waiting:
            for _ in range(TRIES):
                endings, wrong = await theatre.killed_at(point)
                problems.extend([wrong] if wrong else [])
                if endings[0].killed == point:
                    break
            else:
                missed.append(point)

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(play_all())
    return missed, problems


@pytest.mark.parametrize("points", [points for points, _ in KILLED_AGAIN], ids=[why for _, why in KILLED_AGAIN])
async def test_who_takes_over_may_be_killed_as_well(theatre: Theatre, points: tuple[str, ...]) -> None:
    endings, problems = await theatre.killed_at(*points)
    assert problems == ""
    assert [e.killed for e in endings] == [*points, ""]


@pytest.mark.parametrize(("fault", "point"), IN_TROUBLE)
async def test_a_kill_while_slack_is_in_trouble_loses_nothing(theatre: Theatre, fault: Kind, point: str) -> None:
    async with theatre.stage(f"{fault}-{point}") as stage:
        stage.slack.faults.add("chat.postMessage", fault, count=1)
        endings = await stage.play([point])
        assert await stage.problems(endings) == []
        assert endings[0].killed == point


@pytest.mark.parametrize("died_at", ["post.after#1", "post.after#2"])  # either may be the high finding's
async def test_a_card_that_is_found_again_is_brought_up_to_date(theatre: Theatre, died_at: str) -> None:
    """Posted but not settled; then, while its row is still leased, the finding is resolved; only then it is found."""
    async with theatre.stage("late") as stage:
        first, second = story(stage.company)
        stage.put(first)
        endings = [await stage.life(died_at)]
        stage.put(second)
        endings.append(await stage.life("commit.after#2"))
        stage.put_forward()
        endings += await stage.play(chapters=())
        assert await stage.problems(endings) == []
        assert [bool(e.killed) for e in endings] == [True, True, False]


# --- the test bites --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("sabotage", ["delete-first", "no-reconcile"])
async def test_a_sabotaged_bot_that_nobody_kills_looks_well(small_theatre: Theatre, sabotage: str) -> None:
    async with small_theatre.stage(sabotage) as stage:
        assert await stage.problems(await stage.play(sabotage=sabotage)) == []


@pytest.mark.parametrize("point", ["begin.after#2", "commit.before#2"])
async def test_deleting_before_the_commit_is_caught_as_a_loss(small_theatre: Theatre, point: str) -> None:
    async with small_theatre.stage(point, patience_s=1.5) as stage:
        problems = await stage.problems(await stage.play([point], sabotage="delete-first"))
    assert any(p.startswith("lost: ") for p in problems), problems
    assert "quarantine holds 0 messages, not the one poison" in problems


@pytest.mark.parametrize("point", ["post.after#1", "post.after#3", "settle.before#1"])
async def test_posting_without_a_reconcile_is_caught_as_a_duplicate(small_theatre: Theatre, point: str) -> None:
    async with small_theatre.stage(point) as stage:
        problems = await stage.problems(await stage.play([point], sabotage="no-reconcile"))
    assert any(p.startswith(("2 times: ", "posted 2 times ")) for p in problems), problems
