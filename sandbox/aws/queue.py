"""One standard queue: at-least-once delivery, visibility timeouts, a dead-letter queue, in memory.

Receiving and deleting cost the same whatever the depth. Everything here is plain calls on one event loop; only
`arrival` waits. FIFO queues, encryption and queue policies are not modelled. An old receipt handle deletes nothing
and says so to nobody, as in AWS.
"""

from __future__ import annotations

import asyncio
import heapq
import random
import uuid
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from sandbox.aws import digests
from sandbox.aws.clock import Clock
from sandbox.aws.errors import ApiError
from sandbox.aws.faults import Faults

IN_FLIGHT_LIMIT = (
    120_000  # From: SQS Developer Guide, "Amazon SQS message quotas", in-flight messages of a standard queue
)
LOG_LENGTH = 2_000


@dataclass(slots=True)
class Message:
    """A message as the queue holds it. `serial` names this copy; a duplicate has the same `id` and another serial."""

    serial: int
    id: str
    body: str
    attributes: dict[str, dict[str, Any]]
    system: dict[str, str]
    sent: float  # wall, epoch seconds
    visible_at: float  # monotonic
    md5: str
    attributes_md5: str
    receives: int = 0
    first_received: float = 0.0
    waiting: bool = False  # in the ready line; otherwise delayed or in flight
    dlq_source: str = ""

    @property
    def handle(self) -> str:
        """The receipt of the latest delivery."""
        return f"AQEB-{self.serial}-{self.receives}-{self.id}"


@dataclass(slots=True)
class Settings:
    """The attributes that steer a queue, in the units of SQS (seconds, bytes)."""

    visibility: int = 30
    delay: int = 0
    wait: int = 0
    retention: int = 345_600
    max_size: int = 1_048_576
    max_receives: int = 0  # 0: no dead-letter queue
    dlq_arn: str = ""


@dataclass(frozen=True, slots=True)
class Call:
    """One request in a log: what was asked, when (epoch seconds), and the error code that it was answered with."""

    operation: str
    params: dict[str, Any]
    at: float
    error: str = ""


@dataclass(slots=True)
class Weather:
    """How badly a queue behaves: chance (0..1) of a second delivery, and whether order is lost."""

    duplicate: float = 0.0
    shuffle: bool = False
    dice: random.Random = field(default_factory=lambda: random.Random(7))


