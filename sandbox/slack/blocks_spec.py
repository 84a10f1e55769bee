"""The blocks of Block Kit: which fields each has, how much fits, and on which surface it may stand.

Problem solved: the stand-in refuses a message or a view for the reasons Slack would. This module refuses blocks it
does not know: an unknown type is an error, as in Slack.
"""

# From: https://docs.slack.dev/reference/block-kit/blocks (all numbers of this file); where sources differ, the
# smaller number

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.slack.blocks_elements import (
    MAX_ID,
    MULTI_SELECTS,
    SELECTS,
    button,
    image,
    plain,
    rich_text,
    rich_text_part,
    some,
    text,
    url,
)
from sandbox.slack.checks import (
    Check,
    Problem,
    anything,
    array,
    at_least_one,
    boolean,
    exactly_one,
    later,
    number,
    one_of,
    or_null,
    record,
    string,
    typed,
)

_own: Mapping[str, Check] = {"type": anything}
_id: Mapping[str, Check] = {"block_id": string(MAX_ID)}
_pickers = ("datepicker", "timepicker")
_choices = ("checkboxes", "radio_buttons", "overflow")

_in_actions = typed(
    some(
        "button", "workflow_button", "datetimepicker", "rich_text_input", *_choices, *_pickers, *SELECTS, *MULTI_SELECTS
    ),
    "actions element",
)
_accessory = typed(
    some("button", "workflow_button", "image", *_choices, *_pickers, *SELECTS, *MULTI_SELECTS), "accessory"
)
_in_input = typed(
    some(
        "plain_text_input",
        "email_text_input",
        "url_text_input",
        "number_input",
        "rich_text_input",
        "file_input",
        "datetimepicker",
        "checkboxes",
        "radio_buttons",
        *_pickers,
        *SELECTS,
        *MULTI_SELECTS,
    ),
    "input element",
)
_context_element = typed(
    {
        "image": image,
        "plain_text": text(3000, "plain_text"),
        "mrkdwn": text(3000, "mrkdwn"),
    },
    "context element",
)


def _distinct_action_ids(value: Any, path: str) -> Iterator[Problem]:
    ids = [e["action_id"] for e in value["elements"] if "action_id" in e]
    for double in sorted({i for i in ids if ids.count(i) > 1}):
        yield Problem(path, f"duplicate action_id: {double}")


# Tables

_raw_text = record({**_own, "text": string(None, 1)})
_raw_number = record({**_own, "text": string(None, 1), "value": number()})
_cell = typed({"raw_text": _raw_text, "raw_number": _raw_number, "rich_text": rich_text}, "cell")
_column = record({}, {"align": one_of("left", "center", "right"), "is_wrapped": boolean})
MAX_TABLE_CHARACTERS = 10_000
MAX_DATA_TABLE_CHARACTERS = 20_000


def _even_rows(value: Any, path: str) -> Iterator[Problem]:
    if len({len(row) for row in value["rows"]}) > 1:
        yield Problem(f"{path}/rows", "all rows must have the same number of cells")


def _header_without_rich_text(value: Any, path: str) -> Iterator[Problem]:
    if any(cell["type"] == "rich_text" for cell in value["rows"][0]):
        yield Problem(f"{path}/rows/0", "the header row takes no rich_text")


def _cell_characters(most: int) -> Check:
    def check(value: Any, path: str) -> Iterator[Problem]:
        if sum(len(str(cell.get("text", ""))) for row in value["rows"] for cell in row) > most:
            yield Problem(f"{path}/rows", f"cells together must be less than {most + 1} characters")

    return check


def _header_column_exists(value: Any, path: str) -> Iterator[Problem]:
    if value.get("row_header_column_index", 0) >= len(value["rows"][0]):
        yield Problem(f"{path}/row_header_column_index", "must name a column")


# Charts

_label20 = string(20, 1)
_positive = record({"label": _label20, "value": number(1e-9)})
_point = record({"label": _label20, "value": number()})
_series = record({"name": _label20, "data": array(_point, 1, 20)})
_axis = record({"categories": array(_label20, 1, 20)}, {"x_label": string(50), "y_label": string(50)})


def _every_category(value: Any, path: str) -> Iterator[Problem]:
    categories = value["axis_config"]["categories"]
    for index, series in enumerate(value["series"]):
        if sorted(point["label"] for point in series["data"]) != sorted(categories):
            yield Problem(f"{path}/series/{index}", "must have one point for each category")


_plotted = record({**_own, "series": array(_series, 1, 6), "axis_config": _axis}, {}, _every_category)
_chart = typed(
    {"pie": record({**_own, "segments": array(_positive, 1, 6)}), "bar": _plotted, "area": _plotted, "line": _plotted},
    "chart",
)

# Agent blocks

