"""Hiding findings in a real browser: from the card to the grey card and back after a week, with another person, and what others hide.

Every story tells a finding of its own, so the stories may run in any order and alone; the time that one of them skips is everybody's.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from sandbox.events import Story, access_analyzer
from sandbox.events.scene import Event, Scene
from sandbox.run import Sandbox, Teller, add_controls, add_strangers
from tests.browser.acts import Visit, answers, ask, card

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

PHONE = {"width": 390, "height": 844}
REASON = "the vendor's scanner reads it, SEC-9"

expect.set_options(timeout=15_000)


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def controlled(box: Sandbox) -> AsyncIterator[None]:
    """The page's controls as the demo has them, and a rule that secbot did not make; no story is told."""
    now = datetime.now(UTC)
    add_controls(box, Teller(box.aws, Story(box.company, now=now), lambda: now))
    add_strangers(box)
    yield


def reach(box: Sandbox, account: str, number: int = 1) -> Event:
    """Tell that a bucket of an account can be reached from outside."""
    now = datetime.fromtimestamp(box.clock.now(), UTC)
    scene = Scene(box.company.account(account), box.company.security.id, box.company.region, now, now)
    event = access_analyzer.external(scene, "bucket", number)
    box.aws.publish(event)
    return event


def status(box: Sandbox, event: Event) -> str:
    return box.aws.apis.analyzer.status(str(event["resources"][0]), str(event["detail"]["id"]))


async def becomes(box: Sandbox, event: Event, wanted: str) -> None:
    """Wait until the analyzer says so: what is done at the source follows what the card shows."""
    await box.slack.wait_for(lambda: status(box, event) == wanted, timeout=15)


def modal(page: Page) -> Locator:
    return page.get_by_test_id("modal")


async def fill(page: Page, ends: str) -> None:
    """Fill the open window in and go on to its preview."""
    window = modal(page)
    await window.get_by_label("Why").click()
    await page.get_by_role("option", name="Expected").click()
    await window.get_by_label("Reason").fill(REASON)
    await window.get_by_label("Ends in").fill(ends)
    await window.get_by_role("button", name="Preview").click()
    await expect(window).to_contain_text("Hides now")


async def close(page: Page) -> None:
    await page.keyboard.press("Escape")
    await expect(modal(page)).to_have_count(0)


async def act(page: Page, button: Locator) -> None:
    """Press a button and, where it asks back, say yes."""
    await button.click()
    asked = page.get_by_role("alertdialog")
    if await asked.count():
        await asked.get_by_role("button").last.click()


async def test_a_finding_is_hidden_for_a_time_and_announced_again_a_week_later(box: Sandbox, visit: Visit) -> None:
    page = await visit("ana", "sec-prod")
    event = reach(box, "maps-prod")
    shown = card(page, "maps-prod")
    await shown.get_by_role("button", name="Suppress…").click()
    await expect(modal(page)).to_contain_text("Only this finding")
    await fill(page, "2d")
    await expect(modal(page)).to_contain_text("You may do this alone")
    await expect(modal(page)).to_contain_text("UpdateFindings")
    assert status(box, event) == "ACTIVE", "a preview hides nothing"
    await modal(page).get_by_role("button", name="Suppress 1 finding").click()
    await expect(modal(page)).to_contain_text("is in force")
    await close(page)
    await expect(shown.get_by_role("heading")).to_contain_text("SUPPRESSED")
    await expect(shown.get_by_role("button", name="End now")).to_be_visible()
    await expect(shown.get_by_role("button", name="Acknowledge")).to_have_count(0)
    await becomes(box, event, "ARCHIVED")
    await page.get_by_test_id("app-home").click()
    await expect(page.get_by_test_id("home")).to_contain_text(re.compile(r"L-\w+"))
    await page.get_by_test_id("channel-sec-prod").click()
    await page.get_by_test_id("controls-toggle").click()
    await page.get_by_test_id("control-skip-week").click()
    await expect(shown.first.get_by_role("button", name="Acknowledge")).to_be_visible()
    await expect(page.get_by_role("log").first).to_contain_text(re.compile(r"Shown again"))
    await becomes(box, event, "ACTIVE")


async def test_a_long_one_is_agreed_to_by_somebody_else_and_home_shows_both(box: Sandbox, visit: Visit) -> None:
    ana, ben = await visit("ana", "sec-prod"), await visit("ben", "sec-prod")
    event = reach(box, "booking-prod")
    await card(ana, "booking-prod").get_by_role("button", name="Suppress…").click()
    await fill(ana, "10d")
    await expect(modal(ana)).to_contain_text("Another person has to agree")
    await modal(ana).get_by_role("button", name="Ask for approval").click()
    await expect(modal(ana)).to_contain_text("waits for another person")
    assert status(box, event) == "ACTIVE"
    await ben.get_by_test_id("app-home").click()
    home = ben.get_by_test_id("home")
    await expect(home).to_contain_text("booking-prod")
    await expect(home).to_contain_text("Waiting for your approval (1)")
    await ben.get_by_test_id("channel-sec-prod").click()
    asked = card(ben, "booking-prod").first
    await asked.hover()
    await asked.get_by_role("button", name="Reply in thread").click()
    thread = ben.get_by_role("log", name="Thread")
    await expect(thread).to_contain_text("approval to suppress")
    await act(ben, thread.get_by_role("button", name="Approve"))
    await expect(asked.get_by_role("heading")).to_contain_text("SUPPRESSED")
    await becomes(box, event, "ARCHIVED")
    await close(ana)
    listed = await ask(ana, "/sec leases")
    await expect(listed).to_contain_text(re.compile(r"L-\w+"))
    await listed.get_by_role("button", name="Show").last.click()
    await expect(answers(ana).last).to_contain_text("approved by")


async def test_a_rule_that_somebody_else_made_is_told_with_who_made_it(visit: Visit) -> None:
    page = await visit("gil", "sec-all")
    listed = await ask(page, "/sec leases drift")
    await expect(listed).to_contain_text("quiet-please")
    await expect(listed).to_contain_text("Not made by secbot")
    await expect(listed).to_contain_text("contractor")
    await expect(answers(page).last).to_contain_text("it names no resource and no principal")


async def test_hiding_works_on_a_phone(box: Sandbox, visit: Visit) -> None:
    page = await visit("ana", "sec-staging", PHONE)
    event = reach(box, "maps-staging")
    shown = card(page, "maps-staging")
    await shown.get_by_role("button", name="Suppress…").click()
    await fill(page, "1d")
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    button = modal(page).get_by_role("button", name="Suppress 1 finding")
    await button.scroll_into_view_if_needed()
    await button.click()
    await expect(modal(page)).to_contain_text("is in force")
    await becomes(box, event, "ARCHIVED")
    await act(page, modal(page).get_by_role("button", name="Undo"))
    await expect(modal(page)).to_contain_text("It is over")
    await expect(modal(page)).to_contain_text("undone")
    await becomes(box, event, "ACTIVE")
    await close(page)
