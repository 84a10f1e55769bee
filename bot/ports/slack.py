"""Slack as the services need it. Posts are never retried inside."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from bot.domain.authz import Actor, Place
from bot.domain.message import Message, Modal


@dataclass(frozen=True, slots=True)
class Posted:
    channel: str
    ts: str


@dataclass(frozen=True, slots=True)
class Unfurl:
    """Which message's links are previewed: by its place, or by the id that Slack gave (which serves a message still being typed)."""

    channel: str
    ts: str
    id: str = ""
    source: str = ""


class Messenger(Protocol):
    """Slack's Web API as the services use it. Posts are never retried inside.

    Raises: RateLimited (with retry_after_s), Ambiguous (it may have been said), Rejected (with Slack's `code`), TemporaryError.
    """

    async def post(
        self, channel: str, message: Message, *, key: str, thread_ts: str = "", broadcast: bool = False
    ) -> Posted:
        """Post a message; `key` goes into the message's metadata."""
        ...

    async def update(self, channel: str, ts: str, message: Message) -> None: ...
    async def find(self, channel: str, key: str, *, since: datetime, thread_ts: str = "") -> Posted | None:
        """The message whose metadata carries `key`, if it was posted since; reads at most a few pages of history."""
        ...

    async def resolve_channel(self, name: str) -> str:
        """The id of a channel given by id or name. Raises Rejected when there is none that secbot can see."""
        ...

    async def join(self, channel: str) -> None:
        """Join a public channel. Raises Rejected for any other."""
        ...

    async def post_private(self, channel: str, user: str, message: Message, *, thread_ts: str = "") -> None:
        """Show a message to one person of a channel; in a thread when one is given."""
        ...

    async def direct(self, user: str) -> str:
        """The channel of our direct messages with a person."""
        ...

    async def open_modal(self, trigger: str, modal: Modal, *, push: bool = False) -> str:
        """Open a modal, or lay it over the one that was pressed in; returns the view's id."""
        ...

    async def update_modal(self, view_id: str, modal: Modal) -> None: ...
    async def publish_home(self, user: str, home: Modal) -> None:
        """Replace what a person sees in the Home tab."""
        ...

    async def unfurl(self, where: Unfurl, previews: Mapping[str, Message]) -> None:
        """Show a preview under a message, for each of its links (by address)."""
        ...

    async def upload(self, channel: str, path: Path, *, name: str, title: str, thread_ts: str = "") -> None:
        """Share a file in a channel that secbot is in; it is read as it is sent, never whole into memory."""
        ...

    async def ping(self) -> None: ...


class People(Protocol):
    """Who a Slack user is and where a request comes from, cached for a few minutes."""

    async def actor(self, user: str) -> Actor:
        """Never raises for an unknown user: `known` is False then."""
        ...

    async def place(self, channel: str) -> Place: ...
    async def mentions(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Ids for what a route mentions: an id stays, a group's handle becomes its id, anything unknown is left out."""
        ...
