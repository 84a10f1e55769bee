"""Saved views: naming, sharing and deleting them, what they mean in a question, and the one that a channel lays over every list."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from service_making import ANA, ANAS, BEN, BENS, counted, keys, listed, offers, troubled

from bot.domain.authz import Actor
from bot.domain.finding import Status
from bot.domain.message import Pressed
from bot.domain.query import Sort
from bot.domain.views import Confirm, FindingList, Notice, SaveViewForm, Trouble, ViewsList
from bot.errors import NotFound, UserError
from bot.ports import SavedView
from bot.services.lexicon import Asker
from tests.support.parts import Parts, a_finding


async def save(parts: Parts, name: str, text: str, owner: str = "U0ANA", asker: Asker = ANA) -> SavedView:
    return await parts.suite.views.save(name, text, asker, owner)


async def some(parts: Parts) -> None:
    """One finding of each of four severities, and one that is resolved."""
    await parts.take(*(a_finding(level, severity=level) for level in ("critical", "high", "medium", "low")))
    await parts.take(a_finding("gone", severity="high", status=Status.RESOLVED))


# --- keeping ----------------------------------------------------------------------------------------------------------------------------


async def test_a_view_is_kept_as_it_prints_under_its_small_name(parts: Parts) -> None:
    view = await save(parts, "@Night", "  PROD  high+ sort:age ")
    assert (view.name, view.query, view.author, view.default) == (
        "night",
        "env:prod sev:high+ sort:age",
        "U0ANA",
        False,
    )


async def test_a_view_of_the_same_name_is_replaced_and_stays_the_default(parts: Parts) -> None:
    await save(parts, "night", "high", "sec")
    await parts.suite.views.set_default("night", "sec")
    view = await save(parts, "night", "low", "sec")
    assert (view.query, view.default) == ("sev:low", True)
    _, here = await parts.suite.views.mine_and_here(ANA)
    assert [(row.name, row.query) for row in here] == [("night", "sev:low")]


async def test_a_view_in_a_view_is_its_terms_so_that_a_change_does_not_reach_it(parts: Parts) -> None:
    await save(parts, "night", "prod high+")
    outer = await save(parts, "mine", "@night -low")
    assert "@" not in outer.query
    await save(parts, "night", "low")
    await some(parts)
    assert keys(await listed(parts, "@mine")) == ["critical", "high"]


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("x", "high", "2 to 30 letters"),
        ("u0ana1b2c3", "high", "person's id"),
        ("ok", "F-12", "no reference"),
        ("ok", "high page:2", "no page"),
        ("ok", "high csv", "no `csv`"),
        ("ok", "", "at least one filter"),
        ("ok", "hgih", "That question cannot be saved: `hgih`"),
        ("ok", "@unknown", "There is no view `@unknown`"),
    ],
)
async def test_what_cannot_be_saved_says_why(parts: Parts, name: str, text: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        await save(parts, name, text)
    assert await parts.suite.views.mine_and_here(ANA) == ((), ())


async def test_too_many_views_are_refused_but_one_can_still_be_replaced(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.views.MOST_VIEWS", 2)
    await save(parts, "one", "high")
    await save(parts, "two", "high")
    with pytest.raises(UserError, match="2 views are the most"):
        await save(parts, "three", "high")
    await save(parts, "two", "low")
    await save(parts, "three", "high", owner="sec")


async def test_a_shared_view_is_a_copy(parts: Parts) -> None:
    await save(parts, "night", "high")
    shared = await parts.suite.views.share("night", ANA)
    assert (shared.owner, shared.author, shared.default) == ("sec", "U0ANA", False)
    await save(parts, "night", "low")
    await some(parts)
    assert keys(await listed(parts, "@night", BEN)) == ["high"]


@pytest.mark.parametrize("what", ["share", "default", "delete"])
async def test_a_view_that_is_not_there_is_said(parts: Parts, what: str) -> None:
    views = parts.suite.views
    acts: dict[str, Callable[[], Awaitable[object]]] = {
        "share": lambda: views.share("nope", ANA),
        "default": lambda: views.set_default("nope", "sec"),
        "delete": lambda: views.delete("U0ANA", "nope"),
    }
    with pytest.raises(NotFound, match="no view @nope"):
        await acts[what]()


async def test_a_view_of_somebody_else_cannot_be_shared_or_deleted(parts: Parts) -> None:
    await save(parts, "night", "high", "U0BEN", BEN)
    with pytest.raises(NotFound):
        await parts.suite.views.share("night", ANA)
    with pytest.raises(NotFound):
        await parts.suite.views.delete("U0ANA", "night")


async def test_the_list_of_views_says_what_each_holds_now(parts: Parts) -> None:
    await some(parts)
    await save(parts, "bad", "high+")
    await save(parts, "every", "all")
    await save(parts, "team", "low", "sec")
    mine, here = await parts.suite.views.mine_and_here(ANA)
    assert [(r.name, sum((r.counts or {}).values())) for r in mine] == [("bad", 2), ("every", 5)]
    assert [(r.name, sum((r.counts or {}).values())) for r in here] == [("team", 1)]


async def test_a_view_that_cannot_be_read_any_more_says_so(parts: Parts) -> None:
    async with parts.store.begin() as tx:
        await tx.save_view(SavedView("U0ANA", "old", "env:gone", "U0ANA", parts.clock.now()))
    [row], _ = await parts.suite.views.mine_and_here(ANA)
    assert "`gone` is not an environment here" in row.problem
    assert row.counts is None


# --- in questions -----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "found", "why"),
    [
        ("@night", ["critical", "high"], "its filters"),
        ("@NIGHT", ["critical", "high"], "in capitals"),
        ("@night -critical", ["high"], "with one's own"),
        ("-@night", ["medium", "low"], "all the others"),
        ("-@night medium", ["medium"], "of the others"),
        ("@night @team", ["high"], "two views are and"),
        ("@night all", ["critical", "high", "gone"], "whatever their state"),
        ("@old", ["low", "medium", "high", "critical"], "its order"),
        ("@old sort:sev", ["critical", "high", "medium", "low"], "one's own order"),
    ],
)
async def test_a_view_in_a_question(parts: Parts, text: str, found: list[str], why: str) -> None:
    await some(parts)
    await save(parts, "night", "prod high+")
    await save(parts, "team", "sev:low..high", "sec")
    await save(parts, "old", "prod sort:age")
    await parts.take(*(a_finding(k, severity=k, later_s=1, first_seen=parts.clock.now() - timedelta(days=i))
                       for i, k in enumerate(("critical", "high", "medium", "low"))))  # fmt: skip
    assert keys(await listed(parts, text)) == found, why


async def test_of_two_views_of_one_name_the_askers_own_counts(parts: Parts) -> None:
    await some(parts)
    await save(parts, "night", "low", "sec")
    await save(parts, "night", "high")
    assert keys(await listed(parts, "@night")) == ["high"]
    assert keys(await listed(parts, "@night", BEN)) == ["low"]


async def test_a_view_of_another_channel_is_not_known_here(parts: Parts) -> None:
    await save(parts, "night", "low", "sec")
    assert "There is no view `@night`" in (await troubled(parts, "@night", Asker("U0BEN", "other"))).messages[0]


async def test_me_in_a_channels_view_is_whoever_asks(parts: Parts) -> None:
    await some(parts)
    await parts.suite.triage.acknowledge(1, "U0BEN")
    await save(parts, "on-me", "me", "sec")
    assert [r.number for r in (await listed(parts, "@on-me", BEN)).rows] == [1]
    assert isinstance(await parts.suite.queries.find("@on-me", ANA), Trouble)


async def test_a_view_that_counts_counts_and_its_rows_list(parts: Parts) -> None:
    await some(parts)
    await save(parts, "sevs", "prod by:sev")
    groups = await counted(parts, "@sevs")
    for row in groups.rows:
        assert (await listed(parts, row.command)).total == row.total, row.command


async def test_a_list_stays_what_it_was_when_its_view_is_changed(parts: Parts) -> None:
    await some(parts)
    await save(parts, "night", "high+")
    first = await listed(parts, "@night")
    await save(parts, "night", "low")
    again = await parts.suite.queries.again(first.listing, ANA)
    assert isinstance(again, FindingList)
    assert keys(again) == ["critical", "high"]


# --- the channel's default --------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def laid(parts: Parts) -> Parts:
    """A channel whose lists are of high and critical findings in production unless it is said otherwise."""
    await some(parts)
    await save(parts, "night", "prod high+", "sec")
    await parts.suite.views.set_default("night", "sec")
    return parts


async def test_a_channels_default_is_laid_over_every_list_and_said(laid: Parts) -> None:
    view = await listed(laid)
    assert keys(view) == ["critical", "high"]
    assert view.notes[0].startswith("`env:prod sev:high+` is this channel's default (@night)")
    assert "env:prod sev:high+" in view.scope


@pytest.mark.parametrize("channel", ["other", "U0ANA", ""])
async def test_a_default_is_of_its_channel_alone(laid: Parts, channel: str) -> None:
    view = await listed(laid, "", Asker("U0ANA", channel))
    assert (view.total, view.notes, view.offers) == (4, (), ())


@pytest.mark.parametrize(
    ("text", "found", "why"),
    [
        ("low", ["low"], "a term of one's own with that key lifts it"),
        ("-critical", ["high", "medium", "low"], "also one that excludes"),
        ("sev:info+", ["critical", "high", "medium", "low"], "also one that any finding satisfies"),
        ("env:*", ["critical", "high"], "another key leaves the rest of it"),
        ("@night-low", ["low"], "a view with that key lifts it too"),
        ("-@night-low", ["critical", "high", "medium"], "also one that excludes a term"),
        ("-@two", ["critical", "high"], "a view of several terms that is excluded says nothing of a key"),
        ("all", ["critical", "gone", "high", "medium", "low"], "`all` lifts every default"),
        ("F-4", ["low"], "what is named is shown"),
    ],
)
async def test_how_a_default_is_lifted(laid: Parts, text: str, found: list[str], why: str) -> None:
    await save(laid, "night-low", "low")
    await save(laid, "two", "low guardduty")
    low = (await listed(laid, "sev:low")).rows[0].number
    view = await listed(laid, text.replace("F-4", f"F-{low}"))
    assert keys(view) == found, why


async def test_the_button_without_the_default_lists_without_it(laid: Parts) -> None:
    view = await listed(laid, "sort:age")
    command = offers(view)["Without the default"]
    lifted = await listed(laid, command)
    assert (lifted.total, lifted.sort, lifted.offers) == (4, Sort.AGE, ())


async def test_a_page_and_a_refresh_keep_the_default_that_was_laid(laid: Parts) -> None:
    view = await listed(laid)
    await laid.suite.views.set_default("night", "sec", on=False)
    again = await laid.suite.queries.again(view.listing, ANA)
    assert isinstance(again, FindingList)
    assert keys(again) == ["critical", "high"]
    assert (await listed(laid)).total == 4


async def test_only_one_view_is_a_channels_default(laid: Parts) -> None:
    await save(laid, "calm", "low", "sec")
    await laid.suite.views.set_default("calm", "sec")
    assert keys(await listed(laid)) == ["low"]
    _, here = await laid.suite.views.mine_and_here(ANA)
    assert [row.name for row in here if row.default] == ["calm"]


async def test_a_default_of_that_name_is_not_ones_own_view_of_that_name(laid: Parts) -> None:
    await save(laid, "night", "low")
    view = await listed(laid)
    assert keys(view) == ["critical", "high"], "the channel's, for everybody alike"
    assert keys(await listed(laid, "@night")) == ["low"]


async def test_counts_are_of_the_default_too_and_their_rows_list_the_same(laid: Parts) -> None:
    await save(laid, "night", "high+ age:>12h", "sec")
    await laid.take(*(a_finding(k, severity=k, later_s=1, first_seen=laid.clock.now() - timedelta(hours=h))
                      for k, h in (("critical", 6), ("high", 20))))  # fmt: skip
    groups = await counted(laid, "by:age")
    assert (groups.total, groups.notes[0].split("`")[1]) == (1, "sev:high+ age:>12h")
    for row in groups.rows:
        assert (await listed(laid, row.command)).total == row.total


# --- through the desk -------------------------------------------------------------------------------------------------------------------


async def press(parts: Parts, action: str, extra: str, **values: str) -> object:
    return (await parts.desk.press(Pressed(action, extra=extra, values=values), ANAS)).view


async def test_a_window_saves_for_oneself_or_for_the_channel(parts: Parts) -> None:
    await some(parts)
    mine = await press(parts, "view.saved", "sec", name="mine", query="low", owner="me")
    ours = await press(parts, "view.saved", "sec", name="ours", query="high", owner="channel")
    assert isinstance(mine, Notice)
    assert isinstance(ours, Notice)
    rows = (await parts.desk.command("views", ANAS)).view
    assert isinstance(rows, ViewsList)
    assert ([r.name for r in rows.mine], [r.name for r in rows.here], rows.may_change) == (["mine"], ["ours"], True)
    answer = await parts.desk.press(Pressed("run", extra=ours.offers[0].command), ANAS)
    assert isinstance(answer.view, FindingList)
    assert keys(answer.view) == ["high"]


@pytest.mark.parametrize(
    ("name", "extra", "values"),
    [
        ("view.saved", "sec", {"name": "ours", "query": "high", "owner": "channel"}),
        ("view.share", "me.night", {}),
        ("view.default", "here.night", {}),
        ("view.delete", "here.night", {}),
        ("view.delete.go", "here.night", {}),
    ],
)
async def test_a_channels_views_take_a_role(parts: Parts, name: str, extra: str, values: dict[str, str]) -> None:
    await save(parts, "night", "high", "sec")
    await save(parts, "night", "low")
    parts.people.actors["U0ANA"] = Actor("U0ANA", "T1")
    assert isinstance(await press(parts, name, extra, **values), Trouble)
    _, [row] = await parts.suite.views.mine_and_here(ANA)
    assert (row.name, row.query, row.default) == ("night", "sev:high", False)


async def test_ones_own_views_take_no_role(parts: Parts) -> None:
    parts.people.actors["U0ANA"] = Actor("U0ANA", "T1")
    assert isinstance(await press(parts, "view.saved", "sec", name="mine", query="low", owner="me"), Notice)
    assert isinstance(await press(parts, "view.delete.go", "me.mine"), Notice)
    rows = (await parts.desk.command("views", ANAS)).view
    assert isinstance(rows, ViewsList)
    assert (rows.mine, rows.may_change) == ((), False)


@pytest.mark.parametrize("text", ["share night", "default night", "delete night"])
async def test_typed_text_shares_changes_and_deletes_nothing_by_itself(parts: Parts, text: str) -> None:
    await save(parts, "night", "low")
    await save(parts, "night", "high", "sec")
    before = await parts.suite.views.mine_and_here(ANA)
    answer = await parts.desk.command(f"views {text}", ANAS)
    assert isinstance(answer.view, Confirm)
    assert await parts.suite.views.mine_and_here(ANA) == before
    done = await press(parts, answer.view.action, answer.view.extra)
    assert isinstance(done, Notice)
    assert await parts.suite.views.mine_and_here(ANA) != before


async def test_a_default_is_switched_off_by_the_same_button(parts: Parts) -> None:
    await save(parts, "night", "high", "sec")
    for on in (True, False):
        await press(parts, "view.default", "here.night")
        _, [row] = await parts.suite.views.mine_and_here(ANA)
        assert row.default is on


async def test_save_under_a_list_opens_the_window_with_its_question(parts: Parts) -> None:
    await some(parts)
    shown = await listed(parts, "high+ page:1 here")

    class Surface:
        opened: SaveViewForm | None = None

        async def open(self, view: object) -> bool:
            assert isinstance(view, SaveViewForm)
            self.opened = view
            return True

        async def fill(self, view: object) -> None: ...

    surface = Surface()
    pressed = Pressed("view.save", extra=f"{shown.listing}.save")
    answer = await parts.desk.press(pressed, replace(ANAS, surface=surface))
    assert answer.view is None
    assert surface.opened is not None
    assert surface.opened.query == "sev:high+ state:open,acknowledged"
    assert isinstance((await parts.desk.press(pressed, BENS)).view, Trouble), "no window, and it is said"


@pytest.mark.parametrize("extra", ["", "me", "me.", "you.night", "here.N!"])
async def test_a_views_button_without_its_view_is_answered(parts: Parts, extra: str) -> None:
    for name in ("view.share", "view.default", "view.delete", "view.delete.go"):
        assert isinstance(await press(parts, name, extra), Trouble)
