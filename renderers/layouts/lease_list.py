"""Leases, the first to end first: what each covers, until when, whose it is, how many findings it hides. A row's button shows it whole."""

from __future__ import annotations

from bot.domain.finding import State
from bot.domain.hiding_views import LeaseList
from bot.domain.suppression import HIDING, Lease, Stage
from bot.plugins import Layout, Message
from renderers.blocks import STATE_ICON, Block, context, count, run_button, section
from renderers.engine import words
from renderers.hiding import covered, named, person, reason
from renderers.mrkdwn import code, date, prose

ROWS = 20
ICONS = {
    Stage.DRAFT: "▫️",
    Stage.WAITING: "⏳",
    Stage.ENDING: "⏳",
    Stage.ENDED: "🔔",
    Stage.REFUSED: "❌",
}


def render(view: LeaseList) -> Message:
    """At most 22 blocks: how many and of what scope, twenty leases, whether there are more."""
    scope = code(view.scope, 200) if view.scope.strip() else ""
    total = ("More than " if view.more else "") + count(len(view.leases), "suppression")
    head = words("lease_list.head", total=total if view.leases else "", scope=scope)
    text = words("lease_list.text", total=total if view.leases else "", scope=prose(view.scope, 60))
    return Message(text, (section(head), *(_row(lease, view) for lease in view.leases[:ROWS]), *_more(view)))


def _row(lease: Lease, view: LeaseList) -> Block:
    hidden = view.counts.get(lease.id, 0)
    line = words(
        "lease_list.row",
        icon=ICONS.get(lease.stage, STATE_ICON[State.SUPPRESSED]),
        name=named(lease),
        scope=covered(lease, 150),
        stage="" if lease.stage in HIDING else str(lease.stage),
        is_over=lease.stage in (Stage.ENDED, Stage.REFUSED),
        until=date(lease.ended_at or lease.until),
        owner=person(lease.owner),
        hides=count(hidden, "finding") if lease.stage in HIDING else "",
        reason=reason(lease, 120),
    )
    return section(line, *run_button("Show", f"leases {lease.short}"))


def _more(view: LeaseList) -> list[Block]:
    left_out = len(view.leases) - ROWS
    if left_out <= 0 and not view.more:
        return []
    return [context(words("lease_list.more", number=left_out if left_out > 0 else ""))]


LAYOUT = Layout(name="lease_list", view=LeaseList, render=render)
