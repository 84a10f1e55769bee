"""Rules of others in words: what a rule takes and does on one line, and why it is a broad one.

The line is made so that two rules have the same one exactly when they mean the same: what has no order is sorted, what is empty is left
out, and a value that could be taken for the grammar is quoted. Pure; it does not judge whether a rule is right.

A rule is narrow when it names a resource (or a finding), or one kind of finding in one account; only equality names something, because a
prefix or a wildcard may take everything. Every other rule is broad, and `broad` says why.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

Named: TypeAlias = Mapping[str, frozenset[str]]
"""Field -> the values that it has to equal."""

MOST = 1_200  # characters of a line; the digest at the end of a longer one stands for the rest
_PLAIN = re.compile(r"[A-Za-z0-9_.:/*@+-]+")

# From: Security Hub API Reference, StringFilter.Comparison and MapFilter.Comparison
_COMPARED = {
    "EQUALS": "=",
    "NOT_EQUALS": "!=",
    "PREFIX": "^=",
    "PREFIX_NOT_EQUALS": "!^=",
    "CONTAINS": "~",
    "NOT_CONTAINS": "!~",
    "CONTAINS_WORD": "~~",
}
# From: GuardDuty API Reference, Condition: each operator under its old and its new name
_CONDITIONS = {
    "Eq": "=",
    "Equals": "=",
    "Neq": "!=",
    "NotEquals": "!=",
    "Gt": ">",
    "GreaterThan": ">",
    "Gte": ">=",
    "GreaterThanOrEqual": ">=",
    "Lt": "<",
    "LessThan": "<",
    "Lte": "<=",
    "LessThanOrEqual": "<=",
    "Matches": "~",
    "NotMatches": "!~",
}


@dataclass(frozen=True, slots=True)
class Fields:
    """Which fields of a service name a resource (or a finding), an account, a kind of finding, and a severity."""

    resources: frozenset[str]
    accounts: frozenset[str]
    kinds: frozenset[str]
    severities: frozenset[str]


# From: Security Hub API Reference, AutomationRulesFindingFilters
CSPM = Fields(
    frozenset({"Id", "ResourceId"}),
    frozenset({"AwsAccountId", "AwsAccountName", "ResourceOwnerAccountId"}),
    frozenset({"Type", "GeneratorId", "Title", "ComplianceSecurityControlId"}),
    frozenset({"SeverityLabel"}),
)
# From: Security Hub API Reference, OcsfStringFilter.FieldName and OcsfNumberFilter.FieldName
V2 = Fields(
    frozenset({"metadata.uid", "finding_info.uid", "resources.uid"}),
    frozenset(
        {"cloud.account.uid", "cloud.account.name", "resources.owner.account.uid", "resources.owner.account.name"}
    ),
    frozenset({"finding_info.types", "finding_info.title", "compliance.control", "vulnerabilities.cve.uid"}),
    frozenset({"severity", "severity_id", "vendor_attributes.severity", "vendor_attributes.severity_id"}),
)
# From: GuardDuty API Reference, CreateFilter.FindingCriteria
GUARD = Fields(
    frozenset(
        {
            "id",
            "arn",
            "resource.accessKeyDetails.accessKeyId",
            "resource.accessKeyDetails.principalId",
            "resource.accessKeyDetails.userName",
            "resource.ecsClusterDetails.arn",
            "resource.ecsClusterDetails.name",
            "resource.eksClusterDetails.arn",
            "resource.eksClusterDetails.name",
            "resource.instanceDetails.instanceId",
            "resource.lambdaDetails.functionArn",
            "resource.lambdaDetails.functionName",
            "resource.rdsDbInstanceDetails.dbInstanceArn",
            "resource.rdsDbInstanceDetails.dbInstanceIdentifier",
            "resource.s3BucketDetails.arn",
            "resource.s3BucketDetails.name",
        }
    ),
    frozenset({"accountId"}),
    frozenset({"type"}),
    frozenset({"severity"}),
)


def broad(fields: Fields, named: Named, mentioned: Iterable[str]) -> str:
    """Why a rule is broad, as a clause; empty when it is narrow.

    Args:
        named: what its criteria demand to be equal.
        mentioned: every field that they look at.
    """
    if fields.resources & named.keys():
        return ""
    accounts = min((len(named[key]) for key in fields.accounts & named.keys()), default=0)
    kinds = min((len(named[key]) for key in fields.kinds & named.keys()), default=0)
    if accounts == 1 and kinds == 1:
        return ""
    reasons = [
        "it names no account and no resource"
        if not accounts
        else "it names neither a resource nor one kind of finding in one account"
    ]
    if kinds != 1 and not fields.severities & set(mentioned):
        reasons.append("it suppresses every severity")
    return ", and ".join(reasons)


def line(criteria: str, action: str) -> str:
    """What a rule takes and does. A text of more than MOST characters is cut, and a digest of all of it put at the end."""
    text = f"{criteria or 'everything'} -> {action}"
    if len(text) <= MOST:
        return text
    return f"{text[:MOST]}... #{hashlib.blake2b(text.encode(), digest_size=8).hexdigest()}"


def shown(value: Any) -> str:
    """Criteria or an action on one line, without order."""
    if isinstance(value, Mapping):
        if "FieldName" in value:
            return f"{value['FieldName']}{_filter(value.get('Filter', {}))}"
        return _filter(value) if "Comparison" in value else " ".join(_members(value))
    if isinstance(value, list | tuple):
        return ("|" if all(_compares(one) for one in value) else ", ").join(sorted({shown(one) for one in value}))
    return quoted(value)


def _filter(value: Mapping[str, Any]) -> str:
    """A filter that compares, or one with bounds."""
    if "Comparison" not in value:
        return f"({' '.join(_members(value))})"
    key = quoted(value["Key"]) if "Key" in value else ""
    return f"{key}{_COMPARED.get(str(value['Comparison']), str(value['Comparison']))}{quoted(value.get('Value', ''))}"


def _members(value: Mapping[str, Any]) -> list[str]:
    return sorted(_member(str(key), item) for key, item in value.items() if not _empty(item))


def _empty(value: Any) -> bool:
    """Whether it says nothing; a filter that is there does, whatever it compares with."""
    if isinstance(value, Mapping):
        return all(_empty(item) for item in value.values())
    if isinstance(value, list | tuple):
        return all(_empty(one) for one in value)
    return value is None


def _member(key: str, value: Any) -> str:
    text = shown(value)
    if not isinstance(value, list | tuple | Mapping):
        return f"{key}={text}"
    plain = isinstance(value, list | tuple) and all(_compares(one) for one in value)
    return f"{key}{text}" if plain else f"{key}({text})"


def _compares(value: Any) -> bool:
    return isinstance(value, Mapping) and "Comparison" in value and "Key" not in value


def conditions(criterion: Mapping[str, Mapping[str, Any]]) -> str:
    """GuardDuty's criteria on one line: `accountId=42 severity<4`. Old and new names of an operator are one."""
    return " ".join(f"{key}{sign}{text}" for key in sorted(criterion) for sign, text in _signed(criterion[key]))


