"""One lease and how it stands: in force or not, why, whose, until when, who agreed, and what was done at the source.

It says what AWS refused and what could not be undone: a suppression that is only half in force must not look whole.
"""

from __future__ import annotations

from bot.domain.hiding_views import LeaseShown
from bot.domain.native import How
from bot.domain.suppression import HIDING, UNDO, Lease, Stage
from bot.plugins import Layout, Message
from renderers import parts
from renderers.actions import SUPPRESS_END, carries, encode
from renderers.blocks import WARNING, Block, actions, button, count, section
from renderers.engine import words
from renderers.hiding import covered, named, person, reason
from renderers.mrkdwn import Mrkdwn, code, date, mentions, prose, sentence, unmarked, utc

_NATIVE = frozenset(How)


def render(view: LeaseShown) -> Message:
    """At most 5 blocks: what was just done, state and terms, the finding it began with, the source, the button."""
    said = [section(sentence(view.said))] if view.said.strip() else []
    about = [section(parts.short_row(view.about, view.now))] if view.about else []
    blocks = [*said, section(_stands(view)), section(_terms(view)), *about, *_native(view.lease)]
    return Message(_text(view), (*blocks, *actions(_button(view))))


def _text(view: LeaseShown) -> Mrkdwn:
    lease = view.lease
    return words(
        "lease_shown.text",
        name=prose(lease.short, 20),
        said=unmarked(view.said, 120),
        stage=str(lease.stage),
        until=utc(lease.until) if lease.stage in HIDING else "",
    )


def _stands(view: LeaseShown) -> Mrkdwn:
    lease = view.lease
    return words(
        f"lease_shown.{lease.stage}",
        name=named(lease),
        until=date(lease.until, " at "),
        ended=date(lease.ended_at, " at ") if lease.ended_at else "",
        who=person(lease.ended_by) if lease.ended_by or lease.stage is not Stage.REFUSED else "nobody decided in time,",
        hidden=count(view.hidden, "finding") if view.hidden > 0 else "",
    )


def _terms(view: LeaseShown) -> Mrkdwn:
    lease = view.lease
    return words(
        "lease_shown.terms",
        scope=covered(lease),
        reason=reason(lease),
        owner=person(lease.owner),
        author=person(lease.author) if lease.author != lease.owner else "",
        approvers=mentions(lease.approvers),
    )


def _native(lease: Lease) -> list[Block]:
    """What was done at the source; nothing for a lease at whose source nothing was tried yet."""
    told = lease.native
    if told.get("how", "") not in _NATIVE:
        return []
    line = words(
        "lease_shown.native",
        icon=WARNING,
        how=told["how"],
        over=lease.stage is Stage.ENDED,
        sure=lease.stage in (Stage.ACTIVE, Stage.ENDED),
        rule=code(told.get("rule", ""), 100) if told.get("rule") else "",
        ids=count(len([i for i in told.get("ids", "").split(",") if i]), "finding"),
        refused=prose(told.get("refused", ""), 300),
        left=prose(told.get("left", ""), 300),
    )
    return [section(line)]


def _button(view: LeaseShown) -> list[Block]:
    lease = view.lease
    if not view.may_end or not carries(lease.id) or not lease.id:
        return []
    label = "Undo" if view.now - lease.created < UNDO else "End now"
    return [button(label, encode(SUPPRESS_END, number=lease.number, extra=lease.id))]


LAYOUT = Layout(name="lease_shown", view=LeaseShown, render=render)
