"""A modal that gives a finding to a person, with a note for them."""

from __future__ import annotations

from bot.domain.views import AssignForm
from bot.plugins import Layout, Modal
from renderers import parts
from renderers.actions import ASSIGN_TO, form_metadata
from renderers.blocks import section
from renderers.forms import text_input, user_input
from renderers.modal import form

MAX_NOTE = 500


def render(view: AssignForm) -> Modal:
    """The finding on a line; inputs `user` and `note`."""
    record = view.record
    blocks = [
        section(parts.short_row(record, view.now)),
        user_input("user", "To", view.user),
        text_input("note", "Note", placeholder="What they should know", most=MAX_NOTE, optional=True),
    ]
    ids = (ASSIGN_TO, form_metadata(number=record.number, revision=record.revision))
    return form(f"Assign {record.ref}", "Assign", ids, blocks)


LAYOUT = Layout(name="assign_form", view=AssignForm, render=render)
