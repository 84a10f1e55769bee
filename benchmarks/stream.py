"""How many messages a second become committed findings with their outbox rows.

Two ways: from the queue (the SQS stand-in in its own process, the bot's own client, deleted after the commit) and from memory, which leaves
reading, deciding and storing. Each round takes the next part of the same messages, first the bot, then the floor; the database grows from
round to round as it does in life.
"""

from __future__ import annotations

import asyncio
import os
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from benchmarks import postgres
from benchmarks.figures import Line, rate_line
from benchmarks.floor import BATCH, Floor, PostgresFloor, SqliteFloor
from benchmarks.outside import Outside
from benchmarks.payloads import messages
from benchmarks.setting import aws, ingest, settings
from bot.adapters.clock import SystemClock
from bot.adapters.metrics import PrometheusMetrics
from bot.adapters.sql import SqlStore, open_store
from bot.adapters.sqs import SqsInbox
from bot.entrypoints.stream import StreamDoor
from bot.ports import Delivery
from bot.services.ingest import Ingest
from bot.services.status import Vitals

AIM = 0.5
RECEIVERS = 4  # the bot's default
ROUNDS = 5


@dataclass(slots=True)
class _Pair:
    """The bot's store and a floor, on databases of one kind."""

    name: str
    store: SqlStore
    ingest: Ingest
    floor: Floor
    clock: SystemClock
    metrics: PrometheusMetrics


async def from_queue(folder: Path, count: int) -> AsyncIterator[Line]:
    """The lines from the queue, one a database."""
    bodies = messages(count)
    listed = folder / "messages"
    listed.write_text("\n".join(bodies), encoding="utf-8")
    async with Outside("sqs") as sqs:
        await sqs.ask("load", path=str(listed))
        os.environ.update(aws(sqs.facts))
        for kind in databases():
            async with _pair(folder, f"queue_{kind.lower()}", kind) as pair:
                ours, floor = await _rounds_from_queue(pair, sqs, count)
                yield rate_line(
                    f"queue to outbox, {kind}", ours, floor, AIM, note=f"{count:,} messages, {ROUNDS} rounds"
                )


async def from_memory(folder: Path, count: int) -> AsyncIterator[Line]:
    """The lines without the queue."""
    bodies = messages(count)
    for kind in databases():
        async with _pair(folder, f"memory_{kind.lower()}", kind) as pair:
            ours: list[float] = []
            floor: list[float] = []
            for part in _parts(bodies):
                ours.append(await _timed(part, _take(pair.ingest, part)))
                floor.append(await _timed(part, _floor_take(pair.floor, part)))
            yield rate_line(f"decide and store, {kind}", ours, floor, None, note="without the queue")


def databases() -> tuple[str, ...]:
    """Which there are on this machine."""
    return ("SQLite", "PostgreSQL") if postgres.binaries() is not None else ("SQLite",)


# --- rounds -------------------------------------------------------------------------------------------------------------------------


def _parts(bodies: Sequence[str]) -> list[Sequence[str]]:
    size = len(bodies) // ROUNDS
    return [bodies[i * size : (i + 1) * size] for i in range(ROUNDS)]


async def _timed(part: Sequence[object], work: object) -> float:
    """Messages a second."""
    started = time.perf_counter()
    await work  # type: ignore[misc]
    return len(part) / (time.perf_counter() - started)


async def _take(taking: Ingest, part: Sequence[str]) -> None:
    for i in range(0, len(part), BATCH):
        taken = await taking.take([Delivery(str(n), "", body) for n, body in enumerate(part[i : i + BATCH])])
        assert not taken.not_taken


async def _floor_take(floor: Floor, part: Sequence[str]) -> None:
    for i in range(0, len(part), BATCH):
        await floor.take(part[i : i + BATCH])


