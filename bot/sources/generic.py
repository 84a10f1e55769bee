"""Whatever no other plug reads: kept and shown as a plain card, so that nothing is dropped because it is new.

It claims little: the account, region and resources are the envelope's, the grade is the event's own word where it has one and INFO
otherwise. It never says that something is resolved.
"""

from __future__ import annotations

from bot.domain.envelope import Envelope, Reading
from bot.domain.fields import Fact, Obj, arn_part, emitted_at, facts, fallback_id, first, text
from bot.domain.finding import Finding, Resource, Severity, Status, identity
from bot.plugins import Source

LAST = 1_000
_TITLES = ("title", "Title", "subject", "Subject", "name", "Name", "message", "Message", "description", "Description")
_GRADES = ("severity", "Severity", "priority")
_KINDS = ("type", "Type", "eventName", "messageType")


def matches(_envelope: Envelope) -> bool:
    """Everything."""
    return True


def normalise(envelope: Envelope) -> Reading:
    """One finding that repeats what the event says of itself."""
    body, native_id = envelope.body, fallback_id(envelope)
    kind = first(envelope.detail_type, *(text(body, key, cut=200) for key in _KINDS))
    account = first(envelope.account, arn_part(envelope.topic, 4))
    region = first(envelope.region, arn_part(envelope.topic, 3))
    return (
        Finding(
            key=identity(SOURCE.name, envelope.source, native_id),
            source=SOURCE.name,
            via=SOURCE.name,
            native_id=native_id,
            account=account,
            region=region,
            severity=_severity(body),
            title=_title(body, envelope) or "An event of an unknown kind",
            type=kind,
            status=Status.ACTIVE,
            first_seen=envelope.time,
            updated=envelope.time,
            emitted=emitted_at(envelope, envelope.time),
            resources=_resources(envelope, account, region),
            product=envelope.source,
            evidence=_evidence(body),
        ),
    )


def _title(body: Obj, envelope: Envelope) -> str:
    named = next((line for key in _TITLES if (line := text(body, key, cut=1_000))), "")
    return ": ".join(dict.fromkeys(filter(None, (envelope.detail_type, named))))


def _severity(body: Obj) -> Severity:
    words = (Severity.of_word(text(body, key)) for key in _GRADES)
    return next((found for found in words if found is not None), Severity.INFO)


def _resources(envelope: Envelope, account: str, region: str) -> tuple[Resource, ...]:
    return tuple(
        Resource(one, "", arn_part(one, 3) or region, arn_part(one, 4) or account) for one in envelope.resources[:50]
    )


def _evidence(body: Obj) -> tuple[Fact, ...]:
    """The first six plain fields, in the event's own order."""
    plain = ((text({"": key}, "", cut=60), text(value)) for key, value in body.items())
    return facts(*[(key, value) for key, value in plain if key and value][:6])


SOURCE = Source(name="generic", matches=matches, normalise=normalise, rank=LAST)
