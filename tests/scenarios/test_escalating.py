"""Escalations through the real bot and Slack's stand-in: from the card that nobody answers, level after level, to whoever takes it.

Problem solved: who is called, when, where and how loudly is what people depend on at night, so it is read where they read it. It refuses to
look into the database: what a person cannot see does not count here.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import pytest

from sandbox.slack.state import Message
from tests.support.box import Box, buttons, chooser, said

Open = Callable[..., AbstractAsyncContextManager[Box]]

MINUTE, HOUR = 60.0, 3600.0
HOME = "sec-critical"


async def critical(box: Box) -> Message:
    """A critical finding in production, which is F-1; its card."""
    await box.take_in(box.control("S3.2"))
    return card(box)


def card(box: Box, channel: str = HOME) -> Message:
    """The one card of a channel."""
    [found] = [m for m in box.cards(channel) if "payments-prod" in m.text]
    return found


def direct(box: Box, who: str) -> list[Message]:
    """What the bot has written to somebody alone, threads included."""
    person = box.person(who)
    return sorted(
        (m for m in box.slack.world.messages.all(person.dm()) if m.from_app and not m.ephemeral_for), key=lambda m: m.ts
    )


def levels(box: Box, channel: str = HOME) -> list[Message]:
    """The lines of levels, oldest first."""
    return [m for m in box.lines(channel) if "Escalated" in said(m) or "Nobody has answered" in said(m)]


async def later(box: Box, minutes: float) -> None:
    """So many minutes later everything that is due has happened."""
    await box.skip(minutes * MINUTE, "escalations")


async def pressed(box: Box, who: str, label: str) -> Message:
    """Press a button of the card in somebody's direct messages; the private answer."""
    person = box.person(who)
    [shown] = [m for m in direct(box, who) if not m.is_reply]
    answer = await box.after(person.press(person.dm(), shown, label), who=who, where=person.dm())
    await box.quiet()
    return answer


# --- levels -----------------------------------------------------------------------------------------------------------------------------


async def test_nothing_is_said_before_the_first_level_and_then_only_whoever_is_on_call_is_called(box: Box) -> None:
    shown = await critical(box)
    assert "ack due" in said(shown)
    await later(box, 4.9)
    assert box.posts() == [card(box)]
    assert direct(box, "ana") == []
    await later(box, 0.2)
    [line] = box.lines()
    assert line.thread_ts == shown.ts
    assert line.broadcast, "shown in the channel as well"
    assert "<@U0ANA>" in said(line)
    for others in ("subteam", "<!here>", "<!channel>", "U0BEN", "U0CHEN"):
        assert others not in said(line)
    [own] = direct(box, "ana")
    assert {"Acknowledge", "Can't take it"} <= set(buttons(own))
    assert own.text == card(box).text.replace("(new)", "(you are called)")
    assert direct(box, "ben") == direct(box, "chen") == []
    assert "level 1 of 3" in said(card(box))


async def test_level_after_level_widens_the_circle_until_nobody_is_left(box: Box) -> None:
    await critical(box)
    await later(box, 5)
    await later(box, 10)
    second = levels(box)[-1]
    assert "<!subteam^S0ONCALL>" in said(second)
    assert "level 2 of 3" in said(second)
    assert "<!subteam" not in said(card(box, "security")), "a copy calls nobody"
    await later(box, 15)
    assert "<@U0CHEN>" in said(levels(box)[-1])
    assert len(direct(box, "chen")) == 1
    await later(box, 15)
    assert "Nobody has answered" in said(levels(box)[-1])
    assert "nobody answered" in said(card(box, "sec-all"))
    for where in (HOME, "security"):
        assert "nobody answered" in said(card(box, where)), "every copy says how it stands"
    count = len(box.posts())
    await later(box, 24 * 60)
    assert len(box.posts()) == count
    assert len(levels(box)) == 4


async def test_an_acknowledgement_in_the_direct_message_stops_it_everywhere(box: Box) -> None:
    await critical(box)
    await later(box, 5)
    await later(box, 10)
    await pressed(box, "ana", "Acknowledge")
    [own] = [m for m in direct(box, "ana") if not m.is_reply]
    for copy in (own, card(box), card(box, "security")):
        assert "<@U0ANA>" in said(copy)
        assert "Acknowledge" not in buttons(copy)
        assert "Can't take it" not in buttons(copy)
    stopped = box.lines(HOME)[-1]
    assert "its escalation is stopped" in said(stopped)
    assert not stopped.broadcast
    await later(box, 120)
    assert len(levels(box)) == 2
    assert direct(box, "chen") == []


async def test_who_cannot_take_it_passes_it_on_at_once(box: Box) -> None:
    await critical(box)
    await later(box, 5)
    assert "level 2" in said(await pressed(box, "ana", "Can't take it"))
    line = levels(box)[-1]
    assert "level 2 of 3" in said(line)
    assert "can't take it" in said(line)
    assert "<!subteam^S0ONCALL>" in said(line)
    await later(box, 14.9)
    assert len(levels(box)) == 2, "whoever was told has their time"
    await later(box, 0.2)
    assert len(levels(box)) == 3


