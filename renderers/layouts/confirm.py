"""What a press would do to several things, counted and named, and the button that does it: nothing has been done yet."""

from __future__ import annotations

from bot.domain.views import Confirm
from bot.plugins import Layout, Message
from renderers.actions import VIEW_DELETE_GO, carries, encode
from renderers.blocks import Block, actions, button, section, sections
from renderers.limits import MAX_BUTTON_TEXT, MAX_FALLBACK
from renderers.mrkdwn import Mrkdwn, plain, sentence, unmarked

LINES = 10


def render(view: Confirm) -> Message:
    """At most 4 blocks: the question, ten of what it is about, the button."""
    lines = [Mrkdwn(f"• {sentence(line, 250)}") for line in view.lines[:LINES] if line.strip()]
    text = unmarked(view.text, MAX_FALLBACK)
    return Message(text, (section(sentence(view.text, 1000)), *sections(lines), *_button(view)))


def _button(view: Confirm) -> list[Block]:
    """Red for what cannot be taken back; none for an extra that no button can carry."""
    if not carries(view.extra):
        return []
    ids = encode(view.action, number=view.number, extra=view.extra)
    is_final = view.action == VIEW_DELETE_GO
    return actions([button(plain(view.label, MAX_BUTTON_TEXT) or "Go", ids, primary=not is_final, danger=is_final)])


LAYOUT = Layout(name="confirm", view=Confirm, render=render)
