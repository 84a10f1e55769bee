"""Whatever is put in, what comes out is within Slack's limits; what fits is not touched."""

from __future__ import annotations

from typing import Any

from bot.plugins import Message, Modal
from renderers import blocks, limits
from renderers.actions import encode
from renderers.mrkdwn import Mrkdwn


def _message(*made: dict[str, Any], text: str = "x") -> Message:
    shown = limits.fit(Message(text, made))
    assert isinstance(shown, Message)
    return shown


def test_a_message_that_fits_is_the_same() -> None:
    made = (
        blocks.header("x"),
        blocks.section(Mrkdwn("*x*"), blocks.overflow("more:1", [blocks.option("a", "b")])),
        blocks.fields([Mrkdwn("a"), Mrkdwn("b")]),
        blocks.context(Mrkdwn("c")),
        blocks.divider(),
        *blocks.actions([blocks.button("Go", encode("show", number=1))]),
    )
    assert _message(*made) == Message("x", made)


def test_the_fallback_text_is_never_empty_nor_long() -> None:
    assert _message(text="").text == "—"
    assert len(_message(text="&amp;" * 100).text) <= 150
    assert "&a…" not in _message(text="&amp;" * 100).text


def test_at_most_fifty_blocks() -> None:
    assert len(_message(*[blocks.divider()] * 80).blocks) == 50


def test_long_texts_are_cut_at_their_own_limits() -> None:
    made = _message(
        blocks.header("h" * 400),
        blocks.section(Mrkdwn("s" * 9000)),
        blocks.fields([Mrkdwn("f" * 9)] * 12),
        blocks.context(*[Mrkdwn("c")] * 12),
    ).blocks
    assert len(made[0]["text"]["text"]) == limits.MAX_HEADER
    assert len(made[1]["text"]["text"]) <= limits.MAX_TEXT
    assert len(made[2]["fields"]) == limits.MAX_FIELDS
    assert len(made[3]["elements"]) == limits.MAX_CONTEXT


def test_an_empty_text_is_replaced_because_slack_refuses_it() -> None:
    assert _message(blocks.section(Mrkdwn(""))).blocks[0]["text"]["text"] == "—"


def test_buttons_are_cut_counted_and_never_twice_the_same() -> None:
    row = [blocks.button("b" * 90, encode("show", number=n)) for n in (1, 1, *range(2, 40))]
    elements = _message(*blocks.actions(row)).blocks[0]["elements"]
    assert len(elements) == limits.MAX_ACTIONS
    assert len({e["action_id"] for e in elements}) == limits.MAX_ACTIONS
    assert all(len(e["text"]["text"]) <= limits.MAX_BUTTON_TEXT for e in elements)


def test_a_button_that_slack_would_refuse_is_left_out() -> None:
    good = blocks.button("Go", encode("show"))
    bad = [
        blocks.button("x", ("a" * 256, "1.1")),
        blocks.button("x", ("b", "1" * 2001)),
        blocks.link_button("x", ("c", "1.1"), "https://" + "x" * 3000),
    ]
    assert _message(*blocks.actions([*bad, good])).blocks[0]["elements"] == [good]


def test_a_menu_has_at_most_five_choices() -> None:
    menu = blocks.overflow("more:1", [blocks.option("o" * 90, "v")] * 7)
    made = _message(blocks.section(Mrkdwn("x"), menu)).blocks[0]["accessory"]["options"]
    assert len(made) == 5
    assert len(made[0]["text"]["text"]) <= limits.MAX_OPTION_TEXT


def test_the_longest_text_is_cut_first_and_the_small_print_stays() -> None:
    long, small = blocks.section(Mrkdwn("l" * 3000)), blocks.context(Mrkdwn("F-1"))
    made = _message(*[long] * 5, small, *blocks.actions([blocks.button("Go", encode("show"))])).blocks
    total = sum(len(b["text"]["text"]) for b in made[:5])
    assert total <= limits.MAX_TOTAL
    assert made[5] == small
    assert made[6]["type"] == "actions"


def test_fields_alone_cannot_pass_the_total() -> None:
    made = _message(*[blocks.fields([Mrkdwn("f" * 2000)] * 10)] * 3)
    assert sum(len(f["text"]) for b in made.blocks for f in b["fields"]) <= limits.MAX_TOTAL


def test_a_modal_is_cut_to_its_own_limits() -> None:
    view = {
        "type": "modal",
        "title": blocks.plain_text("t" * 40),
        "close": blocks.plain_text("c" * 40),
        "private_metadata": "m" * 4000,
        "blocks": [blocks.divider()] * 120,
    }
    shown = limits.fit(Modal(view))
    assert isinstance(shown, Modal)
    assert len(shown.view["title"]["text"]) == len(shown.view["close"]["text"]) == limits.MAX_MODAL_TITLE
    assert len(shown.view["blocks"]) == limits.MAX_MODAL_BLOCKS
    assert len(shown.view["private_metadata"]) == limits.MAX_METADATA
