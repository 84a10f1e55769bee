"""One lease and how it stands: in force or not, why, whose, until when, who agreed, and what was done at the source.

It says what AWS refused and what could not be undone: a suppression that is only half in force must not look whole.
"""

from __future__ import annotations

from bot.domain.approval import Stage as Asking
from bot.domain.hiding_views import LeaseShown
from bot.domain.native import How, archived_ids, rules_of
from bot.domain.suppression import HIDING, UNDO, Lease, Stage, scope_told
from bot.plugins import Layout, Message
from renderers import parts
from renderers.actions import SUPPRESS_END, carries, encode
from renderers.blocks import WARNING, Block, actions, button, count, section
from renderers.engine import words
from renderers.hiding import Asked, covered, named, person, reason, renewal, votes, withdrawal
from renderers.mrkdwn import Mrkdwn, code, date, mentions, prose, sentence, unmarked, utc
from renderers.parts import lease_name

RULES = 5
_NATIVE = frozenset(How)


def render(view: LeaseShown) -> Message:
    """At most 7 blocks: what was just done, state, who has to agree, terms, the finding it began with, the source, the buttons."""
    said = [section(sentence(view.said))] if view.said.strip() else []
    about = [section(parts.short_row(view.about, view.now))] if view.about else []
    stands = [section(_stands(view)), *_waiting(view), section(_terms(view))]
    return Message(_text(view), (*said, *stands, *about, *_native(view.lease), *actions(_buttons(view))))


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
        renews=lease_name(lease.renews) if lease.renews else "",
    )


def _native(lease: Lease) -> list[Block]:
    """What was done at the source; nothing for a lease at whose source nothing was tried yet."""
    told = lease.native
    if told.get("how", "") not in _NATIVE:
        return []
    rules = rules_of(told)
    line = words(
        "lease_shown.native",
        icon=WARNING,
        how=told["how"],
        over=lease.stage is Stage.ENDED,
        sure=lease.stage in (Stage.ACTIVE, Stage.ENDED),
        rule=_rules(rules),
        many=len(rules) > 1,
        ids=count(sum(map(len, archived_ids(told).values())), "finding"),
        refused=prose(told.get("refused", ""), 300),
        left=prose(told.get("left", ""), 300),
        full=bool(told.get("full")),
    )
    return [section(line)]


def _rules(names: tuple[str, ...]) -> Mrkdwn:
    shown = ", ".join(code(name, 100) for name in names[:RULES])
    more = len(names) - RULES
    return Mrkdwn(f"{shown} and {more} more" if more > 0 else shown)


def _waiting(view: LeaseShown) -> list[Block]:
    """Who asked, why one person is not enough, how many more have to agree and until when; nothing once that is decided."""
    request = view.request
    if request is None or request.stage is not Asking.WAITING:
        return []
    line = words(
        "lease_shown.request",
        who=person(request.requester),
        because=prose(request.reason, 300),
        given=mentions(request.approvers),
        missing=request.missing if request.quorum > 1 else 0,
        expires=date(request.expires, " at "),
    )
    return [section(line)]


def _buttons(view: LeaseShown) -> list[Block]:
    """To agree or not, or to take back what one asked for; to end it and to prolong it."""
    return [*_deciding(view), *_ending(view)]


def _deciding(view: LeaseShown) -> list[Block]:
    request, lease = view.request, view.lease
    if request is None or request.stage is not Asking.WAITING:
        return []
    asked = Asked(
        request=request.id,
        digest=request.digest,
        number=lease.number,
        scope=scope_told(lease),
        until=lease.until,
        about=view.about,
    )
    if view.may_decide:
        return votes(asked)
    return withdrawal(asked) if view.may_withdraw else []


def _ending(view: LeaseShown) -> list[Block]:
    lease = view.lease
    if not view.may_end or not carries(lease.id) or not lease.id:
        return []
    label = "Undo" if view.now - lease.created < UNDO else "End now"
    return [
        button(label, encode(SUPPRESS_END, number=lease.number, extra=lease.id)),
        *renewal(lease.id, lease.number),
    ]


LAYOUT = Layout(name="lease_shown", view=LeaseShown, render=render)
