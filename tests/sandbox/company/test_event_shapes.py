"""Generated events have the shape of their sort: the keys that every real sample of the sort has, ours have too."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from sandbox.company import northwind
from sandbox.events import access_analyzer, cloudwatch, config, guardduty, health, inspector, macie, noise
from sandbox.events import securityhub as hub
from sandbox.events import securityhub_v2 as v2
from sandbox.events.controls import CONTROLS
from sandbox.events.scene import Scene

SAMPLES = Path(__file__).parents[3] / "../shared/events"
NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
COMPANY = northwind()
SCENE = Scene(COMPANY.account("payments-prod"), COMPANY.security.id, COMPANY.region, NOW - timedelta(hours=1), NOW)
ENVELOPE = {"version", "id", "detail-type", "source", "account", "time", "region", "resources", "detail"}
GUARDDUTY = guardduty.detail(SCENE, "UnauthorizedAccess:EC2/SSHBruteForce")


def _detail(event: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = event["detail"]
    return found


def _only(event: dict[str, Any]) -> dict[str, Any]:
    (found,) = event["detail"]["findings"]
    assert isinstance(found, dict)
    return found


# what we make, the samples of its sort, and the part of a sample to compare
EB = "_eventbridge"
CASES: list[tuple[str, dict[str, Any], str, Callable[[dict[str, Any]], dict[str, Any]]]] = [
    ("control", _only(hub.imported(SCENE, hub.control_finding(SCENE, "S3.8"))), f"securityhub{EB}/security-hub-findings-imported-*", _only),
    ("hub guardduty", hub.from_guardduty(SCENE, GUARDDUTY), "asff_bare/aws-guardduty-*", dict),
    ("guardduty", GUARDDUTY, "guardduty_bare/*", dict),
    ("external access", _detail(access_analyzer.external(SCENE)), f"accessanalyzer{EB}/access-analyzer-finding-*my-bucket*", _detail),
    ("internal access", _detail(access_analyzer.internal(SCENE)), f"accessanalyzer{EB}/internal-*", _detail),
    ("unused access", _detail(access_analyzer.unused(SCENE)), f"accessanalyzer{EB}/unused-*", _detail),
    ("access preview", _detail(access_analyzer.preview(SCENE)), f"accessanalyzer{EB}/access-preview-state-change-2*", _detail),
    ("alarm", _detail(cloudwatch.state_change(SCENE, "root-account-use")), f"cloudwatch{EB}/cloudwatch-alarm-state-change-*", _detail),
    ("topic alarm", cloudwatch.sns_alarm(SCENE, "root-account-use"), "cloudwatch_sns_alarm/*", dict),
    ("config item", _detail(config.item_change(SCENE)), f"config{EB}/*", _detail),
    ("inspector", _detail(inspector.package_vulnerability(SCENE)), "inspector_bare/*", dict),
    ("health", _detail(health.health(SCENE)), f"health{EB}/*degraded*", _detail),
    ("v2 compliance", _only(v2.compliance(SCENE, "SQS.1")), "ocsf_bare/security-hub-2003-*", dict),
    ("v2 vulnerability", _only(v2.vulnerability(SCENE, "CVE-1999-90001", "x", "HIGH")), "ocsf_bare/inspector-2002-*", dict),
    ("announcement", noise.announcement(SCENE), "sns_notification/none.json", lambda sample: json.loads(sample["Message"])),
]  # fmt: skip


@pytest.mark.parametrize(("sort", "made", "pattern", "part"), CASES, ids=[case[0] for case in CASES])
def test_what_every_sample_has_we_have(
    sort: str,
    made: dict[str, Any],
    pattern: str,
    part: Callable[[dict[str, Any]], dict[str, Any]],
) -> None:
    if not SAMPLES.is_dir():
        pytest.skip("the folder of sample events is not here")
    paths = sorted(SAMPLES.glob(pattern))
    if not paths:
        pytest.skip(f"no sample matches {pattern}")
    samples = [part(json.loads(path.read_text())) for path in paths]
    always = set.intersection(*(set(sample) for sample in samples))
    assert always <= set(made), f"{sort} lacks {sorted(always - set(made))}"


ENVELOPED: list[tuple[str, dict[str, Any], str, str]] = [
    ("control", hub.imported(SCENE, hub.control_finding(SCENE, "S3.8")), "aws.securityhub", "Security Hub Findings - Imported"),
    ("action", hub.custom_action(SCENE, [hub.control_finding(SCENE, "S3.8")]), "aws.securityhub", "Security Hub Findings - Custom Action"),
    ("v2", v2.compliance(SCENE, "SQS.1"), "aws.securityhub", "Findings Imported V2"),
    ("v2 threat", v2.detection(SCENE, GUARDDUTY), "aws.securityhub", "Findings Imported V2"),
    ("guardduty", guardduty.finding(SCENE, "Recon:EC2/PortProbeUnprotectedPort"), "aws.guardduty", "GuardDuty Finding"),
    ("external", access_analyzer.external(SCENE), "aws.access-analyzer", "Access Analyzer Finding"),
    ("internal", access_analyzer.internal(SCENE), "aws.access-analyzer", "Internal Access Finding"),
    ("unused", access_analyzer.unused(SCENE), "aws.access-analyzer", "Unused Access Finding for IAM entities"),
    ("config", config.compliance_change(SCENE), "aws.config", "Config Rules Compliance Change"),
    ("alarm", cloudwatch.state_change(SCENE, "root-account-use"), "aws.cloudwatch", "CloudWatch Alarm State Change"),
    ("inspector", inspector.network_reachability(SCENE), "aws.inspector2", "Inspector2 Finding"),
    ("macie", macie.sensitive_data(SCENE), "aws.macie", "Macie Finding"),
    ("health", health.health(SCENE), "aws.health", "AWS Health Event"),
    ("unknown", noise.unknown(SCENE), "northwind.doors", "Door Controller Report"),
]  # fmt: skip


@pytest.mark.parametrize(("sort", "event", "source", "detail_type"), ENVELOPED, ids=[case[0] for case in ENVELOPED])
def test_every_eventbridge_event_has_the_envelope(
    sort: str, event: dict[str, Any], source: str, detail_type: str
) -> None:
    assert set(event) == ENVELOPE, sort
    assert (event["source"], event["detail-type"]) == (source, detail_type)
    assert event["time"] == "2026-11-24T12:00:00Z"
    assert json.loads(json.dumps(event)) == event


@pytest.mark.parametrize("control_id", CONTROLS)
def test_a_control_finding_keeps_its_id_and_says_when_it_passes(control_id: str) -> None:
    failed = hub.control_finding(SCENE, control_id)
    passed = hub.control_finding(SCENE.at(NOW + timedelta(hours=1)), control_id, status="PASSED")
    assert failed["Id"] == passed["Id"]
    assert failed["UpdatedAt"] < passed["UpdatedAt"]
    assert (failed["Compliance"]["Status"], failed["Workflow"]["Status"]) == ("FAILED", "NEW")
    assert (passed["Compliance"]["Status"], passed["Workflow"]["Status"]) == ("PASSED", "RESOLVED")
    assert (failed["Severity"]["Label"], passed["Severity"]["Label"]) == (
        CONTROLS[control_id].severity,
        "INFORMATIONAL",
    )
    assert len(failed["Compliance"]["AssociatedStandards"]) >= 1


def test_cspm_and_v2_name_one_problem_by_one_id() -> None:
    assert (
        hub.control_finding(SCENE, "SQS.1", 3)["Id"] == _only(v2.compliance(SCENE, "SQS.1", 3))["finding_info"]["uid"]
    )


def test_a_guardduty_finding_has_one_arn_in_all_three_tellings() -> None:
    arn = GUARDDUTY["arn"]
    assert hub.from_guardduty(SCENE, GUARDDUTY)["Id"] == arn
    assert _only(v2.detection(SCENE, GUARDDUTY))["finding_info"]["uid"] == arn


@pytest.mark.parametrize("type_name", guardduty.SORTS)
def test_every_guardduty_sort_has_its_resource_and_severity(type_name: str) -> None:
    found = guardduty.detail(SCENE, type_name)
    assert found["resource"]["resourceType"]
    assert 1 <= found["severity"] <= 10
    assert "{" not in found["title"] + found["description"]
    assert guardduty.detail(SCENE, type_name, severity=8)["id"] == found["id"]


def test_an_access_analyzer_finding_through_the_hub_is_grouped_by_resource() -> None:
    event = access_analyzer.external(SCENE, public=True)
    analyzer = event["resources"][0]
    asff = hub.from_access_analyzer(SCENE, event["detail"], analyzer)
    assert asff["Id"] == f"{analyzer}/{event['detail']['resource']}"
    assert asff["SourceUrl"].endswith(event["detail"]["id"])
    assert asff["Types"] == ["Effects/Data Exposure/External Access Granted"]


def test_unused_access_spells_its_id_differently() -> None:
    assert "findingId" in access_analyzer.unused(SCENE)["detail"]
    assert "id" in access_analyzer.external(SCENE)["detail"]


@pytest.mark.parametrize("status", ["ACTIVE", "ARCHIVED", "RESOLVED"])
def test_access_analyzer_statuses_keep_the_id(status: str) -> None:
    assert access_analyzer.external(SCENE, status=status)["detail"]["status"] == status
    assert (
        access_analyzer.external(SCENE, status=status)["detail"]["id"]
        == access_analyzer.external(SCENE)["detail"]["id"]
    )


def test_a_config_verdict_turns_round() -> None:
    good = config.compliance_change(SCENE, compliant=True)["detail"]
    assert good["newEvaluationResult"]["complianceType"] == "COMPLIANT"
    assert good["oldEvaluationResult"]["complianceType"] == "NON_COMPLIANT"
