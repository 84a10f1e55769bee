"""What a life of suppressions is lived against: AWS's stand-in with four known findings and their neighbours, and the verdict.

Problem solved: a bot that hides findings is killed at a point, another sweeps after it, and AWS and the store must agree on what is hidden.
The stand-in survives the kill. What ought to be hidden follows from the stages that the leases were in when the bot died, and from nothing
else. It refuses to look only at what the leases name: what lies beside it must not be touched.
"""

from __future__ import annotations

import asyncio
import copy
import json
import time
from collections.abc import AsyncIterator, Collection, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from bot.adapters import wire
from bot.adapters.metrics import PrometheusMetrics
from bot.adapters.sql import open_store
from bot.domain.finding import State
from bot.domain.native import is_ours
from bot.domain.suppression import HIDING, ScopeKind, Stage
from bot.parts import directory_of, sources_of
from bot.ports import Delivery, Store
from bot.services.chain import check_chain
from bot.services.ingest import Ingest
from sandbox.aws.apis import ApiServer
from sandbox.company import Company, northwind
from sandbox.events import access_analyzer, guardduty
from sandbox.events import securityhub as hub
from sandbox.events.scene import Scene
from tests.crash.lease_victim import ENVIRONMENT, routing_of
from tests.crash.stage import LIFE_S, START, Ending
from tests.crash.times import BotTime, HurriedTime
from tests.crash.victim import settings

DAY_S = 86_400.0
LASTS_S = DAY_S
TOLD = 4  # findings that the bot knows: F-1 and F-2 of the analyzer, F-3 of Security Hub, F-4 of GuardDuty
ARRIVING = frozenset({"new", "newer", "newest"})
ARCHIVED, ACTIVE = "ARCHIVED", "ACTIVE"

Facts = Mapping[str, str]
"""What is so, by what it is about: the analyzer's statuses, Security Hub's workflow, our rules, the store's states."""

SWEPT = {
    Stage.DRAFT: Stage.DRAFT, Stage.APPLYING: Stage.ACTIVE, Stage.ACTIVE: Stage.ACTIVE, Stage.ENDING: Stage.ENDED, Stage.ENDED: Stage.ENDED,
}  # fmt: skip
"""The stage that a sweep before the end brings a lease to."""
OVER = {stage: Stage.DRAFT if stage is Stage.DRAFT else Stage.ENDED for stage in SWEPT}
"""The stage that a sweep after the end brings a lease to."""


@dataclass(frozen=True)
class Found:
    """The events of the findings that the bot knows, in the order of their numbers, and where they are."""

    analyzer: str
    hub_key: tuple[str, str, str]
    threat: str
    events: tuple[dict[str, Any], ...]

    def id_of(self, number: int) -> str:
        return str(self.events[number - 1]["detail"]["id"])


def found_by(company: Company) -> Found:
    start = datetime.fromtimestamp(START, UTC)
    scene = Scene(
        company.account("payments-prod"), company.security.id, "eu-west-1", start - timedelta(minutes=5), start
    )
    control = hub.control_finding(scene, "S3.8", 1)
    threat = guardduty.finding(scene, "UnauthorizedAccess:EC2/SSHBruteForce", 1)
    events = (
        access_analyzer.external(scene, "bucket", 1),
        access_analyzer.external(scene, "bucket", 2),
        hub.imported(scene, control),
        threat,
    )
    key = (scene.region, str(control["Id"]), str(control["ProductArn"]))
    return Found(access_analyzer.analyzer_arn(scene), key, str(threat["detail"]["id"]), events)


# --- AWS -------------------------------------------------------------------------------------------------------------------------------


