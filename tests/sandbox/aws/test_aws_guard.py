"""The stand-in's GuardDuty and CloudTrail: the archive of single findings, filters of others, and who did what."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.apis import ApiServer
from sandbox.slack.clock import ManualClock

ACCOUNT, REGION = "420000000001", "eu-west-1"


@pytest.fixture
async def guard(reach: Callable[..., Any]) -> AsyncIterator[Any]:
    async with reach("guardduty") as client:
        yield client


@pytest.fixture
async def trail(reach: Callable[..., Any]) -> AsyncIterator[Any]:
    async with reach("cloudtrail") as client:
        yield client


@pytest.fixture
def detector(apis: ApiServer) -> str:
    return apis.guard.create(ACCOUNT, REGION)


def code(failed: pytest.ExceptionInfo[ClientError]) -> str:
    return str(failed.value.response["Error"]["Code"])


async def archived(guard: Any, detector: str, *ids: str) -> dict[str, bool]:
    found = (await guard.get_findings(DetectorId=detector, FindingIds=list(ids)))["Findings"]
    return {one["Id"]: one["Service"]["Archived"] for one in found}


async def test_findings_are_archived_and_brought_back(apis: ApiServer, guard: Any, detector: str) -> None:
    for id in ("a", "b"):
        apis.guard.seed(detector, id)
    await guard.archive_findings(DetectorId=detector, FindingIds=["a"])
    assert await archived(guard, detector, "a", "b", "gone") == {"a": True, "b": False}
    await guard.unarchive_findings(DetectorId=detector, FindingIds=["a"])
    assert await archived(guard, detector, "a") == {"a": False}
    assert apis.violations == []


async def test_the_archive_shows_after_the_lag(apis: ApiServer, guard: Any, detector: str, clock: ManualClock) -> None:
    apis.guard.seed(detector, "a")
    apis.guard.lag_s = 5.0
    await guard.archive_findings(DetectorId=detector, FindingIds=["a"])
    assert (await archived(guard, detector, "a"), apis.guard.is_archived(detector, "a")) == ({"a": False}, True)
    await clock.advance(5.0)
    assert await archived(guard, detector, "a") == {"a": True}


@pytest.mark.parametrize("ids", [["gone"], [str(n) for n in range(51)]], ids=["an unknown finding", "more than fifty"])
async def test_an_archive_that_aws_would_not_take_is_refused(guard: Any, detector: str, ids: list[str]) -> None:
    with pytest.raises(ClientError) as failed:
        await guard.archive_findings(DetectorId=detector, FindingIds=ids)
    assert code(failed) == "BadRequestException"


async def test_a_members_detector_is_not_the_administrators(apis: ApiServer, guard: Any, detector: str) -> None:
    members = apis.guard.create("420000000002", REGION)
    apis.guard.seed(members, "a")
    with pytest.raises(ClientError) as failed:
        await guard.archive_findings(DetectorId=members, FindingIds=["a"])
    assert code(failed) == "BadRequestException"
    assert (await guard.list_detectors())["DetectorIds"] == [detector]


async def test_filters_of_others_can_be_read(apis: ApiServer, guard: Any, detector: str) -> None:
    criterion = {"type": {"Equals": ["Recon:EC2/PortProbeUnprotectedPort"]}}
    apis.guard.seed_filter(detector, "hush", FindingCriteria={"Criterion": criterion})
    assert (await guard.list_filters(DetectorId=detector))["FilterNames"] == ["hush"]
    filter = await guard.get_filter(DetectorId=detector, FilterName="hush")
    assert (filter["Action"], filter["FindingCriteria"]["Criterion"]) == ("ARCHIVE", criterion)
    for wrong in (guard.get_filter(DetectorId=detector, FilterName="gone"), guard.list_detectors(NextToken="x")):
        with pytest.raises(ClientError) as failed:
            await wrong
        assert code(failed) == "BadRequestException"
    assert apis.violations == []


# --- CloudTrail ---


async def test_events_are_found_by_one_attribute_newest_first(apis: ApiServer, trail: Any, clock: ManualClock) -> None:
    now = clock.now()
    for age, name in ((300, "CreateArchiveRule"), (200, "DeleteArchiveRule"), (100, "CreateArchiveRule")):
        apis.trail.seed(ACCOUNT, REGION, name, user="arn:aws:iam::420000000002:user/eve", at=now - age)
    apis.trail.seed(ACCOUNT, REGION, "CreateArchiveRule", at=now - 91 * 24 * 3600)
    apis.trail.seed(ACCOUNT, "us-east-1", "CreateArchiveRule")
    wanted = [{"AttributeKey": "EventName", "AttributeValue": "CreateArchiveRule"}]
    events = (await trail.lookup_events(LookupAttributes=wanted))["Events"]
    assert [(event["EventName"], event["Username"]) for event in events] == [("CreateArchiveRule", "eve")] * 2
    assert events[0]["EventTime"] > events[1]["EventTime"]
    start = datetime.fromtimestamp(now - 250, UTC)
    window = {"StartTime": start, "EndTime": start + timedelta(seconds=100)}
    assert [event["EventName"] for event in (await trail.lookup_events(**window))["Events"]] == ["DeleteArchiveRule"]
    first = await trail.lookup_events(MaxResults=2)
    rest = await trail.lookup_events(MaxResults=2, NextToken=first["NextToken"])
    assert (len(first["Events"]), len(rest["Events"])) == (2, 1)
    assert apis.violations == []


@pytest.mark.parametrize(
    ("wanted", "refused"),
    [
        ({"LookupAttributes": [{"AttributeKey": "EventName", "AttributeValue": "x"}] * 2}, "InvalidLookupAttributes"),
        ({"StartTime": 2000.0, "EndTime": 1000.0}, "InvalidTimeRange"),
        ({"NextToken": "x"}, "InvalidNextToken"),
    ],
)
async def test_a_lookup_that_aws_would_not_take_is_refused(
    apis: ApiServer, trail: Any, wanted: dict[str, Any], refused: str
) -> None:
    with pytest.raises(ClientError) as failed:
        await trail.lookup_events(**wanted)
    assert code(failed) == f"{refused}Exception"
    assert apis.violations == []
