"""The composition root: settings in, a bot out. The only file that knows every adapter, plug, service and door.

`build` makes a `Bot` that has opened nothing; `Bot.run` opens, runs until it is told to stop, and closes in the order that loses nothing.
Every outside part can be replaced, which is how tests get a virtual clock or a crashing database.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

import structlog
from slack_sdk.web.async_client import AsyncWebClient

import commands
from bot.adapters import wire
from bot.adapters.clock import SystemClock, SystemIds
from bot.adapters.metrics import PrometheusMetrics
from bot.adapters.people import SlackPeople
from bot.adapters.slack import SlackMessenger, call, web_client
from bot.adapters.sql import open_store
from bot.adapters.sqs import SqsInbox
from bot.config import Settings
from bot.domain.envelope import Envelope
from bot.entrypoints.health import HealthDoor
from bot.entrypoints.schedule import Job, ScheduleDoor
from bot.entrypoints.slack import HttpDoor, SlackDoor, SocketDoor
from bot.entrypoints.stream import StreamDoor
from bot.errors import ConfigError, SecbotError
from bot.parts import Reader, reader, words
from bot.plugins import Command, collect
from bot.ports import Clock, Directory, Ids, Inbox, Messenger, Store
from bot.services.deliver import Deliver
from bot.services.desk import Desk
from bot.services.ingest import Ingest
from bot.services.query import Queries, Vocabulary
from bot.services.status import StatusService, Vitals
from bot.services.triage import Triage
from bot.services.upkeep import Upkeep
from renderers.actions import decode

log = structlog.get_logger()

WARM_UP_S = 3.0
REFRESH_TICK_S = 60.0
WATCH_S = 5.0
PRUNE_S = 3600.0
STOP_LIMIT_S = 70.0  # with what closing takes after it, within the promised 100 s; ECS kills after 120


def product_version() -> str:
    """The installed version; `dev` in a tree that is not installed."""
    try:
        return version("secbot")
    except PackageNotFoundError:
        return "dev"


@dataclass(frozen=True, slots=True)
class Replace:
    """Parts to use in the place of the real ones; None is the real one."""

    clock: Clock | None = None
    ids: Ids | None = None
    store: Store | None = None
    inbox: Inbox | None = None
    messenger: Messenger | None = None
    directory: Directory | None = None
    wrap_store: Callable[[Store], Store] | None = None
    wrap_inbox: Callable[[Inbox], Inbox] | None = None
    wrap_messenger: Callable[[Messenger], Messenger] | None = None


def need(settings: Settings, *, socket: bool) -> None:
    """Raise ConfigError naming every variable that `run` cannot do without."""
    e = settings.environment
    missing = [
        name
        for name, have in (
            ("SECBOT_QUEUE_URL", bool(e.queue_url)),
            ("SLACK_BOT_TOKEN", bool(e.bot_token)),
            ("SLACK_APP_TOKEN", bool(e.app_token) or not socket),
            ("SLACK_SIGNING_SECRET", bool(e.signing_secrets) or socket),
        )
        if not have
    ]
    if missing:
        raise ConfigError(f"not set in the environment: {', '.join(missing)}")


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
    slack: SlackDoor
    stream: StreamDoor
    health: HealthDoor
    schedule: ScheduleDoor
    link: SocketDoor | HttpDoor
    refresh: Callable[[], Coroutine[Any, Any, None]]
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
        await self.link.start()
        stack.push_async_callback(self.link.stop)
        self.vitals.connected = ""
        self.schedule.start()
        stack.callback(self.schedule.stop)

    async def _warm_up(self, stack: AsyncExitStack) -> None:
        """Learn the accounts before the first finding, so that it goes where its environment belongs; never wait for long."""
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


@dataclass(frozen=True, slots=True)
class _World:
    """The outside, as ports: made first, shared by every service."""

    settings: Settings
    clock: Clock
    ids: Ids
    metrics: PrometheusMetrics
    store: Store
    inbox: Inbox
    client: AsyncWebClient
    messenger: Messenger
    people: SlackPeople
    parts: Reader
    vitals: Vitals


async def build(settings: Settings, replace: Replace | None = None) -> Bot:
    """Put a bot together; opens the database and nothing else.

    Args:
        settings: checked settings.
        replace: parts to use in the place of the real ones.

    Raises:
        ConfigError: a variable is missing, or the database is not migrated.
        StoreLocked: another task has the SQLite file.
        StoreUnavailable: the database does not answer.
    """
    need(settings, socket=settings.file.slack.mode == "socket")
    world = await _world(settings, replace or Replace())
    deliver = _deliver(world)
    status = _status(world)
    slack = _slack(world, _desk(world, deliver, status))
    link = _link(world, slack)
    upkeep = Upkeep(world.store, world.parts.directory, world.clock, world.metrics)
    file = settings.file
    return Bot(
        settings=settings,
        clock=world.clock,
        metrics=world.metrics,
        store=world.store,
        inbox=world.inbox,
        people=world.people,
        deliver=deliver,
        vitals=world.vitals,
        slack=slack,
        stream=_stream(world, deliver),
        health=HealthDoor(status, world.metrics.page, file.health.host, file.health.port),
        schedule=ScheduleDoor(_jobs(world, upkeep, link), world.metrics),
        link=link,
        refresh=upkeep.refresh_accounts,
    )


async def _world(settings: Settings, given: Replace) -> _World:
    clock, url = given.clock or SystemClock(), settings.environment.database_url
    store: Store = given.store or await open_store(url, clock=clock, migrate=url.startswith("sqlite"))
    client = web_client(settings.environment.bot_token.reveal(), settings.environment.slack_api_url)
    messenger: Messenger = given.messenger or SlackMessenger(client)
    inbox: Inbox = given.inbox or _inbox(settings)
    return _World(
        settings=settings,
        clock=clock,
        ids=given.ids or SystemIds(),
        metrics=PrometheusMetrics(),
        store=given.wrap_store(store) if given.wrap_store else store,
        inbox=given.wrap_inbox(inbox) if given.wrap_inbox else inbox,
        client=client,
        messenger=given.wrap_messenger(messenger) if given.wrap_messenger else messenger,
        people=SlackPeople(client, clock),
        parts=reader(settings, given.directory),
        vitals=Vitals(started=clock.now()),
    )


def _deliver(world: _World) -> Deliver:
    return Deliver(
        store=world.store,
        messenger=world.messenger,
        people=world.people,
        render=world.parts.renderer.render,
        routing=world.parts.routing,
        clock=world.clock,
        metrics=world.metrics,
        owner=world.ids.token(),
    )


def _status(world: _World) -> StatusService:
    return StatusService(
        store=world.store,
        inbox=world.inbox,
        pings={"database": world.store.ping, "slack": world.messenger.ping, "queue": world.inbox.ping},
        vitals=world.vitals,
        clock=world.clock,
        metrics=world.metrics,
        version=product_version(),
    )


def _desk(world: _World, deliver: Deliver, status: StatusService) -> Desk:
    return Desk(
        commands=collect(commands, "COMMAND", Command),
        policy=world.settings.policy,
        people=world.people,
        queries=_queries(world),
        triage=Triage(world.store, world.clock, deliver.wake),
        status=status,
        clock=world.clock,
        ids=world.ids,
        metrics=world.metrics,
    )


def _slack(world: _World, desk: Desk) -> SlackDoor:
    return SlackDoor(
        client=world.client,
        desk=desk,
        render=world.parts.renderer.render,
        decode=decode,
        messenger=world.messenger,
        clock=world.clock,
        metrics=world.metrics,
        command=world.settings.file.slack.command,
    )


def _stream(world: _World, deliver: Deliver) -> StreamDoor:
    ingest = Ingest(
        store=world.store,
        opener=_open_body,
        sources=world.parts.sources,
        directory=world.parts.directory,
        routing=world.parts.routing,
        clock=world.clock,
        metrics=world.metrics,
    )
    return StreamDoor(
        inbox=world.inbox,
        ingest=ingest,
        ping=world.store.ping,
        taken=deliver.wake,
        vitals=world.vitals,
        clock=world.clock,
        metrics=world.metrics,
        receivers=world.settings.file.stream.receivers,
        batch=world.settings.file.stream.batch,
    )


def _inbox(settings: Settings) -> SqsInbox:
    stream = settings.file.stream
    return SqsInbox(
        settings.environment.queue_url,
        region=settings.environment.region,
        wait_s=stream.wait_s,
        visibility_s=stream.visibility_s,
        connections=stream.receivers + 6,
    )


def _open_body(body: str, received: datetime) -> tuple[Envelope, ...]:
    return wire.open_body(body, received=received)


def _queries(world: _World) -> Queries:
    known = words()
    vocabulary = Vocabulary(tuple(r.env for r in world.settings.rules), known.sources, known.standards)
    return Queries(
        store=world.store,
        directory=world.parts.directory,
        vocabulary=vocabulary,
        routing=world.parts.routing,
        clock=world.clock,
        ids=world.ids,
    )


def _link(world: _World, slack: SlackDoor) -> SocketDoor | HttpDoor:
    environment, file = world.settings.environment, world.settings.file.slack
    if file.mode == "socket":
        return SocketDoor(slack, environment.app_token.reveal(), file.sockets)

    async def first_time(key: str) -> bool:
        async with world.store.begin() as tx:
            return await tx.first_time(key)

    secrets = tuple(s.reveal() for s in environment.signing_secrets)
    # Behind a load balancer, so every interface.
    return HttpDoor(slack, secrets, first_time, clock=world.clock, host=file.host, port=file.port)


def _jobs(world: _World, upkeep: Upkeep, link: SocketDoor | HttpDoor) -> list[Job]:
    async def watch_link() -> None:
        if isinstance(link, SocketDoor):
            connections = await link.connected()
            world.vitals.connected = "" if connections else "no Socket Mode connection stands"
            world.metrics.gauge("socket_connected", float(connections > 0))

    return [
        Job("accounts", REFRESH_TICK_S, upkeep.refresh_accounts),
        Job("link", WATCH_S, watch_link),
        Job("backlog", WATCH_S, upkeep.measure),
        Job("prune", PRUNE_S, upkeep.prune),
    ]
