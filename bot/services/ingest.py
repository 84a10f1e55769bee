"""Takes a batch of queue messages in: read, decide, store and queue what to say, in one transaction.

What it promises: after `take` every message of the batch is committed (as findings, or counted as holding none), in quarantine with a
reason, or named in the result as not taken and so still in the queue. A poison message never stops its batch. Deleting from the queue
is the caller's, after the commit. It talks to no network but the database.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

import structlog

from bot.domain.envelope import Envelope, Ignored
from bot.domain.facets import LIVE
from bot.domain.finding import Finding, Record, State, version_of
from bot.domain.lifecycle import Outcome, decide_hide, decide_report
from bot.domain.reading import in_order, read_ordered
from bot.domain.routing import Route, route
from bot.domain.suppression import Lease, covers, never_hidden, query_of
from bot.errors import Malformed
from bot.plugins import Source
from bot.ports import Clock, Delivery, Directory, Metrics, Poison, Store, Tx
from bot.services.ladder import Ladder, opened
from bot.services.sayings import sayings

log = structlog.get_logger()

MAX_TRIES = 3  # receptions of a message that breaks us in an unknown way before it is set aside
AT_A_TIME = 20  # messages read before others, who wait to acknowledge a person, have their turn
POISON_BODY = 256 * 1024  # characters kept of a quarantined message

Opener = Callable[[str, datetime], Sequence[Envelope]]
"""Takes a message body apart; raises Malformed. (adapters.wire, handed in so that services know no wire format.)"""


_Reports = dict[str, list[tuple[Finding, bytes]]]
"""The reports of each finding, by its key, with their raw events."""


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a batch: `done` may be deleted, `not_taken` must come again."""

    done: tuple[Delivery, ...]
    not_taken: tuple[Delivery, ...] = ()
    announced: int = 0


@dataclass(slots=True)
class _Batch:
    """What a batch holds once it is read, before any decision."""

    reports: _Reports = field(default_factory=dict)
    poison: list[Poison] = field(default_factory=list)
    done: list[Delivery] = field(default_factory=list)
    not_taken: list[Delivery] = field(default_factory=list)
    ignored: list[str] = field(default_factory=list)


@dataclass(slots=True)
class _Change:
    """What happens to one finding in this batch: its last record and everything on the way there."""

    record: Record
    raw: bytes | None
    outcomes: list[Outcome]
    before: Record | None

    def mark_stopped(self) -> None:
        """Its last line says that its escalation was stopped by it."""
        last = self.outcomes[-1]
        if last.entry is not None:
            entry = replace(last.entry, details={**last.entry.details, "stopped": "1"})
            self.outcomes[-1] = replace(last, entry=entry)


@dataclass(frozen=True, slots=True)
class RoutingTable:
    """The routes of the configuration and the one that takes what none of them does."""

    routes: tuple[Route, ...]
    fallback: Route


