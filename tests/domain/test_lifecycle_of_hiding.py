"""Hiding, prolonging and showing again: what a lease of ours does to a finding, and what reports do to a hidden one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from domain_making import HOUR, NOW, PROD, finding, record

from bot.domain.finding import Record, Severity, State, Status
from bot.domain.lifecycle import (
    ANNOUNCED,
    AlreadyDone,
    Change,
    NoLonger,
    Outcome,
    decide_hide,
    decide_prolong,
    decide_report,
    decide_reveal,
    is_leased,
)

DAY = timedelta(days=1)
UNTIL = NOW + DAY


def hidden(severity: Severity = Severity.HIGH, until: datetime = UNTIL, status: Status = Status.ACTIVE) -> Record:
    """A finding that the lease L1 hides."""
    return record(State.SUPPRESSED, about=finding(severity=severity, status=status), lease="L1", lease_until=until)


def again(before: Record, severity: Severity, status: Status = Status.ACTIVE) -> Outcome:
    """A newer report of it."""
    return decide_report(before, finding(severity=severity, status=status, updated=NOW, emitted=NOW), PROD, NOW)


# --- reports of a hidden finding ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("severity", list(Severity))
@pytest.mark.parametrize("before", list(Severity))
def test_a_hidden_finding_is_shown_again_exactly_when_it_becomes_graver(before: Severity, severity: Severity) -> None:
    outcome = again(hidden(before), severity)
    assert outcome.record is not None
    is_graver = severity > before
    assert outcome.record.state is (State.OPEN if is_graver else State.SUPPRESSED)
    assert outcome.announce is is_graver
    assert outcome.record.generation == 1 + is_graver
    assert outcome.record.lease == ("" if is_graver else "L1")
    assert (outcome.change in ANNOUNCED) is is_graver


def test_a_finding_whose_lease_is_over_is_shown_again_by_its_next_report() -> None:
    outcome = again(hidden(until=NOW), Severity.HIGH)
    assert outcome.record is not None
    assert (outcome.record.state, outcome.change, outcome.announce) == (State.OPEN, Change.REOPENED, True)
    assert (outcome.record.lease, outcome.record.lease_until) == ("", None)


def test_a_hidden_finding_that_is_resolved_is_resolved_and_no_longer_its_leases() -> None:
    outcome = again(hidden(), Severity.HIGH, Status.RESOLVED)
    assert outcome.record is not None
    assert (outcome.record.state, outcome.record.lease, outcome.announce) == (State.RESOLVED, "", False)


def test_what_its_source_suppressed_for_us_stays_its_leases() -> None:
    outcome = again(hidden(), Severity.HIGH, Status.SUPPRESSED)
    assert outcome.record is not None
    assert (outcome.record.state, outcome.record.lease) == (State.SUPPRESSED, "L1")


@pytest.mark.parametrize(
    ("one", "leased", "why"),
    [
        (hidden(), True, "until its end"),
        (hidden(until=NOW), False, "not at its end"),
        (record(State.SUPPRESSED), False, "its source hides it, not we"),
        (record(State.OPEN, lease="L1", lease_until=UNTIL), False, "an open one is hidden by nobody"),
    ],
)
def test_what_a_lease_hides_now(one: Record, leased: bool, why: str) -> None:
    assert is_leased(one, NOW) is leased, why


# --- hiding -------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("state", [State.OPEN, State.ACKNOWLEDGED])
def test_a_live_finding_is_hidden_until_the_leases_end_and_its_acknowledgement_is_over(state: State) -> None:
    outcome = decide_hide(record(state), "L1", UNTIL, "U0ANA", NOW)
    after = outcome.record
    assert after is not None
    assert (after.state, after.lease, after.lease_until) == (State.SUPPRESSED, "L1", UNTIL)
    assert (after.ack_by, after.ack_at, after.ack_until) == ("", None, None)
    assert not outcome.announce
    assert outcome.entry is not None
    assert (outcome.entry.kind, outcome.entry.actor) == (Change.HIDDEN, "U0ANA")


@pytest.mark.parametrize(("state", "error"), [(State.SUPPRESSED, AlreadyDone), (State.RESOLVED, NoLonger)])
def test_what_is_not_live_is_not_hidden(state: State, error: type[Exception]) -> None:
    with pytest.raises(error):
        decide_hide(record(state), "L1", UNTIL, "U0ANA", NOW)


# --- prolonging ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("until", [UNTIL + DAY, UNTIL - HOUR], ids=["later", "sooner"])
def test_a_renewal_moves_the_end_and_nothing_else(until: datetime) -> None:
    before = hidden()
    outcome = decide_prolong(before, "L1", until, "U0BEN", NOW)
    assert outcome.record == before.but(lease_until=until, revision=before.revision + 1)
    assert outcome.change is Change.PROLONGED
    assert not outcome.announce
    assert outcome.entry is not None
    assert outcome.entry.details == {"until": until.isoformat(), "lease": "L1"}


@pytest.mark.parametrize(
    ("before", "lease", "until", "error", "why"),
    [
        (hidden(), "L1", UNTIL, AlreadyDone, "until then already: a repetition changes nothing"),
        (hidden(), "L2", UNTIL + DAY, NoLonger, "another lease hides it"),
        (record(State.SUPPRESSED), "L1", UNTIL, NoLonger, "its source hides it"),
        (record(), "L1", UNTIL, NoLonger, "it is open again"),
        (record(State.RESOLVED), "L1", UNTIL, NoLonger, "it is resolved"),
    ],
)
def test_what_is_not_prolonged(before: Record, lease: str, until: datetime, error: type[Exception], why: str) -> None:
    with pytest.raises(error):
        decide_prolong(before, lease, until, "U0BEN", NOW)
    assert why


# --- showing again ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("status", "state", "announced"),
    [
        (Status.ACTIVE, State.OPEN, True),
        (Status.SUPPRESSED, State.SUPPRESSED, False),
        (Status.RESOLVED, State.RESOLVED, False),
    ],
)
def test_what_a_lease_hid_is_as_its_source_says(status: Status, state: State, announced: bool) -> None:
    before = hidden(status=status)
    outcome = decide_reveal(before, "U0ANA", NOW, "enough")
    after = outcome.record
    assert after is not None
    assert (after.state, after.lease, after.lease_until) == (state, "", None)
    assert outcome.announce is announced
    assert after.generation == before.generation + announced
    assert outcome.entry is not None
    assert outcome.entry.note == "enough"


@pytest.mark.parametrize("before", [record(), record(State.SUPPRESSED), record(State.RESOLVED)])
def test_what_no_lease_hides_is_not_shown_by_us(before: Record) -> None:
    with pytest.raises(NoLonger):
        decide_reveal(before, "U0ANA", NOW)
