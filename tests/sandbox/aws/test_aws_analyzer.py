"""The stand-in's IAM Access Analyzer behaves as AWS documents it, told by real clients."""

from __future__ import annotations

import random
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.apis import ApiServer
from sandbox.slack.clock import ManualClock

ACCOUNT, REGION = "420000000001", "eu-west-1"
BUCKETS = {"resourceType": {"eq": ["AWS::S3::Bucket"]}}


@pytest.fixture
def analyzer(apis: ApiServer) -> str:
    return apis.analyzer.create("external", ACCOUNT, REGION)


@pytest.fixture
async def access(reach: Callable[..., Any], apis: ApiServer) -> AsyncIterator[Any]:
    async with reach("accessanalyzer") as client:
        yield client


async def statuses(access: Any, analyzer: str, **filter: Any) -> dict[str, str]:
    pages = access.get_paginator("list_findings_v2").paginate(analyzerArn=analyzer, filter=filter)
    return {one["id"]: one["status"] async for page in pages for one in page["findings"]}


def code(failed: pytest.ExceptionInfo[ClientError]) -> str:
    return str(failed.value.response["Error"]["Code"])


async def test_a_rule_acts_on_new_findings_only(apis: ApiServer, access: Any, analyzer: str) -> None:
    apis.analyzer.seed(analyzer, "old")
    await access.create_archive_rule(analyzerName="external", ruleName="r", filter=BUCKETS)
    apis.analyzer.seed(analyzer, "new", new=True)
    apis.analyzer.seed(analyzer, "other", new=True, resourceType="AWS::IAM::Role")
    assert await statuses(access, analyzer) == {"old": "ACTIVE", "new": "ARCHIVED", "other": "ACTIVE"}
    assert apis.violations == []


async def test_applying_a_rule_archives_what_is_active_and_says_nothing(
    apis: ApiServer, access: Any, analyzer: str
) -> None:
    apis.analyzer.seed(analyzer, "old")
    apis.analyzer.seed(analyzer, "done", status="RESOLVED")
    await access.create_archive_rule(analyzerName="external", ruleName="r", filter=BUCKETS)
    answer = await access.apply_archive_rule(analyzerArn=analyzer, ruleName="r")
    assert set(answer) == {"ResponseMetadata"}
    assert await statuses(access, analyzer) == {"old": "ARCHIVED", "done": "RESOLVED"}


async def test_deleting_a_rule_unarchives_nothing(apis: ApiServer, access: Any, analyzer: str) -> None:
    await access.create_archive_rule(analyzerName="external", ruleName="r", filter=BUCKETS)
    apis.analyzer.seed(analyzer, "f", new=True)
    await access.delete_archive_rule(analyzerName="external", ruleName="r")
    assert await statuses(access, analyzer) == {"f": "ARCHIVED"}
    assert (await access.list_archive_rules(analyzerName="external"))["archiveRules"] == []
    await access.update_findings(analyzerArn=analyzer, ids=["f"], status="ACTIVE")
    assert await statuses(access, analyzer) == {"f": "ACTIVE"}


async def test_updates_name_their_findings_by_ids_or_by_resource(apis: ApiServer, access: Any, analyzer: str) -> None:
    for id in ("a", "b"):
        apis.analyzer.seed(analyzer, id, resource=f"arn:aws:s3:::{id}")
    await access.update_findings(analyzerArn=analyzer, resourceArn="arn:aws:s3:::b", status="ARCHIVED")
    assert await statuses(access, analyzer) == {"a": "ACTIVE", "b": "ARCHIVED"}
    with pytest.raises(ClientError) as failed:
        await access.update_findings(analyzerArn=analyzer, status="ARCHIVED")
    assert code(failed) == "ValidationException"
    with pytest.raises(ClientError) as failed:
        await access.update_findings(analyzerArn=analyzer, ids=["a", "gone"], status="ARCHIVED")
    assert code(failed) == "ResourceNotFoundException"
    assert apis.analyzer.status(analyzer, "a") == "ACTIVE"


async def test_an_analyzer_holds_a_hundred_rules(apis: ApiServer, access: Any, analyzer: str) -> None:
    for number in range(100):
        await access.create_archive_rule(analyzerName="external", ruleName=f"r{number}", filter=BUCKETS)
    with pytest.raises(ClientError) as failed:
        await access.create_archive_rule(analyzerName="external", ruleName="more", filter=BUCKETS)
    assert code(failed) == "ServiceQuotaExceededException"
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 402
    apis.analyzer.page_size = 30
    pages = access.get_paginator("list_archive_rules").paginate(analyzerName="external")
    sizes = [len(page["archiveRules"]) async for page in pages]
    assert sizes == [30, 30, 30, 10]
    assert apis.violations == []


