"""The delivery side of the store: which row is said next, by whom, and what became of it.

The problem: a row must reach Slack at least once, and twice only when nobody can know. A worker claims a row for a time, speaks to
Slack with no lock held, and then says what became of it; a row whose worker vanished comes back when its lease ends, marked as
unsettled. Within one finding and channel nothing overtakes: the card first, then everything in the order in which it was said. It
refuses to talk to Slack.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    and_,
    bindparam,
    case,
    delete,
    exists,
    func,
    not_,
    null,
    or_,
    select,
    update,
)
from sqlalchemy.sql.selectable import NamedFromClause

from bot.adapters.sql.codec import clean, maybe_moment, moment, unpack_details
from bot.adapters.sql.engine import Database
from bot.adapters.sql.tables import CARDS, CHANNEL_LEASES, OUTBOX, waiting
from bot.ports import Card, Claimed, Saying, SayKind

_CARD: Final = SayKind.CARD.value
_SECOND: Final = 1_000_000


class OutboxStatements:
    """The statements, built once for a database."""

    def __init__(self, db: Database) -> None:
        channel, owner, error = _bind("b_channel"), _bind("b_owner"), _bind("b_error")
        after = db.now() + _bind("after")
        self.due_channels = _due_channels(db)
        self.claim = _claim(db, channel, owner, after)
        self.lease = _lease(db)
        self.free = delete(CHANNEL_LEASES).where(CHANNEL_LEASES.c.channel == channel, CHANNEL_LEASES.c.owner == owner)
        self.settle = _settle(db)
        new = db.insert(CARDS)
        self.save_card = new.on_conflict_do_update(
            index_elements=["number", "channel"], set_={"ts": new.excluded.ts, "shown": new.excluded.shown}
        )
        self.put_back = _mine().values(state=_bind("b_state"), due=after, error=error, owner="")
        self.hold = _mine().values(unsettled=func.coalesce(OUTBOX.c.unsettled, OUTBOX.c.started), error=error)
        o = OUTBOX.c
        rest = _in_channel(channel, o.state.in_(("new", "blocked")), o.due < after)
        self.block = update(OUTBOX).where(rest).values(state="blocked", due=after, error=error)
        self.unblock = update(OUTBOX).where(_in_channel(channel, o.state == "blocked"))
        self.unblock = self.unblock.values(state="new", due=db.now(), error="")


def _bind(name: str) -> ColumnElement[Any]:
    # PostgreSQL does not guess a parameter's type within an expression.
    return bindparam(name, type_=BigInteger if name == "after" else None)


def _mine() -> Any:
    """The row while this attempt still has it: a late answer must not take it from another worker."""
    o = OUTBOX.c
    return update(OUTBOX).where(o.id == bindparam("b_id"), o.state == "sending", o.attempt == bindparam("b_attempt"))


def _in_channel(channel: ColumnElement[Any], *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    """Many rows of a channel. Those that somebody else holds are left alone: waiting for several rows is how deadlocks begin."""
    o = OUTBOX.c
    rows = select(o.id).where(o.channel == channel, waiting(OUTBOX), *conditions).with_for_update(skip_locked=True)
    return o.id.in_(rows)


def _due(row: NamedFromClause, db: Database) -> ColumnElement[bool]:
    """It may be said now: its time has come, and nothing of the same finding and channel has to be said before."""
    first = OUTBOX.alias("first")
    has_card = exists().where(CARDS.c.number == row.c.number, CARDS.c.channel == row.c.channel)
    both_after_card = or_(has_card.correlate(row), row.c.kind != _CARD, first.c.kind == _CARD)
    goes_before = or_(
        and_(first.c.id < row.c.id, both_after_card),
        and_(first.c.kind == _CARD, row.c.kind != _CARD, not_(has_card.correlate(row))),
    )
    same = and_(first.c.number == row.c.number, first.c.channel == row.c.channel, first.c.id != row.c.id)
    return and_(
        waiting(row), row.c.due <= db.now(), not_(exists().where(same, waiting(first), goes_before).correlate(row))
    )


def _due_channels(db: Database) -> Any:
    """From channel to channel, not from row to row: a storm leaves ten thousands of rows in a few channels."""
    row, any_row = OUTBOX.alias("o"), OUTBOX.alias("a")
    channels = select(any_row.c.channel).where(waiting(any_row)).distinct().subquery("c")
    best = select(row.c.rank).where(row.c.channel == channels.c.channel, _due(row, db))
    best = best.order_by(row.c.rank, row.c.id).limit(1)
    rank = best.scalar_subquery().label("rank")
    leased = exists().where(CHANNEL_LEASES.c.channel == channels.c.channel, CHANNEL_LEASES.c.until > db.now())
    found = select(channels.c.channel, rank).where(not_(leased)).subquery("d")
    return select(found).where(found.c.rank.is_not(None)).order_by(found.c.rank, found.c.channel)


def _claim(db: Database, channel: Any, owner: Any, after: Any) -> Any:
    row, o = OUTBOX.alias("o"), OUTBOX.c
    best = select(row.c.id).where(row.c.channel == channel, _due(row, db)).order_by(row.c.rank, row.c.id).limit(1)
    taken = update(OUTBOX).where(o.id == best.with_for_update(skip_locked=True).scalar_subquery())
    abandoned = func.coalesce(o.unsettled, o.started)
    taken = taken.values(
        state="sending",
        owner=owner,
        due=after,
        attempt=o.attempt + 1,
        started=db.now(),
        unsettled=case((o.state == "sending", abandoned), else_=o.unsettled),
    )
    return taken.returning(
        o.id, o.key, o.kind, o.number, o.channel, o.rank, o.details, o.attempt, o.generation, o.created, o.unsettled
    )


def _lease(db: Database) -> Any:
    new = db.insert(CHANNEL_LEASES).values(until=db.now() + _bind("after"))
    mine = or_(CHANNEL_LEASES.c.owner == new.excluded.owner, CHANNEL_LEASES.c.until <= db.now())
    changed = {"owner": new.excluded.owner, "until": new.excluded.until}
    return new.on_conflict_do_update(index_elements=["channel"], set_=changed, where=mine).returning(
        CHANNEL_LEASES.c.channel
    )


def _settle(db: Database) -> Any:
    """Done, whoever holds the row by now: it has been said. Only an edit that was asked for meanwhile is due again."""
    o = OUTBOX.c
    done = o.generation == bindparam("b_generation")
    said = update(OUTBOX).where(o.id == bindparam("b_id"), waiting(OUTBOX))
    return said.values(
        state=case((done, "sent"), else_="new"),
        due=case((done, o.due), else_=db.now()),
        attempt=case((done, o.attempt), else_=0),
        settled=db.now(),
        started=null(),
        unsettled=null(),
        owner="",
        error="",
    )


class SqlOutbox:
    """bot.ports.Outbox: every call is one short transaction."""

    def __init__(self, db: Database) -> None:
        self._db = db
        self._outbox = OutboxStatements(db)

    async def due_channels(self) -> Sequence[tuple[str, int]]:
        async with self._db.reading() as session:
            rows = await session.rows(self._outbox.due_channels, {"now": session.now})
        return [(row.channel, -row.rank) for row in rows]

    async def lease_channel(self, channel: str, owner: str, lease_s: float) -> bool:
        async with self._db.writing() as session:
            values = {"channel": clean(channel), "owner": clean(owner), "now": session.now, "after": _micros(lease_s)}
            return await session.value(self._outbox.lease, values) is not None

    async def free_channel(self, channel: str, owner: str) -> None:
        async with self._db.writing() as session:
            await session.run(self._outbox.free, {"b_channel": clean(channel), "b_owner": clean(owner)})

    async def claim(self, channel: str, owner: str, lease_s: float) -> Claimed | None:
        async with self._db.writing() as session:
            values = {
                "b_channel": clean(channel),
                "b_owner": clean(owner),
                "now": session.now,
                "after": _micros(lease_s),
            }
            row = (await session.run(self._outbox.claim, values)).first()
        return None if row is None else _claimed(row)

    async def settle(self, claimed: Claimed, card: Card | None) -> None:
        async with self._db.writing() as session:
            values = {"b_id": claimed.id, "b_generation": claimed.generation, "now": session.now}
            await session.run(self._outbox.settle, values)
            if card is not None:
                row = {
                    "number": card.number,
                    "channel": clean(card.channel),
                    "ts": clean(card.ts),
                    "shown": clean(card.shown),
                }
                await session.run(self._outbox.save_card, row)
            # Slack has taken something in this channel, so whatever was refused there deserves another try.
            await session.run(self._outbox.unblock, {"b_channel": clean(claimed.saying.channel), "now": session.now})

    async def put_back(self, claimed: Claimed, *, delay_s: float, error: str, blocked: bool = False) -> None:
        """With `blocked`, everything that waits in the channel waits: one refusal is enough."""
        async with self._db.writing() as session:
            now = {"now": session.now, "after": _micros(delay_s), "b_error": clean(error)}
            mine = {"b_id": claimed.id, "b_attempt": claimed.attempt, "b_state": "blocked" if blocked else "new"}
            result = await session.run(self._outbox.put_back, mine | now)
            if blocked and result.rowcount:
                await session.run(self._outbox.block, now | {"b_channel": clean(claimed.saying.channel)})

    async def hold(self, claimed: Claimed, *, error: str) -> None:
        async with self._db.writing() as session:
            values = {"b_id": claimed.id, "b_attempt": claimed.attempt, "b_error": clean(error)}
            await session.run(self._outbox.hold, values)


def _micros(seconds: float) -> int:
    return round(seconds * _SECOND)


def _claimed(row: Any) -> Claimed:
    saying = Saying(row.key, SayKind(row.kind), row.number, row.channel, -row.rank, unpack_details(row.details))
    return Claimed(row.id, saying, row.attempt, row.generation, moment(row.created), maybe_moment(row.unsettled))
