"""What a life is lived against: Slack and the queue as stand-ins in the test's process, a story told to them, and the verdict.

Problem solved: a bot is killed at a point, another takes over from the same database, and what people saw must be as if nothing had
happened. The stand-ins survive the kill and keep a history; the verdict reads that, never what the bot believes (but for the quarantine,
which exists nowhere else). It refuses to wait for the story for ever: a bot that lost something is stuck, and that is a verdict too.
"""

from __future__ import annotations

import asyncio
import json
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.adapters.sql import open_store
from sandbox.aws.server import SqsSnsServer
from sandbox.company import Company, northwind
from sandbox.events import guardduty
from sandbox.events import securityhub as hub
from sandbox.events.scene import Scene
from sandbox.slack.server import SlackServer
from sandbox.slack.state import Message
from sandbox.workspace import workspace_of
from tests.crash.times import BotTime, HurriedTime
from tests.support.boxes import environment

START = 1_773_000_000.0
PUT_FORWARD_S = 300.0  # after a kill: past every lease (60 s) and visibility time (120 s)
LIFE_S = 60.0  # real seconds that one life may last
PATIENCE_S = 10.0  # real seconds without any progress after which the story is stuck
HIGH, CRITICAL = "S3.8", "AttackSequence:IAM/CompromisedCredentials"
POISON = '{"detail-type": "Security Hub Findings - Imported", "detail": '


# --- the story -------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Chapter:
    """Messages that arrive together, and how many posts Slack holds once they are taken in."""

    bodies: tuple[str, ...]
    posts: int


def story(company: Company) -> tuple[Chapter, ...]:
    """A high finding (twice), a critical one and a poison message; then the high one is resolved, its first version comes again
    and the critical one is seen again."""
    high, critical = _control(company), _threat(company)
    return (
        Chapter((_text(high(0)), _text(critical(0)), _text(high(0)), POISON), 2),
        Chapter((_text(high(60, status="PASSED")), _text(high(0)), _text(critical(60, count=3))), 3),
    )


def _text(event: dict[str, Any]) -> str:
    return json.dumps(event)


def _control(company: Company) -> Callable[..., dict[str, Any]]:
    def made(later_s: float, **kw: Any) -> dict[str, Any]:
        scene = _scene(company, later_s)
        return hub.imported(scene, hub.control_finding(scene, HIGH, 1, **kw))

    return made


def _threat(company: Company) -> Callable[..., dict[str, Any]]:
    return lambda later_s, **kw: guardduty.finding(_scene(company, later_s), CRITICAL, 1, **kw)


def _scene(company: Company, later_s: float) -> Scene:
    start = datetime.fromtimestamp(START, UTC)
    account = company.account("payments-prod")
    return Scene(
        account, company.security.id, "eu-west-1", start - timedelta(minutes=5), start + timedelta(seconds=later_s)
    )


# --- the stage -------------------------------------------------------------------------------------------------------------------------


@dataclass
class Ending:
    """How a life ended: killed at a point, or by itself with the points that it passed and the rows that still waited."""

    killed: str = ""
    passed: list[str] = field(default_factory=list)
    waiting: int = 0
    ended: bool = False


