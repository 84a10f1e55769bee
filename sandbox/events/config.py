"""AWS Config events: a rule's verdict changed, and the plain note that a resource changed.

The compliance change comes from the member account itself. The configuration item change is noise: it carries no
verdict.
"""

from __future__ import annotations

from typing import Any

from sandbox.events.scene import Event, Scene, digest, event, iso_ms
from sandbox.events.things import Thing, thing

RULES = {  # rule -> kind of resource
    "s3-bucket-server-side-encryption-enabled": "bucket",
    "required-tags": "instance",
    "iam-user-mfa-enabled": "user",
    "rds-storage-encrypted": "database",
    "vpc-sg-open-only-to-authorized-ports": "group",
}


def compliance_change(
    scene: Scene, rule: str = "required-tags", number: int = 0, *, compliant: bool = False, name: str = ""
) -> Event:
    """`Config Rules Compliance Change`; COMPLIANT ends what NON_COMPLIANT began."""
    subject = thing(RULES[rule], scene.account, scene.region, number, name=name)
    verdict, before = ("COMPLIANT", "NON_COMPLIANT") if compliant else ("NON_COMPLIANT", "COMPLIANT")
    rule_arn = f"arn:aws:config:{scene.region}:{scene.account.id}:config-rule/config-rule-{_rule_id(scene, rule)}"
    detail = {
        "awsAccountId": scene.account.id,
        "awsRegion": scene.region,
        "configRuleName": rule,
        "configRuleARN": rule_arn,
        "resourceType": subject.cfn,
        "resourceId": subject.name,
        "messageType": "ComplianceChangeNotification",
        "recordVersion": "1.0",
        "notificationCreationTime": iso_ms(scene.now),
        "newEvaluationResult": _result(scene, rule, subject, verdict),
        "oldEvaluationResult": _result(scene, rule, subject, before),
    }
    return event(scene, "aws.config", "Config Rules Compliance Change", detail)


def item_change(scene: Scene, number: int = 0) -> Event:
    """`Config Configuration Item Change`: a resource was seen, nothing is said about its state."""
    subject = thing("group", scene.account, scene.region, number)
    item = {
        "configurationItemVersion": "1.3",
        "configurationItemCaptureTime": iso_ms(scene.now),
        "configurationStateId": int(scene.now.timestamp()),
        "configurationItemStatus": "OK",
        "awsAccountId": scene.account.id,
        "awsRegion": scene.region,
        "availabilityZone": "Not Applicable",
        "resourceType": subject.cfn,
        "resourceId": subject.name,
        "resourceName": subject.name,
        "ARN": subject.arn,
        "resourceCreationTime": iso_ms(scene.first),
        "configurationStateMd5Hash": "",
        "configuration": {},
        "supplementaryConfiguration": {},
        "tags": {},
        "relationships": [],
        "relatedEvents": [],
    }
    detail = {
        "recordVersion": "1.3",
        "messageType": "ConfigurationItemChangeNotification",
        "notificationCreationTime": iso_ms(scene.now),
        "configurationItemDiff": {"changedProperties": {}, "changeType": "UPDATE"},
        "configurationItem": item,
    }
    return event(scene, "aws.config", "Config Configuration Item Change", detail, resources=(subject.arn,))


def _rule_id(scene: Scene, rule: str) -> str:
    return digest(6, "rule", rule, scene.account.id)


def _result(scene: Scene, rule: str, subject: Thing, verdict: str) -> dict[str, Any]:
    qualifier = {"configRuleName": rule, "resourceType": subject.cfn, "resourceId": subject.name}
    return {
        "evaluationResultIdentifier": {
            "evaluationResultQualifier": qualifier,
            "orderingTimestamp": iso_ms(scene.first),
        },
        "complianceType": verdict,
        "resultRecordedTime": iso_ms(scene.now),
        "configRuleInvokedTime": iso_ms(scene.now),
    }
