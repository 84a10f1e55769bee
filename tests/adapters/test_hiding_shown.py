"""Rules of others in words: one line for one meaning, and which rules are broad."""

from __future__ import annotations

from typing import Any

import pytest

from bot.adapters.hiding import shown

ACCOUNT, BUCKET = "420000000001", "arn:aws:s3:::ledger"


def compared(comparison: str, *values: str) -> list[dict[str, str]]:
    return [{"Value": value, "Comparison": comparison} for value in values]


def equal(*values: str) -> list[dict[str, str]]:
    return compared("EQUALS", *values)


def text(field: str, value: str, comparison: str = "EQUALS") -> dict[str, Any]:
    return {"FieldName": field, "Filter": {"Value": value, "Comparison": comparison}}


def filters(*composites: dict[str, Any], operator: str = "AND") -> dict[str, Any]:
    return {"CompositeFilters": list(composites), "CompositeOperator": operator}


def texts(*strings: dict[str, Any], operator: str = "AND", **more: Any) -> dict[str, Any]:
    return {"StringFilters": list(strings), "Operator": operator, **more}


SAME = [
    ("values in another order", {"Type": equal("a", "b")}, {"Type": equal("b", "a")}),
    ("a value twice", {"Type": equal("a", "a")}, {"Type": equal("a")}),
    ("an attribute without a filter", {"Type": equal("a"), "Id": []}, {"Type": equal("a")}),
    ("a whole number as a float", {"Confidence": [{"Gte": 5.0}]}, {"Confidence": [{"Gte": 5}]}),
    ("filters in another order", filters(texts(text("a", "1"), text("b", "2"))), filters(texts(text("b", "2"), text("a", "1")))),
    ("nothing said in many words", {"OcsfFindingCriteria": {"CompositeFilters": []}}, {}),
]  # fmt: skip


@pytest.mark.parametrize(("why", "one", "other"), SAME, ids=[row[0] for row in SAME])
def test_two_rules_that_mean_the_same_have_the_same_line(why: str, one: Any, other: Any) -> None:
    assert shown.shown(one) == shown.shown(other), why


OTHERS = [
    ("another value", {"Type": equal("a")}, {"Type": equal("b")}),
    ("another comparison", {"Type": equal("a")}, {"Type": compared("PREFIX", "a")}),
    ("another attribute", {"Type": equal("a")}, {"Title": equal("a")}),
    ("a value made to look like two", {"Type": equal("a|=b")}, {"Type": equal("a", "b")}),
    ("a value made to look like two attributes", {"Id": equal("a Type=b")}, {"Id": equal("a"), "Type": equal("b")}),
    ("another operator", filters(texts(text("a", "1"), text("b", "2"))), filters(texts(text("a", "1"), text("b", "2"), operator="OR"))),
    ("two groups", filters(texts(text("a", "1")), texts(text("b", "2"))), filters(texts(text("a", "1"), text("b", "2")))),
    ("another tag", {"ResourceTags": [{"Key": "a", **equal("x")[0]}]}, {"ResourceTags": [{"Key": "b", **equal("x")[0]}]}),
    ("another bound", {"Confidence": [{"Gte": 5}]}, {"Confidence": [{"Lte": 5}]}),
    ("an empty text", {"Note": {"Text": ""}}, {"Note": {}}),
    ("a switch", {"BooleanFilters": [{"FieldName": "f", "Filter": {"Value": True}}]},
     {"BooleanFilters": [{"FieldName": "f", "Filter": {"Value": False}}]}),
]  # fmt: skip


@pytest.mark.parametrize(("why", "one", "other"), OTHERS, ids=[row[0] for row in OTHERS])
def test_two_rules_that_mean_other_things_have_other_lines(why: str, one: Any, other: Any) -> None:
    assert shown.shown(one) != shown.shown(other), why


def test_a_line_is_one_line_whatever_its_values_are() -> None:
    line = shown.line(shown.shown({"Title": equal('a\n"b"\u2028')}), "x")
    assert len(line.splitlines()) == 1


def test_a_long_line_is_cut_and_still_tells_rules_apart() -> None:
    long = [equal(*(f"arn:aws:s3:::bucket-{n}" for n in range(200)), last) for last in ("x", "y")]
    one, other = (shown.line(shown.shown({"ResourceId": ids}), "hide") for ids in long)
    assert one != other
    assert max(len(one), len(other)) < shown.MOST + 30


def test_old_and_new_names_of_guarddutys_operators_are_one() -> None:
    new = {"type": {"NotEquals": ["b", "a"]}, "severity": {"GreaterThanOrEqual": 1, "LessThan": 4}}
    old = {"severity": {"Lt": 4, "Gte": 1}, "type": {"Neq": ["a", "b"]}}
    assert shown.conditions(new) == shown.conditions(old) == "severity<4 severity>=1 type!=a|b"
    assert shown.conditions({"type": {"Equals": []}}) == ""


