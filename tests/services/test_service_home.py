"""The Home tab: what is on its reader and what ends soon, the reader's own views, how things stand, and what is shown when it breaks."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from service_making import ANA

from bot.adapters.directory import CachedDirectory, Override
from bot.domain.authz import Actor
from bot.domain.finding import Severity, Status
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
