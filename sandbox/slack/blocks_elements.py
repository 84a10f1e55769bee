"""The elements of Block Kit: texts, options, buttons, selects, inputs, rich text.

Problem solved: every limit of an element is written once, beside its name. This module refuses to know where an
element may stand; see `blocks_spec`.
"""

# From: https://docs.slack.dev/reference/block-kit/block-elements and .../composition-objects (all numbers of this file)

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from sandbox.slack.checks import (
    Check,
    Problem,
    anything,
    array,
    at_least_one,
    boolean,
    exactly_one,
    number,
    one_of,
    record,
    string,
    typed,
)

MAX_TEXT = 3000
MAX_ID = 255
MAX_URL = 3000


def text(most: int = MAX_TEXT, *kinds: str) -> Check:
    """A text object of 1 to `most` characters; `kinds` default to both."""
    parts: dict[str, Check] = {
        "plain_text": record({"type": anything, "text": string(most, 1)}, {"emoji": boolean}),
        "mrkdwn": record({"type": anything, "text": string(most, 1)}, {"verbatim": boolean}),
    }
    return typed({kind: parts[kind] for kind in kinds or parts}, "text")


def plain(most: int) -> Check:
    return text(most, "plain_text")


action_id = string(MAX_ID, 1)
url = string(MAX_URL, 1)
style = one_of("primary", "danger")
confirm = record(
    {"text": text(300)}, {"title": plain(100), "confirm": plain(30), "deny": plain(30), "style": style}
)  # Slack fills in title and buttons left out


def _option(label: Check, description: Check, *, with_url: bool = False) -> Check:
    more = {"url": url} if with_url else {}
    return record({"text": label, "value": string(150, 1)}, {"description": description, **more})


plain_option = _option(plain(75), plain(75))
rich_option = _option(text(75), plain(75))
overflow_option = _option(plain(75), plain(75), with_url=True)
option_group = record({"label": plain(75), "options": array(plain_option, 1, 100)})


def _distinct_values(value: Any, path: str) -> Iterator[Problem]:
    """Options of one menu differ in their values; Slack's clients select the wrong one otherwise."""
    groups = value.get("option_groups") or []
    options = [*(value.get("options") or []), *(o for g in groups for o in g["options"])]
    values = [o["value"] for o in options]
    if len(set(values)) != len(values):
        yield Problem(path, "options must have distinct values")


def _initial_known(value: Any, path: str) -> Iterator[Problem]:
    """An initial option must be one of the options, exactly."""
    groups = value.get("option_groups") or []
    options = [*(value.get("options") or []), *(o for g in groups for o in g["options"])]
    initial = [value["initial_option"]] if "initial_option" in value else value.get("initial_options", [])
    if any(option not in options for option in initial):
        yield Problem(path, "initial options must match options")


def _matching(pattern: str, example: str) -> Check:
    compiled = re.compile(pattern)

    def check(value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, str) or not compiled.fullmatch(value):
            yield Problem(path, f"must look like {example}")

    return check


_common: Mapping[str, Check] = {"type": anything}
_acts: Mapping[str, Check] = {"action_id": action_id, "confirm": confirm}
_focus: Mapping[str, Check] = {"focus_on_load": boolean}
_hint: Mapping[str, Check] = {"placeholder": plain(150)}
_picks = {**_acts, **_focus, **_hint}
_many: Mapping[str, Check] = {"max_selected_items": number(1, whole=True)}
_ids = array(string(None, 1))
_dispatch = record({}, {"trigger_actions_on": array(one_of("on_enter_pressed", "on_character_entered"), 1)})
_typed_input = {"action_id": action_id, **_focus, **_hint, "dispatch_action_config": _dispatch}
_filter = record(
    {},
    {
        "include": array(one_of("im", "mpim", "private", "public"), 1),
        "exclude_external_shared_channels": boolean,
        "exclude_bot_users": boolean,
    },
    at_least_one("include", "exclude_external_shared_channels", "exclude_bot_users"),
)
_static = {"options": array(plain_option, 1, 100), "option_groups": array(option_group, 1, 100)}
_one_source = exactly_one("options", "option_groups")
_slack_file = record({}, {"id": string(None, 1), "url": string(None, 1)}, exactly_one("id", "url"))
_label: Mapping[str, Check] = {"accessibility_label": string(75)}

