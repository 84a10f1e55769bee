"""Who may do what: every listener has a policy, and whoever is refused hears why and touches nothing."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from sandbox.slack import payloads
from sandbox.slack.server import SlackServer
from sandbox.slack.state import Channel
from tests.support.box import Box, said

Open = Callable[..., AbstractAsyncContextManager[Box]]

# who, where, what they hear
REFUSED = [
    ("hana", "sec-prod", "Guests may not"),
    ("ivo", "partner-shared", "only members of its own workspace"),
    ("ivo", "sec-prod", "only members of its own workspace"),
    ("jos", "sec-prod", "deactivated"),
    ("buildbot", "sec-prod", "Bots may not"),
    ("ana", "partner-shared", "shared with another company"),
    ("nobody", "sec-prod", "does not know who you are"),
]


def user_id(box: Box, who: str) -> str:
    return "U0NOBODY" if who == "nobody" else box.company.person(who).id


async def deliver(box: Box, kind: str, who: str, where: str) -> Any:
    """Send a command or a click as Slack would, even for people whose client would not let them; wait for the answer's call."""
    world, user = box.slack.world, box.slack.world.user("U0ANA")
    channel = world.channel(box.company.room(where).id)
    assert user is not None
    assert channel is not None
    ident = user_id(box, who)
    if kind == "command":
        payload = payloads.command(world, user, channel, "/sec", "ack F-1") | {"user_id": ident}
        delivery = await box.slack.dispatcher.ask("slash_commands", payload)
    else:
        [card] = box.cards("sec-critical")
        action = {"type": "button", "action_id": "ack:1", "value": "1.1", "block_id": "b", "action_ts": "1.1"}
        payload = payloads.message_action(world, user, card, action, {})
        payload["user"] |= {"id": ident}
        payload["channel"] = {"id": channel.id, "name": where}
        delivery = await box.slack.dispatcher.ask("interactive", payload)
    assert delivery.ok
    return await box.slack.wait_for(lambda: next((c for c in reversed(box.calls("response_url"))), None))


@pytest.mark.parametrize("kind", ["command", "action"])
@pytest.mark.parametrize(("who", "where", "hears"), REFUSED)
async def test_who_is_refused_hears_why_and_touches_nothing(
    box: Box, kind: str, who: str, where: str, hears: str
) -> None:
    await box.take_in(box.control())
    call = await deliver(box, kind, who, where)
    assert hears in call.args["text"] + str(call.args["blocks"])
    assert call.args["response_type"] == "ephemeral"
    await box.quiet()
    assert box.calls("chat.update") == []
    async with box.bot.store.reads() as reads:
        record = await reads.get(1)
    assert record is not None
    assert record.ack_by == ""


async def test_every_listener_that_bolt_knows_is_in_the_doors_table_with_a_guard(box: Box) -> None:
    door = box.bot.slack
    registered = [listener.ack_function for listener in door.app._async_listeners]
    listed: set[Any] = {listener.handler for listener in door.listeners}
    assert len(registered) == len(door.listeners)
    for function in registered:
        assert function in listed, f"{function.__qualname__} is registered and guarded by nobody"
    assert all(listener.guard == "desk" for listener in door.listeners)


async def test_every_listener_asks_the_desk_about_a_stranger(box: Box) -> None:
    """A listener added without a case here fails: `deliver` must learn its kind."""
    await box.take_in(box.control())
    for listener in box.bot.slack.listeners:
        call = await deliver(box, listener.kind, "ivo", "sec-prod")
        assert "only members" in call.args["text"] + str(call.args["blocks"])
    denied = box.bot.metrics.totals("requests").get("denied", 0)
    assert denied == len(box.bot.slack.listeners)


async def test_every_verb_and_every_action_is_refused_to_a_stranger(box: Box) -> None:
    from bot.domain.message import Pressed
    from bot.services.desk import Request

    desk = box.bot.slack._desk
    stranger = Request("U0IVO", box.company.room("sec-prod").id)
    for verb in [*desk._verbs, "unknownverb", "F-1", ""]:
        answer = await desk.command(f"{verb} F-1", stranger)
        assert "only members" in answer.view.messages[0], verb  # type: ignore[union-attr]
    for name in [*desk._actions, "run"]:
        answer = await desk.press(Pressed(name, 1, 1, "show F-1"), stranger)
        assert "only members" in answer.view.messages[0], name  # type: ignore[union-attr]


async def test_a_group_that_is_emptied_loses_its_role_within_minutes(box: Box) -> None:
    await box.take_in(box.control(), box.control("S3.8"))
    assert "You have F-1" in said(await box.ask("/sec ack F-1"))
    box.slack.workspace.usergroups[0].users.clear()
    await box.pass_time(301, step=60)
    assert "on-call" in said(await box.ask("/sec ack F-2"))


async def test_a_person_who_is_deactivated_is_refused_within_minutes(box: Box) -> None:
    await box.take_in(box.control())
    assert "finding" in said(await box.ask("/sec findings"))
    user = box.slack.world.user("U0ANA")
    assert user is not None
    user.is_restricted = True
    await box.pass_time(301, step=60)
    call = await deliver(box, "command", "ana", "sec-prod")
    assert "Guests may not" in call.args["text"]


async def test_a_payload_cannot_claim_to_be_one_of_us(box: Box) -> None:
    world = box.slack.world
    user, channel = world.user("U0ANA"), world.channel("C0SECPROD")
    assert user is not None
    assert channel is not None
    payload = payloads.command(world, user, channel, "/sec", "findings") | {
        "user_id": "U0IVO",
        "team_id": "T0NORTHWIND",
    }
    await box.slack.dispatcher.ask("slash_commands", payload)
    [call] = await box.slack.wait_for(lambda: box.calls("response_url"))
    assert "only members" in str(call.args)


def _private(slack: SlackServer) -> None:
    slack.workspace.channels.append(Channel("G0AWAY", "away", "private", members={"U0ANA"}, is_member=False))


async def test_here_stays_private_where_secbot_cannot_see_who_listens(open: Open) -> None:
    async with open(prepare=_private) as box:
        await box.take_in(box.control())
        await box.ana.command("/sec findings here", "away")
        [call] = await box.slack.wait_for(lambda: box.calls("response_url"))
        assert call.args["response_type"] == "ephemeral"


async def test_where_channels_are_configured_others_are_refused(open: Open) -> None:
    from tests.support.boxes import SOCKET_CONFIG

    only = SOCKET_CONFIG.replace('channels: ["*"]', "channels: [sec-prod]")
    assert only != SOCKET_CONFIG
    async with open(config=only) as box:
        await box.take_in(box.control())
        assert "1 finding" in said(await box.ask("/sec findings"))
        assert "not set up for this channel" in said(await box.ask("/sec findings", where="sec-dev"))
        assert "1 finding" in said(await box.ask("/sec findings", where=box.ana.dm()))
