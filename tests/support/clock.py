"""One time for the bot, its store, the Slack stand-in and the AWS stand-in, moved by the test alone.

Problem solved: leases, back-offs and Retry-After are tens of seconds, and a test waits for none of them. It refuses to guess: time stands
still until somebody moves it.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sandbox.slack.clock import ManualClock


class LeapingClock(ManualClock):
    """The stand-ins' clock, which can also leap."""

    async def skip(self, seconds: float) -> None:
        """Leap over a long time: whoever slept through it wakes at its end, and once, not at every moment on the way."""
        self._elapsed += seconds
        self._wake()
        await self._settle()


class BotClock:
    """bot.ports.Clock over the stand-ins' clock."""

    def __init__(self, shared: ManualClock) -> None:
        self.shared = shared

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.shared.now(), UTC)

    def monotonic(self) -> float:
        return self.shared.monotonic()

    async def sleep(self, seconds: float) -> None:
        await self.shared.sleep(seconds)


class StillClock:
    """bot.ports.Clock that stands still; a sleep moves it, so nothing waits."""

    def __init__(self, start: datetime | None = None) -> None:
        self._now = start or datetime(2026, 3, 1, 12, tzinfo=UTC)
        self._start = self._now
        self.slept: list[float] = []

    def now(self) -> datetime:
        return self._now

    def monotonic(self) -> float:
        return (self._now - self._start).total_seconds()

    async def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.move(seconds)

    def move(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
