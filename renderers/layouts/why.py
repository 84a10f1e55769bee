"""Why a finding is where it is: the routes that were tried, its state, and what the reader may do with it and because of what."""

from __future__ import annotations

from bot.domain.escalation import Progress
from bot.domain.finding import Record
from bot.domain.views import Why
from bot.plugins import Layout, Message
from renderers import parts
from renderers.actions import SHOW, encode
from renderers.blocks import GOOD, NEITHER, Block, actions, button, context, flag, section, sections
from renderers.engine import words
from renderers.escalations import standing
from renderers.limits import MAX_FALLBACK
from renderers.mrkdwn import Mrkdwn, channel, clip, code, date, prose, sentence

ROUTES = 25
VERBS = 15


def render(view: Why) -> Message:
    """At most 10 blocks: the finding, where and why, its state, the routes, who is told next, what is allowed."""
    record = view.record
    why = view.reason or record.why
    text = words("why.text", ref=record.ref, reason=prose(why or record.route or "no reason was noted", 110))
    return Message(
        clip(text, MAX_FALLBACK),
        (
            section(_head(record)),
            section(words("why.reason", channel=_where(record), reason=sentence(why, 500))),
            section(parts.state_line(record) or words("why.open", since=date(parts.began(record)))),
            *sections(_tried(view)),
            *_policy(view),
            *sections(_may(view)),
            context(parts.footer(record)),
            *actions([button("Details", encode(SHOW, number=record.number, revision=record.revision))]),
        ),
    )


def _head(record: Record) -> Mrkdwn:
    icon, severity = parts.grade(record)
    return words(
        "why.head",
        ref=record.ref,
        icon=icon,
        severity=severity,
        title=prose(parts.short_title(record.finding), 150),
        account=parts.account(record),
    )


def _where(record: Record) -> Mrkdwn | str:
    return channel(record.channel) if record.channel else ""


def _tried(view: Why) -> list[Mrkdwn]:
    lines = [
        words(
            "why.tried",
            icon=GOOD if held else NEITHER,
            route=code(route, 60),
            query=code(query, 200) if query else "everything",
        )
        for route, held, query in view.tried[:ROUTES]
    ]
    return [words("why.tried_title"), *lines] if lines else []


def _policy(view: Why) -> list[Block]:
    """Which policy escalates it, how far that is and what comes next; nothing when none does."""
    if not view.policy.strip():
        return []
    row = view.escalation
    is_waited = row is not None and row.escalation.progress is not Progress.STOPPED
    stands = standing(row, view.now) if row is not None and is_waited else ""
    return [section(words("why.policy", policy=code(view.policy, 80), stands=stands))]


def _may(view: Why) -> list[Mrkdwn]:
    lines = [
        words("why.may", icon=flag(allowed), verb=prose(verb, 40), because=sentence(because, 200))
        for verb, allowed, because in view.may[:VERBS]
    ]
    return [words("why.may_title"), *lines] if lines else []


LAYOUT = Layout(name="why", view=Why, render=render)
