"""Hiding several findings at once, renewing, and what sources do that is out of the ordinary, through the real bot and the stand-ins."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from sandbox.events import access_analyzer
from sandbox.events import securityhub as hub
from tests.support.box import Box, buttons, chooser, said, shown
from tests.support.boxes import SOCKET_CONFIG
from tests.support.hiding import (
    DAY_S,
    HOUR_S,
    access,
    analyzer,
    apis,
    filled,
    hidden,
    is_grey,
    opened,
    own_id,
    pressed,
    preview,
    request_in,
    status,
    statuses,
)

Open = Callable[..., AbstractAsyncContextManager[Box]]


def workflows(box: Box) -> list[str]:
    """What Security Hub was told, oldest first."""
    return [str(call.params["Workflow"]["Status"]) for call in apis(box).calls("BatchUpdateFindings")]


async def mixed(box: Box) -> list[dict[str, Any]]:
    """F-1 at its analyzer, F-2 at Security Hub, F-3 in GuardDuty, all of production."""
    events = [access(box), box.control("S3.8"), box.threat()]
    for event in events:
        await box.take_in(event)
    return events


def detector(box: Box, event: dict[str, Any]) -> bool:
    """Whether GuardDuty shows an event's finding as archived."""
    guard = apis(box).guard
    return guard.is_archived(guard.create(event["account"], event["region"]), str(event["detail"]["id"]))


async def hid_several(box: Box, number: int) -> None:
    """Fill the window for several in, look at the preview, do it."""
    await filled(box, "these", title=f"Suppress {number} findings")
    await pressed(box, f"Suppress {number} findings")
    await box.modal("is in force")
    await box.quiet()


# --- several -------------------------------------------------------------------------------------------------------------------------


async def test_a_page_of_a_list_is_hidden_by_a_second_press_each_at_its_own_source(box: Box) -> None:
    event, _, threat = await mixed(box)
    listed = await box.ask("/sec findings prod")
    if "Suppress page…" in buttons(listed):
        await box.ana.press("sec-prod", listed, "Suppress page…")
    else:
        await box.ana.select(listed, chooser(listed, "overflow", -1), "Suppress page…")
    await filled(box, "these", title="Suppress 3 findings")
    told = shown(await preview(box))
    assert all(call in told for call in ("UpdateFindings", "BatchUpdateFindings", "ArchiveFindings"))
    assert (status(box, event), workflows(box), detector(box, threat)) == ("ACTIVE", [], False), "nothing yet"
    await pressed(box, "Suppress 3 findings")
    await box.modal("Undo")
    await box.quiet()
    assert (status(box, event), workflows(box), detector(box, threat)) == ("ARCHIVED", ["SUPPRESSED"], True)
    assert all(map(is_grey, box.cards("sec-prod")))
    await pressed(box, "Undo")
    await box.modal("It is over")
    await box.quiet()
    assert (status(box, event), workflows(box)[-1], detector(box, threat)) == ("ACTIVE", "NEW", False)
    assert not any(map(is_grey, box.cards("sec-prod")))


async def test_several_are_hidden_by_their_numbers(box: Box) -> None:
    first, second, third = access(box), access(box, 2), access(box, 3)
    for event in (first, second, third):
        await box.take_in(event)
    await box.ana.command("/sec suppress F-1 F-3 2d", "sec-prod")
    await hid_several(box, 2)
    assert statuses(box, first, second, third) == ["ARCHIVED", "ACTIVE", "ARCHIVED"]
    assert "2 findings" in said(await box.ask("/sec leases"))


