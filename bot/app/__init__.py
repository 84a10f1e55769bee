"""The composition root: settings in, a bot out. The only file that knows every adapter, plug, service and door.

`build` makes a `Bot` that has opened nothing; `Bot.run` opens, runs until it is told to stop, and closes in the order that loses nothing.
Every outside part can be replaced, which is how tests get a virtual clock or a crashing database.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime

from slack_sdk.web.async_client import AsyncWebClient

import commands
from bot.adapters import wire
from bot.adapters.clock import SystemClock, SystemIds
from bot.adapters.metrics import PrometheusMetrics
from bot.adapters.pager import SnsPager
from bot.adapters.people import SlackPeople
from bot.adapters.slack import SlackMessenger, web_client
from bot.adapters.sql import open_store
from bot.adapters.sqs import SqsInbox
from bot.app.hiding import Hiding, hiding
from bot.app.running import Bot, product_version
from bot.config import Settings
from bot.domain.envelope import Envelope
from bot.domain.finding import Severity
from bot.entrypoints.health import HealthDoor
from bot.entrypoints.schedule import Job, ScheduleDoor
from bot.entrypoints.slack import HttpDoor, Looks, SlackDoor, SocketDoor
from bot.entrypoints.stream import StreamDoor
from bot.errors import ConfigError
from bot.parts import Reader, reader, words
from bot.plugins import Command, collect
from bot.ports import Clock, Directory, Ids, Inbox, Messenger, Store
from bot.services.deliver import Deliver
from bot.services.desk import Desk
from bot.services.ingest import Ingest
from bot.services.ladder import Ladder
from bot.services.lexicon import Vocabulary
from bot.services.reports import Reports
from bot.services.status import StatusService, Vitals
from bot.services.suite import Outside, Rules, Suite, suite
from bot.services.upkeep import Upkeep
from renderers.actions import decode, decode_form
from renderers.modal import as_modal

__all__ = ["Bot", "Replace", "build", "need", "product_version"]

REFRESH_TICK_S = 60.0
WATCH_S = 5.0
PRUNE_S = 3600.0
ESCALATIONS_S = 5.0
BRIEFS_S = 60.0
DRIFT_S = 600.0  # between looks at whether tonight's was done
HIDDEN_LATER_S = 300.0
LEASES_S = 30.0  # a suppression ends within five minutes of its time, either way


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
    native = hiding(settings, world.ids)
    use_cases = _suite(world, deliver, status, native)
    deliver.show(Reports(use_cases.briefs).view, use_cases.escalations.row)
    slack = _slack(world, _desk(world, use_cases))
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
        exports=use_cases.exports,
        slack=slack,
        stream=_stream(world, deliver),
        health=HealthDoor(status, world.metrics.page, file.health.host, file.health.port),
        schedule=ScheduleDoor(_jobs(world, upkeep, link, use_cases), world.metrics),
        link=link,
        refresh=upkeep.refresh_accounts,
        warm=native.warm,
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
        pager=SnsPager(),
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


def _suite(world: _World, deliver: Deliver, status: StatusService, native: Hiding) -> Suite:
    known, file = words(), world.settings.file
    outside = Outside(
        store=world.store,
        directory=world.parts.directory,
        people=world.people,
        messenger=world.messenger,
        natively=native.natively,
        outlook=native.outlook,
        clock=world.clock,
        ids=world.ids,
    )
    rules = Rules(
        vocabulary=Vocabulary(tuple(r.env for r in world.settings.rules), known.sources, known.standards),
        routing=world.parts.routing,
        policy=world.settings.policy,
        permalink=file.slack.permalink,
        own_account=file.suppression.own_account,
        most_days={s: n for word, n in file.suppression.most_days.items() if (s := Severity.of_word(word)) is not None},
        home=world.settings.environment.region,
        security_channel=file.suppression.channel.lstrip("#") or world.settings.fallback.channel,
        ladder=_ladder(world.settings),
        rotations=world.settings.escalating.rotations,
    )
    return suite(outside, rules, status=status, render=world.parts.renderer.render, wake=deliver.wake)


def _ladder(settings: Settings) -> Ladder:
    return Ladder(settings.escalating.policies, settings.escalating.hours)


def _desk(world: _World, use_cases: Suite) -> Desk:
    return Desk(
        commands=collect(commands, "COMMAND", Command),
        policy=world.settings.policy,
        people=world.people,
        suite=use_cases,
        clock=world.clock,
        ids=world.ids,
        metrics=world.metrics,
    )


def _slack(world: _World, desk: Desk) -> SlackDoor:
    return SlackDoor(
        client=world.client,
        desk=desk,
        looks=Looks(world.parts.renderer.render, as_modal),
        decode=decode,
        decode_form=decode_form,
        messenger=world.messenger,
        first_time=_replay_guard(world.store),
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
        own_account=world.settings.file.suppression.own_account,
        ladder=_ladder(world.settings),
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


def _replay_guard(store: Store) -> Callable[[str], Awaitable[bool]]:
    async def first_time(key: str) -> bool:
        async with store.begin() as tx:
            return await tx.first_time(key)

    return first_time


def _link(world: _World, slack: SlackDoor) -> SocketDoor | HttpDoor:
    environment, file = world.settings.environment, world.settings.file.slack
    if file.mode == "socket":
        return SocketDoor(slack, environment.app_token.reveal(), file.sockets)

    secrets = tuple(s.reveal() for s in environment.signing_secrets)
    # Behind a load balancer, so every interface.
    guard = _replay_guard(world.store)
    return HttpDoor(slack, secrets, guard, clock=world.clock, host=file.host, port=file.port)


def _jobs(world: _World, upkeep: Upkeep, link: SocketDoor | HttpDoor, use_cases: Suite) -> list[Job]:
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
        Job("leases", LEASES_S, use_cases.leases.sweep),
        Job("hidden later", HIDDEN_LATER_S, use_cases.leases.catch_up),
        Job("escalations", ESCALATIONS_S, use_cases.escalations.sweep),
        Job("briefs", BRIEFS_S, use_cases.briefs.sweep),
        Job("drift", DRIFT_S, use_cases.drift.nightly),
    ]
