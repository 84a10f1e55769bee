"""Rules that hide findings behind secbot's back, through the real bot: told when somebody asks, and once when the night looks."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from typing import Any

from sandbox.aws.analyzer import Rule
from sandbox.aws.timeline import Timeline
from sandbox.slack.state import Message
from tests.support.box import Box, buttons, said
from tests.support.hiding import DAY_S, access, analyzer, apis, hidden

Open = Callable[..., AbstractAsyncContextManager[Box]]

EVERY_BUCKET = {"resourceType": {"eq": ["AWS::S3::Bucket"]}}
NARROW = {
    "resource": {"eq": ["arn:aws:s3:::one"]},
    "resourceOwnerAccount": {"eq": ["420100000001"]},
    "isPublic": {"eq": ["false"]},
}
HOUR = 2  # UTC, of the nightly look
REPORTED_IN = "sec-all"


def stranger(box: Box, name: str = "quiet-please", filter: Any = EVERY_BUCKET) -> None:
    """A rule that somebody made in the organisation's analyzer."""
    arn, now = analyzer(box), box.clock.now()
    account, region = arn.split(":")[4], arn.split(":")[3]
    apis(box).analyzer.create(arn.rpartition("/")[2], account, region)
    apis(box).analyzer.analyzers[arn].rules[name] = Rule(Timeline(filter, now), now)


def made_by(box: Box, who: str, name: str = "quiet-please", did: str = "CreateArchiveRule") -> None:
    """What CloudTrail says of that."""
    arn = analyzer(box)
    apis(box).trail.seed(
        arn.split(":")[4],
        arn.split(":")[3],
        did,
        user=f"arn:aws:iam::{arn.split(':')[4]}:user/{who}",
        detail={"requestParameters": {"analyzerName": arn.rpartition("/")[2], "ruleName": name}},
    )


def widened(box: Box, name: str, filter: Any) -> None:
    """Somebody changes a rule outside."""
    apis(box).analyzer.analyzers[analyzer(box)].rules[name].filter.set(filter, box.clock.now())


def own_rule(box: Box) -> str:
    """The only rule that secbot made."""
    [name] = [rule for rule in apis(box).analyzer.rules(analyzer(box)) if rule.startswith("secbot-")]
    return name


def reports(box: Box) -> list[Message]:
    """The nightly reports in the security channel."""
    return [m for m in box.cards(REPORTED_IN) if "rule" in m.text.lower()]


async def night(box: Box) -> None:
    """Until shortly after the next nightly look, which happens."""
    now = box.now
    then = now.replace(hour=HOUR, minute=1, second=0, microsecond=0)
    then += timedelta(days=then <= now)
    await box.skip((then - now).total_seconds(), "drift")


async def drift(box: Box) -> str:
    return said(await box.ask("/sec leases drift"))


# --- asked for -----------------------------------------------------------------------------------------------------------------------


async def test_a_foreign_broad_rule_is_listed_with_who_made_it(box: Box) -> None:
    stranger(box)
    made_by(box, "contractor")
    told = await drift(box)
    assert "quiet-please" in told
    assert "Not made by secbot" in told
    assert "names no resource and no principal" in told
    assert "user/contractor" in told
    assert "resourceType=AWS::S3::Bucket" in told


async def test_nothing_foreign_is_said_in_one_line(box: Box) -> None:
    apis(box).analyzer.create("northwind-external", box.company.security.id, "eu-west-1")
    told = await drift(box)
    assert "quiet-please" not in told
    assert "✅" in told


async def test_our_own_rule_in_place_is_no_drift(box: Box) -> None:
    await box.take_in(access(box))
    await hidden(box, "resource")
    assert own_rule(box) not in await drift(box)


async def test_our_rule_deleted_outside_is_told_as_gone_and_changed_as_changed(box: Box) -> None:
    await box.take_in(access(box))
    await hidden(box, "resource")
    name = own_rule(box)
    await box.pass_time(1)
    widened(box, name, EVERY_BUCKET)
    made_by(box, "mallory", name, "UpdateArchiveRule")
    told = await drift(box)
    assert "changed outside" in told
    assert name in told
    assert "user/mallory" in told
    assert "L-" in told, "the suppression that needs it"
    widened(box, name, None)
    told = await drift(box)
    assert "gone" in told
    assert "L-" in told


