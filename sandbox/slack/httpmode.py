"""HTTP mode: the same payloads POSTed to the bot, signed as Slack signs them.

Problem solved: the bot's HTTP door, its signature check and its 3 seconds are exercised with real requests. This
module refuses to retry; see `dispatch`.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
from urllib.parse import urlencode

import aiohttp

from sandbox.slack.state import Json
from sandbox.slack.transport import Outgoing, Unreachable
from sandbox.slack.world import World

# How long a late answer is still read (and recorded); the 3 s rule is the dispatcher's.
_READ_LIMIT_S = 30.0


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """The v0 signature. From: https://docs.slack.dev/authentication/verifying-requests-from-slack"""
    base = b"v0:%d:%b" % (timestamp, body)
    return "v0=" + hmac.new(secret.encode(), base, hashlib.sha256).hexdigest()


class HttpPoster:
    """Posts payloads to `workspace.http_url`."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._session: aiohttp.ClientSession | None = None

    async def start(self, out: Outgoing) -> tuple[asyncio.Future[Json], int | None]:
        future: asyncio.Future[Json] = asyncio.get_running_loop().create_future()
        self._world.tasks.spawn(self._guarded(out, future), "http-delivery")
        return future, None

    async def _guarded(self, out: Outgoing, future: asyncio.Future[Json]) -> None:
        try:
            future.set_result(await self._post(out))
        except Unreachable as error:
            self._fail(future, error)
        except TimeoutError:
            self._fail(future, Unreachable("http_timeout"))
        except (aiohttp.ClientError, ConnectionError):
            self._fail(future, Unreachable("connection_failed"))
        finally:
            if not future.done():
                future.cancel()

    @staticmethod
    def _fail(future: asyncio.Future[Json], error: Unreachable) -> None:
        future.set_exception(error)
        future.exception()  # looked at, so that a failure nobody waits for any more causes no warning

    async def _post(self, out: Outgoing) -> Json:
        body, content_type = _encoded(out)
        headers = self._headers(out, body, content_type)
        url = self._world.workspace.http_url or ""
        async with self._open_session().post(url, data=body, headers=headers, allow_redirects=False) as answer:
            text = await answer.text()
            if answer.status // 100 != 2:
                raise Unreachable("http_error", no_retry=answer.headers.get("X-Slack-No-Retry") == "1")
            return _ack(text, answer.content_type)

    def _headers(self, out: Outgoing, body: bytes, content_type: str) -> dict[str, str]:
        timestamp = int(self._world.clock.now())
        signature = sign(self._world.workspace.signing_secret, timestamp, body)
        headers = {
            "Content-Type": content_type,
            "X-Slack-Request-Timestamp": str(timestamp),
            "X-Slack-Signature": signature,
        }
        if out.attempt:
            headers |= {"X-Slack-Retry-Num": str(out.attempt), "X-Slack-Retry-Reason": out.reason or "unknown_error"}
        return headers

    def _open_session(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(timeout=aiohttp.ClientTimeout(total=_READ_LIMIT_S))
        return self._session

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()


def _encoded(out: Outgoing) -> tuple[bytes, str]:
    if out.type == "events_api":
        return json.dumps(out.payload).encode(), "application/json"
    form = {"payload": json.dumps(out.payload)} if out.type == "interactive" else _flat(out.payload)
    return urlencode(form).encode(), "application/x-www-form-urlencoded"


def _flat(payload: Json) -> dict[str, str]:
    words = {True: "true", False: "false"}
    return {k: words[v] if isinstance(v, bool) else str(v) for k, v in payload.items() if v is not None}


def _ack(text: str, content_type: str) -> Json:
    """The ack's payload: a JSON object, or plain text as {"text": ...}."""
    if not text.strip():
        return {}
    if content_type != "application/json":
        return {"text": text}
    try:
        found = json.loads(text)
    except ValueError:
        raise Unreachable("http_error") from None
    return found if isinstance(found, dict) else {}
