"""Socket Mode: tickets, connections, envelopes, acks, disconnects.

Problem solved: the bot's Socket Mode client connects here as it would to Slack; each envelope goes to one connection
only. This module refuses to time acks or to retry; see `dispatch`.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
import secrets
from dataclasses import dataclass, field

from aiohttp import WSMessage, WSMsgType, web

from sandbox.slack.state import Json
from sandbox.slack.transport import Outgoing, Unreachable
from sandbox.slack.webapi_core import Args
from sandbox.slack.world import World

# From: https://docs.slack.dev/apis/events-api/using-socket-mode
MAX_CONNECTIONS = 10
CONNECTION_TIME_S = 3600
WARNING_S = 10.0
_SEND_LIMIT_S = 5.0


@dataclass(eq=False)
class Connection:
    """One WebSocket of the bot, with the envelopes it has not acked."""

    number: int
    socket: web.WebSocketResponse
    request: web.Request
    pending: dict[str, asyncio.Future[Json]] = field(default_factory=dict)


class SocketHub:
    """All Socket Mode connections of the app."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._tickets: set[str] = set()
        self._numbers = 0
        self.connections: list[Connection] = []

    def open_ticket(self, world: World, _args: Args) -> Json:
        """apps.connections.open"""
        ticket = secrets.token_urlsafe(18)
        self._tickets.add(ticket)
        return {"url": f"{world.base_url.replace('http', 'ws', 1)}/_socket/{ticket}?app_id={world.workspace.app_id}"}

    async def serve(self, request: web.Request) -> web.StreamResponse:
        """The bot's end of a connection, until it closes. An unknown ticket is refused with 403, an outage with 503."""
        ticket = request.match_info["ticket"]
        if self._world.faults.outage:
            return web.Response(status=503)
        if ticket not in self._tickets:
            return web.Response(status=403, text="invalid ticket")
        socket = web.WebSocketResponse(autoping=False)
        await socket.prepare(request)
        self._tickets.discard(ticket)
        if len(self.connections) >= MAX_CONNECTIONS:
            await self._send_disconnect(socket, "too_many_websockets")
            await socket.close()
            return socket
        await self._run(socket, request)
        return socket

    async def _run(self, socket: web.WebSocketResponse, request: web.Request) -> None:
        self._numbers += 1
        connection = Connection(self._numbers, socket, request)
        self.connections.append(connection)
        try:
            await socket.send_json(self._hello())
            self._tell_status()
            async for message in socket:
                await self._received(connection, message)
        except ConnectionError:
            return  # the bot vanished while we wrote to it
        finally:
            self._gone(connection)

    def _hello(self) -> Json:
        debug = {"host": "sandbox", "build_number": 1, "approximate_connection_time": CONNECTION_TIME_S}
        info = {"app_id": self._world.workspace.app_id}
        return {"type": "hello", "num_connections": len(self.connections), "debug_info": debug, "connection_info": info}

    async def _received(self, connection: Connection, message: WSMessage) -> None:
        if self._world.faults.frozen_sockets:
            return  # half-open: what comes in is lost and nothing goes out
        if message.type == WSMsgType.PING:
            await connection.socket.pong(message.data)
        elif message.type == WSMsgType.TEXT:
            self._acked(connection, message.data)

    def _acked(self, connection: Connection, text: str) -> None:
        try:
            ack = json.loads(text)
        except ValueError:
            return  # Slack ignores what is no JSON
        future = connection.pending.pop(ack.get("envelope_id", ""), None) if isinstance(ack, dict) else None
        if future is not None and not future.done():
            future.set_result(ack.get("payload") or {})

    def _gone(self, connection: Connection) -> None:
        self.connections.remove(connection)
        for future in connection.pending.values():
            if not future.done():
                future.set_exception(Unreachable("connection_failed"))
                future.exception()  # looked at, so that an unawaited one causes no warning
        self._tell_status()

    def _tell_status(self) -> None:
        count = len(self.connections)
        self._world.live.push_everyone(self._world.status_frame(count > 0, count))

    async def start(self, out: Outgoing) -> tuple[asyncio.Future[Json], int | None]:
        """Send an envelope to one connection, by chance as Slack does. Raises Unreachable when there is none."""
        if not self.connections:
            raise Unreachable("connection_failed")
        connection = self._world.dice.choice(self.connections)
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        connection.pending[out.envelope_id] = future
        if not self._world.faults.frozen_sockets:
            await self._send(connection, out)
        return future, connection.number

    async def _send(self, connection: Connection, out: Outgoing) -> None:
        try:
            async with asyncio.timeout(_SEND_LIMIT_S):
                await connection.socket.send_json(_envelope(out))
        except (ConnectionError, TimeoutError):
            connection.pending.pop(out.envelope_id, None)
            raise Unreachable("connection_failed") from None

    async def refresh(self, reason: str = "refresh_requested") -> None:
        """Ask each connection to renew: a warning, then 10 s later the reason and the close."""
        connections = list(self.connections)
        for connection in connections:
            await self._send_disconnect(connection.socket, "warning")
        await self._world.clock.sleep(WARNING_S)
        for connection in connections:
            if connection in self.connections:
                await self._send_disconnect(connection.socket, reason)
                await connection.socket.close()

    async def _send_disconnect(self, socket: web.WebSocketResponse, reason: str) -> None:
        with contextlib.suppress(ConnectionError):
            await socket.send_json({"type": "disconnect", "reason": reason, "debug_info": {"host": "sandbox"}})

    def drop(self) -> int:
        """Cut every connection without a word; how many there were."""
        connections = list(self.connections)
        for connection in connections:
            if connection.request.transport is not None:
                connection.request.transport.abort()
        return len(connections)

    async def close(self) -> None:
        for connection in list(self.connections):
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await connection.socket.close(code=1001)


def _envelope(out: Outgoing) -> Json:
    answers = out.type != "events_api"
    head: Json = {
        "envelope_id": out.envelope_id,
        "type": out.type,
        "accepts_response_payload": answers,
        "payload": out.payload,
    }
    if out.type == "events_api":
        head |= {"retry_attempt": out.attempt, "retry_reason": out.reason or ""}
    return head
