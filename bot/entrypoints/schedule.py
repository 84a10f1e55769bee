"""The clock door: APScheduler only ticks; what is due is decided by rows in the database.

Jobs live in memory, in every task: a shared job store runs a job in each replica. A tick that is still running is not started again, and
missed ticks fold into one.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC

import structlog
from apscheduler.schedulers.asyncio import AsyncIOScheduler

from bot.errors import SecbotError
from bot.ports import Metrics

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class Job:
    """`run` every `every_s` seconds."""

    name: str
    every_s: float
    run: Callable[[], Awaitable[object]]


class ScheduleDoor:
    """Ticks its jobs between `start` and `stop`."""

    def __init__(self, jobs: Sequence[Job], metrics: Metrics) -> None:
        self._jobs = tuple(jobs)
        self._metrics = metrics
        self._scheduler = AsyncIOScheduler(
            timezone=UTC, job_defaults={"coalesce": True, "max_instances": 1, "misfire_grace_time": 60}
        )

    def start(self) -> None:
        """Begin to tick; must be called inside the running loop."""
        for job in self._jobs:
            self._scheduler.add_job(self._guarded(job), "interval", seconds=job.every_s, id=job.name)
        self._scheduler.start()

    def stop(self) -> None:
        if self._scheduler.running:
            self._scheduler.shutdown(wait=False)

    async def tick(self, name: str) -> None:
        """Run one job now, as its tick does. Raises KeyError when there is no such job."""
        await self._guarded({job.name: job for job in self._jobs}[name])()

    def _guarded(self, job: Job) -> Callable[[], Awaitable[None]]:
        async def tick() -> None:
            try:
                await job.run()
            except asyncio.CancelledError:
                log.info("job_stopped", job=job.name)  # the scheduler would log a trace: stopping is no failure
            except SecbotError as error:
                log.warning("job_delayed", job=job.name, reason=error.reason, error=error.message)
            except Exception as error:
                self._metrics.count("failures", where="schedule")
                log.exception("job_failed", job=job.name, error=type(error).__name__)

        return tick
