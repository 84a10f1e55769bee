"""Services over the store in memory, with a clock that stands still and a Slack that only remembers.

Problem solved: a service's rule is tested without a network. Each fake implements its port and nothing more; it refuses to know Slack's
rules (the stand-in knows them).
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import commands
from bot.adapters.directory import CachedDirectory, Override
from bot.adapters.memory import MemoryStore
from bot.adapters.metrics import PrometheusMetrics
from bot.domain.authz import Actor, Permission, Place, Policy, Statement
from bot.domain.envelope import Envelope, Ignored, Shape
from bot.domain.finding import Finding, Resource, Severity, Status
from bot.domain.message import Message, Modal
from bot.domain.oncall import Rotation
from bot.domain.query import Query
from bot.domain.routing import Route
from bot.domain.syntax import Names, parse
from bot.errors import Malformed
from bot.plugins import Command, Source, collect
from bot.ports import Delivery, Directory, Posted, Unfurl
from bot.ports.hiding import Outlook
from bot.ports.oncall import Pager
from bot.services.deliver import Deliver
from bot.services.desk import Desk
from bot.services.ingest import Ingest, RoutingTable
from bot.services.ladder import Ladder
from bot.services.lexicon import Vocabulary
from bot.services.natively import Natively
from bot.services.reports import Reports
from bot.services.status import StatusService, Vitals
from bot.services.suite import Outside, Rules, Suite, suite
from tests.support.clock import StillClock

ROUTING = RoutingTable(
    (
        Route("crit", parse("sev:critical", Names()).query, "critical", ("S0ONCALL",)),
        Route("quiet", parse("sev:info", Names()).query, "", (), True),
    ),
    Route("default", Query(), "all"),
)
VOCABULARY = Vocabulary(("prod", "staging"), ("guardduty",), ("cis",))


class Counted:
    """bot.ports.Ids that counts."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)

    def token(self) -> str:
        return f"T{next(self._numbers):021d}"


@dataclass
class FakeMessenger:
    """Remembers what was said. `failing` is raised, first to last, by the next posts and edits."""

    clock: StillClock
    said: list[tuple[str, str, Message]] = field(default_factory=list)  # (what, channel, message)
    keys: dict[tuple[str, str], Posted] = field(default_factory=dict)
    failing: list[Exception] = field(default_factory=list)
    lost: list[Exception] = field(default_factory=list)  # raised after the post was taken
    at: list[float] = field(default_factory=list)
    joined: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    files: list[tuple[str, str, str]] = field(default_factory=list)  # (channel, name, content)

    def _fail(self) -> None:
        if self.failing:
            raise self.failing.pop(0)

    async def post(
        self, channel: str, message: Message, *, key: str, thread_ts: str = "", broadcast: bool = False
    ) -> Posted:
        self._fail()
        self.at.append(self.clock.monotonic())
        self.said.append(("broadcast" if broadcast else "line" if thread_ts else "card", channel, message))
        posted = Posted(channel, f"1772366400.{len(self.said):06d}")
        self.keys[channel, key] = posted
        if self.lost:
            raise self.lost.pop(0)
        return posted

    async def update(self, channel: str, ts: str, message: Message) -> None:
        del ts
        self._fail()
        self.said.append(("edit", channel, message))

    async def find(self, channel: str, key: str, *, since: datetime, thread_ts: str = "") -> Posted | None:
        del since, thread_ts
        self.asked.append(key)
        return self.keys.get((channel, key))

    async def resolve_channel(self, name: str) -> str:
        return name

    async def join(self, channel: str) -> None:
        self.joined.append(channel)

    async def post_private(self, channel: str, user: str, message: Message, *, thread_ts: str = "") -> None:
        del user, thread_ts
        self.said.append(("private", channel, message))

    async def direct(self, user: str) -> str:
        return f"D{user}"

    async def open_modal(self, trigger: str, modal: Modal, *, push: bool = False) -> str:
        del trigger, modal, push
        return "V1"

    async def update_modal(self, view_id: str, modal: Modal) -> None:
        del view_id, modal

    async def publish_home(self, user: str, home: Modal) -> None:
        del user, home

    async def unfurl(self, where: Unfurl, previews: Mapping[str, Message]) -> None:
        self.said += [("unfurl", where.channel, message) for message in previews.values()]

    async def upload(self, channel: str, path: Path, *, name: str, title: str, thread_ts: str = "") -> None:
        del title, thread_ts
        self._fail()
        self.files.append((channel, name, path.read_text(encoding="utf-8")))

    async def ping(self) -> None: ...

    @property
    def what(self) -> list[tuple[str, str]]:
        return [(what, channel) for what, channel, _ in self.said]