async def test_a_question_fills_the_filter_in_and_hides_what_it_holds(box: Box) -> None:
    ours = [box.control("S3.8"), box.control("S3.8", number=2)]
    other, elsewhere = box.control("EC2.8"), box.control("S3.8", "ledger-prod")
    for event in (*ours, other, elsewhere):
        await box.take_in(event)
    await box.ana.command("/sec suppress payments-prod control:S3.8", "sec-prod")
    view = await box.ana.sees_view("Suppress 2 findings")
    assert "account:" in shown(view)
    assert "control:S3.8" in shown(view)
    await filled(box, "custom", title="Suppress 2 findings")
    assert "2" in shown(await preview(box))
    await pressed(box, "Suppress 2 findings")
    await box.modal("is in force")
    await box.quiet()
    assert [is_grey(card) for card in box.cards("sec-prod")].count(True) == 2
    before = len(box.posts())
    await box.take_in(box.control("S3.8", number=3))
    assert len(box.posts()) == before, "what comes later is hidden too"
    assert "3 findings" in said(await box.ask("/sec findings state:suppressed"))


async def test_one_that_is_never_hidden_stays_when_it_is_one_of_several(box: Box) -> None:
    event = access(box)
    root = box.threat("Policy:IAMUser/RootCredentialUsage")
    await box.take_in(event)
    await box.take_in(root)
    await box.ana.command("/sec suppress account:payments-prod", "sec-prod")
    await filled(box, "custom")
    told = shown(await preview(box))
    assert "never hidden" in told
    await pressed(box, "Suppress 1 finding")
    await box.modal("is in force")
    await box.quiet()
    assert sorted((is_grey(card), "`F-2`" in said(card)) for card in box.cards("sec-prod")) == [
        (False, True),
        (True, False),
    ]
    assert detector(box, root) is False


async def test_a_finding_that_is_never_hidden_says_why_and_has_no_button(box: Box) -> None:
    await box.take_in(box.threat("Policy:IAMUser/RootCredentialUsage"))
    await opened(box)
    await filled(box, "finding")
    view = await preview(box, "never hidden")
    assert not any(label.startswith("Suppress") for label in buttons(view))


# --- renewing ------------------------------------------------------------------------------------------------------------------------


async def test_three_days_before_the_end_the_owner_is_told_in_the_thread_and_renews_there(box: Box) -> None:
    event = access(box)
    await box.take_in(event)
    await hidden(box, ends="7d")
    calls = len(apis(box).calls("UpdateFindings"))
    await box.skip(4 * DAY_S - HOUR_S, "leases")
    assert not any("Renew…" in buttons(line) for line in box.lines("sec-prod")), "73 hours before"
    await box.skip(2 * HOUR_S, "leases")
    await box.bot.schedule.tick("leases")
    await box.quiet()
    [notice] = [line for line in box.lines("sec-prod") if "Renew…" in buttons(line)]
    assert "<@U0ANA>" in said(notice)
    await box.ana.press("sec-prod", notice, "Renew…")
    await filled(box, title="Renew L-", ends="7d")
    told = shown(await preview(box, "Renew"))
    assert "stays hidden" in told
    await pressed(box, "Renew")
    await box.modal("is in force")
    await box.quiet()
    assert status(box, event) == "ARCHIVED"
    assert len(apis(box).calls("UpdateFindings")) == calls, "what is archived already is not archived again"
    await box.skip(4 * DAY_S, "leases")
    assert status(box, event) == "ARCHIVED", "the first end has passed"
    [card] = box.cards("sec-prod")
    assert is_grey(card)
    listed = said(await box.ask("/sec leases"))
    assert listed.count("*Covers*") <= 1
    assert "1 suppression" in listed, "the same one goes on"
    await box.skip(4 * DAY_S, "leases")
    assert status(box, event) == "ACTIVE"
    assert not is_grey(box.cards("sec-prod")[0])


async def test_a_renewal_is_told_in_the_thread_and_the_card_says_the_new_end(box: Box) -> None:
    await box.take_in(access(box))
    await hidden(box, "resource", ends="1d")
    rules = apis(box).analyzer.rules(analyzer(box))
    before = said(box.cards("sec-prod")[0])
    await pressed(box, "Renew…")
    await filled(box, title="Renew L-", ends="5d")
    await pressed(box, "Renew")
    await box.modal("is in force")
    await box.quiet()
    assert said(box.cards("sec-prod")[0]) != before
    assert "Suppressed for longer" in said(box.lines("sec-prod")[-1])
    assert apis(box).analyzer.rules(analyzer(box)) == rules


