"""Pages of a list, with a token for the next one, as every AWS list has them.

The token is opaque to the caller and names a place in the list; one that was not given out here is refused by raising
`BadToken`, which each service answers in its own words.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")
_MARK = b"from:"


class BadToken(Exception):
    """The token is none of ours."""


def page(items: Sequence[T], token: str | None, size: int) -> tuple[list[T], dict[str, str]]:
    """The items of one page, and the next token under the key `token` (nothing when the list ends)."""
    start = _place(token) if token else 0
    end = start + size
    more = {"token": base64.urlsafe_b64encode(_MARK + str(end).encode()).decode()} if end < len(items) else {}
    return list(items[start:end]), more


def _place(token: str) -> int:
    try:
        mark, _, number = base64.urlsafe_b64decode(token).partition(b":")
        if mark + b":" != _MARK:
            raise BadToken
        return int(number)
    except (binascii.Error, ValueError) as wrong:
        raise BadToken from wrong
