"""Slack's payloads: commands, interactions and events, in the shape the bot's framework expects.

Problem solved: each payload carries every field Slack sends, so that no code of the bot works here and fails there.
This module refuses to deliver.
"""

from __future__ import annotations

from sandbox.slack import shapes
from sandbox.slack.state import Channel, Draft, Json, Message, Shortcut, User, View
from sandbox.slack.world import World


def command(world: World, user: User, channel: Channel, name: str, text: str) -> Json:
    """A slash command."""
    token = world.response_urls.give(user.id, channel.id)
    workspace = world.workspace
    return {
        "token": workspace.verification_token,
        "team_id": workspace.team.id,
        "team_domain": workspace.team.domain,
        "channel_id": channel.id,
        "channel_name": channel_name(channel),
        "user_id": user.id,
        "user_name": user.name,
        "command": name,
        "text": text,
        "api_app_id": workspace.app_id,
        "is_enterprise_install": "false",
        "response_url": f"{world.base_url}/_response/{token}",
        "trigger_id": world.triggers.give(user.id),
    }


def channel_name(channel: Channel) -> str:
    """The name as payloads give it: Slack hides those of private channels and direct messages."""
    return {"im": "directmessage", "private": "privategroup"}.get(channel.kind, channel.name)


def _head(world: World, kind: str, user: User) -> Json:
    workspace = world.workspace
    return {
        "type": kind,
        "user": {"id": user.id, "username": user.name, "name": user.name, "team_id": world.team_of(user)},
        "api_app_id": workspace.app_id,
        "token": workspace.verification_token,
        "team": {"id": workspace.team.id, "domain": workspace.team.domain},
        "enterprise": None,
        "is_enterprise_install": False,
    }


def _response_url(world: World, user: User, message: Message) -> str:
    token = world.response_urls.give(user.id, message.channel, message.ts, message.thread_ts)
    return f"{world.base_url}/_response/{token}"


def message_action(world: World, user: User, message: Message, action: Json, state: Json) -> Json:
    """block_actions on a message. An ephemeral message is not included, as Slack does not keep it."""
    channel = world.channel(message.channel)
    ephemeral = message.ephemeral_for is not None
    container = {"type": "message", "message_ts": message.ts, "channel_id": message.channel, "is_ephemeral": ephemeral}
    if message.thread_ts:
        container["thread_ts"] = message.thread_ts
    unfurl = _attachment_of(message, action["block_id"])
    if unfurl is not None:
        container |= {"type": "message_attachment", "attachment_id": unfurl.get("id", 1)}
        container |= {"is_app_unfurl": bool(unfurl.get("is_app_unfurl")), "app_unfurl_url": unfurl.get("from_url", "")}
    payload = {
        **_head(world, "block_actions", user),
        "container": container,
        "trigger_id": world.triggers.give(user.id),
        "channel": {"id": message.channel, "name": channel_name(channel) if channel else ""},
        "state": {"values": state},
        "response_url": _response_url(world, user, message),
        "actions": [action],
    }
    if unfurl is not None and unfurl.get("is_app_unfurl"):
        payload["app_unfurl"] = unfurl
    return payload if ephemeral else {**payload, "message": shapes.api_message(world, message)}


def _attachment_of(message: Message, block_id: str) -> Json | None:
    """The attachment that holds this block; None when the block is the message's own."""
    for attachment in message.attachments:
        if any(block.get("block_id") == block_id for block in attachment.get("blocks") or []):
            return attachment
    return None


def view_action(world: World, user: User, view: View, action: Json) -> Json:
    """block_actions in a modal or the Home tab."""
    return {
        **_head(world, "block_actions", user),
        "container": {"type": "view", "view_id": view.id},
        "trigger_id": world.triggers.give(user.id, view.id if view.type == "modal" else None),
        "view": shapes.api_view(world, view),
        "actions": [action],
    }


def view_submission(world: World, user: User, view: View) -> Json:
    """view_submission; `response_urls` for selects with response_url_enabled."""
    return {
        **_head(world, "view_submission", user),
        "trigger_id": world.triggers.give(user.id, view.id),
        "view": shapes.api_view(world, view),
        "response_urls": _response_urls(world, user, view),
    }


def _response_urls(world: World, user: User, view: View) -> list[Json]:
    found = []
    for block in view.blocks:
        element = block.get("element") or {}
        if not element.get("response_url_enabled"):
            continue
        held = (view.values.get(block["block_id"]) or {}).get(element["action_id"]) or {}
        channel = held.get("selected_conversation") or held.get("selected_channel")
        if channel:
            url = f"{world.base_url}/_response/{world.response_urls.give(user.id, channel)}"
            found.append(
                {
                    "response_url": url,
                    "channel_id": channel,
                    "block_id": block["block_id"],
                    "action_id": element["action_id"],
                }
            )
    return found


def view_closed(world: World, user: User, view: View, *, cleared: bool) -> Json:
    return {**_head(world, "view_closed", user), "view": shapes.api_view(world, view), "is_cleared": cleared}


