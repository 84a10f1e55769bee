"""Escalations, swaps, quiet hours and figures in memory.

The problem: every rule of adapters/sql/oncall.py, said once more and in the plainest way, so that the two can be compared. It refuses to
be quick; nothing needs a lock, since there is one transaction at a time.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace
from datetime import datetime

from bot.adapters.memory.world import World
from bot.domain.escalation import Escalation, Progress
from bot.domain.facets import facets, fold
from bot.domain.figures import Figure
from bot.domain.finding import Record, State
from bot.domain.oncall import Swap
from bot.ports.oncall import Quiet


class OncallTx:
    """bot.ports.oncall.EscalationTx on a copy."""

    def __init__(self, world: World, now: datetime) -> None:
        self._world = world
        self._now = now

    async def start_escalations(self, escalations: Sequence[Escalation]) -> None:
        for escalation in escalations:
            self._world.escalations.setdefault((escalation.number, escalation.generation), escalation)
        for escalation in escalations:
            for older in _of(self._world, escalation.number):
                if older.generation < escalation.generation:
                    self._stop(older, "announced anew", "")

    def _stop(self, escalation: Escalation, why: str, by: str) -> bool:
        if escalation.progress is Progress.STOPPED:
            return False
        stopped = replace(escalation, progress=Progress.STOPPED, why=why, by=by)
        self._world.escalations[escalation.number, escalation.generation] = stopped
        return True

    async def due_escalations(self, *, limit: int) -> Sequence[tuple[Record, Escalation]]:
        w = self._world
        due = [e for e in w.escalations.values() if e.progress is Progress.RUNNING and e.due <= self._now]
        return [(w.records[e.number], e) for e in sorted(due, key=_by_due) if e.number in w.records][:limit]

    async def lock_escalation(self, number: int) -> Escalation | None:
        return newest(self._world, number)

    async def save_escalation(self, escalation: Escalation) -> None:
        key = (escalation.number, escalation.generation)
        if key in self._world.escalations:
            self._world.escalations[key] = escalation

    async def stop_escalations(self, numbers: Collection[int], why: str, by: str) -> Sequence[int]:
        found = [e for number in sorted(set(numbers)) for e in _of(self._world, number)]
        return list(dict.fromkeys(e.number for e in found if self._stop(e, why, by)))

    async def lock_lapsed(self, *, limit: int) -> Sequence[Record]:
        held = (r for r in self._world.records.values() if r.state is State.ACKNOWLEDGED)
        ended = [(r.ack_until, r.number, r) for r in held if r.ack_until is not None and r.ack_until <= self._now]
        return [record for _, _, record in sorted(ended)[:limit]]

    async def open_figures(self, figures: Sequence[Figure]) -> None:
        for figure in figures:
            self._world.figures.setdefault((figure.number, figure.generation), figure)

    async def close_figures(
        self, numbers: Collection[int], *, acked: datetime | None = None, resolved: datetime | None = None
    ) -> None:
        figures = self._world.figures
        for number in set(numbers):
            generation = max((g for n, g in figures if n == number), default=None)
            if generation is not None:
                old = figures[number, generation]
                new = replace(old, acked=old.acked or acked, resolved=old.resolved or resolved)
                figures[number, generation] = new

    async def save_swap(self, swap: Swap) -> None:
        self._world.swaps[swap.id] = swap

    async def delete_swap(self, id: str) -> bool:
        return self._world.swaps.pop(id, None) is not None

    async def save_quiet(self, quiet: Quiet) -> None:
        self._world.quiets[quiet.user] = quiet

    async def delete_quiet(self, user: str) -> bool:
        return self._world.quiets.pop(user, None) is not None


class OncallReads:
    """bot.ports.oncall.EscalationReads on what was committed."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def escalation(self, number: int) -> Escalation | None:
        return newest(self._world, number)

    async def escalations(self, *, progress: Collection[Progress], env: str = "", limit: int) -> Sequence[Escalation]:
        w = self._world
        found = (e for e in w.escalations.values() if e.progress in progress)
        return sorted((e for e in found if not env or _is_in(w, e.number, env)), key=_by_due)[:limit]

    async def swaps(self, until: datetime) -> Sequence[Swap]:
        return sorted((s for s in self._world.swaps.values() if s.end > until), key=lambda s: (s.made, s.id))

    async def quiets(self) -> Sequence[Quiet]:
        return [quiet for _, quiet in sorted(self._world.quiets.items())]

    async def figures(self, since: datetime, *, limit: int) -> Sequence[Figure]:
        found = [figure for figure in self._world.figures.values() if figure.opened >= since]
        return sorted(found, key=lambda f: (f.opened, f.number, f.generation), reverse=True)[:limit]


def newest(world: World, number: int) -> Escalation | None:
    """The finding's escalation of its newest generation."""
    return max(_of(world, number), key=lambda e: e.generation, default=None)


def _of(world: World, number: int) -> list[Escalation]:
    return [e for (n, _), e in world.escalations.items() if n == number]


def _is_in(world: World, number: int, env: str) -> bool:
    return number in world.records and facets(world.records[number]).env == fold(env)


def _by_due(escalation: Escalation) -> tuple[datetime, int, int]:
    return escalation.due, escalation.number, escalation.generation
