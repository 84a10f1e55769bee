"""What is done with a list under its rows: order, refresh, acknowledge a page, save; and counts in groups with their plain twin."""

from __future__ import annotations

import json

import pytest

from sandbox.slack.state import Message
from tests.support.box import Box, buttons, chooser, said

NATIVE = ["table", "data_visualization"]


async def many(box: Box, number: int) -> None:
    """High findings of one control in production."""
    box.send(*(box.control("S3.8", number=n) for n in range(number)))
    await box.quiet(within=120)


def order(message: Message) -> list[str]:
    """The references of a list's rows, from the top."""
    return [text.split("`")[1] for b in message.blocks if (text := str(b.get("text", {}).get("text"))).startswith("*")]


def kinds(message: Message) -> set[str]:
    return {b["type"] for b in message.blocks}


# --- order and freshness ---------------------------------------------------------------------------------------------------------------


async def test_another_order_takes_the_lists_place(box: Box) -> None:
    await box.fill()
    first = await box.ask("/sec findings")
    assert order(first) == ["F-1", "F-3", "F-2"]
    before = len(box.ana.ephemerals("sec-prod"))
    again = await box.after(box.ana.select(first, chooser(first), "By account"))
    assert set(order(again)[:2]) == {"F-1", "F-2"}, "payments-prod comes before payments-staging"
    assert len(box.ana.ephemerals("sec-prod")) == before, "replaced, not added"
    back = await box.after(box.ana.select(again, chooser(again), "Worst first"))
    assert order(back) == order(first)


async def test_the_rows_that_references_name_are_those_of_the_order_shown(box: Box) -> None:
    await box.fill()
    first = await box.ask("/sec findings")
    await box.pass_time(1)
    again = await box.after(box.ana.select(first, chooser(first), "By account"))
    assert order(again)[2] in said(await box.ask("/sec why ^3"))


async def test_what_came_since_is_counted_and_refresh_takes_it_in(box: Box) -> None:
    await many(box, 10)
    first = await box.ask("/sec findings prod")
    assert "newer" not in said(first)
    await box.pass_time(2)
    await box.take_in(box.control("S3.2", number=50), box.control("S3.2", number=51))
    turned = await box.after(box.ana.press("sec-prod", first, "Next ›"))
    assert "2 newer" in said(turned)
    before = len(box.ana.ephemerals("sec-prod"))
    fresh = await box.after(box.ana.press("sec-prod", turned, "Refresh"))
    assert "newer" not in said(fresh)
    assert "12 findings" in said(fresh)
    assert "page 1 of 2" in said(fresh)
    assert len(box.ana.ephemerals("sec-prod")) == before, "replaced, not added"


async def test_a_row_shows_its_finding_as_it_is_now(box: Box) -> None:
    await many(box, 10)
    first = await box.ask("/sec findings prod")
    [last] = order(first)[-1:]
    await box.ask(f"/sec ack {last}", who="ben")
    second = await box.after(box.ana.press("sec-prod", first, "Next ›"))
    back = await box.after(box.ana.press("sec-prod", second, "‹ Prev"))
    assert order(back) == order(first)
    assert "<@U0BEN>" in said(back)


async def test_a_page_of_somebodys_public_list_is_turned_for_whoever_turns_it_alone(box: Box) -> None:
    await many(box, 10)
    await box.ana.command("/sec findings prod here", "sec-prod")
    public = await box.person("ben").sees_message("sec-prod", "page 1 of 2")
    turned = await box.after(box.person("ben").press("sec-prod", public, "Next ›"), who="ben")
    assert "page 2 of 2" in said(turned)
    assert turned.ephemeral_for == box.person("ben").id
    kept = box.slack.world.messages.get(public.channel, public.ts)
    assert kept is not None
    assert "page 1 of 2" in said(kept), "what everybody sees stays as it is"
    assert len([m for m in box.posts("sec-prod") if "page " in said(m)]) == 1


# --- acknowledging a page --------------------------------------------------------------------------------------------------------------


async def test_a_page_is_acknowledged_by_a_second_press_that_names_what_it_does(box: Box) -> None:
    await many(box, 10)
    first = await box.ask("/sec findings prod")
    asked = await box.after(box.ana.press("sec-prod", first, "Ack page"))
    assert "Acknowledge 8 findings?" in said(asked)
    assert all(ref in said(asked) for ref in order(first))
    await box.quiet()
    assert box.calls("chat.update") == [], "nothing has been done yet"
    before = len(box.ana.ephemerals("sec-prod"))
    told = await box.after(box.ana.press("sec-prod", asked, "Acknowledge 8 findings"))
    assert "You have 8 findings" in said(told)
    assert len(box.ana.ephemerals("sec-prod")) == before, "the question is gone: it cannot be pressed twice"
    await box.quiet(within=120)
    cards = {ref: c for c in box.cards("sec-prod") for ref in order(first) if f"`{ref}`" in said(c)}
    assert all("<@U0ANA>" in said(c) for c in cards.values())
    assert len(cards) == 8


