"""A small workspace, a server, and a bot reduced to a raw Socket Mode connection.

Problem solved: the tests of the stand-in need to decide when and how an envelope is acked, which a real framework hides. This module
refuses to test anything itself.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator, Callable
from typing import Any

import aiohttp
import pytest
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.clock import ManualClock
from sandbox.slack.server import SlackServer
from sandbox.slack.state import Channel, Shortcut, User, UserGroup, Workspace


def make_workspace(**more: Any) -> Workspace:
    anna = User("U0ANNA", "anna", "Anna Adler", "On-call", "anna@example.com")
    return Workspace(
        users=[
            anna,
            User("U0BEN", "ben", "Ben Boone", "Lead"),
            User("U0GUEST", "gus", is_restricted=True),
            User("U0SINGLE", "sam", is_restricted=True, is_ultra_restricted=True),
            User("U0GONE", "gone", deleted=True),
            User("U0ROBOT", "robot", is_bot=True),
            User("U0OTHER", "olga", is_stranger=True, team_id="T0PARTNER"),
        ],
        channels=[
            Channel("C0SEC", "sec-prod"),
            Channel("C0OUT", "random", is_member=False),
            Channel("C0OLD", "old", is_archived=True),
            Channel("G0PRIV", "private-in", "private", members={"U0ANNA"}),
            Channel("G0HIDE", "private-out", "private", members={"U0ANNA"}, is_member=False),
            Channel("C0SHARED", "shared", is_ext_shared=True, members={"U0ANNA", "U0OTHER"}),
        ],
        usergroups=[UserGroup("S0CALL", "sec-oncall", "On-call", ["U0ANNA", "U0BEN"])],
        commands=[("/sec", "Security", "[verb] {term}")],
        completions=[("/sec findings prod", "open findings")],
        shortcuts=[Shortcut("message", "ack_it", "Acknowledge"), Shortcut("global", "menu", "Open the menu")],
        unfurl_domains=["console.aws.amazon.com"],
        **more,
    )


class RawBot:
    """One Socket Mode connection whose acks the test sends itself."""

    def __init__(self, socket: aiohttp.ClientWebSocketResponse) -> None:
        self.socket = socket
        self.hello: dict[str, Any] = {}

    async def receive(self) -> dict[str, Any]:
        found: dict[str, Any] = await self.socket.receive_json(timeout=5)
        return found

    async def ack(self, envelope: dict[str, Any], payload: dict[str, Any] | None = None) -> None:
        answer: dict[str, Any] = {"envelope_id": envelope["envelope_id"]}
        await self.socket.send_json(answer | ({"payload": payload} if payload is not None else {}))


class Kit:
    """A started server with everything a test reaches for."""

    def __init__(self, server: SlackServer, session: aiohttp.ClientSession) -> None:
        self.server = server
        self.session = session
        self.anna = server.actor("U0ANNA")
        self.ben = server.actor("U0BEN")

    def client(self, token: str | None = None) -> AsyncWebClient:
        return AsyncWebClient(
            token=token or self.server.workspace.bot_token, base_url=self.server.api_url, session=self.session
        )

    async def bot(self) -> RawBot:
        opened = await self.client(self.server.workspace.app_token).apps_connections_open(
            app_token=self.server.workspace.app_token
        )
        bot = RawBot(await self.session.ws_connect(opened["url"]))
        bot.hello = await bot.receive()
        return bot

    async def page(self, op: str, **body: Any) -> dict[str, Any]:
        """An act through the page's own API, as Anna unless told otherwise."""
        url = f"{self.server.page_url}_page/api/{op}"
        async with self.session.post(url, json={"user": "U0ANNA", **body}) as answer:
            found: dict[str, Any] = await answer.json()
        return found


@contextlib.asynccontextmanager
async def running(workspace: Workspace, **options: Any) -> AsyncIterator[Kit]:
    server = SlackServer(workspace, **options)
    await server.start()
    try:
        async with aiohttp.ClientSession() as session:
            yield Kit(server, session)
    finally:
        await server.stop()
    assert server.world.tasks.failures == []


@pytest.fixture
def workspace() -> Callable[..., Workspace]:
    return make_workspace


@pytest.fixture
def run() -> Callable[..., contextlib.AbstractAsyncContextManager[Kit]]:
    return running


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def kit() -> AsyncIterator[Kit]:
    """A server with the real clock and no rate limits."""
    async with running(make_workspace(), limits=False) as made:
        yield made


@pytest.fixture
async def timed(clock: ManualClock) -> AsyncIterator[Kit]:
    """A server with rate limits whose time the test moves."""
    async with running(make_workspace(), clock=clock) as made:
        yield made
