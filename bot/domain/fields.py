"""Reading foreign JSON without ever raising: every accessor gives a value of the asked type or a default.

The payloads are written by many vendors and by anyone who may name a resource, so a missing, null or wrong-typed field is normal.
Pure: a missing time falls back to one that the caller gives. What it refuses to do: guess what a field means; that is a source's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from math import isfinite

from bot.domain.envelope import Envelope, Shape

Obj = dict[str, object]
Fact = tuple[str, str]

TEXT_MAX = 10_000  # characters; a sanity limit, cards cut far earlier
FACT_MAX = 300
NAME_MAX = 2_048  # an ARN's own limit
WORD_MAX = 64  # an account, a region
FACTS_MAX = 8

EARLIEST = datetime(1970, 1, 1, tzinfo=UTC)
LATEST = datetime(2100, 1, 1, tzinfo=UTC)
_SCALES = ((1e17, 1e9), (1e14, 1e6), (1e11, 1e3))  # an epoch above the first is in 1/second of these
_RFC1123 = ("%a, %d %b %Y %H:%M:%S %Z", "%d %b %Y %H:%M:%S %Z")
_REGION = re.compile(r"^[a-z]{2,4}(-[a-z]+){1,3}-\d{1,2}$")
_FOR_PEOPLE_ONLY = {ord("\n"): "\n", ord("\t"): " "}


def get(value: object, *path: str | int) -> object:
    """The value at a path of keys and list positions; None as soon as a step does not exist."""
    for step in path:
        if isinstance(value, dict):
            value = value.get(step)  # a position is no key of JSON
        elif isinstance(value, list) and isinstance(step, int) and len(value) > step:
            value = value[step]
        else:
            return None
    return value


def obj(value: object, *path: str | int) -> Obj:
    """The object at a path, or an empty one."""
    found = get(value, *path)
    return found if isinstance(found, dict) else {}


def items(value: object, *path: str | int) -> list[object]:
    """The list at a path; an object or a scalar alone counts as a list of one, null as none."""
    found = get(value, *path)
    if isinstance(found, list):
        return found
    return [] if found is None else [found]


def objs(value: object, *path: str | int) -> list[Obj]:
    """The objects of the list at a path; everything else in it is left out."""
    return [item for item in items(value, *path) if isinstance(item, dict)]


def text(value: object, *path: str | int, cut: int = NAME_MAX) -> str:
    """One printable line: the text, number or flag at a path; empty for null, objects and lists."""
    found = get(value, *path)
    if found is None:  # most fields of most findings are absent
        return ""
    return one_line(found if isinstance(found, str) else scalar(found), cut)


def texts(value: object, *path: str | int) -> tuple[str, ...]:
    """The non-empty one-line texts of the list at a path."""
    return tuple(line for item in items(value, *path) if (line := text(item)))


def first(*candidates: str) -> str:
    """The first non-empty text, or an empty one."""
    return next((c for c in candidates if c), "")


def scalar(value: object) -> str:
    """The text of a text, number or flag, unchanged; empty for anything else."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value).removesuffix(".0") if isinstance(value, float) else _int_text(value)
    return ""


def _int_text(value: int) -> str:
    # Python refuses to print integers of more than 4,300 digits, and no field of ours has more than 20.
    return str(value) if value.bit_length() <= 256 else ""


def number(value: object, *path: str | int) -> float | None:
    """The finite number at a path, also when it is written as a text; None otherwise. A flag is not a number."""
    found = get(value, *path)
    if isinstance(found, bool) or not isinstance(found, int | float | str):
        return None
    try:
        result = float(found)
    except (ValueError, OverflowError):
        return None
    return result if isfinite(result) else None


def flag(value: object, *path: str | int) -> bool:
    """True for true and for the text "true" in any case."""
    found = get(value, *path)
    return found is True or (isinstance(found, str) and found.casefold() == "true")


def one_line(value: str, cut: int = TEXT_MAX) -> str:
    """A text as one printable line: white space collapsed, control and invisible characters removed, cut with an ellipsis."""
    if len(value) <= cut and value.isprintable() and "  " not in value and value == value.strip():
        return value  # as almost every text is
    line = " ".join(value[: cut * 4].split())
    if not line.isprintable():
        line = "".join(c for c in line if c.isprintable()).strip()
    return line if len(line) <= cut else line[: cut - 1] + "…"


def paragraphs(value: object, *path: str | int) -> str:
    """The text at a path with its line breaks; other control and invisible characters are removed."""
    found = scalar(get(value, *path))[: TEXT_MAX * 2].replace("\r\n", "\n")
    if not found.isprintable():
        found = "".join(c if c.isprintable() else _FOR_PEOPLE_ONLY.get(ord(c), "") for c in found)
    kept = found.strip()
    return kept if len(kept) <= TEXT_MAX else kept[: TEXT_MAX - 1] + "…"


