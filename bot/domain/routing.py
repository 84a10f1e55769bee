"""Which channel shows a finding, whom it mentions, and why.

A table of routes from the configuration, each a query; the first that matches wins and there is always a default, so no finding is
without a channel. Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.facets import facets
from bot.domain.finding import Record
from bot.domain.query import Query, matches, show


@dataclass(frozen=True, slots=True)
class Route:
    """One line of the table. `channel` is a channel id or a name without `#`; `mention` is user-group or user ids.

    `silent` keeps matching findings in the store without a card: they are counted and queryable.
    """

    name: str
    when: Query
    channel: str
    mention: tuple[str, ...] = ()
    silent: bool = False
    shown: str = field(init=False, repr=False, compare=False)  # `when` as a person would type it, printed once

    def __post_init__(self) -> None:
        object.__setattr__(self, "shown", show(self.when))


@dataclass(frozen=True, slots=True)
class Routed:
    """Where a finding goes. `based_on` is what was tried: (route, matched or not, its query)."""

    route: Route
    reason: str
    based_on: tuple[tuple[str, bool, str], ...]


DEFAULT = "default"


def route(record: Record, routes: Sequence[Route], fallback: Route, now: datetime) -> Routed:
    """The first route whose query holds, else `fallback`. Never raises."""
    seen = facets(record)
    tried: list[tuple[str, bool, str]] = []
    for candidate in routes:
        hit = matches(candidate.when, seen, now)
        tried.append((candidate.name, hit, candidate.shown))
        if hit:
            return Routed(candidate, f"route {candidate.name}: {candidate.shown or 'everything'}", tuple(tried))
    return Routed(fallback, f"no route matched: {fallback.name}", tuple(tried))
