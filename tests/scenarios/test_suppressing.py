"""Suppressions through the real bot, Slack's and AWS's stand-ins: from the card to the archived finding and back after the end."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

from sandbox.events import access_analyzer
from tests.support.box import Box, buttons, said, shown

Open = Callable[..., AbstractAsyncContextManager[Box]]

REASON = "the vendor's scanner reads it, SEC-9"


def access(box: Box, number: int = 1, account: str = "payments-prod", **kw: Any) -> dict[str, Any]:
    return access_analyzer.external(box.scene(account), "bucket", number, **kw)


def analyzer(box: Box) -> str:
    return access_analyzer.analyzer_arn(box.scene())


def own_id(event: dict[str, Any]) -> str:
    return str(event["detail"]["id"])


async def filled(box: Box, scope: str, *, who: str = "ana", ends: str = "1d") -> None:
    """Fill the open window in and submit it: its preview follows in its place."""
    person = box.person(who)
    view = await person.sees_view("Suppress")
    values = {"scope": scope, "why": "expected", "reason": REASON, "ticket": "SEC-9", "ends": ends, "owner": person.id}
    await person.submit(view, values)


async def opened(box: Box, *, who: str = "ana", channel: str = "sec-prod") -> None:
    """Press Suppress… on the only card of the channel."""
    [card] = box.cards(channel)
    await box.person(who).press(channel, card, "Suppress…")


def status(box: Box, event: dict[str, Any]) -> str:
    assert box.apis is not None
    return box.apis.analyzer.status(analyzer(box), own_id(event))


async def pressed(box: Box, label: str, *, who: str = "ana") -> None:
    """Press a button of the topmost window."""
    view = await box.modal(label, who=who)
    await box.person(who).press_in_view(view, label)


async def test_typed_text_opens_the_window_filled_in_and_hides_nothing(box: Box) -> None:
    event = access(box)
    await box.take_in(event)
    await box.ana.command('/sec suppress F-1 3d "vendor scanner, SEC-9"', "sec-prod")
    view = await box.ana.sees_view("Suppress")
    body = json.dumps(view.body)
    assert "vendor scanner, SEC-9" in body
    assert '"3d"' in body
    assert status(box, event) == "ACTIVE"


async def test_said_in_the_cards_thread_it_gives_a_button_that_opens_the_same_window(box: Box) -> None:
    event = access(box)
    await box.take_in(event)
    [card] = box.cards("sec-prod")
    told = await box.after(box.ana.mention("sec-prod", 'suppress 3d "vendor scanner, SEC-9"', card.ts))
    await box.ana.press("sec-prod", told, "Open the window")
    body = json.dumps((await box.ana.sees_view("Suppress")).body)
    assert "vendor scanner, SEC-9" in body
    assert '"3d"' in body
    assert status(box, event) == "ACTIVE"


async def test_one_finding_is_archived_at_its_analyzer_and_active_again_at_the_end(box: Box) -> None:
    event, other = access(box), access(box, 2)
    await box.take_in(event)
    assert box.apis is not None
    box.apis.learn(other)
    await opened(box)
    await filled(box, "finding")
    preview = await box.modal("UpdateFindings")
    assert "Suppress 1 finding" in str(buttons(preview))
    assert status(box, event) == "ACTIVE", "a preview does nothing"
    await box.ana.press_in_view(preview, "Suppress 1 finding")
    await box.modal("Undo")
    await box.quiet()
    assert (status(box, event), status(box, other)) == ("ARCHIVED", "ACTIVE")
    [card] = box.cards("sec-prod")
    assert "SUPPRESSED" in said(card).upper()
    assert "End now" in buttons(card)
    await box.skip(24 * 3600 + 60, "leases")
    assert status(box, event) == "ACTIVE"
    [card] = box.cards("sec-prod")
    assert "Acknowledge" in buttons(card)


async def test_a_class_of_access_is_a_rule_that_never_covers_public_access(box: Box) -> None:
    event = access(box)
    await box.take_in(event)
    await opened(box)
    await filled(box, "resource")
    await pressed(box, "Suppress 1 finding")
    await box.modal("Undo")
    assert box.apis is not None
    [(name, rule)] = box.apis.analyzer.rules(analyzer(box)).items()
    assert name.startswith("secbot-")
    assert list(rule["isPublic"]["eq"]) == ["false"]
    assert status(box, event) == "ARCHIVED"
    await pressed(box, "Undo")
    await box.modal("It is over")
    await box.quiet()
    assert box.apis.analyzer.rules(analyzer(box)) == {}
    assert status(box, event) == "ACTIVE"


async def test_a_security_hub_finding_is_suppressed_there_with_a_note(box: Box) -> None:
    event = box.control("S3.8")
    await box.take_in(event)
    await opened(box)
    await filled(box, "finding")
    await pressed(box, "Suppress 1 finding")
    await box.modal("Undo")
    assert box.apis is not None
    [call] = box.apis.calls("BatchUpdateFindings")
    assert call.params["Workflow"]["Status"] == "SUPPRESSED"
    assert REASON.split(",", maxsplit=1)[0] in call.params["Note"]["Text"]
    await pressed(box, "Undo")
    await box.modal("It is over")
    assert box.apis.calls("BatchUpdateFindings")[-1].params["Workflow"]["Status"] == "NEW"


async def test_a_long_one_takes_another_person_who_agrees_in_the_thread(box: Box) -> None:
    event = access(box)
    await box.take_in(event)
    await opened(box)
    await filled(box, "finding", ends="10d")
    await pressed(box, "Ask for approval")
    await box.modal("another person")
    await box.quiet()
    assert status(box, event) == "ACTIVE"
    [request] = [m for m in box.lines("sec-prod") if "Approve" in str(m.blocks)]
    assert "<!subteam^S0ONCALL>" in said(request)
    own = await box.after(box.ana.press("sec-prod", request, "Approve"))
    assert "another person" in said(own)
    agreed = await box.after(box.person("ben").press("sec-prod", request, "Approve"), who="ben")
    assert "Approved" in said(agreed)
    await box.quiet()
    assert status(box, event) == "ARCHIVED"
    late = await box.after(box.person("chen").press("sec-prod", request, "Deny"), who="chen")
    assert "already" in said(late)
    assert "<@U0BEN>" in said(late)


async def test_aws_trouble_leaves_it_applying_and_the_sweep_brings_it_on(box: Box) -> None:
    event = access(box)
    await box.take_in(event)
    assert box.apis is not None
    box.apis.fail("UpdateFindings", kind="expired_token", count=1)
    await opened(box)
    await filled(box, "finding")
    await pressed(box, "Suppress 1 finding")
    await box.until(lambda: any("SUPPRESSED" in said(c).upper() for c in box.cards("sec-prod")))
    assert status(box, event) == "ACTIVE"
    box.apis.faults.clear()
    await box.bot.schedule.tick("leases")
    assert status(box, event) == "ARCHIVED"


async def test_whoever_may_not_suppress_is_told_who_may(box: Box) -> None:
    await box.take_in(access(box))
    [card] = box.cards("sec-prod")
    told = await box.after(box.person("emre").press("sec-prod", card, "Suppress…"), who="emre")
    assert "on-call (group sec-oncall)" in said(told)
    assert box.person("emre").views() == []


async def test_leases_are_listed_and_ended_from_the_list(box: Box) -> None:
    event = access(box)
    await box.take_in(event)
    await opened(box)
    await filled(box, "finding")
    await pressed(box, "Suppress 1 finding")
    await box.modal("Undo")
    await box.quiet()
    listed = said(await box.ask("/sec leases expiring:<7d"))
    assert "L-" in listed
    assert "<@U0ANA>" in listed
    assert "1 finding" in said(await box.ask("/sec findings state:suppressed"))
    assert "vendor" in shown(box.ana.views()[-1]) or "vendor" in listed


async def test_a_suppression_in_the_way_of_a_refused_reason_says_so_beside_it(box: Box) -> None:
    await box.take_in(access(box))
    await opened(box)
    view = await box.ana.sees_view("Suppress")
    values = {"scope": "finding", "why": "test", "reason": "short", "ends": "never", "owner": "U0ANA"}
    result = await box.ana.submit(view, values)
    assert set(result.errors) == {"reason", "ends"}
