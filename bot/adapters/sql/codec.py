"""Between records and rows: what a row holds, and that a record comes back exactly as it went in.

The problem: a finding is written once and shown for years, so its row must give back every field, and the version's digest must be
the same afterwards. The whole record is one document; columns repeat what is asked or sorted by. Texts that a database
refuses (NUL, lone surrogates) become U+FFFD in columns and are never an error. It refuses to talk to a database.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from bot.domain.approval import Request
from bot.domain.approval import Stage as Asked
from bot.domain.audit import Line, Phase
from bot.domain.drift import Known
from bot.domain.facets import facets
from bot.domain.finding import Entry, Record, content_digest
from bot.domain.suppression import Lease, ReasonClass, ScopeKind, Stage
from bot.ports import SavedView

Row = dict[str, Any]

BODY_MAX: Final = 256 * 1024  # bytes of a quarantined message that are kept
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
_REFUSED: Final = re.compile("[\0\ud800-\udfff]")
_BIGGEST: Final = 2**63 - 1
_LEVEL: Final = 1  # zlib's fastest: a third of the size for a tenth of the time that the insert takes

_PLAIN_MAX: Final = 4096  # a shorter record is not worth the time that compressing takes
_ZLIB: Final = b"\x78"

_PACK: Final = msgspec.msgpack.Encoder()
_UNPACK: Final = msgspec.msgpack.Decoder(Record)
_JSON: Final = msgspec.json.Encoder()
_DETAILS: Final = msgspec.json.Decoder(dict[str, str])
_NUMBERS: Final = msgspec.json.Decoder(tuple[int, ...])
_TEXTS: Final = msgspec.json.Decoder(tuple[str, ...])


# --- times and texts -----------------------------------------------------------------------------------------------------------


def micros(at: datetime) -> int:
    """An aware time as whole microseconds since 1970 UTC."""
    return (at - _EPOCH) // _MICROSECOND


def maybe_micros(at: datetime | None) -> int | None:
    return None if at is None else micros(at)


def span_micros(span: timedelta) -> int:
    return span // _MICROSECOND


def moment(value: int) -> datetime:
    """The time of a column, aware and UTC."""
    return _EPOCH + timedelta(microseconds=value)


def maybe_moment(value: int | None) -> datetime | None:
    return None if value is None else moment(value)


def fit(value: int) -> int:
    """The nearest number that a 64-bit column can be compared with."""
    return max(-_BIGGEST, min(_BIGGEST, value))


def clean(text: str) -> str:
    """The text with what a database refuses replaced by U+FFFD. Almost every text is ASCII, and is only looked at."""
    if text.isascii() and "\0" not in text:
        return text
    return _REFUSED.sub("\ufffd", text)


# --- findings --------------------------------------------------------------------------------------------------------------------


def record_row(record: Record, taken: int) -> Row:
    """A record's row without its number. `taken` is when it was taken in, in microseconds."""
    f, asked = record.finding, facets(record)
    return {
        "key": clean(f.key),
        "env": clean(asked.env),
        "account": clean(asked.account),
        "account_name": clean(asked.account_name),
        "ou": clean(asked.ou),
        "owner": clean(asked.owner),
        "severity": asked.severity,
        "source": clean(asked.source),
        "control": clean(asked.control),
        "standard": clean(asked.standard),
        "type": clean(asked.type),
        "resource": clean(asked.resource),
        "region": clean(asked.region),
        "state": asked.state,
        "live": int(asked.live),
        "first": micros(asked.first),
        "last": micros(asked.last),
        "by": clean(asked.by),
        "search": clean(asked.search),
        "emitted": micros(f.emitted),
        "digest": content_digest(f),
        "generation": record.generation,
        "revision": record.revision,
        "created": micros(record.created),
        "changed": micros(record.changed),
        "ack_until": maybe_micros(asked.until),
        "taken": taken,
        "doc": pack_record(record),
    }


