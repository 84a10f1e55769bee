"""The accounts secbot knows: environment, name, digits, owner and what is live in each, one line an account."""

from __future__ import annotations

from bot.domain.views import AccountRow, Accounts
from bot.plugins import Layout, Message
from renderers.blocks import SEVERITY_ICON, WARNING, Block, context, count, section, sections
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, code, prose

ROWS = 50
UNKNOWN = 10


def render(view: Accounts) -> Message:
    """At most 12 blocks; 50 accounts and a count of the rest."""
    head = words(
        "accounts.head", total=count(view.total, "account"), filter=code(view.filter, 200) if view.filter else ""
    )
    lines = [_row(row) for row in view.rows[:ROWS]]
    left_out = max(view.total, len(view.rows)) - len(lines)
    more = [words("accounts.more", number=f"{left_out:,}")] if left_out > 0 and lines else []
    text = Mrkdwn(count(view.total, "account"))
    return Message(text, (section(head), *sections([*lines, *more]), *_unknown(view)))


def _row(row: AccountRow) -> Mrkdwn:
    return words(
        "accounts.row",
        icon=SEVERITY_ICON[row.worst] if row.worst is not None else "▫️",
        env=prose(row.env or "no environment", 20),
        name=prose(row.name or "unnamed account", 60),
        digits=code(row.id, 40),
        owner=prose(row.owner, 40),
        live=f"{row.live:,} live" if row.live else "nothing live",
    )


def _unknown(view: Accounts) -> list[Block]:
    if not view.unknown:
        return []
    ids = ", ".join(code(i, 40) for i in view.unknown[:UNKNOWN])
    more = f" and {len(view.unknown) - UNKNOWN} more" if len(view.unknown) > UNKNOWN else ""
    return [context(words("accounts.unknown", icon=WARNING, ids=Mrkdwn(ids + more)))]


LAYOUT = Layout(name="accounts", view=Accounts, render=render)