def _signed(condition: Mapping[str, Any]) -> list[tuple[str, str]]:
    values: dict[str, set[str]] = {}
    for operator, value in condition.items():
        many = value if isinstance(value, list) else [value]
        values.setdefault(_CONDITIONS.get(operator, operator), set()).update(quoted(one) for one in many)
    return [(sign, "|".join(sorted(texts))) for sign, texts in sorted(values.items()) if texts]


def quoted(value: Any) -> str:
    """A value as it is when it is one plain word, else in quotes with its control characters escaped."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = str(value)
    return text if _PLAIN.fullmatch(text) else json.dumps(text)


# --- what criteria name ---------------------------------------------------------------------------------------------------------


def cspm_named(criteria: Mapping[str, Sequence[Mapping[str, Any]]]) -> Named:
    """What CSPM's criteria name. Within one attribute the positive comparisons are ORed, so all of them have to be equality."""
    named: dict[str, frozenset[str]] = {}
    for key, filters in criteria.items():
        positive = [one for one in filters if "NOT" not in str(one.get("Comparison", "NOT"))]
        if positive and all(one["Comparison"] == "EQUALS" for one in positive):
            named[key] = frozenset(str(one["Value"]) for one in positive)
    return named


def v2_named(filters: Mapping[str, Any]) -> Named:
    """What V2's criteria name."""
    parts = [_composite_named(one) for one in filters.get("CompositeFilters", ())]
    return _joined(parts, str(filters.get("CompositeOperator", "AND")))


def _composite_named(composite: Mapping[str, Any]) -> Named:
    parts = [_string_named(one) for one in composite.get("StringFilters", ())]
    parts += [_composite_named(one) for one in composite.get("NestedCompositeFilters", ())]
    # Filters of other kinds name nothing; in an OR they take more.
    others = ("DateFilters", "BooleanFilters", "NumberFilters", "MapFilters", "IpFilters")
    parts += [{} for kind in others for _ in composite.get(kind, ())]
    return _joined(parts, str(composite.get("Operator", "AND")))


def _string_named(one: Mapping[str, Any]) -> Named:
    equal = one["Filter"].get("Comparison") == "EQUALS"
    return {str(one["FieldName"]): frozenset({str(one["Filter"].get("Value", ""))})} if equal else {}


def _joined(parts: Sequence[Named], operator: str) -> Named:
    """An AND names what any part names, an OR only what all of them do."""
    keys = {key for part in parts for key in part}
    if operator == "OR":
        keys = {key for key in keys if all(key in part for part in parts)}
    return {key: frozenset().union(*(part.get(key, frozenset()) for part in parts)) for key in keys}


def v2_mentioned(filters: Any) -> frozenset[str]:
    """Every field that V2's criteria look at."""
    if isinstance(filters, Mapping):
        own = frozenset({str(filters["FieldName"])}) if "FieldName" in filters else frozenset()
        return own.union(*(v2_mentioned(one) for one in filters.values()))
    if isinstance(filters, list | tuple):
        return frozenset().union(*(v2_mentioned(one) for one in filters))
    return frozenset()


def guard_named(criterion: Mapping[str, Mapping[str, Any]]) -> Named:
    """What GuardDuty's criteria name."""
    equal = {key: [*one.get("Equals", ()), *one.get("Eq", ())] for key, one in criterion.items()}
    return {key: frozenset(map(str, values)) for key, values in equal.items() if values}