async def test_a_long_renewal_asks_another_person_and_the_lease_goes_on_meanwhile(box: Box) -> None:
    event = access(box)
    await box.take_in(event)
    await hidden(box, ends="2d")
    await pressed(box, "Renew…")
    await filled(box, title="Renew L-", ends="10d")
    await pressed(box, "Ask for approval")
    await box.modal("another person")
    await box.quiet()
    assert status(box, event) == "ARCHIVED"
    request = request_in(box)
    agreed = await box.after(box.person("ben").press("sec-prod", request, "Approve"), who="ben")
    assert "Approved" in said(agreed)
    await box.quiet()
    await box.skip(3 * DAY_S, "leases")
    assert status(box, event) == "ARCHIVED"
    await box.skip(8 * DAY_S, "leases")
    assert status(box, event) == "ACTIVE"


async def test_a_renewal_that_nobody_agrees_to_leaves_the_first_end(box: Box) -> None:
    event = access(box)
    await box.take_in(event)
    await hidden(box, ends="1d")
    await pressed(box, "Renew…")
    await filled(box, title="Renew L-", ends="10d")
    await pressed(box, "Ask for approval")
    await box.modal("another person")
    await box.skip(25 * HOUR_S, "leases")
    assert status(box, event) == "ACTIVE"
    assert not is_grey(box.cards("sec-prod")[0])


# --- what must not stay hidden -------------------------------------------------------------------------------------------------------


async def test_a_finding_that_becomes_critical_while_hidden_is_shown_again_and_announced(box: Box) -> None:
    await box.take_in(box.control("S3.8"))
    await hidden(box)
    announced = len(box.posts())
    worse = box.control("S3.8", later_s=60)
    worse["detail"]["findings"][0]["Severity"] = {"Label": "CRITICAL", "Normalized": 90}
    worse["detail"]["findings"][0]["FindingProviderFields"]["Severity"] = {"Label": "CRITICAL"}
    await box.pass_time(61, step=20)
    await box.take_in(worse)
    assert len(box.posts()) > announced
    cards = [*box.cards("sec-critical"), *box.cards("sec-prod")]
    assert any("CRITICAL" in said(card) and not is_grey(card) and "Acknowledge" in buttons(card) for card in cards)
    await box.skip(2 * DAY_S, "leases")
    assert "1 finding" in said(await box.ask("/sec findings critical"))


# --- sources -------------------------------------------------------------------------------------------------------------------------


async def test_an_analyzer_with_its_hundred_rules_archives_by_id_and_says_so(box: Box) -> None:
    event = access(box)
    await box.take_in(event)
    apis(box).analyzer.quota = 0
    await hidden(box, "resource")
    assert apis(box).analyzer.rules(analyzer(box)) == {}
    assert status(box, event) == "ARCHIVED"
    assert "hundred" in shown(box.ana.views()[-1])
    await pressed(box, "Undo")
    await box.modal("It is over")
    assert status(box, event) == "ACTIVE"


async def test_more_resources_than_a_rule_can_name_take_several_rules(box: Box) -> None:
    events = [access(box, number) for number in range(23)]
    box.send(*events)
    await box.quiet(within=240)
    card = box.cards("sec-prod")[0]
    await box.ana.press("sec-prod", card, "Suppress…")
    await filled(box, "kind")
    assert "2 archive rules" in shown(await preview(box))
    await pressed(box, "Suppress 23 findings")
    await box.modal("is in force")
    rules = apis(box).analyzer.rules(analyzer(box))
    assert sorted(len(rule["resource"]["eq"]) for rule in rules.values()) == [3, 20]
    assert set(statuses(box, *events)) == {"ARCHIVED"}
    await pressed(box, "Undo")
    await box.modal("It is over")
    assert apis(box).analyzer.rules(analyzer(box)) == {}
    assert set(statuses(box, *events)) == {"ACTIVE"}


