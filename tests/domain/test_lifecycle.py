"""The transition table, written out; who is told what; and that order and repetition change nothing."""

from __future__ import annotations

from datetime import timedelta
from itertools import product

import pytest
from domain_making import HOUR, NOW, PROD, STAGE, finding, record
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.finding import Finding, Record, Severity, State, Status
from bot.domain.lifecycle import (
    ANNOUNCED,
    IN_THREAD,
    NOTHING_NEW,
    AlreadyDone,
    Change,
    NoLonger,
    Outcome,
    decide_ack,
    decide_report,
)
from bot.errors import UserError

OPEN, ACKED, HIDDEN, DONE = State.OPEN, State.ACKNOWLEDGED, State.SUPPRESSED, State.RESOLVED
LOW, HIGH, CRITICAL = Severity.LOW, Severity.HIGH, Severity.CRITICAL
SAME = HIGH


def report(status: Status = Status.ACTIVE, severity: Severity = SAME, **changes: object) -> Finding:
    """A newer report than the one that records are made of."""
    return finding(status=status, severity=severity, updated=NOW, emitted=NOW, **changes)


def decide(before: Record | None, new: Finding) -> Outcome:
    return decide_report(before, new, PROD, NOW)


# state before, status, severity -> state after, change, announced
TABLE: list[tuple[State, Status, Severity, State, Change, bool, str]] = [
    (OPEN, Status.ACTIVE, SAME, OPEN, Change.UPDATED, False, "nothing of weight changed"),
    (OPEN, Status.ACTIVE, CRITICAL, OPEN, Change.SEVERITY_RAISED, True, "it got worse: told again"),
    (OPEN, Status.ACTIVE, LOW, OPEN, Change.SEVERITY_LOWERED, False, "it got better: the card says so"),
    (OPEN, Status.RESOLVED, SAME, DONE, Change.RESOLVED, False, "gone"),
    (OPEN, Status.RESOLVED, CRITICAL, DONE, Change.RESOLVED, False, "gone, however bad it was"),
    (OPEN, Status.SUPPRESSED, SAME, HIDDEN, Change.SUPPRESSED, False, "hidden at the source"),
    (OPEN, Status.SUPPRESSED, CRITICAL, HIDDEN, Change.SUPPRESSED, False, "hidden although it got worse"),
    (ACKED, Status.ACTIVE, SAME, ACKED, Change.UPDATED, False, "somebody has it"),
    (ACKED, Status.ACTIVE, LOW, ACKED, Change.SEVERITY_LOWERED, False, "somebody has it, and it got better"),
    (ACKED, Status.ACTIVE, CRITICAL, OPEN, Change.SEVERITY_RAISED, True, "it was acknowledged as something smaller"),
    (ACKED, Status.RESOLVED, SAME, DONE, Change.RESOLVED, False, "gone"),
    (ACKED, Status.SUPPRESSED, SAME, HIDDEN, Change.SUPPRESSED, False, "hidden at the source"),
    (HIDDEN, Status.ACTIVE, SAME, OPEN, Change.REOPENED, True, "no longer hidden"),
    (HIDDEN, Status.ACTIVE, CRITICAL, OPEN, Change.REOPENED, True, "no longer hidden, and worse: told once"),
    (HIDDEN, Status.RESOLVED, SAME, DONE, Change.RESOLVED, False, "gone while hidden"),
    (HIDDEN, Status.SUPPRESSED, SAME, HIDDEN, Change.UPDATED, False, "still hidden"),
    (HIDDEN, Status.SUPPRESSED, CRITICAL, HIDDEN, Change.SEVERITY_RAISED, False, "worse, but hidden: nobody is told"),
    (DONE, Status.ACTIVE, SAME, OPEN, Change.REOPENED, True, "back again"),
    (DONE, Status.ACTIVE, LOW, OPEN, Change.REOPENED, True, "back again, milder"),
    (DONE, Status.RESOLVED, SAME, DONE, Change.UPDATED, False, "still gone"),
    (DONE, Status.RESOLVED, CRITICAL, DONE, Change.SEVERITY_RAISED, False, "still gone: nobody is told"),
    (DONE, Status.SUPPRESSED, SAME, HIDDEN, Change.SUPPRESSED, False, "hidden after it was gone"),
]


