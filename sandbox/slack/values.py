"""`state.values`: what the inputs of a view or message hold.

Problem solved: Slack sends every stateful element, filled or not, under block_id and action_id. This module refuses
to validate what was entered, apart from finding required inputs left empty.
"""

from __future__ import annotations

from typing import Any

from sandbox.slack.messages import elements_of
from sandbox.slack.state import Json

# Element type -> (the key its value has in state.values, the key of its initial value)
_STATEFUL: dict[str, tuple[str, str]] = {
    "plain_text_input": ("value", "initial_value"),
    "email_text_input": ("value", "initial_value"),
    "url_text_input": ("value", "initial_value"),
    "number_input": ("value", "initial_value"),
    "rich_text_input": ("rich_text_value", "initial_value"),
    "static_select": ("selected_option", "initial_option"),
    "external_select": ("selected_option", "initial_option"),
    "radio_buttons": ("selected_option", "initial_option"),
    "checkboxes": ("selected_options", "initial_options"),
    "multi_static_select": ("selected_options", "initial_options"),
    "multi_external_select": ("selected_options", "initial_options"),
    "users_select": ("selected_user", "initial_user"),
    "multi_users_select": ("selected_users", "initial_users"),
    "channels_select": ("selected_channel", "initial_channel"),
    "multi_channels_select": ("selected_channels", "initial_channels"),
    "conversations_select": ("selected_conversation", "initial_conversation"),
    "multi_conversations_select": ("selected_conversations", "initial_conversations"),
    "datepicker": ("selected_date", "initial_date"),
    "timepicker": ("selected_time", "initial_time"),
    "datetimepicker": ("selected_date_time", "initial_date_time"),
    "file_input": ("files", "initial_files"),
}


def value_key(element_type: str) -> str | None:
    """The key under which an element of this type carries its value; None when it has no state."""
    return _STATEFUL[element_type][0] if element_type in _STATEFUL else None


def state_values(blocks: list[Json], given: Json) -> Json:
    """Every stateful element of the blocks: as given, else as initially set, else empty."""
    values: Json = {}
    for block in blocks:
        for element in elements_of(block):
            if element.get("type") in _STATEFUL:
                kept = (given.get(block["block_id"]) or {}).get(element["action_id"])
                values.setdefault(block["block_id"], {})[element["action_id"]] = kept or _initial(element)
    return values


def _initial(element: Json) -> Json:
    key, initial = _STATEFUL[element["type"]]
    empty: Any = [] if key.endswith("s") else None
    return {"type": element["type"], key: element.get(initial, empty)}


def missing_inputs(blocks: list[Json], values: Json) -> dict[str, str]:
    """Required inputs that are empty: {block_id: text for a person}."""
    missing = {}
    for block in blocks:
        if block.get("type") != "input" or block.get("optional"):
            continue
        element = block["element"]
        held = (values.get(block["block_id"]) or {}).get(element["action_id"]) or {}
        if not held.get(value_key(element["type"]) or ""):
            missing[block["block_id"]] = "Please complete this required field."
    return missing
