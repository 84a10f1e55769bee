"""The points at which a life of suppressions can be killed, and a sabotaged keeper of leases that the test must notice.

Problem solved: beside the store, what leaves the process here goes to AWS, through the three ports of hiding. As in points.py, what has an
effect outside has a point before and one after it; a read has one after it only, because before it nothing has happened since the point
before. It refuses to split a transaction: what is not committed is rolled back, so its commit is the only step that it has.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from typing import Any

from bot.domain.suppression import Lease
from bot.services.leases import Leases
from tests.crash.points import Points

CHANGES = frozenset({
    "set_status", "create_rule", "update_rule", "apply_rule", "delete_rule", "set_suppressed", "archive", "unarchive",
})  # fmt: skip
LOOKS = frozenset({"findings", "rules", "suppressed", "archived"})


class WatchedPort:
    """AnalyzerRules, HubStatus or Threats, its calls surrounded by points."""

    def __init__(self, inner: Any, points: Points) -> None:
        self._inner = inner
        self._points = points

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._inner, name)
        return self._surrounded(name, value) if name in CHANGES | LOOKS else value

    def _surrounded(self, name: str, call: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        async def surrounded(*args: Any, **kwargs: Any) -> Any:
            if name in CHANGES:
                self._points.pass_by(f"{name}.before")
            answer = await call(*args, **kwargs)
            self._points.pass_by(f"{name}.after")
            return answer

        return surrounded


class WatchedCommits:
    """The store: a point before and one after every commit."""

    def __init__(self, inner: Any, points: Points) -> None:
        self._inner = inner
        self._points = points

    def __getattr__(self, name: str) -> Any:
        return getattr(self._inner, name)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        async with self._inner.begin() as tx:
            yield tx
            self._points.pass_by("commit.before")
        self._points.pass_by("commit.after")


class ForgetfulLeases(Leases):
    """Sabotage: asks at the source before it has written down what it is about to do there."""

    __slots__ = ()

    async def _keep(self, lease: Lease, native: Mapping[str, str]) -> None:
        """Nothing is kept."""
