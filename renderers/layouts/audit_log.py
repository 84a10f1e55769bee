"""The audit trail, newest first: when, what and who on a line, how far it came, and below it the finding and what was said of it.

It shows what the lines say and does not check the chain that they make.
"""

from __future__ import annotations

from datetime import datetime

from bot.domain.audit import Line, Phase
from bot.domain.lifecycle import Change
from bot.domain.suppression import ReasonClass
from bot.domain.views import AuditLog, AuditRow
from bot.plugins import Layout, Message
from renderers import parts
from renderers.blocks import Block, context, count, offers, section, sections
from renderers.changes import known_change
from renderers.engine import words
from renderers.escalations import addresses
from renderers.hiding import WHYS, person
from renderers.mrkdwn import Mrkdwn, code, date, prose, user

ROWS = 40
MOST_SAID = 200  # characters of a reason, a note

# (icon, what is done) by a line's verb. Keep in sync with what services.suppress, leases, drift and oncall write; acts on a finding have
# the names of changes.py.
VERBS: dict[str, tuple[str, str]] = {
    "suppress": ("🔕", "Suppression"),
    "suppress_end": ("🔔", "End of suppression"),
    "suppress_request": ("✋", "Approval wanted for suppression"),
    "suppress_approve": ("👍", "Approval of suppression"),
    "suppress_denied": ("👎", "Denial of suppression"),
    "suppress_withdrawn": ("↩️", "Withdrawal of suppression"),
    "suppress_expired": ("⌛", "Approval not given in time for suppression"),
    "suppress_renew": ("🔁", "Renewal of suppression"),
    "oncall_swap": ("🔁", "On call taken over"),
    "drift_looked": ("🔎", "Drift looked for"),
    "drift_found": ("⚠️", "Drift found"),
}
_ASKS = frozenset({"suppress_request"})
"""Intents that begin nothing: another person decides."""
_COUNTED = ("found", "news", "looked", "blind")


def render(view: AuditLog) -> Message:
    """Scope, at most forty acts in a few sections, how many are left out, offers."""
    scope = code(view.scope, 300) if view.scope.strip() else ""
    acts = count(len(view.rows), "line")
    head = words("audit_log.head", scope=scope) if view.rows else words("audit_log.none", scope=scope)
    text = words("audit_log.text", acts=acts if view.rows else "", more=view.more, scope=prose(view.scope, 80))
    rows = sections(_line(row) for row in view.rows[:ROWS])
    return Message(text, (section(head), *rows, *_more(view), *offers((o.label, o.command) for o in view.offers)))


def _line(row: AuditRow) -> Mrkdwn:
    line = row.line
    icon, what = VERBS.get(line.what) or known_change(line.what) or ("•", line.what.replace("_", " ").capitalize())
    ref = f"F-{line.number}" if line.number else ""
    return words(
        "audit_log.line",
        when=date(line.at),
        icon=icon,
        what=prose(what, 60) or "Something",
        subject=code(line.subject, 60) if line.subject.strip() and line.subject != ref else "",
        detail=_detail(line),
        who=person(line.actor),
        stands=_stands(line),
        request=code(line.request, 80) if line.request.strip() else "",
        ref=code(ref) if ref else "",
        title=_title(row),
        said=_said(line),
    )


def _title(row: AuditRow) -> Mrkdwn:
    return prose(parts.short_title(row.record.finding), 90) if row.record else Mrkdwn("no longer known")


def _detail(line: Line) -> Mrkdwn | str:
    """To whom, to which level, or until when."""
    told = line.details
    if told.get("to"):
        return Mrkdwn(f"to {user(told['to'])}")
    if line.what == Change.ESCALATED and told.get("level"):
        return Mrkdwn(f"to level {prose(told['level'], 10)} · {addresses(told.get('addresses', '').split(', '))}")
    whom = f"for {user(told['person'])} " if told.get("person") else ""
    times = [f"{word} {date(at)}" for word in ("from", "until") if (at := _time(told.get(word, "")))]
    return Mrkdwn(whom + " ".join(times))


def _time(text: str) -> datetime | None:
    try:
        when = datetime.fromisoformat(text)
    except ValueError:
        return None
    return when if when.tzinfo else None


def _stands(line: Line) -> Mrkdwn | str:
    """How far it is: an intent has begun, an outcome says the stage that it reached and what was noted there."""
    if line.phase is Phase.DONE:
        return ""
    if line.phase is Phase.INTENT:
        return "" if line.what in _ASKS else "began"
    stage = prose(line.details.get("stage", "").replace(":", " "), 60)  # one with a colon would make an emoji with ours
    note = prose(line.details.get("note", ""), MOST_SAID)
    counted = [f"{name} {prose(line.details[name], 60)}" for name in _COUNTED if line.details.get(name, "").strip()]
    return Mrkdwn(": ".join(filter(None, [stage, " · ".join(filter(None, [note, ", ".join(counted)]))])))


def _said(line: Line) -> Mrkdwn:
    """Why, in the words that were given; what `_stands` says is not said twice."""
    told = line.details
    said = [WHYS[ReasonClass(why)] if (why := told.get("why", "")) in set(ReasonClass) else why, told.get("reason", "")]
    if line.phase is not Phase.OUTCOME:
        said.append(told.get("note", ""))
    shown = [prose(text, MOST_SAID) for text in said if text.strip()]
    ticket = [code(told["ticket"], 60)] if told.get("ticket", "").strip() else []
    return Mrkdwn(" · ".join([*shown, *ticket]))


def _more(view: AuditLog) -> list[Block]:
    if not view.more and len(view.rows) <= ROWS:
        return []
    left_out = len(view.rows) - ROWS
    return [context(words("audit_log.more", number=f"{left_out:,}" if left_out > 0 and not view.more else ""))]


LAYOUT = Layout(name="audit_log", view=AuditLog, render=render)
