"""A record's row gives back the record, exactly."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.adapters.sql import codec
from bot.domain.finding import Account, Record, content_digest, version_of
from tests.contract.builders import FULL, START, record, records


@settings(deadline=None)
@given(records("k"))
def test_a_document_gives_back_the_record(made: Record) -> None:
    got = codec.unpack_record(5, codec.pack_record(made))
    assert got == made.but(number=5)
    assert version_of(got.finding) == version_of(made.finding)


def test_every_field_of_a_full_record_survives() -> None:
    got = codec.unpack_record(0, codec.pack_record(FULL))
    assert got == FULL
    assert type(got.finding.severity) is type(FULL.finding.severity)
    assert type(got.state) is type(FULL.state)
    assert got.finding.first_seen.utcoffset() == timedelta()


@given(st.datetimes(timezones=st.just(UTC)))
def test_a_time_survives_to_the_microsecond(at: datetime) -> None:
    assert codec.moment(codec.micros(at)) == at


def test_a_time_of_another_zone_is_the_same_moment() -> None:
    at = START.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert codec.moment(codec.micros(at)) == START


@pytest.mark.parametrize(
    ("text", "kept"), [("plain", "plain"), ("\0", "\ufffd"), ("a\ud83d", "a\ufffd"), ("🪣ß", "🪣ß"), ("", "")]
)
def test_what_a_database_refuses_is_replaced_and_nothing_else(text: str, kept: str) -> None:
    assert codec.clean(text) == kept


def test_a_lone_surrogate_anywhere_in_a_record_is_harmless() -> None:
    bad = "x\ud800"
    made = record(
        title=bad, evidence=((bad, bad),), tags=((bad, bad),), account=Account("1", bad, tags=((bad, bad),)), why=bad
    )
    got = codec.unpack_record(1, codec.pack_record(made))
    assert (got.finding.title, got.account.name, got.why) == ("x\ufffd", "x\ufffd", "x\ufffd")
    assert content_digest(got.finding)


@given(st.text(st.characters(), max_size=50) | st.text("\0\ud800é🪣", max_size=50))
def test_a_quarantined_body_comes_back_exactly(body: str) -> None:
    assert codec.unpack_body(codec.pack_body(body)) == body


@pytest.mark.parametrize("letter", ["a", "é", "日", "🪣", "\ud800"])
@pytest.mark.parametrize("before", range(4))
def test_a_long_body_is_cut_between_two_characters(letter: str, before: int) -> None:
    cut = codec.cut_body("a" * before + letter * 300_000)
    assert set(cut) <= {"a", letter}
    assert codec.BODY_MAX - 4 < len(cut.encode("utf-8", "surrogatepass")) <= codec.BODY_MAX


@given(st.integers())
def test_any_number_fits_a_column(value: int) -> None:
    fitted = codec.fit(value)
    assert -(2**63) < fitted < 2**63
    assert fitted == value or abs(value) >= 2**63 - 1


def test_a_row_ends_when_its_suppression_does_and_else_when_its_acknowledgement_does() -> None:
    ack, lease = START + timedelta(hours=4), START + timedelta(days=2)
    for made, until in (
        (record(), None),
        (record(ack_until=ack), ack),
        (record(lease="L1", lease_until=lease), lease),
        (record(ack_until=ack, lease="L1", lease_until=lease), lease),
    ):
        assert codec.record_row(made, 0)["ack_until"] == codec.maybe_micros(until)
        assert codec.unpack_record(0, codec.pack_record(made)) == made


@given(st.lists(st.text(st.characters(exclude_categories=("Cs",), exclude_characters="\0"))).map(tuple))
def test_texts_survive(texts: tuple[str, ...]) -> None:
    assert codec.unpack_texts(codec.pack_texts(texts)) == texts


def test_a_refused_letter_in_one_of_some_texts_is_replaced() -> None:
    assert codec.unpack_texts(codec.pack_texts(("a\0", "b\ud800"))) == ("a\ufffd", "b\ufffd")


def test_details_survive_and_empty_ones_take_no_room() -> None:
    assert codec.pack_details({}) == ""
    assert codec.unpack_details("") == {}
    details = {"é": "🪣\n", "nul": "a\0"}
    assert codec.unpack_details(codec.pack_details(details)) == {"é": "🪣\n", "nul": "a\ufffd"}
