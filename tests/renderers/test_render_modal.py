"""An answer shown as a modal keeps what modals take; the forms hold what the doors read back."""

from __future__ import annotations

import pytest
from render_cases import GOLDEN, NOW, OFFERS, VIEW_ROWS, assigned, record, resolved

from bot.domain import views
from bot.domain.finding import Severity, State
from bot.domain.lifecycle import decide_assign
from bot.domain.query import Group
from bot.errors import UserError
from bot.plugins import Message, Modal
from renderers import Renderer, blocks
from renderers.modal import as_modal
from renderers.mrkdwn import Mrkdwn, sentence

RENDERER = Renderer()


def _message(view: views.View) -> Message:
    shown = RENDERER.render(view)
    assert isinstance(shown, Message)
    return shown


def _modal(view: views.View) -> Modal:
    shown = RENDERER.render(view)
    assert isinstance(shown, Modal)
    return shown


def _text(shown: Message) -> str:
    return "\n".join(b["text"]["text"] for b in shown.blocks if "text" in b)


def test_a_modal_shows_the_plain_twin() -> None:
    shown = _message(GOLDEN["breakdown"]["accounts"])
    assert "table" in [b["type"] for b in shown.blocks]
    made = as_modal(shown, "By account").view
    assert made["title"]["text"] == "By account"
    assert [b["type"] for b in made["blocks"]] == ["section", "section", "context", "actions"]


def test_a_modal_leaves_out_what_it_cannot_hold_and_is_never_empty() -> None:
    bare = Message("Only a table", (blocks.table([["a"]]), {"type": "markdown", "text": "x"}))
    made = as_modal(bare, "a title of more than twenty-four characters").view
    assert [b["text"]["text"] for b in made["blocks"]] == ["Only a table"]
    assert len(made["title"]["text"]) <= 24
    assert len(as_modal(Message("x", (blocks.divider(),) * 120)).view["blocks"]) == 100


def test_home_is_a_view_of_its_own_kind() -> None:
    view = _modal(GOLDEN["home"]["busy"]).view
    assert view["type"] == "home"
    assert "title" not in view


def test_home_says_only_what_is_broken() -> None:
    view = _modal(GOLDEN["home"]["busy"]).view
    texts = "\n".join(b["text"]["text"] for b in view["blocks"] if "text" in b)
    assert "Queue" in texts
    assert "Slack link" not in texts


def test_home_of_somebody_who_may_see_nothing_shows_nothing() -> None:
    view = _modal(GOLDEN["home"]["refused"]).view
    assert "F-1234" not in str(view)
    assert "critical" not in str(view)


def test_rows_are_numbered_through_all_pages() -> None:
    view = views.FindingList(
        rows=(record(),) * 8, scope="", counts={}, page=2, pages=2, total=16, listing="AbC", now=NOW, first=9, newer=3,
        notes=("a", "b"), offers=OFFERS,
    )  # fmt: skip
    shown = _message(view)
    texts = [b["text"]["text"] for b in shown.blocks[1:9]]
    assert [t.split(" ")[0] for t in texts] == [f"*{n}.*" for n in range(9, 17)]
    assert len(shown.blocks) <= 12


@pytest.mark.parametrize(("state", "is_offered"), [(State.OPEN, True), (State.ACKNOWLEDGED, False)])
def test_a_page_is_acknowledged_only_when_something_on_it_is_open(state: State, is_offered: bool) -> None:
    view = views.FindingList(
        rows=(record(state=state),), scope="", counts={}, page=1, pages=1, total=1, listing="AbC", now=NOW
    )
    assert ("ack.page" in str(_message(view).blocks)) is is_offered


def test_a_list_without_a_snapshot_has_no_buttons_that_need_one() -> None:
    view = views.FindingList(
        rows=(record(),), scope="", counts={}, page=1, pages=3, total=1, listing="", now=NOW, newer=2
    )
    shown = _message(view)
    assert [b["type"] for b in shown.blocks] == ["section", "section", "context"]
    assert "accessory" not in shown.blocks[0]


def test_an_assigned_finding_says_whose_it_is_until_somebody_acknowledged_it() -> None:
    assert "*Assigned* to <@U0SAFE1>" in _text(_message(views.FindingCard(record=assigned(), now=NOW)))
    taken = record(state=State.ACKNOWLEDGED, ack_by="U0SAFE1", assignee="U0SAFE1")
    assert "assigned" not in _text(_message(views.FindingCard(record=taken, now=NOW)))
    others = taken.but(assignee="U0OTHER")
    assert "· assigned to <@U0OTHER>" in _text(_message(views.FindingCard(record=others, now=NOW)))
    assert "Assigned" not in _text(_message(views.FindingCard(record=resolved().but(assignee="U0OTHER"), now=NOW)))