class Ingest:
    """The use case of the stream. One instance may take several batches at the same time."""

    def __init__(
        self,
        *,
        store: Store,
        opener: Opener,
        sources: Sequence[Source],
        directory: Directory,
        routing: RoutingTable,
        clock: Clock,
        metrics: Metrics,
        own_account: str = "",
        ladder: Ladder | None = None,
    ) -> None:
        self._store = store
        self._ladder = ladder or Ladder()
        self._own_account = own_account
        self._open = opener
        self._sources = in_order(sources)
        self._directory = directory
        self._routing = routing
        self._clock = clock
        self._metrics = metrics

    async def take(self, deliveries: Sequence[Delivery]) -> Taken:
        """Take a batch in.

        Raises:
            StoreUnavailable: nothing was committed; the whole batch is still the queue's.
        """
        now = self._clock.now()
        started = self._clock.monotonic()
        batch = await self._read(deliveries, now)
        changes: list[_Change] = []
        waiting, poison = batch.reports, batch.poison
        while waiting or poison:
            # What another replica inserted meanwhile is locked by a transaction that holds nothing yet: holding new rows while
            # waiting for a known one is how two replicas would wait for each other.
            async with self._store.begin() as tx:
                saved, waiting = await self._save(tx, waiting, now)
                await tx.quarantine(poison)
            changes += saved
            poison = []
        self._count(batch, changes)
        self._metrics.observe("batch_seconds", self._clock.monotonic() - started)
        announced = sum(o.announce for c in changes for o in c.outcomes)
        return Taken(tuple(batch.done), tuple(batch.not_taken), announced)

    # --- reading -------------------------------------------------------------------------------------------------------------

    async def _read(self, deliveries: Sequence[Delivery], now: datetime) -> _Batch:
        batch = _Batch()
        for i, delivery in enumerate(deliveries):
            if i and i % AT_A_TIME == 0:
                await self._clock.sleep(0)
            try:
                self._read_one(batch, delivery, now)
            except Malformed as error:
                batch.poison.append(_poison(delivery, error.reason, error.message, now))
                batch.done.append(delivery)
            except Exception as error:
                # A plug broke its promise. The message is tried again a few times, then kept aside: it must not stop the others.
                self._not_understood(batch, delivery, error, now)
        return batch

    def _read_one(self, batch: _Batch, delivery: Delivery, now: datetime) -> None:
        reports: list[tuple[Finding, bytes]] = []
        ignored: list[str] = []
        for envelope in self._open(delivery.body, now):
            _, reading = read_ordered(self._sources, envelope)
            if isinstance(reading, Ignored):
                ignored.append(reading.reason)
            else:
                reports += [(finding, envelope.raw) for finding in reading]
        for finding, raw in reports:
            batch.reports.setdefault(finding.key, []).append((finding, raw))
        batch.ignored += ignored
        batch.done.append(delivery)

    def _not_understood(self, batch: _Batch, delivery: Delivery, error: Exception, now: datetime) -> None:
        self._metrics.count("failures", where="read")
        log.error("message_not_read", message=delivery.id, attempts=delivery.attempts, error=type(error).__name__)
        if delivery.attempts < MAX_TRIES:
            batch.not_taken.append(delivery)
            return
        batch.poison.append(_poison(delivery, "not_read", f"{type(error).__name__}: {error}", now))
        batch.done.append(delivery)

    # --- deciding and saving ---------------------------------------------------------------------------------------------------

    async def _save(self, tx: Tx, waiting: _Reports, now: datetime) -> tuple[list[_Change], _Reports]:
        """(what was saved, what another replica inserted since we looked: to be decided again, against its rows)."""
        known = await tx.lock(sorted(waiting))
        leases = await tx.hiding(now)
        changes = {key: self._decide(known.get(key), reports, leases, now) for key, reports in waiting.items()}
        numbers = await _insert(tx, changes, known)
        again = {k: waiting[k] for k in changes if k not in known and k not in numbers}
        saved = [_numbered(c, numbers) for k, c in changes.items() if k not in again]
        await self._write(tx, saved, now)
        return saved, again

    def _decide(
        self, before: Record | None, reports: Sequence[tuple[Finding, bytes]], leases: Sequence[Lease], now: datetime
    ) -> _Change:
        record, raw, outcomes = before, None, []
        for finding, event in reports if len(reports) == 1 else sorted(reports, key=_order):
            outcome = decide_report(record, finding, self._directory.account(finding.account), now)
            hidden = _hidden(outcome, leases, now, self._own_account)
            told = [outcome] if hidden is None else [replace(outcome, announce=False), hidden]
            outcomes += told
            if told[-1].record is not None:
                record, raw, outcome = told[-1].record, event, told[-1]
                if outcome.announce or not record.route:
                    record = placed(record, self._routing, now, announced=outcome.announce)
        assert record is not None  # the first report of an unknown finding always makes a record
        return _Change(record, raw, outcomes, before)

    async def _write(self, tx: Tx, changes: Sequence[_Change], now: datetime) -> None:
        updated = [(c.record, c.raw) for c in changes if c.before is not None and c.record is not c.before]
        await tx.update(updated)
        await self._escalate(tx, changes, now)
        notes = [(c.record.number, o.entry) for c in changes for o in c.outcomes if o.entry is not None]
        await tx.note(notes)
        await tx.say([s for c in changes for s in sayings(c.before, c.record, c.outcomes)])

    async def _escalate(self, tx: Tx, changes: Sequence[_Change], now: datetime) -> None:
        """Begin to escalate what is announced, and stop what answers itself: resolved, hidden, taken up elsewhere."""
        told = [c.record for c in changes if c.record.state is State.OPEN and any(o.announce for o in c.outcomes)]
        await tx.open_figures(opened(told, now))
        await tx.start_escalations(self._ladder.start(told, now))
        over = {c.record.number: c for c in changes if c.before is not None and _is_over(c.before, c.record)}
        for number in await tx.stop_escalations(sorted(over), "it answered itself", ""):
            over[number].mark_stopped()
        taken_up = [n for n, c in over.items() if c.record.state is State.ACKNOWLEDGED]
        await tx.close_figures(taken_up, acked=now)
        await tx.close_figures([c.record.number for c in changes if _is_mended(c)], resolved=now)

    def _count(self, batch: _Batch, changes: Sequence[_Change]) -> None:
        for reason in batch.ignored:
            self._metrics.count("ignored", reason=reason)
        for poison in batch.poison:
            self._metrics.count("quarantined", reason=poison.reason)
        found = Counter((o.change, c.record.finding.source) for c in changes for o in c.outcomes)
        for (what, source), n in found.items():
            self._metrics.count("findings", n, change=what, source=source)
        for outcome_name, n in (("taken", len(batch.done) - len(batch.poison)), ("quarantined", len(batch.poison))):
            if n:
                self._metrics.count("messages", n, outcome=outcome_name)
        if batch.not_taken:
            self._metrics.count("messages", len(batch.not_taken), outcome="returned")


