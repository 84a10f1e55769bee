"""What is to be shown of escalations and of who is on call. As views.py: no looks, foreign texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.escalation import Escalation
from bot.domain.figures import Waits
from bot.domain.finding import Record, Severity
from bot.domain.oncall import Shift
from bot.domain.suppression import Lease


@dataclass(frozen=True, slots=True)
class OnCallRow:
    """One rotation: who is on call (`group` is a user group's handle or id instead), and who comes next."""

    name: str
    shift: Shift | None = None
    following: Shift | None = None
    group: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class OnCallBoard:
    """Who is on call now and next. `said` is a sentence about what was just done; `quiet` are the reader's quiet hours in words."""

    rows: tuple[OnCallRow, ...]
    reader: str
    now: datetime
    said: str = ""
    quiet: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SwapForm:
    """A modal by which somebody takes over a rotation. Inputs: `rotation` (one of `rotations`), `user`, `starts` (`now`, or a time from now
    such as 2h), `lasts` (a time such as 8h). It is submitted as `oncall.swapped`."""

    rotations: tuple[str, ...]
    user: str
    now: datetime
    problem: str = ""


@dataclass(frozen=True, slots=True)
class EscalationRow:
    """One escalation: the finding, how far it is, whom it tells next (addresses in words)."""

    record: Record
    escalation: Escalation
    level: int  # told last, from 1; 0 when nobody was told yet
    levels: int
    next: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class EscalationList:
    """Who is waited for, the first due first; `more` says that there is more than is shown."""

    rows: tuple[EscalationRow, ...]
    scope: str
    now: datetime
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftBrief:
    """What a shift begins with. The button `oncall.have` carries the rotation and the shift's start in epoch seconds, joined by a dot."""

    rotation: str
    shift: Shift
    before: str  # whose shift it was
    escalations: tuple[EscalationRow, ...]
    acknowledged: tuple[Record, ...]
    acknowledged_total: int
    approvals: int
    leases: tuple[Lease, ...]
    counts: Mapping[Severity, int]
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class ShiftTaken:
    """Somebody has said that they have the shift."""

    rotation: str
    person: str
    until: datetime
    now: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class SleptThrough:
    """What happened in somebody's quiet hours: announced by severity, what is still open of the worst, who answered."""

    user: str
    since: datetime
    now: datetime
    announced: Mapping[Severity, int]
    still_open: tuple[Record, ...]
    answered: tuple[tuple[str, int], ...] = ()  # (user, how many they acknowledged)


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """How long findings wait, by environment and severity, over the last `days` days."""

    rows: tuple[Waits, ...]
    days: int
    now: datetime


OnCallView = OnCallBoard | SwapForm | EscalationList | ShiftBrief | ShiftTaken | SleptThrough | Figures
