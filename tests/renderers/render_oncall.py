"""The views of escalations and of who is on call that the renderers' tests show: plain ones for the golden files, and hostile ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st
from render_cases import NOW, acknowledged, finding, record, resolved, status, taken
from render_hiding import lease, leases
from render_hostile import entries, mention, numbers, records, safe_users, texts, times

from bot.domain import views
from bot.domain.escalation import Escalation, Progress
from bot.domain.figures import Waits
from bot.domain.finding import Entry, Record, Severity, State
from bot.domain.lifecycle import Change
from bot.domain.oncall import Shift
from bot.domain.oncall_views import (
    EscalationList,
    EscalationRow,
    Figures,
    OnCallBoard,
    OnCallRow,
    ShiftBrief,
    ShiftTaken,
    SleptThrough,
    SwapForm,
)
from bot.domain.views import FindingCard, ThreadLine

TOPIC = "sns:arn:aws:sns:eu-central-1:111122223333:pager"


def escalation(rung: int = 0, **changes: object) -> Escalation:
    """It runs, and its next level is due in four minutes."""
    told = NOW - timedelta(minutes=3) if rung else None
    base = Escalation(
        number=1234, generation=1, policy="critical-prod", started=NOW - timedelta(minutes=9), due=NOW + timedelta(minutes=4), rung=rung,
        told=told,
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


def row(
    level: int = 1, about: Record | None = None, *, following: tuple[str, ...] = ("group:sec-oncall",)
) -> EscalationRow:
    """A finding of which `level` of three levels was told."""
    return EscalationRow(about or record(), escalation(level), level, 3, following)


def in_vain(about: Record | None = None) -> EscalationRow:
    """Everybody was told, the last path too."""
    return EscalationRow(about or record(number=99), escalation(4, progress=Progress.EXHAUSTED), 4, 3)


def in_hub() -> Record:
    """Acknowledged by its workflow in Security Hub."""
    return record(state=State.ACKNOWLEDGED, revision=2)


def low(number: int) -> Record:
    return record(number=number, finding=finding(severity=Severity.LOW, title="A <quiet> thing"))


def card(about: Record | None = None, of: EscalationRow | None = None, *, direct: bool = False) -> FindingCard:
    return FindingCard(record=about or record(), now=NOW, escalation=of, direct=direct)


def line(
    kind: str, *, announce: bool = False, here: bool = False, about: Record | None = None, **changes: object
) -> ThreadLine:
    entry = Entry(at=NOW, kind=kind, **changes)  # type: ignore[arg-type]
    whom = ("S0SAFE1", "U0SAFE1") if kind == Change.ESCALATED else ()
    return ThreadLine(record=about or record(), entry=entry, now=NOW, announce=announce, mention=whom, here=here)


def escalated(
    *, announce: bool = True, here: bool = False, actor: str = "", note: str = "", **details: str
) -> ThreadLine:
    told = {
        "level": "2",
        "levels": "3",
        "policy": "critical-prod",
        "addresses": "rotation:primary, user:U0SAFE1",
    } | details
    return line(Change.ESCALATED, announce=announce, here=here, actor=actor, note=note, details=told)


def shift(person: str = "U0SAFE1", days: int = 0, *, instead: str = "") -> Shift:
    return Shift(person, NOW + timedelta(days=days), NOW + timedelta(days=days + 7), instead)


def brief(**changes: object) -> ShiftBrief:
    base = ShiftBrief(
        rotation="primary", shift=shift(), before="U0SAFE2", escalations=(in_vain(), row(2)), acknowledged=(acknowledged(), taken()),
        acknowledged_total=12, approvals=2, leases=(lease(), lease(id="00aa11")), counts={Severity.CRITICAL: 3, Severity.HIGH: 12},
        now=NOW,
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


WAITS = (
    Waits(
        env="prod", severity=Severity.CRITICAL, announced=12, acked=9, resolved=7, ack_median=timedelta(minutes=4),
        ack_p95=timedelta(minutes=11), resolve_median=timedelta(hours=3),
    ),
    Waits(env="", severity=Severity.HIGH, announced=1, acked=0, resolved=0, ack_median=None, ack_p95=None, resolve_median=None),
)  # fmt: skip

GOLDEN_OF_CARDS: dict[str, views.View] = {
    "escalating": card(of=row(0)),
    "escalated": card(of=row(1)),
    "at_its_last_level": card(of=row(3, following=("channel:sec-leads", "user:U0EVIL1"))),
    "in_vain": card(of=in_vain()),
    "called": card(of=row(1), direct=True),
    "called_in_vain": card(of=in_vain(), direct=True),
    "called_and_answered": card(acknowledged(), direct=True),
    "acknowledged_in_hub": card(in_hub()),
}
GOLDEN_OF_LINES: dict[str, views.View] = {
    "escalated": escalated(),
    "escalated_to_everybody": escalated(here=True, late="1", addresses="here, channel:sec-leads"),
    "escalated_quietly": escalated(announce=False, here=True),
    "escalated_by_a_person": escalated(actor="U0SAFE1", note="can't take it"),
    "told_in_vain": escalated(level="4", last="1", addresses=f"channel:C0SAFE123, {TOPIC}"),
    "given_back": line(Change.UNACKED, actor="U0SAFE1", details={"was": "U0SAFE2"}),
    "rearmed": line(Change.REARMED, announce=True, details={"was": "U0SAFE1"}),
    "resolved_in_time": line(Change.RESOLVED, about=resolved(), details={"stopped": "1"}),
    "answered": line(
        Change.ACKNOWLEDGED, actor="U0SAFE1", details={"until": "2026-11-25T02:00:00+00:00", "stopped": "1"}
    ),
}
GOLDEN_OF_STATUS: dict[str, views.View] = {"waits": replace(status(True), waits=WAITS)}

GOLDEN: dict[str, dict[str, views.View]] = {
    "oncall_board": {
        "some": OnCallBoard(
            rows=(
                OnCallRow("primary", shift(), shift("U0SAFE2", 7)),
                OnCallRow("second", shift("U0SAFE2", instead="U0SAFE1"), shift("U0SAFE1", 7, instead="U0SAFE2")),
                OnCallRow("alone", shift("U0SAFE2")),
                OnCallRow("sec", group="S0SAFE1"),
                OnCallRow("leads", group="@sec-leads"),
                OnCallRow("empty"),
            ),
            reader="U0SAFE1", now=NOW, said="<@U0SAFE2> takes over second.", quiet="22:00-07:00 Europe/Madrid",
        ),
        "others": OnCallBoard(rows=(OnCallRow("primary", shift("U0SAFE2")),) * 23, reader="U0SAFE1", now=NOW),
        "none": OnCallBoard(rows=(), reader="U0SAFE1", now=NOW),
    },
    "swap_form": {
        "new": SwapForm(rotations=("primary",), user="U0SAFE1", now=NOW),
        "again": SwapForm(rotations=("primary", "second"), user="", now=NOW, problem="`8 hours` is not a time."),
    },
    "escalation_list": {
        "some": EscalationList(
            rows=(row(0, following=("rotation:primary", "user:U0SAFE1")), row(1, low(5)), in_vain()), scope="env:prod", now=NOW
        ),
        "overdue": EscalationList(rows=(row(2, following=(TOPIC, "here")),), scope="", now=NOW + timedelta(hours=1)),
        "more": EscalationList(rows=tuple(row(1, low(n)) for n in range(20)), scope="", now=NOW, more=True),
        "none": EscalationList(rows=(), scope="env:prod", now=NOW),
    },
    "shift_brief": {
        "busy": brief(),
        "full": brief(
            escalations=tuple(row(1, low(n)) for n in range(9)), acknowledged=(acknowledged(),) * 9, leases=(lease(),) * 9,
            shift=shift(instead="U0SAFE3"),
        ),
        "quiet": brief(escalations=(), acknowledged=(), acknowledged_total=0, approvals=0, leases=(), counts={}, before=""),
        "unnameable": brief(rotation="a\u202eb"),
    },
    "shift_taken": {"some": ShiftTaken(rotation="primary", person="U0SAFE1", until=NOW + timedelta(days=7), now=NOW)},
    "slept_through": {
        "busy": SleptThrough(
            user="U0SAFE1", since=NOW - timedelta(hours=9), now=NOW, announced={Severity.CRITICAL: 1, Severity.LOW: 4},
            still_open=(record(), taken()), answered=(("U0SAFE2", 3), ("U0SAFE1", 1)),
        ),
        "mended": SleptThrough(user="U0SAFE1", since=NOW - timedelta(hours=9), now=NOW, announced={Severity.HIGH: 1}, still_open=()),
        "quiet": SleptThrough(user="U0SAFE1", since=NOW - timedelta(hours=9), now=NOW, announced={}, still_open=()),
    },
    "figures": {
        "some": Figures(rows=WAITS, days=30, now=NOW),
        "many": Figures(rows=WAITS * 25, days=7, now=NOW),
        "none": Figures(rows=(), days=30, now=NOW),
    },
}  # fmt: skip

# --- hostile --------------------------------------------------------------------------------------------------------------------

addresses = st.sampled_from(["rotation:primary", "group:sec-oncall", "user:U0SAFE1", "channel:C0SAFE123", TOPIC, "here", ""]) | (
    st.sampled_from(["", "user:", "channel:", "group:", "rotation:", "sns:"]).flatmap(lambda kind: texts.map(lambda text: kind + text))
)  # fmt: skip
escalations = st.builds(
    Escalation, number=numbers, generation=st.integers(1, 9), policy=texts, started=times, due=times, rung=st.integers(0, 50),
    told=st.none() | times, progress=st.sampled_from(Progress), why=texts, by=safe_users,
)  # fmt: skip
escalation_rows = st.builds(
    EscalationRow,
    records,
    escalations,
    st.integers(0, 12),
    st.integers(0, 11),
    st.lists(addresses, max_size=8).map(tuple),
)
shifts = st.builds(Shift, safe_users, times, times, safe_users)
oncall_rows = st.builds(
    OnCallRow, texts, st.none() | shifts, st.none() | shifts, st.sampled_from(["S0SAFE1", "", "<!here>"]) | texts
)  # fmt: skip
spans = st.none() | st.timedeltas(timedelta(days=-1), timedelta(days=900))
waits = st.builds(
    Waits, env=texts, severity=st.sampled_from(Severity), announced=numbers, acked=numbers, resolved=numbers, ack_median=spans,
    ack_p95=spans, resolve_median=spans,
)  # fmt: skip
waits_of_status = st.lists(waits, max_size=3).map(lambda rows: tuple(rows * 9))
counts = st.dictionaries(st.sampled_from(Severity), st.integers(0, 10**6))

cards = st.builds(
    FindingCard,
    record=records,
    now=times,
    mention=mention,
    escalation=st.none() | escalation_rows,
    direct=st.booleans(),
)
_told = entries | st.builds(
    replace, entries, kind=st.sampled_from([Change.ESCALATED, Change.UNACKED, Change.REARMED]),
    details=st.fixed_dictionaries(
        {"addresses": st.lists(addresses, max_size=9).map(", ".join)},
        optional={"was": safe_users, "level": texts, "levels": texts, "policy": texts, "last": st.just("1"), "late": st.just("1")},
    ),
)  # fmt: skip
thread_lines = st.builds(
    ThreadLine, record=records, entry=_told, now=times, announce=st.booleans(), mention=mention, here=st.booleans()
)

HOSTILE: dict[str, st.SearchStrategy[views.View]] = {
    "oncall_board": st.builds(
        OnCallBoard, rows=st.lists(oncall_rows, max_size=3).map(lambda r: tuple(r * 9)), reader=safe_users, now=times, said=texts,
        quiet=texts,
    ),
    "swap_form": st.builds(
        SwapForm, rotations=st.lists(texts, max_size=4).map(lambda r: tuple(r * 40)), user=safe_users, now=times, problem=texts
    ),
    "escalation_list": st.builds(
        EscalationList, rows=st.lists(escalation_rows, max_size=3).map(lambda r: tuple(r * 9)), scope=texts, now=times, more=st.booleans()
    ),
    "shift_brief": st.builds(
        ShiftBrief, rotation=texts, shift=shifts, before=safe_users, escalations=st.lists(escalation_rows, max_size=3).map(tuple),
        acknowledged=st.lists(records, max_size=3).map(lambda r: tuple(r * 3)), acknowledged_total=numbers, approvals=numbers,
        leases=st.lists(leases, max_size=3).map(lambda r: tuple(r * 3)), counts=counts, now=times,
    ),
    "shift_taken": st.builds(ShiftTaken, rotation=texts, person=safe_users, until=times, now=times),
    "slept_through": st.builds(
        SleptThrough, user=safe_users, since=times, now=times, announced=counts,
        still_open=st.lists(records, max_size=3).map(lambda r: tuple(r * 3)),
        answered=st.lists(st.tuples(safe_users, numbers), max_size=7).map(tuple),
    ),
    "figures": st.builds(Figures, rows=waits_of_status, days=numbers, now=times),
}  # fmt: skip