@dataclass
class Aws:
    """The stand-in of a stage, which is used for one story after the other."""

    apis: ApiServer
    found: Found

    def fill(self) -> None:
        """Let the services know the four findings and what lies beside them."""
        for event in self.found.events:
            self.apis.learn(event)
        self._beside(1, "silent")  # the bot was not told of it, and the rule covers it
        self._beside(1, "others", status=ARCHIVED)  # somebody archived it before us
        self._beside(1, "public", isPublic=True)  # no rule of ours may cover it
        self._beside(2, "beside")
        self._beside(2, "others2", status=ARCHIVED)

    def arrive(self, id: str) -> None:
        """Another finding comes that the rule covers, if there is one."""
        self._beside(1, id, new=True)

    def _beside(self, number: int, id: str, *, status: str = ACTIVE, new: bool = False, **changes: bool) -> None:
        """A finding on the resource of another one."""
        analyzer = self.apis.analyzer
        known = analyzer.analyzers[self.found.analyzer].findings[self.found.id_of(number)]
        facts = {key: list(values) for key, values in known.fields.items() if key not in ("id", *changes)}
        analyzer.seed(self.found.analyzer, id, status=status, new=new, **facts, **changes)

    def state(self) -> Any:
        """A copy of what the services know, for `put`."""
        apis = self.apis
        return copy.deepcopy((apis.analyzer.analyzers, apis.hub.cspm, apis.guard.detectors))

    def put(self, state: Any) -> None:
        """Let the services know what they knew then, and forget every call."""
        apis, then = self.apis, copy.deepcopy(state)
        for known, was in zip((apis.analyzer.analyzers, apis.hub.cspm, apis.guard.detectors), then, strict=True):
            known.clear()  # type: ignore[attr-defined]
            known.update(was)  # type: ignore[attr-defined]
        apis.log.clear()
        apis.violations.clear()

    def facts(self) -> dict[str, str]:
        owner = self.apis.analyzer.analyzers[self.found.analyzer]
        names = {self.found.id_of(1): "first", self.found.id_of(2): "second"}
        statuses = {names.get(one.id, one.id): one.status.latest for one in owner.findings.values()}
        [detector] = self.apis.guard.detectors
        rules = [name for name in owner.live_rules() if is_ours(name)]
        return {
            **statuses,
            "rules": str(len(rules)),
            "hub": str(self.apis.hub.workflow(*self.found.hub_key).status),
            "threat": ARCHIVED if self.apis.guard.is_archived(detector, self.found.threat) else ACTIVE,
        }


def expected(holding: frozenset[ScopeKind], arrived: Collection[str]) -> dict[str, str]:
    """What AWS and the store must show while the leases of these kinds hold; `arrived` are ids of what came since."""
    by_rule, by_name, at_hub = (kind in holding for kind in (ScopeKind.RESOURCE, ScopeKind.THESE, ScopeKind.FINDING))

    def status(hidden: bool) -> str:
        return ARCHIVED if hidden else ACTIVE

    def state(hidden: bool) -> str:
        return str(State.SUPPRESSED if hidden else State.OPEN)

    return {
        "first": status(by_rule), "silent": status(by_rule), **dict.fromkeys(arrived, status(by_rule)),
        "others": ARCHIVED, "public": ACTIVE, "rules": str(int(by_rule)),
        "second": status(by_name), "beside": ACTIVE, "others2": ARCHIVED, "threat": status(by_name),
        "hub": "SUPPRESSED" if at_hub else "NEW",
        "F-1": state(by_rule), "F-2": state(by_name), "F-3": state(at_hub), "F-4": state(by_name),
    }  # fmt: skip


# --- the stage -------------------------------------------------------------------------------------------------------------------------


