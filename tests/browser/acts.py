"""What the browser tests do and look at: tell a finding, find its card, type a command and wait for its answer.

Refuses to know how the page is built beyond the names and roles that PROTOCOL.md promises.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import TypeAlias

from playwright.async_api import Locator, Page

from sandbox.events.catalogue import Problem
from sandbox.events.scene import Scene
from sandbox.run import Sandbox

Visit: TypeAlias = Callable[..., Awaitable[Page]]  # (name of a person, place, size of the window) -> the page


def scene(box: Sandbox, account: str) -> Scene:
    now = datetime.now(UTC)
    return Scene(box.company.account(account), box.company.security.id, box.company.region, now, now)


def tell(box: Sandbox, problem: Problem) -> Problem:
    """Publish a problem as new."""
    box.aws.publish(problem.active(problem.scene))
    return problem


def resolve(box: Sandbox, problem: Problem) -> None:
    """Publish that a problem is over."""
    assert problem.resolved is not None
    box.aws.publish(problem.resolved(problem.scene.at(datetime.now(UTC))))


def card(page: Page, account: str) -> Locator:
    """The card of the finding in this account; every test has an account of its own."""
    return page.get_by_role("log").first.get_by_test_id("message").filter(has_text=account)


async def ask(page: Page, text: str) -> Locator:
    """Type a command; the answer that comes next and that only this user sees."""
    known = await answers(page).count()
    composer = page.get_by_test_id("composer")
    await composer.fill(text)
    await composer.press("Escape")  # what is offered while typing goes away
    await composer.press("Enter")
    return answers(page).nth(known)


def answers(page: Page) -> Locator:
    return page.get_by_test_id("ephemeral")


async def references(listed: Locator) -> list[str]:
    return await listed.locator("code").filter(has_text=re.compile(r"^F-\d+$")).all_inner_texts()


@asynccontextmanager
async def next_answer(page: Page) -> AsyncIterator[Locator]:
    """The answer to what is done in the block."""
    yield answers(page).nth(await answers(page).count())


async def choose(page: Page, row: Locator, choice: str) -> None:
    """Open the first menu of a message and choose from it."""
    await row.get_by_role("button", name="More").first.click()
    await page.get_by_role("menuitem", name=choice).click()
