"""Foreign text cannot mention, link, format, fake, hide or be cut badly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st
from render_hostile import texts

from renderers.mrkdwn import (
    Mrkdwn,
    channel,
    clip,
    code,
    code_block,
    date,
    mentions,
    plain,
    plain_lines,
    prose,
    sentence,
    unmarked,
    user,
    visible,
)


@pytest.mark.parametrize(
    ("text", "shown", "why"),
    [
        ("a\n\tb  c", "a b c", "line breaks would start a line of the attacker's own"),
        ("pay\u202etxe", "pay\\u202etxe", "reordering is shown, not done"),
        ("a\u200bb", "a\\u200bb", "zero width"),
        ("a\x00b", "a\\u0000b", "control"),
        ("a\U000e0041b", "a\\U000e0041b", "invisible tag characters"),
        ("a\u3164b", "a\\u3164b", "a blank that Unicode calls a letter"),
        ("\ud800", "\\ud800", "a lone surrogate cannot be sent at all"),
        ("e" + "\u0301" * 9, "e\u0301\u0301", "stacked marks would cover the line above"),
        ("Zürich 東京 🔒", "Zürich 東京 🔒", "real words stay"),
        (" " * 9000 + "x", "x", "blanks do not push a text out of sight"),
    ],
)
def test_every_character_is_seen(text: str, shown: str, why: str) -> None:
    assert visible(text) == shown, why


@pytest.mark.parametrize(
    ("text", "shown", "why"),
    [
        ("<!channel>", "&lt;!channel&gt;", "no broadcast"),
        ("<@U1> & <#C1>", "&lt;@U1&gt; &amp; &lt;#C1&gt;", "no mention"),
        ("<https://evil.example|console>", "&lt;https://evil.example|console&gt;", "no link"),
        ("&lt;!channel&gt;", "&amp;lt;!channel&amp;gt;", "entities are text too"),
        ("*RESOLVED*", "∗RESOLVED∗", "no bold"),
        ("`x` ```y```", "'x' '''y'''", "no code"),
        ("_it_ ~no~", "＿it＿ ∼no∼", "no italics, no strike"),
        ("my_bucket_name", "my_bucket_name", "an underscore within a word formats nothing"),
        (":white_check_mark: done", "∶white_check_mark: done", "no icon of ours"),
        ("arn:aws:iam::1:role/x", "arn∶aws∶iam:∶1:role/x", "`:aws:` may be a workspace's own emoji"),
        ("12:30", "12:30", "a colon alone is no emoji"),
        ("> quoted", "› quoted", "no quotation"),
        ('"it\'s"', '"it\'s"', "quotes are no danger in Slack"),
    ],
)
def test_prose_formats_nothing(text: str, shown: str, why: str) -> None:
    assert prose(text) == shown, why


@given(texts, st.integers(2, 80))
def test_prose_and_code_keep_their_limit_and_no_half_entity(text: str, limit: int) -> None:
    for made in (prose(text, limit), code(text, limit).strip("`")):
        assert len(made) <= limit
        assert "&" not in made.replace("&amp;", "").replace("&lt;", "").replace("&gt;", "")


def test_a_cut_text_says_so() -> None:
    assert prose("&" * 10, 12) == "&amp;&amp;…"
    assert plain("x" * 20, 10) == "x" * 9 + "…"


def test_nothing_gets_out_of_a_code_span() -> None:
    assert code("a` <!here> `b") == "`a' &lt;!here&gt; 'b`"
    assert code("  ") == "—"


def test_a_code_block_keeps_indentation_and_cannot_be_left() -> None:
    assert code_block('{\n  "a": "```<x>"\n}', 100) == '```\n{\n  "a": "\'\'\'&lt;x&gt;"\n}\n```'
    assert code_block(" \n ", 100) == "—"
    assert len(code_block("&" * 9000, 2900)) <= 2900


def test_plain_text_holds_no_command_of_slack() -> None:
    assert plain("<!channel> <@U1> a < b <1024") == "‹!channel> ‹@U1> a < b <1024"
    assert plain_lines("a\n\n\n\n\u202eb\n<!here>") == "a\n\n\\u202eb\n‹!here>"


@pytest.mark.parametrize(
    ("text", "shown", "why"),
    [
        ("I don't know `findngs`.", "I don't know `findngs`.", "our own code span stays"),
        ("Did you mean *findings*?", "Did you mean *findings*?", "so does a plain bold word"),
        ("`a` and `b", "`a` and 'b", "a lone backtick opens nothing"),
        ("`*x*` <!here>", "`*x*` &lt;!here&gt;", "foreign words in it stay foreign"),
        ("*<!here>*", "∗&lt;!here&gt;∗", "only plain words are bold"),
        (
            "F-12 is already acknowledged by <@U1>.",
            "F-12 is already acknowledged by <@U1>.",
            "our own words and a user",
        ),
        ("This is approved already by <@U1>.", "This is approved already by <@U1>.", "who decided a request"),
        ("This `x` is approved by <@U1>.", "This `x` is approved by &lt;@U1&gt;.", "foreign words are in that one"),
        ("prod is owned by <@U1>.", "prod is owned by &lt;@U1&gt;.", "not our sentence"),
        ("F-12 is `x` by <@U1>.", "F-12 is `x` by &lt;@U1&gt;.", "foreign words are in it"),
    ],
)
def test_sentences_keep_our_marks_and_no_others(text: str, shown: str, why: str) -> None:
    assert sentence(text) == shown, why


def test_a_fallback_text_has_no_marks_at_all() -> None:
    assert unmarked("`prdo` is *no* name") == "prdo is no name"
    assert unmarked("F-12 is already acknowledged by <@U1>.") == "F-12 is already acknowledged by somebody."


@given(texts)
def test_a_sentence_is_within_its_limit(text: str) -> None:
    assert len(sentence(text, 200)) <= 200


@pytest.mark.parametrize(
    ("text", "limit", "shown"),
    [
        ("aaaa &amp; bbbb", 13, "aaaa…"),
        ("see <!date^1^{date}|x> now and then", 20, "see…"),
        ("a `bbbbbbbbbbbbbbbb` c", 15, "a `bbbbbbb…`"),
        ("```\nxxxxxxxxxxxxxxxxxxxx\n```", 20, "```\nxxxxxxxxxxx…```"),
        ("short", 20, "short"),
    ],
)
def test_trusted_text_is_cut_whole(text: str, limit: int, shown: str) -> None:
    assert clip(Mrkdwn(text), limit) == shown


@pytest.mark.parametrize("bad", ["u1", "U1>", "U1\n", "", "S1", "!channel", "U" + "1" * 40, "U1|x"])
def test_only_a_user_id_becomes_a_mention(bad: str) -> None:
    assert "<" not in user(bad)
    assert user("U012AB3CD") == "<@U012AB3CD>"


@pytest.mark.parametrize(
    ("place", "shown"),
    [
        ("C0SAFE123", "<#C0SAFE123>"),
        ("G0SAFE123", "<#G0SAFE123>"),
        ("sec-prod", "#sec-prod"),
        ("#sec-prod", "#sec-prod"),
        ("C1", "#C1"),
        ("sec|ops>", "#sec|ops&gt;"),
        ("C0SAFE123\n", "#C0SAFE123"),
        ("", "—"),
    ],
)
def test_only_a_channel_id_becomes_a_link_and_a_name_stays_text(place: str, shown: str) -> None:
    assert channel(place) == shown


def test_only_groups_and_users_are_told_once_each() -> None:
    assert mentions(("S1", "U1", "S1", "here", "<!channel>", "C1", "S1\n")) == "<!subteam^S1> <@U1>"


def test_a_time_is_shown_in_the_readers_zone_with_utc_beside_it() -> None:
    at = datetime(2026, 11, 24, 23, 30, tzinfo=timezone(timedelta(hours=1)))
    assert date(at) == "<!date^1795559400^{date_short_pretty} {time}|2026-11-24 22:30 UTC>"
    assert "0001-01-01" in date(datetime(1, 1, 1, tzinfo=UTC))