button = record(
    {**_common, "text": plain(75)},
    {**_acts, **_label, "url": url, "value": string(2000), "style": style, "agent_prompt": string(4000)},
)
image = record(
    {**_common, "alt_text": string(2000, 1)},
    {"image_url": url, "slack_file": _slack_file},
    exactly_one("image_url", "slack_file"),
)
_feedback = record({"text": plain(75), "value": string(2000)}, _label)


def _length_order(value: Any, path: str) -> Iterator[Problem]:
    if value.get("min_length", 0) > value.get("max_length", MAX_TEXT):
        yield Problem(path, "min_length must not exceed max_length")


def _numeric_text(value: Any, path: str) -> Iterator[Problem]:
    for name in ("initial_value", "min_value", "max_value"):
        try:
            float(value.get(name, "0"))
        except ValueError:
            yield Problem(f"{path}/{name}", "must be a number")


# Rich text. From: https://docs.slack.dev/reference/block-kit/blocks/rich-text-block

_flags = record(
    {},
    dict.fromkeys(
        ("bold", "italic", "strike", "underline", "code", "highlight", "client_highlight", "unlink"), boolean
    ),
)
_inline: Mapping[str, Check] = {"type": anything}
_styled: Mapping[str, Check] = {"style": _flags}
rich_inline = typed(
    {
        "text": record({**_inline, "text": string(None, 1)}, _styled),
        "link": record({**_inline, "url": string(None, 1)}, {**_styled, "text": string(), "unsafe": boolean}),
        "emoji": record({**_inline, "name": string(None, 1)}, {**_styled, "unicode": string(), "url": string()}),
        "user": record({**_inline, "user_id": string(None, 1)}, _styled),
        "usergroup": record({**_inline, "usergroup_id": string(None, 1)}, _styled),
        "channel": record({**_inline, "channel_id": string(None, 1)}, _styled),
        "team": record({**_inline, "team_id": string(None, 1)}, _styled),
        "broadcast": record({**_inline, "range": one_of("here", "channel", "everyone")}, _styled),
        "color": record({**_inline, "value": string(None, 1)}, _styled),
        "date": record(
            {**_inline, "timestamp": number(), "format": string(None, 1)},
            {**_styled, "url": string(), "fallback": string()},
        ),
    },
    "rich text element",
)
_border: Mapping[str, Check] = {"border": number(0, 1, whole=True)}
_section = record({**_inline, "elements": array(rich_inline)})
_plain_inline = typed(
    {
        "text": record({**_inline, "text": string(None, 1)}, _styled),
        "link": record({**_inline, "url": string(None, 1)}, {**_styled, "text": string(), "unsafe": boolean}),
    },
    "preformatted element",
)
rich_text_part = typed(
    {
        "rich_text_section": _section,
        "rich_text_list": record(
            {
                **_inline,
                "style": one_of("bullet", "ordered"),
                "elements": array(typed({"rich_text_section": _section}, "list item")),
            },
            {**_border, "indent": number(0, 8, whole=True), "offset": number(0, whole=True)},
        ),
        "rich_text_quote": record({**_inline, "elements": array(rich_inline)}, _border),
        "rich_text_preformatted": record(
            {**_inline, "elements": array(_plain_inline)}, {**_border, "language": string()}
        ),
    },
    "rich text part",
)
rich_text = record({**_inline, "elements": array(rich_text_part, 1)}, {"block_id": string(MAX_ID)})

