"""Security Hub's automation rules, CSPM's and V2's: made by others, listed and read in full.

Rules belong to an account and a Region. Only what lists, reads, makes and deletes them is here; a rule is never run, so that what hides a
finding in a test is what the test did.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from sandbox.aws.clock import Clock
from sandbox.aws.paging import BadToken, page
from sandbox.aws.refusals import Refusal
from sandbox.aws.rest import Caller, moment

Json: TypeAlias = dict[str, Any]
_LISTED = ("RuleArn", "RuleStatus", "RuleOrder", "RuleName", "Description", "IsTerminal", "CreatedAt", "UpdatedAt")
_LISTED_V2 = ("RuleArn", "RuleId", "RuleStatus", "RuleOrder", "RuleName", "Description", "CreatedAt", "UpdatedAt")
SUPPRESS: Json = {"Workflow": {"Status": "SUPPRESSED"}}
SUPPRESS_V2: Json = {"StatusId": 3}


@dataclass(slots=True)
class AutomationRule:
    """A rule with the members that its read in full shows."""

    place: Caller
    body: Json
    v2: bool

    @property
    def arn(self) -> str:
        """What the service names it by."""
        return str(self.body["RuleArn"])


class Automation:
    """All automation rules. `off` and `off_v2` hold the Regions in which Security Hub, or its V2, is not switched on."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.rules: dict[str, AutomationRule] = {}  # by ARN
        self.off: set[str] = set()
        self.off_v2: set[str] = set()
        self.refuse: dict[str, tuple[int, str]] = {}  # ARN -> (ErrorCode, ErrorMessage) of reads by CSPM
        self.page_size = 100
        self.operations: dict[str, Callable[[Caller, Json], Json]] = {
            "CreateAutomationRule": self._create,
            "ListAutomationRules": self._list,
            "BatchGetAutomationRules": self._get,
            "BatchDeleteAutomationRules": self._delete,
            "CreateAutomationRuleV2": self._create_v2,
            "ListAutomationRulesV2": self._list_v2,
            "GetAutomationRuleV2": self._get_v2,
            "DeleteAutomationRuleV2": self._delete_v2,
            "DescribeSecurityHubV2": self._describe_v2,
        }

    def seed(
        self,
        account: str,
        region: str,
        name: str,
        *,
        v2: bool = False,
        criteria: Json | None = None,
        update: Json | None = None,
        status: str = "ENABLED",
    ) -> str:
        """A rule that somebody made; returns its ARN.

        Args:
            criteria: `Criteria` of the model; none: every finding.
            update: `FindingFieldsUpdate` of its action; it suppresses unless told otherwise.
        """
        update = update or (SUPPRESS_V2 if v2 else SUPPRESS)
        given: Json = {"RuleName": name, "Description": name, "RuleOrder": 1.0 if v2 else 1, "RuleStatus": status}
        given |= {
            "Criteria": criteria or ({"OcsfFindingCriteria": {}} if v2 else {}),
            "Actions": [{"Type": "FINDING_FIELDS_UPDATE", "FindingFieldsUpdate": update}],
        }
        return self._made(Caller(account, region), given, v2=v2).arn

    def _made(self, place: Caller, given: Json, *, v2: bool) -> AutomationRule:
        id, now = str(uuid.uuid4()), moment(self._clock.now())
        kind = "automation-rulev2" if v2 else "automation-rule"
        body = {"RuleStatus": "ENABLED", **given, "CreatedAt": now, "UpdatedAt": now}
        body["RuleArn"] = f"arn:aws:securityhub:{place.region}:{place.account}:{kind}/{id}"
        body |= {"RuleId": id} if v2 else {}
        rule = AutomationRule(
            place, {key: item for key, item in body.items() if key not in {"Tags", "ClientToken"}}, v2
        )
        self.rules[rule.arn] = rule
        return rule

    # --- CSPM ---

    def _create(self, caller: Caller, params: Json) -> Json:
        self._demand_on(caller)
        return {"RuleArn": self._made(caller, {"IsTerminal": False, **params}, v2=False).arn}

    def _list(self, caller: Caller, params: Json) -> Json:
        self._demand_on(caller)
        return self._page("AutomationRulesMetadata", _some(self._of(caller, v2=False), _LISTED), params)

    def _get(self, caller: Caller, params: Json) -> Json:
        self._demand_on(caller)
        found, missed = self._named(caller, params)
        return {"Rules": [rule.body for rule in found], "UnprocessedAutomationRules": missed}

    def _delete(self, caller: Caller, params: Json) -> Json:
        self._demand_on(caller)
        found, missed = self._named(caller, params)
        for rule in found:
            del self.rules[rule.arn]
        return {"ProcessedAutomationRules": [rule.arn for rule in found], "UnprocessedAutomationRules": missed}

    def _named(self, caller: Caller, params: Json) -> tuple[list[AutomationRule], list[Json]]:
        known = {rule.arn: rule for rule in self._of(caller, v2=False)}
        wanted = params["AutomationRulesArns"]
        if not set(wanted) & set(known):  # our reading of the operation's ResourceNotFoundException
            raise Refusal("ResourceNotFoundException", "There is no such automation rule.")
        missed = {arn: (404, "There is no such automation rule.") for arn in wanted if arn not in known} | {
            arn: error for arn, error in self.refuse.items() if arn in wanted
        }
        shown = [{"RuleArn": arn, "ErrorCode": code, "ErrorMessage": text} for arn, (code, text) in missed.items()]
        return [known[arn] for arn in wanted if arn not in missed], shown

    def _demand_on(self, caller: Caller) -> None:
        if caller.region in self.off:
            raise Refusal("InvalidAccessException", f"Account {caller.account} is not subscribed to Security Hub.")

    # --- V2 ---

    def _create_v2(self, caller: Caller, params: Json) -> Json:
        self._demand_on_v2(caller)
        rule = self._made(caller, params, v2=True)
        return {"RuleArn": rule.arn, "RuleId": rule.body["RuleId"]}

    def _list_v2(self, caller: Caller, params: Json) -> Json:
        self._demand_on_v2(caller)
        return self._page("Rules", _some(self._of(caller, v2=True), _LISTED_V2), params)

    def _get_v2(self, caller: Caller, params: Json) -> Json:
        return self._one_v2(caller, params).body

    def _delete_v2(self, caller: Caller, params: Json) -> Json:
        del self.rules[self._one_v2(caller, params).arn]
        return {}

    def _one_v2(self, caller: Caller, params: Json) -> AutomationRule:
        self._demand_on_v2(caller)
        wanted = str(params["Identifier"])
        for rule in self._of(caller, v2=True):
            if wanted in (rule.arn, rule.body["RuleId"]):
                return rule
        raise Refusal("ResourceNotFoundException", "There is no such automation rule.")

    def _describe_v2(self, caller: Caller, params: Json) -> Json:
        del params
        if caller.region in self.off_v2:
            raise Refusal("ResourceNotFoundException", "Security Hub is not enabled.")
        return {"HubV2Arn": f"arn:aws:securityhub:{caller.region}:{caller.account}:hubv2/one", "SubscribedAt": "-"}

    def _demand_on_v2(self, caller: Caller) -> None:
        if caller.region in self.off_v2:  # our reading: AWS publishes no error of these operations for it
            raise Refusal("AccessDeniedException", "Security Hub is not enabled.")

    # --- both ---

    def _of(self, caller: Caller, *, v2: bool) -> list[AutomationRule]:
        return [rule for rule in self.rules.values() if rule.place == caller and rule.v2 is v2]

    def _page(self, member: str, items: list[Json], params: Json) -> Json:
        try:
            size = min(int(params.get("MaxResults", self.page_size)), self.page_size)
            part, more = page(items, params.get("NextToken"), size)
        except BadToken as wrong:
            code = "ValidationException" if member == "Rules" else "InvalidInputException"
            raise Refusal(code, "The token is not one of this list.") from wrong
        return {member: part, **({"NextToken": more["token"]} if more else {})}


def _some(rules: Sequence[AutomationRule], members: tuple[str, ...]) -> list[Json]:
    """The rules as lists show them; V2's lists tell the type of their actions too."""
    shown = [{key: rule.body[key] for key in members if key in rule.body} for rule in rules]
    for one, rule in zip(shown, rules, strict=True):
        if rule.v2:
            one["Actions"] = [{"Type": action["Type"]} for action in rule.body["Actions"]]
    return shown
