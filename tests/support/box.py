"""The real bot between the Slack stand-in and the SQS/SNS stand-in, on one clock that the test moves.

Problem solved: a scenario says what arrives and reads what reached Slack. The bot is built as in production and speaks HTTP to both
stand-ins; only Organizations is answered from memory, since moto is slow to fill. Checkers read the stand-ins' own history, never the
bot's database. It refuses to wait in real time for anything that the clock can bring about.
"""

from __future__ import annotations

import asyncio
import io
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from blockbuster import BlockBuster

from bot.app import Bot, Replace, build
from bot.config import Settings
from sandbox.aws.apis import ApiServer
from sandbox.aws.server import SqsSnsServer
from sandbox.company import Company
from sandbox.events import guardduty
from sandbox.events import securityhub as hub
from sandbox.events.scene import Scene
from sandbox.slack.actor import Actor
from sandbox.slack.server import SlackServer
from sandbox.slack.state import Message, View
from tests.support.clock import LeapingClock

T = TypeVar("T")
LONGEST_STEP_S = 6.0


@dataclass
class Box:
    """A running bot and its surroundings."""

    company: Company
    clock: LeapingClock
    sqs: SqsSnsServer
    slack: SlackServer
    settings: Settings
    replace: Replace
    bot: Bot
    topic: str = ""
    apis: ApiServer | None = None
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    running: asyncio.Task[None] | None = None
    log: io.StringIO = field(default_factory=io.StringIO)
    buster: BlockBuster = field(default_factory=BlockBuster)

    # --- life ---

    async def start(self) -> None:
        """Start the bot and wait until every door is open."""
        self.stop = asyncio.Event()
        self.running = asyncio.create_task(self.bot.run(self.stop), name="bot")
        ready = asyncio.create_task(self.bot.ready.wait())
        await asyncio.wait([self.running, ready], return_when=asyncio.FIRST_COMPLETED, timeout=30)
        ready.cancel()
        if self.running.done():
            await self.running
        if self.settings.file.slack.mode == "http":
            self.slack.workspace.http_url = f"http://127.0.0.1:{self.bot.link.port}/slack/events"  # type: ignore[union-attr]

    async def end(self) -> None:
        """Stop the bot as SIGTERM does; time runs on meanwhile."""
        self.stop.set()
        if self.running is not None:
            task, self.running = self.running, None
            await self.until(task.done, within=120)
            await task

    async def restart(self) -> None:
        """Another process takes over: same database, same Slack, same queue."""
        await self.end()
        with self.buster_off():
            self.bot = await build(self.settings, self.replace)
            await self.start()

    @contextmanager
    def buster_off(self) -> Iterator[None]:
        """Starting may block: nobody is served yet."""
        self.buster.deactivate()
        try:
            yield
        finally:
            self.buster.activate()

    # --- time ---

    async def until(self, predicate: Callable[[], T], *, within: float = 60.0, step: float = 0.5) -> T:
        """The first true value of `predicate`; the clock is moved on, in growing steps, up to `within` seconds of its time."""
        end = self.clock.monotonic() + within
        while True:
            if value := await self._soon(predicate, 0.02):
                return value
            if self.clock.monotonic() >= end:
                raise AssertionError(f"not within {within} s: {self._last()}")
            await self.clock.advance(step)
            step = min(step * 1.04, LONGEST_STEP_S)

    async def _soon(self, predicate: Callable[[], T], real_s: float) -> T | None:
        """The predicate's value once it is true, or None after a moment of real time in which the sockets may speak."""
        end = asyncio.get_running_loop().time() + real_s
        while not (value := predicate()):
            if asyncio.get_running_loop().time() >= end:
                return None
            await asyncio.sleep(0.002)
        return value

    async def pass_time(self, seconds: float, step: float = 1.0) -> None:
        """Move the clock and let what falls due happen, sockets included."""
        end = self.clock.monotonic() + seconds
        while self.clock.monotonic() < end:
            await self.clock.advance(min(step, end - self.clock.monotonic()))
            await self._soon(lambda: False, 0.01)

    async def skip(self, seconds: float, *jobs: str) -> None:
        """Leap over a long time; then these jobs tick and what follows is said."""
        await self.clock.skip(seconds)
        await self._soon(lambda: False, 0.05)
        for job in jobs:
            await self.bot.schedule.tick(job)
        await self.quiet()

    async def quiet(self, within: float = 60.0) -> None:
        """Wait until the queue is empty, nothing is in flight and everything that was queued is said."""
        await self.until(lambda: self.queue.depth == 0, within=within)
        end, step = self.clock.monotonic() + within, 0.25
        while True:
            async with self.bot.store.reads() as reads:
                waiting = (await reads.backlog()).waiting
            if not waiting:
                return
            if self.clock.monotonic() > end:
                raise AssertionError(f"{waiting} rows still wait after {within} s: {self._last()}")
            await self._soon(lambda: False, 0.005)
            await self.clock.advance(step)
            step = min(step * 1.04, LONGEST_STEP_S)

    def _last(self) -> str:
        return "; ".join(
            f"{getattr(e, 'method', getattr(e, 'type', ''))} {getattr(e, 'error', None) or getattr(e, 'outcome', '')}"
            for e in self.slack.history.entries[-8:]
        )

    # --- the stream ---

    @property
    def queue(self) -> Any:
        return self.sqs.queue("findings")

    @property
    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock.now(), UTC)

    def scene(self, account: str = "payments-prod", *, age_min: float = 3, later_s: float = 0) -> Scene:
        """Where an event happens; `later_s` moves its time after now, which makes it newer."""
        now = self.now + timedelta(seconds=later_s)
        return Scene(
            self.company.account(account),
            self.company.security.id,
            "eu-west-1",
            self.now - timedelta(minutes=age_min),
            now,
        )

    def control(
        self, control: str = "S3.2", account: str = "payments-prod", number: int = 1, *, later_s: float = 0, **kw: Any
    ) -> dict[str, Any]:
        """A Security Hub control finding's event."""
        scene = self.scene(account, later_s=later_s)
        return hub.imported(scene, hub.control_finding(scene, control, number, **kw))

    def threat(
        self,
        type_name: str = "UnauthorizedAccess:EC2/SSHBruteForce",
        account: str = "payments-prod",
        number: int = 1,
        *,
        later_s: float = 0,
        **kw: Any,
    ) -> dict[str, Any]:
        """A GuardDuty event."""
        return guardduty.finding(self.scene(account, later_s=later_s), type_name, number, **kw)

    def threat_through_hub(self, type_name: str = "UnauthorizedAccess:EC2/SSHBruteForce", number: int = 1) -> Any:
        """The same threat as Security Hub tells it."""
        scene = self.scene(later_s=1)
        return hub.imported(scene, hub.from_guardduty(scene, guardduty.detail(scene, type_name, number)))

    def send(self, *events: dict[str, Any] | str) -> None:
        """Publish to the topic, as EventBridge does."""
        for event in events:
            if isinstance(event, dict) and self.apis is not None:
                self.apis.learn(event)  # the services know what they told of
            text = event if isinstance(event, str) else json.dumps(event)
            self.sqs.sns.publish({"TopicArn": self.topic, "Message": text})

    async def fill(self) -> None:
        """Three findings: F-1 critical in prod, F-2 high in prod, F-3 high in staging; Slack has the cards."""
        for event in (self.control("S3.2"), self.control("S3.8"), self.control("S3.8", "payments-staging")):
            await self.take_in(event)

    async def take_in(self, *events: dict[str, Any] | str) -> None:
        """Publish, and wait until everything that follows is said."""
        self.send(*events)
        await self.quiet()

    # --- Slack ---

    def person(self, name: str) -> Actor:
        """An actor by the company's short name."""
        return self.slack.actor(self.company.person(name).id)

    @property
    def ana(self) -> Actor:
        return self.person("ana")

    def posts(self, channel: str = "", *, thread: bool | None = None) -> list[Message]:
        """The bot's messages that Slack holds, of one channel or of all, oldest first; `thread` keeps replies or leaves them out."""
        found = [
            m
            for c in self.slack.workspace.channels
            if not channel or c.name == channel
            for m in self.slack.world.messages.all(c.id)
            if m.from_app
        ]
        return sorted((m for m in found if thread is None or m.is_reply is thread), key=lambda m: m.ts)

    def cards(self, channel: str = "") -> list[Message]:
        """The bot's cards: its messages that are not replies."""
        return self.posts(channel, thread=False)

    def lines(self, channel: str = "") -> list[Message]:
        """The bot's thread lines."""
        return self.posts(channel, thread=True)

    async def ask(self, line: str, *, who: str = "ana", where: str = "sec-prod") -> Message:
        """Type a command; the private answer to it."""
        actor = self.person(who)
        before = {m.ts for m in actor.ephemerals(where)}
        delivery = await actor.command(line, where)
        assert delivery.ok, f"{line} was not acknowledged: {delivery}"
        return await self.slack.wait_for(
            lambda: next((m for m in actor.ephemerals(where) if m.ts not in before), None)  # type: ignore[arg-type,return-value]
        )

    async def after(self, act: Any, *, who: str = "ana", where: str = "sec-prod") -> Message:
        """Await an act (a press, something said); the private answer that it brings."""
        actor = self.person(who)
        before = {m.ts: str(m.blocks) for m in actor.ephemerals(where)}
        delivery = await act
        assert getattr(delivery, "ok", True), f"not acknowledged: {delivery}"
        return await self.slack.wait_for(
            lambda: next((m for m in actor.ephemerals(where) if before.get(m.ts) != str(m.blocks)), None)  # type: ignore[arg-type,return-value]
        )

    async def modal(self, containing: str, *, who: str = "ana") -> View:
        """The topmost modal once it shows this."""
        actor = self.person(who)
        return await self.slack.wait_for(
            lambda: next((v for v in actor.views()[-1:] if containing in shown(v)), None)  # type: ignore[arg-type,return-value]
        )

    async def home(self, containing: str, *, who: str = "ana") -> View:
        """The Home tab once it shows this."""
        actor = self.person(who)
        return await self.slack.wait_for(
            lambda: v if (v := actor.home()) is not None and containing in shown(v) else None  # type: ignore[arg-type,return-value]
        )

    def calls(self, method: str) -> list[Any]:
        return self.slack.history.calls(method)


def said(message: Message) -> str:
    """Everything a message shows, in one text."""
    return message.text + "\n" + json.dumps(message.blocks, ensure_ascii=False)


def shown(view: View) -> str:
    """Everything a modal or a Home tab shows, in one text."""
    return json.dumps(view.body, ensure_ascii=False)


def chooser(origin: Message | View, kind: str = "static_select", number: int = 0) -> str:
    """The action id of the first (or another) select or menu of a message or view."""
    return [str(e["action_id"]) for e in _elements(origin) if e.get("type") == kind][number]


def _elements(origin: Message | View) -> list[dict[str, Any]]:
    return [e for b in origin.blocks for e in [*b.get("elements", []), b.get("accessory", {})]]


def buttons(message: Message | View) -> dict[str, str]:
    """Label -> action id of the buttons of a message or view."""
    return {e["text"]["text"]: e["action_id"] for e in _elements(message) if e.get("type") == "button"}