def pack_record(record: Record) -> bytes:
    """The whole record, compressed when it is long; a lone surrogate in it becomes U+FFFD."""
    try:
        packed = _PACK.encode(record)
    except UnicodeEncodeError:
        packed = _PACK.encode(_harmless(msgspec.to_builtins(record, builtin_types=(datetime,))))
    return zlib.compress(packed, _LEVEL) if len(packed) > _PLAIN_MAX else packed


def unpack_record(number: int, doc: bytes) -> Record:
    """The record of a document, with its number. Fields that a later version added have their defaults."""
    # A record is a MessagePack map, which never begins as zlib's streams do.
    record = _UNPACK.decode(zlib.decompress(doc) if doc[:1] == _ZLIB else doc)
    return record if record.number == number else replace(record, number=number)


def _harmless(value: Any) -> Any:
    if isinstance(value, str):
        return clean(value)
    if isinstance(value, dict):
        return {_harmless(k): _harmless(v) for k, v in value.items()}
    if isinstance(value, list | tuple):
        return [_harmless(v) for v in value]
    return value


def pack_raw(raw: bytes) -> bytes:
    return zlib.compress(raw, _LEVEL)


def unpack_raw(packed: bytes) -> bytes:
    return zlib.decompress(packed)


# --- the rest --------------------------------------------------------------------------------------------------------------------


def pack_details(details: Mapping[str, str]) -> str:
    """Short facts as JSON; NUL and lone surrogates are made harmless before they are hidden in an escape."""
    if not details:
        return ""
    return _JSON.encode({clean(k): clean(str(v)) for k, v in details.items()}).decode()


def unpack_details(text: str) -> dict[str, str]:
    return _DETAILS.decode(text) if text else {}


def pack_numbers(numbers: tuple[int, ...]) -> str:
    return _JSON.encode(numbers).decode()


def unpack_numbers(text: str) -> tuple[int, ...]:
    return _NUMBERS.decode(text) if text else ()


def pack_texts(texts: Sequence[str]) -> str:
    """Texts as JSON, made harmless as `pack_details` does."""
    return _JSON.encode([clean(text) for text in texts]).decode() if texts else ""


def unpack_texts(text: str) -> tuple[str, ...]:
    return _TEXTS.decode(text) if text else ()


def entry_row(number: int, entry: Entry) -> Row:
    return {
        "number": number,
        "at": micros(entry.at),
        "kind": clean(entry.kind),
        "actor": clean(entry.actor),
        "note": clean(entry.note),
        "details": pack_details(entry.details),
    }


def view_row(view: SavedView) -> Row:
    return {
        "owner": clean(view.owner),
        "name": clean(view.name),
        "query": clean(view.query),
        "author": clean(view.author),
        "created": micros(view.created),
        "is_default": int(view.default),
    }


def unpack_view(row: Any) -> SavedView:
    return SavedView(row.owner, row.name, row.query, row.author, moment(row.created), bool(row.is_default))


def pack_body(body: str) -> bytes:
    """Any text at all, cut and compressed; comes back exactly."""
    return zlib.compress(cut_body(body).encode("utf-8", "surrogatepass"), _LEVEL)


def unpack_body(packed: bytes) -> str:
    return zlib.decompress(packed).decode("utf-8", "surrogatepass")


def cut_body(body: str) -> str:
    """The beginning of a text that fits into what is kept."""
    if len(body) * 4 <= BODY_MAX:
        return body
    raw = body.encode("utf-8", "surrogatepass")
    if len(raw) <= BODY_MAX:
        return body
    end = BODY_MAX
    while raw[end] & 0xC0 == 0x80:  # never in the middle of a character
        end -= 1
    return raw[:end].decode("utf-8", "surrogatepass")


# --- suppressions, approvals, the audit trail ------------------------------------------------------------------------------------


