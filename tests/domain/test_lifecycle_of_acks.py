"""Acknowledgements that are given back, that end, or that somebody gave in Security Hub."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from domain_making import HOUR, NOW, PROD, finding, record

from bot.domain.finding import Record, Severity, State, Status
from bot.domain.lifecycle import (
    ACK_LASTS,
    NOTIFIED,
    Change,
    NoLonger,
    Outcome,
    decide_ack,
    decide_assign,
    decide_rearm,
    decide_report,
    decide_unack,
)

OTHERS = [s for s in State if s is not State.ACKNOWLEDGED]


def acked(**changes: Any) -> Record:
    return record(State.ACKNOWLEDGED, generation=2, revision=5, **changes)


def after(outcome: Outcome) -> Record:
    assert outcome.record is not None
    return outcome.record


def reported(before: Record, **changes: object) -> Outcome:
    """A newer report, of one that changed so."""
    newer = replace(before.finding, updated=NOW, emitted=NOW, **changes)  # type: ignore[arg-type]
    return decide_report(before, newer, PROD, NOW)


# --- given back -------------------------------------------------------------------------------------------------------------------------


def test_what_is_given_back_is_open_in_a_generation_of_its_own_and_told_in_no_channel() -> None:
    outcome = decide_unack(acked(), "U0ANA", NOW)
    found = after(outcome)
    assert (found.state, found.ack_by, found.ack_at, found.ack_until) == (State.OPEN, "", None, None)
    assert (found.generation, found.revision, found.changed) == (3, 6, NOW)
    assert (outcome.change, outcome.announce) == (Change.UNACKED, False)


def test_the_line_says_whose_it_was_unless_they_gave_it_back_themselves() -> None:
    for user, details in (("U0ANA", {}), ("U0BEN", {"was": "U0ANA"})):
        entry = decide_unack(acked(), user, NOW).entry
        assert entry is not None
        assert (entry.kind, entry.actor, entry.details) == (Change.UNACKED, user, details)
    entry = decide_unack(acked(ack_by=""), "U0BEN", NOW).entry
    assert entry is not None
    assert entry.details == {}, "somebody in Security Hub has no name here"


@pytest.mark.parametrize("state", OTHERS)
def test_only_an_acknowledgement_can_be_given_back(state: State) -> None:
    with pytest.raises(NoLonger, match=f"F-12 is {state}; there is no acknowledgement"):
        decide_unack(record(state), "U0ANA", NOW)


def test_an_assignment_outlives_the_acknowledgement() -> None:
    given = after(decide_assign(acked(), "U0BEN", "U0ANA", NOW))
    assert after(decide_unack(given, "U0ANA", NOW)).assignee == "U0BEN"
    assert after(decide_rearm(given, NOW + HOUR)).assignee == "U0BEN"


def test_what_was_given_back_can_be_acknowledged_by_the_next_one() -> None:
    found = after(decide_ack(after(decide_unack(acked(), "U0ANA", NOW)), "U0BEN", NOW))
    assert (found.ack_by, found.ack_until) == ("U0BEN", NOW + ACK_LASTS[Severity.HIGH])


# --- ended ------------------------------------------------------------------------------------------------------------------------------


def test_an_acknowledgement_that_has_ended_is_told_again_and_says_whose_it_was() -> None:
    outcome = decide_rearm(acked(), NOW + HOUR)
    found = after(outcome)
    assert (found.state, found.ack_by, found.ack_until, found.generation) == (State.OPEN, "", None, 3)
    assert (outcome.change, outcome.announce) == (Change.REARMED, True)
    assert outcome.entry is not None
    assert (outcome.entry.actor, outcome.entry.details) == ("", {"was": "U0ANA"})


@pytest.mark.parametrize(
    ("held", "why"),
    [
        (acked(), "it lasts another hour"),
        (acked(ack_until=NOW + timedelta(microseconds=1)), "it lasts for another moment"),
        (acked(ack_until=None), "it has no end"),
        *((record(state), f"it is {state}") for state in OTHERS),
    ],
)
def test_an_acknowledgement_that_has_not_ended_is_left_alone(held: Record, why: str) -> None:
    with pytest.raises(NoLonger):
        decide_rearm(held, NOW)
    assert held.revision in (1, 5), why


def test_an_acknowledgement_ends_at_its_end_and_not_after_it() -> None:
    assert after(decide_rearm(acked(ack_until=NOW), NOW)).state is State.OPEN


# --- Security Hub -----------------------------------------------------------------------------------------------------------------------


def test_notified_in_security_hub_is_an_acknowledgement_by_nobody_here() -> None:
    outcome = reported(record(about=finding(workflow="NEW")), workflow=NOTIFIED)
    found = after(outcome)
    assert (found.state, found.ack_by, found.ack_at) == (State.ACKNOWLEDGED, "", NOW)
    assert found.ack_until == NOW + ACK_LASTS[Severity.HIGH], "it ends like any other"
    assert (outcome.change, outcome.announce) == (Change.ACKNOWLEDGED, False)
    assert outcome.entry is not None
    assert outcome.entry.details["until"] == (NOW + ACK_LASTS[Severity.HIGH]).isoformat()


@pytest.mark.parametrize(
    ("before", "changes", "state", "change", "why"),
    [
        (record(about=finding(workflow=NOTIFIED)), {"workflow": NOTIFIED}, State.OPEN, Change.UPDATED, "it was so before"),
        (record(about=finding(workflow=NOTIFIED)), {"workflow": "NEW"}, State.OPEN, Change.UPDATED, "taken back there"),
        (record(about=finding(workflow="NEW")), {"workflow": NOTIFIED, "severity": Severity.CRITICAL}, State.OPEN,
         Change.SEVERITY_RAISED, "it became graver at the same time"),
        (record(about=finding(workflow="NEW")), {"workflow": NOTIFIED, "status": Status.RESOLVED}, State.RESOLVED,
         Change.RESOLVED, "it is resolved anyway"),
        (record(about=finding(workflow="NEW")), {"workflow": NOTIFIED, "severity": Severity.LOW}, State.ACKNOWLEDGED,
         Change.ACKNOWLEDGED, "it became smaller at the same time"),
        (acked(about=finding(workflow="NEW")), {"workflow": NOTIFIED}, State.ACKNOWLEDGED, Change.UPDATED,
         "somebody here has it already"),
        (record(State.RESOLVED, about=finding(workflow="NEW")), {"workflow": NOTIFIED}, State.ACKNOWLEDGED,
         Change.ACKNOWLEDGED, "open again, and taken up"),
        (record(about=finding(workflow="")), {"workflow": ""}, State.OPEN, Change.UPDATED, "a source without a workflow"),
    ],
)  # fmt: skip
def test_who_has_taken_up_what_in_security_hub(
    before: Record, changes: dict[str, object], state: State, change: Change, why: str
) -> None:
    outcome = reported(before, **changes)
    assert (after(outcome).state, outcome.change) == (state, change), why
    if before.state is State.ACKNOWLEDGED:
        assert after(outcome).ack_by == "U0ANA", why


def test_a_first_report_that_is_notified_already_is_announced_all_the_same() -> None:
    outcome = decide_report(None, finding(workflow=NOTIFIED), PROD, NOW)
    assert (after(outcome).state, outcome.announce) == (State.OPEN, True)


def test_what_was_taken_up_in_security_hub_ends_and_can_be_given_back() -> None:
    held = after(reported(record(about=finding(workflow="NEW")), workflow=NOTIFIED))
    assert held.ack_until is not None
    assert after(decide_rearm(held, held.ack_until)).state is State.OPEN
    assert after(decide_unack(held, "U0ANA", NOW)).state is State.OPEN
