"""The ten things a Slack stand-in usually gets wrong, points 7 to 10; the others are in test_slack_ten_points.py."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from slack_sdk.errors import SlackApiError

from sandbox.slack.acts import ActError
from sandbox.slack.server import SlackServer
from sandbox.slack.state import Workspace

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "S3 bucket is public"}}
META = {"event_type": "finding", "event_payload": {"key": "F-1:3"}}


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


def later(work: Any) -> asyncio.Task[Any]:
    return asyncio.get_running_loop().create_task(work)


# 7. updates


async def test_an_update_without_blocks_removes_them_and_ephemerals_cannot_be_updated(kit: Any) -> None:
    client = kit.client()
    posted = await client.chat_postMessage(channel="C0SEC", text="card", blocks=[SECTION], metadata=META)
    await client.chat_update(channel="C0SEC", ts=posted["ts"], text="plain")
    message = kit.anna.messages("C0SEC")[0]
    assert (message.text, message.blocks, message.metadata) == ("plain", [], META)
    assert message.edited is not None
    private = await client.chat_postEphemeral(channel="C0SEC", user="U0ANNA", text="for you")
    assert (
        await error_of(client.chat_update(channel="C0SEC", ts=private["message_ts"], text="x")) == "message_not_found"
    )
    said = await kit.anna.say("C0SEC", "mine")
    assert await error_of(client.chat_update(channel="C0SEC", ts=said.ts, text="x")) == "cant_update_message"
    assert await error_of(client.chat_update(channel="C0SEC", ts=posted["ts"], text="x" * 4001)) == "msg_too_long"
    assert (await client.chat_postMessage(channel="C0SEC", text="x" * 4001))["ok"]


# 8. files, groups, people, channels


async def test_a_file_is_uploaded_in_three_steps(kit: Any) -> None:
    uploaded = await kit.client().files_upload_v2(
        channel="C0SEC",
        filename="findings.csv",
        content="ref,severity\nF-1,high\n",
        title="Findings",
        initial_comment="All",
    )
    assert uploaded["file"]["title"] == "Findings"
    message = kit.anna.messages("C0SEC")[0]
    assert message.text == "All"
    page = (await kit.page("history", channel="C0SEC"))["messages"][0]
    async with kit.session.get(page["files"][0]["url"]) as answer:
        assert await answer.text() == "ref,severity\nF-1,high\n"
    half = await kit.client().files_getUploadURLExternal(filename="x.csv", length=3)
    assert (
        await error_of(kit.client().files_completeUploadExternal(files=[{"id": half["file_id"]}])) == "file_not_found"
    )
    async with kit.session.post(half["upload_url"], data=b"four") as answer:
        assert answer.status == 400


async def test_people_and_channels_are_told_apart(kit: Any) -> None:
    client = kit.client()
    kinds = {
        u["id"]: (u["is_restricted"], u["is_ultra_restricted"], u["is_bot"], u["deleted"], u["team_id"])
        for u in (await client.users_list())["members"]
    }
    assert kinds["U0ANNA"] == (False, False, False, False, "T0SANDBOX")
    assert kinds["U0GUEST"][0]
    assert kinds["U0SINGLE"][1]
    assert kinds["U0ROBOT"][2]
    assert kinds["U0GONE"][3]
    other = (await client.users_info(user="U0OTHER"))["user"]
    assert (other["team_id"], other["is_stranger"]) == ("T0PARTNER", True)
    assert (await client.usergroups_users_list(usergroup="S0CALL"))["users"] == ["U0ANNA", "U0BEN"]
    assert (await client.usergroups_list(include_users=True))["usergroups"][0]["handle"] == "sec-oncall"
    shared = (await client.conversations_info(channel="C0SHARED"))["channel"]
    assert (shared["is_ext_shared"], shared["is_private"]) == (True, False)
    assert set(shared["shared_team_ids"]) == {"T0SANDBOX", "T0PARTNER"}
    assert (await client.conversations_info(channel="G0PRIV"))["channel"]["is_private"] is True
    assert await error_of(client.users_info(user="U0NOBODY")) == "user_not_found"
    found = (await client.users_lookupByEmail(email="anna@example.com"))["user"]
    assert found["id"] == "U0ANNA"


# 9. metadata, history, unfurls, shortcuts, mentions, Home


async def test_metadata_is_returned_only_when_asked_for(kit: Any) -> None:
    client = kit.client()
    parent = await client.chat_postMessage(channel="C0SEC", text="card", metadata=META)
    await client.chat_postMessage(channel="C0SEC", text="reply", thread_ts=parent["ts"], metadata=META)
    plain = await client.conversations_history(channel="C0SEC")
    assert "metadata" not in plain["messages"][0]
    full = await client.conversations_history(channel="C0SEC", include_all_metadata=True)
    assert full["messages"][0]["metadata"] == META
    assert full["messages"][0]["reply_count"] == 1
    assert len(full["messages"]) == 1
    thread = await client.conversations_replies(channel="C0SEC", ts=parent["ts"], include_all_metadata=True)
    assert [m["metadata"] for m in thread["messages"]] == [META, META]


async def test_a_link_of_a_registered_domain_is_shared_and_unfurled(kit: Any) -> None:
    bot = await kit.bot()
    url = "https://eu-west-1.console.aws.amazon.com/guardduty?id=1&x=2"
    said = await kit.anna.say("C0SEC", f"look {url}")
    event = (await bot.receive())["payload"]["event"]
    assert event["type"] == "link_shared"
    assert event["links"] == [{"url": url, "domain": "console.aws.amazon.com"}]
    await kit.client().chat_unfurl(channel="C0SEC", ts=said.ts, unfurls={url: {"blocks": [SECTION]}})
    assert kit.anna.messages("C0SEC")[0].attachments[0]["from_url"] == url
    wrong = kit.client().chat_unfurl(channel="C0SEC", ts=said.ts, unfurls={"https://example.com": {"text": "x"}})
    assert await error_of(wrong) == "cannot_unfurl_url"


async def test_shortcuts_mentions_and_home_reach_the_bot(kit: Any) -> None:
    bot, client = await kit.bot(), kit.client()
    posted = await client.chat_postMessage(channel="C0SEC", text="card")
    doing = later(kit.anna.message_shortcut("ack_it", "C0SEC", posted["ts"]))
    envelope = await bot.receive()
    await bot.ack(envelope)
    await doing
    assert envelope["payload"]["type"] == "message_action"
    assert envelope["payload"]["message"]["ts"] == posted["ts"]
    doing = later(kit.anna.global_shortcut("menu"))
    envelope = await bot.receive()
    await bot.ack(envelope)
    await doing
    assert envelope["payload"]["type"] == "shortcut"
    await kit.anna.mention("C0SEC", "ack", posted["ts"])
    envelope = await bot.receive()
    await bot.ack(envelope)
    event = envelope["payload"]["event"]
    assert (event["type"], event["thread_ts"], event["text"]) == ("app_mention", posted["ts"], "<@U0SECBOT> ack")
    kit.anna.open_home()
    envelope = await bot.receive()
    await bot.ack(envelope)
    assert envelope["payload"]["event"]["type"] == "app_home_opened"
    home = (await client.views_publish(user_id="U0ANNA", view={"type": "home", "blocks": [SECTION]}))["view"]
    stale = client.views_publish(user_id="U0ANNA", view={"type": "home", "blocks": []}, hash="1.old")
    assert await error_of(stale) == "hash_conflict"
    await client.views_publish(user_id="U0ANNA", view={"type": "home", "blocks": []}, hash=home["hash"])


# 10. loopback only


@pytest.mark.parametrize("host", ["0.0.0.0", "192.168.1.10", "::"])
def test_it_refuses_to_listen_on_anything_but_loopback(host: Any) -> None:
    with pytest.raises(ValueError):
        SlackServer(Workspace(), host=host)


async def test_a_request_under_another_name_is_refused(kit: Any) -> None:
    async with kit.session.get(kit.server.page_url, headers={"Host": "evil.example"}) as answer:
        assert answer.status == 403


# Beyond the ten


UNFURL = {
    "type": "actions",
    "elements": [
        {"type": "button", "action_id": "ack", "value": "F-1", "text": {"type": "plain_text", "text": "Acknowledge"}}
    ],
}


async def test_a_button_in_an_unfurl_says_where_it_was(kit: Any) -> None:
    bot, url = await kit.bot(), "https://console.aws.amazon.com/x"
    said = await kit.anna.say("C0OUT", url)
    await bot.ack(await bot.receive())
    await kit.client().chat_unfurl(channel="C0OUT", ts=said.ts, unfurls={url: {"blocks": [UNFURL]}})
    pressing = later(kit.anna.press("C0OUT", said.ts, "Acknowledge"))
    payload = (envelope := await bot.receive())["payload"]
    await bot.ack(envelope)
    await pressing
    assert payload["container"]["type"] == "message_attachment"
    assert payload["container"]["app_unfurl_url"] == url
    assert payload["app_unfurl"]["is_app_unfurl"] is True
    assert payload["actions"][0]["value"] == "F-1"


async def test_an_image_block_shows_only_a_file_that_was_completed(kit: Any) -> None:
    client = kit.client()
    image = {"type": "image", "alt_text": "plot", "slack_file": {"id": "F0NONE"}}
    assert await error_of(client.chat_postMessage(channel="C0SEC", text="x", blocks=[image])) == "invalid_blocks"
    uploaded = await client.files_upload_v2(filename="plot.png", content=b"png", title="Plot")
    image["slack_file"] = {"id": uploaded["file"]["id"]}
    await client.chat_postMessage(channel="C0SEC", text="x", blocks=[image])
    async with kit.session.get(f"{kit.server.page_url}_page/file/{uploaded['file']['id']}") as answer:
        assert (answer.content_type, await answer.read()) == ("image/png", b"png")


async def test_a_deleted_parent_leaves_a_tombstone_and_others_messages_stay(kit: Any) -> None:
    client = kit.client()
    parent = await client.chat_postMessage(channel="C0SEC", text="card")
    await client.chat_postMessage(channel="C0SEC", text="reply", thread_ts=parent["ts"], reply_broadcast=True)
    await client.chat_delete(channel="C0SEC", ts=parent["ts"])
    shown = (await client.conversations_history(channel="C0SEC"))["messages"]
    assert [m.get("subtype") for m in shown] == ["thread_broadcast", "tombstone"]
    said = await kit.anna.say("C0SEC", "mine")
    assert await error_of(client.chat_delete(channel="C0SEC", ts=said.ts)) == "cant_delete_message"


async def test_history_is_paged_newest_first_within_its_bounds(kit: Any) -> None:
    client = kit.client()
    stamps = [(await client.chat_postMessage(channel="C0SEC", text=str(n)))["ts"] for n in range(5)]
    assert stamps == sorted(set(stamps))
    first = await client.conversations_history(channel="C0SEC", limit=2)
    assert [m["text"] for m in first["messages"]] == ["4", "3"]
    cursor = first["response_metadata"]["next_cursor"]
    second = await client.conversations_history(channel="C0SEC", limit=2, cursor=cursor)
    assert [m["text"] for m in second["messages"]] == ["2", "1"]
    between = await client.conversations_history(channel="C0SEC", oldest=stamps[1], latest=stamps[3])
    assert [m["text"] for m in between["messages"]] == ["2"]
    exact = await client.conversations_history(channel="C0SEC", oldest=stamps[1], latest=stamps[1], inclusive=True)
    assert [m["text"] for m in exact["messages"]] == ["1"]
    assert await error_of(client.conversations_history(channel="C0OUT")) == "not_in_channel"


@pytest.mark.parametrize(
    ("token", "error"), [("", "not_authed"), ("xoxb-wrong", "invalid_auth"), ("xapp-sandbox", "not_allowed_token_type")]
)
async def test_a_call_needs_the_right_token(kit: Any, token: Any, error: Any) -> None:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    async with kit.session.post(f"{kit.server.api_url}auth.test", headers=headers) as answer:
        assert (await answer.json())["error"] == error
    async with kit.session.post(f"{kit.server.api_url}chat.fly", headers=headers) as answer:
        assert (await answer.json())["error"] == "unknown_method"


async def test_forms_and_json_are_understood_alike(kit: Any) -> None:
    url, token = f"{kit.server.api_url}chat.postMessage", kit.server.workspace.bot_token
    form = {"token": token, "channel": "#sec-prod", "text": "form", "blocks": '[{"type": "divider"}]'}
    async with kit.session.post(url, data=form) as answer:
        assert (await answer.json())["message"]["blocks"][0]["type"] == "divider"
    async with kit.session.post(url, data="{", headers={"Content-Type": "application/json"}) as answer:
        assert (await answer.json())["error"] == "invalid_json"
    assert kit.server.history.calls("chat.postMessage")[0].args["blocks"] == [{"type": "divider"}]


async def test_a_page_of_another_site_cannot_act(kit: Any) -> None:
    url = f"{kit.server.page_url}_page/api/send"
    body = {"user": "U0ANNA", "channel": "C0SEC", "text": "forged"}
    async with kit.session.post(url, json=body, headers={"Origin": "https://evil.example"}) as answer:
        assert answer.status == 403
    async with kit.session.post(url, json=body, headers={"Origin": kit.server.page_url.rstrip("/")}) as answer:
        assert (await answer.json())["ok"]
    async with kit.session.post(url, data=body) as answer:
        assert answer.status == 404
    assert len(kit.anna.messages("C0SEC")) == 1


async def test_a_message_reaches_a_person_by_user_id(kit: Any) -> None:
    opened = (await kit.client().conversations_open(users="U0ANNA"))["channel"]["id"]
    posted = await kit.client().chat_postMessage(channel="U0ANNA", text="for you")
    assert posted["channel"] == opened == kit.anna.dm()
    assert await error_of(kit.client().conversations_open(users="U0GONE")) == "user_disabled"
    assert await error_of(kit.client().conversations_open(users="U0ROBOT")) == "cannot_dm_bot"
    missing = kit.client().chat_postEphemeral(channel="G0PRIV", user="U0BEN", text="x")
    assert await error_of(missing) == "user_not_in_channel"


async def test_a_stranger_and_a_guest_act_under_their_own_flags(kit: Any) -> None:
    bot = await kit.bot()
    await kit.client().chat_postMessage(channel="C0SHARED", text="card", blocks=[UNFURL])
    olga = kit.server.actor("U0OTHER")
    pressing = later(olga.press("C0SHARED", olga.messages("C0SHARED")[0], "ack"))
    envelope = await bot.receive()
    await bot.ack(envelope)
    await pressing
    assert envelope["payload"]["user"]["team_id"] == "T0PARTNER"
    assert envelope["payload"]["team"]["id"] == "T0SANDBOX"
    await olga.mention("C0SHARED", "hello")
    event = (await bot.receive())["payload"]
    assert (event["event"]["user_team"], event["is_ext_shared_channel"]) == ("T0PARTNER", True)


async def test_the_rest_of_the_web_api_answers_as_slack_does(kit: Any) -> None:
    client = kit.client()
    assert (await client.auth_test())["user_id"] == "U0SECBOT"
    assert (await client.team_info())["team"]["domain"] == "sandbox"
    assert (await client.bots_info(bot="B0SECBOT"))["bot"]["app_id"] == "A0SECBOT"
    assert (await client.api_test(foo="bar"))["args"]["foo"] == "bar"
    assert await error_of(client.api_test(error="my_error")) == "my_error"
    listed = (await client.conversations_list(types="public_channel,private_channel", exclude_archived=True))[
        "channels"
    ]
    assert [c["id"] for c in listed] == ["C0SEC", "C0OUT", "G0PRIV", "C0SHARED"]
    first = await client.conversations_members(channel="C0SEC", limit=1)
    assert (first["members"], bool(first["response_metadata"]["next_cursor"])) == (["U0ANNA"], True)
    assert (await client.conversations_join(channel="C0OUT"))["channel"]["is_member"] is True
    assert await error_of(client.conversations_join(channel="C0OLD")) == "is_archived"
    posted = await client.chat_postMessage(channel="C0SEC", text="card")
    link = (await client.chat_getPermalink(channel="C0SEC", message_ts=posted["ts"]))["permalink"]
    assert link == f"https://sandbox.slack.com/archives/C0SEC/p{posted['ts'].replace('.', '')}"
    await client.pins_add(channel="C0SEC", timestamp=posted["ts"])
    assert await error_of(client.pins_add(channel="C0SEC", timestamp=posted["ts"])) == "already_pinned"
    await client.reactions_add(channel="C0SEC", timestamp=posted["ts"], name="eyes")
    assert (
        await error_of(client.reactions_add(channel="C0SEC", timestamp=posted["ts"], name="eyes")) == "already_reacted"
    )
    assert await error_of(client.usergroups_users_list(usergroup="S0NONE")) == "no_such_subteam"
    assert await error_of(client.users_lookupByEmail(email="no@example.com")) == "users_not_found"
    outside = kit.server.world.triggers.give("U0ANNA")
    modal = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": []}
    assert await error_of(client.views_push(trigger_id=outside, view=modal)) == "not_found"
    named = {**modal, "external_id": "one"}
    await client.views_open(trigger_id=kit.server.world.triggers.give("U0ANNA"), view=named)
    again = client.views_open(trigger_id=kit.server.world.triggers.give("U0BEN"), view=named)
    assert await error_of(again) == "duplicate_external_id"
    assert (await client.views_update(external_id="one", view=named))["view"]["external_id"] == "one"


async def test_a_view_over_250_kb_is_refused(kit: Any) -> None:
    huge = {"type": "section", "text": {"type": "mrkdwn", "text": "x" * 2900}}
    view = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": [huge] * 100}
    trigger = kit.server.world.triggers.give("U0ANNA")
    assert await error_of(kit.client().views_open(trigger_id=trigger, view=view)) == "view_too_large"


async def test_an_outage_cuts_the_sockets_and_refuses_new_ones(kit: Any) -> None:
    bot = await kit.bot()
    ticket = (await kit.client("xapp-sandbox").apps_connections_open(app_token="xapp-sandbox"))["url"]
    kit.server.set_outage(True)
    await bot.socket.receive()
    await kit.server.wait_for(lambda: not kit.server.sockets.connections)
    async with kit.session.get(ticket.replace("ws", "http", 1)) as answer:
        assert answer.status == 503
    kit.server.set_outage(False)
    await kit.bot()
    async with kit.session.get(ticket.replace("ws", "http", 1).replace("_socket/", "_socket/x")) as answer:
        assert answer.status == 403


async def test_choices_of_every_kind_reach_the_bot(kit: Any) -> None:
    options = [{"text": {"type": "plain_text", "text": n}, "value": n} for n in ("a", "b")]
    kinds: dict[str, Any] = {
        "static_select": {"options": options},
        "checkboxes": {"options": options},
        "datepicker": {},
        "users_select": {},
        "overflow": {"options": options},
    }
    elements = [{"type": kind, "action_id": kind, **more} for kind, more in kinds.items()]
    posted = await kit.client().chat_postMessage(
        channel="C0SEC", text="x", blocks=[{"type": "actions", "elements": elements}]
    )
    bot = await kit.bot()
    chosen: dict[str, Any] = {
        "static_select": "b",
        "checkboxes": ["a", "b"],
        "datepicker": "2026-01-31",
        "users_select": "U0BEN",
    }
    chosen["overflow"] = "a"
    seen = {}
    for kind, choice in chosen.items():
        doing = later(kit.anna.select(posted["ts"], kind, choice, channel="C0SEC"))
        payload = (envelope := await bot.receive())["payload"]
        await bot.ack(envelope)
        await doing
        seen[kind] = payload["actions"][0]
        held = payload["state"]["values"][payload["actions"][0]["block_id"]]
        assert ("overflow" in held, len(held)) == (False, 4)
    assert seen["static_select"]["selected_option"]["value"] == "b"
    assert [o["value"] for o in seen["checkboxes"]["selected_options"]] == ["a", "b"]
    assert seen["datepicker"]["selected_date"] == "2026-01-31"
    assert seen["users_select"]["selected_user"] == "U0BEN"
    assert seen["overflow"]["selected_option"]["value"] == "a"


async def test_a_person_cannot_press_what_is_not_there(kit: Any) -> None:
    await kit.client().chat_postEphemeral(channel="C0SEC", user="U0ANNA", text="x", blocks=[UNFURL])
    private = kit.anna.ephemerals("C0SEC")[0]
    with pytest.raises(ActError):
        await kit.anna.press("C0SEC", private, "Nothing")
    container = {"type": "message", "channel": "C0SEC", "ts": private.ts}
    with pytest.raises(ActError):
        await kit.server.acts.action("U0BEN", container, "b", {"type": "button", "action_id": "ack"})
    with pytest.raises(ActError):
        await kit.server.actor("U0GONE").say("C0SEC", "hello")
    with pytest.raises(ActError):
        await kit.server.actor("U0GUEST").say("C0SEC", "hello")
