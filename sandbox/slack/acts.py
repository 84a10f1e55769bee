"""What people do in Slack: typing, pressing, submitting. Each act becomes a payload and, when the bot answers, a
change.

Problem solved: the page and the tests act through the same code. This module refuses HTTP. An act a person cannot do
raises ActError, whose text is for that person.
"""

from __future__ import annotations

from sandbox.slack import payloads, typed
from sandbox.slack.dispatch import Delivery, Dispatcher
from sandbox.slack.messages import elements_of
from sandbox.slack.response_urls import answer_ephemerally
from sandbox.slack.state import Channel, Draft, Json, Message, User, View
from sandbox.slack.values import state_values, value_key
from sandbox.slack.world import World


class ActError(Exception):
    """The act is not possible; the message says why, for a person."""


class Acts:
    """Acts of the users of one workspace, on messages and in channels."""

    def __init__(self, world: World, dispatcher: Dispatcher) -> None:
        self.world = world
        self.dispatcher = dispatcher

    def user(self, user_id: str) -> User:
        user = self.world.user(user_id)
        if user is None or user.deleted:
            raise ActError("This account does not exist or is deactivated.")
        return user

    def place(self, user: User, channel_id: str) -> Channel:
        channel = self.world.channel(channel_id)
        if channel is None or not self.world.sees(user.id, channel):
            raise ActError("You cannot see this channel.")
        return channel

    # commands

    async def command(self, user_id: str, channel_id: str, line: str) -> Delivery:
        """`/name text` in a channel. The answer in the ack is shown to the user only, unless it says in_channel."""
        user = self.user(user_id)
        channel = self.place(user, channel_id)
        name, _, text = line.strip().partition(" ")
        if name not in [command for command, _, _ in self.world.workspace.commands]:
            raise ActError(f"{name} is not a valid command.")
        delivery = await self.dispatcher.ask(
            "slash_commands", payloads.command(self.world, user, channel, name, text.strip())
        )
        if delivery.ok:
            answer_ephemerally(self.world, user.id, channel.id, delivery.payload)
        else:
            self._complain(user, delivery, name)
        return delivery

    def _complain(self, user: User, delivery: Delivery, what: str) -> None:
        self.world.live.toast(user.id, "error", self.complaint(delivery, what))

    def complaint(self, delivery: Delivery, what: str) -> str:
        """What Slack tells a user whose act the app did not take."""
        app = self.world.workspace.bot_user.name
        if delivery.outcome == "late":
            return f"{what}: {app} did not respond in time."
        return f"{what} failed because the app did not respond."

    # messages

    async def send(
        self, user_id: str, channel_id: str, text: str, thread_ts: str | None = None, *, broadcast: bool = False
    ) -> Message:
        """A message of a person; app_mention, message and link_shared events follow."""
        user = self.user(user_id)
        channel = self.place(user, channel_id)
        if channel.is_archived:
            raise ActError("This channel is archived.")
        if user.id not in self.world.members(channel):
            raise ActError("Join this channel to write in it.")
        if thread_ts and self.world.messages.get(channel.id, thread_ts) is None:
            raise ActError("This thread does not exist any more.")
        message = Message(channel.id, self.world.messages.next_ts(), user.id, typed.stored(self.world, text))
        message.thread_ts, message.broadcast = thread_ts, bool(thread_ts and broadcast)
        message.attachments = self._previews(message)
        self.world.post(message)
        self._events_of(message, channel)
        return message

    def compose(self, user_id: str, channel_id: str, text: str) -> Draft:
        """Type a message without sending it: links in it are told to the app, whose previews go with the message."""
        user = self.user(user_id)
        draft = Draft(user.id, self.place(user, channel_id).id, typed.stored(self.world, text))
        links = typed.shared_links(self.world, draft.text)
        if links and "link_shared" in self.world.workspace.events:
            self.dispatcher.tell(payloads.draft_event(self.world, draft, links))
        return draft

    def _previews(self, message: Message) -> list[Json]:
        """What the app showed under this text while it was typed; such a draft is over."""
        fits = {
            unfurl_id: draft
            for unfurl_id, draft in self.world.drafts.items()
            if (draft.user, draft.channel, draft.text) == (message.user, message.channel, message.text)
        }
        for unfurl_id in fits:
            del self.world.drafts[unfurl_id]
        return [attachment for draft in fits.values() for attachment in draft.attachments]

    def _events_of(self, message: Message, channel: Channel) -> None:
        events = self.world.workspace.events
        kind = {"channel": "message.channels", "private": "message.groups", "im": "message.im"}[channel.kind]
        if channel.is_member and kind in events:
            self.dispatcher.tell(payloads.message_event(self.world, message, "message"))
        mentioned = f"<@{self.world.workspace.bot_user.id}" in message.text and channel.kind != "im"
        if channel.is_member and mentioned and "app_mention" in events:
            self.dispatcher.tell(payloads.message_event(self.world, message, "app_mention"))
        links = typed.shared_links(self.world, message.text)
        if links and "link_shared" in events:
            self.dispatcher.tell(payloads.link_event(self.world, message, links))

    def react(self, user_id: str, channel_id: str, ts: str, name: str) -> None:
        """Add the user's reaction, or take it back."""
        user = self.user(user_id)
        message = self._message(user, channel_id, ts)
        users = message.reactions.setdefault(name.strip(":"), [])
        if user.id in users:
            users.remove(user.id)
        else:
            users.append(user.id)
        message.reactions = {emoji: who for emoji, who in message.reactions.items() if who}
        self.world.message_changed(message)

    def _message(self, user: User, channel_id: str, ts: str) -> Message:
        """A message the user can see. Raises ActError."""
        message = self.world.messages.any(self.place(user, channel_id).id, ts)
        if message is None or message.ephemeral_for not in (None, user.id):
            raise ActError("This message does not exist any more.")
        return message

    # buttons and selects

    async def action(
        self, user_id: str, container: Json, block_id: str, action: Json, state: Json | None = None
    ) -> Delivery:
        """An element was used. `action` is what Slack would send but for block_id, action_ts and the element's own
        text."""
        user = self.user(user_id)
        origin = self.origin(user, container)
        full = self._full_action(origin, block_id, action)
        if isinstance(origin, View):
            values = _with_action(state_values(origin.blocks, {**origin.values, **(state or {})}), block_id, action)
            origin.values = values
            payload = payloads.view_action(self.world, user, origin, full)
        else:
            values = _with_action(state_values(origin.all_blocks, state or {}), block_id, action)
            payload = payloads.message_action(self.world, user, origin, full, values)
        delivery = await self.dispatcher.ask("interactive", payload)
        if not delivery.ok:
            self._complain(user, delivery, "This action")
        return delivery

    def origin(self, user: User, container: Json) -> Message | View:
        """The message or view that holds an element. Raises ActError when the user does not have it."""
        if container.get("type") != "view":
            return self._message(user, str(container.get("channel")), str(container.get("ts")))
        return self.view(user, str(container.get("view_id")))

    def view(self, user: User, view_id: str) -> View:
        home = self.world.homes.get(user.id)
        view = home if home is not None and home.id == view_id else self.world.views.get(view_id)
        if view is None or view.user != user.id:
            raise ActError("This window is not open any more.")
        return view

    def _full_action(self, origin: Message | View, block_id: str, action: Json) -> Json:
        found = find_element(shown_blocks(origin), block_id, str(action.get("action_id")))
        own: Json = (
            {key: found[key] for key in ("text", "style", "placeholder", "confirm") if key in found} if found else {}
        )
        kept = {key: value for key, value in own.items() if key != "text" or (found or {}).get("type") == "button"}
        return {**kept, **action, "block_id": block_id, "action_ts": self.world.messages.next_ts()}

    async def suggest(self, user_id: str, container: Json, block_id: str, action_id: str, value: str) -> Json:
        """Options for an external select: {options, option_groups}."""
        user = self.user(user_id)
        asked = payloads.suggestion(
            self.world, user, self.origin(user, container), at=(block_id, action_id), value=value
        )
        delivery = await self.dispatcher.ask("interactive", asked)
        if not delivery.ok:
            raise ActError("The app did not send any choices.")
        return {key: delivery.payload.get(key) or [] for key in ("options", "option_groups")}

    async def shortcut(self, user_id: str, kind: str, callback_id: str, channel: str = "", ts: str = "") -> Delivery:
        """A global shortcut, or one on a message."""
        user = self.user(user_id)
        known = self.world.workspace.shortcuts
        found = next((s for s in known if s.type == kind and s.callback_id == callback_id), None)
        if found is None:
            raise ActError("The app has no such shortcut.")
        action_ts = self.world.messages.next_ts()
        if found.type == "message":
            message = self._message(user, channel, ts)
            payload = payloads.message_shortcut(self.world, user, found, message, action_ts)
        else:
            payload = payloads.global_shortcut(self.world, user, found, action_ts)
        delivery = await self.dispatcher.ask("interactive", payload)
        if not delivery.ok:
            self._complain(user, delivery, found.name)
        return delivery

    # places

    def open_home(self, user_id: str) -> None:
        """Look at the app's Home tab."""
        if not self.world.workspace.home_enabled:
            raise ActError("This app has no Home tab.")
        self._open_app(self.user(user_id), "home")

    def open_messages(self, user_id: str) -> None:
        """Look at the direct messages with the app: Slack tells this by the same event, with another tab."""
        self._open_app(self.user(user_id), "messages")

    def _open_app(self, user: User, tab: str) -> None:
        channel = self.world.open_dm(user.id, self.world.workspace.bot_user.id)
        if "app_home_opened" in self.world.workspace.events:
            self.dispatcher.tell(payloads.home_event(self.world, user, channel.id, tab))

    def open_dm(self, user_id: str, other_id: str) -> Channel:
        user, other = self.user(user_id), self.user(other_id)
        channel = self.world.open_dm(user.id, other.id)
        self.world.channel_changed(channel.id)
        return channel

    def join(self, user_id: str, channel_id: str) -> Channel:
        user = self.user(user_id)
        channel = self.place(user, channel_id)
        if channel.is_archived or channel.kind != "channel":
            raise ActError("This channel cannot be joined.")
        if channel.members is not None:
            channel.members.add(user.id)
        self.world.channel_changed(channel.id)
        return channel

    def mark_read(self, user_id: str, channel_id: str, ts: str) -> None:
        user = self.user(user_id)
        self.world.last_read[user.id, self.place(user, channel_id).id] = ts
        self.world.channel_changed(channel_id)


def shown_blocks(origin: Message | View) -> list[Json]:
    """All blocks with elements to use: those of a message's attachments too."""
    return origin.blocks if isinstance(origin, View) else origin.all_blocks


def find_element(blocks: list[Json], block_id: str, action_id: str) -> Json | None:
    """The element with this action_id in the block with this block_id."""
    for block in blocks:
        for element in elements_of(block):
            if block.get("block_id") == block_id and element.get("action_id") == action_id:
                return element
    return None


def _with_action(values: Json, block_id: str, action: Json) -> Json:
    """The state after the action: the element acted on holds what was chosen."""
    key = value_key(str(action.get("type")))
    if key is not None and block_id in values and key in action:
        values[block_id][action["action_id"]] = {"type": action["type"], key: action[key]}
    return values
