"""A person of the workspace, driven by a test.

Problem solved: a test says what a person does and sees, in a line each. This module refuses what the person could not
do: a button that is not shown cannot be pressed (use `server.acts.action` for a forged one).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sandbox.slack.acts import ActError, find_element
from sandbox.slack.dispatch import Delivery
from sandbox.slack.messages import elements_of
from sandbox.slack.modals import Submitted
from sandbox.slack.state import Draft, Json, Message, View
from sandbox.slack.values import value_key

if TYPE_CHECKING:
    from sandbox.slack.server import SlackServer


class Actor:
    """One user. Channels are given by id or by name; a message or view may be given itself or by ts or id."""

    def __init__(self, server: SlackServer, user_id: str) -> None:
        self._server = server
        self._world = server.world
        self.id = user_id

    # what the person sees

    def messages(self, channel: str, thread_ts: str | None = None) -> list[Message]:
        """Messages of a channel, or of one thread (the parent first), oldest first; ephemeral ones are not among
        them."""
        place = self._place(channel)
        if thread_ts is None:
            return self._world.messages.timeline(place)
        parent = self._world.messages.get(place, thread_ts)
        return [*([parent] if parent else []), *self._world.messages.replies(place, thread_ts)]

    def ephemerals(self, channel: str) -> list[Message]:
        return self._world.messages.ephemerals_of(self._place(channel), self.id)

    def views(self) -> list[View]:
        """Open modals, the topmost last."""
        return self._world.stack(self.id)

    def home(self) -> View | None:
        return self._world.homes.get(self.id)

    def toasts(self) -> list[str]:
        return [toast.text for toast in self._world.live.toasts if toast.user == self.id]

    def dm(self) -> str:
        """The id of this person's direct messages with the app."""
        return self._world.open_dm(self.id, self._world.workspace.bot_user.id).id

    # what the person does

    async def command(self, line: str, channel: str) -> Delivery:
        return await self._server.acts.command(self.id, self._place(channel), line)

    async def say(self, channel: str, text: str, thread_ts: str | None = None, *, broadcast: bool = False) -> Message:
        return await self._server.acts.send(self.id, self._place(channel), text, thread_ts, broadcast=broadcast)

    async def mention(self, channel: str, text: str, thread_ts: str | None = None) -> Message:
        """Say something to the app: its mention comes first."""
        return await self.say(channel, f"<@{self._world.workspace.bot_user.id}> {text}", thread_ts)

    async def press(self, channel: str, ts: str | Message, button: str, state: Json | None = None) -> Delivery:
        """Press a button of a message, found by action_id or by its text. ActError when there is none."""
        place = self._place(channel)
        message = self._world.messages.any(place, ts.ts if isinstance(ts, Message) else ts)
        if message is None:
            raise ActError("This message does not exist any more.")
        block_id, element = _button(message.all_blocks, button)
        container = {"type": "message", "channel": place, "ts": message.ts}
        return await self._server.acts.action(self.id, container, block_id, _pressed(element), state)

    async def press_in_view(self, view: str | View, button: str, state: Json | None = None) -> Delivery:
        """Press a button of an open modal or of the Home tab."""
        shown = self._view(view)
        block_id, element = _button(shown.blocks, button)
        container = {"type": "view", "view_id": shown.id}
        return await self._server.acts.action(self.id, container, block_id, _pressed(element), state)

    async def select(self, where: str | Message | View, action_id: str, choice: Any, *, channel: str = "") -> Delivery:
        """Choose in a select, overflow, radio group, checkboxes or date picker.

        `where` is a message (or its ts, with `channel`) or a view (or its id). `choice` is an option's value, its
        text, a list of
        these, or the id or date itself for other pickers.
        """
        blocks, container = self._container(where, channel)
        block_id, element = _by_action_id(blocks, action_id)
        return await self._server.acts.action(
            self.id, container, block_id, {**_chosen(element, choice), "action_id": action_id}
        )

    async def submit(self, view: str | View | None = None, values: Json | None = None) -> Submitted:
        """Submit a modal (the topmost when None). `values` is {action_id or block_id: what was entered or chosen}."""
        shown = self._view(view) if view is not None else self.views()[-1]
        return await self._server.modals.submit(self.id, shown.id, _entered(shown, values or {}))

    async def close(self, view: str | View | None = None, *, clear: bool = False) -> None:
        shown = self._view(view) if view is not None else self.views()[-1]
        await self._server.modals.close(self.id, shown.id, clear=clear)

    async def suggest(self, where: str | Message | View, action_id: str, typed: str, *, channel: str = "") -> Json:
        """Type into an external select: {options, option_groups}."""
        blocks, container = self._container(where, channel)
        block_id, _ = _by_action_id(blocks, action_id)
        return await self._server.acts.suggest(self.id, container, block_id, action_id, typed)

    async def message_shortcut(self, callback_id: str, channel: str, ts: str | Message) -> Delivery:
        wanted = ts.ts if isinstance(ts, Message) else ts
        return await self._server.acts.shortcut(self.id, "message", callback_id, self._place(channel), wanted)

    async def global_shortcut(self, callback_id: str) -> Delivery:
        return await self._server.acts.shortcut(self.id, "global", callback_id)

    def open_home(self) -> None:
        self._server.acts.open_home(self.id)

    def open_messages(self) -> None:
        """Look at the direct messages with the app: app_home_opened with tab "messages"."""
        self._server.acts.open_messages(self.id)

    def types(self, channel: str, text: str) -> Draft:
        """Type without sending: link_shared with source "composer"; the previews come into the draft's attachments."""
        return self._server.acts.compose(self.id, self._place(channel), text)

    # waiting

    async def sees_ephemeral(self, channel: str, containing: str = "", timeout: float = 5.0) -> Message:  # noqa: ASYNC109  # real seconds
        """The first ephemeral message whose text or blocks contain this, waited for."""
        found = await self._server.wait_for(lambda: _first(self.ephemerals(channel), containing), timeout)
        assert isinstance(found, Message)
        return found

    async def sees_message(self, channel: str, containing: str = "", timeout: float = 5.0) -> Message:  # noqa: ASYNC109  # real seconds
        """The first message (thread replies too) whose text or blocks contain this, waited for."""
        place = self._place(channel)
        found = await self._server.wait_for(lambda: _first(self._world.messages.all(place), containing), timeout)
        assert isinstance(found, Message)
        return found

    async def sees_view(self, title: str = "", timeout: float = 5.0) -> View:  # noqa: ASYNC109  # real seconds
        """The topmost modal once its title contains this, waited for."""
        found = await self._server.wait_for(lambda: self._top_view(title), timeout)
        assert isinstance(found, View)
        return found

    def _top_view(self, title: str) -> View | None:
        views = self.views()
        return views[-1] if views and title in views[-1].body["title"]["text"] else None

    # finding things

    def _place(self, channel: str) -> str:
        found = self._world.find_channel(channel)
        if found is None:
            raise ActError(f"There is no channel {channel}.")
        return found.id

    def _view(self, view: str | View) -> View:
        return self._server.acts.view(self._server.acts.user(self.id), view.id if isinstance(view, View) else view)

    def _container(self, where: str | Message | View, channel: str) -> tuple[list[Json], Json]:
        if isinstance(where, View) or (isinstance(where, str) and not channel):
            view = self._view(where)
            return view.blocks, {"type": "view", "view_id": view.id}
        place = where.channel if isinstance(where, Message) else self._place(channel)
        ts = where.ts if isinstance(where, Message) else where
        message = self._world.messages.any(place, ts)
        if message is None:
            raise ActError("This message does not exist any more.")
        return message.all_blocks, {"type": "message", "channel": place, "ts": ts}


