"""The buttons and menus of a finding: what makes sense in its state, five in view and the rest folded away.

They carry a number and a revision and no facts; whether who presses may do it is asked on the press, not here.
"""

from __future__ import annotations

from bot.domain.console import console_url
from bot.domain.finding import Record, State
from renderers.actions import (
    ACK,
    ASSIGN,
    CONSOLE,
    DECLINE,
    ESCALATE,
    SHOW,
    SUPPRESS,
    SUPPRESS_END,
    UNACK,
    WHY,
    carries,
    encode,
    menu_id,
    option_value,
)
from renderers.blocks import Block, button, link_button, option, overflow
from renderers.limits import MAX_OPTIONS
from renderers.parts import is_live

MAX_LEASE = 64  # characters of a lease's id that a menu's choice can carry


def on_card(record: Record, *, escalates: bool = False) -> list[Block]:
    """The buttons of a card: at most four, and a menu. `escalates`: an escalation of it runs, which can be hurried."""
    row = [_ack(record)] if record.state is State.OPEN else []
    row.append(button("Details", _ids(SHOW, record)))
    row += [*_hiding(record), *_console(record)]
    assign = [_choice("Assign…", ASSIGN, record)] if is_live(record) else []
    return [*row, _menu(record, [*assign, *_answer(record, escalates), _choice("Why here?", WHY, record)])]


def on_detail(record: Record) -> list[Block]:
    """The buttons below a finding's details: assigning is a button too, and the details are not."""
    row = [_ack(record)] if record.state is State.OPEN else []
    if is_live(record):
        row.append(button("Assign…", _ids(ASSIGN, record)))
    row += [*_hiding(record), *_console(record)]
    return [*row, _menu(record, [*_answer(record, True), _choice("Why here?", WHY, record)])]


def on_call(record: Record, *, may_decline: bool = True) -> list[Block]:
    """The buttons of an open finding's card in the direct messages of whoever was called: take it, or pass it on; the rest in a menu."""
    decline = [button("Can't take it", _ids(DECLINE, record))] if may_decline else []
    url = console_url(record.finding)
    choices = [
        _choice("Assign…", ASSIGN, record),
        _choice("Suppress…", SUPPRESS, record),
        *([_choice("Open in console", CONSOLE, record, url=url)] if url else []),
        _choice("Why here?", WHY, record),
    ]
    return [_ack(record), *decline, button("Details", _ids(SHOW, record)), _menu(record, choices)]


def row_menu(record: Record, *, escalates: bool = False) -> Block:
    """What can be done with a finding, in one menu beside its row.

    A menu holds five. In the row of an escalation (`escalates`) hurrying it goes before the console, to which the details lead as well;
    elsewhere it has the room that is left. `Why here?`, which is in the details too, goes first.
    """
    url = console_url(record.finding)
    console = [_choice("Open in console", CONSOLE, record, url=url)] if url else []
    choices = [_choice("Details", SHOW, record), *_taking(record)]
    room = MAX_OPTIONS - len(choices) - (0 if escalates else len(console))
    middle = [*_answer(record, True), _choice("Why here?", WHY, record)][:room]
    return _menu(record, [*choices, *middle, *console])


def _taking(record: Record) -> list[Block]:
    """Whose it is and whether it is shown: what there is to decide about a finding."""
    if is_live(record):
        ack = [_choice("Acknowledge", ACK, record)] if record.state is State.OPEN else []
        return [*ack, _choice("Assign…", ASSIGN, record), _choice("Suppress…", SUPPRESS, record)]
    return [_choice("End now", SUPPRESS_END, record, extra=record.lease)] if can_end(record) else []


def _answer(record: Record, escalates: bool) -> list[Block]:
    """Hurry what nobody has acknowledged, or give an acknowledgement back."""
    if record.state is State.ACKNOWLEDGED:
        return [_choice("Unack", UNACK, record)]
    return [_choice("Escalate now", ESCALATE, record)] if escalates and record.state is State.OPEN else []


def can_end(record: Record) -> bool:
    """Whether a lease of ours hides it, which a button can end."""
    return record.state is State.SUPPRESSED and bool(record.lease) and carries(record.lease, MAX_LEASE)


def _ack(record: Record) -> Block:
    return button("Acknowledge", _ids(ACK, record), primary=True)


def _hiding(record: Record) -> list[Block]:
    if is_live(record):
        return [button("Suppress…", _ids(SUPPRESS, record))]
    return [button("End now", _ids(SUPPRESS_END, record, record.lease))] if can_end(record) else []


def _console(record: Record) -> list[Block]:
    url = console_url(record.finding)
    return [link_button("Open in console", _ids(CONSOLE, record), url)] if url else []


def _menu(record: Record, choices: list[Block]) -> Block:
    return overflow(menu_id(record.number), choices[:MAX_OPTIONS])


def _ids(name: str, record: Record, extra: str = "") -> tuple[str, str]:
    return encode(name, number=record.number, revision=record.revision, extra=extra)


def _choice(label: str, name: str, record: Record, *, url: str = "", extra: str = "") -> Block:
    return option(label, option_value(name, number=record.number, revision=record.revision, extra=extra), url)
