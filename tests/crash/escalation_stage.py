"""What replicas that escalate are run against: a Slack that survives them, hundreds of findings whose time has come, and the verdict.

Problem solved: three replicas are killed at random and started again, and in the end every level must have been decided once and be in
Slack once. Decisions are read from the timelines, posts from the stand-in's history; what the bot believes to have said is not asked. It
refuses to wait for ever: replicas that get nowhere are a verdict too.
"""

from __future__ import annotations

import asyncio
import json
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bot.adapters.people import SlackPeople
from bot.adapters.slack import SlackMessenger, web_client
from bot.adapters.sql import open_store
from bot.domain.escalation import Escalation
from bot.domain.finding import Entry, Record, Severity
from bot.domain.lifecycle import Change
from bot.ports import Saying, SayKind, Store
from bot.services.ladder import Ladder
from bot.services.triage import Triage
from sandbox.company import northwind
from sandbox.slack.server import SlackServer
from sandbox.slack.state import Channel, Message
from sandbox.workspace import workspace_of
from tests.contract.builders import record
from tests.crash.escalation_victim import DAY_S, PEOPLE, Replica, policies, replica
from tests.crash.stage import PUT_FORWARD_S, START, Ending
from tests.crash.times import HURRY, BotTime, HurriedTime

CHANNELS = tuple(f"esc-{n}" for n in range(10))
PATIENCE_S = 15.0  # real seconds without any progress after which the replicas are stuck
POLL_S = 0.05


@dataclass
class EscalationStage:
    """One database, one Slack, and as many replicas as are wanted. `alone`: there is one, so time is put forward when it has died."""

    clock: HurriedTime
    slack: SlackServer
    database: str
    zygote: str
    log: Path
    count: int
    wait_s: float = DAY_S
    repeat: int = 0
    alone: bool = False
    sabotage: str = ""
    speaks: bool = True
    enough: asyncio.Event = field(default_factory=asyncio.Event)
    _died: int = 0

    # --- the beginning ---

    @asynccontextmanager
    async def own(self) -> AsyncIterator[tuple[Store, Replica]]:
        """The driver's own view of the database, and the use cases over it."""
        clock = BotTime(self.clock)
        store = await open_store(self.database, clock=clock, migrate=False, shift=clock.shift)
        client = web_client(self.slack.workspace.bot_token, self.slack.api_url)
        try:
            yield (
                store,
                replica(store, SlackMessenger(client), client, clock, Ladder(policies(self.wait_s, self.repeat))),
            )
        finally:
            await store.close()

    async def fill(self) -> None:
        """Findings with cards, each of which is to be told at once."""
        now = BotTime(self.clock).now()
        async with self.own() as (store, own):
            async with store.begin() as tx:
                numbers = await tx.insert([(_finding(i), b"") for i in range(self.count)])
                found = sorted(numbers.values())
                await tx.say([_card(n) for n in found])
            await own.deliver.drain()
            async with store.begin() as tx:
                await tx.start_escalations([_begun(n, now) for n in found])

    # --- lives ---

    async def play(self, deaths: Sequence[Sequence[int]], level: int) -> list[Ending]:
        """Replicas run side by side until everybody was told this level, each dying as often as its numbers say; how the lives ended."""
        self.enough.clear()
        self._died = 0
        watch = asyncio.create_task(self._watch(level))
        try:
            ended = await asyncio.gather(*(self._lives(own) for own in deaths))
        finally:
            watch.cancel()
            await asyncio.gather(watch, return_exceptions=True)
        return [ending for endings in ended for ending in endings]

    async def answered(self, numbers: Sequence[int]) -> None:
        """Replicas sweep side by side while people acknowledge these findings, one after the other; all is said afterwards."""
        self.enough.clear()
        lives = [asyncio.create_task(self._life(0)) for _ in range(3)]
        async with self.own() as (store, own):
            people = SlackPeople(web_client(self.slack.workspace.bot_token, self.slack.api_url), BotTime(self.clock))
            triage = Triage(store, people, BotTime(self.clock), lambda: None)
            await self._until_decided(store)
            for number in numbers:
                await triage.acknowledge(number, PEOPLE[0])
            await asyncio.sleep(
                2 * self.wait_s / HURRY
            )  # real seconds: who escalates has another level's time to be wrong in
            self.enough.set()
            await asyncio.gather(*lives)
            await own.deliver.drain()

    async def _until_decided(self, store: Store) -> None:
        """Somebody has begun to escalate."""
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end:
            async with store.reads() as reads:
                if (await reads.backlog()).waiting:
                    return
            await asyncio.sleep(0.002)

    async def _lives(self, deaths: Sequence[int]) -> list[Ending]:
        endings = []
        for kill_after in (*deaths, 0):
            endings.append(await self._life(kill_after))
            self._died += bool(endings[-1].killed)
            if self.alone:
                self.clock.ahead += PUT_FORWARD_S
        return endings

    async def _life(self, kill_after: int) -> Ending:
        reader, writer = await asyncio.open_unix_connection(self.zygote)
        writer.write(json.dumps(self._orders(kill_after)).encode() + b"\n")
        finishing = asyncio.create_task(self._finish(writer))
        try:
            last = await reader.read()
        finally:
            finishing.cancel()
            await asyncio.gather(finishing, return_exceptions=True)
            writer.close()
        return Ending(**json.loads(last)) if last else Ending()

    async def _finish(self, writer: asyncio.StreamWriter) -> None:
        await self.enough.wait()
        writer.write_eof()

    def _orders(self, kill_after: int) -> dict[str, Any]:
        workspace = self.slack.workspace
        return {
            "slack": {"SLACK_API_URL": self.slack.api_url, "SLACK_BOT_TOKEN": workspace.bot_token},
            "database": self.database,
            "clock": self.clock.as_json(),
            "kill_after": kill_after,
            "wait_s": self.wait_s,
            "repeat": self.repeat,
            "sabotage": self.sabotage,
            "speaks": self.speaks,
            "log": str(self.log),
        }

    async def _watch(self, level: int) -> None:
        """Say that it is enough when nothing is left to be decided and said, or nothing moves any more."""
        if self.alone:  # SQLite is one process's at a time: only Slack can be asked
            await self._until(lambda: self._all_said(level))
        else:
            async with self.own() as (store, _):
                await self._until(lambda: self._done(store, level))
        self.enough.set()

    async def _until(self, done: Callable[[], Awaitable[bool]]) -> None:
        seen, since = -1, time.monotonic()
        while time.monotonic() - since < PATIENCE_S and not await done():
            moved = len(self.slack.history.entries) + self._died
            seen, since = moved, (since if moved == seen else time.monotonic())
            await asyncio.sleep(POLL_S)

    async def _all_said(self, level: int) -> bool:
        """Every level's line is in Slack, and the card of everybody who was called."""
        called = {f"card:{n}:{_called(n)}" for n in range(1, self.count + 1)}
        return len(set(self.keys(f":{level - 1}"))) == self.count and called <= set(self._keys())

    async def _done(self, store: Store, level: int) -> bool:
        if self.speaks and not await self._all_said(level):
            return False
        async with store.reads() as reads:
            return not (await reads.backlog()).waiting

    # --- what was decided, and what people see ---

    def lines(self, number: int) -> list[Message]:
        """The lines of a finding's levels in its own channel."""
        place = f"C0ESC{CHANNELS.index(_home(number))}"
        return [m for m in self.slack.world.messages.all(place) if _key(m.metadata).startswith(f"escalate:{number}:")]

    def keys(self, ending: str = "") -> list[str]:
        """The keys of levels' lines that Slack took, with repetitions."""
        return [k for k in self._keys() if k.startswith("escalate:") and k.endswith(ending)]

    def _keys(self) -> list[str]:
        applied = [c for c in self.slack.history.calls("chat.postMessage") if c.applied]
        return [_key(c.args.get("metadata")) for c in applied]

    async def timelines(self) -> dict[int, list[Entry]]:
        async with self.own() as (store, _), store.reads() as reads:
            return {n: list(await reads.timeline(n)) for n in range(1, self.count + 1)}

    async def decided(self) -> Counter[tuple[int, str]]:
        """How often each level of each finding was decided."""
        lines = await self.timelines()
        return Counter((n, e.details["level"]) for n, line in lines.items() for e in line if e.kind == Change.ESCALATED)

    async def problems(self, levels: int) -> list[str]:
        """The verdict; empty when each level was decided once and is in Slack once, and so is the card of whoever was called."""
        wanted = {(n, str(level + 1)): 1 for n in range(1, self.count + 1) for level in range(levels)}
        lines = {f"escalate:{n}:1:{level}" for n in range(1, self.count + 1) for level in range(levels)}
        cards = {f"card:{n}:{place}" for n in range(1, self.count + 1) for place in (_home(n), _called(n))}
        posted = Counter(self._keys())
        return [
            *_difference("decided", await self.decided(), wanted),
            *_difference("posted", posted, dict.fromkeys(lines | cards, 1)),
        ]


