"""What was not understood: said exactly, never run, and every repair offered is one that works."""

from __future__ import annotations

from dataclasses import replace

import pytest
from domain_making import NAMES, PROD, STAGE
from hypothesis import assume, given
from hypothesis import strategies as st

from bot.domain.query import Exact, Key, Term, show
from bot.domain.spelling import nearest, typing_distance
from bot.domain.syntax import Problem, parse


def only_problem(text: str) -> Problem:
    problems = parse(text, NAMES).problems
    assert len(problems) == 1, problems
    return problems[0]


@pytest.mark.parametrize(
    ("text", "kind", "repaired", "why"),
    [
        ("prdo high", "unknown_word", "prod high", "two letters swapped"),
        ("-prdo high", "unknown_word", "-prod high", "a repair keeps the not: without it, it would mean the opposite"),
        ("gaurdduty", "unknown_word", "guardduty", "a source"),
        ("criticl+", "unknown_word", '"criticl+"', "too far from every word: only a search is offered"),
        ("sandboxana", "unknown_word", 'account:"Sandbox Ana"', "a name with a space needs its key and quotes"),
        ("xyzzy", "unknown_word", '"xyzzy"', "like nothing: search titles"),
        ("-xyzzy", "unknown_word", '-"xyzzy"', "not like nothing"),
        ('x"y z"', "unknown_word", '"xy z"', "quotes in the middle do not end up in the repair"),
        ("env:prdo", "unknown_value", "env:prod", "a value of a key"),
        ("-env:dev,prdo", "unknown_value", "-env:dev,prod", "one of several values, negated"),
        ("state:opne", "unknown_value", "state:open", "a state"),
        ("src:confg", "unknown_value", "src:config", "a source"),
        ("sev:hihg+", "unknown_value", "sev:high", "a severity"),
        ("sev:low..hihg", "unknown_value", "", "a range is not put together again: dropped"),
        ("sev:>critical", "unknown_value", "sev:critical", "nothing is above critical, so nobody is shown critical"),
        ("sev:<info", "unknown_value", "sev:info", "nothing is below info"),
        ("age:7d", "unknown_value", "age:>7d", "older or younger?"),
        ("age:soon", "unknown_value", "", "no time at all: dropped"),
        ("last:>999999w", "unknown_value", "", "longer than anything: dropped"),
        ("page:0", "unknown_value", "page:1", "pages begin at one"),
        ("page:x", "unknown_value", "page:1", "no number"),
        ("page:99999999", "unknown_value", "page:1", "no page"),
        ("sort:name", "unknown_value", "sort:sev", "an order that is not there"),
        ("envv:prod", "unknown_key", "env:prod", "a key"),
        ("pgae:2", "unknown_key", "page:2", "a setting is a key too"),
        ("colour:red", "unknown_key", "", "like no key: dropped"),
        ("env:", "empty_value", "", "a key without a value"),
        ('prod env:""', "empty_value", "prod", "a key with an empty value"),
        ('prod "x', "unbalanced", "prod x", "a lone quote"),
    ],
)  # fmt: skip
def test_a_problem_and_its_first_repair(text: str, kind: str, repaired: str, why: str) -> None:
    problem = parse(text, NAMES).problems[0]
    assert problem.kind == kind
    assert repaired in [r.query for r in problem.repairs], (why, problem.repairs)


REPAIRABLE = [
    "prdo", "-prdo", "gaurdduty", "sandboxana", "xyzzy", "-xyzzy", "env:prdo", "-env:dev,prdo", "state:opne", "src:confg",
    "sev:hihg+", "sev:>critical", "age:7d", "age:soon", "page:0", "sort:name", "envv:prod", "pgae:2", "colour:red", "env:", 'env:""',
    "payments", "-payments", "sev:low..hihg", 'x"y z"',
]  # fmt: skip


@pytest.mark.parametrize("broken", REPAIRABLE)
@pytest.mark.parametrize("around", ["{}", "prod {} high", "resource:{}x {} owner:{}"])
def test_every_repair_of_a_lone_mistake_reads_without_problems(broken: str, around: str) -> None:
    text = around.format(*[broken if w == "{}" else "q" for w in around.split() if "{}" in w])
    for repair in only_problem(text).repairs:
        assert not parse(repair.query, NAMES).problems, repair


def test_a_repair_changes_the_token_that_was_wrong_and_no_other() -> None:
    repairs = [r.query for r in only_problem("resource:prdox prdo").repairs]
    assert repairs[0] == "resource:prdox prod"


