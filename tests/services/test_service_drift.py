"""The nightly look for rules that hide findings: what is wrong is told once, and again when it changes; what is not seen is said."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime

import pytest
from hiding_making import EU, US, FakeAnalyzers, FakeOutlook, Held, access, hidden, id_of, now_of

from bot.domain.drift import Kind, Maker, Rule, Seen
from bot.domain.hiding_views import DriftReport
from bot.domain.native import rules_of
from bot.domain.suppression import Lease, ScopeKind, Stage
from bot.errors import PermanentError, StoreUnavailable, TemporaryError, UserError
from bot.ports import SayKind
from bot.services.drift import MOST_TRACED, DriftWatch
from bot.services.natively import Natively
from bot.services.reports import Reports
from tests.support.parts import Parts
from tests.support.trouble import Breakable

NIGHT = datetime(2026, 3, 2, 2, 0, tzinfo=UTC)
THEIRS = {"resource": {"contains": ["*"]}}
SILENCE = TemporaryError("no answer")


def hub_rule(name: str = "hush", what: str = "everything low: SUPPRESSED") -> Rule:
    return Rule(service="securityhub", place="eu-west-1", id=f"arn:{name}", name=name, what=what)


def guard_filter(name: str = "quiet") -> Rule:
    return Rule(service="guardduty", place="eu-west-1", id=f"d/{name}", name=name, what="type=Recon: ARCHIVE")


@pytest.fixture
def fake() -> FakeAnalyzers:
    return FakeAnalyzers({EU: {id_of(1): Held()}, US: {}})


@pytest.fixture
def outlook() -> FakeOutlook:
    return FakeOutlook(listed={"eu-west-1": [EU]})


@pytest.fixture
def watched(build: Callable[..., Parts], fake: FakeAnalyzers, outlook: FakeOutlook) -> Parts:
    return build(natively=Natively(fake, None), outlook=outlook)


@pytest.fixture
async def ruled(watched: Parts) -> Lease:
    """A lease with an archive rule."""
    await watched.say(access())
    return await now_of(watched, await hidden(watched, 1, ScopeKind.RESOURCE))


async def looked(parts: Parts) -> Seen:
    return await parts.suite.drift.look()


def kinds(seen: Seen) -> list[tuple[Kind, str]]:
    return [(drift.kind, drift.rule.name) for drift in seen.found]


# --- what is found ------------------------------------------------------------------------------------------------------------------


async def test_what_is_as_we_made_it_is_no_drift(watched: Parts, ruled: Lease) -> None:
    assert ruled.stage is Stage.ACTIVE
    seen = await looked(watched)
    assert (seen.found, seen.blind, seen.looked) == ((), (), 1)


async def test_rules_of_others_are_found_at_every_service(
    watched: Parts, fake: FakeAnalyzers, outlook: FakeOutlook
) -> None:
    fake.rules_at()["cover-up"] = THEIRS
    outlook.hub = {"eu-west-1": [hub_rule()]}
    outlook.guard = {"eu-west-1": [guard_filter()]}
    seen = await looked(watched)
    assert kinds(seen) == [(Kind.FOREIGN, "cover-up"), (Kind.FOREIGN, "quiet"), (Kind.FOREIGN, "hush")]
    assert seen.looked == 3
    assert seen.found[0].rule.broad, "one that takes every resource is a dangerous one"
    assert seen.found[0].rule.place == EU


async def test_a_rule_of_ours_that_was_widened_is_found(watched: Parts, ruled: Lease, fake: FakeAnalyzers) -> None:
    [name] = rules_of(ruled.native)
    fake.rules_at()[name] = {**fake.rules_at()[name], "resource": {"eq": ["arn:aws:s3:::pay-export", "arn:aws:s3:::x"]}}
    [drift] = (await looked(watched)).found
    assert (drift.kind, drift.leases) == (Kind.CHANGED, (ruled.id,))


async def test_a_rule_of_ours_that_was_deleted_is_found(watched: Parts, ruled: Lease, fake: FakeAnalyzers) -> None:
    fake.rules_at().clear()
    [drift] = (await looked(watched)).found
    assert (drift.kind, drift.rule.name, drift.leases) == (Kind.GONE, rules_of(ruled.native)[0], (ruled.id,))


async def test_a_rule_with_our_name_that_no_lease_needs_is_found(watched: Parts, fake: FakeAnalyzers) -> None:
    fake.rules_at()["secbot-0123456789abcdef"] = THEIRS
    assert kinds(await looked(watched)) == [(Kind.STRAY, "secbot-0123456789abcdef")]


async def test_regions_are_those_of_live_findings_of_leases_and_home(
    watched: Parts, fake: FakeAnalyzers, outlook: FakeOutlook
) -> None:
    await watched.say(access(2, analyzer=US), replace(access(3), region="not a region"))
    await looked(watched)
    assert sorted(outlook.looked) == ["eu-west-1", "us-east-1"]


async def test_an_analyzer_of_a_lease_is_looked_at_although_it_is_not_listed(
    watched: Parts, ruled: Lease, fake: FakeAnalyzers, outlook: FakeOutlook
) -> None:
    """Taking an analyzer out of the list is no way to take a rule out of sight."""
    outlook.listed = {}
    fake.rules_at().clear()
    assert kinds(await looked(watched)) == [(Kind.GONE, rules_of(ruled.native)[0])]


async def test_without_access_there_is_nothing_to_look_at_and_it_says_so(parts: Parts) -> None:
    with pytest.raises(UserError, match="switched off"):
        await looked(parts)
    parts.clock.move(14 * 3600)
    await parts.suite.drift.nightly()
    async with parts.store.reads() as reads:
        assert await reads.chain(0, limit=5) == []


# --- blind spots --------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("service", ["analyzers", "hub", "guard"])
async def test_a_service_that_does_not_answer_is_a_blind_spot_and_the_others_are_told(
    watched: Parts, fake: FakeAnalyzers, outlook: FakeOutlook, service: str
) -> None:
    fake.rules_at()["cover-up"] = THEIRS
    outlook.hub, outlook.guard = {"eu-west-1": [hub_rule()]}, {"eu-west-1": [guard_filter()]}
    outlook.silent = {service: SILENCE}
    seen = await looked(watched)
    assert len(seen.found) == 2
    [spot] = seen.blind
    assert "in eu-west-1: no answer" in spot


async def test_an_analyzer_that_does_not_answer_is_named(watched: Parts, fake: FakeAnalyzers) -> None:
    fake.refuses = {"rules": PermanentError("access denied")}
    assert (await looked(watched)).blind == ("the analyzer northwind in eu-west-1: access denied",)


async def test_a_rule_is_not_called_gone_where_nobody_could_look(
    watched: Parts, ruled: Lease, fake: FakeAnalyzers
) -> None:
    fake.refuses = {"rules": SILENCE}
    assert (await looked(watched)).found == ()
    assert ruled.native["rule"]


# --- who ----------------------------------------------------------------------------------------------------------------------------


async def test_cloudtrail_is_asked_who_made_what_is_new_and_not_what_is_known(
    watched: Parts, outlook: FakeOutlook
) -> None:
    maker = Maker("arn:aws:iam::420500000001:user/eve", "CreateAutomationRule", NIGHT)
    outlook.hub, outlook.makers = {"eu-west-1": [hub_rule()]}, {"hush": maker}
    assert (await looked(watched)).found[0].maker == maker
    await night(watched)
    outlook.traced = []
    outlook.hub["eu-west-1"].append(hub_rule("louder"))
    await looked(watched)
    assert outlook.traced == ["louder"]


async def test_a_maker_that_cloudtrail_does_not_tell_is_no_reason_to_say_nothing(
    watched: Parts, outlook: FakeOutlook
) -> None:
    outlook.hub, outlook.makers = {"eu-west-1": [hub_rule()]}, {"hush": SILENCE}
    [drift] = (await looked(watched)).found
    assert drift.maker is None


async def test_cloudtrail_is_asked_about_so_many_rules_and_no_more(watched: Parts, outlook: FakeOutlook) -> None:
    outlook.hub = {"eu-west-1": [hub_rule(f"r{n}") for n in range(MOST_TRACED + 5)]}
    assert len((await looked(watched)).found) == MOST_TRACED + 5
    assert len(outlook.traced) == MOST_TRACED


# --- the night ----------------------------------------------------------------------------------------------------------------------


async def night(parts: Parts, at: datetime = NIGHT) -> None:
    """The clock comes to a time of some night, and the look is due."""
    parts.clock.move((at - parts.clock.now()).total_seconds())
    await parts.suite.drift.nightly()
    await parts.deliver.drain()


def told(parts: Parts) -> int:
    return parts.messenger.what.count(("card", "security"))


async def test_nothing_is_looked_at_before_two_in_the_night(watched: Parts, outlook: FakeOutlook) -> None:
    await night(watched, datetime(2026, 3, 2, 1, 59, 59, tzinfo=UTC))
    assert outlook.looked == []
    await night(watched)
    assert outlook.looked == ["eu-west-1"]


async def test_a_foreign_rule_is_told_once(watched: Parts, outlook: FakeOutlook) -> None:
    outlook.hub = {"eu-west-1": [hub_rule()]}
    await night(watched)
    assert told(watched) == 1
    await watched.suite.drift.nightly()
    for day in (3, 4):
        await night(watched, NIGHT.replace(day=day))
    assert told(watched) == 1
    assert len((await looked(watched)).found) == 1, "whoever asks is told all the same"


async def test_a_rule_that_does_something_else_is_told_again(watched: Parts, outlook: FakeOutlook) -> None:
    outlook.hub = {"eu-west-1": [hub_rule()]}
    await night(watched)
    outlook.hub = {"eu-west-1": [hub_rule(what="everything: SUPPRESSED")]}
    await night(watched, NIGHT.replace(day=3))
    await night(watched, NIGHT.replace(day=4))
    assert told(watched) == 2


async def test_a_rule_that_comes_back_is_told_again(watched: Parts, outlook: FakeOutlook) -> None:
    for day, rules in ((2, [hub_rule()]), (3, []), (4, [hub_rule()])):
        outlook.hub = {"eu-west-1": rules}
        await night(watched, NIGHT.replace(day=day))
    assert told(watched) == 2


async def test_what_could_not_be_looked_at_is_not_taken_for_mended(watched: Parts, outlook: FakeOutlook) -> None:
    outlook.hub = {"eu-west-1": [hub_rule()]}
    await night(watched)
    outlook.silent = {"hub": SILENCE}
    await night(watched, NIGHT.replace(day=3))
    assert told(watched) == 2, "a blind spot is told"
    outlook.silent = {}
    await night(watched, NIGHT.replace(day=4))
    assert told(watched) == 2, "and the rule is known still"


async def test_a_night_without_news_tells_nothing_and_is_in_the_trail(watched: Parts) -> None:
    await night(watched)
    assert watched.messenger.said == []
    async with watched.store.reads() as reads:
        [line] = await reads.chain(0, limit=5)
    assert (line.what, line.actor, line.details["found"], line.details["looked"]) == ("drift_looked", "", "0", "0")


async def test_of_two_replicas_one_tells(watched: Parts, outlook: FakeOutlook) -> None:
    outlook.hub = {"eu-west-1": [hub_rule()]}
    mine = watched.suite.drift
    other = DriftWatch(
        store=watched.store, analyzers=mine.analyzers, outlook=outlook, clock=watched.clock, wake=mine.wake, channel="security",
        home="eu-west-1",
    )  # fmt: skip
    await night(watched)
    await other.nightly()
    await watched.deliver.drain()
    assert told(watched) == 1
    async with watched.store.reads() as reads:
        assert [line.what for line in await reads.chain(0, limit=5)] == ["drift_found"]


async def test_a_night_that_the_database_missed_is_made_up_for(
    build: Callable[..., Parts], fake: FakeAnalyzers, outlook: FakeOutlook
) -> None:
    store = Breakable()
    parts = build(natively=Natively(fake, None), outlook=outlook, wrap=store.wrap)
    outlook.hub = {"eu-west-1": [hub_rule()]}
    store.fail_writes_with = StoreUnavailable()
    with pytest.raises(StoreUnavailable):
        await night(parts)
    store.down(None)
    await night(parts, NIGHT.replace(hour=3))
    assert told(parts) == 1


async def test_the_report_that_is_queued_is_the_look_that_was_made(watched: Parts, outlook: FakeOutlook) -> None:
    outlook.hub, outlook.silent = {"eu-west-1": [hub_rule()]}, {"guard": SILENCE}
    outlook.makers = {"hush": Maker("eve", "CreateAutomationRule", NIGHT)}
    seen = await looked(watched)
    watched.clock.move((NIGHT - watched.clock.now()).total_seconds())
    await watched.suite.drift.nightly()
    claimed = await watched.store.claim("security", "w9", 60)
    assert claimed is not None
    assert claimed.saying.kind is SayKind.REPORT
    shown = await Reports(watched.suite.briefs).view(claimed.saying.details, NIGHT)
    assert shown == DriftReport(seen=seen, now=NIGHT, nightly=True)


@pytest.mark.parametrize(
    "change", [{"report": "another"}, {"seen": "{"}, {"seen": "{}"}, {"seen": "[]"}, {"seen": '{"found":[[]]}'}]
)
async def test_a_report_of_another_version_is_dropped_and_stops_nothing(
    watched: Parts, outlook: FakeOutlook, change: dict[str, str]
) -> None:
    outlook.hub = {"eu-west-1": [hub_rule()]}
    watched.clock.move((NIGHT - watched.clock.now()).total_seconds())
    await watched.suite.drift.nightly()
    [(key, row)] = watched.store._world.outbox.items()
    broken = replace(row.saying, details={**row.saying.details, **change})
    watched.store._world.outbox[key] = replace(row, saying=broken)
    await watched.deliver.drain()
    assert watched.messenger.said == []
    assert not watched.store._world.outbox[key].waiting
