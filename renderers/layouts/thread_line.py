"""One short line in a card's thread: what changed, by whom, when, and whom it is for. One that is announced says how bad it is, too.

One that asks for approval has the two buttons; they carry the request and the hash of what was asked; the press decides. One that says
that a suppression ends soon offers to prolong it.
"""

from __future__ import annotations

from bot.domain.finding import Entry
from bot.domain.lifecycle import Change
from bot.domain.views import ThreadLine
from bot.plugins import Layout, Message
from renderers import parts
from renderers.blocks import Block, actions, section
from renderers.changes import change_line, change_name, until_of
from renderers.engine import words
from renderers.hiding import Asked, leads_to, renewal, votes
from renderers.mrkdwn import Mrkdwn, date, everybody_here, mentions, prose


def render(view: ThreadLine) -> Message:
    """One section, and two buttons when it asks for approval or tells of an end."""
    line = section(_announced(view) if view.announce else _line(view))
    return Message(_text(view), (line, *actions(_buttons(view))))


def _text(view: ThreadLine) -> Mrkdwn:
    finding = view.record.finding
    if view.announce:
        return parts.fallback(view.record, _announcement(view.entry))
    what = prose(change_name(view.entry).lower(), 30)
    return words("thread_line.text", ref=view.record.ref, what=what, title=prose(parts.short_title(finding), 90))


def _announcement(entry: Entry) -> str:
    """What a phone shows at the end of the line, in the room that there is."""
    if entry.kind == Change.ESCALATED and entry.details.get("last"):
        return "nobody answered"
    return "not acknowledged" if entry.kind == Change.REARMED else change_name(entry).lower()


def _line(view: ThreadLine) -> Mrkdwn:
    change = change_line(view.record, view.entry)
    return words("thread_line.line", who=mentions(view.mention), change=change, when=date(view.entry.at))


def _announced(view: ThreadLine) -> Mrkdwn:
    record = view.record
    icon, severity = parts.grade(record)
    return words(
        "thread_line.announced",
        who=_told(view),
        icon=icon,
        severity=severity,
        title=prose(parts.short_title(record.finding), 150),
        account=parts.account(record),
        change=change_line(record, view.entry),
        when=date(view.entry.at),
    )


def _told(view: ThreadLine) -> Mrkdwn:
    """Whom an announcement tells; an escalation alone may tell everybody who is active in the channel."""
    who = mentions(view.mention)
    if not view.here or view.entry.kind != Change.ESCALATED:
        return who
    return Mrkdwn(f"{who} {everybody_here()}".strip())


def _buttons(view: ThreadLine) -> list[Block]:
    """What can be done about it: agree or not, or prolong what ends soon."""
    told, record = view.entry.details, view.record
    if view.entry.kind == Change.APPROVAL_ASKED:
        asked = Asked(
            request=told.get("request", ""),
            digest=told.get("digest", ""),
            number=record.number,
            scope=told.get("scope", ""),
            until=until_of(view.entry),
            about=record,
        )
        return votes(asked)
    lease = told.get("lease", "")
    if view.entry.kind == Change.ENDING:
        return [*renewal(lease, record.number, record.revision), *leads_to(lease)]
    return []


LAYOUT = Layout(name="thread_line", view=ThreadLine, render=render)
