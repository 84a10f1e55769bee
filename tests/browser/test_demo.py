"""What people see and do in the sandbox, in a real browser: the demo's promises, each as one short story.

Every test tells a finding of its own, so the tests may run in any order and alone.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime

import pytest
import pytest_asyncio
from playwright.async_api import expect

from sandbox.events import hostile
from sandbox.events.catalogue import control, threat
from sandbox.events.hostile import CASES
from sandbox.run import Sandbox
from tests.browser.acts import Visit, answers, ask, card, references, resolve, scene, tell

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

CRITICAL_CONTROLS = ["S3.2", "S3.3", "EC2.1", "EC2.19", "IAM.6", "RDS.1", "RDS.2", "Lambda.1", "SSM.4", "Redshift.1"]
NASTY = ("mentions in the title", "links in the title", "markup in the title", "links in a resource")
PATIENCE_MS = 15_000

expect.set_options(timeout=PATIENCE_MS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def critical(box: Sandbox) -> AsyncIterator[None]:
    """Ten critical findings of production that secbot knows: more than a page of a list holds."""
    ana = box.slack.actor("U0ANA")
    for number, name in enumerate(CRITICAL_CONTROLS):
        tell(box, control(name, scene(box, "crm-prod"), 700 + number))
    await box.slack.wait_for(lambda: not box.aws.queue.depth and len(ana.messages("sec-critical")) >= 3, timeout=20)
    yield


# --- the stories -----------------------------------------------------------------------------------------------------------------


async def test_a_finding_becomes_a_card_in_the_channel_of_its_route(box: Sandbox, visit: Visit) -> None:
    page = await visit("ana", "sec-prod")
    tell(box, control("S3.8", scene(box, "payments-prod"), 1))
    shown = card(page, "payments-prod")
    await expect(shown.get_by_role("heading")).to_have_text("🟠 HIGH · S3 bucket must have Block Public Access on")
    await expect(shown).to_contain_text("prod · OU Workloads/Prod")
    await expect(shown.get_by_role("button", name="Acknowledge")).to_be_visible()
    await expect(shown.get_by_role("heading").locator(".emoji svg")).to_be_visible()  # severity needs no emoji font


async def test_a_completed_command_answers_only_the_one_who_asked(box: Sandbox, visit: Visit, critical: None) -> None:
    ana, ben = await visit("ana", "sec-prod"), await visit("ben", "sec-prod")
    composer = ana.get_by_test_id("composer")
    await composer.press_sequentially("/sec findings pr")
    await expect(ana.get_by_test_id("completion").get_by_role("option").first).to_contain_text("findings prod")
    await composer.press("Tab")
    await expect(composer).to_have_value(re.compile(r"^/sec findings prod\b"))
    await composer.press("Enter")
    await expect(answers(ana)).to_contain_text(["Only visible to you"])
    await expect(answers(ana)).to_contain_text(["env:prod"])
    await expect(answers(ben)).to_have_count(0)


async def test_next_turns_the_page_of_a_list_in_place(visit: Visit, critical: None) -> None:
    page = await visit("ana", "sec-prod")
    listed = await ask(page, "/sec findings prod critical")
    await expect(listed).to_contain_text("page 1 of 2")
    first = await references(listed)
    known = await answers(page).count()
    await listed.get_by_role("button", name="Next").click()
    await expect(listed).to_contain_text("page 2 of 2")
    second = await references(listed)
    assert len(first) == 8
    assert not set(first) & set(second)
    await expect(answers(page)).to_have_count(known)


async def test_details_open_at_once_as_loading_and_then_fill(box: Sandbox, visit: Visit) -> None:
    page = await visit("ana", "sec-prod")
    tell(box, control("EC2.8", scene(box, "search-prod"), 2))
    box.slack.faults.add("views.update", "hang")
    await card(page, "search-prod").get_by_role("button", name="Details").click()
    modal = page.get_by_test_id("modal")
    await expect(modal).to_contain_text("Loading")
    await box.slack.wait_for(lambda: not box.slack.faults.active)
    box.slack.faults.release()
    await expect(modal.get_by_role("heading").nth(1)).to_contain_text("EC2 instance must demand IMDSv2")
    await expect(modal).to_contain_text("Timeline")
    await page.keyboard.press("Escape")
    await expect(modal).to_have_count(0)


async def test_an_acknowledgement_shows_on_every_screen_and_in_the_thread(box: Sandbox, visit: Visit) -> None:
    ana, ben = await visit("ana", "sec-prod"), await visit("ben", "sec-prod")
    tell(box, control("EC2.13", scene(box, "maps-prod"), 3))
    await card(ana, "maps-prod").get_by_role("button", name="Acknowledge").click()
    for page in (ana, ben):
        shown = card(page, "maps-prod")
        await expect(shown.get_by_role("heading")).to_contain_text("👀 ACKNOWLEDGED · HIGH")
        await expect(shown).to_contain_text("Acknowledged by @Ana Ruiz · holds until")
        await expect(shown.get_by_role("button", name="Acknowledge")).to_have_count(0)
    await card(ben, "maps-prod").get_by_role("button", name="1 reply").click()
    line = ben.get_by_role("log", name="Thread").get_by_test_id("message").nth(1)
    await expect(line).to_contain_text("Acknowledged")
    await expect(line).to_contain_text("@Ana Ruiz")


async def test_a_resolved_finding_turns_green_and_cannot_be_acknowledged(box: Sandbox, visit: Visit) -> None:
    page = await visit("ana", "sec-prod")
    problem = tell(box, control("EC2.2", scene(box, "booking-prod"), 4))
    shown = card(page, "booking-prod")
    await expect(shown.get_by_role("button", name="Acknowledge")).to_be_visible()
    resolve(box, problem)
    await expect(shown.get_by_role("heading")).to_contain_text(re.compile("✅ RESOLVED · .*Default security group"))
    await expect(shown).to_contain_text("Resolved after")
    await expect(shown.get_by_role("button", name="Acknowledge")).to_have_count(0)


@pytest.mark.parametrize(
    ("who", "place", "why"),
    [
        ("ivo", "partner-shared", "secbot answers only members of its own workspace"),
        ("hana", "sec-prod", "Guests may not use secbot"),
    ],
    ids=["a stranger", "a guest"],
)
async def test_outsiders_are_refused_with_words(visit: Visit, who: str, place: str, why: str) -> None:
    page = await visit(who, place)
    refusal = await ask(page, "/sec findings prod")
    await expect(refusal).to_contain_text(why)
    await expect(refusal).not_to_contain_text("F-")


async def test_who_may_not_acknowledge_is_told_so_and_the_card_stays(box: Sandbox, visit: Visit) -> None:
    page = await visit("emre", "sec-prod")
    tell(box, threat("UnauthorizedAccess:EC2/SSHBruteForce", scene(box, "mobile-api-prod"), 5))
    shown = card(page, "mobile-api-prod")
    await shown.get_by_role("button", name="Acknowledge").click()
    await expect(answers(page)).to_contain_text(["You may not use ack here. Who may: on-call"])
    await expect(shown.get_by_role("button", name="Acknowledge")).to_be_visible()


async def test_a_mistyped_command_offers_the_repaired_one_as_a_button(visit: Visit, critical: None) -> None:
    page = await visit("ana", "sec-prod")
    trouble = await ask(page, "/sec findngs prod")
    await expect(trouble).to_contain_text("I don't know findngs. Did you mean")
    known = await answers(page).count()
    await trouble.get_by_role("button", name="findings prod").click()
    await expect(answers(page).nth(known)).to_contain_text("page 1 of")


async def test_hostile_names_mention_nobody_link_nowhere_and_run_nothing(box: Sandbox, visit: Visit) -> None:
    page = await visit("ana", "sec-dev")
    events = hostile(box.company, datetime.now(UTC))
    for name in NASTY:
        box.aws.publish(events[list(CASES).index(name)])
    cards = card(page, "sandbox-ana")
    await expect(cards).to_have_count(len(NASTY))
    await expect(cards.locator(".mention")).to_have_count(0)
    await expect(cards.locator("a[href]")).to_have_count(0)
    await expect(cards.locator("script, iframe, img, b:not(.name, .app-tag)")).to_have_count(0)
    mentioning = cards.filter(has=page.get_by_role("heading").filter(has_text="@channel"))
    await mentioning.get_by_role("button", name="Details").click()
    modal = page.get_by_test_id("modal")
    await expect(modal).to_contain_text("As the source sent it")
    await expect(modal.locator(".mention, a[href]")).to_have_count(0)
    await page.keyboard.press("Escape")
    await expect(modal).to_have_count(0)


async def test_a_card_can_be_read_and_acknowledged_on_a_phone(box: Sandbox, visit: Visit) -> None:
    page = await visit("ana", "sec-prod", {"width": 390, "height": 844})
    tell(box, control("S3.5", scene(box, "web-prod"), 6))
    button = card(page, "web-prod").get_by_role("button", name="Acknowledge")
    await expect(button).to_be_in_viewport()
    assert await page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    await button.click()
    await expect(card(page, "web-prod")).to_contain_text("Acknowledged by @Ana Ruiz")
