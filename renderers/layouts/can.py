"""What a person may do, verb by verb and because of what, and whom to ask for the rest."""

from __future__ import annotations

from bot.domain.views import Can
from bot.plugins import Layout, Message
from renderers.blocks import Block, context, count, flag, section, sections
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, mentions, prose, sentence, user

ROWS = 25


def render(view: Can) -> Message:
    """Whom it is about, a line a verb, whom to ask."""
    allowed = sum(may for _, may, _ in view.rows)
    about = prose(view.about, 100)
    text = words("can.text", allowed=allowed, total=count(len(view.rows), "thing"), about=prose(view.about, 60))
    who = user(view.user) if view.user else "Everybody"
    return Message(text, (section(words("can.head", who=who, about=about)), *sections(_lines(view)), *_whom(view)))


def _lines(view: Can) -> list[Mrkdwn]:
    return [
        words("can.row", icon=flag(may), what=prose(what, 60) or "?", because=sentence(because, 250))
        for what, may, because in view.rows[:ROWS]
    ]


def _whom(view: Can) -> list[Block]:
    told = mentions(view.whom)
    return [context(words("can.whom", who=told))] if told else []


LAYOUT = Layout(name="can", view=Can, render=render)
