"""A store with a million findings, made quickly.

Problem solved: taking a million messages in takes a quarter of an hour, so rows are written straight into the store's own table, from the
store's own codec: a few thousand findings read by the real sources, each repeated with a key, a number and times of its own. The table's
indexes are made afterwards, as a restore does. Raw events, timelines and outbox rows are left out: no list reads them.
"""

from __future__ import annotations

import asyncio
import random
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from sqlalchemy import Dialect
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.schema import CreateIndex, DropIndex

from benchmarks import postgres
from benchmarks.payloads import START, messages
from benchmarks.setting import settings
from bot.adapters import wire
from bot.adapters.sql import migrate
from bot.adapters.sql.codec import Row, micros, record_row
from bot.adapters.sql.tables import FINDINGS
from bot.domain.envelope import Ignored
from bot.domain.lifecycle import decide_report
from bot.domain.reading import read
from bot.parts import reader

KINDS = 4000  # different findings
SPREAD_S = 90 * 24 * 3600  # the findings of three months
PART = 20_000
_COLUMNS = tuple(c.name for c in FINDINGS.columns)

Tick = Callable[[int], None]
"""Told how many rows were written."""


async def load_sqlite(path: Path, count: int, tick: Tick) -> str:
    """Make and fill a database file; returns its address."""
    url = f"sqlite:///{path}"
    await migrate(url)
    rows = _rows(_kinds(), count)
    await asyncio.to_thread(_fill_sqlite, path, rows, tick)
    return url


def _fill_sqlite(path: Path, rows: Iterator[tuple[Any, ...]], tick: Tick) -> None:
    connection = sqlite3.connect(path, isolation_level=None)
    dropped, made = _indexes(sqlite.dialect())
    try:
        for setting in ("journal_mode = WAL", "synchronous = OFF", "cache_size = -262144", "temp_store = MEMORY"):
            connection.execute(f"PRAGMA {setting}")
        _all(connection, dropped)
        names = ", ".join(f'"{c}"' for c in _COLUMNS)
        insert = f"INSERT INTO findings ({names}) VALUES ({', '.join('?' * len(_COLUMNS))})"
        for part in _parted(rows):
            connection.execute("BEGIN")
            connection.executemany(insert, part)
            connection.execute("COMMIT")
            tick(len(part))
        _all(connection, made)
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    finally:
        connection.close()


def _all(connection: sqlite3.Connection, statements: Sequence[str]) -> None:
    for statement in statements:
        connection.execute(statement)


async def load_postgres(place: Path, name: str, count: int, tick: Tick) -> str:
    """Make and fill a database of the server at `place`; returns its address. Analysed, as autovacuum has done by then in any real one."""
    url = await postgres.new_database(place, name)
    await migrate(url)
    rows = _rows(_kinds(), count)
    dropped, made = _indexes(postgresql.dialect())  # type: ignore[no-untyped-call]
    connection = await postgres.connect(place, name)
    try:
        for statement in dropped:
            await connection.execute(statement)
        for part in _parted(rows):
            await connection.copy_records_to_table("findings", records=part, columns=_COLUMNS, timeout=300)
            tick(len(part))
        for statement in made:
            await connection.execute(statement, timeout=300)
        await connection.execute(f"SELECT setval(pg_get_serial_sequence('findings', 'number'), {count})")
        await connection.execute("VACUUM ANALYZE findings", timeout=300)
        await connection.execute("CHECKPOINT", timeout=300)
    finally:
        await connection.close()
    return url


def _indexes(dialect: Dialect) -> tuple[list[str], list[str]]:
    """What drops the table's indexes, and what makes them again."""
    indexes = sorted(FINDINGS.indexes, key=lambda i: str(i.name))
    return (
        [str(DropIndex(i).compile(dialect=dialect)) for i in indexes],
        [str(CreateIndex(i).compile(dialect=dialect)) for i in indexes],
    )


def _parted(rows: Iterator[tuple[Any, ...]]) -> Iterator[list[tuple[Any, ...]]]:
    while part := [row for _, row in zip(range(PART), rows, strict=False)]:
        yield part


def _kinds() -> list[Row]:
    """Rows of different findings, of every source in the everyday mix."""
    parts = reader(settings({}))
    kinds: list[Row] = []
    for body in messages(KINDS, seed=7):
        for envelope in wire.open_body(body, received=START):
            _, reading = read(parts.sources, envelope)
            for finding in () if isinstance(reading, Ignored) else reading:
                record = decide_report(None, finding, parts.directory.account(finding.account), START).record
                assert record is not None
                kinds.append(record_row(record, micros(START)))
    return kinds


def _rows(kinds: Sequence[Row], count: int) -> Iterator[tuple[Any, ...]]:
    """Each kind again and again, with times of its own; `number` rises with the time at which the row was made, as it does in life."""
    dice, second = random.Random(3), 1_000_000
    began = micros(START - timedelta(seconds=SPREAD_S))
    for number in range(1, count + 1):
        row = dice.choice(kinds)
        first = began + SPREAD_S * second * number // count
        last = first + round(dice.expovariate(1 / 3600) * second)
        own = {"number": number, "key": f"{row['key']}~{number}", "first": first, "last": last, "taken": last}
        yield tuple((row | own)[name] for name in _COLUMNS)
