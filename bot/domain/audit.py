"""The audit trail: who did what to what, as a chain in which a changed, removed or inserted line shows.

Every change is told twice: an *intent* in the transaction that decides it, an *outcome* in the one that knows how it ended, both under one
act. Each line's hash covers the line and the hash before it, so that the trail cannot be mended in the middle without being rewritten to
its end; the head is also written to the log, which is kept elsewhere. Pure: it neither reads the clock nor the store.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum

GENESIS = "0" * 64
"""The hash before the first line."""


class Phase(StrEnum):
    """Where in an act a line belongs. `DONE` is both at once, for what is decided and done in one transaction."""

    INTENT = "intent"
    OUTCOME = "outcome"
    DONE = "done"


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One line of the trail. `seq` and `hash` are empty until it is chained.

    `act` pairs an intent with its outcome; `what` is a verb in snake case, `subject` what it was done to (`F-12`, a lease's id);
    `number` is the finding's when there is one. `actor` is a Slack user id, or empty for secbot itself. `request` is AWS's request id.
    """

    at: datetime
    phase: Phase
    act: str
    actor: str
    what: str
    subject: str
    number: int = 0
    request: str = ""
    details: Mapping[str, str] = field(default_factory=dict)
    seq: int = 0
    previous: str = ""
    hash: str = ""


@dataclass(frozen=True, slots=True)
class Head:
    """The end of the chain: the last line's number and hash."""

    seq: int = 0
    hash: str = GENESIS


@dataclass(frozen=True, slots=True)
class Flaw:
    """The first line at which the chain does not hold, and why."""

    seq: int
    why: str


def chained(head: Head, lines: Iterable[Line]) -> tuple[tuple[Line, ...], Head]:
    """The lines with their places in the chain, and its new end."""
    made: list[Line] = []
    for line in lines:
        placed = replace(line, seq=head.seq + 1, previous=head.hash, hash="")
        placed = replace(placed, hash=digest(placed))
        made.append(placed)
        head = Head(placed.seq, placed.hash)
    return tuple(made), head


def digest(line: Line) -> str:
    """64 hex digits over everything that a line says and the hash before it; stable over processes and Python versions."""
    said = [
        line.seq, line.previous, line.at.astimezone(UTC).isoformat(timespec="microseconds"), str(line.phase), line.act, line.actor,
        line.what, line.subject, line.number, line.request, sorted(line.details.items()),
    ]  # fmt: skip
    text = json.dumps(said, ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


def verify(lines: Iterable[Line], after: Head = Head()) -> tuple[Flaw | None, Head]:
    """The first flaw of a stretch of the chain that follows `after` (None: it holds), and the end that was reached.

    A chain that holds and is shorter than one remembers was cut at its end: compare the head with the one that was logged.
    """
    head = after
    for line in lines:
        if line.seq != head.seq + 1:
            return Flaw(head.seq + 1, f"line {head.seq + 1} is missing"), head
        if line.previous != head.hash:
            return Flaw(line.seq, f"line {line.seq} does not follow line {head.seq}"), head
        if digest(line) != line.hash:
            return Flaw(line.seq, f"line {line.seq} was changed"), head
        head = Head(line.seq, line.hash)
    return None, head
