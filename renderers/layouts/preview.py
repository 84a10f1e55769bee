"""A pasted link's finding, under the message: a small card, or next to nothing where its details may not be seen."""

from __future__ import annotations

from bot.domain.finding import Record, State
from bot.domain.views import Preview
from bot.plugins import Layout, Message
from renderers import parts
from renderers.actions import ACK, SHOW, encode
from renderers.blocks import STATE_ICON, Block, actions, button, context, section
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, prose


def render(view: Preview) -> Message:
    """At most 4 blocks: headline, state, fields in one line, buttons; one block when it is redacted."""
    record = view.record
    if view.redacted:
        line = _said("preview.redacted", record)
        return Message(_said("preview.redacted_text", record), (section(line),))
    state = parts.state_line(record)
    blocks = [section(_headline(record)), *([section(state)] if state else []), context(_fields(view))]
    return Message(parts.fallback(record, parts.change_word(record)), (*blocks, *actions(_buttons(record))))


def _said(fragment: str, record: Record) -> Mrkdwn:
    """Reference, severity and state: what is no secret."""
    icon, severity = parts.grade(record)
    return words(
        fragment,
        icon=icon,
        severity=severity,
        ref=record.ref,
        state_icon=STATE_ICON[record.state],
        state=str(record.state),
    )


def _headline(record: Record) -> Mrkdwn:
    icon, severity = parts.grade(record)
    title = prose(parts.short_title(record.finding), 150)
    return words("preview.headline", icon=icon, severity=severity, title=title)


def _fields(view: Preview) -> Mrkdwn:
    record = view.record
    return words(
        "preview.fields",
        ref=record.ref,
        account=parts.account(record),
        env=prose(record.account.env or "no environment", 30),
        resource=parts.resources(record.finding, 1) if record.finding.resources else "",
        region=parts.region(record.finding),
        source=parts.source(record.finding),
        state="" if parts.state_line(record) else parts.short_state(record, view.now),
    )


def _buttons(record: Record) -> list[Block]:
    ids = {name: encode(name, number=record.number, revision=record.revision) for name in (ACK, SHOW)}
    details = button("Details", ids[SHOW])
    return [button("Acknowledge", ids[ACK], primary=True), details] if record.state is State.OPEN else [details]


LAYOUT = Layout(name="preview", view=Preview, render=render)
