"""The real bot between the Slack stand-in and the SQS/SNS stand-in, on one clock that the test moves.

Problem solved: a scenario says what arrives and reads what reached Slack. The bot is built as in production and speaks HTTP to both
stand-ins; only Organizations is answered from memory, since moto is slow to fill. Checkers read the stand-ins' own history, never the
bot's database. It refuses to wait in real time for anything that the clock can bring about.
"""

from __future__ import annotations

import asyncio
import gc
import importlib.util
import io
import json
import logging
import os
import shutil
import urllib.parse
import warnings
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any, TypeVar
from unittest.mock import patch

import structlog
from aiobotocore.session import get_session
from blockbuster import BlockBuster, blockbuster_ctx

from bot.adapters import logs
from bot.adapters.directory import CachedDirectory
from bot.app import Bot, Replace, build
from bot.config import Settings, parse_settings, read_environment
from renderers import Renderer
from sandbox.aws.server import SqsSnsServer
from sandbox.company import Company, northwind
from sandbox.events import guardduty
from sandbox.events import securityhub as hub
from sandbox.events.scene import Scene
from sandbox.run import CONFIG, workspace_of
from sandbox.slack.actor import Actor
from sandbox.slack.clock import ManualClock
from sandbox.slack.server import SlackServer
from sandbox.slack.state import Message
from tests.support.clock import BotClock

T = TypeVar("T")
ROOT = Path(__file__).parents[2]
BLOCKKIT = ROOT / "../shared/blockkit/blockkit_check.py"
SOCKET_CONFIG = CONFIG.read_text(encoding="utf-8")
HTTP_CONFIG = SOCKET_CONFIG + "slack:\n  mode: http\n  host: 127.0.0.1\n  port: 0\n"
LONGEST_STEP_S = 6.0
START = 1_773_000_000.0  # a Sunday in March 2026


class FromMemory:
    """Lists the company's accounts as Organizations would."""

    def __init__(self, company: Company) -> None:
        self._company = company

    async def accounts(self) -> tuple[Any, ...]:
        return self._company.accounts


@dataclass
class Box:
    """A running bot and its surroundings."""

    company: Company
    clock: ManualClock
    sqs: SqsSnsServer
    slack: SlackServer
    settings: Settings
    replace: Replace
    bot: Bot
    topic: str = ""
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
            text = event if isinstance(event, str) else json.dumps(event)
            self.sqs.sns.publish({"TopicArn": self.topic, "Message": text})

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
        """Await an act (a press); the private answer that it brings."""
        actor = self.person(who)
        before = {m.ts: str(m.blocks) for m in actor.ephemerals(where)}
        delivery = await act
        assert delivery.ok, f"not acknowledged: {delivery}"
        return await self.slack.wait_for(
            lambda: next((m for m in actor.ephemerals(where) if before.get(m.ts) != str(m.blocks)), None)  # type: ignore[arg-type,return-value]
        )

    def calls(self, method: str) -> list[Any]:
        return self.slack.history.calls(method)


def said(message: Message) -> str:
    """Everything a message shows, in one text."""
    return message.text + "\n" + json.dumps(message.blocks, ensure_ascii=False)


def buttons(message: Message) -> dict[str, str]:
    """Label -> action id of a message's buttons."""
    return {
        e["text"]["text"]: e["action_id"]
        for b in message.blocks
        for e in [*b.get("elements", []), b.get("accessory", {})]
        if e.get("type") == "button"
    }


# --- checks at the end of every scenario ---------------------------------------------------------------------------------------------


