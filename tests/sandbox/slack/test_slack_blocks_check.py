"""Block Kit validation: what is sound passes, every defect is refused, and the outside validator refuses nothing that ours takes."""

from __future__ import annotations

import copy
import importlib.util
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from sandbox.slack.blocks_check import check_message, check_view

SHARED = Path(__file__).parents[3] / "../shared/blockkit/blockkit_check.py"


def plain(text: str) -> dict[str, Any]:
    return {"type": "plain_text", "text": text}


def mrkdwn(text: str) -> dict[str, Any]:
    return {"type": "mrkdwn", "text": text}


def option(text: str, value: str | None = None) -> dict[str, Any]:
    return {"text": plain(text), "value": value or text}


def button(**more: Any) -> dict[str, Any]:
    return {"type": "button", "text": plain("Go"), "action_id": "go", **more}


def section(**more: Any) -> dict[str, Any]:
    return {"type": "section", "text": mrkdwn("x"), **more}


def actions(*elements: dict[str, Any]) -> dict[str, Any]:
    return {"type": "actions", "elements": list(elements)}


def field(element: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {"type": "input", "label": plain("Label"), "element": element, **more}


def select(**more: Any) -> dict[str, Any]:
    return {"type": "static_select", "action_id": "s", "options": [option("a"), option("b")], **more}


def raw(text: str) -> dict[str, Any]:
    return {"type": "raw_text", "text": text}


def rich(*inline: dict[str, Any]) -> dict[str, Any]:
    return {"type": "rich_text", "elements": [{"type": "rich_text_section", "elements": list(inline)}]}


def table(rows: int = 2, cells: int = 2) -> dict[str, Any]:
    return {"type": "table", "rows": [[raw("x")] * cells for _ in range(rows)]}


def data_table(rows: int = 3, cells: int = 2, **more: Any) -> dict[str, Any]:
    return {"type": "data_table", "caption": "Findings", "rows": [[raw("x")] * cells for _ in range(rows)], **more}


def pie(*values: float) -> dict[str, Any]:
    segments = [{"label": f"s{n}", "value": v} for n, v in enumerate(values)]
    return {"type": "data_visualization", "title": "Open", "chart": {"type": "pie", "segments": segments}}


def bars(labels: list[str], categories: list[str]) -> dict[str, Any]:
    series = [{"name": "high", "data": [{"label": label, "value": 1} for label in labels]}]
    chart = {"type": "bar", "series": series, "axis_config": {"categories": categories}}
    return {"type": "data_visualization", "title": "Open", "chart": chart}


GOOD: list[dict[str, Any]] = [
    section(),
    section(fields=[mrkdwn("a"), plain("b")], accessory=button()),
    section(accessory={"type": "image", "image_url": "https://x.test/a.png", "alt_text": "a plot"}),
    {"type": "header", "text": plain("h" * 150)},
    {"type": "divider", "block_id": "d"},
    {"type": "context", "elements": [mrkdwn("a"), {"type": "image", "image_url": "https://x.test/a", "alt_text": "a"}]},
    actions(button(style="danger", value="1", confirm={"text": plain("Sure?"), "title": plain("Really")}), select()),
    actions({"type": "overflow", "action_id": "o", "options": [option("one")]}),
    {"type": "image", "slack_file": {"id": "F0AAAA"}, "alt_text": "plot"},
    field({"type": "plain_text_input", "action_id": "t", "multiline": True, "max_length": 3000}, optional=True),
    field(select(initial_option=option("a"))),
    field({"type": "datepicker", "action_id": "d", "initial_date": "2026-01-31"}),
    field({"type": "number_input", "action_id": "n", "is_decimal_allowed": False, "min_value": "1"}),
    rich({"type": "text", "text": "bold", "style": {"bold": True}}, {"type": "user", "user_id": "U1"}),
    {
        "type": "rich_text",
        "elements": [
            {
                "type": "rich_text_list",
                "style": "bullet",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": "a"}]}],
            },
            {"type": "rich_text_preformatted", "elements": [{"type": "text", "text": "code"}], "border": 0},
        ],
    },
    {"type": "markdown", "text": "# Title"},
    table(),
    data_table(page_size=10),
    pie(1, 2),
    bars(["a", "b"], ["a", "b"]),
    {"type": "card", "title": mrkdwn("T"), "body": mrkdwn("B"), "actions": [button()]},
    {"type": "carousel", "elements": [{"type": "card", "title": mrkdwn("T")}]},
    {"type": "container", "title": plain("T"), "child_blocks": [section(), {"type": "divider"}]},
]

BAD: list[tuple[str, list[Any]]] = [
    ("an unknown type", [{"type": "sparkle"}]),
    ("no type", [{"text": mrkdwn("x")}]),
    ("no object", ["section"]),
    ("a section of nothing", [{"type": "section"}]),
    ("a section text of 3001", [section(text=mrkdwn("x" * 3001))]),
    ("an empty text", [section(text=mrkdwn(""))]),
    ("a text without its type", [section(text={"text": "x"})]),
    ("a text as a string", [section(text="x")]),
    ("11 fields", [section(fields=[mrkdwn("x")] * 11)]),
    ("a field of 2001", [section(fields=[mrkdwn("x" * 2001)])]),
    ("an input as accessory", [section(accessory={"type": "plain_text_input", "action_id": "a"})]),
    ("an additional property", [section(colour="red")]),
    ("a header of 151", [{"type": "header", "text": plain("x" * 151)}]),
    ("a header in mrkdwn", [{"type": "header", "text": mrkdwn("x")}]),
    ("11 context elements", [{"type": "context", "elements": [mrkdwn("x")] * 11}]),
    ("a button in a context", [{"type": "context", "elements": [button()]}]),
    ("26 actions", [actions(*[button(action_id=f"a{n}") for n in range(26)])]),
    ("a doubled action_id", [actions(button(), button())]),
    ("a button label of 76", [actions(button(text=plain("x" * 76)))]),
    ("a button label in mrkdwn", [actions(button(text=mrkdwn("x")))]),
    ("a button value of 2001", [actions(button(value="x" * 2001))]),
    ("a button url of 3001", [actions(button(url="https://x.test/" + "x" * 3000))]),
    ("a button of no style", [actions(button(style="default"))]),
    ("an action_id of 256", [actions(button(action_id="x" * 256))]),
    ("a block_id of 256", [section(block_id="x" * 256)]),
    ("a doubled block_id", [section(block_id="x"), section(block_id="x")]),
    ("a dialog title of 101", [actions(button(confirm={"title": plain("x" * 101), "text": plain("x")}))]),
    ("a dialog without text", [actions(button(confirm={"title": plain("x")}))]),
    ("101 options", [actions(select(options=[option(f"o{n}") for n in range(101)]))]),
    ("an option text of 76", [actions(select(options=[option("x" * 76, "v")]))]),
    ("an option value of 151", [actions(select(options=[option("x", "v" * 151)]))]),
    (
        "6 overflow options",
        [actions({"type": "overflow", "action_id": "o", "options": [option(f"{n}") for n in range(6)]})],
    ),
    ("no overflow option", [actions({"type": "overflow", "action_id": "o", "options": []})]),
    (
        "11 checkboxes",
        [actions({"type": "checkboxes", "action_id": "c", "options": [option(f"{n}") for n in range(11)]})],
    ),
    ("a placeholder of 151", [actions(select(placeholder=plain("x" * 151)))]),
    ("an image without alt text", [{"type": "image", "image_url": "https://x.test/a.png"}]),
    ("an input without label", [{"type": "input", "element": {"type": "plain_text_input", "action_id": "a"}}]),
    ("an input of a button", [field(button())]),
    ("a label of 2001", [field({"type": "plain_text_input", "action_id": "a"}, label=plain("x" * 2001))]),
    ("rich text of a section", [{"type": "rich_text", "elements": [section()]}]),
    ("rich text without text", [rich({"type": "text"})]),
    ("markdown of 12001", [{"type": "markdown", "text": "x" * 12_001}]),
    ("markdown of 12001 together", [{"type": "markdown", "text": "x" * 6001}] * 2),
    ("101 table rows", [table(101)]),
    ("21 table cells", [table(2, 21)]),
    ("two tables", [table(), table()]),
    (
        "a table and a table inside a container",
        [table(), {"type": "container", "title": plain("T"), "child_blocks": [table()]}],
    ),
    ("a data table without caption", [{"type": "data_table", "rows": [[raw("x")], [raw("y")]]}]),
    ("a data table of a header only", [data_table(1)]),
    ("3 charts", [pie(1)] * 3),
    ("an alert in a message", [{"type": "alert", "text": plain("x")}]),
    (
        "a card of nothing but a subtitle too long",
        [{"type": "card", "title": mrkdwn("T"), "subtitle": mrkdwn("x" * 151)}],
    ),
    ("a card title in plain text", [{"type": "card", "title": plain("T")}]),
    (
        "4 card buttons",
        [{"type": "card", "title": mrkdwn("T"), "actions": [button(action_id=f"a{n}") for n in range(4)]}],
    ),
    ("11 cards", [{"type": "carousel", "elements": [{"type": "card", "title": mrkdwn("T")}] * 11}]),
    ("11 child blocks", [{"type": "container", "title": plain("T"), "child_blocks": [section()] * 11}]),
    ("51 blocks", [section()] * 51),
]

# What only ours looks at: contents of charts and rules the outside schema does not have.
BAD_FOR_US: list[tuple[str, list[Any]]] = [
    ("an image url of 3001", [{"type": "image", "image_url": "https://x.test/" + "x" * 3000, "alt_text": "x"}]),
    ("7 segments", [pie(*range(1, 8))]),
    ("an empty segment", [pie(1, 0)]),
    ("a chart title of 51", [{**pie(1), "title": "x" * 51}]),
    ("a series without a category", [bars(["a"], ["a", "b"])]),
    ("a label of 21", [bars(["x" * 21], ["x" * 21])]),
    ("uneven rows", [{**data_table(), "rows": [[raw("a")], [raw("a"), raw("b")]]}]),
    ("a rich header", [{**data_table(), "rows": [[rich({"type": "text", "text": "x"})], [raw("a")]]}]),
    ("102 rows", [data_table(102)]),
    ("page_size 101", [data_table(page_size=101)]),
    ("an initial option that is none", [actions(select(initial_option=option("c")))]),
    ("options and groups", [actions(select(option_groups=[{"label": plain("g"), "options": [option("a")]}]))]),
    ("neither options nor groups", [actions({"type": "static_select", "action_id": "s"})]),
    ("no option", [actions(select(options=[]))]),
    ("a date of no form", [actions({"type": "datepicker", "action_id": "d", "initial_date": "31.1.2026"})]),
    ("an input of no length", [field({"type": "plain_text_input", "action_id": "t", "max_length": 3001})]),
    ("a boolean as a number", [data_table(page_size=True)]),
    (
        "a list style of none",
        [{"type": "rich_text", "elements": [{"type": "rich_text_list", "style": "dash", "elements": []}]}],
    ),
]


def modal(**more: Any) -> dict[str, Any]:
    shell = {"type": "modal", "title": plain("Title"), "submit": plain("Go"), "blocks": [section()]}
    return {key: value for key, value in {**shell, **more}.items() if value is not ...}


BAD_VIEWS: list[tuple[str, dict[str, Any]]] = [
    ("another type", {"type": "window", "blocks": []}),
    ("no title", modal(title=...)),
    ("a title of 25", modal(title=plain("x" * 25))),
    ("a submit of 25", modal(submit=plain("x" * 25))),
    ("no blocks", modal(blocks=...)),
    ("101 blocks", modal(blocks=[section()] * 101)),
    ("private_metadata of 3001", modal(private_metadata="x" * 3001)),
    ("a callback_id of 256", modal(callback_id="x" * 256)),
    ("inputs without submit", modal(submit=..., blocks=[field({"type": "plain_text_input", "action_id": "a"})])),
    ("a table in a modal", modal(blocks=[table()])),
    ("an additional property", modal(colour="red")),
    ("a markdown block in the Home tab", {"type": "home", "blocks": [{"type": "markdown", "text": "x"}]}),
    ("a title on the Home tab", {"type": "home", "title": plain("x"), "blocks": []}),
]


@pytest.mark.parametrize("block", GOOD, ids=lambda b: b["type"])
def test_a_sound_block_passes(block: Any) -> None:
    assert check_message([block]) == []


@pytest.mark.parametrize(("why", "blocks"), BAD + BAD_FOR_US, ids=lambda v: v if isinstance(v, str) else "")
def test_a_defect_is_refused(why: Any, blocks: Any) -> None:
    assert check_message(copy.deepcopy(blocks)) != [], why


@pytest.mark.parametrize(("why", "view"), BAD_VIEWS, ids=lambda v: v if isinstance(v, str) else "")
def test_a_defective_view_is_refused(why: Any, view: Any) -> None:
    assert check_view(view) != [], why


def test_sound_views_pass() -> None:
    alert = {"type": "alert", "text": plain("Mind"), "level": "warning"}
    assert check_view(modal(blocks=[alert, section()], notify_on_close=True, private_metadata="x" * 3000)) == []
    assert check_view({"type": "home", "blocks": [section(), actions(button())]}) == []


@pytest.mark.parametrize("hostile", [None, 7, "x", {}, [None], [[]], [{"type": []}], [{"type": {"a": 1}}]])
def test_what_is_no_block_at_all_is_refused_and_breaks_nothing(hostile: Any) -> None:
    assert check_message(hostile) != []
    assert check_view({"type": "modal", "title": plain("T"), "blocks": hostile}) != []


def test_each_defect_is_named_with_its_place() -> None:
    found = check_message([section(), actions(button(text=plain("x" * 76)), select(options=[option("a", "v" * 151)]))])
    assert [(p.path, p.text) for p in found] == [
        ("/blocks/1/elements/0/text/text", "must be less than 76 characters"),
        ("/blocks/1/elements/1/options/0/value", "must be less than 151 characters"),
    ]


@pytest.fixture(scope="module")
def outside() -> ModuleType:
    """The validator that is kept outside the repository."""
    if not SHARED.is_file():
        pytest.skip("the outside Block Kit validator is not here")
    pytest.importorskip("jsonschema")
    pytest.importorskip("slackblocks")
    spec = importlib.util.spec_from_file_location("outside_blockkit_check", SHARED)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    import warnings

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)  # it leaves its schema files to the garbage collector
        spec.loader.exec_module(module)
    return module


def test_ours_takes_nothing_that_the_outside_validator_refuses(outside: Any) -> None:
    for why, blocks in BAD:
        if all(isinstance(block, dict) for block in blocks):
            assert outside.check_message({"blocks": blocks}) != [], f"the case proves nothing: {why}"
            assert check_message(blocks) != [], why
    for why, view in BAD_VIEWS:
        if outside.check_view(view):
            assert check_view(view) != [], why


def test_what_ours_takes_the_outside_validator_takes_too(outside: Any) -> None:
    for block in GOOD:
        assert outside.check_message({"blocks": [block]}) == [], block["type"]
