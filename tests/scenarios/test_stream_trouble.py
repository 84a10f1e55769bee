"""The finding stream on a bad day: database down, queue failing, deletes refused, stops in the middle. Nothing is lost."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from typing import Any

import aiohttp
import pytest

from bot.app import Replace
from bot.errors import StoreUnavailable
from tests.support.box import Box
from tests.support.trouble import Breakable

Open = Callable[..., AbstractAsyncContextManager[Box]]


@pytest.fixture(autouse=True)
def quick_retries(monkeypatch: pytest.MonkeyPatch) -> None:
    """botocore's own back-off runs on real time: make it short."""
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.001)


async def page(box: Box, path: str) -> tuple[int, str]:
    """A page of the health door: (status, text)."""
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
        session.get(f"http://127.0.0.1:{box.bot.health.port}{path}") as answer,
    ):
        return answer.status, await answer.text()


async def part(box: Box, name: str) -> dict[str, Any]:
    _, text = await page(box, "/health")
    found: dict[str, Any] = next(p for p in json.loads(text)["parts"] if p["name"] == name)
    return found


# --- health ------------------------------------------------------------


async def test_a_healthy_bot_says_so(box: Box) -> None:
    await box.take_in(box.control())
    assert await page(box, "/live") == (200, '{"ok": true}')
    status, text = await page(box, "/health")
    assert status == 200
    body = json.loads(text)
    assert body["ok"]
    assert {p["name"] for p in body["parts"]} >= {"database", "slack", "queue", "stream", "slack link"}
    status, metrics = await page(box, "/metrics")
    assert status == 200
    assert 'secbot_said_total{kind="card",outcome="said"} 1.0' in metrics
    assert "payments" not in metrics


async def test_the_health_page_listens_on_loopback_and_names_the_part_that_is_broken(box: Box) -> None:
    box.slack.faults.outage = True
    status, text = await page(box, "/health")
    assert status == 503
    assert [p["name"] for p in json.loads(text)["parts"] if not p["ok"]] == ["slack"]
    assert (await page(box, "/live"))[0] == 200, "a task is not replaced because Slack is down"
    assert box.settings.file.health.host == "127.0.0.1"


# --- the database ------------------------------------------------------------


async def test_receiving_stops_while_the_database_is_down_and_goes_on_after(open: Open) -> None:
    store = Breakable()
    async with open(parts=Replace(wrap_store=store.wrap)) as box:
        store.down(StoreUnavailable())
        box.send(box.control(), box.control("S3.8"))
        await box.until(lambda: box.bot.vitals.receiving != "", within=10)
        status, _ = await page(box, "/health")
        assert status == 503
        assert "database does not answer" in (await part(box, "stream"))["note"]
        await box.until(lambda: box.queue.in_flight == 0, within=60)  # the polls under way have given back too
        begun = store.begun
        await box.pass_time(60, step=5)
        assert store.begun == begun, "nothing is tried while it is down"
        assert box.queue.depth == 2
        assert box.cards() == []
        store.down(None)
        await box.quiet(within=200)
        assert len(box.cards()) == 2
        assert (await part(box, "stream"))["ok"]
        assert box.bot.metrics.page().decode().count("secbot_store_down_total 1.0") == 1


async def test_a_bot_that_is_stopped_while_the_database_is_down_leaves_everything_in_the_queue(open: Open) -> None:
    store = Breakable()
    async with open(parts=Replace(wrap_store=store.wrap)) as box:
        store.down(StoreUnavailable())
        box.send(box.control())
        await box.until(lambda: box.bot.vitals.receiving != "", within=10)
        await box.end()
        assert box.queue.depth == 1
        store.down(None)
        await box.restart()
        await box.quiet(within=300)
        assert len(box.cards()) == 1


async def test_a_stop_at_the_very_moment_of_an_outage_does_not_wait_for_the_database(open: Open) -> None:
    store = Breakable()
    async with open(parts=Replace(wrap_store=store.wrap)) as box:
        store.down(StoreUnavailable())
        box.send(box.control())
        box.stop.set()
        await box.until(lambda: box.queue.depth == 1)
        await box.end()
        assert box.queue.depth == 1


async def test_a_bug_in_the_batch_gives_it_back_and_does_not_end_the_stream(open: Open) -> None:
    store = Breakable()
    async with open(parts=Replace(wrap_store=store.wrap)) as box:
        store.fail_writes_with = RuntimeError("a bug")
        begun = store.begun
        box.send(box.control())
        await box.until(lambda: store.begun > begun)
        store.fail_writes_with = None
        await box.quiet(within=200)
        assert len(box.cards()) == 1
        assert 'secbot_failures_total{where="stream"} 1.0' in box.bot.metrics.page().decode()


