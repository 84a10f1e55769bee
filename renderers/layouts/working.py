"""A modal that says that its content is on the way: Slack's trigger lives three seconds, and answers may take longer."""

from __future__ import annotations

from bot.domain.views import Working
from bot.plugins import Layout, Modal
from renderers.blocks import section
from renderers.engine import words
from renderers.modal import shell
from renderers.mrkdwn import sentence


def render(view: Working) -> Modal:
    """One section."""
    return shell("secbot", [section(words("working.line", text=sentence(view.text, 300)))])


LAYOUT = Layout(name="working", view=Working, render=render)
