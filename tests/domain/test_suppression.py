"""What may be hidden, for how long, by whom; and that what became graver than was agreed to is hidden no more."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from domain_making import NAMES, NOW, finding, record

from bot.domain import suppression
from bot.domain.finding import Record, Resource, Severity, State
from bot.domain.query import Query, show
from bot.domain.suppression import (
    Lease,
    Reach,
    ReasonClass,
    ScopeKind,
    Stage,
    capped,
    covers,
    digest,
    judge,
    never_hidden,
    query_of,
    query_problem,
    reason_problem,
    scope_query,
    these_query,
)
from bot.domain.syntax import parse
from bot.sources import cloudwatch

DAY = timedelta(days=1)


def reach(n: int = 1, worst: Severity = Severity.HIGH, accounts: int = 1) -> Reach:
    return Reach(by_severity={worst: n}, accounts=accounts, envs={"prod": n}, in_90_days=n)


def query(text: str) -> Query:
    return parse(text, NAMES).query


@pytest.mark.parametrize(
    ("kind", "text", "held", "days", "alone", "why"),
    [
        (ScopeKind.FINDING, "F-1", reach(), 7, True, "one finding for a week"),
        (ScopeKind.FINDING, "F-1", reach(), 8, False, "longer than a week"),
        (ScopeKind.FINDING, "F-1", reach(1, Severity.CRITICAL), 1, False, "a critical one"),
        (ScopeKind.KIND, "account:420000000001 control:S3.2", reach(25), 7, True, "twenty-five"),
        (ScopeKind.KIND, "account:420000000001 control:S3.2", reach(26), 7, False, "twenty-six"),
        (ScopeKind.CUSTOM, "account:420000000001 type:x", reach(), 7, True, "an exact filter in one account"),
        (ScopeKind.CUSTOM, "account:420000000001 type:x*", reach(), 7, False, "a pattern"),
        (ScopeKind.CUSTOM, "account:420000000001 -type:x", reach(), 7, False, "a negation"),
        (ScopeKind.CUSTOM, "account:420000000001,420000000002", reach(2, accounts=2), 7, False, "two accounts"),
    ],
)
def test_who_may_hide_it_alone(kind: ScopeKind, text: str, held: Reach, days: int, alone: bool, why: str) -> None:
    verdict = judge(kind, query(text), held, days * DAY, about=record())
    assert verdict.allowed, why
    assert verdict.alone is alone, why


@pytest.mark.parametrize(
    ("about", "text", "held", "lasts", "says", "why"),
    [
        (record(), "F-1", reach(), 31 * DAY, "30 days at most", "a high one longer than a month"),
        (record(), "F-1", reach(1, Severity.CRITICAL), 8 * DAY, "7 days at most", "a critical one longer than a week"),
        (record(), "F-1", reach(1, Severity.LOW), 91 * DAY, "90 days at most", "anything longer than a quarter"),
        (record(), "F-1", reach(), timedelta(), "has passed", "no time at all"),
        (record(), "env:prod", reach(), DAY, "names no account and no resource", "a filter that is tied to nothing"),
        (record(), "account:pay*", reach(), DAY, "names no account", "a pattern is no name"),
        (
            record(about=finding(source="guardduty", severity=Severity.CRITICAL)), "F-1", reach(), DAY, "never hidden",
            "a critical threat",
        ),
        (
            record(about=finding(type="Policy:IAMUser/RootCredentialUsage")), "F-1", reach(), DAY, "root user",
            "the root user's use",
        ),
        (
            record(about=finding(type="CloudTrail metric filter alarm", detector="root-account-use")), "F-1", reach(), DAY,
            "root user", "an alarm on the root user's use",
        ),
        (
            record(about=finding(type="CloudTrail metric filter alarm", detector="CIS-CloudTrail-Changes")), "F-1", reach(), DAY,
            "change of CloudTrail", "an alarm on changes of the trail",
        ),
        (
            record(about=finding(type="Stealth:IAMUser/CloudTrailLoggingDisabled")), "F-1", reach(), DAY, "CloudTrail",
            "a stopped trail",
        ),
    ],
)  # fmt: skip
def test_what_is_never_hidden(about: Record, text: str, held: Reach, lasts: timedelta, says: str, why: str) -> None:
    kind = ScopeKind.CUSTOM if ":" in text else ScopeKind.FINDING
    verdict = judge(kind, query(text), held, lasts, about=about)
    assert not verdict.allowed, why
    assert any(says in reason for reason in verdict.refused), verdict.refused


def test_findings_of_the_bots_own_account_are_never_hidden() -> None:
    about = record()
    verdict = judge(ScopeKind.FINDING, query("F-1"), reach(), DAY, about=about, own_account=about.finding.account)
    assert not verdict.allowed


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("account:x state:open", "what findings are"),
        ("account:x by:@U0ANA", "what findings are"),
        ("account:x lease:<1d", "what findings are"),
        ("account:x age:>7d", "rest on time"),
        ("F-1", "terms only"),
        ("account:x here", "terms only"),
        ("account:x by:sev", "terms only"),
        ("", "at least one"),
    ],
)
def test_a_filter_that_cannot_be_a_scope_says_why(text: str, says: str) -> None:
    assert says in query_problem(query(text))


def test_a_filter_of_terms_is_a_scope() -> None:
    assert query_problem(query("account:420000000001 control:S3.2 high+")) == ""


@pytest.mark.parametrize("kind", [ScopeKind.RESOURCE, ScopeKind.KIND])
def test_a_scope_holds_the_finding_that_it_began_with(kind: ScopeKind) -> None:
    about = record(about=finding(resources=(Resource("arn:aws:s3:::pay-export"),)))
    assert covers(scope_query(kind, about), about, NOW)
    other = record(about=finding(account="420000000009", resources=(Resource("arn:aws:s3:::pay-export"),)))
    assert not covers(scope_query(kind, other), about, NOW)


def lease(**changes: object) -> Lease:
    made = Lease(
        id="L1", kind=ScopeKind.FINDING, number=1, query="F-1", why=ReasonClass.TEST, reason="because of a test", ticket="",
        owner="U1", author="U1", created=NOW, until=NOW + DAY, stage=Stage.DRAFT,
    )  # fmt: skip
    return replace(made, **changes)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "change",
    [
        {"until": NOW + 2 * DAY}, {"reason": "another"}, {"owner": "U2"}, {"query": "F-2"}, {"ticket": "SEC-1"},
        {"why": ReasonClass.EXPECTED}, {"kind": ScopeKind.CUSTOM}, {"author": "U2"},
    ],
)  # fmt: skip
def test_whatever_an_approver_agrees_to_is_in_the_hash(change: dict[str, object]) -> None:
    assert digest(lease()) != digest(lease(**change))
    assert digest(lease()) == digest(lease(stage=Stage.WAITING, approval="A1"))


@pytest.mark.parametrize(("reason", "fine"), [("short", False), ("  a  b  c  ", False), ("long enough", True)])
def test_a_reason_says_something(reason: str, fine: bool) -> None:
    assert (reason_problem(reason) == "") is fine


def test_a_lease_reads_its_query_back_as_it_was_printed() -> None:
    for text in (
        "F-1 F-12",
        "sev:info..high F-12",
        "account:420000000001 sev:info..low control:S3.2",
        "F-12",
        "account:420000000001 src:guardduty type:x",
        'account:420000000001 resource:"a b"',
    ):
        assert show(query_of(lease(query=text))) == text


def test_the_trail_alarms_type_is_the_one_that_its_source_gives() -> None:
    assert cloudwatch.TRAIL_ALARM.casefold() == suppression._TRAIL_ALARM


# --- no graver than agreed ------------------------------------------------------------------------------------------------------------


def about(severity: Severity, **changes: Any) -> Record:
    return record(about=finding(severity=severity, **changes), number=12)


SCOPES = [
    "F-12",
    "F-3 F-12",
    "account:420000000001 control:S3.2",
    'account:420000000001 resource:"arn:aws:s3:::pay-export"',
]


@pytest.mark.parametrize("text", SCOPES)
@pytest.mark.parametrize("worst", list(Severity))
@pytest.mark.parametrize("severity", list(Severity))
def test_a_scope_holds_what_is_no_graver_than_what_was_agreed_to(
    text: str, worst: Severity, severity: Severity
) -> None:
    scope = capped(query(text), worst)
    assert covers(scope, about(severity), NOW) is (severity <= worst)
    read = query_of(lease(query=show(scope)))
    assert covers(read, about(severity), NOW) is (severity <= worst), "also as it is printed"


@pytest.mark.parametrize("worst", list(Severity))
def test_a_scope_that_has_its_cap_is_not_capped_twice(worst: Severity) -> None:
    once = capped(query("account:420000000001"), worst)
    assert capped(once, worst) == once
    assert len(once.terms) == (1 if worst is Severity.CRITICAL else 2)


def test_a_cap_does_not_widen_a_filter_that_asks_for_less() -> None:
    scope = capped(query("account:420000000001 sev:low"), Severity.HIGH)
    assert [covers(scope, about(s), NOW) for s in (Severity.INFO, Severity.LOW, Severity.HIGH)] == [False, True, False]


def test_several_findings_are_a_scope_of_exactly_these() -> None:
    scope = these_query([12, 7, 12])
    assert show(scope) == "F-12 F-7"
    assert covers(scope, record(number=7), NOW)
    assert not covers(scope, record(number=8), NOW)


def test_an_empty_scope_holds_nothing() -> None:
    assert not covers(Query(), record(), NOW)


def test_a_scope_holds_its_findings_whatever_became_of_them() -> None:
    assert all(covers(query("F-12"), record(state), NOW) for state in State)


@pytest.mark.parametrize(
    ("changes", "is_kept", "why"),
    [
        ({}, False, "a bucket that anyone can read"),
        ({"severity": Severity.CRITICAL}, False, "a critical one of another source takes an approval, but it may be"),
        ({"severity": Severity.CRITICAL, "source": "guardduty"}, True, "a critical threat"),
        ({"severity": Severity.HIGH, "source": "guardduty"}, False, "a high threat"),
        ({"type": "Policy:IAMUser/RootCredentialUsage"}, True, "the root user"),
        ({"type": "policy:iamuser/rootcredentialusage"}, True, "in any case of letters"),
        ({"type": "DefenseEvasion:IAMUser/AnomalousBehavior"}, True, "an evasion of detection"),
        ({"type": "CloudTrail metric filter alarm", "detector": "Root Account Usage"}, True, "its alarm"),
        ({"type": "CloudTrail metric filter alarm", "detector": "NACL changes"}, False, "another alarm on the trail"),
        ({"type": "Some alarm", "detector": "root-account-use"}, False, "a name alone is a name"),
    ],
)
def test_what_is_kept_whatever_hides_it(changes: dict[str, Any], is_kept: bool, why: str) -> None:
    assert bool(never_hidden(record(about=finding(**changes)))) is is_kept, why


def test_the_bots_own_account_is_kept_only_when_it_is_known() -> None:
    own = record().finding.account
    assert never_hidden(record(), own)
    assert not never_hidden(record(), "")
    assert not never_hidden(record(), "420000000009")


def test_what_is_never_hidden_counts_for_nothing_in_the_reach() -> None:
    held = Reach(by_severity={Severity.HIGH: 25}, accounts=1, envs={}, in_90_days=0, kept=9)
    assert (held.total, held.worst) == (25, Severity.HIGH)
    assert judge(ScopeKind.KIND, query("account:420000000001 control:S3.2"), held, DAY, about=record()).alone


def test_a_reach_of_nothing_has_no_grave_one() -> None:
    assert Reach(by_severity={Severity.CRITICAL: 0}, accounts=0, envs={}, in_90_days=0).worst is Severity.INFO
