"""One short line in a card's thread: what changed, by whom, when, and whom it is for. One that is announced says how bad it is, too."""

from __future__ import annotations

from bot.domain.views import ThreadLine
from bot.plugins import Layout, Message
from renderers import parts
from renderers.blocks import section
from renderers.changes import change_line, change_name
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, date, mentions, prose


def render(view: ThreadLine) -> Message:
    """One section."""
    return Message(_text(view), (section(_announced(view) if view.announce else _line(view)),))


def _text(view: ThreadLine) -> Mrkdwn:
    finding = view.record.finding
    if view.announce:
        return parts.fallback(view.record, change_name(view.entry).lower())
    what = prose(change_name(view.entry).lower(), 30)
    return words("thread_line.text", ref=view.record.ref, what=what, title=prose(parts.short_title(finding), 90))


def _line(view: ThreadLine) -> Mrkdwn:
    change = change_line(view.record, view.entry)
    return words("thread_line.line", who=mentions(view.mention), change=change, when=date(view.entry.at))


def _announced(view: ThreadLine) -> Mrkdwn:
    record = view.record
    icon, severity = parts.grade(record)
    return words(
        "thread_line.announced",
        who=mentions(view.mention),
        icon=icon,
        severity=severity,
        title=prose(parts.short_title(record.finding), 150),
        account=parts.account(record),
        change=change_line(record, view.entry),
        when=date(view.entry.at),
    )


LAYOUT = Layout(name="thread_line", view=ThreadLine, render=render)
