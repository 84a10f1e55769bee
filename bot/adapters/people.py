"""Who a Slack user is now, which groups they are in, and what kind of place a channel is: asked of Slack, kept for five minutes.

A payload's own claims about its user are not used: they are routing data. Nothing is decided here (domain/authz.py decides).
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from slack_sdk.web.async_client import AsyncWebClient

from bot.adapters.slack import call
from bot.domain.authz import Actor, Place, PlaceKind
from bot.errors import Rejected
from bot.ports import Clock

KEEP_S = 300.0
MOST = 5_000  # entries of one cache; the oldest go first

V = TypeVar("V")


@dataclass(slots=True)
class _Kept(Generic[V]):
    value: V
    until: float


class _Cache(Generic[V]):
    """Values by key with an end; one caller asks at a time, the others wait for the answer."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: dict[str, _Kept[V]] = {}
        self._locks: dict[str, asyncio.Lock] = {}

    async def get(self, key: str, ask: Callable[[], Awaitable[V]]) -> V:
        if (kept := self._kept.get(key)) and kept.until > self._clock.monotonic():
            return kept.value
        async with self._locks.setdefault(key, asyncio.Lock()):
            if (kept := self._kept.get(key)) and kept.until > self._clock.monotonic():
                return kept.value
            value = await ask()
            self._kept.pop(key, None)
            self._kept[key] = _Kept(value, self._clock.monotonic() + KEEP_S)
            while len(self._kept) > MOST:
                oldest = next(iter(self._kept))
                self._kept.pop(oldest)
                self._locks.pop(oldest, None)
            return value


@dataclass(frozen=True, slots=True)
class _Group:
    id: str
    handle: str
    users: frozenset[str]


class SlackPeople:
    """The People port. `team` is our workspace's id, from auth.test."""

    def __init__(self, client: AsyncWebClient, clock: Clock, team: str = "") -> None:
        self._client = client
        self.team = team
        self._users: _Cache[dict[str, Any]] = _Cache(clock)
        self._groups: _Cache[tuple[_Group, ...]] = _Cache(clock)
        self._places: _Cache[Place] = _Cache(clock)

    async def actor(self, user: str) -> Actor:
        info = await self._users.get(user, lambda: self._ask_user(user))
        if not info:
            return Actor(id=user, team="", known=False)
        groups = await self._all_groups()
        mine = [g for g in groups if user in g.users]
        return self._actor(info, frozenset(x for g in mine for x in (g.id, g.handle) if x))

    def _actor(self, info: dict[str, Any], groups: frozenset[str]) -> Actor:
        team = str(info.get("team_id", ""))
        return Actor(
            id=str(info.get("id", "")),
            team=team,
            name=str(info.get("profile", {}).get("display_name") or info.get("real_name") or info.get("name", "")),
            groups=groups,
            bot=bool(info.get("is_bot") or info.get("is_workflow_bot")),
            deleted=bool(info.get("deleted")),
            guest=bool(info.get("is_restricted") or info.get("is_ultra_restricted")),
            stranger=bool(info.get("is_stranger")) or bool(self.team and team and team != self.team),
        )

    async def _ask_user(self, user: str) -> dict[str, Any]:
        try:
            answer = await call(self._client.users_info(user=user))
        except Rejected as error:
            if error.code in ("user_not_found", "user_not_visible", "users_not_found"):
                return {}
            raise
        found: dict[str, Any] = answer["user"]
        return found

    async def _all_groups(self) -> tuple[_Group, ...]:
        return await self._groups.get("", self._ask_groups)

    async def _ask_groups(self) -> tuple[_Group, ...]:
        try:
            answer = await call(self._client.usergroups_list(include_users=True))
        except Rejected as error:
            if error.code in ("missing_scope", "not_allowed_token_type", "paid_teams_only", "plan_upgrade_required"):
                return ()  # roles then rest on user ids alone
            raise
        return tuple(
            _Group(g["id"], g.get("handle", ""), frozenset(g.get("users", ()))) for g in answer.get("usergroups", [])
        )

    async def mentions(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """Ids for what a route mentions: an id stays, a group's handle becomes its id, anything unknown is left out."""
        handles = {g.handle: g.id for g in await self._all_groups()}
        ids = (n if re.fullmatch(r"[SUW][A-Z0-9]{2,}", n) else handles.get(n.lstrip("@")) for n in names)
        return tuple(i for i in ids if i)

    async def place(self, channel: str) -> Place:
        return await self._places.get(channel, lambda: self._ask_place(channel))

    async def _ask_place(self, channel: str) -> Place:
        try:
            answer = await call(self._client.conversations_info(channel=channel))
        except Rejected as error:
            if error.code in ("channel_not_found", "missing_scope"):
                # A direct message or a private channel that secbot is not in: Slack tells us nothing about it.
                kind = PlaceKind.DIRECT if channel.startswith("D") else PlaceKind.PRIVATE
                return Place(channel, kind, known=False)
            raise
        info = answer["channel"]
        direct, private = info.get("is_im") or info.get("is_mpim"), info.get("is_private")
        kind = PlaceKind.DIRECT if direct else PlaceKind.PRIVATE if private else PlaceKind.CHANNEL
        shared = bool(info.get("is_ext_shared") or info.get("is_pending_ext_shared"))
        return Place(channel, kind, str(info.get("name", "")), shared)
