"""Escalations, swaps, quiet hours and figures: what is due is taken up once in all replicas, and a stop that was committed is never missed.

The problem: a tick of every replica looks for what is due while findings are acknowledged and reported anew. Whoever changes an
escalation has locked its finding before, and so does the tick: findings first, escalations after, so that nobody waits in a circle, and
a row that was due before its finding was locked is read again afterwards. It refuses to decide what is told: that is the domain's.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Executable,
    Integer,
    Table,
    bindparam,
    delete,
    func,
    or_,
    select,
    update,
)

from bot.adapters.sql.codec import clean, maybe_micros, micros, unpack_record
from bot.adapters.sql.engine import Database, Session
from bot.adapters.sql.oncall_rows import (
    escalation_row,
    figure_row,
    quiet_row,
    swap_row,
    unpack_escalation,
    unpack_figure,
    unpack_quiet,
    unpack_swap,
)
from bot.adapters.sql.queries import Compiler
from bot.adapters.sql.tables import ESCALATIONS, FIGURES, FINDINGS, QUIETS, SWAPS, leased, progressed
from bot.domain.escalation import Escalation, Progress
from bot.domain.facets import fold
from bot.domain.figures import Figure
from bot.domain.finding import Record, State
from bot.domain.oncall import Swap
from bot.ports.oncall import Quiet

ANEW: Final = "announced anew"
_NUMBER: Final[ColumnElement[Any]] = bindparam("b_number")
_GENERATION: Final[ColumnElement[Any]] = bindparam("b_generation")
_LIMIT: Final = bindparam("limit", type_=Integer)
_EACH: Final = ("number", "generation")


class OncallTxStatements:
    """The statements that write, built once for a database."""

    def __init__(self, db: Database, compiler: Compiler) -> None:
        e = ESCALATIONS.c
        self.candidates = _candidates(db)
        self.still_due = select(ESCALATIONS).where(db.one_of(e.number, "numbers"), *_due(db))
        self.still_due = self.still_due.order_by(*_BY_DUE).with_for_update()
        self.lapsed = _lapsed(db, compiler)
        stopped = update(ESCALATIONS).where(e.progress != Progress.STOPPED.value)
        stopped = stopped.values(progress=Progress.STOPPED.value)
        self.replace = stopped.where(e.number == _NUMBER, e.generation < _GENERATION).values(why=ANEW, by="")
        self.start = db.insert(ESCALATIONS).on_conflict_do_nothing(index_elements=_EACH)
        self.stop = stopped.where(db.one_of(e.number, "numbers")).returning(e.number)
        self.stop = self.stop.values(why=bindparam("b_why"), by=bindparam("b_by"))
        self.lock = _newest().with_for_update()
        self.save = update(ESCALATIONS).where(e.number == _NUMBER, e.generation == _GENERATION)
        self.open_figures = db.insert(FIGURES).on_conflict_do_nothing(index_elements=_EACH)
        self.close_figures = _close_figures(db)
        self.save_swap = _save(db, SWAPS, "id")
        self.delete_swap = delete(SWAPS).where(SWAPS.c.id == bindparam("b_id"))
        self.save_quiet = _save(db, QUIETS, "user")
        self.delete_quiet = delete(QUIETS).where(QUIETS.c.user == bindparam("b_user"))


_BY_DUE: Final = (ESCALATIONS.c.due, ESCALATIONS.c.number, ESCALATIONS.c.generation)


def _due(db: Database) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return progressed(Progress.RUNNING), ESCALATIONS.c.due <= db.now()


def _candidates(db: Database) -> Any:
    """Findings with something due, locked. Whoever waited for a finding would wait for all that it holds: what is held is left alone."""
    f = FINDINGS.c
    joined = ESCALATIONS.join(FINDINGS, f.number == ESCALATIONS.c.number)
    found = select(f.number, f.doc).select_from(joined).where(*_due(db)).order_by(*_BY_DUE).limit(_LIMIT)
    return found.with_for_update(of=FINDINGS, skip_locked=True)


def _lapsed(db: Database, compiler: Compiler) -> Any:
    """An acknowledged finding is not suppressed, so that its `ack_until` is the acknowledgement's end. The state is hidden from SQLite's
    planner, which would rather look through all that is acknowledged."""
    f = FINDINGS.c
    ended = (compiler.hide(f.state) == State.ACKNOWLEDGED.value, leased(), f.ack_until <= db.now())
    found = select(f.number, f.doc).where(*ended).order_by(f.ack_until, f.number).limit(_LIMIT)
    return found.with_for_update(skip_locked=True)


def _newest() -> Any:
    e = ESCALATIONS.c
    return select(ESCALATIONS).where(e.number == _NUMBER).order_by(e.generation.desc()).limit(1)


def _close_figures(db: Database) -> Any:
    f, other = FIGURES.c, FIGURES.alias("other").c
    newest = select(func.max(other.generation)).where(other.number == f.number).scalar_subquery()
    acked, resolved = (bindparam(name, type_=BigInteger) for name in ("b_acked", "b_resolved"))
    news = or_(f.acked.is_(None) & acked.is_not(None), f.resolved.is_(None) & resolved.is_not(None))
    closed = update(FIGURES).where(db.one_of(f.number, "numbers"), f.generation == newest, news)
    return closed.values(acked=func.coalesce(f.acked, acked), resolved=func.coalesce(f.resolved, resolved))


def _save(db: Database, table: Table, key: str) -> Any:
    """Add a row, or change everything of the one with its key."""
    new = db.insert(table)
    changed = {column.name: new.excluded[column.name] for column in table.c if not column.primary_key}
    return new.on_conflict_do_update(index_elements=[key], set_=changed)


class OncallTx:
    """bot.ports.oncall.EscalationTx over one session. Whoever calls it for a finding has locked the finding."""

    def __init__(self, db: Database, session: Session, statements: OncallTxStatements) -> None:
        self._db = db
        self._session = session
        self._oncall = statements

    async def start_escalations(self, escalations: Sequence[Escalation]) -> None:
        rows = sorted(map(escalation_row, escalations), key=lambda row: (row["number"], row["generation"]))
        # A finding's first announcement is its first generation: most of them replace nothing.
        later = [{"b_number": r["number"], "b_generation": r["generation"]} for r in rows if r["generation"] > 1]
        if rows:
            await self._session.run(self._oncall.start, rows)
        if later:
            await self._session.run(self._oncall.replace, later)

    async def due_escalations(self, *, limit: int) -> Sequence[tuple[Record, Escalation]]:
        now = {"now": self._session.now}
        found = await self._session.rows(self._oncall.candidates, now | {"limit": limit})
        if not found:
            return []
        records = {number: unpack_record(number, doc) for number, doc in found}
        rows = await self._session.rows(self._oncall.still_due, now | {"numbers": self._db.many(sorted(records))})
        return [(records[row.number], unpack_escalation(row)) for row in rows]

    async def lock_escalation(self, number: int) -> Escalation | None:
        rows = await self._session.rows(self._oncall.lock, {"b_number": number})
        return unpack_escalation(rows[0]) if rows else None

    async def save_escalation(self, escalation: Escalation) -> None:
        row = escalation_row(escalation)
        which = {f"b_{name}": row.pop(name) for name in _EACH}
        await self._session.run(self._oncall.save, row | which)

    async def stop_escalations(self, numbers: Collection[int], why: str, by: str) -> Sequence[int]:
        if not numbers:
            return []
        values = {"numbers": self._db.many(sorted(set(numbers))), "b_why": clean(why), "b_by": clean(by)}
        return sorted({row.number for row in await self._session.rows(self._oncall.stop, values)})

    async def lock_lapsed(self, *, limit: int) -> Sequence[Record]:
        rows = await self._session.rows(self._oncall.lapsed, {"now": self._session.now, "limit": limit})
        return [unpack_record(number, doc) for number, doc in rows]

    async def open_figures(self, figures: Sequence[Figure]) -> None:
        if figures:
            rows = sorted(map(figure_row, figures), key=lambda row: (row["number"], row["generation"]))
            await self._session.run(self._oncall.open_figures, rows)

    async def close_figures(
        self, numbers: Collection[int], *, acked: datetime | None = None, resolved: datetime | None = None
    ) -> None:
        if numbers and (acked or resolved):
            ends = {"b_acked": maybe_micros(acked), "b_resolved": maybe_micros(resolved)}
            which = {"numbers": self._db.many(sorted(set(numbers)))}
            await self._session.run(self._oncall.close_figures, which | ends)

    async def save_swap(self, swap: Swap) -> None:
        await self._session.run(self._oncall.save_swap, swap_row(swap))

    async def delete_swap(self, id: str) -> bool:
        return (await self._session.run(self._oncall.delete_swap, {"b_id": clean(id)})).rowcount > 0

    async def save_quiet(self, quiet: Quiet) -> None:
        await self._session.run(self._oncall.save_quiet, quiet_row(quiet))

    async def delete_quiet(self, user: str) -> bool:
        return (await self._session.run(self._oncall.delete_quiet, {"b_user": clean(user)})).rowcount > 0


class OncallReadStatements:
    """The statements that read, built once for a database."""

    def __init__(self, compiler: Compiler) -> None:
        env = compiler.hide(FINDINGS.c.env) == bindparam("env")
        f, s = FIGURES.c, SWAPS.c
        self.newest = _newest()
        self.swaps = select(SWAPS).where(s.end > bindparam("until", type_=BigInteger)).order_by(s.made, s.id)
        self.quiets = select(QUIETS).order_by(QUIETS.c.user)
        self.figures = select(FIGURES).where(f.opened >= bindparam("since", type_=BigInteger))
        self.figures = self.figures.order_by(f.opened.desc(), f.number.desc(), f.generation.desc()).limit(_LIMIT)
        self.everywhere: Mapping[Progress, Executable] = {one: _standing(one) for one in Progress}
        self.somewhere: Mapping[Progress, Executable] = {one: _standing(one, env) for one in Progress}


def _standing(progress: Progress, env: ColumnElement[bool] | None = None) -> Executable:
    """The environment is looked at finding by finding: it is hidden from SQLite's planner, which would rather begin with all of it."""
    found = select(ESCALATIONS).where(progressed(progress)).order_by(*_BY_DUE).limit(_LIMIT)
    if env is None:
        return found
    return found.join(FINDINGS, FINDINGS.c.number == ESCALATIONS.c.number).where(env)


