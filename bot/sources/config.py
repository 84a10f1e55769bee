"""AWS Config: a rule's verdict on a resource, from EventBridge or from Config's own SNS topic.

A verdict is one finding for rule and resource: NON_COMPLIANT opens it, COMPLIANT, NOT_APPLICABLE or the end of the evaluation
resolves it. Config grades nothing; a violation is MEDIUM. INSUFFICIENT_DATA proves neither, so it changes nothing. Item changes,
deliveries, snapshots and the invocations of a rule's own function hold no verdict.
"""

from __future__ import annotations

from bot.domain.envelope import Envelope, Ignored, Reading, Shape
from bot.domain.fields import (
    NAME_MAX,
    Fact,
    Obj,
    arn_part,
    emitted_at,
    facts,
    fallback_id,
    first,
    first_time,
    obj,
    one_line,
    text,
)
from bot.domain.finding import Finding, Resource, Severity, Status, config_identity, resource_name
from bot.domain.hub import config_rule_of
from bot.plugins import Source

COMPLIANCE = "Config Rules Compliance Change"
COMPLIANCE_NOTICE = "ComplianceChangeNotification"

# From: docs.aws.amazon.com/config/latest/APIReference/API_EvaluationResult.html (ComplianceType)
_UNDECIDED = "INSUFFICIENT_DATA"
_VIOLATED = "NON_COMPLIANT"


def matches(envelope: Envelope) -> bool:
    """Every event of `aws.config`, Config's SNS notices, and what a rule's Lambda function is called with."""
    if envelope.shape is Shape.EVENTBRIDGE:
        return envelope.source == "aws.config"
    notice = isinstance(envelope.body.get("messageType"), str)
    return envelope.shape is Shape.SNS_NATIVE and (notice or _is_invocation(envelope.body))


def normalise(envelope: Envelope) -> Reading:
    """The verdict, when the event is one."""
    detail = envelope.body
    notice = first(text(detail, "messageType"), envelope.detail_type, "rule invocation")
    if envelope.detail_type != COMPLIANCE and notice != COMPLIANCE_NOTICE:
        return Ignored("configuration_notice", notice)
    if _verdict(detail) == _UNDECIDED:
        return Ignored("insufficient_data", _rule_name(detail))
    return (_finding(detail, envelope),)


def _is_invocation(body: Obj) -> bool:
    return "invokingEvent" in body and "resultToken" in body


def _finding(detail: Obj, envelope: Envelope) -> Finding:
    account = first(text(detail, "awsAccountId", cut=64), envelope.account)
    region = first(text(detail, "awsRegion", cut=64), envelope.region)
    resource = _resource(detail, account, region)
    rule = first(config_rule_of(text(detail, "configRuleARN")), _rule_name(detail), fallback_id(envelope))
    new, old = obj(detail, "newEvaluationResult"), obj(detail, "oldEvaluationResult")
    updated = first_time(envelope.time, new.get("resultRecordedTime"), detail.get("notificationCreationTime"))
    name, verdict = _rule_name(detail) or rule, _verdict(detail)
    return Finding(
        key=config_identity(account, region, rule, resource.type, resource.id),
        source=SOURCE.name,
        via=SOURCE.name,
        native_id=one_line(f"{first(text(detail, 'configRuleARN'), name)}/{resource.id}", NAME_MAX),
        account=account,
        region=region,
        severity=Severity.MEDIUM,
        title=f"{resource_name(resource.id) or 'A resource'} violates the Config rule {name}",
        type=name,
        status=Status.ACTIVE if verdict == _VIOLATED else Status.RESOLVED,
        first_seen=first_time(updated, new.get("configRuleInvokedTime")),
        updated=updated,
        emitted=emitted_at(envelope, updated),
        last_seen=updated,
        resources=(resource,),
        description=text(new, "annotation"),
        compliance=verdict,
        product="Config",
        detector=name,
        evidence=_evidence(detail, new, old),
    )


def _rule_name(detail: Obj) -> str:
    return text(detail, "configRuleName")


def _verdict(detail: Obj) -> str:
    """The new compliance; NOT_APPLICABLE when there is no evaluation any more (rule or resource deleted)."""
    return text(detail, "newEvaluationResult", "complianceType", cut=100).upper() or "NOT_APPLICABLE"


def _resource(detail: Obj, account: str, region: str) -> Resource:
    resource_id = text(detail, "resourceId")
    kind = text(detail, "resourceType", cut=200)
    return Resource(resource_id, kind, region, arn_part(resource_id, 4) or account)


def _evidence(detail: Obj, new: Obj, old: Obj) -> tuple[Fact, ...]:
    before = text(old, "complianceType")
    after = _verdict(detail)
    return facts(
        ("Config rule", _rule_name(detail)),
        ("Compliance", f"{before} -> {after}" if before else after),
        ("Annotation", text(new, "annotation")),
        ("Resource type", text(detail, "resourceType")),
    )


SOURCE = Source(name="config", matches=matches, normalise=normalise)
