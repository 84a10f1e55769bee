"""Asking without a slash command, pointing at findings, how much may be asked; giving a finding to somebody and asking those who may."""

from __future__ import annotations

import copy
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from bot.adapters.sql.failures import SearchTooSlow
from bot.app import Replace
from sandbox.slack import payloads
from sandbox.slack.state import Message
from tests.support.box import Box, buttons, chooser, said, shown
from tests.support.trouble import Breakable

Open = Callable[..., AbstractAsyncContextManager[Box]]


def permalink(box: Box, message: Message) -> str:
    """The link that Slack copies for a message."""
    return (
        f"https://{box.slack.workspace.team.domain}.slack.com/archives/{message.channel}/p{message.ts.replace('.', '')}"
    )


def console_link(card: Message) -> str:
    """Where the card's button leads."""
    return str(next(e["url"] for b in card.blocks for e in b.get("elements", []) if e.get("url")))


async def answered(box: Box, containing: str, channel: str) -> Message:
    """The bot's public message that holds this, waited for."""
    return await box.slack.wait_for(
        lambda: next((m for m in box.slack.world.messages.all(channel) if m.from_app and containing in said(m)), None)  # type: ignore[arg-type,return-value]
    )


# --- mentions --------------------------------------------------------------------------------------------------------------------------


async def test_a_mention_in_a_findings_thread_acknowledges_that_finding_in_every_copy(box: Box) -> None:
    kind = "UnauthorizedAccess:EC2/SSHBruteForce"
    await box.take_in(box.threat(kind, severity=5.0))
    await box.take_in(box.threat(kind, severity=9.5, later_s=60))
    [card] = box.cards("sec-critical")
    told = await box.after(box.ana.mention("sec-critical", "ack", card.ts), where="sec-critical")
    assert "You have F-1" in said(told)
    assert told.ephemeral_for == box.ana.id
    assert told.thread_ts == card.ts
    await box.quiet()
    for channel in ("sec-prod", "sec-critical"):
        [shown] = box.cards(channel)
        assert "<@U0ANA>" in said(shown), channel
        assert "Acknowledge" not in buttons(shown), channel


async def test_the_bare_mention_in_a_findings_thread_shows_that_finding(box: Box) -> None:
    await box.fill()
    [card] = box.cards("sec-critical")
    told = await box.after(box.ana.mention("sec-critical", "", card.ts), where="sec-critical")
    assert "F-1" in said(told)
    assert "must not be readable" in said(told)
    assert told.thread_ts == card.ts


async def test_the_bare_mention_elsewhere_is_the_menu(box: Box) -> None:
    await box.fill()
    assert "1 critical" in said(await box.after(box.ana.mention("sec-prod", "")))


@pytest.mark.parametrize("command", ["why this", "why", "WHY this"])
async def test_this_is_the_finding_of_the_thread(box: Box, command: str) -> None:
    await box.fill()
    [card] = box.cards("sec-staging")
    told = await box.after(box.ana.mention("sec-staging", command, card.ts), where="sec-staging")
    assert "F-3" in said(told)


async def test_this_in_a_thread_that_is_no_findings_says_so(box: Box) -> None:
    talk = await box.ana.say("sec-prod", "lunch?")
    told = await box.after(box.ana.mention("sec-prod", "why this", talk.ts))
    assert "not under a finding" in said(told)
    assert told.thread_ts == talk.ts


async def test_this_outside_a_thread_says_so(box: Box) -> None:
    assert "`this` is the finding of a thread" in said(await box.ask("/sec why this"))


async def test_a_mention_in_a_channel_is_answered_privately(box: Box) -> None:
    await box.fill()
    told = await box.after(box.ana.mention("sec-prod", "findings prod"))
    assert "2 findings" in said(told)
    assert told.ephemeral_for == box.ana.id
    assert told.thread_ts is None
    assert box.posts() == box.cards()


async def test_the_mention_may_stand_anywhere_before_the_command(box: Box) -> None:
    await box.fill()
    bot = box.slack.workspace.bot_user.id
    told = await box.after(box.ana.say("sec-prod", f"hello <@{bot}>  findings   prod"))
    assert "2 findings" in said(told)


