"""The health page: `/live` says that the process runs, `/health` that its parts work, `/metrics` how much it did.

ECS asks `/live`: a task is not replaced because a database or Slack is down, that would help nobody. People and alarms ask `/health`.
Loopback unless the configuration says otherwise; it shows no finding and no secret.
"""

from __future__ import annotations

from collections.abc import Callable

from aiohttp import web

from bot.services.status import StatusService


class HealthDoor:
    """Serves the three pages."""

    def __init__(self, status: StatusService, metrics_page: Callable[[], bytes], host: str, port: int) -> None:
        self._status = status
        self._metrics_page = metrics_page
        self._host = host
        self._port = port
        self._runner: web.AppRunner | None = None

    @property
    def port(self) -> int:
        """The port that is listened on; what was asked for while not started."""
        addresses = self._runner.addresses if self._runner is not None else []
        return int(addresses[0][1]) if addresses else self._port

    async def start(self) -> None:
        app = web.Application()
        app.router.add_get("/live", self._live)
        app.router.add_get("/health", self._health)
        app.router.add_get("/metrics", self._metrics)
        self._runner = web.AppRunner(app, access_log=None)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()

    async def stop(self) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    async def _live(self, request: web.Request) -> web.Response:
        del request
        return web.json_response({"ok": True})

    async def _health(self, request: web.Request) -> web.Response:
        del request
        parts = await self._status.parts()
        ok = all(p.ok for p in parts)
        body = {"ok": ok, "parts": [{"name": p.name, "ok": p.ok, "note": p.note} for p in parts]}
        return web.json_response(body, status=200 if ok else 503)

    async def _metrics(self, request: web.Request) -> web.Response:
        del request
        return web.Response(body=self._metrics_page(), content_type="text/plain", charset="utf-8")
