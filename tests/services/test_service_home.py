"""The Home tab: what is on its reader, waits for them or ends soon, their own views, how things stand, and what is shown when it breaks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from hiding_making import DAY, begun, drafted, hidden
from service_making import ANA

from bot.adapters.directory import CachedDirectory, Override
from bot.domain.approval import Stage
from bot.domain.authz import Actor, Permission, Policy, Statement
from bot.domain.finding import Severity, Status
from bot.domain.suppression import Lease
from bot.domain.views import Home
from bot.errors import StoreUnavailable
from bot.services.home import SHOWN
from tests.support.parts import Parts, a_finding
from tests.support.trouble import Breakable

HOUR = 3_600.0


async def home(parts: Parts, user: str = "U0ANA") -> Home:
    view = await parts.desk.home(user)
    assert isinstance(view, Home)
    return view


async def test_what_was_acknowledged_by_or_assigned_to_the_reader_is_on_them(parts: Parts) -> None:
    await parts.take(*(a_finding(key) for key in ("acked", "assigned", "other", "free")))
    await parts.suite.triage.acknowledge(1, "U0ANA")
    await parts.suite.triage.assign(2, "U0ANA", "U0BEN")
    await parts.suite.triage.acknowledge(3, "U0BEN")
    view = await home(parts)
    assert {r.finding.key for r in view.on_you} == {"acked", "assigned"}
    assert view.on_you_total == 2
    assert view.problem == ""


async def test_what_is_resolved_is_on_nobody(parts: Parts) -> None:
    await parts.take(a_finding("a"))
    await parts.suite.triage.assign(1, "U0ANA", "U0BEN")
    await parts.take(a_finding("a", later_s=9, status=Status.RESOLVED))
    view = await home(parts)
    assert (view.on_you, view.on_you_total) == ((), 0)


async def test_more_than_is_shown_is_counted(parts: Parts) -> None:
    await parts.take(*(a_finding(f"k{i}") for i in range(SHOWN + 2)))
    for number in range(1, SHOWN + 3):
        await parts.suite.triage.acknowledge(number, "U0ANA")
    view = await home(parts)
    assert (len(view.on_you), view.on_you_total) == (SHOWN, SHOWN + 2)


async def test_acknowledgements_that_end_within_a_day_come_the_first_to_end_first(parts: Parts) -> None:
    """A critical one holds four hours, a high one a day, a low one a month."""
    await parts.take(
        *(a_finding(level, severity=level) for level in ("low", "high", "critical")), a_finding("bens", severity="high")
    )
    async with parts.store.reads() as reads:
        numbers = {r.finding.key: r.number for r in await reads.by_numbers(range(1, 5))}
    for key in ("low", "high", "critical"):
        await parts.suite.triage.acknowledge(numbers[key], "U0ANA")
    await parts.suite.triage.acknowledge(numbers["bens"], "U0BEN")
    await parts.suite.triage.assign(numbers["bens"], "U0ANA", "U0BEN")
    parts.clock.move(HOUR)
    assert [r.finding.key for r in (await home(parts)).ending] == ["critical", "high"], (
        "and not what is another's to renew"
    )


async def test_only_the_readers_own_views_are_shown_with_their_counts(parts: Parts) -> None:
    await parts.take(a_finding("a"), a_finding("b", severity="low"))
    await parts.suite.views.save("mine", "high", ANA, "U0ANA")
    await parts.suite.views.save("ours", "high", ANA, "sec")
    await parts.suite.views.save("bens", "high", ANA, "U0BEN")
    [row] = (await home(parts)).views
    assert (row.name, row.counts) == ("mine", {Severity.HIGH: 1})


async def test_how_things_stand_is_counted_by_environment_without_those_that_have_none(
    build: Callable[..., Parts],
) -> None:
    known = {"111122223333": Override(env="prod"), "444455556666": Override(env="staging")}
    parts = build(directory=CachedDirectory(None, (), known))
    await parts.take(
        a_finding("a"), a_finding("b", severity="low"), a_finding("c", account="444455556666"),
        a_finding("d", account="999988887777"), a_finding("gone", status=Status.RESOLVED),
    )  # fmt: skip
    view = await home(parts)
    assert view.envs == (("prod", {Severity.HIGH: 1, Severity.LOW: 1}), ("staging", {Severity.HIGH: 1}))
    assert view.counts == {Severity.HIGH: 3, Severity.LOW: 1}


async def test_it_says_whether_secbot_works(parts: Parts) -> None:
    assert [(name, ok) for name, ok, _ in (await home(parts)).health] == [("stream", True), ("slack link", True)]


@pytest.mark.parametrize(
    ("actor", "says"),
    [(Actor("U0ANA", "T1", guest=True), "Guests may not"), (Actor("U0ANA", "T2", stranger=True), "own workspace")],
)
async def test_whoever_may_not_look_sees_why_and_nothing_else(parts: Parts, actor: Actor, says: str) -> None:
    await parts.take(a_finding("a"))
    await parts.suite.triage.acknowledge(1, "U0ANA")
    parts.people.actors["U0ANA"] = actor
    view = await home(parts)
    assert says in view.problem
    assert (view.on_you, view.on_you_total, view.counts, view.envs, view.views) == ((), 0, {}, (), ())


async def test_a_database_that_does_not_answer_is_said_on_the_tab(build: Callable[..., Parts]) -> None:
    store = Breakable()
    parts = build(wrap=store.wrap)
    store.down(StoreUnavailable())
    assert "The database did not answer" in (await home(parts)).problem
    store.down(None)
    assert (await home(parts)).problem == ""


# --- what is hidden -------------------------------------------------------------------------------------------------------------------


def policy(*statements: Statement) -> Policy:
    return Policy(
        (Statement("all", frozenset({Permission.ACK}), users=frozenset({"U0ANA"})), *statements), frozenset({"*"})
    )


def approvers(user: str, **limits: Any) -> Statement:
    return Statement("approvers", frozenset({Permission.APPROVE}), users=frozenset({user}), **limits)


async def asked(parts: Parts, number: int, author: str) -> Lease:
    done = await begun(parts, await drafted(parts, number, lasts=8 * DAY, author=author), author)
    assert done.request is not None
    return done.lease


async def test_what_waits_for_approval_is_shown_to_those_who_may_give_it(build: Callable[..., Parts]) -> None:
    parts = build(policy=policy(approvers("U0BEN")))
    await parts.take(a_finding("a"))
    lease = await asked(parts, 1, "U0ANA")
    [(shown, about)] = (await home(parts, "U0BEN")).approvals
    assert (shown.id, about.number) == (lease.id, 1)
    assert (await home(parts, "U0CHEN")).approvals == ()


async def test_nobody_is_shown_what_they_asked_for_themselves(build: Callable[..., Parts]) -> None:
    parts = build(policy=policy(approvers("U0BEN")))
    await parts.take(a_finding("a"))
    await asked(parts, 1, "U0BEN")
    assert (await home(parts, "U0BEN")).approvals == ()


async def test_an_approver_of_some_findings_is_shown_the_requests_for_these(build: Callable[..., Parts]) -> None:
    parts = build(policy=policy(approvers("U0BEN", most=Severity.MEDIUM)))
    await parts.take(a_finding("high"))
    await parts.take(a_finding("medium", severity="medium"))
    for number in (1, 2):
        await asked(parts, number, "U0ANA")
    assert [about.finding.key for _, about in (await home(parts, "U0BEN")).approvals] == ["medium"]


async def test_what_was_decided_waits_for_nobody(build: Callable[..., Parts]) -> None:
    parts = build(policy=policy(approvers("U0BEN")))
    await parts.take(a_finding("a"), a_finding("b"))
    for number in (1, 2):
        await asked(parts, number, "U0ANA")
    async with parts.store.reads() as reads:
        first, second = await reads.requests(stage=Stage.WAITING)
    await parts.suite.suppressions.approve(first.id, first.digest, "U0CHEN")
    await parts.suite.suppressions.deny(second.id, "U0CHEN", "no")
    assert (await home(parts, "U0BEN")).approvals == ()


async def test_more_requests_than_are_shown_are_cut(build: Callable[..., Parts]) -> None:
    parts = build(policy=policy(approvers("U0BEN")))
    await parts.take(*(a_finding(f"k{n}") for n in range(SHOWN + 2)))
    for number in range(1, SHOWN + 3):
        await asked(parts, number, "U0ANA")
    assert len((await home(parts, "U0BEN")).approvals) == SHOWN


async def test_suppressions_that_end_within_three_days_come_the_first_to_end_first(parts: Parts) -> None:
    await parts.take(*(a_finding(key) for key in ("later", "second", "first", "over")))
    for number, days in ((1, 3.5), (2, 2), (3, 1.5), (4, 1)):
        lease = await hidden(parts, number, lasts=days * DAY)
    await parts.suite.leases.end(lease.id, "U0ANA", "enough")
    assert [one.number for one in (await home(parts)).leases] == [3, 2]
    parts.clock.move(DAY.total_seconds())
    assert [one.number for one in (await home(parts)).leases] == [3, 2, 1], "the sweep has not come yet"