async def test_here_answers_everybody_in_the_thread_that_asked(box: Box) -> None:
    await box.fill()
    talk = await box.ana.say("sec-prod", "what is open?")
    await box.ana.mention("sec-prod", "findings prod here", talk.ts)
    found = await answered(box, "2 findings", talk.channel)
    assert found.thread_ts == talk.ts
    assert found.ephemeral_for is None
    assert not found.broadcast


async def test_an_event_delivered_twice_is_answered_once(box: Box) -> None:
    await box.fill()
    message = await box.ana.mention("sec-prod", "findings prod here")
    await answered(box, "2 findings", message.channel)
    event = copy.deepcopy(payloads.message_event(box.slack.world, message, "app_mention"))
    for _ in range(3):
        box.slack.acts.dispatcher.tell(event)
    await box.slack.wait_for(lambda: len([m for m in box.posts("sec-prod") if "2 findings" in said(m)]) == 2)
    await box.pass_time(5)
    assert len([m for m in box.posts("sec-prod") if "2 findings" in said(m)]) == 2, "one for each event id"


@pytest.mark.parametrize("extra", [{"bot_id": "B0OTHER"}, {"subtype": "message_changed"}, {"user": ""}])
async def test_what_no_person_says_is_not_answered(box: Box, extra: dict[str, Any]) -> None:
    await box.fill()
    message = await box.ana.say("sec-prod", "findings prod")
    event = payloads.message_event(box.slack.world, message, "app_mention")
    event["event"] |= extra
    box.slack.acts.dispatcher.tell(event)
    assert "2 findings" in said(await box.ask("/sec findings prod"))
    await box.pass_time(3)
    assert box.calls("chat.postEphemeral") == []
    assert box.posts() == box.cards()


async def test_a_direct_message_is_answered_there_and_needs_no_command(box: Box) -> None:
    await box.fill()
    dm = box.ana.dm()
    await box.ana.say(dm, "findings prod")
    found = await answered(box, "2 findings", dm)
    assert found.ephemeral_for is None


async def test_a_direct_message_is_acted_on(box: Box) -> None:
    await box.fill()
    dm = box.ana.dm()
    await box.ana.say(dm, "ack F-1")
    assert "You have F-1" in said(await answered(box, "You have F-1", dm))


async def test_our_own_answers_in_direct_messages_are_no_questions(box: Box) -> None:
    await box.fill()
    dm = box.ana.dm()
    await box.ana.say(dm, "findings prod")
    await answered(box, "2 findings", dm)
    await box.pass_time(5)
    assert len([m for m in box.slack.world.messages.all(dm) if m.from_app]) == 1


async def test_a_mention_of_a_strangers_is_refused_with_words(box: Box) -> None:
    await box.fill()
    told = await box.after(
        box.person("ivo").mention("partner-shared", "findings prod"), who="ivo", where="partner-shared"
    )
    assert "payments-prod" not in said(told)
    assert "may not" in said(told)


# --- pointing at findings --------------------------------------------------------------------------------------------------------------


async def test_a_row_of_ones_last_list_is_a_reference(box: Box) -> None:
    await box.fill()
    listed = said(await box.ask("/sec findings sort:account"))
    third = next(f"F-{n}" for n in (1, 2, 3) if f"`F-{n}`" in listed.split("*3.*")[1])
    assert third in said(await box.ask("/sec why ^3"))
    assert "has 3 rows" in said(await box.ask("/sec why ^4"))
    assert "you have none yet" in said(await box.ask("/sec why ^1", who="ben"))


WRAPPINGS = ["{}", "<{}>", "<{}|the finding>"]


@pytest.mark.parametrize("wrapping", WRAPPINGS)
async def test_a_link_to_a_card_is_a_reference(box: Box, wrapping: str) -> None:
    await box.fill()
    [card] = box.cards("sec-staging")
    assert "F-3" in said(await box.ask(f"/sec why {wrapping.format(permalink(box, card))}"))


async def test_a_link_to_a_reply_under_a_card_is_a_reference(box: Box) -> None:
    await box.fill()
    [card] = box.cards("sec-staging")
    reply = await box.ana.say("sec-staging", "looking", card.ts)
    link = f"{permalink(box, reply)}?thread_ts={card.ts}&amp;cid={card.channel}"
    assert "F-3" in said(await box.ask(f"/sec why <{link}>"))


