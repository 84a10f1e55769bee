"""Suppressions, approvals, drifts that were told and the audit trail: what people agreed to, and the proof of who did what.

The problem: several replicas write one chain of lines without a gap or a fork. Whoever chains locks the one row that holds the chain's
end until the transaction is over, so that a transaction which fails leaves no trace and the next one goes on from the same place. It
refuses to change or remove a line (the database does too) and to judge a lease: that is the domain's.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, Integer, Table, bindparam, delete, insert, select, update

from bot.adapters.sql.codec import (
    clean,
    drift_row,
    kept_line,
    lease_row,
    line_row,
    micros,
    request_row,
    unpack_drift,
    unpack_lease,
    unpack_line,
    unpack_request,
)
from bot.adapters.sql.engine import Database, Session
from bot.adapters.sql.tables import APPROVALS, AUDIT, AUDIT_HEAD, DRIFTS, LEASES
from bot.domain.approval import Request
from bot.domain.approval import Stage as Asked
from bot.domain.audit import Head, Line, chained
from bot.domain.drift import Known
from bot.domain.suppression import HIDING, Lease, Stage

_ID: Final[ColumnElement[Any]] = bindparam("b_id")
_LIMIT: Final = bindparam("limit", type_=Integer)
_HEAD: Final = select(AUDIT_HEAD.c.seq, AUDIT_HEAD.c.hash)


class LedgerTxStatements:
    """The statements that write, built once for a database."""

    def __init__(self, db: Database) -> None:
        lease = LEASES.c
        hides = lease.stage.in_(sorted(HIDING)) & (lease.until > bindparam("at", type_=BigInteger))
        self.hiding = select(LEASES).where(hides).order_by(lease.id)
        self.save_lease = _save(db, LEASES)
        self.lock_lease = select(LEASES).where(lease.id == _ID).with_for_update()
        self.save_request = _save(db, APPROVALS)
        self.lock_request = select(APPROVALS).where(APPROVALS.c.id == _ID).with_for_update()
        self.save_drift = _save(db, DRIFTS, "key")
        self.forget_drift = delete(DRIFTS).where(DRIFTS.c.key == bindparam("b_key"))
        self.lock_head = _HEAD.with_for_update()
        self.audit = insert(AUDIT)
        self.move_head = update(AUDIT_HEAD).values(seq=bindparam("b_seq"), hash=bindparam("b_hash"))


def _save(db: Database, table: Table, key: str = "id") -> Any:
    """Add a row, or change everything of the one with its key."""
    new = db.insert(table)
    changed = {column.name: new.excluded[column.name] for column in table.c if not column.primary_key}
    return new.on_conflict_do_update(index_elements=[key], set_=changed)


class LedgerTx:
    """That part of bot.ports.Tx, over one session."""

    def __init__(self, session: Session, statements: LedgerTxStatements) -> None:
        self._session = session
        self._ledger = statements

    async def hiding(self, now: datetime) -> Sequence[Lease]:
        return [unpack_lease(row) for row in await self._session.rows(self._ledger.hiding, {"at": micros(now)})]

    async def save_lease(self, lease: Lease) -> None:
        """Raises sqlalchemy's IntegrityError for one that no service may write: without reason, owner or an end after its start."""
        await self._session.run(self._ledger.save_lease, lease_row(lease))

    async def lock_lease(self, id: str) -> Lease | None:
        rows = await self._session.rows(self._ledger.lock_lease, {"b_id": clean(id)})
        return unpack_lease(rows[0]) if rows else None

    async def save_request(self, request: Request) -> None:
        await self._session.run(self._ledger.save_request, request_row(request))

    async def lock_request(self, id: str) -> Request | None:
        rows = await self._session.rows(self._ledger.lock_request, {"b_id": clean(id)})
        return unpack_request(rows[0]) if rows else None

    async def save_drifts(self, known: Sequence[Known]) -> None:
        if known:
            # In one order for all, since two replicas may have looked at once: waiting for each other is how deadlocks begin.
            rows = sorted((drift_row(one) for one in known), key=lambda row: str(row["key"]))
            await self._session.run(self._ledger.save_drift, rows)

    async def forget_drifts(self, keys: Collection[str]) -> None:
        if keys:
            ordered = sorted({clean(key) for key in keys})
            await self._session.run(self._ledger.forget_drift, [{"b_key": key} for key in ordered])

    async def audit(self, lines: Sequence[Line]) -> Head:
        """Every other writer of lines waits from here until this transaction ends: call it last, after what it tells of is locked."""
        seq, digest = (await self._session.rows(self._ledger.lock_head))[0]
        placed, head = chained(Head(seq, digest), map(kept_line, lines))
        if placed:
            await self._session.run(self._ledger.audit, [line_row(line) for line in placed])
            await self._session.run(self._ledger.move_head, {"b_seq": head.seq, "b_hash": head.hash})
        return head


