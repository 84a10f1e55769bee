"""Which plug reads an event: the first that says it can, in rising rank and then by name; one that takes everything comes last.

Pure, and it knows no plug by name. What it does not do: retry, log or hide a plug's `Malformed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

from bot.domain.envelope import Envelope, Ignored, Reading


class Reader(Protocol):
    """What is asked of a source plug; `plugins.Source` fits."""

    @property
    def name(self) -> str: ...
    @property
    def rank(self) -> int: ...
    def matches(self, envelope: Envelope, /) -> bool: ...
    def normalise(self, envelope: Envelope, /) -> Reading: ...


R = TypeVar("R", bound=Reader)


def in_order(sources: Iterable[R]) -> tuple[R, ...]:
    """The plugs in the order in which they are asked."""
    return tuple(sorted(sources, key=lambda s: (s.rank, s.name)))


def read(sources: Sequence[Reader], envelope: Envelope) -> tuple[str, Reading]:
    """(plug's name, what it makes of the event); `("", Ignored("unknown"))` when no plug reads it.

    Raises:
        Malformed: the plug that claims the event cannot make sense of it.
    """
    return read_ordered(in_order(sources), envelope)


def read_ordered(sources: Sequence[Reader], envelope: Envelope) -> tuple[str, Reading]:
    """As `read`, of sources that are `in_order` already: for whoever reads many events."""
    for source in sources:
        if source.matches(envelope):
            return source.name, source.normalise(envelope)
    return "", Ignored("unknown")
