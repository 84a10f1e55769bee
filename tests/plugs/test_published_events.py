"""The published payloads beside the repository: each that holds a finding yields it, with what its own JSON says.

The expectations are computed here from the raw JSON by other means than the plugs use.
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

import bot.sources
from bot.adapters.wire import open_body, open_document
from bot.domain.envelope import Envelope, Ignored
from bot.domain.finding import Finding, Severity, Status
from bot.domain.reading import read
from bot.errors import Malformed
from bot.plugins import Source, collect

EVENTS = Path(__file__).parents[2] / "../shared/events"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
PLUGS = tuple(collect(bot.sources, "SOURCE", Source).values())

pytestmark = pytest.mark.skipif(not EVENTS.is_dir(), reason="the published events are not beside the repository")

FILES = sorted(EVENTS.glob("*/*.json")) if EVENTS.is_dir() else []

# folder: (findings by the plug that reads them, reasons of what yields none)
EXPECTED: dict[str, tuple[dict[str, int], dict[str, int]]] = {
    "accessanalyzer_bare": ({"access_analyzer": 5}, {}),
    "accessanalyzer_eventbridge": ({"access_analyzer": 4}, {"access_preview": 2}),
    "asff_bare": ({"securityhub": 84}, {}),
    "cloudwatch_eventbridge": ({"cloudwatch": 2}, {"alarm_configuration": 4}),
    "cloudwatch_lambda_alarm": ({"cloudwatch": 1}, {}),
    "cloudwatch_sns_alarm": ({"cloudwatch": 1}, {}),
    "config_eventbridge": ({}, {"configuration_notice": 1}),
    "config_rule_lambda": ({}, {"configuration_notice": 3}),
    "guardduty_bare": ({"guardduty": 6}, {}),
    "guardduty_eventbridge": ({"guardduty": 9}, {}),
    "guardduty_fragment": ({"generic": 1}, {}),
    "health_eventbridge": ({"health": 2}, {}),
    "inspector_bare": ({"inspector": 5}, {}),
    "ocsf_bare": ({"securityhub_v2": 11}, {"not_a_finding_class": 2}),
    "other_eventbridge": ({"generic": 1}, {}),
    "securityhub_eventbridge": ({"securityhub": 11}, {"insight_results": 2}),
    "sns_lambda_envelope": ({"cloudwatch": 1}, {"not_json": 1}),
    "sns_notification": ({}, {"announcement": 4, "configuration_notice": 3}),
}


def outcome(path: Path) -> tuple[list[Finding], list[str]]:
    findings: list[Finding] = []
    reasons: list[str] = []
    try:
        envelopes = open_document(path.read_bytes(), received=NOW)
    except Malformed as error:
        return [], [error.reason]
    for envelope in envelopes:
        _, reading = read(PLUGS, envelope)
        if isinstance(reading, Ignored):
            reasons.append(reading.reason)
        else:
            findings.extend(reading)
    return findings, reasons


def of_folder(folder: str) -> list[tuple[dict[str, Any], Finding]]:
    """(raw JSON, its finding) for the files of a folder with one finding each."""
    pairs = ((json.loads(path.read_text()), outcome(path)[0]) for path in FILES if path.parent.name == folder)
    return [(raw, found[0]) for raw, found in pairs if len(found) == 1]


def test_every_folder_is_in_the_table() -> None:
    assert {path.parent.name for path in FILES} == set(EXPECTED)


@pytest.mark.parametrize("folder", sorted(EXPECTED))
def test_a_folder_yields_its_findings_and_counts_the_rest(folder: str) -> None:
    findings: Counter[str] = Counter()
    reasons: Counter[str] = Counter()
    for path in FILES:
        if path.parent.name == folder:
            found, why = outcome(path)
            findings.update(f.via for f in found)
            reasons.update(why)
    assert (dict(findings), dict(reasons)) == EXPECTED[folder]


def streamed(path: Path) -> str | tuple[Envelope, ...]:
    """What the stream makes of a file, or the reason why it refuses it."""
    try:
        return open_body(path.read_bytes(), received=NOW)
    except Malformed as error:
        return error.reason


def test_the_stream_refuses_every_bare_finding_and_reads_the_rest_as_the_command_line_does() -> None:
    for path in FILES:
        if path.parent.name.endswith("_bare"):
            assert streamed(path) == "bare_finding", path
        elif path.parent.name + path.stem != "sns_lambda_envelope" + "sns-event":
            assert streamed(path) == open_document(path.read_bytes(), received=NOW), path


def asff_findings() -> list[tuple[dict[str, Any], dict[str, Any] | None, Finding]]:
    """(ASFF, its event or None, the finding): bare ones and those in events."""
    found: list[tuple[dict[str, Any], dict[str, Any] | None, Finding]] = [
        (a, None, f) for a, f in of_folder("asff_bare")
    ]
    for path in FILES:
        if path.parent.name == "securityhub_eventbridge":
            event = json.loads(path.read_text())
            parts = zip(event["detail"].get("findings", []), outcome(path)[0], strict=True)
            found.extend((asff, event, finding) for asff, finding in parts)
    return found


LABELS = {"INFORMATIONAL": 0, "LOW": 1, "MEDIUM": 2, "HIGH": 3, "CRITICAL": 4}


def asff_severity(asff: dict[str, Any]) -> Severity:
    label = asff["Severity"].get("Label") or asff.get("ProductFields", {}).get("aws/securityhub/SeverityLabel")
    if label:
        return Severity(LABELS[label])
    score = asff["Severity"]["Normalized"]
    return Severity(sum(score >= least for least in (1, 40, 70, 90)))


def test_asff_says_whose_and_where_and_how_bad() -> None:
    for asff, event, finding in asff_findings():
        region = asff.get("Region") or asff["ProductArn"].split(":")[3]
        assert (finding.account, finding.region) == (asff["AwsAccountId"], region)
        assert finding.severity == asff_severity(asff)
        assert finding.native_id == asff["Id"]
        assert finding.resource.id == asff["Resources"][0]["Id"]
        assert finding.updated == datetime.fromisoformat(asff["UpdatedAt"])
        assert finding.emitted == (datetime.fromisoformat(event["time"]) if event else finding.updated)
        if finding.source != "guardduty":
            assert finding.type == asff["Types"][0]
        else:
            assert finding.type.split("/")[0] in asff["Types"][0]


def test_asff_is_resolved_or_suppressed_when_one_of_its_states_says_so() -> None:
    for asff, _, finding in asff_findings():
        workflow = (asff.get("Workflow") or {}).get("Status")
        over = (
            asff.get("RecordState") == "ARCHIVED"
            or workflow == "RESOLVED"
            or (asff.get("Compliance") or {}).get("Status") == "PASSED"
        )
        expected = Status.SUPPRESSED if workflow == "SUPPRESSED" else Status.RESOLVED if over else Status.ACTIVE
        assert finding.status is expected, asff["Id"]


def test_guardduty_of_either_spelling_says_the_same() -> None:
    rows = of_folder("guardduty_bare") + of_folder("guardduty_eventbridge")
    assert len(rows) == 15
    for raw, finding in rows:
        detail = {k.lower(): v for k, v in raw.get("detail", raw).items()}
        assert finding.account == detail["accountid"]
        assert finding.region == detail.get("region", raw.get("region"))
        assert finding.native_id == detail["id"]
        assert finding.type == detail["type"]
        assert finding.severity == Severity(1 + sum(detail["severity"] >= least for least in (4, 7, 9)))
        assert finding.status is Status.ACTIVE
        updated = datetime.fromisoformat(detail["updatedat"])
        assert finding.updated == (updated if updated.tzinfo else updated.replace(tzinfo=UTC))


def test_access_analyzer_says_whose_it_is_and_not_whose_the_analyzer_is() -> None:
    for raw, finding in of_folder("accessanalyzer_bare") + of_folder("accessanalyzer_eventbridge"):
        detail = raw.get("detail", raw)
        assert finding.account == detail.get("accountId", detail.get("resourceOwnerAccount"))
        assert finding.region == raw.get("region", detail["resource"].split(":")[3])
        assert finding.native_id == detail.get("id", detail.get("findingId"))
        assert finding.resource.id == detail["resource"]
        assert finding.type == detail.get("findingType", "ExternalAccess")
        assert (finding.severity is Severity.HIGH) is bool(detail.get("isPublic"))
        assert finding.status.value == detail["status"].lower()
        assert finding.detector == (raw.get("resources") or [""])[0]


def test_inspector_says_its_own_word() -> None:
    for raw, finding in of_folder("inspector_bare"):
        assert (finding.account, finding.region) == (raw["awsAccountId"], raw["findingArn"].split(":")[3])
        assert finding.severity.name == raw["severity"]
        assert (finding.native_id, finding.title, finding.type) == (raw["findingArn"], raw["title"], raw["type"])
        assert finding.resource.id == raw["resources"][0]["id"]


def test_ocsf_says_whose_and_where_and_how_bad() -> None:
    rows = of_folder("ocsf_bare")
    assert len(rows) == 11
    for raw, finding in rows:
        info = raw.get("finding_info") or raw["finding"]
        cloud = raw.get("cloud", {})
        assert finding.native_id == info["uid"]
        assert finding.account == (cloud.get("account", {}).get("uid") or cloud.get("account_uid", ""))
        assert finding.region == cloud.get("region", "")
        # severity_id counts from one; zero is unknown, and unknown is not harmless
        assert finding.severity == (raw["severity_id"] - 1 if raw["severity_id"] else Severity.MEDIUM)
        passed = raw.get("compliance", {}).get("status") in {"Pass", "PASSED"}
        assert finding.status is (Status.RESOLVED if passed else Status.ACTIVE)


def test_alarms_are_known_by_their_arn() -> None:
    for raw, finding in of_folder("cloudwatch_eventbridge"):
        assert finding.native_id == raw["resources"][0]
        assert (finding.account, finding.region, finding.status) == (raw["account"], raw["region"], Status.ACTIVE)
        assert finding.updated == datetime.fromisoformat(raw["detail"]["state"]["timestamp"])


def test_health_events_keep_their_arn_and_say_what_is_affected() -> None:
    for raw, finding in of_folder("health_eventbridge"):
        assert finding.native_id == raw["detail"]["eventArn"]
        assert finding.account == raw["account"]
        assert [r.id for r in finding.resources] == [e["entityValue"] for e in raw["detail"]["affectedEntities"]]
