"""The ladder: addresses, rungs, what is due when, and that a stopped one tells nobody."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, time, timedelta

import pytest
from domain_making import NOW, record
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.escalation import (
    LATE,
    Address,
    Escalation,
    EscalationPolicy,
    Level,
    Progress,
    Whom,
    decide_start,
    decide_stop,
    decide_tell,
    policy_for,
    read_address,
)
from bot.domain.finding import Severity
from bot.domain.oncall import When, WorkingHours
from bot.domain.query import Query
from bot.domain.syntax import Names, parse

MINUTE = timedelta(minutes=1)
ALWAYS = WorkingHours()
ANA, BEN, LEADS, HERE = (
    Address(Whom.USER, "U0ANA"),
    Address(Whom.USER, "U0BEN"),
    Address(Whom.CHANNEL, "leads"),
    Address(Whom.HERE),
)


def query(text: str) -> Query:
    return parse(text, Names(envs=("prod", "staging"))).query


def policy(*waits: float, **changes: object) -> EscalationPolicy:
    """Levels with these waits in minutes, each telling one person."""
    tell = (ANA, BEN, LEADS, HERE)
    levels = tuple(Level(wait * MINUTE, (tell[i % len(tell)],)) for i, wait in enumerate(waits))
    base: dict[str, object] = {"name": "p", "when": Query(), "levels": levels, "every": 30 * MINUTE}
    return EscalationPolicy(**(base | changes))  # type: ignore[arg-type]


def begun(wanted: EscalationPolicy, at: datetime = NOW, hours: WorkingHours = ALWAYS) -> Escalation:
    found = decide_start([wanted], hours, record(), at)
    assert found is not None
    return found


def run(wanted: EscalationPolicy, *minutes: float) -> list[tuple[float, int, bool, bool]]:
    """(minute, rung, late, last) of what is told when it is looked at in these minutes after the announcement."""
    escalation, found = begun(wanted), []
    for minute in minutes:
        told = decide_tell(escalation, wanted, ALWAYS, NOW + minute * MINUTE)
        if told is not None:
            found.append((minute, told.rung, told.late, told.last))
            escalation = told.escalation
    return found


# --- addresses --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected", "why"),
    [
        ("rotation:primary", Address(Whom.ROTATION, "primary"), "a rotation"),
        ("  user:U0ANA ", ANA, "spaces around it do not count"),
        ("group:@sec-oncall", Address(Whom.GROUP, "sec-oncall"), "a group may be written as Slack shows it"),
        ("channel:#leads", LEADS, "so may a channel"),
        ("sns:arn:aws:sns:eu-west-1:420000000001:pager", Address(Whom.SNS, "arn:aws:sns:eu-west-1:420000000001:pager"),
         "an ARN has colons of its own"),
        ("here", HERE, "it has no name"),
        ("here:", HERE, "a colon without a name"),
        ("here:there", None, "here is no more than here"),
        ("user:", None, "nobody"),
        ("user", None, "a kind alone"),
        ("", None, "nothing"),
        ("U0ANA", None, "a name alone"),
        ("User:U0ANA", None, "kinds are lower case"),
        ("everyone:x", None, "no kind"),
    ],
)  # fmt: skip
def test_an_address_is_read_as_it_is_written(text: str, expected: Address | None, why: str) -> None:
    assert read_address(text) == expected, why


@pytest.mark.parametrize("address", [ANA, LEADS, HERE, Address(Whom.SNS, "arn:aws:sns:::x")])
def test_an_address_is_written_as_it_is_read(address: Address) -> None:
    assert read_address(str(address)) == address


# --- the ladder -------------------------------------------------------------------------------------------------------------------------


def ladder(wanted: EscalationPolicy) -> list[tuple[int, float, str]]:
    """(level, minutes after the rung before, whom) of every rung."""
    return [
        (wanted.level(r), wanted.wait(r) / MINUTE, ",".join(map(str, wanted.tells(r)))) for r in range(wanted.rungs)
    ]


def test_without_repetition_the_rungs_are_the_levels() -> None:
    assert ladder(policy(0, 10)) == [(0, 0, "user:U0ANA"), (1, 10, "user:U0BEN")]


def test_a_round_begins_again_after_its_own_wait_and_the_fallback_comes_last() -> None:
    assert ladder(policy(5, 10, repeat=1, fallback=(LEADS,))) == [
        (0, 5, "user:U0ANA"),
        (1, 10, "user:U0BEN"),
        (0, 30, "user:U0ANA"),
        (1, 10, "user:U0BEN"),
        (2, 30, "channel:leads"),
    ]


def test_a_single_level_with_repetition_waits_the_rounds_wait() -> None:
    assert [wait for _, wait, _ in ladder(policy(5, repeat=2))] == [5, 30, 30]


# --- beginning --------------------------------------------------------------------------------------------------------------------------


def test_the_first_policy_that_holds_a_finding_is_its_own() -> None:
    critical = policy(0, name="critical", when=query("sev:critical"))
    prod = policy(0, name="prod", when=query("env:prod sev:high+"))
    rest = policy(0, name="rest")
    assert policy_for([critical, prod, rest], record(), NOW) is prod
    assert policy_for([rest, prod], record(), NOW) is rest
    assert policy_for([critical], record(), NOW) is None
    assert policy_for([], record(), NOW) is None


def test_what_no_policy_holds_does_not_escalate() -> None:
    assert decide_start([policy(0, when=query("sev:critical"))], ALWAYS, record(), NOW) is None


def test_an_escalation_begins_at_its_first_level_in_the_findings_generation() -> None:
    found = decide_start([policy(5, 10)], ALWAYS, record(generation=3), NOW)
    assert found == Escalation(number=12, generation=3, policy="p", started=NOW, due=NOW + 5 * MINUTE)


# --- telling ----------------------------------------------------------------------------------------------------------------------------


def test_nothing_is_told_before_its_time_and_each_level_once_at_its_time() -> None:
    assert run(policy(5, 10), *range(20)) == [(5, 0, False, False), (15, 1, False, False)]


def test_a_level_without_a_wait_is_told_at_once_and_never_together_with_the_next() -> None:
    assert run(policy(0, 0, 5), 0, 0, 4, 5) == [(0, 1, True, False), (5, 2, False, False)], "no wait: the higher one"


def test_the_last_level_exhausts_it_and_nothing_more_is_told() -> None:
    wanted = policy(5)
    told = decide_tell(begun(wanted), wanted, ALWAYS, NOW + 5 * MINUTE)
    assert told is not None
    assert (told.escalation.progress, told.escalation.why) == (Progress.EXHAUSTED, "nobody answered")
    assert told.escalation.told == NOW + 5 * MINUTE
    for hurried in (False, True):
        assert decide_tell(told.escalation, wanted, ALWAYS, NOW + 99 * MINUTE, hurried=hurried) is None


def test_only_the_fallback_is_the_last_path() -> None:
    assert run(policy(0, 10, repeat=1, fallback=(LEADS,)), *range(120)) == [
        (0, 0, False, False),
        (10, 1, False, False),
        (40, 2, False, False),
        (50, 3, False, False),
        (80, 4, False, True),
    ]


def test_the_wait_of_the_next_level_begins_when_somebody_was_told() -> None:
    assert run(policy(5, 10), 6.5, 16, 16.5) == [(6.5, 0, False, False), (16.5, 1, False, False)]


@pytest.mark.parametrize(
    ("minute", "rung", "late", "why"),
    [
        (5, 0, False, "on time"),
        (5 + LATE / MINUTE, 0, False, "a tick later"),
        (8, 0, True, "a short downtime: the same level, late"),
        (14, 0, True, "the next is not due"),
        (15, 1, True, "the next is due: it alone, though it is on time itself"),
        (40, 2, True, "two were left out"),
        (45, 2, True, "the fallback is not due"),
        (
            70,
            2,
            True,
            "everything is due: the last level, for nobody was asked yet and the fallback says that nobody answered",
        ),
        (9_000, 2, True, "a week later as well"),
    ],
)
def test_after_a_downtime_only_the_highest_due_level_is_told(minute: float, rung: int, late: bool, why: str) -> None:
    wanted = policy(5, 10, 20, fallback=(LEADS,))
    assert run(wanted, minute) == [(minute, rung, late, rung == 3)], why


def test_after_a_downtime_whoever_was_told_has_their_time() -> None:
    assert run(policy(5, 10, 20), 34, 35, 53, 54) == [(34, 1, True, False), (54, 2, False, False)]


def test_a_person_in_a_hurry_gets_the_next_level_before_its_time_and_never_late() -> None:
    wanted = policy(5, 10)
    told = decide_tell(begun(wanted), wanted, ALWAYS, NOW, hurried=True)
    assert told is not None
    assert (told.rung, told.late, told.addresses) == (0, False, (ANA,))
    assert told.escalation.due == NOW + 10 * MINUTE
    overdue = decide_tell(begun(wanted), wanted, ALWAYS, NOW + 99 * MINUTE, hurried=True)
    assert overdue is not None
    assert (overdue.rung, overdue.late) == (0, False), "the next one, not the highest"


# --- a policy that was changed meanwhile ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("hurried", [False, True])
def test_a_policy_that_was_made_shorter_tells_its_last_step_once_more_and_is_done(hurried: bool) -> None:
    shorter = policy(5, fallback=(LEADS,))
    far = replace(begun(policy(5, 10, 20, 30)), rung=3, due=NOW)
    told = decide_tell(far, shorter, ALWAYS, NOW, hurried=hurried)
    assert told is not None
    assert (told.rung, told.level, told.addresses, told.last) == (3, 1, (LEADS,), True), "under a rung that is new"
    assert told.escalation.progress is Progress.EXHAUSTED


def test_a_policy_that_was_made_longer_goes_on_with_what_is_new() -> None:
    told = decide_tell(
        replace(begun(policy(5)), rung=1, due=NOW), policy(5, 10, 20), ALWAYS, NOW + LATE + MINUTE, hurried=False
    )
    assert told is not None
    assert (told.rung, told.late, told.escalation.progress) == (1, True, Progress.RUNNING)


# --- hours ------------------------------------------------------------------------------------------------------------------------------

MADRID = WorkingHours(zone="Europe/Madrid")
FRIDAY_NIGHT = datetime(2026, 3, 27, 21, tzinfo=UTC)
MONDAY_MORNING = datetime(2026, 3, 30, 7, tzinfo=UTC)  # nine o'clock, after the clock's change


def test_a_policy_for_working_hours_waits_for_monday_morning() -> None:
    working = policy(5, 10, hours=When.WORKING)
    escalation = begun(working, FRIDAY_NIGHT, MADRID)
    assert escalation.due == MONDAY_MORNING
    assert decide_tell(escalation, working, MADRID, MONDAY_MORNING - MINUTE) is None
    told = decide_tell(escalation, working, MADRID, MONDAY_MORNING)
    assert told is not None
    assert (told.late, told.escalation.due) == (False, MONDAY_MORNING + 10 * MINUTE)


def test_a_level_that_would_be_told_after_hours_waits_for_the_morning() -> None:
    working = policy(5, 120, hours=When.WORKING)
    afternoon = datetime(2026, 3, 26, 15, tzinfo=UTC)  # four o'clock in Madrid, a Thursday
    told = decide_tell(begun(working, afternoon, MADRID), working, MADRID, afternoon + 5 * MINUTE)
    assert told is not None
    assert told.escalation.due == datetime(2026, 3, 27, 8, tzinfo=UTC)


def test_after_a_downtime_levels_that_would_have_waited_for_their_hours_are_not_due() -> None:
    working = policy(5, 10, 60, hours=When.WORKING)
    evening = datetime(2026, 3, 26, 16, 40, tzinfo=UTC)
    told = decide_tell(begun(working, evening, MADRID), working, MADRID, evening + timedelta(hours=9))
    assert told is not None
    assert told.rung == 1, "the third waits for the morning"


def test_a_policy_for_the_nights_is_silent_while_people_work() -> None:
    nights = policy(0, hours=When.OUTSIDE)
    noon = datetime(2026, 3, 26, 11, tzinfo=UTC)
    assert begun(nights, noon, MADRID).due == datetime(2026, 3, 26, 17, tzinfo=UTC)


# --- stopping ---------------------------------------------------------------------------------------------------------------------------


def test_a_stopped_escalation_says_why_and_who_and_tells_nobody() -> None:
    wanted = policy(0, 5)
    stopped = decide_stop(begun(wanted), "acknowledged", "U0ANA")
    assert (stopped.progress, stopped.why, stopped.by) == (Progress.STOPPED, "acknowledged", "U0ANA")
    for hurried in (False, True):
        assert decide_tell(stopped, wanted, ALWAYS, NOW + 99 * MINUTE, hurried=hurried) is None


def test_whoever_stopped_it_first_has_stopped_it() -> None:
    first = decide_stop(begun(policy(0)), "acknowledged", "U0ANA")
    assert decide_stop(first, "it answered itself", "") is first


def test_one_that_told_everybody_in_vain_can_be_stopped() -> None:
    exhausted = replace(begun(policy(0)), progress=Progress.EXHAUSTED, why="nobody answered")
    assert decide_stop(exhausted, "acknowledged", "U0ANA").progress is Progress.STOPPED


# --- any policy, any ticks --------------------------------------------------------------------------------------------------------------

minutes = st.integers(0, 600)
policies = st.builds(
    lambda waits, repeat, every, has_fallback, hours: policy(
        *waits, repeat=repeat, every=every * MINUTE, fallback=(LEADS,) if has_fallback else (), hours=hours
    ),
    st.lists(minutes, min_size=1, max_size=5),
    st.integers(0, 3),
    st.integers(1, 600),
    st.booleans(),
    st.sampled_from(list(When)),
)
working_hours = st.builds(
    lambda zone, begin, lasts: WorkingHours(zone=zone, begin=time(begin), end=time((begin + lasts) % 24)),
    st.sampled_from(["UTC", "Europe/Madrid", "America/New_York"]),
    st.integers(0, 23),
    st.integers(1, 23),
)
# (minutes until the next look, whether a person is in a hurry, how many of the policy's levels are left then)
ticks = st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 9).map(lambda n: n == 0)), max_size=40)


@given(policies, working_hours, ticks, st.integers(0, 40))
def test_rungs_strictly_rise_none_before_its_time_and_nothing_after_a_stop(
    wanted: EscalationPolicy, hours: WorkingHours, looks: list[tuple[int, bool]], stops: int
) -> None:
    escalation, now, rungs = begun(wanted, NOW, hours), NOW, [-1]
    for i, (passed, hurried) in enumerate(looks):
        now += passed * MINUTE
        if i == stops:
            escalation = decide_stop(escalation, "acknowledged", "U0ANA")
        told = decide_tell(escalation, wanted, hours, now, hurried=hurried)
        if told is None:
            assert i >= stops or escalation.progress is not Progress.RUNNING or (not hurried and now < escalation.due)
            continue
        assert i < stops
        assert hurried or now >= escalation.due
        assert told.rung > rungs[-1]
        assert hurried or told.rung == escalation.rung or told.late, "levels are left out only when it is late"
        assert told.addresses == wanted.tells(told.rung)
        assert told.last is (bool(wanted.fallback) and told.rung == wanted.rungs - 1)
        assert (told.escalation.progress is Progress.EXHAUSTED) is (told.rung == wanted.rungs - 1)
        assert told.escalation.rung == told.rung + 1
        assert told.escalation.due >= now or told.escalation.progress is Progress.EXHAUSTED
        rungs.append(told.rung)
        escalation = told.escalation
    assert len(rungs) - 1 <= wanted.rungs


@given(policies, working_hours, st.integers(0, 60 * 24 * 40))
def test_the_first_look_tells_at_most_one_level_and_the_highest_that_is_due(
    wanted: EscalationPolicy, hours: WorkingHours, later: int
) -> None:
    escalation = begun(wanted, NOW, hours)
    due = [escalation.due]
    for rung in range(1, wanted.rungs):
        due.append(hours.next(wanted.hours, due[-1] + wanted.wait(rung)))
    now = NOW + later * MINUTE
    passed = [
        rung for rung, at in enumerate(due) if at <= now and (wanted.level(rung) < len(wanted.levels) or rung == 0)
    ]
    told = decide_tell(escalation, wanted, hours, now)
    assert (told.rung if told else None) == (passed[-1] if passed else None)


@given(policies, policies, st.integers(0, 20))
def test_whatever_the_policy_became_something_new_is_told_and_it_ends(
    before: EscalationPolicy, after: EscalationPolicy, reached: int
) -> None:
    escalation = replace(begun(before), rung=min(reached, before.rungs - 1), due=NOW)
    now = NOW
    for _ in range(after.rungs + 1):
        told = decide_tell(escalation, after, ALWAYS, now)
        if told is None:
            break
        assert told.rung >= escalation.rung
        assert told.addresses
        escalation, now = told.escalation, told.escalation.due
    assert escalation.progress is Progress.EXHAUSTED


def test_severity_alone_can_choose_the_policy() -> None:
    grave = record(about=replace(record().finding, severity=Severity.CRITICAL))
    wanted = [policy(0, name="critical", when=query("sev:critical")), policy(0, name="rest")]
    assert [p.name for r in (grave, record()) if (p := policy_for(wanted, r, NOW))] == ["critical", "rest"]
