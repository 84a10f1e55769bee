"""The whole sandbox and a real browser before it, once for a module of tests.

Problem solved: what a person sees is the last thing that can be wrong, so these tests see it too: the bot runs as in production, and a
headless Chromium shows the stand-in's page. Refuses to wait for time to pass: every wait is for something on the screen.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator
from urllib.parse import urlsplit

import pytest
import pytest_asyncio
from playwright.async_api import Browser, ConsoleMessage, Dialog, Page, Request, ViewportSize, async_playwright

from sandbox.run import Sandbox, sandbox
from tests.browser.acts import Visit

_NAMES = ("chromium", "chromium-browser", "/usr/bin/chromium")
_ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
)
_WIDE: ViewportSize = {"width": 1280, "height": 900}
_WAIT_MS = 15_000  # for one condition; a card may wait for its turn behind others


def _chromium() -> str:
    found = next((path for name in _NAMES if (path := shutil.which(name))), None)
    if found is None:
        missing = "no Chromium on this machine"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{missing}: the browser tests must run in CI")
        pytest.skip(missing)
    return found


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    path = _chromium()
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=list(_ARGUMENTS))
        yield browser
        await browser.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def box(browser: Browser) -> AsyncIterator[Sandbox]:
    """Stand-ins and bot; asks for the browser first, so that nothing starts where there is none.

    Of a module, not of a session: the sandbox changes this process's environment, which other tests must not see.
    """
    async with sandbox() as box:
        yield box


@pytest_asyncio.fixture(loop_scope="module")
async def visit(box: Sandbox, browser: Browser) -> AsyncIterator[Visit]:
    """Opens the page as somebody: `await visit("ana", "sec-prod")`. At the end, no page may have erred or asked anything of the world."""
    trouble: list[str] = []
    contexts = []

    async def open_page(name: str, place: str = "", size: ViewportSize = _WIDE) -> Page:
        context = await browser.new_context(viewport=size)
        contexts.append(context)
        page = await context.new_page()
        page.set_default_timeout(_WAIT_MS)
        _watch(page, trouble)
        await page.goto(f"{box.slack.page_url}?user={box.company.person(name).id}#{place}")
        await page.get_by_test_id("bot-status").get_by_text("connected").wait_for(state="attached")
        await page.locator(".list-top > *").first.wait_for(state="attached")  # the channel's history is there
        return page

    yield open_page
    for context in contexts:
        await context.close()
    assert trouble == []


def _watch(page: Page, trouble: list[str]) -> None:
    """Note what must not happen on a page: errors, dialogs, requests to anywhere but this machine."""

    def asked(request: Request) -> None:
        if not _is_ours(request.url):
            trouble.append(f"request to {request.url}")

    def said(message: ConsoleMessage) -> None:
        if message.type == "error":
            trouble.append(f"console: {message.text}")

    async def dismiss(dialog: Dialog) -> None:
        trouble.append(f"dialog: {dialog.message}")
        await dialog.dismiss()

    page.on("pageerror", lambda error: trouble.append(f"script error: {error}"))
    page.on("request", asked)
    page.on("console", said)
    page.on("dialog", dismiss)


def _is_ours(url: str) -> bool:
    parts = urlsplit(url)
    return parts.scheme in ("data", "blob") or parts.hostname == "127.0.0.1"
