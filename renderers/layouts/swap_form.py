"""A modal by which somebody takes over a rotation for a time. Whether they may is asked when it is submitted."""

from __future__ import annotations

from bot.domain.oncall_views import SwapForm
from bot.plugins import Layout, Modal
from renderers.actions import ONCALL_SWAPPED, form_metadata
from renderers.blocks import WARNING, Block, section
from renderers.engine import words
from renderers.forms import choice_input, text_input, user_input
from renderers.limits import MAX_CHOICES, MAX_OPTION_TEXT, MAX_OPTION_VALUE
from renderers.modal import form
from renderers.mrkdwn import Mrkdwn, date, plain, sentence

MOST_TIME = 40


def render(view: SwapForm) -> Modal:
    """What was wrong with the last try, and inputs `rotation`, `user`, `starts` and `lasts`."""
    problem = [section(Mrkdwn(f"{WARNING} {sentence(view.problem)}"))] if view.problem.strip() else []
    now = section(words("swap_form.now", now=date(view.now)))
    blocks = [*problem, now, *_rotation(view), user_input("user", "Who takes over", view.user), *_times()]
    return form("Take over on call", "Swap", (ONCALL_SWAPPED, form_metadata()), blocks)


def _rotation(view: SwapForm) -> list[Block]:
    """The rotations by name; the only one is chosen already. A name that no choice can carry is left out."""
    names = [name for name in view.rotations if name.strip() and len(name) <= MAX_OPTION_VALUE][:MAX_CHOICES]
    if not names:
        return []
    choices = tuple((name, plain(name, MAX_OPTION_TEXT) or "a rotation") for name in names)
    return [choice_input("rotation", "Rotation", choices, chosen=names[0] if len(names) == 1 else "")]


def _times() -> list[Block]:
    return [
        text_input("starts", "Starts", value="now", hint="now, or a time from now such as 2h or 1d.", most=MOST_TIME),
        text_input("lasts", "Lasts", value="8h", hint="Such as 4h, 1d or 1w.", most=MOST_TIME),
    ]


LAYOUT = Layout(name="swap_form", view=SwapForm, render=render)