class OncallReads:
    """bot.ports.oncall.EscalationReads over one session."""

    def __init__(self, session: Session, statements: OncallReadStatements) -> None:
        self._session = session
        self._oncall = statements

    async def escalation(self, number: int) -> Escalation | None:
        rows = await self._session.rows(self._oncall.newest, {"b_number": number})
        return unpack_escalation(rows[0]) if rows else None

    async def escalations(self, *, progress: Collection[Progress], env: str = "", limit: int) -> Sequence[Escalation]:
        """One question for each progress, since each has an index of its own; their answers are merged."""
        statements = self._oncall.somewhere if env else self._oncall.everywhere
        values = {"limit": limit} | ({"env": clean(fold(env))} if env else {})
        rows = [row for one in sorted(set(progress)) for row in await self._session.rows(statements[one], values)]
        rows.sort(key=lambda row: (row.due, row.number, row.generation))
        return [unpack_escalation(row) for row in rows[:limit]]

    async def swaps(self, until: datetime) -> Sequence[Swap]:
        return [unpack_swap(row) for row in await self._session.rows(self._oncall.swaps, {"until": micros(until)})]

    async def quiets(self) -> Sequence[Quiet]:
        """By user."""
        return [unpack_quiet(row) for row in await self._session.rows(self._oncall.quiets)]

    async def figures(self, since: datetime, *, limit: int) -> Sequence[Figure]:
        rows = await self._session.rows(self._oncall.figures, {"since": micros(since), "limit": limit})
        return [unpack_figure(row) for row in rows]