@dataclass
class LeaseStage:
    """One AWS and one time, for one story after the other; each story has a database of its own."""

    company: Company
    clock: HurriedTime
    aws: Aws
    zygote: str
    log: Path
    sabotage: str = ""
    database: str = ""

    def opened(self, database: str, *, days: float) -> None:
        """A story begins: time stands at so many days after the start."""
        self.database = database
        self.clock.zero, self.clock.ahead = time.monotonic(), days * DAY_S

    def put_forward(self) -> None:
        """Let every lease's time be over."""
        self.clock.ahead += LASTS_S + 60

    async def life(self, *acts: str, kill_at: str = "") -> Ending:
        """One process from its start to its end."""
        async with asyncio.timeout(LIFE_S):
            reader_, writer = await asyncio.open_unix_connection(self.zygote)
            writer.write(json.dumps(self._orders(acts, kill_at)).encode() + b"\n")
            try:
                last = await reader_.read()
            finally:
                writer.close()
        return Ending(**json.loads(last)) if last else Ending()

    def _orders(self, acts: Sequence[str], kill_at: str) -> dict[str, Any]:
        return {
            "environment": {**ENVIRONMENT, **self.aws.apis.environment()},
            "database": self.database,
            "clock": self.clock.as_json(),
            "acts": list(acts),
            "until": START + LASTS_S,
            "kill_at": kill_at,
            "sabotage": self.sabotage,
            "log": str(self.log),
        }

    # --- the store ---

    @asynccontextmanager
    async def store(self) -> AsyncIterator[Store]:
        clock = BotTime(self.clock)
        opened = await open_store(self.database, clock=clock, migrate=False, shift=clock.shift)
        try:
            yield opened
        finally:
            await opened.close()

    async def take_in(self) -> None:
        """The bot is told of the four findings, one after the other."""
        async with self.store() as store:
            ingest = Ingest(
                store=store, opener=lambda body, received: wire.open_body(body, received=received), sources=sources_of(settings()),
                directory=directory_of(settings()), routing=routing_of(settings()), clock=BotTime(self.clock), metrics=PrometheusMetrics(),
            )  # fmt: skip
            for number, event in enumerate(self.aws.found.events, 1):
                taken = await ingest.take([Delivery(f"m{number}", f"r{number}", json.dumps(event))])
                assert taken.done

    async def stages(self) -> dict[ScopeKind, Stage]:
        """The stages of the leases; one that was never drafted is missing."""
        async with self.store() as store, store.reads() as reads:
            return {lease.kind: lease.stage for lease in await reads.leases()}

    async def problems(self, wanted: Mapping[ScopeKind, Stage]) -> list[str]:
        """The verdict; empty when the leases are in these stages and everything is as these demand."""
        async with self.store() as store:
            async with store.reads() as reads:
                leases = {lease.kind: lease for lease in await reads.leases()}
                records = {r.ref: r for n in range(1, TOLD + 1) if (r := await reads.get(n)) is not None}
            flaw = (await check_chain(store)).flaw
        stages = {kind: lease.stage for kind, lease in leases.items()}
        facts = {**self.aws.facts(), **{ref: str(r.state) for ref, r in records.items()}}
        held = frozenset(kind for kind, stage in wanted.items() if stage in HIDING)
        return [
            *([f"stages are {stages}, not {dict(wanted)}"] if stages != wanted else []),
            *_differences(facts, expected(held, ARRIVING & facts.keys())),
            *_strays({r.ref: r.lease for r in records.values() if r.lease}, leases.values()),
            *([f"the audit trail: {flaw}"] if flaw else []),
            *self.aws.apis.violations,
        ]


def _differences(facts: Facts, wanted: Facts) -> list[str]:
    names = sorted({*facts, *wanted})
    return [
        f"{name} is {facts.get(name)}, not {wanted.get(name)}" for name in names if facts.get(name) != wanted.get(name)
    ]


def _strays(lease_of: Mapping[str, str], leases: Any) -> list[str]:
    holding = {lease.id for lease in leases if lease.stage in HIDING}
    return [f"{ref} names a lease that is over: {id}" for ref, id in lease_of.items() if id not in holding]


@asynccontextmanager
async def open_lease_stage(zygote: str, log: Path, *, sabotage: str = "") -> AsyncIterator[LeaseStage]:
    """A stage; nothing has happened yet."""
    company, clock = northwind(), HurriedTime(START, time.monotonic())
    apis = ApiServer(account=company.security.id, clock=clock)
    await apis.start()
    try:
        yield LeaseStage(company, clock, Aws(apis, found_by(company)), zygote, log, sabotage)
    finally:
        await apis.stop()
