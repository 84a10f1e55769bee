"""Messages about no finding in particular, on their way through the outbox: written as plain texts, read back as views when they are said.

A row may be older than the process that says it, so what cannot be read any more is no error here: the caller logs it and goes on.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.drift import Seen, pack, unpack
from bot.domain.hiding_views import DriftReport
from bot.domain.oncall_views import ShiftTaken
from bot.domain.views import View
from bot.ports import Saying, SayKind
from bot.services.briefs import BRIEF, SLEPT, TAKEN, Briefs
from bot.services.sayings import LANE_OF_A_PERSON

DRIFT = "drift"


def drift_saying(seen: Seen, channel: str, key: str) -> Saying:
    """What a look found, to be said in a channel; `key` says it once."""
    details = {"report": DRIFT, "seen": pack(seen)}
    return Saying(key, SayKind.REPORT, 0, channel, LANE_OF_A_PERSON, details)


@dataclass(frozen=True, slots=True)
class Reports:
    """Reads reports back."""

    briefs: Briefs

    async def view(self, details: Mapping[str, str], now: datetime) -> View | None:
        """The view of a report's row; None when it cannot be read. Raises TemporaryError when the database does not answer."""
        kind = details.get("report", "")
        try:
            if kind == DRIFT:
                return DriftReport(seen=unpack(details["seen"]), now=now, nightly=True)
            if kind == BRIEF:
                return await self.briefs.brief(details, now)
            if kind == SLEPT:
                return await self.briefs.slept_through(details, now)
            if kind == TAKEN:
                until = datetime.fromisoformat(details["until"])
                return ShiftTaken(rotation=details["rotation"], person=details["person"], until=until, now=now)
        except (KeyError, ValueError):
            return None
        return None
