"""secbot's own state of a finding, and which changes of it people are told again.

One transition table. Pure: the record, the report and the time come in, a decision with its reason goes out. It does not decide
where anything is shown (routing.py) nor whether a person may act (authz.py).
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

from bot.domain.finding import Account, Entry, Finding, Record, Severity, State, Status, compare_versions
from bot.errors import UserError


class Change(StrEnum):
    """What a report or an act did to a finding."""

    NEW = "new"
    REOPENED = "reopened"
    SEVERITY_RAISED = "severity_raised"
    SEVERITY_LOWERED = "severity_lowered"
    RESOLVED = "resolved"
    SUPPRESSED = "suppressed"
    UPDATED = "updated"
    ACKNOWLEDGED = "acknowledged"
    UNACKED = "unacked"  # given back
    REARMED = "rearmed"  # its acknowledgement has ended and it is still there
    ESCALATED = "escalated"
    ASSIGNED = "assigned"
    ASKED = "asked"
    HIDDEN = "hidden"
    REVEALED = "revealed"
    PROLONGED = "prolonged"  # its suppression was renewed
    ENDING = "ending"  # its suppression ends soon
    APPROVAL_ASKED = "approval_asked"
    APPROVAL_GIVEN = "approval_given"
    APPROVAL_DENIED = "approval_denied"
    DUPLICATE = "duplicate"
    STALE = "stale"


NOTHING_NEW = frozenset({Change.DUPLICATE, Change.STALE})
ANNOUNCED = frozenset({Change.NEW, Change.REOPENED, Change.SEVERITY_RAISED})
"""Changes that matter enough to be told again; every other change only edits the card."""
IN_THREAD = frozenset(
    {Change.RESOLVED, Change.SUPPRESSED, Change.SEVERITY_LOWERED, Change.ACKNOWLEDGED, Change.ASSIGNED}
)
"""Changes that are worth a line in the card's thread but ping nobody."""

NOTIFIED = "NOTIFIED"  # From: Security Hub API Reference, Workflow.Status
_NEXT: dict[tuple[State, Status], State] = {
    (State.OPEN, Status.ACTIVE): State.OPEN,
    (State.OPEN, Status.RESOLVED): State.RESOLVED,
    (State.OPEN, Status.SUPPRESSED): State.SUPPRESSED,
    (State.ACKNOWLEDGED, Status.ACTIVE): State.ACKNOWLEDGED,
    (State.ACKNOWLEDGED, Status.RESOLVED): State.RESOLVED,
    (State.ACKNOWLEDGED, Status.SUPPRESSED): State.SUPPRESSED,
    (State.SUPPRESSED, Status.ACTIVE): State.OPEN,
    (State.SUPPRESSED, Status.RESOLVED): State.RESOLVED,
    (State.SUPPRESSED, Status.SUPPRESSED): State.SUPPRESSED,
    (State.RESOLVED, Status.ACTIVE): State.OPEN,
    (State.RESOLVED, Status.RESOLVED): State.RESOLVED,
    (State.RESOLVED, Status.SUPPRESSED): State.SUPPRESSED,
}

_BORN = {Status.ACTIVE: State.OPEN, Status.RESOLVED: State.RESOLVED, Status.SUPPRESSED: State.SUPPRESSED}

ACK_LASTS: dict[Severity, timedelta] = {
    Severity.CRITICAL: timedelta(hours=4),
    Severity.HIGH: timedelta(hours=24),
    Severity.MEDIUM: timedelta(days=7),
    Severity.LOW: timedelta(days=30),
    Severity.INFO: timedelta(days=30),
}
"""An acknowledgement is a lease: how long it holds, by severity."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of it: the record to save (None: nothing changed), the change, and whether people are told again."""

    record: Record | None
    change: Change
    announce: bool = False
    entry: Entry | None = None
    reason: str = ""


def decide_report(record: Record | None, finding: Finding, account: Account, now: datetime) -> Outcome:
    """What one report of a finding does to what is known of it.

    Reports may come in any order and any number of times: the state after a set of reports does not depend on either, except that
    an announcement is made for what was seen to change. Never raises.
    """
    if record is None:
        return _first_report(finding, account, now)
    order = compare_versions(finding, record.finding)
    if order == 0:
        return Outcome(None, Change.DUPLICATE, reason="the same version again")
    if order < 0:
        return Outcome(None, Change.STALE, reason="an older version than the one shown")
    return _newer_report(record, finding, account, now)


def _first_report(finding: Finding, account: Account, now: datetime) -> Outcome:
    state = _BORN[finding.status]
    record = Record(
        finding=finding,
        account=account,
        state=state,
        created=now,
        changed=now,
        resolved_at=finding.updated if state is State.RESOLVED else None,
    )
    entry = Entry(at=now, kind=Change.NEW, details={"severity": finding.severity.word, "state": state})
    return Outcome(
        record, Change.NEW, announce=state is State.OPEN, entry=entry, reason=f"first report, {finding.status}"
    )


