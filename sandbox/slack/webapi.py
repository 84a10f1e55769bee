"""The Web API over HTTP: reading calls, checking tokens, scopes and rates, answering.

Problem solved: the bot's real client talks to `/api/<method>` as it would to Slack. This module refuses to hold any
method itself.
"""

from __future__ import annotations

import json
from collections.abc import Mapping

from aiohttp import web

from sandbox.slack import (
    webapi_chat,
    webapi_conversations,
    webapi_files,
    webapi_people,
    webapi_unfurl,
    webapi_views,
)
from sandbox.slack.answering import Answer, json_answer, rate_limited, respond
from sandbox.slack.state import Json
from sandbox.slack.webapi_core import ApiError, Args, Method, need_scope
from sandbox.slack.world import World

# Arguments that a form carries as a JSON string.
_JSON_ARGS = frozenset({"blocks", "attachments", "metadata", "view", "files", "unfurls"})

METHODS: dict[str, Method] = {
    **webapi_chat.METHODS,
    **webapi_conversations.METHODS,
    **webapi_files.METHODS,
    **webapi_people.METHODS,
    **webapi_unfurl.METHODS,
    **webapi_views.METHODS,
}


class BadBody(Exception):
    """The body cannot be read; the message is Slack's error word."""


async def read_args(request: web.Request) -> Json:
    """Query and body of a call as one mapping. Raises BadBody (invalid_json, json_not_object)."""
    args: Json = dict(request.query)
    if request.content_type == "application/json":
        args |= _json_object(await request.read())
    elif request.method == "POST":
        args |= dict(await request.post())
    for name in _JSON_ARGS & args.keys():
        args[name] = _parsed(args[name])
    return args


def _json_object(body: bytes) -> Json:
    if not body:
        return {}
    try:
        found = json.loads(body)
    except ValueError:
        raise BadBody("invalid_json") from None
    if not isinstance(found, dict):
        raise BadBody("json_not_object")
    return found


def _parsed(value: object) -> object:
    """A JSON string parsed; anything else, and what is no JSON, as it is (the method then refuses it)."""
    if not isinstance(value, str):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


class WebApi:
    """All methods for one workspace; `more` are those that other parts serve."""

    def __init__(self, world: World, more: Mapping[str, Method]) -> None:
        self._world = world
        self._methods = {**METHODS, **more}

    async def handle(self, request: web.Request) -> web.StreamResponse:
        name = request.match_info["method"]
        try:
            args = await read_args(request)
        except BadBody as error:
            refusal = json_answer({"ok": False, "error": str(error)})
            return await respond(self._world, request, name, {}, lambda: refusal)
        form_token = args.pop("token", None)
        token = _bearer(request) or (str(form_token) if form_token else None)
        return await respond(self._world, request, name, args, lambda: self._answer(name, args, token))

    def _answer(self, name: str, args: Json, token: str | None) -> Answer:
        try:
            method = self._allowed(name, token)
            wait = self._world.limits.check(name, method.tier, self._rate_key(args))
            if wait is not None:
                return rate_limited(str(wait))
            return json_answer({"ok": True, **method.run(self._world, Args(args))}, headers=self._headers())
        except ApiError as error:
            return json_answer(error.as_json(), headers=self._headers())

    def _allowed(self, name: str, token: str | None) -> Method:
        method = self._methods.get(name)
        if method is None:
            raise ApiError("unknown_method", req_method=name)
        if method.bearer == "none":
            return method
        if token is None:
            raise ApiError("not_authed")
        self._check_token(method, token)
        if method.bearer == "bot":
            need_scope(self._world, *method.scopes)
        return method

    def _check_token(self, method: Method, token: str) -> None:
        workspace = self._world.workspace
        wanted = workspace.app_token if method.bearer == "app" else workspace.bot_token
        if token == wanted:
            return
        known = token in (workspace.app_token, workspace.bot_token)
        raise ApiError("not_allowed_token_type" if known else "invalid_auth")

    def _rate_key(self, args: Json) -> str | None:
        wanted = str(args.get("channel") or "")
        channel = self._world.find_channel(wanted)
        return channel.id if channel is not None else wanted

    def _headers(self) -> dict[str, str]:
        scopes = self._world.workspace.scopes
        return {} if scopes is None else {"X-OAuth-Scopes": ",".join(sorted(scopes))}


def _bearer(request: web.Request) -> str | None:
    scheme, _, token = request.headers.get("Authorization", "").partition(" ")
    return token.strip() if scheme.lower() == "bearer" and token.strip() else None
