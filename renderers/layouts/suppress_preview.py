"""What a suppression would do, counted, before it is done; and the press that does it, or asks another person.

Nothing is left to be guessed: what it hides now and would have hidden, how broad it is, the very API calls, and why it may not be or why
one person is not enough. A suppression that may not be has no button.
"""

from __future__ import annotations

from bot.domain.hiding_views import SuppressPreview
from bot.domain.native import How
from bot.plugins import Layout, Message
from renderers import parts
from renderers.actions import SUPPRESS_GO, carries, encode
from renderers.blocks import (
    BAD,
    GOOD,
    WARNING,
    Block,
    actions,
    button,
    count,
    divider,
    section,
    sections,
    tally,
    total_of,
)
from renderers.engine import words
from renderers.hiding import covered, person, reason
from renderers.mrkdwn import Mrkdwn, code_block, date, prose, sentence, utc
from renderers.parts import lease_name, lease_ref

ROWS = 10
ENVS = 6
REASONS = 8
MOST_CALLS = 2000  # characters


def render(view: SuppressPreview) -> Message:
    """At most 14 blocks: whether it changed, what, how many, the first of them, how broad, at the source, who must agree, the button."""
    blocks = [
        *_changed(view),
        section(_what(view)),
        divider(),
        *sections([_reach(view), *_rows(view)]),
        section(_broad(view)),
        divider(),
        *_effect(view),
        divider(),
        section(_verdict(view)),
        *actions(_button(view)),
    ]
    return Message(_text(view), tuple(blocks))


def _text(view: SuppressPreview) -> Mrkdwn:
    return words(
        "suppress_preview.text",
        allowed=view.verdict.allowed,
        findings=_findings(view),
        ref=view.about.ref,
        until=utc(view.lease.until),
        renews=prose(lease_ref(view.lease.renews), 20) if view.lease.renews else "",
    )


def _findings(view: SuppressPreview) -> str:
    """`3 findings`; `12,001+ findings` when they were not counted to their end."""
    return f"{total_of(view.reach.by_severity)} {'finding' if view.reach.total == 1 else 'findings'}"


def _changed(view: SuppressPreview) -> list[Block]:
    return [section(words("suppress_preview.changed", icon=WARNING))] if view.changed else []


def _what(view: SuppressPreview) -> Mrkdwn:
    renewed = view.lease.renews
    return words(
        "suppress_preview.what",
        renews=lease_name(renewed) if renewed else "",
        ref=view.about.ref,
        scope=covered(view.lease),
        until=date(view.lease.until, " at "),
        owner=person(view.lease.owner),
        reason=reason(view.lease),
    )


def _reach(view: SuppressPreview) -> Mrkdwn:
    """By severity and environment, now; and how many were there in 90 days."""
    return words(
        "suppress_preview.reach",
        renews=bool(view.lease.renews),
        counts=tally(view.reach.by_severity),
        envs=_envs(view),
        past=count(view.reach.in_90_days, "finding"),
        kept=_kept(view.reach.kept),
    )


def _kept(number: int) -> str:
    """What the scope holds and that stays in view whatever it says."""
    if number == 1:
        return "1 more is never hidden and stays in view"
    return f"{number:,} more are never hidden and stay in view" if number > 1 else ""


def _envs(view: SuppressPreview) -> Mrkdwn:
    most = sorted(view.reach.envs.items(), key=lambda env: (-env[1], env[0]))
    told = [f"{prose(env, 30) or 'no environment'} {number:,}" for env, number in most[:ENVS]]
    more = [f"{len(most) - ENVS} more environments"] if len(most) > ENVS else []
    return Mrkdwn(", ".join([*told, *more]))


def _rows(view: SuppressPreview) -> list[Mrkdwn]:
    shown = view.first[:ROWS]
    left_out = view.reach.total - len(shown)
    more = [words("suppress_preview.more", number=f"{left_out:,}")] if shown and left_out > 0 else []
    return [*(parts.short_row(record, view.now) for record in shown), *more]


def _broad(view: SuppressPreview) -> Mrkdwn:
    return words(
        "suppress_preview.broad",
        kind=str(view.lease.kind),
        accounts=count(view.reach.accounts, "account"),
        envs=count(len(view.reach.envs), "environment"),
    )


def _effect(view: SuppressPreview) -> list[Block]:
    """In words, and as the very calls; each is read back before the suppression counts as in force."""
    at_source = _at_source(view.effect.how, view.at_source) if view.at_source is not None else ""
    said = section(words("suppress_preview.effect", words=sentence(view.effect.words, 600), at_source=at_source))
    calls = "\n".join(f"{call.service}:{call.operation} {call.arguments}" for call in view.effect.calls)
    return [said, section(code_block(calls, MOST_CALLS))] if calls.strip() else [said]


def _at_source(how: How, number: int) -> str:
    """What the source itself says of it now, in the words of its own kind; it has findings that never reached secbot, too."""
    return _WOULD[how].format(f"{number:,}") if how in _WOULD else ""


_WOULD: dict[How, str] = {
    How.FINDING: "Its analyzer would archive {} of its own findings now",
    How.RULE: "Its analyzer would archive {} of its own findings now",
    How.HUB: "Security Hub would show {} of its own findings as suppressed now",
    How.GUARD: "GuardDuty would archive {} of its own findings now",
    How.EACH: "Their sources would archive or suppress {} of their own findings now",
}
"""OWN is not among them: nothing changes at the source."""


def _verdict(view: SuppressPreview) -> Mrkdwn:
    verdict = view.verdict
    if not verdict.allowed:
        lines = [Mrkdwn(f"{BAD} {sentence(why, 300)}") for why in verdict.refused[:REASONS]]
        return Mrkdwn("\n".join([words("suppress_preview.refused"), *lines]))
    if verdict.alone:
        return words("suppress_preview.alone", icon=GOOD)
    because = Mrkdwn("\n".join(f"• {sentence(why, 300)}" for why in verdict.approval[:REASONS]))
    return words("suppress_preview.approval", because=because)


def _button(view: SuppressPreview) -> list[Block]:
    extra = f"{view.lease.id}.{view.digest}"
    if not view.verdict.allowed or not carries(extra):
        return []
    label = _doing(view) if view.verdict.alone else "Ask for approval"
    ids = encode(SUPPRESS_GO, number=view.about.number, revision=view.about.revision, extra=extra)
    return [button(label, ids, danger=True)]


def _doing(view: SuppressPreview) -> str:
    if view.lease.renews:
        return "Renew"
    return f"Suppress {_findings(view)}" if view.reach.total else "Suppress from now on"


LAYOUT = Layout(name="suppress_preview", view=SuppressPreview, render=render)
