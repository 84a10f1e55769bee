"""Would Slack take this message or this view?

Problem solved: `check_message` and `check_view` name every defect with its place, so the stand-in can answer
invalid_blocks as Slack does. This module refuses to repair anything. The fields of each block are in `blocks_spec`,
those of elements in `blocks_elements`.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sandbox.slack.blocks_elements import MAX_ID, plain
from sandbox.slack.blocks_spec import BLOCKS, SURFACES
from sandbox.slack.checks import Check, Problem, anything, boolean, record, string

__all__ = ["SECOND_TABLE", "Problem", "check_message", "check_view"]

# From: https://docs.slack.dev/reference/block-kit/blocks (50 blocks in a message, 100 in a view)
MAX_MESSAGE_BLOCKS = 50
MAX_VIEW_BLOCKS = 100
# From: https://docs.slack.dev/reference/block-kit/blocks/markdown-block (all markdown blocks of one message together)
MAX_MARKDOWN = 12_000
MAX_CHARTS = 2
SECOND_TABLE = "only_one_table_allowed"
_TABLES = ("table", "data_table")

# From: https://docs.slack.dev/reference/views/modal-views and .../home-tab-views
_shared: dict[str, Check] = {
    "private_metadata": string(3000),
    "callback_id": string(MAX_ID),
    "external_id": string(MAX_ID),
}
_modal = record(
    {"type": anything, "title": plain(24), "blocks": anything},
    {
        **_shared,
        "submit": plain(24),
        "close": plain(24),
        "clear_on_close": boolean,
        "notify_on_close": boolean,
        "submit_disabled": boolean,
    },
)
_home = record({"type": anything, "blocks": anything}, _shared)


def check_message(blocks: Any) -> list[Problem]:
    """Defects of a message's `blocks`; paths begin with /blocks."""
    return [*_blocks(blocks, "message", MAX_MESSAGE_BLOCKS), *_message_rules(blocks)]


def check_view(view: Any) -> list[Problem]:
    """Defects of a modal or Home view; paths begin with the view's own fields."""
    kind = view.get("type") if isinstance(view, dict) else None
    if kind not in ("modal", "home"):
        return [Problem("/type", "must be modal or home")]
    found = [*(_modal if kind == "modal" else _home)(view, "")]
    found += _blocks(view.get("blocks"), kind, MAX_VIEW_BLOCKS)
    if kind == "modal" and not view.get("submit") and "input" in _types(view.get("blocks")):
        found.append(Problem("/submit", "missing required field: submit (the view has input blocks)"))
    return found


def _types(blocks: Any) -> list[Any]:
    listed = blocks if isinstance(blocks, list) else []
    return [block.get("type") for block in listed if isinstance(block, dict)]


def _blocks(blocks: Any, surface: str, most: int) -> Iterator[Problem]:
    if not isinstance(blocks, list):
        yield Problem("/blocks", "must be an array")
        return
    if len(blocks) > most:
        yield Problem("/blocks", f"no more than {most} items allowed")
    for index, block in enumerate(blocks):
        yield from _block(block, surface, f"/blocks/{index}")
    ids = [block["block_id"] for block in blocks if isinstance(block, dict) and isinstance(block.get("block_id"), str)]
    for double in sorted({i for i in ids if i and ids.count(i) > 1}):
        yield Problem("/blocks", f"duplicate block_id: {double}")


def _block(block: Any, surface: str, path: str) -> Iterator[Problem]:
    kind = block.get("type") if isinstance(block, dict) else None
    if not isinstance(kind, str) or kind not in BLOCKS:
        yield Problem(path, f"unsupported block type: {kind}")
        return
    if kind not in SURFACES[surface]:
        yield Problem(path, f"{kind} is not supported in a {surface}")
    yield from BLOCKS[kind](block, path)


def _message_rules(blocks: Any) -> Iterator[Problem]:
    """What concerns the blocks of a message together."""
    listed = [b for b in blocks if isinstance(b, dict)] if isinstance(blocks, list) else []
    if _tables(listed) > 1:
        yield Problem("/blocks", SECOND_TABLE)
    if _types(listed).count("data_visualization") > MAX_CHARTS:
        yield Problem("/blocks", f"no more than {MAX_CHARTS} data_visualization blocks allowed")
    if sum(len(str(b.get("text", ""))) for b in listed if b.get("type") == "markdown") > MAX_MARKDOWN:
        yield Problem("/blocks", f"markdown blocks together must be less than {MAX_MARKDOWN + 1} characters")


def _tables(blocks: list[Any]) -> int:
    inner = [child for block in blocks for child in block.get("child_blocks") or [] if isinstance(child, dict)]
    own = sum(block.get("type") in _TABLES for block in blocks)
    return own + (_tables(inner) if inner else 0)
