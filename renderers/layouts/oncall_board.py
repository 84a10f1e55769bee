"""Who is on call now and who comes next, a row for each rotation. Whoever reads it sees at once which rows are their own."""

from __future__ import annotations

import re

from bot.domain.oncall import Shift
from bot.domain.oncall_views import OnCallBoard, OnCallRow
from bot.plugins import Layout, Message
from renderers.actions import ONCALL_SWAP, encode
from renderers.blocks import GOOD, Block, actions, button, context, section
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, code, date, group, prose, sentence, user

ROWS = 20
_SWAPPED = re.compile(r"<@([UW][A-Z0-9]{1,20})> takes over (.+)", re.DOTALL)  # keep in sync with commands.oncall


def render(view: OnCallBoard) -> Message:
    """At most 24 blocks: what was just done, twenty rotations, what is left out and the reader's quiet hours, a button to swap."""
    said = [section(words("oncall_board.said", icon=GOOD, said=_said(view.said)))] if view.said.strip() else []
    rows = [section(_row(row, view.reader)) for row in view.rows[:ROWS]] or [section(words("oncall_board.none"))]
    return Message(_text(view), (*said, *rows, *_notes(view), *actions(_buttons(view))))


def _said(text: str) -> Mrkdwn:
    """The sentence; one that begins with who takes over keeps that user."""
    if swapped := _SWAPPED.fullmatch(text):
        return Mrkdwn(f"{user(swapped[1])} takes over {sentence(swapped[2], 200)}")
    return sentence(text, 500)


def _text(view: OnCallBoard) -> Mrkdwn:
    names = ", ".join(prose(row.name, 30) for row in view.rows[:4])
    mine = ", ".join(prose(row.name, 30) for row in view.rows if _is_readers(row, view.reader))
    return words("oncall_board.text", names=Mrkdwn(names), mine=Mrkdwn(mine))


def _is_readers(row: OnCallRow, reader: str) -> bool:
    return bool(reader) and row.shift is not None and row.shift.person == reader


def _row(row: OnCallRow, reader: str) -> Mrkdwn:
    name = prose(row.name, 60) or "a rotation"
    if row.shift is None:
        return words("oncall_board.group", name=name, group=group(row.group) if row.group.strip() else "")
    return words(
        "oncall_board.row",
        name=name,
        is_mine=_is_readers(row, reader),
        who=_who(row.shift.person, reader),
        until=date(row.shift.end),
        instead=_who(row.shift.instead, reader) if row.shift.instead else "",
        next=_next(row.following, reader),
    )


def _who(person: str, reader: str) -> Mrkdwn:
    """A person's name; to themselves `you`."""
    return Mrkdwn("*you*") if reader and person == reader else user(person)


def _next(shift: Shift | None, reader: str) -> Mrkdwn:
    if shift is None:
        return Mrkdwn("")
    instead = _who(shift.instead, reader) if shift.instead else ""
    return words("oncall_board.next", who=_who(shift.person, reader), start=date(shift.start), instead=instead)


def _notes(view: OnCallBoard) -> list[Block]:
    left_out = len(view.rows) - ROWS
    notes = [words("oncall_board.more", number=left_out)] if left_out > 0 else []
    if view.quiet.strip():
        notes.append(words("oncall_board.quiet", quiet=code(view.quiet, 100)))
    return [context(*notes)] if notes else []


def _buttons(view: OnCallBoard) -> list[Block]:
    """`Swap…`, where somebody has a turn that another one can take."""
    return [button("Swap…", encode(ONCALL_SWAP))] if any(row.shift for row in view.rows) else []


LAYOUT = Layout(name="oncall_board", view=OnCallBoard, render=render)
