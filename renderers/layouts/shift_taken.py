"""Somebody has said that they have the shift: one line, without a button, because nothing is left to be decided."""

from __future__ import annotations

from bot.domain.oncall_views import ShiftTaken
from bot.plugins import Layout, Message
from renderers.blocks import GOOD, section
from renderers.engine import words
from renderers.mrkdwn import date, prose, user


def render(view: ShiftTaken) -> Message:
    """One section."""
    name = prose(view.rotation, 60)
    line = words("shift_taken.line", icon=GOOD, who=user(view.person), rotation=name, until=date(view.until))
    return Message(words("shift_taken.text", rotation=name), (section(line),))


LAYOUT = Layout(name="shift_taken", view=ShiftTaken, render=render)
