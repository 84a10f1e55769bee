"""The server of the finding services: botocore's models judge both sides, faults do what they say, and events are learnt."""

from __future__ import annotations

import asyncio
import http.client
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from sandbox.aws.apis import ApiServer
from sandbox.aws.errors import ApiError
from sandbox.aws.model import ServiceModel
from sandbox.aws.refusals import Refusal
from sandbox.company import northwind
from sandbox.events import Story, events_from_folder, hostile

ACCOUNT, REGION = "420000000001", "eu-west-1"
SERVICES = ("accessanalyzer", "securityhub", "guardduty", "cloudtrail", "sts")


@pytest.fixture
async def access(reach: Callable[..., Any]) -> AsyncIterator[Any]:
    async with reach("accessanalyzer") as client:
        yield client


@pytest.fixture
def analyzer(apis: ApiServer) -> str:
    return apis.analyzer.create("external", ACCOUNT, REGION)


def test_every_operation_of_the_stand_in_is_in_the_model() -> None:
    apis = ApiServer(account=ACCOUNT)
    for service, fake in zip(SERVICES, (apis.analyzer, apis.hub, apis.guard, apis.trail, apis.sts), strict=True):
        assert set(fake.operations) <= ServiceModel(service).operations


# --- drift ---


async def raw(apis: ApiServer, method: str, path: str, body: bytes = b"", service: str = "access-analyzer") -> int:
    """The HTTP status of a request that no client would send."""
    scope = f"AWS4-HMAC-SHA256 Credential=testing/20261125/{REGION}/{service}/aws4_request"

    def send() -> int:
        connection = http.client.HTTPConnection("127.0.0.1", int(apis.url.rpartition(":")[2]), timeout=5)
        connection.request(method, path, body, {"Authorization": scope} if service else {})
        status = connection.getresponse().status
        connection.close()
        return status

    return await asyncio.to_thread(send)


DRIFTED = [
    ("an unknown member", "PUT", "/archive-rule", b'{"analyzerArn":"%s","ruleName":"r","mood":1}', "mood"),
    ("a missing member", "PUT", "/archive-rule", b'{"ruleName":"r"}', "analyzerArn"),
    ("a wrong type", "PUT", "/archive-rule", b'{"analyzerArn":"%s","ruleName":7}', "ruleName"),
    ("a name against the pattern", "PUT", "/archive-rule", b'{"analyzerArn":"%s","ruleName":"7 r"}', "look like"),
    ("a name that is too long", "PUT", "/archive-rule", b'{"analyzerArn":"%s","ruleName":"r' + b"r" * 255 + b'"}', "more than"),
    ("a word outside the enum", "GET", "/analyzer?type=ROUND", b"", "ROUND"),
    ("an unknown query parameter", "GET", "/analyzer?mood=good", b"", "mood"),
    ("text for a number", "GET", "/analyzer?maxResults=many", b"", "maxResults"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "method", "path", "body", "named"), DRIFTED, ids=[row[0] for row in DRIFTED])
async def test_a_request_outside_the_model_is_refused_and_remembered(
    apis: ApiServer, analyzer: str, why: str, method: str, path: str, body: bytes, named: str
) -> None:
    assert await raw(apis, method, path, body.replace(b"%s", analyzer.encode())) == 400, why
    assert len(apis.violations) == 1
    assert named in apis.violations[0]


@pytest.mark.parametrize(
    ("why", "method", "path", "body", "service", "status"),
    [
        ("no such path", "GET", "/nothing", b"", "access-analyzer", 404),
        ("no such method", "POST", "/analyzer", b"", "guardduty", 404),
        ("no JSON", "PUT", "/archive-rule", b"{", "access-analyzer", 404),
        ("no object", "PUT", "/archive-rule", b"[]", "access-analyzer", 404),
        ("no such target", "POST", "/", b"{}", "cloudtrail", 404),
        ("no such service", "GET", "/analyzer", b"", "s3", 403),
        ("not signed", "GET", "/analyzer", b"", "", 403),
    ],
)
async def test_a_request_that_no_service_reads_is_refused(
    apis: ApiServer, why: str, method: str, path: str, body: bytes, service: str, status: int
) -> None:
    assert await raw(apis, method, path, body, service) == status, why


async def test_an_answer_that_drifted_is_refused(apis: ApiServer, access: Any) -> None:
    apis.analyzer.operations["ListAnalyzers"] = lambda _caller, _params: {"analyzers": [{"name": "x"}]}
    with pytest.raises(ClientError) as failed:
        await access.list_analyzers()
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == 500
    assert "arn" in apis.violations[0]


