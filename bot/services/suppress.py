"""Suppressions: asked for, previewed, agreed to, in force, over. Every step is one transaction or may be repeated.

    draft -> (waiting for another person ->) applying -> active -> ending -> ended
                       refused <-'

What a lease covers is hidden by secbot's own rule in the transaction that starts it; the native effect follows and is read back before the
lease is ACTIVE (leases.py). Nothing is done before its preview was shown, and what was shown is what is done: a hash binds the two.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.approval import Request, decide_approve, decide_deny
from bot.domain.approval import Stage as Asked
from bot.domain.audit import Line
from bot.domain.finding import Entry, Record, Severity
from bot.domain.lifecycle import Change
from bot.domain.native import Effect
from bot.domain.query import Group, Key, Query, Span, Term, show
from bot.domain.suppression import MOST_DAYS, Lease, Reach, Stage, Verdict, digest, judge, query_of
from bot.errors import NotFound, UserError
from bot.ports import Clock, Ids, Reads, Store, Tx
from bot.services import trail
from bot.services.leases import HIDDEN_STATE, KIND, LIVE_STATES, Leases, found_by
from bot.services.sayings import LANE_OF_A_PERSON, line

PATIENCE_S = 6.0  # that a press waits for AWS
EXPIRES = timedelta(hours=24)
PREVIEWED = 10
PAST = Span(None, timedelta(days=90))


@dataclass(frozen=True, slots=True)
class Preview:
    """What a draft would do, counted now."""

    lease: Lease
    about: Record
    reach: Reach
    first: tuple[Record, ...]
    verdict: Verdict
    effect: Effect


@dataclass(frozen=True, slots=True)
class Begun:
    """What became of a draft: the lease, and the request when another person has to agree."""

    lease: Lease
    request: Request | None = None


class Suppressions:
    """The use case."""

    def __init__(
        self,
        *,
        store: Store,
        leases: Leases,
        clock: Clock,
        ids: Ids,
        own_account: str = "",
        most_days: Mapping[Severity, int] = MOST_DAYS,
    ) -> None:
        self._store = store
        self._leases = leases
        self._clock = clock
        self._ids = ids
        self._own_account = own_account
        self.most_days = {**MOST_DAYS, **most_days}

    # --- before anything is done ------------------------------------------------------------

    async def draft(self, lease: Lease) -> Preview:
        """Keep a draft under a new id and say what it would do. Raises NotFound for a finding that does not exist."""
        kept = replace(lease, id=self._ids.token(), stage=Stage.DRAFT, created=self._clock.now())
        preview = await self._preview(kept)
        async with self._store.begin() as tx:
            await tx.save_lease(kept)
        return preview

    async def preview(self, id: str) -> Preview:
        """What a lease would do, counted now. Raises NotFound."""
        async with self._store.reads() as reads:
            lease = await reads.lease(id)
        if lease is None:
            raise NotFound("That suppression is not known any more.")
        return await self._preview(lease)

    async def _preview(self, lease: Lease) -> Preview:
        query, now = query_of(lease), self._clock.now()
        async with self._store.reads() as reads:
            about = await reads.get(lease.number)
            if about is None:
                raise NotFound(f"There is no finding F-{lease.number}.")
            first, reach = await _reach(reads, query, about, now)
        verdict = judge(
            lease.kind,
            query,
            reach,
            lease.until - now,
            about=about,
            own_account=self._own_account,
            most_days=self.most_days,
        )
        return Preview(lease, about, reach, first, verdict, self._leases.natively.effect(lease, about))

    async def counts(self, leases: Sequence[Lease]) -> Mapping[str, int]:
        """How many findings each lease hides now, by its id."""
        now = self._clock.now()
        found: dict[str, int] = {}
        async with self._store.reads() as reads:
            for lease in leases:
                query = query_of(lease)
                if query.refs:
                    found[lease.id] = sum(r.lease == lease.id for r in await found_by(reads, query, now, limit=1))
                else:
                    found[lease.id] = (
                        await reads.counts(replace(query, terms=(*query.terms, HIDDEN_STATE)), now)
                    ).total
        return found

    # --- asking and agreeing ------------------------------------------------------------

    async def begin(self, id: str, shown: str, user: str, whom: tuple[str, ...] = ()) -> Begun | Preview:
        """Start a draft, or ask another person; the preview again when it is no longer what was shown.

        Args:
            shown: the digest of the draft that the person saw.
            whom: user-group and user ids that may approve, mentioned once in the finding's thread.

        Raises:
            UserError: it may not be; it is somebody else's draft or begun already.
        """
        preview = await self.preview(id)
        lease, now = preview.lease, self._clock.now()
        if lease.author != user:
            raise UserError("That is somebody else's draft.")
        if digest(lease) != shown or not preview.verdict.allowed:
            return preview
        async with self._store.begin() as tx:
            current = await tx.lock_lease(id)
            if current is None or current.stage is not Stage.DRAFT:
                raise UserError("This suppression was begun already.")
            if preview.verdict.alone:
                started = replace(current, stage=Stage.APPLYING)
                await tx.save_lease(started)
                await tx.audit([_intent(started, user, now)])
                asked = None
            else:
                asked = self._request(current, preview, now)
                started = replace(current, stage=Stage.WAITING, approval=asked.id)
                await tx.save_request(asked)
                await tx.save_lease(started)
                await _ask(tx, preview.about, asked, started, whom)
                await tx.audit(
                    [trail.intent(now, user, "suppress_request", started.short, number=lease.number, **_told(started))]
                )
        return Begun(await self._started(started) if asked is None else started, asked)

    async def _started(self, lease: Lease) -> Lease:
        """The lease as far as it comes while somebody waits; the sweep brings it on."""
        try:
            async with asyncio.timeout(PATIENCE_S):
                return await self._leases.carry_on(lease.id)
        except TimeoutError:
            return lease

    def _request(self, lease: Lease, preview: Preview, now: datetime) -> Request:
        return Request(
            id=self._ids.token(), kind=KIND, subject=lease.id, digest=digest(lease), requester=lease.author, quorum=1, created=now,
            expires=min(now + EXPIRES, lease.until), reason="; ".join(preview.verdict.approval),
        )  # fmt: skip

    async def approve(self, request_id: str, shown: str, user: str) -> Lease:
        """Agree to a suppression; it starts when the quorum is there.

        Raises:
            NotFound: there is no such request.
            NotWaiting, OwnRequest, Changed: see domain.approval.
        """
        now = self._clock.now()
        async with self._store.begin() as tx:
            request, lease = await _asked(tx, request_id)
            after = decide_approve(request, user, shown if digest(lease) == shown else "", now)
            await tx.save_request(after)
            await _tell(tx, lease, Entry(at=now, kind=Change.APPROVAL_GIVEN, actor=user))
            what = "suppress_approve"
            await tx.audit([trail.outcome(now, user, what, lease.short, number=lease.number, request_id=request.id)])
            if after.stage is Asked.APPROVED:
                lease = replace(lease, stage=Stage.APPLYING, approvers=after.approvers)
                await tx.save_lease(lease)
                await tx.audit([_intent(lease, lease.author, now)])
        return await self._started(lease) if lease.stage is Stage.APPLYING else lease

    async def deny(self, request_id: str, user: str, why: str) -> Lease:
        """Refuse a suppression, or withdraw one's own. Raises NotFound, NotWaiting."""
        now = self._clock.now()
        async with self._store.begin() as tx:
            request, lease = await _asked(tx, request_id)
            after = decide_deny(request, user, why, now)
            await tx.save_request(after)
            await _tell(tx, lease, Entry(at=now, kind=Change.APPROVAL_DENIED, actor=user, note=why))
            lease = replace(lease, stage=Stage.REFUSED, ended_at=now, ended_by=user)
            await tx.save_lease(lease)
            what = f"suppress_{after.stage}"
            await tx.audit([trail.outcome(now, user, what, lease.short, number=lease.number, why=why)])
        return lease


