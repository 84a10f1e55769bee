"""The floor: the least that any program would do with the same messages.

A message is decoded once into typed structs and upserted into one table of 26 columns, a raw document and five indexes, a hundred at a
time, with the same durability. No identity across services, no versions, no state, no route, no timeline, no outbox, no quarantine: what
secbot does beyond this is what the ratio pays for.
"""

from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import msgspec

_COLUMNS = (
    "id", "source", "detail_type", "account", "region", "time", "version", "title", "description", "severity", "kind", "status",
    "first", "last", "resource", "resource_type", "product", "generator", "control", "workflow", "record_state", "compliance",
    "partition", "url", "sender", "count",
)  # fmt: skip
_INDEXES = ("account, last", "source, last", "severity, last", "resource", "status, last")
_TABLE = "CREATE TABLE floor (id TEXT PRIMARY KEY, {columns}, raw {blob} NOT NULL)".format
BATCH = 100

Row = tuple[Any, ...]


class _Resource(msgspec.Struct, rename="pascal"):
    id: str = ""
    type: str = ""


class _Asff(msgspec.Struct, rename="pascal"):
    id: str = ""
    product_arn: str = ""
    generator_id: str = ""
    aws_account_id: str = ""
    title: str = ""
    description: str = ""
    created_at: str = ""
    updated_at: str = ""
    record_state: str = ""
    severity: dict[str, Any] = {}
    workflow: dict[str, str] = {}
    compliance: dict[str, Any] = {}
    types: list[str] = []
    resources: list[_Resource] = []


class _Detail(msgspec.Struct, rename="camel"):
    findings: list[_Asff] | None = None
    id: str = ""
    title: str = ""
    description: str = ""
    type: Any = ""
    severity: Any = None
    status: str = ""
    created_at: Any = ""
    updated_at: Any = ""
    finding_arn: str = ""
    partition: str = ""
    resource: Any = None


class _Event(msgspec.Struct, rename={"detail_type": "detail-type"}):
    id: str = ""
    version: str = ""
    detail_type: str = ""
    source: str = ""
    account: str = ""
    region: str = ""
    time: str = ""
    detail: _Detail = msgspec.field(default_factory=_Detail)


_DECODER = msgspec.json.Decoder(_Event)


def row(body: str) -> Row:
    """A message's row."""
    raw = body.encode()
    event = _DECODER.decode(raw)
    detail = event.detail
    if detail.findings:
        return (*_of_asff(event, detail.findings[0]), raw)
    key = detail.id or detail.finding_arn or event.id or str(hash(body))
    return (
        key, event.source, event.detail_type, event.account, event.region, event.time, event.version, detail.title,
        detail.description, str(detail.severity), str(detail.type), detail.status, str(detail.created_at), str(detail.updated_at),
        detail.finding_arn, "", "", "", "", "", "", "", detail.partition, "", event.account, 1, raw,
    )  # fmt: skip


def _of_asff(event: _Event, f: _Asff) -> Row:
    resource = f.resources[0] if f.resources else _Resource()
    return (
        f.id, event.source, event.detail_type, f.aws_account_id, event.region, event.time, event.version, f.title, f.description,
        str(f.severity.get("Label", "")), f.types[0] if f.types else "", f.workflow.get("Status", ""), f.created_at, f.updated_at,
        resource.id, resource.type, f.product_arn, f.generator_id, str(f.compliance.get("SecurityControlId", "")),
        f.workflow.get("Status", ""), f.record_state, str(f.compliance.get("Status", "")), "", "", event.account, 1,
    )  # fmt: skip


class Floor(Protocol):
    """A bare store of bodies."""

    async def take(self, bodies: Sequence[str]) -> None:
        """Decode a batch and commit it."""
        ...

    async def close(self) -> None: ...


class SqliteFloor:
    """sqlite3 in a thread, WAL and FULL as the bot has it."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
        for setting in ("journal_mode = WAL", "synchronous = FULL", "cache_size = -16384"):
            self._connection.execute(f"PRAGMA {setting}")
        for statement in _schema("TEXT NOT NULL", "BLOB"):
            self._connection.execute(statement)
        self._upsert = _upsert("?")

    async def take(self, bodies: Sequence[str]) -> None:
        await asyncio.to_thread(self._save, [row(body) for body in bodies])

    def _save(self, rows: Sequence[Row]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        self._connection.executemany(self._upsert, rows)
        self._connection.execute("COMMIT")

    async def close(self) -> None:
        self._connection.close()


class PostgresFloor:
    """asyncpg alone."""

    def __init__(self, connection: Any) -> None:
        self._connection = connection
        self._upsert = _upsert("$")

    @classmethod
    async def open(cls, connection: Any) -> PostgresFloor:
        for statement in _schema('TEXT COLLATE "C" NOT NULL', "BYTEA"):
            await connection.execute(statement)
        return cls(connection)

    async def take(self, bodies: Sequence[str]) -> None:
        # One statement may not touch a row twice, many in one transaction may.
        async with self._connection.transaction():
            await self._connection.executemany(self._upsert, [row(body) for body in bodies])

    async def close(self) -> None:
        await self._connection.close()


def _schema(text: str, blob: str) -> list[str]:
    columns = ", ".join(f"{c} BIGINT NOT NULL" if c == "count" else f"{c} {text}" for c in _COLUMNS[1:])
    indexes = [f"CREATE INDEX floor_{i} ON floor ({columns})" for i, columns in enumerate(_INDEXES)]
    return [_TABLE(columns=columns, blob=blob), *indexes]


def _upsert(mark: str) -> str:
    names = [*_COLUMNS, "raw"]
    marks = ", ".join(f"${i}" if mark == "$" else "?" for i in range(1, len(names) + 1))
    changed = ", ".join(f"{n} = excluded.{n}" for n in names[1:])
    return f"INSERT INTO floor ({', '.join(names)}) VALUES ({marks}) ON CONFLICT (id) DO UPDATE SET {changed}"
