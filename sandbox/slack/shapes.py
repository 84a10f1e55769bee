"""The state as the two sides see it: the page's entities (PROTOCOL.md) and Slack's objects.

Problem solved: each entity has one function per audience, so both stay complete. This module refuses to change
anything.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import TYPE_CHECKING

from sandbox.slack.state import Channel, File, Json, Message, User, UserGroup, View

if TYPE_CHECKING:
    from sandbox.slack.world import World

# The page shows "99+" long before: counting further back would slow every post of a busy channel.
MAX_UNREAD = 300
# keep in sync with PROTOCOL.md, "view"
_VIEW_TEXTS = ("title", "submit", "close")


# the page's entities


def page_user(world: World, user: User) -> Json:
    kept = ("id", "name", "title", "color", "is_bot", "deleted", "is_stranger")
    shown = {key: getattr(user, key) for key in kept}
    guest = user.is_restricted or user.is_ultra_restricted
    return {**shown, "real_name": user.real_name or user.name, "is_restricted": guest, "team_id": world.team_of(user)}


def page_channel(world: World, channel: Channel, viewer: str) -> Json:
    other = sorted((channel.members or set()) - {viewer}) if channel.kind == "im" else []
    unread, mentions = _counts(world, channel, viewer)
    peer = world.user(other[0]) if other else None
    return {
        "id": channel.id,
        "name": channel.name or (peer.name if peer else channel.id),
        "kind": channel.kind,
        "topic": channel.topic,
        "is_ext_shared": channel.is_ext_shared,
        "is_archived": channel.is_archived,
        "is_member": viewer in world.members(channel),
        "im_user": other[0] if other else None,
        "unread": unread,
        "mentions": mentions,
        "last_read": world.last_read.get((viewer, channel.id), "0"),
    }


def _counts(world: World, channel: Channel, viewer: str) -> tuple[int, int]:
    """Unread messages and mentions, looked for among the latest MAX_UNREAD only."""
    read = world.last_read.get((viewer, channel.id), "0")
    newest = reversed(world.messages.all(channel.id)[-MAX_UNREAD:])
    fresh = [m for m in itertools.takewhile(lambda m: m.ts > read, newest) if m.user != viewer]
    top = sum(not m.is_reply or m.broadcast for m in fresh)
    if channel.kind == "im":
        return top, top
    marks = _marks(world, viewer)
    return top, sum(any(mark in m.said for mark in marks) for m in fresh)


def said(message: Message) -> str:
    """What can mention people. With blocks only these count: Slack takes `text` as a mere fallback then."""
    return json.dumps(message.blocks) if message.blocks else message.text


def _marks(world: World, viewer: str) -> list[str]:
    """What in a message's `said` calls this viewer: mentions of the person, of a group, of everyone."""
    groups = [g.id for g in world.workspace.usergroups if viewer in g.users and not g.is_disabled]
    everyone = ["<!here", "<!channel", "<!everyone", '"type": "broadcast"']
    person = [f"<@{viewer}>", f"<@{viewer}|", f'"user_id": "{viewer}"']
    return [*person, *everyone, *(f"<!subteam^{g}" for g in groups), *(f'"usergroup_id": "{g}"' for g in groups)]


def permalink(world: World, message: Message) -> str:
    link = f"https://{world.workspace.team.domain}.slack.com/archives/{message.channel}/p{message.ts.replace('.', '')}"
    return f"{link}?thread_ts={message.thread_ts}&cid={message.channel}" if message.is_reply else link


def thread_summary(world: World, message: Message) -> Json:
    """reply_count, reply_users and latest_reply of a thread's parent."""
    replies = [] if message.is_reply else world.messages.replies(message.channel, message.ts)
    users = list(dict.fromkeys(r.user for r in replies))
    return {"reply_count": len(replies), "reply_users": users, "latest_reply": replies[-1].ts if replies else None}


