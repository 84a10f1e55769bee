"""The real framework against the stand-in, over Socket Mode and over HTTP."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from typing import Any

from aiohttp import web
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from sandbox.slack.server import SlackServer

MODAL = {
    "type": "modal",
    "callback_id": "suppress",
    "notify_on_close": True,
    "title": {"type": "plain_text", "text": "Suppress"},
    "submit": {"type": "plain_text", "text": "Go"},
    "blocks": [
        {
            "type": "input",
            "block_id": "reason",
            "label": {"type": "plain_text", "text": "Reason"},
            "element": {"type": "plain_text_input", "action_id": "text"},
        },
        {
            "type": "input",
            "block_id": "account",
            "optional": True,
            "label": {"type": "plain_text", "text": "Account"},
            "element": {"type": "external_select", "action_id": "accounts", "min_query_length": 1},
        },
    ],
}
CARD = [
    {"type": "section", "text": {"type": "mrkdwn", "text": "Bucket is public"}},
    {
        "type": "actions",
        "elements": [
            {
                "type": "button",
                "action_id": "ack",
                "value": "F-1",
                "text": {"type": "plain_text", "text": "Acknowledge"},
            },
            {
                "type": "overflow",
                "action_id": "more",
                "options": [{"text": {"type": "plain_text", "text": "Why here?"}, "value": "why"}],
            },
        ],
    },
]


def option(text: str) -> dict[str, object]:
    return {"text": {"type": "plain_text", "text": text}, "value": text}


def make_app(server: SlackServer) -> AsyncApp:
    """A bot with a listener for each kind of payload."""
    workspace = server.workspace
    client = AsyncWebClient(token=workspace.bot_token, base_url=server.api_url)
    app = AsyncApp(client=client, signing_secret=workspace.signing_secret)

    @app.command("/sec")
    async def sec(ack: Any, command: Any, client: Any) -> None:
        if command["text"] == "suppress":
            await ack()
            await client.views_open(trigger_id=command["trigger_id"], view=MODAL)
        elif command["text"] == "card":
            await ack()
            await client.chat_postMessage(channel=command["channel_id"], text="card", blocks=CARD)
        else:
            await ack(f"You said {command['text']}.")

    @app.action("ack")
    async def pressed(ack: Any, body: Any, client: Any) -> None:
        await ack()
        message = body["message"]
        await client.chat_update(channel=body["channel"]["id"], ts=message["ts"], text=f"by {body['user']['id']}")

    @app.action("more")
    async def more(ack: Any, body: Any, respond: Any) -> None:
        await ack()
        await respond(f"chose {body['actions'][0]['selected_option']['value']}")

    @app.options("accounts")
    async def accounts(ack: Any, payload: Any) -> None:
        await ack(options=[option(f"{payload['value']}-prod")])

    @app.view("suppress")
    async def submitted(ack: Any, view: Any, client: Any, body: Any) -> None:
        reason = view["state"]["values"]["reason"]["text"]["value"]
        if len(reason) < 10:
            await ack(response_action="errors", errors={"reason": "At least 10 characters."})
            return
        await ack()
        await client.chat_postMessage(channel="C0SEC", text=f"suppressed by {body['user']['id']}: {reason}")

    @app.view_closed("suppress")
    async def closed(ack: Any, client: Any) -> None:
        await ack()
        await client.chat_postMessage(channel="C0SEC", text="closed")

    @app.event("app_mention")
    async def mentioned(event: Any, say: Any) -> None:
        await say(f"heard {event['text']}", thread_ts=event.get("thread_ts") or event["ts"])

    @app.event("message")
    async def direct(event: Any, say: Any) -> None:
        await say(f"psst {event['text']}")

    @app.event("app_home_opened")
    async def home(event: Any, client: Any) -> None:
        await client.views_publish(user_id=event["user"], view={"type": "home", "blocks": CARD[:1]})

    @app.shortcut("menu")
    async def menu(ack: Any, shortcut: Any, client: Any) -> None:
        await ack()
        await client.views_open(trigger_id=shortcut["trigger_id"], view=MODAL)

    return app


@contextlib.asynccontextmanager
async def over_sockets(server: SlackServer) -> AsyncIterator[AsyncApp]:
    app = make_app(server)
    handler = AsyncSocketModeHandler(
        app,
        server.workspace.app_token,
        web_client=AsyncWebClient(token=server.workspace.app_token, base_url=server.api_url),
        ping_interval=0.05,
    )
    await handler.connect_async()  # type: ignore[no-untyped-call]  # slack_bolt has no types here
    await server.wait_for(lambda: server.sockets.connections)
    try:
        yield app
    finally:
        await handler.close_async()  # type: ignore[no-untyped-call]  # the same


@contextlib.asynccontextmanager
async def over_http(server: SlackServer) -> AsyncIterator[AsyncApp]:
    app = make_app(server)
    runner = web.AppRunner(app.web_app("/slack/events"))
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.workspace.http_url = f"http://127.0.0.1:{runner.addresses[0][1]}/slack/events"
    try:
        yield app
    finally:
        await runner.cleanup()


async def walk_through(server: SlackServer) -> None:
    """Everything a person can do, once."""
    anna = server.actor("U0ANNA")
    assert (await anna.command("/sec hello", "C0SEC")).payload["text"] == "You said hello."
    assert anna.ephemerals("C0SEC")[0].text == "You said hello."

    await anna.command("/sec suppress", "C0SEC")
    view = await anna.sees_view("Suppress")
    assert (await anna.suggest(view, "accounts", "pay"))["options"] == [option("pay-prod")]
    assert (await anna.submit(values={})).errors == {"reason": "Please complete this required field."}
    assert (await anna.submit(values={"reason": "short"})).errors == {"reason": "At least 10 characters."}
    assert (await anna.submit(values={"reason": "long enough now", "accounts": "pay-prod"})).ok
    assert anna.views() == []
    await anna.sees_message("C0SEC", "suppressed by U0ANNA: long enough now")

    await anna.command("/sec card", "C0SEC")
    card = await anna.sees_message("C0SEC", "Bucket")
    await anna.select(card, "more", "Why here?")
    await anna.sees_ephemeral("C0SEC", "chose why")
    await anna.press("C0SEC", card, "Acknowledge")
    await anna.sees_message("C0SEC", "by U0ANNA")

    said = await anna.mention("C0SEC", "status")
    reply = await anna.sees_message("C0SEC", "heard <@U0SECBOT> status")
    assert reply.thread_ts == said.ts
    await anna.say(anna.dm(), "hi")
    await anna.sees_message(anna.dm(), "psst hi")
    anna.open_home()
    await server.wait_for(anna.home)
    await anna.global_shortcut("menu")
    await anna.sees_view("Suppress")
    await anna.close()
    await anna.sees_message("C0SEC", "closed")
    assert anna.toasts() == []
    assert all(sent.outcome == "acked" for sent in server.history.envelopes())


async def test_a_bolt_app_works_over_socket_mode(kit: Any) -> None:
    async with over_sockets(kit.server):
        await walk_through(kit.server)


async def test_a_bolt_app_works_over_signed_http(kit: Any) -> None:
    async with over_http(kit.server):
        await walk_through(kit.server)
        assert kit.server.sockets.connections == []


async def test_a_client_comes_back_after_its_connections_were_cut(kit: Any) -> None:
    async with over_sockets(kit.server):
        first = kit.server.sockets.connections[0]
        assert kit.server.drop_sockets() == 1
        await kit.server.wait_for(lambda: kit.server.sockets.connections not in ([], [first]))
        assert (await kit.anna.command("/sec again", "C0SEC")).ok


async def test_a_client_comes_back_after_a_requested_refresh(run: Any, workspace: Any, clock: Any) -> None:
    async with run(workspace(), limits=False, clock=clock) as kit, over_sockets(kit.server):
        first = kit.server.sockets.connections[0]
        going = asyncio.get_running_loop().create_task(kit.server.sockets.refresh())
        await kit.server.wait_for(lambda: kit.server.sockets.connections not in ([], [first]))
        await clock.advance(10)
        await going
        assert (await kit.anna.command("/sec again", "C0SEC")).ok


async def test_a_wrong_signature_is_refused_by_bolt_and_seen_by_the_user(kit: Any) -> None:
    async with over_http(kit.server):
        kit.server.workspace.signing_secret = "another"
        assert (await kit.anna.command("/sec", "C0SEC")).outcome == "unreachable"
        assert kit.anna.toasts() == ["/sec failed because the app did not respond."]


@contextlib.asynccontextmanager
async def endpoint(server: SlackServer, answers: list[web.Response]) -> AsyncIterator[list[dict[str, str]]]:
    """A door that answers what it is told and keeps the headers it got."""
    seen: list[dict[str, str]] = []

    async def handle(request: web.Request) -> web.Response:
        seen.append(dict(request.headers))
        return answers.pop(0)

    app = web.Application()
    app.router.add_post("/", handle)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    server.workspace.http_url = f"http://127.0.0.1:{runner.addresses[0][1]}/"
    try:
        yield seen
    finally:
        await runner.cleanup()


async def test_a_failed_event_is_posted_again_with_its_number_and_reason(timed: Any, clock: Any) -> None:
    async with endpoint(timed.server, [web.Response(status=500) for _ in range(2)] + [web.Response()]) as seen:
        await timed.anna.mention("C0SEC", "hello")
        await timed.server.wait_for(lambda: [e.reason for e in timed.server.history.envelopes()] == ["http_error"] * 2)
        await asyncio.wait_for(clock.sleeping(), 5)
        await clock.advance(60)
        await timed.server.wait_for(lambda: len(seen) == 3)
    assert [h.get("X-Slack-Retry-Num") for h in seen] == [None, "1", "2"]
    assert [h.get("X-Slack-Retry-Reason") for h in seen] == [None, "http_error", "http_error"]
    assert all(h["X-Slack-Signature"].startswith("v0=") for h in seen)


async def test_the_no_retry_header_ends_the_retries(timed: Any, clock: Any) -> None:
    refusal = web.Response(status=500, headers={"X-Slack-No-Retry": "1"})
    async with endpoint(timed.server, [refusal]) as seen:
        await timed.anna.mention("C0SEC", "hello")
        await timed.server.wait_for(lambda: any(e.reason for e in timed.server.history.envelopes()))
        await clock.advance(1000)
    assert len(seen) == 1