async def test_who_was_quicker_keeps_theirs_and_the_rest_is_acknowledged(box: Box) -> None:
    await box.fill()
    first = await box.ask("/sec findings prod")
    asked = await box.after(box.ana.press("sec-prod", first, "Ack page"))
    await box.ask("/sec ack F-2", who="ben")
    told = said(await box.after(box.ana.press("sec-prod", asked, "Acknowledge 2 findings")))
    assert "Acknowledged 1 finding; 1 not" in told
    assert "F-2" in told
    assert "<@U0BEN>" in told


async def test_what_is_not_open_is_left_out_of_the_count(box: Box) -> None:
    await box.fill()
    await box.ask("/sec ack F-2")
    first = await box.ask("/sec findings prod")
    asked = said(await box.after(box.ana.press("sec-prod", first, "Ack page")))
    assert "Acknowledge 1 finding?" in asked
    assert "1 of the 2 are not open" in asked


async def test_a_page_is_acknowledged_as_far_as_ones_role_goes(box: Box) -> None:
    await box.fill()
    asked = await box.ask("/sec ack F-1 F-3", who="dora")
    told = said(await box.after(box.person("dora").press("sec-prod", asked, "Acknowledge 2 findings"), who="dora"))
    assert "Acknowledged 1 finding; 1 not" in told
    assert "F-1" in told
    await box.quiet()
    assert "<@U0DORA>" not in said(box.cards("sec-critical")[0])
    assert "<@U0DORA>" in said(box.cards("sec-staging")[0])


async def test_whoever_may_acknowledge_nothing_is_refused_at_the_first_press(box: Box) -> None:
    await box.fill()
    first = await box.ask("/sec findings prod", who="emre")
    refused = said(await box.after(box.person("emre").press("sec-prod", first, "Ack page"), who="emre"))
    assert "may not" in refused
    assert "<!subteam^S0ONCALL>" in refused


# --- counts in groups ------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "group", ["account", "sev", "control", "age", "env", "ou", "owner", "src", "type", "region", "state"]
)
async def test_counts_take_the_place_of_a_list(box: Box, group: str) -> None:
    await box.fill()
    answer = await box.ask(f"/sec findings by:{group}")
    assert "table" in kinds(answer)
    assert "3 findings" in said(answer)


async def test_counts_by_account_are_native_blocks_with_buttons_that_list(box: Box) -> None:
    await box.fill()
    answer = await box.ask("/sec findings by:account")
    assert set(NATIVE) <= kinds(answer)
    [label] = [text for text in buttons(answer) if "payments-prod" in text]
    assert "2 findings" in said(await box.after(box.ana.press("sec-prod", answer, label)))


async def test_where_native_blocks_are_refused_the_plain_twin_comes_for_a_command(box: Box) -> None:
    await box.fill()
    box.slack.faults.add("*", "refuse_blocks", None, blocks=NATIVE)
    answer = await box.ask("/sec findings by:account")
    assert kinds(answer).isdisjoint(NATIVE)
    assert "payments-prod" in said(answer)
    assert "payments-staging" in said(answer)
    assert "█" in said(answer)


async def test_where_native_blocks_are_refused_the_plain_twin_comes_for_a_mention(box: Box) -> None:
    await box.fill()
    box.slack.faults.add("*", "refuse_blocks", None, blocks=NATIVE)
    answer = await box.after(box.ana.mention("sec-prod", "findings by:account"))
    assert kinds(answer).isdisjoint(NATIVE)
    assert "█" in said(answer)


async def test_where_native_blocks_are_refused_the_plain_twin_comes_in_public(box: Box) -> None:
    await box.fill()
    box.slack.faults.add("*", "refuse_blocks", None, blocks=NATIVE)
    await box.ana.mention("sec-prod", "findings by:account here")
    answer = await box.person("ben").sees_message("sec-prod", "█")
    assert kinds(answer).isdisjoint(NATIVE)
    assert len([m for m in box.posts("sec-prod") if "█" in said(m)]) == 1


async def test_where_native_blocks_are_refused_the_plain_twin_comes_for_a_button(box: Box) -> None:
    await box.fill()
    box.slack.faults.add("*", "refuse_blocks", None, blocks=NATIVE)
    mistake = await box.ask("/sec findngs by:account")
    answer = await box.after(box.ana.press("sec-prod", mistake, "Run /sec findings by:account"))
    assert kinds(answer).isdisjoint(NATIVE)
    assert "█" in json.dumps(answer.blocks, ensure_ascii=False)


async def test_counts_of_nothing_say_what_each_filter_costs(box: Box) -> None:
    await box.fill()
    answer = await box.ask("/sec findings prod src:macie by:account")
    assert "Nothing matches" in said(answer)
    assert "Drop src" in buttons(answer)
