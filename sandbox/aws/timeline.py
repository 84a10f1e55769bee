"""A value with its past, so that a stand-in can show what it was a while ago: eventual consistency on demand.

AWS answers a change at once and shows it later. Whoever keeps its state in a `Timeline` can act on `latest` and list
`at(now - lag)`. Nothing here knows a clock.
"""

from __future__ import annotations

from typing import Generic, TypeVar

T = TypeVar("T")
ALWAYS = float("-inf")  # since before anyone looked


class Timeline(Generic[T]):
    """The states of one thing, oldest first. `since` of the first state is when the thing came to be."""

    def __init__(self, first: T, since: float = ALWAYS) -> None:
        self._states: list[tuple[float, T]] = [(since, first)]

    @property
    def latest(self) -> T:
        return self._states[-1][1]

    @property
    def changed(self) -> float:
        """When the latest state began, epoch seconds."""
        return self._states[-1][0]

    def set(self, value: T, when: float) -> None:
        """The state from `when` on; an equal one is no change."""
        if value != self.latest:
            self._states.append((when, value))

    def at(self, when: float) -> T | None:
        """The state at a moment, or None before the thing was there."""
        return next((value for since, value in reversed(self._states) if since <= when), None)
