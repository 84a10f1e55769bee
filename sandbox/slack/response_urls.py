"""Answers that come through a response_url or in the ack of a slash command.

Problem solved: such answers are private unless they say otherwise, may replace or delete the message they came from
(also an ephemeral one), and do not need the bot to be in the channel. This module refuses to count uses; see
`triggers`.
"""

from __future__ import annotations

import json

from aiohttp import web

from sandbox.slack.answering import Answer, json_answer, refusal, respond, text_answer
from sandbox.slack.state import Json, Message
from sandbox.slack.triggers import ResponseUrl
from sandbox.slack.webapi_chat import checked_metadata, content, parent_of
from sandbox.slack.webapi_core import ApiError, Args
from sandbox.slack.world import World


def answer_ephemerally(world: World, user: str, channel: str, payload: Json) -> None:
    """The answer in an ack: nothing when empty, and a note to the user when Slack would refuse it."""
    if not payload:
        return
    try:
        if world.faults.refuses_ack(payload):
            raise ApiError("invalid_blocks")
        _new_message(world, ResponseUrl(user, channel, 0.0), Args(payload))
    except ApiError as error:
        world.live.toast(user, "error", f"The app's answer was not accepted ({error.error}).")


def _new_message(world: World, target: ResponseUrl, args: Args) -> None:
    text, blocks, attachments = content(world, args)
    bot = world.workspace.bot_user.id
    message = Message(
        target.channel, world.messages.next_ts(), bot, text, blocks or [], attachments or [], from_app=True
    )
    message.thread_ts = parent_of(world, target.channel, args.text("thread_ts"))
    if args.text("response_type", "ephemeral") != "in_channel":
        message.ephemeral_for = target.user
    elif args.has("metadata"):
        message.metadata = checked_metadata(args) or None
    world.post(message)


def _replace(world: World, message: Message, args: Args) -> None:
    text, blocks, attachments = content(world, args)
    message.text, message.blocks = text, blocks or []
    message.attachments = attachments or []
    if message.ephemeral_for is None:  # a private answer is laid over, never marked as edited
        message.edited = world.messages.next_ts()
    world.message_changed(message)


def use(world: World, token: str, args: Args) -> Answer:
    """One use of a response_url: "ok", or an error with status 404 (spent, JSON) or 400 (refused, the bare word)."""
    target = world.response_urls.use(token)
    if isinstance(target, str):
        return json_answer({"ok": False, "error": target}, 404)
    source = world.messages.any(target.channel, target.source_ts or "")
    try:
        _apply(world, target, source, args)
    except ApiError as error:
        return refusal("response_url", error.as_json())
    return text_answer("ok")


def _apply(world: World, target: ResponseUrl, source: Message | None, args: Args) -> None:
    own = source is not None and source.from_app
    if args.flag("delete_original") and source is not None and own:
        world.delete(source)
    elif args.flag("replace_original") and source is not None and own:
        _replace(world, source, args)
    else:
        _new_message(world, target, args)


async def handle(world: World, request: web.Request) -> web.StreamResponse:
    """POST /_response/<token>, JSON."""
    try:
        args = json.loads(await request.read())
    except ValueError:
        args = None
    if not isinstance(args, dict):
        unreadable = refusal("response_url", {"ok": False, "error": "invalid_payload"})
        return await respond(world, request, "response_url", {}, lambda: unreadable)
    token = request.match_info["token"]
    return await respond(world, request, "response_url", args, lambda: use(world, token, Args(args)))
