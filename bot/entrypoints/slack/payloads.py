"""Reading Slack's payloads: ids and texts out of mappings that may lack anything. Nothing here is authority, and nothing raises."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

_MENTION = r"<@{id}(?:\|[^>]*)?>"
_ANY_MENTION = re.compile(r"^\s*<@[UW][A-Z0-9]+(?:\|[^>]*)?>")


def mapping(value: object) -> Mapping[str, Any]:
    """The value when it is a mapping, else an empty one."""
    return value if isinstance(value, Mapping) else {}


def text_of(value: object, *path: str) -> str:
    """The text at the end of a path of keys; empty when there is none."""
    for key in path:
        value = mapping(value).get(key)
    return value if isinstance(value, str) else ""


def chosen(action: Mapping[str, Any]) -> str:
    """What a button, menu or select carries."""
    selected = mapping(action.get("selected_option"))
    return text_of(selected, "value") if selected else text_of(action, "value")


def after_mention(text: str, bot: str) -> str:
    """What was said to the bot: the text after its mention, or after any first mention when we do not know its id."""
    if bot:
        parts = re.split(_MENTION.format(id=re.escape(bot)), text, maxsplit=1)
        if len(parts) > 1:
            return parts[1].strip()
    return _ANY_MENTION.sub("", text).strip()


@dataclass(frozen=True, slots=True)
class Place:
    """Where a press happened: a message (its channel and thread), a modal, or the Home tab."""

    channel: str = ""
    thread: str = ""  # the thread that a message is in, empty for one of the channel itself
    message: str = ""
    view: str = ""
    is_home: bool = False
    is_private: bool = False  # a message that only its reader sees

    @property
    def is_modal(self) -> bool:
        return bool(self.view) and not self.is_home


def place_of(body: Mapping[str, Any]) -> Place:
    """Where a block action happened."""
    container = mapping(body.get("container"))
    view = mapping(body.get("view"))
    if view:
        return Place(view=text_of(view, "id"), is_home=text_of(view, "type") == "home")
    return Place(
        channel=text_of(body, "channel", "id") or text_of(container, "channel_id"),
        thread=text_of(container, "thread_ts"),
        message=text_of(container, "message_ts"),
        is_private=bool(container.get("is_ephemeral")),
    )
