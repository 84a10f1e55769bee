"""Security Hub CSPM events: findings in ASFF, imported one by one or sent by a custom action.

Control findings have the consolidated form (one finding a control and resource, however many standards). Also here:
the same GuardDuty or Access Analyzer finding as it comes a second time through Security Hub. ASFF's hundred optional
fields are not filled.
"""

from __future__ import annotations

from typing import Any

from sandbox.events.controls import CONTROLS, Control
from sandbox.events.scene import Event, Scene, digest, event, iso_ms, uid
from sandbox.events.things import Thing, thing

_NORMALIZED = {"INFORMATIONAL": 0, "LOW": 1, "MEDIUM": 40, "HIGH": 70, "CRITICAL": 90}  # From: ASFF, Severity
_STANDARDS_TYPE = "Software and Configuration Checks/Industry and Regulatory Standards"


def control_finding(
    scene: Scene,
    control_id: str,
    number: int = 0,
    *,
    status: str = "FAILED",
    workflow: str = "",
    record: str = "ACTIVE",
    name: str = "",
) -> dict[str, Any]:
    """One control's verdict on one resource, as ASFF. A PASSED one is RESOLVED and informational unless said
    otherwise.
    """
    control = CONTROLS[control_id]
    subject = thing(control.kind, scene.account, scene.region, number, name=name)
    severity = control.severity if status == "FAILED" else "INFORMATIONAL"
    native = uid("control", control.id, subject.arn, scene.account.id)
    finding_id = f"arn:aws:securityhub:{scene.region}:{scene.account.id}:security-control/{control.id}/finding/{native}"
    return {
        **_common(scene, finding_id, "securityhub", "Security Hub"),
        "GeneratorId": f"security-control/{control.id}",
        "Types": [_STANDARDS_TYPE],
        "Severity": {"Label": severity, "Normalized": _NORMALIZED[severity], "Original": severity},
        "Title": control.title,
        "Description": control.why,
        "Remediation": {
            "Recommendation": {
                "Text": "The control's page says how to correct this.",
                "Url": f"https://docs.aws.amazon.com/console/securityhub/{control.id}/remediation",
            }
        },
        "ProductFields": _control_fields(control, subject, finding_id, scene),
        "Resources": [_resource(scene, subject)],
        "Compliance": {
            "Status": status,
            "SecurityControlId": control.id,
            "AssociatedStandards": [{"StandardsId": standard} for standard in control.standards],
        },
        "Workflow": {"Status": workflow or ("NEW" if status == "FAILED" else "RESOLVED")},
        "WorkflowState": "NEW",
        "RecordState": record,
        "FindingProviderFields": {"Severity": {"Label": severity, "Original": severity}, "Types": [_STANDARDS_TYPE]},
    }


def imported(scene: Scene, finding: dict[str, Any]) -> Event:
    """`Security Hub Findings - Imported`: one finding an event, sent by the security account."""
    resource = f"{finding['ProductArn']}/{finding['Id']}"
    return event(
        scene,
        "aws.securityhub",
        "Security Hub Findings - Imported",
        {"findings": [finding]},
        resources=(resource,),
        account=scene.hub,
    )


def custom_action(scene: Scene, findings: list[dict[str, Any]], name: str = "Send to secbot") -> Event:
    """`Security Hub Findings - Custom Action`: what somebody picked in the console, several findings at once."""
    arn = f"arn:aws:securityhub:{scene.region}:{scene.hub}:action/custom/{name.replace(' ', '')}"
    detail = {"actionName": name, "actionDescription": "Show these findings in Slack", "findings": findings}
    return event(
        scene,
        "aws.securityhub",
        "Security Hub Findings - Custom Action",
        detail,
        resources=(arn,),
        account=scene.hub,
    )


def from_guardduty(scene: Scene, detail: dict[str, Any]) -> dict[str, Any]:
    """A GuardDuty finding (its event's `detail`) as Security Hub forwards it: the ARN becomes the Id."""
    severity = _guardduty_label(float(detail["severity"]))
    category = str(detail["type"]).split(":", 1)[0]
    return {
        **_common(scene, str(detail["arn"]), "guardduty", "GuardDuty"),
        "GeneratorId": str(detail["arn"]).partition("/finding/")[0],
        "Types": [f"TTPs/{category}/{str(detail['type']).replace('/', '-')}"],
        "Severity": {"Product": detail["severity"], "Label": severity, "Normalized": _NORMALIZED[severity]},
        "Title": detail["title"],
        "Description": detail["description"],
        "ProductFields": {
            "aws/guardduty/service/serviceName": "guardduty",
            "aws/guardduty/service/detectorId": detail["service"]["detectorId"],
            "aws/guardduty/service/count": str(detail["service"]["count"]),
            "aws/guardduty/service/archived": str(detail["service"]["archived"]).lower(),
            **_names("GuardDuty", "guardduty", str(detail["arn"]), scene),
        },
        "Resources": [_guardduty_resource(scene, detail)],
        "Workflow": {"Status": "NEW"},
        "WorkflowState": "NEW",
        "RecordState": "ACTIVE",
        "FindingProviderFields": {"Severity": {"Label": severity}, "Types": [f"TTPs/{category}"]},
    }


