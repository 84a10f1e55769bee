"""Which rules hide findings and are not as they should be, what of it is news, and that a look survives its way through the outbox."""

from __future__ import annotations

import json
from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest
from domain_making import NOW, finding
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.drift import (
    Drift,
    Kind,
    Known,
    Maker,
    Rule,
    Seen,
    archive_drifts,
    judged,
    pack,
    remembered,
    rule_of,
    unpack,
)
from bot.domain.finding import Resource
from bot.domain.native import Filter, archive_rules
from bot.domain.suppression import Lease, ReasonClass, ScopeKind, Stage

ANALYZER = "arn:aws:access-analyzer:eu-west-1:420500000001:analyzer/northwind"
DAY = timedelta(days=1)
[WANTED] = archive_rules(
    ScopeKind.RESOURCE,
    finding(source="access_analyzer", detector=ANALYZER, resources=(Resource("arn:aws:s3:::pay-export", "AWS::S3::Bucket"),)),
)  # fmt: skip


def lease(id: str = "L1", stage: Stage = Stage.ACTIVE, *, rule: str = WANTED.name, **native: str) -> Lease:
    return Lease(
        id=id, kind=ScopeKind.RESOURCE, number=1, query="F-1", why=ReasonClass.TEST, reason="because of a test", ticket="",
        owner="U1", author="U1", created=NOW, until=NOW + DAY, stage=stage,
        native={"analyzer": ANALYZER, "rule": rule, **native},
    )  # fmt: skip


def drifts(rules: dict[str, Filter], *leases: Lease) -> list[tuple[Kind, str, tuple[str, ...]]]:
    return [(d.kind, d.rule.name, d.leases) for d in archive_drifts(ANALYZER, rules, leases)]


def widened(filter: Filter) -> Filter:
    return {key: c for key, c in filter.items() if key != "resourceOwnerAccount"}


@pytest.mark.parametrize(
    ("rules", "leases", "found", "why"),
    [
        ({WANTED.name: WANTED.filter}, [lease()], [], "a rule as it was made"),
        ({WANTED.name: WANTED.filter}, [lease(), lease("L2")], [], "shared by two"),
        ({"theirs": WANTED.filter}, [], [(Kind.FOREIGN, "theirs", ())], "the same filter under another name is theirs"),
        ({WANTED.name: WANTED.filter}, [], [(Kind.STRAY, WANTED.name, ())], "one of ours that nobody needs"),
        ({WANTED.name: WANTED.filter}, [lease(stage=Stage.ENDED)], [(Kind.STRAY, WANTED.name, ())], "its lease is over"),
        ({WANTED.name: WANTED.filter}, [lease(stage=Stage.ENDING)], [(Kind.STRAY, WANTED.name, ())], "it is about to go"),
        (
            {WANTED.name: widened(WANTED.filter)}, [lease(), lease("L0")], [(Kind.CHANGED, WANTED.name, ("L0", "L1"))],
            "one that was widened",
        ),
        ({}, [lease()], [(Kind.GONE, WANTED.name, ("L1",))], "one that was deleted"),
        ({}, [lease(stage=Stage.APPLYING)], [(Kind.GONE, WANTED.name, ("L1",))], "also before it is confirmed"),
        ({}, [lease(refused="access denied")], [], "one that AWS refused was never there"),
        ({}, [lease(refused="x"), lease("L2")], [(Kind.GONE, WANTED.name, ("L1", "L2"))], "unless another has it"),
        ({}, [lease(rule="")], [], "findings that were archived by their ids take no rule"),
        ({}, [replace(lease(), native={"analyzer": "another", "rule": "x"})], [], "a rule at another analyzer"),
        (
            {WANTED.name: WANTED.filter}, [lease(rule=f"{WANTED.name},secbot-2")], [(Kind.GONE, "secbot-2", ("L1",))],
            "one of several",
        ),
    ],
)  # fmt: skip
def test_what_is_wrong_at_an_analyzer(
    rules: dict[str, Filter], leases: list[Lease], found: list[tuple[Kind, str, tuple[str, ...]]], why: str
) -> None:
    assert drifts(rules, *leases) == found, why


@pytest.mark.parametrize(
    ("filter", "is_broad"),
    [
        (WANTED.filter, False),
        (widened(WANTED.filter), False),
        ({"resource": {"contains": ["arn"]}, "resourceOwnerAccount": {"eq": ["4"]}}, True),
        ({"isPublic": {"eq": ["true"]}, "resource": {"eq": ["x"]}}, True),
        ({"resourceType": {"eq": ["AWS::S3::Bucket"]}}, True),
        ({"resource": {"eq": ["x"]}, "resourceOwnerAccount": {"eq": ["4"]}}, True),
        ({"error": {"exists": ["false"]}, "resource": {"eq": ["x"]}}, True),
    ],
)
def test_a_rule_that_hides_more_than_ours_may_is_called_broad(filter: Filter, is_broad: bool) -> None:
    [found] = archive_drifts(ANALYZER, {"theirs": filter}, ())
    assert bool(found.rule.broad) is is_broad
    assert found.rule.what


@given(st.data())
def test_a_rules_name_does_not_rest_on_the_order_in_which_it_is_told(data: st.DataObject) -> None:
    made = finding(source="access_analyzer", resources=(Resource("arn:aws:s3:::b0"),))
    others = data.draw(st.lists(st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1), max_size=50))
    for rule in archive_rules(ScopeKind.KIND, made, others):
        told = data.draw(st.permutations(list(rule.filter.items())))
        again = {key: {"eq": data.draw(st.permutations(list(c["eq"]))), "neq": [], "contains": []} for key, c in told}
        assert rule_of(again) == rule.name
        assert drifts({rule.name: again}, lease(rule=rule.name)) == []