def suggestion(world: World, user: User, origin: Message | View, *, at: tuple[str, str], value: str) -> Json:
    """block_suggestion: options for the external select at (block_id, action_id)."""
    block_id, action_id = at
    asked = {"name": action_id, "action_id": action_id, "block_id": block_id, "value": value}
    head = {**_head(world, "block_suggestion", user), **asked}
    if isinstance(origin, View):
        return {**head, "container": {"type": "view", "view_id": origin.id}, "view": shapes.api_view(world, origin)}
    channel = world.channel(origin.channel)
    place = {"id": origin.channel, "name": channel_name(channel) if channel else ""}
    container = {"type": "message", "message_ts": origin.ts, "channel_id": origin.channel}
    return {**head, "container": container, "channel": place, "message": shapes.api_message(world, origin)}


def message_shortcut(world: World, user: User, shortcut: Shortcut, message: Message, action_ts: str) -> Json:
    """message_action: a shortcut on a message."""
    channel = world.channel(message.channel)
    return {
        **_head(world, "message_action", user),
        "callback_id": shortcut.callback_id,
        "action_ts": action_ts,
        "trigger_id": world.triggers.give(user.id),
        "response_url": _response_url(world, user, message),
        "message_ts": message.ts,
        "channel": {"id": message.channel, "name": channel_name(channel) if channel else ""},
        "message": shapes.api_message(world, message),
    }


def global_shortcut(world: World, user: User, shortcut: Shortcut, action_ts: str) -> Json:
    """shortcut: a global one, without a channel."""
    head = _head(world, "shortcut", user)
    return {
        **head,
        "callback_id": shortcut.callback_id,
        "action_ts": action_ts,
        "trigger_id": world.triggers.give(user.id),
    }


def event(world: World, inner: Json, channel: Channel | None = None) -> Json:
    """An event in its envelope of the Events API."""
    workspace = world.workspace
    shared = channel is not None and channel.is_ext_shared
    who = {"enterprise_id": None, "team_id": workspace.team.id, "user_id": workspace.bot_user.id, "is_bot": True}
    return {
        "token": workspace.verification_token,
        "team_id": workspace.team.id,
        "context_team_id": workspace.team.id,
        "context_enterprise_id": None,
        "api_app_id": workspace.app_id,
        "event": inner,
        "type": "event_callback",
        "event_id": world.ids.make("Ev"),
        "event_time": int(world.clock.now()),
        "authorizations": [{**who, "is_enterprise_install": False}],
        "is_ext_shared_channel": shared,
        "event_context": world.ids.make("4-ctx"),
    }


def message_event(world: World, message: Message, kind: str) -> Json:
    """`message` or `app_mention`; a stranger's carries the stranger's team."""
    author = world.user(message.user)
    team = world.team_of(author) if author else world.workspace.team.id
    channel = world.channel(message.channel)
    inner: Json = {
        "type": kind,
        "user": message.user,
        "ts": message.ts,
        "text": message.text,
        "team": team,
        "channel": message.channel,
        "event_ts": message.ts,
        "client_msg_id": world.ids.make("cm"),
    }
    if message.blocks:
        inner["blocks"] = message.blocks
    if message.is_reply:
        parent = world.messages.get(message.channel, message.thread_ts or "")
        inner |= {"thread_ts": message.thread_ts, "parent_user_id": parent.user if parent else ""}
    if kind == "message":
        inner["channel_type"] = {"im": "im", "private": "group"}.get(channel.kind if channel else "", "channel")
    if team != world.workspace.team.id:
        inner |= {"user_team": team, "source_team": team}
    return event(world, inner, channel)


def home_event(world: World, user: User, channel_id: str, tab: str) -> Json:
    inner: Json = {"type": "app_home_opened", "user": user.id, "channel": channel_id, "tab": tab}
    inner["event_ts"] = world.messages.next_ts()
    home = world.homes.get(user.id)
    if home is not None and tab == "home":
        inner["view"] = shapes.api_view(world, home)
    return event(world, inner)


def link_event(world: World, message: Message, links: list[Json]) -> Json:
    """link_shared for links in a sent message."""
    unfurl_id = world.ids.make("U")
    world.unfurl_ids[unfurl_id] = (message.channel, message.ts)
    inner: Json = {
        "type": "link_shared",
        "user": message.user,
        "channel": message.channel,
        "message_ts": message.ts,
        "links": links,
        "unfurl_id": unfurl_id,
        "source": "conversations_history",
        "is_bot_user_member": bool((found := world.channel(message.channel)) and found.is_member),
        "event_ts": message.ts,
    }
    if message.is_reply:
        inner["thread_ts"] = message.thread_ts
    return event(world, inner, found)


def draft_event(world: World, draft: Draft, links: list[Json]) -> Json:
    """link_shared for links that are still being typed: neither a real channel nor a real ts is told."""
    unfurl_id = world.ids.make("U")
    world.drafts[unfurl_id] = draft
    inner: Json = {
        "type": "link_shared",
        "user": draft.user,
        "channel": "COMPOSER",
        "message_ts": unfurl_id.lower(),
        "links": links,
        "unfurl_id": unfurl_id,
        "source": "composer",
        "is_bot_user_member": True,
        "event_ts": world.messages.next_ts(),
    }
    return event(world, inner)
