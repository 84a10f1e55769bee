"""How IAM Access Analyzer's filters match: the grammar of archive rules and of lists, and which keys each may use.

A finding is, for a filter, a map of keys to texts. Criteria are ANDed, the values within one are ORed, and a key that a
finding lacks equals nothing. Values are not judged: AWS takes any. What AWS leaves unsaid is marked as our reading.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeAlias

from sandbox.aws.refusals import invalid

Fields: TypeAlias = Mapping[str, tuple[str, ...]]
Filter: TypeAlias = Mapping[str, Mapping[str, Any]]

# From: IAM User Guide, "IAM Access Analyzer filter keys": what an archive rule may name.
RULE_KEYS = frozenset(
    {
        "resource",
        "resourceType",
        "resourceOwnerAccount",
        "isPublic",
        "findingType",
        "resourceControlPolicyRestriction",
        "serviceControlPolicyRestriction",
        "accessType",
        "principalType",
        "principalOwnerAccount",
        "error",
    }
)
RULE_PREFIXES = ("principal.", "condition.")
LIST_KEYS = RULE_KEYS | {"id", "status"}  # From: the same page: these two serve lists only
VALUES = 20  # From: IAM User Guide, "IAM Access Analyzer quotas": values for one criterion


def check(filter: Filter, keys: frozenset[str]) -> None:
    """Raises a ValidationException for a key, a criterion or a number of values that AWS does not take."""
    for key, criterion in filter.items():
        if key not in keys and not key.startswith(RULE_PREFIXES):
            raise invalid(f"The filter key {key} cannot be used here.")
        if not criterion:
            raise invalid(f"The criterion of {key} has no operator.")  # our reading: an empty one means nothing
        for operator in ("eq", "neq", "contains"):
            if operator in criterion and not 1 <= len(criterion[operator]) <= VALUES:
                raise invalid(f"{key}.{operator} takes 1 to {VALUES} values.")


def check_rule(filter: Filter) -> None:
    """`check` for an archive rule, which must have a criterion (our reading: AWS's console demands one)."""
    if not filter:
        raise invalid("An archive rule needs a criterion.")
    check(filter, RULE_KEYS)


def matches(filter: Filter, fields: Fields) -> bool:
    """Whether the filter holds the finding; an empty one holds all."""
    return all(_meets(criterion, fields.get(key, ())) for key, criterion in filter.items())


def _meets(criterion: Mapping[str, Any], own: Sequence[str]) -> bool:
    tests: dict[str, Callable[[Any], bool]] = {
        "eq": lambda wanted: any(value in wanted for value in own),
        "neq": lambda unwanted: not any(value in unwanted for value in own),
        "contains": lambda parts: any(part in value for part in parts for value in own),
        "exists": lambda there: bool(own) == there,
    }
    return all(tests[operator](wanted) for operator, wanted in criterion.items())
