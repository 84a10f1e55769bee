"""Reading foreign JSON: times of every spelling, and values of the wrong type."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import fields

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
NINE = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
ANY = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.lists(st.integers(), max_size=2)


@pytest.mark.parametrize(
    "value",
    [
        "2026-03-01T09:00:00Z",
        "2026-03-01T09:00:00.000+0000",
        "2026-03-01T09:00:00.000000000Z",
        "2026-03-01 09:00:00.000",
        "2026-03-01T10:00:00+01:00",
        "  2026-03-01T09:00:00  ",
        "Sun, 01 Mar 2026 09:00:00 GMT",
        "Sat, 1 Mar 2026 09:00:00 GMT",
        "1 Mar 2026 09:00:00 GMT",
        1772355600,
        1772355600.0,
        "1772355600",
        1772355600_000,
        1772355600_000_000,
        1772355600_000_000_000,
    ],
)
def test_every_spelling_of_one_time_is_that_time(value: object) -> None:
    assert fields.parse_time(value, NOW) == NINE


@pytest.mark.parametrize(
    "value", [None, True, "", "soon", "2026-13-01", [], {}, -5, 0, float("nan"), float("inf"), "1.2.3"]
)
def test_what_is_no_time_is_the_fallback(value: object) -> None:
    assert fields.parse_time(value, NOW) == NOW


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("0001-01-01T00:00:00+14:00", fields.EARLIEST),
        ("9999-12-31T23:59:59-12:00", fields.LATEST),
        ("2099-12-31T23:59:59-12:00", fields.LATEST),
        (1e300, fields.LATEST),
    ],
)
def test_an_absurd_year_is_clamped(value: object, expected: datetime) -> None:
    assert fields.parse_time(value, NOW) == expected


@given(ANY)
def test_every_time_is_aware_and_utc(value: object) -> None:
    assert fields.parse_time(value, NOW).utcoffset() == timedelta(0)


@given(ANY)
def test_every_text_is_one_printable_line(value: object) -> None:
    assert fields.text(value).isprintable()
    assert fields.text({"a": [value]}, "a", 0).isprintable()


@given(ANY)
def test_every_number_is_finite_or_none(value: object) -> None:
    found = fields.number(value)
    assert found is None or abs(found) < float("inf")


def test_an_invisible_character_cannot_turn_a_title_around() -> None:
    assert fields.one_line("pay\u202e exp\u200bort\x00\n now ") == "pay export now"


def test_a_long_text_is_cut_with_an_ellipsis() -> None:
    assert fields.one_line("x" * 50, 10) == "x" * 9 + "…"
    assert len(fields.paragraphs("y\n" * 20_000)) == fields.TEXT_MAX


def test_a_description_keeps_its_lines_and_loses_controls() -> None:
    assert fields.paragraphs({"d": "a\r\nb\tc\x1b[31m"}, "d") == "a\nb c[31m"


def test_a_path_that_leads_nowhere_is_nothing() -> None:
    assert fields.get({"a": [1]}, "a", 3) is None
    assert fields.get({"a": 1}, "a", "b", 0) is None
    assert fields.text({"a": {"b": {}}}, "a", "b") == ""
    assert fields.items({"a": None}, "a") == []


def test_a_number_of_five_thousand_digits_is_no_text() -> None:
    assert fields.text(10**5_000) == ""


@pytest.mark.parametrize(
    "tags",
    [
        {"team": "core"},
        [{"key": "team", "value": "core"}],
        [{"Key": "team", "Value": "core"}],
        [{"name": "team", "value": "core"}],
    ],
)
def test_tags_come_in_four_shapes(tags: object) -> None:
    assert fields.tags_of(tags) == (("team", "core"),)


def test_some_shows_the_first_and_counts_the_rest() -> None:
    assert fields.some(["a", "b"]) == "a, b"
    assert fields.some("abcdefg", 2) == "a, b (7)"
