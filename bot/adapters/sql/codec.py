"""Between records and rows: what a row holds, and that a record comes back exactly as it went in.

The problem: a finding is written once and shown for years, so its row must give back every field, and the version's digest must be
the same afterwards. The whole record is one document; columns repeat what is asked or sorted by. Texts that a database
refuses (NUL, lone surrogates) become U+FFFD in columns and are never an error. It refuses to talk to a database.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import msgspec

from bot.domain.facets import facets
from bot.domain.finding import Entry, Record, content_digest
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
        "ack_until": maybe_micros(record.ack_until),
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
