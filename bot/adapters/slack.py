"""Slack's Web API behind the Messenger and People ports, with the one table of what its errors mean.

The SDK's retry handlers are off: a post that is retried after a lost answer is a duplicate, so retrying is the outbox's alone. Posts carry
their outbox key in the message's metadata, which is the only way to settle a post whose answer never came.
"""

from __future__ import annotations

import asyncio
import math
import re
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from datetime import datetime
from http import HTTPStatus
from pathlib import Path
from typing import Any

import aiohttp
from slack_sdk.errors import SlackApiError, SlackClientError
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.message import Message, Modal
from bot.errors import Ambiguous, RateLimited, Rejected, SecbotError, TemporaryError
from bot.ports import Posted, Unfurl

HTTP_LIMIT_S = 10  # every call; the outbox's lease is six times that
UPLOAD_LIMIT_S = 120  # sending a file of some ten megabytes
BLOCKS_REFUSED = frozenset({"invalid_blocks", "invalid_blocks_format", "invalid_attachments", "only_one_table_allowed"})
METADATA_TYPE = "secbot_outbox"
HISTORY_PAGES = 5
DEFAULT_RETRY_AFTER_S = 30.0

_USER = re.compile(r"[UW][A-Z0-9]{2,20}")  # channels' names are lower case

# Slack's own word for "something failed, perhaps after it was done".
# From: docs.slack.dev, errors common to all methods
_UNSETTLED = frozenset({"fatal_error", "internal_error", "request_timeout", "service_unavailable"})
_RETRIED = frozenset({"ratelimited", "rate_limited", "accesslimited", "team_added_to_org", "ekm_access_denied"})


def web_client(token: str, base_url: str = "") -> AsyncWebClient:
    """A Web API client that never retries by itself.

    Args:
        token: the bot token.
        base_url: another Web API (`SLACK_API_URL`); Slack's own when empty.
    """
    base = base_url or AsyncWebClient.BASE_URL
    return AsyncWebClient(
        token=token, base_url=base if base.endswith("/") else f"{base}/", timeout=HTTP_LIMIT_S, retry_handlers=[]
    )


def translate(error: BaseException) -> SecbotError:
    """Our error for one that the SDK or its transport raised. `Ambiguous` whenever Slack may have acted on the request."""
    if isinstance(error, SlackApiError):
        return _translate_answer(error)
    if isinstance(error, aiohttp.ClientConnectorError):
        return TemporaryError("Slack could not be reached")
    if isinstance(
        error, (aiohttp.ClientError, TimeoutError, asyncio.TimeoutError, OSError, SlackClientError, ValueError)
    ):
        return Ambiguous(f"Slack's answer was lost: {type(error).__name__}")
    raise error


def _translate_answer(error: SlackApiError) -> SecbotError:
    response: Any = error.response
    status = getattr(response, "status_code", None) or getattr(response, "status", 0)
    data = getattr(response, "data", None)
    code = data.get("error", "") if isinstance(data, dict) else ""
    if status == 429 or code in _RETRIED:
        return RateLimited(
            f"Slack: {code or 'rate limited'}", retry_after_s=retry_after(getattr(response, "headers", {}))
        )
    if not code or code in _UNSETTLED or (isinstance(status, int) and status >= 500):
        return Ambiguous(f"Slack answered {status} {code}".strip())
    details = (data or {}).get("response_metadata", {}) if isinstance(data, dict) else {}
    messages = "; ".join(str(m) for m in details.get("messages", []))[:300] if isinstance(details, dict) else ""
    return Rejected(f"Slack refused: {code} {messages}".strip(), code=str(code))


def retry_after(headers: Any) -> float:
    """Seconds that Slack asks us to wait; half a minute when it says nothing that can be read."""
    values = {str(k).casefold(): v for k, v in dict(headers or {}).items()}
    value = values.get("retry-after")
    text = value[0] if isinstance(value, list) and value else value
    try:
        seconds = float(str(text))
    except ValueError:
        return DEFAULT_RETRY_AFTER_S
    return DEFAULT_RETRY_AFTER_S if math.isnan(seconds) else min(max(seconds, 0.5), 600.0)


async def call(awaitable: Awaitable[Any]) -> Any:
    """Await one Web API call within the time limit, its errors translated."""
    try:
        async with asyncio.timeout(HTTP_LIMIT_S + 2):
            return await awaitable
    except (SlackClientError, aiohttp.ClientError, TimeoutError, OSError, ValueError) as error:
        raise translate(error) from error


