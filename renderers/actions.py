"""The ids and values that buttons carry: written here and read here, nowhere else.

    action_id := name [":" suffix]      the suffix keeps ids apart in one block: a finding's number, or a digest of the extra
    value     := number "." revision ["|" extra]        extra: a listing and page, or the command that an offer runs

Both come back from Slack by way of anybody's client, so they are routing data and never authority: state is read from the store and
permission is asked on the click. `decode` takes exactly what `encode` makes and refuses all else.
"""

from __future__ import annotations

import hashlib
import re

from bot.domain.message import Pressed
from bot.errors import Malformed

ACK, SHOW, WHY, PAGE, RUN, CONSOLE = "ack", "show", "why", "page", "run", "console"
MENU = "more"  # the overflow menu; what was chosen is in the option's value

MAX_EXTRA = 500

_NAME = re.compile(r"[a-z][a-z_.]{0,31}")
_VALUE = re.compile(r"(0|[1-9][0-9]{0,11})\.(0|[1-9][0-9]{0,8})(?:\|(.{1,500}))?", re.DOTALL)
_LISTING = re.compile(r"([A-Za-z0-9_-]{1,64})\.([1-9][0-9]{0,5})")


def encode(name: str, *, number: int = 0, revision: int = 0, extra: str = "") -> tuple[str, str]:
    """(action id, value) of a button.

    Raises:
        ValueError: the name or the extra is not one that `decode` would take back; a programming error.
    """
    if not _NAME.fullmatch(name) or len(extra) > MAX_EXTRA or not extra.isprintable():
        raise ValueError(f"no button can carry {name!r} with an extra of {len(extra)} characters")
    value = f"{number}.{revision}|{extra}" if extra else f"{number}.{revision}"
    suffix = _digest(extra) if extra else str(number) if number else ""
    return (f"{name}:{suffix}" if suffix else name), value


def decode(action_id: str, value: str) -> Pressed:
    """What a button or an overflow option of ours says.

    Args:
        action_id: of the button, or of the overflow menu.
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
    if action_id != menu_id(pressed.number):
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


def option_value(name: str, *, number: int, revision: int) -> str:
    """The value of an overflow option: the verb's name and the button's value."""
    return f"{name}:{encode(name, number=number, revision=revision)[1]}"


def page_extra(listing: str, page: int) -> str:
    """The extra of a page button: which snapshot, which page (from 1)."""
    return f"{listing}.{page}"


def page_of(extra: str) -> tuple[str, int]:
    """(listing, page) of a page button's extra.

    Raises:
        Malformed: it is no such extra.
    """
    match = _LISTING.fullmatch(extra)
    if not match:
        raise Malformed("a page button without a listing")
    return match[1], int(match[2])


def _digest(extra: str) -> str:
    return hashlib.blake2b(extra.encode("utf-8", "backslashreplace"), digest_size=4).hexdigest()
