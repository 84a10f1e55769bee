"""The native effect under trouble: whichever call fails, before or after it took effect, the sweep brings the lease to its stage; and
what others had archived or suppressed stays as they left it.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hiding_making import (
    DAY,
    EU,
    US,
    FakeAnalyzers,
    FakeHub,
    Held,
    access,
    begun,
    drafted,
    found,
    hidden,
    id_of,
    in_hub,
    natively,
    now_of,
)  # fmt: skip

from bot.domain.finding import State, Status
from bot.domain.native import archived_ids, rules_of
from bot.domain.suppression import Lease, ScopeKind, Stage, these_query
from bot.errors import PermanentError, TemporaryError
from bot.services.leases import UNDO_LASTS
from bot.services.natively import OFF_WORDS, Natively, suppressed_at_source
from tests.support.parts import Parts

REFUSED = PermanentError("access denied")


async def one(parts: Parts, fake: FakeAnalyzers, kind: ScopeKind, analyzer: str = EU) -> Lease:
    """An Access Analyzer finding, and a lease on it that was pressed."""
    natively(parts, Natively(fake, None))
    await parts.say(access(analyzer=analyzer))
    return await hidden(parts, 1, kind)


# --- whichever call fails -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, 8))
@pytest.mark.parametrize("kind", [ScopeKind.FINDING, ScopeKind.RESOURCE])
async def test_whichever_call_fails_it_begins_in_the_end(parts: Parts, kind: ScopeKind, call: int, late: bool) -> None:
    fake = FakeAnalyzers(fails=call, late=late)
    lease = await one(parts, fake, kind)
    assert (await found(parts)).state is State.SUPPRESSED, "our own rule needs nobody"
    await parts.suite.leases.sweep()
    assert (await now_of(parts, lease)).stage is Stage.ACTIVE
    assert fake.status() == {id_of(1): "ARCHIVED"}
    assert len(fake.rules_at()) == (kind is ScopeKind.RESOURCE)


@pytest.mark.parametrize("late", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("call", range(1, 9))
@pytest.mark.parametrize("kind", [ScopeKind.FINDING, ScopeKind.RESOURCE])
async def test_whichever_call_fails_it_ends_in_the_end(parts: Parts, kind: ScopeKind, call: int, late: bool) -> None:
    fake = FakeAnalyzers()
    lease = await one(parts, fake, kind)
    fake.asked, fake.fails, fake.late = [], call, late
    parts.clock.move(DAY.total_seconds() + 1)
    for _ in range(2):
        await parts.suite.leases.sweep()
    assert (await now_of(parts, lease)).stage is Stage.ENDED
    assert fake.status() == {id_of(1): "ACTIVE"}
    assert fake.rules_at() == {}
    assert (await found(parts)).state is State.OPEN


@pytest.mark.parametrize(
    ("operation", "kind"),
    [("set_status", ScopeKind.FINDING), ("create_rule", ScopeKind.RESOURCE), ("apply_rule", ScopeKind.RESOURCE)],
)
async def test_what_would_be_archived_is_written_down_before_it_is_asked_for(
    parts: Parts, operation: str, kind: ScopeKind
) -> None:
    """Whether the call was done or not, nobody could tell afterwards which findings were active before."""
    fake = FakeAnalyzers(refuses={operation: TemporaryError("no answer")})
    lease = await now_of(parts, await one(parts, fake, kind))
    assert lease.stage is Stage.APPLYING
    assert archived_ids(lease.native) == {EU: (id_of(1),)}


async def test_what_aws_refuses_for_good_is_said_and_the_own_rule_holds(parts: Parts) -> None:
    lease = await now_of(parts, await one(parts, FakeAnalyzers(refuses={"findings": REFUSED}), ScopeKind.FINDING))
    assert (lease.stage, lease.native["refused"]) == (Stage.ACTIVE, "access denied")
    assert (await found(parts)).state is State.SUPPRESSED


async def test_what_was_refused_once_is_not_said_any_more_when_a_renewal_is_done(parts: Parts) -> None:
    fake = FakeAnalyzers(refuses={"set_status": REFUSED})
    lease = await now_of(parts, await one(parts, fake, ScopeKind.FINDING))
    assert "refused" in lease.native
    fake.refuses = {}
    renewal = await parts.suite.suppressions.renewal(lease, "U0ANA")
    await begun(parts, await parts.suite.suppressions.draft(replace(renewal, until=parts.clock.now() + 2 * DAY)))
    lease = await now_of(parts, lease)
    assert lease.stage is Stage.ACTIVE
    assert "refused" not in lease.native
    assert fake.status() == {id_of(1): "ARCHIVED"}


async def test_without_access_it_is_the_own_rule_and_says_so(parts: Parts) -> None:
    await parts.say(access())
    preview = await drafted(parts)
    assert (preview.effect.words, preview.at_source) == (OFF_WORDS, None)


@pytest.mark.parametrize("kind", [ScopeKind.FINDING, ScopeKind.RESOURCE])
async def test_the_preview_says_how_many_the_analyzer_would_archive(parts: Parts, kind: ScopeKind) -> None:
    held = {id_of(1): Held(), id_of(2): Held(status="ARCHIVED"), id_of(3): Held("arn:aws:s3:::other")}
    natively(parts, Natively(FakeAnalyzers({EU: held}), None))
    await parts.say(access())
    assert (await drafted(parts, kind=kind)).at_source == 1


async def test_a_preview_without_that_figure_is_better_than_none(parts: Parts) -> None:
    natively(parts, Natively(FakeAnalyzers(refuses={"findings": REFUSED}), None))
    await parts.say(access())
    preview = await drafted(parts)
    assert preview.at_source is None
    assert preview.verdict.allowed


# --- what others did stays ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ScopeKind.FINDING, ScopeKind.RESOURCE])
async def test_what_was_archived_before_stays_archived(parts: Parts, kind: ScopeKind) -> None:
    fake = FakeAnalyzers({EU: {id_of(1): Held(), id_of(2): Held(status="ARCHIVED"), id_of(3): Held(status="RESOLVED")}})
    lease = await one(parts, fake, kind)
    assert (await now_of(parts, lease)).stage is Stage.ACTIVE
    await parts.suite.leases.end(lease.id, "U0ANA", "enough")
    assert fake.status() == {id_of(1): "ACTIVE", id_of(2): "ARCHIVED", id_of(3): "RESOLVED"}


async def test_what_a_rule_archived_after_it_was_made_is_active_again(parts: Parts) -> None:
    fake = FakeAnalyzers({EU: {id_of(1): Held(), id_of(2): Held(status="ARCHIVED")}})
    lease = await one(parts, fake, ScopeKind.RESOURCE)
    fake.held[EU][id_of(3)] = Held(status="ARCHIVED")  # as the rule does with a new finding
    await parts.suite.leases.end(lease.id, "U0ANA", "enough")
    assert fake.status() == {id_of(1): "ACTIVE", id_of(2): "ARCHIVED", id_of(3): "ACTIVE"}


async def test_what_was_resolved_at_its_source_meanwhile_is_left_alone(parts: Parts) -> None:
    fake = FakeAnalyzers()
    lease = await one(parts, fake, ScopeKind.FINDING)
    fake.held[EU][id_of(1)].status = "RESOLVED"
    fake.asked = []
    await parts.suite.leases.end(lease.id, "U0ANA", "enough")
    assert "set_status" not in fake.asked
    assert (await now_of(parts, lease)).stage is Stage.ENDED


async def test_what_others_have_suppressed_in_security_hub_stays_suppressed(parts: Parts) -> None:
    """The class holds it too, but it was not this lease that suppressed it."""
    hub = FakeHub(suppressed_now={"k2"})
    natively(parts, Natively(None, hub))
    await parts.say(in_hub("k1"), in_hub("k2"))
    async with parts.store.begin() as tx:
        record = await tx.lock_number(2)
        assert record is not None
        await tx.update([(replace(record, state=State.SUPPRESSED), None)])
    lease = await hidden(parts, 1, ScopeKind.KIND)
    assert hub.suppressed_now == {"k1", "k2"}
    await parts.suite.leases.end(lease.id, "U0ANA", "enough")
    assert hub.suppressed_now == {"k2"}
    assert (await now_of(parts, lease)).stage is Stage.ENDED


async def test_what_became_graver_is_new_again_in_security_hub_when_its_lease_ends(parts: Parts) -> None:
    hub = FakeHub()
    natively(parts, Natively(None, hub))
    await parts.say(in_hub("k1"), in_hub("k2"))
    lease = await hidden(parts, 1, ScopeKind.KIND)
    await parts.say(in_hub("k2", later_s=60, severity="critical"))
    await parts.suite.leases.end(lease.id, "U0ANA", "enough")
    assert hub.suppressed_now == set()


async def test_what_another_lease_suppressed_again_meanwhile_stays_suppressed(parts: Parts) -> None:
    hub = FakeHub()
    natively(parts, Natively(None, hub))
    await parts.say(in_hub("k1"))
    first = await hidden(parts)
    await parts.say(in_hub("k1", later_s=60, status=Status.RESOLVED))
    await parts.say(in_hub("k1", later_s=120))
    async with parts.store.begin() as tx:
        record = await tx.lock_number(1)
        assert record is not None
        await tx.update([(record.but(state=State.SUPPRESSED, lease="another", lease_until=first.until + DAY), None)])
    await parts.suite.leases.end(first.id, "U0ANA", "enough")
    assert hub.suppressed_now == {"k1"}


async def test_what_is_suppressed_in_security_hub_is_written_down_before_it_is_asked_for(parts: Parts) -> None:
    natively(parts, Natively(None, FakeHub(refuses=TemporaryError("no answer"))))
    await parts.say(in_hub("k1"))
    lease = await now_of(parts, await hidden(parts))
    assert (lease.stage, suppressed_at_source(lease)) == (Stage.APPLYING, [1])


async def test_what_security_hub_refuses_is_said_and_the_own_rule_holds(parts: Parts) -> None:
    natively(parts, Natively(None, FakeHub(refuses=REFUSED)))
    await parts.say(in_hub("k1"))
    lease = await now_of(parts, await hidden(parts))
    assert (lease.stage, lease.native["refused"]) == (Stage.ACTIVE, "access denied")


# --- one rule, several leases ---------------------------------------------------------------------------------------------------------


async def test_a_rule_that_another_lease_shares_stays_until_the_last_one_ends(parts: Parts) -> None:
    fake = FakeAnalyzers()
    first = await now_of(parts, await one(parts, fake, ScopeKind.RESOURCE))
    async with parts.store.begin() as tx:
        await tx.save_lease(replace(first, id="another", until=first.until + DAY))
    await parts.suite.leases.end(first.id, "U0ANA", "enough")
    assert len(fake.rules_at()) == 1
    await parts.suite.leases.end("another", "U0ANA", "enough")
    assert fake.rules_at() == {}
    assert fake.status() == {id_of(1): "ACTIVE"}


async def test_the_heir_of_a_rule_brings_back_what_was_archived_for_the_first(parts: Parts) -> None:
    """When the second lease began, what the first had archived looked as if it had been so for ever."""
    fake = FakeAnalyzers({EU: {id_of(1): Held(), id_of(2): Held(status="ARCHIVED")}})
    first = await now_of(parts, await one(parts, fake, ScopeKind.RESOURCE))
    [name] = rules_of(first.native)
    heir = replace(first, id="heir", native={
        "how": "archive_rule", "analyzer": EU, "rule": name, "ids": "", "already": f"{id_of(1)},{id_of(2)}",
    })  # fmt: skip
    async with parts.store.begin() as tx:
        await tx.save_lease(heir)
    await parts.suite.leases.end(first.id, "U0ANA", "enough")
    assert (await now_of(parts, first)).stage is Stage.ENDED
    left = (await now_of(parts, heir)).native
    assert (left["ids"], left["already"]) == (id_of(1), id_of(2))
    assert fake.status()[id_of(1)] == "ARCHIVED", "the rule is the heir's now, and would archive it again"
    await parts.suite.leases.end("heir", "U0ANA", "enough")
    assert fake.status() == {id_of(1): "ACTIVE", id_of(2): "ARCHIVED"}


async def test_a_second_lease_of_one_shape_keeps_apart_what_nobody_of_us_archived(parts: Parts) -> None:
    fake = FakeAnalyzers({EU: {id_of(1): Held(), id_of(2): Held(status="ARCHIVED")}})
    first = await now_of(parts, await one(parts, fake, ScopeKind.RESOURCE))
    async with parts.store.begin() as tx:
        await tx.save_lease(replace(first, id="second", native={}, stage=Stage.APPLYING))
    await parts.suite.leases.sweep()
    second = await now_of(parts, "second")
    assert second.stage is Stage.ACTIVE
    assert second.native["already"] == id_of(2), "the first one's is not among them"


# --- many ---------------------------------------------------------------------------------------------------------------------------


async def test_more_than_twenty_resources_take_more_rules_than_one(parts: Parts) -> None:
    fake = FakeAnalyzers({EU: {id_of(n): Held(f"arn:aws:s3:::b{n}") for n in range(1, 24)}})
    natively(parts, Natively(fake, None))
    await parts.say(*(access(n, resource=f"arn:aws:s3:::b{n}") for n in range(1, 24)))
    lease = await hidden(parts, 1, ScopeKind.KIND)
    assert sorted(len(f["resource"]["eq"]) for f in fake.rules_at().values()) == [3, 20]
    assert set(rules_of((await now_of(parts, lease)).native)) == set(fake.rules_at())
    assert set(fake.status().values()) == {"ARCHIVED"}
    await parts.suite.leases.end(lease.id, "U0ANA", "enough")
    assert fake.rules_at() == {}
    assert set(fake.status().values()) == {"ACTIVE"}


@pytest.mark.parametrize("free", [0, 1], ids=["no rule fits", "the first fits"])
async def test_a_full_analyzer_gets_its_findings_archived_by_their_ids(parts: Parts, free: int) -> None:
    fake = FakeAnalyzers({EU: {id_of(n): Held(f"arn:aws:s3:::b{n}") for n in range(1, 24)}}, most_rules=free)
    natively(parts, Natively(fake, None))
    await parts.say(*(access(n, resource=f"arn:aws:s3:::b{n}") for n in range(1, 24)))
    lease = await now_of(parts, await hidden(parts, 1, ScopeKind.KIND))
    assert (lease.stage, lease.native["full"]) == (Stage.ACTIVE, "1")
    assert "refused" not in lease.native
    assert set(rules_of(lease.native)) == set(fake.rules_at())
    assert set(fake.status().values()) == {"ARCHIVED"}
    await parts.suite.leases.end(lease.id, "U0ANA", "enough")
    assert set(fake.status().values()) == {"ACTIVE"}
    assert fake.rules_at() == {}
    assert (await now_of(parts, lease)).stage is Stage.ENDED


async def test_several_findings_are_archived_each_at_its_own_analyzer(parts: Parts) -> None:
    fake = FakeAnalyzers({EU: {id_of(1): Held(), id_of(3): Held()}, US: {id_of(2): Held()}})
    hub = FakeHub()
    natively(parts, Natively(fake, hub))
    await parts.say(access(1), access(2, analyzer=US), in_hub("k3"))
    lease = await hidden(parts, 1, ScopeKind.THESE, query=these_query([1, 2, 3]))
    assert (fake.status(EU), fake.status(US)) == (
        {id_of(1): "ARCHIVED", id_of(3): "ACTIVE"}, {id_of(2): "ARCHIVED"},
    )  # fmt: skip
    assert archived_ids((await now_of(parts, lease)).native) == {EU: (id_of(1),), US: (id_of(2),)}
    assert hub.suppressed_now == {"k3"}
    await parts.suite.leases.end(lease.id, "U0ANA", "enough")
    assert {*fake.status(EU).values(), *fake.status(US).values()} == {"ACTIVE"}
    assert hub.suppressed_now == set()


async def test_one_analyzer_that_does_not_answer_keeps_the_lease_unfinished(parts: Parts) -> None:
    fake = FakeAnalyzers({EU: {id_of(1): Held()}, US: {id_of(2): Held()}})
    natively(parts, Natively(fake, None))
    await parts.say(access(1), access(2, analyzer=US))
    preview = await drafted(parts, 1, ScopeKind.THESE, query=these_query([1, 2]))
    fake.asked, fake.fails = [], 5  # the second analyzer's: findings, set_status, findings are the first one's
    lease = (await begun(parts, preview)).lease
    assert (fake.status(EU)[id_of(1)], fake.status(US)[id_of(2)]) == ("ARCHIVED", "ACTIVE")
    assert lease.stage is Stage.APPLYING
    await parts.suite.leases.sweep()
    assert fake.status(US) == {id_of(2): "ARCHIVED"}
    assert (await now_of(parts, lease)).stage is Stage.ACTIVE


# --- the end of patience ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [ScopeKind.FINDING, ScopeKind.RESOURCE])
async def test_undoing_is_given_up_after_two_hours_and_what_is_left_is_said(parts: Parts, kind: ScopeKind) -> None:
    fake = FakeAnalyzers()
    lease = await one(parts, fake, kind)
    fake.stuck = True
    assert (await parts.suite.leases.end(lease.id, "U0ANA", "enough")).stage is Stage.ENDING
    assert (await found(parts)).state is State.OPEN, "our own rule is over at once"
    parts.clock.move(UNDO_LASTS.total_seconds())
    await parts.suite.leases.sweep()
    assert (await now_of(parts, lease)).stage is Stage.ENDING, "until then it is asked again and again"
    parts.clock.move(1)
    await parts.suite.leases.sweep()
    ended = await now_of(parts, lease)
    assert ended.stage is Stage.ENDED
    assert "after 2 hours" in ended.native["left"]
    assert "1 not active yet" in ended.native["left"]
    assert ("1 archive rules are still there" in ended.native["left"]) is (kind is ScopeKind.RESOURCE)


async def test_an_undoing_that_is_refused_for_good_ends_and_says_what_is_left(parts: Parts) -> None:
    fake = FakeAnalyzers()
    lease = await one(parts, fake, ScopeKind.FINDING)
    fake.refuses = {"set_status": REFUSED}
    ended = await parts.suite.leases.end(lease.id, "U0ANA", "enough")
    assert (ended.stage, ended.native["left"]) == (Stage.ENDED, "access denied")


async def test_undoing_that_does_not_answer_is_asked_for_as_long_as_it_takes(parts: Parts) -> None:
    fake = FakeAnalyzers()
    lease = await one(parts, fake, ScopeKind.FINDING)
    fake.refuses = {"set_status": TemporaryError("no answer")}
    await parts.suite.leases.end(lease.id, "U0ANA", "enough")
    parts.clock.move(timedelta(days=1).total_seconds())
    await parts.suite.leases.sweep()
    fake.refuses = {}
    await parts.suite.leases.sweep()
    assert (await now_of(parts, lease)).stage is Stage.ENDED
    assert fake.status() == {id_of(1): "ACTIVE"}


async def test_a_lease_that_somebody_ends_during_the_sweep_keeps_no_other_in_force(parts: Parts) -> None:
    """Another replica sweeps at the same time."""
    fake = FakeAnalyzers({EU: {id_of(1): Held(), id_of(2): Held("arn:aws:s3:::b2")}})
    natively(parts, Natively(fake, None))
    await parts.say(access(1), access(2, resource="arn:aws:s3:::b2"), access(3, resource="arn:aws:s3:::b3"))
    leases = [await hidden(parts, n) for n in (1, 2, 3)]
    stolen = await now_of(parts, leases[1])

    def steal(operation: str) -> None:
        del operation
        world = parts.store._world
        world.leases[stolen.id] = replace(stolen, stage=Stage.ENDED, ended_at=parts.clock.now())

    fake.before = steal
    parts.clock.move(DAY.total_seconds() + 1)
    await parts.suite.leases.sweep()
    assert [(await now_of(parts, one)).stage for one in leases] == [Stage.ENDED] * 3
