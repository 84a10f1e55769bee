"""Time that goes on as it does, and can be put forward: the demo shows in a minute what takes a fortnight.

The bot and both stand-ins live on one such clock. Whoever sleeps through a time that is skipped wakes at once. It refuses to go back.
"""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime


class SkippingClock:
    """The stand-ins' clock: wall time in epoch seconds, monotonic time in seconds."""

    def __init__(self) -> None:
        self._ahead = 0.0
        self._skipped = asyncio.Event()

    def now(self) -> float:
        return time.time() + self._ahead

    def monotonic(self) -> float:
        return time.monotonic() + self._ahead

    async def sleep(self, seconds: float) -> None:
        until = self.monotonic() + seconds
        while (left := until - self.monotonic()) > 0:
            skipped = self._skipped
            try:
                async with asyncio.timeout(left):
                    await skipped.wait()
            except TimeoutError:
                return
        await asyncio.sleep(0)

    def skip(self, seconds: float) -> None:
        """Put the time forward. Raises ValueError for a time that has passed."""
        if seconds < 0:
            raise ValueError("time does not go back")
        self._ahead += seconds
        waiting, self._skipped = self._skipped, asyncio.Event()
        waiting.set()


class BotClock:
    """The bot's view of the same time: the Clock port."""

    def __init__(self, shared: SkippingClock) -> None:
        self._shared = shared

    def now(self) -> datetime:
        return datetime.fromtimestamp(self._shared.now(), UTC)

    def monotonic(self) -> float:
        return self._shared.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self._shared.sleep(seconds)
