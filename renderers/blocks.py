"""Block Kit's few shapes that we use, and the icons, so that every layout speaks with one hand.

Mrkdwn objects are `verbatim`: Slack then links nothing by itself, so `www.evil.example` in a name stays text. Plain texts have `emoji`
off, so that `:white_check_mark:` in a title is no tick. Texts given here are already escaped; lengths are limits.py's.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any

from bot.domain.finding import Severity, State
from bot.domain.query import COUNT_MOST
from renderers.actions import RUN, carries, encode
from renderers.limits import MAX_BUTTON_TEXT, MAX_TEXT
from renderers.mrkdwn import Mrkdwn, plain

Block = dict[str, Any]

SEVERITY_ICON: dict[Severity, str] = {
    Severity.CRITICAL: "🔴",
    Severity.HIGH: "🟠",
    Severity.MEDIUM: "🟡",
    Severity.LOW: "🔵",
    Severity.INFO: "⚪",
}
STATE_ICON: dict[State, str] = {
    State.OPEN: "🚨",
    State.ACKNOWLEDGED: "👀",
    State.SUPPRESSED: "🔕",
    State.RESOLVED: "✅",
}
GOOD, BAD, WARNING = "✅", "❌", "⚠️"
ASSIGNED = "👤"
NEITHER = "▫️"  # neither good nor bad: a route that did not match, an account with nothing open


def flag(good: bool) -> str:
    """A tick or a cross."""
    return GOOD if good else BAD


def mrkdwn(text: Mrkdwn) -> Block:
    """A mrkdwn object. The text becomes a bare `str`, because not every JSON writer takes a subclass."""
    return {"type": "mrkdwn", "text": str(text), "verbatim": True}


def plain_text(text: str) -> Block:
    """A plain_text object."""
    return {"type": "plain_text", "text": str(text), "emoji": False}


def header(text: str) -> Block:
    return {"type": "header", "text": plain_text(text)}


def section(text: Mrkdwn, accessory: Block | None = None) -> Block:
    block: Block = {"type": "section", "text": mrkdwn(text)}
    return block if accessory is None else {**block, "accessory": accessory}


def fields(texts: Iterable[Mrkdwn]) -> Block:
    return {"type": "section", "fields": [mrkdwn(t) for t in texts]}


def paragraph(text: str) -> Block:
    """A section of foreign prose, shown exactly and formatted not at all."""
    return {"type": "section", "text": plain_text(text)}


def context(*texts: Mrkdwn) -> Block:
    return {"type": "context", "elements": [mrkdwn(t) for t in texts]}


def divider() -> Block:
    return {"type": "divider"}


def actions(elements: Iterable[Block]) -> list[Block]:
    """A row of buttons, or nothing when there are none."""
    row = list(elements)
    return [{"type": "actions", "elements": row}] if row else []


def button(label: str, ids: tuple[str, str], *, primary: bool = False, danger: bool = False) -> Block:
    """A button; `ids` is what `actions.encode` made."""
    block: Block = {"type": "button", "text": plain_text(label), "action_id": ids[0], "value": ids[1]}
    return {**block, "style": "danger" if danger else "primary"} if primary or danger else block


def confirmed(element: Block, title: str, text: str, yes: str) -> Block:
    """A button that asks back before it does anything. All three are plain text, as `mrkdwn.plain` makes it."""
    asked = {"title": plain_text(title), "text": plain_text(text), "confirm": plain_text(yes)}
    return {**element, "confirm": {**asked, "deny": plain_text("Cancel")}}


def link_button(label: str, ids: tuple[str, str], url: str) -> Block:
    return {**button(label, ids), "url": url}


def option(label: str, value: str, url: str = "") -> Block:
    block: Block = {"text": plain_text(label), "value": value}
    return {**block, "url": url} if url else block


def overflow(action_id: str, options: list[Block]) -> Block:
    return {"type": "overflow", "action_id": action_id, "options": options}


def select(action_id: str, placeholder: str, options: list[Block], chosen: Block | None = None) -> Block:
    """A menu of which one option may be chosen already."""
    block: Block = {
        "type": "static_select", "action_id": action_id, "placeholder": plain_text(placeholder), "options": options
    }  # fmt: skip
    return block if chosen is None else {**block, "initial_option": chosen}


def offers(pairs: Iterable[tuple[str, str]], limit: int = 5) -> list[Block]:
    """A row of buttons that run commands, from (label, command); one whose command no button can carry is left out."""
    row = [made for label, command in pairs for made in run_button(label, command)]
    return actions(row[:limit])


def run_button(label: str, command: str) -> list[Block]:
    """A button that runs a command, or nothing when no button can carry it."""
    line = " ".join(command.split())
    if not line or not carries(line):
        return []
    return [button(plain(label, MAX_BUTTON_TEXT) or "Go", encode(RUN, extra=line))]


def sections(lines: Iterable[Mrkdwn]) -> list[Block]:
    """Lines in as few sections as Slack's limit allows. They are a list that was asked for, so Slack is told not to fold it."""
    made: list[Block] = []
    held: list[str] = []
    size = 0
    for line in lines:
        if held and size + len(line) + 1 > MAX_TEXT:
            made.append(_unfolded(held))
            held, size = [], 0
        held.append(line)
        size += len(line) + 1
    return [*made, _unfolded(held)] if held else made


