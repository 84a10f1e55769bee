"""One line for one entry of a finding's timeline: what happened, by whom. The thread and the detail view say it in the same words.

An entry of a kind that is not in the table is shown under its own name: a timeline has no holes.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from bot.domain.finding import Entry, Record, State
from bot.domain.lifecycle import Change
from renderers import parts
from renderers.blocks import span
from renderers.engine import words
from renderers.escalations import addresses
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
    Change.UNACKED: ("↩️", "Acknowledgement given back"),
    Change.REARMED: ("⏰", "Acknowledgement has ended"),
    Change.ESCALATED: ("📣", "Escalated"),
    Change.ASSIGNED: ("👤", "Assigned"),
    Change.ASKED: ("🙋", "Help wanted"),
    Change.HIDDEN: ("🔕", "Suppressed"),
    Change.REVEALED: ("🔔", "Shown again"),
    Change.PROLONGED: ("🔕", "Suppressed for longer"),
    Change.ENDING: ("⏰", "Its suppression ends"),
    Change.APPROVAL_ASKED: ("✋", "Approval wanted"),
    Change.APPROVAL_GIVEN: ("👍", "Suppression approved"),
    Change.APPROVAL_DENIED: ("👎", "Suppression denied"),
    Change.DUPLICATE: ("➖", "Reported again"),
    Change.STALE: ("➖", "Late report left aside"),
}

_OUR_OWN = frozenset({
    Change.REARMED, Change.ESCALATED, Change.HIDDEN, Change.REVEALED, Change.PROLONGED, Change.ENDING, Change.APPROVAL_ASKED,
    Change.APPROVAL_GIVEN, Change.APPROVAL_DENIED,
})  # fmt: skip
"""What no source reports: without a person, secbot did it by itself."""


def change_name(entry: Entry) -> str:
    """What happened, in two or three words, still to be escaped."""
    return _KINDS.get(entry.kind, ("•", entry.kind.replace("_", " ").capitalize()))[1]


def known_change(kind: str) -> tuple[str, str] | None:
    """(icon, what happened) of a kind in the table; None for one that is not."""
    return _KINDS.get(kind)


def change_line(record: Record | None, entry: Entry) -> Mrkdwn:
    """`👀 *Acknowledged* by <@U1> until … · note`; without a person, the source is the one who did it.

    `record` is the finding as it is now; None when it is not known any more.
    """
    if entry.kind == Change.ASKED:
        return words("changes.asked", icon=_KINDS[entry.kind][0], who=user(entry.actor), what=_wanted(entry))
    if entry.kind in _OWN_WORDS:
        return _OWN_WORDS[entry.kind](entry)
    icon = _KINDS.get(entry.kind, ("•", ""))[0]
    return words(
        "changes.line",
        icon=icon,
        what=prose(change_name(entry), 60) or "Changed",
        detail=_detail(record, entry),
        who=_who(record, entry),
        stopped=bool(entry.details.get("stopped")),
        note=prose(entry.note, 200),
    )


def _escalated(entry: Entry) -> Mrkdwn:
    """Which level was told, and whom; the last path says that nobody has answered."""
    told = entry.details
    return words(
        "changes.escalated",
        icon=_KINDS[entry.kind][0],
        last=bool(told.get("last")),
        policy=code(told["policy"], 60) if told.get("policy") else "",
        level=prose(told.get("level", ""), 10),
        levels=prose(told.get("levels", ""), 10),
        addresses=addresses(told.get("addresses", "").split(", "), calls=False),
        late=bool(told.get("late")),
        who=user(entry.actor) if entry.actor else "",
        note=prose(entry.note, 200),
    )


def _open_again(entry: Entry) -> Mrkdwn:
    """An acknowledgement was given back, or has ended."""
    was = entry.details.get("was", "")
    return words(
        f"changes.{entry.kind}",
        icon=_KINDS[entry.kind][0],
        who=user(entry.actor) if entry.actor else "secbot",
        was=user(was) if was else "",
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


_OWN_WORDS: dict[str, Callable[[Entry], Mrkdwn]] = {
    Change.ESCALATED: _escalated,
    Change.UNACKED: _open_again,
    Change.REARMED: _open_again,
    Change.APPROVAL_ASKED: _approval_asked,
}
"""Changes whose line is built otherwise than all others."""


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
    if entry.kind in (Change.HIDDEN, Change.PROLONGED) and told.get("lease"):
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
