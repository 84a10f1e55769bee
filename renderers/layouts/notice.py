"""A short answer: one sentence with a tick or a warning, and perhaps a way on."""

from __future__ import annotations

from bot.domain.views import Notice
from bot.plugins import Layout, Message
from renderers.blocks import GOOD, WARNING, offers, section
from renderers.engine import words
from renderers.limits import MAX_FALLBACK
from renderers.mrkdwn import sentence, unmarked


def render(view: Notice) -> Message:
    """At most 2 blocks: the sentence and up to five offers."""
    line = words("notice.line", icon=GOOD if view.good else WARNING, text=sentence(view.text, 2900))
    return Message(
        unmarked(view.text, MAX_FALLBACK), (section(line), *offers((o.label, o.command) for o in view.offers))
    )


LAYOUT = Layout(name="notice", view=Notice, render=render)