@pytest.mark.parametrize("scope", ["finding", "resource"])
async def test_what_security_hub_grouped_by_resource_is_archived_whole(box: Box, scope: str) -> None:
    one = access(box)
    one["detail"]["accountId"] = box.company.account("payments-prod").id
    arn, resource = analyzer(box), one["detail"]["resource"]
    apis(box).learn(one)
    twin = apis(box).analyzer.seed(
        arn,
        resource=resource,
        resourceType="AWS::S3::Bucket",
        isPublic=False,
        resourceOwnerAccount=one["detail"]["accountId"],
    )
    scene = box.scene()
    grouped = hub.from_access_analyzer(scene, one["detail"], arn)
    await box.take_in(json.dumps(hub.imported(scene, grouped)))
    await opened(box)
    await filled(box, scope)
    assert "2 of its own findings" in shown(await preview(box))
    await pressed(box, "Suppress 1 finding")
    await box.modal("is in force")
    assert [apis(box).analyzer.status(arn, id) for id in (own_id(one), twin)] == ["ARCHIVED", "ARCHIVED"]
    await pressed(box, "Undo")
    await box.modal("It is over")
    assert [apis(box).analyzer.status(arn, id) for id in (own_id(one), twin)] == ["ACTIVE", "ACTIVE"]


async def test_access_from_inside_which_is_never_public_is_archived_by_a_rule_too(box: Box) -> None:
    event = access_analyzer.internal(box.scene(), 1)
    await box.take_in(event)
    await hidden(box, "resource")
    arn = access_analyzer.analyzer_arn(box.scene(), "internal")
    [rule] = apis(box).analyzer.rules(arn).values()
    assert list(rule["findingType"]["eq"]) == ["InternalAccess"]
    assert apis(box).analyzer.status(arn, own_id(event)) == "ARCHIVED"


async def test_guardduty_archives_one_finding_by_choice_and_never_gets_a_filter(open: Open) -> None:
    for chosen in (True, False):
        config = SOCKET_CONFIG.replace("guardduty: true", f"guardduty: {str(chosen).lower()}")
        async with open(config=config) as box:
            event = box.threat()
            await box.take_in(event)
            await hidden(box)
            assert detector(box, event) is chosen
            assert is_grey(box.cards("sec-prod")[0])
            assert apis(box).calls("CreateFilter") == []
            await pressed(box, "Undo")
            await box.modal("It is over")
            assert detector(box, event) is False


async def test_an_analyzer_of_another_account_is_reached_by_a_role_that_names_the_person(open: Open) -> None:
    config = f"{SOCKET_CONFIG}  role: secbot-hide\n  external_id: northwind\n"
    async with open(config=config) as box:
        event = access(box)
        account = box.company.account("payments-prod").id
        event["resources"] = [f"arn:aws:access-analyzer:eu-west-1:{account}:analyzer/payments"]
        event["account"] = account
        apis(box).sts.add_role(account, "secbot-hide", external_id="northwind")
        await box.take_in(event)
        await hidden(box, "resource")
        [arn] = event["resources"]
        assert apis(box).analyzer.status(arn, own_id(event)) == "ARCHIVED"
        [made] = apis(box).calls("CreateArchiveRule")
        assert made.caller.account == account
        assert made.who.source == "U0ANA", "CloudTrail of that account names the Slack user"
        await pressed(box, "Undo")
        await box.modal("It is over")
        assert apis(box).calls("DeleteArchiveRule")[0].who.source == "U0ANA"
        assert apis(box).analyzer.status(arn, own_id(event)) == "ACTIVE"


async def test_without_a_role_an_analyzer_of_another_account_is_hidden_by_secbot_alone_and_says_so(box: Box) -> None:
    event = access(box)
    account = box.company.account("payments-prod").id
    event["resources"] = [f"arn:aws:access-analyzer:eu-west-1:{account}:analyzer/payments"]
    await box.take_in(event)
    await opened(box)
    await filled(box, "finding")
    await pressed(box, "Suppress 1 finding")
    view = await box.modal("is in force")
    await box.quiet()
    assert "secbot's own rule alone" in shown(view)
    assert is_grey(box.cards("sec-prod")[0])
