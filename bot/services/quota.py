"""How many questions a person may ask in a minute: enough for a person, too few for a loop. Kept in memory, a task each."""

from __future__ import annotations

import math
from collections import OrderedDict, deque
from dataclasses import dataclass, field

from bot.errors import UserError
from bot.ports import Clock

QUESTIONS = 10
WINDOW_S = 60.0
MOST_PEOPLE = 2_000


class TooMany(UserError):
    """That is more questions than a minute holds."""

    reason = "too_many"


@dataclass(slots=True)
class Quota:
    """Counts questions by user over the last minute."""

    clock: Clock
    _asked: OrderedDict[str, deque[float]] = field(default_factory=OrderedDict)

    def take(self, user: str) -> None:
        """Count one question. Raises TooMany, with when the next one can be asked."""
        now = self.clock.monotonic()
        asked = self._asked.setdefault(user, deque())
        self._asked.move_to_end(user)
        while asked and asked[0] <= now - WINDOW_S:
            asked.popleft()
        if len(asked) >= QUESTIONS:
            wait = math.ceil(asked[0] + WINDOW_S - now)
            raise TooMany(
                f"That is {QUESTIONS} questions within a minute, the most one person may ask. The next in {wait} s."
            )
        asked.append(now)
        while len(self._asked) > MOST_PEOPLE:
            self._asked.popitem(last=False)
