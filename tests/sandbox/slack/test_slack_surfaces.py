"""The surfaces beside cards and commands: private answers, tables and charts, Home, unfurls, files, threads."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

from sandbox.slack.acts import ActError
from sandbox.slack.typed import shared_links, stored

SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "S3 bucket is public"}}
TABLE = {
    "type": "table",
    "column_settings": [{"is_wrapped": True}, None, {"align": "right"}],
    "rows": [[{"type": "raw_text", "text": "Account"}], [{"type": "raw_text", "text": "payments-prod"}]],
}
CHART = {
    "type": "data_visualization",
    "title": "Open findings",
    "chart": {"type": "pie", "segments": [{"label": "High", "value": 3}, {"label": "Low", "value": 4}]},
}
URL = "https://eu-west-1.console.aws.amazon.com/guardduty?id=1&x=2"


def option(value: str) -> dict[str, Any]:
    return {"text": {"type": "plain_text", "text": value}, "value": value}


def sorted_by(value: str) -> list[dict[str, Any]]:
    """A list answer whose select says how it is sorted."""
    select = {"type": "static_select", "action_id": "sort", "options": [option("age"), option("sev")]}
    menu = {"type": "overflow", "action_id": "more", "options": [option("why")]}
    return [{"type": "actions", "elements": [{**select, "initial_option": option(value)}, menu]}]


async def error_of(call: Any) -> str:
    with pytest.raises(SlackApiError) as caught:
        await call
    return str(caught.value.response["error"])


async def acked(bot: Any, doing: Any) -> Any:
    """Do something that the app must ack; the payload it got."""
    task = asyncio.get_running_loop().create_task(doing)
    envelope = await bot.receive()
    await bot.ack(envelope)
    await task
    return envelope["payload"]


async def answered(kit: Any, url: str, **body: Any) -> tuple[int, str]:
    async with kit.session.post(url, json=body) as answer:
        return answer.status, await answer.text()


def url_of(kit: Any) -> str:
    token = kit.server.world.response_urls.give("U0ANNA", "C0SEC")
    return f"{kit.server.page_url}_response/{token}"


# Private answers


async def test_a_select_in_a_private_answer_lays_a_new_answer_over_it(kit: Any) -> None:
    bot = await kit.bot()
    await answered(kit, url_of(kit), text="list", blocks=sorted_by("age"))
    shown = kit.anna.ephemerals("C0SEC")[0]
    payload = await acked(bot, kit.anna.select(shown, "sort", "sev"))
    assert payload["container"]["is_ephemeral"] is True
    assert payload["actions"][0]["selected_option"]["value"] == "sev"
    body = {"text": "list", "blocks": sorted_by("sev"), "replace_original": True}
    assert await answered(kit, payload["response_url"], **body) == (200, "ok")
    (now,) = kit.anna.ephemerals("C0SEC")
    assert (now.ts, now.edited) == (shown.ts, None)
    assert now.blocks[0]["elements"][0]["initial_option"]["value"] == "sev"
    assert (await acked(bot, kit.anna.select(now, "more", "why")))["actions"][0]["type"] == "overflow"
    assert await answered(kit, payload["response_url"], delete_original=True) == (200, "ok")
    assert kit.anna.ephemerals("C0SEC") == []


async def test_a_refused_answer_is_a_400_with_the_bare_word(kit: Any) -> None:
    assert await answered(kit, url_of(kit), text="x", blocks=[{"type": "nothing"}]) == (400, "invalid_blocks")
    assert await answered(kit, url_of(kit)) == (400, "no_text")
    assert kit.server.history.calls("response_url")[0].error == "invalid_blocks"


async def test_a_private_answer_in_a_thread_is_seen_there_by_one_person(kit: Any) -> None:
    client = kit.client()
    parent = await client.chat_postMessage(channel="C0SEC", text="card")
    reply = await client.chat_postMessage(channel="C0SEC", text="reply", thread_ts=parent["ts"])
    for ts in (parent["ts"], reply["ts"]):
        await client.chat_postEphemeral(channel="C0SEC", user="U0ANNA", text="yours", thread_ts=ts)
    await answered(kit, url_of(kit), text="yours", thread_ts=reply["ts"])
    seen = {}
    for user in ("U0ANNA", "U0BEN"):
        answer = await kit.page("replies", channel="C0SEC", thread_ts=parent["ts"], user=user)
        seen[user] = [m["text"] for m in answer["messages"]]
    assert seen == {"U0ANNA": ["card", "reply", "yours", "yours", "yours"], "U0BEN": ["card", "reply"]}
    assert [m["text"] for m in (await kit.page("history", channel="C0SEC"))["messages"]] == ["card"]


# Tables and charts


@pytest.mark.parametrize("block", [TABLE, CHART])
async def test_newer_blocks_stand_in_messages_and_answers_but_not_in_views(kit: Any, block: Any) -> None:
    client = kit.client()
    await client.chat_postMessage(channel="C0SEC", text="x", blocks=[block])
    await client.chat_postEphemeral(channel="C0SEC", user="U0ANNA", text="x", blocks=[block])
    assert await answered(kit, url_of(kit), text="x", blocks=[block]) == (200, "ok")
    home = client.views_publish(user_id="U0ANNA", view={"type": "home", "blocks": [block]})
    assert await error_of(home) == "invalid_arguments"
    trigger = kit.server.world.triggers.give("U0ANNA")
    modal = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": [block]}
    assert await error_of(client.views_open(trigger_id=trigger, view=modal)) == "invalid_arguments"


async def test_the_second_table_of_a_message_is_refused_as_an_attachment(kit: Any) -> None:
    two = kit.client().chat_postMessage(channel="C0SEC", text="x", blocks=[TABLE, TABLE])
    assert await error_of(two) == "invalid_attachments"
    assert await answered(kit, url_of(kit), text="x", blocks=[TABLE, TABLE]) == (400, "invalid_attachments")


async def test_ordered_refusals_of_blocks_touch_only_what_holds_them(kit: Any) -> None:
    client, faults = kit.client(), kit.server.faults
    faults.add("*", "refuse_blocks", None)
    assert await answered(kit, url_of(kit), text="x", blocks=[SECTION, TABLE]) == (400, "invalid_blocks")
    assert await answered(kit, url_of(kit), text="x", blocks=[SECTION]) == (200, "ok")
    assert await error_of(client.chat_postMessage(channel="C0SEC", text="x", blocks=[CHART])) == "invalid_blocks"
    posted = await client.chat_postMessage(channel="C0SEC", text="x", blocks=[SECTION])
    assert await error_of(client.chat_update(channel="C0SEC", ts=posted["ts"], text="x", blocks=[TABLE])) == (
        "invalid_blocks"
    )
    faults.clear()
    order = {"method": "chat.postMessage", "kind": "refuse_blocks", "count": 1, "blocks": ["table"]}
    async with kit.session.post(f"{kit.server.page_url}_page/faults", json=order) as answer:
        assert (await answer.json())["active"][0]["blocks"] == ["table"]
    await client.chat_postMessage(channel="C0SEC", text="x", blocks=[CHART])
    assert await error_of(client.chat_postMessage(channel="C0SEC", text="x", blocks=[TABLE])) == "invalid_blocks"
    await client.chat_postMessage(channel="C0SEC", text="x", blocks=[TABLE])


async def test_an_ack_with_refused_blocks_shows_a_notice_instead(kit: Any) -> None:
    bot = await kit.bot()
    kit.server.faults.add("ack", "refuse_blocks")
    for _ in range(2):
        doing = asyncio.get_running_loop().create_task(kit.anna.command("/sec", "C0SEC"))
        await bot.ack(await bot.receive(), {"text": "x", "blocks": [TABLE]})
        await doing
    assert kit.anna.toasts() == ["The app's answer was not accepted (invalid_blocks)."]
    assert len(kit.anna.ephemerals("C0SEC")) == 1


# Home


async def test_both_tabs_of_the_app_are_told_by_the_same_event(kit: Any) -> None:
    bot = await kit.bot()
    for opened, tab in ((kit.anna.open_home, "home"), (kit.anna.open_messages, "messages")):
        opened()
        await bot.ack(envelope := await bot.receive())
        event = envelope["payload"]["event"]
        assert (event["type"], event["tab"], event["channel"]) == ("app_home_opened", tab, kit.anna.dm())
    assert (await kit.page("open_messages"))["ok"]


async def test_an_app_without_a_home_tab_cannot_publish_one(run: Any, workspace: Any) -> None:
    async with run(workspace(home_enabled=False), limits=False) as kit:
        publish = kit.client().views_publish(user_id="U0ANNA", view={"type": "home", "blocks": []})
        assert await error_of(publish) == "not_enabled"
        with pytest.raises(ActError):
            kit.anna.open_home()


async def test_a_button_and_a_select_of_the_home_tab_open_modals(kit: Any) -> None:
    bot, client = await kit.bot(), kit.client()
    await client.views_publish(user_id="U0ANNA", view={"type": "home", "blocks": sorted_by("age")})
    payload = await acked(bot, kit.anna.select(kit.anna.home(), "sort", "sev"))
    assert (payload["view"]["type"], "channel" in payload) == ("home", False)
    modal = {"type": "modal", "title": {"type": "plain_text", "text": "T"}, "blocks": [], "private_metadata": "F-1"}
    await client.views_open(trigger_id=payload["trigger_id"], view=modal)
    assert kit.anna.views()[0].body["private_metadata"] == "F-1"


# Unfurls


async def test_an_unfurl_is_placed_by_id_and_source_too(kit: Any) -> None:
    bot, client = await kit.bot(), kit.client()
    said = await kit.anna.say("C0OUT", URL)
    event = (await bot.receive())["payload"]["event"]
    ids = {"unfurl_id": event["unfurl_id"], "source": event["source"]}
    assert event["source"] == "conversations_history"
    await client.chat_unfurl(unfurls={URL: {"blocks": [SECTION]}}, **ids)
    await client.chat_unfurl(unfurls={URL: {"blocks": [TABLE]}}, **ids)
    (shown,) = kit.anna.messages("C0OUT")[0].attachments
    assert (shown["from_url"], shown["blocks"][0]["type"]) == (URL, "table")
    assert kit.anna.messages("C0OUT")[0].ts == said.ts


@pytest.mark.parametrize(
    ("where", "error"),
    [
        ({}, "missing_channel"),
        ({"channel": "C0SEC"}, "missing_ts"),
        ({"channel": "C0NONE", "ts": "1.0"}, "cannot_find_channel"),
        ({"channel": "C0SEC", "ts": "1.0"}, "cannot_find_message"),
        ({"unfurl_id": "U1"}, "missing_source"),
        ({"source": "composer"}, "missing_unfurl_id"),
        ({"unfurl_id": "U1", "source": "elsewhere"}, "invalid_source"),
        ({"unfurl_id": "U1", "source": "composer"}, "invalid_unfurl_id"),
        ({"unfurl_id": "U1", "source": "conversations_history"}, "invalid_unfurl_id"),
    ],
)
async def test_an_unfurl_without_a_place_is_refused(kit: Any, where: Any, error: str) -> None:
    assert await error_of(kit.client().api_call("chat.unfurl", json={"unfurls": {URL: {}}, **where})) == error


async def test_a_link_still_being_typed_is_previewed_and_goes_with_the_message(kit: Any) -> None:
    bot = await kit.bot()
    draft = kit.anna.types("C0SEC", URL)
    event = (await bot.receive())["payload"]["event"]
    assert (event["channel"], event["source"]) == ("COMPOSER", "composer")
    ids = {"unfurl_id": event["unfurl_id"], "source": "composer"}
    await kit.client().chat_unfurl(unfurls={URL: {"blocks": [SECTION]}}, **ids)
    assert draft.attachments[0]["from_url"] == URL
    assert (await kit.anna.say("C0SEC", URL)).attachments[0]["from_url"] == URL
    late = kit.client().chat_unfurl(unfurls={URL: {"blocks": [SECTION]}}, **ids)
    assert await error_of(late) == "invalid_unfurl_id"


@pytest.mark.parametrize(
    ("url", "shared"),
    [
        ("https://console.aws.amazon.com/x", True),
        ("https://eu-west-1.console.aws.amazon.com/x", True),
        ("https://notconsole.aws.amazon.com/x", False),
        ("https://console.aws.amazon.com.evil.test/x", False),
        ("https://evil.test/?u=https://console.aws.amazon.com/", False),
    ],
)
async def test_only_registered_domains_and_their_subdomains_are_shared(kit: Any, url: str, shared: bool) -> None:
    assert bool(shared_links(kit.server.world, stored(kit.server.world, url))) is shared


# Files


async def chunks() -> AsyncIterator[bytes]:
    yield b"ref,severity\n"
    yield b"F-1,high\n"


def multipart(**more: Any) -> aiohttp.MultipartWriter:
    form = aiohttp.MultipartWriter("form-data")
    form.append(b"ref,severity\nF-1,high\n").set_content_disposition("form-data", name="file", **more)
    return form


@pytest.mark.parametrize("body", [chunks, lambda: multipart(filename="x.csv"), multipart])
async def test_a_streamed_file_reaches_a_thread_of_direct_messages(kit: Any, body: Any) -> None:
    client = kit.client()
    direct = (await client.conversations_open(users="U0ANNA"))["channel"]["id"]
    parent = await client.chat_postMessage(channel=direct, text="Your export is ready.")
    ticket = await client.files_getUploadURLExternal(filename="exported ä.csv", length=22)
    async with kit.session.post(ticket["upload_url"], data=body()) as answer:
        assert (answer.status, await answer.text()) == (200, "OK - 22")
    files = [{"id": ticket["file_id"], "title": "Findings"}]
    lost = client.files_completeUploadExternal(files=files, channel_id="U0ANNA")
    assert await error_of(lost) == "channel_not_found"
    await client.files_completeUploadExternal(files=files, channel_id=direct, thread_ts=parent["ts"])
    shown = (await kit.page("replies", channel=direct, thread_ts=parent["ts"]))["messages"][1]["files"][0]
    assert (shown["title"], shown["name"], shown["size"]) == ("Findings", "exported ä.csv", 22)
    async with kit.session.get(shown["url"]) as answer:
        assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''exported%20%C3%A4.csv"
        assert await answer.text() == "ref,severity\nF-1,high\n"


# Direct messages


async def test_a_direct_message_to_the_app_is_an_event_of_kind_im(kit: Any) -> None:
    bot = await kit.bot()
    await kit.anna.say(kit.anna.dm(), "status")
    event = (await bot.receive())["payload"]["event"]
    assert (event["type"], event["channel_type"], event["text"]) == ("message", "im", "status")
    kit.server.workspace.events = frozenset({"app_mention"})
    await kit.anna.say(kit.anna.dm(), "not subscribed")
    await kit.anna.mention("C0SEC", "hello")
    await bot.ack(envelope := await bot.receive())
    assert envelope["payload"]["event"]["type"] == "app_mention"