ELEMENTS: dict[str, Check] = {
    "button": button,
    "image": image,
    "overflow": record({**_common, "options": array(overflow_option, 1, 5)}, _acts, _distinct_values),
    "checkboxes": record(
        {**_common, "options": array(rich_option, 1, 10)},
        {**_acts, **_focus, "initial_options": array(rich_option, 1)},
        _distinct_values,
        _initial_known,
    ),
    "radio_buttons": record(
        {**_common, "options": array(rich_option, 1, 10)},
        {**_acts, **_focus, "initial_option": rich_option},
        _distinct_values,
        _initial_known,
    ),
    "static_select": record(
        _common, {**_picks, **_static, "initial_option": plain_option}, _one_source, _distinct_values, _initial_known
    ),
    "multi_static_select": record(
        _common,
        {**_picks, **_many, **_static, "initial_options": array(plain_option, 1)},
        _one_source,
        _distinct_values,
        _initial_known,
    ),
    "external_select": record(
        _common, {**_picks, "initial_option": plain_option, "min_query_length": number(0, whole=True)}
    ),
    "multi_external_select": record(
        _common,
        {**_picks, **_many, "initial_options": array(plain_option, 1), "min_query_length": number(0, whole=True)},
    ),
    "users_select": record(_common, {**_picks, "initial_user": string(None, 1)}),
    "multi_users_select": record(_common, {**_picks, **_many, "initial_users": _ids}),
    "channels_select": record(_common, {**_picks, "initial_channel": string(None, 1), "response_url_enabled": boolean}),
    "multi_channels_select": record(_common, {**_picks, **_many, "initial_channels": _ids}),
    "conversations_select": record(
        _common,
        {
            **_picks,
            "initial_conversation": string(None, 1),
            "default_to_current_conversation": boolean,
            "response_url_enabled": boolean,
            "filter": _filter,
        },
    ),
    "multi_conversations_select": record(
        _common,
        {
            **_picks,
            **_many,
            "initial_conversations": _ids,
            "default_to_current_conversation": boolean,
            "filter": _filter,
        },
    ),
    "datepicker": record(_common, {**_picks, "initial_date": _matching(r"\d{4}-\d\d-\d\d", "2026-01-31")}),
    "timepicker": record(
        _common, {**_picks, "initial_time": _matching(r"\d\d:\d\d", "09:30"), "timezone": string(None, 1)}
    ),
    "datetimepicker": record(
        _common, {**_acts, **_focus, "initial_date_time": number(1_000_000_000, 9_999_999_999, whole=True)}
    ),
    "plain_text_input": record(
        _common,
        {
            **_typed_input,
            "initial_value": string(MAX_TEXT),
            "multiline": boolean,
            "min_length": number(0, MAX_TEXT, whole=True),
            "max_length": number(1, MAX_TEXT, whole=True),
        },
        _length_order,
    ),
    "email_text_input": record(_common, {**_typed_input, "initial_value": string()}),
    "url_text_input": record(_common, {**_typed_input, "initial_value": string()}),
    "number_input": record(
        {**_common, "is_decimal_allowed": boolean},
        {**_typed_input, "initial_value": string(), "min_value": string(), "max_value": string()},
        _numeric_text,
    ),
    "rich_text_input": record(
        _common,
        {
            **_typed_input,
            "initial_value": rich_text,
            "min_lines": number(1, whole=True),
            "max_lines": number(1, whole=True),
        },
    ),
    "file_input": record(
        _common, {"action_id": action_id, "filetypes": array(string(None, 1)), "max_files": number(1, 10, whole=True)}
    ),
    "workflow_button": record(
        {**_common, "text": plain(75), "workflow": anything}, {**_acts, **_label, "style": style}
    ),
    "feedback_buttons": record(
        {**_common, "positive_button": _feedback, "negative_button": _feedback}, {"action_id": action_id}
    ),
    "icon_button": record(
        {**_common, "icon": one_of("trash"), "text": plain(75)},
        {**_acts, **_label, "value": string(2000), "visible_to_user_ids": array(string())},
    ),
}


def some(*names: str) -> dict[str, Check]:
    """The elements with these names."""
    return {name: ELEMENTS[name] for name in names}


SELECTS = ("static_select", "external_select", "users_select", "conversations_select", "channels_select")
MULTI_SELECTS = tuple(f"multi_{name}" for name in SELECTS)
