"""The native effect under trouble: whichever call fails, before or after it took effect, the sweep brings the lease to its stage.

The analyzer is a fake of the port that behaves as documented: create acts on nothing that exists, apply archives what matches, delete
un-archives nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import timedelta

import pytest

from bot.domain.finding import Resource, State
from bot.domain.query import show
from bot.domain.suppression import Lease, ReasonClass, ScopeKind, Stage, digest, scope_query
from bot.errors import PermanentError, TemporaryError
from bot.ports.hiding import ArchiveRule, Filter
from bot.services.natively import Natively
from bot.services.suppress import Begun
from tests.support.parts import Parts, a_finding

ANALYZER = "arn:aws:access-analyzer:eu-west-1:420500000001:analyzer/northwind"
ID = "0123abcd-0000-4000-8000-0123456789ab"
DAY = timedelta(days=1)


@dataclass
class FakeAnalyzer:
    """One finding and its analyzer's rules. The `fails`-th call raises, after its effect when `late`."""

    status: dict[str, str] = field(default_factory=lambda: {ID: "ACTIVE"})
    made: dict[str, Filter] = field(default_factory=dict)
    fails: int = 0
    late: bool = False
    forever: bool = False
    calls: int = 0

    def _call(self, effect: object = None) -> None:
        self.calls += 1
        breaks = self.calls == self.fails
        if self.forever and self.fails:
            raise PermanentError("access denied")
        if breaks and not self.late:
            raise TemporaryError("reset")
        if callable(effect):
            effect()
        if breaks:
            raise TemporaryError("reset")

    async def findings(self, analyzer: str, filter: Filter, *, status: str = "") -> Mapping[str, str]:
        self._call()
        return {i: s for i, s in self.status.items() if not status or s == status}

    async def set_status(self, analyzer: str, ids: Sequence[str], status: str) -> str:
        self._call(lambda: self.status.update(dict.fromkeys(ids, status)))
        return "r1"

    async def rules(self, analyzer: str) -> Sequence[ArchiveRule]:
        self._call()
        return [ArchiveRule(name, filter) for name, filter in self.made.items()]

    async def create_rule(self, analyzer: str, name: str, filter: Filter, *, token: str) -> str:
        self._call(lambda: self.made.setdefault(name, filter))
        return "r2"

    async def update_rule(self, analyzer: str, name: str, filter: Filter, *, token: str) -> str:
        raise AssertionError("nothing updates a rule")

    async def apply_rule(self, analyzer: str, name: str, *, token: str) -> str:
        assert name in self.made
        self._call(lambda: self.status.update(dict.fromkeys(self.status, "ARCHIVED")))
        return "r3"

    async def delete_rule(self, analyzer: str, name: str, *, token: str) -> str:
        self._call(lambda: self.made.pop(name, None))
        return "r4"


async def begun(parts: Parts, fake: FakeAnalyzer, kind: ScopeKind) -> Lease:
    """An Access Analyzer finding, and a lease on it that was pressed."""
    object.__setattr__(parts.suite.leases, "natively", Natively(fake, None))
    made = a_finding(
        f"access_analyzer:eu-west-1:{ID}", source="access_analyzer", detector=ANALYZER, type="ExternalAccess",
        resources=(Resource("arn:aws:s3:::pay-export", "AWS::S3::Bucket"),),
    )  # fmt: skip
    await parts.say(made)
    record, now = await parts.suite.details.record(1), parts.clock.now()
    lease = Lease(
        id="", kind=kind, number=1, query=show(scope_query(kind, record)), why=ReasonClass.EXPECTED, reason="it works as intended",
        ticket="", owner="U0ANA", author="U0ANA", created=now, until=now + DAY, stage=Stage.DRAFT,
    )  # fmt: skip
    preview = await parts.suite.suppressions.draft(lease)
    done = await parts.suite.suppressions.begin(preview.lease.id, digest(preview.lease), "U0ANA")
    assert isinstance(done, Begun)
    return done.lease


async def now_of(parts: Parts, lease: Lease) -> Lease:
    async with parts.store.reads() as reads:
        found = await reads.lease(lease.id)
    assert found is not None
    return found


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, 8))
@pytest.mark.parametrize("kind", [ScopeKind.FINDING, ScopeKind.RESOURCE])
async def test_whichever_call_fails_it_begins_in_the_end(parts: Parts, kind: ScopeKind, call: int, late: bool) -> None:
    fake = FakeAnalyzer(fails=call, late=late)
    lease = await begun(parts, fake, kind)
    assert (await parts.suite.details.record(1)).state is State.SUPPRESSED, "our own rule needs nobody"
    await parts.suite.leases.sweep()
    assert (await now_of(parts, lease)).stage is Stage.ACTIVE
    assert fake.status == {ID: "ARCHIVED"}
    assert len(fake.made) == (kind is ScopeKind.RESOURCE)


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, 5))
@pytest.mark.parametrize("kind", [ScopeKind.FINDING, ScopeKind.RESOURCE])
async def test_whichever_call_fails_it_ends_in_the_end(parts: Parts, kind: ScopeKind, call: int, late: bool) -> None:
    fake = FakeAnalyzer()
    lease = await begun(parts, fake, kind)
    fake.calls, fake.fails, fake.late = 0, call, late
    parts.clock.move(DAY.total_seconds() + 1)
    for _ in range(2):
        await parts.suite.leases.sweep()
    assert (await now_of(parts, lease)).stage is Stage.ENDED
    assert fake.status == {ID: "ACTIVE"}
    assert fake.made == {}
    assert (await parts.suite.details.record(1)).state is State.OPEN


async def test_what_aws_refuses_for_good_is_said_and_the_own_rule_holds(parts: Parts) -> None:
    lease = await begun(parts, FakeAnalyzer(fails=1, forever=True), ScopeKind.FINDING)
    found = await now_of(parts, lease)
    assert found.stage is Stage.ACTIVE
    assert found.native["refused"] == "access denied"
    assert (await parts.suite.details.record(1)).state is State.SUPPRESSED


async def test_a_rule_that_another_lease_shares_stays_until_the_last_one_ends(parts: Parts) -> None:
    fake = FakeAnalyzer()
    first = await now_of(parts, await begun(parts, fake, ScopeKind.RESOURCE))
    async with parts.store.begin() as tx:
        await tx.save_lease(replace(first, id="another", until=first.until + DAY))
    await parts.suite.leases.end(first.id, "U0ANA", "enough")
    assert len(fake.made) == 1
    await parts.suite.leases.end("another", "U0ANA", "enough")
    assert fake.made == {}
    assert fake.status == {ID: "ACTIVE"}