class SlackMessenger:
    """The Messenger port. Channel names are resolved once and kept; a public channel is joined when it must be."""

    def __init__(self, client: AsyncWebClient) -> None:
        self._client = client
        self._channels: dict[str, str] = {}
        self._direct: dict[str, str] = {}

    async def post(
        self, channel: str, message: Message, *, key: str, thread_ts: str = "", broadcast: bool = False
    ) -> Posted:
        posted: list[Posted] = []

        async def say(blocks: tuple[dict[str, Any], ...]) -> None:
            answer = await call(
                self._client.chat_postMessage(
                    channel=channel,
                    text=message.text,
                    blocks=list(blocks),
                    thread_ts=thread_ts or None,
                    reply_broadcast=broadcast or None,
                    metadata={"event_type": METADATA_TYPE, "event_payload": {"key": key}},
                    unfurl_links=False,
                    unfurl_media=False,
                )
            )
            posted.append(Posted(str(answer["channel"]), str(answer["ts"])))

        await _plainly_if_refused(message, say)
        return posted[-1]

    async def update(self, channel: str, ts: str, message: Message) -> None:
        await call(self._client.chat_update(channel=channel, ts=ts, text=message.text, blocks=list(message.blocks)))

    async def find(self, channel: str, key: str, *, since: datetime, thread_ts: str = "") -> Posted | None:
        async for message in self._history(channel, since, thread_ts):
            payload = message.get("metadata", {}).get("event_payload", {})
            if isinstance(payload, dict) and payload.get("key") == key:
                return Posted(channel, str(message["ts"]))
        return None

    async def _history(self, channel: str, since: datetime, thread_ts: str) -> AsyncIterator[dict[str, Any]]:
        cursor = None
        oldest = f"{since.timestamp():.6f}"
        for _ in range(HISTORY_PAGES):
            arguments = {
                "channel": channel,
                "oldest": oldest,
                "limit": 200,
                "include_all_metadata": True,
                "cursor": cursor,
            }
            if thread_ts:
                page = await call(self._client.conversations_replies(ts=thread_ts, **arguments))  # type: ignore[arg-type]
            else:
                page = await call(self._client.conversations_history(**arguments))  # type: ignore[arg-type]
            for message in page.get("messages", []):
                yield message
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return

    async def resolve_channel(self, name: str) -> str:
        """A channel's id by its name or id; a user's id stands for their direct messages."""
        if _USER.fullmatch(name):
            return await self.direct(name)
        if name not in self._channels:
            await self._load_channels()
        if name not in self._channels:
            raise Rejected(f"There is no channel {name}, or secbot may not see it.", code="channel_not_found")
        return self._channels[name]

    async def join(self, channel: str) -> None:
        """Join a public channel; raises Rejected for any other."""
        await call(self._client.conversations_join(channel=channel))

    async def _load_channels(self) -> None:
        cursor = None
        while True:
            page = await call(
                self._client.conversations_list(
                    types="public_channel,private_channel", exclude_archived=True, limit=200, cursor=cursor
                )
            )
            for channel in page.get("channels", []):
                self._channels[channel["id"]] = channel["id"]
                self._channels[channel["name"]] = channel["id"]
            cursor = (page.get("response_metadata") or {}).get("next_cursor") or None
            if cursor is None:
                return

    async def post_private(self, channel: str, user: str, message: Message, *, thread_ts: str = "") -> None:
        async def say(blocks: tuple[dict[str, Any], ...]) -> None:
            arguments: dict[str, Any] = {"channel": channel, "user": user, "text": message.text, "blocks": list(blocks)}
            await call(self._client.chat_postEphemeral(**arguments, thread_ts=thread_ts or None))

        await _plainly_if_refused(message, say)

    async def direct(self, user: str) -> str:
        """The channel of our direct messages with a person, opened once."""
        if user not in self._direct:
            answer = await call(self._client.conversations_open(users=user))
            self._direct[user] = str(answer["channel"]["id"])
        return self._direct[user]

    async def open_modal(self, trigger: str, modal: Modal, *, push: bool = False) -> str:
        open_view = self._client.views_push if push else self._client.views_open
        answer = await call(open_view(trigger_id=trigger, view=modal.view))
        return str(answer["view"]["id"])

    async def update_modal(self, view_id: str, modal: Modal) -> None:
        await call(self._client.views_update(view_id=view_id, view=modal.view))

    async def publish_home(self, user: str, home: Modal) -> None:
        await call(self._client.views_publish(user_id=user, view=home.view))

    async def unfurl(self, where: Unfurl, previews: Mapping[str, Message]) -> None:
        shown = {url: {"blocks": list(m.plain_blocks), "fallback": m.text} for url, m in previews.items()}
        if where.id and where.source:
            await call(self._client.chat_unfurl(unfurl_id=where.id, source=where.source, unfurls=shown))
        else:
            await call(self._client.chat_unfurl(channel=where.channel, ts=where.ts, unfurls=shown))

    async def upload(self, channel: str, path: Path, *, name: str, title: str, thread_ts: str = "") -> None:
        """Share a file. Raises as every call does; a file that was sent and not shared is in no channel and nobody sees it."""
        size = (await asyncio.to_thread(path.stat)).st_size
        ticket = await call(self._client.files_getUploadURLExternal(filename=name, length=size))
        await _send_file(str(ticket["upload_url"]), path)
        files: list[dict[str, str | None]] = [{"id": str(ticket["file_id"]), "title": title[:255]}]
        await call(
            self._client.files_completeUploadExternal(files=files, channel_id=channel, thread_ts=thread_ts or None)
        )

    async def ping(self) -> None:
        await call(self._client.auth_test())


async def _plainly_if_refused(message: Message, say: Callable[[tuple[dict[str, Any], ...]], Awaitable[None]]) -> None:
    """Say it with tables and charts, and in plain blocks where Slack does not take those."""
    try:
        await say(message.blocks)
    except Rejected as error:
        if error.code not in BLOCKS_REFUSED or not message.twin:
            raise
        await say(message.twin)


async def _send_file(url: str, path: Path) -> None:
    """The bytes, read as they are sent."""
    timeout = aiohttp.ClientTimeout(total=UPLOAD_LIMIT_S)
    try:
        with await asyncio.to_thread(path.open, "rb") as file:
            async with aiohttp.ClientSession(timeout=timeout) as session, session.post(url, data=file) as answer:
                status = answer.status
    except (aiohttp.ClientError, TimeoutError, OSError) as error:
        raise TemporaryError(f"Slack did not take the file: {type(error).__name__}") from error
    if status != HTTPStatus.OK:
        raise TemporaryError(f"Slack did not take the file: {status}")