@dataclass
class FakePeople:
    """Everybody is a member of sec-oncall, unless it is said otherwise."""

    actors: dict[str, Actor] = field(default_factory=dict)
    places: dict[str, Place] = field(default_factory=dict)

    async def actor(self, user: str) -> Actor:
        return self.actors.get(user) or Actor(user, "T1", groups=frozenset({"sec-oncall"}))

    async def place(self, channel: str) -> Place:
        return self.places.get(channel) or Place(channel, name=channel)

    async def mentions(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return names


class Nobody:
    """bot.ports.Inbox without messages."""

    async def depth(self) -> int:
        return 0


def a_finding(
    key: str = "k1", *, later_s: float = 0, start: datetime | None = None, severity: str = "high", **changes: Any
) -> Finding:
    """A finding of ours."""
    at = (start or datetime.fromisoformat("2026-03-01T11:00:00+00:00")) + timedelta(seconds=later_s)
    made = Finding(
        key=key,
        source="guardduty",
        via="test",
        native_id=key,
        account="111122223333",
        region="eu-west-1",
        severity=Severity[severity.upper()],
        title=f"Something about {key}",
        type="Test",
        status=Status.ACTIVE,
        first_seen=at - timedelta(seconds=later_s),
        updated=at,
        emitted=at,
        resources=(Resource(f"arn:aws:s3:::{key}"),),
    )
    return replace(made, **changes)


@dataclass
class Parts:
    """The services, wired as in app.py."""

    clock: StillClock
    store: MemoryStore
    metrics: PrometheusMetrics
    messenger: FakeMessenger
    people: FakePeople
    deliver: Deliver
    ingest: Ingest
    suite: Suite
    desk: Desk
    bodies: dict[str, Finding | Exception | str]

    async def take(self, *findings: Finding | Exception | str, attempts: int = 1) -> Any:
        """Take a batch in: findings, exceptions that reading raises, or reasons to ignore."""
        deliveries = []
        for found in findings:
            name = f"m{len(self.bodies)}"
            self.bodies[name] = found
            deliveries.append(Delivery(name, name, name, attempts))
        return await self.ingest.take(deliveries)

    async def say(self, *findings: Finding) -> None:
        """Take in and deliver what is due."""
        await self.take(*findings)
        await self.deliver.drain()


def make(
    render: Callable[[Any], Message | Modal],
    *,
    policy: Policy | None = None,
    wrap: Callable[[MemoryStore], Any] = lambda store: store,
    more: Mapping[str, Command] | None = None,
    directory: Directory | None = None,
    vocabulary: Vocabulary = VOCABULARY,
    natively: Natively | None = None,
    outlook: Outlook | None = None,
    own_account: str = "",
    ladder: Ladder | None = None,
    rotations: tuple[Rotation, ...] = (),
    pager: Pager | None = None,
) -> Parts:
    """Everything over one memory."""
    clock, metrics, people = StillClock(), PrometheusMetrics(), FakePeople()
    memory = MemoryStore(clock)
    store = wrap(memory)
    messenger, ids = FakeMessenger(clock), Counted()
    directory = directory or CachedDirectory(None, (), {"111122223333": Override("pay-prod", "prod", "team-pay")})
    bodies: dict[str, Finding | Exception | str] = {}

    def opener(body: str, received: datetime) -> tuple[Envelope, ...]:
        found = bodies[body]
        if isinstance(found, Malformed):
            raise found
        return (_envelope(body, received),)

    def normalise(envelope: Envelope) -> Any:
        found = bodies[envelope.raw.decode()]
        if isinstance(found, Exception):
            raise found
        return Ignored(found) if isinstance(found, str) else (found,)

    source = Source("test", lambda _: True, normalise)
    deliver = Deliver(
        store=store, messenger=messenger, people=people, render=render, routing=ROUTING, clock=clock, metrics=metrics,
        owner="w1", pager=pager,
    )  # fmt: skip
    ingest = Ingest(
        store=store, opener=opener, sources=(source,), directory=directory, routing=ROUTING, clock=clock,
        metrics=metrics, own_account=own_account, ladder=ladder,
    )  # fmt: skip
    status = StatusService(
        store=store, inbox=Nobody(), pings={}, vitals=Vitals(clock.now(), "", ""), clock=clock, metrics=metrics,  # type: ignore[arg-type]
        version="test",
    )  # fmt: skip
    can = frozenset({Permission.ACK, Permission.ASSIGN, Permission.VIEWS})
    allow = Policy((Statement("oncall", can, groups=frozenset({"sec-oncall"})),), frozenset({"*"}))
    use_cases = suite(
        Outside(
            store=store, directory=directory, people=people, messenger=messenger, natively=natively or Natively(None, None),
            outlook=outlook, clock=clock, ids=ids,
        ),
        Rules(
            vocabulary=vocabulary, routing=ROUTING, policy=policy or allow, own_account=own_account, home="eu-west-1",
            security_channel="security", ladder=ladder or Ladder(), rotations=rotations,
        ),
        status=status, render=render, wake=deliver.wake,
    )  # fmt: skip
    deliver.show(Reports(use_cases.briefs).view, use_cases.escalations.row)
    desk = Desk(
        commands={**collect(commands, "COMMAND", Command), **(more or {})}, policy=policy or allow, people=people,
        suite=use_cases, clock=clock, ids=ids, metrics=metrics,
    )  # fmt: skip
    return Parts(clock, memory, metrics, messenger, people, deliver, ingest, use_cases, desk, bodies)


def _envelope(body: str, received: datetime) -> Envelope:
    return Envelope(shape=Shape.EVENTBRIDGE, body={}, raw=body.encode(), received=received, time=received, id=body)
