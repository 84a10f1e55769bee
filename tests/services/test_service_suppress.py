"""Suppressions over memory: what a lease hides and shows again, who has to agree, and that every step may be repeated."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hiding_making import DAY, begun, drafted, found, hidden, in_hub, now_of

from bot.domain.approval import Changed, NotWaiting, OwnRequest
from bot.domain.finding import Severity, State, Status
from bot.domain.lifecycle import Change
from bot.domain.suppression import ScopeKind, Stage, digest, these_query
from bot.errors import UserError
from bot.services.suppress import Begun, Preview
from tests.support.parts import Parts, a_finding


async def test_a_draft_hides_nothing(parts: Parts) -> None:
    await parts.say(a_finding())
    preview = await drafted(parts)
    assert preview.reach.total == 1
    assert preview.verdict.alone
    assert (await found(parts, 1)).state is State.OPEN


async def test_a_lease_hides_its_finding_and_edits_the_card(parts: Parts) -> None:
    await parts.say(a_finding())
    done = await begun(parts, await drafted(parts))
    assert done.lease.stage is Stage.ACTIVE
    record = await found(parts, 1)
    assert (record.state, record.lease, record.lease_until) == (State.SUPPRESSED, done.lease.id, done.lease.until)
    await parts.deliver.drain()
    assert parts.messenger.what[-2:] == [("edit", "all"), ("line", "all")]


async def test_what_its_source_says_again_stays_hidden_and_is_not_announced(parts: Parts) -> None:
    await parts.say(a_finding())
    await begun(parts, await drafted(parts))
    await parts.deliver.drain()
    before = len(parts.messenger.said)
    await parts.say(a_finding(later_s=60))
    assert (await found(parts, 1)).state is State.SUPPRESSED
    assert [what for what, _ in parts.messenger.what[before:] if what in ("card", "broadcast")] == []


async def test_a_class_hides_what_is_there_and_what_comes_later(parts: Parts) -> None:
    await parts.say(a_finding("k1"), a_finding("k2"))
    await begun(parts, await drafted(parts, kind=ScopeKind.KIND))
    await parts.deliver.drain()
    before = len(parts.messenger.said)
    await parts.say(a_finding("k3"), a_finding("k4", type="Other"))
    states = [(await found(parts, n)).state for n in (1, 2, 3, 4)]
    assert states == [State.SUPPRESSED, State.SUPPRESSED, State.SUPPRESSED, State.OPEN]
    assert [what for what, _ in parts.messenger.what[before:]] == ["card"], "k3 is taken in and not announced"


async def test_the_end_shows_what_is_still_true_and_announces_it(parts: Parts) -> None:
    await parts.say(a_finding("k1"))
    done = await begun(parts, await drafted(parts, kind=ScopeKind.KIND))
    await parts.say(a_finding("k2"))
    parts.clock.move(DAY.total_seconds() + 1)
    await parts.suite.leases.sweep()
    assert [(await found(parts, n)).state for n in (1, 2)] == [State.OPEN, State.OPEN]
    await parts.deliver.drain()
    said = [what for what, _ in parts.messenger.what]
    assert said.count("card") == 2, "the one that never had a card has one now"
    assert "broadcast" in said, "the other is told again in its channel"
    async with parts.store.reads() as reads:
        lease = await reads.lease(done.lease.id)
    assert lease is not None
    assert lease.stage is Stage.ENDED


async def test_what_was_resolved_meanwhile_stays_resolved(parts: Parts) -> None:
    await parts.say(a_finding())
    done = await begun(parts, await drafted(parts))
    await parts.say(a_finding(later_s=60, status=Status.RESOLVED))
    assert (await found(parts, 1)).state is State.RESOLVED
    await parts.suite.leases.end(done.lease.id, "U0ANA", "enough")
    assert (await found(parts, 1)).state is State.RESOLVED


async def test_a_report_after_the_end_opens_it_although_the_sweep_has_not_come(parts: Parts) -> None:
    await parts.say(a_finding())
    await begun(parts, await drafted(parts))
    parts.clock.move(DAY.total_seconds() + 1)
    await parts.say(a_finding(later_s=60))
    assert (await found(parts, 1)).state is State.OPEN


async def test_the_owner_is_told_three_days_before_once(parts: Parts) -> None:
    await parts.say(a_finding())
    await begun(parts, await drafted(parts, lasts=7 * DAY))
    await parts.deliver.drain()
    lines = len(parts.messenger.said)
    parts.clock.move(timedelta(days=3).total_seconds())
    await parts.suite.leases.sweep()
    await parts.deliver.drain()
    assert len(parts.messenger.said) == lines, "four days are left"
    parts.clock.move(timedelta(days=1, hours=1).total_seconds())
    for _ in range(2):
        await parts.suite.leases.sweep()
        await parts.deliver.drain()
    assert len(parts.messenger.said) == lines + 1


# --- another person -----------------------------------------------------------------------------------------------------------------


async def asked(parts: Parts) -> Begun:
    """A suppression that takes another person, for it lasts eight days."""
    await parts.say(a_finding())
    done = await begun(parts, await drafted(parts, lasts=8 * DAY))
    assert done.request is not None
    assert done.lease.stage is Stage.WAITING
    assert (await found(parts, 1)).state is State.OPEN
    return done


async def test_another_person_agrees_and_it_begins(parts: Parts) -> None:
    done = await asked(parts)
    assert done.request is not None
    lease = await parts.suite.suppressions.approve(done.request.id, done.request.digest, "U0BEN")
    assert (lease.stage, lease.approvers) == (Stage.ACTIVE, ("U0BEN",))
    assert (await found(parts, 1)).state is State.SUPPRESSED


async def test_whoever_asked_does_not_agree(parts: Parts) -> None:
    done = await asked(parts)
    assert done.request is not None
    with pytest.raises(OwnRequest):
        await parts.suite.suppressions.approve(done.request.id, done.request.digest, "U0ANA")


async def test_an_approval_of_something_else_is_void(parts: Parts) -> None:
    done = await asked(parts)
    assert done.request is not None
    with pytest.raises(Changed):
        await parts.suite.suppressions.approve(done.request.id, "0" * 16, "U0BEN")
    async with parts.store.begin() as tx:
        await tx.save_lease(replace(done.lease, until=done.lease.until + DAY))
    with pytest.raises(Changed):
        await parts.suite.suppressions.approve(done.request.id, done.request.digest, "U0BEN")


async def test_the_second_press_hears_who_was_first(parts: Parts) -> None:
    done = await asked(parts)
    assert done.request is not None
    await parts.suite.suppressions.deny(done.request.id, "U0BEN", "not like this")
    with pytest.raises(NotWaiting, match="U0BEN"):
        await parts.suite.suppressions.approve(done.request.id, done.request.digest, "U0CHEN")
    assert (await found(parts, 1)).state is State.OPEN


async def test_what_nobody_decides_expires(parts: Parts) -> None:
    done = await asked(parts)
    parts.clock.move(DAY.total_seconds() + 1)
    await parts.suite.leases.sweep()
    async with parts.store.reads() as reads:
        lease = await reads.lease(done.lease.id)
    assert lease is not None
    assert lease.stage is Stage.REFUSED


# --- what may not be -----------------------------------------------------------------------------------------------------------------


async def test_a_critical_guardduty_finding_is_never_hidden(parts: Parts) -> None:
    await parts.say(a_finding(severity="critical"))
    preview = await drafted(parts)
    assert not preview.verdict.allowed
    again = await parts.suite.suppressions.begin(preview.lease.id, digest(preview.lease), "U0ANA")
    assert isinstance(again, Preview)
    assert (await found(parts, 1)).state is State.OPEN


async def test_a_draft_is_its_authors_and_begins_once(parts: Parts) -> None:
    await parts.say(a_finding())
    preview = await drafted(parts)
    with pytest.raises(UserError, match="somebody else"):
        await begun(parts, preview, "U0BEN")
    await begun(parts, preview)
    with pytest.raises(UserError, match="begun already"):
        await begun(parts, preview)


async def test_another_draft_than_the_one_shown_is_shown_again(parts: Parts) -> None:
    await parts.say(a_finding())
    preview = await drafted(parts)
    again = await parts.suite.suppressions.begin(preview.lease.id, "0" * 16, "U0ANA")
    assert isinstance(again, Preview)
    assert (await found(parts, 1)).state is State.OPEN


async def test_every_step_is_in_the_audit_trail(parts: Parts) -> None:
    done = await asked(parts)
    assert done.request is not None
    await parts.suite.suppressions.approve(done.request.id, done.request.digest, "U0BEN")
    await parts.suite.leases.end(done.lease.id, "U0BEN", "enough")
    async with parts.store.reads() as reads:
        lines = await reads.chain(0, limit=50)
    assert [(line.what, str(line.phase)) for line in lines] == [
        ("suppress_request", "intent"), ("suppress_approve", "outcome"), ("suppress", "intent"), ("suppress", "outcome"),
        ("suppress_end", "intent"), ("suppress_end", "outcome"),
    ]  # fmt: skip
    assert lines[2].details["reason"] == "the vendor's scanner"


async def test_why_says_which_lease_hides_it(parts: Parts) -> None:
    await parts.say(a_finding())
    done = await begun(parts, await drafted(parts))
    assert f"hidden by the suppression {done.lease.short}" in (await parts.suite.details.why(1, ())).reason


# --- no graver than agreed ------------------------------------------------------------------------------------------------------------


def told(parts: Parts, since: int) -> list[str]:
    """What people were told anew."""
    return [what for what, _ in parts.messenger.what[since:] if what in ("card", "broadcast")]


@pytest.mark.parametrize("kind", [ScopeKind.FINDING, ScopeKind.KIND, ScopeKind.RESOURCE])
async def test_what_becomes_graver_is_shown_again_and_announced(parts: Parts, kind: ScopeKind) -> None:
    await parts.say(a_finding())
    await hidden(parts, 1, kind)
    await parts.deliver.drain()
    said = len(parts.messenger.said)
    await parts.say(a_finding(later_s=60, severity="critical"))
    record = await found(parts)
    assert (record.state, record.lease) == (State.OPEN, "")
    assert told(parts, said)
    await parts.say(a_finding(later_s=120, severity="critical"))
    assert (await found(parts)).state is State.OPEN, "and stays so"


async def test_a_new_graver_finding_of_the_class_is_not_hidden(parts: Parts) -> None:
    await parts.say(a_finding("k1", severity="medium"))
    await hidden(parts, 1, ScopeKind.KIND)
    await parts.say(a_finding("k2", severity="high"), a_finding("k3", severity="low"))
    states = {(await found(parts, n)).finding.key: (await found(parts, n)).state for n in (2, 3)}
    assert states == {"k2": State.OPEN, "k3": State.SUPPRESSED}


async def test_a_raise_within_what_was_agreed_to_stays_hidden_and_is_told_to_nobody(parts: Parts) -> None:
    await parts.say(a_finding("k1", severity="high"), a_finding("k2", severity="low"))
    await hidden(parts, 1, ScopeKind.KIND)
    await parts.deliver.drain()
    said = len(parts.messenger.said)
    await parts.say(a_finding("k2", later_s=60, severity="high"))
    assert [(await found(parts, n)).state for n in (1, 2)] == [State.SUPPRESSED] * 2
    assert told(parts, said) == []


async def test_a_finding_that_became_graver_before_the_press_is_not_hidden_by_its_name(parts: Parts) -> None:
    await parts.say(in_hub("k1", severity="medium"))
    preview = await drafted(parts)
    await parts.say(in_hub("k1", later_s=60))
    await begun(parts, preview)
    assert (await found(parts)).state is State.OPEN


async def test_what_became_graver_before_the_press_is_not_hidden_by_it(parts: Parts) -> None:
    await parts.say(a_finding("k1"), in_hub("k2", type="Test", source="guardduty"))
    preview = await drafted(parts, 1, ScopeKind.KIND)
    assert preview.reach.total == 2
    await parts.say(a_finding("k2", later_s=60, severity="critical", source="guardduty"))
    await begun(parts, preview)
    assert [(await found(parts, n)).state for n in (1, 2)] == [State.SUPPRESSED, State.OPEN]


async def test_a_critical_finding_may_be_hidden_when_another_person_agrees(parts: Parts) -> None:
    await parts.say(in_hub("k1", severity="critical"))
    preview = await drafted(parts, 1, ScopeKind.KIND)
    assert "a critical finding is among them" in preview.verdict.approval
    done = await begun(parts, preview)
    assert done.request is not None
    await parts.suite.suppressions.approve(done.request.id, done.request.digest, "U0BEN")
    await parts.say(in_hub("k2", severity="critical"))
    assert [(await found(parts, n)).state for n in (1, 2)] == [State.SUPPRESSED] * 2


# --- what is never hidden -------------------------------------------------------------------------------------------------------------

ROOT = "Policy:IAMUser/RootCredentialUsage"


async def test_of_several_the_one_that_is_never_hidden_stays_and_is_counted(parts: Parts) -> None:
    await parts.say(a_finding("k1"), a_finding("k2", type=ROOT), a_finding("k3"))
    preview = await drafted(parts, 1, ScopeKind.THESE, query=these_query([1, 2, 3]))
    assert (preview.reach.total, preview.reach.kept) == (2, 1)
    assert {r.number for r in preview.first} == {1, 3}
    lease = (await begun(parts, preview)).lease
    assert [(await found(parts, n)).state for n in (1, 2, 3)] == [State.SUPPRESSED, State.OPEN, State.SUPPRESSED]
    assert (await parts.suite.suppressions.counts((lease,)))[lease.id] == 2


async def test_several_are_shown_again_together(parts: Parts) -> None:
    await parts.say(a_finding("k1"), a_finding("k2"), a_finding("k3"))
    lease = await hidden(parts, 1, ScopeKind.THESE, query=these_query([1, 3]))
    assert [(await found(parts, n)).state for n in (1, 2, 3)] == [State.SUPPRESSED, State.OPEN, State.SUPPRESSED]
    await parts.suite.leases.end(lease.id, "U0ANA", "enough")
    assert [(await found(parts, n)).state for n in (1, 2, 3)] == [State.OPEN] * 3


async def test_a_class_keeps_what_is_never_hidden_now_and_later(parts: Parts) -> None:
    resources = a_finding("k1").resources
    await parts.say(a_finding("k1"), a_finding("k2", type=ROOT, resources=resources))
    preview = await drafted(parts, 1, ScopeKind.RESOURCE)
    assert (preview.reach.total, preview.reach.kept, dict(preview.reach.by_severity)) == (1, 1, {Severity.HIGH: 1})
    await begun(parts, preview)
    await parts.say(a_finding("k3", type=ROOT, resources=resources), a_finding("k4", resources=resources))
    states = {(await found(parts, n)).finding.key: (await found(parts, n)).state for n in (1, 2, 3, 4)}
    assert states == {"k1": State.SUPPRESSED, "k2": State.OPEN, "k3": State.OPEN, "k4": State.SUPPRESSED}


# --- the thread -----------------------------------------------------------------------------------------------------------------------


async def test_whoever_asked_may_withdraw(parts: Parts) -> None:
    done = await asked(parts)
    assert done.request is not None
    lease = await parts.suite.suppressions.deny(done.request.id, "U0ANA", "")
    assert (lease.stage, lease.ended_by) == (Stage.REFUSED, "U0ANA")
    async with parts.store.reads() as reads:
        assert [line.what for line in await reads.chain(0, limit=9)] == ["suppress_request", "suppress_withdrawn"]
        kinds = [entry.kind for entry in await reads.timeline(1)]
    assert kinds[-2:] == [Change.APPROVAL_ASKED, Change.APPROVAL_DENIED]
    assert (await now_of(parts, lease)).stage is Stage.REFUSED
