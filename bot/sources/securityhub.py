"""Security Hub CSPM: findings in ASFF, imported or sent by a person's custom action.

A finding keeps the service that found it as its source (GuardDuty through Security Hub is `guardduty`) and, where the ids permit,
that service's key. Third-party products and the hub's own controls are `securityhub`. Insight results and announcements hold no
finding.
"""

from __future__ import annotations

from datetime import datetime

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
    number,
    obj,
    objs,
    optional_time,
    paragraphs,
    some,
    tags_of,
    text,
    texts,
)
from bot.domain.finding import Finding, Resource, Severity, Status, guardduty_arn_parts
from bot.domain.hub import (
    Report,
    analyzer_of,
    config_rule_of,
    guardduty_type,
    product_of,
    reported_identity,
    source_of,
    standard_words,
)
from bot.errors import Malformed
from bot.plugins import Source

IMPORTED = "Security Hub Findings - Imported"
CUSTOM_ACTION = "Security Hub Findings - Custom Action"
INSIGHTS = "Security Hub Insight Results"

# From: docs.aws.amazon.com/securityhub/1.0/APIReference/API_Severity.html
_LABELS = {
    "INFORMATIONAL": Severity.INFO,
    "LOW": Severity.LOW,
    "MEDIUM": Severity.MEDIUM,
    "HIGH": Severity.HIGH,
    "CRITICAL": Severity.CRITICAL,
}
_NORMALIZED = ((90, Severity.CRITICAL), (70, Severity.HIGH), (40, Severity.MEDIUM), (1, Severity.LOW))
# From: docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings-severity.html
_GUARDDUTY = ((9, Severity.CRITICAL), (7, Severity.HIGH), (4, Severity.MEDIUM), (0.1, Severity.LOW))


def matches(envelope: Envelope) -> bool:
    """ASFF events of `aws.securityhub`, its announcements, and bare ASFF."""
    if envelope.shape is Shape.EVENTBRIDGE:
        known = envelope.detail_type in (IMPORTED, CUSTOM_ACTION, INSIGHTS)
        return envelope.source == "aws.securityhub" and known
    if envelope.shape is Shape.BARE:
        return "ProductArn" in envelope.body and "AwsAccountId" in envelope.body
    return "AnnouncementType" in envelope.body


def normalise(envelope: Envelope) -> Reading:
    """One finding for each that the event holds; raises Malformed when its list of findings is none."""
    if envelope.shape is Shape.SNS_NATIVE:
        return Ignored("announcement", text(envelope.body, "AnnouncementType"))
    if envelope.detail_type == INSIGHTS:
        return Ignored("insight_results", text(envelope.body, "insightName"))
    if envelope.shape is Shape.BARE:
        return (_finding(envelope.body, envelope, 0),)
    if not isinstance(envelope.body.get("findings"), list):
        raise Malformed("a Security Hub event without a list of findings")
    found = tuple(_finding(one, envelope, i) for i, one in enumerate(objs(envelope.body, "findings")))
    return found or Ignored("no_findings")


def _finding(asff: Obj, envelope: Envelope, index: int) -> Finding:
    product_arn = text(asff, "ProductArn")
    source = source_of(product_arn)
    native_id = text(asff, "Id") or fallback_id(envelope, index)
    account = first(text(asff, "AwsAccountId", cut=64), arn_part(product_arn, 4), envelope.account)
    region = _region(asff, product_arn, envelope)
    resources = _resources(asff, account, region)
    times = _times(asff, envelope)
    return Finding(
        key=reported_identity(_report(asff, native_id, source, resources, account=account, region=region)),
        source=source,
        via=SOURCE.name,
        native_id=native_id,
        account=account,
        region=region,
        severity=severity_of(asff, source),
        title=first(text(asff, "Title", cut=10_000), text(asff, "GeneratorId"), native_id),
        type=_type(asff, source),
        status=_status(asff),
        first_seen=times[0],
        updated=times[1],
        emitted=emitted_at(envelope, times[1]),
        last_seen=optional_time(asff.get("LastObservedAt")),
        resources=resources,
        description=paragraphs(asff, "Description"),
        remediation_url=first(
            text(asff, "Remediation", "Recommendation", "Url"), text(asff, "ProductFields", "RecommendationUrl")
        ),
        control=_control(asff),
        standards=_standards(asff),
        workflow=_workflow(asff),
        record_state=text(asff, "RecordState"),
        compliance=text(asff, "Compliance", "Status"),
        product=_product(asff, product_arn),
        detector=_detector(asff, source, native_id),
        evidence=_evidence(asff, source),
        tags=tags_of(asff, "Resources", 0, "Tags"),
        hub=product_arn,
        requested=text(envelope.body, "actionName") if envelope.detail_type == CUSTOM_ACTION else "",
    )


