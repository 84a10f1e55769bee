"""Escalations, swaps, quiet hours and figures of our own making.

Problem solved: a test should say what matters to it and nothing else. It refuses to know how a store keeps them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.escalation import Escalation
from bot.domain.figures import Figure
from bot.domain.finding import Record, Severity
from bot.domain.oncall import Swap
from bot.ports import Store
from bot.ports.oncall import Quiet
from tests.contract.builders import START, record

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
"""Where the tests' clock stands in the beginning."""
SECOND, MINUTE, DAY = timedelta(seconds=1), timedelta(minutes=1), timedelta(days=1)
BEGINNING = datetime(1970, 1, 1, tzinfo=UTC)
END = datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)


def escalation(number: int = 1, generation: int = 1, **changes: Any) -> Escalation:
    base = Escalation(number=number, generation=generation, policy="prod-critical", started=NOW, due=NOW - MINUTE)
    return replace(base, **changes)


def swap(id: str = "s1", **changes: Any) -> Swap:
    base = Swap(
        id=id, rotation="primary", person="U0ANA", start=START, end=START + DAY, author="U0BENO", made=START - DAY
    )
    return replace(base, **changes)


def quiet(user: str = "U0ANA", **changes: Any) -> Quiet:
    return replace(Quiet(user=user, begin=22 * 60, end=7 * 60, zone="Europe/Berlin"), **changes)


def figure(number: int = 1, generation: int = 1, **changes: Any) -> Figure:
    base = Figure(number=number, generation=generation, env="prod", severity=Severity.HIGH, opened=START)
    return replace(base, **changes)


async def insert(store: Store, *records: Record) -> None:
    """Their numbers are 1, 2, 3 in the order of their keys."""
    async with store.begin() as tx:
        await tx.insert([(one, b"") for one in records])


async def findings(store: Store, count: int, **changes: Any) -> None:
    """Findings 1 to `count`."""
    await insert(store, *(record(f"k{i:05}", **changes) for i in range(count)))


async def start(store: Store, *escalations: Escalation) -> None:
    async with store.begin() as tx:
        await tx.start_escalations(escalations)


async def due(store: Store, limit: int = 99) -> Sequence[tuple[int, int]]:
    """Number and generation of what is due."""
    async with store.begin() as tx:
        found = await tx.due_escalations(limit=limit)
    assert all(record.number == one.number for record, one in found)
    return [(one.number, one.generation) for _, one in found]


async def newest(store: Store, number: int = 1) -> Escalation | None:
    async with store.reads() as reads:
        return await reads.escalation(number)
