"""Leases in force: hiding what they cover, the native effect, their end. Every step may be repeated, so that a crash in between converges.

What a lease covers is hidden by secbot's own rule first; the native effect follows and is read back before the lease is ACTIVE. Nothing
that AWS does is an error here: it is written down with AWS's request id, and the sweep asks again.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from functools import partial
from types import MappingProxyType

import structlog

from bot.domain.approval import Request, decide_expiry
from bot.domain.approval import Stage as Asked
from bot.domain.facets import LIVE
from bot.domain.finding import Entry, Record, State
from bot.domain.lifecycle import Change, Outcome, decide_hide, decide_prolong, decide_reveal
from bot.domain.native import How, archived_ids
from bot.domain.query import Exact, Key, Query, Term
from bot.domain.suppression import HIDING, NOTICE, Lease, Stage, covers, never_hidden, query_of
from bot.errors import NotFound, PermanentError, TemporaryError, UserError
from bot.ports import Clock, Reads, Saying, Store, Tx
from bot.services import trail
from bot.services.ingest import RoutingTable, placed
from bot.services.ladder import Ladder, opened
from bot.services.natively import Natively, Result, suppressed_at_source
from bot.services.sayings import LANE_OF_A_PERSON, edit, line, sayings

log = structlog.get_logger()

KIND = "suppression"  # of an approval request
PIECE = 200  # findings hidden or revealed by one transaction
MOST_NATIVE = 1000  # findings whose native status is set one by one
MOST_LEASES = 5000  # in force at a time
UNDO_LASTS = timedelta(hours=2)  # that is asked again and again for; then a person is told what is left
LIVE_STATES = Term(Key.STATE, tuple(Exact(str(s)) for s in State if s in LIVE))
HIDDEN_STATE = Term(Key.STATE, (Exact(str(State.SUPPRESSED)),))

Decide = Callable[[Record, datetime], Outcome]


@dataclass(frozen=True, slots=True)
class Leases:
    """Carries leases on."""

    store: Store
    natively: Natively
    routing: RoutingTable
    clock: Clock
    wake: Callable[[], None]
    own_account: str = ""  # that secbot runs in: findings about it are never hidden
    ladder: Ladder = field(default_factory=Ladder)

    async def carry_on(self, id: str) -> Lease:
        """Bring a lease that is APPLYING or ENDING to its next stage, as far as AWS lets us now; others stay as they are.

        Never raises for what AWS does: it is written down, and the sweep asks again.
        """
        async with self.store.reads() as reads:
            lease = await reads.lease(id)
        if lease is None:
            raise NotFound("That suppression is not known any more.")
        if lease.stage is Stage.APPLYING:
            await self._hide(lease)
            return await self._natively_applied(lease)
        if lease.stage is Stage.ENDING:
            return await self._natively_undone(lease)
        return lease

    async def _hide(self, lease: Lease) -> None:
        """secbot's own rule: every live finding that the lease covers, a few at a time; one that is renewed holds its own for longer."""

        query = query_of(lease)

        def decide(record: Record, now: datetime) -> Outcome:
            if (why := never_hidden(record, self.own_account)) or not covers(query, record, now):
                raise UserError(why[0] if why else "it is graver than what was agreed to")
            return decide_hide(record, lease.id, lease.until, lease.author, now)

        def prolong(record: Record, now: datetime) -> Outcome:
            return decide_prolong(record, lease.id, lease.until, lease.author, now)

        await self._change_all(lease, _with(query, LIVE_STATES), decide)
        await self._change_all(lease, _with(query, HIDDEN_STATE), prolong)

    async def _change_all(self, lease: Lease, query: Query, decide: Decide) -> None:
        after, more = 0, True
        while more:
            now = self.clock.now()
            async with self.store.begin() as tx:
                if query.refs:
                    found = list(filter(None, [await tx.lock_number(number_of(r)) for r in query.refs]))
                else:
                    found = list(await tx.lock_found(query, now, limit=PIECE, after=after))
                for record in found:
                    await self._change(tx, record, decide, now)
            more = len(found) == PIECE and not query.refs
            after = found[-1].number if found else after
        self.wake()
        log.info("lease_changed_findings", lease=lease.short)

    async def _change(self, tx: Tx, record: Record, decide: Decide, now: datetime) -> None:
        """Change one finding and every copy of its card; one that is in no state for it stays as it is."""
        try:
            outcome = decide(record, now)
        except UserError:
            return
        if outcome.record is None:
            return
        after = outcome.record
        if outcome.announce:
            after = placed(after, self.routing, now, announced=True)
        await tx.update([(after, None)])
        outcome = await self._escalated(tx, after, outcome, now)
        if outcome.entry is not None:
            await tx.note([(record.number, outcome.entry)])
        await tx.say(_said(record, after, outcome, await self._channels(record)))

    async def _escalated(self, tx: Tx, after: Record, outcome: Outcome, now: datetime) -> Outcome:
        """What is hidden escalates no more, and its line says so; what is shown again begins anew."""
        if outcome.announce:
            await tx.open_figures(opened([after], now))
            await tx.start_escalations(self.ladder.start([after], now))
        if after.state is State.SUPPRESSED and await tx.stop_escalations([after.number], "suppressed", ""):
            entry = outcome.entry
            stopped = replace(entry, details={**entry.details, "stopped": "1"}) if entry is not None else None
            return replace(outcome, entry=stopped)
        return outcome

    async def _channels(self, record: Record) -> tuple[str, ...]:
        """Where its card is: where it is shown now, and every older copy."""
        async with self.store.reads() as reads:
            copies = [c.channel for c in await reads.cards(record.number)]
        return tuple(dict.fromkeys(filter(None, (record.channel, *copies))))

    async def _natively_applied(self, lease: Lease) -> Lease:
        about, hidden = await self._hidden(lease)
        others = await self._others(lease)
        effect = self.natively.effect(lease, about, hidden)
        try:
            result = await self.natively.apply(lease, effect, hidden, others, partial(self._keep, lease))
        except TemporaryError as error:
            return await self._written(lease, None, "suppress", note=error.message)
        except PermanentError as error:
            # What was written down as archived stays written down: a part of it may have been done.
            refused = {"how": str(How.OWN), "refused": error.message[:300]}
            return await self._written(lease, None, "suppress", stage=Stage.ACTIVE, note=error.message, more=refused)
        stage = Stage.ACTIVE if result.is_done else lease.stage
        native = {key: text for key, text in result.native.items() if key != "refused"}  # of an earlier try
        return await self._written(lease, native, "suppress", stage=stage, result=result)

    async def _others(self, lease: Lease) -> list[Lease]:
        """The other leases in force: what they need at the source stays, whatever becomes of this one."""
        async with self.store.reads() as reads:
            found = await reads.leases(stages=tuple(HIDING), limit=MOST_LEASES)
        return [other for other in found if other.id != lease.id]

    async def _keep(self, lease: Lease, native: Mapping[str, str]) -> None:
        """Write down what is about to be done at the source, before it is."""
        async with self.store.begin() as tx:
            current = await tx.lock_lease(lease.id)
            if current is not None and current.stage is lease.stage:
                await tx.save_lease(replace(current, native=native))

    async def _hidden(self, lease: Lease) -> tuple[Record, Sequence[Record]]:
        """(the finding that it began with, those that it hides now)."""
        query = _with(query_of(lease), HIDDEN_STATE)
        async with self.store.reads() as reads:
            about = await reads.get(lease.number)
            found = await found_by(reads, query, self.clock.now(), limit=MOST_NATIVE)
        if about is None:
            raise NotFound(f"There is no finding F-{lease.number}.")
        return about, [r for r in found if r.lease == lease.id]

    async def _written(
        self,
        lease: Lease,
        native: Mapping[str, str] | None,
        what: str,
        *,
        stage: Stage | None = None,
        result: Result | None = None,
        note: str = "",
        more: Mapping[str, str] = MappingProxyType({}),
    ) -> Lease:
        """Write down how far it is, with AWS's request id; a lease that moved on meanwhile stays where it is.

        Args:
            native: what was done at the source; None: what is written down already.
            more: what is to be written beside it.
        """
        now = self.clock.now()
        async with self.store.begin() as tx:
            current = await tx.lock_lease(lease.id)
            if current is None or current.stage is not lease.stage:
                return current or lease
            done = {**(current.native if native is None else native), **more}
            after = replace(current, native=done, stage=stage or current.stage)
            if after.stage is Stage.ENDED:
                after = replace(after, ended_at=now)
            await tx.save_lease(after)
            if result is not None and result.heir:
                await _bequeath(tx, after, result.heir)
            said = note or (result.note if result else "")
            await tx.audit([
                trail.outcome(
                    now, "", what, lease.short, number=lease.number, request=result.request if result else "",
                    stage=str(after.stage), note=said[:300],
                )
            ])  # fmt: skip
        return after

    # --- over ----------------------------------------------------------------------

    async def end(self, id: str, user: str, why: str) -> Lease:
        """End a lease now: what it hid is as its source says again, then the native effect is undone.

        Raises:
            NotFound: there is no such lease.
            UserError: it is not in force.
        """
        now = self.clock.now()
        async with self.store.begin() as tx:
            lease = await tx.lock_lease(id)
            if lease is None:
                raise NotFound("That suppression is not known any more.")
            if lease.stage not in (Stage.ACTIVE, Stage.APPLYING):
                raise UserError(f"{lease.short} is {lease.stage} already.")
            lease = replace(lease, stage=Stage.ENDING, ended_by=user)
            await tx.save_lease(lease)
            await tx.audit([trail.intent(now, user, "suppress_end", lease.short, number=lease.number, why=why)])
        await self._reveal(lease, user, why)
        return await self.carry_on(id)

    async def _reveal(self, lease: Lease, user: str, why: str) -> None:
        def decide(record: Record, now: datetime) -> Outcome:
            if record.lease != lease.id:
                raise UserError("another lease hides it")
            return decide_reveal(record, user, now, why)

        await self._change_all(lease, _with(query_of(lease), HIDDEN_STATE), decide)

    async def _natively_undone(self, lease: Lease) -> Lease:
        now = self.clock.now()
        await self._reveal(lease, lease.ended_by, "its suppression has ended")
        async with self.store.reads() as reads:
            records = await reads.by_numbers(suppressed_at_source(lease))
        others = await self._others(lease)
        if "ending" not in lease.native:
            lease = replace(lease, native={**lease.native, "ending": now.isoformat()})
            await self._keep(lease, lease.native)
        try:
            result = await self.natively.undo(lease, records, others, partial(self._keep, lease))
        except TemporaryError as error:
            return await self._written(lease, None, "suppress_end", note=error.message)
        except PermanentError as error:
            left = {"left": error.message[:300]}
            return await self._written(lease, None, "suppress_end", stage=Stage.ENDED, note=error.message, more=left)
        if not result.is_done and now - datetime.fromisoformat(lease.native["ending"]) > UNDO_LASTS:
            left = {"left": f"{result.note} after {UNDO_LASTS.seconds // 3600} hours"}
            return await self._written(
                lease, result.native, "suppress_end", stage=Stage.ENDED, result=result, more=left
            )
        stage = Stage.ENDED if result.is_done else lease.stage
        return await self._written(lease, result.native, "suppress_end", stage=stage, result=result)

    async def sweep(self) -> None:
        """What the clock asks for: end what is over, take up what is unfinished, let requests expire, tell owners in time."""
        now = self.clock.now()
        async with self.store.reads() as reads:
            over = await reads.leases(stages=(Stage.ACTIVE, Stage.APPLYING), before=now)
            unfinished = await reads.leases(stages=(Stage.APPLYING, Stage.ENDING))
            in_force = await reads.leases(stages=(Stage.ACTIVE,), limit=MOST_LEASES)
            waiting = await reads.requests(stage=Asked.WAITING)
        for lease in over:
            with suppress(UserError):  # somebody was quicker: no reason to leave the others in force
                await self.end(lease.id, "", "its time is over")
        ended = {lease.id for lease in over}
        soon = [lease for lease in in_force if lease.until < now + NOTICE]
        for lease in unfinished:
            if lease.id not in ended:
                await self.carry_on(lease.id)
        for lease in in_force:
            if lease.id not in ended and suppressed_at_source(lease):
                await self._let_go(lease, now)
        for lease in soon:
            if lease.noticed_at is None and lease.id not in ended:
                await self._notice(lease, now)
        for request in waiting:
            if request.kind == KIND and decide_expiry(request, now).stage is Asked.EXPIRED:
                await self._expire(request, now)

    async def _let_go(self, lease: Lease, now: datetime) -> None:
        """What became graver than was agreed to is shown; it is taken out of the lease at its source, too."""
        query = query_of(lease)
        async with self.store.reads() as reads:
            found = await reads.by_numbers(suppressed_at_source(lease))
        graver = [r for r in found if r.state in LIVE and not r.lease and not covers(query, r, now)]
        if not graver:
            return
        try:
            result = await self.natively.release(lease, graver, partial(self._keep, lease))
        except (TemporaryError, PermanentError) as error:
            log.warning("not_released", lease=lease.short, error=error.message)
            return
        said = ",".join(r.ref for r in graver)
        async with self.store.begin() as tx:
            await tx.audit([
                trail.outcome(
                    now, "", "suppress_release", lease.short, number=graver[0].number, request=result.request, findings=said,
                    note=result.note,
                )
            ])  # fmt: skip

    async def catch_up(self) -> None:
        """Suppress at Security Hub what a lease in force has hidden since it began: our own rule hid it as it came."""
        async with self.store.reads() as reads:
            in_force = await reads.leases(stages=(Stage.ACTIVE,), limit=MOST_LEASES)
        for lease in in_force:
            if lease.native.get("how") == How.HUB and not query_of(lease).refs:
                _, hidden = await self._hidden(lease)
                if {r.number for r in hidden} - set(suppressed_at_source(lease)):
                    await self._natively_applied(lease)

    async def _notice(self, lease: Lease, now: datetime) -> None:
        """Tell the owner, in the thread of the finding that it began with."""
        async with self.store.begin() as tx:
            current = await tx.lock_lease(lease.id)
            record = await tx.lock_number(lease.number)
            if current is None or current.noticed_at is not None:
                return
            await tx.save_lease(replace(current, noticed_at=now))
            if record is not None and record.channel:
                details = {"until": current.until.isoformat(), "lease": current.id, "whom": current.owner}
                entry = Entry(at=now, kind=Change.ENDING, details=details)
                said = line(record, record.channel, entry, lane=LANE_OF_A_PERSON)
                # The end is in the key: one that was renewed ends again.
                await tx.say([replace(said, key=f"notice:{lease.id}:{current.until.isoformat()}")])
        self.wake()

    async def _expire(self, request: Request, now: datetime) -> None:
        async with self.store.begin() as tx:
            current = await tx.lock_request(request.id)
            lease = await tx.lock_lease(request.subject)
            if current is None or lease is None:
                return
            after = decide_expiry(current, now)
            if after.stage is Asked.EXPIRED and current.stage is Asked.WAITING:
                await tx.save_request(after)
                await tx.save_lease(replace(lease, stage=Stage.REFUSED, ended_at=now))
                await tx.audit([trail.outcome(now, "", "suppress_expired", lease.short, number=lease.number)])