async def test_a_link_to_any_other_message_is_no_reference(box: Box) -> None:
    talk = await box.ana.say("sec-prod", "lunch?")
    assert "not a finding's card" in said(await box.ask(f"/sec why <{permalink(box, talk)}>"))


@pytest.mark.parametrize("wrapping", WRAPPINGS)
async def test_the_console_link_of_a_card_is_a_reference(box: Box, wrapping: str) -> None:
    await box.take_in(box.control())
    await box.take_in(box.threat())
    card = next(c for c in box.cards() if "`F-2`" in said(c))
    link = console_link(card).replace("&", "&amp;") if "<" in wrapping else console_link(card)
    assert "guardduty" in link
    assert "F-2" in said(await box.ask(f"/sec why {wrapping.format(link)}"))


async def test_a_console_link_to_nothing_of_ours_says_so(box: Box) -> None:
    link = f"https://eu-west-1.console.aws.amazon.com/guardduty/home?region=eu-west-1#/findings?fId={'0' * 32}"
    assert "No finding here has that id" in said(await box.ask(f"/sec why <{link}>"))


async def test_the_arn_of_a_resource_is_the_finding_about_it(box: Box) -> None:
    await box.fill()
    arn = box.control("S3.8", "payments-staging")["detail"]["findings"][0]["Resources"][0]["Id"]
    assert arn.startswith("arn:")
    assert "F-3" in said(await box.ask(f"/sec why {arn}"))


async def test_the_arn_that_several_findings_are_about_is_a_question_back(box: Box) -> None:
    await box.fill()
    arn = box.control("S3.8")["detail"]["findings"][0]["Resources"][0]["Id"]
    asked = await box.ask(f"/sec why {arn}")
    assert "Several findings" in said(asked)
    [first] = [label for label in buttons(asked) if label.startswith("F-2")]
    assert "F-2" in said(await box.after(box.ana.press("sec-prod", asked, first)))
    assert "2 findings" in said(await box.after(box.ana.press("sec-prod", asked, "List them")))


# --- what a person may ask -------------------------------------------------------------------------------------------------------------


async def test_the_eleventh_question_of_a_minute_is_refused_with_when(box: Box) -> None:
    await box.fill()
    for _ in range(10):
        assert "2 findings" in said(await box.ask("/sec findings prod"))
    refused = said(await box.ask("/sec findings prod"))
    assert "10 questions within a minute" in refused
    assert "The next in 60 s" in refused
    assert "2 findings" in said(await box.ask("/sec findings prod", who="ben")), "it is counted for each person"
    assert "prod-critical" in said(await box.ask("/sec why F-1")), "verbs that search nothing are not counted"
    await box.pass_time(61, step=20)
    assert "2 findings" in said(await box.ask("/sec findings prod"))


async def test_a_search_that_takes_too_long_says_how_long_one_may_take(open: Open) -> None:
    store = Breakable()
    async with open(parts=Replace(wrap_store=store.wrap)) as box:
        await box.fill()
        store.fail_reads_with = SearchTooSlow(SearchTooSlow.__doc__ or "")
        told = said(await box.ask("/sec findings prod"))
        store.fail_reads_with = None
    assert "longer than the 2 s" in told
    assert "Narrow it" in told


# --- giving a finding to somebody ------------------------------------------------------------------------------------------------------


async def assign(box: Box, line: str, values: dict[str, str] | None = None) -> str:
    """Type the command, submit its window; what the window then shows."""
    await box.ana.command(line, "sec-prod")
    form = await box.ana.sees_view("Assign F-")
    await box.ana.submit(form, values or {})
    return shown(await box.modal("secbot"))


async def test_an_assignment_is_told_in_the_thread_and_shown_on_the_card_and_in_that_persons_list(box: Box) -> None:
    await box.fill()
    told = await assign(box, "/sec assign F-1 <@U0DORA|dora>", {"note": "yours since Monday"})
    assert "F-1 is on <@U0DORA>" in told
    await box.quiet()
    [line] = box.lines("sec-critical")
    assert "<@U0DORA>" in said(line)
    assert "yours since Monday" in said(line)
    [card] = box.cards("sec-critical")
    assert line.thread_ts == card.ts
    assert "<@U0DORA>" in said(card)
    assert "Acknowledge" in buttons(card), "it is still open"
    assert "1 finding" in said(await box.ask("/sec findings me", who="dora"))
    assert "Nothing matches" in said(await box.ask("/sec findings me"))


