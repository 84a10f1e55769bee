"""The workspace the stand-in plays: who and what exists, in plain dataclasses.

Problem solved: a test or the demo describes a Slack workspace in a few lines. The records are mutable on purpose:
archiving a channel or deactivating a user in mid-test is one assignment. This module refuses to hold behaviour of
Slack; that is in `webapi*` and `acts`. Everything is in memory.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

Json: TypeAlias = dict[str, Any]
ChannelKind: TypeAlias = Literal["channel", "private", "im"]
ShortcutKind: TypeAlias = Literal["message", "global"]

DEFAULT_EVENTS = frozenset({"app_mention", "message.im", "link_shared", "app_home_opened"})


@dataclass
class Team:
    """The workspace's own identity."""

    id: str = "T0SANDBOX"
    name: str = "Sandbox"
    domain: str = "sandbox"


@dataclass
class User:
    """A person or a bot. A stranger (Slack Connect) has another `team_id`; None means the workspace's own team."""

    id: str
    name: str
    real_name: str = ""
    title: str = ""
    email: str = ""
    color: str = "4a154b"
    is_bot: bool = False
    deleted: bool = False
    is_restricted: bool = False
    is_ultra_restricted: bool = False
    is_stranger: bool = False
    is_admin: bool = False
    team_id: str | None = None
    tz: str = "Etc/UTC"
    tz_offset: int = 0


@dataclass
class Channel:
    """A place for messages. `is_member` is the bot's membership; `members` None means every active member of the
    team."""

    id: str
    name: str
    kind: ChannelKind = "channel"
    topic: str = ""
    purpose: str = ""
    is_ext_shared: bool = False
    is_archived: bool = False
    is_member: bool = True
    members: set[str] | None = None
    created: int = 1_700_000_000


@dataclass
class UserGroup:
    """A group that can be mentioned (`<!subteam^ID>`), e.g. the on-call people."""

    id: str
    handle: str
    name: str
    users: list[str] = field(default_factory=list)
    is_disabled: bool = False


@dataclass
class Shortcut:
    """A message or global shortcut as the app's manifest declares it."""

    type: ShortcutKind
    callback_id: str
    name: str
    description: str = ""


@dataclass
class Workspace:
    """One workspace with one app installed.

    `commands` are (command, description, usage_hint); `completions` are (text, hint), offered by the page while
    typing. `scopes` None grants all but chat:write.public, which must be named. With `http_url` set, payloads are
    POSTed there, signed with `signing_secret`, instead of going over Socket Mode. `events` are the app's bot event
    subscriptions; `unfurl_domains` those whose links raise `link_shared`.
    """

    team: Team = field(default_factory=Team)
    users: list[User] = field(default_factory=list)
    channels: list[Channel] = field(default_factory=list)
    usergroups: list[UserGroup] = field(default_factory=list)
    commands: Sequence[tuple[str, str, str]] = ()
    completions: Sequence[tuple[str, str]] = ()
    shortcuts: Sequence[Shortcut] = ()
    bot_token: str = "xoxb-sandbox"  # noqa: S105  # a made-up one, good here only
    app_token: str = "xapp-sandbox"  # noqa: S105  # a made-up one, good here only
    signing_secret: str = "sandbox-signing-secret"  # noqa: S105  # a made-up one, good here only
    scopes: set[str] | None = None
    app_id: str = "A0SECBOT"
    bot_id: str = "B0SECBOT"
    bot_user: User = field(default_factory=lambda: User("U0SECBOT", "secbot", "secbot", is_bot=True, color="2bac76"))
    verification_token: str = "sandbox-verification"  # noqa: S105  # a made-up one, good here only
    http_url: str | None = None
    events: frozenset[str] = DEFAULT_EVENTS
    unfurl_domains: Sequence[str] = ()  # with all their subdomains
    home_enabled: bool = True


@dataclass
class Message:
    """One message as stored. `ephemeral_for` is the only user who sees it; `metadata` is the app's, never shown on
    the page."""

    channel: str
    ts: str
    user: str
    text: str
    blocks: list[Json] = field(default_factory=list)
    attachments: list[Json] = field(default_factory=list)
    metadata: Json | None = None
    thread_ts: str | None = None
    broadcast: bool = False
    edited: str | None = None
    ephemeral_for: str | None = None
    subtype: str | None = None
    from_app: bool = False
    mrkdwn: bool = True
    username: str | None = None
    reactions: dict[str, list[str]] = field(default_factory=dict)
    files: list[str] = field(default_factory=list)
    pinned: bool = False
    said: str = ""  # what can mention people, kept by `World` so that unread counts stay cheap

    @property
    def all_blocks(self) -> list[Json]:
        """Its blocks and those of its attachments (unfurls)."""
        return [*self.blocks, *(block for a in self.attachments for block in a.get("blocks") or [])]

    @property
    def is_reply(self) -> bool:
        return self.thread_ts is not None and self.thread_ts != self.ts


@dataclass
class Draft:
    """A message with links that somebody is still typing; `attachments` are the previews the app gave for it."""

    user: str
    channel: str
    text: str
    attachments: list[Json] = field(default_factory=list)


@dataclass
class View:
    """A modal or a Home tab that exists in one user's client; `body` is what the app sent (type, title, blocks,
    ...)."""

    id: str
    user: str
    hash: str
    body: Json
    root_view_id: str
    previous_view_id: str | None = None
    values: Json = field(default_factory=dict)
    response_channels: dict[str, str] = field(default_factory=dict)

    @property
    def type(self) -> str:
        return str(self.body.get("type", "modal"))

    @property
    def blocks(self) -> list[Json]:
        return list(self.body.get("blocks", []))


@dataclass
class File:
    """An uploaded file. `content` is None until the bytes were POSTed; `complete` after completeUploadExternal."""

    id: str
    name: str
    length: int
    ticket: str
    title: str = ""
    alt_txt: str | None = None
    content: bytes | None = None
    mimetype: str = "application/octet-stream"
    created: int = 0
    complete: bool = False
    channels: list[str] = field(default_factory=list)