def _first(messages: list[Message], containing: str) -> Message | None:
    return next((m for m in messages if containing in m.text or containing in str(m.blocks)), None)


def _elements(blocks: list[Json]) -> list[tuple[str, Json]]:
    return [(block["block_id"], element) for block in blocks for element in elements_of(block)]


def _button(blocks: list[Json], wanted: str) -> tuple[str, Json]:
    buttons = [(b, e) for b, e in _elements(blocks) if e.get("type") in ("button", "icon_button")]
    for block_id, element in buttons:
        if wanted in (element.get("action_id"), (element.get("text") or {}).get("text")):
            return block_id, element
    shown = ", ".join(f"{e.get('action_id')} ({(e.get('text') or {}).get('text')})" for _, e in buttons)
    raise ActError(f"There is no button {wanted!r}; there are: {shown or 'none'}.")


def _by_action_id(blocks: list[Json], action_id: str) -> tuple[str, Json]:
    for block_id, element in _elements(blocks):
        if element.get("action_id") == action_id:
            return block_id, element
    raise ActError(f"There is no element {action_id!r}.")


def _pressed(element: Json) -> Json:
    return {key: element[key] for key in ("type", "action_id", "value", "url") if key in element and key != "url"}


def _options(element: Json) -> list[Json]:
    groups = element.get("option_groups") or []
    return [*(element.get("options") or []), *(option for group in groups for option in group["options"])]


def _option(element: Json, wanted: Any) -> Json:
    if isinstance(wanted, dict):
        return wanted
    for option in _options(element):
        if wanted in (option.get("value"), option["text"]["text"]):
            return option
    if element["type"].endswith("external_select"):
        return {"text": {"type": "plain_text", "text": str(wanted)}, "value": str(wanted)}
    raise ActError(f"There is no choice {wanted!r}; there are: {[o.get('value') for o in _options(element)]}.")


def _chosen(element: Json, choice: Any) -> Json:
    """The part of the action, or of state.values, that says what was chosen."""
    kind = element["type"]
    if kind == "overflow":
        return {"type": kind, "selected_option": _option(element, choice)}
    key = value_key(kind)
    if key is None:
        raise ActError(f"Nothing can be chosen in a {kind}.")
    if key == "selected_option":
        return {"type": kind, key: None if choice is None else _option(element, choice)}
    if key == "selected_options":
        return {"type": kind, key: [_option(element, one) for one in choice]}
    return {"type": kind, key: choice}


def _entered(view: View, values: Json) -> Json:
    """state.values from {action_id or block_id: entered}. ActError when a name fits no element."""
    state: Json = {}
    for name, entered in values.items():
        fits = [(b, e) for b, e in _elements(view.blocks) if name in (b, e.get("action_id"))]
        if not fits:
            raise ActError(f"There is no input {name!r}.")
        block_id, element = fits[0]
        assert find_element(view.blocks, block_id, element["action_id"]) is not None
        state.setdefault(block_id, {})[element["action_id"]] = _chosen(element, entered)
    return state
