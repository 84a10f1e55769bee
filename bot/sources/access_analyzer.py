"""IAM Access Analyzer: external, internal and unused access, and the findings of its API without an envelope.

The service's own events grade nothing, so the grades here are ours, and agree with what it tells Security Hub: public access HIGH, access
from another account LOW, unused access LOW, and LOW for a resource that it could not analyse. Access within the organisation to a
resource that was marked as critical is MEDIUM. `detail.accountId` is the resource's account; the
envelope's is the analyzer's. A preview of a policy that is not in force is no finding.
"""

from __future__ import annotations

from bot.domain.envelope import Envelope, Ignored, Reading, Shape
from bot.domain.fields import (
    Fact,
    Obj,
    arn_part,
    emitted_at,
    facts,
    fallback_id,
    first,
    first_time,
    flag,
    get,
    obj,
    optional_time,
    some,
    text,
    texts,
)
from bot.domain.finding import Finding, Resource, Severity, Status, access_analyzer_identity, resource_name
from bot.domain.hub import analyzer_of
from bot.plugins import Source

EXTERNAL = "Access Analyzer Finding"
INTERNAL = "Internal Access Finding"
UNUSED = "Unused Access Finding for IAM entities"
PREVIEW = "Access Preview State Change"

# From: docs.aws.amazon.com/access-analyzer/latest/APIReference/API_FindingSummaryV2.html (findingType)
_UNUSED = {
    "UnusedIAMRole": "is an unused role",
    "UnusedIAMUserAccessKey": "has an unused access key",
    "UnusedIAMUserPassword": "has an unused password",
    "UnusedPermission": "has unused permissions",
}
_STATUS = {"ARCHIVED": Status.SUPPRESSED, "RESOLVED": Status.RESOLVED}


def matches(envelope: Envelope) -> bool:
    """The four detail-types of `aws.access-analyzer`, and bare findings of either API version."""
    if envelope.shape is Shape.EVENTBRIDGE:
        known = envelope.detail_type in (EXTERNAL, INTERNAL, UNUSED, PREVIEW)
        return envelope.source == "aws.access-analyzer" and known
    return envelope.shape is Shape.BARE and {"analyzedAt", "resourceType", "status"} <= envelope.body.keys()


def normalise(envelope: Envelope) -> Reading:
    """The one finding of the event."""
    if envelope.detail_type == PREVIEW:
        return Ignored("access_preview", text(envelope.body, "status"))
    return (_finding(envelope.body, envelope),)


def _finding(detail: Obj, envelope: Envelope) -> Finding:
    native_id = first(text(detail, "id"), text(detail, "findingId"), fallback_id(envelope))
    analyzer, home = analyzer_of(envelope.resources[0] if envelope.resources else "")
    resource = _resource(detail, envelope)
    region = first(text(detail, "region", cut=64), envelope.region, home, resource.region)
    updated = first_time(envelope.time, detail.get("updatedAt"), detail.get("analyzedAt"))
    kind = _kind(detail, envelope)
    return Finding(
        key=access_analyzer_identity(home or region, native_id),
        source=SOURCE.name,
        via=SOURCE.name,
        native_id=native_id,
        account=resource.account,
        region=region,
        severity=_severity(detail, kind),
        title=_title(detail, kind, resource),
        type=kind,
        status=_status(detail),
        first_seen=first_time(updated, detail.get("createdAt")),
        updated=updated,
        emitted=emitted_at(envelope, updated),
        last_seen=optional_time(detail.get("analyzedAt")),
        resources=(resource,),
        record_state=text(detail, "status"),
        product="IAM Access Analyzer",
        detector=analyzer,
        evidence=_evidence(detail),
    )


def _resource(detail: Obj, envelope: Envelope) -> Resource:
    arn = text(detail, "resource")
    owner = first(text(detail, "accountId", cut=64), text(detail, "resourceOwnerAccount", cut=64), arn_part(arn, 4))
    return Resource(
        id=arn,
        type=text(detail, "resourceType", cut=200),
        region=first(arn_part(arn, 3), text(detail, "region", cut=64), envelope.region),
        account=owner or envelope.account,
    )


def _kind(detail: Obj, envelope: Envelope) -> str:
    """The finding type; events on external access carry none."""
    named = text(detail, "findingType", cut=100)
    return named or ("InternalAccess" if envelope.detail_type == INTERNAL else _guessed(envelope))


def _guessed(envelope: Envelope) -> str:
    return "UnusedAccess" if envelope.detail_type == UNUSED else "ExternalAccess"


def _is_public(detail: Obj) -> bool:
    return flag(detail, "isPublic") or text(detail, "principal", "AWS") == "*"


def _severity(detail: Obj, kind: str) -> Severity:
    if text(detail, "error") or kind.startswith("Unused"):
        return Severity.LOW
    if _is_public(detail):
        return Severity.HIGH
    return Severity.MEDIUM if kind == "InternalAccess" else Severity.LOW


def _status(detail: Obj) -> Status:
    if flag(detail, "isDeleted"):
        return Status.RESOLVED
    return _STATUS.get(text(detail, "status").upper(), Status.ACTIVE)


def _title(detail: Obj, kind: str, resource: Resource) -> str:
    what = f"{_noun(resource.type)} {resource_name(resource.id)}".strip() or "A resource"
    if text(detail, "error"):
        return f"{what} could not be analysed: {text(detail, 'error', cut=200)}"
    if kind.startswith("Unused"):
        return f"{what} {_UNUSED.get(kind, 'has unused access')}"
    if kind == "InternalAccess":
        return f"{what} is accessible within the organization to {_principal(detail)}"
    return f"{what} is public" if _is_public(detail) else f"{what} is accessible to {_principal(detail)}"


def _noun(kind: str) -> str:
    """`AWS::S3::Bucket` is `S3 Bucket`."""
    return " ".join(part for part in kind.split("::") if part != "AWS")


def _principal(detail: Obj) -> str:
    named = obj(detail, "principal")
    return next((f"{text(named, key)}" for key in named if text(named, key)), "an unnamed principal")


def _evidence(detail: Obj) -> tuple[Fact, ...]:
    condition = obj(detail, "condition")
    return facts(
        ("Principal", "; ".join(f"{k}: {text(v)}" for k, v in obj(detail, "principal").items())),
        ("Public", "yes" if _is_public(detail) else ""),
        ("Actions", some(texts(detail, "action"))),
        ("Condition", "; ".join(f"{k}: {text(v)}" for k, v in condition.items())),
        ("Error", text(detail, "error")),
        ("Unused services", text(detail, "numberOfUnusedServices")),
        ("Unused actions", text(detail, "numberOfUnusedActions")),
        ("Deleted", "yes" if get(detail, "isDeleted") is True else ""),
    )


SOURCE = Source(name="access_analyzer", matches=matches, normalise=normalise)
