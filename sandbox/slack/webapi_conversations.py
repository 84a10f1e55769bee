"""conversations.*: what the bot may know of channels and read in them.

Problem solved: history, membership and sharing are shown as Slack shows them to a bot. This module refuses to post.
"""

from __future__ import annotations

from sandbox.slack import shapes
from sandbox.slack.state import Channel, Json, Message
from sandbox.slack.webapi_core import ApiError, Args, Method, joined_channel, known_channel, need_scope, page_of
from sandbox.slack.world import World

_PREFIX = {"channel": "channels", "private": "groups", "im": "im"}
_TYPE = {"channel": "public_channel", "private": "private_channel", "im": "im"}


def _need(world: World, channel: Channel, verb: str) -> None:
    need_scope(world, f"{_PREFIX[channel.kind]}:{verb}")


def info(world: World, args: Args) -> Json:
    """conversations.info"""
    channel = known_channel(world, args.required("channel", "channel_not_found"))
    _need(world, channel, "read")
    shown = shapes.api_channel(world, channel)
    if args.flag("include_num_members"):
        shown["num_members"] = len(world.members(channel))
    return {"channel": shown}


def list_channels(world: World, args: Args) -> Json:
    """conversations.list: public channels, and those private ones and direct messages the bot is in."""
    types = args.names("types") or ["public_channel"]
    for kind, word in _TYPE.items():
        if word in types:
            need_scope(world, f"{_PREFIX[kind]}:read")
    visible = [c for c in world.workspace.channels if _TYPE[c.kind] in types and (c.kind == "channel" or c.is_member)]
    if args.flag("exclude_archived"):
        visible = [c for c in visible if not c.is_archived]
    page, cursor = page_of([shapes.api_channel(world, c) for c in visible], args, 100)
    return {"channels": page, "response_metadata": {"next_cursor": cursor}}


def members(world: World, args: Args) -> Json:
    """conversations.members"""
    channel = known_channel(world, args.required("channel", "channel_not_found"))
    _need(world, channel, "read")
    page, cursor = page_of([{"id": m} for m in world.members(channel)], args, 100)
    return {"members": [entry["id"] for entry in page], "response_metadata": {"next_cursor": cursor}}


def _within(messages: list[Message], args: Args) -> list[Message]:
    """Those between oldest and latest; the bounds count only when `inclusive`."""
    oldest, latest = float(args.text("oldest") or 0), float(args.text("latest") or "inf")
    if args.flag("inclusive"):
        return [m for m in messages if oldest <= float(m.ts) <= latest]
    return [m for m in messages if oldest < float(m.ts) < latest]


def _answer(world: World, messages: list[Message], args: Args) -> Json:
    metadata = args.flag("include_all_metadata")
    shown = [shapes.api_message(world, m, metadata=metadata) for m in messages]
    page, cursor = page_of(shown, args, 100, most=999)
    answer: Json = {"messages": page, "has_more": bool(cursor)}
    return {**answer, "response_metadata": {"next_cursor": cursor}} if cursor else answer


def history(world: World, args: Args) -> Json:
    """conversations.history: newest first, no thread replies unless broadcast."""
    channel = joined_channel(world, args.required("channel", "channel_not_found"))
    _need(world, channel, "history")
    found = _within(world.messages.timeline(channel.id), args)
    return {**_answer(world, found[::-1], args), "pin_count": sum(m.pinned for m in world.messages.all(channel.id))}


def replies(world: World, args: Args) -> Json:
    """conversations.replies: the parent, then its replies, oldest first; a bound never hides the parent."""
    channel = joined_channel(world, args.required("channel", "channel_not_found"))
    _need(world, channel, "history")
    named = world.messages.get(channel.id, args.required("ts", "thread_not_found"))
    parent = world.messages.get(channel.id, (named.thread_ts or named.ts) if named else "")
    if parent is None:
        raise ApiError("thread_not_found")
    return _answer(world, [parent, *_within(world.messages.replies(channel.id, parent.ts), args)], args)


def join(world: World, args: Args) -> Json:
    """conversations.join"""
    channel = known_channel(world, args.required("channel", "channel_not_found"))
    if channel.kind != "channel":
        raise ApiError("method_not_supported_for_channel_type")
    if channel.is_archived:
        raise ApiError("is_archived")
    already = channel.is_member
    channel.is_member = True
    world.channel_changed(channel.id)
    answer: Json = {"channel": shapes.api_channel(world, channel)}
    return {**answer, "warning": "already_in_channel"} if already else answer


def open_conversation(world: World, args: Args) -> Json:
    """conversations.open: direct messages with one user (or the channel given)."""
    if args.has("channel"):
        return {"channel": {"id": known_channel(world, args.text("channel")).id}}
    wanted = args.names("users")
    if len(wanted) != 1:
        raise ApiError("users_list_not_supplied" if not wanted else "not_enough_users")
    user = world.user(wanted[0])
    if user is None:
        raise ApiError("user_not_found")
    if user.deleted:
        raise ApiError("user_disabled")
    if user.is_bot:
        raise ApiError("cannot_dm_bot")
    existed = world.dm(user.id, world.workspace.bot_user.id) is not None
    channel = world.open_dm(user.id, world.workspace.bot_user.id)
    flags = {"no_op": existed, "already_open": existed}
    return {**flags, "channel": shapes.api_channel(world, channel) if args.flag("return_im") else {"id": channel.id}}


_ANY_READ = ("channels:read", "groups:read", "im:read")
_ANY_HISTORY = ("channels:history", "groups:history", "im:history")
# From: tiers and scopes by method, https://docs.slack.dev/reference/methods
METHODS = {
    "conversations.info": Method(info, 3, _ANY_READ),
    "conversations.list": Method(list_channels, 2, _ANY_READ),
    "conversations.members": Method(members, 4, _ANY_READ),
    "conversations.history": Method(history, 3, _ANY_HISTORY),
    "conversations.replies": Method(replies, 3, _ANY_HISTORY),
    "conversations.join": Method(join, 3, ("channels:join",)),
    "conversations.open": Method(open_conversation, 3, ("im:write",)),
}