async def test_a_second_rule_of_one_name_conflicts(access: Any, analyzer: str) -> None:
    await access.create_archive_rule(analyzerName="external", ruleName="r", filter=BUCKETS)
    with pytest.raises(ClientError) as failed:
        await access.create_archive_rule(analyzerName="external", ruleName="r", filter=BUCKETS)
    assert code(failed) == "ConflictException"


async def test_a_repetition_with_the_same_token_is_answered_and_not_done_again(
    apis: ApiServer, access: Any, analyzer: str
) -> None:
    wanted = {"analyzerName": "external", "ruleName": "r", "filter": BUCKETS, "clientToken": "t"}
    for _ in range(2):
        await access.create_archive_rule(**wanted)
    with pytest.raises(ClientError) as failed:
        await access.create_archive_rule(**{**wanted, "ruleName": "another"})
    assert code(failed) == "ValidationException"
    assert list(apis.analyzer.rules(analyzer)) == ["r"]


async def test_lists_lag_when_told_to(apis: ApiServer, access: Any, analyzer: str, clock: ManualClock) -> None:
    apis.analyzer.seed(analyzer, "f")
    apis.analyzer.lag_s = 30.0
    await access.create_archive_rule(analyzerName="external", ruleName="r", filter=BUCKETS)
    await access.apply_archive_rule(analyzerArn=analyzer, ruleName="r")
    apis.analyzer.seed(analyzer, "new", new=True)
    assert apis.analyzer.status(analyzer, "f") == "ARCHIVED"
    assert await statuses(access, analyzer) == {"f": "ACTIVE"}
    with pytest.raises(ClientError) as failed:
        await access.get_archive_rule(analyzerName="external", ruleName="r")
    assert code(failed) == "ResourceNotFoundException"
    await clock.advance(30.0)
    assert await statuses(access, analyzer) == {"f": "ARCHIVED", "new": "ARCHIVED"}
    shown = (await access.get_archive_rule(analyzerName="external", ruleName="r"))["archiveRule"]
    assert shown["filter"] == BUCKETS


async def test_an_analyzer_is_reached_from_its_own_region_and_account_only(apis: ApiServer, access: Any) -> None:
    elsewhere = apis.analyzer.create("external", ACCOUNT, "us-east-1")
    others = apis.analyzer.create("theirs", "420000000002", REGION)
    for arn in (elsewhere, others):
        with pytest.raises(ClientError) as failed:
            await access.list_findings_v2(analyzerArn=arn)
        assert code(failed) == "ResourceNotFoundException"
    with pytest.raises(ClientError) as failed:
        await access.list_archive_rules(analyzerName="theirs")
    assert code(failed) == "ValidationException"
    assert (await access.list_analyzers())["analyzers"] == []
    apis.accounts["testing"] = "420000000002"
    assert [one["arn"] for one in (await access.list_analyzers(type="ORGANIZATION"))["analyzers"]] == [others]
    assert apis.violations == []


BAD_RULES = [
    ("a rule cannot name a finding", {"id": {"eq": ["f"]}}),
    ("a rule cannot name a status", {"status": {"eq": ["ACTIVE"]}}),
    ("there is no such key", {"colour": {"eq": ["red"]}}),
    ("twenty values are the most", {"resource": {"eq": [str(n) for n in range(21)]}}),
    ("a criterion has an operator", {"resource": {}}),
    ("a rule has a criterion", {}),
    ("an operator without values means nothing", {"resource": {"eq": []}}),
]


