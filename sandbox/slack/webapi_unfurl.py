"""chat.unfurl: what the app shows under a link.

Problem solved: a preview is laid under a message by its place, or by the id that `link_shared` carried, which also
serves a message still being typed. This module refuses links that the message does not hold.
"""

from __future__ import annotations

from typing import Any

from sandbox.slack.blocks_check import check_message
from sandbox.slack.state import Draft, Json, Message
from sandbox.slack.webapi_core import ApiError, Args, Method, known_channel, problem_lines
from sandbox.slack.world import World

# From: https://docs.slack.dev/reference/methods/chat.unfurl (values of `source`)
SOURCES = ("composer", "conversations_history")
_UNFURL_CAP = 50  # ours: a message holds no more attachments that anybody would read


def unfurl(world: World, args: Args) -> Json:
    """chat.unfurl with `unfurls` (attachments by URL) or `metadata.entities` (Work Objects)."""
    target = _target(world, args)
    added = _attachments(args)
    if not all(_has_link(target.text, attachment["from_url"]) for attachment in added):
        raise ApiError("cannot_unfurl_url")
    urls = {attachment["from_url"] for attachment in added}
    kept = [a for a in target.attachments if a.get("from_url") not in urls]
    target.attachments = [{**a, "id": number} for number, a in enumerate([*kept, *added], 1)]
    if isinstance(target, Message):
        world.message_changed(target)
    else:
        world.live.changed()
    return {}


def _target(world: World, args: Args) -> Message | Draft:
    """The message by channel and ts, or what unfurl_id and source name; each pair is given whole."""
    if args.has("unfurl_id") or args.has("source"):
        return _by_id(world, args)
    try:
        channel = known_channel(world, args.required("channel", "missing_channel"))
    except ApiError as error:
        raise ApiError(error.error.replace("channel_not_found", "cannot_find_channel")) from None
    return _message(world, channel.id, args.required("ts", "missing_ts"))


def _by_id(world: World, args: Args) -> Message | Draft:
    source, unfurl_id = args.required("source", "missing_source"), args.required("unfurl_id", "missing_unfurl_id")
    draft = world.drafts.get(unfurl_id)
    if source not in SOURCES:
        raise ApiError("invalid_source")
    if source == "composer" and draft is not None:
        return draft
    place = world.unfurl_ids.get(unfurl_id)
    if source == "composer" or place is None:
        raise ApiError("invalid_unfurl_id")
    return _message(world, *place)


def _message(world: World, channel: str, ts: str) -> Message:
    message = world.messages.get(channel, ts)
    if message is None:
        raise ApiError("cannot_find_message")
    return message


def _has_link(text: str, url: str) -> bool:
    return url in text or url.replace("&", "&amp;") in text


def _attachments(args: Args) -> list[Json]:
    unfurls = args.parsed("unfurls", "invalid_unfurls_format") or {}
    metadata = args.parsed("metadata", "invalid_metadata_format") or {}
    entities = metadata.get("entities") or [] if isinstance(metadata, dict) else []
    if not unfurls and not entities:
        raise ApiError("missing_unfurls")
    if not isinstance(unfurls, dict) or len(unfurls) > _UNFURL_CAP:
        raise ApiError("invalid_unfurls_format")
    found = [_attachment(url, body) for url, body in unfurls.items()]
    return found + [{"from_url": e.get("app_unfurl_url"), "is_app_unfurl": True, "entity": e} for e in entities]


def _attachment(url: str, body: Any) -> Json:
    if not isinstance(body, dict):
        raise ApiError("cannot_parse_attachment")
    problems = check_message(body["blocks"]) if "blocks" in body else []
    if problems:
        raise ApiError("invalid_blocks", response_metadata={"messages": problem_lines(problems)})
    return {**body, "from_url": url, "is_app_unfurl": True}


# From: tiers and scopes by method, https://docs.slack.dev/reference/methods
METHODS = {"chat.unfurl": Method(unfurl, 3, ("links:write",))}
