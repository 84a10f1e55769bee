"""The two ways a payload can reach the bot, as one small interface.

Problem solved: the dispatcher times acks and retries events without knowing whether Socket Mode or HTTP carries them.
This module refuses to contain either.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Literal, Protocol, TypeAlias

from sandbox.slack.state import Json

EnvelopeType: TypeAlias = Literal["slash_commands", "interactive", "events_api"]


@dataclass(frozen=True)
class Outgoing:
    """One delivery. `attempt` 0 is the first; `reason` says why it is repeated."""

    type: EnvelopeType
    payload: Json
    envelope_id: str
    attempt: int = 0
    reason: str | None = None


class Unreachable(Exception):
    """The payload did not reach the bot, or it answered with an error; `reason` as in X-Slack-Retry-Reason."""

    def __init__(self, reason: str, *, no_retry: bool = False) -> None:
        super().__init__(reason)
        self.reason = reason
        self.no_retry = no_retry


class Transport(Protocol):
    """Starts a delivery; the future ends with the ack's payload ({} when empty) or with Unreachable."""

    async def start(self, out: Outgoing) -> tuple[asyncio.Future[Json], int | None]: ...
