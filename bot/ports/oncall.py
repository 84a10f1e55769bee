"""What the services need of the store for escalations, swaps and figures, and of a pager. Times that are due go by the database's clock."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from bot.domain.escalation import Escalation, Progress
from bot.domain.figures import Figure
from bot.domain.finding import Record
from bot.domain.oncall import Swap


@dataclass(frozen=True, slots=True, kw_only=True)
class Quiet:
    """A person's quiet hours: minutes after midnight in their zone. Between them only who is on call is written to directly."""

    user: str
    begin: int
    end: int
    zone: str
    told: datetime | None = None  # when they were told last what they slept through


class EscalationTx(Protocol):
    """That part of a transaction."""

    async def start_escalations(self, escalations: Sequence[Escalation]) -> None:
        """Add them, each (number, generation) once for ever. A running one of the same finding in an older generation is stopped."""
        ...

    async def due_escalations(self, *, limit: int) -> Sequence[tuple[Record, Escalation]]:
        """Running ones whose time has come with their findings, the first due first; findings and then escalations are locked until the
        end, and those that another transaction holds are left to it. The database's clock decides."""
        ...

    async def lock_escalation(self, number: int) -> Escalation | None:
        """The finding's newest escalation, locked until the end."""
        ...

    async def save_escalation(self, escalation: Escalation) -> None:
        """Change the one of the same number and generation."""
        ...

    async def stop_escalations(self, numbers: Collection[int], why: str, by: str) -> Sequence[int]:
        """Stop what runs for these findings, and what was told in vain; the numbers of those that were stopped."""
        ...

    async def lock_lapsed(self, *, limit: int) -> Sequence[Record]:
        """Findings whose acknowledgement has ended, locked until the end; those that another transaction holds are left to it. The
        database's clock decides."""
        ...

    async def open_figures(self, figures: Sequence[Figure]) -> None:
        """Add them, each (number, generation) once."""
        ...

    async def close_figures(
        self, numbers: Collection[int], *, acked: datetime | None = None, resolved: datetime | None = None
    ) -> None:
        """Set when the newest announcement of each was acknowledged, or resolved; what is set already stays."""
        ...

    async def save_swap(self, swap: Swap) -> None: ...
    async def delete_swap(self, id: str) -> bool: ...
    async def save_quiet(self, quiet: Quiet) -> None:
        """Add a person's quiet hours, or change them."""
        ...

    async def delete_quiet(self, user: str) -> bool: ...


class EscalationReads(Protocol):
    """That part of a view."""

    async def escalation(self, number: int) -> Escalation | None:
        """The finding's newest escalation."""
        ...

    async def escalations(self, *, progress: Collection[Progress], env: str = "", limit: int) -> Sequence[Escalation]:
        """The first due first; of findings in one environment when it is given."""
        ...

    async def swaps(self, until: datetime) -> Sequence[Swap]:
        """Swaps that end after that time, by when they were made."""
        ...

    async def quiets(self) -> Sequence[Quiet]: ...
    async def figures(self, since: datetime, *, limit: int) -> Sequence[Figure]:
        """Announcements since then, newest first."""
        ...


class Pager(Protocol):
    """A topic that a pager listens to."""

    async def page(self, topic: str, subject: str, text: str) -> None:
        """Publish. Raises Ambiguous when it may have been taken, TemporaryError when it was not, PermanentError when it never will be."""
        ...
