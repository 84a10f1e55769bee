"""The browser page's side of the stand-in: bootstrap, live frames, acts. Keep in sync with PROTOCOL.md.

Problem solved: a person in front of the page can do what a person in Slack can. This module refuses anything from
another origin: the acts take JSON only and `server` checks the Host header.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import asdict, dataclass
from typing import TypeAlias

from aiohttp import WSMsgType, web

from sandbox.slack import shapes
from sandbox.slack.acts import ActError, Acts
from sandbox.slack.faults import Fault
from sandbox.slack.modals import Modals
from sandbox.slack.socketmode import SocketHub
from sandbox.slack.state import Json, User
from sandbox.slack.world import World

Op: TypeAlias = Callable[[Json], Awaitable[Json]]
ControlFn: TypeAlias = Callable[..., Awaitable[str | None]]


@dataclass(frozen=True)
class Control:
    """A switch of the sandbox shown on the page; `fn(**args)` answers a text for the person."""

    name: str
    label: str
    help: str
    fn: ControlFn
    group: str = ""
    danger: bool = False

    def as_json(self) -> Json:
        return {"name": self.name, "label": self.label, "help": self.help, "group": self.group, "danger": self.danger}


class PageApi:
    """All `/_page/` endpoints of one server."""

    def __init__(
        self, world: World, acts: Acts, modals: Modals, sockets: SocketHub, controls: Mapping[str, Control]
    ) -> None:
        self._world = world
        self._acts = acts
        self._modals = modals
        self._sockets = sockets
        self._controls = controls
        self._sockets_open: set[web.WebSocketResponse] = set()
        self._ops: dict[str, Op] = {
            name.removeprefix("_op_"): getattr(self, name) for name in dir(self) if name.startswith("_op_")
        }

    # load

    async def bootstrap(self, request: web.Request) -> web.Response:
        """GET /_page/bootstrap?user=U…; without `user` the first person; 404 for an unknown user."""
        wanted = request.query.get("user")
        user = self._world.user(wanted) if wanted else self._first_person()
        if user is None:
            return web.json_response({"ok": False, "error": "There is no such user."}, status=404)
        return web.json_response(self._bootstrap(user))

    def _first_person(self) -> User | None:
        people = [u for u in self._world.workspace.users if not (u.is_bot or u.deleted or u.is_stranger)]
        return people[0] if people else None

    def _bootstrap(self, user: User) -> Json:
        world, me = self._world, user.id
        workspace = world.workspace
        channels = [c for c in workspace.channels if world.sees(me, c)]
        home = world.homes.get(me)
        return {
            "team": asdict(workspace.team),
            "me": shapes.page_user(world, user),
            "users": [shapes.page_user(world, u) for u in world.users()],
            "usergroups": [
                {"id": g.id, "handle": g.handle, "name": g.name, "users": g.users} for g in workspace.usergroups
            ],
            "channels": [shapes.page_channel(world, c, me) for c in channels],
            "commands": [{"command": c, "description": d, "usage_hint": u} for c, d, u in workspace.commands],
            "completions": [{"text": text, "hint": hint} for text, hint in workspace.completions],
            "shortcuts": [asdict(s) for s in workspace.shortcuts],
            "app": {"user_id": workspace.bot_user.id, "name": workspace.bot_user.name, "home": workspace.home_enabled},
            "controls": [control.as_json() for control in self._controls.values()],
            "home": shapes.page_view(home) if home else None,
            "views": [shapes.page_view(view) for view in world.stack(me)],
        }

    # live

    async def live(self, request: web.Request) -> web.StreamResponse:
        """GET /_page/ws?user=U…: frames from now on, the first being the app's connection status."""
        user = self._world.user(request.query.get("user", ""))
        if user is None:
            return web.json_response({"ok": False, "error": "There is no such user."}, status=404)
        socket = web.WebSocketResponse(heartbeat=30)
        await socket.prepare(request)
        queue = self._world.live.subscribe(user.id)
        queue.put_nowait(self._status())
        writer = self._world.tasks.spawn(_write(socket, queue), "page-frames")
        self._sockets_open.add(socket)
        try:
            async for message in socket:
                if message.type == WSMsgType.ERROR:
                    break
        finally:
            self._sockets_open.discard(socket)
            self._world.live.unsubscribe(user.id, queue)
            writer.cancel()
        return socket

    async def close(self) -> None:
        """Say goodbye to every open page."""
        for socket in list(self._sockets_open):
            with contextlib.suppress(ConnectionError, TimeoutError):
                async with asyncio.timeout(1.0):
                    await socket.close(code=1001)

    def _status(self) -> Json:
        count = len(self._sockets.connections)
        return self._world.status_frame(count > 0 or self._world.workspace.http_url is not None, count)

    # act

    async def act(self, request: web.Request) -> web.Response:
        """POST /_page/api/<op>, JSON with `user`."""
        op = self._ops.get(request.match_info["op"])
        if op is None or request.content_type != "application/json":
            return web.json_response({"ok": False, "error": "The page asked for something unknown."}, status=404)
        try:
            body = json.loads(await request.read())
            return web.json_response({"ok": True, **await op(body)})
        except ActError as error:
            return web.json_response({"ok": False, "error": str(error)})
        except (KeyError, TypeError, ValueError) as error:
            text = f"The page's request was not understood ({type(error).__name__}: {error})."
            return web.json_response({"ok": False, "error": text}, status=400)

    async def _op_history(self, body: Json) -> Json:
        user = self._acts.user(body["user"])
        channel = self._acts.place(user, body["channel"])
        limit = max(1, min(200, int(body.get("limit") or 50)))
        shown = [*self._world.messages.timeline(channel.id)]
        shown += [m for m in self._world.messages.ephemerals_of(channel.id, user.id) if m.thread_ts is None]
        before = float(body.get("before") or "inf")
        older = sorted((m for m in shown if float(m.ts) < before), key=lambda m: float(m.ts))
        page = [shapes.page_message(self._world, m) for m in older[-limit:]]
        return {"messages": page, "has_more": len(older) > limit}

    async def _op_replies(self, body: Json) -> Json:
        user = self._acts.user(body["user"])
        channel = self._acts.place(user, body["channel"])
        parent = self._world.messages.get(channel.id, body["thread_ts"])
        if parent is None:
            raise ActError("This thread does not exist any more.")
        private = [m for m in self._world.messages.ephemerals_of(channel.id, user.id) if m.thread_ts == parent.ts]
        replies = sorted([*self._world.messages.replies(channel.id, parent.ts), *private], key=lambda m: float(m.ts))
        return {"messages": [shapes.page_message(self._world, m) for m in [parent, *replies]]}

    async def _op_send(self, body: Json) -> Json:
        text, thread_ts = str(body["text"]), body.get("thread_ts")
        if text.lstrip().startswith("/"):
            if thread_ts:
                raise ActError(f"{text.split(maxsplit=1)[0]} is not supported in threads. Sorry!")
            await self._acts.command(body["user"], body["channel"], text)
            return {}
        if not text.strip():
            raise ActError("There is nothing to send.")
        sent = await self._acts.send(
            body["user"], body["channel"], text, thread_ts, broadcast=bool(body.get("broadcast"))
        )
        return {"message": shapes.page_message(self._world, sent)}

    async def _op_action(self, body: Json) -> Json:
        await self._acts.action(
            body["user"], body["container"], body["block_id"], body["action"], _values(body.get("state"))
        )
        return {}

    async def _op_view_submit(self, body: Json) -> Json:
        ended = await self._modals.submit(body["user"], body["view_id"], (body.get("state") or {}).get("values"))
        if ended.error is not None:
            raise ActError(ended.error)
        return {"errors": ended.errors} if ended.errors else {}

    async def _op_view_close(self, body: Json) -> Json:
        await self._modals.close(body["user"], body["view_id"], clear=bool(body.get("clear")))
        return {}

    async def _op_suggest(self, body: Json) -> Json:
        asked = (body["container"], body["block_id"], body["action_id"], str(body.get("value", "")))
        return await self._acts.suggest(body["user"], *asked)

    async def _op_shortcut(self, body: Json) -> Json:
        place = (body.get("channel") or "", body.get("ts") or "")
        await self._acts.shortcut(body["user"], body["kind"], body["callback_id"], *place)
        return {}

    async def _op_open_home(self, body: Json) -> Json:
        self._acts.open_home(body["user"])
        return {}

    async def _op_open_messages(self, body: Json) -> Json:
        self._acts.open_messages(body["user"])
        return {}

    async def _op_open_dm(self, body: Json) -> Json:
        channel = self._acts.open_dm(body["user"], body["with"])
        return {"channel": shapes.page_channel(self._world, channel, body["user"])}

    async def _op_join(self, body: Json) -> Json:
        channel = self._acts.join(body["user"], body["channel"])
        return {"channel": shapes.page_channel(self._world, channel, body["user"])}

    async def _op_mark_read(self, body: Json) -> Json:
        self._acts.mark_read(body["user"], body["channel"], str(body["ts"]))
        return {}

    async def _op_react(self, body: Json) -> Json:
        self._acts.react(body["user"], body["channel"], body["ts"], body["name"])
        return {}

    async def _op_control(self, body: Json) -> Json:
        control = self._controls.get(body["name"])
        if control is None:
            raise ActError("The sandbox has no such control.")
        text = await control.fn(**(body.get("args") or {}))
        return {"text": text or ""}

    # for tests and separate processes

    async def history(self, _request: web.Request) -> web.Response:
        """GET /_page/history: every call and envelope so far."""
        return web.json_response({"ok": True, "entries": self._world.history.as_json()})

    async def faults(self, request: web.Request) -> web.Response:
        """POST /_page/faults {method, kind, count?, retry_after?, error?, seconds?, blocks?} orders a fault; {clear: true},
        {release: true},
        {outage: bool}, {drop_sockets: true}, {freeze_sockets: bool}, {refresh_sockets: true} switch the rest.
        """
        if request.content_type != "application/json":
            return web.json_response({"ok": False, "error": "JSON only"}, status=415)
        try:
            self._switch(json.loads(await request.read()))
        except (KeyError, TypeError, ValueError, AttributeError) as error:
            return web.json_response({"ok": False, "error": f"{type(error).__name__}: {error}"}, status=400)
        active = [fault.as_json() for fault in self._world.faults.active]
        return web.json_response({"ok": True, "active": active, "outage": self._world.faults.outage})

    def _switch(self, body: Json) -> None:
        faults = self._world.faults
        if body.get("clear"):
            faults.clear()
        if body.get("release"):
            faults.release()
        faults.outage = bool(body.get("outage", faults.outage))
        if faults.outage:
            self._sockets.drop()
        faults.frozen_sockets = bool(body.get("freeze_sockets", faults.frozen_sockets))
        if body.get("drop_sockets"):
            self._sockets.drop()
        if body.get("refresh_sockets"):
            self._world.tasks.spawn(self._sockets.refresh(), "refresh")
        if "method" in body:
            self._add_fault(body)

    def _add_fault(self, body: Json) -> Fault:
        more = {key: body[key] for key in ("retry_after", "error", "seconds", "blocks") if key in body}
        return self._world.faults.add(body["method"], body["kind"], body.get("count", 1), **more)


def _values(state: Json | None) -> Json:
    """The values by block_id, which the page may send as {"values": ...} as in a submission."""
    given = state or {}
    return dict(given["values"]) if set(given) == {"values"} else given


async def _write(socket: web.WebSocketResponse, queue: asyncio.Queue[Json]) -> None:
    """Send frames until the page is gone."""
    while not socket.closed:
        try:
            await socket.send_json(await queue.get())
        except ConnectionError:
            return
