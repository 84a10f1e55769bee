"""What is printed reads as the same query, whatever the query; and no text, however mangled, is read in two ways."""

from __future__ import annotations

from time import process_time

import pytest
from domain_making import NAMES
from hypothesis import assume, given
from hypothesis import strategies as st
from query_making import KNOWING, QUERIES, TYPED, terms_of

from bot.domain.query import Flag, Group, Key, Query, Sort, Within, show
from bot.domain.syntax import Names, normalise, parse

ANY_TEXT = TYPED | st.text(max_size=80)


@given(QUERIES)
def test_what_is_printed_reads_as_the_same_query(query: Query) -> None:
    text = show(query)
    assume(normalise(text) == text)  # typed texts were normalised before they came into a query
    parsed = parse(text, KNOWING)
    assert not parsed.problems
    assert parsed.query == query


@pytest.mark.parametrize("key", list(Key))
@given(st.data())
def test_every_key_is_read_back(key: Key, data: st.DataObject) -> None:
    query = Query((data.draw(terms_of(key)),))
    text = show(query)
    assume(normalise(text) == text)
    parsed = parse(text, NAMES)
    assert not parsed.problems
    assert parsed.query == query


@pytest.mark.parametrize("group", list(Group))
def test_counting_and_a_person_of_that_name_are_told_apart(group: Group) -> None:
    assert parse(f"by:{group}", NAMES).query == Query(group=group)
    person = parse(f"by:@{group}", NAMES).query
    assert person.group is None
    assert parse(show(person), NAMES).query == person


@given(ANY_TEXT)
def test_no_text_whatever_raises_and_every_problem_says_something(text: str) -> None:
    parsed = parse(text, KNOWING)
    assert all(p.message and p.kind for p in parsed.problems)


@given(ANY_TEXT)
def test_no_repair_raises(text: str) -> None:
    for problem in parse(text, KNOWING).problems:
        for repair in problem.repairs:
            parse(repair.query, KNOWING)


@given(TYPED)
def test_what_was_understood_prints_and_reads_again(text: str) -> None:
    parsed = parse(text, KNOWING)
    shown = show(parsed.query)
    assume(normalise(shown) == shown)
    clean = parsed.text.casefold()
    assume(not ("sort:" in clean and "@aged" in clean))  # what a view sets is set anew when its name is read
    assert parse(shown, KNOWING).query == parsed.query


@given(TYPED)
def test_a_query_is_read_as_text_too_when_nothing_is_known(text: str) -> None:
    parse(text, Names())


# --- undoing -------------------------------------------------------------------------------------------------------------------------


@given(ANY_TEXT)
def test_what_was_undone_stays_as_it_is(text: str) -> None:
    once = normalise(text)
    assert normalise(once) == once


@given(ANY_TEXT)
def test_a_text_reads_the_same_after_every_door_undid_it_again(text: str) -> None:
    assert parse(normalise(text), KNOWING) == parse(text, KNOWING)


@pytest.mark.parametrize(
    ("typed", "read", "why"),
    [
        ("https://x/home?a=1&region=eu", "https://x/home?a=1&region=eu", "&reg is a character in HTML, not in Slack"),
        ("<https://x/home?a=1&amp;region=eu>", "https://x/home?a=1&region=eu", "as Slack sends it"),
        ("&amp;lt;1h", "<1h", "escaped twice"),
        ("&amp;amp;amp;", "&", "and thrice"),
        ("&lt;https://x.y/z|name&gt;", "https://x.y/z", "a wrapping that was escaped"),
        ("&am\u200bp;lt;1h", "<1h", "what is escaped only once something else is undone"),
        ("<@U0ANA|&lt;@U0BEN&gt;>", "@U0ANA", "a name that looks like a wrapping"),
        ("&copy; &nbsp;", "&copy; &nbsp;", "what Slack does not escape"),
        ("\u2026", "...", "three dots that a phone made one"),
        ("<!here> <!subteam^S0ONCALL|@oncall>", "!here !subteam^S0ONCALL", "groups"),
    ],
)
def test_only_what_slack_does_is_undone(typed: str, read: str, why: str) -> None:
    assert normalise(typed) == read, why


@pytest.mark.parametrize(
    "piece", ["&amp;", "&amp", "<@", "<a:", "<https:|", "|>", "\u2026", '"', "-", "a:", "@", ",", "^", "?*"]
)
def test_a_long_text_of_one_piece_is_read_at_once(piece: str) -> None:
    started = process_time()
    parsed = parse(piece * 2_000, KNOWING)
    assert process_time() - started < 1.0
    assert normalise(parsed.text) == parsed.text


# --- settings of views -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sort", "flags", "group", "why"),
    [
        ("@aged", Sort.AGE, set(), None, "a view's order"),
        ("@aged sort:sev", Sort.SEVERITY, set(), None, "one's own order counts"),
        ("sort:sev @aged", Sort.SEVERITY, set(), None, "wherever it stands"),
        ("-@aged", Sort.SEVERITY, set(), None, "a view that is excluded sets nothing"),
        ("@night @aged", Sort.AGE, set(), None, "a view without an order leaves the next one's"),
        ("@mine", Sort.SEVERITY, {Flag.ME, Flag.ALL}, None, "a view's flags"),
        ("@counted", Sort.SEVERITY, set(), Group.ACCOUNT, "a view that counts"),
        ("@counted by:sev", Sort.SEVERITY, set(), Group.SEV, "one's own group counts"),
    ],
)
def test_what_a_view_sets(text: str, sort: Sort, flags: set[Flag], group: Group | None, why: str) -> None:
    query = parse(text, KNOWING).query
    assert (query.sort, set(query.flags), query.group) == (sort, flags, group), why


def test_a_view_named_twice_is_there_once() -> None:
    assert [v.name for v in parse("@night @NIGHT -@night", KNOWING).query.views] == ["night", "night"]
    assert parse("@night @NIGHT", KNOWING).query.views == (Within("night", KNOWING.views["night"].terms),)
