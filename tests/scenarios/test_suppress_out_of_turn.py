"""Hiding, pressed out of turn: somebody else's draft, a replay, an old approval, a scope that reaches further than its maker may."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import replace

import pytest

from bot.domain.message import Pressed
from bot.domain.suppression import digest
from bot.services.desk import Request
from sandbox.slack import payloads
from tests.support.box import Box, buttons, said, shown
from tests.support.hiding import access, apis, filled, is_grey, opened, pressed, preview, request_in, status
from tests.support.staged import CONFIG, act, all_leases, elements, extra_of, snapshot, staged, told

Open = Callable[..., AbstractAsyncContextManager[Box]]

HERE = "C0SECPROD"


async def test_a_request_is_not_for_the_requester_to_agree_to(open: Open) -> None:
    async with open(config=CONFIG) as box:
        stage = await staged(box, "ana")
        before = await snapshot(box)
        view = await act(stage, "approve", Request("U0ANA", HERE))
        assert "another person" in told(view)
        assert await snapshot(box) == before


async def test_somebody_elses_draft_is_refused_to_whoever_presses_it(open: Open) -> None:
    async with open(config=CONFIG) as box:
        stage = await staged(box, "ana")
        before = await snapshot(box)
        view = await act(stage, "go", Request("U0CHEN", HERE))
        assert "somebody else's draft" in told(view)
        assert await snapshot(box) == before


async def test_a_draft_is_begun_once_however_often_its_button_is_pressed(box: Box) -> None:
    event = access(box)
    await box.take_in(event)
    await opened(box)
    await filled(box, "finding")
    view = await preview(box)
    [extra] = [extra_of(e) for e in elements(view.blocks) if "suppress.go" in e["action_id"]]
    await pressed(box, "Suppress 1 finding")
    await box.modal("is in force")
    again = await box.bot.slack._desk.press(Pressed("suppress.go", 1, 1, extra), Request("U0ANA"))
    assert "begun already" in told(again.view)
    await pressed(box, "Undo")
    await box.modal("It is over")
    late = await box.bot.slack._desk.press(Pressed("suppress.go", 1, 1, extra), Request("U0ANA"))
    assert "begun already" in told(late.view)
    assert status(box, event) == "ACTIVE"
    assert len([one for one in await all_leases(box) if one.number == 1]) == 1


@pytest.mark.parametrize("extra", ["", ".", "nothing", "L.0000000000000000", "a" * 40 + ".b", "x.y.z"])
async def test_a_made_up_button_hides_nothing(box: Box, extra: str) -> None:
    await box.take_in(access(box))
    before = await snapshot(box)
    for name in ("suppress.go", "suppress.end", "suppress.renew", "suppress.approve", "suppress.deny"):
        answer = await box.bot.slack._desk.press(Pressed(name, 1, 1, extra), Request("U0ANA", "C0SECPROD"))
        assert told(answer.view), name
    assert await snapshot(box) == before


async def test_a_preview_whose_draft_changed_is_shown_again_and_hides_nothing(box: Box) -> None:
    event = access(box)
    await box.take_in(event)
    await opened(box)
    await filled(box, "finding")
    view = await preview(box)
    [extra] = [extra_of(e) for e in elements(view.blocks) if "suppress.go" in e["action_id"]]
    forged = f"{extra.rpartition('.')[0]}.0123456789abcdef"
    answer = await box.bot.slack._desk.press(Pressed("suppress.go", 1, 1, forged), Request("U0ANA", "C0SECPROD"))
    assert getattr(answer.view, "changed", False) is True
    assert status(box, event) == "ACTIVE"


async def test_an_approval_of_what_is_no_longer_what_was_shown_is_refused(open: Open) -> None:
    async with open(config=CONFIG) as box:
        stage = await staged(box, "ana")
        request, _, shown_digest = stage.asked.rpartition(".")
        [waiting] = [one for one in await all_leases(box) if str(one.stage) == "waiting"]
        assert digest(waiting) == shown_digest
        async with box.bot.store.begin() as tx:
            await tx.save_lease(replace(waiting, query="account:payments-prod"))
        view = await act(stage, "approve", Request("U0CHEN", HERE))
        assert told(view)
        [still] = [one for one in await all_leases(box) if one.id == waiting.id]
        assert str(still.stage) == "waiting"
        forged = Pressed("suppress.approve", 1, 1, f"{request}.0123456789abcdef")
        assert told((await box.bot.slack._desk.press(forged, Request("U0CHEN", "C0SECPROD"))).view)


async def test_a_request_decided_once_stays_decided(box: Box) -> None:
    event = access(box)
    await box.take_in(event)
    await opened(box)
    await filled(box, "finding", ends="10d")
    await pressed(box, "Ask for approval")
    await box.modal("another person")
    await box.quiet()
    request = request_in(box)
    denied = await box.after(box.person("ben").press("sec-prod", request, "Deny"), who="ben")
    assert "nothing is hidden" in said(denied)
    await box.quiet()
    late = await box.after(box.person("chen").press("sec-prod", request, "Approve"), who="chen")
    assert "already" in said(late)
    assert status(box, event) == "ACTIVE"


# --- how far it reaches --------------------------------------------------------------------------------------------------------------


async def test_a_filter_that_reaches_an_environment_where_one_may_not_hide_is_refused(open: Open) -> None:
    async with open(config=CONFIG) as box:
        for account in ("payments-staging", "payments-prod"):
            await box.take_in(box.control("S3.8", account))
        dora = box.person("dora")
        await dora.command("/sec suppress F-1", "sec-staging")
        filter = "account:payments-staging,payments-prod control:S3.8"
        await filled(box, "custom", who="dora", filter=filter)
        view = await box.modal("which you may not", who="dora")
        assert "prod" in shown(view)
        assert not any(label.startswith(("Suppress", "Ask for approval")) for label in buttons(view))
        assert apis(box).calls("BatchUpdateFindings") == []


async def test_within_its_environments_a_limited_role_hides(open: Open) -> None:
    async with open(config=CONFIG) as box:
        await box.take_in(box.control("S3.8", "payments-staging"))
        [card] = box.cards("sec-staging")
        await box.person("dora").press("sec-staging", card, "Suppress…")
        await filled(box, "kind", who="dora")
        await pressed(box, "Suppress 1 finding", who="dora")
        await box.modal("is in force", who="dora")
        await box.quiet()
        assert is_grey(box.cards("sec-staging")[0])


async def test_an_approval_needs_the_right_for_everything_that_it_reaches(open: Open) -> None:
    narrow = CONFIG.replace(
        "    - name: auditor\n      users: [U0GIL]\n      can: [approve]\n",
        "    - name: auditor\n      users: [U0GIL]\n      can: [approve]\n      envs: [staging]\n",
    )
    assert narrow != CONFIG
    async with open(config=narrow) as box:
        for account in ("payments-staging", "payments-prod"):
            await box.take_in(box.control("S3.8", account))
        await box.ana.command("/sec suppress F-1", "sec-prod")
        await filled(box, "custom", filter="account:payments-staging,payments-prod control:S3.8")
        await pressed(box, "Ask for approval")
        await box.modal("another person")
        await box.quiet()
        request = request_in(box, "sec-staging")
        refused = await box.after(
            box.person("gil").press("sec-staging", request, "Approve"), who="gil", where="sec-staging"
        )
        assert "which you may not" in said(refused)
        assert apis(box).calls("BatchUpdateFindings") == []


async def test_a_card_in_a_shared_channel_would_open_no_window_for_anybody(box: Box) -> None:
    await box.take_in(access(box))
    world = box.slack.world
    user, channel = world.user("U0ANA"), world.channel(box.company.room("partner-shared").id)
    assert user is not None
    assert channel is not None
    [card] = box.cards("sec-prod")
    action = {"type": "button", "action_id": "suppress:1", "value": "1.1", "block_id": "b", "action_ts": "1.1"}
    payload = payloads.message_action(world, user, card, action, {})
    payload["channel"] = {"id": channel.id, "name": "partner-shared"}
    await box.slack.dispatcher.ask("interactive", payload)
    call = await box.slack.wait_for(lambda: next(iter(box.calls("response_url")), None))
    assert call is not None
    assert "shared with another company" in str(call.args)
    assert box.ana.views() == []


async def test_a_hidden_finding_of_our_own_account_is_none(box: Box) -> None:
    await box.take_in(box.control("S3.8", "security-hub"))
    [card] = box.cards("sec-prod") or box.cards("sec-all")
    await box.ana.press(card.channel, card, "Suppress…")
    await filled(box, "finding")
    await preview(box, "account that secbot runs in")
