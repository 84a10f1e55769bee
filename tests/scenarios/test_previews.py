"""What is shown under a pasted link: the finding, next to nothing, or nothing, as the place allows."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from bot.app import Replace
from bot.errors import StoreUnavailable
from sandbox.slack import payloads
from sandbox.slack.server import SlackServer
from sandbox.slack.state import Message
from tests.support.box import Box, said
from tests.support.trouble import Breakable

Open = Callable[..., AbstractAsyncContextManager[Box]]


def link_of(box: Box) -> str:
    """The console link on the card of F-1."""
    card = next(c for c in box.cards() if "`F-1`" in said(c))
    return str(next(e["url"] for b in card.blocks for e in b.get("elements", []) if e.get("url")))


def under(message: Message) -> str:
    """Everything that is shown under a message."""
    return str(message.attachments)


async def previewed(box: Box, message: Message) -> str:
    """What is under a message once something is."""
    await box.slack.wait_for(lambda: message.attachments)
    return under(message)


async def nothing(box: Box, message: Message) -> None:
    """Nothing is shown under a message, and nobody was told anything: what came after it was answered."""
    await box.after(box.ana.mention("sec-prod", "status"))
    await box.pass_time(3)
    assert message.attachments == []
    assert box.calls("chat.unfurl") == []


async def test_a_console_link_is_previewed_where_reading_is_open(box: Box) -> None:
    await box.take_in(box.threat())
    message = await box.ana.say("sec-prod", f"look: {link_of(box)} !")
    shown = await previewed(box, message)
    assert "F-1" in shown
    assert "payments-prod" in shown
    assert "Acknowledge" in shown


async def test_a_preview_acknowledges_its_finding(box: Box) -> None:
    await box.take_in(box.threat())
    message = await box.ana.say("sec-all", link_of(box))
    await previewed(box, message)
    told = await box.after(box.ana.press("sec-all", message, "Acknowledge"), where="sec-all")
    assert "You have F-1" in said(told)
    assert "F-1" in under(message), "what was said stays as it is"


async def test_our_own_link_is_previewed(box: Box) -> None:
    await box.fill()
    message = await box.ana.say("sec-all", "see https://sec.northwind.example/F-3 please")
    assert "payments-staging" in await previewed(box, message)


async def test_a_link_that_leads_to_no_finding_has_no_preview(box: Box) -> None:
    await box.fill()
    await nothing(
        box, await box.ana.say("sec-all", "https://sec.northwind.example/F-99 and https://sec.northwind.example/")
    )


async def test_two_links_have_two_previews(box: Box) -> None:
    await box.fill()
    message = await box.ana.say("sec-all", "https://sec.northwind.example/F-1 https://sec.northwind.example/F-3")
    await box.slack.wait_for(lambda: len(message.attachments) == 2)


async def test_a_link_in_a_thread_is_previewed_there(box: Box) -> None:
    await box.fill()
    talk = await box.ana.say("sec-all", "hm")
    message = await box.ana.say("sec-all", "https://sec.northwind.example/F-1", talk.ts)
    assert "F-1" in await previewed(box, message)


async def test_nothing_is_previewed_in_front_of_another_company(box: Box) -> None:
    await box.take_in(box.threat())
    await nothing(box, await box.ana.say("partner-shared", link_of(box)))


async def test_nothing_is_previewed_for_a_guest_or_a_stranger(box: Box) -> None:
    await box.fill()
    await nothing(box, await box.person("ivo").say("partner-shared", "https://sec.northwind.example/F-1"))


async def test_a_private_channel_without_secbot_sees_the_reference_severity_and_state_alone(open: Open) -> None:
    def prepare(slack: SlackServer) -> None:
        room = slack.world.find_channel("security")
        assert room is not None
        room.is_member = False

    async with open(prepare=prepare) as box:
        await box.fill()
        message = await box.ana.say("security", "https://sec.northwind.example/F-1")
        shown = await previewed(box, message)
        for part in ("F-1", "CRITICAL", "open"):
            assert part in shown
        for part in ("payments", "readable", "Acknowledge", "backup"):
            assert part not in shown


async def test_a_private_channel_that_another_company_is_in_sees_nothing(open: Open) -> None:
    def prepare(slack: SlackServer) -> None:
        room = slack.world.find_channel("security")
        assert room is not None
        room.is_member, room.is_ext_shared = False, True

    async with open(prepare=prepare) as box:
        await box.fill()
        await nothing(box, await box.ana.say("security", "https://sec.northwind.example/F-1"))


async def test_where_reading_is_not_open_the_preview_is_redacted(open: Open) -> None:
    from tests.support.boxes import SOCKET_CONFIG

    async with open(config=SOCKET_CONFIG.replace('channels: ["*"]', "channels: [sec-prod]")) as box:
        await box.fill()
        elsewhere = await box.ana.say("sec-all", "https://sec.northwind.example/F-1")
        assert "payments" not in await previewed(box, elsewhere)
        here = await box.ana.say("sec-prod", "https://sec.northwind.example/F-1")
        assert "payments-prod" in await previewed(box, here)


async def test_a_draft_has_no_preview_and_what_is_sent_has(box: Box) -> None:
    await box.fill()
    text = "https://sec.northwind.example/F-1"
    draft = box.ana.types("sec-all", text)
    await box.after(box.ana.mention("sec-prod", "status"))
    assert draft.attachments == [], "Slack does not say where a draft will be sent"
    assert "payments-prod" in await previewed(box, await box.ana.say("sec-all", text))


async def test_a_draft_never_shows_a_finding_to_another_company(box: Box) -> None:
    await box.fill()
    text = "https://sec.northwind.example/F-1"
    box.ana.types("partner-shared", text)
    await nothing(box, await box.ana.say("partner-shared", text))


async def test_a_link_told_twice_is_previewed_once(box: Box) -> None:
    await box.fill()
    message = await box.ana.say("random", "hm")
    message.text = "<https://sec.northwind.example/F-1>"
    links = [{"url": "https://sec.northwind.example/F-1", "domain": "sec.northwind.example"}]
    event: dict[str, Any] = payloads.link_event(box.slack.world, message, links)
    for _ in range(3):
        box.slack.acts.dispatcher.tell(event)
    await previewed(box, message)
    await box.pass_time(3)
    assert len(box.calls("chat.unfurl")) == 1


@pytest.mark.parametrize("error", ["cannot_unfurl_url", "cannot_find_message", "ratelimited"])
async def test_a_preview_that_slack_refuses_is_let_go(box: Box, error: str) -> None:
    await box.fill()
    box.slack.faults.add("chat.unfurl", "error", error=error)
    await box.ana.say("sec-all", "https://sec.northwind.example/F-1")
    await box.slack.wait_for(lambda: box.calls("chat.unfurl"))
    message = await box.ana.say("sec-all", "https://sec.northwind.example/F-3")
    assert "F-3" in await previewed(box, message)


async def test_a_link_while_the_database_does_not_answer_is_acknowledged_and_has_no_preview(open: Open) -> None:
    store = Breakable()
    async with open(parts=Replace(wrap_store=store.wrap)) as box:
        await box.fill()
        store.down(StoreUnavailable())
        message = await box.ana.say("sec-all", "https://sec.northwind.example/F-1")
        await nothing(box, message)
        store.down(None)
