"""The three stores, each empty, with a clock that only the test moves.

Problem solved: one suite decides what a store is. PostgreSQL decides about leases by its own clock, so that clock is shifted to where
the test's is. It refuses to skip PostgreSQL quietly in CI.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import cast

import pytest

from bot.adapters.memory import MemoryStore
from bot.adapters.sql import open_store
from bot.ports import Store
from tests.support.postgres import postgres_server, postgres_url

__all__ = ["postgres_server", "postgres_url"]


class VirtualClock:
    """bot.ports.Clock; stands still unless it is moved."""

    def __init__(self) -> None:
        self._now = datetime(2026, 3, 1, 12, tzinfo=UTC)
        self._made = datetime.now(UTC)

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return self._now.timestamp()

    async def sleep(self, seconds: float) -> None:
        self.move(seconds)

    def move(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)

    def shift(self) -> timedelta:
        """From the machine's clock to this one. It changes only when this clock is moved: the database's own time goes on."""
        return self._now - self._made


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock()


STORES = ("memory", "sqlite", pytest.param("postgresql", marks=pytest.mark.postgres))


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return cast(str, request.param)


@pytest.fixture
def store_url(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The database's address; empty for memory."""
    if kind == "postgresql":
        return cast(str, request.getfixturevalue("postgres_url"))
    return f"sqlite:///{tmp_path / 'secbot.db'}" if kind == "sqlite" else ""


@pytest.fixture
async def store(store_url: str, clock: VirtualClock) -> AsyncIterator[Store]:
    made: Store = MemoryStore(clock)
    if store_url:
        made = await open_store(store_url, clock=clock, migrate=True, shift=clock.shift, pool_size=8)
    yield made
    await made.close()