def test_a_repair_of_a_value_leaves_the_key_that_is_spelled_alike() -> None:
    problem = parse("env:en", replace(NAMES, envs=("enx",))).problems[0]
    assert problem.repairs[0].query == "env:enx"


def test_a_key_is_not_repaired_into_one_that_cannot_have_the_value() -> None:
    assert [r.query for r in only_problem("pgae:2").repairs] == ["page:2", ""]


def test_several_accounts_are_offered_each_and_all() -> None:
    problem = only_problem("high payments")
    assert problem.kind == "ambiguous"
    assert [r.query for r in problem.repairs] == [
        "high account:payments-prod",
        "high account:payments-stage",
        "high account:*payments*",
    ]
    assert "2 accounts: payments-prod, payments-stage" in problem.message


def test_a_word_that_is_two_things_asks_which() -> None:
    names = replace(NAMES, accounts=(replace(PROD, name="prod"), STAGE))
    problem = parse("prod", names).problems[0]
    assert problem.kind == "ambiguous"
    assert [r.query for r in problem.repairs] == ["env:prod", "account:prod"]
    assert all(not parse(r.query, names).problems for r in problem.repairs)


def test_a_repair_to_a_word_that_is_two_things_names_the_key() -> None:
    names = replace(NAMES, accounts=(replace(PROD, name="prod"), STAGE))
    first = parse("prdo", names).problems[0].repairs[0].query
    assert first == "env:prod"


# --- nothing close by is run ------------------------------------------------------------------------------------------------------------

WORDS = [*NAMES.envs, "critical", "high", "medium", *NAMES.sources, "open", "resolved", "payments-prod"]


@given(st.sampled_from(WORDS), st.data())
def test_nothing_within_typing_distance_is_run(word: str, data: st.DataObject) -> None:
    i = data.draw(st.integers(0, len(word) - 1))
    letter = data.draw(st.sampled_from("qxz"))
    wrong = data.draw(st.sampled_from([word[:i] + letter + word[i:], word[:i] + letter + word[i + 1 :]]))
    assume(wrong not in WORDS)
    parsed = parse(wrong, NAMES)
    assert parsed.query.terms == ()
    assert word in nearest(wrong, WORDS)
    assert any(p.kind == "unknown_word" for p in parsed.problems)


@given(st.text("abc", max_size=6), st.text("abc", max_size=6))
def test_typing_distance_is_a_distance(a: str, b: str) -> None:
    d = typing_distance(a, b)
    assert d == typing_distance(b, a)
    assert (d == 0) is (a == b)
    assert 0 <= d <= 3


@pytest.mark.parametrize(
    ("a", "b", "distance"),
    [("prod", "prdo", 1), ("prod", "rpdo", 2), ("prod", "pro", 1), ("prod", "prood", 1), ("prod", "dev", 3), ("", "abc", 3)],
)  # fmt: skip
def test_a_swap_of_neighbours_is_one_error(a: str, b: str, distance: int) -> None:
    assert typing_distance(a, b) == distance


def test_short_words_are_near_within_one_error_only() -> None:
    assert nearest("dve", ["dev"]) == ["dev"]
    assert nearest("dxx", ["dev"]) == []


def test_at_most_three_are_offered_nearest_first() -> None:
    assert nearest("prodd", ["prod", "prods", "pro", "proddd", "zebra"]) == ["prod", "proddd", "prods"]


def test_what_was_understood_beside_a_mistake_is_kept_but_told() -> None:
    parsed = parse("prod xyzzy high+", NAMES)
    assert show(parsed.query) == "env:prod sev:high+"
    assert parsed.text == "prod xyzzy high+"
    assert parsed.problems[0].token == "xyzzy"


def test_only_the_first_mistakes_of_a_flood_are_compared_with_every_word() -> None:
    problems = parse("prdo " * 20, NAMES).problems
    assert [len(p.repairs) for p in problems] == [2] * 4 + [1] * 16


def test_one_of_a_thousand_accounts_is_found_by_name_and_offered_for_a_mistake() -> None:
    accounts = tuple(replace(PROD, id=f"{i:012}", name=f"team-{i}-prod") for i in range(1_000))
    names = replace(NAMES, accounts=accounts)
    assert "team-7-prod" in [r.query for r in parse("team-7-prodd", names).problems[0].repairs]
    assert parse("team-7-prod", names).query.terms == (Term(Key.ACCOUNT, (Exact("000000000007"),)),)