@pytest.mark.parametrize(
    "error",
    [
        ApiError("ServiceQuotaExceededException", "ListAnalyzers has no such error"),
        Refusal("ValidationException", "its reason is missing"),
        Refusal("ValidationException", "a member too many", reason="other", mood="good"),
    ],
)
async def test_an_error_that_the_operation_does_not_have_is_remembered(
    apis: ApiServer, access: Any, error: ApiError
) -> None:
    def refuse(_caller: Any, _params: Any) -> dict[str, Any]:
        raise error

    apis.analyzer.operations["ListAnalyzers"] = refuse
    with pytest.raises(ClientError):
        await access.list_analyzers()
    assert error.code in apis.violations[0]


async def test_an_operation_that_is_not_here_is_told_and_remembered(apis: ApiServer, access: Any) -> None:
    with pytest.raises(ClientError):
        await access.create_analyzer(analyzerName="a", type="ACCOUNT")
    assert "CreateAnalyzer" in apis.violations[0]


# --- faults ---


@pytest.mark.parametrize(
    ("service", "operation", "kind", "status", "code"),
    [
        ("accessanalyzer", "list_analyzers", "throttling", 429, "ThrottlingException"),
        ("accessanalyzer", "list_analyzers", "access_denied", 403, "AccessDeniedException"),
        ("accessanalyzer", "list_analyzers", "500", 500, "InternalServerException"),
        ("accessanalyzer", "list_analyzers", "unavailable", 503, "ServiceUnavailable"),
        ("accessanalyzer", "list_analyzers", "expired_token", 403, "ExpiredTokenException"),
        ("securityhub", "get_findings", "throttling", 429, "LimitExceededException"),
        ("securityhub", "get_findings", "500", 500, "InternalException"),
        ("securityhub", "get_findings_v2", "throttling", 429, "ThrottlingException"),
        ("guardduty", "list_detectors", "500", 500, "InternalServerErrorException"),
        ("guardduty", "list_detectors", "throttling", 400, "ThrottlingException"),
        ("guardduty", "list_detectors", "access_denied", 403, "AccessDeniedException"),
    ],
)
async def test_a_fault_is_answered_in_the_operations_own_words_and_used_up(
    apis: ApiServer, reach: Callable[..., Any], service: str, operation: str, kind: str, status: int, code: str
) -> None:
    apis.fail("*", kind=kind)
    async with reach(service) as client:
        with pytest.raises(ClientError) as failed:
            await getattr(client, operation)()
        await getattr(client, operation)()
    response = failed.value.response
    assert (response["ResponseMetadata"]["HTTPStatusCode"], response["Error"]["Code"]) == (status, code)
    assert [call.outcome for call in apis.log] == [code, ""]
    assert apis.violations == []


async def test_a_reset_after_has_done_the_work(apis: ApiServer, access: Any, analyzer: str) -> None:
    rule = {"analyzerName": "external", "ruleName": "r", "filter": {"error": {"exists": True}}, "clientToken": "t"}
    apis.fail("CreateArchiveRule", kind="reset_after", count=2)  # aiohttp itself sends a PUT once more
    with pytest.raises(HTTPClientError):
        await access.create_archive_rule(**rule)
    await access.create_archive_rule(**rule)  # the token says that it is the same
    assert list(apis.analyzer.rules(analyzer)) == ["r"]
    assert [call.outcome for call in apis.calls("CreateArchiveRule")] == ["reset_after"] * 2 + [""]


async def test_a_reset_before_has_done_nothing(apis: ApiServer, access: Any, analyzer: str) -> None:
    apis.fail("accessanalyzer.CreateArchiveRule", kind="reset_before", count=2)
    with pytest.raises(HTTPClientError):
        await access.create_archive_rule(analyzerName="external", ruleName="r", filter={"error": {"exists": True}})
    assert apis.analyzer.rules(analyzer) == {}


async def test_a_hanging_call_goes_on_when_released(apis: ApiServer, access: Any) -> None:
    apis.fail("ListAnalyzers", kind="hang")
    waiting = asyncio.ensure_future(access.list_analyzers())
    while apis.faults.armed:
        await asyncio.sleep(0)
    assert not waiting.done()
    apis.faults.release()
    assert (await waiting)["analyzers"] == []


def test_an_unknown_fault_is_refused() -> None:
    with pytest.raises(ValueError, match="partial"):
        ApiServer(account=ACCOUNT).fail("*", kind="partial")


async def test_every_call_is_kept_with_its_place_and_its_request_id(
    apis: ApiServer, access: Any, analyzer: str
) -> None:
    answer = await access.list_archive_rules(analyzerName="external", maxResults=3)
    (call,) = apis.calls()
    assert (call.service, call.operation) == ("accessanalyzer", "ListArchiveRules")
    assert call.params == {"analyzerName": "external", "maxResults": 3}
    assert (call.caller.account, call.caller.region) == (ACCOUNT, REGION)
    assert call.request_id == answer["ResponseMetadata"]["RequestId"]
    assert apis.calls("GetArchiveRule") == []


# --- events ---


