"""The page itself, in a real browser: Home, modals, shortcuts, threads, tables, previews, files, and a list that keeps still.

The bot is a raw connection here: what reaches it, and when it acks, is the test's choice.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from itertools import pairwise
from typing import Any, TypeAlias

import pytest
from playwright.async_api import Locator, Page, ViewportSize, async_playwright, expect

pytestmark = pytest.mark.browser

Visit: TypeAlias = Callable[..., Awaitable[Page]]
WIDE: ViewportSize = {"width": 1280, "height": 800}
PHONE: ViewportSize = {"width": 390, "height": 844}
WAIT_MS = 10_000
LEAST_LETTER_PX = 8.0  # lower letters of a chart cannot be read on a phone
URL = "https://eu-west-1.console.aws.amazon.com/guardduty?id=1"
SECTION = {"type": "section", "text": {"type": "mrkdwn", "text": "S3 bucket is public"}}
TABLE = {
    "type": "table",
    "rows": [[{"type": "raw_text", "text": f"{name} {n}"} for n in range(6)] for name in ("Account", "payments-prod")],
}
CATEGORIES = [f"{day} Nov" for day in range(12, 26)]
LINES = {
    "type": "data_visualization",
    "title": "Score per standard",
    "chart": {
        "type": "line",
        "axis_config": {"categories": CATEGORIES, "y_label": "Passed %"},
        "series": [{"name": "CIS", "data": [{"label": c, "value": 70 + i} for i, c in enumerate(CATEGORIES)]}],
    },
}
BAR_OF_LIST = {
    "type": "actions",
    "block_id": "bar",
    "elements": [
        {
            "type": "static_select",
            "action_id": "sort",
            "options": [{"text": {"type": "plain_text", "text": t}, "value": t} for t in ("age", "account")],
        }
    ],
}


def plain(text: str) -> dict[str, str]:
    return {"type": "plain_text", "text": text}


def buttons(block_id: str, *names: str) -> dict[str, Any]:
    elements = [{"type": "button", "action_id": name, "value": name, "text": plain(name)} for name in names]
    return {"type": "actions", "block_id": block_id, "elements": elements}


def form(note: str) -> dict[str, Any]:
    reason = {"type": "plain_text_input", "action_id": "text", "multiline": True}
    owner = {"type": "users_select", "action_id": "user"}
    return {
        "type": "modal",
        "title": plain("Suppress"),
        "submit": plain("Go"),
        "private_metadata": "F-1",
        "blocks": [
            {"type": "section", "text": {"type": "mrkdwn", "text": note}},
            {"type": "input", "block_id": "reason", "label": plain("Reason"), "element": reason},
            {"type": "input", "block_id": "owner", "label": plain("Owner"), "element": owner},
            *[SECTION] * 30,
        ],
    }


def _chromium() -> str:
    found = next((path for name in ("chromium", "chromium-browser") if (path := shutil.which(name))), None)
    if found is None:
        missing = "no Chromium on this machine"
        if os.environ.get("CI") == "true":
            pytest.fail(f"{missing}: the browser tests must run in CI")
        pytest.skip(missing)
    return found


@pytest.fixture
async def visit(kit: Any) -> AsyncIterator[Visit]:
    """Opens the page as Anna: `await visit("sec-prod", PHONE)`. No script on it may fail."""
    trouble: list[str] = []
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=_chromium(), args=arguments)

        async def open_page(place: str, size: ViewportSize = WIDE, user: str = "U0ANNA") -> Page:
            page = await browser.new_page(viewport=size)
            page.set_default_timeout(WAIT_MS)
            page.on("pageerror", lambda error: trouble.append(str(error)))
            await page.goto(f"{kit.server.page_url}?user={user}#{place}")
            await page.locator(".list-top > *, .home > *").first.wait_for(state="attached")
            return page

        yield open_page
        await browser.close()
    assert trouble == []


async def acked(bot: Any, answer: dict[str, Any] | None = None) -> Any:
    """The next payload for the app, acked."""
    await bot.ack(envelope := await bot.receive(), answer)
    return envelope["payload"]


async def cards(client: Any, n: int) -> None:
    for _ in range(n):
        await client.chat_postMessage(channel="C0SEC", text="x", blocks=[SECTION, buttons("b", "Fix")])


async def type_to(page: Page, composer: str, *pieces: str) -> None:
    """Type piece by piece; Enter after each takes what is offered, and sends at last."""
    await page.get_by_test_id(composer).click()
    for piece in pieces:
        await page.keyboard.type(piece)
        await page.keyboard.press("Enter")


async def distance_to_end(page: Page) -> float:
    script = (
        "() => { const s = document.querySelector('.scroller'); return s.scrollHeight - s.scrollTop - s.clientHeight; }"
    )
    return float(await page.evaluate(script))


async def in_view(row: Locator) -> None:
    await expect(row).to_be_in_viewport(ratio=1.0, timeout=WAIT_MS)


@pytest.mark.parametrize("size", [WIDE, PHONE])
async def test_the_home_tab_opens_a_modal_that_keeps_what_was_typed(kit: Any, visit: Visit, size: ViewportSize) -> None:
    bot, client = await kit.bot(), kit.client()
    page = await visit("sec-prod", size)
    if size is PHONE:
        await page.get_by_role("button", name="Open navigation").click()
    await page.get_by_test_id("app-home").click()
    assert (await acked(bot))["event"]["tab"] == "home"
    await client.views_publish(user_id="U0ANNA", view={"type": "home", "blocks": [buttons("b", "New")]})
    await page.get_by_test_id("home").get_by_role("button", name="New").click()
    payload = await acked(bot)
    assert payload["container"]["type"] == "view"
    opened = (await client.views_open(trigger_id=payload["trigger_id"], view=form("Would hide 17.")))["view"]
    modal = page.get_by_test_id("modal")
    await modal.get_by_label("Reason").fill("known\nand fine")
    await client.views_update(view_id=opened["id"], hash=opened["hash"], view=form("Would hide 18."))
    await modal.get_by_text("Would hide 18.").wait_for()
    await expect(modal.get_by_label("Reason")).to_be_focused()
    await in_view(modal.get_by_role("button", name="Go"))
    await modal.get_by_role("combobox", name="Owner").click()
    await page.get_by_role("listbox").get_by_role("option", name="Ben Boone").click()
    await modal.get_by_role("button", name="Go").click()
    sent = await acked(bot, {"response_action": "errors", "errors": {"reason": "Say more."}})
    assert sent["view"]["private_metadata"] == "F-1"
    assert sent["view"]["state"]["values"]["reason"]["text"]["value"] == "known\nand fine"
    assert sent["view"]["state"]["values"]["owner"]["user"]["selected_user"] == "U0BEN"
    await modal.get_by_text("Say more.").wait_for()


async def test_shortcuts_are_found_at_the_composer_and_at_a_message(kit: Any, visit: Visit) -> None:
    bot = await kit.bot()
    await kit.client().chat_postMessage(channel="C0SEC", text="card")
    page = await visit("sec-prod")
    await page.get_by_test_id("shortcuts").click()
    await page.get_by_role("menuitem", name="Open the menu").click()
    assert (await acked(bot))["callback_id"] == "menu"
    await page.get_by_test_id("message").hover()
    await page.get_by_test_id("message-menu").click()
    await page.get_by_role("menuitem", name="Acknowledge").click()
    payload = await acked(bot)
    assert (payload["callback_id"], payload["message"]["text"]) == ("ack_it", "card")


async def test_a_mention_in_a_thread_is_answered_there_privately(kit: Any, visit: Visit) -> None:
    bot, client = await kit.bot(), kit.client()
    parent = (await client.chat_postMessage(channel="C0SEC", text="card"))["ts"]
    page = await visit(f"sec-prod/{parent}")
    await type_to(page, "thread-composer", "@sec", "why")
    event = (await acked(bot))["event"]
    assert (event["type"], event["text"], event["thread_ts"]) == ("app_mention", "<@U0SECBOT> why", parent)
    await client.chat_postEphemeral(channel="C0SEC", user="U0ANNA", text="because", thread_ts=parent)
    thread = page.get_by_role("complementary", name="Thread")
    await thread.get_by_test_id("ephemeral").get_by_text("because").wait_for()
    await expect(thread.locator(".replies-line")).to_have_text("1 reply")
    assert await page.get_by_role("log").first.get_by_test_id("ephemeral").count() == 0


async def test_tables_and_charts_can_be_read_on_a_phone(kit: Any, visit: Visit) -> None:
    page = await visit("sec-prod", PHONE)
    await kit.client().chat_postEphemeral(channel="C0SEC", user="U0ANNA", text="x", blocks=[TABLE, LINES])
    answer = page.get_by_test_id("ephemeral")
    await answer.get_by_role("cell", name="payments-prod 0").wait_for()
    assert await page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]
    heights = await answer.locator(".tick").evaluate_all("all => all.map(t => t.getBoundingClientRect().height)")
    assert min(heights) > LEAST_LETTER_PX
    lefts = "all => all.map(t => t.getBoundingClientRect()).map(r => [r.left, r.right])"
    labels = sorted(await answer.locator(".tick", has_text="Nov").evaluate_all(lefts))
    assert all(one[1] < other[0] for one, other in pairwise(labels))
    await in_view(answer.get_by_role("list"))


async def test_a_preview_that_arrives_under_the_newest_message_is_in_view(kit: Any, visit: Visit) -> None:
    bot, client = await kit.bot(), kit.client()
    page = await visit("sec-prod")
    await cards(client, 8)
    await type_to(page, "composer", f"look {URL}")
    event = (await acked(bot))["event"]
    preview = {URL: {"blocks": [*[SECTION] * 5, buttons("u", "Acknowledge")]}}
    await client.chat_unfurl(unfurl_id=event["unfurl_id"], source=event["source"], unfurls=preview)
    unfurl = page.get_by_test_id("unfurl")
    await in_view(unfurl)
    await unfurl.get_by_role("button", name="Acknowledge").click()
    container = (await acked(bot))["container"]
    assert (container["type"], container["app_unfurl_url"]) == ("message_attachment", URL)
    later = {URL: {"blocks": [SECTION, buttons("u", "Acknowledge")]}}
    await client.chat_unfurl(channel="C0SEC", ts=event["message_ts"], unfurls=later)
    await expect(unfurl.get_by_role("button", name="Acknowledge")).to_be_focused()


@pytest.mark.parametrize("size", [WIDE, PHONE])
async def test_an_open_menu_holds_the_list_still_while_cards_arrive(kit: Any, visit: Visit, size: ViewportSize) -> None:
    client = kit.client()
    page = await visit("sec-prod", size)
    await cards(client, 6)
    listed = {"text": "list", "blocks": [*[SECTION] * 6, BAR_OF_LIST]}
    await client.chat_postEphemeral(channel="C0SEC", user="U0ANNA", **listed)
    await page.get_by_test_id("ephemeral").get_by_role("combobox").click()
    await page.get_by_role("searchbox").fill("acc")
    before = await page.get_by_test_id("ephemeral").bounding_box()
    await cards(client, 12)
    await page.get_by_role("button", name="12 new messages").wait_for()
    assert await page.get_by_test_id("ephemeral").bounding_box() == before
    await expect(page.get_by_role("searchbox")).to_be_focused()
    await page.keyboard.press("Escape")
    await page.get_by_role("button", name="12 new messages").click()
    await in_view(page.get_by_test_id("message").last)


async def test_typing_goes_on_while_cards_arrive_and_sending_shows_the_end(kit: Any, visit: Visit) -> None:
    bot, client = await kit.bot(), kit.client()
    page = await visit("sec-prod")
    composer = page.get_by_test_id("composer")
    for letter in "/sec findings":
        await composer.press_sequentially(letter)
        await cards(client, 1)
    await expect(page.get_by_test_id("message")).to_have_count(13)
    await expect(composer).to_be_focused()
    await expect(composer).to_have_value("/sec findings")
    assert await distance_to_end(page) < 1
    await page.get_by_role("log").first.evaluate("list => { list.scrollTop = 0; }")
    await composer.press("Escape")
    await composer.press("Enter")
    await acked(bot, {"text": "42 findings"})
    await in_view(page.get_by_test_id("ephemeral"))


async def test_a_file_in_direct_messages_can_be_downloaded(kit: Any, visit: Visit) -> None:
    await kit.client().files_upload_v2(channel=kit.anna.dm(), filename="out.csv", content="a,b\n" * 600, title="Export")
    page = await visit(kit.anna.dm(), PHONE)
    row = page.get_by_test_id("file")
    await expect(row).to_contain_text("out.csv · 2 kB")
    async with page.expect_download() as started:
        await row.click()
    assert (await started.value).suggested_filename == "out.csv"
    foot = await page.get_by_test_id("composer").bounding_box()
    assert foot is not None
    assert foot["y"] > PHONE["height"] - 150
