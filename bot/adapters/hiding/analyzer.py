"""The AnalyzerRules port on IAM Access Analyzer: its archive rules and the statuses of its findings.

It keeps AWS's limits of values and batches, and reaches an analyzer of another account only through a role that was named for that. It
does not decide what a rule holds.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any

from bot.adapters.aws import CONFIG, AccessDenied, Api, Conflict, Gone, Quota, Unknown, request_id
from bot.adapters.hiding.service import LIMIT_S, Service, batches
from bot.adapters.roles import Roles
from bot.errors import TemporaryError
from bot.ports.basics import Clock
from bot.ports.hiding import ArchiveRule, Filter

ANALYZER_BATCH = 100  # AWS names no bound for UpdateFindings; a page of its lists
ANALYZER_VALUES = 20  # From: IAM User Guide, "IAM Access Analyzer quotas": values for one criterion

_ARN = re.compile(r"arn:([a-z-]+):access-analyzer:([a-z0-9-]+):(\d{12}):analyzer/([A-Za-z0-9_.-]+)")


class AccessAnalyzerRules(Service):
    """The AnalyzerRules port.

    Rules are made by an analyzer's name, which another account may have as well; so an analyzer of another account is reached by a role
    of that account, and without one refused here before AWS could take the name for one of ours.

    Args:
        account: the one that secbot's role belongs to; empty: STS is asked once.
        role: the name of the role that other accounts have for secbot; empty: they are not reached.
        external_id: what that role's trust policy demands; empty: nothing.
    """

    def __init__(
        self,
        account: str = "",
        *,
        role: str = "",
        external_id: str = "",
        limit_s: float = LIMIT_S,
        config: Any = CONFIG,
        clock: Clock | None = None,
    ) -> None:
        super().__init__(account, limit_s=limit_s, config=config)
        self._role = role
        self._roles = Roles(external_id, limit_s=limit_s, config=config, session=self._session, clock=clock)

    async def findings(self, analyzer: str, filter: Filter, *, status: str = "") -> Mapping[str, str]:
        """See the port. A finding's id -> its status as lists show it, which may lag behind what was done."""
        wanted = _criteria(filter) | ({"status": {"eq": [status]}} if status else {})
        async with self._at(analyzer) as (access, _):
            found = await access.every("list_findings_v2", "findings", analyzerArn=analyzer, filter=wanted)
        return {str(one["id"]): str(one["status"]) for one in found}

    async def set_status(self, analyzer: str, ids: Sequence[str], status: str, *, who: str = "") -> str:
        """See the port; the request ids of all batches, comma-separated. A finding that is gone needs no status and is left out."""
        requests: list[str] = []
        async with self._at(analyzer, who) as (access, _):
            for batch in batches(tuple(dict.fromkeys(ids)), ANALYZER_BATCH):
                requests += await _update(access, analyzer, batch, status)
        return ",".join(filter(None, requests))

    async def rules(self, analyzer: str) -> Sequence[ArchiveRule]:
        """See the port. All pages, in AWS's order."""
        async with self._at(analyzer) as (access, name):
            found = await access.every("list_archive_rules", "archiveRules", analyzerName=name)
        return [_rule(one) for one in found]

    async def create_rule(self, analyzer: str, name: str, filter: Filter, *, token: str, who: str = "") -> str:
        """See the port.

        Raises:
            Quota: the analyzer has all the rules it can have, and none of this name.
            Conflict: a rule of this name has another filter.
        """
        wanted = _criteria(filter)
        async with self._at(analyzer, who) as (access, owner):
            try:
                answer = await access.call(
                    "create_archive_rule", analyzerName=owner, ruleName=name, filter=wanted, clientToken=token
                )
            except (Conflict, Quota) as error:
                answer = await _same_rule(access, owner, name, wanted, error)
        return request_id(answer)

    async def update_rule(self, analyzer: str, name: str, filter: Filter, *, token: str, who: str = "") -> str:
        """See the port. Raises Gone when there is no such rule."""
        wanted = _criteria(filter)
        async with self._at(analyzer, who) as (access, owner):
            return request_id(
                await access.call(
                    "update_archive_rule", analyzerName=owner, ruleName=name, filter=wanted, clientToken=token
                )
            )

    async def apply_rule(self, analyzer: str, name: str, *, token: str, who: str = "") -> str:
        """See the port. Raises Gone when there is no such rule. AWS does not tell what it archived."""
        async with self._at(analyzer, who) as (access, _):
            return request_id(
                await access.call("apply_archive_rule", analyzerArn=analyzer, ruleName=name, clientToken=token)
            )

    async def delete_rule(self, analyzer: str, name: str, *, token: str, who: str = "") -> str:
        """See the port. Un-archives nothing."""
        async with self._at(analyzer, who) as (access, owner):
            try:
                answer = await access.call("delete_archive_rule", analyzerName=owner, ruleName=name, clientToken=token)
            except Gone as gone:
                return gone.request_id
        return request_id(answer)

    @asynccontextmanager
    async def _at(self, analyzer: str, who: str = "") -> AsyncIterator[tuple[Api, str]]:
        """Access Analyzer in the analyzer's account and Region, and the analyzer's name. Raises AccessDenied for another account's that
        no role leads to."""
        hit = _ARN.fullmatch(analyzer)
        if hit is None:
            raise Unknown(f"{analyzer!r} is not the ARN of an analyzer.")
        partition, region, owner, name = hit.groups()
        ours = await self._own_account(region)
        if owner != ours and not self._role:
            raise AccessDenied(f"The analyzer belongs to account {owner}; secbot works in {ours}.")
        there = {"account": owner, "role": self._role, "who": who, "partition": partition}
        way = (
            self._api("accessanalyzer", region)
            if owner == ours
            else self._roles.api("accessanalyzer", region=region, **there)
        )
        async with way as access:
            yield access, name


