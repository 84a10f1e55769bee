"""How Slack reaches the door: Socket Mode connections, or HTTP behind a filter that lets through only what Slack signed."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from typing import Any

import aiohttp
import structlog
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.signature import Clock as SignatureClock
from slack_sdk.signature import SignatureVerifier

from bot.entrypoints.slack.door import SlackDoor
from bot.errors import Rejected, StoreUnavailable, TemporaryError
from bot.ports import Clock

log = structlog.get_logger()

MAX_BODY = 1024 * 1024
CONNECT_LIMIT_S = 30.0  # for all connections together; SIGTERM is not seen before
_TIMESTAMP = re.compile(r"^\d{10}$")
_SIGNATURE = re.compile(r"^v0=[0-9a-f]{64}$")


class SocketDoor:
    """Socket Mode: several connections, since Slack closes each from time to time."""

    def __init__(self, door: SlackDoor, app_token: str, connections: int = 2) -> None:
        self._door = door
        self._app_token = app_token
        self._wanted = connections
        self._handlers: list[AsyncSocketModeHandler] = []  # each has an HTTP session from its first moment on

    async def start(self) -> None:
        """Connect.

        Raises:
            Rejected: Slack refuses the app token.
            TemporaryError: Slack does not answer in time.
        """
        try:
            async with asyncio.timeout(CONNECT_LIMIT_S):
                for _ in range(self._wanted):
                    await self._connect()
        except SlackApiError as error:
            await self.stop()
            raise Rejected(f"Slack refused the app token: {error.response.get('error', '')}") from error
        except (aiohttp.ClientError, SlackClientError, OSError, TimeoutError) as error:
            await self.stop()
            raise TemporaryError(f"Slack could not be reached: {type(error).__name__}") from error

    async def _connect(self) -> None:
        handler = AsyncSocketModeHandler(self._door.app, self._app_token, web_client=self._door.app.client)
        self._handlers.append(handler)
        # Asked for here, since the SDK's own connect() tries again for ever, with a token that is refused too.
        handler.client.wss_uri = await handler.client.issue_new_wss_url()
        await handler.connect_async()  # type: ignore[no-untyped-call]

    async def connected(self) -> int:
        """How many connections stand."""
        return sum([bool(await h.client.is_connected()) for h in self._handlers])

    async def stop(self) -> None:
        for handler in self._handlers:
            await handler.close_async()  # type: ignore[no-untyped-call]
        await self._door.finish()


class HttpDoor:
    """HTTP mode: refuses anything that is not a fresh, signed, well-formed request of Slack's before Bolt sees it.

    Args:
        secrets: the signing secrets that hold now; two while one is rotated.
        first_time: the replay guard: True once a key.
    """

    PATH = "/slack/events"

    def __init__(
        self,
        door: SlackDoor,
        secrets: tuple[str, ...],
        first_time: Callable[[str], Awaitable[bool]],
        *,
        clock: Clock,
        host: str,
        port: int,
    ) -> None:
        self._door = door
        self._app = door.app
        self._verifiers = [SignatureVerifier(s, clock=_SignatureClock(clock)) for s in secrets]
        self._first_time = first_time
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        addresses = self._runner.addresses if self._runner is not None else []
        return int(addresses[0][1]) if addresses else self._port

    async def start(self) -> None:
        app = web.Application(client_max_size=MAX_BODY)
        app.router.add_post(self.PATH, self.handle)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None
        await self._door.finish()

    async def handle(self, request: web.Request) -> web.Response:
        """One request. 401 without a word for anything that is not Slack's."""
        body = await self._body(request)
        if body is None or not self._genuine(request, body):
            log.warning("request_refused", reason="not_genuine")
            return web.Response(status=401)
        try:
            if not await self._first_time(f"http:{request.headers['X-Slack-Signature']}"):
                log.warning("request_refused", reason="replayed")
                return web.Response(status=401)
        except StoreUnavailable:
            # Without the replay guard nothing may be done; Slack tells the user that secbot did not answer.
            return web.Response(status=503)
        headers: Any = {k: [v] for k, v in request.headers.items()}
        answer = await self._app.async_dispatch(AsyncBoltRequest(body=body, headers=headers))
        response = web.Response(status=answer.status, text=answer.body)
        for name, values in answer.headers.items():
            if name.casefold() not in ("content-length", "set-cookie"):
                response.headers[name] = values[0]
        return response

    async def _body(self, request: web.Request) -> str | None:
        if (request.content_length or 0) > MAX_BODY:
            return None
        try:
            return (await request.read()).decode("utf-8")
        except (UnicodeDecodeError, web.HTTPRequestEntityTooLarge):
            return None

    def _genuine(self, request: web.Request, body: str) -> bool:
        stamp = request.headers.get("X-Slack-Request-Timestamp", "")
        signature = request.headers.get("X-Slack-Signature", "")
        if not _TIMESTAMP.match(stamp) or not _SIGNATURE.match(signature):
            return False
        return any(v.is_valid(body=body, timestamp=stamp, signature=signature) for v in self._verifiers)


class _SignatureClock(SignatureClock):
    """slack_sdk's clock, from ours."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.now().timestamp()
