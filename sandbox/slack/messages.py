"""The messages of all channels, their order and their threads.

Problem solved: one place gives out timestamps (unique and rising), fills in block ids and counts replies. This module
refuses to judge whether a message is allowed; the Web API did that before.
"""

from __future__ import annotations

import copy
import itertools

from sandbox.slack.clock import Clock
from sandbox.slack.state import Json, Message


class Ids:
    """Slack-shaped identifiers, counted up: unique within a server and the same in every run."""

    def __init__(self) -> None:
        self._count = itertools.count(1)

    def make(self, prefix: str) -> str:
        return f"{prefix}0{next(self._count):08X}"

    def short(self) -> str:
        """Five characters, as Slack gives blocks without a block_id."""
        return f"b{next(self._count):04x}"


class MessageStore:
    """Messages by channel and ts; ephemeral ones are kept apart, as Slack keeps none."""

    def __init__(self, clock: Clock, ids: Ids) -> None:
        self._clock = clock
        self._ids = ids
        self._last_us = 0
        self._by_channel: dict[str, dict[str, Message]] = {}
        self._threads: dict[tuple[str, str], dict[str, Message]] = {}
        self.ephemerals: dict[tuple[str, str], Message] = {}

    def next_ts(self) -> str:
        """A timestamp later than all before it, in steps of 100 microseconds."""
        wall_us = int(self._clock.now() * 10_000) * 100
        self._last_us = max(wall_us, self._last_us + 100)
        return f"{self._last_us // 1_000_000}.{self._last_us % 1_000_000:06d}"

    def with_ids(self, blocks: list[Json]) -> list[Json]:
        """A copy of the blocks in which each has a block_id and each interactive element an action_id."""
        filled = copy.deepcopy(blocks)
        for block in filled:
            if not block.get("block_id"):
                block["block_id"] = self._ids.short()
            for element in elements_of(block):
                if element.get("type") not in ("image", "mrkdwn", "plain_text") and not element.get("action_id"):
                    element["action_id"] = self._ids.short()
        return filled

    def add(self, message: Message) -> None:
        self.fill_ids(message)
        if message.is_reply and message.ephemeral_for is None:
            self._threads.setdefault((message.channel, message.thread_ts or ""), {})[message.ts] = message
        if message.ephemeral_for is not None:
            self.ephemerals[message.channel, message.ts] = message
        else:
            self._by_channel.setdefault(message.channel, {})[message.ts] = message

    def fill_ids(self, message: Message) -> None:
        """Give ids to the blocks of a message and of its attachments."""
        message.blocks = self.with_ids(message.blocks)
        message.attachments = [
            {**a, "blocks": self.with_ids(a["blocks"])} if a.get("blocks") else a for a in message.attachments
        ]

    def get(self, channel: str, ts: str) -> Message | None:
        return self._by_channel.get(channel, {}).get(ts)

    def any(self, channel: str, ts: str) -> Message | None:
        """A stored or an ephemeral message."""
        return self.get(channel, ts) or self.ephemerals.get((channel, ts))

    def remove(self, message: Message) -> None:
        self.ephemerals.pop((message.channel, message.ts), None)
        self._by_channel.get(message.channel, {}).pop(message.ts, None)
        self._threads.get((message.channel, message.thread_ts or ""), {}).pop(message.ts, None)

    def all(self, channel: str) -> list[Message]:
        """Every stored message, replies included, oldest first."""
        return list(self._by_channel.get(channel, {}).values())

    def timeline(self, channel: str) -> list[Message]:
        """What the channel itself shows: no thread replies unless broadcast."""
        return [m for m in self.all(channel) if not m.is_reply or m.broadcast]

    def replies(self, channel: str, thread_ts: str) -> list[Message]:
        return list(self._threads.get((channel, thread_ts), {}).values())

    def ephemerals_of(self, channel: str, user: str) -> list[Message]:
        return [m for m in self.ephemerals.values() if m.channel == channel and m.ephemeral_for == user]


def elements_of(block: Json) -> list[Json]:
    """The interactive (and other) elements a block holds, whatever the key they sit under."""
    found = list(block.get("elements") or []) if block.get("type") in ("actions", "context_actions") else []
    found += list(block.get("actions") or []) if block.get("type") == "card" else []
    for key in ("accessory", "element"):
        if isinstance(block.get(key), dict):
            found.append(block[key])
    for child in [*(block.get("child_blocks") or []), *_cards(block)]:
        found += elements_of(child)
    return found


def _cards(block: Json) -> list[Json]:
    return list(block.get("elements") or []) if block.get("type") == "carousel" else []