def blockkit() -> ModuleType | None:
    """The offline Block Kit validator, where it is at hand."""
    if not BLOCKKIT.is_file():
        return None
    spec = importlib.util.spec_from_file_location("blockkit_check", BLOCKKIT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its schema files to the collector
        spec.loader.exec_module(module)
        gc.collect()
    return module


_VALIDATOR = blockkit()
_SEEN: set[str] = set()


def _loads(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


def layout_problems(slack: SlackServer) -> list[str]:
    """What the validator says about everything that reached Slack; nothing when the validator is absent."""
    found: list[str] = []
    for call in slack.history.calls():
        for kind, body in (("message", call.args.get("blocks")), ("view", call.args.get("view"))):
            if body is None or _VALIDATOR is None:
                continue
            parsed = _loads(body)
            key = f"{kind}{json.dumps(parsed, sort_keys=True)}"
            if key in _SEEN:
                continue
            _SEEN.add(key)
            check, given = (
                (_VALIDATOR.check_view, parsed)
                if kind == "view"
                else (_VALIDATOR.check_message, {"text": call.args.get("text") or "", "blocks": parsed})
            )
            found += [f"{call.method}: {p}" for p in check(given)]
    return found


def secrets_of(slack: SlackServer) -> list[str]:
    """What must never be in a log, a post or a metric: each lets its holder act."""
    space = slack.workspace
    return [space.bot_token, space.app_token, space.signing_secret, "/_response/", "/_socket/", "SANDBOXTESTINGKEY000"]


def check(box: Box) -> None:
    """What must hold after any scenario: layouts fit, nothing was said twice, every request was acknowledged, the stand-in is well."""
    assert layout_problems(box.slack) == []
    keys = [m.metadata["event_payload"]["key"] for m in box.posts() if m.metadata]
    assert [k for k, n in Counter(keys).items() if n > 1] == [], "said twice"
    for call in box.slack.history.calls("chat.postMessage"):
        assert call.args.get("text"), "a post without its text"
        assert len(call.args["text"]) <= 150, call.args["text"]
    late = [s for s in box.slack.history.envelopes() if s.outcome not in ("acked", "unreachable")]
    assert late == [], "a request was not acknowledged"
    assert box.slack.world.tasks.failures == []
    assert box.sqs.violations == []
    written = box.log.getvalue() + box.bot.metrics.page().decode() + "".join(said(m) for m in box.posts())
    assert [s for s in secrets_of(box.slack) if s in written] == []
    for line in box.log.getvalue().splitlines():
        json.loads(line)


# --- making one ----------------------------------------------------------------------------------------------------------------------


def environment(slack: SlackServer, sqs: SqsSnsServer, database: str) -> dict[str, str]:
    """The variables of a bot between these two."""
    space = slack.workspace
    return {
        "AWS_ENDPOINT_URL": sqs.url,
        "AWS_ACCESS_KEY_ID": "SANDBOXTESTINGKEY000",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SECBOT_QUEUE_URL": sqs.queue("findings").url,
        "DATABASE_URL": database,
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": space.bot_token,
        "SLACK_APP_TOKEN": space.app_token,
        "SLACK_SIGNING_SECRET": space.signing_secret,
    }


async def _impatient(clock: ManualClock) -> None:
    """Moves time when a scenario hangs, so that the stand-ins' own limits end it and say why. An ordinary scenario never meets this."""
    while True:
        await asyncio.sleep(8)
        await clock.advance(5)


_SESSION = get_session()
_RENDERER = cache(Renderer)


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """The bot's log as it is in production, caught."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    caught = io.StringIO()
    logs.configure("debug", caught)
    try:
        yield caught
    finally:
        structlog.reset_defaults()
        root.handlers[:] = before
        root.setLevel(level)


@contextmanager
def made_once() -> Iterator[None]:
    """What is costly to make and keeps no state is made once for all boxes: AWS's models and the compiled templates."""
    with patch("bot.adapters.aws.get_session", lambda: _SESSION), patch("bot.parts.Renderer", _RENDERER):
        yield


def directory(company: Company, settings: Settings) -> CachedDirectory:
    return CachedDirectory(FromMemory(company), settings.rules, {}, settings.file.owner_tags)


@asynccontextmanager
async def open_box(
    folder: Path,
    template: Path,
    *,
    config: str = SOCKET_CONFIG,
    parts: Replace | None = None,
    raw: bool = True,
    limits: bool = False,
    secrets: str = "",
    start: bool = True,
    prepare: Callable[[SlackServer], None] | None = None,
) -> AsyncIterator[Box]:
    """A box until the block ends, then checked.

    Args:
        folder: where the database goes.
        template: a migrated SQLite file to begin with.
        config: the bot's configuration as YAML.
        parts: parts of the bot to replace; the clock and the directory are replaced anyway.
        raw: whether SNS delivers raw.
        limits: whether Slack's rate limits hold.
        secrets: SLACK_SIGNING_SECRET when it is not the workspace's own.
        start: whether to start the bot.
        prepare: changes the workspace before the bot sees it.
    """
    with ExitStack() as stack:
        stack.enter_context(made_once())
        log = stack.enter_context(logged())
        async with _box(stack, folder, template, config, parts, raw, limits, secrets, start, prepare) as box:
            box.log = log
            yield box


@asynccontextmanager
async def _box(
    stack: ExitStack,
    folder: Path,
    template: Path,
    config: str,
    parts: Replace | None,
    raw: bool,
    limits: bool,
    secrets: str,
    start: bool,
    prepare: Callable[[SlackServer], None] | None,
) -> AsyncIterator[Box]:
    company, clock = northwind(), ManualClock(START)
    sqs = SqsSnsServer(strict=True, clock=clock)
    slack = SlackServer(workspace_of(company), limits=limits, clock=clock)
    database = folder / "secbot.db"
    shutil.copyfile(template, database)
    await asyncio.gather(sqs.start(), slack.start())
    try:
        dead = sqs.create_queue("dead")
        queue = sqs.create_queue(
            "findings", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 5})
        )
        topic = sqs.create_topic("topic")
        sqs.subscribe(topic, queue, raw=raw)
        if prepare:
            prepare(slack)
        variables = environment(slack, sqs, f"sqlite:///{urllib.parse.quote(str(database))}")
        if secrets:
            variables["SLACK_SIGNING_SECRET"] = secrets
        stack.enter_context(patch.dict(os.environ, variables))
        settings = parse_settings(config, "test", read_environment(variables))
        given = replace(
            parts or Replace(),
            clock=BotClock(clock),
            directory=(parts and parts.directory) or directory(company, settings),
        )
        box = Box(company, clock, sqs, slack, settings, given, await build(settings, given), topic)
        impatient = asyncio.create_task(_impatient(clock), name="impatient")
        try:
            if start:
                await box.start()
            with blockbuster_ctx(
                ["bot", "commands", "renderers"]
            ):  # what blocks here breaks the three seconds of everybody
                yield box
        finally:
            slack.faults.clear()
            await box.end() if box.running else await box.bot.store.close()
            impatient.cancel()
            await asyncio.gather(impatient, return_exceptions=True)
        check(box)
    finally:
        await slack.stop()
        await sqs.stop()