def facts(*pairs: tuple[str, object]) -> tuple[Fact, ...]:
    """Evidence: the pairs that have a value, each a printable line; at most eight."""
    lines = ((label, one_line(scalar(value), FACT_MAX)) for label, value in pairs)
    return tuple((label, line) for label, line in lines if line)[:FACTS_MAX]


def some(values: Iterable[str], limit: int = 5) -> str:
    """`a, b, c (12)`: the first values, and how many there are when that is more."""
    known = list(values)
    shown = ", ".join(known[:limit])
    return f"{shown} ({len(known)})" if len(known) > limit else shown


def tags_of(value: object, *path: str | int) -> tuple[Fact, ...]:
    """Tags as (key, value), from an object of them or from a list of {key, value}, {Key, Value} or {name, value}."""
    found = get(value, *path)
    if isinstance(found, dict):
        pairs = [(one_line(k, NAME_MAX), text(v)) for k, v in found.items()]
    else:
        pairs = [
            (first(text(t, "key"), text(t, "Key"), text(t, "name")), text(t, "value") or text(t, "Value"))
            for t in objs(found)
        ]
    return tuple((key, val) for key, val in pairs if key)[:50]


# --- times ----------------------------------------------------------------------------------------------------------


def parse_time(value: object, fallback: datetime) -> datetime:
    """An aware UTC time from ISO 8601 (any fraction, `Z`, `+0000`, none), an epoch in s, ms, us or ns, or RFC 1123.

    A time without a zone is UTC. A year outside 1970..2100 is clamped, so that a store holds it. Anything else is
    `fallback`.
    """
    if isinstance(value, bool):
        return fallback
    if isinstance(value, int | float):
        return _of_epoch(value, fallback)
    if not isinstance(value, str) or not (line := value.strip()[:64]):
        return fallback
    if line.isascii() and line.replace(".", "", 1).isdigit():
        return _of_epoch(float(line), fallback)
    return _of_text(line, fallback)


def first_time(fallback: datetime, *candidates: object) -> datetime:
    """The first of the candidates that is a time, or the fallback; a year beyond 2100 is no time."""
    for value in candidates:
        if value is not None and (found := parse_time(value, LATEST)) != LATEST:
            return found
    return fallback


def optional_time(*candidates: object) -> datetime | None:
    """The first of the candidates that is a time, or None."""
    found = first_time(LATEST, *candidates)
    return None if found == LATEST else found


def emitted_at(envelope: Envelope, updated: datetime) -> datetime:
    """When this version was sent: the envelope's time; a bare finding has none, so its own last change stands in."""
    return updated if envelope.shape is Shape.BARE else envelope.time


def _of_epoch(value: float, fallback: datetime) -> datetime:
    try:
        seconds = float(value)
    except OverflowError:
        return fallback
    if not isfinite(seconds) or seconds <= 0:
        return fallback
    unit = next((unit for above, unit in _SCALES if seconds > above), 1.0)
    return EARLIEST + timedelta(seconds=min(seconds / unit, (LATEST - EARLIEST).total_seconds()))


def _of_text(line: str, fallback: datetime) -> datetime:
    try:
        return _utc(datetime.fromisoformat(line))
    except ValueError:
        pass
    for form in _RFC1123:
        try:
            return _utc(datetime.strptime(line, form))  # noqa: DTZ007 - _utc adds the zone
        except ValueError:
            continue
    return fallback


def _utc(found: datetime) -> datetime:
    year = found.year
    if not EARLIEST.year <= year < LATEST.year:
        return EARLIEST if year < EARLIEST.year else LATEST
    aware = found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    if EARLIEST.year < year < LATEST.year - 1:  # no zone moves it over the edge
        return aware
    return max(EARLIEST, min(aware, LATEST))


# --- names ----------------------------------------------------------------------------------------------------------


def arn_part(arn: str, index: int) -> str:
    """A part of an ARN: 3 the region, 4 the account; empty for anything that is no ARN."""
    parts = arn.split(":", 5)
    return parts[index][:WORD_MAX] if len(parts) == 6 and parts[0] == "arn" else ""


def is_region(word: str) -> bool:
    """Whether a word looks like a region's code (`eu-central-1`), not its name for people."""
    return bool(_REGION.match(word))


def fallback_id(envelope: Envelope, index: int = 0) -> str:
    """A native id for a report that carries none: the event's id, or a digest of the event."""
    stem = one_line(envelope.id, 120) or hashlib.blake2b(envelope.raw, digest_size=16).hexdigest()
    return f"{stem}#{index}"