@dataclass
class Stage:
    """One database, one queue, one Slack, and one bot after the other."""

    company: Company
    clock: HurriedTime
    sqs: SqsSnsServer
    slack: SlackServer
    database: str
    zygote: str
    log: Path
    patience_s: float = PATIENCE_S
    stuck: bool = False
    told: asyncio.Event = field(default_factory=asyncio.Event)

    async def play(
        self, kill_at: Sequence[str] = (), *, sabotage: str = "", chapters: Sequence[Chapter] | None = None
    ) -> list[Ending]:
        """Tell the story to a bot that dies at each of these points in turn, and to one that lives. How each ended."""
        telling = asyncio.create_task(self._tell(story(self.company) if chapters is None else chapters), name="story")
        try:
            endings = []
            for point in (*kill_at, ""):
                endings.append(await self.life(point, sabotage))
                self.put_forward()
            return endings
        finally:
            telling.cancel()
            await asyncio.gather(telling, return_exceptions=True)

    def put_forward(self) -> None:
        """Let every lease and every visibility time run out."""
        self.clock.ahead += PUT_FORWARD_S

    # --- telling ---

    def put(self, chapter: Chapter) -> None:
        for body in chapter.bodies:
            self.sqs.queue("findings").put(body)

    async def _tell(self, chapters: Sequence[Chapter]) -> None:
        for chapter in chapters:
            self.put(chapter)
            if not await self._taken_in(chapter.posts):
                break
        self.stuck = not await self._taken_in(len(EXPECTED))
        self.told.set()

    async def _taken_in(self, posts: int) -> bool:
        """Wait until the queue is empty and so much is posted; False when nothing moves any more."""
        queue, seen, since = self.sqs.queue("findings"), (-1, -1), time.monotonic()
        while queue.depth or len(self.posts()) < posts:
            progress = (queue.depth, len(self.slack.history.entries))
            if progress != seen:
                seen, since = progress, time.monotonic()
            if time.monotonic() - since > self.patience_s:
                return False
            await asyncio.sleep(0.004)
        return True

    # --- a life ---

    async def life(self, kill_at: str = "", sabotage: str = "") -> Ending:
        """One bot from its start to its end."""
        async with asyncio.timeout(LIFE_S):
            reader, writer = await asyncio.open_unix_connection(self.zygote)
            writer.write(json.dumps(self._orders(kill_at, sabotage)).encode() + b"\n")
            finishing = asyncio.create_task(self._finish(writer))
            try:
                last = await reader.read()
            finally:
                finishing.cancel()
                await asyncio.gather(finishing, return_exceptions=True)
                writer.close()
        return Ending(**json.loads(last)) if last else Ending()

    async def _finish(self, writer: asyncio.StreamWriter) -> None:
        await self.told.wait()
        writer.write_eof()

    def _orders(self, kill_at: str, sabotage: str) -> dict[str, Any]:
        return {
            "environment": environment(self.slack, self.sqs, self.database),
            "clock": self.clock.as_json(),
            "kill_at": kill_at,
            "sabotage": sabotage,
            "log": str(self.log),
        }

    # --- what people see ---

    def posts(self) -> list[Message]:
        """Everything of the bot that Slack holds."""
        channels = self.slack.workspace.channels
        return [m for c in channels for m in self.slack.world.messages.all(c.id) if m.from_app]

    def channel(self, message: Message) -> str:
        return next(c.name for c in self.slack.workspace.channels if c.id == message.channel)

    async def problems(self, endings: Sequence[Ending]) -> list[str]:
        """The verdict; empty when nothing was lost and nothing was said twice."""
        return [
            *_of_lives(endings),
            *(["the story is stuck"] if self.stuck else []),
            *self._of_slack(),
            *self._of_queues(),
            *await self._of_quarantine(),
        ]

    def _of_slack(self) -> list[str]:
        seen = Counter((self.channel(m), "line" if m.is_reply else "card", _about(m), _state(m)) for m in self.posts())
        lost = [f"lost: {what}" for what in EXPECTED if not seen[what]]
        many = [f"{n} times: {what}" for what, n in seen.items() if n > 1]
        other = [f"not expected: {what}" for what in seen if what not in EXPECTED]
        return [*lost, *many, *other, *self._of_threads(), *self._of_calls()]

    def _of_threads(self) -> list[str]:
        cards = {(m.channel, m.ts): _about(m) for m in self.posts() if not m.is_reply}
        lines = [m for m in self.posts() if m.is_reply]
        return [
            f"in another's thread: {m.text}" for m in lines if cards.get((m.channel, m.thread_ts or "")) != _about(m)
        ]

    def _of_calls(self) -> list[str]:
        """The history of requests must agree: Slack deletes nothing, so each applied post is a message that people saw."""
        applied = [c for c in self.slack.history.calls("chat.postMessage") if c.applied]
        keys = Counter(_key(c.args.get("metadata")) for c in applied)
        return [f"posted {n} times under {key}" for key, n in keys.items() if n > 1 or not key]

    def _of_queues(self) -> list[str]:
        depths = {name: self.sqs.queue(name).depth for name in ("findings", "dead")}
        return [f"{n} messages left in {name}" for name, n in depths.items() if n]

    async def _of_quarantine(self) -> list[str]:
        clock = BotTime(self.clock)
        store = await open_store(self.database, clock=clock, migrate=False, shift=clock.shift)
        try:
            async with store.reads() as reads:
                kept = await reads.quarantined()
        finally:
            await store.close()
        bodies = [p.body for p in kept]
        return [] if bodies == [POISON] else [f"quarantine holds {len(bodies)} messages, not the one poison"]


EXPECTED = (
    ("sec-prod", "card", HIGH, "resolved"),
    ("sec-prod", "line", HIGH, "resolved"),
    ("sec-critical", "card", CRITICAL, "open"),
)


def _of_lives(endings: Sequence[Ending]) -> list[str]:
    broken = [f"life {i} ended in an unknown way" for i, e in enumerate(endings, 1) if not (e.killed or e.ended)]
    return broken + [f"{e.waiting} rows still wait in the outbox" for e in endings if e.waiting]


def _about(message: Message) -> str:
    """Which of the two findings a message is about."""
    return HIGH if "Block Public Access" in message.text else CRITICAL


def _state(message: Message) -> str:
    return "resolved" if "resolved" in (message.text + json.dumps(message.blocks)).casefold() else "open"


def _key(metadata: Any) -> str:
    parsed = json.loads(metadata) if isinstance(metadata, str) else metadata or {}
    return str(parsed.get("event_payload", {}).get("key", ""))


# --- making one ------------------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def open_stage(database: str, zygote: str, log: Path, *, patience_s: float = PATIENCE_S) -> AsyncIterator[Stage]:
    """Fresh stand-ins in front of a migrated, empty database."""
    company, clock = northwind(), HurriedTime(START, time.monotonic())
    sqs, slack = SqsSnsServer(clock=clock), SlackServer(workspace_of(company), limits=False, clock=clock)
    await asyncio.gather(sqs.start(), slack.start())
    try:
        dead = sqs.create_queue("dead")
        policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 5})
        sqs.create_queue("findings", RedrivePolicy=policy)
        yield Stage(company, clock, sqs, slack, database, zygote, log, patience_s)
    finally:
        await slack.stop()
        await sqs.stop()
