"""A laid-out answer: what a layout makes of a view and the messenger gives to Slack. Holds no rule of its own."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Message:
    """What Slack is given for a message. `text` is what a phone and a screen reader show: at most 150 characters, never empty."""

    text: str
    blocks: tuple[dict[str, Any], ...]


@dataclass(frozen=True, slots=True)
class Modal:
    """What Slack is given for a modal or the Home tab: the `view` object."""

    view: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a button or menu carries, decoded: routing data and nothing else. State is read from the store, permission is checked anew.

    `name` is the action's name, `number` and `revision` a finding's, `extra` a listing's id and page or a command to run.
    """

    name: str
    number: int = 0
    revision: int = 0
    extra: str = ""
