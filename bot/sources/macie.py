"""Amazon Macie: sensitive data found in S3 objects, and buckets whose policy exposes them.

The grade is Macie's own word or score. An archived finding is suppressed at the source. Other events of the service hold none.
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
    obj,
    objs,
    paragraphs,
    some,
    tags_of,
    text,
)
from bot.domain.finding import Finding, Resource, Severity, Status
from bot.domain.hub import macie_identity
from bot.plugins import Source

FINDING = "Macie Finding"

# From: docs.aws.amazon.com/macie/latest/APIReference/findings-describe.html (Severity: description, and score 1 to 3)
_SCORES = {1: Severity.LOW, 2: Severity.MEDIUM, 3: Severity.HIGH}


def matches(envelope: Envelope) -> bool:
    """Every event of `aws.macie`, and bare findings."""
    if envelope.shape is Shape.EVENTBRIDGE:
        return envelope.source == "aws.macie"
    marked = "classificationDetails" in envelope.body or "policyDetails" in envelope.body
    return envelope.shape is Shape.BARE and marked and "severity" in envelope.body


def normalise(envelope: Envelope) -> Reading:
    """The one finding of the event."""
    if envelope.shape is Shape.EVENTBRIDGE and envelope.detail_type != FINDING:
        return Ignored("service_notice", envelope.detail_type)
    return (_finding(envelope.body, envelope),)


def _finding(body: Obj, envelope: Envelope) -> Finding:
    native_id = text(body, "id") or fallback_id(envelope)
    account = first(text(body, "accountId", cut=64), envelope.account)
    region = first(text(body, "region", cut=64), envelope.region)
    updated = first_time(envelope.time, body.get("updatedAt"), body.get("createdAt"))
    kind, archived = text(body, "type", cut=200), flag(body, "archived")
    bucket = obj(body, "resourcesAffected", "s3Bucket")
    return Finding(
        key=macie_identity(account, region, native_id),
        source=SOURCE.name,
        via=SOURCE.name,
        native_id=native_id,
        account=account,
        region=region,
        severity=_severity(body),
        title=first(text(body, "title", cut=10_000), kind, native_id),
        type=kind,
        status=Status.SUPPRESSED if archived else Status.ACTIVE,
        first_seen=first_time(updated, body.get("createdAt")),
        updated=updated,
        emitted=emitted_at(envelope, updated),
        last_seen=updated,
        resources=_resources(body, bucket, account, region),
        description=paragraphs(body, "description"),
        record_state="ARCHIVED" if archived else "ACTIVE",
        product="Macie",
        detector=text(body, "classificationDetails", "jobId"),
        evidence=_evidence(body, bucket),
        tags=tags_of(bucket, "tags"),
    )


def _severity(body: Obj) -> Severity:
    word, score = Severity.of_word(text(body, "severity", "description")), number(body, "severity", "score")
    if word is not None:
        return word
    return _SCORES.get(int(score or 0), Severity.MEDIUM)


def _resources(body: Obj, bucket: Obj, account: str, region: str) -> tuple[Resource, ...]:
    thing = obj(body, "resourcesAffected", "s3Object")
    name = text(bucket, "name")
    rows = (
        Resource(first(text(bucket, "arn"), name), "AWS::S3::Bucket", region, account, name),
        Resource(first(text(thing, "path"), text(thing, "key")), "S3 object", region, account, text(thing, "key")),
    )
    return tuple(row for row in rows if row.id)


def _evidence(body: Obj, bucket: Obj) -> tuple[Fact, ...]:
    result = obj(body, "classificationDetails", "result")
    kinds = [
        f"{text(one, 'category')} ({text(one, 'totalCount')})"
        for one in objs(result, "sensitiveData")
        if text(one, "category")
    ]
    thing = obj(body, "resourcesAffected", "s3Object")
    actor = obj(body, "policyDetails", "actor")
    return facts(
        ("Data", some(kinds)),
        ("Object", text(thing, "key")),
        ("Public", text(bucket, "publicAccess", "effectivePermission")),
        ("Encryption", text(bucket, "defaultServerSideEncryption", "encryptionType")),
        ("Actor IP", text(actor, "ipAddressDetails", "ipAddressV4")),
        ("API", text(body, "policyDetails", "action", "apiCallDetails", "api")),
        ("Count", text(body, "count")),
    )


SOURCE = Source(name="macie", matches=matches, normalise=normalise)
