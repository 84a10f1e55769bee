"""Suppressions: asked for, previewed, agreed to, in force, over. Every step is one transaction or may be repeated.

    draft -> (waiting for another person ->) applying -> active -> ending -> ended
                       refused <-'

What a lease covers is hidden by secbot's own rule in the transaction that starts it; the native effect follows and is read back before the
lease is ACTIVE (leases.py). Nothing is done before its preview was shown, and what was shown is what is done: a hash binds the two.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.approval import Request, decide_approve, decide_deny
from bot.domain.approval import Stage as Asked
from bot.domain.audit import Line
from bot.domain.facets import LIVE
from bot.domain.finding import Entry, Record, Severity
from bot.domain.lifecycle import Change
from bot.domain.native import Effect
from bot.domain.query import Group, Key, Query, Span, Term, show
from bot.domain.suppression import (
    HIDING,
    MOST_DAYS,
    Lease,
    Reach,
    Stage,
    Verdict,
    capped,
    covers,
    digest,
    judge,
    never_hidden,
    query_of,
    scope_told,
)
from bot.errors import NotFound, UserError
from bot.ports import Clock, Ids, Reads, Store, Tx
from bot.services import trail
from bot.services.leases import HIDDEN_STATE, KIND, LIVE_STATES, Leases, found_by
from bot.services.sayings import LANE_OF_A_PERSON, line

PATIENCE_S = 6.0  # that a press waits for AWS
EXPIRES = timedelta(hours=24)
PREVIEWED = 10
MOST_LOOKED_AT = 1000  # findings of a scope that are looked at one by one
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
    at_source: int | None = None  # findings that the analyzer itself would archive now


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
        """Keep a draft under a new id and say what it would do. Raises NotFound for a finding that does not exist.

        What it covers is bound to the gravest severity that it holds now: what becomes graver is not hidden by it. A renewal goes on
        covering what is in force, no more and no less.
        """
        query = query_of(lease)
        about, found = await self._found(query, lease)
        worst = max((r.finding.severity for r in (about, *found)), default=about.finding.severity)
        kept = replace(
            lease,
            id=self._ids.token(),
            query=lease.query if lease.renews else show(capped(query, worst)),
            stage=Stage.DRAFT,
            created=self._clock.now(),
        )
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

    async def renewal(self, lease: Lease, author: str) -> Lease:
        """A draft, still to be changed and shown, that prolongs a lease in force: what it covers stays, and what it did at the source.

        Raises UserError when it is not in force any more.
        """
        if lease.stage not in HIDING:
            raise UserError(f"{lease.short} is {lease.stage}: hide what it hid anew with `suppress`.")
        return replace(
            lease, id="", author=author, stage=Stage.DRAFT, native={}, approval="", approvers=(), noticed_at=None, renews=lease.id
        )  # fmt: skip

    async def _found(self, query: Query, lease: Lease) -> tuple[Record, Sequence[Record]]:
        """(the finding that it is about, the first of what it would hide now). Raises NotFound."""
        now = self._clock.now()
        async with self._store.reads() as reads:
            about = await reads.get(lease.number)
            found = await found_by(reads, _hideable(query, lease), now, limit=MOST_LOOKED_AT)
        if about is None:
            raise NotFound(f"There is no finding F-{lease.number}.")
        return about, [r for r in found if covers(query, r, now) and (r.state in LIVE or r.lease == lease.renews != "")]

    async def _preview(self, lease: Lease) -> Preview:
        query, now = query_of(lease), self._clock.now()
        about, found = await self._found(query, lease)
        kept = [r for r in found if never_hidden(r, self._own_account)]
        hidden = [r for r in found if r not in kept]
        async with self._store.reads() as reads:
            reach = await _reach(reads, query, lease, found, now)
        reach = replace(reach, by_severity=_without(reach.by_severity, kept), kept=len(kept))
        verdict = judge(
            lease.kind,
            query,
            reach,
            lease.until - now,
            about=about,
            own_account=self._own_account,
            most_days=self.most_days,
        )
        natively = self._leases.natively
        effect = natively.effect(lease, about, hidden)
        at_source = await _in_time(natively.count(effect, about))
        return Preview(lease, about, reach, tuple(hidden[:PREVIEWED]), verdict, effect, at_source)

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
                started = await _begun(tx, current, user, now)
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
                lease = await _begun(tx, replace(lease, approvers=after.approvers), lease.author, now)
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


async def _in_time(figure: Awaitable[int | None]) -> int | None:
    """A figure that a preview can do without."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            return await figure
    except TimeoutError:
        return None


def _hideable(query: Query, lease: Lease) -> Query:
    """The scope with the states in which a finding can be hidden; a renewal also holds what is hidden already."""
    if query.refs:
        return query
    states = Term(Key.STATE, (*LIVE_STATES.values, *HIDDEN_STATE.values)) if lease.renews else LIVE_STATES
    return replace(query, terms=(*query.terms, states))


def _without(counts: Mapping[Severity, int], kept: Sequence[Record]) -> Mapping[Severity, int]:
    left = Counter(counts)
    left.subtract(r.finding.severity for r in kept)
    return {severity: n for severity, n in left.items() if n > 0}


async def _reach(reads: Reads, query: Query, lease: Lease, found: Sequence[Record], now: datetime) -> Reach:
    """How far a scope reaches; one of named findings is counted by hand."""
    if query.refs:
        return Reach(
            by_severity=Counter(r.finding.severity for r in found),
            accounts=len({r.finding.account for r in found}),
            envs=Counter(r.env for r in found),
            in_90_days=len(query.refs),
        )
    live = _hideable(query, lease)
    accounts = await reads.grouped(live, Group.ACCOUNT, now)
    envs = await reads.grouped(live, Group.ENV, now)
    total: Counter[Severity] = Counter()
    for group in accounts:
        total.update(group.by_severity)
    past = replace(query, terms=(*query.terms, Term(Key.LAST, (PAST,))))
    in_90_days = (await reads.counts(past, now)).total
    if not envs:  # what it held before says whose it is
        envs = await reads.grouped(past, Group.ENV, now)
        return Reach(by_severity={}, accounts=0, envs={g.value: 0 for g in envs}, in_90_days=in_90_days)
    return Reach(
        by_severity=total, accounts=len(accounts), envs={g.value: g.total for g in envs}, in_90_days=in_90_days
    )


async def _begun(tx: Tx, lease: Lease, user: str, now: datetime) -> Lease:
    """The lease as it starts; a renewal starts as the lease that it prolongs, which stays one and the same.

    Raises UserError when what is renewed has ended meanwhile.
    """
    if not lease.renews:
        started = replace(lease, stage=Stage.APPLYING)
        await tx.save_lease(started)
        await tx.audit([_intent(started, user, now)])
        return started
    held = await tx.lock_lease(lease.renews)
    if held is None or held.stage not in HIDING:
        raise UserError("What this renews has ended meanwhile; hide it anew with `suppress`.")
    prolonged = replace(
        held, why=lease.why, reason=lease.reason, ticket=lease.ticket, owner=lease.owner, author=lease.author, until=lease.until,
        approval=lease.approval, approvers=lease.approvers, stage=Stage.APPLYING, noticed_at=None,
    )  # fmt: skip
    await tx.save_lease(prolonged)
    await tx.save_lease(replace(lease, stage=Stage.ENDED, ended_at=now, ended_by=user))
    await tx.audit(
        [trail.intent(now, user, "suppress_renew", prolonged.short, number=lease.number, **_told(prolonged))]
    )
    return prolonged


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
        "because": request.reason, "scope": scope_told(lease),
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
