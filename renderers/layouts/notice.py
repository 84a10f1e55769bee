"""A short answer: one sentence with a tick or a warning, perhaps with its end, and perhaps a way on."""

from __future__ import annotations

from datetime import UTC, datetime

from bot.domain.views import Notice
from bot.plugins import Layout, Message
from renderers.blocks import GOOD, WARNING, offers, section
from renderers.engine import words
from renderers.limits import MAX_FALLBACK
from renderers.mrkdwn import date, sentence, unmarked, utc


def render(view: Notice) -> Message:
    """At most 2 blocks: the sentence and up to five offers."""
    ends = datetime.fromtimestamp(view.until, UTC) if view.until else None
    text = view.text.rstrip(". ") if ends else view.text
    line = words(
        "notice.line",
        icon=GOOD if view.good else WARNING,
        text=sentence(text, 2900),
        until=date(ends, " at ") if ends else "",
    )
    spoken = f"{text} until {utc(ends)}." if ends else text
    return Message(unmarked(spoken, MAX_FALLBACK), (section(line), *offers((o.label, o.command) for o in view.offers)))


LAYOUT = Layout(name="notice", view=Notice, render=render)