def placed(record: Record, routing: RoutingTable, now: datetime, *, announced: bool) -> Record:
    """The record with its route. `channel` means that a card was asked for there, so a finding that was never announced has none."""
    routed = route(record, routing.routes, routing.fallback, now)
    channel = routed.route.channel if announced and not routed.route.silent else record.channel
    return replace(record, channel=channel, route=routed.route.name, why=routed.reason)


def _hidden(outcome: Outcome, leases: Sequence[Lease], now: datetime, own_account: str) -> Outcome | None:
    """What a suppression in force makes of a finding that would be open: taken in, counted, and not announced. Some never are."""
    record = outcome.record
    if record is None or record.state is not State.OPEN:
        return None
    lease = next((one for one in leases if covers(query_of(one), record, now)), None)
    if lease is None or never_hidden(record, own_account):
        return None
    return decide_hide(record, lease.id, lease.until, "", now)


def _is_over(before: Record, after: Record) -> bool:
    """Whether a finding that was open needs nobody any more."""
    return before.state is State.OPEN and after.state is not State.OPEN


def _is_mended(change: _Change) -> bool:
    """Whether a finding that somebody had, or nobody, is resolved now."""
    return change.before is not None and change.before.state in LIVE and change.record.state is State.RESOLVED


def _order(report: tuple[Finding, bytes]) -> tuple[datetime, datetime, str]:
    version = version_of(report[0])
    return (version.updated, version.emitted, version.digest)


async def _insert(tx: Tx, changes: Mapping[str, _Change], known: Mapping[str, Record]) -> Mapping[str, int]:
    new = [(c.record, c.raw or b"") for k, c in changes.items() if k not in known]
    return await tx.insert(new) if new else {}


def _numbered(change: _Change, numbers: Mapping[str, int]) -> _Change:
    key = change.record.finding.key
    if key in numbers:
        change.record = replace(change.record, number=numbers[key])
    return change


def _poison(delivery: Delivery, reason: str, note: str, now: datetime) -> Poison:
    return Poison(delivery.id, reason, note[:500], delivery.body[:POISON_BODY], now)
