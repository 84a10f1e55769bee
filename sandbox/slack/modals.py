"""Submitting and closing modals.

Problem solved: the answer to a submission (errors, update, push, clear, or nothing) changes the user's stack of
modals as in Slack. This module refuses to open modals; the Web API does.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from sandbox.slack import payloads
from sandbox.slack.acts import ActError, Acts
from sandbox.slack.dispatch import Delivery
from sandbox.slack.state import Json, User, View
from sandbox.slack.values import missing_inputs, state_values
from sandbox.slack.webapi_core import ApiError
from sandbox.slack.webapi_views import add_view, checked_view, replace_view
from sandbox.slack.world import World

_TROUBLE = "We had some trouble connecting. Try again?"


@dataclass(frozen=True)
class Submitted:
    """How a submission ended: `errors` by block_id (the modal stays), `error` for a person, `delivery` None when
    never sent."""

    errors: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    delivery: Delivery | None = None

    @property
    def ok(self) -> bool:
        return not self.errors and self.error is None


class Modals:
    """The modals of all users."""

    def __init__(self, world: World, acts: Acts) -> None:
        self._world = world
        self._acts = acts

    async def submit(self, user_id: str, view_id: str, values: Json | None = None) -> Submitted:
        """Submit a modal. Required inputs left empty are errors and nothing is sent, as in Slack's own client."""
        user = self._acts.user(user_id)
        view = self._acts.view(user, view_id)
        view.values = state_values(view.blocks, {**view.values, **(values or {})})
        missing = missing_inputs(view.blocks, view.values)
        if missing:
            return Submitted(errors=missing)
        delivery = await self._acts.dispatcher.ask("interactive", payloads.view_submission(self._world, user, view))
        if not delivery.ok:
            text = self._acts.complaint(delivery, view_title(view)) if delivery.outcome == "late" else _TROUBLE
            self._world.live.toast(user.id, "error", text)
            return Submitted(error=text, delivery=delivery)
        return self._answered(user, view, delivery)

    def _answered(self, user: User, view: View, delivery: Delivery) -> Submitted:
        payload = delivery.payload
        if payload.get("response_action") == "errors":
            return self._errors(user, view, delivery)
        try:
            self._apply(user, view, payload)
        except ApiError as error:
            detail = (error.extra.get("response_metadata") or {}).get("messages") or [error.error]
            self._world.live.toast(user.id, "error", _TROUBLE)
            return Submitted(error=f"{_TROUBLE} ({'; '.join(detail)})", delivery=delivery)
        return Submitted(delivery=delivery)

    def _errors(self, user: User, view: View, delivery: Delivery) -> Submitted:
        """Errors must name input blocks of the view, else Slack shows trouble instead."""
        errors = delivery.payload.get("errors") or {}
        inputs = {b["block_id"] for b in view.blocks if b.get("type") == "input"}
        if not errors or not set(errors) <= inputs:
            self._world.live.toast(user.id, "error", _TROUBLE)
            return Submitted(error=_TROUBLE, delivery=delivery)
        return Submitted(errors={str(k): str(v) for k, v in errors.items()}, delivery=delivery)

    def _apply(self, user: User, view: View, payload: Json) -> None:
        action = payload.get("response_action")
        if action == "update":
            replace_view(self._world, view, checked_view(payload.get("view"), "modal", self._world))
        elif action == "push":
            add_view(self._world, user.id, checked_view(payload.get("view"), "modal", self._world), view)
        elif action == "clear" or view.body.get("clear_on_close"):
            self._clear(user)
        elif action is None:
            self._world.drop_view(view)
        else:
            raise ApiError("invalid_response_action")

    def _clear(self, user: User) -> None:
        for view in reversed(self._world.stack(user.id)):
            self._world.drop_view(view)

    async def close(self, user_id: str, view_id: str, *, clear: bool = False) -> None:
        """Close a modal, or the whole stack; views with notify_on_close raise view_closed."""
        user = self._acts.user(user_id)
        view = self._acts.view(user, view_id)
        if view.type != "modal":
            raise ActError("The Home tab cannot be closed.")
        everything = clear or bool(view.body.get("clear_on_close"))
        closing = list(reversed(self._world.stack(user.id))) if everything else [view]
        for one in closing:
            self._world.drop_view(one)
        for one in closing:
            if one.body.get("notify_on_close"):
                await self._acts.dispatcher.ask(
                    "interactive", payloads.view_closed(self._world, user, one, cleared=everything)
                )


def view_title(view: View) -> str:
    title = view.body.get("title") or {}
    return str(title.get("text", "This window"))
