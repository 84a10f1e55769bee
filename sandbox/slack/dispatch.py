"""Delivery to the bot: the 3 seconds, the retries, and what the user is told when the bot is late.

Problem solved: an ack later than 3 s is an error for the user although the handler goes on; events that are not acked
come again. This module refuses to build payloads; see `payloads`.
"""

from __future__ import annotations

import asyncio
import functools
import uuid
from dataclasses import dataclass, field
from typing import Any, Literal

from sandbox.slack.history import Sent
from sandbox.slack.state import Json
from sandbox.slack.transport import EnvelopeType, Outgoing, Transport, Unreachable
from sandbox.slack.world import World

# From: https://docs.slack.dev/interactivity/handling-user-interaction
ACK_LIMIT_S = 3.0
# From: https://docs.slack.dev/apis/events-api (three retries: at once, after a minute, after five)
RETRY_DELAYS_S = (0.0, 60.0, 300.0)


@dataclass(frozen=True)
class Delivery:
    """How one delivery ended: `late` means no ack within 3 s, `unreachable` no connection or an error answer."""

    outcome: Literal["acked", "late", "unreachable"]
    payload: Json = field(default_factory=dict)
    reason: str | None = None
    no_retry: bool = False

    @property
    def ok(self) -> bool:
        return self.outcome == "acked"


class Dispatcher:
    """Hands payloads to the transport the workspace uses now."""

    def __init__(self, world: World, sockets: Transport, poster: Transport) -> None:
        self._world = world
        self._sockets = sockets
        self._poster = poster

    async def ask(self, kind: EnvelopeType, payload: Json) -> Delivery:
        """Deliver once and wait for the ack: commands and interactions are never retried."""
        return await self._deliver(self._outgoing(kind, payload))

    def tell(self, payload: Json) -> asyncio.Task[None]:
        """Deliver an event in the background, with Slack's retries."""
        return self._world.tasks.spawn(self._with_retries(payload), "event")

    def _outgoing(self, kind: EnvelopeType, payload: Json, attempt: int = 0, reason: str | None = None) -> Outgoing:
        return Outgoing(
            kind, payload, str(uuid.UUID(int=self._world.dice.getrandbits(128), version=4)), attempt, reason
        )

    async def _with_retries(self, payload: Json) -> None:
        delivery = await self._deliver(self._outgoing("events_api", payload))
        for attempt, delay in enumerate(RETRY_DELAYS_S, 1):
            if delivery.ok or delivery.no_retry:
                return
            await self._world.clock.sleep(delay)
            delivery = await self._deliver(self._outgoing("events_api", payload, attempt, delivery.reason))

    async def _deliver(self, out: Outgoing) -> Delivery:
        sent = self._world.history.begin_envelope(
            self._world.clock.now(), out.type, out.payload, out.envelope_id, out.attempt
        )
        started = self._world.clock.monotonic()
        transport = self._poster if self._world.workspace.http_url else self._sockets
        try:
            future, sent.connection = await transport.start(out)
        except Unreachable as error:
            return self._failed(sent, error)
        future.add_done_callback(functools.partial(self._settled, sent, started))
        if not await self._within(future, ACK_LIMIT_S):
            sent.outcome = "unacked"
            self._world.history.updated()
            return Delivery("late", reason="http_timeout")
        return self._result(sent, future)

    def _result(self, sent: Sent, future: asyncio.Future[Json]) -> Delivery:
        error = future.exception()
        if isinstance(error, Unreachable):
            return self._failed(sent, error)
        return Delivery("acked", future.result())

    def _failed(self, sent: Sent, error: Unreachable) -> Delivery:
        sent.outcome, sent.reason = "unreachable", error.reason
        self._world.history.updated()
        return Delivery("unreachable", reason=error.reason, no_retry=error.no_retry)

    def _settled(self, sent: Sent, started: float, future: asyncio.Future[Json]) -> None:
        """The ack came, in time or not: record how long it took."""
        if future.cancelled() or future.exception() is not None:
            return
        sent.latency_s = self._world.clock.monotonic() - started
        sent.ack = future.result()
        sent.outcome = "acked" if sent.outcome == "pending" else "late"
        self._world.history.updated()

    async def _within(self, future: asyncio.Future[Json], seconds: float) -> bool:
        timer = self._world.tasks.spawn(self._world.clock.sleep(seconds), "ack-timer")
        waits: list[asyncio.Future[Any]] = [future, timer]
        await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
        timer.cancel()
        return future.done()
