"""Lists beside their pages: another order, the same question again, what came since, and what nothing was found for."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest
from service_making import ANA, ANAS, BEN, keys, listed, offers, troubled

from bot.adapters.directory import CachedDirectory, Override
from bot.domain.finding import Severity, Status
from bot.domain.message import Pressed
from bot.domain.query import Sort
from bot.domain.views import FindingList, Trouble, View
from bot.services.lexicon import Asker
from tests.support.parts import Parts, a_finding

TWO = {"111122223333": Override("pay-prod", "prod"), "444455556666": Override("app-stage", "staging")}


async def again(parts: Parts, listing: str, sort: Sort | None = None, asker: Asker = ANA) -> FindingList:
    view = await parts.suite.queries.again(listing, asker, sort)
    assert isinstance(view, FindingList), view
    return view


async def turned(parts: Parts, listing: str, page: int = 1, asker: Asker = ANA) -> FindingList:
    view = await parts.suite.queries.turn(listing, page, asker)
    assert isinstance(view, FindingList), view
    return view


# --- orders -----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def three(build: Callable[..., Parts]) -> Parts:
    """Three findings that every order puts differently."""
    parts = build(directory=CachedDirectory(None, (), TWO))
    start = parts.clock.now() - timedelta(days=9)
    for key, severity, days, account in (
        ("young", "critical", 1, "111122223333"),
        ("old", "low", 8, "111122223333"),
        ("staged", "medium", 3, "444455556666"),
    ):
        first = parts.clock.now() - timedelta(days=days)
        await parts.take(a_finding(key, severity=severity, start=start, account=account, first_seen=first))
    return parts


ORDERS = [
    (Sort.SEVERITY, ["young", "staged", "old"]),
    (Sort.AGE, ["old", "staged", "young"]),
    (Sort.ACCOUNT, ["staged", "young", "old"]),
]


@pytest.mark.parametrize(("sort", "order"), ORDERS)
async def test_a_list_in_every_order(three: Parts, sort: Sort, order: list[str]) -> None:
    view = await listed(three, f"sort:{sort}")
    assert (keys(view), view.sort) == (order, sort)


@pytest.mark.parametrize(("sort", "order"), ORDERS)
async def test_another_order_is_the_same_question_from_its_first_page(
    three: Parts, sort: Sort, order: list[str]
) -> None:
    first = await listed(three, "sev:low+ sort:age page:2")
    view = await again(three, first.listing, sort)
    assert (keys(view), view.page, view.scope) == (order, 1, first.scope)
    assert view.listing != first.listing


async def test_a_sort_select_without_an_order_is_answered(three: Parts) -> None:
    first = await listed(three)
    for word in ("", "colour", "sev.x"):
        answer = await three.desk.press(Pressed("sort", extra=f"{first.listing}.{word}"), ANAS)
        assert isinstance(answer.view, Trouble)


# --- again ------------------------------------------------------------------------------------------------------------------------------


async def test_a_refresh_shows_what_is_so_now(parts: Parts) -> None:
    await parts.take(a_finding("a"), a_finding("b"))
    first = await listed(parts, "prod sort:age")
    parts.clock.move(60)
    await parts.take(a_finding("c"), a_finding("a", later_s=9, status=Status.RESOLVED))
    view = await again(parts, first.listing)
    assert keys(view) == ["b", "c"]
    assert (view.sort, view.newer, view.scope) == (Sort.AGE, 0, first.scope)


async def test_a_refresh_of_a_list_that_is_empty_now_says_so(parts: Parts) -> None:
    await parts.take(a_finding("a"))
    first = await listed(parts)
    await parts.take(a_finding("a", later_s=9, status=Status.RESOLVED))
    view = await parts.suite.queries.again(first.listing, ANA)
    assert isinstance(view, Trouble)
    assert view.messages[0].startswith("Nothing matches")


async def test_refreshing_does_not_make_a_public_list_private(parts: Parts) -> None:
    await parts.take(a_finding("a"))
    assert (await again(parts, (await listed(parts, "here")).listing)).public


# --- since ------------------------------------------------------------------------------------------------------------------------------


async def test_what_came_since_is_counted_and_not_shown(parts: Parts) -> None:
    await parts.take(*(a_finding(f"k{i}") for i in range(9)))
    first = await listed(parts, "prod")
    parts.clock.move(60)
    await parts.take(
        a_finding("new1"), a_finding("new2", severity="critical"), a_finding("gone", status=Status.RESOLVED)
    )
    view = await turned(parts, first.listing, 2)
    assert (first.newer, view.newer) == (0, 2)
    assert len(view.rows) == 1
    assert view.counts == {Severity.CRITICAL: 1, Severity.HIGH: 10}


async def test_what_is_no_answer_to_the_question_is_not_counted(parts: Parts) -> None:
    await parts.take(a_finding("a"))
    first = await listed(parts, "high")
    parts.clock.move(60)
    await parts.take(a_finding("b", severity="low"))
    assert (await turned(parts, first.listing)).newer == 0


async def test_what_was_reopened_since_is_counted(parts: Parts) -> None:
    await parts.take(a_finding("a"), a_finding("b", status=Status.RESOLVED))
    first = await listed(parts)
    parts.clock.move(60)
    await parts.take(a_finding("b", later_s=9))
    assert (await turned(parts, first.listing)).newer == 1


async def test_what_only_moved_up_because_others_left_is_not_counted(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.query.SNAPSHOT", 3)
    await parts.take(*(a_finding(f"k{i}", later_s=i) for i in range(6)))
    first = await listed(parts)
    assert keys(first) == ["k5", "k4", "k3"]
    parts.clock.move(60)
    await parts.take(*(a_finding(f"k{i}", later_s=99, status=Status.RESOLVED) for i in (4, 5)))
    view = await turned(parts, first.listing)
    assert (view.newer, view.total) == (0, 4)


async def test_a_list_that_holds_not_everything_says_so(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.services.query.SNAPSHOT", 3)
    await parts.take(*(a_finding(f"k{i}") for i in range(4)))
    view = await listed(parts)
    assert (view.total, view.pages, len(view.rows)) == (4, 1, 3)
    assert any("narrow it, or export" in note for note in view.notes)


async def test_a_list_of_named_findings_has_nothing_newer(parts: Parts) -> None:
    await parts.take(a_finding("a"), a_finding("b"))
    first = await listed(parts, "F-1")
    parts.clock.move(60)
    await parts.take(a_finding("c"))
    assert (await turned(parts, first.listing)).newer == 0


async def test_rows_are_numbered_through_all_pages(parts: Parts) -> None:
    await parts.take(*(a_finding(f"k{i}") for i in range(9)))
    first = await listed(parts)
    assert (first.first, (await turned(parts, first.listing, 2)).first) == (1, 9)


# --- whose ------------------------------------------------------------------------------------------------------------------------------


async def test_somebody_elses_list_offers_ones_own(parts: Parts) -> None:
    await parts.take(a_finding("a"))
    first = await listed(parts, "prod high+")
    q = parts.suite.queries
    answers: list[View | str] = [
        await q.turn(first.listing, 1, BEN),
        await q.again(first.listing, BEN),
        await q.again(first.listing, BEN, Sort.AGE),
        await q.question(first.listing, BEN),
    ]
    rows, problem = await q.rows(first.listing, 1, BEN)
    assert rows == ()
    for answer in (*answers, problem):
        assert isinstance(answer, Trouble)
        assert answer.messages == ("That is somebody else's list.",)
        mine = await listed(parts, offers(answer)["List mine"], BEN)
        assert keys(mine) == ["a"]


async def test_a_list_that_was_made_for_everybody_can_be_used_by_anybody(parts: Parts) -> None:
    await parts.take(a_finding("a"))
    first = await listed(parts, "prod here")
    assert keys(await again(parts, first.listing, asker=BEN)) == ["a"]
    rows, problem = await parts.suite.queries.rows(first.listing, 1, BEN)
    assert ([r.number for r in rows], problem) == ([1], None)
    assert await parts.suite.queries.question(first.listing, BEN) == "env:prod state:open,acknowledged"


async def test_a_list_that_excludes_a_channels_view_keeps_excluding_it(parts: Parts) -> None:
    await parts.take(a_finding("a"), a_finding("b", severity="low"))
    await parts.suite.views.save("calm", "low guardduty", ANA, "sec")
    first = await listed(parts, "-@calm")
    assert keys(first) == ["a"]
    assert keys(await again(parts, first.listing)) == ["a"]
    assert (await turned(parts, first.listing)).counts == {Severity.HIGH: 1}
    await parts.suite.views.delete("sec", "calm")
    gone = await parts.suite.queries.turn(first.listing, 1, ANA)
    assert isinstance(gone, Trouble), "rather nothing than what was excluded"


# --- nothing ----------------------------------------------------------------------------------------------------------------------------


async def test_each_filter_that_was_dropped_is_named_and_its_button_finds_as_many(parts: Parts) -> None:
    await parts.take(*(a_finding(f"k{i}", severity="high") for i in range(3)))
    trouble = await troubled(parts, "low env:prod region:us-east-1")
    assert trouble.messages == ("Nothing matches `sev:low env:prod region:us-east-1 state:open,acknowledged`.",), (
        "dropping any single one gives nothing"
    )
    trouble = await troubled(parts, "staging high")
    assert trouble.messages[1:] == ("3 match without `env:staging`.",)
    assert (await listed(parts, offers(trouble)["Drop env"])).total == 3


async def test_each_of_several_filters_that_would_help_is_offered(parts: Parts) -> None:
    await parts.take(a_finding("a", severity="low"), a_finding("b", region="us-east-1"))
    trouble = await troubled(parts, "high region:eu-west-1")
    assert trouble.messages[1:] == ("1 match without `sev:high`.", "1 match without `region:eu-west-1`.")
    found = {label: keys(await listed(parts, command)) for label, command in offers(trouble).items()}
    assert found == {"Drop sev": ["a"], "Drop region": ["b"]}


async def test_a_default_that_leaves_nothing_is_offered_for_dropping(parts: Parts) -> None:
    await parts.take(a_finding("a", severity="low"))
    await parts.suite.views.save("night", "high+", ANA, "sec")
    await parts.suite.views.set_default("night", "sec")
    trouble = await troubled(parts, "prod")
    assert "1 match without `sev:high+`." in trouble.messages
    assert keys(await listed(parts, offers(trouble)["Drop sev"])) == ["a"]


async def test_me_is_offered_for_dropping_as_me(parts: Parts) -> None:
    await parts.take(a_finding("a"))
    trouble = await troubled(parts, "me high")
    assert "1 match without `me`." in trouble.messages
    assert offers(trouble)["Drop me"] == "findings sev:high"


async def test_a_view_that_leaves_nothing_is_offered_for_dropping(parts: Parts) -> None:
    await parts.take(a_finding("a"))
    await parts.suite.views.save("mine", "high prod", ANA, "U0ANA")
    trouble = await troubled(parts, "-@mine")
    assert "1 match without `-@mine`." in trouble.messages
    assert offers(trouble)["Drop @mine"] == "findings"


async def test_a_page_of_nothing_is_not_offered(parts: Parts) -> None:
    await parts.take(a_finding("a"))
    trouble = await troubled(parts, "low page:3")
    assert offers(trouble) == {"Drop sev": "findings"}


async def test_a_finding_that_does_not_exist_is_nothing(parts: Parts) -> None:
    assert (await troubled(parts, "F-99")).messages[0] == "Nothing matches `F-99`."


async def test_mistakes_are_told_with_their_repairs_and_nothing_is_run(parts: Parts) -> None:
    await parts.take(a_finding("a", severity="critical"))
    trouble = await troubled(parts, "prod critcal")
    command = offers(trouble)["Use critical"]
    assert command == "findings prod critical"
    assert keys(await listed(parts, command)) == ["a"]
