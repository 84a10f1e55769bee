"""Microseconds a card: the layout's whole rendering, beside building plain dicts of the same size and serialising them."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeVar

import orjson

from benchmarks.figures import Line
from benchmarks.payloads import START, messages
from benchmarks.setting import settings
from bot.adapters import wire
from bot.domain.envelope import Ignored
from bot.domain.lifecycle import decide_report
from bot.domain.message import Message
from bot.domain.reading import read
from bot.domain.views import FindingCard
from bot.parts import reader

T = TypeVar("T")
ROUNDS = 7


def line(count: int) -> Line:
    """Both take turns over `count` cards of every source."""
    parts = reader(settings({}))
    cards = _cards(count)
    drawn = [parts.renderer.render(card) for card in cards]
    plain = [{"text": m.text, "blocks": list(m.blocks)} for m in drawn if isinstance(m, Message)]
    ours: list[float] = []
    floor: list[float] = []
    for _ in range(ROUNDS):
        ours.append(_each(cards, lambda card: orjson.dumps(_blocks(parts.renderer.render(card)))))
        floor.append(_each(plain, lambda message: orjson.dumps(_built(message))))
    bare, middle = statistics.median(floor), statistics.median(ours)
    size = statistics.mean(len(orjson.dumps(p)) for p in plain)
    return Line(
        "a card", middle, "us", floor=bare, ratio=bare / middle, note=f"{size:,.0f} bytes of JSON, {count} cards"
    )


def _cards(count: int) -> list[FindingCard]:
    parts = reader(settings({}))
    made: list[FindingCard] = []
    for body in messages(count, seed=5):
        for envelope in wire.open_body(body, received=START):
            _, reading = read(parts.sources, envelope)
            for finding in () if isinstance(reading, Ignored) else reading:
                record = decide_report(None, finding, parts.directory.account(finding.account), START).record
                assert record is not None
                made.append(FindingCard(record=replace(record, number=len(made) + 1), now=START))
    return made


def _blocks(message: object) -> list[object]:
    assert isinstance(message, Message)
    return list(message.blocks)


def _built(value: Any) -> Any:
    """The same dicts and lists made anew, with no thought about what goes in."""
    if isinstance(value, dict):
        return {key: _built(inner) for key, inner in value.items()}
    return [_built(inner) for inner in value] if isinstance(value, list) else value


def _each(things: list[T], work: Callable[[T], object]) -> float:
    """Microseconds each."""
    started = time.perf_counter()
    for thing in things:
        work(thing)
    return (time.perf_counter() - started) / len(things) * 1e6
