"""What happened in somebody's quiet hours, in their direct messages: what was announced, what is left of the worst, who answered."""

from __future__ import annotations

from bot.domain.oncall_views import SleptThrough
from bot.plugins import Layout, Message
from renderers import parts
from renderers.blocks import Block, count, run_button, section, tally, total_of
from renderers.buttons import row_menu
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, date, user

ROWS = 5
PEOPLE = 5
WORST = "findings high+"


def render(view: SleptThrough) -> Message:
    """At most 8 blocks: what was announced, what is left of the worst, who answered."""
    text = words("slept_through.text", total=_total(view), still=len(view.still_open))
    return Message(text, (section(_head(view)), *_still_open(view), *_answered(view)))


def _total(view: SleptThrough) -> str:
    total = total_of(view.announced)
    return "" if total == "0" else count(1, "finding") if total == "1" else f"{total} findings"


def _head(view: SleptThrough) -> Mrkdwn:
    return words("slept_through.head", since=date(view.since), total=_total(view), counts=tally(view.announced))


def _still_open(view: SleptThrough) -> list[Block]:
    if not view.still_open:
        return [section(words("slept_through.calm"))] if _total(view) else []
    title = section(words("slept_through.still_open"), *run_button("List all", WORST))
    return [
        title,
        *(section(parts.short_row(r, view.now, view.user), row_menu(r)) for r in view.still_open[:ROWS]),
    ]


def _answered(view: SleptThrough) -> list[Block]:
    """Who acknowledged what, most first."""
    people = [Mrkdwn(f"{user(person)} {number:,}") for person, number in view.answered[:PEOPLE]]
    return [section(words("slept_through.answered", people=Mrkdwn(", ".join(people))))] if people else []


LAYOUT = Layout(name="slept_through", view=SleptThrough, render=render)
