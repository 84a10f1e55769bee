"""The inputs of our modals. An input's block, its element and what `decode_form` calls it have one name.

What stands in an input is text that a person may edit, so it is shown exactly; nothing in it can format or mention.
"""

from __future__ import annotations

from renderers.blocks import Block, option, plain_text
from renderers.mrkdwn import is_user


def text_input(
    name: str,
    label: str,
    *,
    value: str = "",
    placeholder: str = "",
    hint: str = "",
    most: int = 2000,
    optional: bool = False,
) -> Block:
    """One line of text of at most `most` characters. `value` stands in it already, on one line."""
    element: Block = {"type": "plain_text_input", "action_id": name, "max_length": most}
    if line := " ".join(value.split())[:most]:
        element["initial_value"] = line
    if placeholder:
        element["placeholder"] = plain_text(placeholder)
    return _input(name, label, element, hint=hint, optional=optional)


def user_input(name: str, label: str, user: str = "") -> Block:
    """A person of the workspace; `user` is chosen already when it is a user's id."""
    element: Block = {"type": "users_select", "action_id": name}
    return _input(name, label, {**element, "initial_user": user} if is_user(user) else element)


def choice_input(name: str, label: str, choices: tuple[tuple[str, str], ...], *, chosen: str = "") -> Block:
    """One of (value, label); `chosen` is the value that is chosen already: none, where a choice of one's own is wanted."""
    options = {value: option(shown, value) for value, shown in choices}
    element: Block = {"type": "static_select", "action_id": name, "options": list(options.values())}
    return _input(name, label, {**element, "initial_option": options[chosen]} if chosen in options else element)


def _input(name: str, label: str, element: Block, *, hint: str = "", optional: bool = False) -> Block:
    block: Block = {"type": "input", "block_id": name, "label": plain_text(label), "element": element}
    if hint:
        block["hint"] = plain_text(hint)
    return {**block, "optional": True} if optional else block
