"""One short line in a card's thread: what changed, by whom, when, and whom it is for. One that is announced says how bad it is, too.

One that asks for approval has the two buttons; they carry the request and the hash of what was asked; the press decides.
"""

from __future__ import annotations

from bot.domain.lifecycle import Change
from bot.domain.views import ThreadLine
from bot.plugins import Layout, Message
from renderers import parts
from renderers.actions import SUPPRESS_APPROVE, SUPPRESS_DENY, carries, encode
from renderers.blocks import Block, actions, button, confirmed, section
from renderers.changes import change_line, change_name, until_of
from renderers.engine import plain_words, words
from renderers.mrkdwn import Mrkdwn, date, mentions, plain, prose, utc


def render(view: ThreadLine) -> Message:
    """One section, and two buttons when it asks for approval."""
    line = section(_announced(view) if view.announce else _line(view))
    return Message(_text(view), (line, *actions(_votes(view))))


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


def _votes(view: ThreadLine) -> list[Block]:
    """Approve, which asks back with the account's name, and Deny."""
    told = view.entry.details
    request, digest = told.get("request", ""), told.get("digest", "")
    extra = f"{request}.{digest}"
    if view.entry.kind != Change.APPROVAL_ASKED or not request or not digest or not carries(extra):
        return []
    number, revision = view.record.number, view.record.revision
    approve = button("Approve", encode(SUPPRESS_APPROVE, number=number, revision=revision, extra=extra), primary=True)
    deny = button("Deny", encode(SUPPRESS_DENY, number=number, revision=revision, extra=extra))
    return [confirmed(approve, "Approve this suppression?", _asked_back(view), "Approve"), deny]


def _asked_back(view: ThreadLine) -> str:
    """What is agreed to, in plain text: the dialog shows no dates in the reader's zone."""
    record, ends = view.record, until_of(view.entry)
    return plain_words(
        "thread_line.confirm",
        ref=record.ref,
        account=plain(parts.account_name(record), 60),
        digits=plain(record.finding.account, 20),
        env=plain(record.account.env, 20),
        until=utc(ends) if ends else "",
        scope=plain(view.entry.details.get("scope", ""), 120),
    )


LAYOUT = Layout(name="thread_line", view=ThreadLine, render=render)