@pytest.mark.parametrize(("why", "filter"), BAD_RULES, ids=[row[0] for row in BAD_RULES])
async def test_a_rule_that_aws_would_not_take_is_refused(
    apis: ApiServer, reach: Callable[..., Any], analyzer: str, why: str, filter: Any
) -> None:
    from aiobotocore.config import AioConfig
    from aiobotocore.session import get_session

    unchecked = AioConfig(parameter_validation=False, retries={"max_attempts": 0})
    keys = {"region_name": REGION, "aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
    async with get_session().create_client("accessanalyzer", endpoint_url=apis.url, config=unchecked, **keys) as access:
        with pytest.raises(ClientError) as failed:
            await access.create_archive_rule(analyzerName="external", ruleName="r", filter=filter)
    assert code(failed) == "ValidationException", why
    assert apis.analyzer.rules(analyzer) == {}


async def test_a_rule_can_be_changed_and_shows_when(
    apis: ApiServer, access: Any, analyzer: str, clock: ManualClock
) -> None:
    await access.create_archive_rule(analyzerName="external", ruleName="r", filter=BUCKETS)
    await clock.advance(60)
    await access.update_archive_rule(analyzerName="external", ruleName="r", filter={"error": {"exists": True}})
    shown = (await access.get_archive_rule(analyzerName="external", ruleName="r"))["archiveRule"]
    assert shown["filter"] == {"error": {"exists": True}}
    assert (shown["updatedAt"] - shown["createdAt"]).total_seconds() == 60
    with pytest.raises(ClientError) as failed:
        await access.update_archive_rule(analyzerName="external", ruleName="gone", filter=BUCKETS)
    assert code(failed) == "ResourceNotFoundException"


async def test_a_single_finding_can_be_read(apis: ApiServer, access: Any, analyzer: str) -> None:
    apis.analyzer.seed(analyzer, "f", isPublic=True, resource="arn:aws:s3:::b")
    assert (await access.get_finding_v2(analyzerArn=analyzer, id="f"))["resource"] == "arn:aws:s3:::b"
    assert await statuses(access, analyzer, isPublic={"eq": ["true"]}) == {"f": "ACTIVE"}
    with pytest.raises(ClientError) as failed:
        await access.get_finding_v2(analyzerArn=analyzer, id="gone")
    assert code(failed) == "ResourceNotFoundException"


async def test_a_token_that_was_not_given_out_is_refused(access: Any, analyzer: str) -> None:
    for token in ("x", "MTIz", "!"):
        with pytest.raises(ClientError) as failed:
            await access.list_findings_v2(analyzerArn=analyzer, nextToken=token)
        assert code(failed) == "ValidationException"


# --- what a rule holds: 1,000 random filters and findings against a second, plainer reading of the grammar --------------------------------

KEYS = (
    "resource",
    "resourceType",
    "resourceOwnerAccount",
    "isPublic",
    "principal.AWS",
    "condition.aws:SourceVpc",
    "error",
)
TYPES = ("AWS::S3::Bucket", "AWS::IAM::Role", "AWS::KMS::Key")


def some_values(dice: random.Random, key: str) -> list[str]:
    pools = {
        "resourceType": TYPES,
        "isPublic": ("true", "false"),
        "resourceOwnerAccount": ("420000000001", "420000000002"),
    }
    pool = pools.get(key, ("a", "ab", "abc", "b", "bc", "c"))
    return dice.sample(pool, dice.randint(1, len(pool)))


def a_finding(dice: random.Random) -> dict[str, list[str]]:
    always = {
        "resourceType": [dice.choice(TYPES)],
        "resourceOwnerAccount": [dice.choice(("420000000001", "420000000002"))],
    }
    many = {"principal.AWS", "condition.aws:SourceVpc"}
    rest = {key: some_values(dice, key) for key in KEYS if key not in always and dice.random() < 0.6}
    return always | {key: values if key in many else values[:1] for key, values in rest.items()}


def a_filter(dice: random.Random) -> dict[str, dict[str, Any]]:
    filter: dict[str, dict[str, Any]] = {}
    for key in dice.sample(KEYS, dice.randint(1, 3)):
        operators = dice.sample(("eq", "neq", "contains", "exists"), dice.choice((1, 1, 1, 2)))
        filter[key] = {op: dice.random() < 0.5 if op == "exists" else some_values(dice, key) for op in operators}
    return filter


def held(filter: dict[str, dict[str, Any]], finding: dict[str, list[str]]) -> bool:
    for key, criterion in filter.items():
        own = finding.get(key, [])
        for operator, wanted in criterion.items():
            if operator == "exists" and (key in finding) != wanted:
                return False
            if operator == "eq" and not set(own) & set(wanted):
                return False
            if operator == "neq" and set(own) & set(wanted):
                return False
            if operator == "contains" and not [1 for value in own for part in wanted if value.find(part) >= 0]:
                return False
    return True


async def test_applying_a_rule_archives_exactly_what_its_filter_holds(apis: ApiServer, access: Any) -> None:
    dice = random.Random(20261125)
    archived = 0
    for number in range(100):
        analyzer = apis.analyzer.create(f"a{number}", ACCOUNT, REGION)
        findings = {
            apis.analyzer.seed(analyzer, f"f{n}", **one): one for n, one in enumerate(map(a_finding, [dice] * 10))
        }
        for turn in range(10):
            filter = a_filter(dice)
            await access.create_archive_rule(analyzerName=f"a{number}", ruleName=f"r{turn}", filter=filter)
            await access.apply_archive_rule(analyzerArn=analyzer, ruleName=f"r{turn}")
            expected = {id for id, one in findings.items() if held(filter, one)}
            assert {id for id in findings if apis.analyzer.status(analyzer, id) == "ARCHIVED"} == expected, filter
            archived += len(expected)
            for id in expected:
                apis.analyzer.seed(analyzer, id, **findings[id])
    assert 1_000 < archived < 9_000
    assert apis.violations == []
