"""Whatever is put in, what comes out is within Slack's limits; what fits is not touched."""

from __future__ import annotations

import json
from typing import Any

from bot.plugins import Message, Modal
from renderers import blocks, forms, limits
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
    menu = blocks.overflow("more:1", [blocks.option("o" * 90, f"v{n}") for n in range(7)])
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


def _table(rows: int, cells: int, text: str = "x") -> dict[str, Any]:
    return blocks.table([[text] * cells] * rows)


def test_a_message_holds_one_table_and_two_charts() -> None:
    chart = blocks.pie_chart("x", [("a", 1)])
    made = _message(_table(2, 2), chart, _table(3, 2), chart, chart, blocks.divider()).blocks
    assert [b["type"] for b in made] == ["table", "data_visualization", "data_visualization", "divider"]
    assert len(made[0]["rows"]) == 2


def test_a_table_is_cut_to_its_rows_and_cells_and_no_cell_is_empty() -> None:
    made = _message(_table(120, 30, "")).blocks[0]
    assert len(made["rows"]) == limits.MAX_ROWS
    assert {len(row) for row in made["rows"]} == {limits.MAX_CELLS} == {len(made["column_settings"])}
    assert {cell["text"] for row in made["rows"] for cell in row} == {"—"}


def test_a_table_that_makes_a_message_too_long_loses_its_last_rows_and_not_the_buttons() -> None:
    row = blocks.actions([blocks.button("Go", encode("show"))])
    made = _message(_table(100, 3, "y" * 100), *row).blocks
    assert [b["type"] for b in made] == ["table", "actions"]
    assert sum(len(c["text"]) for r in made[0]["rows"] for c in r) <= limits.MAX_TOTAL


def test_labels_of_a_chart_stay_different_when_they_are_cut() -> None:
    names = [f"a-name-of-an-account-that-is-long-{i}" for i in range(30)]
    made = _message(blocks.bar_chart("t" * 90, names, [("s" * 30, [1] * 30)] * 8, ("x", ""))).blocks[0]
    chart = made["chart"]
    categories = chart["axis_config"]["categories"]
    assert len(made["title"]) == limits.MAX_CHART_TITLE
    assert len(categories) == len(set(categories)) == limits.MAX_CATEGORIES
    assert max(map(len, categories)) <= limits.MAX_CHART_LABEL
    assert len(chart["series"]) == len({s["name"] for s in chart["series"]}) == limits.MAX_SERIES
    assert all([p["label"] for p in s["data"]] == categories for s in chart["series"])
    assert chart["axis_config"]["y_label"] == "—"


def test_a_series_that_lacks_a_category_has_nothing_there() -> None:
    chart = blocks.bar_chart("t", ["a", "b"], [("s", [1, 2])], ("x", "y"))
    chart["chart"]["series"][0]["data"].pop()
    assert _message(chart).blocks[0]["chart"]["series"][0]["data"] == [
        {"label": "a", "value": 1},
        {"label": "b", "value": 0},
    ]


def test_a_block_that_nothing_is_left_of_is_left_out() -> None:
    empty = [
        blocks.pie_chart("x", [("a", 0)]),
        blocks.bar_chart("x", [], [], ("x", "y")),
        blocks.table([]),
        blocks.context(),
        *blocks.actions([blocks.button("x", ("b", "1" * 2001))]),
        *blocks.actions([blocks.overflow("more:1", [blocks.option("a", "v" * 151)])]),
    ]
    assert _message(*empty, blocks.divider()).blocks == (blocks.divider(),)
    row = blocks.section(Mrkdwn("x"), blocks.overflow("more:1", [blocks.option("a", "v" * 151)]))
    assert _message(row).blocks == (blocks.section(Mrkdwn("x")),)


def test_the_twin_is_held_to_the_same_limits() -> None:
    shown = limits.fit(Message("x", (blocks.divider(),), (blocks.section(Mrkdwn("t" * 9000)),) * 60))
    assert isinstance(shown, Message)
    assert len(shown.twin) <= 50
    assert sum(len(b["text"]["text"]) for b in shown.twin) <= limits.MAX_TOTAL


def test_a_select_is_cut_and_what_is_chosen_is_one_of_its_options() -> None:
    options = [blocks.option("o" * 90, f"v{n % 110}") for n in range(130)]
    chosen = _message(*blocks.actions([blocks.select("more:1", "p" * 200, options, options[3])])).blocks[0]["elements"][
        0
    ]
    assert len(chosen["options"]) == limits.MAX_CHOICES
    assert chosen["initial_option"] in chosen["options"]
    assert len(chosen["placeholder"]["text"]) == limits.MAX_PLACEHOLDER
    gone = blocks.option("x", "not there")
    lost = _message(*blocks.actions([blocks.select("more:1", "p", options, gone)])).blocks[0]["elements"][0]
    assert "initial_option" not in lost


def test_a_confirmation_dialog_is_cut() -> None:
    text = blocks.plain_text("t" * 400)
    asked = {"title": text, "text": text, "confirm": text, "deny": text, "style": "danger"}
    made = _message(*blocks.actions([{**blocks.button("Go", encode("show")), "confirm": asked}])).blocks[0]["elements"][
        0
    ]
    assert {k: len(v["text"]) for k, v in made["confirm"].items() if k != "style"} == limits.MAX_CONFIRM
    assert made["confirm"]["style"] == "danger"


def test_an_input_is_cut() -> None:
    made = forms.text_input("name", "l" * 3000, value="v" * 50, placeholder="p" * 300, hint="h" * 3000, most=20)
    shown = limits.fit(Modal({"type": "modal", "title": blocks.plain_text("t"), "blocks": [made]}))
    assert isinstance(shown, Modal)
    block = shown.view["blocks"][0]
    assert len(block["label"]["text"]) == len(block["hint"]["text"]) == limits.MAX_LABEL
    assert len(block["element"]["placeholder"]["text"]) == limits.MAX_PLACEHOLDER
    assert block["element"]["initial_value"] == "v" * 20


def test_an_input_holds_no_more_than_slack_takes() -> None:
    element = {"type": "plain_text_input", "action_id": "x", "max_length": 9000, "initial_value": "v" * 9000}
    block = {"type": "input", "label": blocks.plain_text("x"), "element": element}
    fitted = limits.fit_block(block)["element"]
    assert (fitted["max_length"], len(fitted["initial_value"])) == (limits.MAX_INPUT, limits.MAX_INPUT)


def test_a_view_is_within_its_bytes() -> None:
    shown = limits.fit(Modal({"type": "home", "blocks": [blocks.section(Mrkdwn("é" * 3000))] * 100}))
    assert isinstance(shown, Modal)
    assert len(json.dumps(shown.view)) <= limits.MAX_VIEW
    assert len(shown.view["blocks"]) > 5