async def _rounds_from_queue(pair: _Pair, sqs: Outside, count: int) -> tuple[list[float], list[float]]:
    size = count // ROUNDS
    ours: list[float] = []
    floor: list[float] = []
    for start in range(0, size * ROUNDS, size):
        part = range(start, start + size)
        for rates, work in ((ours, _bot_from_queue), (floor, _floor_from_queue)):
            await sqs.ask("fill", start=part.start, stop=part.stop)
            rates.append(await _timed(part, work(pair, sqs, size)))
            assert (await sqs.ask("depth"))["depth"] == 0
    return ours, floor


async def _inbox(sqs: Outside, stack: AsyncExitStack) -> SqsInbox:
    inbox = SqsInbox(sqs.facts["queue"], region="eu-west-1", wait_s=1, connections=RECEIVERS + 6)
    await inbox.open()
    stack.push_async_callback(inbox.close)
    return inbox


class _Counting(SqsInbox):
    """The bot's inbox, which tells when as many messages are deleted as there were."""

    def __init__(self, queue_url: str, expected: int) -> None:
        super().__init__(queue_url, region="eu-west-1", wait_s=1, connections=RECEIVERS + 6)
        self.left = expected
        self.done = asyncio.Event()

    async def delete(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        kept = await super().delete(deliveries)
        self.left -= len(deliveries) - len(kept)
        if self.left <= 0:
            self.done.set()
        return kept


async def _bot_from_queue(pair: _Pair, sqs: Outside, size: int) -> None:
    inbox = _Counting(sqs.facts["queue"], size)
    await inbox.open()
    door = StreamDoor(
        inbox=inbox,
        ingest=pair.ingest,
        ping=pair.store.ping,
        taken=lambda: None,
        vitals=Vitals(started=pair.clock.now()),
        clock=pair.clock,
        metrics=pair.metrics,
        receivers=RECEIVERS,
        batch=BATCH,
    )
    try:
        async with asyncio.TaskGroup() as group:
            stop = asyncio.Event()
            group.create_task(door.run(stop))
            await inbox.done.wait()
            stop.set()
    finally:
        await inbox.close()


async def _floor_from_queue(pair: _Pair, sqs: Outside, size: int) -> None:
    """The same receives and deletes, and nothing but the floor between them."""
    async with AsyncExitStack() as stack:
        inbox = await _inbox(sqs, stack)
        line: asyncio.Queue[Sequence[Delivery]] = asyncio.Queue(maxsize=BATCH // 10)
        receivers = [asyncio.create_task(_receive(inbox, line)) for _ in range(RECEIVERS)]
        try:
            left = size
            while left > 0:
                batch = list(await line.get())
                while len(batch) + 10 <= BATCH and not line.empty():
                    batch += line.get_nowait()
                await pair.floor.take([d.body for d in batch])
                left -= len(batch) - len(await inbox.delete(batch))
        finally:
            for task in receivers:
                task.cancel()
            await asyncio.gather(*receivers, return_exceptions=True)


async def _receive(inbox: SqsInbox, line: asyncio.Queue[Sequence[Delivery]]) -> None:
    while True:
        if deliveries := await inbox.receive():
            await line.put(deliveries)


# --- databases ----------------------------------------------------------------------------------------------------------------------


@asynccontextmanager
async def _pair(folder: Path, name: str, kind: str) -> AsyncIterator[_Pair]:
    async with AsyncExitStack() as stack:
        if kind == "SQLite":
            url = f"sqlite:///{folder / name}.db"
            floor: Floor = SqliteFloor(folder / f"{name}_floor.db")
        else:
            place = await stack.enter_async_context(postgres.server(folder / f"{name}_pg"))
            url = await postgres.new_database(place, name)
            await postgres.new_database(place, f"{name}_floor")
            floor = await PostgresFloor.open(await postgres.connect(place, f"{name}_floor"))
        stack.push_async_callback(floor.close)
        clock, metrics = SystemClock(), PrometheusMetrics()
        store = await open_store(url, clock=clock, migrate=True)
        stack.push_async_callback(store.close)
        yield _Pair(kind, store, ingest(settings(os.environ), store, clock, metrics), floor, clock, metrics)
