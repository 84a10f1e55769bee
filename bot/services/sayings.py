"""What has to be said of a finding after a change: its first card, the edits of its copies, the lines in its threads.

One place for stream and people: keys that say each thing once, lanes that put what a person did before everything else. Pure; the outbox
keeps what is made here in the transaction of the change.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from bot.domain.finding import Entry, Record
from bot.domain.lifecycle import IN_THREAD, NOTHING_NEW, Outcome
from bot.ports import Saying, SayKind

LANE_OF_A_PERSON = 5  # what a person did is shown before anything else, whatever the severity


def sayings(before: Record | None, record: Record, outcomes: Sequence[Outcome]) -> list[Saying]:
    """What has to be said of a finding after these outcomes, in order.

    The first announcement in a channel is a card; a later one edits the card and is told in its thread and once in the channel. Every
    other change edits the card and, where worth it, adds a thread line.
    """
    said: list[Saying] = []
    shown = before.channel if before is not None else ""
    for outcome in outcomes:
        if outcome.change in NOTHING_NEW or outcome.record is None:
            continue
        step = record
        if outcome.record.revision != record.revision:  # one on the way to what the record is now
            step = replace(outcome.record, number=record.number, channel=record.channel)
        if outcome.announce and record.channel and shown != record.channel:
            if shown:
                said.append(edit(step, shown))
            said.append(_card(step))
            shown = record.channel
        elif shown:
            said.append(edit(step, shown))
            if outcome.announce or outcome.change in IN_THREAD:
                said.append(line(step, shown, outcome.entry, announce=outcome.announce))
    return said


def _card(record: Record) -> Saying:
    key = f"card:{record.number}:{record.channel}"
    return Saying(key, SayKind.CARD, record.number, record.channel, int(record.finding.severity))


def edit(record: Record, channel: str, *, lane: int | None = None) -> Saying:
    """The card in this channel shows what the store says now."""
    lane = int(record.finding.severity) if lane is None else lane
    return Saying(f"edit:{record.number}:{channel}", SayKind.EDIT, record.number, channel, lane)


def line(
    record: Record, channel: str, entry: Entry | None, *, announce: bool = False, lane: int | None = None
) -> Saying:
    """One line in the card's thread; an announcement is also shown in the channel, once per generation."""
    key = (
        f"announce:{record.number}:{channel}:{record.generation}"
        if announce
        else f"line:{record.number}:{channel}:{record.revision}"
    )
    details = (
        {"kind": str(entry.kind), "actor": entry.actor, "at": entry.at.isoformat(), **entry.details} if entry else {}
    )
    if entry is not None and entry.note:
        details["note"] = entry.note
    if announce:
        details["announce"] = "1"
    lane = int(record.finding.severity) if lane is None else lane
    return Saying(key, SayKind.THREAD, record.number, channel, lane, details)
