"""What can be exported as rows: findings of a question, lines of the audit trail; read piece by piece, in the question's order."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from bot.domain.audit import Line
from bot.domain.console import console_url
from bot.domain.finding import Record
from bot.domain.query import Query
from bot.ports import Store

Row = tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows to be exported. `title` says what they are, `what` names them in the plural, `total` is how many there are about now.

    `rows(piece, most)` gives them in pieces of so many, at most so many in all.
    """

    title: str
    what: str
    name: str
    columns: Row
    total: int
    rows: Callable[[int, int], AsyncIterator[Sequence[Row]]]

    def file_name(self, now: datetime) -> str:
        """`secbot-findings-20261125-0310.csv`."""
        return f"secbot-{self.name}-{now:%Y%m%d-%H%M}.csv"


def _at(when: datetime | None) -> str:
    return when.isoformat(timespec="seconds") if when is not None else ""


_FINDING: tuple[tuple[str, Callable[[Record], str]], ...] = (
    ("ref", lambda r: r.ref),
    ("severity", lambda r: r.finding.severity.word),
    ("state", lambda r: str(r.state)),
    ("title", lambda r: r.finding.title),
    ("account", lambda r: r.finding.account),
    ("account_name", lambda r: r.account.name),
    ("env", lambda r: r.account.env),
    ("ou", lambda r: r.account.ou),
    ("owner", lambda r: r.account.owner),
    ("region", lambda r: r.finding.region),
    ("source", lambda r: r.finding.source),
    ("control", lambda r: r.finding.control),
    ("standards", lambda r: " ".join(r.finding.standards)),
    ("type", lambda r: r.finding.type),
    ("resource", lambda r: r.finding.resource.id),
    ("resource_type", lambda r: r.finding.resource.type),
    ("resources", lambda r: str(len(r.finding.resources))),
    ("first_seen", lambda r: _at(r.finding.first_seen)),
    ("updated", lambda r: _at(r.finding.updated)),
    ("resolved_at", lambda r: _at(r.resolved_at)),
    ("acknowledged_by", lambda r: r.ack_by),
    ("acknowledged_at", lambda r: _at(r.ack_at)),
    ("until", lambda r: _at(r.ack_until)),
    ("assigned_to", lambda r: r.assignee),
    ("route", lambda r: r.route),
    ("native_id", lambda r: r.finding.native_id),
    ("console", lambda r: console_url(r.finding)),
)
"""The columns of an export of findings, in order. Added to at the end only: spreadsheets are built on them."""

FINDING_COLUMNS: Row = tuple(name for name, _ in _FINDING)
AUDIT_COLUMNS: Row = (
    "at",
    "who",
    "what",
    "ref",
    "severity",
    "title",
    "account",
    "account_name",
    "env",
    "note",
    "details",
    "phase",
    "subject",
    "request_id",
    "seq",
    "hash",
)


def findings_table(store: Store, query: Query, now: datetime, *, title: str, total: int) -> Table:
    """The findings of a question as it holds now; the order is fixed when the export begins, the rows are as they are when read."""

    async def rows(piece: int, most: int) -> AsyncIterator[Sequence[Row]]:
        numbers = await _numbers(store, query, now, most)
        for start in range(0, len(numbers), piece):
            async with store.reads() as reads:
                records = await reads.by_numbers(numbers[start : start + piece])
            yield [tuple(read(record) for _, read in _FINDING) for record in records]

    return Table(title, "findings", "findings", FINDING_COLUMNS, total, rows)


async def _numbers(store: Store, query: Query, now: datetime, most: int) -> Sequence[int]:
    if query.refs:
        return [int(ref.removeprefix("F-")) for ref in query.refs]
    async with store.reads() as reads:
        return await reads.numbers(query, now, limit=most)


def audit_table(store: Store, lines: Sequence[Line], *, title: str) -> Table:
    """Lines of the audit trail, with what they are about."""

    async def rows(piece: int, most: int) -> AsyncIterator[Sequence[Row]]:
        for start in range(0, min(len(lines), most), piece):
            part = lines[start : min(start + piece, most)]
            async with store.reads() as reads:
                found = {r.number: r for r in await reads.by_numbers([line.number for line in part if line.number])}
            yield [_audit_row(line, found.get(line.number)) for line in part]

    return Table(title, "acts", "audit", AUDIT_COLUMNS, len(lines), rows)


def _audit_row(line: Line, record: Record | None) -> Row:
    details = "; ".join(f"{k}={v}" for k, v in sorted(line.details.items()) if k != "note")
    about = ("", "", "", "", "")
    if record is not None:
        finding, account = record.finding, record.account
        about = (finding.severity.word, finding.title, finding.account, account.name, account.env)
    ref = f"F-{line.number}" if line.number else ""
    proof = (str(line.phase), line.subject, line.request, str(line.seq), line.hash)
    return (_at(line.at), line.actor, line.what, ref, *about, line.details.get("note", ""), details, *proof)
