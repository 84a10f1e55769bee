"""Buttons carry ids and versions; whatever else comes back is refused."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.message import Pressed
from bot.errors import Malformed
from renderers.actions import decode, encode, menu_id, option_value, page_extra, page_of

extras = st.text(st.characters(exclude_categories=("C", "Z")), max_size=80)


@given(st.sampled_from(["ack", "show", "run", "page"]), st.integers(0, 10**12 - 1), st.integers(0, 10**9 - 1), extras)
def test_what_was_encoded_is_decoded(name: str, number: int, revision: int, extra: str) -> None:
    action_id, value = encode(name, number=number, revision=revision, extra=extra)
    assert decode(action_id, value) == Pressed(name, number, revision, extra)
    assert len(action_id) <= 255
    assert len(value) <= 2000


def test_ids_are_short_and_readable() -> None:
    assert encode("ack", number=12, revision=3) == ("ack:12", "12.3")
    assert encode("help") == ("help", "0.0")


def test_two_offers_have_two_ids() -> None:
    assert encode("run", extra="findings prod")[0] != encode("run", extra="help")[0]


def test_a_menu_choice_says_its_verb() -> None:
    assert decode(menu_id(12), option_value("why", number=12, revision=3)) == Pressed("why", 12, 3)
    assert len(option_value("console", number=10**12 - 1, revision=10**9 - 1)) <= 75


def test_a_page_is_a_listing_and_a_number() -> None:
    action_id, value = encode("page", extra=page_extra("AbC", 2))
    assert page_of(decode(action_id, value).extra) == ("AbC", 2)


@pytest.mark.parametrize(
    ("action_id", "value", "why"),
    [
        ("ack:12", "13.1", "another finding than its id says"),
        ("ack:12", "12", "no revision"),
        ("ack:12", "12.1 ", "a space"),
        ("ack:12", "12.1\n", "a line break"),
        ("ack:12", "012.1", "a leading zero"),
        ("ack:12", "-12.1", "a sign"),
        ("ack:12", "١٢.1", "digits that are not ASCII"),
        ("ack:12", "12.1|", "an empty extra"),
        ("ack", "12.1", "the number is missing in the id"),
        ("ACK:12", "12.1", "capitals"),
        ("", "", "nothing"),
        ("ack:12", "9" * 40 + ".1", "no such number"),
        ("run:00000000", "0.0|help", "another command than its id says"),
        ("run:00000000", "0.0|" + "x" * 501, "too long a command"),
        ("run", "0.0|a\u202eb", "an invisible character"),
        ("more:12", "12.1", "a menu without a verb"),
        ("more:12", "ack:13.1", "a choice of another finding"),
        ("more", "ack:13.1", "a menu of no finding"),
        ("more:12", "a b:12.1", "no verb's name"),
        ("more:12:13", "ack:12.1", "too much in the id"),
    ],
)
def test_a_forged_button_is_refused(action_id: str, value: str, why: str) -> None:
    with pytest.raises(Malformed):
        decode(action_id, value)


@given(st.text(max_size=40), st.text(max_size=60))
def test_no_input_does_anything_but_malformed(action_id: str, value: str) -> None:
    try:
        pressed = decode(action_id, value)
    except Malformed:
        return
    assert pressed.name.islower()


@pytest.mark.parametrize("extra", ["", "AbC", "AbC.0", "AbC.2x", "a b.2", ".2", "AbC.1234567"])
def test_a_forged_page_is_refused(extra: str) -> None:
    with pytest.raises(Malformed):
        page_of(extra)


@pytest.mark.parametrize(("name", "extra"), [("Ack", ""), ("", ""), ("a b", ""), ("run", "x" * 501), ("run", "a\nb")])
def test_a_button_that_could_not_be_read_back_is_not_made(name: str, extra: str) -> None:
    with pytest.raises(ValueError, match="no button"):
        encode(name, extra=extra)
