"""Findings, accounts and records for the domain's tests: one plausible default, and only what a case is about is named.

Plain values of our own making; no test may rest on a default that it does not name.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from bot.domain.finding import Account, Finding, Record, Resource, Severity, State, Status
from bot.domain.syntax import Names

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)

PROD = Account("420000000001", "payments-prod", "prod", "Workloads/Prod", "payments", known=True)
STAGE = Account("420000000002", "payments-stage", "staging", "Workloads/Staging", "payments", known=True)
SANDBOX = Account("420000000003", "Sandbox Ana", "dev", "Sandboxes", "ana", known=True)

NAMES = Names(
    envs=("prod", "staging", "dev"),
    accounts=(PROD, STAGE, SANDBOX),
    sources=("guardduty", "securityhub", "access_analyzer", "config"),
    standards=("fsbp", "cis", "pci-dss"),
    owners=("payments", "ana"),
)

_FINDING = Finding(
    key="id:one",
    source="securityhub",
    via="securityhub",
    native_id="arn:aws:securityhub:eu-west-1:420000000001:security-control/S3.2/finding/one",
    account=PROD.id,
    region="eu-west-1",
    severity=Severity.HIGH,
    title="Bucket pay-export can be read by anyone",
    type="Software and Configuration Checks",
    status=Status.ACTIVE,
    first_seen=NOW - 2 * HOUR,
    updated=NOW - HOUR,
    emitted=NOW - HOUR,
    resources=(Resource("arn:aws:s3:::pay-export", "AwsS3Bucket"),),
    control="S3.2",
    standards=("fsbp", "pci-dss"),
)


def finding(**changes: Any) -> Finding:
    """A high finding about a bucket in production, with some fields changed."""
    return replace(_FINDING, **changes)


def record(
    state: State = State.OPEN, account: Account = PROD, *, about: Finding | None = None, **changes: Any
) -> Record:
    """The record of `about` (or of the default finding) in a state, as the store would hold it."""
    base = Record(
        finding=about or _FINDING, account=account, state=state, number=12, created=NOW - HOUR, changed=NOW - HOUR
    )
    if state is State.ACKNOWLEDGED:
        base = replace(base, ack_by="U0ANA", ack_at=NOW - HOUR, ack_until=NOW + HOUR)
    return replace(base, **changes)
