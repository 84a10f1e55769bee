"""Puts the envelope that EventBridge would have put around a finding that has none.

Problem solved: a folder of findings as an API or an export gives them (ASFF, GuardDuty, OCSF ...) can be replayed, although the bot
takes no finding without its envelope from the stream. It refuses to guess: what is no finding it knows goes as it is.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Wrapping:
    """How one service's findings travel. `marks` are keys that all of them have, in lower case."""

    marks: frozenset[str]
    source: str
    detail_type: Callable[[Event], str]
    listed: bool = False  # `detail.findings` holds them, else `detail` is the finding


def _always(name: str) -> Callable[[Event], str]:
    return lambda _: name


def _access_analyzer(finding: Event) -> str:
    kind = str(finding.get("findingType", ""))
    if kind.startswith("Unused"):
        return "Unused Access Finding for IAM entities"
    return "Internal Access Finding" if kind == "InternalAccess" else "Access Analyzer Finding"


_WRAPPINGS = (
    _Wrapping(
        frozenset({"schemaversion", "productarn", "awsaccountid", "generatorid"}),
        "aws.securityhub",
        _always("Security Hub Findings - Imported"),
        listed=True,
    ),
    _Wrapping(frozenset({"class_uid", "metadata"}), "aws.securityhub", _always("Findings Imported V2"), listed=True),
    _Wrapping(frozenset({"findingarn", "awsaccountid"}), "aws.inspector2", _always("Inspector2 Finding")),
    _Wrapping(
        frozenset({"accountid", "service", "resource", "severity"}), "aws.guardduty", _always("GuardDuty Finding")
    ),
    _Wrapping(frozenset({"analyzedat", "resourcetype", "status"}), "aws.access-analyzer", _access_analyzer),
)


def wrapped(event: Event, now: datetime) -> Event:
    """The event as its service would send it through EventBridge; unchanged when it has an envelope or is no finding we know."""
    if "detail-type" in event or ("Type" in event and "TopicArn" in event):
        return event
    keys = {key.casefold() for key in event}
    wrapping = next((w for w in _WRAPPINGS if w.marks <= keys), None)
    if wrapping is None:
        return event
    return {
        "version": "0",
        "id": str(uuid.uuid5(uuid.NAMESPACE_URL, repr(sorted(event.items(), key=lambda kv: kv[0])))),
        "detail-type": wrapping.detail_type(event),
        "source": wrapping.source,
        "account": _first(event, "AwsAccountId", "awsAccountId", "accountId", "AccountId", "resourceOwnerAccount"),
        "time": now.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "region": _first(event, "Region", "region"),
        "resources": [],
        "detail": {"findings": [event]} if wrapping.listed else event,
    }


def _first(event: Event, *keys: str) -> str:
    return next((str(event[k]) for k in keys if event.get(k)), "")
