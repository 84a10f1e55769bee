"""G9: kill -9 at every step of an approval and of a renewal converges: nothing is hidden that nobody agreed to, nor shown meanwhile.

Problem solved: what a second person decides and what is prolonged are commits of their own before AWS is asked, so a process dies before
and after each of them too. Who takes over only sweeps. SQLite alone: the other crash tests of leases play both stores.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from bot.domain.suppression import Lease, ScopeKind, Stage
from tests.crash.conftest import SqliteFiles
from tests.crash.lease_stage import LeaseStage, expected, open_lease_stage

pytestmark = pytest.mark.crash

ALL = frozenset({ScopeKind.RESOURCE, ScopeKind.FINDING, ScopeKind.THESE})


@dataclass
class Play:
    """A stage that can be put back to where an act begins."""

    stage: LeaseStage
    databases: Any
    aws: Any

    @asynccontextmanager
    async def again(self) -> AsyncIterator[LeaseStage]:
        async with self.databases.fresh() as database:
            self.stage.aws.put(self.aws)
            self.stage.opened(database, days=0.02)
            yield self.stage


@asynccontextmanager
async def prepared(files: SqliteFiles, zygote: str, folder: Path, act: str) -> AsyncIterator[Play]:
    """The findings are taken in and this is done."""
    async with open_lease_stage(zygote, folder / "lives.log") as stage, AsyncExitStack() as kept:
        stage.aws.fill()
        stage.opened(await kept.enter_async_context(files.fresh()), days=0)
        await stage.take_in()
        taken = files.copies(stage.database)
        stage.opened(await kept.enter_async_context(taken.fresh()), days=0.01)
        ending = await stage.life(act)
        assert ending.ended
        yield Play(stage, taken.copies(stage.database), stage.aws.state())


Judge = Callable[[LeaseStage], Coroutine[Any, Any, list[str]]]


async def killed_at_each(play: Play, act: str, judge: Judge) -> list[str]:
    """What is wrong after a death at each point of an act and a sweep."""
    async with play.again() as stage:
        undisturbed = await stage.life(act)
        assert undisturbed.ended
        wrong = [f"undisturbed: {problem}" for problem in await judge(stage)]
    assert len(undisturbed.passed) > 8, "an act has so many steps"
    for point in undisturbed.passed:
        async with play.again() as stage:
            ending = await stage.life(act, kill_at=point)
            wrong += [] if ending.killed == point else [f"not killed at {point}"]
            await stage.life("sweep", "sweep")
            wrong += [f"{point}: {problem}" for problem in await judge(stage)]
    return wrong


async def seen(stage: LeaseStage) -> tuple[list[Lease], dict[str, str], dict[str, Any]]:
    """(the leases, what AWS and the store show, until when the store hides each finding)."""
    async with stage.store() as store, store.reads() as reads:
        leases = list(await reads.leases())
        records = {n: r for n in range(1, 5) if (r := await reads.get(n)) is not None}
    facts = {**stage.aws.facts(), **{r.ref: str(r.state) for r in records.values()}}
    return leases, facts, {r.ref: r.lease_until for r in records.values()}


def differing(facts: dict[str, str], wanted: dict[str, str]) -> list[str]:
    return [f"{name} is {facts.get(name)}, not {value}" for name, value in wanted.items() if facts.get(name) != value]


async def agreed(stage: LeaseStage) -> list[str]:
    """The lease waits and hides nothing, or it is in force and hides everywhere."""
    [lease], facts, _ = await seen(stage)
    if lease.stage not in (Stage.WAITING, Stage.ACTIVE):
        return [f"the lease is {lease.stage}"]
    is_held = lease.stage is Stage.ACTIVE
    who = [] if bool(lease.approvers) is is_held else [f"{lease.stage}, approved by {lease.approvers}"]
    return [*who, *differing(facts, expected(frozenset({ScopeKind.RESOURCE} if is_held else ()), ()))]


async def prolonged(stage: LeaseStage) -> list[str]:
    """The renewed lease is in force with its old end or its new one, and every finding is hidden until then."""
    leases, facts, until = await seen(stage)
    [held] = [one for one in leases if one.kind is ScopeKind.RESOURCE and not one.renews]
    drafts = [one.stage for one in leases if one.renews]
    began = Stage.ENDED in drafts
    wrong = [] if held.stage is Stage.ACTIVE else [f"the lease is {held.stage}"]
    others = {one.until for one in leases if not one.renews and one is not held}
    if began is (held.until in others):
        wrong.append(f"the draft is {drafts}, the end {held.until}")
    if until["F-1"] != held.until:
        wrong.append(f"F-1 is hidden until {until['F-1']}, not {held.until}")
    return [*wrong, *differing(facts, expected(ALL, ()))]


async def test_kill_9_at_every_step_of_an_approval_converges(
    sqlite_files: SqliteFiles, lease_zygote: str, tmp_path: Path
) -> None:
    async with prepared(sqlite_files, lease_zygote, tmp_path, "ask") as play:
        assert await agreed(play.stage) == [], "asked for, nothing is hidden"
        assert await killed_at_each(play, "approve", agreed) == []


async def test_kill_9_at_every_step_of_a_renewal_converges(
    sqlite_files: SqliteFiles, lease_zygote: str, tmp_path: Path
) -> None:
    async with prepared(sqlite_files, lease_zygote, tmp_path, "begin") as play:
        assert await killed_at_each(play, "renew", prolonged) == []