def _report(
    asff: Obj, native_id: str, source: str, resources: tuple[Resource, ...], *, account: str, region: str
) -> Report:
    return Report(
        native_id=native_id,
        source=source,
        product=text(asff, "ProductArn"),
        account=account,
        region=region,
        resource_type=resources[0].type if resources else "",
        resource_id=resources[0].id if resources else "",
        finding_id=text(asff, "ProductFields", "findingId"),
        url=text(asff, "SourceUrl"),
    )


def _region(asff: Obj, product_arn: str, envelope: Envelope) -> str:
    own = (text(asff, "Region", cut=64), arn_part(product_arn, 3), text(asff, "Resources", 0, "Region", cut=64))
    return first(*own, envelope.region)


def _times(asff: Obj, envelope: Envelope) -> tuple[datetime, datetime]:
    updated = first_time(envelope.time, asff.get("UpdatedAt"), asff.get("LastObservedAt"), asff.get("CreatedAt"))
    return first_time(updated, asff.get("FirstObservedAt"), asff.get("CreatedAt")), updated


def _resources(asff: Obj, account: str, region: str) -> tuple[Resource, ...]:
    return tuple(
        Resource(
            id=text(one, "Id"),
            type=text(one, "Type", cut=200),
            region=text(one, "Region", cut=64) or region,
            account=arn_part(text(one, "Id"), 4) or account,
            name=_resource_name(one),
        )
        for one in objs(asff, "Resources")[:50]
    )


def _resource_name(one: Obj) -> str:
    """A name that the id does not hold: the `Name` tag of an instance, the user of an access key."""
    return first(text(one, "Tags", "Name"), text(one, "Details", "AwsIamAccessKey", "UserName"))


# --- the vendor's scales and words ------------------------------------------------------------------------------------


def severity_of(asff: Obj, source: str) -> Severity:
    """The label; without one GuardDuty's own 0.1-10 where it is a GuardDuty finding; then 0-100; MEDIUM when nothing is said."""
    label = first(text(asff, "Severity", "Label"), text(asff, "ProductFields", "aws/securityhub/SeverityLabel"))
    native, normalized = number(asff, "Severity", "Product"), number(asff, "Severity", "Normalized")
    if label.upper() in _LABELS:
        return _LABELS[label.upper()]
    if source == "guardduty" and native and 0 < native <= 10:
        return _scaled(native, _GUARDDUTY)
    if normalized is not None:
        return _scaled(normalized, _NORMALIZED)
    return Severity.MEDIUM


def _scaled(value: float, scale: tuple[tuple[float, Severity], ...]) -> Severity:
    return next((severity for least, severity in scale if value >= least), Severity.INFO)


def _status(asff: Obj) -> Status:
    """The vendor's three states as one.

    `Compliance` NOT_AVAILABLE means that the check could not run, which proves nothing: it stays active. When the rule
    does not apply any more, the hub archives the finding as well.
    """
    workflow = text(asff, "Workflow", "Status").upper()
    if workflow == "SUPPRESSED" or flag(asff, "ProductFields", "aws/guardduty/service/archived"):
        return Status.SUPPRESSED
    archived = text(asff, "RecordState").upper() == "ARCHIVED"
    passed = text(asff, "Compliance", "Status").upper() == "PASSED"
    return Status.RESOLVED if archived or passed or workflow == "RESOLVED" else Status.ACTIVE


def _workflow(asff: Obj) -> str:
    return first(text(asff, "Workflow", "Status"), text(asff, "WorkflowState"))


def _type(asff: Obj, source: str) -> str:
    kind = first(text(asff, "Types", 0), text(asff, "FindingProviderFields", "Types", 0))
    return guardduty_type(kind) if source == "guardduty" else kind


