"""views.*: modals and the Home tab.

Problem solved: triggers, stacks and hashes behave as in Slack, so that a bot which is late or races itself is told
so. This module refuses to send interactions; see `acts`.
"""

from __future__ import annotations

import json
import secrets
from typing import Any

from sandbox.slack import shapes
from sandbox.slack.blocks_check import check_view
from sandbox.slack.state import Json, View
from sandbox.slack.triggers import Trigger
from sandbox.slack.values import state_values
from sandbox.slack.webapi_core import ApiError, Args, Method, file_problems, problem_lines
from sandbox.slack.world import World

# From: https://docs.slack.dev/surfaces/modals (a stack of three views) and views.open (250 kB)
MAX_STACK = 3
MAX_VIEW_BYTES = 250_000


def new_hash(world: World) -> str:
    return f"{int(world.clock.now())}.{secrets.token_hex(4)}"


def checked_view(view: Any, kind: str, world: World) -> Json:
    """The view when Slack would take it. Raises view_too_large, or invalid_arguments with a line for each defect."""
    if not isinstance(view, dict) or view.get("type") != kind:
        note = f"[ERROR] must be a view of type {kind} [json-pointer:/view]"
        raise ApiError("invalid_arguments", response_metadata={"messages": [note]})
    problems = check_view(view) or file_problems(world, view["blocks"], "/blocks")
    if problems:
        raise ApiError("invalid_arguments", response_metadata={"messages": problem_lines(problems, "/view")})
    if len(json.dumps(view).encode()) > MAX_VIEW_BYTES:
        raise ApiError("view_too_large")
    return {**view, "blocks": world.messages.with_ids(view["blocks"])}


def _trigger(world: World, args: Args) -> Trigger:
    trigger_id = args.text("trigger_id") or args.text("interactivity_pointer")
    found = world.triggers.exchange(trigger_id)
    if isinstance(found, str):
        raise ApiError(found)
    return found


def _unused_external_id(world: World, body: Json) -> None:
    wanted = body.get("external_id")
    if wanted and any(v.body.get("external_id") == wanted for v in world.views.values()):
        raise ApiError("duplicate_external_id")


def add_view(world: World, user: str, body: Json, previous: View | None) -> View:
    """Put a modal on the user's stack. Raises push_limit_reached, duplicate_external_id."""
    _unused_external_id(world, body)
    stack = world.stacks.setdefault(user, [])
    if previous is not None and len(stack) >= MAX_STACK:
        raise ApiError("push_limit_reached")
    view_id = world.ids.make("V")
    root = previous.root_view_id if previous else view_id
    view = View(view_id, user, new_hash(world), body, root, previous.id if previous else None)
    view.values = state_values(view.blocks, {})
    world.views[view_id] = view
    stack.append(view_id)
    world.push_view_frame("view_pushed" if previous else "view_opened", view)
    return view


def replace_view(world: World, view: View, body: Json) -> None:
    """Lay a new body over an open view; what was typed stays where block_id and action_id stay."""
    view.body = body
    view.hash = new_hash(world)
    view.values = state_values(view.blocks, view.values)
    world.push_view_frame("view_updated", view)


def open_view(world: World, args: Args) -> Json:
    """views.open: a new stack of one; the user's earlier stack goes."""
    body = checked_view(args.parsed("view"), "modal", world)
    trigger = _trigger(world, args)
    for old in reversed(world.stack(trigger.user)):
        world.drop_view(old)
    return {"view": shapes.api_view(world, add_view(world, trigger.user, body, None))}


def push_view(world: World, args: Args) -> Json:
    """views.push: only from an interaction inside an open modal."""
    body = checked_view(args.parsed("view"), "modal", world)
    trigger = _trigger(world, args)
    stack = world.stack(trigger.user)
    if trigger.view_id is None or not stack:
        raise ApiError("not_found")
    return {"view": shapes.api_view(world, add_view(world, trigger.user, body, stack[-1]))}


def _named_view(world: World, args: Args) -> View:
    external = args.text("external_id")
    by_external = next((v for v in world.views.values() if external and v.body.get("external_id") == external), None)
    view = world.views.get(args.text("view_id")) or by_external
    home = next((v for v in world.homes.values() if v.id == args.text("view_id")), None)
    if view is None and home is None:
        raise ApiError("not_found")
    return view or home  # type: ignore[return-value]  # one of the two is there


def update_view(world: World, args: Args) -> Json:
    """views.update: by view_id or external_id; a stale hash is refused."""
    view = _named_view(world, args)
    body = checked_view(args.parsed("view"), view.type, world)
    if args.has("hash") and args.text("hash") != view.hash:
        raise ApiError("hash_conflict")
    replace_view(world, view, body)
    return {"view": shapes.api_view(world, view)}


def publish(world: World, args: Args) -> Json:
    """views.publish: the Home tab of one user."""
    if not world.workspace.home_enabled:
        raise ApiError("not_enabled")
    user = world.user(args.required("user_id"))
    if user is None:
        raise ApiError("user_not_found")
    body = checked_view(args.parsed("view"), "home", world)
    old = world.homes.get(user.id)
    if args.has("hash") and args.text("hash") != (old.hash if old else ""):
        raise ApiError("hash_conflict")
    view_id = old.id if old else world.ids.make("V")
    view = View(view_id, user.id, new_hash(world), body, view_id)
    view.values = state_values(view.blocks, old.values if old else {})
    world.homes[user.id] = view
    world.push_view_frame("home", view)
    return {"view": shapes.api_view(world, view)}


# From: tiers by method, https://docs.slack.dev/reference/methods
METHODS = {
    "views.open": Method(open_view, 4),
    "views.push": Method(push_view, 4),
    "views.update": Method(update_view, 4),
    "views.publish": Method(publish, 4),
}
