"""The stand-in's STS: who calls, roles that are there or not, and what CloudTrail then knows of the calls made with them."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from aiobotocore.session import get_session
from botocore.exceptions import ClientError

from sandbox.aws.apis import ApiServer
from sandbox.slack.clock import ManualClock

ACCOUNT, OTHER, REGION = "420000000001", "420000000002", "eu-west-1"


@pytest.fixture
async def sts(reach: Callable[..., Any]) -> AsyncIterator[Any]:
    async with reach("sts") as client:
        yield client


def code(failed: pytest.ExceptionInfo[ClientError]) -> str:
    return str(failed.value.response["Error"]["Code"])


def assumed(apis: ApiServer, service: str, answer: dict[str, Any]) -> Any:
    keys = answer["Credentials"]
    return get_session().create_client(
        service,
        region_name=REGION,
        endpoint_url=apis.url,
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    )


async def test_the_caller_is_named(apis: ApiServer, sts: Any) -> None:
    answer = await sts.get_caller_identity()
    assert (answer["Account"], answer["Arn"].split(":")[4]) == (ACCOUNT, ACCOUNT)
    assert (apis.log[0].service, apis.log[0].params, apis.violations) == ("sts", {}, [])


async def test_calls_with_a_roles_keys_are_made_in_its_account(apis: ApiServer, sts: Any, clock: ManualClock) -> None:
    arn = apis.sts.add_role(OTHER, "path/secbot")
    answer = await sts.assume_role(RoleArn=arn, RoleSessionName="secbot", SourceIdentity="U42")
    assert answer["SourceIdentity"] == "U42"
    assert answer["Credentials"]["Expiration"].timestamp() == pytest.approx(clock.now() + 3600, abs=1)
    async with assumed(apis, "sts", answer) as client:
        shown = await client.get_caller_identity()
    assert (shown["Account"], shown["Arn"]) == (OTHER, f"arn:aws:sts::{OTHER}:assumed-role/secbot/secbot")
    call = apis.log[-1]
    assert (call.caller.account, call.who.source, call.who.session) == (OTHER, "U42", "secbot")
    assert apis.violations == []


async def test_a_role_that_is_not_there_is_refused(apis: ApiServer, sts: Any) -> None:
    with pytest.raises(ClientError) as failed:
        await sts.assume_role(RoleArn=f"arn:aws:iam::{OTHER}:role/secbot", RoleSessionName="secbot")
    assert (code(failed), failed.value.response["ResponseMetadata"]["HTTPStatusCode"]) == ("AccessDenied", 403)
    assert apis.violations == []


async def test_a_role_with_an_external_id_wants_to_hear_it(apis: ApiServer, sts: Any) -> None:
    role = {"RoleArn": apis.sts.add_role(OTHER, "secbot", external_id="tea"), "RoleSessionName": "secbot"}
    for wrong in ({}, {"ExternalId": "coffee"}):
        with pytest.raises(ClientError) as failed:
            await sts.assume_role(**role, **wrong)
        assert code(failed) == "AccessDenied"
    assert (await sts.assume_role(**role, ExternalId="tea"))["Credentials"]


async def test_a_session_ends(apis: ApiServer, sts: Any, clock: ManualClock) -> None:
    role = apis.sts.add_role(OTHER, "secbot")
    answer = await sts.assume_role(RoleArn=role, RoleSessionName="secbot", DurationSeconds=900)
    await clock.advance(900)
    for service, operation, refused in (
        ("sts", "get_caller_identity", "ExpiredToken"),
        ("accessanalyzer", "list_analyzers", "ExpiredTokenException"),
    ):
        async with assumed(apis, service, answer) as client:
            with pytest.raises(ClientError) as failed:
                await getattr(client, operation)()
            assert code(failed) == refused
    assert apis.violations == []


@pytest.mark.parametrize(
    ("kind", "refused"),
    [
        ("throttling", "Throttling"),
        ("access_denied", "AccessDenied"),
        ("500", "InternalFailure"),
        ("expired_token", "ExpiredToken"),
        ("unavailable", "ServiceUnavailable"),
    ],
)
async def test_a_fault_of_sts_is_answered_in_its_protocol(apis: ApiServer, sts: Any, kind: str, refused: str) -> None:
    apis.fail("sts.AssumeRole", kind=kind)
    with pytest.raises(ClientError) as failed:
        await sts.assume_role(RoleArn=apis.sts.add_role(OTHER, "secbot"), RoleSessionName="secbot")
    assert (code(failed), apis.violations) == (refused, [])


@pytest.mark.parametrize(
    ("why", "wanted", "named"),
    [
        ("a session name against the pattern", {"RoleSessionName": "a b"}, "look like"),
        ("a source identity that is too long", {"SourceIdentity": "x" * 65}, "more than"),
    ],
)
async def test_a_role_asked_for_outside_the_model_is_refused(
    apis: ApiServer, sts: Any, why: str, wanted: dict[str, Any], named: str
) -> None:
    role = {"RoleArn": apis.sts.add_role(OTHER, "secbot"), "RoleSessionName": "secbot"}
    with pytest.raises(ClientError):
        await sts.assume_role(**role | wanted)
    assert named in apis.violations[0], why


# --- CloudTrail knows ---


async def events(reach: Callable[..., Any], name: str) -> list[dict[str, Any]]:
    wanted = [{"AttributeKey": "EventName", "AttributeValue": name}]
    async with reach("cloudtrail") as trail:
        found = (await trail.lookup_events(LookupAttributes=wanted))["Events"]
    return [json.loads(event["CloudTrailEvent"]) for event in found]


async def test_a_change_becomes_an_event_that_names_who_made_it(
    apis: ApiServer, sts: Any, reach: Callable[..., Any]
) -> None:
    detector = apis.guard.create(OTHER, REGION)
    answer = await sts.assume_role(
        RoleArn=apis.sts.add_role(OTHER, "secbot"), RoleSessionName="secbot", SourceIdentity="U42"
    )
    criteria = {"Criterion": {"severity": {"LessThan": 4}}}
    async with assumed(apis, "guardduty", answer) as guard:
        await guard.create_filter(DetectorId=detector, Name="hush", Action="ARCHIVE", FindingCriteria=criteria)
        assert (await guard.list_filters(DetectorId=detector))["FilterNames"] == ["hush"]
        with pytest.raises(ClientError):
            await guard.create_filter(DetectorId=detector, Name="hush", FindingCriteria=criteria)
        await guard.delete_filter(DetectorId=detector, FilterName="hush")
    (own,) = await events(reach, "AssumeRole")
    assert (own["requestParameters"]["sourceIdentity"], "credentials" in own["responseElements"]) == ("U42", False)
    apis.accounts["testing"] = OTHER
    (made,) = await events(reach, "CreateFilter")
    assert (made["requestParameters"]["name"], made["eventSource"]) == ("hush", "guardduty.amazonaws.com")
    assert made["userIdentity"]["sessionContext"]["sourceIdentity"] == "U42"
    assert (len(await events(reach, "DeleteFilter")), await events(reach, "ListFilters")) == (1, [])
    assert apis.violations == []


async def test_nothing_is_recorded_when_that_is_switched_off_and_an_event_may_come_late(
    apis: ApiServer, reach: Callable[..., Any], clock: ManualClock
) -> None:
    async def change() -> None:
        async with reach("accessanalyzer") as access:
            apis.analyzer.create("a", ACCOUNT, REGION)
            await access.create_archive_rule(
                analyzerName="a", ruleName=f"r{len(apis.log)}", filter={"error": {"exists": True}}
            )

    apis.trail.recording = False
    await change()
    assert await events(reach, "CreateArchiveRule") == []
    apis.trail.recording, apis.trail.lag_s = True, 300.0
    await change()
    assert await events(reach, "CreateArchiveRule") == []
    await clock.advance(300.0)
    (made,) = await events(reach, "CreateArchiveRule")
    assert (made["eventSource"], made["requestParameters"]["analyzerName"]) == ("access-analyzer.amazonaws.com", "a")