def _unfolded(lines: list[str]) -> Block:
    return {**section(Mrkdwn("\n".join(lines))), "expand": True}


def table(rows: Iterable[Iterable[str]]) -> Block:
    """A table of texts, the first row its head: names to the left, numbers to the right. Messages alone take it.

    Long names are wrapped, so that a phone shows numbers beside them.
    """
    cells = [[{"type": "raw_text", "text": str(text)} for text in row] for row in rows]
    numbers = max(len(cells[0]) - 1, 0) if cells else 0
    columns = [{"align": "left", "is_wrapped": True}, *({"align": "right"} for _ in range(numbers))]
    return {"type": "table", "column_settings": columns, "rows": cells}


def pie_chart(title: str, parts: Iterable[tuple[str, int]]) -> Block:
    """Parts of a whole, from (label, number). Messages alone take it."""
    segments = [{"label": str(label), "value": number} for label, number in parts]
    return {"type": "data_visualization", "title": title, "chart": {"type": "pie", "segments": segments}}


def bar_chart(
    title: str, categories: list[str], series: Iterable[tuple[str, list[int]]], axes: tuple[str, str]
) -> Block:
    """A bar a category and series; `series` are (name, a number for each category), `axes` the labels of x and y."""
    plotted = [
        {"name": name, "data": [{"label": c, "value": v} for c, v in zip(categories, values, strict=True)]}
        for name, values in series
    ]
    config = {"categories": categories, "x_label": axes[0], "y_label": axes[1]}
    return {
        "type": "data_visualization",
        "title": title,
        "chart": {"type": "bar", "series": plotted, "axis_config": config},
    }


# --- numbers and times in words -------------------------------------------------------------------------------------------------

_UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"))


def span(length: timedelta) -> str:
    """`3 d 4 h`, `7 min`, `under a minute`: the two largest units. A negative length is `under a minute`."""
    seconds = int(length.total_seconds())
    parts = []
    for size, unit in _UNITS:
        count, seconds = divmod(max(seconds, 0), size)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "under a minute"


def age(then: datetime, now: datetime) -> str:
    """How long ago, in its largest unit: `3 d`."""
    words = span(now - then)
    return words if words.startswith("under") else " ".join(words.split(" ")[:2])


def ago(then: datetime, now: datetime) -> str:
    """`3 d ago`, or `just now` within a minute."""
    words = age(then, now)
    return "just now" if words.startswith("under") else f"{words} ago"


def capitalised(text: str) -> str:
    """`Slack link` for `slack link`; the rest stays as it is spelled."""
    return text[:1].upper() + text[1:]


def count(number: int, singular: str, plural: str = "") -> str:
    """`1 finding`, `2,041 findings`."""
    return f"{number:,} {singular if number == 1 else plural or singular + 's'}"


def counted(number: int) -> str:
    """`2,041`; `10,000+` for what was not counted further."""
    return f"{COUNT_MOST:,}+" if number > COUNT_MOST else f"{number:,}"


def tally(counts: Mapping[Severity, int], *, icons: bool = True) -> str:
    """`🔴 3 critical, 🟠 12 high`: severities that have any, worst first; empty for none."""
    present = [s for s in sorted(counts, reverse=True) if counts[s] > 0]
    return ", ".join(f"{SEVERITY_ICON[s] + ' ' if icons else ''}{counted(counts[s])} {s.word}" for s in present)


def total_of(counts: Mapping[Severity, int]) -> str:
    """`2,041`; `12,001+` when a severity was not counted to its end."""
    beyond = "+" if any(n > COUNT_MOST for n in counts.values()) else ""
    return f"{sum(min(n, COUNT_MOST) for n in counts.values()):,}{beyond}"
