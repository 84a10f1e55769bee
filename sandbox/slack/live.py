"""What open pages are told as it happens.

Problem solved: each browser page (and each test that waits) hears of every change at once. This module refuses to
know what a frame means; it hands JSON objects to the queues of the users they are for, and keeps the toasts so that
tests can read them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from sandbox.slack.state import Json

T = TypeVar("T")


@dataclass(frozen=True)
class Toast:
    """A passing notice a user saw; `level` is error, warning or info."""

    user: str
    level: str
    text: str


class Live:
    """Page connections by user. A queue is unbounded: pages are local and few."""

    def __init__(self) -> None:
        self._queues: dict[str, list[asyncio.Queue[Json]]] = {}
        self._waiters: set[asyncio.Future[None]] = set()
        self.toasts: list[Toast] = []

    def subscribe(self, user: str) -> asyncio.Queue[Json]:
        queue: asyncio.Queue[Json] = asyncio.Queue()
        self._queues.setdefault(user, []).append(queue)
        return queue

    def unsubscribe(self, user: str, queue: asyncio.Queue[Json]) -> None:
        self._queues[user].remove(queue)

    def push(self, users: Iterable[str], frame: Json) -> None:
        for user in users:
            for queue in self._queues.get(user, ()):
                queue.put_nowait(frame)
        self.changed()

    def push_everyone(self, frame: Json) -> None:
        self.push(list(self._queues), frame)

    def watching(self) -> list[str]:
        """Users with at least one open page."""
        return [user for user, queues in self._queues.items() if queues]

    def toast(self, user: str, level: str, text: str) -> None:
        self.toasts.append(Toast(user, level, text))
        self.push([user], {"type": "toast", "level": level, "text": text})

    def changed(self) -> None:
        """Wake everyone in `wait_for`; called after each change of any state."""
        waiters, self._waiters = self._waiters, set()
        for waiter in waiters:
            if not waiter.done():
                waiter.set_result(None)

    async def wait_for(self, predicate: Callable[[], T], timeout_s: float) -> T:
        """The first true value of `predicate`, looked at now and after each change; TimeoutError when none came in
        real time."""
        async with asyncio.timeout(timeout_s):
            while not (value := predicate()):
                waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
                self._waiters.add(waiter)
                try:
                    await waiter
                finally:
                    self._waiters.discard(waiter)
        return value
