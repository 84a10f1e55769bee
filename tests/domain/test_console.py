"""A link leads to that very finding in the right partition, or there is none."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.console import MAX_URL, console_url
from bot.domain.finding import Finding, Resource, Severity, Status

ACCOUNT = "111122223333"
GUARDDUTY = f"arn:aws:guardduty:eu-central-1:{ACCOUNT}:detector/d1d2d3d4/finding/f00dcafe"
HUB_ID = f"arn:aws:securityhub:eu-central-1:{ACCOUNT}:subscription/fsbp/v/1.0.0/S3.8/finding/ab-1"
INSPECTOR = f"arn:aws:inspector2:eu-central-1:{ACCOUNT}:finding/0123456789abcdef"
HEALTH = "arn:aws:health:us-east-1::event/EC2/AWS_EC2_X/AWS_EC2_X_1"
HOST = "https://eu-central-1.console.aws.amazon.com"
EQUALS = "%255Coperator%255C%253AEQUALS%255C%253A"


def finding(source: str, native_id: str, **changes: object) -> Finding:
    at = datetime(2026, 11, 24, tzinfo=UTC)
    base = Finding(
        key="x", source=source, via=source, native_id=native_id, account=ACCOUNT, region="eu-central-1",
        severity=Severity.HIGH, title="t", type="t", status=Status.ACTIVE, first_seen=at, updated=at, emitted=at,
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


BUCKET = (Resource("pay-export", "AWS::S3::Bucket"),)
ANALYZER_KEY = "access_analyzer:eu-central-1:0e1f2a3b-0000-4000-8000-000000000000"

LINKED = [
    (
        "GuardDuty's own event",
        finding("guardduty", "f00dcafe"),
        f"{HOST}/guardduty/home?region=eu-central-1#/findings?search=id%3Df00dcafe",
    ),
    (
        "GuardDuty through Security Hub goes to GuardDuty, in the finding's own region",
        finding("guardduty", GUARDDUTY, via="securityhub", region="eu-west-1"),
        f"{HOST}/guardduty/home?region=eu-central-1#/findings?search=id%3Df00dcafe",
    ),
    (
        "Security Hub CSPM by the finding's id",
        finding("securityhub", HUB_ID),
        f"{HOST}/securityhub/home?region=eu-central-1#/findings?search=Id%3D{EQUALS}"
        "arn%3Aaws%3Asecurityhub%3Aeu-central-1%3A111122223333%3Asubscription%2Ffsbp%2Fv%2F1.0.0%2FS3.8%2Ffinding%2Fab-1",
    ),
    (
        "Security Hub V2 by the finding's uid",
        finding("securityhub", "uid-1", via="securityhub_v2"),
        f"{HOST}/securityhub/v2/home?region=eu-central-1#/findings?search=finding_info.uid%3D{EQUALS}uid-1",
    ),
    (
        "Access Analyzer by the id in our key, also when a hub's id names the analyzer",
        finding("access_analyzer", "arn:aws:access-analyzer:x", via="securityhub", key=ANALYZER_KEY),
        f"{HOST}/access-analyzer/home?region=eu-central-1#/findings/details/0e1f2a3b-0000-4000-8000-000000000000",
    ),
    (
        "Config shows the resource's timeline",
        finding("config", "rule/pay-export", resources=BUCKET, detector="s3-public"),
        f"{HOST}/config/home?region=eu-central-1#/resources/timeline?resourceId=pay-export&resourceType=AWS%3A%3AS3%3A%3ABucket",
    ),
    (
        "Config without a resource shows the rule",
        finding("config", "rule/", detector="s3-public"),
        f"{HOST}/config/home?region=eu-central-1#/rules/details?configRuleName=s3-public",
    ),
    (
        "Config through a hub shows the hub's finding",
        finding("config", "arn:x", via="securityhub", resources=BUCKET),
        f"{HOST}/securityhub/home?region=eu-central-1#/findings?search=Id%3D{EQUALS}arn%3Ax",
    ),
    (
        "an alarm by its name",
        finding("cloudwatch", "arn:aws:cloudwatch:x", detector="root use / prod"),
        f"{HOST}/cloudwatch/home?region=eu-central-1#alarmsV2:alarm/root%20use%20%2F%20prod",
    ),
    (
        "Inspector by the finding's ARN",
        finding("inspector", INSPECTOR),
        f"{HOST}/inspector/v2/home?region=eu-central-1#/findings/all?search=%7B%22findingArn%22%3A%5B%22"
        "arn%3Aaws%3Ainspector2%3Aeu-central-1%3A111122223333%3Afinding%2F0123456789abcdef%22%5D%7D",
    ),
    (
        "Macie by the last part of the id",
        finding("macie", "arn:aws:macie2:x/0123abcd", via="securityhub"),
        f"{HOST}/macie/home?region=eu-central-1#findings?itemId=0123abcd",
    ),
    (
        "Health has one console, whatever the region",
        finding("health", HEALTH, region="global"),
        "https://health.console.aws.amazon.com/health/home#/account/event-log?eventID="
        "arn%3Aaws%3Ahealth%3Aus-east-1%3A%3Aevent%2FEC2%2FAWS_EC2_X%2FAWS_EC2_X_1&eventTab=details",
    ),
    (
        "China",
        finding("guardduty", "f00dcafe", region="cn-north-1"),
        "https://cn-north-1.console.amazonaws.cn/guardduty/home?region=cn-north-1#/findings?search=id%3Df00dcafe",
    ),
    (
        "GovCloud",
        finding("guardduty", "f00dcafe", region="us-gov-west-1"),
        "https://us-gov-west-1.console.amazonaws-us-gov.com/guardduty/home?region=us-gov-west-1#/findings?search=id%3Df00dcafe",
    ),
]

UNLINKED = [
    ("an account that is none", finding("guardduty", "f00dcafe", account="1111")),
    ("an account with a line break", finding("guardduty", "f00dcafe", account=ACCOUNT + "\n")),
    ("an account in other digits", finding("guardduty", "f00dcafe", account="١" * 12)),
    ("a region that names a host", finding("guardduty", "f00dcafe", region="evil.example/x")),
    ("a region with a line break", finding("guardduty", "f00dcafe", region="eu-central-1\n")),
    ("no region", finding("guardduty", "f00dcafe", region="")),
    ("an isolated partition", finding("guardduty", "f00dcafe", region="us-iso-east-1")),
    ("an id that is made up for want of one", finding("guardduty", "f00dcafe#0")),
    ("an Access Analyzer key of another form", finding("access_analyzer", "x", key="id:x")),
    ("an alarm without a name", finding("cloudwatch", "arn:x")),
    ("a Health event without an ARN", finding("health", "f00d#0")),
    ("a source without a console", finding("generic", "x")),
    ("an id too long for a button", finding("securityhub", "x" * 4000)),
]


@pytest.mark.parametrize(("why", "found", "url"), LINKED)
def test_a_finding_is_linked(why: str, found: Finding, url: str) -> None:
    assert console_url(found) == url, why


@pytest.mark.parametrize(("why", "found"), UNLINKED)
def test_no_link_is_better_than_a_wrong_one(why: str, found: Finding) -> None:
    assert console_url(found) == "", why


@given(
    st.sampled_from(["guardduty", "securityhub", "access_analyzer", "config", "cloudwatch", "inspector", "macie", "health"]),
    st.text(max_size=60), st.text(max_size=30) | st.just("eu-central-1"), st.text(max_size=60), st.text(max_size=60),
)  # fmt: skip
def test_no_input_leaves_the_console(source: str, native_id: str, region: str, key: str, detector: str) -> None:
    url = console_url(finding(source, native_id, region=region, key=key, detector=detector))
    if url:
        host = urlsplit(url).hostname or ""
        assert host.endswith((".console.aws.amazon.com", ".console.amazonaws.cn", ".console.amazonaws-us-gov.com"))
        assert url.isascii()
        assert not set(url) & set(" \"'<>`|\\^{}")
        assert len(url) <= MAX_URL


def test_the_hubs_search_is_read_back_as_its_grammar() -> None:
    search = console_url(finding("securityhub", "id/1")).partition("search=")[2]
    assert unquote(unquote(search)) == "Id=\\operator\\:EQUALS\\:id/1"
