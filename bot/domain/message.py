"""A laid-out answer: what a layout makes of a view and the messenger gives to Slack. Holds no rule of its own."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from bot.errors import Malformed

_PAGE = re.compile(r"([A-Za-z0-9_-]{1,64})\.([1-9][0-9]{0,5})")


@dataclass(frozen=True, slots=True)
class Message:
    """What Slack is given for a message. `text` is what a phone and a screen reader show: at most 150 characters, never empty.

    `twin` says the same in plain blocks, for a client or a surface that has no tables or charts; empty when `blocks` are plain.
    """

    text: str
    blocks: tuple[dict[str, Any], ...]
    twin: tuple[dict[str, Any], ...] = ()

    @property
    def plain_blocks(self) -> tuple[dict[str, Any], ...]:
        """The blocks that every surface shows."""
        return self.twin or self.blocks


@dataclass(frozen=True, slots=True)
class Modal:
    """What Slack is given for a modal or the Home tab: the `view` object."""

    view: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Pressed:
    """What a button or menu carries, decoded: routing data and nothing else. State is read from the store, permission is checked anew.

    `name` is the action's name, `number` and `revision` a finding's, `extra` a listing's id and page or a command to run. `values` is what
    was entered in a modal that was submitted, by the input's name.
    """

    name: str
    number: int = 0
    revision: int = 0
    extra: str = ""
    values: Mapping[str, str] = field(default_factory=dict)

    @property
    def of_listing(self) -> tuple[str, str]:
        """(listing, what about it) of a button under a list, whose extra is `listing.page` or `listing.sort`. Raises Malformed."""
        listing, dot, what = self.extra.rpartition(".")
        if not dot or not listing or not what:
            raise Malformed("a list's button without its list")
        return listing, what

    @property
    def page(self) -> tuple[str, int]:
        """(listing, page from 1) of a button about a page of a list. Raises Malformed."""
        match = _PAGE.fullmatch(self.extra)
        if not match:
            raise Malformed("a page button without a page")
        return match[1], int(match[2])
