"""The browser page's contract (PROTOCOL.md): load, live frames, acts."""

from __future__ import annotations

import asyncio
import warnings
from typing import Any

import pytest

from sandbox.slack.clock import SystemClock
from sandbox.slack.server import SlackServer

USER = {
    "id",
    "name",
    "real_name",
    "title",
    "color",
    "is_bot",
    "deleted",
    "is_restricted",
    "is_stranger",
    "team_id",
}
CHANNEL = {
    "id",
    "name",
    "kind",
    "topic",
    "is_ext_shared",
    "is_archived",
    "is_member",
    "im_user",
    "unread",
    "mentions",
    "last_read",
}
MESSAGE = {
    "channel",
    "ts",
    "user",
    "text",
    "blocks",
    "attachments",
    "thread_ts",
    "broadcast",
    "edited",
    "ephemeral",
    "subtype",
    "reply_count",
    "reply_users",
    "latest_reply",
    "reactions",
    "files",
    "permalink",
}
BUTTON = {"type": "button", "action_id": "go", "text": {"type": "plain_text", "text": "Go"}, "value": "1"}


async def open_page(kit: Any, user: str = "U0ANNA") -> Any:
    url = kit.server.page_url.replace("http", "ws", 1) + f"_page/ws?user={user}"
    page = await kit.session.ws_connect(url)
    assert (await page.receive_json(timeout=5))["type"] == "status"
    return page


async def frames(page: Any, *kinds: str) -> list[dict[str, Any]]:
    """The next frames, one of each kind in this order, others skipped."""
    found = []
    for kind in kinds:
        while (frame := await page.receive_json(timeout=5))["type"] != kind:
            pass
        found.append(frame)
    return found


async def test_bootstrap_holds_what_the_page_needs(kit: Any) -> None:
    async def switch(**args: Any) -> str:
        return f"done {args}"

    kit.server.register_control("burst", "Burst", "Thirty findings", switch, "Findings", danger=True)
    async with kit.session.get(f"{kit.server.page_url}_page/bootstrap?user=U0ANNA") as answer:
        found = await answer.json()
    assert set(found["me"]) == USER
    assert set(found["channels"][0]) == CHANNEL
    async with kit.session.get(f"{kit.server.page_url}_page/bootstrap") as answer:
        assert (await answer.json())["me"]["id"] == "U0ANNA"
    names = [c["name"] for c in found["channels"]]
    assert {"sec-prod", "private-in", "private-out", "secbot"} <= set(names)
    assert found["commands"] == [{"command": "/sec", "description": "Security", "usage_hint": "[verb] {term}"}]
    assert found["controls"][0]["danger"] is True
    assert found["app"] == {"user_id": "U0SECBOT", "name": "secbot", "home": True}
    assert (await kit.page("control", name="burst", args={"n": 3}))["text"] == "done {'n': 3}"
    with pytest.raises(ValueError):
        kit.server.register_control("burst", "Again", "", switch)


async def test_a_guest_sees_only_the_channels_of_which_they_are_a_member(kit: Any) -> None:
    async with kit.session.get(f"{kit.server.page_url}_page/bootstrap?user=U0OTHER") as answer:
        assert [c["name"] for c in (await answer.json())["channels"]] == ["shared"]
    async with kit.session.get(f"{kit.server.page_url}_page/bootstrap?user=U0NONE") as answer:
        assert answer.status == 404


