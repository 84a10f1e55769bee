"""Parts of the bot that fail when a test says so.

Problem solved: a database or a queue that does not answer, without touching the real one. It refuses to fail by chance.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from bot.ports import Store


class Breakable:
    """A store whose transactions, reads or ping raise while told to. Everything else is the wrapped store's."""

    def __init__(self) -> None:
        self.inner: Any = None
        self.fail_writes_with: Exception | None = None
        self.fail_reads_with: Exception | None = None
        self.fail_ping_with: Exception | None = None
        self.begun = 0

    def wrap(self, store: Store) -> Store:
        self.inner = store
        return self

    def down(self, error: Exception | None) -> None:
        """Everything fails with this; None: everything works."""
        self.fail_writes_with = self.fail_reads_with = self.fail_ping_with = error

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    @asynccontextmanager
    async def begin(self) -> AsyncIterator[Any]:
        self.begun += 1
        if self.fail_writes_with is not None:
            raise self.fail_writes_with
        async with self.inner.begin() as tx:
            yield tx

    @asynccontextmanager
    async def reads(self) -> AsyncIterator[Any]:
        if self.fail_reads_with is not None:
            raise self.fail_reads_with
        async with self.inner.reads() as reads:
            yield reads

    async def ping(self) -> None:
        if self.fail_ping_with is not None:
            raise self.fail_ping_with
        await self.inner.ping()
