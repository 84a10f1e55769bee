"""CloudWatch alarms in both forms: EventBridge's state change, and the JSON that CloudWatch itself sends to a topic.

Also the alarms that matter most to security: metric filters on CloudTrail's log, such as root use or console sign-in
without MFA.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sandbox.events.scene import Event, Scene, event, iso_s

_REGION_NAMES = {"eu-west-1": "EU (Ireland)", "eu-central-1": "EU (Frankfurt)", "us-east-1": "US East (N. Virginia)"}


@dataclass(frozen=True, slots=True)
class Alarm:
    """One alarm: its metric and what it says to people."""

    name: str
    namespace: str
    metric: str
    threshold: float
    description: str


ALARMS = {
    alarm.name: alarm
    for alarm in (
        Alarm("root-account-use", "CloudTrailMetrics", "RootAccountUsage", 1.0, "The root user did something."),
        Alarm(
            "console-signin-without-mfa", "CloudTrailMetrics", "ConsoleSigninWithoutMfa", 1.0, "Sign-in without MFA."
        ),
        Alarm("unauthorized-api-calls", "CloudTrailMetrics", "UnauthorizedAttemptCount", 25.0, "Many refused calls."),
        Alarm("cloudtrail-changes", "CloudTrailMetrics", "CloudTrailEventCount", 1.0, "A trail was changed."),
        Alarm(
            "waf-blocked-requests", "AWS/WAFV2", "BlockedRequests", 5_000.0, "The firewall blocks far more than usual."
        ),
    )
}


def state_change(scene: Scene, name: str, *, state: str = "ALARM", before: str = "OK") -> Event:
    """`CloudWatch Alarm State Change`."""
    alarm = ALARMS[name]
    metric = {"namespace": alarm.namespace, "name": alarm.metric, "dimensions": {}}
    detail = {
        "alarmName": alarm.name,
        "state": _state(scene, alarm, state, scene.now),
        "previousState": _state(scene, alarm, before, scene.now - timedelta(minutes=12)),
        "configuration": {
            "description": alarm.description,
            "metrics": [
                {
                    "id": "m1",
                    "metricStat": {"metric": metric, "period": 300, "stat": "Sum"},
                    "returnData": True,
                }
            ],
        },
    }
    arn = _arn(scene, alarm)
    return event(scene, "aws.cloudwatch", "CloudWatch Alarm State Change", detail, resources=(arn,))


def sns_alarm(scene: Scene, name: str, *, state: str = "ALARM", before: str = "OK") -> Event:
    """What CloudWatch writes to a topic without EventBridge: no envelope, its own field names."""
    alarm = ALARMS[name]
    arn = _arn(scene, alarm)
    return {
        "AlarmName": alarm.name,
        "AlarmDescription": alarm.description,
        "AWSAccountId": scene.account.id,
        "AlarmConfigurationUpdatedTimestamp": _written(scene.first),
        "NewStateValue": state,
        "NewStateReason": _reason(alarm, state),
        "StateChangeTime": _written(scene.now),
        "Region": _REGION_NAMES.get(scene.region, scene.region),
        "AlarmArn": arn,
        "OldStateValue": before,
        "OKActions": [],
        "AlarmActions": [f"arn:aws:sns:{scene.region}:{scene.account.id}:alarms"],
        "InsufficientDataActions": [],
        "Trigger": {
            "MetricName": alarm.metric,
            "Namespace": alarm.namespace,
            "StatisticType": "Statistic",
            "Statistic": "SUM",
            "Unit": None,
            "Dimensions": [],
            "Period": 300,
            "EvaluationPeriods": 1,
            "ComparisonOperator": "GreaterThanOrEqualToThreshold",
            "Threshold": alarm.threshold,
            "TreatMissingData": "notBreaching",
            "EvaluateLowSampleCountPercentile": "",
        },
    }


def _arn(scene: Scene, alarm: Alarm) -> str:
    return f"arn:aws:cloudwatch:{scene.region}:{scene.account.id}:alarm:{alarm.name}"


def _state(scene: Scene, alarm: Alarm, value: str, when: datetime) -> dict[str, Any]:
    data = {
        "version": "1.0",
        "queryDate": _written(when),
        "startDate": iso_s(scene.first),
        "statistic": "Sum",
        "period": 300,
        "recentDatapoints": [alarm.threshold if value == "ALARM" else 0.0],
        "threshold": alarm.threshold,
    }
    return {
        "value": value,
        "reason": _reason(alarm, value),
        "reasonData": json.dumps(data, separators=(",", ":")),
        "timestamp": _written(when),
    }


def _reason(alarm: Alarm, value: str) -> str:
    if value == "INSUFFICIENT_DATA":
        return "No data came for this metric."
    crossed = "reached" if value == "ALARM" else "stayed under"
    return f"One datapoint {crossed} the threshold of {alarm.threshold}."


def _written(when: datetime) -> str:
    return when.isoformat(timespec="milliseconds").replace("+00:00", "+0000")
