"""What a query holds, how it prints, and that no pattern makes the predicate slow."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from domain_making import HOUR, NAMES, NOW, PROD, SANDBOX, finding, record
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.facets import LIVE, MAX_FACET, facets, fold, frame
from bot.domain.finding import Account, Resource, Severity, State
from bot.domain.query import (
    COLUMNS,
    TIME_KEYS,
    Exact,
    Glob,
    Key,
    Levels,
    Query,
    Span,
    Term,
    glob_like,
    glob_regex,
    matches,
    show,
    show_duration,
    show_term,
)
from bot.domain.syntax import parse

SEEN = record(
    about=finding(resources=(Resource("arn:aws:s3:::Pay-Export"), Resource("i-1", name="Web One")), type="TTPs/Recon"),
    ack_by="U0ANA",
)


@pytest.mark.parametrize(
    ("text", "holds", "why"),
    [
        ("", True, "no term is no restriction"),
        ("prod", True, "its environment"),
        ("staging", False, "another environment"),
        ("env:staging,prod", True, "a comma is or"),
        ("-env:staging,prod", False, "not is none of them"),
        ("-staging", True, "not another environment"),
        ("prod high", True, "both hold"),
        ("prod critical", False, "repeated terms are and"),
        ("env:prod env:staging", False, "repeated keys are and"),
        ("medium+", True, "above it"),
        ("high+", True, "at the bound"),
        ("critical", False, "high is not critical"),
        ("sev:low..high", True, "the end of a range is in it"),
        ("sev:<high", False, "below is strictly below"),
        ("account:payments-prod", True, "by name"),
        ("account:420000000001", True, "by number"),
        ("account:PAYMENTS-*", True, "in any case"),
        ("account:payments", False, "part of a name is not the name"),
        ("account:42000000000?", True, "one character"),
        ("ou:workloads/*", True, "below an OU"),
        ("owner:payments", True, "its owner"),
        ("src:securityhub", True, "its source"),
        ("src:access-analyzer", False, "another source, with a dash"),
        ("control:s3.2", True, "a control in small letters"),
        ("control:s3.?", True, "a glob's dot is a dot"),
        ("control:s3?2", True, "a question mark is any character"),
        ("control:s3", False, "the whole value must fit"),
        ("standard:pci-dss", True, "the second of its standards"),
        ("standard:pci", False, "part of a standard"),
        ("standard:pci*", True, "a glob over one of several"),
        ("standard:fsbp*dss", True, "stars do run over the frame between values: both databases agree on that"),
        ("-standard:cis", True, "not one of its standards"),
        ("type:ttps/*", True, "its type"),
        ("resource:pay-export", True, "a resource by its short name"),
        ("resource:arn:aws:s3:::pay-export", True, "a resource by its ARN"),
        ('resource:"web one"', True, "the second resource, by a name with a space"),
        ("resource:export", False, "part of a resource's name"),
        ("region:eu-*", True, "a region by glob"),
        ("state:open", True, "its state"),
        ("state:resolved", False, "another state"),
        ("by:u0ana", True, "who acknowledged it"),
        ("by:@U0ANA", True, "as Slack writes a mention"),
        ("by:<@U0ANA|ana>", True, "as Slack sends a mention"),
        ('"READ by anyone"', True, "words of the title"),
        ("text:pay-export", True, "a resource's name is searched too"),
        ('"payments-prod"', True, "so is the account's name"),
        ('"nobody"', False, "words that are not there"),
        ('"bucket*anyone"', True, "a glob within the searched text"),
        ("age:>1h", True, "first seen two hours ago"),
        ("age:>2h", False, "older is strictly older"),
        ("age:<2h", False, "younger is strictly younger"),
        ("age:<3h", True, "younger than three hours"),
        ("last:<90m", True, "last seen an hour ago"),
        ("first:1h..3h", True, "between"),
        ("-age:<1h", True, "not young"),
    ],
)
def test_the_predicate(text: str, holds: bool, why: str) -> None:
    parsed = parse(text, NAMES)
    assert not parsed.problems
    assert matches(parsed.query, facets(SEEN), NOW) is holds, why


@given(st.sampled_from(["prod", "high+", "age:>1h", "account:pay*", "control:x", '"bucket"', "state:resolved"]))
def test_not_is_the_opposite(word: str) -> None:
    yes, no = (matches(parse(w, NAMES).query, facets(SEEN), NOW) for w in (word, f"-{word}"))
    assert yes is not no


def test_every_text_key_has_a_facet_to_look_at() -> None:
    seen = facets(SEEN)
    text_keys = set(Key) - TIME_KEYS - {Key.SEV, Key.ACCOUNT, Key.TEXT}
    assert set(COLUMNS) == text_keys
    assert all(isinstance(getattr(seen, name), str) for name in COLUMNS.values())


@pytest.mark.parametrize("state", list(State))
def test_live_is_open_or_acknowledged(state: State) -> None:
    assert facets(record(state)).live is (state in LIVE) is (state in (State.OPEN, State.ACKNOWLEDGED))


def test_facets_are_folded_framed_and_cut() -> None:
    assert fold("ÀÉ\nß") == "àé ss"
    assert len(fold("x" * 9_000)) == MAX_FACET
    assert frame(["B", "b", "", "a\nc"]) == "\nb\na c\n"
    assert frame([]) == ""


def test_an_account_that_nobody_knows_is_still_found_by_its_number() -> None:
    seen = facets(record(account=Account(PROD.id)))
    assert matches(Query((Term(Key.ACCOUNT, (Exact(PROD.id),)),)), seen, NOW)
    assert not matches(Query((Term(Key.ENV, (Exact("prod"),)),)), seen, NOW)


def test_an_empty_name_does_not_make_a_star_fail() -> None:
    assert matches(Query((Term(Key.OWNER, (Glob("*"),)),)), facets(record(account=Account("1"))), NOW)


# --- globs -------------------------------------------------------------------------------------------------------------------------


def slow_glob(pattern: str, text: str) -> bool:
    """The definition of a glob, in the fewest words."""
    if not pattern:
        return not text
    if pattern[0] == "*":
        return any(slow_glob(pattern[1:], text[i:]) for i in range(len(text) + 1))
    return bool(text) and pattern[0] in ("?", text[0]) and slow_glob(pattern[1:], text[1:])


@given(st.text("ab*?", max_size=8), st.text("ab\n.", max_size=8))
def test_a_glob_is_what_a_glob_is(pattern: str, text: str) -> None:
    assert bool(glob_regex(pattern).fullmatch(text)) is slow_glob(pattern, text)


def test_a_pattern_of_many_stars_is_not_slow() -> None:
    assert not glob_regex("*a" * 200 + "*b").fullmatch("a" * 2_000)


@given(st.text(max_size=20).filter(lambda t: not set(t) & set("*?")))
def test_every_other_character_of_a_glob_is_itself(text: str) -> None:
    assert glob_regex(text).fullmatch(text)
    assert re.sub(r"\\(.)", r"\1", glob_like(text)) == text


@pytest.mark.parametrize(
    ("glob", "like"),
    [("pay-*", "pay-%"), ("a?c", "a_c"), ("100%_\\", "100\\%\\_\\\\"), ("a**b", "a%b"), ("", "")],
)
def test_a_glob_as_a_like_pattern(glob: str, like: str) -> None:
    assert glob_like(glob) == like


# --- printing ------------------------------------------------------------------------------------------------------------------------

C, H, L = Severity.CRITICAL, Severity.HIGH, Severity.LOW


@pytest.mark.parametrize(
    ("term", "text"),
    [
        (Term(Key.ENV, (Exact("dev"), Exact("staging")), negated=True), "-env:dev,staging"),
        (Term(Key.SEV, (Levels(H, H),)), "sev:high"),
        (Term(Key.SEV, (Levels(H, C),)), "sev:high+"),
        (Term(Key.SEV, (Levels(C, C),)), "sev:critical"),
        (Term(Key.SEV, (Levels(L, H),)), "sev:low..high"),
        (Term(Key.AGE, (Span(timedelta(days=7), None),)), "age:>7d"),
        (Term(Key.AGE, (Span(None, timedelta(minutes=90)),)), "age:<90m"),
        (Term(Key.LAST, (Span(HOUR, 24 * HOUR),)), "last:1h..1d"),
        (Term(Key.TEXT, (Exact("public bucket"),)), 'text:"public bucket"'),
        (Term(Key.ACCOUNT, (Exact("a,b"), Glob("c *"))), 'account:"a,b","c *"'),
        (Term(Key.RESOURCE, (Exact("arn:aws:s3:::pay"),)), "resource:arn:aws:s3:::pay"),
    ],
)
def test_a_term_prints_as_a_person_would_type_it(term: Term, text: str) -> None:
    assert show_term(term) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [(timedelta(0), "0s"), (timedelta(seconds=90), "90s"), (timedelta(days=14), "14d"), (timedelta(hours=36), "36h")],
)
def test_a_duration_prints_in_its_largest_exact_unit(value: timedelta, text: str) -> None:
    assert show_duration(value) == text


def test_an_empty_query_prints_as_nothing() -> None:
    assert show(Query()) == ""
    assert facets(record(account=SANDBOX)).account_name == "sandbox ana"
