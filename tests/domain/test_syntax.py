"""What people type, read: mangled typography, every form of a value, bare words, and what is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from domain_making import NAMES, PROD, SANDBOX, STAGE

from bot.domain.finding import Severity
from bot.domain.query import Exact, Flag, Glob, Key, Levels, Query, Sort, Span, Term
from bot.domain.syntax import MAX_SPAN, MAX_TERMS, MAX_TEXT, normalise, parse, parse_duration, split_values

DAY = timedelta(days=1)
HOUR = timedelta(hours=1)


@pytest.mark.parametrize(
    ("typed", "read", "why"),
    [
        ("  prod   high ", "prod high", "single spaces"),
        ("\u201cpublic bucket\u201d", '"public bucket"', "a phone's curly quotes"),
        ("\u201epublic\u201c \u00abbucket\u00bb", '"public" "bucket"', "German and French quotes"),
        ("\u2014src:config \u2013dev \u2212a", "-src:config -dev -a", "a phone's dashes, and a minus sign"),
        ("prod\u00a0high\u202fx", "prod high x", "non-breaking spaces"),
        ("pr\u200bod\ufeff", "prod", "characters without width"),
        ("age:&lt;1h &amp; x", "age:<1h & x", "Slack's three entities"),
        ("by:<@U0ANA|ana>", "by:@U0ANA", "a wrapped mention"),
        ("<https://example.com/a?b=c|example.com>", "https://example.com/a?b=c", "a wrapped link"),
        ("<mailto:ana@example.com|ana@example.com>", "ana@example.com", "a wrapped address"),
        ("<#C012|alerts>", "#C012", "a wrapped channel"),
        ("age:<1h first:>1d", "age:<1h first:>1d", "an operator is no wrapping"),
        ("ana\u2019s", "ana's", "a curly apostrophe"),
        ("a\nb\tc", "a b c", "lines and tabs"),
        ("", "", "nothing"),
    ],
)
def test_what_phones_and_slack_do_is_undone(typed: str, read: str, why: str) -> None:
    assert normalise(typed) == read, why


def test_a_very_long_text_is_cut() -> None:
    assert len(normalise("x" * 10_000)) == MAX_TEXT


def exact(key: Key, *texts: str, negated: bool = False) -> Term:
    return Term(key, tuple(Exact(t) for t in texts), negated)


def levels(low: Severity, high: Severity) -> Term:
    return Term(Key.SEV, (Levels(low, high),))


I, L, M, H, C = Severity  # noqa: E741 - the five severities from info to critical


@pytest.mark.parametrize(
    ("text", "term", "why"),
    [
        ("high", levels(H, H), "a severity is itself"),
        ("high+", levels(H, C), "and above"),
        ("crit", levels(C, C), "a short word"),
        ("sev:>=high", levels(H, C), "and above, as an operator"),
        ("sev:>high", levels(C, C), "above"),
        ("sev:<=medium", levels(I, M), "and below"),
        ("sev:<medium", levels(I, L), "below"),
        ("sev:low..high", levels(L, H), "a range"),
        ("sev:high..low", levels(L, H), "a range the other way round"),
        ("severity:HIGH", levels(H, H), "an alias, in capitals"),
        ("sev:low,high", Term(Key.SEV, (Levels(L, L), Levels(H, H))), "two values are or"),
        ("prod", exact(Key.ENV, "prod"), "an environment"),
        ("-PROD", exact(Key.ENV, "prod", negated=True), "not, in capitals"),
        ("--prod", exact(Key.ENV, "prod", negated=True), "a phone may make two dashes of one or one of two"),
        ("env:prod,staging", exact(Key.ENV, "prod", "staging"), "either"),
        ("env:pr*", Term(Key.ENV, (Glob("pr*"),)), "a glob names no environment"),
        ("guardduty", exact(Key.SRC, "guardduty"), "a source"),
        ("access-analyzer", exact(Key.SRC, "access_analyzer"), "a source with a dash"),
        ("src:access-analyzer", exact(Key.SRC, "access_analyzer"), "the same with its key"),
        ("acknowledged", exact(Key.STATE, "acknowledged"), "a state"),
        ("state:*", Term(Key.STATE, (Glob("*"),)), "any state"),
        ("fsbp", exact(Key.STANDARD, "fsbp"), "a standard"),
        ("payments-prod", exact(Key.ACCOUNT, PROD.id), "an account's name means its number"),
        ("stage", exact(Key.ACCOUNT, STAGE.id), "a part of one account's name"),
        (PROD.id, exact(Key.ACCOUNT, PROD.id), "an account's number"),
        ("999999999999", exact(Key.ACCOUNT, "999999999999"), "a number that nobody knows is a number still"),
        ("payments-*", Term(Key.ACCOUNT, (Glob("payments-*"),)), "a bare glob is about accounts"),
        ("arn:aws:s3:::pay", exact(Key.RESOURCE, "arn:aws:s3:::pay"), "an ARN is a resource"),
        ('"public bucket"', exact(Key.TEXT, "public bucket"), "quoted text"),
        ('"pay*"', Term(Key.TEXT, (Glob("pay*"),)), "quoted text with a star reads as text:pay* does"),
        ('-"test"', exact(Key.TEXT, "test", negated=True), "not quoted text"),
        ('account:"Sandbox Ana"', exact(Key.ACCOUNT, "Sandbox Ana"), "a name with a space"),
        ('owner:"a, b",c', exact(Key.OWNER, "a, b", "c"), "a comma within quotes"),
        ("type:TTPs:Recon/x", exact(Key.TYPE, "TTPs:Recon/x"), "a colon within a value"),
        ("age:>7d", Term(Key.AGE, (Span(7 * DAY, None),)), "older"),
        ("age:<90min", Term(Key.AGE, (Span(None, 90 * HOUR / 60),)), "younger"),
        ("last:1d..2w", Term(Key.LAST, (Span(DAY, 14 * DAY),)), "between"),
        ("last:2w..1d", Term(Key.LAST, (Span(DAY, 14 * DAY),)), "between, the other way round"),
        ("by:@U0ANA", exact(Key.BY, "U0ANA"), "a mention is its id"),
        ("team:payments", exact(Key.OWNER, "payments"), "an alias"),
    ],
)
def test_one_term_of_every_form(text: str, term: Term, why: str) -> None:
    parsed = parse(text, NAMES)
    assert parsed.query == Query((term,)), why
    assert not parsed.problems


@pytest.mark.parametrize(
    ("text", "query", "why"),
    [
        ("F-12", Query(refs=("F-12",)), "a reference"),
        ("f12 F-012 F-7", Query(refs=("F-12", "F-7")), "typed on a phone, each once"),
        ("here me all csv", Query(flags=frozenset(Flag)), "flags"),
        ("page:3 sort:AGE", Query(page=3, sort=Sort.AGE), "settings"),
        ("page:2 page:3", Query(page=3), "the last page counts"),
        ('""', Query(), "empty quotes are nothing"),
        ("", Query(), "nothing"),
    ],
)
def test_what_is_no_term(text: str, query: Query, why: str) -> None:
    parsed = parse(text, NAMES)
    assert parsed.query == query, why
    assert not parsed.problems


@pytest.mark.parametrize(
    ("text", "parts"),
    [("a,b", ["a", "b"]), ('a,"b, c"', ["a", "b, c"]), (",a,,", ["a"]), ("", []), ('""', []), ('" a "', ["a"])],
)
def test_values_are_split_at_commas_outside_quotes(text: str, parts: list[str]) -> None:
    assert split_values(text) == parts


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("90m", timedelta(minutes=90)),
        ("90MIN", timedelta(minutes=90)),
        ("2w", 14 * DAY),
        ("0s", timedelta(0)),
        ("36500d", MAX_SPAN),
        ("36501d", None),
        ("999999w", None),
        ("1234567s", None),
        ("7", None),
        ("d", None),
        ("-1d", None),
        ("1.5d", None),
        ("1month", None),
    ],
)
def test_a_duration_is_read_exactly_or_not_at_all(text: str, span: timedelta | None) -> None:
    assert parse_duration(text) == span


# --- limits -----------------------------------------------------------------------------------------------------------------------------


def test_more_terms_than_anybody_types_are_cut_and_said() -> None:
    parsed = parse(" ".join(f"owner:o{i}" for i in range(MAX_TERMS + 9)), NAMES)
    assert len(parsed.query.terms) == MAX_TERMS
    assert [p.kind for p in parsed.problems] == ["too_long"]


def test_an_environment_and_a_part_of_an_account_name_are_not_ambiguous() -> None:
    names = replace(NAMES, accounts=(PROD, replace(SANDBOX, name="prod-two")))
    assert parse("prod", names).query.terms == (exact(Key.ENV, "prod"),)
