"""A replica that escalates and is killed: the real sweep and the real delivery over the real store, and Slack through the real adapter.

Problem solved: what is promised of levels rests on transactions of several replicas, so several of these run at once. The warm parent is
victim.py's. A life counts what it passes and dies at the thing of that number, which a seed has drawn: wherever it is then. It refuses to
speak at Slack's pace, which would only cost time here: who speaks is asked, not how fast.
"""

from __future__ import annotations

import asyncio
import inspect
import os
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast
from unittest.mock import patch

import bot.services.deliver
from bot.adapters.clock import SystemIds
from bot.adapters.metrics import PrometheusMetrics
from bot.adapters.people import SlackPeople
from bot.adapters.slack import SlackMessenger, web_client
from bot.adapters.sql import oncall as sql_oncall
from bot.adapters.sql import open_store
from bot.domain.escalation import EscalationPolicy, Level, read_address
from bot.domain.query import Query
from bot.domain.routing import Route
from bot.errors import TemporaryError
from bot.ports import Messenger, Store
from bot.services.deliver import Deliver
from bot.services.escalate import Escalations
from bot.services.ingest import RoutingTable
from bot.services.ladder import Ladder
from bot.services.oncall import OnCall
from renderers import Renderer
from tests.crash.times import BotTime, HurriedTime
from tests.crash.victim import Link, serve

PEOPLE = ("U0ANA", "U0BEN", "U0CHEN", "U0DORA", "U0EMRE", "U0FAY")
DAY_S = 86_400.0
SWEEP_S = 0.02  # real seconds between two sweeps
LOOKS = frozenset({"due_channels", "due_escalations", "lock_lapsed"})
"""What the clock does again and again: when nothing is found, that is no point. There are as many as one waits for."""
ROUTING = RoutingTable((), Route("all", Query(), "sec-all"))
RENDER = Renderer().render


def policies(wait_s: float, repeat: int) -> tuple[EscalationPolicy, ...]:
    """A policy for each person: they are called at once and, after a wait, everybody is; then again, `repeat` times."""
    every = timedelta(seconds=wait_s)
    return tuple(
        EscalationPolicy(name=who, when=Query(), levels=_levels(who, wait_s), repeat=repeat, every=every)
        for who in PEOPLE
    )


def _levels(who: str, wait_s: float) -> tuple[Level, ...]:
    return (_level(0, f"user:{who}"), _level(wait_s, "group:sec-oncall"))


def _level(wait_s: float, *addresses: str) -> Level:
    return Level(timedelta(seconds=wait_s), tuple(a for text in addresses if (a := read_address(text)) is not None))


@dataclass(frozen=True)
class Orders:
    """One life. `kill_after` is how many points it may pass, 0 for ever; `sabotage` is empty or `no-lock`; `wait_s` and `repeat` are of the
    policies. `speaks` is whether it delivers what it decides.
    """

    slack: dict[str, str]
    database: str
    clock: dict[str, float]
    kill_after: int
    wait_s: float
    repeat: int
    sabotage: str
    speaks: bool
    log: str


class Death:
    """Counts what is passed."""

    def __init__(self, after: int, die: Callable[[str], None]) -> None:
        self._after = after
        self._die = die
        self.passed: list[str] = []

    def pass_by(self, name: str) -> None:
        self.passed.append(name)
        if len(self.passed) == self._after:
            self._die(name)


class Counted:
    """Any port: before and after each of its calls somebody may die. What is not committed by then is rolled back."""

    def __init__(self, inner: Any, death: Death) -> None:
        self._inner = inner
        self._death = death

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        return self._surrounded(name, value) if inspect.iscoroutinefunction(value) else value

    def _surrounded(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def surrounded(*args: Any, **kwargs: Any) -> Any:
            answer = await call(*args, **kwargs)
            if answer or name not in LOOKS:
                self._death.pass_by(name)
            return answer

        return surrounded


class CountedStore(Counted):
    """The store: a commit is a point of its own, before and after."""

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        async with self._inner.begin() as tx:
            before = len(self._death.passed)
            yield Counted(tx, self._death)
            is_idle = len(self._death.passed) == before
            if not is_idle:
                self._death.pass_by("commit.before")
        if not is_idle:
            self._death.pass_by("commit.after")


class NoPace:
    """Speaks at once."""

    def __init__(self, _clock: Any) -> None: ...

    def before_post(self, _channel: str) -> float:
        return 0.0

    def before_edit(self) -> float:
        return 0.0

    def hold_posts(self, _channel: str, _seconds: float) -> None: ...

    def hold_edits(self, _seconds: float) -> None: ...


@dataclass(frozen=True)
class Replica:
    """What one process runs."""

    escalations: Escalations
    deliver: Deliver


def replica(store: Store, messenger: Messenger, client: Any, clock: BotTime, ladder: Ladder) -> Replica:
    """The use cases as the composition root puts them together."""
    people, ids = SlackPeople(client, clock), SystemIds()
    with patch.object(bot.services.deliver, "Pace", NoPace):
        deliver = Deliver(
            store=store, messenger=messenger, people=people, render=RENDER, routing=ROUTING, clock=clock,
            metrics=PrometheusMetrics(), owner=ids.token(),
        )  # fmt: skip
    oncall = OnCall(store, (), clock, ids)
    escalations = Escalations(store, ladder, oncall, ROUTING, clock, deliver.wake)

    async def no_report(_details: Any, _now: Any) -> None: ...

    deliver.show(no_report, escalations.row)
    return Replica(escalations, deliver)


async def live(told: dict[str, Any], link: Link) -> None:
    """Sweep and deliver until it dies, or until the driver says that it is enough."""
    orders = Orders(**told)
    link.watch()
    os.environ.update(orders.slack)
    if orders.sabotage == "no-lock":
        lock_nothing()
    clock = BotTime(HurriedTime(**orders.clock))
    store = await open_store(orders.database, clock=clock, migrate=False, shift=clock.shift)
    death = Death(orders.kill_after, link.die)
    client = web_client(orders.slack["SLACK_BOT_TOKEN"], orders.slack["SLACK_API_URL"])
    seen, messenger = cast(Store, CountedStore(store, death)), cast(Messenger, Counted(SlackMessenger(client), death))
    made = replica(seen, messenger, client, clock, Ladder(policies(orders.wait_s, orders.repeat)))
    await _run(made, link.finish, speaks=orders.speaks)
    link.say(ended=True, passed=death.passed)


async def _run(made: Replica, finish: asyncio.Event, *, speaks: bool) -> None:
    async with asyncio.TaskGroup() as group:
        if speaks:
            group.create_task(made.deliver.run(finish), name="deliver")
        while not finish.is_set():
            try:
                await made.escalations.sweep()
            except TemporaryError as error:
                print(f"sweep: {error.reason} {error.message}", flush=True)  # the life's log
            await asyncio.sleep(SWEEP_S)


def lock_nothing() -> None:
    """Sabotage: what is due is looked at and not locked."""
    init = sql_oncall.OncallTxStatements.__init__

    def unlocked(self: Any, *args: Any) -> None:
        init(self, *args)
        for statement in (self.candidates, self.still_due):
            statement._for_update_arg = None

    # The class is this process's own, which was forked.
    sql_oncall.OncallTxStatements.__init__ = unlocked  # type: ignore[method-assign]


def warm() -> None:
    """Nothing is made before the fork but what importing makes."""
    inspect.stack()


if __name__ == "__main__":
    serve(sys.argv[1], live, warm)
