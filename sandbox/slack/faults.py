"""Switches that make the stand-in fail the way Slack and the network fail.

Problem solved: the bot's promises are about bad days, so a test (or a separate process, over HTTP) orders one:
refusals, errors, hanging and cut connections, before or after the request took effect. This module refuses to choose
by chance: every fault is asked for.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias, get_args

from sandbox.slack.state import Json

Kind: TypeAlias = Literal[
    "rate_limited",
    "http_500",
    "http_502",
    "http_503",
    "html",
    "error",
    "hang",
    "hang_after",
    "reset_before",
    "reset_after",
    "drip",
    "refuse_blocks",
]
KINDS: tuple[str, ...] = get_args(Kind)
# Kinds in which the request takes effect although the caller never gets a proper answer in time.
APPLIES: frozenset[str] = frozenset({"hang", "hang_after", "reset_after", "drip"})
# Blocks that a workspace may not have yet (they are rolled out in phases), refused by "refuse_blocks" unless others are named.
NEWER_BLOCKS = ("table", "data_table", "data_visualization", "card", "carousel", "container")


@dataclass
class Fault:
    """One ordered failure.

    `method` is a Web API method, "response_url", "upload" or "*". `remaining` None means always. `retry_after` is
    sent as it is (None:
    the header is missing), so "abc" can be tried. `seconds` bounds a hang (None: until released) or spreads a drip.
    `blocks` are the types of block that "refuse_blocks" does not take; it touches only requests that hold one, among
    them the answers in an ack (method "ack").
    """

    method: str
    kind: Kind
    remaining: int | None = 1
    retry_after: str | None = "1"
    error: str = "internal_error"
    seconds: float | None = None
    blocks: tuple[str, ...] = NEWER_BLOCKS
    released: asyncio.Event = field(default_factory=asyncio.Event)

    def as_json(self) -> Json:
        keys = ("method", "kind", "remaining", "retry_after", "error", "seconds")
        shown = {key: getattr(self, key) for key in keys}
        return {**shown, "blocks": list(self.blocks)} if self.kind == "refuse_blocks" else shown

    def concerns(self, method: str, args: Json) -> bool:
        """Whether this call is one to fail."""
        if self.method not in (method, "*"):
            return False
        return self.kind != "refuse_blocks" or not block_types(args).isdisjoint(self.blocks)


def block_types(value: Any) -> set[str]:
    """The types of all blocks (and elements) anywhere in the arguments of a call."""
    if isinstance(value, list):
        return {kind for item in value for kind in block_types(item)}
    if not isinstance(value, dict):
        return set()
    own = {value["type"]} if isinstance(value.get("type"), str) else set()
    return own | {kind for item in value.values() for kind in block_types(item)}


class Faults:
    """The active faults, taken in the order they were added; `outage` answers 503 to everything."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.active: list[Fault] = []
        self.outage = False
        self.frozen_sockets = False
        self._held: list[Fault] = []
        self._changed = changed

    def add(
        self,
        method: str,
        kind: Kind,
        count: int | None = 1,
        *,
        retry_after: str | int | None = "1",
        error: str = "internal_error",
        seconds: float | None = None,
        blocks: Sequence[str] = NEWER_BLOCKS,
    ) -> Fault:
        """Make the next `count` calls of `method` fail (None: all until cleared). Raises ValueError for an unknown
        kind or count."""
        if kind not in KINDS:
            raise ValueError(f"unknown fault {kind!r}; known: {', '.join(KINDS)}")
        if count is not None and count < 1:
            raise ValueError("count must be at least 1, or null for always")
        header = None if retry_after is None else str(retry_after)
        fault = Fault(method, kind, count, header, error, seconds, tuple(blocks))
        self.active.append(fault)
        self._changed()
        return fault

    def take(self, method: str, args: Json) -> Fault | None:
        """The fault for this call, used up once; None when the call is to succeed."""
        if self.outage:
            return Fault(method, "http_503", None)
        return self._first(method, args, self.active)

    def refuses_ack(self, payload: Json) -> bool:
        """Whether the blocks in an ack's answer are to be refused; uses the fault up once."""
        refusals = [fault for fault in self.active if fault.kind == "refuse_blocks"]
        return self._first("ack", payload, refusals) is not None

    def _first(self, method: str, args: Json, among: list[Fault]) -> Fault | None:
        for fault in among:
            if fault.concerns(method, args):
                self._use(fault)
                return fault
        return None

    def _use(self, fault: Fault) -> None:
        if fault.remaining is not None:
            fault.remaining -= 1
            if fault.remaining == 0:
                self.active.remove(fault)
        if fault.kind in ("hang", "hang_after"):
            self._held.append(fault)

    def release(self) -> None:
        """Let every hanging call go on."""
        for fault in self._held:
            fault.released.set()
        self._held.clear()

    def clear(self) -> None:
        """End all faults and the outage, release what hangs."""
        self.active.clear()
        self.outage = False
        self.frozen_sockets = False
        self.release()
        self._changed()
