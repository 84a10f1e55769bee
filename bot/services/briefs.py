"""What the clock tells people who come on duty or wake up: the brief of a shift, and what happened in their quiet hours.

Each is told once, whichever replica comes first, and only while it is fresh: an hour later it is news of yesterday.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.approval import Stage as Asked
from bot.domain.finding import Severity, State
from bot.domain.lifecycle import Change
from bot.domain.oncall import Rotation, Shift
from bot.domain.oncall_views import ShiftBrief, ShiftTaken, SleptThrough
from bot.domain.query import Exact, Key, Levels, Query, Term
from bot.domain.suppression import NOTICE, Stage
from bot.domain.views import View
from bot.errors import UserError
from bot.ports import Clock, Reads, Saying, SayKind, Store
from bot.ports.oncall import Quiet
from bot.services.escalate import Escalations
from bot.services.oncall import FRESH, OnCall, announced, begun, slept
from bot.services.query import LIVE_TERM
from bot.services.sayings import LANE_OF_A_PERSON

BRIEF, SLEPT, TAKEN = "brief", "slept", "taken"  # kinds of report
SHOWN = 5
MOST_FIGURES = 20_000


@dataclass(frozen=True, slots=True)
class Briefs:
    """The use case."""

    store: Store
    oncall: OnCall
    escalations: Escalations
    clock: Clock
    wake: Callable[[], None]

    async def sweep(self) -> None:
        """Queue the briefs of shifts that have begun and the cards of people whose quiet hours are over."""
        now = self.clock.now()
        async with self.store.reads() as reads:
            swaps = await reads.swaps(now - FRESH)
            quiets = await reads.quiets()
        for rotation in self.oncall.rotations:
            found = begun(rotation, swaps, now) if rotation.channel else None
            if found is not None:
                await self._brief(rotation, *found)
        for quiet in quiets:
            if (span := slept(quiet, now)) is not None:
                await self._morning(quiet, span[0])

    async def _brief(self, rotation: Rotation, shift: Shift, before: str) -> None:
        details = {
            "report": BRIEF, "rotation": rotation.name, "person": shift.person, "start": shift.start.isoformat(),
            "end": shift.end.isoformat(), "instead": shift.instead, "before": before,
        }  # fmt: skip
        key = f"brief:{rotation.name}:{shift.start.isoformat()}"
        await self._once(Saying(key, SayKind.REPORT, 0, rotation.channel, LANE_OF_A_PERSON, details))

    async def _morning(self, quiet: Quiet, since: datetime) -> None:
        details = {"report": SLEPT, "user": quiet.user, "since": since.isoformat()}
        key = f"slept:{quiet.user}:{since.isoformat()}"
        said = Saying(key, SayKind.REPORT, 0, quiet.user, LANE_OF_A_PERSON, details)
        async with self.store.begin() as tx:
            if await tx.first_time(key):
                await tx.say([said])
        self.wake()

    async def _once(self, said: Saying) -> bool:
        async with self.store.begin() as tx:
            first = await tx.first_time(said.key)
            if first:
                await tx.say([said])
        self.wake()
        return first

    async def take(self, name: str, start: datetime, user: str) -> ShiftTaken:
        """Somebody says that they have the shift: told once in its channel.

        Raises:
            NotFound: there is no such rotation.
            UserError: the shift is over, or somebody has it already.
        """
        rotation, now = self.oncall.rotation(name), self.clock.now()
        async with self.store.reads() as reads:
            swaps = await reads.swaps(min(now, start) - FRESH)
        found = begun(rotation, swaps, start)
        if found is None or found[0].start != start or not start <= now < found[0].end:
            raise UserError("That shift is over, or has changed.")
        taken = ShiftTaken(rotation=rotation.name, person=user, until=found[0].end, now=now)
        details = {"report": TAKEN, "rotation": rotation.name, "person": user, "until": found[0].end.isoformat()}
        key = f"taken:{rotation.name}:{start.isoformat()}"
        if not await self._once(Saying(key, SayKind.REPORT, 0, rotation.channel, LANE_OF_A_PERSON, details)):
            raise UserError("Somebody has said so already.")
        return taken

    # --- what they say, when they are said ------------------------------------------------------------------------------------

    async def brief(self, details: Mapping[str, str], now: datetime) -> View:
        """The brief as things are now. Raises KeyError or ValueError for a row that is not one of ours."""
        shift = Shift(
            details["person"],
            datetime.fromisoformat(details["start"]),
            datetime.fromisoformat(details["end"]),
            details.get("instead", ""),
        )
        acked = Query((Term(Key.STATE, (Exact(str(State.ACKNOWLEDGED)),)),))
        async with self.store.reads() as reads:
            rows = await self.escalations.rows(reads, limit=SHOWN)
            acknowledged = await reads.search(acked, now, limit=SHOWN)
            total = (await reads.counts(acked, now)).total
            waiting = await reads.requests(stage=Asked.WAITING)
            leases = await reads.leases(stages=(Stage.ACTIVE,), before=now + NOTICE, limit=SHOWN)
            counts = (await reads.counts(Query((LIVE_TERM,)), now)).by_severity
        return ShiftBrief(
            rotation=details["rotation"],
            shift=shift,
            before=details.get("before", ""),
            escalations=tuple(rows),
            acknowledged=tuple(acknowledged),
            acknowledged_total=total,
            approvals=len(waiting),
            leases=tuple(leases),
            counts=counts,
            now=now,
        )

    async def slept_through(self, details: Mapping[str, str], now: datetime) -> View:
        """What happened meanwhile. Raises KeyError or ValueError for a row that is not one of ours."""
        since = datetime.fromisoformat(details["since"])
        worst = Query((LIVE_TERM, Term(Key.SEV, (Levels(Severity.HIGH, Severity.CRITICAL),))))
        async with self.store.reads() as reads:
            figures = await reads.figures(since, limit=MOST_FIGURES)
            still = [r for r in await reads.search(worst, now, limit=50) if r.created >= since][:SHOWN]
            answered = await _answered(reads, since)
        return SleptThrough(
            user=details["user"],
            since=since,
            now=now,
            announced=announced(figures),
            still_open=tuple(still),
            answered=tuple(answered.most_common(SHOWN)),
        )


async def _answered(reads: Reads, since: datetime) -> Counter[str]:
    lines = await reads.trail(since, limit=1000, what=(Change.ACKNOWLEDGED,))
    return Counter(line.actor for line in lines if line.actor)
