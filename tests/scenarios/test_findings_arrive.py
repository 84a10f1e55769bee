"""What the finding stream does to Slack: one card a finding and channel, edits and thread lines, and nothing for what is not new."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from datetime import timedelta
from pathlib import Path

import pytest

from sandbox.events import access_analyzer, cloudwatch, config, health, inspector, macie
from sandbox.events import securityhub_v2 as v2
from sandbox.events.hostile import hostile
from tests.support.box import Box, buttons, said
from tests.support.checks import ROOT

Open = Callable[..., AbstractAsyncContextManager[Box]]


async def test_a_finding_is_one_card_in_the_channel_of_its_route(box: Box) -> None:
    await box.take_in(box.control("S3.2"))
    [card] = box.posts()
    assert box.slack.world.channel(card.channel).name == "sec-critical"  # type: ignore[union-attr]
    assert card.text.startswith("CRITICAL prod payments-prod: S3 bucket must not be readable by the public")
    assert {"Acknowledge", "Details", "Suppress…", "Open in console"} == set(buttons(card))
    assert "420100000001" in said(card)
    assert "F-1" in said(card)
    assert "<!subteam^S0ONCALL>" in said(card)


@pytest.mark.parametrize(
    ("account", "control", "channel", "why"),
    [
        ("payments-prod", "S3.2", "sec-critical", "critical in prod has its own channel"),
        ("payments-prod", "S3.8", "sec-prod", "high in prod"),
        ("infra-dns", "S3.8", "sec-prod", "the prod route takes core accounts too"),
        ("payments-staging", "S3.2", "sec-staging", "staging, whatever the severity"),
        ("sandbox-ana", "S3.5", "sec-dev", "medium in a sandbox"),
    ],
)
async def test_a_route_decides_the_channel(box: Box, account: str, control: str, channel: str, why: str) -> None:
    await box.take_in(box.control(control, account))
    assert [box.slack.world.channel(m.channel).name for m in box.posts()] == [channel], why  # type: ignore[union-attr]


async def test_what_no_route_takes_goes_to_the_default_channel(box: Box) -> None:
    event = box.control("S3.8")
    event["detail"]["findings"][0]["AwsAccountId"] = "999988887777"
    await box.take_in(event)
    [card] = box.cards("sec-all")
    assert "999988887777" in said(card)


async def test_a_silent_route_stores_and_says_nothing(box: Box) -> None:
    await box.take_in(
        box.control("S3.8", "payments-dev", status="PASSED"), box.threat(severity=0.5, account="payments-dev")
    )
    assert box.posts() == []
    assert "2 findings" in (await box.ask("/sec findings all")).text


async def test_the_same_message_twice_is_one_card(box: Box) -> None:
    event = box.control()
    await box.take_in(event, event, event)
    await box.take_in(event)
    assert len(box.posts()) == 1
    assert box.calls("chat.update") == []


async def test_a_queue_that_delivers_twice_and_out_of_order_shows_the_newest_version_once(box: Box) -> None:
    box.queue.misbehave(duplicate=1.0, shuffle=True)
    versions = [box.control(later_s=i) for i in range(6)] + [box.control(later_s=9, status="PASSED")]
    box.send(*versions)
    await box.until(lambda: box.queue.visible == 0)
    box.queue.misbehave()
    await box.quiet()
    assert len(box.cards()) <= 1
    assert "1 finding" in (await box.ask("/sec findings state:resolved")).text


async def test_an_older_version_changes_nothing(box: Box) -> None:
    await box.take_in(box.control(later_s=10))
    before = said(box.cards()[0])
    await box.take_in(box.control(later_s=-100, status="PASSED"))
    assert said(box.cards()[0]) == before
    assert box.calls("chat.update") == []
    assert box.lines() == []


async def test_a_newer_version_edits_the_card_and_says_nothing_more(box: Box) -> None:
    await box.take_in(box.control())
    await box.take_in(box.control(later_s=5))
    [card] = box.posts()
    assert "seen 2x" in said(card)
    assert len(box.calls("chat.update")) == 1


async def test_security_hubs_notified_is_told_once_and_not_again_when_it_flips_back_to_new(box: Box) -> None:
    await box.take_in(box.control())
    for i, workflow in enumerate(("NOTIFIED", "NEW", "NOTIFIED", "NEW"), 1):
        await box.take_in(box.control(later_s=i, workflow=workflow))
    assert len(box.cards()) == 1
    [line] = box.lines()
    assert "cknowledged" in said(line)
    assert not line.broadcast


async def test_a_resolved_finding_edits_its_card_and_adds_one_thread_line(box: Box) -> None:
    await box.take_in(box.control())
    await box.take_in(box.control(later_s=600, status="PASSED"))
    [card], [line] = box.cards(), box.lines()
    assert "resolved" in card.text.lower()
    assert "Acknowledge" not in buttons(card)
    assert line.thread_ts == card.ts
    assert not line.broadcast
    assert "esolved" in line.text


async def test_a_raised_severity_is_told_in_the_thread_and_the_channel_once(box: Box) -> None:
    kind = "UnauthorizedAccess:EC2/SSHBruteForce"
    await box.take_in(box.threat(kind, severity=5.0))
    worse = box.threat(kind, severity=8.0, later_s=60)
    await box.take_in(worse, worse)
    await box.take_in(worse)
    [card], [line] = box.cards(), box.lines()
    assert card.text.startswith("HIGH")
    assert line.broadcast
    assert line.thread_ts == card.ts


async def test_a_severity_that_changes_the_route_makes_a_card_in_the_new_channel(box: Box) -> None:
    kind = "UnauthorizedAccess:EC2/SSHBruteForce"
    await box.take_in(box.threat(kind, severity=5.0))
    await box.take_in(box.threat(kind, severity=9.5, later_s=60))
    [old], [new] = box.cards("sec-prod"), box.cards("sec-critical")
    assert old.text.startswith("CRITICAL")
    assert new.text.startswith("CRITICAL")
    await box.take_in(box.threat(kind, severity=9.5, later_s=90))
    assert len(box.cards()) == 2


async def test_a_finding_that_comes_back_is_reopened_in_its_thread(box: Box) -> None:
    await box.take_in(box.control())
    await box.take_in(box.control(later_s=60, status="PASSED"))
    await box.take_in(box.control(later_s=120))
    [card] = box.cards()
    assert "(again)" in card.text
    assert [m.broadcast for m in box.lines()] == [False, True]


async def test_a_threat_and_its_echo_through_security_hub_are_one_card(box: Box) -> None:
    await box.take_in(box.threat())
    await box.take_in(box.threat_through_hub())
    assert len(box.cards()) == 1
    assert "1 finding" in (await box.ask("/sec findings all")).text


async def test_the_echo_may_come_first(box: Box) -> None:
    await box.take_in(box.threat_through_hub())
    await box.take_in(box.threat(later_s=2))
    assert len(box.cards()) == 1


async def test_a_finding_first_seen_as_resolved_is_stored_and_not_announced(box: Box) -> None:
    await box.take_in(box.control(status="PASSED"))
    assert box.posts() == []
    assert "1 finding" in (await box.ask("/sec findings all")).text


async def test_every_source_makes_a_card(box: Box) -> None:
    scene = box.scene()
    await box.take_in(
        access_analyzer.external(scene, "bucket", 1, public=True),
        cloudwatch.state_change(scene, next(iter(cloudwatch.ALARMS))),
        config.compliance_change(scene, next(iter(config.RULES)), 1),
        health.health(scene, "issue", 1),
        inspector.package_vulnerability(scene, 1, severity="HIGH"),
        macie.sensitive_data(scene, 1),
        v2.compliance(scene, "SQS.1", 1),
        box.threat(),
        box.control(),
    )
    assert len(box.cards()) == 9


async def test_an_event_of_no_known_shape_is_a_generic_card(box: Box) -> None:
    event = {**box.control(), "source": "com.example.scanner", "detail-type": "Scan Finished", "detail": {"risk": 7}}
    await box.take_in(event)
    [card] = box.cards()
    assert "com.example.scanner" in said(card)


async def test_sns_may_wrap_its_messages(open: Open) -> None:
    async with open(raw=False) as box:
        await box.take_in(box.control(), box.control("S3.8"))
        assert len(box.cards()) == 2


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("this is no JSON", "not_json"),
        ("", "not_json"),
        ("[1, 2", "not_json"),
        ('{"a": NaN}', "not_json"),
        ('{"a":' * 5_000 + "1" + "}" * 5_000, "too_deep"),
        (json.dumps({"Type": "SubscriptionConfirmation", "SubscribeURL": "http://127.0.0.1:1/x"}), "subscription"),
    ],
    ids=["words", "empty", "half", "nan", "deep", "subscription"],
)
async def test_poison_is_set_aside_and_stops_nothing(box: Box, body: str, reason: str) -> None:
    for text in (json.dumps(box.control()), body, json.dumps(box.control("S3.8"))):
        box.queue.put(text)
    await box.quiet()
    assert len(box.cards()) == 2
    assert box.queue.depth == 0
    async with box.bot.store.reads() as reads:
        [poison] = await reads.quarantined()
    assert reason in poison.reason
    assert "1" in said(await box.ask("/sec status"))


async def test_a_poison_flood_leaves_the_good_ones(box: Box) -> None:
    for i in range(40):
        box.queue.put(f"poison {i}" if i % 4 else json.dumps(box.control("S3.8", number=i)))
    await box.quiet(within=120)
    assert len(box.cards()) == 10
    async with box.bot.store.reads() as reads:
        assert await reads.quarantine_count() == 30


async def test_hostile_names_neither_mention_nor_break_anything(box: Box) -> None:
    bad = "<!channel> <@U0ANA> ```x``` <http://evil.example|console> \u202e\u200b {{7*7}} &amp;"
    for hostile_event in hostile(box.company, box.now - timedelta(minutes=1)):
        box.queue.put(json.dumps(hostile_event))
    event = box.control("S3.8", number=77)
    event["detail"]["findings"][0]["Title"] = bad
    box.queue.put(json.dumps(event))
    await box.quiet(within=300)
    for message in box.posts():
        shown = said(message).replace("<!subteam^S0ONCALL>", "").replace("<!date^", "")
        for forbidden in ("<!channel", "<!here", "<!everyone", "<@U", "<http://evil", "<!subteam", "\u202e", "\u200b"):
            assert forbidden not in shown, forbidden


def _files() -> list[Path]:
    return sorted((ROOT / "../shared/events").glob("**/*.json"))


@pytest.mark.skipif(not _files(), reason="the published events are not beside this repository")
async def test_published_events_are_taken_in_whole(box: Box) -> None:
    sent = 0
    for path in _files()[:400]:
        text = path.read_text(encoding="utf-8")
        documents = json.loads(text)
        for document in documents if isinstance(documents, list) else [documents]:
            box.queue.put(json.dumps(document))
            sent += 1
    await box.until(lambda: box.queue.depth == 0)
    page = box.bot.metrics.page().decode()
    assert 'secbot_messages_total{outcome="taken"}' in page
    assert "secbot_failures_total{" not in page
    async with box.bot.store.reads() as reads:
        assert sum((await reads.states()).values()) > 20
