"""Time, chance and counting, as the services need them. Durations are seconds in names that end `_s`; times are aware and UTC."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


class Clock(Protocol):
    """Time and waiting. Virtual in tests."""

    def now(self) -> datetime: ...
    def monotonic(self) -> float: ...
    async def sleep(self, seconds: float) -> None: ...


class Ids(Protocol):
    """Chance: ids that nobody can guess."""

    def token(self) -> str:
        """22 characters, letters and digits, 128 bits."""
        ...


class Metrics(Protocol):
    """Counters, gauges and timings. Never raises; label values come from small closed sets."""

    def count(self, name: str, n: int = 1, **labels: str) -> None: ...
    def gauge(self, name: str, value: float, **labels: str) -> None: ...
    def observe(self, name: str, seconds: float, **labels: str) -> None: ...
    def totals(self, name: str) -> Mapping[str, int]:
        """What a counter has counted since the start, by its first label's value."""
        ...


@dataclass(frozen=True, slots=True)
class Health:
    """One part's state for the health page and `/sec status`."""

    name: str
    ok: bool
    note: str = ""