NOBODY = "it names no account and no resource"
MANY = "it names neither a resource nor one kind of finding in one account"
EVERY = ", and it suppresses every severity"

CSPM = [
    ("a resource is named", {"ResourceId": equal(BUCKET)}, ""),
    ("several resources are named", {"ResourceId": equal(BUCKET, "b")}, ""),
    ("a finding is named", {"Id": equal("f")}, ""),
    ("one kind in one account", {"AwsAccountId": equal(ACCOUNT), "ComplianceSecurityControlId": equal("S3.1")}, ""),
    ("everything", {}, NOBODY + EVERY),
    ("a severity", {"SeverityLabel": equal("LOW")}, NOBODY),
    ("one kind everywhere", {"GeneratorId": equal("g")}, NOBODY),
    ("an account", {"AwsAccountId": equal(ACCOUNT)}, MANY + EVERY),
    ("an account and a severity", {"AwsAccountId": equal(ACCOUNT), "SeverityLabel": equal("LOW")}, MANY),
    ("one kind in two accounts", {"AwsAccountId": equal(ACCOUNT, "2"), "Type": equal("t")}, MANY),
    ("two kinds in one account", {"AwsAccountId": equal(ACCOUNT), "Type": equal("t", "u")}, MANY + EVERY),
    ("a prefix names nothing", {"ResourceId": compared("PREFIX", "arn:")}, NOBODY + EVERY),
    ("a prefix beside a name", {"ResourceId": [*equal(BUCKET), *compared("PREFIX", "arn:")]}, NOBODY + EVERY),
    ("all but one", {"ResourceId": compared("NOT_EQUALS", BUCKET)}, NOBODY + EVERY),
    ("a name with an exception", {"ResourceId": [*equal(BUCKET), *compared("NOT_CONTAINS", "x")]}, ""),
    ("bounds name nothing", {"Confidence": [{"Gte": 5}]}, NOBODY + EVERY),
]


@pytest.mark.parametrize(("why", "criteria", "broad"), CSPM, ids=[row[0] for row in CSPM])
def test_how_broad_a_cspm_rule_is(why: str, criteria: Any, broad: str) -> None:
    assert shown.broad(shown.CSPM, shown.cspm_named(criteria), criteria) == broad, why


HERE, KIND = text("cloud.account.uid", ACCOUNT), text("compliance.control", "S3.1")
LOW = {"FieldName": "severity_id", "Filter": {"Eq": 2}}
V2 = [
    ("a resource is named", filters(texts(text("resources.uid", BUCKET))), ""),
    ("one of two findings", filters(texts(text("metadata.uid", "a"), text("metadata.uid", "b"), operator="OR")), ""),
    ("one kind in one account", filters(texts(HERE), texts(KIND)), ""),
    ("everything", {}, NOBODY + EVERY),
    ("a severity", filters({"NumberFilters": [LOW]}), NOBODY),
    ("an account", filters(texts(HERE)), MANY + EVERY),
    ("an account or a kind", filters(texts(HERE), texts(KIND), operator="OR"), NOBODY + EVERY),
    ("a resource or a low severity", filters(texts(text("resources.uid", BUCKET), operator="OR", NumberFilters=[LOW])), NOBODY),
    ("a prefix names nothing", filters(texts(text("resources.uid", "arn:", "PREFIX"))), NOBODY + EVERY),
    ("a resource deeper down", filters({"NestedCompositeFilters": [texts(text("resources.uid", BUCKET))]}), ""),
]  # fmt: skip


@pytest.mark.parametrize(("why", "criteria", "broad"), V2, ids=[row[0] for row in V2])
def test_how_broad_a_v2_rule_is(why: str, criteria: Any, broad: str) -> None:
    assert shown.broad(shown.V2, shown.v2_named(criteria), shown.v2_mentioned(criteria)) == broad, why


GUARD = [
    ("an instance is named", {"resource.instanceDetails.instanceId": {"Equals": ["i-1"]}}, ""),
    ("one kind in one account", {"accountId": {"Eq": [ACCOUNT]}, "type": {"Equals": ["t"]}}, ""),
    ("everything", {}, NOBODY + EVERY),
    ("one kind everywhere", {"type": {"Equals": ["t"]}}, NOBODY),
    ("a low severity", {"severity": {"LessThan": 4}}, NOBODY),
    ("a wildcard names nothing", {"resource.s3BucketDetails.name": {"Matches": ["*"]}}, NOBODY + EVERY),
]


@pytest.mark.parametrize(("why", "criterion", "broad"), GUARD, ids=[row[0] for row in GUARD])
def test_how_broad_a_filter_of_guardduty_is(why: str, criterion: Any, broad: str) -> None:
    assert shown.broad(shown.GUARD, shown.guard_named(criterion), criterion) == broad, why
