"""The points at which a bot can be killed: around everything that leaves the process, without a line for it in the product.

Problem solved: each call of the store, the queue and Slack passes through here, and each gets a name with a number (`claim.after#3`), so
that a point is the same one in every run, however the tasks interleave. It refuses to change what a call does.

Which points there are, and which are left out because they are equal to another one:
* a call with an effect outside (commit, each call of the outbox, delete, release, post, update, join) has one before and one after;
* a call inside an open transaction, and a read, has one after it only: before it nothing has happened since the point before;
* a read that is made by the clock and finds nothing (due_channels, an empty receive, pings) has none: there are as many as one waits for;
* within one call of the outbox there is none: it is one transaction, and what is not committed is rolled back, as before the call.
"""

from __future__ import annotations

import inspect
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bot.ports import Delivery

BOTH = frozenset({
    "lease_channel", "free_channel", "claim", "settle", "put_back", "hold", "delete", "release", "post", "update", "join",
})  # fmt: skip
AFTER = frozenset({
    "lock", "insert", "update_rows", "note", "say", "quarantine", "reaccount", "get", "card", "find", "resolve_channel",
})  # fmt: skip


class Points:
    """Names every point as it is passed; `reached` is called at the one where the bot is to die."""

    def __init__(self, kill_at: str, reached: Callable[[str], None]) -> None:
        self._kill_at = kill_at
        self._reached = reached
        self._count: Counter[str] = Counter()
        self.passed: list[str] = []

    def pass_by(self, name: str) -> None:
        self._count[name] += 1
        point = f"{name}#{self._count[name]}"
        self.passed.append(point)
        if point == self._kill_at:
            self._reached(point)


class Watched:
    """Any port, its calls surrounded by points. `names` renames a call where two ports share a word."""

    def __init__(self, inner: Any, points: Points, **names: str) -> None:
        self.inner = inner
        self._points = points
        self._names = names

    def __getattr__(self, name: str) -> Any:
        value = getattr(self.inner, name)
        known = self._names.get(name, name)
        if not inspect.iscoroutinefunction(value) or known not in BOTH | AFTER:
            return value
        return self._surrounded(known, value)

    def _surrounded(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def surrounded(*args: Any, **kwargs: Any) -> Any:
            if name in BOTH:
                self._points.pass_by(f"{name}.before")
            answer = await call(*args, **kwargs)
            self._points.pass_by(f"{name}.after")
            return answer

        return surrounded


class WatchedStore(Watched):
    """The store: its transactions too, with the commit as a point of its own."""

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        async with self.inner.begin() as tx:
            self._points.pass_by("begin.after")
            yield Watched(tx, self._points, update="update_rows")
            self._points.pass_by("commit.before")
        self._points.pass_by("commit.after")

    @asynccontextmanager
    async def reads(self) -> AsyncIterator[Any]:
        async with self.inner.reads() as reads:
            yield Watched(reads, self._points)


class WatchedInbox(Watched):
    """The queue: a receive counts when it brought something."""

    async def receive(self) -> Sequence[Delivery]:
        deliveries: Sequence[Delivery] = await self.inner.receive()
        if deliveries:
            self._points.pass_by("receive.after")
        return deliveries


# --- sabotage: what the test must notice -----------------------------------------------------------------------------------------------


class DeletesFirst(WatchedInbox):
    """A queue whose messages are deleted on receiving, before anything is committed: the classic way to lose them."""

    async def receive(self) -> Sequence[Delivery]:
        deliveries = await super().receive()
        if deliveries:
            await self.inner.delete(deliveries)
        return deliveries

    async def delete(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        self._points.pass_by("delete.before")
        self._points.pass_by("delete.after")
        return ()


class NeverFinds(Watched):
    """A Slack in which no earlier post is ever found: what a bot without a reconcile takes for granted."""

    async def find(self, *_: Any, **__: Any) -> None:
        self._points.pass_by("find.after")
