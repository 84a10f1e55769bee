"""What people do to a finding: acknowledging it, giving it to somebody, asking those who may. One transaction changes the state and
queues every copy's edit. Whoever acts was authorised before, for each finding."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from bot.domain.audit import Line
from bot.domain.finding import Entry, Record, State
from bot.domain.lifecycle import Change, Outcome, decide_ack, decide_assign
from bot.errors import NotFound, UserError
from bot.ports import Clock, People, Saying, SayKind, Store, Tx
from bot.services import trail
from bot.services.sayings import LANE_OF_A_PERSON, edit, line

MOST_NOTE = 500


@dataclass(frozen=True, slots=True)
class Done:
    """What became of an act on several findings: those it was done to, and a sentence for each other one."""

    records: tuple[Record, ...]
    refused: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Triage:
    """Acts on findings. `wake` tells the delivery side that something was queued."""

    store: Store
    people: People
    clock: Clock
    wake: Callable[[], None]

    async def acknowledge(self, number: int, user: str) -> Record:
        """Acknowledge a finding for its severity's time and edit every copy of its card.

        Raises:
            NotFound: there is no such finding.
            AlreadyDone, NoLonger: see lifecycle.decide_ack; nothing was changed.
            StoreUnavailable: nothing was changed.
        """
        return await self._act(number, user, lambda record: decide_ack(record, user, self.clock.now()))

    async def acknowledge_all(self, numbers: Sequence[int], user: str, may: Callable[[Record], str]) -> Done:
        """Acknowledge several, each in a transaction of its own.

        Args:
            may: why the user may not acknowledge this one; empty when they may. Asked with the finding as it is then.
        """
        done: list[Record] = []
        refused: list[str] = []
        for number in numbers:
            try:
                done.append(
                    await self._act(number, user, lambda record: _ack_if_allowed(record, user, may, self.clock))
                )
            except UserError as error:
                refused.append(error.message)
        return Done(tuple(done), tuple(refused))

    async def assign(self, number: int, assignee: str, user: str, note: str = "") -> Record:
        """Give a finding to a person, who is told in its thread.

        Raises:
            NotFound: there is no such finding.
            UserError: the person cannot work on it (a bot, a guest, somebody of another company, a deactivated account).
            AlreadyDone, NoLonger: see lifecycle.decide_assign.
        """
        person = await self.people.actor(assignee)
        if not person.known or person.deleted or person.bot or person.guest or person.stranger:
            raise UserError("A finding can only be given to a full member of this workspace.")
        said = note.strip()[:MOST_NOTE]

        def decide(record: Record) -> Outcome:
            outcome = decide_assign(record, assignee, user, self.clock.now())
            return replace(outcome, entry=replace(outcome.entry, note=said)) if outcome.entry and said else outcome

        return await self._act(number, user, decide)

    async def ask(self, number: int, what: str, user: str, whom: tuple[str, ...]) -> Record:
        """Ask those who may to do something, in the finding's thread; asking twice for the same state says it once.

        Args:
            what: the permission that is needed.
            whom: user-group and user ids, mentioned once.

        Raises:
            NotFound: there is no such finding.
            UserError: it has no card under which to ask.
        """
        entry = Entry(at=self.clock.now(), kind=Change.ASKED, actor=user, details={"for": what, "whom": ",".join(whom)})
        async with self.store.begin() as tx:
            record = await _locked(tx, number)
            if not record.channel:
                raise UserError(f"{record.ref} has no card under which to ask; write to them directly.")
            said = line(record, record.channel, entry, lane=LANE_OF_A_PERSON)
            key = f"ask:{number}:{record.revision}:{what}:{user}"
            if await tx.first_time(key):
                await tx.note([(number, entry)])
                await tx.audit([_line(record, entry)])
                await tx.say([replace(said, key=key, kind=SayKind.THREAD)])
        self.wake()
        return record

    async def _act(self, number: int, user: str, decide: Callable[[Record], Outcome]) -> Record:
        async with self.store.reads() as reads:
            cards = await reads.cards(number)
        async with self.store.begin() as tx:
            record = await _locked(tx, number)
            outcome = decide(record)
            after = outcome.record or record
            await tx.update([(after, None)])
            entry = await _stopped(tx, record, after, outcome.entry, user)
            if entry is not None:
                await tx.note([(number, entry)])
                await tx.audit([_line(after, entry)])
            channels = list(dict.fromkeys([after.channel, *(c.channel for c in cards)]))
            said: list[Saying] = []
            for channel in filter(None, channels):
                said.append(edit(after, channel, lane=LANE_OF_A_PERSON))
                said.append(line(after, channel, entry, lane=LANE_OF_A_PERSON))
            await tx.say(said)
        self.wake()
        return after


async def _stopped(tx: Tx, before: Record, after: Record, entry: Entry | None, user: str) -> Entry | None:
    """Stop the escalation of a finding that somebody has now, in the transaction in which they take it; the line says so."""
    if before.state is not State.OPEN or after.state is not State.ACKNOWLEDGED:
        return entry
    await tx.close_figures([after.number], acked=after.ack_at)
    stopped = await tx.stop_escalations([after.number], "acknowledged", user)
    return replace(entry, details={**entry.details, "stopped": "1"}) if stopped and entry is not None else entry


def _line(record: Record, entry: Entry) -> Line:
    """The act in the audit trail, committed with it."""
    note = {"note": entry.note} if entry.note else {}
    return trail.done(entry.at, entry.actor, str(entry.kind), record, {**entry.details, **note})


async def _locked(tx: Tx, number: int) -> Record:
    record = await tx.lock_number(number)
    if record is None:
        raise NotFound(f"There is no finding F-{number}.")
    return record


def _ack_if_allowed(record: Record, user: str, may: Callable[[Record], str], clock: Clock) -> Outcome:
    if why_not := may(record):
        raise UserError(f"{record.ref}: {why_not}")
    return decide_ack(record, user, clock.now())
