"""Time as the Slack stand-in sees it.

Problem solved: the 3 second rule, rate limits and trigger lifetimes must be testable without waiting for them. Every
timer of the stand-in goes through a `Clock`. This module refuses to schedule work: it tells the time and waits,
nothing else.
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


class ManualClock:
    """A clock that stands still until `advance` is called; sleepers wake in the order of their due times.

    `start` is wall time in epoch seconds. In HTTP mode give `start=time.time()`: the bot checks the signature's age
    by its own clock.
    """

    def __init__(self, start: float = 1_732_480_000.0) -> None:
        self._start = start
        self._elapsed = 0.0
        self._sleepers: list[tuple[float, asyncio.Future[None]]] = []
        self._watchers: list[tuple[int, asyncio.Future[None]]] = []

    def now(self) -> float:
        return self._start + self._elapsed

    def monotonic(self) -> float:
        return self._elapsed

    @property
    def sleepers(self) -> int:
        """How many tasks are waiting: lets a test know that a timer has been started before it moves time."""
        return sum(not waiter.done() for _, waiter in self._sleepers)

    async def sleep(self, seconds: float) -> None:
        if seconds <= 0:
            await asyncio.sleep(0)
            return
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        entry = (self._elapsed + seconds, waiter)
        self._sleepers.append(entry)
        self._tell_watchers()
        try:
            await waiter
        finally:
            if entry in self._sleepers:
                self._sleepers.remove(entry)

    async def sleeping(self, count: int = 1) -> None:
        """Wait until at least `count` tasks sleep. Tests bound this by their own real time limit."""
        if self.sleepers < count:
            watcher: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            self._watchers.append((count, watcher))
            await watcher

    def _tell_watchers(self) -> None:
        for count, watcher in self._watchers:
            if self.sleepers >= count and not watcher.done():
                watcher.set_result(None)

    async def advance(self, seconds: float) -> None:
        """Move time on, stopping at each due time so that what wakes may start new timers on the way."""
        target = self._elapsed + seconds
        while (due := self._next_due(target)) is not None:
            self._elapsed = max(self._elapsed, due)
            self._wake()
            await self._settle()
        self._elapsed = target
        await self._settle()

    def _next_due(self, target: float) -> float | None:
        due = [at for at, waiter in self._sleepers if not waiter.done() and at <= target]
        return min(due) if due else None

    def _wake(self) -> None:
        for at, waiter in list(self._sleepers):
            if at <= self._elapsed and not waiter.done():
                waiter.set_result(None)

    @staticmethod
    async def _settle() -> None:
        for _ in range(25):  # enough turns of the loop for a chain of tasks to take note
            await asyncio.sleep(0)
