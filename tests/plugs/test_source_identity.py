"""One problem seen through several services is one finding, whatever arrives first."""

from __future__ import annotations

import json
from copy import deepcopy
from datetime import UTC, datetime
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

import bot.sources
from bot.adapters.wire import open_document
from bot.domain.envelope import Ignored
from bot.domain.finding import Finding, newest, version_of
from bot.domain.hub import guardduty_type, standard_word
from bot.domain.reading import read
from bot.plugins import Source, collect

CASES = Path(__file__).parents[1] / "cases" / "sources"
PLUGS = tuple(collect(bot.sources, "SOURCE", Source).values())


def event(case: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((CASES / f"{case}.json").read_text())["event"]
    return found


def finding(value: object) -> Finding:
    (envelope,) = open_document(json.dumps(value).encode(), received=datetime(2026, 3, 1, tzinfo=UTC))
    _, reading = read(PLUGS, envelope)
    assert not isinstance(reading, Ignored)
    return reading[0]


def asff(**fields: object) -> dict[str, Any]:
    """The event of a failed control with some of its ASFF fields changed."""
    changed = event("securityhub/control-failed")
    changed["detail"]["findings"][0].update(fields)
    return changed


def test_guardduty_through_both_hubs_is_guardduty_itself() -> None:
    seen = [
        finding(event("guardduty/camel-case")),
        finding(event("guardduty/pascal-case-list")["Findings"][0]),
        finding(event("securityhub/guardduty-through-hub")),
        finding(event("securityhub_v2/guardduty")),
    ]
    assert len({f.key for f in seen}) == 1
    assert {f.source for f in seen} == {"guardduty"}


def test_guardduty_through_the_hub_is_as_bad_and_of_the_same_type() -> None:
    own, hub = finding(event("guardduty/camel-case")), finding(event("securityhub/guardduty-through-hub"))
    assert (own.severity, own.type, own.updated) == (hub.severity, hub.type, hub.updated)


def test_both_hubs_give_a_control_one_key() -> None:
    assert finding(event("securityhub/control-failed")).key == finding(event("securityhub_v2/control-failed")).key


@pytest.mark.parametrize("resource", ["arn:aws:s3:::pay-export", "pay-export"])
def test_config_through_the_hub_is_config_itself(resource: str) -> None:
    rule = "arn:aws:config:eu-central-1:222233334444:config-rule/config-rule-ab12cd"
    hub = finding(
        asff(
            Id=f"{rule}/finding/0ff1ce",
            ProductArn="arn:aws:securityhub:eu-central-1::product/aws/config",
            ProductFields={"aws/config/ConfigRuleArn": rule, "aws/config/ConfigRuleName": "no-public-buckets"},
            Resources=[{"Type": "AwsS3Bucket", "Id": resource}],
        )
    )
    own = finding(event("config/non-compliant"))
    assert (hub.key, hub.source, hub.detector) == (own.key, "config", own.detector)


def test_access_analyzer_through_the_hub_is_itself_when_the_link_names_the_finding() -> None:
    own = finding(event("access_analyzer/external-cross-account"))
    link = f"https://console.aws.amazon.com/access-analyzer/home?region=eu-central-1#/findings/details/{own.native_id}"
    fields = {
        "Id": f"{own.detector}/arn:aws:s3:::pay-export",
        "ProductArn": "arn:aws:securityhub:eu-central-1::product/aws/access-analyzer",
    }
    named, grouped = finding(asff(**fields, SourceUrl=link)), finding(asff(**fields))
    assert (named.key, named.source, named.detector) == (own.key, "access_analyzer", own.detector)
    assert grouped.key == f"id:{fields['Id']}"


def imported(product: str, account: str, native_id: str) -> Finding:
    return finding(asff(Id=native_id, AwsAccountId=account, ProductArn=f"arn:aws:securityhub:eu-central-1:{product}"))


def test_an_id_of_a_third_party_counts_within_its_product_and_account_only() -> None:
    trivy, other = ":product/aquasecurity/aquasecurity", ":product/acme/scanner"
    keys = {imported(p, a, "deploy.sh").key for p in (trivy, other) for a in ("222233334444", "333344445555")}
    assert len(keys) == 4


def test_a_finding_imported_under_the_id_of_another_does_not_touch_that_one() -> None:
    test_account = "333344445555"
    own_product = f"{test_account}:product/{test_account}/default"
    for case in ("securityhub/control-failed", "securityhub/guardduty-through-hub"):
        real = finding(event(case))
        assert imported(own_product, test_account, real.native_id).key != real.key


def test_a_third_party_through_both_hubs_is_one() -> None:
    ocsf = event("securityhub_v2/control-failed")
    part = ocsf["detail"]["findings"][0]
    part["finding_info"]["uid"] = "scan-1"
    part["metadata"]["product"]["uid"] = "arn:aws:securityhub:eu-central-1::productv2/acme/scanner"
    assert finding(ocsf).key == imported(":product/acme/scanner", "222233334444", "scan-1").key


def test_unused_access_through_the_hub_is_itself_by_its_product_field() -> None:
    own = finding(event("access_analyzer/unused"))
    hub = finding(
        asff(
            Id=f"{own.detector}/arn:aws:iam::222233334444:role/old/UnusedIAMRole",
            ProductArn="arn:aws:securityhub:eu-central-1::product/aws/access-analyzer",
            ProductFields={"findingId": own.native_id},
        )
    )
    assert hub.key == own.key


def test_inspector_through_both_hubs_is_inspector_itself() -> None:
    own = finding(event("inspector/package"))
    product = "arn:aws:securityhub:eu-central-1::product/aws/inspector"
    hub = finding(asff(Id=own.native_id, ProductArn=product))
    ocsf = event("securityhub_v2/control-failed")
    part = ocsf["detail"]["findings"][0]
    part["finding_info"]["uid"] = own.native_id
    part["metadata"]["product"]["uid"] = product.replace("product/", "productv2/")
    assert {own.key, hub.key, finding(ocsf).key} == {own.key}
    assert {hub.source, finding(ocsf).source} == {"inspector"}


@pytest.mark.parametrize("stem", ["", "arn:aws:macie2:eu-central-1:222233334444:finding/"])
def test_macie_through_the_hub_is_macie_itself(stem: str) -> None:
    own = finding(event("macie/sensitive-data"))
    hub = finding(asff(Id=stem + own.native_id, ProductArn="arn:aws:securityhub:eu-central-1::product/aws/macie"))
    assert (hub.key, hub.source) == (own.key, "macie")


def test_an_alarm_through_sns_is_that_of_eventbridge() -> None:
    own, other = finding(event("cloudwatch/trail-alarm-root")), finding(event("cloudwatch/sns-native"))
    assert (own.key, own.severity, own.updated) == (other.key, other.severity, other.updated)


def test_an_event_of_health_is_one_finding_for_each_account() -> None:
    other = event("health/issue")
    other["detail"]["affectedAccount"] = "333344445555"
    assert finding(other).key != finding(event("health/issue")).key


def test_the_newest_version_wins_in_any_order_of_arrival() -> None:
    later = asff(UpdatedAt="2026-03-01T11:00:00Z", Severity={"Label": "LOW"})
    # A change of workflow does not move UpdatedAt: the time of sending decides.
    resent = deepcopy(later)
    resent["time"] = "2026-03-01T12:00:00Z"
    resent["detail"]["findings"][0]["Workflow"] = {"Status": "SUPPRESSED"}
    versions = [
        finding(v) for v in (event("securityhub/control-failed"), event("securityhub_v2/control-failed"), later, resent)
    ]
    for order in permutations(versions):
        assert newest(order) == versions[-1]


def test_a_redelivery_is_the_same_version() -> None:
    again = event("guardduty/camel-case")
    assert version_of(finding(again)) == version_of(finding(again))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("TTPs/Discovery/Recon:EC2-PortProbeUnprotectedPort", "Recon:EC2/PortProbeUnprotectedPort"),
        ("Recon:EC2/PortProbeUnprotectedPort", "Recon:EC2/PortProbeUnprotectedPort"),
        ("Effects/Data Exfiltration/Exfiltration:S3-ObjectRead.Unusual", "Exfiltration:S3/ObjectRead.Unusual"),
        ("Software and Configuration Checks", "Software and Configuration Checks"),
    ],
)
def test_the_hubs_spelling_of_a_guardduty_type_is_undone(text: str, expected: str) -> None:
    assert guardduty_type(text) == expected


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("standards/aws-foundational-security-best-practices/v/1.0.0", "fsbp"),
        ("arn:aws:securityhub:::ruleset/cis-aws-foundations-benchmark/v/1.2.0", "cis"),
        ("arn:aws:securityhub:eu-west-1::standards/cis-aws-foundations-benchmark/v/3.0.0", "cis"),
        ("standards/pci-dss/v/3.2.1", "pci-dss"),
        ("standards/nist-800-53/v/5.0.0", "nist-800-53"),
        ("pci-dss/v/3.2.1/PCI.KMS.1", "pci-dss"),
        ("arn:aws:securityhub:eu-west-1::standards/service-managed-aws-control-tower/v/1.0.0", "control-tower"),
        ("house/rules", "rules"),
    ],
)
def test_a_standard_has_a_short_name(text: str, word: str) -> None:
    assert standard_word(text) == word
