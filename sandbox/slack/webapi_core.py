"""What every Web API method shares: its arguments, its errors, its record in the table of methods.

Problem solved: a method is one small function from arguments to an answer. This module refuses HTTP: see `webapi.py`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, TypeAlias

from sandbox.slack.blocks_check import SECOND_TABLE, Problem, check_message
from sandbox.slack.state import Channel, Json
from sandbox.slack.world import World

# Seen in slackapi/bolt-js#2509: Slack's own limit on the characters of all blocks together; not documented.
MAX_BLOCKS_CHARACTERS = 13_200


class ApiError(Exception):
    """An answer `ok: false`; `error` is Slack's word for it, `extra` further fields of the answer."""

    def __init__(self, error: str, **extra: Any) -> None:
        super().__init__(error)
        self.error = error
        self.extra = extra

    def as_json(self) -> Json:
        return {"ok": False, "error": self.error, **self.extra}


class Args:
    """The arguments of one call, from JSON or a form; values that a form carries as JSON strings come out parsed."""

    def __init__(self, raw: Json) -> None:
        self.raw = raw

    def has(self, name: str) -> bool:
        return self.raw.get(name) is not None

    def text(self, name: str, default: str = "") -> str:
        value = self.raw.get(name)
        return default if value is None else str(value)

    def required(self, name: str, error: str = "invalid_arguments") -> str:
        value = self.text(name)
        if not value:
            note = f"[ERROR] missing required field: {name}"
            raise ApiError(error, response_metadata={"messages": [note]})
        return value

    def flag(self, name: str, default: bool = False) -> bool:
        value = self.raw.get(name)
        return default if value is None else str(value).lower() in ("true", "1")

    def number(self, name: str, default: int) -> int:
        try:
            return int(self.raw.get(name) or default)
        except (TypeError, ValueError):
            raise ApiError("invalid_arguments") from None

    def parsed(self, name: str, error: str = "invalid_arguments") -> Any:
        """A list or object; None when absent. A string is read as JSON, and refused with `error` when it is none."""
        value = self.raw.get(name)
        if not isinstance(value, str):
            return value
        if not value:
            return None
        try:
            return json.loads(value)
        except ValueError:
            raise ApiError(error) from None

    def names(self, name: str) -> list[str]:
        """A comma separated or real list of strings."""
        value = self.raw.get(name) or []
        return [v for v in value.split(",") if v] if isinstance(value, str) else [str(v) for v in value]


Handler: TypeAlias = Callable[[World, Args], Json]


@dataclass(frozen=True)
class Method:
    """One Web API method: its rate limit tier (None: special), the scopes of which one is needed, and the kind of
    token."""

    run: Handler
    tier: int | None
    scopes: tuple[str, ...] = ()
    bearer: Literal["bot", "app", "none"] = "bot"


def granted(world: World, scope: str) -> bool:
    return world.workspace.scopes is None or scope in world.workspace.scopes


def need_scope(world: World, *wanted: str) -> None:
    """Raise missing_scope unless one of the scopes was granted."""
    if wanted and not any(granted(world, scope) for scope in wanted):
        provided = ",".join(sorted(world.workspace.scopes or ()))
        raise ApiError("missing_scope", needed=wanted[0], provided=provided)


def known_channel(world: World, wanted: str) -> Channel:
    """A channel the bot may know of: a private one it is not in is channel_not_found, as in Slack."""
    channel = world.find_channel(wanted)
    hidden = channel is not None and channel.kind != "channel" and not channel.is_member
    if channel is None or hidden:
        raise ApiError("channel_not_found")
    return channel


def writable_channel(world: World, wanted: str) -> Channel:
    """A channel the bot may post to. A user id means that user's direct messages, opened when needed."""
    user = world.user(wanted)
    if user is not None and user.id != world.workspace.bot_user.id and not user.deleted and not user.is_bot:
        return world.open_dm(user.id, world.workspace.bot_user.id)
    channel = known_channel(world, wanted)
    if channel.is_archived:
        raise ApiError("is_archived")
    explicit_public = world.workspace.scopes is not None and "chat:write.public" in world.workspace.scopes
    if not channel.is_member and not explicit_public:
        raise ApiError("not_in_channel")
    return channel


def joined_channel(world: World, wanted: str) -> Channel:
    """A channel the bot is a member of."""
    channel = known_channel(world, wanted)
    if not channel.is_member:
        raise ApiError("not_in_channel")
    return channel


def problem_lines(problems: list[Problem], root: str = "") -> list[str]:
    return [f"[ERROR] {p.text} [json-pointer:{root}{p.path}]" for p in problems]


def file_problems(world: World, value: Any, path: str) -> list[Problem]:
    """A slack_file with an id must name an uploaded and completed file."""
    if isinstance(value, list):
        return [p for index, entry in enumerate(value) for p in file_problems(world, entry, f"{path}/{index}")]
    if not isinstance(value, dict):
        return []
    found = [p for key, entry in value.items() for p in file_problems(world, entry, f"{path}/{key}")]
    file_id = value["slack_file"].get("id") if isinstance(value.get("slack_file"), dict) else None
    file = world.files.get(str(file_id))
    if file_id is not None and (file is None or not file.complete):
        found.append(Problem(f"{path}/slack_file", "invalid slack file"))
    return found


def block_problems(world: World, blocks: Any) -> list[Problem]:
    """Defects of a message's blocks, among them files that do not exist."""
    return check_message(blocks) or file_problems(world, blocks, "/blocks")


def checked_blocks(world: World, args: Args) -> list[Json] | None:
    """The blocks argument, None when absent. Raises invalid_blocks_format, invalid_blocks, msg_blocks_too_long."""
    blocks = args.parsed("blocks", "invalid_blocks_format")
    if blocks is None:
        return None
    problems = block_problems(world, blocks)
    if problems:
        errors = problem_lines(problems)
        bare = [line.removeprefix("[ERROR] ") for line in errors]
        # Slack turns tables into attachments: the second one is refused under that name.
        word = "invalid_attachments" if [p.text for p in problems] == [SECOND_TABLE] else "invalid_blocks"
        raise ApiError(word, errors=bare, response_metadata={"messages": errors})
    if block_characters(blocks) > MAX_BLOCKS_CHARACTERS:
        raise ApiError("msg_blocks_too_long")
    found: list[Json] = blocks
    return found


def block_characters(blocks: list[Json]) -> int:
    """Characters of all texts in the blocks."""
    return sum(_characters(block) for block in blocks)


def _characters(value: Any) -> int:
    if isinstance(value, dict):
        own = len(value["text"]) if isinstance(value.get("text"), str) else 0
        return own + sum(_characters(v) for k, v in value.items() if not isinstance(v, str))
    return sum(_characters(item) for item in value) if isinstance(value, list) else 0


def page_of(items: list[Json], args: Args, default: int, most: int = 1000) -> tuple[list[Json], str]:
    """One page of `items` by limit and cursor, and the next cursor ("" at the end). Raises invalid_cursor,
    invalid_limit."""
    limit = args.number("limit", default)
    if not 1 <= limit <= most:
        raise ApiError("invalid_limit")
    cursor = args.text("cursor")
    if cursor and not (cursor.startswith("at:") and cursor[3:].isdigit()):
        raise ApiError("invalid_cursor")
    start = int(cursor[3:]) if cursor else 0
    more = start + limit < len(items)
    return items[start : start + limit], f"at:{start + limit}" if more else ""
