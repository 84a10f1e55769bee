"""Slack's limits, typed once, and `fit`, which keeps a message or a view inside them whatever it was made from.

A message that Slack refuses is a finding that nobody sees, so the layouts cut with taste and this cuts without: over-long texts,
surplus blocks, fields, buttons, options, rows and series, empty texts and repeated ids. A block that nothing is left of is left out.
It changes nothing that fits. It does not escape and it does not judge structure: blocks come from our own builders.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
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
MAX_CHOICES = 100
MAX_OPTION_TEXT = 75
MAX_OPTION_VALUE = 150
MAX_PLACEHOLDER = 150
MAX_LABEL = 2000
MAX_INPUT = 3000
MAX_CONFIRM = {"title": 100, "text": 300, "confirm": 30, "deny": 30}
# From: docs.slack.dev/reference/block-kit/blocks/table-block
MAX_ROWS = 100
MAX_CELLS = 20
# From: docs.slack.dev/reference/block-kit/blocks/data-visualization-block; where its versions differ, the smaller number
MAX_CHARTS = 2
MAX_CHART_TITLE = 50
MAX_CHART_LABEL = 20
MAX_AXIS_LABEL = 50
MAX_CATEGORIES = 20
MAX_SERIES = 6
# From: docs.slack.dev/reference/views/modal-views
MAX_MODAL_TITLE = 24
MAX_METADATA = 3000
MAX_CALLBACK = 255
MAX_VIEW = 250_000
# From: slackapi/bolt-js#2509: `msg_blocks_too_long` was seen at about 13,200 characters of block text
MAX_TOTAL = 12_000
# Ours: what a phone and a screen reader show of a message
MAX_FALLBACK = 150


def fit(shown: Message | Modal) -> Message | Modal:
    """The same message or modal, within every limit. Never raises for blocks that our builders made."""
    return fit_message(shown) if isinstance(shown, Message) else fit_modal(shown)


def fit_message(message: Message) -> Message:
    """The same message within the limits of chat.postMessage: `text` of 1-150 characters, at most 50 blocks and 12,000 characters.

    The twin is a message's blocks too, so it is held to the same.
    """
    text = str(clip(Mrkdwn(message.text), MAX_FALLBACK) or NOTHING)
    return replace(message, text=text, blocks=_message_blocks(message.blocks), twin=_message_blocks(message.twin))


def _message_blocks(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """One table and two charts are what a message may hold."""
    fitted: list[Block] = []
    room = {"table": 1, "data_visualization": MAX_CHARTS}
    for block in _fitted(blocks):
        if room.get(block["type"], 1) > 0:
            fitted.append(block)
            room[block["type"]] = room.get(block["type"], MAX_BLOCKS + 1) - 1
    return tuple(_within_total(fitted[:MAX_BLOCKS]))


def fit_modal(modal: Modal) -> Modal:
    """The same view within the limits of views.open, or of views.publish for a Home tab."""
    view = dict(modal.view)
    for part in ("title", "close", "submit"):
        if part in view:
            view[part] = _text(view[part], MAX_MODAL_TITLE)
    for part, most in (("private_metadata", MAX_METADATA), ("callback_id", MAX_CALLBACK)):
        if part in view:
            view[part] = view[part][:most]
    view["blocks"] = _fitted(view["blocks"])[:MAX_MODAL_BLOCKS]
    while len(json.dumps(view)) > MAX_VIEW:
        view["blocks"] = view["blocks"][:-1]
    return Modal(view)


def _fitted(blocks: Iterable[Block]) -> list[Block]:
    return [fitted for block in blocks if not _is_hollow(fitted := fit_block(block))]


def _is_hollow(block: Block) -> bool:
    """Whether Slack would refuse it because nothing is in it."""
    if block["type"] == "data_visualization":
        chart = block["chart"]
        return not chart.get("segments") and not (chart.get("series") and chart["axis_config"]["categories"])
    return block["type"] in _HOLDERS and not block[_HOLDERS[block["type"]]]


_HOLDERS = {"actions": "elements", "context": "elements", "table": "rows"}


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
        if not fitted["accessory"].get("options", True):
            del fitted["accessory"]
    return fitted


def _context(block: Block) -> Block:
    return {**block, "elements": [_text(e, MAX_TEXT) for e in block["elements"][:MAX_CONTEXT]]}


def _actions(block: Block) -> Block:
    """Elements with an action id used before in this block are the same button again, and are left out; so are menus of nothing."""
    unique = {e["action_id"]: e for e in reversed(block["elements"])}
    kept = [_element(e) for e in block["elements"] if unique[e["action_id"]] is e and _is_sendable(e, MAX_VALUE)]
    return {**block, "elements": [e for e in kept if e.get("options", True)][:MAX_ACTIONS]}


def _is_sendable(element: Block, max_value: int) -> bool:
    """Ids, values and addresses cannot be cut: what carries one that is too long is left out."""
    too_long = len(element.get("value", "")) > max_value or len(element.get("url", "")) > MAX_URL
    return not too_long and len(element.get("action_id", "")) <= MAX_ID


def _element(element: Block) -> Block:
    fitted = dict(element)
    for part, most in (("text", MAX_BUTTON_TEXT), ("placeholder", MAX_PLACEHOLDER)):
        if part in element:
            fitted[part] = _text(element[part], most)
    if "options" in element:
        fitted["options"] = _options(element["options"], MAX_OPTIONS if element["type"] == "overflow" else MAX_CHOICES)
    if "initial_option" in element:
        fitted["initial_option"] = _option(element["initial_option"])
        if fitted["initial_option"] not in fitted["options"]:
            del fitted["initial_option"]
    if "confirm" in element:
        fitted["confirm"] = {
            k: _text(v, MAX_CONFIRM[k]) if k in MAX_CONFIRM else v for k, v in element["confirm"].items()
        }
    return _typed(fitted) if element["type"] == "plain_text_input" else fitted


def _options(options: list[Block], most: int) -> list[Block]:
    """Options of one menu differ in their values; the first of two that do not is kept."""
    unique: dict[str, Block] = {}
    for option in options:
        if _is_sendable(option, MAX_OPTION_VALUE):
            unique.setdefault(option["value"], _option(option))
    return list(unique.values())[:most]


def _option(option: Block) -> Block:
    return {**option, "text": _text(option["text"], MAX_OPTION_TEXT)}


def _typed(element: Block) -> Block:
    """A text input: what stands in it is no longer than what may be entered, and is left out when it is empty."""
    fitted = dict(element)
    most = min(element.get("max_length", MAX_INPUT), MAX_INPUT)
    if "max_length" in element:
        fitted["max_length"] = most
    if initial := fitted.pop("initial_value", "")[:most]:
        fitted["initial_value"] = initial
    return fitted


def _input(block: Block) -> Block:
    fitted = {**block, "element": _element(block["element"])}
    for part in ("label", "hint"):
        if part in block:
            fitted[part] = _text(block[part], MAX_LABEL)
    return fitted


def _table(block: Block) -> Block:
    fitted = {**block, "rows": [[_cell(cell) for cell in row[:MAX_CELLS]] for row in block["rows"][:MAX_ROWS]]}
    if "column_settings" in block:
        fitted["column_settings"] = block["column_settings"][:MAX_CELLS]
    return fitted


def _cell(cell: Block) -> Block:
    return {**cell, "text": NOTHING} if cell.get("text") == "" else cell


def _chart(block: Block) -> Block:
    """A chart. Labels that are one and the same once they are cut are told apart by a number, because Slack wants every one once."""
    chart = dict(block["chart"])
    if "segments" in chart:
        segments = [s for s in chart["segments"] if s["value"] > 0][:MAX_SERIES]
        labels = _distinct(s["label"] for s in segments)
        chart["segments"] = [{**s, "label": label} for s, label in zip(segments, labels, strict=True)]
    else:
        chart |= _plotted(chart)
    return {**block, "title": cut(block["title"] or NOTHING, MAX_CHART_TITLE), "chart": chart}


def _plotted(chart: Block) -> Block:
    """Series and axes; a point belongs to the category at its place."""
    axes = dict(chart["axis_config"])
    axes["categories"] = _distinct(axes["categories"][:MAX_CATEGORIES])
    for part in ("x_label", "y_label"):
        if part in axes:
            axes[part] = cut(axes[part] or NOTHING, MAX_AXIS_LABEL)
    series = chart["series"][:MAX_SERIES]
    points = [dict(enumerate(p["value"] for p in one["data"])) for one in series]
    plotted = [
        {"name": name, "data": [{"label": c, "value": known.get(i, 0)} for i, c in enumerate(axes["categories"])]}
        for name, known in zip(_distinct(s["name"] for s in series), points, strict=True)
    ]
    return {"series": plotted, "axis_config": axes}


def _distinct(labels: Iterable[str]) -> list[str]:
    made: list[str] = []
    for label in labels:
        short, number = cut(label or NOTHING, MAX_CHART_LABEL), 2
        while short in made:
            short, number = f"{cut(label or NOTHING, MAX_CHART_LABEL - 4)} {number}", number + 1
        made.append(short)
    return made


_FITTERS: dict[str, Callable[[Block], Block]] = {
    "header": _header,
    "section": _section,
    "context": _context,
    "actions": _actions,
    "input": _input,
    "table": _table,
    "data_visualization": _chart,
}


def _within_total(blocks: list[Block]) -> list[Block]:
    """The longest sections cut until the message is within 12,000 characters; then the table's last rows go, then the last blocks."""
    over = sum(map(_size, blocks)) - MAX_TOTAL
    while over > 0:
        longest = max(range(len(blocks)), key=lambda i: _cuttable(blocks[i]))
        size = _cuttable(blocks[longest])
        if size <= MAX_HEADER:
            break
        text = _text(blocks[longest]["text"], max(MAX_HEADER, size - over))
        blocks[longest] = {**blocks[longest], "text": text}
        over -= size - len(text["text"])
    for i in (i for i, block in enumerate(blocks) if block["type"] == "table" and over > 0):
        before = _size(blocks[i])
        blocks[i] = _shortened(blocks[i], over)
        over -= before - _size(blocks[i])
    while over > 0:
        over -= _size(blocks.pop())
    return blocks


def _shortened(table: Block, over: int) -> Block:
    """The table without the rows at its end that make it too long; its head stays."""
    rows = list(table["rows"])
    while over > 0 and len(rows) > 1:
        over -= sum(len(cell.get("text", "")) for cell in rows.pop())
    return {**table, "rows": rows}


def _cuttable(block: Block) -> int:
    return len(block["text"]["text"]) if block["type"] == "section" and "text" in block else 0


def _size(block: Block) -> int:
    """Characters of text in a block, as good as Slack counts them: texts, fields, elements, cells, and the labels beside them."""
    parts = [block, *(block.get("fields") or block.get("elements") or ())]
    if accessory := block.get("accessory"):
        parts.append(accessory)
    size = sum(_length(part.get("text")) for part in parts)
    size += sum(_length(choice["text"]) for part in parts for choice in part.get("options", ()))
    size += sum(len(cell.get("text", "")) for row in block.get("rows", ()) for cell in row)
    return size + len(json.dumps(block["chart"], ensure_ascii=False)) if "chart" in block else size


def _length(text: Block | str | None) -> int:
    return 0 if text is None else len(text if isinstance(text, str) else text["text"])
