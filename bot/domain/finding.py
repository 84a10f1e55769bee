"""What a finding is, whether two reports are of the same one, and which report is newer.

Pure: no clock, no I/O. A source plug turns a vendor's event into `Finding`; everything after that speaks only of this record.
Identity is keyed on the native id, never on the envelope that carried it, so the same problem seen through two services is one
finding. What it does not do: decide secbot's own state (lifecycle.py) or where the finding is shown (routing.py).
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import IntEnum, StrEnum


class Severity(IntEnum):
    """Our own scale; each source maps its vendor's onto it, once."""

    INFO = 0
    LOW = 1
    MEDIUM = 2
    HIGH = 3
    CRITICAL = 4

    @property
    def word(self) -> str:
        """`critical`, `high`, ...: what people type and what `explain --json` prints."""
        return self.name.lower()

    @classmethod
    def of_word(cls, word: str) -> Severity | None:
        """The severity that a word names, in any case; None when it names none."""
        return _SEVERITY_WORDS.get(word.casefold())


_SEVERITY_WORDS = {s.name.lower(): s for s in Severity} | {
    "informational": Severity.INFO,
    "crit": Severity.CRITICAL,
    "med": Severity.MEDIUM,
}


class Status(StrEnum):
    """What the source itself says of the problem, in three words."""

    ACTIVE = "active"
    RESOLVED = "resolved"
    SUPPRESSED = "suppressed"  # hidden at the source: archived there, or its workflow says SUPPRESSED


@dataclass(frozen=True, slots=True)
class Resource:
    """A thing that the finding is about. `id` is the ARN where the source gives one, else its bare id."""

    id: str
    type: str = ""
    region: str = ""
    account: str = ""
    name: str = ""

    @property
    def label(self) -> str:
        """What a person calls it: the name, or the last part of its id."""
        return self.name or resource_name(self.id)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One version of a finding as a source reported it. Times are aware and UTC; texts are foreign and not escaped.

    `source` is the service that found the problem (a GuardDuty finding is `guardduty` through Security Hub too), `via` the plug that
    read it. `key` is the identity; see `identity`. `evidence` is short facts in the source's order, (label, value).
    `emitted` is when this version was sent, which decides between versions of one `updated` time: Security Hub does not move
    UpdatedAt when a workflow status changes.
    """

    key: str
    source: str
    via: str
    native_id: str
    account: str
    region: str
    severity: Severity
    title: str
    type: str
    status: Status
    first_seen: datetime
    updated: datetime
    emitted: datetime
    resources: tuple[Resource, ...] = ()
    description: str = ""
    remediation_url: str = ""
    last_seen: datetime | None = None
    control: str = ""
    standards: tuple[str, ...] = ()
    workflow: str = ""  # the vendor's own words, for display: NEW, NOTIFIED, ARCHIVED, FAILED ...
    record_state: str = ""
    compliance: str = ""
    product: str = ""  # the vendor's product name where the source is a hub
    detector: str = ""  # detector id, analyzer ARN, rule name: what the console link needs
    evidence: tuple[tuple[str, str], ...] = ()
    tags: tuple[tuple[str, str], ...] = ()
    hub: str = ""  # what Security Hub knows it by beside its id: the product's ARN (CSPM), the metadata uid (V2)
    requested: str = ""  # the name of a Security Hub custom action, when a person asked for this event

    @property
    def resource(self) -> Resource:
        """The first resource, or an empty one."""
        return self.resources[0] if self.resources else Resource("")


@dataclass(frozen=True, slots=True)
class Version:
    """Orders the versions of one finding: a total order, so any order of arrival ends in one state."""

    updated: datetime
    emitted: datetime
    digest: str

    def __lt__(self, other: Version) -> bool:
        return (self.updated, self.emitted, self.digest) < (other.updated, other.emitted, other.digest)


def version_of(finding: Finding) -> Version:
    """The version of a report: (updated, emitted, content hash). Equal versions are the same report delivered twice."""
    return Version(finding.updated, finding.emitted, content_digest(finding))


def compare_versions(one: Finding, other: Finding) -> int:
    """Below 0 when `one` is the older report, above 0 when it is the newer one, 0 when they are the same: the order of `version_of`."""
    mine, theirs = (one.updated, one.emitted), (other.updated, other.emitted)
    if mine == theirs:  # only then is the content worth hashing
        digest, others = content_digest(one), content_digest(other)
        return (digest > others) - (digest < others)
    return 1 if mine > theirs else -1


def content_digest(finding: Finding) -> str:
    """16 hex digits over everything the report says; stable over processes and Python versions."""
    return hashlib.blake2b(repr(_content(finding)).encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()


def _content(f: Finding) -> tuple[object, ...]:
    return (
        f.key, f.source, f.via, f.severity.value, f.title, f.type, f.status.value, f.first_seen.timestamp(), f.updated.timestamp(),
        tuple((r.id, r.type, r.region, r.account, r.name) for r in f.resources), f.description, f.control, f.standards,
        f.workflow, f.record_state, f.compliance, f.evidence, f.requested,
    )  # fmt: skip


def newest(findings: Iterable[Finding]) -> Finding:
    """The newest of several versions of one finding; raises ValueError on none."""
    return max(findings, key=lambda f: (f.updated, f.emitted, content_digest(f)))


# --- identity -------------------------------------------------------------------------------------------------------------

_GUARDDUTY_ARN = re.compile(r"^arn:aws[\w-]*:guardduty:([\w-]+):(\d+):detector/([\w-]+)/finding/([\w-]+)$")


def identity(namespace: str, *parts: str) -> str:
    """The key of a finding: `namespace:` and its parts, or a digest of them when they are long.

    At most 200 characters, so that both databases index it whole.
    """
    text = ":".join((namespace, *parts))
    if len(text) <= 200 and text.isprintable():
        return text
    digest = hashlib.blake2b(text.encode("utf-8", "backslashreplace"), digest_size=20).hexdigest()
    return f"{namespace}:#{digest}"


def guardduty_identity(account: str, region: str, finding_id: str) -> str:
    """A GuardDuty finding, from its own event."""
    return identity("guardduty", account, region, finding_id)


def access_analyzer_identity(region: str, finding_id: str) -> str:
    """An Access Analyzer finding; its id is a UUID, unique by itself."""
    return identity("access_analyzer", region, finding_id.lower())


def config_identity(account: str, region: str, rule: str, resource_type: str, resource_id: str) -> str:
    """A Config rule's verdict on one resource. `rule` is the rule's id or name; `AWS::S3::Bucket` and `AwsS3Bucket` are one type."""
    return identity(
        "config", account, region, rule, resource_type.replace("::", "").casefold(), resource_name(resource_id)
    )


def hub_identity(native_id: str) -> str:
    """The key of a finding that a hub (Security Hub CSPM or V2) names `native_id`.

    A GuardDuty ARN becomes the very key of GuardDuty's own event; CSPM and V2 share the id, so they share the key.
    """
    if match := _GUARDDUTY_ARN.match(native_id):
        region, account, _detector, finding_id = match.groups()
        return guardduty_identity(account, region, finding_id)
    return identity("id", native_id)


def guardduty_arn_parts(arn: str) -> tuple[str, str, str, str] | None:
    """(region, account, detector, finding id) of a GuardDuty finding's ARN; None for anything else."""
    match = _GUARDDUTY_ARN.match(arn)
    return (match[1], match[2], match[3], match[4]) if match else None


