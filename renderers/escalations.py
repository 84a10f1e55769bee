"""What is said of an escalation in several places: whom a level tells, how far it is, and who is next.

An address stands as it is written in the configuration, as code, so that a list calls nobody: only a person's name is Slack's own, as
it is everywhere. Ages are for answers; a card, which is not shown anew every minute, says times.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from bot.domain.escalation import Progress, Whom, read_address
from bot.domain.oncall_views import EscalationRow
from renderers import parts
from renderers.blocks import age, span
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, channel, code, date, prose, user

MOST_ADDRESSES = 6  # of one level that are named; the rest are counted


def addresses(texts: Iterable[str], *, calls: bool = True) -> Mrkdwn:
    """`rotation:primary` and its like, the first few; empty for none.

    `calls` False leaves a person's name as it is written, for a line in a thread: who is called by it stands at its beginning.
    """
    told = [text.strip() for text in texts if text.strip()]
    more = len(told) - MOST_ADDRESSES
    names = ", ".join(_address(text, calls=calls) for text in told[:MOST_ADDRESSES])
    return Mrkdwn(f"{names} and {more} more" if more > 0 else names)


def _address(text: str, *, calls: bool) -> Mrkdwn:
    """A person or a channel as Slack names them, a topic by its last name, all else as it is written."""
    found = read_address(text)
    if found is None:
        return code(text, 80)
    if found.kind is Whom.USER and calls:
        return user(found.name)
    if found.kind is Whom.CHANNEL:
        return channel(found.name)
    return code(f"sns:{found.name.rpartition(':')[2]}" if found.kind is Whom.SNS else text, 80)


def is_running(row: EscalationRow | None) -> bool:
    """Whether somebody is left whom it can tell."""
    return row is not None and row.escalation.progress is Progress.RUNNING


def reached(row: EscalationRow | None) -> str:
    """`level 1 of 3`, `the last path`; empty while nobody was told, and for no escalation."""
    if row is None or row.level < 1 or row.levels < 1:
        return ""
    return f"level {row.level} of {row.levels}" if row.level <= row.levels else "the last path"


def following(row: EscalationRow) -> Mrkdwn:
    """Which level is told next; after the last one its addresses, because it may begin again or take another path."""
    if row.level < row.levels:
        return Mrkdwn(f"level {row.level + 1} of {row.levels}")
    return Mrkdwn(", ".join(code(address, 80) for address in row.next[:MOST_ADDRESSES]))


def waiting(row: EscalationRow | None) -> Mrkdwn:
    """What a card says: until when somebody has to acknowledge, and who is told then. It names nobody whom its post would call."""
    if row is None or row.escalation.progress is Progress.STOPPED:
        return Mrkdwn("")
    if row.escalation.progress is Progress.EXHAUSTED:
        return words("escalations.exhausted")
    told = row.escalation.told
    return words(
        "escalations.waiting",
        level=reached(row),
        told=date(told) if told is not None else "",
        due=date(row.escalation.due),
        following=following(row),
    )


def standing(row: EscalationRow, now: datetime) -> Mrkdwn:
    """What a row of an answer says: how far it is, whom it tells next and in how long."""
    escalation = row.escalation
    if escalation.progress is Progress.EXHAUSTED:
        return words("escalations.exhausted")
    told = escalation.told
    return words(
        "escalations.standing",
        level=reached(row),
        told=age(told, now) if told is not None else "",
        next=addresses(row.next),
        left=span(escalation.due - now) if escalation.due > now else "",
        due=date(escalation.due),
    )


def row_text(row: EscalationRow, now: datetime) -> Mrkdwn:
    """A finding that somebody is waited for, on two lines, as a list's rows are."""
    record = row.record
    icon, severity = parts.grade(record)
    return words(
        "escalations.row",
        icon=icon,
        severity=severity,
        title=prose(parts.short_title(record.finding), 120),
        ref=record.ref,
        env=prose(record.account.env or "no environment", 30),
        account=parts.account(record),
        standing=standing(row, now),
    )
