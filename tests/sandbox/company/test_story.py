"""The story is lively at once, true to itself later, and the same for the same seed."""

from __future__ import annotations

import json
from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

import pytest

from sandbox.aws.stand_in import dumps
from sandbox.company import northwind
from sandbox.events import Story, burst, hostile, opening
from sandbox.events.hostile import CASES

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)
COMPANY = northwind()


def _first_minute() -> list[dict[str, Any]]:
    return [e for e in islice(Story(COMPANY, now=NOW), 30) if e.get("time", "") <= "2026-11-24T12:01:00Z"]


def _findings(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [f for e in events for f in e.get("detail", {}).get("findings", [])]


def test_the_first_minute_shows_what_a_demo_needs() -> None:
    events = _first_minute()
    labels = Counter(f["Severity"]["Label"] for f in _findings(events) if "Severity" in f)
    assert labels["CRITICAL"] == 1
    assert labels["HIGH"] >= 2
    assert len({e["source"] for e in events}) >= 7
    states = [e["detail"]["state"]["value"] for e in events if e["source"] == "aws.cloudwatch"]
    assert states == ["ALARM", "OK"]


def test_the_first_minute_has_a_twin_a_repeat_and_a_raise() -> None:
    events = _first_minute()
    threats = [e["detail"] for e in events if e["source"] == "aws.guardduty"]
    assert {t["arn"] for t in threats} & {f["Id"] for f in _findings(events) if "Id" in f}, (
        "seen twice: once direct, once by the hub"
    )
    repeats = Counter(f["Id"] for f in _findings(events) if "Id" in f)
    assert max(repeats.values()) >= 2
    severities: dict[str, list[float]] = {}
    for threat in threats:
        severities.setdefault(threat["id"], []).append(threat["severity"])
    assert [5, 8] in severities.values()


def test_one_seed_tells_one_story() -> None:
    def telling(seed: int) -> list[str]:
        return [json.dumps(e) for e in islice(Story(COMPANY, seed, NOW), 200)]

    assert telling(1) == telling(1)
    assert telling(1) != telling(2)


def test_the_pace_is_a_human_one() -> None:
    story = Story(COMPANY)
    pauses = []
    for _ in range(200):
        story.next_event(NOW)
        pauses.append(story.next_pause())
    assert min(pauses) >= timedelta(seconds=2)
    assert max(pauses) <= timedelta(seconds=9)


def test_an_iterated_story_needs_a_beginning() -> None:
    with pytest.raises(ValueError):
        next(iter(Story(COMPANY)))


def test_over_an_hour_criticals_stay_few_and_every_source_speaks() -> None:
    events = list(islice(Story(COMPANY, now=NOW), 700))
    labels = Counter(f["Severity"]["Label"] for f in _findings(events) if "Severity" in f)
    assert 0 < labels["CRITICAL"] < 0.2 * labels.total()
    sources = {e.get("source", "sns") for e in events}
    assert sources >= {
        "aws.securityhub", "aws.guardduty", "aws.access-analyzer", "aws.config", "aws.cloudwatch", "aws.inspector2",
        "aws.macie", "aws.health", "northwind.doors", "sns",
    }  # fmt: skip


def test_nothing_is_over_before_it_began() -> None:
    began: set[str] = set()
    for finding in _findings(list(islice(Story(COMPANY, now=NOW), 700))):
        if "Compliance" in finding:
            assert finding["Compliance"]["Status"] == "FAILED" or finding["Id"] in began
            began.add(finding["Id"])


def test_the_opening_is_recent_sorted_and_varied() -> None:
    events = opening(COMPANY, NOW)
    assert 25 <= len(events) <= 40
    times = [e["time"] for e in events if "time" in e]
    assert times == sorted(times)
    assert max(times) <= "2026-11-24T11:50:00Z"
    assert len({e.get("source", "sns") for e in events}) >= 8
    assert Story(COMPANY).opening(NOW) == events


def test_a_burst_is_one_control_on_many_resources_in_many_accounts() -> None:
    events = burst(COMPANY, NOW)
    findings = _findings(events)
    assert len({f["Id"] for f in findings}) == 200
    assert {f["GeneratorId"] for f in findings} == {"security-control/S3.8"}
    assert len({f["AwsAccountId"] for f in findings}) > 20
    assert len({e["id"] for e in events}) == 200


def test_hostile_events_are_one_for_each_case_and_fit_on_the_wire() -> None:
    events = hostile(COMPANY, NOW)
    assert len(events) == len(CASES) + 2
    for event in events:
        text = dumps(event)
        assert len(text.encode()) < 262_144
        assert json.loads(text) == event
    ids = [f["Id"] for f in _findings(events)]
    assert len(set(ids)) == len(ids)
