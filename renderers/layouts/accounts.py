"""The accounts secbot knows: environment, name, digits, owner and what is open in each.

Accounts with nothing open are counted and not listed, unless so few were asked for that each is an answer.
"""

from __future__ import annotations

from bot.domain.views import AccountRow, Accounts
from bot.plugins import Layout, Message
from renderers.blocks import GOOD, NEITHER, SEVERITY_ICON, WARNING, Block, context, count, section, sections
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, code, prose

ROWS = 50
FEW = 15  # accounts of a filter that are listed even when nothing is open in them
UNKNOWN = 10


def render(view: Accounts) -> Message:
    """At most 12 blocks; 50 accounts and a count of the rest."""
    head = words(
        "accounts.head", total=count(view.total, "account"), filter=code(view.filter, 200) if view.filter else ""
    )
    text = Mrkdwn(count(view.total, "account"))
    return Message(text, (section(head), *sections(_lines(view)), *_unknown(view)))


def _lines(view: Accounts) -> list[Mrkdwn]:
    """A line for each that is worth one, then how many are not shown."""
    total = max(view.total, len(view.rows))
    if view.filter and total <= FEW:
        return [_row(row) for row in view.rows]
    live = [row for row in view.rows if row.live]
    shown = [_row(row) for row in live[:ROWS]]
    if len(live) == len(view.rows):  # the most urgent come first, so those that were not given may have something open
        rest = total - len(shown)
        return [*shown, words("accounts.more", number=f"{rest:,}")] if rest else shown
    hidden = [words("accounts.more", number=f"{len(live) - ROWS:,}")] if len(live) > ROWS else []
    return [*shown, *hidden, _quiet(total - len(live), bool(live))]


def _quiet(number: int, is_rest: bool) -> Mrkdwn:
    if not is_rest:
        return words("accounts.all_quiet", icon=GOOD)
    return words("accounts.quiet", accounts=count(number, "more account has", "more accounts have"))


def _row(row: AccountRow) -> Mrkdwn:
    return words(
        "accounts.row",
        icon=SEVERITY_ICON[row.worst] if row.worst is not None else NEITHER,
        env=prose(row.env or "no environment", 20),
        name=prose(row.name or "unnamed account", 60),
        digits=code(row.id, 40),
        owner=prose(row.owner, 40),
        live=f"{row.live:,} open" if row.live else "nothing open",
    )


def _unknown(view: Accounts) -> list[Block]:
    if not view.unknown:
        return []
    ids = ", ".join(code(i, 40) for i in view.unknown[:UNKNOWN])
    more = f" and {len(view.unknown) - UNKNOWN} more" if len(view.unknown) > UNKNOWN else ""
    return [context(words("accounts.unknown", icon=WARNING, ids=Mrkdwn(ids + more)))]


LAYOUT = Layout(name="accounts", view=Accounts, render=render)
