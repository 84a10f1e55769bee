"""What suppressions offer and what they must not: the buttons, the windows, and who is named."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from render_cases import NOW, acknowledged, leased, record, resolved, taken
from render_hiding import ANALYZER, DIGEST, GOLDEN, access, lease, request

from bot.domain.approval import Stage as Asking
from bot.domain.finding import Entry, Record, State
from bot.domain.hiding_views import LeaseShown, SuppressForm, SuppressPreview
from bot.domain.lifecycle import Change
from bot.domain.native import Effect, How
from bot.domain.suppression import UNDO, ReasonClass, ScopeKind, Stage
from bot.domain.views import FindingCard, FindingList, ThreadLine, View
from bot.plugins import Message, Modal
from renderers import Renderer
from renderers.actions import decode, decode_form
from renderers.changes import change_line
from renderers.parts import lease_name

RENDERER = Renderer()


def elements(view: View) -> list[dict[str, Any]]:
    shown = RENDERER.render(view)
    blocks = shown.blocks if isinstance(shown, Message) else shown.view["blocks"]
    return [e for b in blocks for e in (*b.get("elements", ()), b.get("accessory", {})) if "action_id" in e]


def labels(view: View) -> list[str]:
    """Of the buttons, in order."""
    return [e["text"]["text"] for e in elements(view) if e["type"] == "button"]


def menu(about: Record) -> list[str]:
    """Labels in the menu beside a row."""
    rows = FindingList(
        rows=(about,), scope="", counts={}, page=1, pages=1, total=1, listing="", now=NOW,
    )  # fmt: skip
    [found] = [e for e in elements(rows) if e["type"] == "overflow"]
    return [o["text"]["text"] for o in found["options"]]


def preview(case: str) -> SuppressPreview:
    view = GOLDEN["suppress_preview"][case]
    assert isinstance(view, SuppressPreview)
    return view


def line(**details: str) -> ThreadLine:
    entry = Entry(at=NOW, kind=Change.APPROVAL_ASKED, actor="U0SAFE1", details=details)
    return ThreadLine(record=record(), entry=entry, now=NOW)


# --- cards and rows -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("about", "offered"),
    [
        (record(), ["Acknowledge", "Details", "Suppress…", "Open in console"]),
        (acknowledged(), ["Details", "Suppress…", "Open in console"]),
        (leased(), ["Details", "End now", "Open in console"]),
        (record(state=State.SUPPRESSED), ["Details", "Open in console"]),
        (resolved(), ["Details", "Open in console"]),
        (leased(state=State.OPEN), ["Acknowledge", "Details", "Suppress…", "Open in console"]),
    ],
)
def test_a_card_offers_to_suppress_what_is_live_and_to_end_what_a_lease_hides(
    about: Record, offered: list[str]
) -> None:
    card = FindingCard(record=about, now=NOW)
    assert labels(card) == offered
    assert len(elements(card)) <= 5


@pytest.mark.parametrize(
    ("about", "offered"),
    [
        (record(), ["Details", "Acknowledge", "Assign…", "Suppress…", "Open in console"]),
        (acknowledged(), ["Details", "Assign…", "Suppress…", "Unack", "Open in console"]),
        (leased(), ["Details", "End now", "Why here?", "Open in console"]),
        (resolved(), ["Details", "Why here?", "Open in console"]),
    ],
)
def test_a_rows_menu_holds_five_things_and_why_here_goes_first(about: Record, offered: list[str]) -> None:
    assert menu(about) == offered


def test_ending_from_a_card_carries_the_lease() -> None:
    [end] = [e for e in elements(FindingCard(record=leased(), now=NOW)) if e.get("text", {}).get("text") == "End now"]
    pressed = decode(end["action_id"], end["value"])
    assert (pressed.name, pressed.number, pressed.extra) == ("suppress.end", 1234, leased().lease)


def test_a_lease_that_no_menu_can_carry_is_not_offered_to_be_ended() -> None:
    assert "End now" not in labels(FindingCard(record=leased(lease="x" * 65), now=NOW))
    assert "End now" not in menu(leased(lease="a\nb"))


def test_a_lease_has_the_name_that_people_type() -> None:
    assert lease_name(lease().id) == f"`{lease().short}`"


# --- the window -----------------------------------------------------------------------------------------------------------------


def inputs(view: SuppressForm) -> dict[str, dict[str, Any]]:
    shown = RENDERER.render(view)
    assert isinstance(shown, Modal)
    return {b["block_id"]: b["element"] for b in shown.view["blocks"] if b["type"] == "input"}


def test_the_window_asks_for_what_the_view_says() -> None:
    asked = inputs(SuppressForm(record=record(), now=NOW))
    assert list(asked) == ["scope", "filter", "why", "reason", "ticket", "ends", "owner"]
    assert all(name == element["action_id"] for name, element in asked.items())
    assert [o["value"] for o in asked["scope"]["options"]] == [str(k) for k in ScopeKind if k is not ScopeKind.THESE]
    assert [o["value"] for o in asked["why"]["options"]] == [str(why) for why in ReasonClass]


def test_the_narrowest_scope_is_chosen_already_and_no_reason_is() -> None:
    asked = inputs(SuppressForm(record=record(), now=NOW))
    assert asked["scope"]["initial_option"]["value"] == ScopeKind.FINDING
    assert "initial_option" not in asked["why"]


def test_the_window_names_the_control_or_else_says_type() -> None:
    def named(about: Record) -> str:
        return str(inputs(SuppressForm(record=about, now=NOW))["scope"]["options"][2]["text"]["text"])

    assert named(record()) == "This control (S3.8) in this account"
    assert named(access()) == "This type in this account"


def form_of(view: SuppressForm) -> dict[str, Any]:
    shown = RENDERER.render(view)
    assert isinstance(shown, Modal)
    return dict(shown.view)


def test_the_window_of_several_names_them_all_and_offers_these_or_a_filter() -> None:
    view = SuppressForm(record=record(), now=NOW, several=(record(), taken(), record(number=9)), filter="env:prod")
    made = form_of(view)
    assert made["title"]["text"] == "Suppress 3 findings"
    assert decode_form(made["callback_id"], made["private_metadata"], {}).extra == "1234,77,9"
    scope = inputs(view)["scope"]
    assert [o["value"] for o in scope["options"]] == [ScopeKind.THESE, ScopeKind.CUSTOM]
    assert scope["initial_option"]["value"] == ScopeKind.THESE
    assert inputs(view)["filter"]["initial_value"] == "env:prod"


def test_a_window_that_cannot_name_all_says_how_many_are_left_out() -> None:
    made = form_of(SuppressForm(record=record(), now=NOW, several=tuple(record(number=10**11 + n) for n in range(60))))
    extra = decode_form(made["callback_id"], made["private_metadata"], {}).extra
    named = len(extra.split(","))
    assert named < 50
    assert made["title"]["text"] == f"Suppress {named} findings"
    assert f"{60 - named} more are left out" in str(made["blocks"])


def test_one_of_several_is_a_window_of_one() -> None:
    made = form_of(SuppressForm(record=record(), now=NOW, several=(record(),)))
    assert made["title"]["text"] == "Suppress F-1234"
    assert decode_form(made["callback_id"], made["private_metadata"], {}).extra == ""


def test_a_renewal_asks_for_no_scope_and_carries_its_lease() -> None:
    view = SuppressForm(
        record=leased(), now=NOW, renews=lease(), why="expected", reason="still so", several=(record(),) * 3
    )
    made = form_of(view)
    assert made["title"]["text"] == "Renew L-7f3a21"
    assert decode_form(made["callback_id"], made["private_metadata"], {}).extra == f"renew.{lease().id}"
    asked = inputs(view)
    assert list(asked) == ["why", "reason", "ticket", "ends", "owner"]
    assert asked["why"]["initial_option"]["value"] == ReasonClass.EXPECTED
    assert asked["reason"]["initial_value"] == "still so"


def test_a_reason_that_is_none_of_ours_is_not_chosen() -> None:
    assert "initial_option" not in inputs(SuppressForm(record=record(), now=NOW, why="because"))["why"]


def test_a_filter_that_stands_there_does_not_widen_what_is_chosen() -> None:
    asked = inputs(SuppressForm(record=record(), now=NOW, filter="account:x"))
    assert asked["scope"]["initial_option"]["value"] == ScopeKind.FINDING


# --- the preview ----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("case", "offered"),
    [
        ("one", ["Suppress 1 finding"]),
        ("changed", ["Suppress 2 findings"]),
        ("nothing_now", ["Suppress from now on"]),
        ("another_person", ["Ask for approval"]),
        ("refused", []),
        ("renewal", ["Renew"]),
        ("renewal_asked_for", ["Ask for approval"]),
    ],
)
def test_the_button_says_what_it_does_and_a_refusal_has_none(case: str, offered: list[str]) -> None:
    assert labels(preview(case)) == offered


def test_the_press_carries_the_lease_and_the_hash_of_what_was_shown() -> None:
    [go] = elements(preview("one"))
    pressed = decode(go["action_id"], go["value"])
    assert (pressed.name, pressed.extra) == ("suppress.go", f"{lease().id}.{DIGEST}")
    assert go["style"] == "danger"


def test_the_preview_shows_the_very_calls() -> None:
    shown = RENDERER.render(preview("rule"))
    assert isinstance(shown, Message)
    [calls] = [b["text"]["text"] for b in shown.blocks if b["type"] == "section" and "```" in b["text"]["text"]]
    assert f"accessanalyzer:CreateArchiveRule analyzer={ANALYZER}" in calls
    assert "accessanalyzer:ApplyArchiveRule" in calls


def test_the_preview_counts_what_it_does_not_list() -> None:
    view = preview("another_person")
    assert "and 21 more" in str(RENDERER.render(view))
    assert "and 21 more" in str(RENDERER.render(replace(view, first=view.first * 2))), (
        "ten rows, however many are given"
    )


@pytest.mark.parametrize(
    ("how", "said"),
    [
        (How.FINDING, "Its analyzer would archive 3"),
        (How.RULE, "Its analyzer would archive 3"),
        (How.HUB, "Security Hub would show 3"),
        (How.GUARD, "GuardDuty would archive 3"),
        (How.EACH, "Their sources would archive or suppress 3"),
        (How.OWN, ""),
    ],
)
def test_the_source_is_quoted_in_the_words_of_its_kind(how: How, said: str) -> None:
    view = replace(preview("one"), effect=Effect(how=how, words="So it is."))
    assert (said or "So it is.") in str(RENDERER.render(replace(view, at_source=3)))
    assert "would " not in str(RENDERER.render(view)).replace("would have hidden", "")


@pytest.mark.parametrize(
    ("kept", "said"), [(0, ""), (1, "1 more is never hidden and stays"), (2, "2 more are never hidden and stay")]
)
def test_what_is_never_hidden_is_counted(kept: int, said: str) -> None:
    view = preview("one")
    shown = str(RENDERER.render(replace(view, reach=replace(view.reach, kept=kept))))
    assert said in shown
    assert ("never hidden" in shown) == bool(kept)


def test_a_renewal_says_what_it_prolongs() -> None:
    assert "*Renew* `L-7f3a21`: what it hides stays hidden until" in str(RENDERER.render(preview("renewal")))


# --- a lease --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("after", "label"), [(timedelta(), "Undo"), (UNDO - timedelta(seconds=1), "Undo"), (UNDO, "End now")]
)
def test_ending_is_called_undo_for_ten_minutes(after: timedelta, label: str) -> None:
    assert labels(LeaseShown(lease=lease(), about=leased(), now=NOW + after, may_end=True)) == [label, "Renew…"]


def test_who_may_not_end_a_lease_has_no_button() -> None:
    assert labels(LeaseShown(lease=lease(), about=leased(), now=NOW)) == []


def waiting(**changes: Any) -> LeaseShown:
    base = LeaseShown(lease=lease(stage=Stage.WAITING), about=record(), now=NOW, request=request())
    return replace(base, **changes)


@pytest.mark.parametrize(
    ("changes", "offered"),
    [
        ({"may_decide": True}, ["Approve", "Deny"]),
        ({"may_withdraw": True}, ["Withdraw"]),
        ({"may_decide": True, "may_withdraw": True}, ["Approve", "Deny"]),
        ({}, []),
        ({"may_decide": True, "request": None}, []),
        ({"may_decide": True, "request": request(stage=Asking.DENIED)}, []),
        ({"may_decide": True, "request": request(id="a\nb")}, []),
    ],
)
def test_a_waiting_lease_offers_what_its_reader_may_do(changes: dict[str, Any], offered: list[str]) -> None:
    assert labels(waiting(**changes)) == offered


def test_the_answers_under_a_lease_are_those_of_its_thread() -> None:
    of_lease = elements(waiting(may_decide=True))
    of_thread = elements(line(request="r3Qu", digest=DIGEST, scope="F-1234", until=lease().until.isoformat()))
    assert of_lease == of_thread


def test_withdrawing_is_a_denial_of_ones_own() -> None:
    [withdraw] = elements(waiting(may_withdraw=True))
    pressed = decode(withdraw["action_id"], withdraw["value"])
    assert (pressed.name, pressed.extra) == ("suppress.deny", f"r3Qu.{DIGEST}")


def test_who_asked_why_and_until_when_is_said_while_it_waits() -> None:
    assert "*asks for approval* because it lasts longer than 7 days" in str(RENDERER.render(waiting()))
    assert "asks for approval" not in str(RENDERER.render(waiting(request=request(stage=Asking.EXPIRED))))


def test_renewing_carries_the_lease() -> None:
    [_, renew] = elements(LeaseShown(lease=lease(), about=leased(), now=NOW, may_end=True))
    pressed = decode(renew["action_id"], renew["value"])
    assert (pressed.name, pressed.number, pressed.extra) == ("suppress.renew", 1234, lease().id)


def test_a_lease_of_which_aws_refused_its_part_does_not_look_whole() -> None:
    shown = str(RENDERER.render(GOLDEN["lease_shown"]["refused_at_its_source"]))
    assert "AWS refused it" in shown
    assert "secbot's own rule alone hides it" in shown


def test_a_row_of_the_list_leads_to_the_lease() -> None:
    rows = [decode(e["action_id"], e["value"]) for e in elements(GOLDEN["lease_list"]["some"])]
    assert [(p.name, p.extra) for p in rows] == [("run", f"leases L-{name}") for name in ("7f3a21", "00aa11", "bb22cc")]


# --- the thread -----------------------------------------------------------------------------------------------------------------


def test_a_request_for_approval_has_both_answers_with_what_was_asked() -> None:
    approve, deny = elements(line(request="r3Qu", digest=DIGEST))
    assert [decode(e["action_id"], e["value"]).name for e in (approve, deny)] == ["suppress.approve", "suppress.deny"]
    assert {decode(e["action_id"], e["value"]).extra for e in (approve, deny)} == {f"r3Qu.{DIGEST}"}
    assert "payments-prod 111122223333" in approve["confirm"]["text"]["text"]


@pytest.mark.parametrize("told", [{}, {"request": "r3Qu"}, {"digest": DIGEST}, {"request": "a\nb", "digest": DIGEST}])
def test_a_request_that_cannot_be_named_has_no_buttons(told: dict[str, str]) -> None:
    assert elements(line(**told)) == []


def test_a_lease_that_ends_soon_can_be_renewed_and_looked_at_from_its_thread() -> None:
    entry = Entry(at=NOW, kind=Change.ENDING, details={"until": lease().until.isoformat(), "lease": lease().id})
    renew, show = elements(ThreadLine(record=leased(), entry=entry, now=NOW))
    pressed = decode(renew["action_id"], renew["value"])
    assert (pressed.name, pressed.number, pressed.extra) == ("suppress.renew", 1234, lease().id)
    assert decode(show["action_id"], show["value"]).extra == "leases L-7f3a21"


def test_an_end_that_names_no_lease_has_no_buttons() -> None:
    assert elements(ThreadLine(record=leased(), entry=Entry(at=NOW, kind=Change.ENDING), now=NOW)) == []


def test_what_secbot_did_by_itself_is_not_laid_to_the_source() -> None:
    for kind in (Change.HIDDEN, Change.REVEALED, Change.ENDING):
        assert "reported by" not in change_line(record(), Entry(at=NOW, kind=kind))
    assert "reported by" in change_line(record(), Entry(at=NOW, kind=Change.SUPPRESSED))
