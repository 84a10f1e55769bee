"""What a suppression does at each source; and that an archive rule stays in its grammar whatever comes in."""

from __future__ import annotations

from dataclasses import replace

import pytest
from domain_making import finding, record
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.finding import Finding, Resource, Severity
from bot.domain.native import (
    MOST_RULES_EACH,
    MOST_VALUES,
    RULE_KEYS,
    How,
    archive_filter,
    archive_rules,
    archived_ids,
    effect_of,
    effect_of_each,
    filter_problem,
    finding_ids,
    guard_id,
    is_ours,
    rule_name,
    rules_of,
)
from bot.domain.suppression import ScopeKind

ANALYZER = "arn:aws:access-analyzer:eu-west-1:420500000001:analyzer/northwind"
OTHER = "arn:aws:access-analyzer:us-east-1:420500000001:analyzer/northwind"
ID = "aaaaaaaa-0000-4000-8000-bbbbbbbbbbbb"
BUCKET = Resource("arn:aws:s3:::pay-export", "AWS::S3::Bucket")
ACCESS = finding(
    source="access_analyzer", detector=ANALYZER, key=f"access_analyzer:eu-west-1:{ID}", type="ExternalAccess", resources=(BUCKET,), hub=""
)  # fmt: skip
IN_HUB = finding(source="securityhub", via="securityhub", hub="arn:aws:securityhub:::product/aws/securityhub")
THREAT = finding(
    source="guardduty", via="guardduty", key="guardduty:eu-west-1:12ab", detector="d1", severity=Severity.HIGH
)

foreign = st.text(max_size=30)
resources = st.builds(Resource, foreign, foreign)
findings = st.builds(
    finding, source=st.sampled_from(["access_analyzer", "guardduty"]), detector=st.sampled_from([ANALYZER, "", "x"]),
    type=st.sampled_from(["ExternalAccess", "UnusedIAMRole"]) | foreign, account=st.just("420000000001") | foreign,
    resources=st.lists(resources, max_size=3).map(tuple),
)  # fmt: skip


# --- the grammar ------------------------------------------------------------------------------------------------------------------------


@given(st.sampled_from(ScopeKind), findings, st.lists(foreign, max_size=130))
def test_archive_rules_stay_in_the_grammar(kind: ScopeKind, made: Finding, others: list[str]) -> None:
    rules = archive_rules(kind, made, others)
    assert len(rules) <= MOST_RULES_EACH
    for rule in rules:
        assert filter_problem(rule.filter) == ""
        assert set(rule.filter) <= RULE_KEYS
        assert all(set(c) == {"eq"} and 1 <= len(c["eq"]) <= MOST_VALUES for c in rule.filter.values())
        assert rule.filter.get("isPublic", {"eq": ["false"]})["eq"] == ["false"]
        assert set(rule.filter["resource"]["eq"]) <= {made.resource.id, *others} - {""}
        assert rule.filter["resourceOwnerAccount"]["eq"] == [made.account], "never another account's"
        assert (is_ours(rule.name), rule.name) == (True, rule_name(rule.filter))
    named = [value for rule in rules for value in rule.filter["resource"]["eq"]]
    assert len(named) == len(set(named)), "no resource is in two rules"
    assert not rules or made.resource.id in named


@given(st.sampled_from(ScopeKind), findings, st.lists(foreign, max_size=5), st.booleans())
def test_an_effect_is_always_in_words_and_a_rule_only_for_a_class(
    kind: ScopeKind, made: Finding, others: list[str], guard: bool
) -> None:
    effect = effect_of(kind, record(about=made), resources=others, guard=guard)
    assert effect.words
    assert bool(effect.rules) is (effect.how is How.RULE)
    if effect.how is How.RULE:
        assert kind in (ScopeKind.RESOURCE, ScopeKind.KIND)
        assert [c.operation for c in effect.calls] == ["CreateArchiveRule", "ApplyArchiveRule"] * len(effect.rules)


signs = st.lists(st.text(st.sampled_from("ab|= "), min_size=1), min_size=1)
filters = st.dictionaries(st.sampled_from(["resource", "type"]), signs, min_size=1)


@given(filters, filters)
def test_two_filters_never_share_a_name(one: dict[str, list[str]], two: dict[str, list[str]]) -> None:
    names = [rule_name({key: {"eq": values} for key, values in f.items()}) for f in (one, two)]
    assert (names[0] == names[1]) is (one == two)


@pytest.mark.parametrize(
    ("number", "rules"),
    [(1, [1]), (20, [20]), (21, [20, 1]), (100, [20] * 5), (101, [])],
)
def test_twenty_resources_a_rule_and_five_rules_at_most(number: int, rules: list[int]) -> None:
    names = [BUCKET.id, *(f"arn:aws:s3:::b{n:03}" for n in range(number - 1))]
    made = archive_rules(ScopeKind.KIND, ACCESS, names)
    assert [len(rule.filter["resource"]["eq"]) for rule in made] == rules


