"""chat.*, reactions.add and pins.add: what the bot says.

Problem solved: posts, edits and deletions are refused for the reasons Slack refuses them. This module refuses to
deliver: it changes the `World`, which tells the pages.
"""

from __future__ import annotations

import json

from sandbox.slack import shapes
from sandbox.slack.blocks_check import check_message
from sandbox.slack.state import Channel, Json, Message
from sandbox.slack.webapi_core import (
    ApiError,
    Args,
    Method,
    checked_blocks,
    known_channel,
    problem_lines,
    writable_channel,
)
from sandbox.slack.world import World

# From: https://docs.slack.dev/reference/methods/chat.postMessage
MAX_TEXT_POST = 40_000  # longer text is cut, not refused
MAX_ATTACHMENTS = 100
MAX_MARKDOWN_TEXT = 12_000
# From: https://docs.slack.dev/reference/methods/chat.update
MAX_TEXT_UPDATE = 4_000
# Slack documents metadata_too_large but no number: this one is ours, so that an unbounded payload is noticed.
MAX_METADATA_CHARACTERS = 8_000


def checked_metadata(args: Args) -> Json | None:
    """The metadata argument; {} means "remove". Raises invalid_metadata_format, metadata_too_large."""
    metadata = args.parsed("metadata", "invalid_metadata_format")
    if metadata is None or metadata == {}:
        return None if metadata is None else {}
    if not isinstance(metadata, dict):
        raise ApiError("invalid_metadata_format")
    payload = metadata.get("event_payload")
    if not isinstance(metadata.get("event_type"), str) or not isinstance(payload, dict):
        raise ApiError("invalid_metadata_format")
    if len(json.dumps(payload)) > MAX_METADATA_CHARACTERS:
        raise ApiError("metadata_too_large")
    return {"event_type": metadata["event_type"], "event_payload": payload}


def checked_attachments(args: Args) -> list[Json] | None:
    """The attachments argument, None when absent. Raises invalid_attachments, too_many_attachments."""
    attachments = args.parsed("attachments", "invalid_attachments")
    if attachments is None:
        return None
    if not isinstance(attachments, list) or not all(isinstance(a, dict) for a in attachments):
        raise ApiError("invalid_attachments")
    if len(attachments) > MAX_ATTACHMENTS:
        raise ApiError("too_many_attachments")
    for number, attachment in enumerate(attachments):
        _check_attachment(attachment, f"/attachments/{number}/blocks")
    return [{"id": number, **attachment} for number, attachment in enumerate(attachments, 1)]


def _check_attachment(attachment: Json, path: str) -> None:
    problems = check_message(attachment["blocks"]) if "blocks" in attachment else []
    if problems:
        raise ApiError("invalid_attachments", response_metadata={"messages": problem_lines(problems, path)})


def content(world: World, args: Args) -> tuple[str, list[Json] | None, list[Json] | None]:
    """Text, blocks and attachments of a post; no_text when all are empty."""
    blocks, attachments = checked_blocks(world, args), checked_attachments(args)
    text = args.text("text")
    markdown = args.text("markdown_text")
    if markdown:
        if text or blocks:
            raise ApiError("markdown_text_conflict")
        if len(markdown) > MAX_MARKDOWN_TEXT:
            raise ApiError("msg_too_long")
        return markdown, [{"type": "markdown", "text": markdown}], attachments
    if not text.strip() and not blocks and not attachments:
        raise ApiError("no_text")
    return text, blocks, attachments


def _thread_of(world: World, channel: Channel, thread_ts: str) -> str | None:
    """The parent's ts; a reply's ts leads to its parent."""
    if not thread_ts:
        return None
    parent = world.messages.get(channel.id, thread_ts)
    if parent is None:
        raise ApiError("cannot_reply_to_message")
    return parent.thread_ts or parent.ts


def parent_of(world: World, channel: str, thread_ts: str) -> str | None:
    """The thread that a ts names, be it the parent's or a reply's; a ts of nothing stays (such a message is seen nowhere)."""
    named = world.messages.get(channel, thread_ts)
    return (named.thread_ts or named.ts) if named is not None else thread_ts or None


def post_message(world: World, args: Args) -> Json:
    """chat.postMessage"""
    channel = writable_channel(world, args.required("channel", "channel_not_found"))
    text, blocks, attachments = content(world, args)
    thread_ts = _thread_of(world, channel, args.text("thread_ts"))
    message = Message(
        channel.id,
        world.messages.next_ts(),
        world.workspace.bot_user.id,
        text[:MAX_TEXT_POST],
        blocks or [],
        attachments or [],
        checked_metadata(args) or None,
        thread_ts=thread_ts,
        broadcast=thread_ts is not None and args.flag("reply_broadcast"),
        from_app=True,
        mrkdwn=args.flag("mrkdwn", True),
        username=args.text("username") or None,
    )
    world.post(message)
    shown = shapes.api_message(world, message, metadata=True)
    return {"channel": channel.id, "ts": message.ts, "message": shown}


