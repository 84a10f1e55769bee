"""What is said of escalations: in threads, on cards, in direct messages and in lists; and what can be pressed there."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from render_cases import NOW, acknowledged, finding, record, resolved
from render_looks import blocks, elements, labels, menus, notes, phone, texts
from render_oncall import TOPIC, card, escalated, escalation, in_hub, in_vain, line, low, row

from bot.domain import views
from bot.domain.escalation import Progress
from bot.domain.finding import Record, State
from bot.domain.lifecycle import Change
from bot.domain.oncall_views import EscalationList
from renderers.layouts import escalation_list

NEVER_HERE = "everybody in the channel is called in no other case"


# --- lines of the thread --------------------------------------------------------------------------------------------------------


def test_an_escalation_says_its_level_and_whom_it_tells_and_calls_nobody_by_that() -> None:
    assert "📣 *Escalated* to level 2 of 3 · `rotation:primary`, `user:U0SAFE1` · <!date" in texts(escalated())[0]


def test_a_late_level_says_so_and_one_in_time_does_not() -> None:
    assert "· late ·" in texts(escalated(late="1"))[0]
    assert "· late" not in texts(escalated())[0]


def test_a_level_that_a_person_wanted_names_them_and_why() -> None:
    assert "· by <@U0SAFE2> · can't take it" in texts(escalated(actor="U0SAFE2", note="can't take it"))[0]


def test_the_last_path_says_that_nobody_has_answered() -> None:
    view = escalated(level="4", last="1", addresses=f"channel:sec-leads, {TOPIC}")
    assert "🚨 *Nobody has answered*: the last path of `critical-prod` · #sec-leads, `sns:pager`" in texts(view)[0]
    assert phone(view).endswith("(nobody answered)")


def test_many_addresses_are_counted() -> None:
    view = escalated(addresses=", ".join(f"group:g{n}" for n in range(9)))
    assert "`group:g5` and 3 more" in texts(view)[0]


def test_an_address_of_no_known_kind_is_shown_as_it_is() -> None:
    assert "`pigeon:post`" in texts(escalated(addresses="pigeon:post"))[0]


@pytest.mark.parametrize(
    ("view", "called", "why"),
    [
        (escalated(here=True), 1, "the announcement of an escalation whose level says so"),
        (escalated(here=False), 0, "a level that tells others"),
        (escalated(here=False, addresses="here"), 0, "the address alone is words"),
        (escalated(here=True, announce=False), 0, "a line that stays in its thread"),
        (line(Change.REARMED, announce=True, here=True), 0, NEVER_HERE),
        (line(Change.REOPENED, announce=True, here=True), 0, NEVER_HERE),
        (line("<!here>", announce=True, here=True), 0, NEVER_HERE),
        (replace(escalated(), mention=("here", "<!here>", "!here")), 0, "a mention of no id"),
        (escalated(note="<!here>", addresses="<!here>, channel:<!here>"), 0, "foreign text"),
    ],
)
def test_everybody_is_called_by_the_announcement_of_an_escalation_alone(
    view: views.ThreadLine, called: int, why: str
) -> None:
    assert "".join(texts(view)).count("<!here>") == called, why


def test_the_line_of_an_announcement_calls_its_people_first() -> None:
    assert texts(escalated(here=True))[0].startswith("<!subteam^S0SAFE1> <@U0SAFE1> <!here> 🔴 *CRITICAL*")


def test_an_acknowledgement_given_back_says_by_whom_and_whose_it_was() -> None:
    own = texts(line(Change.UNACKED, actor="U0SAFE1"))[0]
    others = texts(line(Change.UNACKED, actor="U0SAFE1", details={"was": "U0SAFE2"}))[0]
    assert "*Acknowledgement given back* by <@U0SAFE1> · <!date" in own
    assert "given back* by <@U0SAFE1> · it was <@U0SAFE2>'s" in others


def test_an_acknowledgement_that_has_ended_says_whose_it_was() -> None:
    view = line(Change.REARMED, announce=True, details={"was": "U0SAFE1"})
    assert "⏰ *Acknowledgement has ended* · it was <@U0SAFE1>'s and is open again" in texts(view)[0]
    assert phone(view).endswith("(not acknowledged)")
    assert "· it is open again" in texts(line(Change.REARMED, details={"was": ""}))[0]


@pytest.mark.parametrize("kind", [Change.ACKNOWLEDGED, Change.RESOLVED, Change.HIDDEN, Change.SUPPRESSED])
def test_what_stops_an_escalation_says_so(kind: Change) -> None:
    assert ", its escalation is stopped · <!date" in texts(line(kind, actor="U0SAFE1", details={"stopped": "1"}))[0]
    assert "escalation" not in texts(line(kind, actor="U0SAFE1"))[0]


# --- cards ----------------------------------------------------------------------------------------------------------------------


def test_a_card_says_until_when_it_waits_and_who_is_told_then() -> None:
    assert "📣 ack due <!date^1795557840^" in notes(card(of=row(0)))
    assert notes(card(of=row(0))).endswith(", then level 1 of 3")
    assert "level 1 of 3 told <!date^1795557420^" in notes(card(of=row(1)))


def test_a_card_names_whom_the_last_level_leads_to_and_calls_nobody() -> None:
    assert notes(card(of=row(3, following=("user:U0SAFE1", "here")))).endswith("then `user:U0SAFE1`, `here`")


def test_a_card_of_which_everybody_was_told_says_so_and_cannot_be_hurried() -> None:
    view = card(of=in_vain())
    assert "*everybody was told, nobody answered*" in notes(view)
    assert "Escalate now" not in menus(view)[0]


@pytest.mark.parametrize(
    ("about", "of", "folded"),
    [
        (record(), row(1), ["Assign…", "Escalate now", "Why here?"]),
        (record(), None, ["Assign…", "Why here?"]),
        (acknowledged(), None, ["Assign…", "Unack", "Why here?"]),
        (in_hub(), None, ["Assign…", "Unack", "Why here?"]),
        (resolved(), row(1), ["Why here?"]),
    ],
)
def test_the_menu_of_a_card_has_what_its_state_allows(about: Record, of: Any, folded: list[str]) -> None:
    assert menus(card(about, of)) == [folded]


def test_a_finding_that_is_not_open_waits_for_nobody() -> None:
    assert "ack due" not in notes(card(acknowledged(), row(1)))


def test_a_card_says_the_same_an_hour_later() -> None:
    """An age would be wrong on a card, which is shown anew only when something changes."""
    view = card(of=row(1))
    assert blocks(view) == blocks(replace(view, now=NOW + timedelta(hours=1)))


def test_an_escalation_that_was_stopped_is_not_spoken_of() -> None:
    stopped = replace(row(1), escalation=escalation(1, progress=Progress.STOPPED))
    assert blocks(card(of=stopped)) == blocks(card())


@pytest.mark.parametrize("of", [None, row(1)])
def test_whoever_was_called_can_take_it_or_pass_it_on(of: Any) -> None:
    view = card(of=of, direct=True)
    assert texts(view)[0].startswith("📣 *You were called for this*")
    assert labels(view) == ["Acknowledge", "Can't take it", "Details"]
    assert menus(view) == [["Assign…", "Suppress…", "Open in console", "Why here?"]]
    assert phone(view).endswith("(you are called)")


def test_nobody_can_pass_on_what_everybody_was_told() -> None:
    assert labels(card(of=in_vain(), direct=True)) == ["Acknowledge", "Details"]


def test_a_call_that_was_answered_is_a_card_like_all_others() -> None:
    assert blocks(card(acknowledged(), direct=True)) == blocks(card(acknowledged()))


@pytest.mark.parametrize("direct", [True, False])
@pytest.mark.parametrize("state", State)
def test_a_card_has_five_controls_and_twelve_blocks_at_most(state: State, direct: bool) -> None:
    view = replace(card(record(state=state, assignee="U0SAFE1"), row(1), direct=direct), mention=("S0SAFE1",))
    assert len(blocks(view)) <= 12
    assert len(elements(view)) <= 5


def test_what_security_hub_acknowledged_is_nobodys() -> None:
    assert "👀 *Acknowledged* in Security Hub" in texts(card(in_hub()))
    listed = views.FindingList(rows=(in_hub(),), scope="", counts={}, page=1, pages=1, total=1, listing="AbC", now=NOW)
    assert "👀 in Security Hub" in texts(listed)[1]


def test_details_offer_to_escalate_or_to_give_back() -> None:
    assert menus(views.FindingDetail(record=record(), now=NOW)) == [["Escalate now", "Why here?"]]
    assert menus(views.FindingDetail(record=acknowledged(), now=NOW)) == [["Unack", "Why here?"]]
    assert menus(views.FindingDetail(record=resolved(), now=NOW)) == [["Why here?"]]


def test_a_row_without_a_console_page_has_room_to_escalate() -> None:
    bare = record(finding=finding(source="generic", via="generic", region="", native_id="x"))
    listed = views.FindingList(rows=(bare,), scope="", counts={}, page=1, pages=1, total=1, listing="AbC", now=NOW)
    assert menus(listed)[0] == ["Details", "Acknowledge", "Assign…", "Suppress…", "Escalate now"]


# --- lists of escalations -------------------------------------------------------------------------------------------------------


def waited(*rows: Any, **changes: Any) -> EscalationList:
    return replace(EscalationList(rows=rows, scope="", now=NOW), **changes)


def test_what_everybody_was_told_comes_first() -> None:
    head, first, second, third = texts(waited(row(0), row(1, low(5)), in_vain()))
    assert "1 of which everybody was told" in head
    assert "everybody was told, nobody answered" in first
    assert "`F-1234`" in second
    assert "`F-5`" in third


def test_a_row_says_how_far_it_is_and_who_is_next() -> None:
    assert "level 1 of 3 told 3 min ago · next `group:sec-oncall` in 4 min · <!date" in texts(waited(row(1)))[1]
    assert (
        "nobody was told yet · next `rotation:primary` in 4 min"
        in texts(waited(row(0, following=("rotation:primary",))))[1]
    )
    assert "next `group:sec-oncall` now ·" in texts(waited(row(1), now=NOW + timedelta(minutes=5)))[1]


def test_a_row_after_the_last_level_is_on_the_last_path() -> None:
    assert "the last path told 3 min ago" in texts(waited(row(4)))[1]


def test_a_policy_that_is_gone_leaves_a_row_without_levels() -> None:
    gone = replace(row(2), levels=0, next=())
    assert "next in 4 min" in texts(waited(gone))[1]


def test_a_row_that_can_be_hurried_has_the_choice() -> None:
    told, hurried = menus(waited(row(1), in_vain()))
    assert "Escalate now" in hurried
    assert "Escalate now" not in told


def test_a_list_that_is_cut_says_so() -> None:
    rows = tuple(row(1, low(n)) for n in range(escalation_list.ROWS + 4))
    assert "and 4 more" in notes(waited(*rows))
    assert "There are more" in notes(waited(row(1), more=True))
    assert texts(waited(row(1), more=True))[0].startswith("*More than 1 finding*")
    assert notes(waited(row(1))) == ""


def test_when_nobody_is_waited_for_there_is_one_line() -> None:
    assert texts(waited()) == ["✅ Nobody is waited for."]
    assert phone(waited()) == "Nobody is waited for."
