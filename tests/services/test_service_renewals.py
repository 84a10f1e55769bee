"""Renewing a suppression: it stays one and the same, is counted and agreed to anew, and nothing is shown in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hiding_making import (
    DAY,
    EU,
    FakeAnalyzers,
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
)

from bot.domain.finding import State
from bot.domain.lifecycle import Change
from bot.domain.suppression import Lease, ScopeKind, Stage, digest
from bot.errors import TemporaryError, UserError
from bot.services.natively import Natively
from bot.services.suppress import Preview
from tests.support.parts import Parts, a_finding


async def renewed(parts: Parts, lease: Lease, lasts: timedelta = 5 * DAY, user: str = "U0BEN") -> Preview:
    """A renewal as its window gives it, previewed."""
    draft = await parts.suite.suppressions.renewal(await now_of(parts, lease), user)
    draft = replace(draft, until=parts.clock.now() + lasts, reason="the vendor needs longer", ticket="SEC-10")
    return await parts.suite.suppressions.draft(draft)


async def test_a_renewed_lease_stays_one_and_the_same(parts: Parts) -> None:
    await parts.say(a_finding())
    lease = await now_of(parts, await hidden(parts))
    preview = await renewed(parts, lease)
    assert (preview.lease.stage, preview.lease.renews) == (Stage.DRAFT, lease.id)
    done = await begun(parts, preview, "U0BEN")
    assert done.lease.id == lease.id
    held = await now_of(parts, lease)
    assert (held.stage, held.until, held.query) == (Stage.ACTIVE, preview.lease.until, lease.query)
    assert (held.author, held.reason, held.ticket, held.created) == (
        "U0BEN", "the vendor needs longer", "SEC-10", lease.created,
    )  # fmt: skip
    record = await found(parts)
    assert (record.state, record.lease, record.lease_until) == (State.SUPPRESSED, lease.id, held.until)
    draft = await now_of(parts, preview.lease)
    assert (draft.stage, draft.ended_by) == (Stage.ENDED, "U0BEN"), "the draft has done what it was for"


async def test_a_renewal_is_in_the_trail_and_on_the_timeline_and_tells_nobody_anew(parts: Parts) -> None:
    await parts.say(a_finding())
    lease = await hidden(parts)
    await parts.deliver.drain()
    said = len(parts.messenger.said)
    await begun(parts, await renewed(parts, lease), "U0BEN")
    await parts.deliver.drain()
    assert not {"card", "broadcast"} & {what for what, _ in parts.messenger.what[said:]}
    async with parts.store.reads() as reads:
        lines = await reads.chain(0, limit=20)
        assert [entry.kind for entry in await reads.timeline(1)][-2:] == [Change.HIDDEN, Change.PROLONGED]
    assert [(line.what, str(line.phase), line.subject) for line in lines[-2:]] == [
        ("suppress_renew", "intent", lease.short), ("suppress", "outcome", lease.short),
    ]  # fmt: skip


async def test_a_renewed_lease_holds_until_its_new_end(parts: Parts) -> None:
    await parts.say(a_finding())
    lease = await hidden(parts)
    await begun(parts, await renewed(parts, lease), "U0BEN")
    parts.clock.move(DAY.total_seconds() + 1)
    await parts.suite.leases.sweep()
    await parts.say(a_finding(later_s=60))
    assert (await found(parts)).state is State.SUPPRESSED
    parts.clock.move(4 * DAY.total_seconds())
    await parts.suite.leases.sweep()
    assert (await found(parts)).state is State.OPEN
    assert (await now_of(parts, lease)).stage is Stage.ENDED


async def test_its_preview_counts_what_it_hides_and_what_it_would_hide(parts: Parts) -> None:
    await parts.say(a_finding("k1"), a_finding("k2"), a_finding("other", type="Other"))
    lease = await hidden(parts, 1, ScopeKind.KIND)
    preview = await renewed(parts, lease)
    assert (preview.reach.total, {r.finding.key for r in preview.first}) == (2, {"k1", "k2"})
    one = await hidden(parts, 3)
    assert (await renewed(parts, one)).reach.total == 1


async def test_a_renewal_covers_what_was_covered_although_the_gravest_are_gone(parts: Parts) -> None:
    """What is shown is what is done: the scope in force stays, no wider and no narrower than the preview says."""
    await parts.say(a_finding("k1", severity="low"), a_finding("k2", severity="high"))
    numbers = {(await found(parts, n)).finding.key: n for n in (1, 2)}
    lease = await now_of(parts, await hidden(parts, numbers["k1"], ScopeKind.KIND))
    await parts.say(a_finding("k2", later_s=60, severity="low"))
    preview = await renewed(parts, lease)
    assert preview.lease.query == lease.query
    await begun(parts, preview, "U0BEN")
    assert (await now_of(parts, lease)).query == preview.lease.query


async def test_what_became_graver_is_not_taken_back_by_a_renewal(parts: Parts) -> None:
    await parts.say(in_hub("k1"))
    lease = await hidden(parts, 1, ScopeKind.KIND)
    await parts.say(in_hub("k1", later_s=60, severity="critical"))
    preview = await renewed(parts, lease)
    assert preview.reach.total == 0
    await begun(parts, preview, "U0BEN")
    assert (await found(parts)).state is State.OPEN


@pytest.mark.parametrize("stage", [Stage.WAITING, Stage.ENDING, Stage.ENDED, Stage.REFUSED, Stage.DRAFT])
async def test_what_is_not_in_force_is_not_renewed(parts: Parts, stage: Stage) -> None:
    await parts.say(a_finding())
    lease = replace(await now_of(parts, await hidden(parts)), stage=stage)
    with pytest.raises(UserError, match="anew"):
        await parts.suite.suppressions.renewal(lease, "U0BEN")


async def test_a_lease_that_ends_before_the_press_is_not_renewed(parts: Parts) -> None:
    await parts.say(a_finding())
    lease = await hidden(parts)
    preview = await renewed(parts, lease)
    await parts.suite.leases.end(lease.id, "U0ANA", "enough")
    with pytest.raises(UserError, match="ended meanwhile"):
        await begun(parts, preview, "U0BEN")
    assert (await found(parts)).state is State.OPEN
    assert (await now_of(parts, preview.lease)).stage is Stage.DRAFT


# --- another person -------------------------------------------------------------------------------------------------------------------


async def critical(parts: Parts) -> Lease:
    """A lease that hides a critical finding, as another person agreed."""
    await parts.say(in_hub("k1", severity="critical"))
    done = await begun(parts, await drafted(parts))
    assert done.request is not None
    return await parts.suite.suppressions.approve(done.request.id, done.request.digest, "U0BEN")


async def test_a_critical_finding_is_agreed_to_anew(parts: Parts) -> None:
    lease = await critical(parts)
    preview = await renewed(parts, lease, user="U0ANA")
    assert "a critical finding is among them" in preview.verdict.approval
    done = await begun(parts, preview)
    assert done.request is not None
    held = await now_of(parts, lease)
    assert (held.stage, held.until) == (Stage.ACTIVE, lease.until), "as it was until somebody agrees"
    await parts.suite.suppressions.approve(done.request.id, done.request.digest, "U0CHEN")
    held = await now_of(parts, lease)
    assert (held.stage, held.until, held.approvers) == (Stage.ACTIVE, preview.lease.until, ("U0CHEN",))
    assert (await found(parts)).lease_until == preview.lease.until


async def test_a_renewal_that_is_refused_leaves_the_lease_as_it_was(parts: Parts) -> None:
    lease = await critical(parts)
    done = await begun(parts, await renewed(parts, lease, user="U0ANA"))
    assert done.request is not None
    await parts.suite.suppressions.deny(done.request.id, "U0CHEN", "long enough")
    assert await now_of(parts, lease) == lease
    assert (await found(parts)).state is State.SUPPRESSED


async def test_a_lease_that_ends_before_anybody_agrees_is_not_renewed(parts: Parts) -> None:
    lease = await critical(parts)
    done = await begun(parts, await renewed(parts, lease, user="U0ANA"))
    assert done.request is not None
    await parts.suite.leases.end(lease.id, "U0BEN", "enough")
    with pytest.raises(UserError, match="ended meanwhile"):
        await parts.suite.suppressions.approve(done.request.id, done.request.digest, "U0CHEN")
    assert (await found(parts)).state is State.OPEN
    async with parts.store.reads() as reads:
        request = await reads.request(done.request.id)
    assert request is not None
    assert request.approvers == ()


async def test_a_renewal_may_last_as_long_as_a_new_one_and_no_longer(parts: Parts) -> None:
    lease = await critical(parts)
    assert (await renewed(parts, lease, 7 * DAY, "U0ANA")).verdict.allowed
    preview = await renewed(parts, lease, 8 * DAY, "U0ANA")
    assert not preview.verdict.allowed
    again = await parts.suite.suppressions.begin(preview.lease.id, digest(preview.lease), "U0ANA")
    assert isinstance(again, Preview)


# --- its end is told again, and what it did at the source stays ---------------------------------------------------------------------


async def test_the_end_of_a_renewed_lease_is_told_again(parts: Parts) -> None:
    await parts.say(a_finding())
    lease = await hidden(parts)

    async def swept() -> int:
        await parts.suite.leases.sweep()
        await parts.deliver.drain()
        return parts.messenger.what.count(("line", "all"))

    first = await swept()
    assert (await now_of(parts, lease)).noticed_at is not None
    await begun(parts, await renewed(parts, lease), "U0BEN")
    assert (await now_of(parts, lease)).noticed_at is None
    between = await swept()
    assert between == first + 1, "the renewal itself"
    parts.clock.move(3 * DAY.total_seconds())
    assert await swept() == between + 1
    assert await swept() == between + 1


@pytest.mark.parametrize("kind", [ScopeKind.FINDING, ScopeKind.RESOURCE])
async def test_what_was_archived_stays_archived_and_is_brought_back_in_the_end(parts: Parts, kind: ScopeKind) -> None:
    fake = FakeAnalyzers({EU: {id_of(1): Held(), id_of(2): Held(status="ARCHIVED")}})
    natively(parts, Natively(fake, None))
    await parts.say(access())
    lease = await hidden(parts, 1, kind)
    await begun(parts, await renewed(parts, lease), "U0BEN")
    assert (await now_of(parts, lease)).stage is Stage.ACTIVE
    assert set(fake.status().values()) == {"ARCHIVED"}
    assert len(fake.rules_at()) == (kind is ScopeKind.RESOURCE)
    await parts.suite.leases.end(lease.id, "U0BEN", "enough")
    assert fake.status() == {id_of(1): "ACTIVE", id_of(2): "ARCHIVED"}
    assert fake.rules_at() == {}


async def test_a_lease_is_renewed_before_its_source_has_answered_at_all(parts: Parts) -> None:
    fake = FakeAnalyzers(refuses={"findings": TemporaryError("no answer")})
    natively(parts, Natively(fake, None))
    await parts.say(access())
    lease = await hidden(parts)
    assert (await now_of(parts, lease)).stage is Stage.APPLYING
    preview = await renewed(parts, lease)
    await begun(parts, preview, "U0BEN")
    assert (await found(parts)).lease_until == preview.lease.until
    fake.refuses = {}
    await parts.suite.leases.sweep()
    assert (await now_of(parts, lease)).stage is Stage.ACTIVE


async def test_the_bots_own_account_is_never_hidden(build: Callable[..., Parts]) -> None:
    parts = build(own_account="111122223333")
    await parts.say(a_finding("k1"), a_finding("k2", account="444455556666"))
    assert not (await drafted(parts)).verdict.allowed
    preview = await drafted(parts, 2)
    await begun(parts, preview)
    assert [(await found(parts, n)).state for n in (1, 2)] == [State.OPEN, State.SUPPRESSED]
