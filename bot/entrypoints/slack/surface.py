"""What a request may show in a window of its own: opened at once, since its trigger lives three seconds, and filled later."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import structlog

from bot.domain.message import Message, Modal
from bot.domain.views import View
from bot.errors import SecbotError
from bot.ports import Messenger

log = structlog.get_logger()


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
        view_id: a modal that is the request's own already, as after a submission; it is filled in the place of being opened.
    """

    def __init__(
        self, messenger: Messenger, looks: Looks, trigger: str, *, push: bool = False, view_id: str = ""
    ) -> None:
        self._messenger = messenger
        self._looks = looks
        self._trigger = trigger
        self._push = push
        self._view_id = view_id

    async def open(self, view: View) -> bool:
        modal = self._looks.as_modal(view)
        try:
            if self._view_id:
                await self._messenger.update_modal(self._view_id, modal)
                return True
            if not self._trigger:
                return False
            trigger, self._trigger = self._trigger, ""  # good for one use
            self._view_id = await self._messenger.open_modal(trigger, modal, push=self._push)
        except SecbotError as error:
            log.info("modal_not_opened", reason=error.reason, error=error.message)
            return False
        return True

    async def fill(self, view: View) -> None:
        if self._view_id:
            await self._messenger.update_modal(self._view_id, self._looks.as_modal(view))
