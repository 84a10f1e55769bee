"""One line for one entry of a finding's timeline: what happened, by whom. The thread and the detail view say it in the same words.

An entry of a kind that is not in the table is shown under its own name: a timeline has no holes.
"""

from __future__ import annotations

from datetime import datetime

from bot.domain.finding import Entry, Record, State
from bot.domain.lifecycle import Change
from renderers import parts
from renderers.blocks import span
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, code, date, prose, user

# (icon, what happened)
_KINDS: dict[str, tuple[str, str]] = {
    Change.NEW: ("🆕", "New"),
    Change.REOPENED: ("🔁", "Open again"),
    Change.SEVERITY_RAISED: ("⬆️", "Severity raised"),
    Change.SEVERITY_LOWERED: ("⬇️", "Severity lowered"),
    Change.RESOLVED: ("✅", "Resolved"),
    Change.SUPPRESSED: ("🔕", "Suppressed"),
    Change.UPDATED: ("✏️", "Updated"),
    Change.ACKNOWLEDGED: ("👀", "Acknowledged"),
    Change.ASSIGNED: ("👤", "Assigned"),
    Change.ASKED: ("🙋", "Help wanted"),
    Change.HIDDEN: ("🔕", "Suppressed"),
    Change.REVEALED: ("🔔", "Shown again"),
    Change.ENDING: ("⏰", "Its suppression ends"),
    Change.APPROVAL_ASKED: ("✋", "Approval wanted"),
    Change.APPROVAL_GIVEN: ("👍", "Suppression approved"),
    Change.APPROVAL_DENIED: ("👎", "Suppression denied"),
    Change.DUPLICATE: ("➖", "Reported again"),
    Change.STALE: ("➖", "Late report left aside"),
}

_OUR_OWN = frozenset({
    Change.HIDDEN, Change.REVEALED, Change.ENDING, Change.APPROVAL_ASKED, Change.APPROVAL_GIVEN, Change.APPROVAL_DENIED
})  # fmt: skip
"""What no source reports: without a person, secbot did it by itself."""


def change_name(entry: Entry) -> str:
    """What happened, in two or three words, still to be escaped."""
    return _KINDS.get(entry.kind, ("•", entry.kind.replace("_", " ").capitalize()))[1]


def change_line(record: Record | None, entry: Entry) -> Mrkdwn:
    """`👀 *Acknowledged* by <@U1> until … · note`; without a person, the source is the one who did it.

    `record` is the finding as it is now; None when it is not known any more.
    """
    if entry.kind == Change.ASKED:
        return words("changes.asked", icon=_KINDS[entry.kind][0], who=user(entry.actor), what=_wanted(entry))
    if entry.kind == Change.APPROVAL_ASKED:
        return _approval_asked(entry)
    icon = _KINDS.get(entry.kind, ("•", ""))[0]
    return words(
        "changes.line",
        icon=icon,
        what=prose(change_name(entry), 60) or "Changed",
        detail=_detail(record, entry),
        who=_who(record, entry),
        note=prose(entry.note, 200),
    )


def _approval_asked(entry: Entry) -> Mrkdwn:
    told = entry.details
    return words(
        "changes.approval_asked",
        icon=_KINDS[entry.kind][0],
        who=user(entry.actor),
        scope=code(told["scope"], 200) if told.get("scope") else "findings",
        until=_until(entry),
        because=prose(told.get("because", ""), 300),
        note=prose(entry.note, 200),
    )


def _wanted(entry: Entry) -> str:
    """What a person asked others to do, as the end of a sentence."""
    wanted = {"ack": "acknowledge it", "assign": "assign it", "suppress": "suppress it"}
    return wanted.get(entry.details.get("for", ""), "look after it")


def _who(record: Record | None, entry: Entry) -> Mrkdwn | str:
    if entry.actor:
        return Mrkdwn(f"by {user(entry.actor)}")
    return "" if entry.kind in _OUR_OWN else _reporter(record)


def _reporter(record: Record | None) -> Mrkdwn:
    if record is None or (record.finding.source == "generic" and not record.finding.product):
        return Mrkdwn("reported by its source")
    return Mrkdwn(f"reported by {prose(parts.source_name(record.finding), 60)}")


def _detail(record: Record | None, entry: Entry) -> Mrkdwn | str:
    told = entry.details
    if entry.kind == Change.ASSIGNED:
        return Mrkdwn(f"to {user(told['to'])}") if told.get("to") else ""
    if entry.kind in (Change.SEVERITY_RAISED, Change.SEVERITY_LOWERED) and told.get("was"):
        return f"from {told['was']} to {told.get('severity', '')}".strip()
    if entry.kind == Change.RESOLVED and record and record.state is State.RESOLVED and record.resolved_at:
        return f"after {span(record.resolved_at - parts.began(record))}"
    if entry.kind == Change.ENDING:
        return date(ends, " at ") if (ends := until_of(entry)) else "soon"
    if entry.kind == Change.HIDDEN and told.get("lease"):
        return Mrkdwn(f"{_until(entry)} ({parts.lease_name(told['lease'])})".strip())
    return _until(entry)


def _until(entry: Entry) -> Mrkdwn | str:
    ends = until_of(entry)
    return Mrkdwn(f"until {date(ends)}") if ends else ""


def until_of(entry: Entry) -> datetime | None:
    """The end that an entry tells of; None when it tells of none."""
    try:
        when = datetime.fromisoformat(entry.details.get("until", ""))
    except ValueError:
        return None
    return when if when.tzinfo else None
