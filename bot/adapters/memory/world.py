"""Everything that the memory store keeps, as values that never change in mappings that are copied.

The problem: a transaction that fails must leave nothing behind. It works on a copy, which is cheap: no value is copied, only which of
them there are. It refuses to do anything itself.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Final

from bot.domain.approval import Request
from bot.domain.audit import Head, Line
from bot.domain.drift import Known
from bot.domain.escalation import Escalation
from bot.domain.figures import Figure
from bot.domain.finding import Entry, Record
from bot.domain.oncall import Swap
from bot.domain.suppression import Lease
from bot.ports import Card, Listing, Poison, SavedView, Saying
from bot.ports.oncall import Quiet


@dataclass(frozen=True, slots=True)
class Row:
    """An outbox row; `state` is new, sending, sent or blocked. While it is being sent, `due` is when the lease ends."""

    id: int
    saying: Saying
    due: datetime
    created: datetime
    lane: int
    state: str = "new"
    attempt: int = 0
    generation: int = 1
    started: datetime | None = None
    unsettled: datetime | None = None
    settled: datetime | None = None
    error: str = ""

    @property
    def waiting(self) -> bool:
        return self.state != "sent"

    @property
    def card(self) -> tuple[int, str]:
        return self.saying.number, self.saying.channel


@dataclass(slots=True)
class World:
    """Everything that is stored. The values never change; the mappings do."""

    records: dict[int, Record] = field(default_factory=dict)
    numbers: dict[str, int] = field(default_factory=dict)
    raw: dict[int, bytes] = field(default_factory=dict)
    taken: dict[int, datetime] = field(default_factory=dict)
    notes: list[tuple[int, Entry]] = field(default_factory=list)
    outbox: dict[str, Row] = field(default_factory=dict)
    cards: dict[tuple[int, str], Card] = field(default_factory=dict)
    channel_leases: dict[str, tuple[str, datetime]] = field(default_factory=dict)
    listings: dict[str, Listing] = field(default_factory=dict)
    views: dict[tuple[str, str], SavedView] = field(default_factory=dict)
    poison: list[Poison] = field(default_factory=list)
    seen: dict[str, datetime] = field(default_factory=dict)
    leases: dict[str, Lease] = field(default_factory=dict)
    drifts: dict[str, Known] = field(default_factory=dict)
    requests: dict[str, Request] = field(default_factory=dict)
    trail: list[Line] = field(default_factory=list)
    escalations: dict[tuple[int, int], Escalation] = field(default_factory=dict)
    swaps: dict[str, Swap] = field(default_factory=dict)
    quiets: dict[str, Quiet] = field(default_factory=dict)
    figures: dict[tuple[int, int], Figure] = field(default_factory=dict)
    head: Head = field(default_factory=Head)
    last_number: int = 0
    last_id: int = 0

    def copy(self) -> World:
        copies = {name: getattr(self, name).copy() for name in _COPIED}
        return replace(self, **copies)


_COPIED: Final = (
    "records", "numbers", "raw", "taken", "notes", "outbox", "cards", "channel_leases", "listings", "views", "poison", "seen",
    "leases", "drifts", "requests", "trail", "escalations", "swaps", "quiets", "figures",
)  # fmt: skip
