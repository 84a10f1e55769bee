"""What scenarios share: a migrated database to copy, boxes, and an event loop in which nothing may block."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from functools import partial
from pathlib import Path

import pytest

from bot.adapters.sql import migrate
from tests.support.box import Box
from tests.support.boxes import HTTP_CONFIG, open_box


@pytest.fixture(scope="session")
def template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated, empty SQLite database."""
    path = tmp_path_factory.mktemp("template") / "secbot.db"
    asyncio.run(migrate(f"sqlite:///{path}"))
    return path


@pytest.fixture
def open(tmp_path: Path, template: Path) -> Callable[..., AbstractAsyncContextManager[Box]]:
    """Opens a box with options."""
    return partial(open_box, tmp_path, template)


@pytest.fixture
async def box(open: Callable[..., AbstractAsyncContextManager[Box]]) -> AsyncIterator[Box]:
    """A bot in Socket Mode."""
    async with open() as made:
        yield made


@pytest.fixture
async def http_box(open: Callable[..., AbstractAsyncContextManager[Box]]) -> AsyncIterator[Box]:
    """A bot in HTTP mode."""
    async with open(config=HTTP_CONFIG) as made:
        yield made
