"""What people did, newest first: when, what and who on a line, and to which finding below it."""

from __future__ import annotations

from bot.domain.views import AuditLog, AuditRow
from bot.plugins import Layout, Message
from renderers import parts
from renderers.blocks import Block, context, count, offers, section, sections
from renderers.changes import change_line
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, code, date, prose

ROWS = 40


def render(view: AuditLog) -> Message:
    """Scope, at most forty acts in a few sections, how many are left out, offers."""
    scope = code(view.scope, 300) if view.scope.strip() else ""
    acts = count(len(view.rows), "act")
    head = words("audit_log.head", scope=scope) if view.rows else words("audit_log.none", scope=scope)
    text = words("audit_log.text", acts=acts if view.rows else "", more=view.more, scope=prose(view.scope, 80))
    rows = sections(_line(row) for row in view.rows[:ROWS])
    return Message(text, (section(head), *rows, *_more(view), *offers((o.label, o.command) for o in view.offers)))


def _line(row: AuditRow) -> Mrkdwn:
    title = prose(parts.short_title(row.record.finding), 90) if row.record else "no longer known"
    change = change_line(row.record, row.entry)
    return words("audit_log.line", when=date(row.entry.at), change=change, ref=f"F-{row.number}", title=title)


def _more(view: AuditLog) -> list[Block]:
    if not view.more and len(view.rows) <= ROWS:
        return []
    left_out = len(view.rows) - ROWS
    return [context(words("audit_log.more", number=f"{left_out:,}" if left_out > 0 and not view.more else ""))]


LAYOUT = Layout(name="audit_log", view=AuditLog, render=render)