def from_access_analyzer(scene: Scene, detail: dict[str, Any], analyzer_arn: str) -> dict[str, Any]:
    """An external-access finding as Security Hub forwards it: grouped by resource, its id only in the link."""
    arn, public = str(detail["resource"]), bool(detail.get("isPublic"))
    kind = "Effects/Data Exposure" if public else "Software and Configuration Checks/AWS Security Best Practices"
    label = "HIGH" if public else "LOW"
    finding_id = f"{analyzer_arn}/{arn}"
    console = f"https://console.aws.amazon.com/access-analyzer/home?region={scene.region}"
    return {
        **_common(scene, finding_id, "access-analyzer", "IAM Access Analyzer"),
        "GeneratorId": "aws/access-analyzer",
        "Types": [f"{kind}/External Access Granted"],
        "Severity": {"Label": label, "Normalized": _NORMALIZED[label]},
        "Title": f"{detail['resourceType']} {arn} can be reached from {'anywhere' if public else 'another account'}",
        "Description": f"A policy of {arn} grants {', '.join(detail['action'])} outside the zone of trust.",
        "SourceUrl": f"{console}#/findings/details/{detail['id']}",
        "ProductFields": _names("IAM Access Analyzer", "access-analyzer", finding_id, scene),
        "Resources": [{"Type": "Other", "Id": arn, "Partition": "aws", "Region": scene.region}],
        "Workflow": {"Status": "NEW"},
        "WorkflowState": "NEW",
        "RecordState": "ACTIVE",
    }


# --- parts ---


def _common(scene: Scene, finding_id: str, product: str, product_name: str) -> dict[str, Any]:
    return {
        "SchemaVersion": "2018-10-08",
        "Id": finding_id,
        "ProductArn": f"arn:aws:securityhub:{scene.region}::product/aws/{product}",
        "ProductName": product_name,
        "CompanyName": "AWS",
        "Region": scene.region,
        "AwsAccountId": scene.account.id,
        "AwsAccountName": scene.account.name,
        "FirstObservedAt": iso_ms(scene.first),
        "LastObservedAt": iso_ms(scene.now),
        "CreatedAt": iso_ms(scene.first),
        "UpdatedAt": iso_ms(scene.now),
        "ProcessedAt": iso_ms(scene.now),
    }


def _names(product_name: str, product: str, finding_id: str, scene: Scene) -> dict[str, str]:
    return {
        "aws/securityhub/ProductName": product_name,
        "aws/securityhub/CompanyName": "AWS",
        "aws/securityhub/FindingId": f"arn:aws:securityhub:{scene.region}::product/aws/{product}/{finding_id}",
    }


def _control_fields(control: Control, subject: Thing, finding_id: str, scene: Scene) -> dict[str, str]:
    return {
        "RelatedAWSResources:0/name": f"securityhub-{control.rule}-{digest(8, control.rule, scene.account.id)}",
        "RelatedAWSResources:0/type": "AWS::Config::ConfigRule",
        "Resources:0/Id": subject.arn,
        **_names("Security Hub", "securityhub", finding_id, scene),
    }


def _resource(scene: Scene, subject: Thing) -> dict[str, Any]:
    resource: dict[str, Any] = {
        "Type": subject.asff,
        "Id": subject.arn,
        "Partition": "aws",
        "Region": scene.region,
    }
    if subject.kind not in ("account", "user"):
        resource["Tags"] = {"Owner": scene.account.owner, "Environment": scene.account.env}
    return resource


def _guardduty_resource(scene: Scene, detail: dict[str, Any]) -> dict[str, Any]:
    found = detail["resource"]
    if "instanceDetails" in found:
        name = found["instanceDetails"]["instanceId"]
        kind, arn = "AwsEc2Instance", f"arn:aws:ec2:{scene.region}:{scene.account.id}:instance/{name}"
    elif found.get("s3BucketDetails"):
        kind, arn = "AwsS3Bucket", found["s3BucketDetails"][0]["arn"]
    elif "eksClusterDetails" in found:
        kind, arn = "AwsEksCluster", found["eksClusterDetails"]["arn"]
    elif "accessKeyDetails" in found:
        kind, arn = "AwsIamAccessKey", f"AWS::IAM::AccessKey:{found['accessKeyDetails']['accessKeyId']}"
    else:
        kind, arn = "AwsAccount", f"AWS::::Account:{scene.account.id}"
    return {"Type": kind, "Id": arn, "Partition": "aws", "Region": scene.region}


def _guardduty_label(severity: float) -> str:
    """From: GuardDuty User Guide, "Severity levels of GuardDuty findings"."""
    if severity >= 9:
        return "CRITICAL"
    if severity >= 7:
        return "HIGH"
    return "MEDIUM" if severity >= 4 else "LOW"