@pytest.mark.parametrize(("before", "status", "severity", "after", "change", "announced", "why"), TABLE)
def test_a_newer_report_moves_the_state_as_the_table_says(
    before: State, status: Status, severity: Severity, after: State, change: Change, announced: bool, why: str
) -> None:
    was = record(before)
    outcome = decide(was, report(status, severity))
    assert outcome.record is not None
    assert (outcome.record.state, outcome.change, outcome.announce) == (after, change, announced), why
    assert outcome.record.generation == was.generation + announced
    assert outcome.record.revision == was.revision + 1
    assert outcome.record.seen == was.seen + 1
    assert outcome.record.changed == (was.changed if after is before else NOW)


def test_the_table_covers_every_state_and_status() -> None:
    assert {(row[0], row[1]) for row in TABLE} == set(product(State, Status))


@pytest.mark.parametrize(
    ("status", "state", "announced"),
    [(Status.ACTIVE, OPEN, True), (Status.RESOLVED, DONE, False), (Status.SUPPRESSED, HIDDEN, False)],
)
def test_a_first_report_is_announced_only_when_the_problem_is_there(
    status: Status, state: State, announced: bool
) -> None:
    outcome = decide(None, report(status))
    assert outcome.record is not None
    assert (outcome.record.state, outcome.change, outcome.announce) == (state, Change.NEW, announced)
    assert outcome.record.generation == 1


def test_a_duplicate_changes_nothing() -> None:
    outcome = decide(record(), finding())
    assert (outcome.record, outcome.change, outcome.announce, outcome.entry) == (None, Change.DUPLICATE, False, None)


def test_a_late_copy_of_an_older_version_changes_nothing() -> None:
    late = finding(updated=NOW - 9 * HOUR, severity=CRITICAL)
    outcome = decide(record(), late)
    assert (outcome.record, outcome.change, outcome.announce) == (None, Change.STALE, False)


def test_security_hub_flipping_notified_back_to_new_announces_nothing() -> None:
    was = record(about=finding(workflow="NOTIFIED"))
    outcome = decide(was, finding(workflow="NEW", emitted=NOW))
    assert (outcome.change, outcome.announce) == (Change.UPDATED, False)


def test_only_new_reopened_and_raised_are_told_again() -> None:
    assert {Change.NEW, Change.REOPENED, Change.SEVERITY_RAISED} == ANNOUNCED
    assert not ANNOUNCED & (IN_THREAD | NOTHING_NEW)


def test_a_report_refreshes_what_is_known_of_the_account() -> None:
    outcome = decide_report(record(), report(), STAGE, NOW)
    assert outcome.record is not None
    assert outcome.record.account == STAGE


def test_the_time_of_resolution_is_the_sources_and_goes_when_it_reopens() -> None:
    done = decide(record(), report(Status.RESOLVED)).record
    assert done is not None
    assert done.resolved_at == NOW
    again = decide(done, finding(updated=NOW + HOUR, emitted=NOW + HOUR)).record
    assert again is not None
    assert again.resolved_at is None


@pytest.mark.parametrize(
    ("status", "severity", "kept", "why"),
    [
        (Status.ACTIVE, SAME, True, "an update is no reason to escalate again"),
        (Status.ACTIVE, LOW, True, "it got better"),
        (Status.ACTIVE, CRITICAL, False, "the lease was for something smaller"),
        (Status.RESOLVED, SAME, False, "there is nothing left to have"),
        (Status.SUPPRESSED, SAME, False, "there is nothing left to have"),
    ],
)
def test_an_acknowledgement_is_kept_only_while_it_stands(
    status: Status, severity: Severity, kept: bool, why: str
) -> None:
    after = decide(record(ACKED), report(status, severity)).record
    assert after is not None
    assert (after.ack_by, after.ack_at is not None, after.ack_until is not None) == (
        "U0ANA" if kept else "",
        kept,
        kept,
    ), why


# --- any order, any number of times ------------------------------------------------------------------------------------------------

