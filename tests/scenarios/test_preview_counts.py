"""What a preview says that an analyzer would archive is what an archive rule then archives: shown for a thousand random analyzers.

The stand-in's own operations are asked, most of the time in this process, some of the time by the real adapter over HTTP. Nothing here
knows how a rule's filter is made.
"""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any
from unittest.mock import patch

import pytest

from bot.adapters.hiding import AccessAnalyzerRules
from bot.domain.finding import Account, Finding, Record, Resource, Severity, State, Status
from bot.domain.native import Effect, How, effect_of
from bot.domain.suppression import Lease, ReasonClass, ScopeKind, Stage
from bot.ports.hiding import AnalyzerRules, ArchiveRule, Filter
from bot.services.archiving import Archiving, Native
from sandbox.aws.analyzer import AccessAnalyzer
from sandbox.aws.apis import ApiServer
from sandbox.aws.rest import Caller
from sandbox.slack.clock import ManualClock

ACCOUNT, REGION = "420500000001", "eu-west-1"
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
OWNERS = ("420100000001", "420100000002")
TYPES = ("AWS::S3::Bucket", "AWS::IAM::Role")
KINDS = ("ExternalAccess", "ExternalAccess", "ExternalAccess", "InternalAccess", "UnusedIAMRole", "UnusedPermission")
STATUSES = ("ACTIVE", "ACTIVE", "ACTIVE", "ARCHIVED", "RESOLVED")
TOKENS = count()


@dataclass
class InProcess:
    """The AnalyzerRules port on the stand-in's operations, without a wire in between."""

    stand_in: AccessAnalyzer
    caller: Caller = field(default_factory=lambda: Caller(ACCOUNT, REGION))

    def ask(self, operation: str, **params: Any) -> dict[str, Any]:
        return self.stand_in.operations[operation](self.caller, params)

    def every(self, operation: str, member: str, **params: Any) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = []
        more: dict[str, Any] = {}
        while True:
            answer = self.ask(operation, **params, **more)
            found += answer[member]
            if "nextToken" not in answer:
                return found
            more = {"nextToken": answer["nextToken"]}

    async def findings(self, analyzer: str, filter: Filter, *, status: str = "") -> Mapping[str, str]:
        wanted = {**filter} | ({"status": {"eq": [status]}} if status else {})
        found = self.every("ListFindingsV2", "findings", analyzerArn=analyzer, filter=wanted)
        return {one["id"]: one["status"] for one in found}

    async def set_status(self, analyzer: str, ids: Sequence[str], status: str, *, who: str = "") -> str:
        self.ask("UpdateFindings", analyzerArn=analyzer, ids=list(ids), status=status)
        return who

    async def rules(self, analyzer: str) -> Sequence[ArchiveRule]:
        name = analyzer.rpartition("/")[2]
        found = self.every("ListArchiveRules", "archiveRules", analyzerName=name)
        return [ArchiveRule(one["ruleName"], one["filter"]) for one in found]

    async def create_rule(self, analyzer: str, name: str, filter: Filter, *, token: str, who: str = "") -> str:
        self.ask("CreateArchiveRule", analyzerName=analyzer.rpartition("/")[2], ruleName=name, filter=filter)
        return token + who

    async def update_rule(self, analyzer: str, name: str, filter: Filter, *, token: str, who: str = "") -> str:
        self.ask("UpdateArchiveRule", analyzerName=analyzer.rpartition("/")[2], ruleName=name, filter=filter)
        return token + who

    async def apply_rule(self, analyzer: str, name: str, *, token: str, who: str = "") -> str:
        self.ask("ApplyArchiveRule", analyzerArn=analyzer, ruleName=name)
        return token + who

    async def delete_rule(self, analyzer: str, name: str, *, token: str, who: str = "") -> str:
        self.ask("DeleteArchiveRule", analyzerName=analyzer.rpartition("/")[2], ruleName=name)
        return token + who


# --- random analyzers --------------------------------------------------------------------------------------------------------------


@dataclass
class Analyzer:
    """One analyzer of the stand-in with what it holds."""

    stand_in: AccessAnalyzer
    arn: str
    facts: dict[str, dict[str, Any]] = field(default_factory=dict)

    def statuses(self) -> dict[str, str]:
        return {id: self.stand_in.status(self.arn, id) for id in self.facts}


def populated(stand_in: AccessAnalyzer, name: str, dice: random.Random) -> Analyzer:
    """An analyzer with up to 120 findings on a few resources, or on so many that a rule cannot name them all."""
    made = Analyzer(stand_in, stand_in.create(name, ACCOUNT, REGION))
    resources = dice.choice((2, 4, 8, 80))
    for number in range(dice.randint(1, 120)):
        id = f"{number:08x}-0000-4000-8000-{dice.getrandbits(48):012x}"
        made.facts[id] = drawn(dice, resources)
        stand_in.seed(made.arn, id, status=dice.choice(STATUSES), **made.facts[id])
    return made