def post_ephemeral(world: World, args: Args) -> Json:
    """chat.postEphemeral"""
    channel = writable_channel(world, args.required("channel", "channel_not_found"))
    user = world.user(args.required("user"))
    if user is None or user.id not in world.members(channel):
        raise ApiError("user_not_in_channel")
    text, blocks, attachments = content(world, args)
    ts = world.messages.next_ts()
    ephemeral = Message(
        channel.id, ts, world.workspace.bot_user.id, text, blocks or [], attachments or [], from_app=True
    )
    ephemeral.ephemeral_for = user.id
    ephemeral.thread_ts = parent_of(world, channel.id, args.text("thread_ts"))
    world.post(ephemeral)
    return {"message_ts": ts}


def _own_message(world: World, args: Args, refusal: str) -> Message:
    """The bot's message that the arguments name. Ephemeral ones cannot be found, as Slack keeps none."""
    channel = known_channel(world, args.required("channel", "channel_not_found"))
    if channel.is_archived:
        raise ApiError("is_archived")
    message = world.messages.get(channel.id, args.required("ts", "message_not_found"))
    if message is None:
        raise ApiError("message_not_found")
    if not message.from_app or message.subtype == "tombstone":
        raise ApiError(refusal)
    return message


def update(world: World, args: Args) -> Json:
    """chat.update: blocks left out are removed; attachments and metadata left out stay."""
    message = _own_message(world, args, "cant_update_message")
    if len(args.text("text")) > MAX_TEXT_UPDATE:
        raise ApiError("msg_too_long")
    text, blocks, attachments = content(world, args)
    metadata = checked_metadata(args)
    message.text, message.blocks = text, blocks or []
    if attachments is not None:
        message.attachments = attachments
    if metadata is not None:
        message.metadata = metadata or None
    message.edited = world.messages.next_ts()
    world.message_changed(message)
    shown = shapes.api_message(world, message, metadata=True)
    return {"channel": message.channel, "ts": message.ts, "text": text, "message": shown}


def delete(world: World, args: Args) -> Json:
    """chat.delete: a parent with replies leaves a tombstone."""
    message = _own_message(world, args, "cant_delete_message")
    if world.messages.replies(message.channel, message.ts):
        message.text, message.blocks, message.attachments = "This message was deleted.", [], []
        message.subtype, message.metadata = "tombstone", None
        world.message_changed(message)
    else:
        world.delete(message)
    return {"channel": message.channel, "ts": message.ts}


def get_permalink(world: World, args: Args) -> Json:
    """chat.getPermalink"""
    channel = known_channel(world, args.required("channel", "channel_not_found"))
    message = world.messages.get(channel.id, args.required("message_ts", "message_not_found"))
    if message is None:
        raise ApiError("message_not_found")
    return {"channel": channel.id, "permalink": shapes.permalink(world, message)}


def add_reaction(world: World, args: Args) -> Json:
    """reactions.add"""
    channel = known_channel(world, args.required("channel", "channel_not_found"))
    message = world.messages.get(channel.id, args.required("timestamp", "no_item_specified"))
    if message is None:
        raise ApiError("message_not_found")
    users = message.reactions.setdefault(args.required("name", "invalid_name"), [])
    if world.workspace.bot_user.id in users:
        raise ApiError("already_reacted")
    users.append(world.workspace.bot_user.id)
    world.message_changed(message)
    return {}


def add_pin(world: World, args: Args) -> Json:
    """pins.add"""
    channel = writable_channel(world, args.required("channel", "channel_not_found"))
    message = world.messages.get(channel.id, args.required("timestamp", "no_item_specified"))
    if message is None:
        raise ApiError("message_not_found")
    if message.pinned:
        raise ApiError("already_pinned")
    message.pinned = True
    world.message_changed(message)
    return {}


# From: tiers and scopes by method, https://docs.slack.dev/reference/methods
METHODS = {
    "chat.postMessage": Method(post_message, None, ("chat:write",)),
    "chat.postEphemeral": Method(post_ephemeral, 4, ("chat:write",)),
    "chat.update": Method(update, 3, ("chat:write",)),
    "chat.delete": Method(delete, 3, ("chat:write",)),
    "chat.getPermalink": Method(get_permalink, None),
    "reactions.add": Method(add_reaction, 3, ("reactions:write",)),
    "pins.add": Method(add_pin, 2, ("pins:write",)),
}
