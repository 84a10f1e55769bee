"""The Slack door: Bolt listeners that acknowledge first, and a filter in front of HTTP mode.

A listener does three things: ack, ask the desk (which authorises), show the answer. It never lets an exception out: Bolt loses the ack
of a listener that raises right after it. Every listener is in one table and names what guards it; a test fails when one does not.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any

import aiohttp
import structlog
from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_bolt.request.async_request import AsyncBoltRequest
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.signature import Clock as SignatureClock
from slack_sdk.signature import SignatureVerifier
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.message import Message, Modal, Pressed
from bot.domain.views import Trouble, View
from bot.errors import Malformed, Rejected, SecbotError, StoreUnavailable, TemporaryError
from bot.ports import Clock, Messenger, Metrics
from bot.services.desk import Answer, Desk, Request

log = structlog.get_logger()

Render = Callable[[View], Message | Modal]
Decode = Callable[[str, str], Pressed]
"""(action id, value) -> what was pressed; raises Malformed. renderers.actions, handed in."""

MAX_BODY = 1024 * 1024
FINISH_LIMIT_S = 15.0  # a call of Slack's Web API may take 10
CONNECT_LIMIT_S = 30.0  # for all connections together; SIGTERM is not seen before
_TIMESTAMP = re.compile(r"^\d{10}$")
_SIGNATURE = re.compile(r"^v0=[0-9a-f]{64}$")
_NO_WORK = frozenset({"console", "console.guide"})  # link buttons: Slack tells us of the click, there is nothing to do


@dataclass(frozen=True, slots=True)
class Listener:
    """One listener and what guards it: every handler asks the desk, whose first act is `authorize`."""

    kind: str
    matcher: str | re.Pattern[str]
    handler: Callable[..., Awaitable[None]]
    guard: str


class _Surface:
    """Modals of one request: opened at once, since its trigger lives three seconds."""

    def __init__(self, messenger: Messenger, render: Render, trigger: str) -> None:
        self._messenger = messenger
        self._render = render
        self._trigger = trigger
        self._view_id = ""

    async def open(self, view: View) -> bool:
        modal = self._render(view)
        if not self._trigger or not isinstance(modal, Modal):
            return False
        try:
            self._view_id = await self._messenger.open_modal(self._trigger, modal)
        except SecbotError as error:
            log.info("modal_not_opened", reason=error.reason, error=error.message)
            return False
        return True

    async def fill(self, view: View) -> None:
        modal = self._render(view)
        if self._view_id and isinstance(modal, Modal):
            await self._messenger.update_modal(self._view_id, modal)


class SlackDoor:
    """Bolt's app and its listeners."""

    def __init__(
        self,
        *,
        client: AsyncWebClient,
        desk: Desk,
        render: Render,
        decode: Decode,
        messenger: Messenger,
        clock: Clock,
        metrics: Metrics,
        command: str = "/sec",
    ) -> None:
        self._desk = desk
        self._render = render
        self._decode = decode
        self._messenger = messenger
        self._clock = clock
        self._metrics = metrics
        self._in_hand: set[asyncio.Task[Any]] = set()
        # HTTP requests are verified by HttpDoor, with every valid secret, before Bolt sees them; Socket Mode needs none.
        self.app = AsyncApp(client=client, request_verification_enabled=False)
        self.listeners = (
            Listener("command", command, self._on_command, "desk"),
            Listener("action", re.compile(r"^.+$", re.DOTALL), self._on_action, "desk"),
        )
        for listener in self.listeners:
            getattr(self.app, listener.kind)(listener.matcher)(listener.handler)

    async def finish(self) -> None:
        """Wait for the requests in hand, when no more come in: their answers still go out and the store is still open."""
        if self._in_hand:
            await asyncio.wait(set(self._in_hand), timeout=FINISH_LIMIT_S)

    def _begin(self) -> None:
        """Keep the running listener's task until it ends."""
        if (task := asyncio.current_task()) is not None:
            self._in_hand.add(task)
            task.add_done_callback(self._in_hand.discard)

    async def _on_command(self, ack: Any, body: Mapping[str, Any], respond: Any) -> None:
        self._begin()
        await self._ack(ack)
        request = self._request(body, str(body.get("user_id", "")), str(body.get("channel_id", "")))
        answer = await self._desk.command(str(body.get("text", "")), request)
        await self._show(answer, respond, request)

    async def _on_action(self, ack: Any, body: Mapping[str, Any], respond: Any) -> None:
        self._begin()
        await self._ack(ack)
        user, channel = _id_of(body.get("user")), _id_of(body.get("channel"))
        request = self._request(body, user, channel)
        for action in body.get("actions", [])[:1]:
            answer = await self._pressed(action, body, request)
            if answer is not None:
                await self._show(answer, respond if body.get("response_url") else None, request)

    async def _ack(self, ack: Any) -> None:
        started = self._clock.monotonic()
        await ack()
        self._metrics.observe("ack_seconds", self._clock.monotonic() - started)

    def _request(self, body: Mapping[str, Any], user: str, channel: str) -> Request:
        surface = _Surface(self._messenger, self._render, str(body.get("trigger_id", "")))
        return Request(user, channel, surface)

    async def _pressed(self, action: Mapping[str, Any], body: Mapping[str, Any], request: Request) -> Answer | None:
        try:
            pressed = self._decode(str(action.get("action_id", "")), _value_of(action))
        except Malformed:
            log.warning("button_not_understood", user=request.user)
            return Answer(Trouble(messages=("That button is damaged or not ours. Nothing was changed.",)))
        if pressed.name in _NO_WORK:
            return None
        own = bool(_mapping(body.get("container")).get("is_ephemeral"))
        return await self._desk.press(pressed, request, replace_message=own)

    async def _show(self, answer: Answer, respond: Any, request: Request) -> None:
        """Show the answer; what fails here is logged, for there is nobody left to tell."""
        if answer.view is None:
            return
        try:
            message = self._render(answer.view)
            if not isinstance(message, Message):
                return
            if respond is None:
                await self._messenger.post_private(request.channel or request.user, request.user, message)
                return
            await respond(
                text=message.text,
                blocks=list(message.blocks),
                response_type="in_channel" if answer.public else "ephemeral",
                replace_original=answer.replace,
                unfurl_links=False,
                unfurl_media=False,
            )
        except Exception as error:
            self._metrics.count("failures", where="answer")
            log.exception("answer_not_shown", error=type(error).__name__)


def _id_of(value: object) -> str:
    return str(_mapping(value).get("id", ""))


def _mapping(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _value_of(action: Mapping[str, Any]) -> str:
    selected = _mapping(action.get("selected_option"))
    return str(selected.get("value", "")) if selected else str(action.get("value") or "")


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
