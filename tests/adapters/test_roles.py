"""Roles of other accounts: sessions are named after people, kept while they last, and not made where no role is."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from aiobotocore.config import AioConfig

from bot.adapters.aws import AccessDenied, Keys, Unknown
from bot.adapters.hiding import AccessAnalyzerRules
from bot.adapters.roles import Roles, source_identity
from bot.errors import RateLimited, TemporaryError
from sandbox.aws.apis import ApiServer
from sandbox.slack.clock import ManualClock
from tests.support.clock import BotClock

ACCOUNT, OTHER, REGION = "420000000001", "420000000002", "eu-west-1"
BUCKETS = {"resourceType": {"eq": ["AWS::S3::Bucket"]}, "isPublic": {"eq": ["false"]}}
ONE_TRY = AioConfig(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=5)


@pytest.fixture
def roles(apis: ApiServer, clock: ManualClock) -> Roles:
    apis.sts.add_role(OTHER, "secbot-hands")
    return Roles(limit_s=10.0, config=ONE_TRY, clock=BotClock(clock))


@pytest.fixture
def theirs(apis: ApiServer) -> str:
    return apis.analyzer.create("external", OTHER, REGION)


@pytest.fixture
def rules(apis: ApiServer, clock: ManualClock) -> AccessAnalyzerRules:
    apis.sts.add_role(OTHER, "secbot-hands")
    return AccessAnalyzerRules(ACCOUNT, role="secbot-hands", limit_s=10.0, config=ONE_TRY, clock=BotClock(clock))


async def keys(roles: Roles, who: str = "", account: str = OTHER) -> Keys:
    return await roles.credentials(account, role="secbot-hands", who=who, region=REGION)


# --- sessions -------------------------------------------------------------------------------------------------------------------


async def test_a_session_is_made_once_for_each_person_and_account(apis: ApiServer, roles: Roles) -> None:
    third = "420000000003"
    apis.sts.add_role(third, "secbot-hands")
    made = {who: await keys(roles, who) for who in ("U1", "U2", "")}
    assert await keys(roles, "U1") is made["U1"]
    await keys(roles, "U1", third)
    asked = [(call.params["RoleArn"].split(":")[4], call.params["SourceIdentity"]) for call in apis.calls("AssumeRole")]
    assert asked == [(OTHER, "U1"), (OTHER, "U2"), (OTHER, "secbot"), (third, "U1")]
    assert {call.params["RoleSessionName"] for call in apis.calls("AssumeRole")} == {"secbot"}


async def test_a_session_is_made_anew_five_minutes_before_it_ends(
    apis: ApiServer, roles: Roles, clock: ManualClock
) -> None:
    first = await keys(roles)
    await clock.advance(3600 - 300 - 1)
    assert await keys(roles) is first
    await clock.advance(1)
    assert (await keys(roles)).id != first.id
    assert len(apis.calls("AssumeRole")) == 2


async def test_an_external_id_is_told(apis: ApiServer, clock: ManualClock) -> None:
    apis.sts.add_role(OTHER, "secbot-hands", external_id="tea-42")
    own = {"limit_s": 10.0, "config": ONE_TRY, "clock": BotClock(clock)}
    with pytest.raises(AccessDenied):
        await keys(Roles(**own))
    assert await keys(Roles("tea-42", **own))


async def test_the_partition_is_part_of_the_roles_name(apis: ApiServer, roles: Roles) -> None:
    apis.sts.roles["arn:aws-cn:iam::420000000002:role/secbot-hands"] = ""
    await roles.credentials(OTHER, role="secbot-hands", partition="aws-cn", region=REGION)
    assert apis.log[0].params["RoleArn"].startswith("arn:aws-cn:")


@pytest.mark.parametrize(("account", "role"), [("42", "secbot"), (OTHER, ""), (OTHER, "a role"), ("*", "secbot")])
async def test_what_names_no_role_is_refused_before_aws_is_asked(
    apis: ApiServer, roles: Roles, account: str, role: str
) -> None:
    with pytest.raises(Unknown):
        await roles.credentials(account, role=role, region=REGION)
    assert apis.calls() == []


@pytest.mark.parametrize(
    ("kind", "error"),
    [
        ("throttling", RateLimited),
        ("access_denied", AccessDenied),
        ("500", TemporaryError),
        ("expired_token", TemporaryError),
        ("hang", TemporaryError),
    ],
)
async def test_each_fault_of_sts_becomes_our_own_error_and_is_not_remembered(
    apis: ApiServer, clock: ManualClock, kind: str, error: type[Exception]
) -> None:
    apis.sts.add_role(OTHER, "secbot-hands")
    roles = Roles(limit_s=0.3 if kind == "hang" else 10.0, config=ONE_TRY, clock=BotClock(clock))
    apis.fail("AssumeRole", kind=kind)
    with pytest.raises(error) as failed:
        await keys(roles)
    assert type(failed.value) is error
    assert await keys(roles)


def test_secrets_are_not_shown() -> None:
    made = Keys("ASIA1", "hush-hush", "token-token", datetime(2026, 11, 25, tzinfo=UTC) + timedelta(hours=1))
    assert "hush" not in repr(made)
    assert "token-token" not in repr(made)


@pytest.mark.parametrize(
    ("who", "identity"),
    [
        ("U0123ABC", "U0123ABC"),
        ("", "secbot"),
        ("x", "secbot"),
        ("rule:7 é", "rule-7--"),
        ("a" * 80, "a" * 64),
    ],
)
def test_a_person_is_named_as_sts_takes_it(who: str, identity: str) -> None:
    assert source_identity(who) == identity


# --- analyzers of other accounts ------------------------------------------------------------------------------------------------


async def test_an_analyzer_of_another_account_is_changed_in_the_persons_name(
    apis: ApiServer, rules: AccessAnalyzerRules, theirs: str
) -> None:
    apis.analyzer.seed(theirs, "f", isPublic=False)
    await rules.create_rule(theirs, "r", BUCKETS, token="t1", who="U42")
    await rules.apply_rule(theirs, "r", token="t2", who="U42")
    await rules.update_rule(theirs, "r", BUCKETS, token="t3", who="U42")
    await rules.delete_rule(theirs, "r", token="t4", who="U42")
    await rules.set_status(theirs, ["f"], "ACTIVE", who="U42")
    calls = [call for call in apis.log if call.service == "accessanalyzer"]
    assert len(calls) == 5
    assert {(call.caller.account, call.who.source, call.who.session) for call in calls} == {(OTHER, "U42", "secbot")}
    assert len(apis.calls("AssumeRole")) == 1


async def test_what_nobody_asked_for_is_read_in_secbots_own_name(
    apis: ApiServer, rules: AccessAnalyzerRules, theirs: str
) -> None:
    assert await rules.rules(theirs) == []
    assert await rules.findings(theirs, BUCKETS) == {}
    assert {call.who.source for call in apis.calls("ListArchiveRules", "ListFindingsV2")} == {"secbot"}


async def test_an_own_analyzer_needs_no_role(apis: ApiServer, rules: AccessAnalyzerRules) -> None:
    await rules.create_rule(apis.analyzer.create("own", ACCOUNT, REGION), "r", BUCKETS, token="t", who="U42")
    assert [call.operation for call in apis.log] == ["CreateArchiveRule"]


async def test_an_account_without_the_role_is_denied(apis: ApiServer, rules: AccessAnalyzerRules) -> None:
    there = apis.analyzer.create("external", "420000000003", REGION)
    with pytest.raises(AccessDenied, match="AssumeRole"):
        await rules.create_rule(there, "r", BUCKETS, token="t", who="U42")
    assert apis.analyzer.rules(there) == {}


@pytest.mark.parametrize("kind", ["access_denied", "expired_token"])
async def test_a_session_that_was_refused_is_not_used_again(
    apis: ApiServer, rules: AccessAnalyzerRules, theirs: str, kind: str
) -> None:
    apis.fail("ListArchiveRules", kind=kind)
    with pytest.raises((AccessDenied, TemporaryError)):
        await rules.rules(theirs)
    assert await rules.rules(theirs) == []
    assert len(apis.calls("AssumeRole")) == 2


async def test_throttling_ends_no_session(apis: ApiServer, rules: AccessAnalyzerRules, theirs: str) -> None:
    apis.fail("ListArchiveRules", kind="throttling")
    with pytest.raises(RateLimited):
        await rules.rules(theirs)
    await rules.rules(theirs)
    assert len(apis.calls("AssumeRole")) == 1
