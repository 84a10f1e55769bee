"""One time for the driver, the stand-ins in it and the bots that are killed: the machine's monotonic clock, hurried and put forward.

Problem solved: leases of a minute, visibility times of two and back-offs must really run out between two processes, and a test waits for
none of them. Every process works the time out by itself from the same few numbers. It refuses to stand still: a process that nobody
steps must live on it.
"""

from __future__ import annotations

import asyncio
import time
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta

HURRY = 30.0  # seconds of this time in a real one: idle waits of the bot become 33 ms, a lease of 60 s two seconds


@dataclass
class HurriedTime:
    """The stand-ins' clock. `start` is its wall time at `zero`, epoch seconds; `zero` a reading of the monotonic clock."""

    start: float
    zero: float
    ahead: float = 0.0

    def monotonic(self) -> float:
        return self.ahead + (time.monotonic() - self.zero) * HURRY

    def now(self) -> float:
        return self.start + self.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / HURRY)

    def as_json(self) -> dict[str, float]:
        return asdict(self)


class BotTime:
    """bot.ports.Clock over it."""

    def __init__(self, shared: HurriedTime) -> None:
        self._shared = shared

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._shared.now(), UTC)

    def monotonic(self) -> float:
        return self._shared.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._shared.sleep(seconds)

    def shift(self) -> timedelta:
        """From the database's clock, which is the machine's, to this one."""
        return self.now() - datetime.now(UTC)
