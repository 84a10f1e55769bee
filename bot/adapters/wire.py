"""Takes a message body apart into envelopes: what carried the event, and what it carries.

Bodies are poison until proven otherwise: whatever cannot be read raises `Malformed` with its reason, never another
exception. It refuses a bare finding in the stream (nothing says who sent it), and never fetches an address, so a
subscription is never confirmed. It does not check signatures: an SQS queue's policy says who may send.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import datetime

import msgspec

from bot.domain.envelope import Envelope, Shape
from bot.domain.fields import items, obj, objs, parse_time, text, texts
from bot.errors import BareFinding, Malformed, NotJson, SubscriptionMessage, TooDeep, TooLarge

# From: docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/quotas-messages.html
MESSAGE_MAX = 1024 * 1024  # bytes
DOCUMENT_MAX = 32 * MESSAGE_MAX  # a file of exported findings, on the command line
DEPTH_MAX = 100  # levels; the deepest event known has 15
WRAPPERS_MAX = 4  # SQS in SNS in a Lambda's Records is three

Obj = dict[str, object]

_SUBSCRIPTION = frozenset({"SubscriptionConfirmation", "UnsubscribeConfirmation"})
# A pair of surrogates and any other escape stand; stores refuse a lone surrogate and NUL.
_ESCAPE = re.compile(
    rb"(?P<fine>\\u[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2})"
    rb"|\\u(?:0000|[dD][89a-fA-F][0-9a-fA-F]{2})"
    rb"|(?P<other>\\.)",
    re.DOTALL,
)
_RARE = re.compile(rb"\\u(?:0000|[dD][89a-fA-F])")
_REPLACEMENT = b"\\ufffd"
_CONTROL = re.compile(rb"[\x00-\x1f]")
_CONTROL_TO_SPACE = bytes(0x20 if byte < 0x20 else byte for byte in range(256))


def open_body(body: bytes | str, *, received: datetime) -> tuple[Envelope, ...]:
    """The events of one SQS message: raw delivery, an SNS notification, or several in a `Records` list.

    Args:
        body: the message's body, at most 1 MiB.
        received: aware UTC; stands in for a time that the event does not carry.

    Raises:
        Malformed: its subclasses name the defect; `BareFinding` for a finding without an envelope.
    """
    return tuple(_opened(_decode(body, MESSAGE_MAX), _Carrier(received, bare=False)))


def open_document(document: bytes | str, *, received: datetime) -> tuple[Envelope, ...]:
    """The events of a file given on the command line: as `open_body`, and bare findings too.

    A list, and an object with a list of `Findings`, is one envelope for each. At most 32 MiB.

    Raises:
        Malformed: its subclasses name the defect.
    """
    carrier = _Carrier(received, bare=True)
    found = _parse(_bytes(document, DOCUMENT_MAX))
    return tuple(event for part in _parts(found) for event in _opened(part, carrier))


class _Carrier(msgspec.Struct, frozen=True):
    """What the outer layers said: it is handed down to the event within."""

    received: datetime
    bare: bool
    topic: str = ""
    time: datetime | None = None
    id: str = ""
    depth: int = 0

    def within(self, *, topic: str = "", time: object = None, id: str = "") -> _Carrier:
        if self.depth >= WRAPPERS_MAX:
            raise TooDeep
        inner = parse_time(time, self.time or self.received)
        return _Carrier(self.received, self.bare, topic or self.topic, inner, id or self.id, self.depth + 1)


def _opened(found: Obj, carrier: _Carrier) -> Iterator[Envelope]:
    """The events within one decoded layer."""
    if _is_sns(found):
        yield from _from_sns(found, carrier)
    elif records := _records(found):
        for record in records:
            yield from _from_record(record, carrier)
    else:
        yield _event(found, carrier)


def _is_sns(found: Obj) -> bool:
    kind = found.get("Type")
    if not isinstance(kind, str):
        return False
    return "TopicArn" in found or kind in _SUBSCRIPTION or (kind == "Notification" and "MessageId" in found)


def _from_sns(found: Obj, carrier: _Carrier) -> Iterator[Envelope]:
    if found.get("Type") in _SUBSCRIPTION:
        raise SubscriptionMessage
    if found.get("Type") != "Notification":
        raise Malformed("an SNS message of an unknown type")
    inner = carrier.within(
        topic=text(found, "TopicArn"), time=found.get("Timestamp"), id=text(found, "MessageId", cut=200)
    )
    yield from _opened(_inner(found.get("Message")), inner)


def _records(found: Obj) -> list[Obj]:
    """The records of a Lambda-style batch; empty when the object is none."""
    records = objs(found, "Records")
    return records if records and all("Sns" in r or "body" in r for r in records) else []


def _from_record(record: Obj, carrier: _Carrier) -> Iterator[Envelope]:
    if sns := obj(record, "Sns"):
        yield from _from_sns({"Type": "Notification", "TopicArn": "", **sns}, carrier.within())
    else:
        inner = carrier.within(id=text(record, "messageId", cut=200))
        yield from _opened(_inner(record.get("body")), inner)


def _inner(message: object) -> Obj:
    """The event within a wrapper: JSON in a text, or an object as the documentation prints it."""
    if isinstance(message, dict):
        return message
    if isinstance(message, str):
        return _decode(message, MESSAGE_MAX)
    raise NotJson("the message within its wrapper is neither a text nor an object")


# --- one event ------------------------------------------------------------------------------------------------------


def _event(found: Obj, carrier: _Carrier) -> Envelope:
    if _is_eventbridge(found):
        return _eventbridge(found, carrier)
    bare = is_bare_finding(found)
    if bare and not carrier.bare:
        raise BareFinding
    shape = Shape.BARE if bare else Shape.SNS_NATIVE
    return Envelope(
        shape=shape,
        body=found,
        raw=msgspec.json.encode(found),
        received=carrier.received,
        time=carrier.time or carrier.received,
        id=carrier.id,
        topic=carrier.topic,
    )


def _is_eventbridge(found: Obj) -> bool:
    return (
        isinstance(found.get("detail-type"), str)
        and isinstance(found.get("source"), str)
        and isinstance(found.get("detail"), dict)
    )


def _eventbridge(found: Obj, carrier: _Carrier) -> Envelope:
    return Envelope(
        shape=Shape.EVENTBRIDGE,
        body=obj(found, "detail"),
        raw=msgspec.json.encode(found),
        received=carrier.received,
        time=parse_time(found.get("time"), carrier.time or carrier.received),
        id=text(found, "id", cut=200) or carrier.id,
        source=text(found, "source", cut=200),
        detail_type=text(found, "detail-type", cut=200),
        account=text(found, "account", cut=64),
        region=text(found, "region", cut=64),
        resources=texts(found, "resources"),
        topic=carrier.topic,
    )


# --- bare findings --------------------------------------------------------------------------------------------------

# Keys that only a finding of that vendor has together, so that an unknown event is not taken for a finding.
_BARE: tuple[frozenset[str], ...] = (
    frozenset({"ProductArn", "GeneratorId", "AwsAccountId"}),  # ASFF
    frozenset({"ProductArn", "Id", "AwsAccountId"}),
    frozenset({"schemaVersion", "accountId", "type", "service"}),  # GuardDuty, as EventBridge writes it
    frozenset({"SchemaVersion", "AccountId", "Type", "Service"}),  # GuardDuty, as its API answers
    frozenset({"analyzedAt", "resourceType", "status", "createdAt"}),  # Access Analyzer
    frozenset({"findingArn", "awsAccountId", "severity"}),  # Inspector
    frozenset({"class_uid", "category_uid", "metadata"}),  # OCSF
    frozenset({"classificationDetails", "severity", "accountId"}),  # Macie
    frozenset({"policyDetails", "severity", "accountId"}),
)


def is_bare_finding(found: Obj) -> bool:
    """Whether an object without an envelope has the marks of a vendor's finding, or holds a list of them."""
    listed = _listed(found)
    if listed is not None:
        return any(is_bare_finding(part) for part in objs(listed))
    return any(marks <= found.keys() for marks in _BARE)


