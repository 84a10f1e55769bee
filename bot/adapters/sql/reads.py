"""The read side: pages, counts, cards and the health page's figures, over committed data; ledger.py and oncall.py have
the rest.

The problem: a list is asked for while hundreds of reports a second are written, and must answer in milliseconds. It refuses to write,
and to read a finding's raw event unless that is what was asked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import ColumnElement, bindparam, func, literal_column, select, text

from bot.adapters.sql.codec import (
    clean,
    maybe_moment,
    moment,
    unpack_body,
    unpack_details,
    unpack_numbers,
    unpack_raw,
    unpack_record,
    unpack_view,
)
from bot.adapters.sql.engine import Database, Session
from bot.adapters.sql.grouping import group_counts, grouping
from bot.adapters.sql.ledger import LedgerReads, LedgerReadStatements
from bot.adapters.sql.oncall import OncallReads, OncallReadStatements
from bot.adapters.sql.queries import Compiler
from bot.adapters.sql.tables import (
    CARDS,
    FINDINGS,
    LISTINGS,
    OUTBOX,
    QUARANTINE,
    RAW,
    TIMELINE,
    VIEWS,
    sent,
    waiting,
)
from bot.domain.finding import Entry, Record, Severity, State
from bot.domain.query import Group, Query
from bot.ports import (
    AccountCount,
    Backlog,
    Card,
    Counts,
    GroupCount,
    Listing,
    Poison,
    Said,
    SavedView,
    SayKind,
)

# Jumps from source to source in the index, where DISTINCT would walk through every finding of each.
_FRESHNESS: Final = text(
    "WITH RECURSIVE s(source) AS ("
    " SELECT min(source) FROM findings"
    " UNION ALL SELECT (SELECT min(f.source) FROM findings f WHERE f.source > s.source) FROM s WHERE s.source IS NOT NULL"
    ") SELECT s.source, (SELECT max(f.taken) FROM findings f WHERE f.source = s.source) FROM s WHERE s.source IS NOT NULL"
)


class ReadStatements:
    """The statements that do not depend on a query, built once for a database."""

    def __init__(self, db: Database) -> None:
        f, t, c, o = FINDINGS.c, TIMELINE.c, CARDS.c, OUTBOX.c
        number: ColumnElement[Any] = bindparam("number")
        channel: ColumnElement[Any] = bindparam("channel")
        self.ledger = LedgerReadStatements()
        self.compiler = Compiler(postgres=db.postgres)
        self.oncall = OncallReadStatements(self.compiler)
        self.get = select(f.number, f.doc).where(f.number == number)
        self.raw = select(RAW.c.raw).where(RAW.c.number == number)
        self.timeline = select(t.at, t.kind, t.actor, t.note, t.details).where(t.number == number).order_by(t.at, t.id)
        self.by_numbers = select(f.number, f.doc).where(db.one_of(f.number, "numbers"))
        self.by_keys = select(f.number, f.doc).where(db.one_of(f.key, "keys")).order_by(f.number)
        worst = func.max(f.severity)
        self.account_counts = select(f.account, func.count().label("total"), worst.label("worst"))
        # The plus keeps SQLite from the index that begins with `live`, which does not have the account.
        self.account_counts = self.account_counts.where(literal_column("+live") == literal_column("1")).group_by(
            f.account
        )
        self.account_counts = self.account_counts.order_by(worst.desc(), func.count().desc(), f.account)
        self.states = select(f.state, func.count()).group_by(f.state)
        self.listing = select(LISTINGS).where(LISTINGS.c.id == bindparam("b_id"))
        mine = LISTINGS.c.user == bindparam("b_user")
        newest = (LISTINGS.c.created.desc(), LISTINGS.c.id.desc())
        self.last_listing = select(LISTINGS).where(mine).order_by(*newest).limit(1)
        self.views = select(VIEWS).where(db.one_of(VIEWS.c.owner, "owners")).order_by(VIEWS.c.name, VIEWS.c.owner)
        self.said = select(o.settled, o.kind, o.channel).where(sent(OUTBOX), o.number == number)
        self.said = self.said.order_by(o.settled, o.id)
        self.cards = select(CARDS).where(c.number == number).order_by(c.channel)
        self.card = select(CARDS).where(c.number == number, c.channel == channel)
        self.finding_at = select(c.number).where(c.channel == channel, c.ts == bindparam("ts"))
        self.waiting = select(func.count(), func.min(o.created)).where(waiting(OUTBOX))
        self.blocked = select(o.channel, o.error, func.count()).where(waiting(OUTBOX), o.state == "blocked")
        self.blocked = self.blocked.group_by(o.channel, o.error).order_by(o.channel, o.error)
        self.quarantined = select(QUARANTINE).order_by(QUARANTINE.c.number.desc()).limit(bindparam("limit"))
        self.quarantine_count = select(func.count()).select_from(QUARANTINE)


class SqlReads(LedgerReads, OncallReads):
    """bot.ports.Reads over one session. Raises SearchTooSlow when a query exceeds its time."""

    def __init__(self, db: Database, session: Session, statements: ReadStatements) -> None:
        LedgerReads.__init__(self, session, statements.ledger)
        OncallReads.__init__(self, session, statements.oncall)
        self._db = db
        self._sql = statements

    async def get(self, number: int) -> Record | None:
        rows = await self._session.rows(self._sql.get, {"number": number})
        return unpack_record(*rows[0]) if rows else None

    async def raw(self, number: int) -> bytes:
        """Empty when there is no such finding."""
        packed = await self._session.value(self._sql.raw, {"number": number})
        return b"" if packed is None else unpack_raw(packed)

    async def timeline(self, number: int) -> Sequence[Entry]:
        rows = await self._session.rows(self._sql.timeline, {"number": number})
        return [_entry(row) for row in rows]

    async def search(self, query: Query, now: datetime, *, limit: int) -> Sequence[Record]:
        found = self._sql.compiler.listing(query, now, FINDINGS.c.number, FINDINGS.c.doc)
        return [unpack_record(*row) for row in await self._session.rows(found, {"limit": limit})]

    async def numbers(self, query: Query, now: datetime, *, limit: int) -> Sequence[int]:
        found = self._sql.compiler.listing(query, now, FINDINGS.c.number)
        return [row.number for row in await self._session.rows(found, {"limit": limit})]

    async def by_numbers(self, numbers: Sequence[int]) -> Sequence[Record]:
        rows = await self._session.rows(self._sql.by_numbers, {"numbers": self._db.many(numbers)})
        found = {number: unpack_record(number, doc) for number, doc in rows}
        return [found[number] for number in numbers if number in found]

    async def by_keys(self, keys: Collection[str]) -> Sequence[Record]:
        rows = await self._session.rows(self._sql.by_keys, {"keys": self._db.many(sorted({clean(k) for k in keys}))})
        return [unpack_record(*row) for row in rows]

    async def counts(self, query: Query, now: datetime) -> Counts:
        rows = await self._session.rows(self._sql.compiler.counting(query, now))
        found: Counter[Severity] = Counter()
        for severity, n in rows:
            found[Severity(severity)] += n
        return Counts({s: n for s, n in found.items() if n})

    async def grouped(self, query: Query, group: Group, now: datetime) -> Sequence[GroupCount]:
        statement = grouping(self._sql.compiler, query, group, now)
        return group_counts(group, await self._session.rows(statement))

    async def account_counts(self) -> Sequence[AccountCount]:
        """The worst first, then those with the most."""
        rows = await self._session.rows(self._sql.account_counts)
        return [AccountCount(r.account, r.total, Severity(r.worst)) for r in rows]

    async def freshness(self) -> Mapping[str, datetime]:
        return {source: moment(taken) for source, taken in await self._session.rows(_FRESHNESS)}

    async def states(self) -> Mapping[State, int]:
        return {State(state): n for state, n in await self._session.rows(self._sql.states)}

    async def listing(self, id: str) -> Listing | None:
        rows = await self._session.rows(self._sql.listing, {"b_id": clean(id)})
        return _listing(rows[0]) if rows else None

    async def last_listing(self, user: str) -> Listing | None:
        rows = await self._session.rows(self._sql.last_listing, {"b_user": clean(user)})
        return _listing(rows[0]) if rows else None

    async def views(self, owners: Collection[str]) -> Sequence[SavedView]:
        values = {"owners": self._db.many(sorted({clean(owner) for owner in owners}))}
        return [unpack_view(row) for row in await self._session.rows(self._sql.views, values)]

    async def said(self, number: int) -> Sequence[Said]:
        rows = await self._session.rows(self._sql.said, {"number": number})
        return [Said(moment(row.settled), SayKind(row.kind), row.channel) for row in rows]

    async def card(self, number: int, channel: str) -> Card | None:
        rows = await self._session.rows(self._sql.card, {"number": number, "channel": clean(channel)})
        return Card(*rows[0]) if rows else None

    async def cards(self, number: int) -> Sequence[Card]:
        return [Card(*row) for row in await self._session.rows(self._sql.cards, {"number": number})]

    async def finding_at(self, channel: str, ts: str) -> int | None:
        values = {"channel": clean(channel), "ts": clean(ts)}
        number: int | None = await self._session.value(self._sql.finding_at, values)
        return number

    async def backlog(self) -> Backlog:
        waiting, oldest = (await self._session.rows(self._sql.waiting))[0]
        blocked = await self._session.rows(self._sql.blocked)
        return Backlog(waiting, maybe_moment(oldest), tuple((r[0], r[1], r[2]) for r in blocked))

    async def quarantined(self, *, limit: int = 20) -> Sequence[Poison]:
        """The newest first."""
        return [_poison(row) for row in await self._session.rows(self._sql.quarantined, {"limit": limit})]

    async def quarantine_count(self) -> int:
        return int(await self._session.value(self._sql.quarantine_count))


def _entry(row: Any) -> Entry:
    details = unpack_details(row.details)
    return Entry(at=moment(row.at), kind=row.kind, actor=row.actor, note=row.note, details=details)


def _listing(row: Any) -> Listing:
    return Listing(row.id, row.user, row.query, unpack_numbers(row.numbers), moment(row.created))


def _poison(row: Any) -> Poison:
    return Poison(row.message_id, row.reason, row.note, unpack_body(row.body), moment(row.at), row.number)