async def test_security_hubs_automation_rules_and_guarddutys_filters_are_listed_too(box: Box) -> None:
    account, services = box.company.security.id, apis(box)
    services.hub.automation.seed(account, "eu-west-1", "all-is-well", criteria={})
    services.hub.automation.seed(account, "eu-west-1", "all-is-new", v2=True)
    services.hub.automation.seed(
        account, "eu-west-1", "only-a-note", update={"Note": {"Text": "seen", "UpdatedBy": "x"}}
    )
    services.guard.seed_filter(services.guard.create(account, "eu-west-1"), "no-more-ssh")
    told = await drift(box)
    assert all(name in told for name in ("all-is-well", "all-is-new", "no-more-ssh"))
    assert "only-a-note" not in told, "it hides nothing"


async def test_a_service_that_refuses_is_a_blind_spot_and_the_others_are_told(box: Box) -> None:
    stranger(box)
    apis(box).fail("guardduty.ListDetectors", kind="access_denied", count=9)
    told = await drift(box)
    assert "GuardDuty in eu-west-1" in told
    assert "quiet-please" in told


async def test_whoever_may_only_read_may_look(box: Box) -> None:
    stranger(box)
    assert "quiet-please" in said(await box.ask("/sec leases drift", who="gil"))


# --- told by itself ------------------------------------------------------------------------------------------------------------------


async def test_a_foreign_broad_rule_is_reported_in_one_run(box: Box) -> None:
    stranger(box)
    made_by(box, "contractor")
    await night(box)
    [report] = reports(box)
    assert "quiet-please" in said(report)
    assert "user/contractor" in said(report)


async def test_who_made_a_rule_is_said_to_whoever_asks_after_the_night_told_of_it(box: Box) -> None:
    stranger(box)
    made_by(box, "contractor")
    await night(box)
    assert "user/contractor" in await drift(box)


async def test_the_night_tells_a_rule_once_and_again_when_it_was_widened(box: Box) -> None:
    stranger(box, filter=NARROW)
    await night(box)
    await box.bot.schedule.tick("drift")
    await box.quiet()
    assert len(reports(box)) == 1
    await night(box)
    assert len(reports(box)) == 1, "known already"
    widened(box, "quiet-please", EVERY_BUCKET)
    await night(box)
    first, second = reports(box)
    assert "names no resource" not in said(first)
    assert "names no resource" in said(second)


async def test_nobody_is_told_between_midnight_and_two(box: Box) -> None:
    stranger(box)
    await box.skip((24 - box.now.hour) * 3600 + 60, "drift")
    assert box.now.hour < HOUR
    assert reports(box) == []
    await box.skip(HOUR * 3600, "drift")
    assert len(reports(box)) == 1


async def test_a_mended_rule_that_comes_back_is_told_again(box: Box) -> None:
    stranger(box)
    await night(box)
    widened(box, "quiet-please", None)
    await night(box)
    assert len(reports(box)) == 1
    widened(box, "quiet-please", EVERY_BUCKET)
    await night(box)
    assert len(reports(box)) == 2


async def test_another_replica_tells_the_same_night_nothing_more(box: Box) -> None:
    stranger(box)
    await night(box)
    await box.restart()
    await box.bot.schedule.tick("drift")
    await box.quiet()
    assert len(reports(box)) == 1


async def test_a_night_on_which_a_service_refuses_says_so_and_repeats_nothing_after_it(box: Box) -> None:
    stranger(box)
    await night(box)
    apis(box).fail("ListAnalyzers", kind="access_denied", count=9)
    await night(box)
    assert "Access Analyzer in eu-west-1" in said(reports(box)[-1])
    apis(box).faults.clear()
    await night(box)
    assert len(reports(box)) == 2, "what was told the first night is not news"


async def test_the_report_leads_to_the_whole_list(box: Box) -> None:
    for number in range(3):
        stranger(box, f"quiet-{number}", {**EVERY_BUCKET, "error": {"eq": [str(number)]}})
    await night(box)
    stranger(box, "quiet-new")
    await box.skip(DAY_S, "drift")
    report = reports(box)[-1]
    assert "quiet-new" in said(report)
    assert "quiet-1" not in said(report), "it tells what is new and counts the rest"
    assert "Show all" in buttons(report)
    whole = await box.after(box.person("gil").press(REPORTED_IN, report, "Show all"), who="gil", where=REPORTED_IN)
    assert all(f"quiet-{number}" in said(whole) for number in range(3))