class Queue:
    """A queue and the switches for a test: `depth`, `in_flight`, `log`, `fail`, `misbehave`, `put`, `bodies`."""

    def __init__(self, name: str, url: str, arn: str, clock: Clock, find: Callable[[str], Queue | None]) -> None:
        self.name, self.url, self.arn = name, url, arn
        self.settings = Settings()
        self.attributes: dict[str, str] = {}
        self.tags: dict[str, str] = {}
        self.created = clock.now()
        self.changed = self.created
        self.faults = Faults()
        self.weather = Weather()
        self.log: deque[Call] = deque(maxlen=LOG_LENGTH)
        self._clock = clock
        self._find = find
        self._serial = 0
        self._all: dict[int, Message] = {}
        self._ready: deque[Message] = deque()
        self._later: list[
            tuple[float, int]
        ] = []  # (visible_at, serial): delayed or in flight; stale entries are skipped
        self._in_flight: set[int] = set()
        self._waiters: set[asyncio.Future[None]] = set()

    # --- what a test sees ---

    @property
    def depth(self) -> int:
        """Messages in the queue, in flight ones included."""
        return len(self._all)

    @property
    def in_flight(self) -> int:
        """Messages delivered and neither deleted nor visible again."""
        self._mature()
        return len(self._in_flight)

    @property
    def delayed(self) -> int:
        """Messages that are not yet visible for the first time."""
        self._mature()
        return sum(not m.waiting and m.serial not in self._in_flight for m in self._all.values())

    @property
    def visible(self) -> int:
        """Messages that a receive would find now."""
        return self.depth - self.in_flight - self.delayed

    def bodies(self) -> list[str]:
        """The bodies of all messages, oldest first."""
        return [message.body for message in self._all.values()]

    def put(self, body: str) -> str:
        """Add a message in-process; returns its MessageId. No size or character check: a test may put what SQS would
        refuse.
        """
        return self.add(body).id

    def fail(self, operation: str, *, kind: str, count: int = 1) -> None:
        """See `Faults.fail`; for calls on this queue only."""
        self.faults.fail(operation, kind=kind, count=count)

    def misbehave(self, *, duplicate: float = 0.0, shuffle: bool = False, seed: int = 7) -> None:
        """From now on deliver a share (0..1) of messages twice, and hand them out of order. No argument: behave
        again.
        """
        self.weather = Weather(duplicate, shuffle, random.Random(seed))

    # --- what SQS does ---

    def add(
        self,
        body: str,
        attributes: dict[str, dict[str, Any]] | None = None,
        system: dict[str, str] | None = None,
        delay: int | None = None,
    ) -> Message:
        """Take in a message; it becomes visible after `delay` seconds (None: the queue's own)."""
        self._serial += 1
        kept = attributes or {}
        message = Message(
            serial=self._serial,
            id=str(uuid.uuid4()),
            body=body,
            attributes=kept,
            system=system or {},
            sent=self._clock.now(),
            visible_at=self._clock.monotonic() + (self.settings.delay if delay is None else delay),
            md5=digests.of_body(body),
            attributes_md5=digests.of_attributes(kept),
        )
        self._enter(message)
        return message

    def receive(self, limit: int, visibility: int | None = None) -> list[Message]:
        """Up to `limit` visible messages, now in flight. Raises OverLimit when too many are."""
        self._mature()
        if len(self._in_flight) >= IN_FLIGHT_LIMIT:
            raise ApiError("OverLimit", "Too many messages are in flight.", 403)
        got: list[Message] = []
        while self._ready and len(got) < limit:
            message = self._ready.popleft()
            if message.waiting and message.serial in self._all and self._deliverable(message):
                self._deliver(message, self.settings.visibility if visibility is None else visibility)
                got.append(message)
        if self.weather.shuffle:
            self.weather.dice.shuffle(got)
        return got

    def delete(self, handle: str) -> None:
        """Delete by receipt; an old receipt or a deleted message changes nothing. Raises ReceiptHandleIsInvalid."""
        serial, receives = self._parse(handle)
        message = self._all.get(serial)
        if message is not None and message.receives == receives:
            del self._all[serial]
            self._in_flight.discard(serial)

    def change_visibility(self, handle: str, seconds: int) -> None:
        """Let an in-flight message become visible `seconds` from now. Raises MessageNotInflight or
        ReceiptHandleIsInvalid.
        """
        self._mature()
        serial, receives = self._parse(handle)
        message = self._all.get(serial)
        if message is None or message.receives != receives:
            raise ApiError("InvalidParameterValue", "The message is gone, or the receipt is an old one.")
        if serial not in self._in_flight:
            raise ApiError("MessageNotInflight", "The message is not in flight.")
        message.visible_at = self._clock.monotonic() + seconds
        heapq.heappush(self._later, (message.visible_at, serial))
        self._wake()

    def purge(self) -> None:
        """Forget every message."""
        self._all.clear()
        self._ready.clear()
        self._later.clear()
        self._in_flight.clear()

    async def arrival(self, seconds: float) -> None:
        """Return when a message may have become visible, or after `seconds`. A hint: the caller looks again."""
        self._mature()
        if self._ready:
            return
        if self._later:
            seconds = min(seconds, max(0.0, self._later[0][0] - self._clock.monotonic()))
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.add(waiter)
        try:
            async with asyncio.TaskGroup() as group:
                alarm = group.create_task(self._alarm(waiter, seconds))
                await waiter
                alarm.cancel()
        finally:
            self._waiters.discard(waiter)

    def wake_all(self) -> None:
        """End every wait: the server is stopping."""
        self._wake()

    # --- how ---

    async def _alarm(self, waiter: asyncio.Future[None], seconds: float) -> None:
        await self._clock.sleep(seconds)
        if not waiter.done():
            waiter.set_result(None)

    def _wake(self) -> None:
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def _enter(self, message: Message) -> None:
        self._all[message.serial] = message
        if message.visible_at <= self._clock.monotonic():
            self._line_up(message)
        else:
            heapq.heappush(self._later, (message.visible_at, message.serial))
        self._wake()

    def _line_up(self, message: Message) -> None:
        message.waiting = True
        if self.weather.shuffle and self.weather.dice.random() < 0.5:
            self._ready.appendleft(message)
        else:
            self._ready.append(message)

    def _mature(self) -> None:
        """Move what has become visible into the ready line."""
        now = self._clock.monotonic()
        while self._later and self._later[0][0] <= now:
            due, serial = heapq.heappop(self._later)
            message = self._all.get(serial)
            if message is not None and not message.waiting and message.visible_at == due:
                self._in_flight.discard(serial)
                self._line_up(message)

    def _deliverable(self, message: Message) -> bool:
        """False when the message is too old, or has been received too often and goes to the dead-letter queue
        instead.
        """
        if self._clock.now() - message.sent > self.settings.retention:
            del self._all[message.serial]
            return False
        if not self.settings.max_receives or message.receives < self.settings.max_receives:
            return True
        dlq = self._find(self.settings.dlq_arn)
        if dlq is None:
            return True  # AWS keeps delivering when the target is gone
        del self._all[message.serial]
        dlq.take_over(message, self.arn)
        return False

    def take_over(self, message: Message, source_arn: str) -> None:
        """Receive a dead letter: same id, body and sent time."""
        self._serial += 1
        moved = replace(message, serial=self._serial, visible_at=self._clock.monotonic(), dlq_source=source_arn)
        self._enter(moved)

    def _deliver(self, message: Message, visibility: int) -> None:
        message.waiting = False
        message.receives += 1
        message.first_received = message.first_received or self._clock.now()
        message.visible_at = self._clock.monotonic() + visibility
        self._in_flight.add(message.serial)
        heapq.heappush(self._later, (message.visible_at, message.serial))
        if self.weather.duplicate and self.weather.dice.random() < self.weather.duplicate:
            self._serial += 1
            self._enter(replace(message, serial=self._serial, visible_at=self._clock.monotonic()))

    @staticmethod
    def _parse(handle: str) -> tuple[int, int]:
        parts = handle.split("-", 3)
        if len(parts) != 4 or parts[0] != "AQEB" or not (parts[1].isdigit() and parts[2].isdigit()):
            raise ApiError("ReceiptHandleIsInvalid", "The receipt handle is not one of this queue.", 404)
        return int(parts[1]), int(parts[2])
