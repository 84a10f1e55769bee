"""The stand-in's memory of everything that crossed the line between it and the bot, in order.

Problem solved: a test asks what reached Slack and when, and how fast the bot answered. This module refuses to keep
secrets: bearer tokens and signatures are never given to it. It decides nothing.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from typing import Any

from sandbox.slack.state import Json

# A sandbox that runs for days must not grow without end: the older half goes.
MAX_ENTRIES = 100_000


@dataclass
class Call:
    """One Web API call (or a use of a response_url, or an upload).

    `at` is wall time in epoch seconds; `status` the HTTP status answered, None while unanswered; `error` Slack's
    error word;
    `applied` says whether the request took effect, which a caller whose connection was reset cannot know.
    """

    seq: int
    at: float
    method: str
    args: Json
    status: int | None = None
    error: str | None = None
    response: Json = field(default_factory=dict)
    fault: str | None = None
    applied: bool = False
    kind: str = "call"


@dataclass
class Sent:
    """One envelope to the bot (Socket Mode) or one POST (HTTP mode).

    `latency_s` runs from sending to the ack, by the stand-in's clock; `outcome` is pending, acked, late, unacked,
    failed or unreachable.
    """

    seq: int
    at: float
    type: str
    payload: Json
    envelope_id: str
    attempt: int = 0
    connection: int | None = None
    outcome: str = "pending"
    latency_s: float | None = None
    ack: Json | None = None
    reason: str | None = None
    kind: str = "envelope"


class History:
    """Calls and envelopes in one list; `changed` is called after each entry or change of an entry."""

    def __init__(self, changed: Callable[[], None]) -> None:
        self.entries: list[Call | Sent] = []
        self._seq = itertools.count(1)
        self._changed = changed

    def begin_call(self, at: float, method: str, args: Json) -> Call:
        call = Call(next(self._seq), at, method, args)
        self._keep(call)
        self._changed()
        return call

    def begin_envelope(self, at: float, kind: str, payload: Json, envelope_id: str, attempt: int) -> Sent:
        sent = Sent(next(self._seq), at, kind, payload, envelope_id, attempt)
        self._keep(sent)
        self._changed()
        return sent

    def _keep(self, entry: Call | Sent) -> None:
        self.entries.append(entry)
        if len(self.entries) > MAX_ENTRIES:
            del self.entries[: MAX_ENTRIES // 2]

    def updated(self) -> None:
        self._changed()

    def calls(self, method: str | None = None, *, ok: bool | None = None) -> list[Call]:
        """Calls in order, of one method if given; `ok=True` only those answered 200 without an error, `ok=False` the
        others."""
        found = [e for e in self.entries if isinstance(e, Call) and method in (None, e.method)]
        if ok is None:
            return found
        return [c for c in found if (c.status == 200 and c.error is None) is ok]

    def envelopes(self, kind: str | None = None) -> list[Sent]:
        """Envelopes in order, of one kind (slash_commands, interactive, events_api) if given."""
        return [e for e in self.entries if isinstance(e, Sent) and kind in (None, e.type)]

    def clear(self) -> None:
        self.entries.clear()

    def as_json(self) -> list[dict[str, Any]]:
        return [asdict(entry) for entry in self.entries]