def _listed(found: Obj) -> list[object] | None:
    """The findings of an API's answer, which is how people export them."""
    for key in ("Findings", "findings"):
        if isinstance(listed := found.get(key), list):
            return listed
    return None


def _parts(found: object) -> Iterator[Obj]:
    """The objects of a document: itself, those of a list, or those under `Findings`/`findings`."""
    if isinstance(found, dict):
        listed = _listed(found)
        if listed is None:
            yield found
            return
        found = listed
    parts = objs(found) if isinstance(found, list) else []
    if not parts or len(parts) != len(items(found)):
        raise NotJson("expected a JSON object or a list of them")
    yield from parts


# --- bytes to JSON --------------------------------------------------------------------------------------------------


def _decode(body: bytes | str, limit: int) -> Obj:
    found = _parse(_bytes(body, limit))
    if not isinstance(found, dict):
        raise NotJson("the message is JSON, but not an object")
    return found


def _parse(raw: bytes) -> object:
    clean = _clean(raw)
    try:
        found = _json(clean)
    except NotJson:
        # Announcements have come with line breaks inside their texts, which JSON forbids and everybody else lets pass.
        if not _CONTROL.search(clean):
            raise
        found = _json(clean.translate(_CONTROL_TO_SPACE))
    if clean.count(b"{") + clean.count(b"[") > DEPTH_MAX:  # with fewer brackets nothing can be as deep
        _check_depth(found)
    return found


def _json(raw: bytes) -> object:
    try:
        found: object = msgspec.json.decode(raw)
    except RecursionError as error:
        raise TooDeep from error
    except (msgspec.MsgspecError, ValueError, OverflowError) as error:
        raise NotJson from error
    return found


def _bytes(body: bytes | str, limit: int) -> bytes:
    if len(body) > limit:
        raise TooLarge
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    if len(raw) > limit:
        raise TooLarge
    # A text from Python may hold a lone surrogate itself, where bytes would hold its escape.
    return raw.decode("utf-8", "replace").encode() if isinstance(body, str) and b"\xed" in raw else raw


def _clean(raw: bytes) -> bytes:
    """The same JSON with the escapes that a store refuses (NUL, a lone surrogate) replaced by U+FFFD.

    The rest of the finding is fine, and whoever may name a resource could hide one behind such an escape.
    """
    return _ESCAPE.sub(_escape, raw) if _RARE.search(raw) else raw


def _escape(match: re.Match[bytes]) -> bytes:
    return match[0] if match["fine"] or match["other"] else _REPLACEMENT


def _check_depth(found: object) -> None:
    level: list[object] = [found]
    for _ in range(DEPTH_MAX):
        level = [v for node in level for v in _children(node) if isinstance(v, dict | list)]
        if not level:
            return
    raise TooDeep


def _children(node: object) -> list[object]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []
