"""GuardDuty: findings as EventBridge writes them (camelCase) and as its API answers them (PascalCase).

The key comes from the finding's ARN, so the same finding through Security Hub is one. A fragment without an id is nobody's finding
and is left to another plug; announcements on GuardDuty's own SNS topic hold none.
"""

from __future__ import annotations

from bot.domain.envelope import Envelope, Ignored, Reading, Shape
from bot.domain.fields import (
    Fact,
    Obj,
    emitted_at,
    facts,
    fallback_id,
    first,
    first_time,
    flag,
    number,
    optional_time,
    paragraphs,
    some,
    tags_of,
    text,
    texts,
)
from bot.domain.finding import Finding, Resource, Severity, Status, guardduty_arn_parts, guardduty_identity
from bot.plugins import Source

FINDING = "GuardDuty Finding"

# From: docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html
_SCALE = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (1.0, Severity.LOW))
# From: docs.aws.amazon.com/guardduty/latest/ug/guardduty_sns.html
_ANNOUNCEMENTS = frozenset({"NEW_FINDINGS", "UPDATED_FINDINGS", "NEW_FEATURES", "NEW_REGION"})

_TYPES_PAGE = "https://docs.aws.amazon.com/guardduty/latest/ug/guardduty_finding-types-active.html"


def matches(envelope: Envelope) -> bool:
    """GuardDuty's finding events, its announcements, and bare findings with an id."""
    body = envelope.body
    if envelope.shape is Shape.EVENTBRIDGE:
        return envelope.source == "aws.guardduty" and envelope.detail_type == FINDING
    if envelope.shape is Shape.BARE:
        return bool(_text(body, "id")) and isinstance(_get(body, "service"), dict) and bool(_text(body, "type"))
    listed = "findingDetails" in body or "featureDetails" in body or "regionDetails" in body
    return listed and (text(body, "type") in _ANNOUNCEMENTS or "GuardDuty" in envelope.topic)


def normalise(envelope: Envelope) -> Reading:
    """The one finding of the event."""
    if envelope.shape is Shape.SNS_NATIVE:
        return Ignored("announcement", text(envelope.body, "type"))
    return (_finding(envelope.body, envelope),)


def _get(value: object, *path: str | int) -> object:
    """`fields.get` for either spelling of a key: `severity` and `Severity`."""
    for step in path:
        if isinstance(step, int):
            value = value[step] if isinstance(value, list) and len(value) > step else None
        elif isinstance(value, dict):
            value = value[step] if step in value else value.get(step[0].upper() + step[1:])
        else:
            return None
    return value


def _text(value: object, *path: str | int, cut: int = 2_048) -> str:
    return text(_get(value, *path), cut=cut)


def _obj(value: object, *path: str | int) -> Obj:
    found = _get(value, *path)
    return found if isinstance(found, dict) else {}


def _finding(body: Obj, envelope: Envelope) -> Finding:
    service, arn = _obj(body, "service"), _text(body, "arn")
    parts = guardduty_arn_parts(arn)
    native_id = first(_text(body, "id"), parts[3] if parts else "", fallback_id(envelope))
    account = first(_text(body, "accountId", cut=64), parts[1] if parts else "", envelope.account)
    region = first(_text(body, "region", cut=64), parts[0] if parts else "", envelope.region)
    updated = first_time(envelope.time, _get(body, "updatedAt"), _get(service, "eventLastSeen"))
    kind = _text(body, "type")
    resources = _resources(_obj(body, "resource"), account, region)
    # The ARN decides where there is one, because it is all that a hub passes on.
    place = (parts[1], parts[0], parts[3]) if parts else (account, region, native_id)
    return Finding(
        key=guardduty_identity(*place),
        source=SOURCE.name,
        via=SOURCE.name,
        native_id=native_id,
        account=account,
        region=region,
        severity=_severity(body),
        title=first(_text(body, "title", cut=10_000), kind, native_id),
        type=kind,
        status=Status.SUPPRESSED if flag(_get(service, "archived")) else Status.ACTIVE,
        first_seen=first_time(updated, _get(service, "eventFirstSeen"), _get(body, "createdAt")),
        updated=updated,
        emitted=emitted_at(envelope, updated),
        last_seen=optional_time(_get(service, "eventLastSeen")),
        resources=resources,
        description=paragraphs(_get(body, "description")),
        remediation_url=_TYPES_PAGE,
        record_state="ARCHIVED" if flag(_get(service, "archived")) else "ACTIVE",
        product="GuardDuty",
        detector=first(_text(service, "detectorId"), parts[2] if parts else ""),
        evidence=_evidence(body, service),
        tags=_tags(_obj(body, "resource")),
    )


def _severity(body: Obj) -> Severity:
    score = number(_get(body, "severity"))
    if score is None:
        return Severity.MEDIUM
    return next((severity for least, severity in _SCALE if score >= least), Severity.INFO)


# --- resources --------------------------------------------------------------------------------------------------------

