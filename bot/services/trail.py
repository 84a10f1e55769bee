"""Lines for the audit trail, as the use cases write them: in the same transaction as what they tell."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from bot.domain.audit import Line, Phase
from bot.domain.finding import Record


def done(now: datetime, actor: str, what: str, record: Record, details: Mapping[str, str]) -> Line:
    """One act on a finding that is decided and done in one transaction."""
    act = f"{what}:{record.number}:{record.revision}"
    return Line(
        at=now,
        phase=Phase.DONE,
        act=act,
        actor=actor,
        what=what,
        subject=record.ref,
        number=record.number,
        details=details,
    )


def intent(now: datetime, actor: str, what: str, subject: str, *, number: int = 0, **details: str) -> Line:
    """What is about to be done."""
    act = f"{what}:{subject}:{now.isoformat()}"
    return Line(
        at=now, phase=Phase.INTENT, act=act, actor=actor, what=what, subject=subject, number=number, details=details
    )


def outcome(
    now: datetime, actor: str, what: str, subject: str, *, number: int = 0, request: str = "", **details: str
) -> Line:
    """How something ended that took more than one transaction. `request` is AWS's request id."""
    act = f"{what}:{subject}"
    return Line(
        at=now, phase=Phase.OUTCOME, act=act, actor=actor, what=what, subject=subject, number=number, request=request,
        details=details,
    )  # fmt: skip
