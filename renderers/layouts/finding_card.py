"""The live card of one finding: what it is, where, whose, why it matters, what can be done.

It is re-rendered whole on every change, and on no other occasion: what it says of an escalation it says with times, not with ages. It
decides nothing: severity, state and route are the record's. In direct messages it first says that its reader was called.
"""

from __future__ import annotations

from bot.domain.finding import State
from bot.domain.views import FindingCard
from bot.plugins import Layout, Message
from renderers import buttons, parts
from renderers.blocks import Block, actions, context, fields, header, paragraph, section
from renderers.engine import words
from renderers.escalations import is_running, reached, waiting
from renderers.mrkdwn import mentions, plain

WHY_MAX = 300
FACTS = 3


def render(view: FindingCard) -> Message:
    """At most 9 blocks: who was called, header, state, fields, why, evidence, whom it is for, context, buttons."""
    record = view.record
    what = "you are called" if _is_call(view) else parts.change_word(record)
    return Message(parts.fallback(record, what), (*_top(view), *_body(view), *_bottom(view)))


def _is_call(view: FindingCard) -> bool:
    """Whether it waits for its reader to answer."""
    return view.direct and view.record.state is State.OPEN


def _top(view: FindingCard) -> list[Block]:
    state = parts.state_line(view.record)
    called = [section(words("finding_card.called", level=reached(view.escalation)))] if _is_call(view) else []
    return [*called, header(parts.headline(view.record)), *([section(state)] if state else [])]


def _body(view: FindingCard) -> list[Block]:
    finding = view.record.finding
    blocks = [fields(parts.field_texts(view.record))]
    if why := plain(finding.description, WHY_MAX):
        blocks.append(paragraph(why))
    if facts := parts.evidence(finding, FACTS):
        blocks.append(section(facts))
    return blocks


def _bottom(view: FindingCard) -> list[Block]:
    told = mentions(view.mention)
    call = [section(words("finding_card.call", who=told))] if told else []
    waits = [due] if view.record.state is State.OPEN and (due := waiting(view.escalation)) else []
    return [*call, context(parts.footer(view.record), *waits), *actions(_buttons(view))]


def _buttons(view: FindingCard) -> list[Block]:
    if _is_call(view):
        return buttons.on_call(view.record, may_decline=view.escalation is None or is_running(view.escalation))
    return buttons.on_card(view.record, escalates=is_running(view.escalation))


LAYOUT = Layout(name="finding_card", view=FindingCard, render=render)