def _newer_report(record: Record, finding: Finding, account: Account, now: datetime) -> Outcome:
    if record.account.known and not account.known:
        account = record.account  # right after a start the directory knows less than the store does
    raised = finding.severity > record.finding.severity
    state = _NEXT[record.state, finding.status]
    if raised and state is State.ACKNOWLEDGED:
        state = State.OPEN  # it was acknowledged as something smaller
    if state is State.OPEN and is_leased(record, now) and not raised:
        state = (
            State.SUPPRESSED
        )  # whatever its source says of it, until the lease ends; one that became graver is looked at anew
    if (
        state is State.SUPPRESSED
        and _is_said_again(record, finding)
        and (raised or record.state is not State.SUPPRESSED)
    ):
        state = State.OPEN  # its source is silent because we asked it to be, for something smaller
    taken_up = state is State.OPEN and not raised and _taken_up(record.finding, finding)
    if taken_up:
        state = State.ACKNOWLEDGED
    change = Change.ACKNOWLEDGED if taken_up else _name_change(record, finding, state, raised)
    announce = state is State.OPEN and change in ANNOUNCED
    after = replace(
        record,
        finding=finding,
        account=account,
        state=state,
        revision=record.revision + 1,
        generation=record.generation + announce,
        seen=record.seen + 1,
        changed=now if state is not record.state else record.changed,
        resolved_at=_resolved_at(record, finding, state),
    )
    if taken_up:
        after = replace(after, ack_by="", ack_at=now, ack_until=now + ACK_LASTS[finding.severity])
    elif state is not State.ACKNOWLEDGED:
        after = replace(after, ack_by="", ack_at=None, ack_until=None)
    if state is not State.SUPPRESSED:
        after = replace(after, lease="", lease_until=None)
    details = {"severity": finding.severity.word, "state": str(state), "was": record.finding.severity.word}
    if taken_up and after.ack_until is not None:
        details["until"] = after.ack_until.isoformat()
    return Outcome(after, change, announce, Entry(at=now, kind=change, details=details), reason=change)


def _is_said_again(record: Record, finding: Finding) -> bool:
    """Whether the source suppresses a finding as it did in the report before: only a report that newly does so hides one that is open,
    and one that we have hidden ourselves is not hidden by the source's echo."""
    echo = record.finding.status is Status.SUPPRESSED is finding.status
    return echo and (record.state is not State.SUPPRESSED or bool(record.lease))


def _taken_up(before: Finding, after: Finding) -> bool:
    """Whether somebody has set the workflow to NOTIFIED in Security Hub meanwhile: they have it, as if they had acknowledged it here."""
    return after.workflow == NOTIFIED != before.workflow


def _name_change(record: Record, finding: Finding, state: State, raised: bool) -> Change:
    if state is State.OPEN and record.state in (State.RESOLVED, State.SUPPRESSED):
        return Change.REOPENED
    if state is not record.state and state is State.RESOLVED:
        return Change.RESOLVED
    if state is not record.state and state is State.SUPPRESSED:
        return Change.SUPPRESSED
    if raised:
        return Change.SEVERITY_RAISED
    return Change.SEVERITY_LOWERED if finding.severity < record.finding.severity else Change.UPDATED


def _resolved_at(record: Record, finding: Finding, state: State) -> datetime | None:
    if state is not State.RESOLVED:
        return None
    return record.resolved_at or finding.updated


class AlreadyDone(UserError):
    """Somebody was quicker."""

    reason = "already_done"


class NoLonger(UserError):
    """The finding is no longer in a state where that makes sense."""

    reason = "wrong_state"


def decide_ack(record: Record, user: str, now: datetime) -> Outcome:
    """Acknowledge a finding for its severity's time.

    Raises:
        AlreadyDone: it is acknowledged already; the message says by whom and the record is as it was.
        NoLonger: it is resolved or suppressed.
    """
    if record.state is State.ACKNOWLEDGED:
        who = "you" if record.ack_by == user else f"<@{record.ack_by}>" if record.ack_by else "somebody in Security Hub"
        raise AlreadyDone(f"{record.ref} is already acknowledged by {who}.")
    if record.state is not State.OPEN:
        raise NoLonger(f"{record.ref} is {record.state}; there is nothing to acknowledge.")
    until = now + ACK_LASTS[record.finding.severity]
    after = replace(
        record,
        state=State.ACKNOWLEDGED,
        ack_by=user,
        ack_at=now,
        ack_until=until,
        changed=now,
        revision=record.revision + 1,
    )
    entry = Entry(at=now, kind=Change.ACKNOWLEDGED, actor=user, details={"until": until.isoformat()})
    return Outcome(after, Change.ACKNOWLEDGED, entry=entry, reason="acknowledged")


