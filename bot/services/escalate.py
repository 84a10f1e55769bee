"""Escalates what nobody has acknowledged: due rows are decided once in all replicas, and told through the outbox.

The schedule only ticks. A tick takes the findings whose time has come, one transaction a few at a time: each is decided, its row moved on,
and what is to be said is queued, all or nothing. So a level is decided at most once, told at least once, and never after an acknowledgement
that was committed before. No lock is held while Slack is spoken to.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

import structlog

from bot.domain.escalation import (
    Address,
    Escalation,
    EscalationPolicy,
    Progress,
    Told,
    Whom,
    decide_stop,
    decide_tell,
    policy_for,
)
from bot.domain.finding import Entry, Record, State
from bot.domain.lifecycle import Change, decide_rearm, decide_unack
from bot.domain.oncall_views import EscalationRow
from bot.errors import NotFound, UserError
from bot.ports import Clock, Reads, Saying, SayKind, Store, Tx
from bot.services import trail
from bot.services.ingest import RoutingTable, placed
from bot.services.ladder import Ladder, opened
from bot.services.oncall import Duty, OnCall
from bot.services.sayings import LANE_OF_A_PERSON, edit, line, sayings

log = structlog.get_logger()

AT_A_TIME = 20  # findings that one transaction decides about
AGAIN_S = 10  # a second press within this is the first one's
MOST_PASSES = 50  # of one tick: 1,000 findings; the rest are the next tick's


@dataclass(frozen=True, slots=True)
class Act:
    """Why a level is told: its time has come, or a person wants it now."""

    at: datetime
    by: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Escalations:
    """The use case."""

    store: Store
    ladder: Ladder
    oncall: OnCall
    routing: RoutingTable
    clock: Clock
    wake: Callable[[], None]

    async def sweep(self) -> None:
        """Tell every level whose time has come, and open again what an acknowledgement held for long enough."""
        for step in (self._tell_some, self._rearm_some):
            for _ in range(MOST_PASSES):
                if await step() < AT_A_TIME:
                    break

    # --- levels ---------------------------------------------------------------------------------------------------------------

    async def _tell_some(self) -> int:
        """How many findings were taken up."""
        duty = await self.oncall.duty()
        async with self.store.begin() as tx:
            due = await tx.due_escalations(limit=AT_A_TIME)
            for record, escalation in due:
                now = max(self.clock.now(), escalation.due)  # the database's clock has decided
                await self._advance(tx, record, escalation, duty, Act(now))
        if due:
            self.wake()
            log.info("escalations_decided", findings=len(due))
        return len(due)

    async def _advance(self, tx: Tx, record: Record, escalation: Escalation, duty: Duty, act: Act) -> Told | None:
        policy = self.ladder.policy(escalation, record, act.at)
        if record.state is not State.OPEN or policy is None:
            why = f"it is {record.state}" if policy is not None else "no policy holds it any more"
            await tx.save_escalation(decide_stop(escalation, why, ""))
            return None
        told = decide_tell(escalation, policy, self.ladder.hours, act.at, hurried=bool(act.by))
        if told is None:
            return None
        await tx.save_escalation(told.escalation)
        await self._say(tx, record, told, heard_by(told.addresses, duty), _entry(policy, told, act))
        return told

    async def _say(self, tx: Tx, record: Record, told: Told, heard: Heard, entry: Entry) -> None:
        copies = await self._shown_in(record.number)
        details = {**entry.details, "whom": ",".join(heard.mentioned), **({"here": "1"} if heard.here else {})}
        entry = replace(entry, details=details)
        # Everybody here is told in one place, not at every copy.
        copied = replace(entry, details={k: v for k, v in details.items() if k != "here"})
        await tx.note([(record.number, entry)])
        await tx.audit([trail.done(entry.at, entry.actor, str(Change.ESCALATED), record, details)])
        key = f"{record.number}:{record.generation}:{told.rung}"
        said = [_loud(line(record, record.channel, entry), f"escalate:{key}", record)]
        said += [edit(record, channel) for channel in sorted({record.channel, *copies})]
        for place in dict.fromkeys((*heard.channels, *heard.direct)):
            if place in copies and place != record.channel:
                said.append(_loud(line(record, place, copied), f"escalate:{key}:{place}", record))
            elif place != record.channel:
                said.append(Saying(f"card:{record.number}:{place}", SayKind.CARD, record.number, place, _lane(record)))
        said += [
            Saying(f"page:{key}:{topic}", SayKind.PAGE, record.number, topic, _lane(record), details)
            for topic in heard.topics
        ]
        await tx.say(said)

    async def _shown_in(self, number: int) -> set[str]:
        """The channels and people that have a card of a finding."""
        async with self.store.reads() as reads:
            return {card.channel for card in await reads.cards(number)}

    # --- acknowledgements that have ended -------------------------------------------------------------------------------------

    async def _rearm_some(self) -> int:
        async with self.store.begin() as tx:
            lapsed = await tx.lock_lapsed(limit=AT_A_TIME)
            for record in lapsed:
                now = max(self.clock.now(), record.ack_until or self.clock.now())
                outcome = decide_rearm(record, now)
                assert outcome.record is not None
                after = placed(outcome.record, self.routing, now, announced=True)
                await tx.update([(after, None)])
                if outcome.entry is not None:
                    await tx.note([(after.number, outcome.entry)])
                    await tx.audit([trail.done(now, "", str(outcome.change), after, outcome.entry.details)])
                await tx.open_figures(opened([after], now))
                await tx.start_escalations(self.ladder.start([after], now))
                await tx.say(sayings(record, after, [replace(outcome, record=after)]))
        if lapsed:
            self.wake()
            log.info("acknowledgements_lapsed", findings=len(lapsed))
        return len(lapsed)

    # --- what people do -------------------------------------------------------------------------------------------------------

    async def hurry(self, number: int, user: str, note: str = "") -> Told:
        """Tell the next level now, whatever its time: `Escalate now`, and `Can't take it` with a note.

        Raises:
            NotFound: there is no such finding.
            UserError: it is not open, no policy holds it, or everybody was told already.
        """
        duty = await self.oncall.duty()
        now = self.clock.now()
        async with self.store.begin() as tx:
            record = await tx.lock_number(number)
            if record is None:
                raise NotFound(f"There is no finding F-{number}.")
            escalation = await self._running(tx, record, now)
            if not await _first_press(tx, number, user, now):
                raise UserError(f"{record.ref}: you have escalated it a moment ago.")
            told = await self._advance(tx, record, escalation, duty, Act(now, user, note))
        if told is None and escalation.progress is Progress.EXHAUSTED:
            raise UserError(f"Everybody whom the policy of {record.ref} names was told already.")
        if told is None:
            raise UserError(_held_by_none(record))
        self.wake()
        return told

    async def _running(self, tx: Tx, record: Record, now: datetime) -> Escalation:
        if record.state is not State.OPEN:
            who = f" by <@{record.ack_by}>" if record.ack_by else ""
            offers = (("Take it back", f"unack {record.ref}"),) if record.state is State.ACKNOWLEDGED else ()
            raise UserError(f"{record.ref} is {record.state}{who}: only what is open escalates.", offers=offers)
        escalation = await tx.lock_escalation(record.number)
        if escalation is not None and escalation.generation == record.generation:
            if escalation.progress is Progress.STOPPED:
                escalation = replace(escalation, progress=Progress.RUNNING, why="", by="")
            return escalation
        begun = self.ladder.start([record], now)
        if not begun:
            raise UserError(_held_by_none(record))
        await tx.start_escalations(begun)
        return begun[0]

    async def unack(self, number: int, user: str) -> Record:
        """Give an acknowledgement back: the finding is open, and escalates from the beginning.

        Raises:
            NotFound: there is no such finding.
            NoLonger: it is not acknowledged.
        """
        now = self.clock.now()
        copies = await self._shown_in(number)
        async with self.store.begin() as tx:
            record = await tx.lock_number(number)
            if record is None:
                raise NotFound(f"There is no finding F-{number}.")
            outcome = decide_unack(record, user, now)
            after = outcome.record or record
            await tx.update([(after, None)])
            if outcome.entry is not None:
                await tx.note([(number, outcome.entry)])
                await tx.audit([trail.done(now, user, str(outcome.change), after, outcome.entry.details)])
            await tx.open_figures(opened([after], now))
            await tx.start_escalations(self.ladder.start([after], now))
            said: list[Saying] = []
            for channel in sorted({*copies, after.channel} - {""}):
                said.append(edit(after, channel, lane=LANE_OF_A_PERSON))
                said.append(line(after, channel, outcome.entry, lane=LANE_OF_A_PERSON))
            await tx.say(said)
        self.wake()
        return after

    # --- reading --------------------------------------------------------------------------------------------------------------

    async def rows(self, reads: Reads, *, env: str = "", limit: int) -> list[EscalationRow]:
        """Escalations that wait for somebody, the first due first, with their findings."""
        found = await reads.escalations(progress=(Progress.RUNNING, Progress.EXHAUSTED), env=env, limit=limit)
        records = {r.number: r for r in await reads.by_numbers([e.number for e in found])}
        return [self.row(records[e.number], e) for e in found if e.number in records]

    async def of(self, record: Record) -> tuple[str, EscalationRow | None]:
        """(the policy that holds a finding, its escalation when there is one in this generation)."""
        policy = policy_for(self.ladder.policies, record, self.clock.now())
        async with self.store.reads() as reads:
            found = await reads.escalation(record.number)
        is_now = found is not None and found.generation == record.generation
        return policy.name if policy else "", self.row(record, found) if found is not None and is_now else None

    def row(self, record: Record, escalation: Escalation) -> EscalationRow:
        """One of them, with whom it tells next."""
        policy = self.ladder.policy(escalation, record, self.clock.now())
        if policy is None:
            return EscalationRow(record, escalation, escalation.rung, 0)
        is_running = escalation.progress is Progress.RUNNING and escalation.rung < policy.rungs
        told = policy.level(escalation.rung - 1) + 1 if escalation.rung else 0
        following = tuple(map(str, policy.tells(escalation.rung))) if is_running else ()
        return EscalationRow(record, escalation, told, len(policy.levels), following)


@dataclass(frozen=True, slots=True)
class Heard:
    """Who hears of a level, and how."""

    mentioned: tuple[str, ...]
    direct: tuple[str, ...]
    channels: tuple[str, ...]
    topics: tuple[str, ...]
    here: bool = False


def heard_by(addresses: Sequence[Address], duty: Duty) -> Heard:
    """Each once. Whoever is on call is written to at any hour; others not in their quiet hours."""
    mentioned: list[str] = []
    direct: list[str] = []
    for address in addresses:
        if address.kind is Whom.ROTATION:
            people = duty.people.get(address.name, ())
            mentioned += people or filter(None, [duty.groups.get(address.name, "")])
            direct += people
        elif address.kind is Whom.GROUP:
            mentioned.append(address.name)
        elif address.kind is Whom.USER:
            mentioned.append(address.name)
            direct += [address.name] if address.name not in duty.asleep else []
    return Heard(
        mentioned=tuple(dict.fromkeys(mentioned)),
        direct=tuple(dict.fromkeys(direct)),
        channels=tuple(dict.fromkeys(a.name for a in addresses if a.kind is Whom.CHANNEL)),
        topics=tuple(dict.fromkeys(a.name for a in addresses if a.kind is Whom.SNS)),
        here=any(a.kind is Whom.HERE for a in addresses),
    )


async def _first_press(tx: Tx, number: int, user: str, now: datetime) -> bool:
    """Whether a person wants the next level for the first time in a while: whoever presses twice wants one."""
    step = int(now.timestamp()) // AGAIN_S
    first = await tx.first_time(f"hurry:{number}:{user}:{step}")
    await tx.first_time(f"hurry:{number}:{user}:{step + 1}")
    return first


def _entry(policy: EscalationPolicy, told: Told, act: Act) -> Entry:
    details = {
        "level": str(told.level + 1), "levels": str(len(policy.levels)), "policy": policy.name,
        "addresses": ", ".join(map(str, told.addresses)), **({"late": "1"} if told.late else {}), **({"last": "1"} if told.last else {}),
    }  # fmt: skip
    return Entry(at=act.at, kind=Change.ESCALATED, actor=act.by, note=act.note, details=details)


def _held_by_none(record: Record) -> str:
    return f"No escalation policy of the configuration holds {record.ref}."


def _loud(said: Saying, key: str, record: Record) -> Saying:
    """A thread line that is shown in the channel once, under a key of its own."""
    return replace(said, key=key, lane=_lane(record), details={**said.details, "announce": "1", "tell": "1"})


def _lane(record: Record) -> int:
    return int(record.finding.severity)
