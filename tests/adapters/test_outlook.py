"""What else hides findings: analyzers, automation rules and filters are read, and who made them, on good days and on bad ones."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from bot.adapters.aws import AccessDenied
from bot.adapters.hiding import AwsOutlook
from bot.domain.drift import Rule
from bot.errors import RateLimited, TemporaryError
from sandbox.aws.apis import ApiServer
from sandbox.aws.rest import Caller
from sandbox.slack.clock import ManualClock

ACCOUNT, OTHER, REGION = "420000000001", "420000000002", "eu-west-1"
EVE = "arn:aws:iam::420000000001:user/eve"
ONE_TRY = AioConfig(retries={"max_attempts": 0}, connect_timeout=5, read_timeout=5)


def equal(*values: str) -> list[dict[str, str]]:
    return [{"Value": value, "Comparison": "EQUALS"} for value in values]


def ocsf(field: str, value: str, comparison: str = "EQUALS") -> dict[str, Any]:
    return {"FieldName": field, "Filter": {"Value": value, "Comparison": comparison}}


def composites(*filters: dict[str, Any], operator: str = "AND") -> dict[str, Any]:
    return {"OcsfFindingCriteria": {"CompositeFilters": [{"StringFilters": list(filters), "Operator": operator}]}}


@pytest.fixture
def outlook(apis: ApiServer) -> AwsOutlook:
    return AwsOutlook(ACCOUNT, limit_s=10.0, config=ONE_TRY)


# --- analyzers ------------------------------------------------------------------------------------------------------------------


async def test_active_analyzers_of_all_pages_are_listed(apis: ApiServer, outlook: AwsOutlook) -> None:
    apis.analyzer.page_size = 2
    arns = [apis.analyzer.create(f"a{n}", ACCOUNT, REGION) for n in range(5)]
    apis.analyzer.create("theirs", OTHER, REGION)
    apis.analyzer.create("elsewhere", ACCOUNT, "us-east-1")
    apis.analyzer.analyzers[arns[1]].status = "DISABLED"
    assert await outlook.analyzers(REGION) == [arns[0], *arns[2:]]
    assert len(apis.calls("ListAnalyzers")) == 3


# --- Security Hub ---------------------------------------------------------------------------------------------------------------


async def test_rules_of_both_kinds_that_suppress_are_shown_in_full(
    apis: ApiServer, outlook: AwsOutlook, clock: ManualClock
) -> None:
    criteria = {
        "SeverityLabel": equal("MEDIUM", "LOW"),
        "ResourceTags": [{"Key": "team", "Value": "a b", "Comparison": "EQUALS"}],
    }
    cspm = apis.hub.automate(REGION, "hush", criteria=criteria)
    v2 = apis.hub.automate(
        REGION, "hush2", v2=True, criteria=composites(ocsf("severity", "Low"), ocsf("class_name", "X", "PREFIX"))
    )
    when = datetime.fromtimestamp(clock.now(), UTC).isoformat()
    assert await outlook.hub_rules(REGION) == [
        Rule(
            service="securityhub",
            place=REGION,
            id=cspm,
            name="hush",
            what='ResourceTags(team="a b") SeverityLabel=LOW|=MEDIUM -> Workflow(Status=SUPPRESSED)',
            broad="it names no account and no resource",
            updated=when,
        ),
        Rule(
            service="securityhub_v2",
            place=REGION,
            id=v2,
            name="hush2",
            what="OcsfFindingCriteria(CompositeFilters(Operator=AND StringFilters(class_name^=X, severity=Low))) -> StatusId=3",
            broad="it names no account and no resource",
            updated=when,
        ),
    ]


QUIET = [
    ("it is switched off", {"status": "DISABLED"}),
    ("it raises a severity", {"update": {"Severity": {"Label": "HIGH"}}}),
    ("it says that somebody was told", {"update": {"Workflow": {"Status": "NOTIFIED"}}}),
    ("V2: it is switched off", {"status": "DISABLED", "v2": True}),
    ("V2: it says that somebody works on it", {"update": {"StatusId": 2}, "v2": True}),
    ("V2: it only comments", {"update": {"Comment": "seen"}, "v2": True}),
]


@pytest.mark.parametrize(("why", "facts"), QUIET, ids=[row[0] for row in QUIET])
async def test_a_rule_that_hides_nothing_is_left_out(
    apis: ApiServer, outlook: AwsOutlook, why: str, facts: dict[str, Any]
) -> None:
    apis.hub.automate(REGION, "r", **facts)
    assert await outlook.hub_rules(REGION) == [], why


@pytest.mark.parametrize(
    "facts",
    [
        {"update": {"Workflow": {"Status": "RESOLVED"}}},
        {"update": {"StatusId": 4}, "v2": True},
        {"update": {"StatusId": 5, "Comment": "away"}, "v2": True},
    ],
)
async def test_a_rule_that_resolves_or_archives_hides_too(
    apis: ApiServer, outlook: AwsOutlook, facts: dict[str, Any]
) -> None:
    apis.hub.automate(REGION, "r", **facts)
    assert len(await outlook.hub_rules(REGION)) == 1


async def test_rules_of_all_pages_are_read_a_hundred_at_a_time(apis: ApiServer, outlook: AwsOutlook) -> None:
    apis.hub.automation.page_size = 50
    for number in range(120):
        apis.hub.automate(REGION, f"r{number}")
    for number in range(60):
        apis.hub.automate(REGION, f"v{number}", v2=True)
    assert len(await outlook.hub_rules(REGION)) == 180
    assert [len(call.params["AutomationRulesArns"]) for call in apis.calls("BatchGetAutomationRules")] == [100, 20]
    assert len(apis.calls("ListAutomationRulesV2")) == 2


async def test_where_security_hub_is_off_nothing_hides(apis: ApiServer, outlook: AwsOutlook) -> None:
    v2 = apis.hub.automate(REGION, "hush2", v2=True)
    apis.hub.automation.off.add(REGION)
    assert [rule.id for rule in await outlook.hub_rules(REGION)] == [v2]
    apis.hub.automation.off_v2.add(REGION)
    assert await outlook.hub_rules(REGION) == []


@pytest.mark.parametrize(
    "operation", ["ListAutomationRules", "BatchGetAutomationRules", "ListAutomationRulesV2", "GetAutomationRuleV2"]
)
@pytest.mark.parametrize(
    ("kind", "error"), [("access_denied", AccessDenied), ("throttling", RateLimited), ("500", TemporaryError)]
)
async def test_rules_that_could_not_be_read_are_not_said_to_be_none(
    apis: ApiServer, outlook: AwsOutlook, operation: str, kind: str, error: type[Exception]
) -> None:
    apis.hub.automate(REGION, "r")
    apis.hub.automate(REGION, "v", v2=True)
    apis.fail(operation, kind=kind)
    with pytest.raises(error):
        await outlook.hub_rules(REGION)


async def test_a_v2_list_that_is_denied_is_not_taken_for_off_when_nobody_can_say(
    apis: ApiServer, outlook: AwsOutlook
) -> None:
    for operation in ("ListAutomationRulesV2", "DescribeSecurityHubV2"):
        apis.fail(operation, kind="access_denied")
    with pytest.raises(AccessDenied, match="ListAutomationRulesV2"):
        await outlook.hub_rules(REGION)


async def test_a_rule_that_is_deleted_while_it_is_read_is_left_out(
    apis: ApiServer, outlook: AwsOutlook, monkeypatch: pytest.MonkeyPatch
) -> None:
    listed = {}
    for v2, name in ((False, "ListAutomationRules"), (True, "ListAutomationRulesV2")):
        gone, kept = (apis.hub.automate(REGION, n, v2=v2) for n in ("gone", "kept"))
        listed[v2] = kept
        shown = apis.hub.operations[name](Caller(ACCOUNT, REGION), {})
        monkeypatch.setitem(apis.hub.operations, name, lambda _caller, _params, shown=shown: shown)
        del apis.hub.automation.rules[gone]
    assert [rule.id for rule in await outlook.hub_rules(REGION)] == [listed[False], listed[True]]
    del apis.hub.automation.rules[listed[False]]
    assert [rule.id for rule in await outlook.hub_rules(REGION)] == [listed[True]]


async def test_a_rule_that_security_hub_does_not_show_is_not_left_out(apis: ApiServer, outlook: AwsOutlook) -> None:
    apis.hub.automation.refuse[apis.hub.automate(REGION, "r")] = (500, "Internal failure.")
    apis.hub.automate(REGION, "s")
    with pytest.raises(TemporaryError):
        await outlook.hub_rules(REGION)


# --- GuardDuty ------------------------------------------------------------------------------------------------------------------


async def test_filters_that_archive_are_shown_in_full(apis: ApiServer, outlook: AwsOutlook) -> None:
    detector = apis.guard.create(ACCOUNT, REGION)
    criterion = {"severity": {"LessThan": 4, "Lt": 4}, "type": {"Equals": ["B", "A"], "Eq": ["A", "B"]}}
    apis.guard.seed_filter(detector, "hush", FindingCriteria={"Criterion": criterion})
    apis.guard.seed_filter(detector, "look", Action="NOOP")
    assert await outlook.guard_filters(REGION) == [
        Rule(
            service="guardduty",
            place=REGION,
            id="hush",
            name="hush",
            what="severity<4 type=A|B -> ARCHIVE",
            broad="it names no account and no resource",
        )
    ]


async def test_filters_of_all_pages_are_read(apis: ApiServer, outlook: AwsOutlook) -> None:
    detector = apis.guard.create(ACCOUNT, REGION)
    apis.guard.page_size = 2
    for number in range(5):
        apis.guard.seed_filter(detector, f"filter{number}")
    found = await outlook.guard_filters(REGION)
    assert [(rule.name, rule.what) for rule in found] == [(f"filter{n}", "everything -> ARCHIVE") for n in range(5)]


async def test_where_there_is_no_detector_nothing_hides(apis: ApiServer, outlook: AwsOutlook) -> None:
    apis.guard.create(OTHER, REGION)
    assert await outlook.guard_filters(REGION) == []


async def test_filters_that_may_not_be_read_are_not_said_to_be_none(apis: ApiServer, outlook: AwsOutlook) -> None:
    apis.guard.create(ACCOUNT, REGION)
    apis.fail("ListFilters", kind="access_denied")
    with pytest.raises(AccessDenied):
        await outlook.guard_filters(REGION)


# --- who ------------------------------------------------------------------------------------------------------------------------


def archive_rule(name: str = "hush", account: str = ACCOUNT, analyzer: str = "external") -> Rule:
    place = f"arn:aws:access-analyzer:{REGION}:{account}:analyzer/{analyzer}"
    return Rule(service="access_analyzer", place=place, id=name, name=name, what="")


def seed(apis: ApiServer, name: str, age: float, user: str = EVE, **detail: Any) -> None:
    source = detail.pop("source", "access-analyzer.amazonaws.com")
    at = apis.trail._clock.now() - age
    apis.trail.seed(ACCOUNT, REGION, name, source=source, user=user, at=at, detail=detail)


def asked(**parameters: Any) -> dict[str, Any]:
    return {"requestParameters": parameters}


async def test_the_newest_call_for_a_rule_is_found(apis: ApiServer, outlook: AwsOutlook, clock: ManualClock) -> None:
    named = asked(analyzerName="external", ruleName="hush")
    seed(apis, "CreateArchiveRule", 300, "arn:old", **named)
    seed(apis, "UpdateArchiveRule", 200, **named)
    seed(apis, "UpdateArchiveRule", 100, "arn:another", **asked(analyzerName="external", ruleName="other"))
    found = await outlook.who(REGION, archive_rule(), ["CreateArchiveRule", "UpdateArchiveRule"])
    assert found is not None
    assert (found.who, found.did, found.at.timestamp()) == (EVE, "UpdateArchiveRule", pytest.approx(clock.now() - 200))
    assert found.at.tzinfo is UTC


STRANGERS = [
    ("another rule", asked(analyzerName="external", ruleName="hush2")),
    ("a rule of that name at another analyzer", asked(analyzerName="internal", ruleName="hush")),
    ("a call that was refused", {**asked(analyzerName="external", ruleName="hush"), "errorCode": "AccessDenied"}),
    ("another service", {**asked(ruleName="hush"), "source": "inspector2.amazonaws.com"}),
    ("no parameters", {"requestParameters": None}),
    ("the name as a value of something else", asked(analyzerName="external", ruleName="x", filter={"error": "hush"})),
]


@pytest.mark.parametrize(("why", "detail"), STRANGERS, ids=[row[0] for row in STRANGERS])
async def test_nobody_is_named_for_what_they_did_not_do(
    apis: ApiServer, outlook: AwsOutlook, why: str, detail: dict[str, Any]
) -> None:
    seed(apis, "CreateArchiveRule", 1, **detail)
    assert await outlook.who(REGION, archive_rule(), ["CreateArchiveRule"]) is None, why


async def test_an_event_that_is_no_json_is_passed_over(apis: ApiServer, outlook: AwsOutlook) -> None:
    for text in ("{", "[]"):
        seed(apis, "CreateArchiveRule", 1)
        apis.trail._events[Caller(ACCOUNT, REGION)][-1]["CloudTrailEvent"] = text
    assert await outlook.who(REGION, archive_rule(), ["CreateArchiveRule"]) is None


async def test_an_automation_rule_is_told_by_its_id_and_not_by_its_name(apis: ApiServer, outlook: AwsOutlook) -> None:
    arn = "arn:aws:securityhub:eu-west-1:420000000001:automation-rulev2/7"
    rule = Rule(service="securityhub_v2", place=REGION, id=arn, name="hush", what="")
    hub = {"source": "securityhub.amazonaws.com", **asked(RuleName="hush")}
    seed(apis, "CreateAutomationRuleV2", 1, "arn:another", **hub, responseElements={"RuleArn": f"{arn}8"})
    seed(apis, "CreateAutomationRuleV2", 2, "arn:first", **hub, responseElements={"RuleArn": arn})
    seed(apis, "UpdateAutomationRuleV2", 1, **{**hub, **asked(Identifier="7")})
    made = await outlook.who(REGION, rule, ["CreateAutomationRuleV2"])
    changed = await outlook.who(REGION, rule, ["CreateAutomationRuleV2", "UpdateAutomationRuleV2"])
    assert made is not None
    assert changed is not None
    assert (made.who, changed.who) == ("arn:first", EVE)


async def test_two_hundred_events_at_most_are_read(apis: ApiServer, outlook: AwsOutlook) -> None:
    for number in range(250):
        seed(apis, "CreateArchiveRule", number, **asked(analyzerName="external", ruleName=f"r{number}"))
    names = ["CreateArchiveRule"]
    found = await outlook.who(REGION, archive_rule("r199"), names)
    assert found is not None
    assert len(apis.calls("LookupEvents")) == 4
    assert await outlook.who(REGION, archive_rule("r200"), names) is None
    assert len(apis.calls("LookupEvents")) == 8
    apis.log.clear()
    assert await outlook.who(REGION, archive_rule("r0"), [*names, *names]) is not None
    assert len(apis.calls("LookupEvents")) == 1


async def test_several_operations_share_the_two_hundred(apis: ApiServer, outlook: AwsOutlook) -> None:
    names = [f"Change{n}" for n in range(5)]
    for name in names:
        for number in range(60):
            seed(apis, name, number, **asked(ruleName="another"))
    assert await outlook.who(REGION, archive_rule(), names) is None
    assert [call.params["MaxResults"] for call in apis.calls("LookupEvents")] == [40] * 5
    assert await outlook.who(REGION, archive_rule(), []) is None


async def test_another_accounts_rule_is_not_looked_up_here(apis: ApiServer, outlook: AwsOutlook) -> None:
    seed(apis, "CreateArchiveRule", 1, **asked(analyzerName="external", ruleName="hush"))
    assert await outlook.who(REGION, archive_rule(account=OTHER), ["CreateArchiveRule"]) is None
    assert apis.calls() == []


@pytest.mark.parametrize(("kind", "error"), [("access_denied", AccessDenied), ("throttling", RateLimited)])
async def test_a_history_that_may_not_be_read_is_an_error(
    apis: ApiServer, outlook: AwsOutlook, kind: str, error: type[Exception]
) -> None:
    apis.fail("LookupEvents", kind=kind)
    with pytest.raises(error):
        await outlook.who(REGION, archive_rule(), ["CreateArchiveRule"])


async def test_rules_that_others_make_over_the_wire_are_seen_with_their_makers(
    apis: ApiServer, outlook: AwsOutlook
) -> None:
    detector = apis.guard.create(ACCOUNT, REGION)
    update = [{"Type": "FINDING_FIELDS_UPDATE", "FindingFieldsUpdate": {"Workflow": {"Status": "SUPPRESSED"}}}]
    facts = {"Description": "d", "RuleOrder": 1}
    update_v2 = [{"Type": "FINDING_FIELDS_UPDATE", "FindingFieldsUpdate": {"StatusId": 3}}]
    async with get_session().create_client("guardduty", region_name=REGION) as guard:
        await guard.create_filter(DetectorId=detector, Name="hush", Action="ARCHIVE", FindingCriteria={"Criterion": {}})
    async with get_session().create_client("securityhub", region_name=REGION) as hub:
        await hub.create_automation_rule(RuleName="hush", Criteria={}, Actions=update, **facts)
        await hub.create_automation_rule_v2(
            RuleName="hush", Criteria={"OcsfFindingCriteria": {}}, Actions=update_v2, **facts
        )
    rules = [*await outlook.guard_filters(REGION), *await outlook.hub_rules(REGION)]
    assert [rule.service for rule in rules] == ["guardduty", "securityhub", "securityhub_v2"]
    for rule, name in zip(rules, ("CreateFilter", "CreateAutomationRule", "CreateAutomationRuleV2"), strict=True):
        found = await outlook.who(REGION, rule, [name])
        assert found is not None, rule
        assert found.who.startswith(f"arn:aws:sts::{ACCOUNT}:assumed-role/")
