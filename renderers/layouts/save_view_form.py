"""A modal that saves a query under a name, for oneself or for the channel."""

from __future__ import annotations

from bot.domain.views import SaveViewForm
from bot.plugins import Layout, Modal
from renderers.actions import VIEW_SAVED, carries, form_metadata
from renderers.forms import choice_input, text_input
from renderers.modal import form

MAX_NAME = 32
MAX_QUERY = 1000
OWNERS = (("me", "Me alone"), ("channel", "This channel"))


def render(view: SaveViewForm) -> Modal:
    """Inputs `name` and `query`, and `owner` when the channel's views may be changed."""
    blocks = [
        text_input(
            "name",
            "Name",
            value=view.name,
            placeholder="night-shift",
            hint="Then type @name as a query.",
            most=MAX_NAME,
        ),
        text_input(
            "query",
            "Query",
            value=view.query,
            placeholder="prod high+",
            hint="Empty is every open finding.",
            most=MAX_QUERY,
            optional=True,
        ),
    ]
    if view.channel:
        blocks.append(choice_input("owner", "For", OWNERS, chosen=OWNERS[0][0]))
    extra = view.extra if carries(view.extra) else ""
    return form("Save a view", "Save", (VIEW_SAVED, form_metadata(extra=extra)), blocks)


LAYOUT = Layout(name="save_view_form", view=SaveViewForm, render=render)