def _control(asff: Obj) -> str:
    """`S3.8`; a CIS finding of old names its rule (`1.6`) instead."""
    return first(
        text(asff, "Compliance", "SecurityControlId"),
        text(asff, "ProductFields", "ControlId"),
        text(asff, "ProductFields", "RuleId"),
    )


def _standards(asff: Obj) -> tuple[str, ...]:
    named = (text(one, "StandardsId") for one in objs(asff, "Compliance", "AssociatedStandards"))
    fields = obj(asff, "ProductFields")
    return standard_words(*named, text(fields, "StandardsArn"), text(fields, "StandardsGuideArn"))


def _product(asff: Obj, product_arn: str) -> str:
    fields = obj(asff, "ProductFields")
    name = first(text(asff, "ProductName"), text(fields, "aws/securityhub/ProductName"), text(fields, "Product Name"))
    # An integration without a product of its own is called Default; who wrote the finding says more.
    if name in ("", "Default"):
        return first(text(fields, "ProviderName"), name, product_of(product_arn))
    return name


def _detector(asff: Obj, source: str, native_id: str) -> str:
    if source == "guardduty":
        parts = guardduty_arn_parts(native_id)
        return parts[2] if parts else ""
    if source == "access_analyzer":
        return analyzer_of(native_id)[0]
    if source == "config":
        return first(text(asff, "ProductFields", "aws/config/ConfigRuleName"), config_rule_of(native_id))
    return text(asff, "ProductFields", "RelatedAWSResources:0/name")


# --- evidence ---------------------------------------------------------------------------------------------------------


def _evidence(asff: Obj, source: str) -> tuple[Fact, ...]:
    fields, weakness = obj(asff, "ProductFields"), obj(asff, "Vulnerabilities", 0)
    if weakness:
        return _vulnerability(weakness)
    if source == "guardduty":
        return _action(fields)
    return facts(
        ("Reason", text(asff, "Compliance", "StatusReasons", 0, "ReasonCode")),
        ("Requirements", some(texts(asff, "Compliance", "RelatedRequirements"))),
        ("Detail", text(fields, "aws/securityhub/annotation")),
        ("Unused actions", text(fields, "numberOfUnusedActions")),
        ("Unused services", text(fields, "numberOfUnusedServices")),
        ("Principal", text(asff, "Resources", 0, "Details", "Other", "Principal AWS")),
        ("Actions", text(asff, "Resources", 0, "Details", "Other", "Action Granted")),
        ("Config rule", first(text(fields, "aws/config/ConfigRuleName"), text(fields, "RelatedAWSResources:0/name"))),
        ("Fix", text(asff, "Remediation", "Recommendation", "Text")),
    )


def _vulnerability(weakness: Obj) -> tuple[Fact, ...]:
    package = obj(weakness, "VulnerablePackages", 0)
    return facts(
        ("Vulnerability", text(weakness, "Id")),
        ("Package", " ".join(filter(None, (text(package, "Name"), text(package, "Version"))))),
        ("Fixed in", text(package, "FixedInVersion")),
        ("CVSS", text(weakness, "Cvss", 0, "BaseScore")),
        ("EPSS", text(weakness, "EpssScore")),
        ("Exploit", text(weakness, "ExploitAvailable")),
    )


def _action(fields: Obj) -> tuple[Fact, ...]:
    """GuardDuty's action, which the hub spreads over flat field names with one of two prefixes."""

    def named(*names: str) -> str:
        return first(*(text(fields, f"{prefix}{name}") for name in names for prefix in ("aws/guardduty/service/", "")))

    remote = tuple(
        f"action/{kind}/remoteIpDetails" for kind in ("networkConnectionAction", "awsApiCallAction", "portProbeAction")
    )
    return facts(
        ("Actor IP", named(*(f"{r}/ipAddressV4" for r in remote))),
        ("Country", named(*(f"{r}/country/countryName" for r in remote))),
        ("Organisation", named(*(f"{r}/organization/org" for r in remote))),
        ("API", named("action/awsApiCallAction/api")),
        ("Service", named("action/awsApiCallAction/serviceName")),
        ("Port", named("action/networkConnectionAction/localPortDetails/port")),
        ("Domain", named("action/dnsRequestAction/domain")),
        ("Count", named("count")),
    )


SOURCE = Source(name="securityhub", matches=matches, normalise=normalise)
