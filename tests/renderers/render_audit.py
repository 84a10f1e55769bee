"""The views of the audit trail that the renderers' tests show."""

from __future__ import annotations

from dataclasses import replace

from render_cases import NOW, OFFERS, record

from bot.domain import views
from bot.domain.audit import Line, Phase


def act(what: str, phase: Phase = Phase.DONE, **changes: object) -> Line:
    """A line of the audit trail about F-1234."""
    base = Line(at=NOW, phase=phase, act=what, actor="U0SAFE1", what=what, subject="F-1234", number=1234)
    return replace(base, **changes)  # type: ignore[arg-type]


LEASE_TOLD = {
    "lease": "7F3A21bcDE", "scope": "finding", "query": "F-1234", "why": "accepted_risk", "reason": "the vendor's <scanner> reads it",
    "ticket": "SEC-9", "owner": "U0SAFE1", "until": "2026-12-01T22:00:00+00:00",
}  # fmt: skip


def _acts() -> tuple[Line, ...]:
    lease = {"subject": "L-7f3a21"}
    return (
        act("acknowledged", details={"until": "2026-11-25T02:00:00+00:00"}),
        act("assigned", details={"to": "U0SAFE1", "note": "please *look*"}),
        act("suppress_request", Phase.INTENT, details=LEASE_TOLD, **lease),
        act("suppress_approve", Phase.OUTCOME, details={"request_id": "r3Qu"}, **lease),
        act("suppress", Phase.OUTCOME, actor="", request="0a1b-2c3d", details={"stage": "active", "note": ""}, **lease),
        act("suppress_end", Phase.INTENT, actor="", details={"why": "its time is over"}, **lease),
        act(
            "suppress_end",
            Phase.OUTCOME,
            actor="",
            details={"stage": "ending", "note": "2 of 9 not active yet"},
            **lease,
        ),
        act("suppress_denied", Phase.OUTCOME, details={"why": "mend it instead"}, **lease),
        act("suppress_renew", Phase.INTENT, details=LEASE_TOLD, **lease),
        act(
            "drift_found",
            Phase.OUTCOME,
            subject="rules that hide findings",
            number=0,
            actor="",
            details={"found": "3", "news": "1", "looked": "37", "blind": ""},
        ),
        act(
            "escalated",
            actor="",
            details={"level": "2", "levels": "3", "addresses": "rotation:primary, user:U0SAFE1", "whom": "U0SAFE1"},
        ),
        act(
            "oncall_swap",
            Phase.OUTCOME,
            subject="primary",
            number=0,
            details={"person": "U0SAFE2", "from": "2026-11-24T22:00:00+00:00", "until": "2026-11-25T06:00:00+00:00"},
        ),
        act("moved_house", subject="<another> place", number=0),
    )


def _audit() -> views.AuditLog:
    rows = tuple(views.AuditRow(line, record() if line.number else None) for line in _acts())
    gone = views.AuditRow(act("asked", subject="F-9", number=9, details={"for": "ack"}), None)
    return views.AuditLog(rows=(*rows, gone), scope="since:7d", now=NOW, more=True, offers=OFFERS[1:])


GOLDEN: dict[str, dict[str, views.View]] = {
    "audit_log": {"some": _audit(), "none": views.AuditLog(rows=(), scope="", now=NOW)}
}