# --- the queue ------------------------------------------------------------


async def test_messages_that_the_queue_will_not_delete_come_again_and_change_nothing(box: Box) -> None:
    box.queue.fail("DeleteMessageBatch", kind="partial", count=1)
    box.send(*(box.control("S3.8", number=n) for n in range(6)))
    await box.until(lambda: len(box.cards()) == 6, within=60)
    assert 0 < box.queue.depth <= 6
    await box.quiet(within=400)
    assert len(box.cards()) == 6
    assert box.calls("chat.update") == []
    assert "secbot_undeleted_total" in box.bot.metrics.page().decode()


@pytest.mark.parametrize("kind", ["500", "unavailable", "throttling", "expired_token", "access_denied", "reset_after"])
async def test_a_delete_that_fails_loses_and_doubles_nothing(box: Box, kind: str) -> None:
    box.queue.fail("DeleteMessageBatch", kind=kind, count=3)
    box.send(box.control())
    await box.until(lambda: len(box.cards()) == 1)
    await box.quiet(within=600)
    assert len(box.posts()) == 1


@pytest.mark.parametrize("kind", ["500", "unavailable", "throttling", "access_denied", "expired_token", "reset_before"])
async def test_a_receive_that_fails_is_said_and_made_again(box: Box, kind: str) -> None:
    box.queue.fail("ReceiveMessage", kind=kind, count=8)
    box.queue.wake_all()
    box.send(box.control())
    await box.quiet(within=400)
    assert len(box.cards()) == 1
    assert (await part(box, "stream"))["ok"]


async def test_a_receive_whose_answer_is_lost_loses_nothing(box: Box) -> None:
    await box.clock.advance(6)  # the long polls under way end
    box.queue.fail("ReceiveMessage", kind="reset_after", count=2)
    box.send(box.control())
    await box.quiet(within=400)
    assert len(box.cards()) == 1


async def test_a_queue_that_does_not_answer_is_on_the_health_page(box: Box) -> None:
    box.queue.fail("GetQueueAttributes", kind="access_denied", count=9)
    status, text = await page(box, "/health")
    assert status == 503
    assert "AccessDenied" in text
    box.queue.faults.clear()
    assert (await page(box, "/health"))[0] == 200


async def test_deleting_comes_after_the_commit(open: Open) -> None:
    order: list[str] = []

    class Watched(Breakable):
        def begin(self) -> Any:
            if kept:
                order.append(f"begin, {sum(c.operation == 'DeleteMessageBatch' for c in kept[0].queue.log)} deletes")
            return super().begin()

    kept: list[Box] = []
    async with open(parts=Replace(wrap_store=Watched().wrap)) as box:
        kept.append(box)
        await box.take_in(box.control())
        assert order[0] == "begin, 0 deletes"
        deletes = [c for c in box.queue.log if c.operation == "DeleteMessageBatch"]
        assert len(deletes) == 1


async def test_a_plug_that_breaks_its_promise_costs_its_own_message_only(
    box: Box, monkeypatch: pytest.MonkeyPatch
) -> None:
    import bot.services.ingest as ingest

    real: Any = ingest.__dict__["read_ordered"]

    def broken(sources: Any, envelope: Any) -> Any:
        if b"BREAK-ME" in envelope.raw:
            raise ZeroDivisionError("a plug's bug")
        return real(sources, envelope)

    monkeypatch.setattr(ingest, "read_ordered", broken)
    box.send(box.control(), {**box.control("S3.8"), "note": "BREAK-ME"})
    await box.until(lambda: len(box.cards()) == 1)
    await box.quiet(within=400)
    async with box.bot.store.reads() as reads:
        [poison] = await reads.quarantined()
    assert poison.reason == "not_read"
    receives = [c for c in box.queue.log if c.operation == "ReceiveMessage"]
    assert receives
    assert 'secbot_failures_total{where="read"} 3.0' in box.bot.metrics.page().decode()


# --- stopping ------------------------------------------------------------


async def test_a_stop_under_load_finishes_or_gives_back_everything(box: Box) -> None:
    for number in range(60):
        box.send(box.control("S3.8", "payments-staging", number))
    await box.until(lambda: box.queue.depth < 60)
    await box.restart()
    await box.quiet(within=1_000)
    assert len(box.cards("sec-staging")) == 60


async def test_after_a_stop_nothing_more_is_received(box: Box) -> None:
    await box.end()
    before = len([c for c in box.queue.log if c.operation == "ReceiveMessage"])
    box.send(box.control())
    await box.pass_time(30, step=5)
    assert len([c for c in box.queue.log if c.operation == "ReceiveMessage"]) == before
    assert box.queue.depth == 1