class LedgerReadStatements:
    """The statements that read, the same for both databases."""

    def __init__(self) -> None:
        a = AUDIT.c
        self.lease = select(LEASES).where(LEASES.c.id == _ID)
        self.leases = select(LEASES).order_by(LEASES.c.until, LEASES.c.id).limit(_LIMIT)
        self.drifts = select(DRIFTS).order_by(DRIFTS.c.key)
        self.request = select(APPROVALS).where(APPROVALS.c.id == _ID)
        self.requests = select(APPROVALS).where(APPROVALS.c.stage == bindparam("b_stage"))
        self.requests = self.requests.order_by(APPROVALS.c.created, APPROVALS.c.id).limit(_LIMIT)
        self.trail = select(AUDIT).where(a.at >= bindparam("since", type_=BigInteger))
        self.trail = self.trail.order_by(a.at.desc(), a.seq.desc()).limit(_LIMIT)
        self.chain = select(AUDIT).where(a.seq > bindparam("after", type_=BigInteger)).order_by(a.seq).limit(_LIMIT)


class LedgerReads:
    """That part of bot.ports.Reads, over one session."""

    def __init__(self, session: Session, statements: LedgerReadStatements) -> None:
        self._session = session
        self._ledger = statements

    async def lease(self, id: str) -> Lease | None:
        rows = await self._session.rows(self._ledger.lease, {"b_id": clean(id)})
        return unpack_lease(rows[0]) if rows else None

    async def leases(
        self, *, stages: Collection[Stage] = (), before: datetime | None = None, owner: str = "", limit: int = 200
    ) -> Sequence[Lease]:
        found, lease = self._ledger.leases, LEASES.c
        if stages:
            found = found.where(lease.stage.in_(sorted(stages)))
        if before is not None:
            found = found.where(lease.until < micros(before))
        if owner:
            found = found.where(lease.owner == clean(owner))
        return [unpack_lease(row) for row in await self._session.rows(found, {"limit": limit})]

    async def drifts(self) -> Sequence[Known]:
        return [unpack_drift(row) for row in await self._session.rows(self._ledger.drifts)]

    async def request(self, id: str) -> Request | None:
        rows = await self._session.rows(self._ledger.request, {"b_id": clean(id)})
        return unpack_request(rows[0]) if rows else None

    async def requests(self, *, stage: Asked, limit: int = 100) -> Sequence[Request]:
        rows = await self._session.rows(self._ledger.requests, {"b_stage": stage.value, "limit": limit})
        return [unpack_request(row) for row in rows]

    async def trail(
        self,
        since: datetime,
        *,
        limit: int,
        number: int | None = None,
        actor: str = "",
        what: Collection[str] = (),
    ) -> Sequence[Line]:
        found, a = self._ledger.trail, AUDIT.c
        if number is not None:
            found = found.where(a.number == number)
        if actor:
            found = found.where(a.actor == clean(actor))
        if what:
            found = found.where(a.what.in_(sorted({clean(verb) for verb in what})))
        rows = await self._session.rows(found, {"since": micros(since), "limit": limit})
        return [unpack_line(row) for row in rows]

    async def chain(self, after: int, *, limit: int) -> Sequence[Line]:
        rows = await self._session.rows(self._ledger.chain, {"after": after, "limit": limit})
        return [unpack_line(row) for row in rows]

    async def audit_head(self) -> Head:
        return Head(*(await self._session.rows(_HEAD))[0])
