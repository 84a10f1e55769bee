"""What a shift begins with, in its channel: who has it until when and from whom, and what they find there.

The rows are the first few; what a list can show has a button that asks for it. It counts nothing itself.
"""

from __future__ import annotations

from bot.domain.oncall_views import ShiftBrief
from bot.domain.suppression import Lease
from bot.plugins import Layout, Message
from renderers import parts
from renderers.actions import ONCALL_HAVE, carries, encode
from renderers.blocks import Block, actions, button, count, run_button, section, tally
from renderers.buttons import row_menu
from renderers.engine import words
from renderers.escalations import is_running, row_text
from renderers.hiding import covered, named
from renderers.mrkdwn import Mrkdwn, date, prose, user

# At most 12 blocks: whoever has just got up reads them on a phone.
ESCALATIONS = 5
ACKNOWLEDGED = 5
LEASES = 5
TAKEN = "findings state:acknowledged"
SOON = "leases expiring:<3d"  # keep in sync with suppression.NOTICE


def render(view: ShiftBrief) -> Message:
    """At most 11 blocks: the shift and what is open, who is waited for, what is acknowledged, approvals, leases, a button to take it."""
    blocks = [*_escalations(view), *_acknowledged(view), *_approvals(view), *_leases(view)]
    return Message(_text(view), (section(_head(view)), *blocks, *actions(_have(view))))


def _text(view: ShiftBrief) -> Mrkdwn:
    counts = tally(view.counts, icons=False) or "nothing"
    return words("shift_brief.text", rotation=prose(view.rotation, 40), counts=counts, is_waited=bool(view.escalations))


def _head(view: ShiftBrief) -> Mrkdwn:
    shift = view.shift
    return words(
        "shift_brief.head",
        rotation=prose(view.rotation, 60),
        who=user(shift.person),
        until=date(shift.end),
        before=user(view.before) if view.before else "",
        instead=user(shift.instead) if shift.instead not in ("", view.before) else "",
        counts=tally(view.counts),
    )


def _escalations(view: ShiftBrief) -> list[Block]:
    rows = view.escalations[:ESCALATIONS]
    if not rows:
        return []
    title = section(words("shift_brief.escalations"))
    return [title, *(section(row_text(row, view.now), row_menu(row.record, escalates=is_running(row))) for row in rows)]


def _acknowledged(view: ShiftBrief) -> list[Block]:
    """What somebody has and has not mended yet, in one block."""
    rows = view.acknowledged[:ACKNOWLEDGED]
    total = max(view.acknowledged_total, len(view.acknowledged))
    if not total:
        return []
    lines = [words("shift_brief.acknowledged", total=f"{total:,}"), *(parts.short_row(r, view.now) for r in rows)]
    return [section(Mrkdwn("\n".join(lines)), *run_button("List all", TAKEN))]


def _approvals(view: ShiftBrief) -> list[Block]:
    if view.approvals <= 0:
        return []
    asked = count(view.approvals, "request waits", "requests wait")
    return [section(words("shift_brief.approvals", asked=asked), *run_button("Look", "approve"))]


def _leases(view: ShiftBrief) -> list[Block]:
    if not view.leases:
        return []
    more = len(view.leases) - LEASES
    lines = [words("shift_brief.leases"), *(_lease(lease) for lease in view.leases[:LEASES])]
    rest = [words("shift_brief.more", number=more)] if more > 0 else []
    return [section(Mrkdwn("\n".join([*lines, *rest])), *run_button("List", SOON))]


def _lease(lease: Lease) -> Mrkdwn:
    return words("shift_brief.lease", name=named(lease), scope=covered(lease, 100), until=date(lease.until))


def _have(view: ShiftBrief) -> list[Block]:
    """`I have it`, with the rotation and the shift's start in epoch seconds; nothing when no button can carry the name."""
    extra = f"{view.rotation}.{int(view.shift.start.timestamp())}"
    return [button("I have it", encode(ONCALL_HAVE, extra=extra), primary=True)] if carries(extra) else []


LAYOUT = Layout(name="shift_brief", view=ShiftBrief, render=render)
