"""The ids and values that buttons, menus and modals carry: written here and read here, nowhere else.

    action_id := name [":" suffix]      the suffix keeps ids apart in one block: a finding's number, or a digest of the extra
    value     := number "." revision ["|" extra]        extra: a listing and page, a saved view, or the command that an offer runs
    menu      := "more:" (number | digest); the value of what was chosen in it is `name:value`
    modal     := callback_id is a name, private_metadata a value; what was entered comes beside them

All come back from Slack by way of anybody's client, so they are routing data and never authority: state is read from the store and
permission is asked on the click. `decode` and `decode_form` take exactly what is made here and refuse all else.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Mapping
from typing import Any

from bot.domain.message import Pressed
from bot.errors import Malformed

ACK, SHOW, WHY, PAGE, RUN, CONSOLE = "ack", "show", "why", "page", "run", "console"
REFRESH, SORT, EXPORT, ASSIGN, OPEN = "refresh", "sort", "export", "assign", "open"
ACK_PAGE, ACK_PAGE_GO = "ack.page", "ack.page.go"
VIEW_SAVE, VIEW_SHARE, VIEW_DEFAULT = "view.save", "view.share", "view.default"
VIEW_DELETE, VIEW_DELETE_GO = "view.delete", "view.delete.go"
VIEW_SAVED, ASSIGN_TO, ASKED = "view.saved", "assign.to", "asked"  # modals: what they are submitted as
SUPPRESS, SUPPRESS_FORM, SUPPRESS_GO, SUPPRESS_END = "suppress", "suppress.form", "suppress.go", "suppress.end"
SUPPRESS_APPROVE, SUPPRESS_DENY = "suppress.approve", "suppress.deny"
ESCALATE, UNACK, DECLINE = "escalate", "unack", "decline"
ONCALL_HAVE, ONCALL_SWAP, ONCALL_SWAPPED = "oncall.have", "oncall.swap", "oncall.swapped"
SUPPRESS_PAGE, SUPPRESS_RENEW = "suppress.page", "suppress.renew"
MENU = "more"  # a menu or a select; what was chosen is in the option's value

MAX_EXTRA = 500
MAX_ENTERED = 3000  # characters of one input that are read; Slack's own limit
MAX_INPUTS = 20

_NAME = re.compile(r"[a-z][a-z_.]{0,31}")
_VALUE = re.compile(r"(0|[1-9][0-9]{0,11})\.(0|[1-9][0-9]{0,8})(?:\|(.{1,500}))?", re.DOTALL)
_INPUT = re.compile(r"[a-z][a-z_]{0,31}")
_KEYED_MENU = re.compile(MENU + r":[0-9a-f]{8}")


def carries(extra: str, most: int = MAX_EXTRA) -> bool:
    """Whether a button can carry this extra: printable, and at most `most` characters."""
    return len(extra) <= most and extra.isprintable()


def encode(name: str, *, number: int = 0, revision: int = 0, extra: str = "") -> tuple[str, str]:
    """(action id, value) of a button.

    Raises:
        ValueError: the name or the extra is not one that `decode` would take back; a programming error.
    """
    if not _NAME.fullmatch(name) or not carries(extra):
        raise ValueError(f"no button can carry {name!r} with an extra of {len(extra)} characters")
    value = f"{number}.{revision}|{extra}" if extra else f"{number}.{revision}"
    suffix = _digest(extra) if extra else str(number) if number else ""
    return (f"{name}:{suffix}" if suffix else name), value


def decode(action_id: str, value: str) -> Pressed:
    """What a button, an overflow option or a select's option of ours says.

    Args:
        action_id: of the button, or of the menu.
        value: of the button, or of the selected option.

    Raises:
        Malformed: anything that `encode` or `option_value` did not make.
    """
    name = action_id.partition(":")[0]
    if name == MENU:
        return _decode_option(action_id, value)
    pressed = _read(name, value)
    if action_id != encode(name, number=pressed.number, revision=pressed.revision, extra=pressed.extra)[0]:
        raise Malformed("a button whose id and value do not belong together")
    return pressed


def _decode_option(action_id: str, value: str) -> Pressed:
    name, _, rest = value.partition(":")
    pressed = _read(name, rest)
    is_keyed = pressed.number == 0 and _KEYED_MENU.fullmatch(action_id)
    if action_id != menu_id(pressed.number) and not is_keyed:
        raise Malformed("a menu whose id and choice do not belong together")
    return pressed


def _read(name: str, value: str) -> Pressed:
    match = _VALUE.fullmatch(value)
    extra = (match[3] or "") if match else ""
    if not match or not _NAME.fullmatch(name) or not extra.isprintable():
        raise Malformed("a button that secbot did not make")
    return Pressed(name, int(match[1]), int(match[2]), extra)


def menu_id(number: int) -> str:
    """The action id of a finding's overflow menu."""
    return encode(MENU, number=number)[0]


