"""AWS Health: service issues, planned changes and notices about an account, one finding for event and account.

AWS grades nothing, so the grades are ours: abuse and risk events HIGH, exposed credentials CRITICAL, an issue MEDIUM, a planned change
LOW, a notice INFO. A closed event is resolved. With the organisation's view the event names the affected account itself.
"""

from __future__ import annotations

from bot.domain.envelope import Envelope, Reading, Shape
from bot.domain.fields import (
    Fact,
    Obj,
    arn_part,
    emitted_at,
    facts,
    fallback_id,
    first,
    first_time,
    objs,
    optional_time,
    paragraphs,
    tags_of,
    text,
)
from bot.domain.finding import Finding, Resource, Severity, Status, identity
from bot.plugins import Source

# From: docs.aws.amazon.com/health/latest/ug/aws-health-concepts-and-terms.html (event type category)
_CATEGORY = {
    "issue": Severity.MEDIUM,
    "scheduledchange": Severity.LOW,
    "accountnotification": Severity.INFO,
    "investigation": Severity.MEDIUM,
}
# From: docs.aws.amazon.com/health/latest/ug/security.html names AWS_RISK and AWS_ABUSE codes; the first word found decides.
_CODES = (("CREDENTIALS_EXPOSED", Severity.CRITICAL), ("RISK", Severity.HIGH), ("ABUSE", Severity.HIGH))


def matches(envelope: Envelope) -> bool:
    """Events of `aws.health`, abuse events included."""
    return envelope.shape is Shape.EVENTBRIDGE and envelope.source == "aws.health"


def normalise(envelope: Envelope) -> Reading:
    """The one finding of the event."""
    detail = envelope.body
    arn, code = text(detail, "eventArn"), text(detail, "eventTypeCode", cut=300)
    native_id = arn or fallback_id(envelope)
    account = first(text(detail, "affectedAccount", cut=64), envelope.account)
    region = first(text(detail, "eventRegion", cut=64), arn_part(arn, 3), envelope.region)
    updated = first_time(envelope.time, detail.get("lastUpdatedTime"))
    return (
        Finding(
            # One public event has one ARN in every account that it touches.
            key=identity(SOURCE.name, account, native_id),
            source=SOURCE.name,
            via=SOURCE.name,
            native_id=native_id,
            account=account,
            region=region,
            severity=_severity(detail, code),
            title=_title(detail, code) or envelope.detail_type or native_id,
            type=code,
            status=Status.RESOLVED if _is_closed(detail) else Status.ACTIVE,
            first_seen=first_time(updated, detail.get("startTime")),
            updated=updated,
            emitted=emitted_at(envelope, updated),
            last_seen=updated,
            resources=_resources(detail, envelope, account, region),
            description=_description(detail),
            record_state=_state(detail),
            product="Health",
            evidence=_evidence(detail),
            tags=tags_of(detail, "affectedEntities", 0, "tags"),
        ),
    )


def _severity(detail: Obj, code: str) -> Severity:
    """Codes of risk and abuse come as words between underscores, so `RISK` does not match within another word."""
    words = f"_{code.upper()}_"
    coded = next((severity for word, severity in _CODES if f"_{word}_" in words), None)
    if coded is not None:
        return coded
    return _CATEGORY.get(text(detail, "eventTypeCategory").casefold(), Severity.MEDIUM)


def _state(detail: Obj) -> str:
    return first(text(detail, "statusCode", cut=100), text(detail, "eventStatus", cut=100))


def _is_closed(detail: Obj) -> bool:
    return _state(detail).casefold() == "closed"


def _title(detail: Obj, code: str) -> str:
    """`AWS_EC2_INSTANCE_STOP_SCHEDULED` of EC2 is `EC2: instance stop scheduled`: Health gives no title."""
    service = text(detail, "service", cut=100)
    words = code.removeprefix("AWS_").removeprefix(f"{service}_".upper()).replace("_", " ").lower()
    return ": ".join(filter(None, (service, words)))


def _description(detail: Obj) -> str:
    written = objs(detail, "eventDescription")
    english = [one for one in written if text(one, "language").casefold().startswith("en")]
    return next((found for one in (*english, *written) if (found := paragraphs(one, "latestDescription"))), "")


def _resources(detail: Obj, envelope: Envelope, account: str, region: str) -> tuple[Resource, ...]:
    named = [text(one, "entityValue") for one in objs(detail, "affectedEntities")] or list(envelope.resources)
    return tuple(Resource(one, "", arn_part(one, 3) or region, account) for one in dict.fromkeys(named) if one)[:50]


def _evidence(detail: Obj) -> tuple[Fact, ...]:
    end = optional_time(detail.get("endTime"))
    return facts(
        ("Service", text(detail, "service")),
        ("Category", text(detail, "eventTypeCategory")),
        ("Starts", text(detail, "startTime")),
        ("Ends", end.isoformat(timespec="minutes") if end else ""),
        ("Scope", text(detail, "eventScopeCode")),
        ("Actionability", text(detail, "actionability")),
    )


SOURCE = Source(name="health", matches=matches, normalise=normalise)
