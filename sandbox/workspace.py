"""The company's Slack with secbot installed: its people, rooms and groups, and what the app's manifest would declare.

The command, shortcuts, events and link domains stand here as a manifest has them; the bot learns none of it from here.
"""

from __future__ import annotations

from typing import Any

from sandbox.company import Company
from sandbox.slack.state import Channel, ChannelKind, Shortcut, Team, User, UserGroup, Workspace

COMMAND = ("/sec", "Findings of every account: ask, acknowledge, show", "findings prod high+ | show F-12 | help")
SHORTCUTS = (
    Shortcut("global", "open", "Ask secbot", "Type any command, wherever you are"),
    Shortcut("message", "finding", "Show finding", "Everything about the finding of this message"),
)
# From: the console's host names of each partition; Slack takes five domains with their subdomains
UNFURL_DOMAINS = (
    "console.aws.amazon.com",
    "console.amazonaws-us-gov.com",
    "console.amazonaws.cn",
    "sec.northwind.example",
)
COMPLETIONS = (
    ("findings prod", "open findings of production"),
    ("findings prod high+", "high and critical ones"),
    ("findings critical", "critical ones everywhere"),
    ("findings src:guardduty", "of one source"),
    ("findings age:>1d sort:age", "the oldest first"),
    ("findings prod by:account", "counted in the place of a list"),
    ("findings me", "what is on you"),
    ("show F-", "everything about one finding"),
    ("ack F-", "acknowledge one"),
    ("assign F-", "give one to somebody"),
    ("why F-", "why it is in this channel"),
    ("views", "saved questions"),
    ("export prod", "all of it as a CSV file"),
    ("audit", "who did what"),
    ("can", "what you may do"),
    ("accounts", "the accounts and what is open in each"),
    ("status", "whether secbot works"),
    ("help", "every verb with examples"),
)


def workspace_of(company: Company) -> Workspace:
    """The company's Slack: its people, rooms and groups, with secbot's command installed."""
    people = [
        User(
            id=p.id,
            name=p.name,
            real_name=p.real_name,
            title=p.title,
            email=p.email,
            is_bot=p.is_bot,
            deleted=p.deleted,
            is_restricted=p.is_restricted,
            is_stranger=p.is_stranger,
            is_admin=p.is_admin,
            team_id=p.team_id,
            tz=p.tz,
            tz_offset=p.tz_offset,
            color=_COLORS[i % len(_COLORS)],
        )
        for i, p in enumerate(company.people)
    ]
    rooms = [_channel(room) for room in company.rooms]
    groups = [UserGroup(id=g.id, handle=g.handle, name=g.name, users=list(g.users)) for g in company.groups]
    team = Team(id=people[0].team_id or "T0SANDBOX", name="Northwind Trails", domain="northwind")
    return Workspace(
        team=team,
        users=people,
        channels=rooms,
        usergroups=groups,
        commands=(COMMAND,),
        completions=_completions(),
        shortcuts=SHORTCUTS,
        unfurl_domains=UNFURL_DOMAINS,
        home_enabled=True,
    )


_COLORS = ("1d7a8c", "9a4f96", "c2571a", "3d6fb4", "57803c", "a23b5c", "6c5b9e", "8a6d1d", "2f6f5e", "7a4a3a")


def _completions() -> tuple[tuple[str, str], ...]:
    return tuple((f"/sec {text}", hint) for text, hint in COMPLETIONS)


def _channel(room: Any) -> Channel:
    kind: ChannelKind = "private" if room.is_private else "channel"
    members = set(room.members) if getattr(room, "members", None) else None
    return Channel(
        id=room.id, name=room.name, kind=kind, topic=room.topic, is_ext_shared=room.is_ext_shared, members=members
    )
