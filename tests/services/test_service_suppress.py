"""Suppressions over memory: what a lease hides and shows again, who has to agree, and that every step may be repeated."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from bot.domain.approval import Changed, NotWaiting, OwnRequest
from bot.domain.finding import Record, State, Status
from bot.domain.query import show
from bot.domain.suppression import Lease, ReasonClass, ScopeKind, Stage, digest, scope_query
from bot.errors import UserError
from bot.services.suppress import Begun, Preview
from tests.support.parts import Parts, a_finding

DAY = timedelta(days=1)


async def drafted(
    parts: Parts, number: int = 1, kind: ScopeKind = ScopeKind.FINDING, *, lasts: timedelta = DAY, author: str = "U0ANA"
) -> Preview:
    record = await found(parts, number)
    now = parts.clock.now()
    lease = Lease(
        id="", kind=kind, number=number, query=show(scope_query(kind, record)), why=ReasonClass.EXPECTED,
        reason="the vendor's scanner", ticket="SEC-9", owner=author, author=author, created=now, until=now + lasts, stage=Stage.DRAFT,
    )  # fmt: skip
    return await parts.suite.suppressions.draft(lease)


async def begun(parts: Parts, preview: Preview, user: str = "U0ANA") -> Begun:
    done = await parts.suite.suppressions.begin(preview.lease.id, digest(preview.lease), user)
    assert isinstance(done, Begun), done
    return done


async def found(parts: Parts, number: int) -> Record:
    return await parts.suite.details.record(number)


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
