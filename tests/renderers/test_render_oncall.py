"""Who is on call, what a shift begins with, what was slept through, and how long findings wait; and what can be pressed there."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from render_cases import NOW, acknowledged, record
from render_looks import RENDERER, blocks, commands, elements, labels, notes, phone, texts
from render_oncall import WAITS, brief, row, shift

from bot.domain import views
from bot.domain.finding import Severity
from bot.domain.oncall_views import Figures, OnCallBoard, OnCallRow, SleptThrough, SwapForm
from bot.plugins import Modal
from renderers.actions import decode, decode_form
from renderers.layouts import oncall_board, status

# --- who is on call -------------------------------------------------------------------------------------------------------------


def board(*rows: OnCallRow, **changes: Any) -> OnCallBoard:
    return replace(OnCallBoard(rows=rows, reader="U0SAFE1", now=NOW), **changes)


def test_readers_see_themselves_as_you() -> None:
    view = board(OnCallRow("primary", shift(), shift("U0SAFE2", 7)), OnCallRow("second", shift("U0SAFE2")))
    mine, others = texts(view)
    assert mine.startswith("🟢 *primary* *you* until")
    assert "next <@U0SAFE2> · <!date" in mine
    assert others.startswith("▫️ *second* <@U0SAFE2> until")
    assert phone(view) == "You are on call: primary"


def test_a_swap_says_whose_turn_it_is() -> None:
    [text] = texts(
        board(OnCallRow("primary", shift("U0SAFE2", instead="U0SAFE1"), shift("U0SAFE3", 7, instead="U0SAFE2")))
    )
    assert "· instead of *you*" in text
    assert "next <@U0SAFE3>" in text
    assert text.endswith("· instead of <@U0SAFE2>")


def test_a_group_has_no_turns_and_nothing_to_swap() -> None:
    view = board(OnCallRow("sec", group="S0SAFE1"), OnCallRow("leads", group="sec-leads"), OnCallRow("empty"))
    assert texts(view) == [
        "▫️ *sec* everybody in <!subteam^S0SAFE1>",
        "▫️ *leads* everybody in `@sec-leads`",
        "▫️ *empty* nobody: the configuration names no people",
    ]
    assert labels(view) == []


def test_a_board_has_a_button_to_swap() -> None:
    [swap] = elements(board(OnCallRow("primary", shift())))
    assert decode(swap["action_id"], swap["value"]).name == "oncall.swap"


def test_a_board_says_quiet_hours_exactly_and_what_was_done() -> None:
    view = board(OnCallRow("primary", shift()), quiet="22:00-07:00 Europe/Madrid", said="Done.")
    assert notes(view) == "🌙 your quiet hours: `22:00-07:00 Europe/Madrid`"
    assert texts(view)[0] == "✅ Done."


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("<@U0SAFE2> takes over primary.", "✅ <@U0SAFE2> takes over primary."),
        ("<@U0SAFE2> takes over <@U0EVIL1>.", "✅ <@U0SAFE2> takes over &lt;@U0EVIL1&gt;."),
        ("Ask <@U0EVIL1> takes over primary.", "✅ Ask &lt;@U0EVIL1&gt; takes over primary."),
        ("Your quiet hours are over.", "✅ Your quiet hours are over."),
    ],
)
def test_who_takes_over_is_named_and_nobody_else(said: str, shown: str) -> None:
    assert texts(board(OnCallRow("primary", shift()), said=said))[0] == shown


def test_a_board_of_nothing_says_what_to_configure() -> None:
    assert "`escalation.rotations`" in texts(board())[0]


def test_a_board_counts_what_it_leaves_out() -> None:
    assert notes(board(*[OnCallRow("primary", shift())] * (oncall_board.ROWS + 2))) == "and 2 more"


def test_a_swap_is_submitted_as_what_was_entered() -> None:
    shown = RENDERER.render(SwapForm(rotations=("primary", "second"), user="U0SAFE1", now=NOW))
    assert isinstance(shown, Modal)
    entered = {
        "rotation": {"rotation": {"type": "static_select", "selected_option": {"value": "second"}}},
        "user": {"user": {"type": "users_select", "selected_user": "U0SAFE2"}},
        "starts": {"starts": {"type": "plain_text_input", "value": "2h"}},
        "lasts": {"lasts": {"type": "plain_text_input", "value": "8h"}},
    }
    assert {b["block_id"] for b in shown.view["blocks"] if b["type"] == "input"} == set(entered)
    pressed = decode_form(shown.view["callback_id"], shown.view["private_metadata"], entered)
    assert pressed.name == "oncall.swapped"
    assert pressed.values == {"rotation": "second", "user": "U0SAFE2", "starts": "2h", "lasts": "8h"}


@pytest.mark.parametrize(("rotations", "is_chosen"), [(("primary",), True), (("primary", "second"), False)])
def test_the_only_rotation_is_chosen_already(rotations: tuple[str, ...], is_chosen: bool) -> None:
    [choice] = [
        b["element"] for b in blocks(SwapForm(rotations=rotations, user="", now=NOW)) if b.get("block_id") == "rotation"
    ]
    assert ("initial_option" in choice) is is_chosen


def test_a_swap_that_was_refused_says_why() -> None:
    assert (
        texts(SwapForm(rotations=(), user="", now=NOW, problem="`8 hours` is no time."))[0] == "⚠️ `8 hours` is no time."
    )


# --- shifts ---------------------------------------------------------------------------------------------------------------------


def test_a_brief_says_who_has_the_shift_and_what_is_there() -> None:
    head = texts(brief())[0]
    assert head.startswith("📟 *primary* <@U0SAFE1> has the shift until <!date")
    assert "· from <@U0SAFE2>" in head
    assert "Open now: 🔴 3 critical, 🟠 12 high" in head


def test_a_brief_leads_to_every_list() -> None:
    assert commands(brief()) == ["findings state:acknowledged", "approve", "leases expiring:<3d"]
    assert commands(brief(acknowledged=(), acknowledged_total=0, approvals=0, leases=())) == []


def test_the_shift_can_be_taken_by_its_rotation_and_start() -> None:
    [have] = [e for e in elements(brief()) if e.get("text", {}).get("text") == "I have it"]
    pressed = decode(have["action_id"], have["value"])
    assert (pressed.name, pressed.extra) == ("oncall.have", f"primary.{int(NOW.timestamp())}")
    assert "I have it" not in labels(brief(rotation="a\u202eb"))


def test_a_brief_has_twelve_blocks_at_most() -> None:
    full = brief(escalations=(row(1),) * 9, acknowledged=(acknowledged(),) * 9, leases=brief().leases * 9)
    assert len(blocks(full)) <= 12
    assert "and 13 more" in str(texts(full))


def test_a_quiet_shift_is_three_lines_and_a_button() -> None:
    quiet = brief(escalations=(), acknowledged=(), acknowledged_total=0, approvals=0, leases=(), counts={}, before="")
    [head] = texts(quiet)
    assert head.endswith("✅ Nothing is open")
    assert labels(quiet) == ["I have it"]
    assert phone(quiet) == "On call (primary): a shift begins, open: nothing"


def test_a_swap_is_said_unless_the_shift_comes_from_that_person() -> None:
    def head(instead: str) -> str:
        return texts(replace(brief(), shift=shift(instead=instead)))[0]

    assert "· instead of <@U0SAFE3>" in head("U0SAFE3")
    assert "instead" not in head("U0SAFE2")


def test_a_morning_says_what_was_announced_what_is_left_and_who_answered() -> None:
    view = SleptThrough(
        user="U0SAFE1", since=NOW, now=NOW, announced={Severity.LOW: 1}, still_open=(record(),), answered=(("U0SAFE2", 3),)
    )  # fmt: skip
    head, title, left, people = texts(view)
    assert head.endswith("1 finding announced · 🔵 1 low")
    assert "Not resolved yet" in title
    assert "`F-1234`" in left
    assert people == "👀 *Acknowledged* by <@U0SAFE2> 3"
    assert phone(view) == "In your quiet hours: 1 finding announced, 1 not resolved"


def test_a_night_without_findings_is_one_line() -> None:
    [text] = texts(SleptThrough(user="U0SAFE1", since=NOW, now=NOW, announced={}, still_open=()))
    assert text.endswith("nothing was announced")


# --- figures --------------------------------------------------------------------------------------------------------------------


def test_figures_are_a_line_for_each_environment_and_severity() -> None:
    first, second = texts(Figures(rows=WAITS, days=30, now=NOW))[0].splitlines()[1:]
    assert (
        first
        == "🔴 *prod · critical* 12 announced, 9 acknowledged after 4 min (95% within 11 min), 7 resolved after 3 h"
    )
    assert second == "🟠 *no environment · high* 1 announced, none acknowledged, none resolved"


def test_status_shows_the_first_figures_and_nothing_when_there_are_none() -> None:
    bare = views.Status(
        parts=(), freshness={}, states={}, waiting=0, oldest=None, blocked=(), queue_depth=None, quarantined=0, quarantine_reasons=(),
        ignored={}, started=NOW, now=NOW,
    )  # fmt: skip
    assert "How long" not in str(texts(bare))
    assert str(texts(replace(bare, waits=WAITS * 9))).count("announced") == status.WAITS
