"""How long findings wait for an acknowledgement and for their end, by environment and severity, the worst severity first."""

from __future__ import annotations

from bot.domain.oncall_views import Figures
from bot.plugins import Layout, Message
from renderers.blocks import Block, context, count, section, sections
from renderers.engine import words
from renderers.figures import wait_lines

ROWS = 40


def render(view: Figures) -> Message:
    """A line for each environment and severity, in as few blocks as they need."""
    total = count(sum(row.announced for row in view.rows), "finding")
    text = words("figures.text", days=view.days, total=total)
    if not view.rows:
        return Message(text, (section(words("figures.none", days=view.days)),))
    lines = [words("figures.head", days=view.days), *wait_lines(view.rows[:ROWS])]
    return Message(text, (*sections(lines), *_more(view)))


def _more(view: Figures) -> list[Block]:
    left_out = len(view.rows) - ROWS
    return [context(words("figures.more", number=left_out))] if left_out > 0 else []


LAYOUT = Layout(name="figures", view=Figures, render=render)