async def test_escalate_now_tells_the_next_level_before_its_time(box: Box) -> None:
    shown = await critical(box)
    await box.ana.select(shown, chooser(shown, "overflow"), "Escalate now")
    await box.until(lambda: levels(box))
    await box.quiet()
    assert "<@U0ANA>" in said(levels(box)[0])
    await box.pass_time(25, step=5)  # a second press within seconds is the first one's
    assert "level 2" in said(await box.ask("/sec escalate F-1"))
    await box.quiet()
    assert len(levels(box)) == 2
    refused = await box.ask("/sec escalate F-1", who="gil")
    assert "on-call" in said(refused)
    assert len(levels(box)) == 2


async def test_an_acknowledgement_given_back_escalates_from_the_beginning(box: Box) -> None:
    await critical(box)
    await later(box, 5)
    await box.ask("/sec ack F-1")
    await box.ask("/sec unack F-1")
    await box.quiet()
    assert "given back" in said(box.lines(HOME)[-1])
    [own] = [m for m in direct(box, "ana") if not m.is_reply]
    assert "Acknowledge" in buttons(own)
    await later(box, 4.9)
    assert len(levels(box)) == 1
    await later(box, 0.2)
    assert "level 1 of 3" in said(levels(box)[-1])
    assert [m.is_reply for m in direct(box, "ana")].count(False) == 1, "called again in the thread of the same card"
    assert "level 1 of 3" in said(direct(box, "ana")[-1])


@pytest.mark.parametrize("first", ["acknowledgement", "level"])
async def test_an_acknowledgement_that_races_a_level_is_the_last_word(box: Box, first: str) -> None:
    shown = await critical(box)
    await box.clock.skip(5 * MINUTE)
    acts = [box.ana.press(HOME, shown, "Acknowledge"), box.bot.schedule.tick("escalations")]
    await asyncio.gather(*(acts if first == "acknowledgement" else reversed(acts)))
    await box.quiet()
    await later(box, 60)
    texts = [said(m) for m in box.lines(HOME)]
    assert "cknowledged" in texts[-1]
    assert len(texts) <= 2, "at most the level that was decided before"
    assert "Acknowledge" not in buttons(card(box))
    for own in [m for m in direct(box, "ana") if not m.is_reply]:
        assert "Acknowledge" not in buttons(own)


# --- what ends it -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "shows"),
    [({"status": "PASSED"}, "Resolved"), ({"workflow": "NOTIFIED"}, "Acknowledged"), ({"workflow": "SUPPRESSED"}, "Suppressed")],
)  # fmt: skip
async def test_what_is_done_at_the_source_stops_it_and_says_so(box: Box, change: dict[str, Any], shows: str) -> None:
    await critical(box)
    await later(box, 5)
    await box.take_in(box.control("S3.2", later_s=60, **change))
    assert shows in said(box.lines(HOME)[-1])
    assert "its escalation is stopped" in said(box.lines(HOME)[-1])
    [own] = [m for m in direct(box, "ana") if not m.is_reply]
    for copy in (own, card(box)):
        assert shows.upper() in said(copy).upper()
        assert "Can't take it" not in buttons(copy)
    await later(box, 120)
    assert len(levels(box)) == 1


async def test_a_suppression_stops_it_and_says_so(box: Box) -> None:
    shown = await critical(box)
    await later(box, 5)
    await box.ana.press(HOME, shown, "Suppress…")
    view = await box.ana.sees_view("Suppress")
    values = {
        "scope": "finding",
        "why": "expected",
        "reason": "the vendor's scanner reads it, SEC-9",
        "ticket": "SEC-9",
    }
    result = await box.ana.submit(view, {**values, "ends": "1d", "owner": box.ana.id})
    assert not result.errors
    await box.ana.press_in_view(await box.modal("Another person"), "Ask for approval")
    await box.modal("waits for another person")
    await box.quiet()
    [request] = [m for m in box.lines(HOME) if "Approve" in buttons(m)]
    await box.after(box.person("ben").press(HOME, request, "Approve"), who="ben", where=HOME)
    await box.quiet()
    assert any("its escalation is stopped" in said(m) for m in box.lines(HOME))
    await later(box, 120)
    assert len(levels(box)) == 1
    [own] = [m for m in direct(box, "ana") if not m.is_reply]
    assert "Can't take it" not in buttons(own)


async def test_an_acknowledgement_without_progress_ends_and_it_escalates_again(box: Box) -> None:
    await critical(box)
    await box.ask("/sec ack F-1")
    await box.quiet()
    await later(box, 3.9 * 60)
    assert "Acknowledge" not in buttons(card(box))
    await later(box, 0.2 * 60)
    line = box.lines(HOME)[-1]
    assert "Acknowledgement has ended" in said(line)
    assert line.broadcast
    assert "Acknowledge" in buttons(card(box))
    await later(box, 4)
    assert levels(box) == []
    await later(box, 1.1)
    assert "level 1 of 3" in said(levels(box)[-1])