VERSIONS = [
    finding(
        status=status,
        severity=severity,
        updated=NOW + timedelta(minutes=i // 2),
        emitted=NOW + timedelta(minutes=i),
        title=f"version {i}",
    )
    for i, (status, severity) in enumerate(
        [
            (Status.ACTIVE, HIGH),
            (Status.ACTIVE, CRITICAL),
            (Status.RESOLVED, CRITICAL),
            (Status.ACTIVE, LOW),
            (Status.SUPPRESSED, LOW),
            (Status.ACTIVE, HIGH),
            (Status.RESOLVED, HIGH),
            (Status.ACTIVE, CRITICAL),
        ]
    )
]


def take_in(reports: list[Finding]) -> tuple[Record, list[Outcome]]:
    """The record after these reports, and what each of them did."""
    known: Record | None = None
    outcomes = []
    for new in reports:
        outcome = decide(known, new)
        known = outcome.record or known
        outcomes.append(outcome)
    assert known is not None
    return known, outcomes


EVERY_ORDER = st.permutations(VERSIONS).flatmap(
    lambda order: st.lists(st.sampled_from(order), max_size=12).map(lambda again: [*order, *again])
)


@given(EVERY_ORDER, st.integers(0, 8))
def test_any_order_and_repetition_of_eight_versions_ends_in_one_state(reports: list[Finding], last: int) -> None:
    present = [v for v in reports if v in VERSIONS[: last or 8]]
    end = max(present, key=VERSIONS.index)
    known, _ = take_in(present)
    assert known.finding == end
    expected = {Status.ACTIVE: OPEN, Status.RESOLVED: DONE, Status.SUPPRESSED: HIDDEN}
    assert known.state is expected[end.status]


@given(EVERY_ORDER)
def test_no_version_is_told_twice_and_a_generation_is_an_announcement(reports: list[Finding]) -> None:
    known, outcomes = take_in(reports)
    told = [o for o in outcomes if o.announce]
    titles = [o.record.finding.title for o in told if o.record]
    assert len(titles) == len(set(titles))
    assert all(o.change in ANNOUNCED for o in told)
    assert known.generation == len(told) + (0 if outcomes[0].announce else 1)
    generations = [o.record.generation for o in told if o.record]
    assert generations == sorted(set(generations))


@given(EVERY_ORDER)
def test_what_is_nothing_new_saves_nothing(reports: list[Finding]) -> None:
    for outcome in take_in(reports)[1]:
        assert (outcome.record is None) is (outcome.change in NOTHING_NEW)
        assert (outcome.entry is None) is (outcome.record is None)


@given(EVERY_ORDER)
def test_taking_everything_in_again_changes_nothing(reports: list[Finding]) -> None:
    known, _ = take_in(reports)
    assert all(decide(known, again).record is None for again in reports)


# --- acknowledging -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("severity", "lasts"),
    [
        (Severity.CRITICAL, timedelta(hours=4)),
        (Severity.HIGH, timedelta(hours=24)),
        (Severity.MEDIUM, timedelta(days=7)),
        (Severity.LOW, timedelta(days=30)),
        (Severity.INFO, timedelta(days=30)),
    ],
)
def test_an_acknowledgement_is_a_lease_by_severity(severity: Severity, lasts: timedelta) -> None:
    outcome = decide_ack(record(about=finding(severity=severity)), "U0BEN", NOW)
    after = outcome.record
    assert after is not None
    assert (after.state, after.ack_by, after.ack_at, after.ack_until) == (ACKED, "U0BEN", NOW, NOW + lasts)
    assert after.revision == 2
    assert outcome.entry is not None
    assert (outcome.entry.actor, outcome.announce) == ("U0BEN", False)


def test_ack_of_an_acknowledged_finding_says_who_has_it() -> None:
    with pytest.raises(AlreadyDone, match="F-12 is already acknowledged by <@U0ANA>"):
        decide_ack(record(ACKED), "U0BEN", NOW)


def test_ack_of_what_is_mine_already_says_so() -> None:
    with pytest.raises(AlreadyDone, match="by you"):
        decide_ack(record(ACKED), "U0ANA", NOW)


@pytest.mark.parametrize("state", [DONE, HIDDEN])
def test_ack_of_a_resolved_or_suppressed_finding_is_refused(state: State) -> None:
    with pytest.raises(NoLonger, match=f"F-12 is {state}"):
        decide_ack(record(state), "U0BEN", NOW)


def test_refusals_are_told_to_the_person_with_a_stable_reason() -> None:
    assert issubclass(AlreadyDone, UserError)
    assert issubclass(NoLonger, UserError)
    assert (AlreadyDone.reason, NoLonger.reason) == ("already_done", "wrong_state")


def test_a_finding_acknowledged_as_high_is_told_again_as_critical_and_can_be_acknowledged_again() -> None:
    acked = decide_ack(record(), "U0ANA", NOW).record
    assert acked is not None
    worse = decide(acked, report(severity=CRITICAL)).record
    assert worse is not None
    assert (worse.state, worse.ack_by) == (OPEN, "")
    again = decide_ack(worse, "U0BEN", NOW).record
    assert again is not None
    assert again.ack_until == NOW + timedelta(hours=4)
