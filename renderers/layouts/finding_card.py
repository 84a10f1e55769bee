"""The live card of one finding: what it is, where, whose, why it matters, what can be done.

It is re-rendered whole on every change. It decides nothing: severity, state and route are the record's.
"""

from __future__ import annotations

from bot.domain.views import FindingCard
from bot.plugins import Layout, Message
from renderers import parts
from renderers.blocks import Block, actions, context, fields, header, paragraph, section
from renderers.engine import words
from renderers.mrkdwn import mentions, plain

WHY_MAX = 300
FACTS = 3


def render(view: FindingCard) -> Message:
    """At most 8 blocks: header, state, fields, why, evidence, whom it is for, context, buttons."""
    record = view.record
    return Message(parts.fallback(record, parts.change_word(record)), (*_top(view), *_body(view), *_bottom(view)))


def _top(view: FindingCard) -> list[Block]:
    state = parts.state_line(view.record)
    return [header(parts.headline(view.record)), *([section(state)] if state else [])]


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
    return [*call, context(parts.footer(view.record)), *actions(parts.buttons(view.record))]


LAYOUT = Layout(name="finding_card", view=FindingCard, render=render)
