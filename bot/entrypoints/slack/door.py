"""Bolt's listeners: acknowledge first, ask the desk (which authorises), show the answer where the request came from.

Only a submitted modal is answered in its acknowledgement, when the answer is there within a second. A listener never lets an exception
out: Bolt loses the ack of a listener that raises right after it. Every listener is in one table and names what guards it; a test fails
when one does not.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from dataclasses import dataclass
from typing import Any

import structlog
from slack_bolt.async_app import AsyncApp
from slack_sdk.web.async_client import AsyncWebClient

from bot.domain.message import Message, Pressed
from bot.domain.views import Trouble, View
from bot.entrypoints.slack.payloads import Place, after_mention, chosen, mapping, place_of, text_of
from bot.entrypoints.slack.surface import Looks, SubmittedWindow, Window
from bot.errors import Malformed, SecbotError, TemporaryError
from bot.ports import Clock, Messenger, Metrics, Unfurl
from bot.services.desk import NOT_OURS, Answer, Desk, Request

__all__ = ["Listener", "Looks", "SlackDoor"]

log = structlog.get_logger()

Decode = Callable[[str, str], Pressed]
"""(action id, value) -> what was pressed; raises Malformed. renderers.actions, handed in."""
DecodeForm = Callable[[str, str, Mapping[str, Any]], Pressed]
"""(callback id, private metadata, entered values) -> what was submitted; raises Malformed."""
FirstTime = Callable[[str], Awaitable[bool]]
"""True once for a key: Slack delivers events again when it is not sure."""

FINISH_LIMIT_S = 15.0  # a call of Slack's Web API may take 10
QUICK_S = 1.0  # an answer within this goes with the acknowledgement of a modal, which Slack awaits for 3
MOST_READ = 500  # characters of a message that a shortcut looks at
_ANYTHING = re.compile(r"^.+$", re.DOTALL)
_NO_WORK = frozenset({"console", "console.guide"})  # link buttons: Slack tells us of the click, there is nothing to do
_BLOCKS_REFUSED = ("invalid_blocks", "invalid_attachments", "only_one_table_allowed")


@dataclass(frozen=True, slots=True)
class Listener:
    """One listener and what guards it: every handler asks the desk, whose first act is `authorize`."""

    kind: str
    matcher: str | re.Pattern[str]
    handler: Callable[..., Awaitable[None]]
    guard: str


class SlackDoor:
    """Bolt's app and its listeners."""

    def __init__(
        self,
        *,
        client: AsyncWebClient,
        desk: Desk,
        looks: Looks,
        decode: Decode,
        decode_form: DecodeForm,
        messenger: Messenger,
        first_time: FirstTime,
        clock: Clock,
        metrics: Metrics,
        command: str = "/sec",
    ) -> None:
        self._desk = desk
        self._looks = looks
        self._decode = decode
        self._decode_form = decode_form
        self._messenger = messenger
        self._first_time = first_time
        self._clock = clock
        self._metrics = metrics
        self._in_hand: set[asyncio.Task[Any]] = set()
        # HTTP requests are verified by HttpDoor, with every valid secret, before Bolt sees them; Socket Mode needs none.
        self.app = AsyncApp(client=client, request_verification_enabled=False)
        self.listeners = (
            Listener("command", command, self._on_command, "desk"),
            Listener("action", _ANYTHING, self._on_action, "desk"),
            Listener("view", _ANYTHING, self._on_submission, "desk"),
            Listener("shortcut", _ANYTHING, self._on_shortcut, "desk"),
            Listener("event", "app_mention", self._on_said, "desk"),
            Listener("event", "message", self._on_said, "desk"),
            Listener("event", "app_home_opened", self._on_home, "desk"),
            Listener("event", "link_shared", self._on_links, "desk"),
        )
        for listener in self.listeners:
            getattr(self.app, listener.kind)(listener.matcher)(listener.handler)

    async def finish(self) -> None:
        """Wait for the requests in hand, when no more come in: their answers still go out and the store is still open."""
        if self._in_hand:
            await asyncio.wait(set(self._in_hand), timeout=FINISH_LIMIT_S)

    def _start(self, work: Coroutine[Any, Any, None]) -> asyncio.Task[None]:
        """A part of a request that outlives its acknowledgement, kept until it ends."""
        task = asyncio.create_task(work)
        self._in_hand.add(task)
        task.add_done_callback(self._in_hand.discard)
        return task

    def _begin(self) -> None:
        """Keep the running listener's task until it ends."""
        if (task := asyncio.current_task()) is not None:
            self._in_hand.add(task)
            task.add_done_callback(self._in_hand.discard)

    async def _ack(self, ack: Any, **arguments: Any) -> None:
        started = self._clock.monotonic()
        await ack(**arguments)
        self._metrics.observe("ack_seconds", self._clock.monotonic() - started)

    # --- commands and shortcuts ------------------------------------------------------------------------------------------------------

    async def _on_command(self, ack: Any, body: Mapping[str, Any], respond: Any) -> None:
        self._begin()
        await self._ack(ack)
        window = Window(self._messenger, self._looks, text_of(body, "trigger_id"))
        request = Request(text_of(body, "user_id"), text_of(body, "channel_id"), window)
        answer = await self._desk.command(text_of(body, "text"), request)
        await self._safely(self._respond(answer, respond))

    async def _on_shortcut(self, ack: Any, body: Mapping[str, Any], respond: Any) -> None:
        """A shortcut's callback id is an action's name; one on a message asks about that message's thread."""
        self._begin()
        await self._ack(ack)
        message = mapping(body.get("message"))
        thread = text_of(message, "thread_ts") or text_of(body, "message_ts")
        window = Window(self._messenger, self._looks, text_of(body, "trigger_id"))
        request = Request(text_of(body, "user", "id"), text_of(body, "channel", "id"), window, thread)
        pressed = Pressed(text_of(body, "callback_id"), extra=text_of(message, "text")[:MOST_READ])
        answer = await self._desk.press(pressed, request)
        if text_of(body, "response_url"):
            await self._safely(self._respond(answer, respond))
        else:
            await self._safely(self._directly(answer, request, f"shortcut:{text_of(body, 'action_ts')}"))

    # --- buttons, menus, modals ------------------------------------------------------------------------------------------------------

    async def _on_action(self, ack: Any, body: Mapping[str, Any], respond: Any) -> None:
        self._begin()
        await self._ack(ack)
        place = place_of(body)
        window = Window(self._messenger, self._looks, text_of(body, "trigger_id"), push=place.is_modal)
        request = Request(text_of(body, "user", "id"), place.channel, window, place.thread or place.message)
        for action in body.get("actions", [])[:1]:
            answer = await self._pressed(action, request)
            if answer is None:
                continue
            if place.view:
                await self._safely(self._answer_in_view(answer, place, request))
            elif text_of(body, "response_url"):
                await self._safely(self._respond(answer, respond, place))
            else:
                await self._safely(self._privately(answer, request, place.thread))

    async def _pressed(self, action: Mapping[str, Any], request: Request) -> Answer | None:
        try:
            pressed = self._decode(text_of(action, "action_id"), chosen(action))
        except Malformed:
            log.warning("button_not_understood", user=request.user)
            return Answer(Trouble(messages=(NOT_OURS,)))
        return None if pressed.name in _NO_WORK else await self._desk.press(pressed, request)

    async def _on_submission(self, ack: Any, body: Mapping[str, Any], view: Mapping[str, Any]) -> None:
        """The answer takes the modal's place, at once or, when it takes long, after `working`; mistakes are told beside their inputs."""
        self._begin()
        try:
            values = mapping(mapping(view.get("state")).get("values"))
            pressed = self._decode_form(text_of(view, "callback_id"), text_of(view, "private_metadata"), values)
        except Malformed:
            log.warning("modal_not_understood", user=text_of(body, "user", "id"))
            damaged = self._looks.as_modal(
                Trouble(messages=("That window is damaged or not ours. Nothing was changed.",))
            )
            await self._ack(ack, response_action="update", view=damaged.view)
            return
        if mistakes := self._desk.mistakes(pressed):
            await self._ack(ack, response_action="errors", errors=dict(mistakes))
            return
        window = SubmittedWindow(self._messenger, self._looks, self._clock, text_of(view, "id"))
        answering = self._start(self._answer_submission(pressed, Request(text_of(body, "user", "id"), surface=window)))
        await asyncio.wait({answering}, timeout=QUICK_S)
        await self._ack(ack, response_action="update", view=window.acknowledged().view)
        await answering

    async def _answer_submission(self, pressed: Pressed, request: Request) -> None:
        answer = await self._desk.press(pressed, request)
        if answer.view is not None:
            await self._safely(request.surface.fill(answer.view))

    async def _answer_in_view(self, answer: Answer, place: Place, request: Request) -> None:
        """The answer to a press in a modal or the Home tab: in the modal's place, on top of it, or, too late for both, directly."""
        if answer.view is not None:
            if answer.replace and place.is_modal:
                await self._messenger.update_modal(place.view, self._looks.as_modal(answer.view))
            elif not await request.surface.open(answer.view):
                await self._late(answer, place, request)
        if place.is_home:
            await self._publish_home(request.user)

    async def _late(self, answer: Answer, place: Place, request: Request) -> None:
        """Nothing could be opened: the trigger is over, or three modals are open."""
        assert answer.view is not None
        if place.is_modal:
            await self._messenger.update_modal(place.view, self._looks.as_modal(answer.view))
        else:
            await self._directly(answer, request, f"press:{place.view}:{self._clock.now().isoformat()}")

    # --- events ------------------------------------------------------------------------------------------------------------------------

    async def _on_said(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        """Something said to the bot: its mention in a channel or a thread, or a direct message."""
        self._begin()
        await self._safely(self._said(body, event))

    async def _said(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        is_direct = text_of(event, "channel_type") == "im"
        is_meant = is_direct or text_of(event, "type") == "app_mention"
        is_ours = bool(event.get("bot_id")) or bool(event.get("subtype")) or not text_of(event, "user")
        if not is_meant or is_ours:
            return
        thread = text_of(event, "thread_ts")
        request = Request(text_of(event, "user"), text_of(event, "channel"), thread=thread)
        try:
            if not await self._is_new(body):
                return
        except TemporaryError as error:
            # Whether it was answered before is not known, so nothing is done; told twice is better than not at all.
            told = Trouble(messages=(f"{error.message} Nothing was changed; try again.",))
            return await self._privately(Answer(told), request, thread)
        bots = [text_of(a, "user_id") for a in body.get("authorizations", [])[:1]]
        answer = await self._desk.command(after_mention(text_of(event, "text"), *(bots or [""])), request)
        if answer.view is None:
            return
        if answer.public or is_direct:
            message = self._message(answer.view)
            key = f"answer:{text_of(body, 'event_id')}"
            await self._messenger.post(request.channel, message, key=key, thread_ts=thread)
        else:
            await self._privately(answer, request, thread)

    async def _is_new(self, body: Mapping[str, Any]) -> bool:
        return await self._first_time(f"event:{text_of(body, 'event_id')}")

    async def _on_home(self, event: Mapping[str, Any]) -> None:
        self._begin()
        if text_of(event, "tab") == "home":
            await self._safely(self._publish_home(text_of(event, "user")))

    async def _publish_home(self, user: str) -> None:
        await self._messenger.publish_home(user, self._looks.as_modal(await self._desk.home(user)))

    async def _on_links(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        self._begin()
        await self._safely(self._preview(body, event))

    async def _preview(self, body: Mapping[str, Any], event: Mapping[str, Any]) -> None:
        links = [text_of(link, "url") for link in event.get("links", []) if text_of(link, "url")]
        request = Request(text_of(event, "user"), text_of(event, "channel"))
        # Slack does not say where a draft will be sent, which may be in front of another company; it tells us again once it is.
        unknown = text_of(event, "source") == "composer" or bool(body.get("is_ext_shared_channel"))
        if not links or unknown or not await self._is_new(body):
            return
        found = await self._desk.previews(links, request)
        if found:
            where = Unfurl(
                request.channel, text_of(event, "message_ts"), text_of(event, "unfurl_id"), text_of(event, "source")
            )
            await self._messenger.unfurl(where, {url: self._message(view) for url, view in found.items()})

    # --- showing -----------------------------------------------------------------------------------------------------------------------

    async def _safely(self, showing: Awaitable[None]) -> None:
        """Show something; what fails here is logged, for there is nobody left to tell."""
        try:
            await showing
        except SecbotError as error:
            self._metrics.count("failures", where="answer")
            log.warning("answer_not_shown", reason=error.reason, error=error.message)
        except Exception as error:
            self._metrics.count("failures", where="answer")
            log.exception("answer_not_shown", error=type(error).__name__)

    def _message(self, view: View) -> Message:
        shown = self._looks.render(view)
        return shown if isinstance(shown, Message) else Message("This is shown in a window.", ())

    async def _respond(self, answer: Answer, respond: Any, place: Place | None = None) -> None:
        """By the request's own address: in the place of a private message, else beside it; plainly when blocks are refused."""
        shown = self._looks.render(answer.view) if answer.view is not None else None
        if not isinstance(shown, Message):
            return
        arguments: dict[str, Any] = {
            "text": shown.text,
            "response_type": "in_channel" if answer.public else "ephemeral",
            "replace_original": answer.replace and place is not None and place.is_private,
            "unfurl_links": False,
            "unfurl_media": False,
        }
        if place is not None and place.thread:
            arguments["thread_ts"] = place.thread
        response = await respond(**arguments, blocks=list(shown.blocks))
        refused = any(code in str(getattr(response, "body", "")) for code in _BLOCKS_REFUSED)
        if refused and shown.twin:
            await respond(**arguments, blocks=list(shown.twin))

    async def _privately(self, answer: Answer, request: Request, thread: str) -> None:
        if answer.view is not None:
            message = self._message(answer.view)
            await self._messenger.post_private(request.channel, request.user, message, thread_ts=thread)

    async def _directly(self, answer: Answer, request: Request, key: str) -> None:
        """In our direct messages with the person."""
        if answer.view is not None:
            channel = await self._messenger.direct(request.user)
            await self._messenger.post(channel, self._message(answer.view), key=f"answer:{key}")
