"""A saved view in a question: it means its terms, its negation means not all of them, and it can be dissolved into them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from domain_making import NOW, PROD, SANDBOX, STAGE, finding, record
from hypothesis import given
from hypothesis import strategies as st
from query_making import KNOWING, QUERIES, VIEWS

from bot.domain.facets import Facets, facets
from bot.domain.finding import Severity, State
from bot.domain.query import Exact, Flag, Group, Key, Query, Sort, Term, Within, matches
from bot.domain.syntax import parse
from bot.domain.viewname import MOST_NAME, clean_name, name_problem, query_problem

FACETS = st.builds(
    lambda state, account, severity, days, control: facets(
        record(
            state,
            account,
            about=finding(severity=severity, first_seen=NOW - timedelta(days=days), control=control),
        )
    ),
    st.sampled_from(State), st.sampled_from([PROD, STAGE, SANDBOX]), st.sampled_from(Severity), st.integers(0, 20),
    st.sampled_from(["S3.2", "EC2.1", ""]),
)  # fmt: skip


@given(QUERIES, FACETS)
def test_a_dissolved_query_holds_what_the_query_holds(query: Query, seen: Facets) -> None:
    assert matches(query.dissolved(), seen, NOW) is matches(query, seen, NOW)


@given(QUERIES)
def test_only_excluded_views_of_several_terms_cannot_be_dissolved(query: Query) -> None:
    assert all(view.negated and len(view.terms) != 1 for view in query.dissolved().views)
    assert replace(query.dissolved(), terms=(), views=()) == replace(query, terms=(), views=())


@given(st.sampled_from(sorted(VIEWS)), FACETS)
def test_an_excluded_view_is_the_opposite(name: str, seen: Facets) -> None:
    yes, no = (matches(Query(views=(Within(name, VIEWS[name].terms, n),)), seen, NOW) for n in (False, True))
    assert yes is not no


CASES = [
    ("@night", State.OPEN, Severity.HIGH, True, "all of its terms"),
    ("@night", State.OPEN, Severity.LOW, False, "not one of them"),
    ("-@night", State.OPEN, Severity.LOW, True, "not all of them is enough to be excluded from it"),
    ("-@night", State.OPEN, Severity.HIGH, False, "all of them"),
    ("@night critical", State.OPEN, Severity.HIGH, False, "a term of one's own narrows it"),
    ("@night @calm", State.OPEN, Severity.HIGH, False, "two views are and"),
    ("@night -@calm", State.OPEN, Severity.HIGH, True, "the one without the other"),
    ("-@mine", State.OPEN, Severity.HIGH, False, "what excludes everything holds nothing"),
]


@pytest.mark.parametrize(("text", "state", "severity", "holds", "why"), CASES)
def test_the_predicate_with_views(text: str, state: State, severity: Severity, holds: bool, why: str) -> None:
    parsed = parse(text, KNOWING)
    assert not parsed.problems
    assert matches(parsed.query, facets(record(state, about=finding(severity=severity))), NOW) is holds, why


def test_a_view_that_is_changed_later_does_not_change_what_was_dissolved() -> None:
    before = parse("@calm owner:ana", KNOWING).query.dissolved()
    assert parse("sev:info..low", KNOWING).query.terms[0] in before.terms
    assert before.views == ()


def test_what_a_view_asks_for_is_asked_for() -> None:
    assert parse("@night", KNOWING).query.asks(Key.ENV)
    assert not parse("-@night", KNOWING).query.asks(Key.ENV), "what is excluded is not chosen"
    assert not Query((Term(Key.SEV, (Exact("x"),)),)).asks(Key.ENV)


@pytest.mark.parametrize(
    ("text", "offered"),
    [("@nigt", "@night"), ("-@nigt", "-@night"), ("high @caml", "high @calm")],
)
def test_an_unknown_view_is_offered_repaired_and_never_guessed(text: str, offered: str) -> None:
    [problem] = parse(text, KNOWING).problems
    assert problem.kind == "unknown_view"
    assert offered in [r.query for r in problem.repairs]
    assert parse(text, KNOWING).query.views == ()


# --- names ---------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("typed", "name", "allowed", "why"),
    [
        ("night-shift", "night-shift", True, "letters and dashes"),
        ("@Night", "night", True, "with its at-sign, in capitals"),
        (" @ab ", "ab", True, "two letters are enough"),
        ("a", "a", False, "one is not"),
        ("a" * (MOST_NAME + 1), "a" * (MOST_NAME + 1), False, "too long"),
        ("9lives", "9lives", False, "begins with a digit"),
        ("two words", "two words", False, "a space"),
        ("w\u00e4chter", "w\u00e4chter", False, "no ASCII"),
        ("", "", False, "nothing"),
        ("u0ana1b2c3", "u0ana1b2c3", False, "a person's id"),
        ("wholesale", "wholesale", True, "a word with a person's first letter"),
        ("night\n", "night", True, "a line break is trimmed"),
    ],
)
def test_a_views_name(typed: str, name: str, allowed: bool, why: str) -> None:
    assert clean_name(typed) == name
    assert (name_problem(name) == "") is allowed, why


@given(st.from_regex(r"[a-z][a-z0-9-]{1,29}", fullmatch=True).filter(lambda n: not name_problem(n)))
def test_every_name_that_is_allowed_is_read_back(name: str) -> None:
    names = replace(KNOWING, views={name: VIEWS["night"]})
    parsed = parse(f"@{name}", names)
    assert not parsed.problems
    assert [v.name for v in parsed.query.views] == [name]


@pytest.mark.parametrize(
    ("query", "allowed", "why"),
    [
        (Query(VIEWS["night"].terms), True, "filters"),
        (Query(flags=frozenset({Flag.ME})), True, "what is on me"),
        (Query(flags=frozenset({Flag.ALL})), True, "everything"),
        (Query(group=Group.SEV), True, "counts of everything"),
        (Query(VIEWS["night"].terms, sort=Sort.AGE), True, "an order"),
        (Query(sort=Sort.AGE), False, "only an order"),
        (Query(), False, "nothing"),
        (Query(VIEWS["night"].terms, refs=("F-1",)), False, "a finding"),
        (Query(VIEWS["night"].terms, page=2), False, "a page"),
        (Query(VIEWS["night"].terms, flags=frozenset({Flag.HERE})), False, "an audience"),
        (Query(VIEWS["night"].terms, flags=frozenset({Flag.CSV})), False, "a file"),
        (parse("-@night", KNOWING).query.dissolved(), False, "what terms cannot say"),
        (parse("-@calm", KNOWING).query.dissolved(), True, "an excluded view of one term is a term"),
    ],
)
def test_what_may_be_saved_as_a_view(query: Query, allowed: bool, why: str) -> None:
    assert (query_problem(query) == "") is allowed, why
