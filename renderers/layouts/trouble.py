"""An error for the person who asked: what was not understood or not allowed, what was read, and how to go on, as buttons.

Nothing here is run by itself: an offer is pressed, and its command is read and authorised again.
"""

from __future__ import annotations

from bot.domain.views import Trouble
from bot.plugins import Layout, Message
from renderers.blocks import WARNING, Block, context, offers, section
from renderers.engine import words
from renderers.limits import MAX_FALLBACK
from renderers.mrkdwn import Mrkdwn, code, mentions, prose, sentence, unmarked

MESSAGES = 6


def render(view: Trouble) -> Message:
    """At most 8 blocks: a section for each of six messages, small print (who may, what was read, the reference), up to five offers."""
    said = _said(view)
    blocks = [section(Mrkdwn(f"{WARNING} {line}" if i == 0 else line)) for i, line in enumerate(said[:MESSAGES])]
    return Message(
        _text(view, said), (*blocks, *_small_print(view), *offers((o.label, o.command) for o in view.offers))
    )


def _said(view: Trouble) -> list[Mrkdwn]:
    lines = [sentence(message) for message in view.messages if message.strip()]
    if lines:
        return lines
    return [
        words("trouble.broken", reference=prose(view.reference, 40)) if view.reference else words("trouble.nothing")
    ]


def _text(view: Trouble, said: list[Mrkdwn]) -> str:
    first = next((m for m in view.messages if m.strip()), "")
    return unmarked(first or said[0], MAX_FALLBACK)


def _small_print(view: Trouble) -> list[Block]:
    holders = mentions(view.whom)
    lines = [words("trouble.whom", who=holders)] if holders else []
    if view.read.strip() and not any(f"`{view.read.strip()}`" in message for message in view.messages):
        lines.append(words("trouble.read", read=code(view.read, 300)))
    if view.reference and not any(view.reference in message for message in view.messages) and view.messages:
        lines.append(words("trouble.reference", reference=code(view.reference, 40)))
    return [context(*lines)] if lines else []


LAYOUT = Layout(name="trouble", view=Trouble, render=render)
