"""Answers to the bot's HTTP requests, with the ordered faults laid over them.

Problem solved: every endpoint the bot calls (Web API, response_url, upload) fails in the same ways, and the history
records what was applied and what was answered. This module refuses to know the endpoints.
"""

from __future__ import annotations

import asyncio
import json
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from aiohttp import web

from sandbox.slack.faults import Fault
from sandbox.slack.history import Call
from sandbox.slack.state import Json
from sandbox.slack.world import World

_DRIP_PIECES = 8
_HTML = "<!DOCTYPE html><html><head><title>Server Error</title></head><body>Something went wrong.</body></html>"


@dataclass(frozen=True)
class Answer:
    """One HTTP answer; `data` is what the history keeps of it."""

    status: int
    body: bytes
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    data: Json = field(default_factory=dict)

    def response(self) -> web.Response:
        return web.Response(status=self.status, body=self.body, content_type=self.content_type, headers=self.headers)


def json_answer(data: Json, status: int = 200, headers: dict[str, str] | None = None) -> Answer:
    error = None if data.get("ok", True) else str(data.get("error"))
    return Answer(status, json.dumps(data).encode(), headers=headers or {}, error=error, data=data)


def text_answer(text: str, status: int = 200, error: str | None = None) -> Answer:
    return Answer(status, text.encode(), "text/plain", error=error)


def rate_limited(retry_after: str | None) -> Answer:
    headers = {} if retry_after is None else {"Retry-After": retry_after}
    return json_answer({"ok": False, "error": "ratelimited"}, 429, headers)


def refusal(method: str, data: Json) -> Answer:
    """An error answer: a response_url says the bare word with a 400, a Web API method its JSON with a 200."""
    if method == "response_url":
        return text_answer(str(data["error"]), 400, str(data["error"]))
    return json_answer(data)


def _refused_blocks(method: str) -> Answer:
    """What Slack says of a block it does not know (views.* have another word for it)."""
    word = "invalid_arguments" if method.startswith("views.") else "invalid_blocks"
    messages = ["[ERROR] unsupported type of block [json-pointer:/blocks/0/type]"]
    return refusal(method, {"ok": False, "error": word, "response_metadata": {"messages": messages}})


def _instead(method: str, fault: Fault) -> Answer | None:
    """The answer given in place of the real one; None for kinds that concern the connection."""
    if fault.kind == "rate_limited":
        return rate_limited(fault.retry_after)
    if fault.kind == "html":
        return Answer(200, _HTML.encode(), "text/html", error="html")
    if fault.kind == "error":
        return refusal(method, {"ok": False, "error": fault.error})
    if fault.kind == "refuse_blocks":
        return _refused_blocks(method)
    if fault.kind.startswith("http_"):
        status = int(fault.kind.removeprefix("http_"))
        return Answer(status, _HTML.encode(), "text/html", error=f"http_{status}")
    return None


async def respond(
    world: World, request: web.Request, name: str, args: Json, compute: Callable[[], Answer]
) -> web.StreamResponse:
    """Record the call, apply a fault if one is due, and answer. `compute` makes the request take effect."""
    call = world.history.begin_call(world.clock.now(), name, args)
    fault = world.faults.take(name, args)
    if fault is None:
        return _finish(world, call, compute(), applied=True).response()
    call.fault = fault.kind
    instead = _instead(name, fault)
    if instead is not None:
        return _finish(world, call, instead, applied=False).response()
    return await _disturbed(world, request, call, fault, compute)


def _finish(world: World, call: Call, answer: Answer, *, applied: bool) -> Answer:
    call.status, call.error, call.response = answer.status, answer.error, answer.data
    call.applied = applied and answer.error is None
    world.history.updated()
    return answer


async def _disturbed(
    world: World, request: web.Request, call: Call, fault: Fault, compute: Callable[[], Answer]
) -> web.StreamResponse:
    if fault.kind == "reset_before":
        return _reset(world, request, call)
    if fault.kind == "hang":
        await _hold(world, fault)
        if request.transport is None or request.transport.is_closing():
            return _finish(world, call, text_answer("", 499, "client_gone"), applied=False).response()
        return _finish(world, call, compute(), applied=True).response()
    answer = compute()
    call.applied = answer.error is None
    world.history.updated()
    if fault.kind == "reset_after":
        return _reset(world, request, call)
    if fault.kind == "hang_after":
        await _hold(world, fault)
        return _finish(world, call, answer, applied=True).response()
    return await _drip(world, request, _finish(world, call, answer, applied=True), fault)


async def _hold(world: World, fault: Fault) -> None:
    """Wait until released, or for the fault's seconds."""
    released = world.tasks.spawn(fault.released.wait(), "fault-hold")
    waits: list[asyncio.Task[Any]] = [released]
    if fault.seconds is not None:
        waits.append(world.tasks.spawn(world.clock.sleep(fault.seconds), "fault-timer"))
    await asyncio.wait(waits, return_when=asyncio.FIRST_COMPLETED)
    for task in waits:
        task.cancel()


def _reset(world: World, request: web.Request, call: Call) -> web.Response:
    """Cut the TCP connection with a reset: linger 0 makes the kernel send RST instead of FIN."""
    call.error = "connection_reset"
    world.history.updated()
    transport = request.transport
    if transport is not None:
        raw = transport.get_extra_info("socket")
        if raw is not None:
            raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        transport.abort()
    return web.Response(status=500)


async def _drip(world: World, request: web.Request, answer: Answer, fault: Fault) -> web.StreamResponse:
    """Send the answer in small pieces over the fault's seconds."""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_type = answer.content_type
    response.content_length = len(answer.body)
    try:
        await response.prepare(request)
        size = max(1, -(-len(answer.body) // _DRIP_PIECES))
        for start in range(0, len(answer.body), size):
            await world.clock.sleep((fault.seconds or 1.0) / _DRIP_PIECES)
            await response.write(answer.body[start : start + size])
    except ConnectionError:
        return response  # the caller gave up: that is what the drip is for
    return response
