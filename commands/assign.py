"""`/sec assign F-1234 @ana`: give a finding to a person. Typed text opens the window with everything filled in; a press assigns."""

from __future__ import annotations

import re

from bot.domain.authz import Permission
from bot.domain.facets import LIVE
from bot.domain.lifecycle import NoLonger
from bot.domain.message import Pressed
from bot.domain.typed import normalise
from bot.domain.views import AssignForm, Confirm, Notice
from bot.errors import Malformed, UserError
from bot.plugins import Action, Command
from bot.services.context import Context

_PERSON = re.compile(r"@([UW][A-Z0-9]{2,20})\b")


async def run(context: Context, text: str) -> Confirm | None:
    """Open the window for the finding and the person that the text names; `me` is the asker."""
    clean = normalise(text)
    found = _PERSON.search(clean)
    words = [w for w in _PERSON.sub("", clean).split() if w.casefold() != "me"]
    mine = len(words) < len(_PERSON.sub("", clean).split())
    user = found[1] if found else context.actor.id if mine else ""
    number = await context.suite.refs.one(" ".join(words), "assign", context.asker)
    return await _open(context, number, user)


async def press(context: Context, pressed: Pressed) -> Confirm | None:
    """The `Assign…` entry of a card or a row."""
    return await _open(context, pressed.number, "")


async def submit(context: Context, pressed: Pressed) -> Notice:
    """The window was submitted."""
    return await _assign(context, pressed.number, pressed.values.get("user", ""), pressed.values.get("note", ""))


async def go(context: Context, pressed: Pressed) -> Notice:
    """The button that stands in for the window where none can be opened; `extra` is the person."""
    return await _assign(context, pressed.number, pressed.extra, "")


async def _open(context: Context, number: int, user: str) -> Confirm | None:
    record = await context.suite.details.record(number)
    context.must(Permission.ASSIGN, record)
    if record.state not in LIVE:
        raise NoLonger(f"{record.ref} is {record.state}; there is nothing to assign.")
    if await context.surface.open(AssignForm(record=record, now=context.now, user=user)):
        return None
    if not user:
        raise UserError(f"Whom? For example `assign {record.ref} @ana`.")
    return Confirm(
        text=f"Assign {record.ref} to <@{user}>?", label="Assign", action="assign.go", number=number, extra=user
    )


async def _assign(context: Context, number: int, user: str, note: str) -> Notice:
    if not re.fullmatch(r"[UW][A-Z0-9]{2,20}", user):
        raise Malformed("an assignment to nobody")
    context.must(Permission.ASSIGN, await context.suite.details.record(number))
    record = await context.suite.triage.assign(number, user, context.actor.id, note)
    return Notice(text=f"{record.ref} is on <@{user}>.")


def _check(pressed: Pressed) -> dict[str, str]:
    return {} if pressed.values.get("user") else {"user": "Choose a person."}


COMMAND = Command(
    name="assign",
    summary="Give a finding to a person, who is told in its thread.",
    usage="/sec assign F-1234 @ana",
    permission=Permission.ASSIGN,
    run=run,
    examples=("/sec assign F-1234 @ana", "/sec assign F-1234 me"),
    actions=(
        Action("assign", Permission.ASSIGN, press),
        Action("assign.to", Permission.ASSIGN, submit, check=_check),
        Action("assign.go", Permission.ASSIGN, go, in_place=True),
    ),
    order=35,
)