async def test_a_bot_that_was_down_tells_only_the_highest_level_that_is_due(box: Box) -> None:
    await critical(box)
    await box.end()
    await box.clock.skip(31 * MINUTE)
    await box.restart()
    await later(box, 0)
    [line] = levels(box)
    assert "level 3 of 3" in said(line)
    assert "late" in said(line)
    assert len(direct(box, "chen")) == 1
    assert direct(box, "ana") == []


async def test_a_card_that_somebody_deleted_does_not_keep_anybody_from_being_called(box: Box) -> None:
    box.slack.world.delete(await critical(box))
    await later(box, 5)
    [line] = box.posts(HOME)
    assert "<@U0ANA>" in said(line), "there is no thread, so it is said in the channel"
    assert len(direct(box, "ana")) == 1


# --- who is waited for, who is on call --------------------------------------------------------------------------------------------------


async def test_who_is_waited_for_is_listed_and_the_list_answers(box: Box) -> None:
    await critical(box)
    await later(box, 5)
    listed = await box.ask("/sec escalations prod")
    assert "F-1" in said(listed)
    assert "level 1 of 3" in said(listed)
    assert "Nobody is waited for" in said(await box.ask("/sec escalations dev"))
    await box.after(box.ana.select(listed, chooser(listed, "overflow"), "Acknowledge"))
    assert "Nobody is waited for" in said(await box.ask("/sec escalations"))


async def test_a_swap_by_command_changes_who_is_called(box: Box) -> None:
    board = said(await box.ask("/sec oncall"))
    assert "*you* until" in board
    assert "everybody in" in board
    swapped = said(await box.ask("/sec oncall swap primary <@U0BEN> 8h"))
    assert "<@U0BEN> takes over primary" in swapped
    await critical(box)
    await later(box, 5)
    assert "<@U0BEN>" in said(levels(box)[0])
    assert "U0ANA" not in said(levels(box)[0])
    assert len(direct(box, "ben")) == 1
    assert direct(box, "ana") == []
    assert "oncall" in said(await box.ask("/sec oncall swap primary <@U0DORA> 8h", who="dora"))


async def test_a_swap_by_the_window_changes_who_is_called_for_its_time_only(box: Box) -> None:
    board = await box.ask("/sec oncall")
    await box.ana.press("sec-prod", board, "Swap…")
    view = await box.ana.sees_view("Take over")
    wrong = await box.ana.submit(view, {"rotation": "primary", "user": "U0BEN", "starts": "now", "lasts": "soon"})
    assert set(wrong.errors) == {"lasts"}
    await box.ana.submit(view, {"rotation": "primary", "user": "U0BEN", "starts": "now", "lasts": "1h"})
    await box.quiet()
    assert "<@U0BEN>" in said(await box.ask("/sec oncall"))
    await later(box, 61)
    await critical(box)
    await later(box, 5)
    assert "<@U0ANA>" in said(levels(box)[0])


async def test_quiet_hours_spare_whoever_is_not_on_call_and_tell_in_the_morning(box: Box) -> None:
    for who in ("ana", "chen"):
        assert "22:00-07:00" in said(await box.ask("/sec oncall quiet 22:00-07:00 Europe/Madrid", who=who))
    await later(box, 120)  # 23:00 in Madrid
    await critical(box)
    for minutes in (5, 10, 15):
        await later(box, minutes)
    assert len([m for m in direct(box, "ana") if not m.is_reply]) == 1, "who is on call is called at any hour"
    assert direct(box, "chen") == []
    assert "<@U0CHEN>" in said(levels(box)[-1])
    await box.skip(8 * HOUR, "briefs")
    [morning] = direct(box, "chen")
    assert "In your quiet hours" in said(morning)
    assert "F-1" in said(morning)


async def test_a_shift_begins_with_a_brief_that_one_person_takes(box: Box) -> None:
    await critical(box)
    await later(box, 5)
    await box.skip(12 * HOUR, "briefs")  # Monday, nine in Madrid
    [brief] = [m for m in box.cards(HOME) if "a shift begins" in m.text]
    assert "<@U0BEN>" in said(brief)
    assert "F-1" in said(brief)
    ben = box.person("ben")
    await box.after(ben.press(HOME, brief, "I have it"), who="ben", where=HOME)
    await box.quiet()
    [taken] = [m for m in box.cards(HOME) if "has the shift" in m.text]
    assert "<@U0BEN>" in said(taken)
    again = await box.after(box.ana.press(HOME, brief, "I have it"), where=HOME)
    assert "already" in said(again)
    await box.skip(MINUTE, "briefs")
    assert len([m for m in box.cards(HOME) if "a shift begins" in m.text]) == 1