# (GuardDuty's resource type, its details, where the id is, our type). The order is that of the second and later resources.
_DETAILS: tuple[tuple[str, tuple[str | int, ...], tuple[str, ...], str], ...] = (
    ("S3Bucket", ("s3BucketDetails", 0), ("arn", "name"), "AwsS3Bucket"),
    ("S3Object", ("s3BucketDetails", 0), ("arn", "name"), "AwsS3Bucket"),
    ("EKSCluster", ("eksClusterDetails",), ("arn", "name"), "AwsEksCluster"),
    ("ECSCluster", ("ecsClusterDetails",), ("arn", "name"), "AwsEcsCluster"),
    ("Lambda", ("lambdaDetails",), ("functionArn", "functionName"), "AwsLambdaFunction"),
    ("RDSDBInstance", ("rdsDbInstanceDetails",), ("dbInstanceArn", "dbInstanceIdentifier"), "AwsRdsDbInstance"),
    ("Container", ("containerDetails",), ("id", "name", "image"), "Container"),
    ("Instance", ("instanceDetails",), ("instanceId",), "AwsEc2Instance"),
    ("AccessKey", ("accessKeyDetails",), ("userName", "principalId", "accessKeyId"), "AwsIamAccessKey"),
)


_ORDERED = {kind: sorted(_DETAILS, key=lambda row: row[0] != kind) for kind, *_ in _DETAILS}


def _details(resource: Obj) -> list[tuple[Obj, tuple[str, ...], str]]:
    """(details, where their id is, our type) of the resources that are described, that of `resourceType` first."""
    rows = _ORDERED.get(_text(resource, "resourceType"), _DETAILS)
    return [(details, ids, ours) for _, path, ids, ours in rows if (details := _obj(resource, *path))]


def _resources(resource: Obj, account: str, region: str) -> tuple[Resource, ...]:
    """The resource that the finding is about, then the others it names; the account itself when it names none."""
    kind = _text(resource, "resourceType")
    found = (_resource(details, ids, ours, account, region) for details, ids, ours in _details(resource))
    distinct = tuple(dict.fromkeys(r for r in found if r.id))
    return distinct or (Resource(id=account, type=kind or "AwsAccount", region=region, account=account),)


def _resource(details: Obj, ids: tuple[str, ...], kind: str, account: str, region: str) -> Resource:
    name = first(_text(details, "name"), _text(details, "functionName"), _text(details, "userName"), _name_tag(details))
    return Resource(first(*(_text(details, key) for key in ids)), kind, region, account, name)


def _name_tag(details: Obj) -> str:
    return next((value for key, value in tags_of(_get(details, "tags")) if key == "Name"), "")


def _tags(resource: Obj) -> tuple[Fact, ...]:
    return next((tags for details, _, _ in _details(resource) if (tags := tags_of(_get(details, "tags")))), ())


# --- evidence ---------------------------------------------------------------------------------------------------------

_ACTIONS = (
    "awsApiCallAction",
    "networkConnectionAction",
    "kubernetesApiCallAction",
    "rdsLoginAttemptAction",
    "dnsRequestAction",
)


def _evidence(body: Obj, service: Obj) -> tuple[Fact, ...]:
    action = _obj(service, "action")
    known = next((found for name in _ACTIONS if (found := _obj(action, name))), {})
    probe = _obj(action, "portProbeAction", "portProbeDetails", 0)
    remote = _obj(known, "remoteIpDetails") or _obj(probe, "remoteIpDetails")
    key = _obj(body, "resource", "accessKeyDetails")
    return facts(
        ("Actor IP", first(_text(remote, "ipAddressV4"), _text(remote, "ipAddressV6"))),
        ("Country", _text(remote, "country", "countryName")),
        ("Organisation", first(_text(remote, "organization", "org"), _text(remote, "organization", "asnOrg"))),
        ("Port", first(_text(known, "localPortDetails", "port"), _text(probe, "localPortDetails", "port"))),
        ("API", _api(known)),
        ("Domain", _text(known, "domain")),
        ("User", _user(key)),
        ("Threat", _threat(service)),
        ("Count", _text(service, "count")),
    )


def _api(action: Obj) -> str:
    call = first(_text(action, "api"), _text(action, "verb"))
    where = first(_text(action, "serviceName"), _text(action, "requestUri"))
    error = _text(action, "errorCode")
    line = " ".join(filter(None, (call, where)))
    return f"{line} ({error})" if line and error else line


def _user(key: Obj) -> str:
    name, kind = _text(key, "userName"), _text(key, "userType")
    return f"{name} ({kind})" if name and kind else name


def _threat(service: Obj) -> str:
    intelligence = texts(_get(service, "evidence", "threatIntelligenceDetails", 0, "threatNames"))
    intelligence = intelligence or texts(_get(service, "evidence", "threatIntelligenceDetails", 0, "ThreatNames"))
    scan = _obj(service, "ebsVolumeScanDetails", "scanDetections", "highestSeverityThreatDetails")
    return first(some(intelligence), _text(scan, "threatName"))


SOURCE = Source(name="guardduty", matches=matches, normalise=normalise)
