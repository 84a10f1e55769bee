"""The process that hides findings and is killed: the real services over the real store, and AWS through the real adapters.

Problem solved: what is promised of suppressions rests on the order of commits and calls to AWS, so these are made as in production, without
Slack's doors, which other crash tests cover. The warm parent is victim.py's. It refuses to make anything up: what to hide and until when is
in the orders, and a life that takes over is ordered nothing but to sweep.
"""

from __future__ import annotations

import asyncio
import os
import sys
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from botocore.loaders import JSONFileLoader

from bot.adapters.clock import SystemIds
from bot.adapters.sql import open_store
from bot.app.hiding import Hiding, hiding
from bot.config import Settings
from bot.domain.approval import Stage as Asked
from bot.domain.query import show
from bot.domain.suppression import Lease, ReasonClass, ScopeKind, Stage, digest, scope_query, these_query
from bot.ports import Store
from bot.ports.hiding import AnalyzerRules, HubStatus, Threats
from bot.services.ingest import RoutingTable
from bot.services.leases import Leases
from bot.services.natively import Natively
from bot.services.suppress import Begun, Suppressions
from tests.crash.lease_points import ForgetfulLeases, WatchedCommits, WatchedPort
from tests.crash.points import Points
from tests.crash.times import BotTime, HurriedTime
from tests.crash.victim import Link, serve, settings

ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "SANDBOXTESTINGKEY000",
    "AWS_SECRET_ACCESS_KEY": "testing",
    "AWS_DEFAULT_REGION": "eu-west-1",
    "AWS_EC2_METADATA_DISABLED": "true",
}
ANA, BEN = "U0ANA", "U0BEN"
LONG, PROLONGED = timedelta(days=8), timedelta(days=2)  # beyond the end in the orders
ASKED = (
    # (scope, the finding that it begins with, the findings that it names)
    (ScopeKind.RESOURCE, 1, ()),
    (ScopeKind.FINDING, 3, ()),
    (ScopeKind.THESE, 2, (2, 4)),
)


@dataclass(frozen=True)
class Orders:
    """One life. `environment` leads to AWS, `acts` are names of ACTS, `until` is the leases' end, epoch seconds.

    `kill_at` is a point's name or empty, `sabotage` is empty or `no-keep`.
    """

    environment: dict[str, str]
    database: str
    clock: dict[str, float]
    acts: list[str]
    until: float
    kill_at: str
    sabotage: str
    log: str


@dataclass(frozen=True)
class Keeper:
    """The use cases of a life."""

    store: Store
    leases: Leases
    suppressions: Suppressions
    clock: BotTime
    until: datetime

    async def begin(self) -> None:
        """A person drafts and begins every suppression."""
        for kind, number, these in ASKED:
            preview = await self.suppressions.draft(await self._wanted(kind, number, these))
            begun = await self.suppressions.begin(preview.lease.id, digest(preview.lease), ANA)
            assert isinstance(begun, Begun), begun
            assert begun.request is None, "one person may do it"

    async def _wanted(self, kind: ScopeKind, number: int, these: tuple[int, ...]) -> Lease:
        async with self.store.reads() as reads:
            record = await reads.get(number)
        assert record is not None
        query = these_query(these) if these else scope_query(kind, record)
        return Lease(
            id="", kind=kind, number=number, query=show(query), why=ReasonClass.EXPECTED, reason="the vendor's scanner reads it",
            ticket="SEC-9", owner=ANA, author=ANA, created=self.clock.now(), until=self.until, stage=Stage.DRAFT,
        )  # fmt: skip

    async def undo(self) -> None:
        """The person ends the first of them before its time."""
        await self.leases.end((await self._first()).id, ANA, "not needed any more")

    async def ask(self) -> None:
        """A person wants to hide for so long that another one has to agree."""
        wanted = replace(await self._wanted(ScopeKind.RESOURCE, 1, ()), until=self.until + LONG)
        preview = await self.suppressions.draft(wanted)
        begun = await self.suppressions.begin(preview.lease.id, digest(preview.lease), ANA)
        assert isinstance(begun, Begun), begun
        assert begun.request is not None, "another person has to agree"

    async def approve(self) -> None:
        """The other person agrees to what waits."""
        async with self.store.reads() as reads:
            [request] = await reads.requests(stage=Asked.WAITING)
        await self.suppressions.approve(request.id, request.digest, BEN)

    async def renew(self) -> None:
        """The person prolongs the first of them."""
        draft = await self.suppressions.renewal(await self._first(), ANA)
        preview = await self.suppressions.draft(replace(draft, until=self.until + PROLONGED))
        begun = await self.suppressions.begin(preview.lease.id, digest(preview.lease), ANA)
        assert isinstance(begun, Begun), begun

    async def _first(self) -> Lease:
        async with self.store.reads() as reads:
            [first] = [one for one in await reads.leases(stages=(Stage.ACTIVE,)) if one.kind is ScopeKind.RESOURCE]
        return first

    async def sweep(self) -> None:
        """What a restarted bot does every half a minute."""
        await self.leases.sweep()


ACTS = {
    "begin": Keeper.begin, "undo": Keeper.undo, "ask": Keeper.ask, "approve": Keeper.approve, "renew": Keeper.renew, "sweep": Keeper.sweep,
}  # fmt: skip


@cache
def native() -> Hiding:
    """The real adapters; made before the fork, because botocore's models take a third of a second. They hold no connection."""
    return hiding(settings(), SystemIds())


def routing_of(made: Settings) -> RoutingTable:
    return RoutingTable(made.routes, made.fallback)


def watched(points: Points) -> Natively:
    real = native().natively
    return replace(
        real,
        analyzers=cast(AnalyzerRules, WatchedPort(real.analyzers, points)),
        hub=cast(HubStatus, WatchedPort(real.hub, points)),
        threats=cast(Threats, WatchedPort(real.threats, points)),
    )


def keeper(orders: Orders, store: Store, clock: BotTime, points: Points) -> Keeper:
    made = ForgetfulLeases if orders.sabotage == "no-keep" else Leases
    account = settings().file.suppression.own_account
    seen = cast(Store, WatchedCommits(store, points))
    leases = made(seen, watched(points), routing_of(settings()), clock, lambda: None, account)
    people = Suppressions(store=seen, leases=leases, clock=clock, ids=SystemIds(), own_account=account)
    return Keeper(seen, leases, people, clock, datetime.fromtimestamp(orders.until, tz=clock.now().tzinfo))


async def live(told: dict[str, Any], link: Link) -> None:
    """Do the acts, or die over them."""
    orders = Orders(**told)
    os.environ.update(orders.environment)
    clock = BotTime(HurriedTime(**orders.clock))
    store = await open_store(orders.database, clock=clock, migrate=False, shift=clock.shift)
    points = Points(orders.kill_at, link.die)
    keeping = keeper(orders, store, clock, points)
    for act in orders.acts:
        await ACTS[act](keeping)
    await store.close()  # a database is copied after it was closed
    link.say(ended=True, passed=points.passed)


def warm() -> None:
    """Do once what each life would do again in the same way: AWS's models above all."""
    settings()
    read = cache(JSONFileLoader().load_file)
    JSONFileLoader.load_file = lambda _self, path: read(path)
    os.environ.update(ENVIRONMENT)
    asyncio.run(native().warm())


if __name__ == "__main__":
    serve(sys.argv[1], live, warm)
