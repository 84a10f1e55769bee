"""The stand-in's Security Hub answers for each finding, CSPM and V2, and shows late what was set."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.apis import ApiServer
from sandbox.slack.clock import ManualClock

REGION, PRODUCT = "eu-west-1", "arn:aws:securityhub:eu-west-1::product/aws/securityhub"


@pytest.fixture
async def hub(reach: Callable[..., Any]) -> AsyncIterator[Any]:
    async with reach("securityhub") as client:
        yield client


def named(*ids: str) -> list[dict[str, str]]:
    return [{"Id": id, "ProductArn": PRODUCT} for id in ids]


def seed(apis: ApiServer, *ids: str) -> None:
    for one in named(*ids):
        apis.hub.seed(REGION, one)


def code(failed: pytest.ExceptionInfo[ClientError]) -> str:
    return str(failed.value.response["Error"]["Code"])


async def test_a_workflow_is_set_for_those_that_are_there(apis: ApiServer, hub: Any) -> None:
    seed(apis, "a", "b")
    apis.hub.refuse["b"] = ("ConcurrentUpdateError", "Somebody else updates it.")
    answer = await hub.batch_update_findings(
        FindingIdentifiers=named("a", "b", "gone"),
        Workflow={"Status": "SUPPRESSED"},
        Note={"Text": "why", "UpdatedBy": "secbot"},
    )
    assert answer["ProcessedFindings"] == named("a")
    assert {one["FindingIdentifier"]["Id"]: one["ErrorCode"] for one in answer["UnprocessedFindings"]} == {
        "b": "ConcurrentUpdateError",
        "gone": "FindingNotFound",
    }
    (shown,) = (await hub.get_findings(Filters={"Id": [{"Value": "a", "Comparison": "EQUALS"}]}))["Findings"]
    assert (shown["Workflow"]["Status"], shown["Note"]["Text"]) == ("SUPPRESSED", "why")
    assert apis.hub.workflow(REGION, "b", PRODUCT).status == "NEW"
    assert apis.violations == []


async def test_a_finding_named_twice_is_not_processed(apis: ApiServer, hub: Any) -> None:
    seed(apis, "a")
    answer = await hub.batch_update_findings(FindingIdentifiers=named("a", "a"), Workflow={"Status": "RESOLVED"})
    assert [one["ErrorCode"] for one in answer["UnprocessedFindings"]] == ["DuplicatedFindingIdentifier"] * 2


async def test_more_than_a_hundred_findings_are_refused(hub: Any) -> None:
    with pytest.raises(ClientError) as failed:
        await hub.batch_update_findings(FindingIdentifiers=named(*map(str, range(101))))
    assert code(failed) == "InvalidInputException"


async def test_filters_are_held_to_their_limits(apis: ApiServer, hub: Any) -> None:
    for filters in (
        {"Id": [{"Value": str(n), "Comparison": "EQUALS"} for n in range(21)]},
        {"Title": [{"Value": "x", "Comparison": "EQUALS"}]},
    ):
        seed(apis, "a")
        with pytest.raises(ClientError) as failed:
            await hub.get_findings(Filters=filters)
        assert code(failed) == "InvalidInputException"


async def test_positive_comparisons_are_ored_and_negative_ones_anded(apis: ApiServer, hub: Any) -> None:
    seed(apis, "ab", "ac", "b")

    async def ids(*wanted: tuple[str, str]) -> list[str]:
        filters = {"Id": [{"Comparison": comparison, "Value": value} for comparison, value in wanted]}
        return [one["Id"] for one in (await hub.get_findings(Filters=filters))["Findings"]]

    assert await ids(("PREFIX", "a"), ("EQUALS", "b")) == ["ab", "ac", "b"]
    assert await ids(("PREFIX", "a"), ("NOT_CONTAINS", "c")) == ["ab"]
    assert await ids(("NOT_EQUALS", "b"), ("PREFIX_NOT_EQUALS", "ac")) == ["ab"]


async def test_findings_come_in_pages(apis: ApiServer, hub: Any) -> None:
    seed(apis, *map(str, range(25)))
    pages = hub.get_paginator("get_findings").paginate(PaginationConfig={"PageSize": 10})
    assert [len(page["Findings"]) async for page in pages] == [10, 10, 5]


async def test_what_was_set_shows_after_the_lag(apis: ApiServer, hub: Any, clock: ManualClock) -> None:
    seed(apis, "a")
    apis.hub.lag_s = 120.0
    await hub.batch_update_findings(FindingIdentifiers=named("a"), Workflow={"Status": "SUPPRESSED"})

    async def shown() -> str:
        return str((await hub.get_findings())["Findings"][0]["Workflow"]["Status"])

    assert await shown() == "NEW"
    await clock.advance(120.0)
    assert await shown() == "SUPPRESSED"


async def test_a_finding_that_is_imported_again_keeps_its_workflow(apis: ApiServer, hub: Any) -> None:
    seed(apis, "a")
    await hub.batch_update_findings(FindingIdentifiers=named("a"), Workflow={"Status": "SUPPRESSED"})
    seed(apis, "a")
    assert apis.hub.workflow(REGION, "a", PRODUCT).status == "SUPPRESSED"


# --- V2 ---


def ocsf(uid: str) -> dict[str, Any]:
    return {
        "metadata": {"uid": uid, "product": {"uid": "p"}},
        "finding_info": {"uid": f"info-{uid}"},
        "cloud": {"account": {"uid": "420000000002"}},
        "status_id": 1,
    }


def by_uids(*uids: str) -> dict[str, Any]:
    texts = [{"FieldName": "metadata.uid", "Filter": {"Value": uid, "Comparison": "EQUALS"}} for uid in uids]
    return {"CompositeFilters": [{"StringFilters": texts, "Operator": "OR"}]}


async def test_a_v2_status_is_set_by_uid_or_by_identifier(apis: ApiServer, hub: Any) -> None:
    for uid in ("a", "b", "c"):
        apis.hub.seed_v2(REGION, ocsf(uid))
    answer = await hub.batch_update_findings_v2(MetadataUids=["a", "gone"], StatusId=3, Comment="why")
    assert [one["MetadataUid"] for one in answer["ProcessedFindings"]] == ["a"]
    assert [one["ErrorCode"] for one in answer["UnprocessedFindings"]] == ["ResourceNotFoundException"]
    identifier = {"CloudAccountUid": "420000000002", "FindingInfoUid": "info-b", "MetadataProductUid": "p"}
    strange = {**identifier, "FindingInfoUid": "none"}
    answer = await hub.batch_update_findings_v2(FindingIdentifiers=[identifier, strange], StatusId=3)
    assert (len(answer["ProcessedFindings"]), len(answer["UnprocessedFindings"])) == (1, 1)
    found = (await hub.get_findings_v2(Filters=by_uids("a", "b", "c")))["Findings"]
    assert {one["metadata"]["uid"]: one["status"] for one in found} == {
        "a": "Suppressed",
        "b": "Suppressed",
        "c": "New",
    }
    assert [one.get("comment") for one in found] == ["why", None, None]
    suppressed = {"NumberFilters": [{"FieldName": "status_id", "Filter": {"Eq": 3}}]}
    found = (await hub.get_findings_v2(Filters={"CompositeFilters": [suppressed]}))["Findings"]
    assert [one["metadata"]["uid"] for one in found] == ["a", "b"]
    assert apis.violations == []


@pytest.mark.parametrize(
    ("why", "wanted"),
    [
        ("uids and identifiers exclude each other", {}),
        ("7 is no status", {"MetadataUids": ["a"], "StatusId": 7}),
        ("a comment is short", {"MetadataUids": ["a"], "Comment": "x" * 513}),
        ("a hundred are the most", {"MetadataUids": ["a"] * 101}),
    ],
)
async def test_a_v2_update_that_aws_would_not_take_is_refused(hub: Any, why: str, wanted: dict[str, Any]) -> None:
    with pytest.raises(ClientError) as failed:
        await hub.batch_update_findings_v2(**wanted)
    assert code(failed) == "ValidationException", why