def lease_row(lease: Lease) -> Row:
    return {
        "id": clean(lease.id),
        "kind": lease.kind.value,
        "number": lease.number,
        "query": clean(lease.query),
        "why": lease.why.value,
        "reason": clean(lease.reason),
        "ticket": clean(lease.ticket),
        "owner": clean(lease.owner),
        "author": clean(lease.author),
        "created": micros(lease.created),
        "until": micros(lease.until),
        "stage": lease.stage.value,
        "native": pack_details(lease.native),
        "approval": clean(lease.approval),
        "approvers": pack_texts(lease.approvers),
        "ended_at": maybe_micros(lease.ended_at),
        "ended_by": clean(lease.ended_by),
        "noticed_at": maybe_micros(lease.noticed_at),
        "renews": clean(lease.renews),
    }


def unpack_lease(row: Any) -> Lease:
    return Lease(
        id=row.id,
        kind=ScopeKind(row.kind),
        number=row.number,
        query=row.query,
        why=ReasonClass(row.why),
        reason=row.reason,
        ticket=row.ticket,
        owner=row.owner,
        author=row.author,
        created=moment(row.created),
        until=moment(row.until),
        stage=Stage(row.stage),
        native=unpack_details(row.native),
        approval=row.approval,
        approvers=unpack_texts(row.approvers),
        ended_at=maybe_moment(row.ended_at),
        ended_by=row.ended_by,
        noticed_at=maybe_moment(row.noticed_at),
        renews=row.renews,
    )


def drift_row(known: Known) -> Row:
    return {
        "key": clean(known.key),
        "digest": clean(known.digest),
        "first": micros(known.first),
        "told": micros(known.told),
    }


def unpack_drift(row: Any) -> Known:
    return Known(key=row.key, digest=row.digest, first=moment(row.first), told=moment(row.told))


def request_row(request: Request) -> Row:
    return {
        "id": clean(request.id),
        "kind": clean(request.kind),
        "subject": clean(request.subject),
        "digest": clean(request.digest),
        "requester": clean(request.requester),
        "quorum": request.quorum,
        "created": micros(request.created),
        "expires": micros(request.expires),
        "reason": clean(request.reason),
        "approvers": pack_texts(request.approvers),
        "stage": request.stage.value,
        "decided_by": clean(request.decided_by),
        "decided_at": maybe_micros(request.decided_at),
        "answer": clean(request.answer),
    }


def unpack_request(row: Any) -> Request:
    return Request(
        id=row.id,
        kind=row.kind,
        subject=row.subject,
        digest=row.digest,
        requester=row.requester,
        quorum=row.quorum,
        created=moment(row.created),
        expires=moment(row.expires),
        reason=row.reason,
        approvers=unpack_texts(row.approvers),
        stage=Asked(row.stage),
        decided_by=row.decided_by,
        decided_at=maybe_moment(row.decided_at),
        answer=row.answer,
    )


def kept_line(line: Line) -> Line:
    """The line as the database will give it back: what is hashed must be what is kept."""
    return replace(
        line,
        act=clean(line.act),
        actor=clean(line.actor),
        what=clean(line.what),
        subject=clean(line.subject),
        request=clean(line.request),
        details={clean(k): clean(str(v)) for k, v in line.details.items()},
    )


def line_row(line: Line) -> Row:
    return {
        "seq": line.seq,
        "at": micros(line.at),
        "phase": line.phase.value,
        "act": line.act,
        "actor": line.actor,
        "what": line.what,
        "subject": line.subject,
        "number": line.number,
        "request": line.request,
        "details": pack_details(line.details),
        "previous": line.previous,
        "hash": line.hash,
    }


def unpack_line(row: Any) -> Line:
    """The line of a row. One that somebody made unreadable comes without a hash, so that the chain breaks there and not the reader."""
    told = {
        name: str(getattr(row, name)) for name in ("act", "actor", "what", "subject", "request", "previous", "hash")
    }
    try:
        at, phase, number = moment(row.at), Phase(row.phase), int(row.number)
        details = unpack_details(row.details)
    except (ValueError, TypeError, OverflowError, msgspec.DecodeError):
        told["hash"] = ""
        at, phase, number, details = _EPOCH, Phase.DONE, 0, {}
    return Line(at=at, phase=phase, number=number, details=details, seq=row.seq, **told)
