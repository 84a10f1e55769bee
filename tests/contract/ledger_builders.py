"""Leases, requests, drifts and lines of our own making, and random tampering with a chain.

Problem solved: a test should say what matters to it and nothing else. It refuses to know how a store keeps them.
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

from bot.domain.approval import Request
from bot.domain.audit import Head, Line, Phase, chained
from bot.domain.drift import Known
from bot.domain.suppression import Lease, ReasonClass, ScopeKind, Stage
from tests.contract.builders import START

DAY = timedelta(days=1)
HOSTILE = 'Zoë’s “bucket” 🪣 日本 \\ % _ * [a] \' " ; -- <@U0> \n\t {"a": 1}'
CUT = "nul \0 and half a pair \ud83d"
MENDED = "nul \ufffd and half a pair \ufffd"


def lease(id: str = "l1", **changes: Any) -> Lease:
    base = Lease(
        id=id,
        kind=ScopeKind.RESOURCE,
        number=7,
        query="account:111122223333 src:guardduty",
        why=ReasonClass.EXPECTED,
        reason="the scanner of the red team",
        ticket="SEC-1",
        owner="U0OWNER",
        author="U0ANA",
        created=START,
        until=START + DAY,
        stage=Stage.ACTIVE,
    )
    return replace(base, **changes)


def request(id: str = "r1", **changes: Any) -> Request:
    base = Request(
        id=id,
        kind="suppress",
        subject="l1",
        digest="0123456789abcdef",
        requester="U0ANA",
        quorum=2,
        created=START,
        expires=START + DAY,
    )
    return replace(base, **changes)


def known(key: str = "foreign:guardduty:eu-west-1:quiet", **changes: Any) -> Known:
    base = Known(key=key, digest="0123456789abcdef", first=START, told=START + DAY)
    return replace(base, **changes)


def line_of(at_s: float = 0, **changes: Any) -> Line:
    base = Line(
        at=START + timedelta(seconds=at_s),
        phase=Phase.DONE,
        act="ack:7:1",
        actor="U0ANA",
        what="ack",
        subject="F-7",
        number=7,
        details={"until": "tomorrow", "note": HOSTILE},
    )
    return replace(base, **changes)


TAMPERINGS = ("change", "delete", "swap", "insert", "cut")


def tampered(chain: Sequence[Line], kind: str, chance: random.Random) -> list[Line]:
    """The chain after one act of a person who does not know how to rehash it; its last line stands where it stood unless changed."""
    lines = list(chain)
    at = chance.randrange(len(lines) - 1)
    match kind:
        case "change":
            lines[at] = changed(lines[at], chance)
        case "delete":
            del lines[at]
        case "swap":
            lines[at], lines[at + 1] = lines[at + 1], lines[at]
            if chance.random() < 0.5:  # and their places mended
                lines[at], lines[at + 1] = (
                    replace(lines[at], seq=lines[at + 1].seq),
                    replace(lines[at + 1], seq=lines[at].seq),
                )
        case "insert":
            # the best that one can do without rehashing what follows: a line that itself is right
            (made,), _ = chained(Head(lines[at].seq, lines[at].hash), [line_of(act="forged")])
            lines.insert(at + 1, made)
        case "cut":
            del lines[at : chance.randrange(at + 1, len(lines))]
    return lines


def changed(line: Line, chance: random.Random) -> Line:
    """The line with one field that says something else."""
    name = chance.choice(sorted(set(Line.__dataclass_fields__)))
    other: dict[str, Any] = {
        "at": line.at + timedelta(microseconds=chance.choice((-1, 1))),
        "phase": chance.choice([phase for phase in Phase if phase is not line.phase]),
        "number": line.number + 1,
        "seq": line.seq + chance.choice((-1, 1)),
        "details": chance.choice(({}, {**line.details, "more": ""}, {**line.details, "until": "never"})),
        "hash": line.hash[::-1] if line.hash[::-1] != line.hash else "",
        "previous": "f" * 64,
    }
    return replace(line, **{name: other[name] if name in other else getattr(line, name) + chance.choice("aé ")})
