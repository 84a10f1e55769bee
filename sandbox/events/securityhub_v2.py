"""Security Hub V2 events: `Findings Imported V2`, one OCSF finding each.

Three classes are made: compliance (2003, a control), vulnerability (2002, Inspector) and detection (2004, GuardDuty).
The id in `finding_info.uid` is the one that the other services use for the same problem, so a bot that hears both
must see one finding.
"""

from __future__ import annotations

from typing import Any

from sandbox.events.controls import CONTROLS
from sandbox.events.scene import Event, Scene, digest, epoch_ms, event, iso_ms, uid
from sandbox.events.things import thing

# From: OCSF schema, severity_id; the words are those of the schema
_SEVERITY = {"INFORMATIONAL": 1, "LOW": 2, "MEDIUM": 3, "HIGH": 4, "CRITICAL": 5}
_CLASSES = {2002: "Vulnerability Finding", 2003: "Compliance Finding", 2004: "Detection Finding"}
_SLUGS = {"Security Hub": "securityhub", "Inspector": "inspector", "GuardDuty": "guardduty"}


def compliance(scene: Scene, control_id: str, number: int = 0, *, passed: bool = False) -> Event:
    """A control's verdict; same `finding_info.uid` as the ASFF finding of `securityhub.control_finding`."""
    control = CONTROLS[control_id]
    subject = thing(control.kind, scene.account, scene.region, number)
    native = uid("control", control.id, subject.arn, scene.account.id)
    arn = f"arn:aws:securityhub:{scene.region}:{scene.account.id}:security-control/{control.id}/finding/{native}"
    finding = _finding(scene, 2003, arn, "INFORMATIONAL" if passed else control.severity, "Security Hub")
    finding["finding_info"] |= {
        "title": control.title,
        "desc": control.why,
        "types": ["Software and Configuration Checks/Industry and Regulatory Standards", "Posture Management"],
        "analytic": {
            "name": f"securityhub-{control.rule}",
            "type": "Rule",
            "type_id": 1,
            "category": "AWS::Config::ConfigRule",
        },
    }
    finding["compliance"] = {
        "control": control.id,
        "standards": list(control.standards),
        "status": "Pass" if passed else "Fail",
        "status_id": 1 if passed else 3,
    }
    if passed:
        finding |= {"status": "Resolved", "status_id": 4, "activity_id": 3, "activity_name": "Close"}
    url = f"https://docs.aws.amazon.com/console/securityhub/{control.id}/remediation"
    finding["remediation"] = {"desc": "The control's page says how to correct this.", "references": [url]}
    finding["resources"] = [_resource(scene, subject.cfn, subject.name, subject.arn)]
    return _imported(scene, finding)


def vulnerability(scene: Scene, cve: str, package: str, severity: str, number: int = 0) -> Event:
    """A package with a known hole in a function; `number` picks the function."""
    subject = thing("function", scene.account, scene.region, number)
    native = digest(32, "inspector", cve, subject.arn)
    arn = f"arn:aws:inspector2:{scene.region}:{scene.account.id}:finding/{native}"
    finding = _finding(scene, 2002, arn, severity, "Inspector")
    finding["finding_info"] |= {
        "title": f"{cve} - {package}",
        "desc": f"The installed version of {package} has a published weakness.",
        "types": ["Software and Configuration Checks/Vulnerabilities/CVE"],
    }
    affected = {"name": package, "version": "1.4.0", "fixed_in_version": "1.4.7", "package_manager": "GENERIC"}
    finding["vulnerabilities"] = [
        {
            "cve": {"uid": cve, "epss": {"score": "0.071"}},
            "affected_packages": [affected],
            "is_fix_available": True,
            "is_exploit_available": severity == "CRITICAL",
            "fix_coverage": "Complete",
            "fix_coverage_id": 1,
            "severity": severity,
        }
    ]
    finding["resources"] = [_resource(scene, subject.cfn, subject.name, subject.arn)]
    return _imported(scene, finding)


def detection(scene: Scene, guardduty_detail: dict[str, Any]) -> Event:
    """A GuardDuty finding (its event's `detail`) as V2 forwards it, with GuardDuty's ARN as uid."""
    score = float(guardduty_detail["severity"])
    severity = "CRITICAL" if score >= 9 else "HIGH" if score >= 7 else "MEDIUM" if score >= 4 else "LOW"
    finding = _finding(scene, 2004, str(guardduty_detail["arn"]), severity, "GuardDuty")
    finding["finding_info"] |= {
        "title": guardduty_detail["title"],
        "desc": guardduty_detail["description"],
        "types": [guardduty_detail["type"], "Threats"],
    }
    finding["resources"] = [_resource(scene, "AWS::::Account", scene.account.id, f"AWS::::Account:{scene.account.id}")]
    return _imported(scene, finding)


def _finding(scene: Scene, class_uid: int, native: str, severity: str, product: str) -> dict[str, Any]:
    rank, word = _SEVERITY[severity], severity.capitalize()
    return {
        "activity_id": 1,
        "activity_name": "Create",
        "category_name": "Findings",
        "category_uid": 2,
        "class_name": _CLASSES[class_uid],
        "class_uid": class_uid,
        "type_name": f"{_CLASSES[class_uid]}: Create",
        "type_uid": class_uid * 100 + 1,
        "cloud": {
            "account": {"uid": scene.account.id, "name": scene.account.name},
            "provider": "AWS",
            "region": scene.region,
        },
        "finding_info": {"uid": native, **_times(scene)},
        "metadata": {
            "product": {
                "name": product,
                "uid": f"arn:aws:securityhub:{scene.region}::productv2/aws/{_SLUGS[product]}",
                "vendor_name": "AWS",
            },
            "profiles": ["cloud", "datetime"],
            "uid": digest(64, "ocsf", native),
            "version": "1.6.0",
        },
        "severity": word,
        "severity_id": rank,
        "status": "New",
        "status_id": 1,
        "time": epoch_ms(scene.now),
        "time_dt": iso_ms(scene.now),
        "vendor_attributes": {"severity": word, "severity_id": rank},
    }


def _times(scene: Scene) -> dict[str, Any]:
    moments = {
        "created_time": scene.first,
        "first_seen_time": scene.first,
        "last_seen_time": scene.now,
        "modified_time": scene.now,
    }
    return {name: epoch_ms(t) for name, t in moments.items()} | {f"{name}_dt": iso_ms(t) for name, t in moments.items()}


def _resource(scene: Scene, kind: str, name: str, arn: str) -> dict[str, Any]:
    return {
        "cloud_partition": "aws",
        "name": name,
        "owner": {"account": {"uid": scene.account.id}},
        "region": scene.region,
        "type": kind,
        "uid": arn,
        "tags": [{"name": "Owner", "value": scene.account.owner}],
    }


def _imported(scene: Scene, finding: dict[str, Any]) -> Event:
    return event(
        scene,
        "aws.securityhub",
        "Findings Imported V2",
        {"findings": [finding]},
        resources=(str(finding["metadata"]["uid"]),),
        account=scene.hub,
    )
