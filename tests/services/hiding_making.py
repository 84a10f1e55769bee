"""What hides findings at AWS, in memory, and leases that are asked for: the ports of bot.ports.hiding as they are documented.

Create acts on nothing that exists, apply archives what matches, delete un-archives nothing. Nothing here knows AWS's wire.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from bot.domain.drift import Maker, Rule
from bot.domain.finding import Finding, Record, Resource
from bot.domain.query import Query, show
from bot.domain.suppression import Lease, ReasonClass, ScopeKind, Stage, digest, scope_query
from bot.errors import PermanentError, SecbotError, TemporaryError
from bot.ports.hiding import ArchiveRule, Filter, HubFinding, Unprocessed
from bot.services.natively import Natively
from bot.services.suppress import Begun, Preview
from tests.support.parts import Parts, a_finding

DAY = timedelta(days=1)
EU = "arn:aws:access-analyzer:eu-west-1:420500000001:analyzer/northwind"
US = "arn:aws:access-analyzer:us-east-1:420500000001:analyzer/northwind"
BUCKET = "arn:aws:s3:::pay-export"
HUB = "arn:aws:securityhub:eu-west-1::product/aws/securityhub"
DETECTOR = "12abc34d567e8fa901bc2d34e56789f0"


def id_of(number: int) -> str:
    """An Access Analyzer finding's id."""
    return f"0123abcd-0000-4000-8000-{number:012d}"


def access(number: int = 1, *, analyzer: str = EU, resource: str = BUCKET, **changes: Any) -> Finding:
    """A finding of Access Analyzer's about a bucket."""
    region = analyzer.split(":")[3]
    return a_finding(
        f"access_analyzer:{region}:{id_of(number)}", source="access_analyzer", detector=analyzer, region=region,
        type="ExternalAccess", resources=(Resource(resource, "AWS::S3::Bucket"),), **changes,
    )  # fmt: skip


def in_hub(key: str, **changes: Any) -> Finding:
    """A finding that came through Security Hub."""
    return a_finding(key, **{"source": "config", "via": "securityhub", "hub": HUB, **changes})


def threat(number: int, **changes: Any) -> Finding:
    """A finding that came from GuardDuty itself."""
    return a_finding(f"guardduty:eu-west-1:threat{number}", via="guardduty", detector=DETECTOR, **changes)


@dataclass
class Held:
    """A finding as its analyzer holds it."""

    resource: str = BUCKET
    status: str = "ACTIVE"


@dataclass
class FakeAnalyzers:
    """Analyzers with their findings and rules. The `fails`-th call raises, after its effect when `late`; `refuses` refuses operations."""

    held: dict[str, dict[str, Held]] = field(default_factory=lambda: {EU: {id_of(1): Held()}})
    made: dict[str, dict[str, Filter]] = field(default_factory=dict)
    refuses: dict[str, SecbotError] = field(default_factory=dict)
    asked: list[str] = field(default_factory=list)
    fails: int = 0
    late: bool = False
    stuck: bool = False  # what is asked for is answered well and never done
    before: Callable[[str], None] = lambda _: None
    most_rules: int = 100

    def _call(self, operation: str, effect: Callable[[], object] = lambda: None) -> str:
        self.before(operation)
        self.asked.append(operation)
        breaks = len(self.asked) == self.fails
        if operation in self.refuses:
            raise self.refuses[operation]
        if not ((breaks and not self.late) or self.stuck):
            effect()
        if breaks:
            raise TemporaryError("reset")
        return f"r{len(self.asked)}"

    def _matching(self, analyzer: str, filter: Filter) -> list[str]:
        wanted = {key: set(c["eq"]) for key, c in filter.items()}
        every = self.held.get(analyzer, {}).items()
        return [
            i for i, f in every if i in wanted.get("id", {i}) and f.resource in wanted.get("resource", {f.resource})
        ]

    def status(self, analyzer: str = EU) -> dict[str, str]:
        return {i: f.status for i, f in self.held[analyzer].items()}

    def rules_at(self, analyzer: str = EU) -> dict[str, Filter]:
        return self.made.setdefault(analyzer, {})

    async def findings(self, analyzer: str, filter: Filter, *, status: str = "") -> Mapping[str, str]:
        self._call("findings")
        found = {i: self.held[analyzer][i].status for i in self._matching(analyzer, filter)}
        return {i: s for i, s in found.items() if not status or s == status}

    def _set(self, analyzer: str, ids: Sequence[str], status: str) -> None:
        for one in ids:
            self.held[analyzer][one].status = status

    async def set_status(self, analyzer: str, ids: Sequence[str], status: str, *, who: str = "") -> str:
        assert who, "CloudTrail is to name the person"
        return self._call("set_status", lambda: self._set(analyzer, ids, status))

    async def rules(self, analyzer: str) -> Sequence[ArchiveRule]:
        self._call("rules")
        return [ArchiveRule(name, filter) for name, filter in self.rules_at(analyzer).items()]

    async def create_rule(self, analyzer: str, name: str, filter: Filter, *, token: str, who: str = "") -> str:
        del token
        assert who
        rules = self.rules_at(analyzer)
        if name not in rules and len(rules) >= self.most_rules:
            raise quota()
        return self._call("create_rule", lambda: rules.setdefault(name, filter))

    async def update_rule(self, analyzer: str, name: str, filter: Filter, *, token: str, who: str = "") -> str:
        raise AssertionError("nothing updates a rule")

    async def apply_rule(self, analyzer: str, name: str, *, token: str, who: str = "") -> str:
        del token
        assert who
        ids = [
            i for i in self._matching(analyzer, self.rules_at(analyzer)[name]) if self.status(analyzer)[i] == "ACTIVE"
        ]
        return self._call("apply_rule", lambda: self._set(analyzer, ids, "ARCHIVED"))

    async def delete_rule(self, analyzer: str, name: str, *, token: str, who: str = "") -> str:
        del token, who
        return self._call("delete_rule", lambda: self.rules_at(analyzer).pop(name, None))


