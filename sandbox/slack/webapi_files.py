"""files.getUploadURLExternal and files.completeUploadExternal.

Problem solved: an upload takes three steps and each can fail on its own. This module refuses files.upload, which
Slack has switched off.
"""

from __future__ import annotations

import mimetypes
import secrets

from sandbox.slack import shapes
from sandbox.slack.state import File, Json, Message
from sandbox.slack.webapi_chat import parent_of
from sandbox.slack.webapi_core import ApiError, Args, Method, checked_blocks, joined_channel
from sandbox.slack.world import World

# From: https://docs.slack.dev/reference/methods/files.getUploadURLExternal
MAX_ALT_TEXT = 1_000
MAX_SNIPPET_BYTES = 1_000_000
# From: https://docs.slack.dev/reference/methods/files.completeUploadExternal
MAX_CHANNELS = 100


def get_upload_url(world: World, args: Args) -> Json:
    """files.getUploadURLExternal"""
    name, length = args.required("filename"), args.number("length", 0)
    alt_txt = args.text("alt_txt") or args.text("alt_text")
    if length < 1:
        raise ApiError("invalid_arguments")
    if len(alt_txt) > MAX_ALT_TEXT:
        raise ApiError("alt_txt_too_large")
    if args.has("snippet_type") and length > MAX_SNIPPET_BYTES:
        raise ApiError("snippet_too_large")
    safe_name = name.replace("/", "_")
    file = File(world.ids.make("F"), safe_name, length, secrets.token_urlsafe(18), safe_name, alt_txt or None)
    file.mimetype = mimetypes.guess_type(safe_name)[0] or file.mimetype
    file.created = int(world.clock.now())
    world.files[file.id] = file
    return {"upload_url": f"{world.base_url}/_upload/{file.ticket}", "file_id": file.id}


def receive(world: World, ticket: str, content: bytes) -> str | None:
    """Take the bytes of an upload; the reason when they are refused."""
    file = next((f for f in world.files.values() if f.ticket == ticket), None)
    if file is None or file.complete:
        return "no such upload"
    if len(content) != file.length:
        return f"expected {file.length} bytes, got {len(content)}"
    file.content = content
    return None


def complete_upload(world: World, args: Args) -> Json:
    """files.completeUploadExternal: files with bytes become shared where asked."""
    wanted = args.parsed("files")
    if not isinstance(wanted, list) or not wanted:
        raise ApiError("invalid_arguments")
    targets = args.names("channels") or args.names("channel_id")
    if len(targets) > MAX_CHANNELS:
        raise ApiError("invalid_arguments")
    if any(world.user(target) is not None for target in targets):
        raise ApiError("channel_not_found")  # a person is not a channel here: conversations.open gives one
    channels = [joined_channel(world, target) for target in targets]
    if any(channel.is_archived for channel in channels):
        raise ApiError("is_archived")
    blocks = checked_blocks(world, args) or []
    files = [_finished(world, entry) for entry in wanted]
    for channel in channels:
        _share(world, channel.id, files, blocks, args)
    return {"files": [shapes.api_file(world, file) for file in files]}


def _finished(world: World, entry: Json) -> File:
    file = world.files.get(str(entry.get("id", "")))
    if file is None or file.content is None:
        raise ApiError("file_not_found")
    if file.complete:
        raise ApiError("file_already_completed")
    file.complete = True
    file.title = str(entry.get("title") or file.name)
    return file


def _share(world: World, channel: str, files: list[File], blocks: list[Json], args: Args) -> None:
    thread_ts = parent_of(world, channel, args.text("thread_ts"))
    message = Message(
        channel, world.messages.next_ts(), world.workspace.bot_user.id, args.text("initial_comment"), blocks
    )
    message.thread_ts, message.from_app, message.files = thread_ts, True, [f.id for f in files]
    message.subtype = None if args.text("initial_comment") or blocks else "file_share"
    for file in files:
        file.channels.append(channel)
    world.post(message)


# From: tiers and scopes by method, https://docs.slack.dev/reference/methods
METHODS = {
    "files.getUploadURLExternal": Method(get_upload_url, 4, ("files:write",)),
    "files.completeUploadExternal": Method(complete_upload, 4, ("files:write",)),
}