def page_message(world: World, message: Message) -> Json:
    files = [world.files[file_id] for file_id in message.files if file_id in world.files]
    return {
        "channel": message.channel,
        "ts": message.ts,
        "user": message.user,
        "text": message.text,
        "blocks": message.blocks,
        "attachments": message.attachments,
        "thread_ts": message.thread_ts,
        "broadcast": message.broadcast,
        "edited": message.edited,
        "ephemeral": message.ephemeral_for is not None,
        "subtype": message.subtype,
        **thread_summary(world, message),
        "reactions": [{"name": name, "users": users} for name, users in message.reactions.items()],
        "files": [page_file(world, file) for file in files],
        "permalink": permalink(world, message),
    }


def page_file(world: World, file: File) -> Json:
    url = f"{world.base_url}/_files/{file.id}/{file.name}"
    is_image = file.mimetype.startswith("image/")
    return {
        "id": file.id,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": file.mimetype,
        "size": file.length,
        "url": url,
        "thumb_url": url if is_image else None,
        "alt_txt": file.alt_txt or "",
    }


def page_view(view: View) -> Json:
    body = view.body
    return {
        "id": view.id,
        "hash": view.hash,
        "type": view.type,
        "callback_id": body.get("callback_id", ""),
        **{key: body.get(key) for key in _VIEW_TEXTS},
        "blocks": view.blocks,
        "private_metadata": body.get("private_metadata", ""),
        "notify_on_close": bool(body.get("notify_on_close")),
        "root_view_id": view.root_view_id,
        "previous_view_id": view.previous_view_id,
        "state": {"values": view.values},
    }


# Slack's objects


def api_user(world: World, user: User) -> Json:
    profile = {
        "real_name": user.real_name or user.name,
        "display_name": user.name,
        "title": user.title,
        "email": user.email,
    }
    profile |= {"team": world.team_of(user), "status_text": "", "status_emoji": ""}
    kept = (
        "id",
        "name",
        "deleted",
        "color",
        "tz",
        "tz_offset",
        "is_admin",
        "is_restricted",
        "is_ultra_restricted",
        "is_bot",
    )
    shown = {key: getattr(user, key) for key in kept}
    shown |= {"team_id": world.team_of(user), "real_name": profile["real_name"], "profile": profile, "is_owner": False}
    shown |= {"is_primary_owner": False, "is_app_user": False, "updated": 1_700_000_000, "is_email_confirmed": True}
    return {**shown, "is_stranger": True} if user.is_stranger else shown


def api_channel(world: World, channel: Channel) -> Json:
    if channel.kind == "im":
        return _api_im(world, channel)
    team = world.workspace.team.id
    private = channel.kind == "private"
    return {
        "id": channel.id,
        "name": channel.name,
        "name_normalized": channel.name,
        "is_channel": not private,
        "is_group": False,
        "is_im": False,
        "is_mpim": False,
        "is_private": private,
        "created": channel.created,
        "creator": world.workspace.users[0].id if world.workspace.users else world.workspace.bot_user.id,
        "is_archived": channel.is_archived,
        "is_general": channel.name == "general",
        "is_shared": channel.is_ext_shared,
        "is_org_shared": False,
        "is_ext_shared": channel.is_ext_shared,
        "is_pending_ext_shared": False,
        "shared_team_ids": _shared_teams(world, channel),
        "context_team_id": team,
        "is_member": channel.is_member,
        "topic": {"value": channel.topic, "creator": "", "last_set": 0},
        "purpose": {"value": channel.purpose, "creator": "", "last_set": 0},
    }


def _api_im(world: World, channel: Channel) -> Json:
    other = sorted((channel.members or set()) - {world.workspace.bot_user.id})
    head = {"id": channel.id, "created": channel.created, "is_im": True, "is_channel": False, "is_private": True}
    tail = {
        "is_archived": channel.is_archived,
        "is_org_shared": False,
        "is_ext_shared": channel.is_ext_shared,
        "is_user_deleted": False,
    }
    return {
        **head,
        **tail,
        "user": other[0] if other else world.workspace.bot_user.id,
        "context_team_id": world.workspace.team.id,
    }


def _shared_teams(world: World, channel: Channel) -> list[str]:
    own = world.workspace.team.id
    if not channel.is_ext_shared:
        return [own]
    members = [world.user(user_id) for user_id in world.members(channel)]
    return list(dict.fromkeys([own, *(world.team_of(m) for m in members if m is not None)]))


