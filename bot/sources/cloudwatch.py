"""CloudWatch alarms: from EventBridge, from SNS as the alarm writes itself, and as a function is called with one.

An alarm is one finding for its ARN: ALARM opens it, OK resolves it. INSUFFICIENT_DATA is no proof of recovery, so it leaves an open
finding as it is and opens none. An alarm on a CloudTrail metric filter is recognised by its metric's namespace or by its own name,
both from the configuration (`make_source`), and is graded by the words in its name; any other alarm is MEDIUM.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

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
    is_region,
    obj,
    objs,
    one_line,
    paragraphs,
    text,
)
from bot.domain.finding import Finding, Resource, Severity, Status, identity
from bot.plugins import Source

STATE_CHANGE = "CloudWatch Alarm State Change"
CONFIGURATION_CHANGE = "CloudWatch Alarm Configuration Change"

TRAIL_ALARM = "CloudTrail metric filter alarm"
PLAIN_ALARM = "CloudWatch alarm"

# Namespaces that the published CIS set-ups and landing zones put their CloudTrail metric filters in; lower case.
TRAIL_NAMESPACES = frozenset(
    {"cloudtrailmetrics", "cloudtrail", "logmetrics", "cisbenchmark", "cis", "cloudtrailalarms", "securitymetrics"}
)
# The first row with a word in the alarm's or metric's name (letters and digits only, lower case) grades a trail alarm.
TRAIL_SEVERITIES: tuple[tuple[Severity, tuple[str, ...]], ...] = (
    (Severity.HIGH, ("root", "nomfa", "withoutmfa", "cloudtrailc", "trailchange", "trailconfig", "kms", "cmk")),
    (Severity.MEDIUM, ("unauthorized", "iampolicy", "policychange", "signin", "consolelogin", "authfail")),
    (
        Severity.MEDIUM,
        ("securitygroup", "nacl", "networkacl", "gateway", "routetable", "vpc", "bucket", "organization"),
    ),
)


@dataclass(frozen=True, slots=True)
class _Alarm:
    """An alarm in one form, whichever way it came."""

    arn: str
    name: str
    state: str
    was: str
    reason: str
    description: str
    changed: object
    namespace: str
    metric: str
    account: str
    region: str


@dataclass(frozen=True, slots=True)
class _Rules:
    """How an alarm on a CloudTrail metric filter is told from another."""

    namespaces: frozenset[str]
    alarm_names: tuple[str, ...]

    def is_trail(self, alarm: _Alarm) -> bool:
        named = any(fnmatchcase(alarm.name.casefold(), pattern) for pattern in self.alarm_names)
        return named or alarm.namespace.casefold() in self.namespaces


def make_source(*, namespaces: Iterable[str] = TRAIL_NAMESPACES, alarm_names: Iterable[str] = ()) -> Source:
    """The plug with its own idea of CloudTrail metric filters.

    Args:
        namespaces: metric namespaces, in any case; they replace the defaults.
        alarm_names: names or shell patterns (`CIS-*`) of alarms that are trail alarms whatever their metric, in any case.
    """
    rules = _Rules(frozenset(n.casefold() for n in namespaces), tuple(n.casefold() for n in alarm_names))

    def normalise(envelope: Envelope) -> Reading:
        return _normalise(envelope, rules)

    return Source(name="cloudwatch", matches=matches, normalise=normalise)


def matches(envelope: Envelope) -> bool:
    """Alarm events of `aws.cloudwatch`, an alarm's own JSON on SNS, and a function's alarm event."""
    if envelope.shape is Shape.EVENTBRIDGE:
        known = envelope.detail_type in (STATE_CHANGE, CONFIGURATION_CHANGE)
        return envelope.source == "aws.cloudwatch" and known
    body = envelope.body
    return envelope.shape is Shape.SNS_NATIVE and (
        ("AlarmName" in body and "NewStateValue" in body) or ("alarmArn" in body and "alarmData" in body)
    )


def _normalise(envelope: Envelope, rules: _Rules) -> Reading:
    if envelope.detail_type == CONFIGURATION_CHANGE:
        return Ignored("alarm_configuration", text(envelope.body, "operation"))
    alarm = _of_sns(envelope) if "AlarmName" in envelope.body else _of_event(envelope)
    if alarm.state not in ("ALARM", "OK"):
        return Ignored("insufficient_data", alarm.name)
    return (_finding(alarm, envelope, rules.is_trail(alarm)),)


def _of_event(envelope: Envelope) -> _Alarm:
    """EventBridge's `detail`; a function's event has the same under `alarmData`."""
    body = envelope.body
    detail = obj(body, "alarmData") or body
    arn = first(text(body, "alarmArn"), *(r for r in envelope.resources if ":alarm:" in r))
    metric = _metric(obj(detail, "configuration"))
    return _Alarm(
        arn=arn,
        name=first(text(detail, "alarmName"), _name_in(arn)),
        state=text(detail, "state", "value").upper(),
        was=text(detail, "previousState", "value"),
        reason=text(detail, "state", "reason"),
        description=paragraphs(detail, "configuration", "description"),
        changed=obj(detail, "state").get("timestamp"),
        namespace=text(metric, "namespace"),
        metric=text(metric, "name"),
        account=first(envelope.account, text(body, "accountId", cut=64), arn_part(arn, 4)),
        region=first(envelope.region, text(body, "region", cut=64), arn_part(arn, 3)),
    )


def _metric(configuration: Obj) -> Obj:
    """The first metric; an alarm on an expression or on other alarms has none."""
    metrics = (obj(one, "metricStat", "metric") for one in objs(configuration, "metrics"))
    return next((metric for metric in metrics if metric), {})


def _of_sns(envelope: Envelope) -> _Alarm:
    body = envelope.body
    arn, trigger = text(body, "AlarmArn"), obj(body, "Trigger")
    listed = next((m for one in objs(trigger, "Metrics") if (m := obj(one, "MetricStat", "Metric"))), {})
    return _Alarm(
        arn=arn,
        name=first(text(body, "AlarmName"), _name_in(arn)),
        state=text(body, "NewStateValue").upper(),
        was=text(body, "OldStateValue"),
        reason=text(body, "NewStateReason"),
        description=paragraphs(body, "AlarmDescription"),
        changed=body.get("StateChangeTime"),
        namespace=first(text(trigger, "Namespace"), text(listed, "Namespace")),
        metric=first(text(trigger, "MetricName"), text(listed, "MetricName")),
        account=first(text(body, "AWSAccountId", cut=64), arn_part(arn, 4), arn_part(envelope.topic, 4)),
        region=_sns_region(body, arn, envelope.topic),
    )


def _sns_region(body: Obj, arn: str, topic: str) -> str:
    """The code of the region: an alarm on SNS names its region for people (`EU (Ireland)`), its ARN holds the code."""
    codes = (arn_part(arn, 3), text(body, "Region", cut=64), arn_part(topic, 3))
    return next((code for code in codes if is_region(code)), codes[1])


def _name_in(arn: str) -> str:
    return arn.partition(":alarm:")[2]


def _finding(alarm: _Alarm, envelope: Envelope, trail: bool) -> Finding:
    named = f"{alarm.account}:{alarm.region}:alarm:{alarm.name}" if alarm.name else fallback_id(envelope)
    native_id = one_line(alarm.arn or named, NAME_MAX)
    updated = first_time(envelope.time, alarm.changed)
    return Finding(
        key=identity("cloudwatch", native_id),
        source="cloudwatch",
        via="cloudwatch",
        native_id=native_id,
        account=alarm.account,
        region=alarm.region,
        severity=_trail_severity(alarm) if trail else Severity.MEDIUM,
        title=f"Alarm: {alarm.name or native_id}",
        type=TRAIL_ALARM if trail else PLAIN_ALARM,
        status=Status.ACTIVE if alarm.state == "ALARM" else Status.RESOLVED,
        first_seen=updated,
        updated=updated,
        emitted=emitted_at(envelope, updated),
        last_seen=updated,
        resources=(Resource(native_id, "AWS::CloudWatch::Alarm", alarm.region, alarm.account, alarm.name),),
        description=alarm.description,
        record_state=alarm.state,
        product="CloudWatch",
        detector=alarm.name,
        evidence=_evidence(alarm),
    )


def _trail_severity(alarm: _Alarm) -> Severity:
    plain = "".join(c for c in f"{alarm.name}{alarm.metric}".casefold() if c.isalnum())
    return next((grade for grade, words in TRAIL_SEVERITIES if any(w in plain for w in words)), Severity.MEDIUM)


def _evidence(alarm: _Alarm) -> tuple[Fact, ...]:
    return facts(
        ("State", f"{alarm.was} -> {alarm.state}" if alarm.was else alarm.state),
        ("Reason", alarm.reason),
        ("Metric", "/".join(filter(None, (alarm.namespace, alarm.metric)))),
    )


SOURCE = make_source()
