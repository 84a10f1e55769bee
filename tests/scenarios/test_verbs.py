"""Every `/sec` verb as people type it, every error answer with its repair, and the buttons, in Socket Mode."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from bot.app import Replace
from bot.errors import StoreUnavailable
from tests.support.box import Box, buttons, said
from tests.support.trouble import Breakable

Open = Callable[..., AbstractAsyncContextManager[Box]]


async def fill(box: Box) -> None:
    """Three findings: F-1 critical in prod, F-2 high in prod, F-3 high in staging."""
    for event in (box.control("S3.2"), box.control("S3.8"), box.control("S3.8", "payments-staging")):
        await box.take_in(event)


# --- verbs -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "shows", "why"),
    [
        ("/sec", "1 critical", "the empty command is the menu"),
        ("/sec findings prod", "2 findings in env:prod", "an environment"),
        ("/sec f prod", "2 findings", "an alias"),
        ("/sec ls high", "2 findings", "a severity"),
        ("/sec findings prod high+", "2 findings", "high and above"),
        ("/sec findings -prod", "1 finding", "not prod"),
        ("/sec findings account:payments-*", "3 findings", "a glob"),
        ("/sec findings payments-staging", "1 finding", "an account name is a word"),
        ("/sec findings src:securityhub", "3 findings", "a source"),
        ("/sec findings “must not be readable”", "1 finding", "curly quotes from a phone"),
        ("/sec findings age:<1h", "3 findings", "an age"),
        ("/sec  FINDINGS   Prod", "2 findings", "case and spaces do not matter"),
        ("/sec findings all page:9", "3 findings", "a page that does not exist is the last"),
        ("/sec why F-1", "prod-critical", "which route"),
        ("/sec accounts prod", "payments-prod", "accounts"),
        ("/sec status", "atabase", "parts"),
        ("/sec help", "/sec findings", "every verb"),
        ("/sec help findings", "high+", "one verb"),
        ("/sec ?", "/sec findings", "an alias of help"),
    ],
)
async def test_a_verb_answers_its_asker_alone(box: Box, line: str, shows: str, why: str) -> None:
    await fill(box)
    answer = await box.ask(line)
    assert shows in said(answer), why
    assert answer.ephemeral_for == box.ana.id
    assert box.posts() == box.cards(), "nothing public but the cards"


async def test_here_answers_everybody(box: Box) -> None:
    await fill(box)
    await box.ana.command("/sec findings prod here", "sec-prod")
    answer = await box.person("ben").sees_message("sec-prod", "2 findings")
    assert answer.ephemeral_for is None


async def test_show_opens_a_modal_at_once_as_loading_and_fills_it(box: Box) -> None:
    await fill(box)
    await box.ana.command("/sec show F-1", "sec-prod")
    await box.slack.wait_for(lambda: box.calls("views.update") and box.calls("views.update")[0].status)
    [opened], [filled] = box.calls("views.open"), box.calls("views.update")
    assert "oading" in json.dumps(opened.args["view"])
    assert "payments-prod" not in json.dumps(opened.args["view"])
    assert "payments-prod" in json.dumps(filled.args["view"])
    assert opened.at == filled.at  # no time passed
    [view] = box.ana.views()
    assert "F-1" in json.dumps(view.body)


async def test_show_without_a_trigger_answers_with_a_message(box: Box) -> None:
    await fill(box)
    box.slack.faults.add("views.open", "error", error="expired_trigger_id")
    assert "must not be readable" in said(await box.ask("/sec show F-1"))


async def test_a_bare_reference_is_show(box: Box) -> None:
    await fill(box)
    await box.ana.command("/sec f-1", "sec-prod")
    view = await box.ana.sees_view("F-1")
    assert "must not be readable" in json.dumps(view.body)


async def test_show_of_what_does_not_exist_says_so_in_its_modal(box: Box) -> None:
    await box.ana.command("/sec show F-99", "sec-prod")
    await box.slack.wait_for(lambda: box.ana.views() and "no finding F-99" in json.dumps(box.ana.views()[0].body))


async def test_a_list_turns_its_pages_in_its_place(box: Box) -> None:
    for number in range(11):
        box.send(box.control("S3.8", number=number))
    await box.quiet(within=120)
    first = await box.ask("/sec findings prod")
    assert "page 1 of 2" in said(first)
    before = len(box.ana.ephemerals("sec-prod"))
    second = await box.after(box.ana.press("sec-prod", first, "Next ›"))
    assert "page 2 of 2" in said(second)
    assert len(box.ana.ephemerals("sec-prod")) == before, "replaced, not added"
    assert "page 1 of 2" in said(await box.after(box.ana.press("sec-prod", second, "‹ Prev")))


async def test_a_page_does_not_jump_when_findings_arrive(box: Box) -> None:
    for number in range(10):
        box.send(box.control("S3.8", number=number))
    await box.quiet(within=120)
    first = await box.ask("/sec findings prod")
    await box.take_in(box.control("S3.2", number=50))
    second = await box.after(box.ana.press("sec-prod", first, "Next ›"))
    assert "CRITICAL" not in said(second).upper().split("IN `ENV")[1]


async def test_somebody_elses_list_is_not_turned(box: Box) -> None:
    for number in range(10):
        box.send(box.control("S3.8", number=number))
    await box.quiet(within=120)
    first = await box.ask("/sec findings prod")
    [action] = [e for b in first.blocks for e in b.get("elements", []) if "Next ›" in str(e)]
    await box.take_in(box.control("S3.2"))
    [card] = box.cards("sec-critical")
    answer = await forge(box, card.ts, action["action_id"], action["value"], who="ben", where="sec-critical")
    assert "somebody else" in said(answer)
    assert "List mine" in buttons(answer)


async def test_status_names_what_was_set_aside_and_how_fresh_each_source_is(box: Box) -> None:
    await fill(box)
    box.queue.put("poison")
    await box.quiet()
    shown = said(await box.ask("/sec status"))
    for word in ("database", "slack", "queue", "stream", "security hub", "json"):
        assert word in shown.lower(), word


# --- errors and their repairs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("line", "shows", "button", "then"),
    [
        ("/sec findngs prod", "I don't know `findngs`", "Run /sec findings prod", "2 findings"),
        ("/sec prod high+", "I don't know `prod`", "Run /sec findings prod high+", "2 findings"),
        ("/sec findings prdo", "prdo", "Use prod", "2 findings"),
        ("/sec findings payments", "matches", "payments-prod", "2 findings"),
        ("/sec findings prod src:macie", "Nothing matches", "Drop src", "2 findings"),
        ("/sec findings src:securityhb", "securityhb", "Use securityhub", "3 findings"),
        ("/sec help findngs", "no verb `findngs`", "Help on findings", "/sec findings"),
    ],
)
async def test_a_mistake_is_told_with_its_repair_as_a_button(
    box: Box, line: str, shows: str, button: str, then: str
) -> None:
    await fill(box)
    answer = await box.ask(line)
    assert shows in said(answer)
    assert button in buttons(answer), buttons(answer)
    assert then in said(await box.after(box.ana.press("sec-prod", answer, button)))


async def test_a_verb_that_nothing_resembles_offers_help(box: Box) -> None:
    answer = await box.ask("/sec zzzzqqq")
    assert "I don't know `zzzzqqq`" in said(answer)
    assert "Help" in buttons(answer)


@pytest.mark.parametrize("verb", ["show", "why", "assign"])
async def test_a_verb_about_one_finding_asks_which(box: Box, verb: str) -> None:
    asked = said(await box.ask(f"/sec {verb}")).replace("`", "")
    assert f"For example /sec {verb} F-1234" in asked
    assert "One finding at a time" in said(await box.ask(f"/sec {verb} F-1 F-2"))


async def test_foreign_text_in_an_error_is_harmless(box: Box) -> None:
    shown = said(await box.ask("/sec <!channel> `x` *y* &amp; <https://evil.example|prod>"))
    assert "<!channel>" not in shown
    assert "<https://evil" not in shown


async def test_a_very_long_command_is_answered(box: Box) -> None:
    assert said(await box.ask("/sec findings " + "x" * 3_000))
    assert said(await box.ask("/sec " + "prod " * 700))


async def test_a_bug_is_told_with_a_reference_and_changes_nothing(open: Open) -> None:
    store = Breakable()
    async with open(parts=Replace(wrap_store=store.wrap)) as box:
        store.fail_reads_with = RuntimeError("a bug that names <!channel> and xoxb-secret")
        shown = said(await box.ask("/sec findings prod"))
        assert "e-" in shown
        assert "Nothing was changed" in shown or "Something broke" in shown
        assert "xoxb" not in shown
        store.fail_reads_with = None


async def test_a_database_that_does_not_answer_is_told_and_changes_nothing(open: Open) -> None:
    store = Breakable()
    async with open(parts=Replace(wrap_store=store.wrap)) as box:
        await fill(box)
        store.fail_reads_with = StoreUnavailable()
        for line in ("/sec findings prod", "/sec ack F-1", "/sec why F-1", "/sec accounts"):
            assert "try again" in said(await box.ask(line)), line
        store.fail_reads_with = None
        assert "open" in said(await box.ask("/sec status"))


async def test_slack_trouble_while_looking_a_person_up_is_an_answer(box: Box) -> None:
    box.slack.faults.add("users.info", "http_503", None)
    assert "try again" in said(await box.ask("/sec findings prod"))


# --- acknowledging ----------------------------------------------------------------------------------------------------------------------


async def test_ack_by_command_edits_the_card_and_adds_a_thread_line(box: Box) -> None:
    await fill(box)
    answer = await box.ask("/sec ack F-1")
    assert "You have F-1" in said(answer)
    await box.quiet()
    [card] = box.cards("sec-critical")
    assert "<@U0ANA>" in said(card)
    assert "Acknowledge" not in buttons(card)
    [line] = box.lines()
    assert "acknowledged" in line.text.lower()
    assert line.thread_ts == card.ts
    assert not line.broadcast


async def test_ack_by_button_edits_every_copy_of_the_card(box: Box) -> None:
    kind = "UnauthorizedAccess:EC2/SSHBruteForce"
    await box.take_in(box.threat(kind, severity=5.0))
    await box.take_in(box.threat(kind, severity=9.5, later_s=60))
    [old], [new] = box.cards("sec-prod"), box.cards("sec-critical")
    await box.after(box.ana.press("sec-critical", new, "Acknowledge"), where="sec-critical")
    await box.quiet()
    for channel in ("sec-prod", "sec-critical"):
        [card] = box.cards(channel)
        assert "acknowledged" in card.text.lower(), channel
        assert "<@U0ANA>" in said(card), channel
        assert [m.thread_ts for m in box.lines(channel)][-1] == card.ts
    assert {old.ts, new.ts} == {m.ts for m in box.cards()}


async def test_ack_from_a_lists_menu(box: Box) -> None:
    await fill(box)
    answer = await box.ask("/sec findings prod")
    told = await box.after(box.ana.select(answer, "more:1", "ack:1.1"))
    assert "You have F-1" in said(told)


async def test_the_second_ack_hears_who_has_it(box: Box) -> None:
    await fill(box)
    await box.ask("/sec ack F-1")
    assert "already acknowledged by you" in said(await box.ask("/sec ack F-1"))
    shown = said(await box.ask("/sec ack F-1", who="ben"))
    assert "already acknowledged by" in shown
    assert "<@U0ANA>" in shown
    await box.quiet()
    assert len(box.lines()) == 1


async def test_ack_of_a_resolved_finding_is_refused(box: Box) -> None:
    await box.take_in(box.control())
    await box.take_in(box.control(later_s=9, status="PASSED"))
    assert "nothing to acknowledge" in said(await box.ask("/sec ack F-1"))


async def test_ack_without_a_role_is_denied_with_words(box: Box) -> None:
    await fill(box)
    shown = said(await box.ask("/sec ack F-1", who="emre"))
    assert "not" in shown
    assert "on-call" in shown
    await box.quiet()
    assert box.calls("chat.update") == []


async def test_ack_within_ones_role_only(box: Box) -> None:
    await fill(box)
    denied = said(await box.ask("/sec ack F-1", who="dora"))
    assert "You may look at F-1 but not acknowledge it" in denied
    assert "do not cover critical findings in prod" in denied
    assert "on-call (group sec-oncall)" in denied
    assert "You have F-3" in said(await box.ask("/sec ack F-3", who="dora"))


async def test_why_says_what_the_reader_may_do(box: Box) -> None:
    await fill(box)
    assert "do not cover" in said(await box.ask("/sec why F-1", who="dora"))


# --- buttons ------------------------------------------------------------------------------------------------------------------------------


async def forge(box: Box, ts: str, action_id: str, value: str, *, who: str = "ana", where: str = "sec-critical") -> Any:
    """Press what no card shows; the private answer."""
    channel = box.company.room(where).id
    actor = box.person(who)
    action = {"type": "button", "action_id": action_id, "value": value}
    act = box.slack.acts.action(actor.id, {"type": "message", "channel": channel, "ts": ts}, "b1", action)
    return await box.after(act, who=who, where=where)


@pytest.mark.parametrize(
    ("action_id", "value"),
    [
        ("ack:1", "2.1"),
        ("ack:1", "1.1|; drop"),
        ("ack:1", "-1.1"),
        ("ack:1", "9" * 40 + ".1"),
        ("ack:1", ""),
        ("ack", "1.1"),
        ("ack:1", "1.1\x00"),
        ("show:1", "{}"),
        ("page:0", "0.0|nothing"),
        ("more:1", "ack:2.1"),
        ("run:1", "0.0|ack F-1"),
        ("", "1.1"),
    ],
)
async def test_a_forged_button_is_refused_with_words(box: Box, action_id: str, value: str) -> None:
    await fill(box)
    [card] = box.cards("sec-critical")
    answer = await forge(box, card.ts, action_id or "x", value)
    assert "damaged or not ours" in said(answer)
    await box.quiet()
    assert box.calls("chat.update") == []


async def test_a_button_of_another_version_says_so(box: Box) -> None:
    await fill(box)
    [card] = box.cards("sec-critical")
    assert "another version" in said(await forge(box, card.ts, "zap:1", "1.1"))


async def test_an_old_button_acts_on_the_state_that_is(box: Box) -> None:
    await fill(box)
    [card] = box.cards("sec-critical")
    await box.ask("/sec ack F-1", who="ben")
    await box.quiet()
    assert "already acknowledged" in said(await forge(box, card.ts, "ack:1", "1.1"))


async def test_a_button_for_a_finding_that_does_not_exist_is_answered(box: Box) -> None:
    await fill(box)
    [card] = box.cards("sec-critical")
    assert "no finding F-77" in said(await forge(box, card.ts, "ack:77", "77.1"))


async def test_details_and_why_of_a_card(box: Box) -> None:
    await fill(box)
    [card] = box.cards("sec-critical")
    delivery = await box.ana.press("sec-critical", card, "Details")
    assert delivery.ok
    await box.ana.sees_view("F-1")
    told = await box.after(box.ana.select(card, "more:1", "why:1.1"), where="sec-critical")
    assert "prod-critical" in said(told)


async def test_a_link_button_is_acknowledged_and_does_nothing(box: Box) -> None:
    await fill(box)
    [card] = box.cards("sec-critical")
    await box.ask("/sec help")  # Bolt asks auth.test once
    calls = [c.method for c in box.slack.history.calls()]
    delivery = await box.ana.press("sec-critical", card, "Open in console")
    assert delivery.ok
    assert [c.method for c in box.slack.history.calls()] == calls


async def test_a_click_is_answered_whatever_the_database_does(open: Open) -> None:
    store = Breakable()
    async with open(parts=Replace(wrap_store=store.wrap)) as box:
        await fill(box)
        [card] = box.cards("sec-critical")
        for trouble in (StoreUnavailable(), RuntimeError("a bug")):
            store.fail_reads_with = trouble
            told = await box.after(box.ana.press("sec-critical", card, "Acknowledge"), where="sec-critical")
            assert "Nothing was changed" in said(told) or "Something broke" in said(told)
        store.fail_reads_with = None


async def test_an_answer_whose_address_has_expired_is_no_crash(box: Box) -> None:
    await fill(box)
    box.slack.faults.add("response_url", "http_500", 1)
    delivery = await box.ana.command("/sec findings prod", "sec-prod")
    assert delivery.ok
    await box.slack.wait_for(lambda: any(c.fault for c in box.calls("response_url")))
    assert "2 findings" in said(await box.ask("/sec findings prod"))
