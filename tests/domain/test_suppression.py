"""What may be hidden, for how long, by whom; and that an archive rule stays in its grammar whatever comes in."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from domain_making import NAMES, NOW, finding, record
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import suppression
from bot.domain.finding import Record, Resource, Severity
from bot.domain.native import RULE_KEYS, How, archive_filter, effect_of, filter_problem, rule_name
from bot.domain.query import Query, show
from bot.domain.suppression import (
    Lease,
    Reach,
    ReasonClass,
    ScopeKind,
    Stage,
    covers,
    digest,
    judge,
    query_of,
    query_problem,
    reason_problem,
    scope_query,
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


@given(
    st.sampled_from(list(ScopeKind)),
    st.builds(finding, source=st.just("access_analyzer"), type=st.text(max_size=40)),
    st.text(),
)
def test_an_archive_rule_stays_in_the_grammar(kind: ScopeKind, made: object, resource: str) -> None:
    about = replace(made, resources=(Resource(resource, resource),))  # type: ignore[type-var]
    filter = archive_filter(kind, about)  # type: ignore[arg-type]
    if filter is None:
        return
    assert filter_problem(filter) == ""
    assert set(filter) <= RULE_KEYS
    assert "resource" in filter
    assert all(set(c) == {"eq"} and 1 <= len(c["eq"]) <= 20 for c in filter.values())
    assert filter.get("isPublic", {"eq": ["false"]})["eq"] == ["false"]
    assert rule_name(filter).startswith("secbot-")


@pytest.mark.parametrize(
    ("filter", "says"),
    [
        ({"resource": {"eq": ["x"]}}, "two keys"),
        ({"resourceType": {"eq": ["x"]}, "isPublic": {"eq": ["false"]}}, "a resource or a principal"),
        ({"resource": {"eq": ["x"]}, "isPublic": {"eq": ["true"]}}, "public access"),
        ({"resource": {"neq": ["x"]}, "isPublic": {"eq": ["false"]}}, "equal values"),
        ({"resource": {"eq": []}, "isPublic": {"eq": ["false"]}}, "equal values"),
        ({"resource": {"eq": ["x"] * 21}, "isPublic": {"eq": ["false"]}}, "equal values"),
        ({"resource": {"eq": ["x"]}, "id": {"eq": ["y"]}}, "not a key"),
    ],
)
def test_a_rule_outside_the_grammar_is_refused(filter: dict[str, dict[str, list[str]]], says: str) -> None:
    assert says in filter_problem(filter)


def test_what_is_done_at_each_source() -> None:
    analyzer = "arn:aws:access-analyzer:eu-west-1:420500000001:analyzer/northwind"
    access = record(
        about=finding(
            source="access_analyzer",
            detector=analyzer,
            key="access_analyzer:eu-west-1:" + "a" * 8 + "-0000-4000-8000-" + "b" * 12,
        )
    )
    hub = record(
        about=finding(source="securityhub", via="securityhub", hub="arn:aws:securityhub:::product/aws/securityhub")
    )
    threat = record(about=finding(source="guardduty", via="guardduty"))
    assert effect_of(ScopeKind.FINDING, access).how is How.FINDING
    assert effect_of(ScopeKind.RESOURCE, access).how is How.RULE
    assert effect_of(ScopeKind.CUSTOM, access).how is How.OWN
    assert effect_of(ScopeKind.FINDING, hub).how is How.HUB
    assert effect_of(ScopeKind.KIND, threat).how is How.OWN, "never a filter of GuardDuty's"


def test_a_lease_reads_its_query_back_as_it_was_printed() -> None:
    for text in ("F-12", "account:420000000001 src:guardduty type:x", 'account:420000000001 resource:"a b"'):
        assert show(query_of(lease(query=text))) == text


def test_the_trail_alarms_type_is_the_one_that_its_source_gives() -> None:
    assert cloudwatch.TRAIL_ALARM.casefold() == suppression._TRAIL_ALARM
