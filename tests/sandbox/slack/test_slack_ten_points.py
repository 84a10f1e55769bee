"""The ten things a Slack stand-in usually gets wrong, points 1 to 6; the others are in test_slack_more_points.py."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "S3 bucket is public"}}
BUTTONS = {
    "type": "actions",
    "block_id": "acts",
    "elements": [
        {"type": "button", "action_id": "ack", "value": "F-1", "text": {"type": "plain_text", "text": "Acknowledge"}}
    ],
}
MODAL = {
    "type": "modal",
    "callback_id": "suppress",
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
            "block_id": "days",
            "optional": True,
            "label": {"type": "plain_text", "text": "Days"},
            "element": {
                "type": "static_select",
                "action_id": "pick",
                "initial_option": {"text": {"type": "plain_text", "text": "7"}, "value": "7"},
                "options": [{"text": {"type": "plain_text", "text": n}, "value": n} for n in ("1", "7")],
            },
        },
    ],
}


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


def later(work: Any) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(work)


async def open_modal(kit: Any, bot: Any, view: dict[str, Any] = MODAL) -> Any:
    """A modal opened from a slash command, as a bot does it."""
    asked = later(kit.anna.command("/sec", "C0SEC"))
    envelope = await bot.receive()
    await bot.ack(envelope)
    await asked
    return (await kit.client().views_open(trigger_id=envelope["payload"]["trigger_id"], view=view))["view"]


# 1. one envelope, one connection; hello; disconnect with a warning


async def test_an_envelope_goes_to_exactly_one_of_the_connections(kit: Any) -> None:
    bots = [await kit.bot() for _ in range(3)]
    assert [bot.hello["num_connections"] for bot in bots] == [1, 2, 3]
    assert bots[0].hello["debug_info"]["approximate_connection_time"] > 0
    readers = {later(bot.receive()): bot for bot in bots}
    asked = later(kit.anna.command("/sec help", "C0SEC"))
    done, waiting = await asyncio.wait(readers, return_when=asyncio.FIRST_COMPLETED)
    assert (len(done), len(waiting)) == (1, 2)
    reader = done.pop()
    await readers[reader].ack(reader.result())
    assert (await asked).ok
    assert len(kit.server.history.envelopes("slash_commands")) == 1
    for reader in waiting:
        reader.cancel()


async def test_a_disconnect_is_announced_ten_seconds_before(timed: Any, clock: Any) -> None:
    bot = await timed.bot()
    going = later(timed.server.sockets.refresh())
    assert (await bot.receive())["reason"] == "warning"
    await clock.advance(9.9)
    assert timed.server.sockets.connections
    await clock.advance(0.2)
    assert (await bot.receive())["reason"] == "refresh_requested"
    await bot.socket.receive()
    await going
    await timed.server.wait_for(lambda: not timed.server.sockets.connections)


async def test_the_eleventh_connection_is_one_too_many(kit: Any) -> None:
    bots = [await kit.bot() for _ in range(11)]
    assert bots[10].hello == {
        "type": "disconnect",
        "reason": "too_many_websockets",
        "debug_info": {"host": "sandbox"},
    }
    assert len(kit.server.sockets.connections) == 10


# 2. triggers and response URLs


async def test_a_trigger_lives_three_seconds_and_works_once(timed: Any, clock: Any) -> None:
    bot, client = await timed.bot(), timed.client()
    view = await open_modal(timed, bot)
    used = timed.server.history.calls("views.open")[0].args["trigger_id"]
    assert view["state"]["values"]["reason"]["text"] == {"type": "plain_text_input", "value": None}
    assert await error_of(client.views_open(trigger_id=used, view=MODAL)) == "exchanged_trigger_id"
    late = timed.server.world.triggers.give("U0ANNA")
    await clock.advance(3.1)
    assert await error_of(client.views_open(trigger_id=late, view=MODAL)) == "expired_trigger_id"
    assert await error_of(client.views_open(trigger_id="1.2.x", view=MODAL)) == "invalid_trigger_id"


async def test_a_response_url_works_five_times_within_thirty_minutes(timed: Any, clock: Any) -> None:
    bot = await timed.bot()
    asked = later(timed.anna.command("/sec", "C0OUT"))  # the bot needs not be in the channel
    envelope = await bot.receive()
    await bot.ack(envelope, {"text": "working"})
    await asked
    url = envelope["payload"]["response_url"]
    for number in range(5):
        async with timed.session.post(url, json={"text": f"part {number}"}) as answer:
            assert (answer.status, await answer.text()) == (200, "ok")
    async with timed.session.post(url, json={"text": "one more"}) as answer:
        assert (answer.status, (await answer.json())["error"]) == (404, "used_url")
    assert [m.text for m in timed.anna.ephemerals("C0OUT")] == ["working", *(f"part {n}" for n in range(5))]
    assert timed.anna.messages("C0OUT") == []
    assert timed.ben.ephemerals("C0OUT") == []
    fresh = timed.server.world.response_urls.give("U0ANNA", "C0SEC")
    await clock.advance(1801)
    async with timed.session.post(f"{timed.server.page_url}_response/{fresh}", json={"text": "x"}) as answer:
        assert (await answer.json())["error"] == "expired_url"


async def test_an_answer_may_be_public_and_may_replace_or_delete_an_ephemeral_original(kit: Any) -> None:
    await kit.client().chat_postEphemeral(channel="C0SEC", user="U0ANNA", text="menu", blocks=[BUTTONS])
    shown = kit.anna.ephemerals("C0SEC")[0]
    bot = await kit.bot()
    pressing = later(kit.anna.press("C0SEC", shown, "Acknowledge"))
    envelope = await bot.receive()
    await bot.ack(envelope)
    await pressing
    url = envelope["payload"]["response_url"]
    assert envelope["payload"]["container"]["is_ephemeral"] is True
    assert "message" not in envelope["payload"]
    await kit.session.post(url, json={"text": "done", "replace_original": True})
    assert [(m.ts, m.text, m.blocks) for m in kit.anna.ephemerals("C0SEC")] == [(shown.ts, "done", [])]
    await kit.session.post(url, json={"text": "for all", "response_type": "in_channel"})
    assert [m.text for m in kit.ben.messages("C0SEC")] == ["for all"]
    await kit.session.post(url, json={"delete_original": True})
    assert kit.anna.ephemerals("C0SEC") == []


# 3. Slack's refusals


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        ({"channel": "C0OUT", "text": "x"}, "not_in_channel"),
        ({"channel": "C0NONE", "text": "x"}, "channel_not_found"),
        ({"channel": "G0HIDE", "text": "x"}, "channel_not_found"),
        ({"channel": "C0OLD", "text": "x"}, "is_archived"),
        ({"channel": "C0SEC", "text": ""}, "no_text"),
        ({"channel": "C0SEC", "text": "x", "blocks": [{"type": "sparkle"}]}, "invalid_blocks"),
        ({"channel": "C0SEC", "text": "x", "blocks": "[{"}, "invalid_blocks_format"),
        ({"channel": "C0SEC", "text": "x", "thread_ts": "1.000000"}, "cannot_reply_to_message"),
        ({"channel": "C0SEC", "markdown_text": "*x*" * 4001}, "msg_too_long"),
        ({"channel": "C0SEC", "text": "x", "markdown_text": "y"}, "markdown_text_conflict"),
        ({"channel": "C0SEC", "text": "x", "attachments": [{"text": "a"}] * 101}, "too_many_attachments"),
        ({"channel": "C0SEC", "text": "x", "metadata": {"event_type": "t"}}, "invalid_metadata_format"),
        (
            {"channel": "C0SEC", "text": "x", "metadata": {"event_type": "t", "event_payload": {"k": "v" * 9000}}},
            "metadata_too_large",
        ),
        (
            {
                "channel": "C0SEC",
                "text": "x",
                "blocks": [{"type": "section", "text": {"type": "mrkdwn", "text": "y" * 2900}}] * 5,
            },
            "msg_blocks_too_long",
        ),
    ],
)
async def test_a_post_is_refused_for_slacks_reasons(kit: Any, arguments: Any, error: Any) -> None:
    assert await error_of(kit.client().api_call("chat.postMessage", json=arguments)) == error
    assert kit.anna.messages("C0SEC") == []


async def test_invalid_blocks_say_where(kit: Any) -> None:
    with pytest.raises(SlackApiError) as caught:
        await kit.client().chat_postMessage(channel="C0SEC", text="x", blocks=[{**SECTION, "text": {"type": "mrkdwn"}}])
    assert caught.value.response["response_metadata"]["messages"] == [
        "[ERROR] missing required field: text [json-pointer:/blocks/0/text]"
    ]


async def test_a_method_without_its_scope_is_refused(kit: Any) -> None:
    kit.server.workspace.scopes = {"chat:write"}
    await kit.client().chat_postMessage(channel="C0SEC", text="x")
    with pytest.raises(SlackApiError) as caught:
        await kit.client().users_info(user="U0ANNA")
    assert {k: caught.value.response[k] for k in ("error", "needed", "provided")} == {
        "error": "missing_scope",
        "needed": "users:read",
        "provided": "chat:write",
    }
    kit.server.workspace.scopes.add("chat:write.public")
    assert (await kit.client().chat_postMessage(channel="C0OUT", text="public"))["ok"]


async def test_a_stale_hash_and_a_fourth_modal_are_refused(kit: Any) -> None:
    bot, client = await kit.bot(), kit.client()
    view = await open_modal(kit, bot)
    updated = (await client.views_update(view_id=view["id"], view=MODAL, hash=view["hash"]))["view"]
    assert updated["hash"] != view["hash"]
    assert await error_of(client.views_update(view_id=view["id"], view=MODAL, hash=view["hash"])) == "hash_conflict"
    for _ in range(2):
        trigger = kit.server.world.triggers.give("U0ANNA", view["id"])
        await client.views_push(trigger_id=trigger, view=MODAL)
    trigger = kit.server.world.triggers.give("U0ANNA", view["id"])
    assert await error_of(client.views_push(trigger_id=trigger, view=MODAL)) == "push_limit_reached"
    assert [v.root_view_id for v in kit.anna.views()] == [view["id"]] * 3
    assert kit.ben.views() == []
    assert await error_of(client.views_update(view_id="V0NONE", view=MODAL)) == "not_found"


# 4. ids and state


async def test_blocks_get_ids_and_views_carry_what_was_entered(kit: Any) -> None:
    posted = await kit.client().chat_postMessage(channel="C0SEC", text="x", blocks=[SECTION, BUTTONS])
    assert [bool(b["block_id"]) for b in posted["message"]["blocks"]] == [True, True]
    assert posted["message"]["blocks"][1]["block_id"] == "acts"
    bot = await kit.bot()
    view = await open_modal(kit, bot)
    assert view["id"].startswith("V")
    submitting = later(kit.anna.submit(values={"reason": "known false alarm", "pick": "1"}))
    envelope = await bot.receive()
    values = envelope["payload"]["view"]["state"]["values"]
    assert values["reason"]["text"]["value"] == "known false alarm"
    assert values["days"]["pick"]["selected_option"]["value"] == "1"
    assert envelope["payload"]["view"]["hash"] == view["hash"]
    await bot.ack(envelope, {"response_action": "errors", "errors": {"reason": "Say more."}})
    assert (await submitting).errors == {"reason": "Say more."}
    assert len(kit.anna.views()) == 1


# 5. rates and retries


async def test_posts_above_one_a_second_and_channel_are_answered_429(timed: Any, clock: Any) -> None:
    client = timed.client()
    for number in range(3):  # a short burst passes
        await client.chat_postMessage(channel="C0SEC", text=str(number))
    with pytest.raises(SlackApiError) as caught:
        await client.chat_postMessage(channel="C0SEC", text="too fast")
    assert caught.value.response.status_code == 429
    assert caught.value.response.headers["Retry-After"] == "1"
    assert caught.value.response["error"] == "ratelimited"
    await client.chat_postMessage(channel="C0SHARED", text="another channel")
    await clock.advance(1)
    await client.chat_postMessage(channel="C0SEC", text="after a second")
    assert [m.text for m in timed.anna.messages("C0SEC")] == ["0", "1", "2", "after a second"]


async def test_each_method_has_its_tier(timed: Any, clock: Any) -> None:
    client = timed.client()
    for _ in range(20):
        await client.users_list()
    with pytest.raises(SlackApiError) as caught:
        await client.users_list()
    assert caught.value.response.headers["Retry-After"] == "3"
    await client.users_info(user="U0ANNA")
    await clock.advance(3)
    await client.users_list()


# 6. late acks


async def test_an_ack_after_three_seconds_is_an_error_for_the_user_although_the_handler_goes_on(
    timed: Any, clock: Any
) -> None:
    bot = await timed.bot()
    asked = later(timed.anna.command("/sec", "C0SEC"))
    envelope = await bot.receive()
    await clock.advance(3.0)
    assert (await asked).outcome == "late"
    assert timed.anna.toasts() == ["/sec: secbot did not respond in time."]
    sent = timed.server.history.envelopes()[0]
    assert sent.outcome == "unacked"
    await bot.ack(envelope, {"text": "too late"})
    await timed.server.wait_for(lambda: sent.outcome == "late")
    assert sent.latency_s == pytest.approx(3.0)
    assert timed.anna.ephemerals("C0SEC") == []
    await timed.session.post(envelope["payload"]["response_url"], json={"text": "done all the same"})
    assert [m.text for m in timed.anna.ephemerals("C0SEC")] == ["done all the same"]


async def test_without_a_connection_the_user_is_told_at_once(kit: Any) -> None:
    assert (await kit.anna.command("/sec", "C0SEC")).outcome == "unreachable"
    assert kit.anna.toasts() == ["/sec failed because the app did not respond."]


async def test_an_event_that_is_not_acked_comes_again_three_times(timed: Any, clock: Any) -> None:
    bot = await timed.bot()
    await timed.anna.mention("C0SEC", "hello")
    seen = [await bot.receive()]
    for wait in (3.0, 3.0, 60.0 + 3.0):
        await clock.advance(wait)
        if len(seen) == 2:
            await clock.advance(60.0)
        if len(seen) == 3:
            await clock.advance(300.0)
        seen.append(await bot.receive())
    assert [e["retry_attempt"] for e in seen] == [0, 1, 2, 3]
    assert len({e["payload"]["event_id"] for e in seen}) == 1
    assert len({e["envelope_id"] for e in seen}) == 4
    await clock.advance(1000)
    assert len(timed.server.history.envelopes("events_api")) == 4
