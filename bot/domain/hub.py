"""What the two Security Hubs (CSPM in ASFF, V2 in OCSF) say alike: whose finding it is, which finding it is, and its standards.

A hub repeats what another service found. The finding keeps that service as its source and, where the ids permit it, that service's
key, so that one problem seen three ways is one finding. Pure; it reads no JSON.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from bot.domain.finding import access_analyzer_identity, config_identity, hub_identity, identity

# From: docs.aws.amazon.com/securityhub/latest/userguide/securityhub-internal-providers.html; the last part of the product's ARN
_PRODUCTS = {
    "guardduty": "guardduty",
    "access-analyzer": "access_analyzer",
    "inspector": "inspector",
    "macie": "macie",
    "config": "config",
    "health": "health",
}
_PRODUCT_ARN = re.compile(r"^arn:aws[\w-]*:securityhub:[\w-]*:\d*:product(?:v2)?/(?P<company>[^/]+)/(?P<product>[^/]+)")
_CONFIG_FINDING = re.compile(
    r"^arn:aws[\w-]*:config:(?P<region>[\w-]+):(?P<account>\d+):config-rule/(?P<rule>[^/]+)/finding/"
)
_ANALYZER = re.compile(r"^(?P<arn>arn:aws[\w-]*:access-analyzer:(?P<region>[\w-]+):\d*:analyzer/[^/]+)")
_ANALYZER_FINDING_URL = re.compile(r"#/(?:[\w-]+/)*details/(?P<id>[\w-]+)")
_STANDARD_WORDS = {
    "aws-foundational-security-best-practices": "fsbp",
    "cis-aws-foundations-benchmark": "cis",
    "service-managed-aws-control-tower": "control-tower",
}
_STANDARD = re.compile(r"(?:^|[/:])(?:standards|ruleset|subscription|control)/(?P<name>[^/]+)(?:/v/|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """The parts of a hub's finding that decide its identity. `finding_id` and `url` are what Access Analyzer adds."""

    native_id: str
    source: str
    product: str  # the product's ARN, or its name for want of one
    account: str
    region: str
    resource_type: str = ""
    resource_id: str = ""
    finding_id: str = ""
    url: str = ""


def source_of(product_arn: str) -> str:
    """Which service found it: one of ours for an AWS product, else `securityhub` (its own controls and third parties)."""
    match = _PRODUCT_ARN.match(product_arn)
    if match and match["company"] == "aws":
        return _PRODUCTS.get(match["product"], "securityhub")
    return "securityhub"


def product_of(product_arn: str) -> str:
    """The last part of a product's ARN, for want of a name."""
    match = _PRODUCT_ARN.match(product_arn)
    return match["product"] if match else ""


def reported_identity(report: Report) -> str:
    """The key of a finding that a hub reports: that of the service that found it where the ids permit, else of the hub's id."""
    own = _OWN_KEY.get(report.source)
    return (own(report) if own else "") or _hub_key(report)


def _hub_key(report: Report) -> str:
    """AWS's own ids are ARNs and unique; anyone may import a finding under any other id, in any account.

    Such an id counts within its product, account and region only: it is not unique elsewhere, and whoever can import into
    a test account must not be able to close a finding of production.
    """
    match = _PRODUCT_ARN.match(report.product)
    if match and match["company"] == "aws" and report.native_id.startswith("arn:"):
        return hub_identity(report.native_id)
    product = f"{match['company']}/{match['product']}" if match else report.product
    return identity("id", product, report.account, report.region, report.native_id)


def macie_identity(account: str, region: str, finding_id: str) -> str:
    """A Macie finding; the id is the last part where a hub gives an ARN."""
    return identity("macie", account, region, finding_id.rsplit("/", 1)[-1])


def analyzer_of(text: str) -> tuple[str, str]:
    """(analyzer ARN, its region) at the head of a text; empty texts when there is none."""
    match = _ANALYZER.match(text)
    return (match["arn"], match["region"]) if match else ("", "")


def config_rule_of(text: str) -> str:
    """The id of a Config rule (`config-rule-abc123`) from its ARN or from the ARN of a finding under it; empty otherwise."""
    head, found, tail = text.partition(":config-rule/")
    return tail.split("/", 1)[0] if found and head.startswith("arn:") else ""


def _access_analyzer_key(report: Report) -> str:
    match = _ANALYZER_FINDING_URL.search(report.url)
    finding_id = report.finding_id or (match["id"] if match else "")
    region = analyzer_of(report.native_id)[1] or report.region
    return access_analyzer_identity(region, finding_id) if finding_id else ""


def _config_key(report: Report) -> str:
    match = _CONFIG_FINDING.match(report.native_id)
    if not match or not report.resource_id:
        return ""
    return config_identity(match["account"], match["region"], match["rule"], report.resource_type, report.resource_id)


def _macie_key(report: Report) -> str:
    return macie_identity(report.account, report.region, report.native_id)


_OWN_KEY = {"access_analyzer": _access_analyzer_key, "config": _config_key, "macie": _macie_key}


def guardduty_type(text: str) -> str:
    """GuardDuty's own type from a hub's (`TTPs/Discovery/Recon:EC2-PortProbe` is `Recon:EC2/PortProbe`)."""
    tail = text.rsplit("/", 1)[-1]
    purpose, colon, rest = tail.partition(":")
    return f"{purpose}:{rest.replace('-', '/', 1)}" if colon and "-" in rest else text


def standard_word(text: str) -> str:
    """`fsbp`, `cis`, `pci-dss`, `nist-800-53`: the short name of a standard from its ARN or path; the last part when unknown."""
    match = _STANDARD.search(text)
    name = match["name"] if match else _named_part(text)
    return _STANDARD_WORDS.get(name, name)


def standard_words(*texts: str) -> tuple[str, ...]:
    """The short names of several standards, each once, in order."""
    return tuple(dict.fromkeys(word for text in texts if text and (word := standard_word(text))))


def _named_part(text: str) -> str:
    head, version, _ = text.partition("/v/")
    return (head if version else text.rstrip("/")).rsplit("/", 1)[-1]
