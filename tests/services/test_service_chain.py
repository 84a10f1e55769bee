"""The audit trail as the use cases write it: each act is a line, and a trail that was touched does not hold."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.domain.audit import Phase
from bot.services.chain import check_chain
from bot.services.desk import Request
from tests.support.parts import Parts, a_finding

ANA = Request("U0ANA", "sec")


async def acted(parts: Parts) -> None:
    await parts.take(a_finding("k1"), a_finding("k2"))
    await parts.suite.triage.acknowledge(1, "U0ANA")
    await parts.suite.triage.assign(2, "U0BEN", "U0ANA", "yours")


async def test_every_act_is_a_line_with_its_person_and_finding(parts: Parts) -> None:
    await acted(parts)
    async with parts.store.reads() as reads:
        lines = await reads.chain(0, limit=10)
    assert [(line.what, line.actor, line.subject, line.phase) for line in lines] == [
        ("acknowledged", "U0ANA", "F-1", Phase.DONE),
        ("assigned", "U0ANA", "F-2", Phase.DONE),
    ]
    assert lines[1].details["note"] == "yours"
    checked = await check_chain(parts.store)
    assert checked.flaw is None
    assert checked.head.seq == 2


async def test_an_act_that_was_refused_is_no_line(parts: Parts) -> None:
    await acted(parts)
    assert await parts.desk.command("ack F-1", ANA)
    assert (await check_chain(parts.store)).head.seq == 2


@pytest.mark.parametrize("change", ["actor", "details", "cut", "gone"])
async def test_a_trail_that_was_touched_does_not_hold(parts: Parts, change: str) -> None:
    await acted(parts)
    await parts.suite.triage.acknowledge(2, "U0BEN")
    lines = parts.store._world.trail  # the database behind the port, as somebody with its password has it
    match change:
        case "actor":
            lines[0] = replace(lines[0], actor="U0EVE")
        case "details":
            lines[1] = replace(lines[1], details={"to": "U0EVE"})
        case "cut":
            del lines[-1]
        case _:
            del lines[1]
    assert (await check_chain(parts.store)).flaw is not None