def test_a_rule_for_one_resource_names_its_type_and_one_for_several_does_not() -> None:
    one = archive_filter(ACCESS, [BUCKET.id])
    assert one is not None
    assert one["resourceType"]["eq"] == ["AWS::S3::Bucket"]
    several = archive_filter(ACCESS, [BUCKET.id, "arn:aws:s3:::b2"])
    assert several is not None
    assert "resourceType" not in several


def test_a_scope_of_one_resource_takes_no_other_resource_in() -> None:
    [rule] = archive_rules(ScopeKind.RESOURCE, ACCESS, ["arn:aws:s3:::b2"])
    assert rule.filter["resource"]["eq"] == [BUCKET.id]


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


# --- each source ------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "made", "guard", "how", "why"),
    [
        (ScopeKind.FINDING, ACCESS, False, How.FINDING, "one finding of Access Analyzer"),
        (ScopeKind.RESOURCE, ACCESS, False, How.RULE, "a resource"),
        (ScopeKind.KIND, ACCESS, False, How.RULE, "a kind of access in an account"),
        (ScopeKind.CUSTOM, ACCESS, False, How.OWN, "a filter of ours is none of theirs"),
        (ScopeKind.FINDING, replace(ACCESS, detector=""), False, How.OWN, "an analyzer that is not known"),
        (ScopeKind.RESOURCE, replace(ACCESS, resources=()), False, How.OWN, "no resource"),
        (ScopeKind.RESOURCE, replace(ACCESS, account="unknown"), False, How.OWN, "no account"),
        (ScopeKind.FINDING, IN_HUB, False, How.HUB, "Security Hub"),
        (ScopeKind.KIND, IN_HUB, False, How.HUB, "a class there"),
        (ScopeKind.FINDING, THREAT, False, How.OWN, "GuardDuty when it was not chosen"),
        (ScopeKind.FINDING, THREAT, True, How.GUARD, "GuardDuty by choice"),
        (ScopeKind.KIND, THREAT, True, How.OWN, "never a filter of GuardDuty's"),
        (ScopeKind.RESOURCE, THREAT, True, How.OWN, "never by a class at all"),
        (ScopeKind.FINDING, replace(THREAT, detector=""), True, How.OWN, "no detector"),
        (ScopeKind.FINDING, replace(IN_HUB, source="guardduty"), True, How.HUB, "a threat that came through Security Hub"),
    ],
)  # fmt: skip
def test_what_is_done_at_each_source(kind: ScopeKind, made: Finding, guard: bool, how: How, why: str) -> None:
    assert effect_of(kind, record(about=made), guard=guard).how is how, why


def test_several_findings_are_suppressed_each_at_its_own_source() -> None:
    own = record(about=finding(source="config", via="config", hub=""))
    effect = effect_of_each([record(about=ACCESS), record(about=IN_HUB), record(about=THREAT), own])
    assert effect.how is How.EACH
    assert [c.operation for c in effect.calls] == ["UpdateFindings", "BatchUpdateFindings"]
    assert "2 of them have no such thing" in effect.words
    assert len(effect_of_each([record(about=THREAT)], guard=True).calls) == 1


def test_several_findings_without_a_native_effect_have_none() -> None:
    assert effect_of_each([record(about=THREAT)]).how is How.OWN
    assert effect_of_each([]).how is How.OWN


@pytest.mark.parametrize(
    ("key", "ids"),
    [
        (f"access_analyzer:eu-west-1:{ID}", (ID,)), ("access_analyzer:eu-west-1:grouped", ()), (f"securityhub:{ID}", ()),
    ],
)  # fmt: skip
def test_the_analyzers_own_id_is_read_from_the_key(key: str, ids: tuple[str, ...]) -> None:
    assert finding_ids(replace(ACCESS, key=key)) == ids


def test_guardduty_knows_only_what_came_from_it() -> None:
    assert guard_id(THREAT) == "12ab"
    assert guard_id(replace(THREAT, via="securityhub")) == ""


def test_what_a_lease_archived_is_read_from_what_was_written_down() -> None:
    native = {"analyzer": ANALYZER, "ids": "a,b", f"ids@{OTHER}": "c", "rule": "secbot-1,secbot-2"}
    assert archived_ids(native) == {ANALYZER: ("a", "b"), OTHER: ("c",)}
    assert rules_of(native) == ("secbot-1", "secbot-2")
    assert (archived_ids({"how": "own"}), rules_of({})) == ({}, ())
