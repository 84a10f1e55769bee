"""A bot that is put together: opening every door in the order that loses nothing, working until it is told to stop, and closing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import structlog

from bot.adapters.metrics import PrometheusMetrics
from bot.adapters.people import SlackPeople
from bot.adapters.slack import call
from bot.adapters.sqs import SqsInbox
from bot.config import Settings
from bot.entrypoints.health import HealthDoor
from bot.entrypoints.schedule import ScheduleDoor
from bot.entrypoints.slack import HttpDoor, SlackDoor, SocketDoor
from bot.entrypoints.stream import StreamDoor
from bot.errors import SecbotError
from bot.ports import Clock, Inbox, Store
from bot.services.deliver import Deliver
from bot.services.export import Exports
from bot.services.status import Vitals

log = structlog.get_logger()

WARM_UP_S = 3.0
STOP_LIMIT_S = 70.0  # with what closing takes after it, within the promised 100 s; ECS kills after 120


def product_version() -> str:
    """The installed version; `dev` in a tree that is not installed."""
    try:
        return version("secbot")
    except PackageNotFoundError:
        return "dev"


Warm = Callable[[], Coroutine[Any, Any, None]]
"""Reads what the first call of a service would else read while others wait."""


@dataclass(slots=True)
class Bot:
    """A bot that is put together. `ready` is set when every door is open."""

    settings: Settings
    clock: Clock
    metrics: PrometheusMetrics
    store: Store
    inbox: Inbox
    people: SlackPeople
    deliver: Deliver
    vitals: Vitals
    exports: Exports
    slack: SlackDoor
    stream: StreamDoor
    health: HealthDoor
    schedule: ScheduleDoor
    link: SocketDoor | HttpDoor
    refresh: Callable[[], Coroutine[Any, Any, None]]
    warm: Warm
    ready: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self, stop: asyncio.Event) -> None:
        """Open every door, work until `stop`, then stop receiving, finish what is in hand, and close.

        Raises:
            SecbotError: Slack or the database refused us at the start.
        """
        async with AsyncExitStack() as stack:
            await self._open(stack)
            quiet = asyncio.Event()  # set once the stream has ended: the rows that are being said then are finished
            delivering = asyncio.create_task(self.deliver.run(quiet), name="deliver")
            streaming = asyncio.create_task(self.stream.run(stop), name="stream")
            stack.push_async_callback(_finish, delivering, streaming)
            self.ready.set()
            log.info("ready", version=product_version(), health_port=self.health.port)
            await asyncio.wait([streaming, delivering], return_when=asyncio.FIRST_COMPLETED)
            log.info("stopping")
            stop.set()
            try:
                async with asyncio.timeout(STOP_LIMIT_S):
                    await streaming
                    quiet.set()
                    await delivering
            except TimeoutError:
                # Nothing is lost by it: messages and outbox rows come back when their leases end.
                log.warning("stopped_unfinished", after_s=STOP_LIMIT_S)

    async def _open(self, stack: AsyncExitStack) -> None:
        stack.push_async_callback(self.store.close)
        if isinstance(opened := getattr(self.inbox, "inner", self.inbox), SqsInbox):
            await opened.open()
            stack.push_async_callback(opened.close)
        identity = await call(self.slack.app.client.auth_test())
        self.people.team = str(identity.get("team_id", ""))
        await self._warm_up(stack)
        await self.health.start()
        stack.push_async_callback(self.health.stop)
        stack.push_async_callback(self.exports.close)
        await self.link.start()
        stack.push_async_callback(self.link.stop)
        self.vitals.connected = ""
        self.schedule.start()
        stack.callback(self.schedule.stop)

    async def _warm_up(self, stack: AsyncExitStack) -> None:
        """Learn the accounts before the first finding, so that it goes where its environment belongs; never wait for long."""
        await self.warm()
        learning = asyncio.ensure_future(self.refresh())
        stack.push_async_callback(_finish, learning)
        done, _ = await asyncio.wait([learning], timeout=WARM_UP_S)
        error = learning.exception() if done else None
        if error is not None and not isinstance(error, SecbotError):
            raise error
        if error is not None or not done:
            log.warning("accounts_not_known_yet", error=str(error or "Organizations is slow"))


async def _finish(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