def test_a_refused_assignment_names_the_person() -> None:
    with pytest.raises(UserError) as refused:
        decide_assign(assigned(), "U0SAFE1", "U0OTHER", NOW)
    assert sentence(str(refused.value)) == "F-1234 is already assigned to <@U0SAFE1>."


def test_a_redacted_preview_tells_no_account_resource_or_title() -> None:
    shown = _message(views.Preview(record=record(), now=NOW, redacted=True))
    told = shown.text + str(shown.blocks)
    assert not [word for word in ("payments", "111122223333", "pay-export", "public", "team") if word in told]


def test_what_cannot_be_undone_is_red() -> None:
    styles = [_message(GOLDEN["confirm"][case]).blocks[-1]["elements"][0]["style"] for case in ("page", "delete")]
    assert styles == ["primary", "danger"]


def test_a_channels_views_are_changed_only_by_who_may() -> None:
    reader = str(_message(GOLDEN["views_list"]["reader"]).blocks)
    assert "view.delete:0.0|me.night" in reader
    assert not [word for word in ("view.share", "view.default", "|here.") if word in reader]


def test_the_twin_of_a_breakdown_has_every_group_and_total() -> None:
    view = views.Breakdown(
        group=Group.ENV, scope="", counts={Severity.HIGH: 3},
        rows=(views.GroupRow("prod", {Severity.HIGH: 2}), views.GroupRow("dev", {Severity.HIGH: 1})),
    )  # fmt: skip
    shown = _message(view)
    lines = shown.twin[1]["text"]["text"].splitlines()
    assert lines == ["`██████████` *2* prod · 🟠 2 high", "`█████░░░░░` *1* dev · 🟠 1 high"]
    assert shown.text == "3 findings by environment: prod 2, dev 1"


def test_names_that_differ_at_their_ends_stay_readable_in_a_chart() -> None:
    rows = tuple(views.GroupRow(f"company-payments-service-{e}", {Severity.LOW: 1}) for e in ("prod", "dev"))
    shown = _message(views.Breakdown(group=Group.ACCOUNT, rows=rows, scope="", counts={Severity.LOW: 2}))
    assert shown.blocks[1]["chart"]["axis_config"]["categories"] == ["company-p…rvice-prod", "company-p…ervice-dev"]


def test_a_form_gives_back_what_it_was_about() -> None:
    view = _modal(views.AssignForm(record=assigned(), now=NOW, user="U0SAFE1\n")).view
    assert (view["callback_id"], view["private_metadata"]) == ("assign.to", "1234.2")
    assert "initial_user" not in view["blocks"][1]["element"]
    assert [b["block_id"] for b in view["blocks"] if b["type"] == "input"] == ["user", "note"]


def test_the_owner_of_a_view_is_asked_only_where_there_is_a_choice() -> None:
    names = [
        [b["block_id"] for b in _modal(GOLDEN["save_view_form"][case]).view["blocks"]] for case in ("mine", "channel")
    ]
    assert names == [["name", "query"], ["name", "query", "owner"]]


def test_a_broken_view_is_not_run_but_can_be_deleted() -> None:
    shown = _message(views.ViewsList(mine=VIEW_ROWS[2:], here=()))
    labels = [o["text"]["text"] for o in shown.blocks[1]["accessory"]["options"]]
    assert labels == ["Delete"]


def test_the_timeline_merges_what_happened_with_what_slack_was_told() -> None:
    lines = next(
        b["text"]["text"].splitlines()
        for b in _message(GOLDEN["finding_detail"]["message"]).blocks
        if b.get("text", {}).get("text", "").startswith("*Timeline*")
    )
    assert [next(w for w in ("edited", "Thread", "Ack", "posted", "New") if w in line) for line in lines[1:]] == [
        "edited", "Thread", "Ack", "posted", "New",
    ]  # fmt: skip


def test_bold_text_in_a_label_is_only_text() -> None:
    assert as_modal(Message("x", (blocks.section(Mrkdwn("x")),)), "<!here> *b*").view["title"]["text"] == "‹!here> *b*"
