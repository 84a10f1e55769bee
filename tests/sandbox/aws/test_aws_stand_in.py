"""The whole stand-in: the organisation in moto, the stream, and the environment that leads to both."""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from typing import Any

import pytest
from aiobotocore.session import get_session

from sandbox.aws.control import seed
from sandbox.aws.errors import ApiError
from sandbox.aws.stand_in import AwsStandIn
from sandbox.company import northwind
from sandbox.events import access_analyzer, hostile
from sandbox.events.scene import Scene

pytest.importorskip("moto.server", reason="moto with its server is the extra `demo`")


@pytest.fixture
async def stand_in(monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[AwsStandIn]:
    stand_in = await AwsStandIn().start()
    for name, value in stand_in.environment().items():
        monkeypatch.setenv(name, value)
    yield stand_in
    await stand_in.stop()


async def test_the_environment_alone_leads_to_the_organisation(stand_in: AwsStandIn) -> None:
    company = stand_in.company
    async with get_session().create_client("organizations") as client:
        pages = client.get_paginator("list_accounts").paginate()
        listed = {a["Id"]: a async for page in pages for a in page["Accounts"]}
        assert {(a.id, a.name, a.email) for a in company.accounts} == {
            (a["Id"], a["Name"], a["Email"]) for a in listed.values()
        }
        payments = company.account("payments-prod")
        tags = await client.list_tags_for_resource(ResourceId=payments.id)
        assert {(t["Key"], t["Value"]) for t in tags["Tags"]} == set(payments.tags)
        assert await _path(client, payments.id) == "Workloads/Prod"
        organisation = (await client.describe_organization())["Organization"]
        assert organisation["MasterAccountId"] == company.management.id


async def _path(client: Any, child: str) -> str:
    names: list[str] = []
    while True:
        parent = (await client.list_parents(ChildId=child))["Parents"][0]
        if parent["Type"] == "ROOT":
            return "/".join(reversed(names))
        ou = await client.describe_organizational_unit(OrganizationalUnitId=parent["Id"])
        names.append(ou["OrganizationalUnit"]["Name"])
        child = parent["Id"]


async def test_the_caller_is_the_security_account_and_may_assume_roles(stand_in: AwsStandIn) -> None:
    target = stand_in.company.account("ledger-prod").id
    stand_in.apis.sts.add_role(target, "SecbotRead")
    async with get_session().create_client("sts") as client:
        assert (await client.get_caller_identity())["Account"] == stand_in.company.security.id
        role = await client.assume_role(RoleArn=f"arn:aws:iam::{target}:role/SecbotRead", RoleSessionName="secbot")
    keys = role["Credentials"]
    async with get_session().create_client(
        "sts",
        aws_access_key_id=keys["AccessKeyId"],
        aws_secret_access_key=keys["SecretAccessKey"],
        aws_session_token=keys["SessionToken"],
    ) as client:
        assert (await client.get_caller_identity())["Account"] == target


async def test_a_published_event_is_received_through_the_environment(stand_in: AwsStandIn) -> None:
    stand_in.publish({"detail": {"name": "é"}})
    async with get_session().create_client("sqs") as client:
        got = (await client.receive_message(QueueUrl=stand_in.queue_url))["Messages"]
    assert json.loads(got[0]["Body"]) == {"detail": {"name": "é"}}
    assert stand_in.server.violations == []


async def test_hostile_events_can_be_published_and_received(stand_in: AwsStandIn) -> None:
    events = hostile(stand_in.company, datetime(2026, 11, 24, 12, tzinfo=UTC))
    for event in events:
        stand_in.publish(event)
    async with get_session().create_client("sqs") as client:
        bodies: list[str] = []
        while got := (await client.receive_message(QueueUrl=stand_in.queue_url, MaxNumberOfMessages=10)).get(
            "Messages"
        ):
            bodies += [m["Body"] for m in got]
    assert [json.loads(body) for body in bodies] == events


async def test_the_finding_of_a_published_event_can_be_hidden_through_the_environment(stand_in: AwsStandIn) -> None:
    company = stand_in.company
    noon = datetime(2026, 11, 24, 12, tzinfo=UTC)
    scene = Scene(company.account("payments-prod"), company.security.id, company.region, noon, noon)
    published = access_analyzer.external(scene)
    stand_in.publish(published)
    arn = access_analyzer.analyzer_arn(scene)
    async with get_session().create_client("accessanalyzer") as client:
        (found,) = (await client.list_findings_v2(analyzerArn=arn))["findings"]
        assert (found["id"], found["resource"]) == (published["detail"]["id"], published["detail"]["resource"])
        await client.update_findings(analyzerArn=arn, ids=[found["id"]], status="ARCHIVED")
    assert stand_in.apis.analyzer.status(arn, found["id"]) == "ARCHIVED"
    assert stand_in.apis.violations == []


async def test_an_event_over_256_kib_is_refused_as_sns_does(stand_in: AwsStandIn) -> None:
    with pytest.raises(ApiError):
        stand_in.publish({"text": "x" * 300_000})


async def test_it_can_be_started_again_after_it_stopped(stand_in: AwsStandIn) -> None:
    await stand_in.stop()
    again = await AwsStandIn(raw=False).start()
    again.publish("x")
    assert json.loads(again.queue.bodies()[0])["Message"] == "x"
    await again.stop()
    await again.stop()


def test_the_organisation_is_seeded_in_well_under_two_seconds() -> None:
    seed(northwind())  # imports
    began = time.perf_counter()
    seed(northwind())
    assert time.perf_counter() - began < 1.0
