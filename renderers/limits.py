"""Slack's limits, typed once, and `fit`, which keeps a message or a view inside them whatever it was made from.

A message that Slack refuses is a finding that nobody sees, so the layouts cut with taste and this cuts without: over-long texts,
surplus blocks, fields, buttons and options, empty texts and repeated ids. It changes nothing that fits. It does not escape and it
does not judge structure: blocks come from our own builders.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

from bot.plugins import Message, Modal
from renderers.mrkdwn import NOTHING, Mrkdwn, clip, cut

Block = dict[str, Any]

# From: docs.slack.dev/reference/block-kit/blocks and the documentation of @slack/types 3.2.0
MAX_BLOCKS = 50
MAX_MODAL_BLOCKS = 100
MAX_TEXT = 3000
MAX_HEADER = 150
MAX_FIELDS = 10
MAX_FIELD = 2000
MAX_CONTEXT = 10
MAX_ACTIONS = 25
MAX_BUTTON_TEXT = 75
MAX_VALUE = 2000
MAX_URL = 3000
MAX_ID = 255
MAX_OPTIONS = 5
MAX_OPTION_TEXT = 75
MAX_OPTION_VALUE = 150
# From: docs.slack.dev/reference/views/modal-views
MAX_MODAL_TITLE = 24
MAX_METADATA = 3000
# From: slackapi/bolt-js#2509: `msg_blocks_too_long` was seen at about 13,200 characters of block text
MAX_TOTAL = 12_000
# Ours: what a phone and a screen reader show of a message
MAX_FALLBACK = 150


def fit(shown: Message | Modal) -> Message | Modal:
    """The same message or modal, within every limit. Never raises for blocks that our builders made."""
    return fit_message(shown) if isinstance(shown, Message) else fit_modal(shown)


def fit_message(message: Message) -> Message:
    """The same message within the limits of chat.postMessage: `text` of 1-150 characters, at most 50 blocks and 12,000 characters."""
    blocks = _within_total([fit_block(b) for b in message.blocks[:MAX_BLOCKS]])
    return replace(message, text=str(clip(Mrkdwn(message.text), MAX_FALLBACK) or NOTHING), blocks=tuple(blocks))


def fit_modal(modal: Modal) -> Modal:
    """The same view within the limits of views.open."""
    view = dict(modal.view)
    for part in ("title", "close", "submit"):
        if part in view:
            view[part] = _text(view[part], MAX_MODAL_TITLE)
    if "private_metadata" in view:
        view["private_metadata"] = view["private_metadata"][:MAX_METADATA]
    view["blocks"] = [fit_block(b) for b in view["blocks"][:MAX_MODAL_BLOCKS]]
    return Modal(view)


def fit_block(block: Block) -> Block:
    """One block within its own limits."""
    fitted = _FITTERS.get(block["type"])
    return fitted(block) if fitted else block


def _text(text: Block, limit: int) -> Block:
    words = text["text"]
    if 0 < len(words) <= limit:
        return text
    if not words:
        return {**text, "text": NOTHING}
    return {**text, "text": str(clip(Mrkdwn(words), limit)) if text["type"] == "mrkdwn" else cut(words, limit)}


def _header(block: Block) -> Block:
    return {**block, "text": _text(block["text"], MAX_HEADER)}


def _section(block: Block) -> Block:
    fitted = dict(block)
    if "text" in block:
        fitted["text"] = _text(block["text"], MAX_TEXT)
    if "fields" in block:
        fitted["fields"] = [_text(f, MAX_FIELD) for f in block["fields"][:MAX_FIELDS]]
    if "accessory" in block:
        fitted["accessory"] = _element(block["accessory"])
    return fitted


def _context(block: Block) -> Block:
    return {**block, "elements": [_text(e, MAX_TEXT) for e in block["elements"][:MAX_CONTEXT]]}


def _actions(block: Block) -> Block:
    """Elements with an action id used before in this block are the same button again, and are left out."""
    unique = {e["action_id"]: e for e in reversed(block["elements"])}
    kept = [_element(e) for e in block["elements"] if unique[e["action_id"]] is e and _is_sendable(e, MAX_VALUE)]
    return {**block, "elements": kept[:MAX_ACTIONS]}


def _is_sendable(element: Block, max_value: int) -> bool:
    """Ids, values and addresses cannot be cut: what carries one that is too long is left out."""
    too_long = len(element.get("value", "")) > max_value or len(element.get("url", "")) > MAX_URL
    return not too_long and len(element.get("action_id", "")) <= MAX_ID


def _element(element: Block) -> Block:
    fitted = dict(element)
    if "text" in element:
        fitted["text"] = _text(element["text"], MAX_BUTTON_TEXT)
    if "options" in element:
        sendable = [_option(o) for o in element["options"] if _is_sendable(o, MAX_OPTION_VALUE)]
        fitted["options"] = sendable[:MAX_OPTIONS]
    return fitted


def _option(option: Block) -> Block:
    return {**option, "text": _text(option["text"], MAX_OPTION_TEXT)}


_FITTERS: dict[str, Callable[[Block], Block]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
}


def _within_total(blocks: list[Block]) -> list[Block]:
    """The longest sections cut until the message is within 12,000 characters; if that is not enough, the last blocks go."""
    over = sum(map(_size, blocks)) - MAX_TOTAL
    while over > 0:
        longest = max(range(len(blocks)), key=lambda i: _cuttable(blocks[i]))
        size = _cuttable(blocks[longest])
        if size <= MAX_HEADER:
            break
        text = _text(blocks[longest]["text"], max(MAX_HEADER, size - over))
        blocks[longest] = {**blocks[longest], "text": text}
        over -= size - len(text["text"])
    while over > 0:
        over -= _size(blocks.pop())
    return blocks


def _cuttable(block: Block) -> int:
    return len(block["text"]["text"]) if block["type"] == "section" and "text" in block else 0


def _size(block: Block) -> int:
    """Characters of text in a block, as good as Slack counts them: texts, fields, elements, and the labels beside them."""
    size = _length(block.get("text"))
    for part in block.get("fields") or block.get("elements") or ():
        size += _length(part.get("text"))
        for choice in part.get("options", ()):
            size += _length(choice["text"])
    accessory: Block | None = block.get("accessory")
    for choice in accessory.get("options", ()) if accessory else ():
        size += _length(choice["text"])
    return size


def _length(text: Block | str | None) -> int:
    return 0 if text is None else len(text if isinstance(text, str) else text["text"])
