"""The stand-in's automation rules: made by others, listed by account and Region, read in full, deleted; and switched off."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.apis import ApiServer

ACCOUNT, REGION = "420000000001", "eu-west-1"
LOW = {"SeverityLabel": [{"Value": "LOW", "Comparison": "EQUALS"}]}
UPDATE = [{"Type": "FINDING_FIELDS_UPDATE", "FindingFieldsUpdate": {"Workflow": {"Status": "SUPPRESSED"}}}]
OCSF = {
    "OcsfFindingCriteria": {
        "CompositeFilters": [
            {"StringFilters": [{"FieldName": "severity", "Filter": {"Value": "Low", "Comparison": "EQUALS"}}]}
        ]
    }
}
UPDATE_V2 = [{"Type": "FINDING_FIELDS_UPDATE", "FindingFieldsUpdate": {"StatusId": 3}}]


@pytest.fixture
async def hub(reach: Callable[..., Any]) -> AsyncIterator[Any]:
    async with reach("securityhub") as client:
        yield client


def code(failed: pytest.ExceptionInfo[ClientError]) -> str:
    return str(failed.value.response["Error"]["Code"])


async def test_a_cspm_rule_is_made_listed_read_and_deleted(apis: ApiServer, hub: Any) -> None:
    made = await hub.create_automation_rule(
        RuleName="hush", Description="d", RuleOrder=1, Criteria=LOW, Actions=UPDATE, Tags={"a": "b"}
    )
    (listed,) = (await hub.list_automation_rules())["AutomationRulesMetadata"]
    assert (listed["RuleArn"], listed["RuleStatus"], "Criteria" in listed) == (made["RuleArn"], "ENABLED", False)
    answer = await hub.batch_get_automation_rules(AutomationRulesArns=[made["RuleArn"], "arn:gone"])
    assert (answer["Rules"][0]["Criteria"], answer["Rules"][0]["Actions"]) == (LOW, UPDATE)
    assert answer["UnprocessedAutomationRules"][0]["RuleArn"] == "arn:gone"
    gone = await hub.batch_delete_automation_rules(AutomationRulesArns=[made["RuleArn"]])
    assert gone["ProcessedAutomationRules"] == [made["RuleArn"]]
    with pytest.raises(ClientError) as failed:
        await hub.batch_get_automation_rules(AutomationRulesArns=[made["RuleArn"]])
    assert (code(failed), apis.violations) == ("ResourceNotFoundException", [])


async def test_a_v2_rule_is_made_listed_read_by_either_name_and_deleted(apis: ApiServer, hub: Any) -> None:
    made = await hub.create_automation_rule_v2(
        RuleName="hush", Description="d", RuleOrder=1.5, Criteria=OCSF, Actions=UPDATE_V2
    )
    (listed,) = (await hub.list_automation_rules_v2())["Rules"]
    assert (listed["RuleId"], listed["Actions"]) == (made["RuleId"], [{"Type": "FINDING_FIELDS_UPDATE"}])
    for name in (made["RuleArn"], made["RuleId"]):
        rule = await hub.get_automation_rule_v2(Identifier=name)
        assert (rule["Criteria"], rule["Actions"]) == (OCSF, UPDATE_V2)
    await hub.delete_automation_rule_v2(Identifier=made["RuleArn"])
    with pytest.raises(ClientError) as failed:
        await hub.get_automation_rule_v2(Identifier=made["RuleArn"])
    assert (code(failed), apis.violations) == ("ResourceNotFoundException", [])


async def test_rules_come_in_pages_and_belong_to_an_account_and_a_region(apis: ApiServer, hub: Any) -> None:
    for number in range(3):
        apis.hub.automate(REGION, f"r{number}")
        apis.hub.automate(REGION, f"v{number}", v2=True)
    apis.hub.automate("us-east-1", "elsewhere")
    apis.hub.automation.seed("420000000002", REGION, "another's", v2=True)
    apis.hub.automation.page_size = 2
    for listed, member in (
        (hub.list_automation_rules, "AutomationRulesMetadata"),
        (hub.list_automation_rules_v2, "Rules"),
    ):
        first = await listed()
        rest = await listed(NextToken=first["NextToken"])
        assert (len(first[member]), len(rest[member]), "NextToken" in rest) == (2, 1, False)
    assert apis.violations == []


async def test_a_token_of_another_list_is_refused(apis: ApiServer, hub: Any) -> None:
    for listed, refused in ((hub.list_automation_rules, "InvalidInput"), (hub.list_automation_rules_v2, "Validation")):
        with pytest.raises(ClientError) as failed:
            await listed(NextToken="x")
        assert code(failed) == f"{refused}Exception"
    assert apis.violations == []


async def test_where_security_hub_is_off_nothing_is_listed(apis: ApiServer, hub: Any) -> None:
    assert (await hub.describe_security_hub_v2())["HubV2Arn"]
    apis.hub.automation.off.add(REGION)
    apis.hub.automation.off_v2.add(REGION)
    for call, refused in (
        (hub.list_automation_rules, "InvalidAccess"),
        (hub.list_automation_rules_v2, "AccessDenied"),
        (hub.describe_security_hub_v2, "ResourceNotFound"),
    ):
        with pytest.raises(ClientError) as failed:
            await call()
        assert code(failed) == f"{refused}Exception"
    assert apis.violations == []


async def test_a_rule_that_does_not_fit_the_model_is_refused(apis: ApiServer, hub: Any) -> None:
    hushed = [{"Type": "FINDING_FIELDS_UPDATE", "FindingFieldsUpdate": {"Workflow": {"Status": "QUIET"}}}]
    with pytest.raises(ClientError) as failed:
        await hub.create_automation_rule(RuleName="r", Description="d", RuleOrder=1, Criteria={}, Actions=hushed)
    assert code(failed) == "InvalidInputException"
    assert "QUIET" in apis.violations[0]