def keyed_menu_id(key: str) -> str:
    """The action id of a menu or select that belongs to no finding: `more:` and 8 hex digits of `key`, any text."""
    return f"{MENU}:{_digest(key)}"


def option_value(name: str, *, number: int = 0, revision: int = 0, extra: str = "") -> str:
    """The value of an option: the verb's name and the button's value. Slack takes 150 characters; limits.py leaves longer ones out.

    Raises:
        ValueError: as `encode`.
    """
    return f"{name}:{encode(name, number=number, revision=revision, extra=extra)[1]}"


def page_extra(listing: str, page: int) -> str:
    """The extra of a button that is about a page of a list: which snapshot, which page (from 1)."""
    return f"{listing}.{page}"


def _digest(extra: str) -> str:
    return hashlib.blake2b(extra.encode("utf-8", "backslashreplace"), digest_size=4).hexdigest()


# --- modals with inputs ---------------------------------------------------------------------------------------------------------


def form_metadata(*, number: int = 0, revision: int = 0, extra: str = "") -> str:
    """The `private_metadata` of a modal of ours: what it is about, as a button would carry it.

    Raises:
        ValueError: the extra is not one that `decode_form` would take back.
    """
    return encode("form", number=number, revision=revision, extra=extra)[1]


def decode_form(callback_id: str, private_metadata: str, values: Mapping[str, Any]) -> Pressed:
    """What a submitted modal of ours says.

    Args:
        callback_id: the action's name.
        private_metadata: what `form_metadata` made.
        values: Slack's `view.state.values`; each of our inputs is a block with one element of the same name.

    Returns:
        The pressed action; `values` by the input's name, at most 3,000 characters each, empty for what was left empty.

    Raises:
        Malformed: anything that is not a modal of ours.
    """
    pressed = _read(callback_id, private_metadata)
    if not isinstance(values, Mapping) or len(values) > MAX_INPUTS:
        raise Malformed("a modal with other inputs than ours")
    entered = {name: _entered(name, block) for name, block in values.items()}
    return Pressed(pressed.name, pressed.number, pressed.revision, pressed.extra, entered)


# The field that holds what was entered, by the element's type.
# From: docs.slack.dev/reference/interaction-payloads/view-interactions-payload
_ENTERED_IN = {
    "plain_text_input": "value",
    "static_select": "selected_option",
    "users_select": "selected_user",
    "conversations_select": "selected_conversation",
}


def _entered(name: object, block: object) -> str:
    if (
        not isinstance(name, str)
        or not _INPUT.fullmatch(name)
        or not isinstance(block, Mapping)
        or set(block) != {name}
    ):
        raise Malformed("an input that secbot did not make")
    return _value_of(block[name])[:MAX_ENTERED]


def _value_of(element: object) -> str:
    kind = element.get("type") if isinstance(element, Mapping) else None
    if not isinstance(element, Mapping) or not isinstance(kind, str) or kind not in _ENTERED_IN:
        raise Malformed("an input of a kind that secbot does not use")
    value = element.get(_ENTERED_IN[kind])
    if kind == "static_select" and isinstance(value, Mapping):
        value = value.get("value")
    if value is not None and not isinstance(value, str):
        raise Malformed("an input that holds no text")
    return value or ""
