"""What a person types, turned into Slack's stored text.

Problem solved: the page sends plain text; Slack stores escaped text with mentions and links marked up, and events
carry that. This module refuses to interpret commands.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from sandbox.slack.state import Json
from sandbox.slack.world import World

_MARKED = re.compile(r"<(?:@[UW]\w+|#[CG]\w+|!subteam\^\w+|!here|!channel|!everyone|https?://[^\s<>|]+)(?:\|[^<>]*)?>")
_WORD = re.compile(r"(?<![\w/.&;<])@([\w.-]*\w)|(?<![\w/.&;])#([\w-]+)|(https?://[^\s<>|]+)")
_BROADCASTS = frozenset({"here", "channel", "everyone"})


def stored(world: World, text: str) -> str:
    """Escape &, < and >, keep what is marked up already, and mark up @names, #channels and links."""
    parts, at = [], 0
    for match in _MARKED.finditer(text):
        parts += [_marked_up(world, text[at : match.start()]), match.group()]
        at = match.end()
    return "".join([*parts, _marked_up(world, text[at:])])


def _marked_up(world: World, text: str) -> str:
    escaped = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _WORD.sub(lambda match: _mark(world, match), escaped)


def _mark(world: World, match: re.Match[str]) -> str:
    name, channel_name, url = match.groups()
    if url:
        return f"<{url}>"
    if channel_name:
        channel = next((c for c in world.workspace.channels if c.name == channel_name and c.kind != "im"), None)
        return f"<#{channel.id}|{channel.name}>" if channel else match.group()
    if name in _BROADCASTS:
        return f"<!{name}>"
    user = next((u for u in world.users() if u.name == name), None)
    group = next((g for g in world.workspace.usergroups if g.handle == name), None)
    if user is not None:
        return f"<@{user.id}>"
    return f"<!subteam^{group.id}|@{group.handle}>" if group else match.group()


def shared_links(world: World, text: str) -> list[Json]:
    """Links whose domain (or a parent of it) the app registered: [{url, domain}]."""
    found = []
    for url in re.findall(r"<(https?://[^>|]+)", text):
        host = urlsplit(url.replace("&amp;", "&")).hostname or ""
        domain = next((d for d in world.workspace.unfurl_domains if host == d or host.endswith(f".{d}")), None)
        if domain:
            found.append({"url": url.replace("&amp;", "&"), "domain": domain})
    return found
