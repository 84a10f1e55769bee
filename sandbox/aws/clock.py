"""Time as the AWS stand-in sees it.

Visibility timeouts, delays, retention and long polls run on a `Clock`, so that a test moves time instead of waiting.
Any object of this shape serves; `sandbox.slack.clock.ManualClock` is one. This module refuses to schedule work.
"""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Wall time (epoch seconds), monotonic time (seconds) and a way to wait (seconds)."""

    def now(self) -> float: ...

    def monotonic(self) -> float: ...

    async def sleep(self, seconds: float) -> None: ...


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)
