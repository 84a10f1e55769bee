"""Which names a saved view may have, and which queries may be saved. Pure."""

from __future__ import annotations

import re

from bot.domain.query import Flag, Query

MOST_NAME = 30
_NAME = re.compile(r"[a-z][a-z0-9-]{1,29}")
_PERSON = re.compile(r"[uw][a-z0-9]{7,12}")


def clean_name(text: str) -> str:
    """The name as it is kept: lower case, without the at-sign."""
    return text.strip().removeprefix("@").casefold()


def name_problem(name: str) -> str:
    """Why a view may not be called so; empty when it may."""
    if not _NAME.fullmatch(name):
        return f"A name has 2 to {MOST_NAME} letters, digits and dashes, and begins with a letter."
    if _PERSON.fullmatch(name) and any(c.isdigit() for c in name):
        return "That looks like a person's id; choose a word."
    return ""


def query_problem(query: Query) -> str:
    """Why a question may not be saved as a view; empty when it may. The query is dissolved: its own views are terms already."""
    if query.refs:
        return "A view asks about findings in general: no reference such as F-12."
    if query.views:
        return "A view cannot exclude another view of several filters."
    if query.page != 1 or query.flags & {Flag.HERE, Flag.CSV}:
        return "A view has no page, no `here` and no `csv`."
    return "" if query.terms or query.flags or query.group else "A view needs at least one filter."