async def _bequeath(tx: Tx, lease: Lease, heir_id: str) -> None:
    """What was archived for a lease that is over is its heir's to bring back, since the rule that archived it stays."""
    heir = await tx.lock_lease(heir_id)
    if heir is None or not (analyzer := heir.native.get("analyzer")):
        return
    left = archived_ids(lease.native).get(analyzer, ())
    already = set(heir.native.get("already", "").split(",")) - {"", *left}
    ids = {*archived_ids(heir.native).get(analyzer, ()), *left}
    native = {**heir.native, "ids": ",".join(sorted(ids)), "already": ",".join(sorted(already))}
    await tx.save_lease(replace(heir, native=native))


def number_of(ref: str) -> int:
    return int(ref.removeprefix("F-"))


def _with(query: Query, term: Term) -> Query:
    return query if query.refs else replace(query, terms=(*query.terms, term))


async def found_by(reads: Reads, query: Query, now: datetime, *, limit: int) -> Sequence[Record]:
    """The findings that a lease's query names or holds."""
    if query.refs:
        return await reads.by_numbers([number_of(r) for r in query.refs])
    return await reads.search(query, now, limit=limit)


def _said(before: Record, after: Record, outcome: Outcome, channels: Sequence[str]) -> list[Saying]:
    """What is told of one finding: a card where it has none and is announced, else an edit and a line at every copy."""
    if outcome.announce and after.channel not in channels:
        return sayings(before, after, [outcome])
    said: list[Saying] = []
    for channel in channels:
        announce = outcome.announce and channel == after.channel
        said.append(edit(after, channel, lane=LANE_OF_A_PERSON))
        said.append(line(after, channel, outcome.entry, announce=announce, lane=LANE_OF_A_PERSON))
    return said
