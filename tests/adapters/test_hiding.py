"""Hiding findings on AWS: the three adapters against the stand-in, on good days and on bad ones."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from aiobotocore.config import AioConfig

from bot.adapters.aws import AccessDenied, Conflict, Gone, Quota, Unknown
from bot.adapters.hiding import AccessAnalyzerRules, GuardDutyArchive, SecurityHubStatus
from bot.errors import PermanentError, RateLimited, TemporaryError
from bot.ports.hiding import HubFinding, Unprocessed
from sandbox.aws.apis import ApiServer
from sandbox.slack.clock import ManualClock

ACCOUNT, REGION = "420000000001", "eu-west-1"
PRODUCT = "arn:aws:securityhub:eu-west-1::product/aws/securityhub"
BUCKETS = {"resourceType": {"eq": ["AWS::S3::Bucket"]}, "isPublic": {"eq": ["false"]}}
ONE_TRY = AioConfig(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=5)


@pytest.fixture
def analyzer(apis: ApiServer) -> str:
    return apis.analyzer.create("external", ACCOUNT, REGION)


@pytest.fixture
def rules(apis: ApiServer) -> AccessAnalyzerRules:
    return AccessAnalyzerRules(ACCOUNT, limit_s=10.0, config=ONE_TRY)


@pytest.fixture
def hub(apis: ApiServer) -> SecurityHubStatus:
    return SecurityHubStatus(ACCOUNT, limit_s=10.0, config=ONE_TRY)


@pytest.fixture
def guard(apis: ApiServer) -> GuardDutyArchive:
    return GuardDutyArchive(ACCOUNT, limit_s=10.0, config=ONE_TRY)


# --- Access Analyzer ------------------------------------------------------------------------------------------------------------------


async def test_all_pages_of_findings_are_read_and_filtered(
    apis: ApiServer, rules: AccessAnalyzerRules, analyzer: str
) -> None:
    apis.analyzer.page_size = 10
    for number in range(25):
        apis.analyzer.seed(analyzer, f"f{number}", isPublic=False, status="ARCHIVED" if number < 5 else "ACTIVE")
    apis.analyzer.seed(analyzer, "public", isPublic=True)
    found = await rules.findings(analyzer, BUCKETS)
    assert (len(found), found["f0"], found["f24"]) == (25, "ARCHIVED", "ACTIVE")
    assert len(await rules.findings(analyzer, BUCKETS, status="ACTIVE")) == 20
    assert len(apis.calls("ListFindingsV2")) == 5


async def test_a_rule_is_made_applied_read_changed_and_deleted(
    apis: ApiServer, rules: AccessAnalyzerRules, analyzer: str, clock: ManualClock
) -> None:
    apis.analyzer.seed(analyzer, "old", isPublic=False)
    made = await rules.create_rule(analyzer, "secbot-1", BUCKETS, token="t1")
    applied = await rules.apply_rule(analyzer, "secbot-1", token="t2")
    assert apis.analyzer.status(analyzer, "old") == "ARCHIVED"
    changed = await rules.update_rule(analyzer, "secbot-1", {"error": {"exists": ["true"]}}, token="t3")
    (rule,) = await rules.rules(analyzer)
    assert (rule.name, rule.filter) == ("secbot-1", {"error": {"exists": ("true",)}})
    assert rule.created == datetime.fromtimestamp(clock.now(), UTC).isoformat()
    deleted = await rules.delete_rule(analyzer, "secbot-1", token="t4")
    undone = await rules.set_status(analyzer, ["old"], "ACTIVE")
    assert apis.analyzer.rules(analyzer) == {}
    assert apis.analyzer.status(analyzer, "old") == "ACTIVE"
    calls = apis.calls(
        "CreateArchiveRule", "ApplyArchiveRule", "UpdateArchiveRule", "DeleteArchiveRule", "UpdateFindings"
    )
    assert [call.request_id for call in calls] == [made, applied, changed, deleted, undone]
    assert [call.params["clientToken"] for call in calls[:4]] == ["t1", "t2", "t3", "t4"]


async def test_a_rule_that_is_there_already_with_the_same_filter_is_no_error(
    apis: ApiServer, rules: AccessAnalyzerRules, analyzer: str
) -> None:
    two = {"resource": {"eq": ["a", "b"]}}
    await rules.create_rule(analyzer, "r", two, token="t1")
    assert await rules.create_rule(analyzer, "r", {"resource": {"eq": ["b", "a"]}}, token="t2")
    with pytest.raises(Conflict):
        await rules.create_rule(analyzer, "r", BUCKETS, token="t3")
    assert apis.analyzer.rules(analyzer) == {"r": two}


async def test_the_quota_is_told_unless_the_rule_is_there(
    apis: ApiServer, rules: AccessAnalyzerRules, analyzer: str
) -> None:
    apis.analyzer.quota = 1
    await rules.create_rule(analyzer, "r", BUCKETS, token="t1")
    assert await rules.create_rule(analyzer, "r", BUCKETS, token="t2")
    with pytest.raises(Quota) as failed:
        await rules.create_rule(analyzer, "s", BUCKETS, token="t3")
    assert failed.value.reason == "quota"
    assert isinstance(failed.value, PermanentError)


async def test_a_rule_that_does_not_show_yet_is_asked_for_again(
    apis: ApiServer, rules: AccessAnalyzerRules, analyzer: str, clock: ManualClock
) -> None:
    apis.analyzer.lag_s = 10.0
    await rules.create_rule(analyzer, "r", BUCKETS, token="t1")
    with pytest.raises(TemporaryError):
        await rules.create_rule(analyzer, "r", BUCKETS, token="t2")
    await clock.advance(10.0)
    assert await rules.create_rule(analyzer, "r", BUCKETS, token="t3")


async def test_a_rule_that_is_gone_is_no_error_when_deleted(
    apis: ApiServer, rules: AccessAnalyzerRules, analyzer: str
) -> None:
    request = await rules.delete_rule(analyzer, "gone", token="t")
    assert [(call.outcome, call.request_id) for call in apis.log] == [("ResourceNotFoundException", request)]
    for change in (
        rules.apply_rule(analyzer, "gone", token="t"),
        rules.update_rule(analyzer, "gone", BUCKETS, token="u"),
    ):
        with pytest.raises(Gone):
            await change


async def test_a_finding_that_is_gone_does_not_keep_the_others_from_their_status(
    apis: ApiServer, rules: AccessAnalyzerRules, analyzer: str
) -> None:
    for id in ("a", "b"):
        apis.analyzer.seed(analyzer, id)
    await rules.set_status(analyzer, ["a", "gone", "b", "a"], "ARCHIVED")
    assert [apis.analyzer.status(analyzer, id) for id in ("a", "b")] == ["ARCHIVED"] * 2


async def test_statuses_are_set_a_hundred_at_a_time(apis: ApiServer, rules: AccessAnalyzerRules, analyzer: str) -> None:
    ids = [apis.analyzer.seed(analyzer) for _ in range(250)]
    requests = await rules.set_status(analyzer, ids, "ARCHIVED")
    assert [len(call.params["ids"]) for call in apis.calls("UpdateFindings")] == [100, 100, 50]
    assert len(requests.split(",")) == 3
    assert await rules.set_status(analyzer, [], "ARCHIVED") == ""


async def test_more_than_twenty_values_are_refused_before_aws_is_asked(
    apis: ApiServer, rules: AccessAnalyzerRules, analyzer: str
) -> None:
    wide = {"resource": {"eq": [str(n) for n in range(21)]}}
    with pytest.raises(Unknown):
        await rules.create_rule(analyzer, "r", wide, token="t")
    assert apis.calls() == []


async def test_a_call_that_does_not_fit_the_model_is_permanent(rules: AccessAnalyzerRules, analyzer: str) -> None:
    with pytest.raises(Unknown) as failed:
        await rules.create_rule(analyzer, "", BUCKETS, token="t")
    assert failed.value.reason == "aws_refused"


async def test_an_analyzer_of_another_account_is_refused_before_its_name_could_be_taken_for_ours(
    apis: ApiServer, rules: AccessAnalyzerRules, analyzer: str
) -> None:
    with pytest.raises(AccessDenied):
        await rules.create_rule(analyzer.replace(ACCOUNT, "420000000002"), "r", BUCKETS, token="t")
    with pytest.raises(Unknown):
        await rules.rules("external")
    assert apis.calls() == []


async def test_calls_go_to_the_analyzers_region(apis: ApiServer, rules: AccessAnalyzerRules) -> None:
    await rules.rules(apis.analyzer.create("there", ACCOUNT, "us-east-1"))
    assert apis.log[0].caller.region == "us-east-1"


async def test_the_account_is_asked_for_once_when_nobody_said_it(
    apis: ApiServer, analyzer: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    rules = AccessAnalyzerRules(limit_s=10.0, config=ONE_TRY)
    assert await rules.rules(analyzer) == []
    monkeypatch.setenv("AWS_ENDPOINT_URL_STS", "http://127.0.0.1:9")  # STS is not reached a second time
    assert await rules.rules(analyzer) == []
    assert [call.operation for call in apis.log] == ["GetCallerIdentity", "ListArchiveRules", "ListArchiveRules"]


BAD_DAYS = [
    ("throttling", RateLimited),
    ("access_denied", AccessDenied),
    ("500", TemporaryError),
    ("unavailable", TemporaryError),
    ("expired_token", TemporaryError),
    ("reset_before", TemporaryError),
    ("reset_after", TemporaryError),
    ("hang", TemporaryError),
]


@pytest.mark.parametrize(("kind", "error"), BAD_DAYS)
async def test_each_fault_becomes_our_own_error(
    apis: ApiServer, rules: AccessAnalyzerRules, analyzer: str, kind: str, error: type[Exception]
) -> None:
    rules = AccessAnalyzerRules(ACCOUNT, limit_s=0.3, config=ONE_TRY) if kind == "hang" else rules
    apis.fail("ApplyArchiveRule", kind=kind, count=2)  # aiohttp itself sends a PUT once more
    await rules.create_rule(analyzer, "r", BUCKETS, token="t")
    with pytest.raises(error) as failed:
        await rules.apply_rule(analyzer, "r", token="t")
    assert type(failed.value) is error


async def test_a_call_whose_answer_was_lost_may_be_repeated(
    apis: ApiServer, rules: AccessAnalyzerRules, analyzer: str
) -> None:
    for operation in ("CreateArchiveRule", "DeleteArchiveRule", "UpdateFindings"):
        apis.fail(operation, kind="reset_after", count=2)
    apis.analyzer.seed(analyzer, "f")
    for act in (
        lambda: rules.create_rule(analyzer, "r", BUCKETS, token="t1"),
        lambda: rules.set_status(analyzer, ["f"], "ARCHIVED"),
        lambda: rules.delete_rule(analyzer, "r", token="t2"),
    ):
        with pytest.raises(TemporaryError):
            await act()
        assert await act()
    assert (apis.analyzer.rules(analyzer), apis.analyzer.status(analyzer, "f")) == ({}, "ARCHIVED")


# --- Security Hub ---------------------------------------------------------------------------------------------------------------------


def cspm(*ids: str) -> list[HubFinding]:
    return [HubFinding(id, PRODUCT) for id in ids]


def v2(*uids: str) -> list[HubFinding]:
    return [HubFinding(uid, v2=True) for uid in uids]


def seed(apis: ApiServer, findings: list[HubFinding]) -> None:
    for one in findings:
        if one.v2:
            apis.hub.seed_v2(REGION, {"metadata": {"uid": one.id}, "status_id": 1})
        else:
            apis.hub.seed(REGION, {"Id": one.id, "ProductArn": one.product_arn})


async def test_findings_of_both_kinds_are_suppressed_and_brought_back(apis: ApiServer, hub: SecurityHubStatus) -> None:
    mixed = [*v2("u"), *cspm("a", "b")]
    seed(apis, mixed)
    request, undone = await hub.set_suppressed(REGION, mixed, suppressed=True, note="lease 7")
    assert (len(request.split(",")), undone) == (2, [])
    assert await hub.suppressed(REGION, mixed) == {"u": True, "a": True, "b": True}
    triage = apis.hub.workflow(REGION, "a", PRODUCT)
    assert (triage.status, triage.note, triage.by) == ("SUPPRESSED", "lease 7", "secbot")
    assert (apis.hub.status_v2(REGION, "u").status, apis.hub.status_v2(REGION, "u").note) == (3, "lease 7")
    await hub.set_suppressed(REGION, mixed, suppressed=False, note="")
    assert await hub.suppressed(REGION, mixed) == {"u": False, "a": False, "b": False}
    assert apis.hub.workflow(REGION, "a", PRODUCT).status == "NEW"
    assert apis.hub.status_v2(REGION, "u").status == 1


async def test_what_was_not_done_is_told(apis: ApiServer, hub: SecurityHubStatus) -> None:
    seed(apis, [*cspm("a"), *v2("u")])
    apis.hub.refuse["u"] = ("ConflictException", "Somebody else updates it.")
    wanted = [*cspm("a", "gone"), *v2("u", "none")]
    _, undone = await hub.set_suppressed(REGION, wanted, suppressed=True, note="n")
    assert undone == [
        Unprocessed("gone", "FindingNotFound", "There is no such finding."),
        Unprocessed("u", "ConflictException", "Somebody else updates it."),
        Unprocessed("none", "ResourceNotFoundException", "There is no such finding."),
    ]
    assert await hub.suppressed(REGION, wanted) == {"a": True, "u": False}


async def test_batches_and_filters_keep_to_awss_limits(apis: ApiServer, hub: SecurityHubStatus) -> None:
    many = [*cspm(*(f"c{n}" for n in range(130))), *v2(*(f"v{n}" for n in range(101)))]
    seed(apis, many)
    apis.hub.page_size = 7
    await hub.set_suppressed(REGION, many + many[:5], suppressed=True, note="n")
    assert [len(call.params["FindingIdentifiers"]) for call in apis.calls("BatchUpdateFindings")] == [100, 30]
    assert [len(call.params["MetadataUids"]) for call in apis.calls("BatchUpdateFindingsV2")] == [100, 1]
    known = await hub.suppressed(REGION, many)
    assert known == {one.id: True for one in many}
    assert max(len(call.params["Filters"]["Id"]) for call in apis.calls("GetFindings")) == 20


async def test_a_long_note_is_cut(apis: ApiServer, hub: SecurityHubStatus) -> None:
    seed(apis, [*cspm("a"), *v2("u")])
    _, undone = await hub.set_suppressed(REGION, [*cspm("a"), *v2("u")], suppressed=True, note="x" * 2_000)
    assert undone == []
    assert len(apis.hub.workflow(REGION, "a", PRODUCT).note) == 512


async def test_an_id_that_another_product_uses_too_is_not_mixed_up(apis: ApiServer, hub: SecurityHubStatus) -> None:
    other = HubFinding("a", "arn:aws:securityhub:eu-west-1::product/aws/inspector")
    seed(apis, [*cspm("a"), other])
    await hub.set_suppressed(REGION, [other], suppressed=True, note="n")
    assert await hub.suppressed(REGION, cspm("a")) == {"a": False}
    assert await hub.suppressed(REGION, [other]) == {"a": True}


async def test_what_was_set_shows_later(apis: ApiServer, hub: SecurityHubStatus, clock: ManualClock) -> None:
    seed(apis, cspm("a"))
    apis.hub.lag_s = 180.0
    await hub.set_suppressed(REGION, cspm("a"), suppressed=True, note="n")
    assert await hub.suppressed(REGION, cspm("a")) == {"a": False}
    await clock.advance(180.0)
    assert await hub.suppressed(REGION, cspm("a")) == {"a": True}


async def test_security_hubs_own_throttling_is_a_rate_limit(apis: ApiServer, hub: SecurityHubStatus) -> None:
    apis.fail("BatchUpdateFindings", kind="throttling")
    with pytest.raises(RateLimited):
        await hub.set_suppressed(REGION, cspm("a"), suppressed=True, note="n")


async def test_nothing_is_asked_for_nothing(apis: ApiServer, hub: SecurityHubStatus) -> None:
    assert await hub.set_suppressed(REGION, [], suppressed=True, note="n") == ("", [])
    assert await hub.suppressed(REGION, []) == {}
    assert apis.calls() == []


# --- GuardDuty ------------------------------------------------------------------------------------------------------------------------


async def test_findings_are_archived_fifty_at_a_time(apis: ApiServer, guard: GuardDutyArchive) -> None:
    detector = apis.guard.create(ACCOUNT, REGION)
    ids = [f"f{n}" for n in range(120)]
    for id in ids:
        apis.guard.seed(detector, id)
    requests = await guard.archive(REGION, detector, [*ids, *ids[:3]])
    assert len(requests.split(",")) == 3
    assert [len(call.params["FindingIds"]) for call in apis.calls("ArchiveFindings")] == [50, 50, 20]
    assert all(apis.guard.is_archived(detector, id) for id in ids)
    await guard.unarchive(REGION, detector, ids[:1])
    assert not apis.guard.is_archived(detector, ids[0])


async def test_a_members_finding_is_archived_with_the_administrators_detector(
    apis: ApiServer, guard: GuardDutyArchive
) -> None:
    members = apis.guard.create("420000000002", REGION)
    own = apis.guard.create(ACCOUNT, REGION)
    apis.guard.seed(own, "f")
    await guard.archive(REGION, members, ["f"])
    assert apis.guard.is_archived(own, "f")


async def test_a_region_without_a_detector_and_an_unknown_finding_are_refused(
    apis: ApiServer, guard: GuardDutyArchive
) -> None:
    with pytest.raises(AccessDenied):
        await guard.archive(REGION, "d", ["f"])
    detector = apis.guard.create(ACCOUNT, REGION)
    with pytest.raises(Unknown):
        await guard.archive(REGION, detector, ["gone"])


async def test_what_is_archived_is_read_fifty_at_a_time_with_the_own_detector(
    apis: ApiServer, guard: GuardDutyArchive
) -> None:
    members, own = apis.guard.create("420000000002", REGION), apis.guard.create(ACCOUNT, REGION)
    ids = [f"f{n}" for n in range(60)]
    for id in ids:
        apis.guard.seed(own, id)
    await guard.archive(REGION, own, ids[:1])
    known = await guard.archived(REGION, members, [*ids, "gone", *ids[:2]])
    assert known == {id: id == "f0" for id in ids}
    assert [len(call.params["FindingIds"]) for call in apis.calls("GetFindings")] == [50, 11]


async def test_what_is_archived_where_there_is_no_detector_is_refused(guard: GuardDutyArchive) -> None:
    with pytest.raises(AccessDenied):
        await guard.archived(REGION, "d", ["f"])
