"""What a request may show in a window of its own: opened at once, since its trigger lives three seconds, and filled later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import structlog

from bot.domain.message import Message, Modal
from bot.domain.views import View, Working
from bot.errors import SecbotError
from bot.ports import Clock, Messenger

log = structlog.get_logger()

SETTLE_S = 0.5  # between an acknowledgement and the update of what it showed


@dataclass(frozen=True, slots=True)
class Looks:
    """How views become what Slack takes (renderers, handed in): `modal` makes a modal of an answer that is a message."""

    render: Callable[[View], Message | Modal]
    modal: Callable[[Message], Modal]

    def as_modal(self, view: View) -> Modal:
        """The view as a modal, whatever it usually is."""
        shown = self.render(view)
        return shown if isinstance(shown, Modal) else self.modal(shown)


class Window:
    """The modal of one request (services.context.Surface).

    Args:
        trigger: what Slack lets us open a modal with, once.
        push: the press came from a modal, and the new one goes on top of it.
    """

    def __init__(self, messenger: Messenger, looks: Looks, trigger: str, *, push: bool = False) -> None:
        self._messenger = messenger
        self._looks = looks
        self._trigger = trigger
        self._push = push
        self._view_id = ""

    async def open(self, view: View) -> bool:
        if not self._trigger:
            return False
        trigger, self._trigger = self._trigger, ""  # good for one use
        try:
            modal = self._looks.as_modal(view)
            self._view_id = await self._messenger.open_modal(trigger, modal, push=self._push)
        except SecbotError as error:
            log.info("modal_not_opened", reason=error.reason, error=error.message)
            return False
        return True

    async def fill(self, view: View) -> None:
        if self._view_id:
            await self._messenger.update_modal(self._view_id, self._looks.as_modal(view))


@dataclass(slots=True)
class SubmittedWindow:
    """The modal that was submitted (services.context.Surface): the answer takes its place.

    Until the submission is acknowledged the answer is kept and goes with the acknowledgement; after it the modal is updated. An update
    that is sent in the same moment as the acknowledgement may reach Slack first and be replaced by it, so it waits a little.
    """

    messenger: Messenger
    looks: Looks
    clock: Clock
    view_id: str
    _kept: Modal | None = field(default=None, init=False)
    _acknowledged: float | None = field(default=None, init=False)

    async def open(self, view: View) -> bool:
        await self.fill(view)
        return True

    async def fill(self, view: View) -> None:
        modal = self.looks.as_modal(view)
        if self._acknowledged is None:
            self._kept = modal
            return
        await self.clock.sleep(max(0.0, self._acknowledged + SETTLE_S - self.clock.monotonic()))
        await self.messenger.update_modal(self.view_id, modal)

    def acknowledged(self) -> Modal:
        """What goes with the acknowledgement: the answer, or that it is being worked on."""
        self._acknowledged = self.clock.monotonic()
        return self._kept or self.looks.as_modal(Working())
