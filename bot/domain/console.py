"""The address of one very finding in the AWS console, or nothing.

A link in a security channel is clicked without a thought, so it is never taken from a payload: it is built here from a validated
region, an account of 12 digits and a percent-encoded id. Where one of them is odd, or the console has no page for a single finding,
the answer is the empty text and the card shows the bare facts. Pure; it does not check that the page exists.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

from bot.domain.finding import Finding, guardduty_arn_parts

HUBS = frozenset({"securityhub", "securityhub_v2"})
MAX_URL = 2_900  # Slack takes 3,000 characters in a button's url

_ACCOUNT = re.compile(r"[0-9]{12}")
_REGION = re.compile(r"[a-z]{2}(?:-[a-z]{2,12}){1,2}-[0-9]{1,2}")
_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{3,127}")
_ARN = re.compile(r"arn:aws[a-z-]{0,10}:[a-z0-9-]{1,40}:[\x21-\x7e]{1,1000}")
# From: docs.aws.amazon.com/organizations/latest/userguide and AWS's console host names of each partition; the isolated partitions
# (us-iso, us-isob, eu-isoe) have consoles that no Slack client reaches, so they get no link.
_DOMAINS = (("cn-", "console.amazonaws.cn"), ("us-gov-", "console.amazonaws-us-gov.com"))
_ISOLATED = ("us-iso", "eu-iso")
_HOME_REGION = {"cn-": "cn-northwest-1", "us-gov-": "us-gov-west-1"}
# Security Hub's search grammar, percent-encoded twice: `\operator\:EQUALS\:`
# From: the links that Security Hub's console makes and AWS's Automated Security Response solution sends
_EQUALS = "%255Coperator%255C%253AEQUALS%255C%253A"


def console_url(finding: Finding) -> str:
    """A link to that very finding in its console; empty when no safe one can be built. Never raises; at most 2,900 characters."""
    if not _ACCOUNT.fullmatch(finding.account):
        return ""
    build = _BUILDERS.get(finding.source, _nowhere)
    url = build(finding) or (_HUB_BUILDERS.get(finding.via, _nowhere)(finding))
    return url if len(url) <= MAX_URL else ""


def _page(region: str, path: str, fragment: str) -> str:
    if not _REGION.fullmatch(region) or region.startswith(_ISOLATED):
        return ""
    domain = next((d for prefix, d in _DOMAINS if region.startswith(prefix)), "console.aws.amazon.com")
    return f"https://{region}.{domain}/{path}/home?region={region}#{fragment}"


def _encoded(text: str) -> str:
    return quote(text, safe="", errors="replace")


def _guardduty(finding: Finding) -> str:
    # From: docs.aws.amazon.com/guardduty/latest/ug/guardduty_findings_eventbridge.html, the address in its input transformer
    parts = guardduty_arn_parts(finding.native_id)
    region, finding_id = (parts[0], parts[3]) if parts else (finding.region, finding.native_id)
    return _page(region, "guardduty", f"/findings?search=id%3D{finding_id}") if _ID.fullmatch(finding_id) else ""


def _access_analyzer(finding: Finding) -> str:
    # A hub's id of such a finding names the analyzer and the resource; our key keeps the finding's own id.
    namespace, _, rest = finding.key.partition(":")
    region, _, finding_id = rest.partition(":")
    if namespace != "access_analyzer" or not _ID.fullmatch(finding_id):
        return ""
    # From: the SourceUrl that Access Analyzer sends to Security Hub
    return _page(region or finding.region, "access-analyzer", f"/findings/details/{finding_id}")


def _config(finding: Finding) -> str:
    if finding.via in HUBS:
        return ""  # a hub writes the resource's type its own way, so its own page is the surer one
    resource = finding.resource
    if resource.id and resource.type.startswith("AWS::"):
        where = f"resourceId={_encoded(resource.id)}&resourceType={_encoded(resource.type)}"
        return _page(finding.region, "config", f"/resources/timeline?{where}")
    if not finding.detector:
        return ""
    return _page(finding.region, "config", f"/rules/details?configRuleName={_encoded(finding.detector)}")


def _cloudwatch(finding: Finding) -> str:
    if not finding.detector:
        return ""
    return _page(finding.region, "cloudwatch", f"alarmsV2:alarm/{_encoded(finding.detector)}")


def _inspector(finding: Finding) -> str:
    if not _ARN.fullmatch(finding.native_id):
        return ""
    search = _encoded(f'{{"findingArn":["{finding.native_id}"]}}')
    return _page(finding.region, "inspector/v2", f"/findings/all?search={search}")


def _macie(finding: Finding) -> str:
    finding_id = finding.native_id.rsplit("/", 1)[-1]
    return _page(finding.region, "macie", f"findings?itemId={finding_id}") if _ID.fullmatch(finding_id) else ""


def _health(finding: Finding) -> str:
    """Health has one console for each partition, whatever the event's region (which may be `global`)."""
    if not _ARN.fullmatch(finding.native_id):
        return ""
    event = f"/account/event-log?eventID={_encoded(finding.native_id)}&eventTab=details"
    partition = finding.native_id.split(":", 2)[1]
    if partition == "aws":
        # From: docs.aws.amazon.com/health/latest/ug/getting-started-health-dashboard.html
        return f"https://health.console.aws.amazon.com/health/home#{event}"
    return _page(_HOME_REGION.get(partition.removeprefix("aws-") + "-", ""), "health", event)


def _securityhub(finding: Finding) -> str:
    if not finding.native_id:
        return ""
    return _page(finding.region, "securityhub", f"/findings?search=Id%3D{_EQUALS}{_encoded(finding.native_id)}")


def _securityhub_v2(finding: Finding) -> str:
    if not finding.native_id:
        return ""
    search = f"/findings?search=finding_info.uid%3D{_EQUALS}{_encoded(finding.native_id)}"
    return _page(finding.region, "securityhub/v2", search)


def _nowhere(_: Finding) -> str:
    return ""


_BUILDERS: dict[str, Callable[[Finding], str]] = {
    "guardduty": _guardduty,
    "access_analyzer": _access_analyzer,
    "config": _config,
    "cloudwatch": _cloudwatch,
    "inspector": _inspector,
    "macie": _macie,
    "health": _health,
}
_HUB_BUILDERS: dict[str, Callable[[Finding], str]] = {"securityhub": _securityhub, "securityhub_v2": _securityhub_v2}