async def test_an_open_page_hears_of_everything(kit: Any) -> None:
    page, client = await open_page(kit), kit.client()
    posted = await client.chat_postMessage(channel="C0SEC", text="hi <@U0ANNA>")
    message, channel = await frames(page, "message", "channel")
    assert set(message["message"]) == MESSAGE
    assert (channel["channel"]["unread"], channel["channel"]["mentions"]) == (1, 1)
    await client.chat_postMessage(channel="C0SEC", text="reply", thread_ts=posted["ts"])
    reply, parent = await frames(page, "message", "message_changed")
    assert reply["message"]["thread_ts"] == posted["ts"]
    assert parent["message"]["reply_count"] == 1
    await client.reactions_add(channel="C0SEC", timestamp=posted["ts"], name="eyes")
    (changed,) = await frames(page, "message_changed")
    assert changed["message"]["reactions"] == [{"name": "eyes", "users": ["U0SECBOT"]}]
    second = await client.chat_postMessage(channel="C0SEC", text="gone soon")
    await client.chat_delete(channel="C0SEC", ts=second["ts"])
    (deleted,) = await frames(page, "message_deleted")
    assert deleted["ts"] == second["ts"]
    await kit.page("mark_read", channel="C0SEC", ts=posted["ts"])
    (channel,) = await frames(page, "channel")
    assert channel["channel"]["unread"] == 0
    await kit.bot()
    (status,) = await frames(page, "status")
    assert (status["connected"], status["connections"]) == (True, 1)


async def test_an_ephemeral_message_reaches_one_page_only(kit: Any) -> None:
    anna, ben = await open_page(kit), await open_page(kit, "U0BEN")
    await kit.client().chat_postEphemeral(channel="C0SEC", user="U0ANNA", text="secret")
    await kit.client().chat_postMessage(channel="C0SEC", text="open")
    (first,) = await frames(anna, "message")
    assert (first["message"]["text"], first["message"]["ephemeral"]) == ("secret", True)
    (first,) = await frames(ben, "message")
    assert first["message"]["text"] == "open"
    assert [m["text"] for m in (await kit.page("history", channel="C0SEC"))["messages"]] == ["secret", "open"]
    assert len((await kit.page("history", channel="C0SEC", user="U0BEN"))["messages"]) == 1


async def test_a_command_is_refused_in_a_thread_and_unknown_ones_too(kit: Any) -> None:
    assert not (await kit.page("send", channel="C0SEC", text="/sec", thread_ts="1.0"))["ok"]
    assert not (await kit.page("send", channel="C0SEC", text="/nothing"))["ok"]
    assert not (await kit.page("send", channel="C0OLD", text="hello"))["ok"]
    assert not (await kit.page("send", channel="C0SEC"))["ok"]
    assert not (await kit.page("fly"))["ok"]


async def test_the_page_walks_through_a_modal(kit: Any) -> None:
    page, bot = await open_page(kit), await kit.bot()
    sending = asyncio.get_running_loop().create_task(kit.page("send", channel="C0SEC", text="/sec suppress it"))
    envelope = await bot.receive()
    assert (envelope["payload"]["command"], envelope["payload"]["text"]) == ("/sec", "suppress it")
    await bot.ack(envelope)
    assert (await sending)["ok"]
    view = {
        "type": "modal",
        "title": {"type": "plain_text", "text": "Pick"},
        "blocks": [{"type": "actions", "block_id": "a", "elements": [BUTTON]}],
    }
    await kit.client().views_open(trigger_id=envelope["payload"]["trigger_id"], view=view)
    (opened,) = await frames(page, "view_opened")
    container = {"type": "view", "view_id": opened["view"]["id"]}
    pressing = asyncio.get_running_loop().create_task(
        kit.page(
            "action", container=container, block_id="a", action={"type": "button", "action_id": "go", "value": "1"}
        )
    )
    envelope = await bot.receive()
    await bot.ack(envelope)
    assert (await pressing)["ok"]
    action = envelope["payload"]["actions"][0]
    assert (action["block_id"], action["text"]["text"]) == ("a", "Go")
    await kit.client().views_push(trigger_id=envelope["payload"]["trigger_id"], view=view)
    (pushed,) = await frames(page, "view_pushed")
    assert pushed["view"]["previous_view_id"] == opened["view"]["id"]
    await kit.page("view_close", view_id=pushed["view"]["id"], clear=True)
    closed = await frames(page, "view_closed", "view_closed")
    assert [f["view_id"] for f in closed] == [pushed["view"]["id"], opened["view"]["id"]]
    gone = await kit.page("view_submit", view_id=opened["view"]["id"], state={"values": {}})
    assert gone == {"ok": False, "error": "This window is not open any more."}