@given(st.sampled_from(sorted(WANTED.filter)), st.text(min_size=1))
def test_whatever_is_changed_in_a_filter_is_seen(key: str, value: str) -> None:
    changed = {**WANTED.filter, key: {"eq": [*WANTED.filter[key]["eq"], value]}}
    assert drifts({WANTED.name: changed}, lease()) == [(Kind.CHANGED, WANTED.name, ("L1",))]
    replaced = {**WANTED.filter, key: {"eq": [value]}}
    if replaced != WANTED.filter:
        assert drifts({WANTED.name: replaced}, lease()) == [(Kind.CHANGED, WANTED.name, ("L1",))]


def test_another_operator_is_another_rule() -> None:
    changed = {**WANTED.filter, "resource": {"neq": WANTED.filter["resource"]["eq"]}}
    assert drifts({WANTED.name: changed}, lease()) == [(Kind.CHANGED, WANTED.name, ("L1",))]


# --- news -----------------------------------------------------------------------------------------------------------------------------


def rule(name: str = "hush", what: str = "low: SUPPRESSED", **changes: str) -> Rule:
    made = Rule(service="securityhub", place="eu-west-1", id=f"arn:{name}", name=name, what=what)
    return replace(made, **changes)


def drift(name: str = "hush", what: str = "low: SUPPRESSED", kind: Kind = Kind.FOREIGN) -> Drift:
    return Drift(kind=kind, rule=rule(name, what))


def known(*drifts: Drift) -> dict[str, Known]:
    return {d.key: Known(key=d.key, digest=d.digest, first=NOW - DAY, told=NOW - DAY) for d in drifts}


@pytest.mark.parametrize(
    ("found", "before", "news", "why"),
    [
        ([drift()], [], 1, "never told"),
        ([drift()], [drift()], 0, "told before"),
        ([drift(what="all: SUPPRESSED")], [drift()], 1, "does something else now"),
        ([drift(kind=Kind.CHANGED)], [drift()], 1, "something else is wrong with it"),
        ([drift(), drift("other")], [drift()], 1, "another one"),
        ([], [drift()], 0, "mended"),
    ],
)
def test_what_is_news(found: list[Drift], before: list[Drift], news: int, why: str) -> None:
    seen = judged(found, known(*before), ["guardduty"], 7)
    assert (len(seen.news), seen.blind, seen.looked) == (news, ("guardduty",), 7), why
    kept = remembered(seen, known(*before), NOW)
    assert {k.key for k in kept} == seen.news, why
    assert all(k.told == NOW for k in kept)
    assert judged(found, known(*before) | {k.key: k for k in kept}, (), 7).news == frozenset(), "and told, it is known"


def test_a_rule_that_was_changed_keeps_the_time_at_which_it_was_first_seen() -> None:
    seen = judged([drift(what="all: SUPPRESSED")], known(drift()), (), 1)
    [kept] = remembered(seen, known(drift()), NOW)
    assert (kept.first, kept.told) == (NOW - DAY, NOW)


def test_two_rules_are_told_apart_by_service_place_and_id_and_not_by_name() -> None:
    one = drift()
    same = replace(one, rule=rule(updated="2026-01-01", broad="very"))
    assert (same.key, same.digest) == (one.key, one.digest)
    others = [{"service": "securityhub_v2"}, {"place": "us-east-1"}, {"id": "arn:2"}]
    assert len({one.key, *(replace(one, rule=rule(**change)).key for change in others)}) == 4


def test_the_most_dangerous_rules_come_first() -> None:
    narrow, broad = drift("a"), Drift(kind=Kind.STRAY, rule=rule("z", broad="everything"))
    assert judged([narrow, broad], {}, (), 2).found == (broad, narrow)


# --- as text --------------------------------------------------------------------------------------------------------------------------

texts = st.text(max_size=30)
rules = st.builds(
    Rule, service=texts, place=texts, id=texts, name=texts, what=texts, broad=texts, updated=texts
)  # fmt: skip
makers = st.none() | st.builds(Maker, who=texts, did=texts, at=st.just(NOW))
found = st.builds(
    Drift, kind=st.sampled_from(Kind), rule=rules, leases=st.lists(texts, max_size=3).map(tuple), maker=makers
)
looks = st.builds(
    Seen, found=st.lists(found, max_size=4).map(tuple), news=st.frozensets(texts, max_size=3),
    blind=st.lists(texts, max_size=3).map(tuple), looked=st.integers(0, 10_000),
)  # fmt: skip


@given(looks)
def test_a_look_is_the_same_after_it_was_packed(seen: Seen) -> None:
    assert unpack(pack(seen)) == seen


keys = st.sampled_from(["found", "news", "blind", "looked", "kind", "rule", "leases", "maker"])
leaves = st.none() | st.booleans() | st.integers() | st.text(max_size=5)
shapes = st.recursive(leaves, lambda s: st.lists(s, max_size=3) | st.dictionaries(keys, s, max_size=5))


@given(st.text(max_size=40) | shapes.map(json.dumps))
def test_what_was_not_packed_raises_one_kind_of_error(text: str) -> None:
    with suppress(ValueError):
        assert unpack(pack(unpack(text)))
