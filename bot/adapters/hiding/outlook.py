"""The Outlook port: what else hides findings in secbot's own account, and who made it. It reads and changes nothing.

Security Hub's automation rules and GuardDuty's filters count when they are enabled and take a finding out of sight. A service that is not
switched on hides nothing and is no error; one that secbot may not look at is.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from bot.adapters.aws import AccessDenied, Api, Gone, SwitchedOff, Unknown
from bot.adapters.hiding import shown, trail
from bot.adapters.hiding.service import Service, batches
from bot.domain.drift import Maker, Rule
from bot.errors import SecbotError, TemporaryError

RULES_BATCH = 100  # From: Security Hub API Reference, BatchGetAutomationRules
# What takes a finding out of sight: CSPM's words, and V2's ids. From: Security Hub API Reference, WorkflowUpdate.Status; OCSF schema,
# status_id of the Findings category: suppressed, resolved, archived.
HIDING_WORDS, HIDING_IDS = frozenset({"SUPPRESSED", "RESOLVED"}), frozenset({3, 4, 5})
_GONE = 404  # UnprocessedAutomationRule.ErrorCode of a rule that was deleted meanwhile


class AwsOutlook(Service):
    """The Outlook port. `account` is the one that secbot's role belongs to; empty: STS is asked once, if it matters."""

    async def analyzers(self, region: str) -> Sequence[str]:
        """See the port."""
        async with self._api("accessanalyzer", region) as access:
            found = await access.every("list_analyzers", "analyzers")
        return [str(one["arn"]) for one in found if one["status"] == "ACTIVE"]

    async def hub_rules(self, region: str) -> Sequence[Rule]:
        """See the port. Rules that set SUPPRESSED or RESOLVED (V2: archived too).

        Raises:
            AccessDenied: secbot may not look at one of the two kinds.
        """
        async with self._api("securityhub", region) as hub:
            return [*await _cspm_rules(hub, region), *await _v2_rules(hub, region)]

    async def guard_filters(self, region: str) -> Sequence[Rule]:
        """See the port."""
        found: list[Rule] = []
        async with self._api("guardduty", region) as guard:
            for detector in await guard.every("list_detectors", "DetectorIds"):
                for name in await guard.every("list_filters", "FilterNames", DetectorId=detector):
                    filter = await guard.call("get_filter", DetectorId=detector, FilterName=name)
                    if filter["Action"] == "ARCHIVE":
                        found.append(_guard_rule(region, filter))
        return found

    async def who(self, region: str, rule: Rule, names: Sequence[str]) -> Maker | None:
        """See the port. The events of secbot's own account only, at most 200 of them, for which AWS takes two requests a second."""
        if rule.place.startswith("arn:") and rule.place.split(":")[4] != await self._own_account(region):
            return None  # a rule of ours with the same name is another one
        async with self._api("cloudtrail", region) as events:
            return await trail.last(events, rule, names)


# --- Security Hub, CSPM ---------------------------------------------------------------------------------------------------------


async def _cspm_rules(hub: Api, region: str) -> list[Rule]:
    try:
        listed = await hub.every("list_automation_rules", "AutomationRulesMetadata")
    except SwitchedOff:
        return []
    arns = [str(one["RuleArn"]) for one in listed if one.get("RuleStatus") == "ENABLED"]
    rules = [rule for batch in batches(arns, RULES_BATCH) for rule in await _read(hub, batch)]
    return [_cspm_rule(region, rule) for rule in rules if _hides(rule.get("Actions", ()), _hides_cspm)]


async def _read(hub: Api, arns: Sequence[str]) -> list[dict[str, Any]]:
    """The rules in full; one that was deleted meanwhile is left out. Raises TemporaryError when one cannot be read."""
    try:
        answer = await hub.call("batch_get_automation_rules", AutomationRulesArns=list(arns))
    except Gone:
        return [] if len(arns) == 1 else [rule for arn in arns for rule in await _read(hub, [arn])]
    if missed := [one for one in answer.get("UnprocessedAutomationRules", ()) if one.get("ErrorCode") != _GONE]:
        raise TemporaryError(
            f"Security Hub did not show {len(missed)} of its rules: {missed[0].get('ErrorMessage', '')}"
        )
    return list(answer.get("Rules", ()))


def _cspm_rule(region: str, raw: Mapping[str, Any]) -> Rule:
    criteria = raw.get("Criteria", {})
    return Rule(
        service="securityhub",
        place=region,
        id=str(raw["RuleArn"]),
        name=str(raw.get("RuleName", "")),
        what=shown.line(shown.shown(criteria), _action(raw)),
        broad=shown.broad(shown.CSPM, shown.cspm_named(criteria), criteria),
        updated=_time(raw),
    )


def _hides_cspm(update: Mapping[str, Any]) -> bool:
    return update.get("Workflow", {}).get("Status") in HIDING_WORDS


# --- Security Hub, V2 -----------------------------------------------------------------------------------------------------------


async def _v2_rules(hub: Api, region: str) -> list[Rule]:
    try:
        listed = await hub.every("list_automation_rules_v2", "Rules")
    except (AccessDenied, Unknown) as error:
        await _demand_on(hub, error)
        return []
    rules = [await _read_v2(hub, str(one["RuleArn"])) for one in listed if one.get("RuleStatus") == "ENABLED"]
    return [_v2_rule(region, rule) for rule in rules if _hides(rule.get("Actions", ()), _hides_v2)]


async def _demand_on(hub: Api, error: SecbotError) -> None:
    """Raises `error` unless V2 is off: AWS does not say how its operations then fail, but this one has an answer for it."""
    try:
        await hub.call("describe_security_hub_v2")
    except Gone:
        return
    except SecbotError:
        raise error from None
    raise error


async def _read_v2(hub: Api, arn: str) -> dict[str, Any]:
    """A rule in full; empty when it was deleted meanwhile."""
    try:
        return await hub.call("get_automation_rule_v2", Identifier=arn)
    except Gone:
        return {}


def _v2_rule(region: str, raw: Mapping[str, Any]) -> Rule:
    criteria = raw.get("Criteria", {})
    findings = criteria.get("OcsfFindingCriteria", {})
    return Rule(
        service="securityhub_v2",
        place=region,
        id=str(raw["RuleArn"]),
        name=str(raw.get("RuleName", "")),
        what=shown.line(shown.shown(criteria), _action(raw)),
        broad=shown.broad(shown.V2, shown.v2_named(findings), shown.v2_mentioned(findings)),
        updated=_time(raw),
    )


def _hides_v2(update: Mapping[str, Any]) -> bool:
    return update.get("StatusId") in HIDING_IDS


# --- both, and GuardDuty --------------------------------------------------------------------------------------------------------


def _hides(actions: Sequence[Mapping[str, Any]], hides: Any) -> bool:
    return any(hides(one.get("FindingFieldsUpdate") or {}) for one in actions)


def _action(raw: Mapping[str, Any]) -> str:
    return shown.shown([one.get("FindingFieldsUpdate") or {} for one in raw["Actions"]])


def _time(raw: Mapping[str, Any]) -> str:
    when = raw.get("UpdatedAt")
    return when.isoformat() if when is not None else ""


def _guard_rule(region: str, raw: Mapping[str, Any]) -> Rule:
    criterion = raw["FindingCriteria"].get("Criterion", {})
    return Rule(
        service="guardduty",
        place=region,
        id=str(raw["Name"]),
        name=str(raw["Name"]),
        what=shown.line(shown.conditions(criterion), "ARCHIVE"),
        broad=shown.broad(shown.GUARD, shown.guard_named(criterion), criterion),
        updated=_time(raw),
    )