def api_message(world: World, message: Message, *, metadata: bool = False) -> Json:
    """A message as history and interactions carry it; `metadata` as include_all_metadata asks."""
    shown: Json = {"type": "message", "ts": message.ts, "user": message.user, "text": message.text}
    shown["team"] = world.team_of(world.user(message.user) or world.workspace.bot_user)
    if message.from_app:
        shown |= {"bot_id": world.workspace.bot_id, "app_id": world.workspace.app_id, "bot_profile": api_bot(world)}
    shown |= {key: value for key, value in _optional(message).items() if value}
    if message.files:
        shown["files"] = [api_file(world, world.files[f]) for f in message.files if f in world.files]
    if metadata and message.metadata is not None:
        shown["metadata"] = message.metadata
    return shown | _thread_fields(world, message)


def _optional(message: Message) -> Json:
    reactions = [{"name": name, "users": users, "count": len(users)} for name, users in message.reactions.items()]
    edited = {"user": message.user, "ts": message.edited} if message.edited else None
    subtype = message.subtype or ("thread_broadcast" if message.broadcast else None)
    return {
        "blocks": message.blocks,
        "attachments": message.attachments,
        "edited": edited,
        "reactions": reactions,
        "subtype": subtype,
        "username": message.username,
        "is_ephemeral": message.ephemeral_for is not None,
    }


def _thread_fields(world: World, message: Message) -> Json:
    if message.is_reply:
        parent = world.messages.get(message.channel, message.thread_ts or "")
        return {"thread_ts": message.thread_ts, "parent_user_id": parent.user if parent else ""}
    summary = thread_summary(world, message)
    if not summary["reply_count"]:
        return {}
    return {
        "thread_ts": message.ts,
        **summary,
        "reply_users_count": len(summary["reply_users"]),
        "is_locked": False,
        "subscribed": False,
    }


def api_bot(world: World) -> Json:
    workspace = world.workspace
    names = {
        "id": workspace.bot_id,
        "app_id": workspace.app_id,
        "user_id": workspace.bot_user.id,
        "name": workspace.bot_user.name,
    }
    return {**names, "deleted": False, "updated": 1_700_000_000, "team_id": workspace.team.id, "icons": {}}


def api_file(world: World, file: File) -> Json:
    page = page_file(world, file)
    return {
        "id": file.id,
        "created": file.created,
        "timestamp": file.created,
        "name": file.name,
        "title": file.title or file.name,
        "mimetype": file.mimetype,
        "filetype": re.sub(r".*\.", "", file.name)[-10:],
        "user": world.workspace.bot_user.id,
        "size": file.length,
        "mode": "hosted",
        "is_external": False,
        "url_private": page["url"],
        "url_private_download": page["url"],
        "permalink": page["url"],
        "alt_txt": file.alt_txt or "",
        "channels": file.channels,
    }


def api_usergroup(world: World, group: UserGroup, *, users: bool) -> Json:
    shown: Json = {
        "id": group.id,
        "team_id": world.workspace.team.id,
        "is_usergroup": True,
        "name": group.name,
        "handle": group.handle,
    }
    shown |= {"description": "", "date_delete": int(group.is_disabled), "user_count": len(group.users)}
    return {**shown, "users": list(group.users)} if users else shown


def api_view(world: World, view: View) -> Json:
    """A view as the Web API answers and interactions carry it."""
    workspace, body = world.workspace, view.body
    head = {"id": view.id, "team_id": workspace.team.id, "type": view.type, "blocks": view.blocks, "hash": view.hash}
    texts = {key: body.get(key) for key in _VIEW_TEXTS} if view.type == "modal" else {}
    flags = {key: bool(body.get(key)) for key in ("clear_on_close", "notify_on_close")}
    ids = {
        "root_view_id": view.root_view_id,
        "previous_view_id": view.previous_view_id,
        "external_id": body.get("external_id", ""),
    }
    app = {"app_id": workspace.app_id, "app_installed_team_id": workspace.team.id, "bot_id": workspace.bot_id}
    words = {"private_metadata": body.get("private_metadata", ""), "callback_id": body.get("callback_id", "")}
    return {**head, **words, "state": {"values": view.values}, **texts, **flags, **ids, **app}