def drawn(dice: random.Random, resources: int) -> dict[str, Any]:
    kind, number = dice.choice(KINDS), dice.randrange(resources)
    public = kind == "ExternalAccess" and dice.random() < 0.3
    facts: dict[str, Any] = {
        "resource": f"arn:aws:s3:::thing-{number}",
        "resourceType": TYPES[number % 2],
        "resourceOwnerAccount": dice.choice(OWNERS),
        "findingType": kind,
    }
    if kind == "ExternalAccess":
        facts |= {"isPublic": public, "principal.AWS": "*" if public else dice.choice(("999900001111", "999900002222"))}
    return facts


def record_of(analyzer: Analyzer, id: str) -> Record:
    """The finding as secbot would know it."""
    facts = analyzer.facts[id]
    owner = str(facts["resourceOwnerAccount"])
    resource = Resource(str(facts["resource"]), str(facts["resourceType"]), REGION, owner)
    finding = Finding(
        key=f"access_analyzer:{REGION}:{id}",
        source="access_analyzer",
        via="access_analyzer",
        native_id=id,
        account=owner,
        region=REGION,
        severity=Severity.LOW,
        title="reachable",
        type=str(facts["findingType"]),
        status=Status.ACTIVE,
        first_seen=NOW,
        updated=NOW,
        emitted=NOW,
        resources=(resource,),
        detector=analyzer.arn,
    )
    account = Account(owner, "somewhere", "prod", "Workloads/Prod", "somebody", (), known=True)
    return Record(finding=finding, account=account, state=State.OPEN, number=1, created=NOW, changed=NOW)


def effect(analyzer: Analyzer, id: str, scope: ScopeKind) -> Effect:
    """What hiding with that scope does; a kind's rules name the resources that secbot knows to have it."""
    one = analyzer.facts[id]
    same = [f for f in analyzer.facts.values() if all(f[k] == one[k] for k in ("resourceOwnerAccount", "findingType"))]
    return effect_of(scope, record_of(analyzer, id), resources=sorted({str(f["resource"]) for f in same}))


def lease(scope: ScopeKind) -> Lease:
    return Lease(
        id="aaaaaa", kind=scope, number=1, query="F-1", why=ReasonClass.EXPECTED, reason="expected here", ticket="", owner="U0ANA",
        author="U0ANA", created=NOW, until=NOW + timedelta(days=1), stage=Stage.APPLYING,
    )  # fmt: skip


async def keep(native: Native) -> None:
    assert native["how"], "what is about to be done is named"


async def shown_and_done(analyzer: Analyzer, rules: AnalyzerRules, dice: random.Random) -> tuple[int, int]:
    """(what the preview says, how many findings the source then archived) for a random finding of the analyzer's."""
    id, scope = dice.choice(sorted(analyzer.facts)), dice.choice((ScopeKind.RESOURCE, ScopeKind.KIND))
    wanted = effect(analyzer, id, scope)
    assert wanted.how is How.RULE
    archiving = Archiving(rules, lambda: f"token-{next(TOKENS)}")
    shown = await archiving.count(wanted, record_of(analyzer, id))
    before = analyzer.statuses()
    result = await archiving.archive_by_rules(lease(scope), wanted, [], keep)
    assert result.is_done, result.note
    after = analyzer.statuses()
    changed = [id for id in before if before[id] != after[id]]
    assert all((before[id], after[id]) == ("ACTIVE", "ARCHIVED") for id in changed)
    assert not [id for id in changed if analyzer.facts[id].get("isPublic")], "public access stays in sight"
    return shown, len(changed)


async def test_a_preview_counts_what_the_rule_then_archives_in_a_thousand_random_analyzers() -> None:
    stand_in = AccessAnalyzer(ManualClock(NOW.timestamp()))
    most = rules = 0
    for seed in range(1000):
        dice = random.Random(seed)
        analyzer = populated(stand_in, f"random-{seed}", dice)
        shown, done = await shown_and_done(analyzer, InProcess(stand_in), dice)
        assert shown == done, f"seed {seed}"
        most, rules = max(most, done), max(rules, len(stand_in.rules(analyzer.arn)))
    assert most > 10, "the populations are worth counting"
    assert rules > 1, "some scopes need several rules"


async def test_the_real_adapter_counts_what_it_archives(monkeypatch: pytest.MonkeyPatch) -> None:
    server = ApiServer(account=ACCOUNT, clock=ManualClock(NOW.timestamp()))
    await server.start()
    given = {"AWS_ACCESS_KEY_ID": "SANDBOXTESTINGKEY000", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_REGION": REGION}
    try:
        for name, text in (server.environment() | given).items():
            monkeypatch.setenv(name, text)
        adapter = AccessAnalyzerRules(ACCOUNT)
        with patch.object(server.analyzer, "page_size", 7):
            for seed in range(25):
                dice = random.Random(seed)
                analyzer = populated(server.analyzer, f"wired-{seed}", dice)
                shown, done = await shown_and_done(analyzer, adapter, dice)
                assert shown == done, f"seed {seed}"
        assert server.violations == []
    finally:
        await server.stop()
