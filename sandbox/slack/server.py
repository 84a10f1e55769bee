"""The Slack stand-in: one loopback port that is Slack for one app, and a browser page for people.

Problem solved: `make demo` and the tests run the real bot against something that behaves as Slack does, in limits,
errors and timing. This module refuses to listen anywhere but on a loopback address, and to keep anything on disk.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar
from urllib.parse import quote

from aiohttp import web
from aiohttp.typedefs import Handler

from sandbox.slack import response_urls, webapi_files
from sandbox.slack.actor import Actor
from sandbox.slack.acts import Acts
from sandbox.slack.answering import Answer, respond, text_answer
from sandbox.slack.clock import Clock, SystemClock
from sandbox.slack.dispatch import Dispatcher
from sandbox.slack.faults import Faults
from sandbox.slack.history import History
from sandbox.slack.httpmode import HttpPoster
from sandbox.slack.modals import Modals
from sandbox.slack.page_api import Control, ControlFn, PageApi
from sandbox.slack.socketmode import SocketHub
from sandbox.slack.state import Workspace
from sandbox.slack.webapi import WebApi
from sandbox.slack.webapi_core import Method
from sandbox.slack.world import World

T = TypeVar("T")
_STATIC = Path(__file__).parent / "static"
_MAX_BODY_BYTES = 50 * 1024 * 1024
_INLINE_TYPES = ("image/png", "image/jpeg", "image/gif", "image/webp", "image/svg+xml")
_HOSTS = ("127.0.0.1", "localhost", "[::1]")


class SlackServer:
    """A stand-in for one workspace. `port` 0 takes a free one; `limits=False` switches rate limits off.

    Raises ValueError when `host` is not a loopback address.
    """

    def __init__(
        self,
        workspace: Workspace,
        *,
        host: str = "127.0.0.1",
        port: int = 0,
        limits: bool = True,
        clock: Clock | None = None,
    ) -> None:
        if not ipaddress.ip_address(host).is_loopback:
            raise ValueError("the Slack stand-in listens on loopback only")
        self._host = host
        self._port = port
        self.world = World(workspace, clock or SystemClock(), limits=limits)
        self.sockets = SocketHub(self.world)
        self._poster = HttpPoster(self.world)
        self.dispatcher = Dispatcher(self.world, self.sockets, self._poster)
        self.acts = Acts(self.world, self.dispatcher)
        self.modals = Modals(self.world, self.acts)
        self.controls: dict[str, Control] = {}
        self._page = PageApi(self.world, self.acts, self.modals, self.sockets, self.controls)
        self._runner: web.AppRunner | None = None

    # what tests and the demo use

    @property
    def workspace(self) -> Workspace:
        return self.world.workspace

    @property
    def history(self) -> History:
        return self.world.history

    @property
    def faults(self) -> Faults:
        return self.world.faults

    @property
    def api_url(self) -> str:
        """The value for SLACK_API_URL."""
        return f"{self.world.base_url}/api/"

    @property
    def page_url(self) -> str:
        return f"{self.world.base_url}/"

    def register_control(
        self,
        name: str,
        label: str,
        help: str,
        fn: ControlFn,
        group: str = "",
        *,
        danger: bool = False,
    ) -> None:
        """Show a control on the page; `fn(**args)` is awaited and its text shown. Raises ValueError for a name
        taken."""
        if name in self.controls:
            raise ValueError(f"control {name!r} exists already")
        self.controls[name] = Control(name, label, help, fn, group, danger)

    async def wait_for(self, predicate: Callable[[], T], timeout: float = 5.0) -> T:  # noqa: ASYNC109  # real seconds
        """The first true value of `predicate`, tried after each change; TimeoutError names what happened last."""
        try:
            return await self.world.live.wait_for(predicate, timeout)
        except TimeoutError:
            last = [
                f"{entry.kind} {getattr(entry, 'method', getattr(entry, 'type', ''))}"
                for entry in self.history.entries[-8:]
            ]
            raise TimeoutError(f"nothing fitting within {timeout} s; last: {', '.join(last) or 'nothing'}") from None

    def actor(self, user_id: str) -> Actor:
        return Actor(self, user_id)

    def drop_sockets(self) -> int:
        """Cut all Socket Mode connections without a word; how many there were."""
        return self.sockets.drop()

    def set_outage(self, on: bool) -> None:
        """Answer 503 to everything and cut the sockets, or end that."""
        self.faults.outage = on
        if on:
            self.sockets.drop()

    # life

    async def start(self) -> None:
        """Listen. Must be called in the event loop that the server is to live in."""
        self._runner = web.AppRunner(self._app(), access_log=None, shutdown_timeout=1.0)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        host = f"[{self._host}]" if ":" in self._host else self._host
        self.world.base_url = f"http://{host}:{self._runner.addresses[0][1]}"

    async def stop(self) -> None:
        """Close every connection, end every task, free the port. May be called twice."""
        if self._runner is None:
            return
        runner, self._runner = self._runner, None
        self.faults.clear()
        await self.sockets.close()
        await self._page.close()
        await self.world.tasks.close()
        await self._poster.close()
        await runner.cleanup()

    async def __aenter__(self) -> SlackServer:
        await self.start()
        return self

    async def __aexit__(self, *_exc: object) -> None:
        await self.stop()

    # routes

    def _app(self) -> web.Application:
        app = web.Application(client_max_size=_MAX_BODY_BYTES, middlewares=[_local_only])
        tickets = {"apps.connections.open": Method(self.sockets.open_ticket, 3, bearer="app")}
        page = self._page
        api = WebApi(self.world, tickets)
        app.router.add_route("*", "/api/{method}", api.handle)
        app.router.add_get("/_socket/{ticket}", self.sockets.serve)
        app.router.add_post("/_response/{token}", self._response_url)
        app.router.add_post("/_upload/{ticket}", self._upload)
        app.router.add_get("/_files/{file_id}/{name}", self._file)
        app.router.add_get("/_page/file/{file_id}", self._file)
        app.router.add_get("/_page/bootstrap", page.bootstrap)
        app.router.add_get("/_page/ws", page.live)
        app.router.add_post("/_page/api/{op}", page.act)
        app.router.add_get("/_page/history", page.history)
        app.router.add_post("/_page/faults", page.faults)
        app.router.add_get("/", self._index)
        app.router.add_static("/static/", _STATIC)
        return app

    async def _index(self, _request: web.Request) -> web.StreamResponse:
        page = _STATIC / "index.html"
        if not page.is_file():
            return web.Response(text="The Slack stand-in is running; its page is not installed.")
        return web.FileResponse(page, headers={"Cache-Control": "no-store"})

    async def _response_url(self, request: web.Request) -> web.StreamResponse:
        return await response_urls.handle(self.world, request)

    async def _upload(self, request: web.Request) -> web.StreamResponse:
        """The bytes of a file, raw or as the one file field of a form."""
        content = await _uploaded(request)
        ticket = request.match_info["ticket"]
        return await respond(
            self.world, request, "upload", {"bytes": len(content)}, lambda: _upload_answer(self.world, ticket, content)
        )

    async def _file(self, request: web.Request) -> web.Response:
        """A file's bytes; only images are shown, the rest is a download, so that no upload runs as a page of ours."""
        file = self.world.files.get(request.match_info["file_id"])
        if file is None or file.content is None:
            return web.Response(status=404)
        inline = file.mimetype in _INLINE_TYPES
        headers = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
        headers["Content-Disposition"] = (
            "inline" if inline else f"attachment; filename*=UTF-8''{quote(file.name, safe='')}"
        )
        return web.Response(body=file.content, content_type=file.mimetype, headers=headers)


def _upload_answer(world: World, ticket: str, content: bytes) -> Answer:
    refusal = webapi_files.receive(world, ticket, content)
    return text_answer(f"OK - {len(content)}") if refusal is None else text_answer(refusal, 400, "upload_refused")


async def _uploaded(request: web.Request) -> bytes:
    if request.content_type != "multipart/form-data":
        return await request.read()
    for part in (await request.post()).values():
        if isinstance(part, web.FileField):
            return part.file.read()
        return part.encode() if isinstance(part, str) else bytes(part)
    return b""


@web.middleware
async def _local_only(request: web.Request, handler: Handler) -> web.StreamResponse:
    """Refuse other names and other sites' pages, so that no web site can act here by rebinding or by posting."""
    origin = request.headers.get("Origin", "")
    from_outside = bool(origin) and not _is_local(origin.partition("//")[2])
    if from_outside or not _is_local(request.host):
        return web.Response(status=403, text="loopback only")
    return await handler(request)


def _is_local(host: str) -> bool:
    """Whether `host` or `host:port` names this machine."""
    name = host if host.endswith("]") else host.rsplit(":", 1)[0]
    return name in _HOSTS
