"""Buttons, menus and modals carry ids and versions; whatever else comes back is refused."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.message import Pressed
from bot.errors import Malformed
from renderers.actions import (
    decode,
    decode_form,
    encode,
    form_metadata,
    keyed_menu_id,
    menu_id,
    option_value,
    page_extra,
)

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
    assert decode(action_id, value).page == ("AbC", 2)


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
        ("more:0a1b2c3d", "ack:12.1", "a finding's choice in a menu of no finding"),
        ("more:0a1b2c3", "sort:0.0|AbC.sev", "seven digits"),
        ("more:0A1B2C3D", "sort:0.0|AbC.sev", "capital digits"),
        ("more:0a1b2c3d\n", "sort:0.0|AbC.sev", "a line break in the id"),
        ("more:0a1b2c3d", "sort:0.0|", "an empty extra"),
        ("more:0a1b2c3d", "sort|0.0", "no verb"),
    ],
)
def test_a_forged_button_is_refused(action_id: str, value: str, why: str) -> None:
    with pytest.raises(Malformed):
        decode(action_id, value)


def test_a_choice_of_a_menu_without_a_finding_carries_what_it_is_about() -> None:
    value = option_value("view.delete", extra="here.night")
    assert value == "view.delete:0.0|here.night"
    assert decode(keyed_menu_id("here.night"), value) == Pressed("view.delete", extra="here.night")


@given(st.text(max_size=60))
def test_every_text_can_be_the_key_of_a_menu(key: str) -> None:
    assert decode(keyed_menu_id(key), option_value("sort", extra="AbC.sev")) == Pressed("sort", extra="AbC.sev")


def test_a_keyed_menu_of_digits_alone_is_not_taken_for_a_findings() -> None:
    assert decode("more:12345678", "sort:0.0|AbC.sev").number == 0
    assert decode("more:12345678", "ack:12345678.1").number == 12345678


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
        assert Pressed("page", extra=extra).page


@pytest.mark.parametrize(("name", "extra"), [("Ack", ""), ("", ""), ("a b", ""), ("run", "x" * 501), ("run", "a\nb")])
def test_a_button_that_could_not_be_read_back_is_not_made(name: str, extra: str) -> None:
    with pytest.raises(ValueError, match="no button"):
        encode(name, extra=extra)


# --- modals ---------------------------------------------------------------------------------------------------------------------


def _typed(name: str, value: object) -> dict[str, Any]:
    return {name: {name: {"type": "plain_text_input", "value": value}}}


def test_a_submitted_modal_says_what_it_was_about_and_what_was_entered() -> None:
    values = {
        **_typed("note", "now"),
        **_typed("empty", None),
        "user": {"user": {"type": "users_select", "selected_user": "U1"}},
        "owner": {"owner": {"type": "static_select", "selected_option": {"text": {}, "value": "me"}}},
        "none": {"none": {"type": "static_select", "selected_option": None}},
        "where": {"where": {"type": "conversations_select", "selected_conversation": "C1"}},
    }
    pressed = decode_form("assign.to", form_metadata(number=12, revision=3, extra="C1"), values)
    assert pressed == Pressed(
        "assign.to", 12, 3, "C1", {"note": "now", "empty": "", "user": "U1", "owner": "me", "none": "", "where": "C1"}
    )


def test_what_was_entered_is_cut() -> None:
    assert len(decode_form("asked", "0.0", _typed("command", "x" * 9000)).values["command"]) == 3000


@pytest.mark.parametrize(
    ("callback", "metadata", "values", "why"),
    [
        ("Asked", "0.0", {}, "capitals"),
        ("", "0.0", {}, "no name"),
        ("asked", "", {}, "no metadata"),
        ("asked", "12", {}, "no revision"),
        ("asked", "0.0|", {}, "an empty extra"),
        ("asked", "0.0|a\u202eb", {}, "an invisible character"),
        ("asked", "0.0\n", {}, "a line break"),
        ("asked", "0.0", [], "inputs that are no mapping"),
        ("asked", "0.0", {"x": []}, "a block that is no mapping"),
        ("asked", "0.0", {"x": {}}, "a block without its element"),
        ("asked", "0.0", {"x": {"y": {"type": "plain_text_input", "value": "z"}}}, "an element with another name"),
        ("asked", "0.0", {"x": {"x": {"type": "plain_text_input"}, "y": {}}}, "two elements"),
        ("asked", "0.0", {"x": {"x": "z"}}, "an element that is no mapping"),
        ("asked", "0.0", {"x": {"x": {"value": "z"}}}, "an element without a type"),
        ("asked", "0.0", {"x": {"x": {"type": ["plain_text_input"]}}}, "a type that is no text"),
        ("asked", "0.0", {"x": {"x": {"type": "file_input", "value": "z"}}}, "a type that we do not use"),
        ("asked", "0.0", _typed("x", 3), "a number"),
        ("asked", "0.0", _typed("x", {"value": "z"}), "an object where a text was"),
        ("asked", "0.0", {"x": {"x": {"type": "static_select", "selected_option": {"value": 3}}}}, "no text chosen"),
        ("asked", "0.0", {"x": {"x": {"type": "users_select", "selected_user": ["U1"]}}}, "several users"),
        ("asked", "0.0", _typed("X", "z"), "a name that is none of ours"),
        ("asked", "0.0", {3: {3: {"type": "plain_text_input"}}}, "a name that is no text"),
        ("asked", "0.0", {k: v for i in range(21) for k, v in _typed("x" * (i + 1), "z").items()}, "too many inputs"),
    ],
)
def test_a_forged_modal_is_refused(callback: str, metadata: str, values: Any, why: str) -> None:
    with pytest.raises(Malformed):
        decode_form(callback, metadata, values)


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5) | st.just("x"), inner, max_size=3),
    max_leaves=8,
)


@given(st.sampled_from(["asked", "x", "A"]) | st.text(max_size=9), st.just("0.0") | st.text(max_size=9), _json)
def test_no_submission_does_anything_but_malformed(callback: str, metadata: str, values: Any) -> None:
    try:
        pressed = decode_form(callback, metadata, values)
    except Malformed:
        return
    assert all(isinstance(v, str) for v in pressed.values.values())