def resource_name(resource_id: str) -> str:
    """The last part of an ARN or path (`arn:aws:s3:::pay-export` is `pay-export`); the text itself when it has no parts."""
    tail = resource_id.rstrip("/:").rsplit("/", 1)[-1]
    return tail.rsplit(":", 1)[-1] if tail.startswith("arn:") or "/" not in resource_id else tail


# --- what the store holds ----------------------------------------------------------------------------------------------------


class State(StrEnum):
    """secbot's own state of a finding."""

    OPEN = "open"
    ACKNOWLEDGED = "acknowledged"
    SUPPRESSED = "suppressed"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Account:
    """What is known of an AWS account; `known` is False when Organizations and config do not list it."""

    id: str
    name: str = ""
    env: str = ""
    ou: str = ""
    owner: str = ""
    tags: tuple[tuple[str, str], ...] = ()
    known: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A finding with everything secbot knows of it: the row of the store.

    `number` is 0 until the store has given one. `generation` counts the announcements (new, reopened, severity raised) and is part
    of every announcement's key. `revision` goes up on every change, whoever made it, and is what a button carries.
    """

    finding: Finding
    account: Account
    state: State
    generation: int = 1
    revision: int = 1
    number: int = 0
    seen: int = 1  # versions taken in; duplicates do not count
    created: datetime
    changed: datetime  # when the state last changed
    ack_by: str = ""
    ack_at: datetime | None = None
    ack_until: datetime | None = None
    resolved_at: datetime | None = None
    assignee: str = ""  # the Slack user whose it is
    lease: str = ""  # the suppression that hides it
    lease_until: datetime | None = None
    channel: str = ""  # where the route shows it
    route: str = ""
    why: str = ""

    @property
    def ref(self) -> str:
        """`F-1234`: short, typeable on a phone, stable for ever."""
        return f"F-{self.number}"

    @property
    def env(self) -> str:
        return self.account.env

    def but(self, **changes: object) -> Record:
        """The same record with some fields changed."""
        return replace(self, **changes)  # type: ignore[arg-type]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One line of a finding's timeline: what happened, when, by whom (a Slack user id, or empty for the source itself)."""

    at: datetime
    kind: str  # see lifecycle.Change
    actor: str = ""
    note: str = ""
    details: dict[str, str] = field(default_factory=dict)