def _difference(what: str, found: Counter[Any], wanted: dict[Any, int]) -> list[str]:
    keys = sorted({*found, *wanted}, key=str)
    return [f"{what} {found[k]} times, not {wanted.get(k, 0)}: {k}" for k in keys if found[k] != wanted.get(k, 0)]


def _finding(i: int) -> Record:
    number = i + 1  # in the order of their keys
    return record(f"k{i:04}", severity=Severity.CRITICAL, title=f"Case {i}", channel=_home(number), route="all")


def _home(number: int) -> str:
    return CHANNELS[number % len(CHANNELS)]


def _called(number: int) -> str:
    return PEOPLE[number % len(PEOPLE)]


def _card(number: int) -> Saying:
    return Saying(f"card:{number}:{_home(number)}", SayKind.CARD, number, _home(number), int(Severity.CRITICAL))


def _begun(number: int, now: Any) -> Escalation:
    return Escalation(number=number, generation=1, policy=_called(number), started=now, due=now)


def _key(metadata: Any) -> str:
    parsed = json.loads(metadata) if isinstance(metadata, str) else metadata or {}
    return str(parsed.get("event_payload", {}).get("key", ""))


def drawn(seed: int, replicas: int, deaths: int, furthest: int) -> list[list[int]]:
    """After how many points each replica dies, again and again: half of them soon, in the midst of a sweep."""
    rng = random.Random(seed)
    return [[rng.randint(1, rng.choice((30, furthest))) for _ in range(deaths)] for _ in range(replicas)]


@asynccontextmanager
async def open_escalation_stage(
    database: str, zygote: str, log: Path, count: int, **options: Any
) -> AsyncIterator[EscalationStage]:
    """A fresh Slack in front of a migrated, empty database, and findings that wait."""
    clock = HurriedTime(START, time.monotonic())
    workspace = workspace_of(northwind())
    workspace.channels += [Channel(id=f"C0ESC{n}", name=name) for n, name in enumerate(CHANNELS)]
    slack = SlackServer(workspace, limits=False, clock=clock)
    await slack.start()
    try:
        stage = EscalationStage(clock, slack, database, zygote, log, count, **options)
        await stage.fill()
        yield stage
    finally:
        await slack.stop()
