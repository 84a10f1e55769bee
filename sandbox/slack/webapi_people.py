"""auth.test, users.*, usergroups.*, team.info, bots.info, api.test, apps.connections.open: who is who.

Problem solved: the bot's checks of people (guests, bots, strangers, the deactivated) find here the fields Slack
gives. This module refuses to change anybody.
"""

from __future__ import annotations

from sandbox.slack import shapes
from sandbox.slack.state import Json, UserGroup
from sandbox.slack.webapi_core import ApiError, Args, Method, granted, page_of
from sandbox.slack.world import World


def auth_test(world: World, _args: Args) -> Json:
    """auth.test"""
    workspace = world.workspace
    bot = {"user": workspace.bot_user.name, "user_id": workspace.bot_user.id, "bot_id": workspace.bot_id}
    team = {
        "team": workspace.team.name,
        "team_id": workspace.team.id,
        "url": f"https://{workspace.team.domain}.slack.com/",
    }
    return {**team, **bot, "app_id": workspace.app_id, "is_enterprise_install": False}


def api_test(_world: World, args: Args) -> Json:
    """api.test: `error` given is the error answered."""
    if args.has("error"):
        raise ApiError(args.text("error"), args=args.raw)
    return {"args": args.raw}


def _api_user(world: World, user_id: str) -> Json:
    user = world.user(user_id)
    if user is None:
        raise ApiError("user_not_found")
    shown = shapes.api_user(world, user)
    if not granted(world, "users:read.email"):
        shown["profile"].pop("email")
    return shown


def user_info(world: World, args: Args) -> Json:
    """users.info"""
    return {"user": _api_user(world, args.required("user", "user_not_found"))}


def user_list(world: World, args: Args) -> Json:
    """users.list: everyone, the deactivated and bots too; strangers only when known, as in Slack."""
    page, cursor = page_of([_api_user(world, user.id) for user in world.users()], args, 200)
    return {"members": page, "cache_ts": int(world.clock.now()), "response_metadata": {"next_cursor": cursor}}


def user_by_email(world: World, args: Args) -> Json:
    """users.lookupByEmail: the deactivated are users_not_found."""
    wanted = args.required("email", "users_not_found").lower()
    for user in world.users():
        if user.email.lower() == wanted and not user.deleted:
            return {"user": _api_user(world, user.id)}
    raise ApiError("users_not_found")


def _group(world: World, wanted: str) -> UserGroup:
    found = next((g for g in world.workspace.usergroups if g.id == wanted), None)
    if found is None:
        raise ApiError("no_such_subteam")
    return found


def usergroup_list(world: World, args: Args) -> Json:
    """usergroups.list"""
    with_disabled, with_users = args.flag("include_disabled"), args.flag("include_users")
    groups = [g for g in world.workspace.usergroups if with_disabled or not g.is_disabled]
    return {"usergroups": [shapes.api_usergroup(world, g, users=with_users) for g in groups]}


def usergroup_users(world: World, args: Args) -> Json:
    """usergroups.users.list"""
    group = _group(world, args.required("usergroup", "no_such_subteam"))
    if group.is_disabled and not args.flag("include_disabled"):
        raise ApiError("subteam_disabled")
    return {"users": list(group.users)}


def team_info(world: World, _args: Args) -> Json:
    """team.info"""
    team = world.workspace.team
    return {"team": {"id": team.id, "name": team.name, "domain": team.domain, "email_domain": "", "icon": {}}}


def bot_info(world: World, args: Args) -> Json:
    """bots.info"""
    if args.text("bot", world.workspace.bot_id) != world.workspace.bot_id:
        raise ApiError("bot_not_found")
    return {"bot": shapes.api_bot(world)}


# From: tiers and scopes by method, https://docs.slack.dev/reference/methods
METHODS = {
    "api.test": Method(api_test, 4, bearer="none"),
    "auth.test": Method(auth_test, None),
    "users.info": Method(user_info, 4, ("users:read",)),
    "users.list": Method(user_list, 2, ("users:read",)),
    "users.lookupByEmail": Method(user_by_email, 3, ("users:read.email",)),
    "usergroups.list": Method(usergroup_list, 2, ("usergroups:read",)),
    "usergroups.users.list": Method(usergroup_users, 2, ("usergroups:read",)),
    "team.info": Method(team_info, 3, ("team:read",)),
    "bots.info": Method(bot_info, 3, ("users:read",)),
}
