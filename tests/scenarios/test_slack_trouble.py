"""Slack on a bad day: whatever it does to our posts, each finding is shown, and shown once."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from functools import partial

import pytest
from slack_bolt.adapter.socket_mode.aiohttp import AsyncSocketModeHandler

from sandbox.slack.server import SlackServer
from tests.support.box import Box, buttons, said

Open = Callable[..., AbstractAsyncContextManager[Box]]
POST, EDIT = "chat.postMessage", "chat.update"

FAULTS = ["http_500", "http_502", "http_503", "html", "reset_before", "reset_after"]


@pytest.fixture(autouse=True)
def short_limit(monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> None:
    """Where a call hangs it is given up after a second of real time instead of ten; elsewhere a busy machine may take longer."""
    if "[hang" in request.node.name:
        monkeypatch.setattr("bot.adapters.slack.HTTP_LIMIT_S", 1.0)


@pytest.mark.parametrize("kind", [*FAULTS, "hang", "hang_after"])
async def test_a_post_that_fails_is_said_once(box: Box, kind: str) -> None:
    box.slack.faults.add(POST, kind, 2 if kind in ("http_503", "reset_after") else 1)  # type: ignore[arg-type]
    box.send(box.control(), box.control("S3.8"))
    await box.until(lambda: len(box.calls(POST)) >= 2)
    box.slack.faults.release()
    await box.quiet(within=400)
    assert len(box.cards("sec-critical")) == 1
    assert len(box.cards("sec-prod")) == 1


@pytest.mark.parametrize("kind", ["http_500", "reset_after", "html"])
async def test_a_thread_line_that_fails_is_said_once(box: Box, kind: str) -> None:
    await box.take_in(box.control())
    box.slack.faults.add(POST, kind)  # type: ignore[arg-type]
    box.send(box.control(later_s=60, status="PASSED"))
    await box.until(lambda: len(box.calls(POST)) == 2)
    await box.quiet(within=400)
    assert len(box.lines()) == 1


@pytest.mark.parametrize("kind", FAULTS)
async def test_an_edit_that_fails_is_made_again(box: Box, kind: str) -> None:
    await box.take_in(box.control())
    box.slack.faults.add(EDIT, kind)  # type: ignore[arg-type]
    await box.take_in(box.control(later_s=60, status="PASSED"))
    [card] = box.cards()
    assert "resolved" in card.text.lower()
    assert len(box.calls(EDIT)) == 2


async def test_an_ambiguous_post_is_not_tried_again_before_its_lease_ends(box: Box) -> None:
    box.slack.faults.add(POST, "reset_after")
    box.send(box.control())
    await box.until(lambda: len(box.calls(POST)) == 1)
    started = box.clock.now()
    await box.until(lambda: bool(box.calls("conversations.history")), within=120)
    assert box.calls("conversations.history")[0].at - started >= 55
    await box.quiet(within=120)
    assert len(box.calls(POST)) == 1, "found by its key, not posted again"


@pytest.mark.parametrize(
    ("header", "least_s", "most_s", "why"),
    [
        ("1", 1, 5, "as told"),
        ("30", 30, 40, "as told"),
        (None, 25, 45, "half a minute when nothing is said"),
        ("abc", 25, 45, "half a minute when it cannot be read"),
        ("0", 0.4, 5, "never at once"),
        ("86400", 30, 700, "never longer than ten minutes"),
    ],
)
async def test_retry_after_is_honoured(box: Box, header: str | None, least_s: float, most_s: float, why: str) -> None:
    box.slack.faults.add(POST, "rate_limited", 1, retry_after=header)
    box.send(box.control())
    await box.until(lambda: len(box.calls(POST)) == 2, within=800)
    first, second = box.calls(POST)
    assert least_s <= second.at - first.at <= most_s, why
    await box.quiet()
    assert len(box.cards()) == 1


async def test_a_rate_limited_channel_does_not_stop_another(box: Box) -> None:
    box.slack.faults.add(POST, "rate_limited", 1, retry_after="120")
    box.send(box.control())
    await box.until(lambda: len(box.calls(POST)) == 1)
    box.send(box.control("S3.8", "payments-staging"))
    await box.until(lambda: len(box.cards("sec-staging")) == 1, within=20)
    assert box.cards("sec-critical") == []
    await box.quiet(within=300)
    assert len(box.cards("sec-critical")) == 1


async def test_our_pace_stays_under_slacks_own_limits(open: Open) -> None:
    async with open(limits=True) as box:
        for number in range(30):
            box.send(box.control("S3.8", number=number))
        await box.quiet(within=300)
        assert len(box.cards("sec-prod")) == 30
        refused = [c for c in box.calls(POST) if c.status == 429]
        assert len(refused) <= 1


async def test_criticals_are_said_before_the_rest_of_their_channel(box: Box) -> None:
    box.slack.set_outage(True)
    for number in range(8):
        box.send(box.control("S3.5", "payments-staging", number))
    box.send(box.control("S3.2", "payments-staging", 9))
    await box.until(lambda: box.queue.depth == 0)
    box.slack.set_outage(False)
    await box.quiet(within=600)
    order = [m.text.split()[0] for m in box.cards("sec-staging")]
    assert order.count("MEDIUM") == 8
    assert "CRITICAL" in order[:2]


async def test_an_hour_of_outage_loses_and_doubles_nothing(box: Box) -> None:
    box.slack.faults.outage = True
    box.send(box.control(), box.control("S3.8"), box.control("S3.8", "payments-staging"))
    await box.until(lambda: box.queue.depth == 0)
    await box.pass_time(3_600, step=60)
    box.send(box.control(later_s=10, status="PASSED"))
    await box.until(lambda: box.queue.depth == 0)
    box.slack.faults.outage = False
    await box.quiet(within=400)
    assert len(box.cards()) == 3
    assert "resolved" in box.cards("sec-critical")[0].text.lower()


async def test_a_restart_in_the_middle_of_an_outage_loses_and_doubles_nothing(box: Box) -> None:
    box.slack.faults.add(POST, "reset_after")
    box.send(box.control(), box.control("S3.8"))
    await box.until(lambda: len(box.calls(POST)) >= 2)
    await box.restart()
    await box.quiet(within=400)
    assert len(box.cards()) == 2


# --- places ------------------------------------------------------------------------------------------------------------------------------


def _out(slack: SlackServer) -> None:
    _channel(slack, "sec-critical").is_member = False


def _channel(slack: SlackServer, name: str):  # type: ignore[no-untyped-def]
    found = slack.world.find_channel(name)
    assert found is not None
    return found


async def test_a_public_channel_that_we_are_not_in_is_joined(open: Open) -> None:
    async with open(prepare=_out) as box:
        await box.take_in(box.control())
        assert len(box.calls("conversations.join")) == 1
        assert len(box.cards("sec-critical")) == 1


async def test_an_archived_channel_is_shown_as_blocked_and_served_when_it_is_back(box: Box) -> None:
    await box.take_in(box.control("S3.2", number=5))
    channel = _channel(box.slack, "sec-critical")
    channel.is_archived = True
    box.send(box.control(), box.control("S3.8"))
    await box.until(lambda: any(c.error == "is_archived" for c in box.calls(POST)))
    await box.until(lambda: len(box.cards("sec-prod")) == 1)
    await box.pass_time(2)  # the refusal is Slack's at once, and the outbox's a moment later
    shown = said(await box.ask("/sec status"))
    assert "sec-critical" in shown
    assert "archived" in shown
    channel.is_archived = False
    await box.quiet(within=900)
    assert len(box.cards("sec-critical")) == 2


async def test_a_channel_that_does_not_exist_yet_is_served_once_it_does(open: Open) -> None:
    def gone(slack: SlackServer) -> None:
        _channel(slack, "sec-critical").name = "renamed"

    async with open(prepare=gone) as box:
        box.send(box.control())
        await box.until(lambda: box.queue.depth == 0)
        await box.pass_time(5)
        assert "sec-critical" in said(await box.ask("/sec status"))
        _channel(box.slack, "renamed").name = "sec-critical"
        await box.quiet(within=900)
        assert len(box.cards("sec-critical")) == 1


async def test_blocks_that_slack_cannot_show_go_as_plain_text(box: Box) -> None:
    box.slack.faults.add(POST, "error", 1, error="invalid_blocks")
    await box.take_in(box.control())
    [card] = box.cards()
    assert [b["type"] for b in card.blocks] == ["section"]
    assert "S3 bucket must not be readable" in said(card)
    assert buttons(card) == {}


async def test_a_card_that_somebody_deleted_stops_nothing(box: Box) -> None:
    await box.take_in(box.control())
    box.slack.world.delete(box.cards()[0])
    await box.take_in(box.control(later_s=9, workflow="NOTIFIED"))
    await box.take_in(box.control("S3.3"))
    [card] = box.posts()
    assert "S3.3" in said(card), "a line for a thread that is gone is not said, and holds nothing up"


async def test_sockets_that_are_cut_are_connected_again(open: Open, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "bot.entrypoints.slack.links.AsyncSocketModeHandler", partial(AsyncSocketModeHandler, ping_interval=0.2)
    )  # the SDK looks at its connections on real time
    async with open() as box:
        await _cut_and_ask(box)


async def _cut_and_ask(box: Box) -> None:
    await box.take_in(box.control())
    assert box.slack.drop_sockets() == 2
    await box.slack.wait_for(lambda: len(box.calls("apps.connections.open")) >= 4, timeout=20)
    await box.slack.wait_for(lambda: len(box.slack.sockets.connections) >= 1, timeout=20)
    assert "1 finding" in said(await box.ask("/sec findings"))


async def test_what_is_edited_while_it_waits_is_edited_once(box: Box) -> None:
    await box.take_in(box.control())
    box.slack.faults.add(EDIT, "rate_limited", 1, retry_after="30")
    for i in range(1, 8):
        box.send(box.control(later_s=i, workflow="NOTIFIED" if i % 2 else "NEW"))
    await box.until(lambda: box.queue.depth == 0)
    await box.quiet(within=120)
    assert len([c for c in box.calls(EDIT) if c.applied]) <= 2
    assert "seen 8x" in said(box.cards()[0])


async def test_metadata_carries_the_key_and_no_fact(box: Box) -> None:
    await box.take_in(box.control())
    [call] = box.calls(POST)
    assert json.loads(json.dumps(call.args["metadata"])) == {
        "event_type": "secbot_outbox",
        "event_payload": {"key": "card:1:sec-critical"},
    }
    assert call.args["unfurl_links"] in (False, "false", "0")
