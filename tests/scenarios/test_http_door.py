"""HTTP mode: what is not a fresh, signed request of Slack's gets 401 and not a word, and its body is never logged."""

from __future__ import annotations

import hashlib
import hmac
import io
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager
from typing import Any
from urllib.parse import urlencode

import aiohttp
import pytest

from bot.app import Replace
from bot.errors import StoreUnavailable
from tests.support.box import Box, said
from tests.support.boxes import HTTP_CONFIG
from tests.support.trouble import Breakable

Open = Callable[..., AbstractAsyncContextManager[Box]]
CANARY = "canary-in-a-body"


def signature(secret: str, stamp: str, body: bytes) -> str:
    return "v0=" + hmac.new(secret.encode(), f"v0:{stamp}:".encode() + body, hashlib.sha256).hexdigest()


def a_command(text: str = "help") -> bytes:
    return urlencode(
        {
            "command": "/sec",
            "text": text,
            "user_id": "U0ANA",
            "channel_id": "C0SECPROD",
            "team_id": "T0NORTHWIND",
            "note": CANARY,
        }
    ).encode()


async def post(box: Box, body: Any, headers: dict[str, str]) -> tuple[int, str]:
    """POST as anybody could; (status, text)."""
    kind = {"Content-Type": "application/x-www-form-urlencoded"}
    async with (
        aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=10)) as session,
        session.post(box.slack.workspace.http_url or "", data=body, headers=kind | headers) as answer,
    ):
        return answer.status, await answer.text()


def signed(box: Box, body: bytes, *, secret: str = "", later_s: int = 0) -> dict[str, str]:
    stamp = str(int(box.clock.now()) + later_s)
    return {
        "X-Slack-Request-Timestamp": stamp,
        "X-Slack-Signature": signature(secret or box.slack.workspace.signing_secret, stamp, body),
    }


async def test_a_command_and_a_click_over_http(http_box: Box) -> None:
    box = http_box
    await box.take_in(box.control())
    assert "1 finding" in said(await box.ask("/sec findings prod"))
    [card] = box.cards()
    told = await box.after(box.ana.press("sec-critical", card, "Acknowledge"), where="sec-critical")
    assert "You have F-1" in said(told)
    assert all(s.outcome == "acked" for s in box.slack.history.envelopes())


async def test_a_replayed_request_is_refused(http_box: Box) -> None:
    body = a_command()
    headers = signed(http_box, body)
    assert (await post(http_box, body, headers))[0] == 200
    assert await post(http_box, body, headers) == (401, "")
    await http_box.slack.wait_for(lambda: True)
    assert CANARY not in http_box.log.getvalue()


def _without(name: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda h: {k: v for k, v in h.items() if k != name}


def _with(name: str, value: str) -> Callable[[dict[str, str]], dict[str, str]]:
    return lambda h: h | {name: value}


STAMP, SIGNATURE = "X-Slack-Request-Timestamp", "X-Slack-Signature"


@pytest.mark.parametrize(
    ("spoil", "why"),
    [
        (_without(STAMP), "no timestamp"),
        (_without(SIGNATURE), "no signature"),
        (_with(STAMP, "yesterday"), "a timestamp that is no number"),
        (_with(STAMP, "17730000000000"), "a timestamp with too many digits"),
        (_with(STAMP, "-1"), "a negative timestamp"),
        (_with(STAMP, "1٢34567890"), "digits of another alphabet"),
        (_with(SIGNATURE, "v0=" + "0" * 64), "another signature"),
        (_with(SIGNATURE, "v0=" + "é" * 64), "a signature that is not ASCII"),
        (_with(SIGNATURE, "v1=" + "0" * 64), "another version"),
        (_with(SIGNATURE, ""), "an empty signature"),
    ],
)
async def test_a_request_that_is_not_slacks_gets_401_and_no_body_is_logged(
    http_box: Box, spoil: Callable[[dict[str, str]], dict[str, str]], why: str
) -> None:
    body = a_command()
    status, text = await post(http_box, body, spoil(signed(http_box, body)))
    assert (status, text) == (401, ""), why
    assert CANARY not in http_box.log.getvalue()
    assert "Traceback" not in http_box.log.getvalue()
    assert http_box.calls("response_url") == []


@pytest.mark.parametrize("later_s", [-301, 301, -86_400])
async def test_a_stale_request_gets_401(http_box: Box, later_s: int) -> None:
    body = a_command()
    assert await post(http_box, body, signed(http_box, body, later_s=later_s)) == (401, "")


async def test_a_body_that_is_not_text_gets_401(http_box: Box) -> None:
    body = a_command() + b"\xff\xfe"
    assert await post(http_box, body, signed(http_box, body)) == (401, "")
    assert CANARY not in http_box.log.getvalue()


async def test_a_body_that_is_too_large_gets_401(http_box: Box) -> None:
    body = b"a=" + b"x" * (1024 * 1024)
    assert await post(http_box, io.BytesIO(body), signed(http_box, body)) == (401, "")


async def test_a_body_that_does_not_say_how_large_it_is_gets_401_too(http_box: Box) -> None:
    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"x" * 32_768

    assert await post(http_box, pieces(), signed(http_box, b"")) == (401, "")


async def test_a_changed_body_gets_401(http_box: Box) -> None:
    body = a_command()
    assert await post(http_box, a_command("ack F-1"), signed(http_box, body)) == (401, "")


async def test_two_signing_secrets_hold_while_one_is_rotated(open: Open) -> None:
    async with open(config=HTTP_CONFIG, secrets="the-new-one, sandbox-signing-secret") as box:
        for secret, status in (("the-new-one", 200), ("sandbox-signing-secret", 200), ("an-old-one", 401)):
            body = a_command(secret)
            assert (await post(box, body, signed(box, body, secret=secret)))[0] == status, secret


async def test_without_the_replay_guard_nothing_is_done(open: Open) -> None:
    store = Breakable()
    async with open(config=HTTP_CONFIG, parts=Replace(wrap_store=store.wrap)) as box:
        await box.take_in(box.control())
        store.fail_writes_with = StoreUnavailable()
        body = a_command("ack F-1")
        assert (await post(box, body, signed(box, body)))[0] == 503
        store.fail_writes_with = None
        assert (await post(box, body, signed(box, body)))[0] == 200


async def test_other_paths_and_methods_are_not_served(http_box: Box) -> None:
    base = (http_box.slack.workspace.http_url or "").removesuffix("/slack/events")
    async with aiohttp.ClientSession() as session:
        for method, path, status in (("GET", "/slack/events", 405), ("POST", "/", 404), ("GET", "/health", 404)):
            async with session.request(method, base + path) as answer:
                assert answer.status == status, (method, path)
