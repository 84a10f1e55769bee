"""Ordered failures: what the caller sees, and whether the request took effect."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError

POST = {"channel": "C0SEC", "text": "x"}


async def raw_post(kit: Any, **options: Any) -> tuple[int, Any, str]:
    headers = {"Authorization": f"Bearer {kit.server.workspace.bot_token}"}
    url = f"{kit.server.api_url}chat.postMessage"
    async with kit.session.post(url, json=POST, headers=headers, **options) as answer:
        return answer.status, answer.headers, await answer.text()


@pytest.mark.parametrize("retry_after", ["1", "30", None, "abc"])
async def test_a_429_carries_the_retry_after_it_was_given(kit: Any, retry_after: Any) -> None:
    kit.server.faults.add("chat.postMessage", "rate_limited", retry_after=retry_after)
    status, headers, _ = await raw_post(kit)
    assert (status, headers.get("Retry-After")) == (429, retry_after)
    assert (await raw_post(kit))[0] == 200


@pytest.mark.parametrize(
    ("kind", "status", "kind_of_body"),
    [("http_500", 500, "html"), ("http_502", 502, "html"), ("http_503", 503, "html"), ("html", 200, "html")],
)
async def test_a_refusal_is_not_applied(kit: Any, kind: Any, status: Any, kind_of_body: Any) -> None:
    kit.server.faults.add("chat.postMessage", kind)
    answered, _, body = await raw_post(kit)
    assert answered == status
    assert kind_of_body in body
    assert kit.anna.messages("C0SEC") == []
    assert not kit.server.history.calls("chat.postMessage")[0].applied


async def test_an_error_word_can_be_chosen_and_a_count_given(kit: Any) -> None:
    kit.server.faults.add("chat.postMessage", "error", 2, error="fatal_error")
    for _ in range(2):
        with pytest.raises(SlackApiError) as caught:
            await kit.client().chat_postMessage(**POST)
        assert caught.value.response["error"] == "fatal_error"
    await kit.client().chat_postMessage(**POST)


async def test_a_reset_before_is_not_applied_and_a_reset_after_is(kit: Any) -> None:
    kit.server.faults.add("chat.postMessage", "reset_before")
    with pytest.raises(aiohttp.ClientError):
        await raw_post(kit)
    assert kit.anna.messages("C0SEC") == []
    kit.server.faults.add("chat.postMessage", "reset_after")
    with pytest.raises(aiohttp.ClientError):
        await raw_post(kit)
    assert [m.text for m in kit.anna.messages("C0SEC")] == ["x"]
    assert [c.applied for c in kit.server.history.calls("chat.postMessage")] == [False, True]
    assert [c.error for c in kit.server.history.calls("chat.postMessage")] == ["connection_reset"] * 2


async def test_a_hanging_call_is_applied_only_if_the_caller_still_waits(kit: Any) -> None:
    kit.server.faults.add("chat.postMessage", "hang", 2)
    with pytest.raises(TimeoutError):
        await raw_post(kit, timeout=aiohttp.ClientTimeout(total=0.05))
    waiting = asyncio.get_running_loop().create_task(raw_post(kit))
    await kit.server.wait_for(lambda: len(kit.server.history.calls("chat.postMessage")) == 2)
    kit.server.faults.release()
    assert (await waiting)[0] == 200
    assert len(kit.anna.messages("C0SEC")) == 1


async def test_a_call_may_be_applied_and_never_answered_in_time(kit: Any) -> None:
    kit.server.faults.add("chat.postMessage", "hang_after")
    with pytest.raises(TimeoutError):
        await raw_post(kit, timeout=aiohttp.ClientTimeout(total=0.05))
    assert len(kit.anna.messages("C0SEC")) == 1


async def test_a_hang_ends_after_its_time(timed: Any, clock: Any) -> None:
    timed.server.faults.add("chat.postMessage", "hang", seconds=30)
    waiting = asyncio.get_running_loop().create_task(raw_post(timed))
    await asyncio.wait_for(clock.sleeping(), 5)
    await clock.advance(30)
    assert (await waiting)[0] == 200


async def test_a_drip_arrives_whole(kit: Any) -> None:
    kit.server.faults.add("chat.postMessage", "drip", seconds=0.05)
    status, _, body = await raw_post(kit)
    assert (status, '"ok": true' in body) == (200, True)


async def test_an_outage_answers_503_everywhere_and_cuts_new_sockets(kit: Any) -> None:
    kit.server.faults.outage = True
    assert (await raw_post(kit))[0] == 503
    with pytest.raises(SlackApiError):
        await kit.bot()
    kit.server.faults.clear()
    assert (await raw_post(kit))[0] == 200


async def test_faults_can_be_ordered_from_another_process(kit: Any) -> None:
    url = f"{kit.server.page_url}_page/faults"
    order = {"method": "chat.postMessage", "kind": "rate_limited", "count": 1, "retry_after": "7"}
    async with kit.session.post(url, json=order) as answer:
        assert (await answer.json())["active"][0]["retry_after"] == "7"
    assert (await raw_post(kit))[1]["Retry-After"] == "7"
    async with kit.session.post(url, json={"method": "x", "kind": "fire"}) as answer:
        assert answer.status == 400
    async with kit.session.post(url, json={"outage": True}) as answer:
        assert (await answer.json())["outage"] is True
    async with kit.session.post(url, json={"clear": True}) as answer:
        assert (await answer.json()) == {"ok": True, "active": [], "outage": False}


async def test_frozen_sockets_neither_ping_nor_deliver(timed: Any, clock: Any) -> None:
    bot = await timed.bot()
    timed.server.faults.frozen_sockets = True
    asked = asyncio.get_running_loop().create_task(timed.anna.command("/sec", "C0SEC"))
    await asyncio.wait_for(clock.sleeping(), 5)
    await clock.advance(3)
    assert (await asked).outcome == "late"
    assert not bot.socket.closed


async def test_the_history_is_readable_over_http_and_holds_no_token(kit: Any) -> None:
    await raw_post(kit)
    async with kit.session.get(f"{kit.server.page_url}_page/history") as answer:
        text = await answer.text()
    assert '"method": "chat.postMessage"' in text
    assert kit.server.workspace.bot_token not in text


async def test_an_upload_and_a_response_url_can_fail_too(kit: Any) -> None:
    kit.server.faults.add("response_url", "http_500")
    token = kit.server.world.response_urls.give("U0ANNA", "C0SEC")
    url = f"{kit.server.page_url}_response/{token}"
    async with kit.session.post(url, json={"text": "x"}) as answer:
        assert answer.status == 500
    async with kit.session.post(url, json={"text": "x"}) as answer:
        assert answer.status == 200
    assert [c.applied for c in kit.server.history.calls("response_url")] == [False, True]
