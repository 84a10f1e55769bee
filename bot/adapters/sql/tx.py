"""The write transaction: findings, their timeline, and what is to be said about them, committed together; ledger.py and
oncall.py have the rest.

The problem: a batch of a hundred reports must cost a handful of statements, and two workers with the same finding must not both decide
on the old one. Rows are locked in the order of their keys, so that no two batches wait for each other. It decides nothing.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, bindparam, case, delete, func, insert, select, update

from bot.adapters.sql.codec import (
    Row,
    clean,
    entry_row,
    micros,
    pack_body,
    pack_details,
    pack_numbers,
    pack_raw,
    record_row,
    unpack_record,
    view_row,
)
from bot.adapters.sql.engine import Database, Session
from bot.adapters.sql.ledger import LedgerTx, LedgerTxStatements
from bot.adapters.sql.oncall import OncallTx, OncallTxStatements
from bot.adapters.sql.queries import Compiler
from bot.adapters.sql.tables import FINDINGS, LISTINGS, OUTBOX, QUARANTINE, RAW, SEEN, TIMELINE, VIEWS, waiting
from bot.domain.facets import facets
from bot.domain.finding import Account, Entry, Record
from bot.domain.query import Query, matches
from bot.ports import Listing, Poison, SavedView, Saying, SayKind

REPLAY_S: Final = 24 * 3600
_VIEWS_LOCK: Final = 735260  # any number, the same in every secbot
_REACCOUNT: Final = 500  # findings rewritten by one statement
_FIXED: Final = ("key", "created")  # columns that no update changes


class TxStatements:
    """The statements, built once for a database."""

    def __init__(self, db: Database) -> None:
        f = FINDINGS.c
        self.ledger = LedgerTxStatements(db)
        self.compiler = Compiler(postgres=db.postgres)
        self.oncall = OncallTxStatements(db, self.compiler)
        self.lock = select(f.number, f.doc).where(db.one_of(f.key, "keys")).order_by(f.key).with_for_update()
        self.lock_number = select(f.number, f.doc).where(f.number == bindparam("b_number")).with_for_update()
        self.insert = db.insert(FINDINGS).on_conflict_do_nothing(index_elements=["key"]).returning(f.number, f.key)
        self.insert_raw = insert(RAW)
        raw = db.insert(RAW)
        self.replace_raw = raw.on_conflict_do_update(index_elements=["number"], set_={"raw": raw.excluded.raw})
        self.update = update(FINDINGS).where(f.number == bindparam("b_number"))
        self.of_accounts = select(f.number).where(db.one_of(f.account, "accounts")).order_by(f.key)
        self.lock_numbers = select(f.number, f.doc).where(db.one_of(f.number, "numbers")).order_by(f.key)
        self.lock_numbers = self.lock_numbers.with_for_update()
        self.note = insert(TIMELINE)
        self.say = _say(db)
        self.raise_lane = _raise_lane()
        self.quarantine = db.insert(QUARANTINE).on_conflict_do_nothing(index_elements=["message_id"])
        self.save_listing = insert(LISTINGS)
        self.first_time = _first_time(db)
        v = VIEWS.c
        owner: ColumnElement[Any] = bindparam("b_owner")
        name: ColumnElement[Any] = bindparam("b_name")
        self.save_view = _save_view(db)
        self.no_default = update(VIEWS).where(v.owner == owner, v.name != name, v.is_default != 0).values(is_default=0)
        self.delete_view = delete(VIEWS).where(v.owner == owner, v.name == name)
        self.one_owner = select(func.pg_advisory_xact_lock(_VIEWS_LOCK, func.hashtext(owner)))


def _say(db: Database) -> Any:
    """A known edit is asked for again: due at once if it was done, else as it stands, and one generation later. Other rows stay."""
    o, now = OUTBOX.c, db.now()
    new = db.insert(OUTBOX).values(created=now, due=now)
    done = o.state == "sent"
    again = {
        "generation": o.generation + 1,
        "details": new.excluded.details,
        "state": case((done, "new"), else_=o.state),
        "due": case((done, new.excluded.due), else_=o.due),
        "rank": case((done, new.excluded.rank), else_=o.rank),
        "attempt": case((done, 0), else_=o.attempt),
        "created": case((done, new.excluded.created), else_=o.created),
    }
    return new.on_conflict_do_update(index_elements=["key"], set_=again, where=o.kind == SayKind.EDIT.value)


def _raise_lane() -> Any:
    """What waits for the same card goes as early as the most urgent of it: nothing overtakes within a finding."""
    o = OUTBOX.c
    same = (o.number == bindparam("b_number")) & (o.channel == bindparam("b_channel")) & (o.rank > bindparam("b_rank"))
    return update(OUTBOX).where(same, waiting(OUTBOX)).values(rank=bindparam("b_rank"))


def _first_time(db: Database) -> Any:
    new = db.insert(SEEN).values(at=db.now())
    old = SEEN.c.at <= db.now() - bindparam("replay", REPLAY_S * 1_000_000, type_=BigInteger)
    fresh = new.on_conflict_do_update(index_elements=["key"], set_={"at": new.excluded.at}, where=old)
    return fresh.returning(SEEN.c.key)


def _save_view(db: Database) -> Any:
    new = db.insert(VIEWS)
    kept = {"owner", "name"}
    changed = {column.name: new.excluded[column.name] for column in VIEWS.c if column.name not in kept}
    return new.on_conflict_do_update(index_elements=["owner", "name"], set_=changed)


class SqlTx(LedgerTx, OncallTx):
    """bot.ports.Tx over one session."""

    def __init__(self, db: Database, session: Session, statements: TxStatements) -> None:
        LedgerTx.__init__(self, session, statements.ledger)
        OncallTx.__init__(self, db, session, statements.oncall)
        self._sql = statements
        self._fresh: set[int] = set()  # numbers that this transaction gave

    async def lock(self, keys: Collection[str]) -> Mapping[str, Record]:
        if not keys:
            return {}
        rows = await self._session.rows(self._sql.lock, {"keys": self._db.many(sorted({clean(k) for k in keys}))})
        found = (unpack_record(number, doc) for number, doc in rows)
        return {record.finding.key: record for record in found}

    async def lock_number(self, number: int) -> Record | None:
        rows = await self._session.rows(self._sql.lock_number, {"b_number": number})
        return unpack_record(*rows[0]) if rows else None

    async def lock_found(self, query: Query, now: datetime, *, limit: int, after: int = 0) -> Sequence[Record]:
        found: list[Record] = []
        more = True
        # What another transaction changed before it could be locked is no longer of the query: others take its place.
        while more and (missing := limit - len(found)) > 0:
            wanted = {"after": after, "limit": missing}
            numbers = [r.number for r in await self._session.rows(self._sql.compiler.following(query, now), wanted)]
            found += [r for r in await self._lock_numbers(numbers) if matches(query, facets(r), now)]
            more = len(numbers) == missing
            after = numbers[-1] if numbers else after
        return sorted(found, key=lambda record: record.number)

    async def _lock_numbers(self, numbers: Sequence[int]) -> Sequence[Record]:
        """The records with these numbers, locked in the order of their keys."""
        rows = await self._session.rows(self._sql.lock_numbers, {"numbers": self._db.many(numbers)})
        return [unpack_record(number, doc) for number, doc in rows]

    async def insert(self, records: Sequence[tuple[Record, bytes]]) -> Mapping[str, int]:
        if not records:
            return {}
        taken = self._db.taken()
        rows = {clean(r.finding.key): (r.finding.key, record_row(r, taken), raw) for r, raw in records}
        result = await self._session.run(self._sql.insert, [rows[key][1] for key in sorted(rows)])
        added: dict[str, int] = {row.key: row.number for row in result}
        self._fresh.update(added.values())
        if added:
            raws = [{"number": added[key], "raw": pack_raw(rows[key][2])} for key in added]
            await self._session.run(self._sql.insert_raw, raws)
        return {rows[key][0]: number for key, number in added.items()}

    async def update(self, records: Sequence[tuple[Record, bytes | None]]) -> None:
        taken = self._db.taken()
        ordered = sorted(records, key=lambda pair: pair[0].finding.key)
        told = [_changes(record, taken) for record, raw in ordered if raw is not None]
        if told:
            await self._session.run(self._sql.update, told)
            raws = [{"number": r.number, "raw": pack_raw(raw)} for r, raw in ordered if raw is not None]
            await self._session.run(self._sql.replace_raw, raws)
        await self._save([record for record, raw in ordered if raw is None])

    async def _save(self, records: Sequence[Record]) -> None:
        """Saves what is not news of the source: it does not count for its freshness."""
        if records:
            await self._session.run(self._sql.update, [_changes(record, None) for record in records])

    async def note(self, entries: Sequence[tuple[int, Entry]]) -> None:
        if entries:
            await self._session.run(self._sql.note, [entry_row(number, entry) for number, entry in entries])

    async def reaccount(self, accounts: Sequence[Account]) -> int:
        known = {account.id: account for account in accounts}
        if not known:
            return 0
        ids = self._db.many(sorted({clean(id[:64]) for id in known}))
        numbers = [row.number for row in await self._session.rows(self._sql.of_accounts, {"accounts": ids})]
        parts = [numbers[i : i + _REACCOUNT] for i in range(0, len(numbers), _REACCOUNT)]
        return sum([await self._reaccount(part, known) for part in parts])

    async def _reaccount(self, numbers: Sequence[int], known: Mapping[str, Account]) -> int:
        changed = list(_moved(await self._lock_numbers(numbers), known))
        await self._save(changed)
        return len(changed)

    async def say(self, sayings: Sequence[Saying]) -> None:
        if not sayings:
            return
        await self._session.run(self._sql.say, [_saying_row(s) | {"now": self._session.now} for s in sayings])
        lanes: dict[tuple[int, str], list[int]] = {}
        for s in sayings:
            lanes.setdefault((s.number, clean(s.channel)), []).append(s.lane)
        # Of a finding that this transaction made, one row is all that waits.
        raised = [
            {"b_number": n, "b_channel": c, "b_rank": -max(found)}
            for (n, c), found in sorted(lanes.items())
            if n not in self._fresh or len(found) > 1
        ]
        if raised:
            await self._session.run(self._sql.raise_lane, raised)

    async def quarantine(self, poison: Sequence[Poison]) -> None:
        if poison:
            # In one order for all, since two tasks may hold the same message: waiting for each other is how deadlocks begin.
            ordered = sorted(poison, key=lambda p: p.message_id)
            await self._session.run(self._sql.quarantine, [_poison_row(p) for p in ordered])

    async def save_listing(self, listing: Listing) -> None:
        row = {
            "id": clean(listing.id),
            "user": clean(listing.user),
            "query": clean(listing.query),
            "numbers": pack_numbers(listing.numbers),
            "created": micros(listing.created),
        }
        await self._session.run(self._sql.save_listing, row)

    async def save_view(self, view: SavedView) -> None:
        row = view_row(view)
        which = {"b_owner": row["owner"], "b_name": row["name"]}
        if view.default:
            if self._db.postgres:  # else two at once would not see each other's default
                await self._session.run(self._sql.one_owner, {"b_owner": row["owner"]})
            await self._session.run(self._sql.no_default, which)
        await self._session.run(self._sql.save_view, row)

    async def delete_view(self, owner: str, name: str) -> bool:
        result = await self._session.run(self._sql.delete_view, {"b_owner": clean(owner), "b_name": clean(name)})
        return result.rowcount > 0

    async def first_time(self, key: str) -> bool:
        values = {"key": clean(key), "now": self._session.now}
        return await self._session.value(self._sql.first_time, values) is not None


def _changes(record: Record, taken: int | None) -> Row:
    row = record_row(record, taken or 0)
    for name in _FIXED if taken is not None else (*_FIXED, "taken"):
        del row[name]
    return row | {"b_number": record.number}


def _moved(records: Iterable[Record], known: Mapping[str, Account]) -> Iterator[Record]:
    """The records whose account is now another one than they say."""
    for record in records:
        account = known.get(record.finding.account)
        if account is not None and account != record.account:
            yield record.but(account=account)


def _saying_row(saying: Saying) -> Row:
    return {
        "key": clean(saying.key),
        "kind": saying.kind.value,
        "number": saying.number,
        "channel": clean(saying.channel),
        "rank": -saying.lane,
        "details": pack_details(saying.details),
        "state": "new",
        "attempt": 0,
        "generation": 1,
        "owner": "",
        "error": "",
    }


def _poison_row(poison: Poison) -> Row:
    return {
        "message_id": clean(poison.message_id),
        "reason": clean(poison.reason),
        "note": clean(poison.note),
        "body": pack_body(poison.body),
        "at": micros(poison.at),
    }