async def _update(access: Api, analyzer: str, ids: Sequence[str], status: str) -> list[str]:
    """Set a batch's status; when one of it is gone, each by itself, so that the others have theirs."""
    try:
        return [request_id(await access.call("update_findings", analyzerArn=analyzer, ids=list(ids), status=status))]
    except Gone as gone:
        if len(ids) == 1:
            return [gone.request_id]
    return [one for id in ids for one in await _update(access, analyzer, [id], status)]


async def _same_rule(
    access: Api, analyzer: str, name: str, wanted: Mapping[str, Any], error: Conflict | Quota
) -> dict[str, Any]:
    """The answer that shows the rule as wanted. Raises `error` when it is another, TemporaryError when it does not show yet."""
    try:
        answer = await access.call("get_archive_rule", analyzerName=analyzer, ruleName=name)
    except Gone as gone:
        if isinstance(error, Quota):
            raise error from gone
        raise TemporaryError(f"The archive rule {name} is said to be there but does not show yet.") from gone
    if _comparable(answer["archiveRule"]["filter"]) != _comparable(wanted):
        raise error
    return answer


def _criteria(filter: Filter) -> dict[str, dict[str, Any]]:
    """A filter as AWS takes it. Raises Unknown over AWS's number of values, which its model does not name."""
    for key, criterion in filter.items():
        if any(len(values) > ANALYZER_VALUES for values in criterion.values()):
            raise Unknown(f"{key}: at most {ANALYZER_VALUES} values for one criterion.")
    return {key: {op: _values(op, values) for op, values in criterion.items()} for key, criterion in filter.items()}


def _values(operator: str, values: Sequence[str]) -> list[str] | bool:
    return list(values) == ["true"] if operator == "exists" else list(values)


def _rule(raw: Mapping[str, Any]) -> ArchiveRule:
    return ArchiveRule(
        name=str(raw["ruleName"]),
        filter={key: _read(criterion) for key, criterion in raw["filter"].items()},
        created=raw["createdAt"].isoformat(),
        updated=raw["updatedAt"].isoformat(),
    )


def _read(criterion: Mapping[str, Any]) -> dict[str, Sequence[str]]:
    return {op: (str(v).lower(),) if isinstance(v, bool) else tuple(v) for op, v in criterion.items()}


def _comparable(filter: Mapping[str, Any]) -> dict[str, Any]:
    """A filter in which the order of values, and an operator without any, means nothing."""
    return {
        key: {
            op: values if isinstance(values, bool) else frozenset(values)
            for op, values in criterion.items()
            if values != []
        }
        for key, criterion in filter.items()
    }
