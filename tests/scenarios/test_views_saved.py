"""Saved views from the window to the default of a channel: whose they are, who may change them, what a list then says."""

from __future__ import annotations

import pytest

from renderers.actions import encode
from sandbox.slack.state import Message, View
from tests.support.box import Box, buttons, chooser, said, shown


async def save(
    box: Box, line: str, values: dict[str, str] | None = None, *, who: str = "ana", where: str = "sec-prod"
) -> View:
    """Type the command and submit the window; what the window shows then."""
    actor = box.person(who)
    await actor.command(line, where)
    assert (await actor.submit(await actor.sees_view("Save a view"), values)).ok
    window = await box.modal("secbot", who=who)
    await actor.close()
    return window


async def menu(box: Box, choice: str, number: int = 0, *, who: str = "ana", where: str = "sec-prod") -> Message:
    """Open the views and choose in the menu of one of them; the answer."""
    views = await box.ask("/sec views", who=who, where=where)
    chosen = box.person(who).select(views, chooser(views, "overflow", number), choice)
    return await box.after(chosen, who=who, where=where)


async def shared(box: Box, query: str = "prod high+") -> None:
    """A view `night` of Ana's and the channel's."""
    await save(box, f"/sec views save night {query}")
    assert "is this channel's now" in said(await menu(box, "Share to this channel"))


# --- saving ----------------------------------------------------------------------------------------------------------------------------


async def test_a_view_is_saved_through_its_window_and_asked_by_its_name(box: Box) -> None:
    await box.fill()
    window = await save(box, "/sec views save night prod high+")
    assert "Saved: `@night`" in shown(window)
    assert "2 findings" in said(await box.ask("/sec findings @night"))
    assert "1 finding" in said(await box.ask("/sec findings @night critical"))
    assert "1 finding" in said(await box.ask("/sec findings -@night"))


async def test_nothing_is_saved_by_typing_alone(box: Box) -> None:
    await box.fill()
    await box.ana.command("/sec views save night prod", "sec-prod")
    await box.ana.close(await box.ana.sees_view("Save a view"))
    assert "No saved views" in said(await box.ask("/sec views"))


@pytest.mark.parametrize("name", ["x", "Two words", "1st", "u0123456789", "über", "a" * 32])
async def test_a_name_that_cannot_be_is_told_beside_the_name(box: Box, name: str) -> None:
    await box.ana.command("/sec views save", "sec-prod")
    form = await box.ana.sees_view("Save a view")
    submitted = await box.ana.submit(form, {"name": name, "query": "prod"})
    assert set(submitted.errors) == {"name"}
    assert box.ana.views(), "the window stays with what was typed"


async def test_a_question_that_cannot_be_saved_is_told(box: Box) -> None:
    assert "cannot be saved" in shown(await save(box, "/sec views save night prdo"))
    assert "no reference" in shown(await save(box, "/sec views save night F-12"))
    assert "No saved views" in said(await box.ask("/sec views"))


async def test_save_view_under_a_list_has_its_question_filled_in(box: Box) -> None:
    await box.fill()
    answer = await box.ask("/sec findings prod critical")
    await box.ana.press("sec-prod", answer, "Save view…")
    form = await box.ana.sees_view("Save a view")
    assert "env:prod" in shown(form)
    assert (await box.ana.submit(form, {"name": "Bad name"})).errors.keys() == {"name"}
    assert (await box.ana.submit(form, {"name": "@Night"})).ok
    await box.modal("Saved: `@night`")
    assert "1 finding" in said(await box.ask("/sec findings @night"))


async def test_saving_under_a_known_name_replaces_it(box: Box) -> None:
    await box.fill()
    await save(box, "/sec views save night prod")
    await save(box, "/sec views save night staging")
    assert "1 finding" in said(await box.ask("/sec findings @night"))


