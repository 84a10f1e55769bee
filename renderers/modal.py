"""Any answer as a modal: what a button shows that was pressed in a modal or in the Home tab, where no message can be posted.

It re-uses the answer's plain blocks and leaves out what modals do not take; it lays nothing out anew.
"""

from __future__ import annotations

from bot.plugins import Message, Modal
from renderers.blocks import Block, plain_text, section
from renderers.limits import MAX_MODAL_TITLE, fit_modal
from renderers.mrkdwn import Mrkdwn, plain

# From: docs.slack.dev/reference/block-kit/blocks (what each block is available in)
_IN_MODALS = frozenset({"actions", "context", "divider", "header", "image", "input", "rich_text", "section"})


def as_modal(message: Message, title: str = "secbot") -> Modal:
    """The answer as a modal with a Close button, within every limit; a message of which nothing is left shows its text."""
    kept = [block for block in message.plain_blocks if block["type"] in _IN_MODALS]
    return shell(title, kept or [section(Mrkdwn(message.text))])


def shell(title: str, blocks: list[Block]) -> Modal:
    """A modal that shows and asks nothing."""
    view = {"type": "modal", "title": _label(title), "close": plain_text("Close"), "blocks": blocks}
    return fit_modal(Modal(view))


def form(title: str, submit: str, ids: tuple[str, str], blocks: list[Block]) -> Modal:
    """A modal with inputs; `ids` is the action that it is submitted as and what `actions.form_metadata` made."""
    named = {"callback_id": ids[0], "private_metadata": ids[1]}
    buttons = {"submit": plain_text(submit), "close": plain_text("Cancel")}
    return fit_modal(Modal({"type": "modal", "title": _label(title), **buttons, **named, "blocks": blocks}))


def _label(title: str) -> Block:
    return plain_text(plain(title, MAX_MODAL_TITLE) or "secbot")
