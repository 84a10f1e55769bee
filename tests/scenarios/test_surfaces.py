"""Beside channels: shortcuts, windows and the Home tab.

Every listener answers in words whatever the store does, and so does it to what nobody of ours made.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

import pytest

from bot.app import Replace
from bot.entrypoints.slack import door
from bot.errors import StoreUnavailable
from sandbox.slack.server import SlackServer
from sandbox.slack.state import Shortcut
from tests.support.box import Box, buttons, chooser, said, shown
from tests.support.trouble import Breakable

Open = Callable[..., AbstractAsyncContextManager[Box]]


# --- shortcuts -------------------------------------------------------------------------------------------------------------------------


async def test_the_shortcut_on_a_card_shows_its_finding(box: Box) -> None:
    await box.fill()
    [card] = box.cards("sec-critical")
    assert (await box.ana.message_shortcut("finding", "sec-critical", card)).ok
    assert "must not be readable" in shown(await box.modal("F-1"))


async def test_the_shortcut_on_a_reply_under_a_card_shows_that_finding(box: Box) -> None:
    await box.fill()
    [card] = box.cards("sec-staging")
    reply = await box.ana.say("sec-staging", "is this F-1 again?", card.ts)
    await box.ana.message_shortcut("finding", "sec-staging", reply)
    assert "payments-staging" in shown(await box.modal("F-3"))


async def test_the_shortcut_on_a_message_that_names_a_finding_shows_it(box: Box) -> None:
    await box.fill()
    talk = await box.ana.say("sec-prod", "does anybody know about (f-2), please?")
    await box.ana.message_shortcut("finding", "sec-prod", talk)
    assert "Block Public Access" in shown(await box.modal("F-2"))


async def test_the_shortcut_on_any_other_message_asks_what_is_wanted(box: Box) -> None:
    await box.fill()
    talk = await box.ana.say("sec-prod", "lunch?")
    await box.ana.message_shortcut("finding", "sec-prod", talk)
    asked = await box.modal("names none")
    assert asked.body["submit"]
    await box.ana.submit(asked, {"command": "findings prod"})
    await box.modal("2 findings")


async def test_the_shortcut_where_secbot_is_not_in_the_channel_is_answered(box: Box) -> None:
    await box.fill()
    talk = await box.ana.say("random", "what about F-1?")
    await box.ana.message_shortcut("finding", "random", talk)
    assert "must not be readable" in shown(await box.modal("F-1"))


async def test_a_message_shortcut_whose_window_slack_does_not_open_answers_with_a_message(box: Box) -> None:
    await box.fill()
    [card] = box.cards("sec-critical")
    box.slack.faults.add("views.open", "error", error="expired_trigger_id")
    told = await box.after(box.ana.message_shortcut("finding", "sec-critical", card), where="sec-critical")
    assert "must not be readable" in said(told)


async def test_a_global_shortcut_whose_window_slack_does_not_open_answers_in_direct_messages(box: Box) -> None:
    box.slack.faults.add("views.open", "error", error="expired_trigger_id")
    assert (await box.ana.global_shortcut("open")).ok
    dm = box.ana.dm()
    await box.slack.wait_for(lambda: any("could not be opened" in said(m) for m in box.slack.world.messages.all(dm)))


# --- windows ---------------------------------------------------------------------------------------------------------------------------


async def listed(box: Box, question: str = "findings prod") -> None:
    """The list of a question in the window that a global shortcut opens."""
    await box.ana.global_shortcut("open")
    await box.ana.submit(await box.modal("Ask secbot"), {"command": question})
    await box.modal("page 1 of")


async def test_what_is_asked_in_a_window_is_answered_in_it_and_its_pages_turn(box: Box) -> None:
    box.send(*(box.control("S3.8", number=n) for n in range(10)))
    await box.quiet(within=120)
    await listed(box)
    [view] = box.ana.views()
    assert "10 findings" in shown(view)
    await box.ana.press_in_view(view, "Next ›")
    await box.modal("page 2 of 2")
    assert len(box.ana.views()) == 1


async def test_details_come_on_top_of_the_window_and_acknowledge_there(box: Box) -> None:
    await box.fill()
    await listed(box)
    await box.ana.select(box.ana.views()[0], "more:1", "Details")
    detail = await box.modal("must not be readable")
    await box.slack.wait_for(lambda: len(box.ana.views()) == 2 and "Acknowledge" in buttons(box.ana.views()[1]))
    await box.ana.press_in_view(detail.id, "Acknowledge")
    await box.modal("You have F-1")
    await box.quiet()
    assert "<@U0ANA>" in said(box.cards("sec-critical")[0])


async def test_three_windows_deep_the_answer_takes_the_place_of_the_topmost(box: Box) -> None:
    await box.fill()
    await listed(box)
    await box.ana.select(box.ana.views()[0], "more:1", "Details")
    await box.slack.wait_for(lambda: len(box.ana.views()) == 2 and "Why here?" in shown(box.ana.views()[1]))
    await box.ana.select(box.ana.views()[1], "more:1", "Why here?")
    await box.slack.wait_for(lambda: len(box.ana.views()) == 3)
    await box.ana.press_in_view(box.ana.views()[2], "Details")
    await box.modal("must not be readable")
    assert len(box.ana.views()) == 3


async def test_a_mistake_in_a_window_is_told_with_its_repair(box: Box) -> None:
    await box.fill()
    await box.ana.global_shortcut("open")
    await box.ana.submit(await box.modal("Ask secbot"), {"command": "findings prdo"})
    told = await box.modal("prdo")
    await box.ana.press_in_view(told, "Use prod")
    await box.modal("2 findings")


async def test_a_finding_shown_from_a_window_is_shown_in_it(box: Box) -> None:
    await box.fill()
    await box.ana.global_shortcut("open")
    await box.ana.submit(await box.modal("Ask secbot"), {"command": "F-2"})
    await box.modal("Block Public Access")


async def test_windows_are_answered_over_http_too(http_box: Box) -> None:
    await http_box.fill()
    await listed(http_box)
    await http_box.ana.select(http_box.ana.views()[0], "more:1", "Details")
    await http_box.modal("must not be readable")


async def test_what_takes_long_is_said_to_be_worked_on_and_then_answered(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(door, "QUICK_S", 0.05)
    await box.fill()
    await box.ana.global_shortcut("open")
    form = await box.modal("Ask secbot")
    await box.pass_time(301, step=60)  # who somebody is is asked again after that
    box.slack.faults.add("users.info", "hang")
    assert (await box.ana.submit(form, {"command": "findings prod"})).ok
    assert "Working on it" in shown(box.ana.views()[0])
    box.slack.faults.release()
    await box.until(lambda: "2 findings" in shown(box.ana.views()[0]), within=5)


# --- the Home tab ----------------------------------------------------------------------------------------------------------------------


async def test_home_shows_what_is_on_its_reader_views_counts_and_health(box: Box) -> None:
    await box.fill()
    await box.ask("/sec ack F-1")
    await box.ana.command("/sec views save night prod high+", "sec-prod")
    await box.ana.submit(await box.modal("Save a view"))
    await box.modal("Saved")
    box.ana.open_home()
    home = shown(await box.home("On you"))
    for part in ("`F-1`", "Ends soon", "night*", "*prod*", "*staging*", "1 critical", "secbot works"):
        assert part in home, part
    assert "`F-2`" not in home, "that is on nobody"


async def test_home_of_one_with_nothing_says_so(box: Box) -> None:
    box.ana.open_home()
    home = shown(await box.home("Nothing is on you"))
    assert "nothing is open" in home


async def test_the_messages_tab_is_not_the_home_tab(box: Box) -> None:
    box.ana.open_messages()
    box.person("ben").open_home()
    await box.home("Nothing is on you", who="ben")
    assert box.ana.home() is None


async def test_a_button_in_home_opens_its_answer_in_a_window(box: Box) -> None:
    await box.fill()
    box.ana.open_home()
    home = await box.home("How things stand")
    await box.ana.press_in_view(home, "All findings")
    await box.modal("3 findings")
    await box.ana.close()
    await box.ana.press_in_view(home, "Ask…")
    await box.ana.submit(await box.modal("Ask secbot"), {"command": "findings prod"})
    await box.modal("2 findings")


async def test_what_is_done_in_home_is_shown_in_home(box: Box) -> None:
    await box.fill()
    await box.ana.command("/sec assign F-2 me", "sec-prod")
    await box.ana.submit(await box.ana.sees_view("Assign F-2"))
    await box.modal("F-2 is on <@U0ANA>")
    await box.ana.close()
    box.ana.open_home()
    home = await box.home("`F-2`")
    await box.ana.select(home, "more:2", "Acknowledge")
    await box.modal("You have F-2")
    await box.slack.wait_for(lambda: (v := box.ana.home()) is not None and "Acknowledge" not in shown(v))
    assert "`F-2`" in shown(await box.home("On you"))


async def test_a_guest_sees_in_home_why_there_is_nothing(box: Box) -> None:
    await box.fill()
    box.person("hana").open_home()
    home = shown(await box.home("may not", who="hana"))
    assert "payments" not in home
    assert "critical" not in home


async def test_home_says_when_the_database_does_not_answer(open: Open) -> None:
    store = Breakable()
    async with open(parts=Replace(wrap_store=store.wrap)) as box:
        store.fail_reads_with = StoreUnavailable()
        box.ana.open_home()
        await box.home("try again")
        store.fail_reads_with = None
        box.ana.open_home()
        await box.home("Nothing is on you")


# --- whatever the store does, whoever made it ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("trouble", [StoreUnavailable(), RuntimeError("a bug")], ids=["down", "bug"])
async def test_every_listener_acknowledges_and_answers_while_the_store_is_in_trouble(
    open: Open, trouble: Exception
) -> None:
    store = Breakable()
    async with open(parts=Replace(wrap_store=store.wrap)) as box:
        await box.fill()
        [card] = box.cards("sec-critical")
        await box.ana.global_shortcut("open")
        form = await box.modal("Ask secbot")
        store.down(trouble)
        words = "try again" if isinstance(trouble, StoreUnavailable) else "Something broke"
        assert words in said(await box.ask("/sec findings prod"))
        pressed = box.ana.press("sec-critical", card, "Acknowledge")
        assert words in said(await box.after(pressed, where="sec-critical"))
        assert (await box.ana.submit(form, {"command": "findings prod"})).ok
        await box.modal(words)
        await box.ana.close()
        used = box.ana.message_shortcut("finding", "sec-critical", card)
        assert words in said(await box.after(used, where="sec-critical"))
        assert (await box.ana.global_shortcut("open")).ok
        await box.modal("Ask secbot")
        box.ana.open_home()
        await box.home(words)
        store.down(None)
        await box.quiet()
        assert box.calls("chat.update") == []


async def test_a_mention_while_the_store_is_down_is_acknowledged_and_answered_with_words(open: Open) -> None:
    store = Breakable()
    async with open(parts=Replace(wrap_store=store.wrap)) as box:
        await box.fill()
        store.down(StoreUnavailable())
        told = await box.after(box.ana.mention("sec-prod", "findings prod"))
        store.down(None)
        assert "try again" in said(told)


@pytest.mark.parametrize(
    ("callback_id", "metadata"),
    [("evil", "0.0"), ("assign.to", "nonsense"), ("assign.to", "9" * 40 + ".1"), ("asked", ""), ("Ask; drop", "0.0")],
)
async def test_a_forged_submission_is_refused_with_words(box: Box, callback_id: str, metadata: str) -> None:
    await box.fill()
    await box.ana.global_shortcut("open")
    form = await box.modal("Ask secbot")
    form.body |= {"callback_id": callback_id, "private_metadata": metadata}
    await box.ana.submit(form, {"command": "findings prod"})
    await box.slack.wait_for(
        lambda: any("damaged or not ours" in shown(v) or "another version" in shown(v) for v in box.ana.views())
    )
    await box.quiet()
    assert box.lines() == []


async def test_a_forged_assignment_is_authorised_as_any_other(box: Box) -> None:
    await box.fill()
    emre = box.person("emre")
    await emre.global_shortcut("open")
    form = await box.modal("Ask secbot", who="emre")
    form.body |= {"callback_id": "assign.to", "private_metadata": "1.1"}
    form.body["blocks"] = [
        {"type": "input", "block_id": "user", "label": {"type": "plain_text", "text": "To"},
         "element": {"type": "users_select", "action_id": "user", "initial_user": "U0EMRE"}}
    ]  # fmt: skip
    await emre.submit(form)
    await box.modal("may not", who="emre")
    await box.quiet()
    assert box.lines() == []


async def test_a_shortcut_that_is_not_ours_is_refused_with_words(open: Open) -> None:
    def prepare(slack: SlackServer) -> None:
        space = slack.workspace
        space.shortcuts = [*space.shortcuts, Shortcut("global", "other", "Other"), Shortcut("message", "ack", "Ack")]

    async with open(prepare=prepare) as box:
        await box.fill()
        assert (await box.ana.global_shortcut("other")).ok
        dm = box.ana.dm()
        await box.slack.wait_for(lambda: any("another version" in said(m) for m in box.slack.world.messages.all(dm)))
        [card] = box.cards("sec-critical")
        told = await box.after(box.ana.message_shortcut("ack", "sec-critical", card), where="sec-critical")
        assert "no finding F-0" in said(told)


@pytest.mark.parametrize("value", ["sort:0.0|nothing", "sort:0.0|x.backwards", "sort:1.0|x.age", "ack:1.1", "", "sort"])
async def test_a_forged_select_is_refused_with_words(box: Box, value: str) -> None:
    await box.fill()
    answer = await box.ask("/sec findings prod")
    forged = {"type": "static_select", "action_id": chooser(answer), "selected_option": {"value": value}}
    container = {"type": "message", "channel": answer.channel, "ts": answer.ts}
    told = said(await box.after(box.slack.acts.action(box.ana.id, container, "b1", forged)))
    assert "damaged or not ours" in told or "too old" in told
    await box.quiet()
    assert box.calls("chat.update") == []