async def _reach(reads: Reads, query: Query, about: Record, now: datetime) -> tuple[tuple[Record, ...], Reach]:
    """(the first few that a scope would hide now, how far it reaches)."""
    if query.refs:
        return (about,), Reach(by_severity={about.finding.severity: 1}, accounts=1, envs={about.env: 1}, in_90_days=1)
    live = replace(query, terms=(*query.terms, LIVE_STATES))
    first = await found_by(reads, live, now, limit=PREVIEWED)
    accounts = await reads.grouped(live, Group.ACCOUNT, now)
    envs = await reads.grouped(live, Group.ENV, now)
    total: Counter[Severity] = Counter()
    for group in accounts:
        total.update(group.by_severity)
    past = replace(query, terms=(*query.terms, Term(Key.LAST, (PAST,))))
    in_90_days = (await reads.counts(past, now)).total
    return tuple(first), Reach(
        by_severity=total, accounts=len(accounts), envs={g.value: g.total for g in envs}, in_90_days=in_90_days
    )


async def _asked(tx: Tx, request_id: str) -> tuple[Request, Lease]:
    request = await tx.lock_request(request_id)
    lease = await tx.lock_lease(request.subject) if request is not None and request.kind == KIND else None
    if request is None or lease is None:
        raise NotFound("That request is not known any more.")
    return request, lease


def _told(lease: Lease) -> dict[str, str]:
    """What the audit trail keeps of a lease."""
    return {
        "lease": lease.id, "scope": str(lease.kind), "query": show(query_of(lease)), "why": str(lease.why), "reason": lease.reason,
        "ticket": lease.ticket, "owner": lease.owner, "until": lease.until.isoformat(), "approvers": ",".join(lease.approvers),
    }  # fmt: skip


def _intent(lease: Lease, user: str, now: datetime) -> Line:
    return trail.intent(now, user, "suppress", lease.short, number=lease.number, **_told(lease))


async def _ask(tx: Tx, about: Record, request: Request, lease: Lease, whom: tuple[str, ...]) -> None:
    """The question in the finding's thread, with its buttons."""
    details = {
        "request": request.id, "digest": request.digest, "whom": ",".join(whom), "until": lease.until.isoformat(),
        "because": request.reason, "scope": lease.query,
    }  # fmt: skip
    entry = Entry(
        at=request.created, kind=Change.APPROVAL_ASKED, actor=lease.author, note=lease.reason, details=details
    )
    await _say(tx, about, entry, f"ask:{request.id}")


async def _tell(tx: Tx, lease: Lease, entry: Entry) -> None:
    """A line in the finding's thread."""
    record = await tx.lock_number(lease.number)
    if record is not None:
        await _say(tx, record, entry, f"{entry.kind}:{lease.id}:{entry.actor}")


async def _say(tx: Tx, record: Record, entry: Entry, key: str) -> None:
    await tx.note([(record.number, entry)])
    if record.channel:
        said = line(record, record.channel, entry, lane=LANE_OF_A_PERSON)
        await tx.say([replace(said, key=key)])
