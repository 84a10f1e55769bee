"""Amazon Inspector: vulnerable packages, code and reachable ports, from EventBridge and its API without an envelope.

The key is the finding's ARN, which Security Hub uses as its id too. Notices about scans and coverage hold no finding.
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
    number,
    obj,
    objs,
    optional_time,
    paragraphs,
    tags_of,
    text,
    texts,
)
from bot.domain.finding import Finding, Resource, Severity, Status, hub_identity
from bot.plugins import Source

FINDING = "Inspector2 Finding"

# From: docs.aws.amazon.com/inspector/v2/APIReference/API_Finding.html (severity, status)
_SEVERITY = {
    "INFORMATIONAL": Severity.INFO,
    "LOW": Severity.LOW,
    "MEDIUM": Severity.MEDIUM,
    "HIGH": Severity.HIGH,
    "CRITICAL": Severity.CRITICAL,
}
_STATUS = {"CLOSED": Status.RESOLVED, "SUPPRESSED": Status.SUPPRESSED}
# From: docs.aws.amazon.com/inspector/latest/user/findings-understanding-severity.html
_SCORES = ((9.0, Severity.CRITICAL), (7.0, Severity.HIGH), (4.0, Severity.MEDIUM), (0.1, Severity.LOW))


def matches(envelope: Envelope) -> bool:
    """Every event of `aws.inspector2`, and bare findings."""
    if envelope.shape is Shape.EVENTBRIDGE:
        return envelope.source == "aws.inspector2"
    return envelope.shape is Shape.BARE and {"findingArn", "awsAccountId"} <= envelope.body.keys()


def normalise(envelope: Envelope) -> Reading:
    """The one finding of the event."""
    if envelope.shape is Shape.EVENTBRIDGE and envelope.detail_type != FINDING:
        return Ignored("scan_notice", envelope.detail_type)
    return (_finding(envelope.body, envelope),)


def _finding(body: Obj, envelope: Envelope) -> Finding:
    native_id = text(body, "findingArn") or fallback_id(envelope)
    account = first(text(body, "awsAccountId", cut=64), arn_part(native_id, 4), envelope.account)
    region = first(arn_part(native_id, 3), text(body, "resources", 0, "region", cut=64), envelope.region)
    updated = first_time(envelope.time, body.get("updatedAt"), body.get("lastObservedAt"))
    return Finding(
        key=hub_identity(native_id),
        source=SOURCE.name,
        via=SOURCE.name,
        native_id=native_id,
        account=account,
        region=region,
        severity=_severity(body),
        title=first(text(body, "title", cut=10_000), text(body, "type"), native_id),
        type=text(body, "type", cut=200),
        status=_STATUS.get(text(body, "status").upper(), Status.ACTIVE),
        first_seen=first_time(updated, body.get("firstObservedAt")),
        updated=updated,
        emitted=emitted_at(envelope, updated),
        last_seen=optional_time(body.get("lastObservedAt")),
        resources=tuple(_resource(one, account, region) for one in objs(body, "resources")[:50]),
        description=paragraphs(body, "description"),
        remediation_url=first(
            text(body, "remediation", "recommendation", "Url"), text(body, "packageVulnerabilityDetails", "sourceUrl")
        ),
        record_state=text(body, "status"),
        product="Inspector",
        evidence=_evidence(body),
        tags=tags_of(body, "resources", 0, "tags"),
    )


def _severity(body: Obj) -> Severity:
    """The word; UNTRIAGED and anything unknown is graded by the score, and is MEDIUM without one."""
    word, score = text(body, "severity").upper(), number(body, "inspectorScore")
    if word in _SEVERITY:
        return _SEVERITY[word]
    if score is None:
        return Severity.MEDIUM
    return next((severity for least, severity in _SCORES if score >= least), Severity.INFO)


def _resource(one: Obj, account: str, region: str) -> Resource:
    return Resource(
        id=text(one, "id"),
        type=text(one, "type", cut=200),
        region=text(one, "region", cut=64) or region,
        account=arn_part(text(one, "id"), 4) or account,
        name=next((value for key, value in tags_of(one, "tags") if key == "Name"), ""),
    )


def _evidence(body: Obj) -> tuple[Fact, ...]:
    details = obj(body, "packageVulnerabilityDetails")
    package = obj(details, "vulnerablePackages", 0)
    ports = obj(body, "networkReachabilityDetails")
    others = len(objs(details, "vulnerablePackages")) - 1
    named = " ".join(filter(None, (text(package, "name"), text(package, "version"))))
    return facts(
        ("Vulnerability", text(details, "vulnerabilityId")),
        ("Package", f"{named} and {others} more" if others > 0 else named),
        ("Fixed in", text(package, "fixedInVersion")),
        ("Score", text(body, "inspectorScore")),
        ("EPSS", text(body, "epss", "score")),
        ("Exploit", _exploit(body)),
        ("Open ports", _ports(obj(ports, "openPortRange"), text(ports, "protocol"))),
        ("Weakness", ", ".join(texts(body, "codeVulnerabilityDetails", "cwes")[:5])),
    )


def _exploit(body: Obj) -> str:
    """Only worth a line when there is one."""
    return "available" if text(body, "exploitAvailable").upper() == "YES" else ""


def _ports(span: Obj, protocol: str) -> str:
    begin, end = text(span, "begin"), text(span, "end")
    return f"{protocol} {begin}" if begin == end and begin else f"{protocol} {begin}-{end}" if begin else ""


SOURCE = Source(name="inspector", matches=matches, normalise=normalise)