def quota() -> PermanentError:
    """What an analyzer says that holds no more rules."""
    error = PermanentError("it has its hundred rules")
    error.reason = "quota"
    return error


@dataclass
class FakeHub:
    """Security Hub: which findings are suppressed, by the id that they are asked for."""

    suppressed_now: set[str] = field(default_factory=set)
    refuses: SecbotError | None = None
    noted: list[str] = field(default_factory=list)

    async def set_suppressed(
        self, region: str, findings: Sequence[HubFinding], *, suppressed: bool, note: str
    ) -> tuple[str, Sequence[Unprocessed]]:
        del region
        if self.refuses is not None:
            raise self.refuses
        self.noted.append(note)
        ids = {f.id for f in findings}
        self.suppressed_now = self.suppressed_now | ids if suppressed else self.suppressed_now - ids
        return "h1", ()

    async def suppressed(self, region: str, findings: Sequence[HubFinding]) -> Mapping[str, bool]:
        del region
        return {f.id: f.id in self.suppressed_now for f in findings}


@dataclass
class FakeThreats:
    """GuardDuty's archive."""

    archived_now: set[str] = field(default_factory=set)

    async def archive(self, region: str, detector: str, ids: Sequence[str]) -> str:
        assert (region, detector) == ("eu-west-1", DETECTOR)
        self.archived_now |= set(ids)
        return "g1"

    async def unarchive(self, region: str, detector: str, ids: Sequence[str]) -> str:
        del region, detector
        self.archived_now -= set(ids)
        return "g2"

    async def archived(self, region: str, detector: str, ids: Sequence[str]) -> Mapping[str, bool]:
        del region, detector
        return {i: i in self.archived_now for i in ids}


@dataclass
class FakeOutlook:
    """What others have made, and who. `silent` services raise."""

    listed: dict[str, list[str]] = field(default_factory=dict)  # analyzers by Region
    hub: dict[str, list[Rule]] = field(default_factory=dict)
    guard: dict[str, list[Rule]] = field(default_factory=dict)
    makers: dict[str, Maker | SecbotError] = field(default_factory=dict)  # by a rule's name
    silent: dict[str, SecbotError] = field(default_factory=dict)  # by the service's name
    traced: list[str] = field(default_factory=list)
    looked: list[str] = field(default_factory=list)  # Regions

    def _said(self, service: str) -> None:
        if service in self.silent:
            raise self.silent[service]

    async def analyzers(self, region: str) -> Sequence[str]:
        self.looked.append(region)
        self._said("analyzers")
        return self.listed.get(region, [])

    async def hub_rules(self, region: str) -> Sequence[Rule]:
        self._said("hub")
        return self.hub.get(region, [])

    async def guard_filters(self, region: str) -> Sequence[Rule]:
        self._said("guard")
        return self.guard.get(region, [])

    async def who(self, region: str, rule: Rule, names: Sequence[str]) -> Maker | None:
        assert region
        assert names
        self.traced.append(rule.name)
        found = self.makers.get(rule.name)
        if isinstance(found, SecbotError):
            raise found
        return found


# --- leases --------------------------------------------------------------------------------------------------------------------------


def natively(parts: Parts, side: Natively) -> None:
    """Give the services another native side."""
    object.__setattr__(parts.suite.leases, "natively", side)


async def found(parts: Parts, number: int = 1) -> Record:
    return await parts.suite.details.record(number)


async def now_of(parts: Parts, lease: Lease | str) -> Lease:
    async with parts.store.reads() as reads:
        one = await reads.lease(lease if isinstance(lease, str) else lease.id)
    assert one is not None
    return one


async def drafted(
    parts: Parts, number: int = 1, kind: ScopeKind = ScopeKind.FINDING, *, lasts: timedelta = DAY, author: str = "U0ANA",
    query: Query | None = None,
) -> Preview:  # fmt: skip
    """A draft about a finding, as its window gives it; `query` for a scope that is not made from the finding."""
    now = parts.clock.now()
    scope = query or scope_query(kind, await found(parts, number))
    lease = Lease(
        id="", kind=kind, number=number, query=show(scope), why=ReasonClass.EXPECTED, reason="the vendor's scanner", ticket="SEC-9",
        owner=author, author=author, created=now, until=now + lasts, stage=Stage.DRAFT,
    )  # fmt: skip
    return await parts.suite.suppressions.draft(lease)


async def begun(parts: Parts, preview: Preview, user: str = "U0ANA") -> Begun:
    """The press under a preview."""
    done = await parts.suite.suppressions.begin(preview.lease.id, digest(preview.lease), user)
    assert isinstance(done, Begun), done
    return done


async def hidden(parts: Parts, number: int = 1, kind: ScopeKind = ScopeKind.FINDING, **how: Any) -> Lease:
    """A lease that was begun by one person."""
    done = await begun(parts, await drafted(parts, number, kind, **how))
    assert done.request is None, done.request
    return done.lease