@pytest.mark.parametrize(
    ("answer", "left"),
    [({}, 1), ({"response_action": "clear"}, 0), ({"response_action": "update"}, 2), ({"response_action": "push"}, 3)],
)
async def test_the_answer_to_a_submission_changes_the_stack(kit: Any, answer: Any, left: Any) -> None:
    bot = await kit.bot()
    view = {"type": "modal", "title": {"type": "plain_text", "text": "One"}, "blocks": [], "submit": BUTTON["text"]}
    first = await kit.client().views_open(trigger_id=kit.server.world.triggers.give("U0ANNA"), view=view)
    trigger = kit.server.world.triggers.give("U0ANNA", first["view"]["id"])
    await kit.client().views_push(trigger_id=trigger, view=view)
    submitting = asyncio.get_running_loop().create_task(kit.anna.submit())
    envelope = await bot.receive()
    new = {**view, "title": {"type": "plain_text", "text": "Two"}}
    await bot.ack(envelope, answer | ({"view": new} if answer.get("response_action") in ("update", "push") else {}))
    assert (await submitting).ok
    assert len(kit.anna.views()) == left


async def test_an_answer_that_slack_would_refuse_leaves_the_modal_and_says_so(kit: Any) -> None:
    bot = await kit.bot()
    view = {"type": "modal", "title": {"type": "plain_text", "text": "One"}, "blocks": [], "submit": BUTTON["text"]}
    await kit.client().views_open(trigger_id=kit.server.world.triggers.give("U0ANNA"), view=view)
    submitting = asyncio.get_running_loop().create_task(kit.anna.submit())
    envelope = await bot.receive()
    await bot.ack(envelope, {"response_action": "update", "view": {"type": "modal", "blocks": []}})
    ended = await submitting
    assert "missing required field: title" in (ended.error or "")
    assert len(kit.anna.views()) == 1


async def test_what_a_person_types_is_stored_as_slack_stores_it(kit: Any) -> None:
    said = await kit.anna.say(
        "C0SEC", "a < b & @ben #random @sec-oncall https://x.test/?a=1&b=2 @here me@x.test <@U0BEN>"
    )
    assert said.text == (
        "a &lt; b &amp; <@U0BEN> <#C0OUT|random> <!subteam^S0CALL|@sec-oncall> "
        "<https://x.test/?a=1&amp;b=2> <!here> me@x.test <@U0BEN>"
    )


async def test_two_servers_live_side_by_side_and_stop_without_a_trace(run: Any, workspace: Any) -> None:
    before = asyncio.all_tasks()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        async with run(workspace()) as one, run(workspace()) as two:
            await one.client().chat_postMessage(channel="C0SEC", text="one")
            assert two.anna.messages("C0SEC") == []
            await open_page(one)
            await one.bot()
            await one.anna.mention("C0SEC", "never acked")
            one.server.faults.add("auth.test", "hang")
            hanging = asyncio.get_running_loop().create_task(one.client().auth_test())
            await one.server.wait_for(lambda: one.server.history.calls("auth.test"))
            await one.server.stop()
            await one.server.stop()
            await asyncio.gather(hanging, return_exceptions=True)
    assert asyncio.all_tasks() == before


async def test_waiting_in_vain_says_what_happened(kit: Any) -> None:
    await kit.client().auth_test()
    with pytest.raises(TimeoutError, match=r"auth\.test"):
        await kit.server.wait_for(lambda: False, 0.01)
    assert isinstance(SlackServer(kit.server.workspace).world.clock, SystemClock)