def sent(source: str, detail: Any, **more: Any) -> dict[str, Any]:
    return {"source": source, "account": ACCOUNT, "region": REGION, "detail": detail, "resources": [], **more}


def test_the_finding_of_an_analyzers_event_can_be_hidden() -> None:
    apis = ApiServer(account=ACCOUNT)
    arn = f"arn:aws:access-analyzer:{REGION}:{ACCOUNT}:analyzer/org-unused"
    detail = {"findingId": "f", "status": "ACTIVE", "accountId": "420000000002", "resource": "arn:aws:iam::1:role/r"}
    apis.learn(sent("aws.access-analyzer", detail, resources=[arn]))
    assert apis.analyzer.analyzers[arn].type == "ORGANIZATION_UNUSED_ACCESS"
    finding = apis.analyzer.analyzers[arn].findings["f"]
    assert finding.fields["resourceOwnerAccount"] == ("420000000002",)
    finding.status.set("ARCHIVED", 0.0)
    apis.learn(sent("aws.access-analyzer", detail, resources=[arn]))
    assert apis.analyzer.status(arn, "f") == "ARCHIVED"
    apis.learn(sent("aws.access-analyzer", {**detail, "isDeleted": True}, resources=[arn]))
    assert apis.analyzer.status(arn, "f") == "RESOLVED"


def test_the_findings_of_other_events_are_known_to_their_services() -> None:
    apis = ApiServer(account=ACCOUNT)
    v2 = {"metadata": {"uid": "u"}, "status_id": 1}
    apis.learn(sent("aws.securityhub", {"findings": [{"Id": "a", "ProductArn": "p"}, v2, {}, 7]}))
    assert (list(apis.hub.cspm), list(apis.hub.v2)) == ([(REGION, "a", "p")], [(REGION, "u")])
    apis.learn(sent("aws.guardduty", {"id": "g", "severity": 5}, **{"detail-type": "GuardDuty Finding"}))
    (detector,) = apis.guard.detectors.values()
    assert (detector.account, list(detector.findings)) == (ACCOUNT, ["g"])


async def shown(apis: ApiServer, reach: Callable[..., Any]) -> int:
    """Asks for everything that was learnt, so that the models judge it; how many findings there are."""
    count = 0
    for arn in apis.analyzer.analyzers:
        _, _, _, region, account, _ = arn.split(":", 5)
        apis.accounts["testing"] = account
        async with reach("accessanalyzer", region) as access:
            count += len((await access.list_findings_v2(analyzerArn=arn))["findings"])
    for region in {place for place, _, _ in apis.hub.cspm} | {place for place, _ in apis.hub.v2}:
        async with reach("securityhub", region) as hub:
            count += len((await hub.get_findings())["Findings"]) + len((await hub.get_findings_v2())["Findings"])
    for detector in apis.guard.detectors.values():
        apis.accounts["testing"] = detector.account
        async with reach("guardduty", detector.region) as guard:
            found = await guard.get_findings(DetectorId=detector.id, FindingIds=list(detector.findings)[:50])
            count += len(found["Findings"])
    return count


async def test_every_event_of_the_sandbox_is_learnt_or_left(apis: ApiServer, reach: Callable[..., Any]) -> None:
    now = datetime(2026, 11, 24, 12, tzinfo=UTC)
    story = Story(northwind(), 7)
    for event in [*hostile(northwind(), now), *(story.next_event(now) for _ in range(200))]:
        if isinstance(event, dict):
            apis.learn(event)
    assert await shown(apis, reach) > 100
    assert apis.violations == []


async def test_every_real_event_is_learnt_or_left(apis: ApiServer, reach: Callable[..., Any]) -> None:
    folder = Path(__file__).parents[3] / "../shared/events"
    if not folder.is_dir():
        pytest.skip("the folder of real events is not here")
    for _, event in events_from_folder(folder, report=lambda _name, _why: None):
        if isinstance(event, dict):
            apis.learn(event)
    assert await shown(apis, reach) > 10
    assert apis.violations == []


@pytest.mark.parametrize(
    "strange",
    [
        {},
        {"detail": 1},
        sent("aws.access-analyzer", {"id": "f"}),
        sent("aws.access-analyzer", {"id": "f"}, resources=["arn:aws:s3:::b"]),
        sent("aws.access-analyzer", {"id": 7}, resources=["x"]),
        sent("aws.securityhub", {"findings": "none"}),
        sent("aws.guardduty", {"id": ["g"]}, **{"detail-type": "GuardDuty Finding"}),
        sent("aws.guardduty", {}, **{"detail-type": "GuardDuty Finding"}, region=None),
    ],
)
def test_what_is_no_finding_is_not_learnt(strange: dict[str, Any]) -> None:
    apis = ApiServer(account=ACCOUNT)
    apis.learn(strange)
    assert [*apis.analyzer.analyzers, *apis.hub.cspm, *apis.hub.v2, *apis.guard.detectors] == []
