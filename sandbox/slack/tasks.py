"""A supervised set of background tasks.

Problem solved: the stand-in must stop without leaving a task pending and must not lose an exception. This module
refuses to hide failures: an exception in a task is logged with its name and kept in `failures`.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Coroutine
from typing import Any, TypeVar

_log = logging.getLogger(__name__)
T = TypeVar("T")


class Tasks:
    """Tasks that live no longer than the server; `close()` cancels and awaits them all."""

    def __init__(self) -> None:
        self._running: set[asyncio.Task[Any]] = set()
        self.failures: list[tuple[str, BaseException]] = []

    def spawn(self, work: Coroutine[Any, Any, T], name: str) -> asyncio.Task[T]:
        task = asyncio.get_running_loop().create_task(work, name=name)
        self._running.add(task)
        task.add_done_callback(self._ended)
        return task

    def _ended(self, task: asyncio.Task[Any]) -> None:
        self._running.discard(task)
        if task.cancelled():
            return
        error = task.exception()
        if error is not None:
            self.failures.append((task.get_name(), error))
            _log.error("task %s of the Slack stand-in failed", task.get_name(), exc_info=error)

    async def close(self) -> None:
        while self._running:
            running = list(self._running)
            for task in running:
                task.cancel()
            await asyncio.gather(*running, return_exceptions=True)
