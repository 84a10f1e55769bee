"""The native side of hiding findings: what secbot asks of IAM Access Analyzer, Security Hub and GuardDuty.

Every call raises TemporaryError (try again later, it may have been done: all of these may be repeated), RateLimited, or PermanentError
(`access_denied`, `aws_refused`: it will be refused again). A call that succeeds answers with AWS's request id.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from bot.domain.drift import Maker, Rule

Filter = Mapping[str, Mapping[str, Sequence[str]]]
"""An archive rule's filter: key -> {"eq": [values]} (also neq, contains). `exists` is ["true"] or ["false"]: secbot's rules have none, but
a rule that others made is read in full."""


@dataclass(frozen=True, slots=True)
class ArchiveRule:
    """A rule as Access Analyzer lists it."""

    name: str
    filter: Filter
    created: str = ""  # as AWS writes it
    updated: str = ""


@dataclass(frozen=True, slots=True)
class HubFinding:
    """How Security Hub names a finding: CSPM by id and product ARN, V2 by its metadata uid."""

    id: str
    product_arn: str = ""
    v2: bool = False


@dataclass(frozen=True, slots=True)
class Unprocessed:
    """What a batch did not do, and why in AWS's words."""

    id: str
    code: str
    message: str


class AnalyzerRules(Protocol):
    """IAM Access Analyzer. An analyzer is named by its ARN; calls are made in its account and Region.

    `who` is the Slack user for whom a change is made: CloudTrail in another account names them.
    """

    async def findings(self, analyzer: str, filter: Filter, *, status: str = "") -> Mapping[str, str]:
        """id -> status (ACTIVE, ARCHIVED, RESOLVED) of every finding that a filter holds (all pages, ListFindingsV2)."""
        ...

    async def set_status(self, analyzer: str, ids: Sequence[str], status: str, *, who: str = "") -> str:
        """ACTIVE or ARCHIVED (UpdateFindings, in batches)."""
        ...

    async def rules(self, analyzer: str) -> Sequence[ArchiveRule]: ...
    async def create_rule(self, analyzer: str, name: str, filter: Filter, *, token: str, who: str = "") -> str:
        """Raises PermanentError `quota` when the analyzer has its hundred rules; a rule of that name that is there already is no error
        when its filter is the same."""
        ...

    async def update_rule(self, analyzer: str, name: str, filter: Filter, *, token: str, who: str = "") -> str: ...
    async def apply_rule(self, analyzer: str, name: str, *, token: str, who: str = "") -> str: ...
    async def delete_rule(self, analyzer: str, name: str, *, token: str, who: str = "") -> str:
        """A rule that is gone already is no error."""
        ...


class HubStatus(Protocol):
    """Security Hub, CSPM and V2, in the delegated administrator's account, in the finding's Region."""

    async def set_suppressed(
        self, region: str, findings: Sequence[HubFinding], *, suppressed: bool, note: str
    ) -> tuple[str, Sequence[Unprocessed]]:
        """Workflow (CSPM) or status (V2) SUPPRESSED, or NEW; (request id, what was not done)."""
        ...

    async def suppressed(self, region: str, findings: Sequence[HubFinding]) -> Mapping[str, bool]:
        """id -> whether it is suppressed now, of those that Security Hub knows."""
        ...


class Threats(Protocol):
    """GuardDuty's own archive, of single findings only: a filter would blind the bot."""

    async def archive(self, region: str, detector: str, ids: Sequence[str]) -> str: ...
    async def unarchive(self, region: str, detector: str, ids: Sequence[str]) -> str: ...
    async def archived(self, region: str, detector: str, ids: Sequence[str]) -> Mapping[str, bool]:
        """id -> whether it is archived now, of those that GuardDuty knows."""
        ...


class Outlook(Protocol):
    """What else hides findings in secbot's own account, and who made it. Reads only."""

    async def analyzers(self, region: str) -> Sequence[str]:
        """The ARNs of the analyzers there (all pages, active ones)."""
        ...

    async def hub_rules(self, region: str) -> Sequence[Rule]:
        """Security Hub's automation rules that suppress, CSPM's and V2's. One that Security Hub is not switched on for is no error."""
        ...

    async def guard_filters(self, region: str) -> Sequence[Rule]:
        """GuardDuty's filters that archive."""
        ...

    async def who(self, region: str, rule: Rule, names: Sequence[str]) -> Maker | None:
        """Who called one of these API operations for this rule last, within CloudTrail's ninety days; None when it does not say."""
        ...