_source = typed({"url": record({**_own, "url": string(None, 1), "text": string()})}, "source")
_task_fields: Mapping[str, Check] = {"details": rich_text, "output": rich_text, "sources": array(_source)}
_task_head: Mapping[str, Check] = {**_own, "task_id": string(MAX_ID, 1), "title": string(None, 1)}


def _task(*states: str) -> Check:
    return record({**_task_head, "status": one_of(*states)}, {**_task_fields, **_id})


_plan_task = typed({"task_card": _task("pending", "in_progress", "complete", "error")}, "task")

BLOCKS: dict[str, Check] = {}
_card = record(
    _own,
    {
        **_id,
        "hero_image": image,
        "icon": image,
        "title": text(150, "mrkdwn"),
        "subtitle": text(150, "mrkdwn"),
        "body": text(200, "mrkdwn"),
        "actions": array(button, 1, 3),
    },
    at_least_one("hero_image", "title", "actions", "body"),
)
_IN_CONTAINER = (
    "actions",
    "context",
    "divider",
    "file",
    "header",
    "image",
    "input",
    "rich_text",
    "section",
    "table",
    "video",
)
_child = typed({name: later(name, BLOCKS) for name in _IN_CONTAINER}, "child block")

BLOCKS |= {
    "section": record(
        _own,
        {**_id, "text": text(3000), "fields": array(text(2000), 1, 10), "accessory": _accessory, "expand": boolean},
        at_least_one("text", "fields"),
    ),
    "header": record({**_own, "text": plain(150)}, _id),
    "divider": record(_own, _id),
    "context": record({**_own, "elements": array(_context_element, 1, 10)}, _id),
    "actions": record({**_own, "elements": array(_in_actions, 1, 25)}, _id, _distinct_action_ids),
    "image": record(
        {**_own, "alt_text": string(2000, 1)},
        {**_id, "image_url": url, "slack_file": anything, "title": plain(2000)},
        exactly_one("image_url", "slack_file"),
    ),
    "input": record(
        {**_own, "label": plain(2000), "element": _in_input},
        {**_id, "hint": plain(2000), "optional": boolean, "dispatch_action": boolean},
    ),
    "rich_text": record({**_own, "elements": array(rich_text_part, 1)}, _id),
    "markdown": record({**_own, "text": string(12_000, 1)}, _id),
    "table": record(
        {**_own, "rows": array(array(_cell, 1, 20), 1, 100)},
        {**_id, "column_settings": array(or_null(_column), 0, 20)},
        _cell_characters(MAX_TABLE_CHARACTERS),
    ),
    "data_table": record(
        {**_own, "caption": string(None, 1), "rows": array(array(_cell, 1, 20), 2, 101)},
        {**_id, "page_size": number(1, 100, whole=True), "row_header_column_index": number(0, 19, whole=True)},
        _even_rows,
        _header_without_rich_text,
        _header_column_exists,
        _cell_characters(MAX_DATA_TABLE_CHARACTERS),
    ),
    "data_visualization": record({**_own, "title": string(50, 1), "chart": _chart}, _id),
    "file": record({**_own, "external_id": string(MAX_ID, 1), "source": one_of("remote")}, _id),
    "alert": record(
        {**_own, "text": text(200)}, {**_id, "level": one_of("default", "info", "warning", "error", "success")}
    ),
    "card": _card,
    "carousel": record({**_own, "elements": array(typed({"card": _card}, "carousel element"), 1, 10)}, _id),
    "container": record(
        {**_own, "child_blocks": array(_child, 1, 10)},
        {
            **_id,
            "title": plain(150),
            "rich_text_title": rich_text,
            "subtitle": text(150),
            "icon": image,
            "width": one_of("narrow", "standard", "wide", "full"),
            "is_collapsible": boolean,
            "default_collapsed": boolean,
            "has_header_divider": boolean,
        },
        at_least_one("title", "rich_text_title"),
    ),
    "context_actions": record(
        {**_own, "elements": array(typed(some("feedback_buttons", "icon_button"), "context action"), 1, 5)},
        _id,
        _distinct_action_ids,
    ),
    "task_card": _task("in_progress", "complete", "error"),
    "plan": record({**_own, "title": string(None, 1)}, {**_id, "tasks": array(_plan_task, 0, 50)}),
}

# Where a block may stand. From: the "available in surfaces" line of each block's page; doubtful cases are left out.
_EVERYWHERE = ("actions", "card", "context", "divider", "header", "image", "input", "rich_text", "section")
SURFACES: dict[str, frozenset[str]] = {
    "message": frozenset(BLOCKS) - {"alert"},
    "modal": frozenset([*_EVERYWHERE, "alert"]),
    "home": frozenset([*_EVERYWHERE, "carousel"]),
}