async def test_assigning_from_a_card_asks_whom(box: Box) -> None:
    await box.fill()
    [card] = box.cards("sec-critical")
    await box.ana.select(card, chooser(card, "overflow"), "Assign…")
    form = await box.ana.sees_view("Assign F-1")
    assert (await box.ana.submit(form)).errors, "nobody was chosen"
    await box.ana.submit(form, {"user": "U0BEN"})
    await box.modal("F-1 is on <@U0BEN>")


@pytest.mark.parametrize("whom", ["U0HANA", "U0IVO", "U0JOS", "U0BUILDBOT"])
async def test_nobody_who_cannot_work_on_it_is_given_a_finding(box: Box, whom: str) -> None:
    await box.fill()
    told = await assign(box, "/sec assign F-1", {"user": whom})
    assert "full member" in told
    await box.quiet()
    assert box.lines() == []


async def test_whoever_may_not_assign_is_refused_before_any_window(box: Box) -> None:
    await box.fill()
    refused = said(await box.ask("/sec assign F-1 <@U0ANA>", who="dora"))
    assert "not assign it" in refused
    assert box.person("dora").views() == []


async def test_an_assignment_by_mention_takes_a_button_in_the_place_of_a_window(box: Box) -> None:
    await box.fill()
    [card] = box.cards("sec-critical")
    asked = await box.after(box.ana.mention("sec-critical", "assign <@U0BEN>", card.ts), where="sec-critical")
    assert "Assign F-1 to <@U0BEN>?" in said(asked)
    told = await box.after(box.ana.press("sec-critical", asked, "Assign"), where="sec-critical")
    assert "F-1 is on <@U0BEN>" in said(told)


# --- asking those who may --------------------------------------------------------------------------------------------------------------


async def test_whoever_is_refused_asks_those_who_may_and_they_do_it_in_the_thread(box: Box) -> None:
    await box.fill()
    [card] = box.cards("sec-critical")
    dora = box.person("dora")
    refused = await box.after(dora.press("sec-critical", card, "Acknowledge"), who="dora", where="sec-critical")
    told = await box.after(dora.press("sec-critical", refused, "Ask for it"), who="dora", where="sec-critical")
    assert "Asked in the thread of F-1" in said(told)
    await box.quiet()
    [line] = box.lines("sec-critical")
    assert line.thread_ts == card.ts
    assert "<!subteam^S0ONCALL>" in said(line)
    assert "<@U0DORA>" in said(line)
    done = await box.after(box.person("ben").mention("sec-critical", "ack", card.ts), who="ben", where="sec-critical")
    assert "You have F-1" in said(done)


async def test_asking_twice_is_said_once(box: Box) -> None:
    await box.fill()
    for _ in range(2):
        assert "Asked in the thread" in said(await box.ask("/sec ask ack F-1", who="dora"))
    await box.quiet()
    assert len(box.lines("sec-critical")) == 1


async def test_whoever_may_need_not_ask(box: Box) -> None:
    await box.fill()
    assert "You may acknowledge F-1 yourself" in said(await box.ask("/sec ask ack F-1"))


async def test_whoever_has_no_role_at_all_may_ask_for_it_too(box: Box) -> None:
    await box.fill()
    [card] = box.cards("sec-critical")
    refused = await box.after(
        box.person("emre").press("sec-critical", card, "Acknowledge"), who="emre", where="sec-critical"
    )
    assert "on-call" in said(refused)
    assert "Ask for it" in buttons(refused)
    assert "Ask for it" in buttons(await box.ask("/sec ack F-1", who="emre"))


async def test_what_is_resolved_is_not_assigned(box: Box) -> None:
    await box.take_in(box.control())
    await box.take_in(box.control(later_s=9, status="PASSED"))
    assert "nothing to assign" in said(await box.ask("/sec assign F-1 me"))
    assert box.ana.views() == []
