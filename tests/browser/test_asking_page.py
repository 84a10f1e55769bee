"""Asking in a real browser: pages, views, windows, threads, Home and counts, each as one short story.

The findings that everybody asks about are told once; a story that changes something tells a finding of its own, so the stories may run
in any order and alone.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from sandbox.events.catalogue import control
from sandbox.run import Sandbox
from tests.browser.acts import Visit, ask, card, choose, next_answer, references, scene, tell

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

CONTROLS = ["S3.2", "S3.3", "EC2.1", "EC2.19", "IAM.6", "RDS.1", "RDS.2", "Lambda.1", "SSM.4", "Redshift.1"]
ON_PAGE = 8
PHONE = {"width": 390, "height": 844}

expect.set_options(timeout=15_000)


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def told(box: Sandbox) -> AsyncIterator[None]:
    """Ten critical findings of one account, and one of another account that shares a control with them."""
    for number, name in enumerate(CONTROLS):
        tell(box, control(name, scene(box, "crm-prod"), 700 + number))
    tell(box, control("S3.2", scene(box, "booking-staging"), 720))
    await taken_in(box)
    yield


async def taken_in(box: Sandbox) -> None:
    """Everything that was told is in the store: a message is deleted after its finding is committed."""
    await box.slack.wait_for(lambda: not box.aws.queue.depth, timeout=20)


def modal(page: Page) -> Locator:
    return page.get_by_test_id("modal")


async def close(page: Page) -> None:
    await page.keyboard.press("Escape")
    await expect(modal(page)).to_have_count(0)


# --- the stories -----------------------------------------------------------------------------------------------------------------


async def test_pages_hold_still_while_findings_arrive_and_newer_ones_are_counted(box: Sandbox, visit: Visit) -> None:
    page = await visit("ana", "sec-all")
    listed = await ask(page, "/sec findings account:crm-prod critical")
    await expect(listed).to_contain_text("page 1 of 2")
    first = await references(listed)
    tell(box, control("S3.2", scene(box, "crm-prod"), 730))
    await taken_in(box)
    await listed.get_by_role("button", name="Next").click()
    await expect(listed).to_contain_text("page 2 of 2")
    await expect(listed).to_contain_text("1 newer")
    second = await references(listed)
    assert (len(first), len(second)) == (ON_PAGE, len(CONTROLS) - ON_PAGE)
    assert not set(first) & set(second)
    await listed.get_by_role("button", name="Prev").click()
    await expect(listed).to_contain_text("page 1 of 2")
    assert await references(listed) == first
    await listed.get_by_role("button", name="Refresh").click()
    await expect(listed).not_to_contain_text("newer")
    assert await references(listed) != first


async def test_the_menu_of_a_row_opens_the_finding_with_what_is_related_to_it(visit: Visit) -> None:
    page = await visit("ben", "sec-all")
    listed = await ask(page, "/sec findings account:booking-staging control:S3.2")
    await expect(listed).to_contain_text("page 1 of 1")
    [reference] = await references(listed)
    await choose(page, listed, "Details")
    await expect(modal(page).get_by_role("heading").first).to_have_text(reference)
    await expect(modal(page)).to_contain_text("Timeline")
    await expect(modal(page)).to_contain_text("Same control (S3.2)")
    await modal(page).get_by_role("button", name="List all").click()
    await expect(modal(page)).to_contain_text("crm-prod")
    await expect(modal(page)).to_contain_text("page 1 of")
    await page.keyboard.press("Escape")
    await expect(modal(page)).to_contain_text("Timeline")  # the finding was kept beneath the list
    await close(page)


async def test_a_saved_view_is_a_question_that_can_be_asked_by_its_name(visit: Visit) -> None:
    page = await visit("chen", "sec-all")
    listed = await ask(page, "/sec findings account:crm-prod critical")
    await listed.get_by_role("button", name="More").last.click()  # what finds no room under the list
    await page.get_by_role("menuitem", name="Save view…").click()
    await expect(modal(page).get_by_label("Query")).to_have_value(re.compile("account:crm-prod"))
    await modal(page).get_by_label("Name").fill("not a name!")
    await modal(page).get_by_role("button", name="Save").click()
    await expect(modal(page).get_by_role("alert").first).to_be_visible()
    await modal(page).get_by_label("Name").fill("night-shift")
    await modal(page).get_by_role("button", name="Save").click()
    await expect(modal(page)).to_contain_text("Saved: @night-shift is")
    await close(page)
    used = await ask(page, "/sec findings @night-shift")
    await expect(used).to_contain_text("account:crm-prod sev:critical")
    await expect(used).to_contain_text("page 1 of 2")
    await expect(await ask(page, "/sec views")).to_contain_text("@night-shift")


async def test_a_word_that_is_nothing_here_offers_the_closest_one(visit: Visit) -> None:
    page = await visit("dora", "sec-all")
    trouble = await ask(page, "/sec findings prdo critical")
    await expect(trouble).to_contain_text(
        "prdo is not an environment, account, source or severity here. Closest: prod."
    )
    async with next_answer(page) as repaired:
        await trouble.get_by_role("button", name="Use prod").click()
        await expect(repaired).to_contain_text("env:prod sev:critical")


async def test_a_mention_in_a_cards_thread_is_about_its_finding(box: Sandbox, visit: Visit) -> None:
    page = await visit("ana", "sec-staging")
    tell(box, control("EC2.8", scene(box, "maps-staging"), 740))
    shown = card(page, "maps-staging")
    await shown.hover()
    await shown.get_by_role("button", name="Reply in thread").click()
    composer = page.get_by_test_id("thread-composer")
    await composer.press_sequentially("@sec")
    await expect(page.get_by_test_id("completion").get_by_role("option").first).to_contain_text("secbot")
    await composer.press("Tab")
    await composer.press_sequentially("ack")
    await composer.press("Enter")
    thread = page.get_by_role("log", name="Thread")
    await expect(thread.get_by_test_id("ephemeral")).to_contain_text(["You have F-"])
    await expect(thread.get_by_test_id("message").last).to_contain_text("Acknowledged")
    await expect(shown.get_by_role("heading")).to_contain_text("👀 ACKNOWLEDGED")


async def test_home_shows_what_is_on_its_reader_and_lists_an_environment(box: Sandbox, visit: Visit) -> None:
    page = await visit("ben", "sec-staging")
    tell(box, control("EC2.8", scene(box, "search-staging"), 741))
    await card(page, "search-staging").get_by_role("button", name="Acknowledge").click()
    await expect(card(page, "search-staging")).to_contain_text("Acknowledged by")
    await page.get_by_test_id("app-home").click()
    home = page.get_by_test_id("home")
    await expect(home).to_contain_text("On you (1)")
    await expect(home.get_by_text("search-staging")).to_have_count(1)  # once, though it also ends soon
    await expect(home).to_contain_text("secbot works")
    await home.get_by_role("button", name="List", exact=True).first.click()
    await expect(modal(page)).to_contain_text(re.compile(r"in env:\w+"))
    await expect(modal(page)).to_contain_text("page 1 of")
    await close(page)


async def test_counts_by_account_are_a_chart_a_table_and_buttons_that_list(visit: Visit) -> None:
    page = await visit("fay", "sec-all")
    counted = await ask(page, "/sec findings account:crm-prod,booking-staging critical by:account")
    chart = counted.get_by_role("img", name="Findings by account")
    await expect(chart).to_have_attribute("aria-label", re.compile(r"critical: crm-prod \d+, booking-staging 1$"))
    ticks = await chart.locator("text.tick").all_text_contents()
    assert not any("." in tick for tick in ticks), "half a finding"
    row = counted.get_by_role("row").filter(has_text="booking-staging")
    await expect(row).to_have_text(re.compile(r"booking-staging \d{12}\s*1\s*1"))
    async with next_answer(page) as listed:
        await counted.get_by_role("button", name="booking-staging", exact=True).click()
        await expect(listed).to_contain_text("page 1 of 1 · 1 finding")


async def test_counts_can_be_read_on_a_phone(visit: Visit) -> None:
    page = await visit("fay", "sec-all", PHONE)
    counted = await ask(page, "/sec findings account:crm-prod,booking-staging critical by:account")
    row = counted.get_by_role("row").filter(has_text="booking-staging")
    await row.get_by_role("cell").last.scroll_into_view_if_needed()
    for cell in (row.get_by_role("cell").first, row.get_by_role("cell").last):
        await expect(cell).to_be_in_viewport(ratio=1)
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
