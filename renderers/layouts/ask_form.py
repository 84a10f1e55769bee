"""A modal in which any command can be typed: what a shortcut opens, and what asks again when a command was not understood."""

from __future__ import annotations

from bot.domain.views import AskForm
from bot.plugins import Layout, Modal
from renderers.actions import ASKED, carries, form_metadata
from renderers.blocks import context, section
from renderers.engine import words
from renderers.forms import text_input
from renderers.modal import form
from renderers.mrkdwn import Mrkdwn, code, sentence

EXAMPLES = 5


def render(view: AskForm) -> Modal:
    """Why it was opened, the input `command`, and examples."""
    note = [section(sentence(view.note, 1000))] if view.note.strip() else []
    asked = text_input("command", "What do you want to know?", value=view.command, placeholder="findings prod high+")
    examples = " · ".join(code(e, 100) for e in view.examples[:EXAMPLES] if e.strip())
    shown = [context(words("ask_form.examples", examples=Mrkdwn(examples)))] if examples else []
    extra = view.extra if carries(view.extra) else ""
    return form("Ask secbot", "Ask", (ASKED, form_metadata(extra=extra)), [*note, asked, *shown])


LAYOUT = Layout(name="ask_form", view=AskForm, render=render)