async def test_a_view_of_ones_own_is_nobody_elses(box: Box) -> None:
    await box.fill()
    await save(box, "/sec views save night prod")
    assert "@night" in said(await box.ask("/sec views"))
    assert "No saved views" in said(await box.ask("/sec views", who="ben"))
    assert "findings in" not in said(await box.ask("/sec findings @night", who="ben"))


async def test_whoever_may_change_the_channels_views_may_save_for_it(box: Box) -> None:
    await box.fill()
    await save(box, "/sec views save night prod", {"owner": "This channel"})
    assert "2 findings" in said(await box.ask("/sec findings @night", who="emre"))
    assert "2 findings" not in said(await box.ask("/sec findings @night", who="emre", where="sec-all"))


async def test_whoever_may_not_is_not_offered_the_channel(box: Box) -> None:
    await box.person("emre").command("/sec views save night prod", "sec-prod")
    form = await box.person("emre").sees_view("Save a view")
    assert "This channel" not in shown(form)


async def test_a_view_says_what_it_holds_now(box: Box) -> None:
    await box.fill()
    await save(box, "/sec views save night prod high+")
    listed = said(await box.ask("/sec views"))
    assert "1 critical, 🟠 1 high" in listed
    assert "2 findings" in said(await menu(box, "Run"))


# --- sharing ---------------------------------------------------------------------------------------------------------------------------


async def test_a_shared_view_is_the_channels(box: Box) -> None:
    await box.fill()
    await shared(box)
    assert "2 findings" in said(await box.ask("/sec findings @night", who="emre"))
    assert "@night" in said(await box.ask("/sec views", who="emre"))


async def test_sharing_takes_the_permission(box: Box) -> None:
    await box.fill()
    await save(box, "/sec views save night prod", who="emre")
    views = await box.ask("/sec views", who="emre")
    assert "Share to this channel" not in said(views), "what one may not do is not offered"
    asked = await box.ask("/sec views share night", who="emre")
    refused = await box.after(box.person("emre").press("sec-prod", asked, "Share"), who="emre")
    assert "may not" in said(refused)
    assert "<!subteam^S0ONCALL>" in said(refused) or "`views`" in said(refused)
    assert "No saved views" in said(await box.ask("/sec views", who="ben"))


async def test_typed_sharing_takes_a_press(box: Box) -> None:
    await box.fill()
    await save(box, "/sec views save night prod")
    asked = await box.ask("/sec views share night")
    assert "No saved views" in said(await box.ask("/sec views", who="ben"))
    assert "this channel's now" in said(await box.after(box.ana.press("sec-prod", asked, "Share")))
    assert "@night" in said(await box.ask("/sec views", who="ben"))


async def test_a_view_that_is_not_there_cannot_be_shared(box: Box) -> None:
    asked = await box.ask("/sec views share nothing")
    assert "There is no view @nothing" in said(await box.after(box.ana.press("sec-prod", asked, "Share")))


# --- the default of a channel ----------------------------------------------------------------------------------------------------------


async def test_a_default_is_laid_over_every_list_with_a_note_and_a_button_lifts_it(box: Box) -> None:
    await box.fill()
    await shared(box, "prod")
    assert "laid over every list" in said(await menu(box, "Make default scope", 1))
    listed = await box.ask("/sec findings", who="emre")
    assert "2 findings" in said(listed)
    assert "env:prod" in said(listed)
    assert "this channel's default (@night)" in said(listed)
    lifted = await box.after(box.person("emre").press("sec-prod", listed, "Without the default"), who="emre")
    assert "3 findings" in said(lifted)
    assert "default" not in said(lifted)


@pytest.mark.parametrize(
    ("question", "holds"),
    [("staging", "1 finding"), ("env:*", "3 findings"), ("all", "3 findings"), ("high", "1 finding")],
)
async def test_a_default_yields_to_a_term_of_its_key_and_to_all(box: Box, question: str, holds: str) -> None:
    await box.fill()
    await shared(box, "prod")
    await menu(box, "Make default scope", 1)
    assert holds in said(await box.ask(f"/sec findings {question}"))


