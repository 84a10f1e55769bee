"""Everything the stand-in knows, gathered for its parts, and the three things that happen to a message.

Problem solved: the Web API, the page and the dispatcher act on one state and tell the same pages. This module refuses
to talk to the network: it changes state and hands frames to `Live`.
"""

from __future__ import annotations

import random

from sandbox.slack import shapes
from sandbox.slack.clock import Clock
from sandbox.slack.faults import Faults
from sandbox.slack.history import History
from sandbox.slack.limits import RateLimits
from sandbox.slack.live import Live
from sandbox.slack.messages import Ids, MessageStore
from sandbox.slack.state import Channel, Draft, File, Json, Message, User, View, Workspace
from sandbox.slack.tasks import Tasks
from sandbox.slack.triggers import ResponseUrls, Triggers


class World:
    """One workspace, alive. Made by `SlackServer`; lives in one event loop."""

    def __init__(self, workspace: Workspace, clock: Clock, *, limits: bool = True) -> None:
        self.workspace = workspace
        self.clock = clock
        self.base_url = ""
        self.ids = Ids()
        self.dice = random.Random(20_240_501)
        self.live = Live()
        self.tasks = Tasks()
        self.history = History(self.live.changed)
        self.faults = Faults(self.live.changed)
        self.limits = RateLimits(clock, enabled=limits)
        self.messages = MessageStore(clock, self.ids)
        self.triggers = Triggers(clock, workspace.team.id)
        self.response_urls = ResponseUrls(clock)
        self.views: dict[str, View] = {}
        self.stacks: dict[str, list[str]] = {}
        self.homes: dict[str, View] = {}
        self.files: dict[str, File] = {}
        self.unfurl_ids: dict[str, tuple[str, str]] = {}  # unfurl_id -> (channel, ts)
        self.drafts: dict[str, Draft] = {}  # by unfurl_id too
        self.last_read: dict[tuple[str, str], str] = {}
        self._open_bot_dms()

    # who and where

    def users(self) -> list[User]:
        """All users, the bot's own among them."""
        listed = [u for u in self.workspace.users if u.id != self.workspace.bot_user.id]
        return [*listed, self.workspace.bot_user]

    def user(self, user_id: str) -> User | None:
        return next((u for u in self.users() if u.id == user_id), None)

    def team_of(self, user: User) -> str:
        return user.team_id or self.workspace.team.id

    def channel(self, channel_id: str) -> Channel | None:
        return next((c for c in self.workspace.channels if c.id == channel_id), None)

    def find_channel(self, wanted: str) -> Channel | None:
        """By id, by name with or without '#', or the bot's direct messages with a user id."""
        name = wanted.removeprefix("#")
        by_name = next((c for c in self.workspace.channels if c.kind != "im" and c.name == name), None)
        return self.channel(wanted) or by_name or self.dm(wanted, self.workspace.bot_user.id)

    def dm(self, one: str, other: str) -> Channel | None:
        pair = {one, other}
        return next((c for c in self.workspace.channels if c.kind == "im" and c.members == pair), None)

    def open_dm(self, one: str, other: str) -> Channel:
        """The direct messages of two users, made when there are none."""
        found = self.dm(one, other)
        if found is None:
            bot_in = self.workspace.bot_user.id in (one, other)
            found = Channel(self.ids.make("D"), "", "im", is_member=bot_in, members={one, other})
            self.workspace.channels.append(found)
        return found

    def _open_bot_dms(self) -> None:
        for user in self.workspace.users:
            if not user.is_bot and not user.is_stranger and not user.deleted:
                self.open_dm(user.id, self.workspace.bot_user.id)

    def members(self, channel: Channel) -> list[str]:
        """Ids of a channel's members; the bot among them when `is_member`."""
        if channel.kind == "im":
            return sorted(channel.members or ())
        listed = channel.members
        people = [u for u in self.users() if u.id != self.workspace.bot_user.id and not u.deleted]
        ids = [u.id for u in people if (u.id in listed if listed is not None else _joins_all(u, channel))]
        return [*ids, self.workspace.bot_user.id] if channel.is_member else ids

    def sees(self, user_id: str, channel: Channel) -> bool:
        """Whether the user may read the channel: members may; full members may also read public channels."""
        if user_id in self.members(channel):
            return True
        user = self.user(user_id)
        return channel.kind == "channel" and user is not None and _full_member(user)

    def readers(self, channel: Channel) -> list[str]:
        members = set(self.members(channel))
        return [u.id for u in self.users() if u.id in members or (channel.kind == "channel" and _full_member(u))]

    # what happens to messages

    def post(self, message: Message) -> None:
        """Store a new message and tell those who may see it; its parent's reply count changes with it."""
        self.messages.add(message)
        message.said = shapes.said(message)
        self._tell(message, "message")
        if message.is_reply and message.ephemeral_for is None:
            self._tell_parent(message)
        if message.ephemeral_for is None:
            self.channel_changed(message.channel)

    def message_changed(self, message: Message) -> None:
        """Give ids to new blocks and tell those who see the message."""
        self.messages.fill_ids(message)
        message.said = shapes.said(message)
        self._tell(message, "message_changed")

    def delete(self, message: Message) -> None:
        self.messages.remove(message)
        frame = {"type": "message_deleted", "channel": message.channel, "ts": message.ts}
        self.live.push(self._audience(message), frame)
        if message.is_reply:
            self._tell_parent(message)

    def channel_changed(self, channel_id: str) -> None:
        """Each open page gets its own view of the channel: unread and mentions differ by user."""
        channel = self.channel(channel_id)
        if channel is None:
            return
        for user in self.live.watching():
            if self.sees(user, channel):
                self.live.push([user], {"type": "channel", "channel": shapes.page_channel(self, channel, user)})
        self.live.changed()

    def _tell(self, message: Message, kind: str) -> None:
        self.live.push(self._audience(message), {"type": kind, "message": shapes.page_message(self, message)})

    def _tell_parent(self, reply: Message) -> None:
        parent = self.messages.get(reply.channel, reply.thread_ts or "")
        if parent is not None:
            self._tell(parent, "message_changed")

    def _audience(self, message: Message) -> list[str]:
        if message.ephemeral_for is not None:
            return [message.ephemeral_for]
        channel = self.channel(message.channel)
        return self.readers(channel) if channel is not None else []

    # views

    def stack(self, user: str) -> list[View]:
        """The user's open modals, the lowest first."""
        return [self.views[view_id] for view_id in self.stacks.get(user, [])]

    def push_view_frame(self, kind: str, view: View) -> None:
        self.live.push([view.user], {"type": kind, "view": shapes.page_view(view)})

    def drop_view(self, view: View) -> None:
        """Close one modal."""
        stack = self.stacks.get(view.user, [])
        if view.id in stack:
            stack.remove(view.id)
        self.views.pop(view.id, None)
        self.live.push([view.user], {"type": "view_closed", "view_id": view.id})

    def status_frame(self, connected: bool, connections: int) -> Json:
        return {"type": "status", "connected": connected, "connections": connections}


def _full_member(user: User) -> bool:
    return not (user.is_restricted or user.is_ultra_restricted or user.is_stranger)


def _joins_all(user: User, channel: Channel) -> bool:
    """Whether a user is in a channel whose members are not listed: people with a full account are."""
    return _full_member(user) and not user.is_bot and channel.kind != "im"