def decide_unack(record: Record, user: str, now: datetime) -> Outcome:
    """Give an acknowledgement back: open again, and a generation of its own, so that it escalates from the beginning.

    Raises:
        NoLonger: it is not acknowledged.
    """
    if record.state is not State.ACKNOWLEDGED:
        raise NoLonger(f"{record.ref} is {record.state}; there is no acknowledgement to give back.")
    details = {"was": record.ack_by} if record.ack_by and record.ack_by != user else {}
    entry = Entry(at=now, kind=Change.UNACKED, actor=user, details=details)
    return Outcome(_open_again(record, now), Change.UNACKED, entry=entry, reason="given back")


def decide_rearm(record: Record, now: datetime) -> Outcome:
    """An acknowledgement has ended and the finding is still there: open again, and announced.

    Raises:
        NoLonger: it is not acknowledged, or its acknowledgement has not ended.
    """
    if record.state is not State.ACKNOWLEDGED or record.ack_until is None or record.ack_until > now:
        raise NoLonger(f"{record.ref} has no acknowledgement that has ended.")
    entry = Entry(at=now, kind=Change.REARMED, details={"was": record.ack_by})
    return Outcome(
        _open_again(record, now), Change.REARMED, announce=True, entry=entry, reason="not acknowledged any more"
    )


def _open_again(record: Record, now: datetime) -> Record:
    return replace(
        record,
        state=State.OPEN,
        ack_by="",
        ack_at=None,
        ack_until=None,
        changed=now,
        revision=record.revision + 1,
        generation=record.generation + 1,
    )


def decide_assign(record: Record, assignee: str, user: str, now: datetime) -> Outcome:
    """Give a live finding to a person; its state stays as it is, so an assignment stops no escalation.

    Raises:
        AlreadyDone: it is that person's already.
        NoLonger: it is resolved or suppressed.
    """
    if record.assignee == assignee:
        raise AlreadyDone(f"{record.ref} is already assigned to <@{assignee}>.")
    if record.state not in (State.OPEN, State.ACKNOWLEDGED):
        raise NoLonger(f"{record.ref} is {record.state}; there is nothing to assign.")
    after = replace(record, assignee=assignee, revision=record.revision + 1)
    details = {"to": assignee} | ({"was": record.assignee} if record.assignee else {})
    entry = Entry(at=now, kind=Change.ASSIGNED, actor=user, details=details)
    return Outcome(after, Change.ASSIGNED, entry=entry, reason="assigned")


def is_leased(record: Record, now: datetime) -> bool:
    """Whether a suppression of ours hides it now."""
    return record.state is State.SUPPRESSED and record.lease_until is not None and record.lease_until > now


def decide_hide(record: Record, lease: str, until: datetime, user: str, now: datetime) -> Outcome:
    """Hide a live finding until a lease's end.

    Raises:
        AlreadyDone: another lease hides it, or its source does.
        NoLonger: it is resolved.
    """
    if record.state is State.SUPPRESSED:
        raise AlreadyDone(f"{record.ref} is hidden already.")
    if record.state is State.RESOLVED:
        raise NoLonger(f"{record.ref} is resolved; there is nothing to hide.")
    after = replace(
        record,
        state=State.SUPPRESSED,
        lease=lease,
        lease_until=until,
        ack_by="",
        ack_at=None,
        ack_until=None,
        changed=now,
        revision=record.revision + 1,
    )
    details = {"until": until.isoformat(), "lease": lease}
    return Outcome(after, Change.HIDDEN, entry=Entry(at=now, kind=Change.HIDDEN, actor=user, details=details))


def decide_prolong(record: Record, lease: str, until: datetime, user: str, now: datetime) -> Outcome:
    """Hide until another time what this lease hides already.

    Raises:
        NoLonger: this lease does not hide it.
        AlreadyDone: it is hidden until then.
    """
    if record.state is not State.SUPPRESSED or record.lease != lease:
        raise NoLonger(f"{record.ref} is not hidden by this suppression.")
    if record.lease_until == until:
        raise AlreadyDone(f"{record.ref} is hidden until then.")
    after = replace(record, lease_until=until, revision=record.revision + 1)
    details = {"until": until.isoformat(), "lease": lease}
    return Outcome(after, Change.PROLONGED, entry=Entry(at=now, kind=Change.PROLONGED, actor=user, details=details))


def decide_reveal(record: Record, user: str, now: datetime, why: str = "") -> Outcome:
    """What its lease hid is as its source says again; one that is still true is announced.

    Raises:
        NoLonger: no lease of ours hides it.
    """
    if record.state is not State.SUPPRESSED or not record.lease:
        raise NoLonger(f"{record.ref} is not hidden by secbot.")
    is_true = record.finding.status is Status.ACTIVE
    after = replace(
        record,
        state=State.OPEN if is_true else _BORN[record.finding.status],
        lease="",
        lease_until=None,
        changed=now,
        revision=record.revision + 1,
        generation=record.generation + is_true,
    )
    details = {"lease": record.lease, "state": str(after.state)}
    entry = Entry(at=now, kind=Change.REVEALED, actor=user, note=why, details=details)
    return Outcome(after, Change.REVEALED, announce=is_true, entry=entry)