async def test_a_default_is_one_channels(box: Box) -> None:
    await box.fill()
    await shared(box, "prod")
    await menu(box, "Make default scope", 1)
    assert "3 findings" in said(await box.ask("/sec findings", where="sec-all"))


async def test_a_default_is_laid_over_counts_and_exports_too(box: Box) -> None:
    await box.fill()
    await shared(box, "prod")
    await menu(box, "Make default scope", 1)
    counted = await box.ask("/sec findings by:account")
    assert "2 findings" in said(counted)
    assert "default (@night)" in said(counted)
    assert "Exporting 2 findings" in said(await box.ask("/sec export"))


async def test_a_default_is_lifted_for_good_the_way_it_was_laid(box: Box) -> None:
    await box.fill()
    await shared(box, "prod")
    await menu(box, "Make default scope", 1)
    assert "default scope" in said(await box.ask("/sec views"))
    assert "no longer" in said(await menu(box, "Stop being the default", 1))
    assert "3 findings" in said(await box.ask("/sec findings"))


async def test_the_default_takes_the_permission(box: Box) -> None:
    await box.fill()
    await shared(box, "prod")
    views = await box.ask("/sec views", who="emre")
    assert "Make default scope" not in said(views)
    asked = await box.ask("/sec views default night", who="emre")
    refused = await box.after(box.person("emre").press("sec-prod", asked, "Change the default"), who="emre")
    assert "may not" in said(refused)
    assert "3 findings" in said(await box.ask("/sec findings"))


# --- deleting --------------------------------------------------------------------------------------------------------------------------


async def test_deleting_takes_a_second_press(box: Box) -> None:
    await box.fill()
    await save(box, "/sec views save night prod")
    asked = await menu(box, "Delete")
    assert "Delete your view @night?" in said(asked)
    assert "@night" in said(await box.ask("/sec views"))
    assert "is deleted" in said(await box.after(box.ana.press("sec-prod", asked, "Delete")))
    assert "No saved views" in said(await box.ask("/sec views"))


async def test_deleting_ones_own_leaves_the_channels(box: Box) -> None:
    await box.fill()
    await shared(box, "prod")
    asked = await box.ask("/sec views delete night")
    await box.after(box.ana.press("sec-prod", asked, "Delete"))
    assert "2 findings" in said(await box.ask("/sec findings @night"))


async def test_deleting_the_channels_takes_the_permission(box: Box) -> None:
    await box.fill()
    await shared(box, "prod")
    views = await box.ask("/sec views", who="emre")
    assert "Delete" not in buttons(views)
    asked = await menu(box, "Delete", 1)
    assert "this channel's view @night" in said(asked)
    action = {"type": "button", "action_id": buttons(asked)["Delete"], "value": "0.0|here.night"}
    [card] = box.cards("sec-critical")
    forged = box.slack.acts.action("U0EMRE", {"type": "message", "channel": card.channel, "ts": card.ts}, "b1", action)
    refused = await box.after(forged, who="emre", where="sec-critical")
    assert "may not" in said(refused)
    assert "is deleted" in said(await box.after(box.ana.press("sec-prod", asked, "Delete")))


async def test_what_views_cannot_do_is_answered_with_what_they_can(box: Box) -> None:
    answer = await box.ask("/sec views shar night")
    assert "save, share, default, delete" in said(answer)
    assert "views share night" in buttons(answer)


@pytest.mark.parametrize("extra", ["here.", "nobody.night", "me.Bad name", "night", "me.../x"])
async def test_a_forged_button_of_a_view_is_refused_with_words(box: Box, extra: str) -> None:
    await box.fill()
    action_id, value = encode("view.delete.go", extra=extra)
    [card] = box.cards("sec-critical")
    action = {"type": "button", "action_id": action_id, "value": value}
    pressed = box.slack.acts.action("U0ANA", {"type": "message", "channel": card.channel, "ts": card.ts}, "b1", action)
    assert "damaged or not ours" in said(await box.after(pressed, where="sec-critical"))
