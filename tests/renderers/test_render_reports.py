"""What the report on rules, the audit trail, the Home tab and the row under a list show and offer."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from render_audit import act
from render_cases import NOW, acknowledged, leased, record, resolved
from render_hiding import BLIND, DRIFTS, GOLDEN_OF_HOME, lease, seen, strangers

from bot.domain import views
from bot.domain.audit import Line, Phase
from bot.domain.drift import Kind, Seen
from bot.domain.finding import Record, State
from bot.domain.hiding_views import DriftReport
from bot.plugins import Message
from renderers import Renderer
from renderers.actions import decode
from renderers.layouts.drift_report import ROWS

RENDERER = Renderer()
STRAY, GONE, CHANGED, FOREIGN, BROAD, OTHER = DRIFTS


def blocks(view: views.View) -> list[dict[str, Any]]:
    shown = RENDERER.render(view)
    return list(shown.blocks if isinstance(shown, Message) else shown.view["blocks"])


def texts(view: views.View) -> list[str]:
    return [b["text"]["text"] for b in blocks(view) if "text" in b]


def elements(view: views.View) -> list[dict[str, Any]]:
    return [e for b in blocks(view) for e in (*b.get("elements", ()), b.get("accessory", {})) if "action_id" in e]


def labels(view: views.View) -> list[str]:
    return [e["text"]["text"] for e in elements(view) if e["type"] == "button"]


# --- rules that hide findings ---------------------------------------------------------------------------------------------------


def answer(of: Seen) -> DriftReport:
    return DriftReport(seen=of, now=NOW)


def nightly(of: Seen) -> DriftReport:
    return DriftReport(seen=of, now=NOW, nightly=True)


def test_broad_rules_come_first_and_then_strangers() -> None:
    rows = texts(answer(seen(*DRIFTS)))[1:]
    assert ["*Broad*" in row.splitlines()[0] for row in rows] == [True, True, False, False, False, False]
    assert ["Not made by secbot" in row for row in rows] == [True, False, True, True, False, False]
    assert "Not made by secbot" in rows[0]


def test_the_headline_counts_every_kind_and_what_was_looked_at() -> None:
    head = texts(answer(seen(*DRIFTS)))[0]
    for told in (
        "6 rules",
        "2 broad",
        "3 not made by secbot",
        "1 changed",
        "1 gone",
        "1 needed by no",
        "37 rules were looked at",
    ):
        assert told in head


def test_a_night_tells_what_is_new_and_counts_the_rest() -> None:
    view = nightly(seen(*DRIFTS, news=(GONE,)))
    head, *rows = texts(view)
    assert "5 told before" in head
    assert [GONE.rule.name in row for row in rows] == [True]
    assert labels(view) == ["Show", "Show all"]


def test_an_answer_tells_everything_and_marks_what_is_new() -> None:
    rows = texts(answer(seen(*DRIFTS, news=(GONE,))))[1:]
    assert len(rows) == len(DRIFTS)
    assert [GONE.rule.name in row for row in rows if "🆕" in row] == [True]


def test_twenty_rules_are_listed_and_the_rest_is_counted() -> None:
    view = answer(seen(*strangers(ROWS + 11)))
    assert len(texts(view)) == 1 + ROWS
    assert "and 11 more" in str(blocks(view))
    assert all("Made by" in row for row in texts(view)[1:]), "who made it is not what is cut"


def test_a_rule_that_leases_need_leads_to_the_first_of_them() -> None:
    [show, _] = elements(answer(seen(GONE)))
    assert decode(show["action_id"], show["value"]).extra == "leases L-7f3a21"
    assert labels(answer(seen(FOREIGN, STRAY))) == ["Look again"]


def test_whoever_made_it_is_named_with_the_account_and_the_call() -> None:
    [row] = texts(answer(seen(OTHER)))[1:]
    assert "Made by `111122223333:assumed-role/Admin/alice` with `CreateArchiveRule`" in row


def test_who_made_it_is_said_to_be_unknown_only_when_it_was_asked() -> None:
    """CloudTrail is asked about what is new."""
    assert "CloudTrail does not say who" in texts(answer(seen(BROAD, news=(BROAD,))))[1]
    assert "CloudTrail" not in texts(answer(seen(BROAD)))[1]


@pytest.mark.parametrize(
    ("call", "said"),
    [("CreateFilter", "Made by"), ("BatchUpdateAutomationRules", "Changed by"), ("DeleteArchiveRule", "Deleted by"), ("X", "Touched by")],
)  # fmt: skip
def test_what_was_done_is_told_by_the_call(call: str, said: str) -> None:
    assert OTHER.maker is not None
    drift = replace(OTHER, maker=replace(OTHER.maker, did=call))
    assert said in texts(answer(seen(drift)))[1]


def test_when_all_is_well_there_is_one_line() -> None:
    assert len(texts(answer(seen()))) == 1
    assert len(blocks(nightly(seen()))) == 1
    assert "✅" in texts(nightly(seen()))[0]


def test_what_could_not_be_looked_at_is_no_health() -> None:
    head, blind = texts(nightly(seen(blind=BLIND)))
    assert "✅" not in head
    assert "as far as could be seen" in head
    assert "securityhub in eu-west-1: access denied" in blind


def test_a_night_without_news_is_not_called_well() -> None:
    view = nightly(seen(*DRIFTS))
    shown = RENDERER.render(view)
    assert isinstance(shown, Message)
    assert "Nothing new" in texts(view)[0]
    assert shown.text.startswith("Nothing new"), "on the lock screen, too"


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_has_an_icon_and_words(kind: Kind) -> None:
    row = texts(answer(seen(replace(STRAY, kind=kind))))[1]
    assert "*" in row.splitlines()[0]


# --- the audit trail ------------------------------------------------------------------------------------------------------------


def told(line: Line, about: Record | None = None) -> str:
    return texts(views.AuditLog(rows=(views.AuditRow(line, about),), scope="", now=NOW))[1]


def test_a_line_about_a_lease_names_it_and_the_finding() -> None:
    text = told(act("suppress", Phase.INTENT, subject="L-7f3a21"), record())
    assert "*Suppression* `L-7f3a21` by <@U0SAFE1> · began" in text
    assert "`F-1234` S3 bucket pay-export is public" in text


def test_a_line_about_a_finding_names_it_once() -> None:
    assert told(act("acknowledged"), record()).count("F-1234") == 1


def test_nobody_is_secbot() -> None:
    assert "by secbot" in told(act("suppress", Phase.OUTCOME, actor="", details={"stage": "active"}))


def test_an_outcome_tells_its_stage_its_note_and_the_request_of_aws() -> None:
    line = act(
        "suppress_end", Phase.OUTCOME, request="0a1b", details={"stage": "ending", "note": "2 of 9 not active yet"}
    )
    assert "· ending: 2 of 9 not active yet · AWS `0a1b`" in told(line)
    assert told(line).count("2 of 9") == 1


def test_a_request_for_approval_has_begun_nothing() -> None:
    assert "began" not in told(act("suppress_request", Phase.INTENT))


def test_an_unknown_verb_is_shown_as_its_words() -> None:
    assert "*Moved house*" in told(act("moved_house"))


def test_a_class_of_reasons_is_shown_in_words() -> None:
    assert "Accepted risk · because" in told(
        act("suppress", Phase.INTENT, details={"why": "accepted_risk", "reason": "because"})
    )


def test_a_finding_that_is_gone_is_no_longer_known() -> None:
    assert "`F-1234` no longer known" in told(act("asked"))
    assert "no longer known" not in told(act("drift_found", subject="rules", number=0))


# --- Home -----------------------------------------------------------------------------------------------------------------------


def home(case: str) -> views.Home:
    view = GOLDEN_OF_HOME[case]
    assert isinstance(view, views.Home)
    return view


def test_what_waits_for_approval_comes_first_and_leads_to_the_lease() -> None:
    view = home("to_approve")
    titles = texts(view)
    waiting, on_you = (next(i for i, t in enumerate(titles) if part in t) for part in ("Waiting for your", "*On you*"))
    assert waiting < on_you
    looks = [
        decode(e["action_id"], e["value"]).extra for e in elements(view) if e.get("text", {}).get("text") == "Look"
    ]
    assert looks == ["leases L-7f3a21", "leases L-00aa11"]


def test_home_has_no_section_of_nothing() -> None:
    shown = str(texts(replace(home("to_approve"), approvals=(), leases=())))
    assert "Waiting for your approval" not in shown
    assert "Suppressions that end soon" not in shown


def test_home_is_at_most_fifty_blocks_and_counts_what_it_leaves_out() -> None:
    view = home("full")
    assert len(blocks(view)) == 50
    assert "(9) · 5 more are not shown" in str(texts(view))
    assert labels(view).count("List all") == 3


# --- the row under a list -------------------------------------------------------------------------------------------------------


def controls(*rows: Record, page: int = 1, pages: int = 1) -> tuple[list[str], list[str]]:
    """(labels of the row's buttons, labels in the menu at its end)."""
    view = views.FindingList(rows=rows, scope="", counts={}, page=page, pages=pages, total=9, listing="AbC", now=NOW)
    row = blocks(view)[-1]["elements"]
    assert len(row) <= 5
    menus = [o["text"]["text"] for e in row if e["type"] == "overflow" for o in e["options"]]
    return [e["text"]["text"] for e in row if e["type"] == "button"], menus


@pytest.mark.parametrize(
    ("rows", "page", "pages", "shown", "folded"),
    [
        ((record(),), 1, 1, ["Ack page", "Suppress page…", "Save view…", "Export"], []),
        ((record(),), 1, 2, ["Next ›", "Ack page", "Export"], ["Suppress page…", "Save view…"]),
        ((record(),), 2, 3, ["‹ Prev", "Next ›", "Ack page"], ["Suppress page…", "Save view…", "Export"]),
        ((acknowledged(),), 1, 1, ["Suppress page…", "Save view…", "Export"], []),
        ((resolved(), leased()), 2, 3, ["‹ Prev", "Next ›", "Save view…", "Export"], []),
    ],
)
def test_a_list_has_five_controls_in_view_and_the_rest_in_a_menu(
    rows: tuple[Record, ...], page: int, pages: int, shown: list[str], folded: list[str]
) -> None:
    assert controls(*rows, page=page, pages=pages) == (shown, folded)


def test_a_choice_of_the_menu_is_the_same_press_as_its_button() -> None:
    view = views.FindingList(rows=(record(),), scope="", counts={}, page=2, pages=3, total=9, listing="AbC", now=NOW)
    [menu] = [e for e in blocks(view)[-1]["elements"] if e["type"] == "overflow"]
    pressed = [decode(menu["action_id"], o["value"]) for o in menu["options"]]
    assert [(p.name, p.page) for p in pressed] == [(n, ("AbC", 2)) for n in ("suppress.page", "view.save", "export")]


def test_a_lease_that_ended_is_nothing_to_suppress() -> None:
    assert "Suppress page…" not in controls(record(state=State.SUPPRESSED))[0]
    assert lease().short == "L-7f3a21"
