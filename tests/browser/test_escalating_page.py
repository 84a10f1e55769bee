"""Escalations in a real browser: a card that nobody answers, time put forward, who is called, and the answer in the card's thread.

Every story tells a finding of its own, so the stories may run in any order and alone; the time that one of them skips is everybody's.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
import pytest_asyncio
from playwright.async_api import Locator, Page, expect

from sandbox.events import Story
from sandbox.events import securityhub as hub
from sandbox.events.scene import Scene
from sandbox.run import Sandbox, Teller, add_controls
from tests.browser.acts import Visit, card

pytestmark = [pytest.mark.browser, pytest.mark.asyncio(loop_scope="module")]

expect.set_options(timeout=15_000)


@pytest_asyncio.fixture(scope="module", loop_scope="module", autouse=True)
async def controlled(box: Sandbox) -> AsyncIterator[None]:
    """The page's controls as the demo has them; no story is told."""
    now = datetime.now(UTC)
    add_controls(box, Teller(box.aws, Story(box.company, now=now), lambda: now))
    yield


def tell_critical(box: Sandbox, account: str) -> dict[str, Any]:
    """A bucket of a production account is public: critical, so that somebody is called."""
    now = datetime.fromtimestamp(box.clock.now(), UTC)
    scene = Scene(box.company.account(account), box.company.security.id, box.company.region, now, now)
    event = hub.imported(scene, hub.control_finding(scene, "S3.2", 1))
    box.aws.publish(event)
    return event


def log(page: Page) -> Locator:
    return page.get_by_role("log").first


async def skip(page: Page, how_far: str) -> None:
    """Put the time forward by the page's control."""
    control = page.get_by_test_id(f"control-skip-{how_far}")
    if not await control.is_visible():
        await page.get_by_test_id("controls-toggle").click()
    await control.click()


async def test_a_card_that_nobody_answers_escalates_and_an_answer_in_its_thread_ends_it_everywhere(
    box: Sandbox, visit: Visit
) -> None:
    page = await visit("ana", "sec-critical")
    tell_critical(box, "maps-prod")
    shown = card(page, "maps-prod").first
    await expect(shown).to_contain_text("ack due")
    await skip(page, "minutes")
    await expect(log(page)).to_contain_text("Escalated to level 1 of 3")
    await expect(shown).to_contain_text("level 1 of 3 told")
    await skip(page, "minutes")
    await expect(log(page)).to_contain_text("Escalated to level 2 of 3")
    [on_call] = {p for p in ("ana", "ben") if box.slack.actor(box.company.person(p).id).messages(_dm(box, p))}
    called, leads = await visit(on_call, "sec-prod"), await visit("chen", "security")
    await called.get_by_role("navigation").get_by_text("secbot", exact=True).first.click()
    own = card(called, "maps-prod").first
    await expect(own.get_by_role("button", name="Can't take it")).to_be_visible()
    copy = card(leads, "maps-prod").first
    await expect(copy.get_by_role("button", name="Acknowledge")).to_be_visible()

    await shown.hover()
    await shown.get_by_role("button", name="Reply in thread").click()
    composer = page.get_by_test_id("thread-composer")
    await composer.fill("@secbot ack")
    await composer.press("Enter")
    thread = page.get_by_role("log", name="Thread")
    await expect(thread).to_contain_text("its escalation is stopped")
    for one in (shown, own, copy):
        await expect(one.get_by_role("heading")).to_contain_text(re.compile("acknowledged", re.IGNORECASE))
        await expect(one.get_by_role("button", name="Acknowledge")).to_have_count(0)


def _dm(box: Sandbox, name: str) -> str:
    return box.slack.actor(box.company.person(name).id).dm()
