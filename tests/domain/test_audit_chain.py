"""The chain of the audit trail: what is in a line's hash, and that any change of any line shows."""

from __future__ import annotations

import random
from dataclasses import fields, replace
from datetime import timedelta
from typing import Any

import pytest
from domain_making import NOW

from bot.domain.audit import GENESIS, Flaw, Head, Line, Phase, chained, digest, verify


def line(i: int) -> Line:
    return Line(
        at=NOW + timedelta(minutes=i), phase=Phase.DONE, act=f"a{i}", actor="U0ANA", what="acknowledged", subject=f"F-{i}", number=i,
        request="q", details={"k": str(i)},
    )  # fmt: skip


CHAIN, END = chained(Head(), [line(i) for i in range(1, 21)])


def test_a_chain_holds_and_ends_where_it_was_made() -> None:
    assert verify(CHAIN) == (None, END)
    assert CHAIN[0].previous == GENESIS
    assert END.seq == 20


def test_a_chain_holds_in_pieces() -> None:
    _, middle = verify(CHAIN[:7])
    assert verify(CHAIN[7:], middle) == (None, END)


OTHER: dict[str, Any] = {
    "at": NOW, "phase": Phase.INTENT, "act": "b", "actor": "U0EVE", "what": "x", "subject": "F-99", "number": 99, "request": "r",
    "details": {"k": "v"}, "seq": 99, "previous": "1" * 64, "hash": "1" * 64,
}  # fmt: skip


@pytest.mark.parametrize("name", [f.name for f in fields(Line)])
def test_every_field_of_a_line_is_held(name: str) -> None:
    touched = [*CHAIN[:4], replace(CHAIN[4], **{name: OTHER[name]}), *CHAIN[5:]]
    flaw, _ = verify(touched)
    assert flaw is not None
    assert flaw.seq in (5, 99)


def test_a_thousand_tamperings_are_all_found() -> None:
    dice = random.Random(5)
    for _ in range(1000):
        lines = list(CHAIN)
        i = dice.randrange(len(lines) - 1)
        match dice.randrange(4):
            case 0:
                del lines[i]
            case 1:
                lines[i], lines[i + 1] = lines[i + 1], lines[i]
            case 2:
                lines.insert(i, lines[dice.randrange(len(lines))])
            case _:
                forged = replace(lines[i], actor="U0EVE")
                lines[i] = replace(forged, hash=digest(forged))  # its own hash mended, as whoever knows the code would
        assert verify(lines)[0] is not None


def test_a_flaw_names_the_line() -> None:
    assert verify([*CHAIN[:2], *CHAIN[3:]])[0] == Flaw(3, "line 3 is missing")
