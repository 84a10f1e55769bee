"""The native side of hiding findings, on AWS: Access Analyzer's rules and statuses, Security Hub's workflow, GuardDuty's archive.

Every call is bounded and opens its client for itself, because hiding is rare and its Regions are many. AWS's own batch limits are kept
here; what a batch did not do is told, not hidden. Nothing here decides what to hide, and no rule of GuardDuty's is ever made: a filter
there would blind the bot.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from bot.adapters.aws import CONFIG, AccessDenied, Api, Conflict, Gone, Quota, Unknown, api, new_session, request_id
from bot.errors import TemporaryError
from bot.ports.hiding import ArchiveRule, Filter, HubFinding, Unprocessed

LIMIT_S = 60.0  # one call with botocore's retries; no person waits for it
HUB_BATCH = 100  # From: Security Hub API Reference, BatchUpdateFindings and BatchUpdateFindingsV2
HUB_VALUES = 20  # From: Security Hub API Reference, GetFindings: values for one attribute of a filter
HUB_NOTE = 512  # From: Security Hub API Reference, Note.Text and BatchUpdateFindingsV2.Comment
GUARD_BATCH = 50  # From: botocore's model of ArchiveFindings
ANALYZER_BATCH = 100  # AWS names no bound for UpdateFindings; a page of its lists
ANALYZER_VALUES = 20  # From: IAM User Guide, "IAM Access Analyzer quotas": values for one criterion
# From: OCSF schema, status_id of the Findings category
OCSF_NEW, OCSF_SUPPRESSED = 1, 3

_ARN = re.compile(r"arn:[a-z-]+:access-analyzer:([a-z0-9-]+):(\d{12}):analyzer/([A-Za-z0-9_.-]+)")
_T = TypeVar("_T")


class _Service:
    """What the three share. `account` is the one that secbot's role belongs to; empty: STS is asked once."""

    def __init__(self, account: str = "", *, limit_s: float = LIMIT_S, config: Any = CONFIG) -> None:
        self._account, self._limit_s, self._config = account, limit_s, config
        self._session = new_session()

    async def warm(self, *services: str) -> None:
        """Read the models that the first call would else read in front of everybody, some 50 ms each."""
        await asyncio.to_thread(self._read_models, services)

    def _read_models(self, services: tuple[str, ...]) -> None:
        async def open_once() -> None:
            for name in services:
                async with self._session.create_client(name, region_name="us-east-1", config=self._config) as made:
                    made.can_paginate(
                        next(iter(made.meta.method_to_api_mapping))
                    )  # the paginators are a file of their own

        asyncio.run(open_once())

    @asynccontextmanager
    async def _api(self, service: str, region: str) -> AsyncIterator[Api]:
        own = {"limit_s": self._limit_s, "config": self._config, "session": self._session}
        async with api(service, region=region, **own) as made:
            yield made


class AccessAnalyzerRules(_Service):
    """The AnalyzerRules port.

    Rules are made by an analyzer's name, which another account may have as well; so an analyzer of another account is refused here
    before AWS could take the name for one of ours.
    """

    async def findings(self, analyzer: str, filter: Filter, *, status: str = "") -> Mapping[str, str]:
        """See the port. A finding's id -> its status as lists show it, which may lag behind what was done."""
        wanted = _criteria(filter) | ({"status": {"eq": [status]}} if status else {})
        async with self._at(analyzer) as (access, _):
            found = await access.every("list_findings_v2", "findings", analyzerArn=analyzer, filter=wanted)
        return {str(one["id"]): str(one["status"]) for one in found}

    async def set_status(self, analyzer: str, ids: Sequence[str], status: str) -> str:
        """See the port; the request ids of all batches, comma-separated. A finding that is gone needs no status and is left out."""
        requests: list[str] = []
        async with self._at(analyzer) as (access, _):
            for batch in _batches(tuple(dict.fromkeys(ids)), ANALYZER_BATCH):
                requests += await _update(access, analyzer, batch, status)
        return ",".join(filter(None, requests))

    async def rules(self, analyzer: str) -> Sequence[ArchiveRule]:
        """See the port. All pages, in AWS's order."""
        async with self._at(analyzer) as (access, name):
            found = await access.every("list_archive_rules", "archiveRules", analyzerName=name)
        return [_rule(one) for one in found]

    async def create_rule(self, analyzer: str, name: str, filter: Filter, *, token: str) -> str:
        """See the port.

        Raises:
            Quota: the analyzer has all the rules it can have, and none of this name.
            Conflict: a rule of this name has another filter.
        """
        wanted = _criteria(filter)
        async with self._at(analyzer) as (access, owner):
            try:
                answer = await access.call(
                    "create_archive_rule", analyzerName=owner, ruleName=name, filter=wanted, clientToken=token
                )
            except (Conflict, Quota) as error:
                answer = await _same_rule(access, owner, name, wanted, error)
        return request_id(answer)

    async def update_rule(self, analyzer: str, name: str, filter: Filter, *, token: str) -> str:
        """See the port. Raises Gone when there is no such rule."""
        wanted = _criteria(filter)
        async with self._at(analyzer) as (access, owner):
            return request_id(
                await access.call(
                    "update_archive_rule", analyzerName=owner, ruleName=name, filter=wanted, clientToken=token
                )
            )

    async def apply_rule(self, analyzer: str, name: str, *, token: str) -> str:
        """See the port. Raises Gone when there is no such rule. AWS does not tell what it archived."""
        async with self._at(analyzer) as (access, _):
            return request_id(
                await access.call("apply_archive_rule", analyzerArn=analyzer, ruleName=name, clientToken=token)
            )

    async def delete_rule(self, analyzer: str, name: str, *, token: str) -> str:
        """See the port. Un-archives nothing."""
        async with self._at(analyzer) as (access, owner):
            try:
                answer = await access.call("delete_archive_rule", analyzerName=owner, ruleName=name, clientToken=token)
            except Gone as gone:
                return gone.request_id
        return request_id(answer)

    @asynccontextmanager
    async def _at(self, analyzer: str) -> AsyncIterator[tuple[Api, str]]:
        """Access Analyzer in the analyzer's Region, and the analyzer's name. Raises AccessDenied for another account's."""
        hit = _ARN.fullmatch(analyzer)
        if hit is None:
            raise Unknown(f"{analyzer!r} is not the ARN of an analyzer.")
        region, owner, name = hit.groups()
        if not self._account:
            async with self._api("sts", region) as sts:
                self._account = str((await sts.call("get_caller_identity"))["Account"])
        if owner != self._account:
            raise AccessDenied(f"The analyzer belongs to account {owner}; secbot works in {self._account}.")
        async with self._api("accessanalyzer", region) as access:
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


class SecurityHubStatus(_Service):
    """The HubStatus port. CSPM and V2 findings may come mixed; one that is named twice is asked once."""

    async def set_suppressed(
        self, region: str, findings: Sequence[HubFinding], *, suppressed: bool, note: str
    ) -> tuple[str, Sequence[Unprocessed]]:
        """See the port; the request ids of all batches, comma-separated. A note of more than 512 characters is cut."""
        requests: list[str] = []
        undone: list[Unprocessed] = []
        async with self._api("securityhub", region) as hub:
            for batch in _of_a_kind(findings, HUB_BATCH):
                set_status = _set_v2 if batch[0].v2 else _set_cspm
                answer = await set_status(hub, batch, suppressed, note[:HUB_NOTE])
                requests.append(request_id(answer))
                undone += [_unprocessed(one) for one in answer.get("UnprocessedFindings", [])]
        return ",".join(filter(None, requests)), undone

    async def suppressed(self, region: str, findings: Sequence[HubFinding]) -> Mapping[str, bool]:
        """See the port. What was set shows minutes later."""
        known: dict[str, bool] = {}
        async with self._api("securityhub", region) as hub:
            for batch in _of_a_kind(findings, HUB_VALUES):
                known |= await (_get_v2 if batch[0].v2 else _get_cspm)(hub, batch)
        return known


async def _set_cspm(hub: Api, batch: Sequence[HubFinding], suppressed: bool, note: str) -> dict[str, Any]:
    return await hub.call(
        "batch_update_findings",
        FindingIdentifiers=[{"Id": one.id, "ProductArn": one.product_arn} for one in batch],
        Workflow={"Status": "SUPPRESSED" if suppressed else "NEW"},
        **({"Note": {"Text": note, "UpdatedBy": "secbot"}} if note.strip() else {}),
    )


async def _set_v2(hub: Api, batch: Sequence[HubFinding], suppressed: bool, note: str) -> dict[str, Any]:
    return await hub.call(
        "batch_update_findings_v2",
        MetadataUids=[one.id for one in batch],
        StatusId=OCSF_SUPPRESSED if suppressed else OCSF_NEW,
        **({"Comment": note} if note.strip() else {}),
    )


async def _get_cspm(hub: Api, batch: Sequence[HubFinding]) -> dict[str, bool]:
    wanted = {(one.id, one.product_arn) for one in batch}
    ids = [{"Value": id, "Comparison": "EQUALS"} for id in dict.fromkeys(one.id for one in batch)]
    found = await hub.every("get_findings", "Findings", Filters={"Id": ids})
    return {
        str(one["Id"]): one.get("Workflow", {}).get("Status") == "SUPPRESSED"
        for one in found
        if (one["Id"], one["ProductArn"]) in wanted
    }


async def _get_v2(hub: Api, batch: Sequence[HubFinding]) -> dict[str, bool]:
    texts = [{"FieldName": "metadata.uid", "Filter": {"Value": one.id, "Comparison": "EQUALS"}} for one in batch]
    composite = {"CompositeFilters": [{"StringFilters": texts, "Operator": "OR"}]}
    found = await hub.every("get_findings_v2", "Findings", Filters=composite)
    return {str(one["metadata"]["uid"]): one.get("status_id") == OCSF_SUPPRESSED for one in found}


def _unprocessed(raw: Mapping[str, Any]) -> Unprocessed:
    """Both kinds of Security Hub's own word for it."""
    id = raw.get("MetadataUid") or raw.get("FindingIdentifier", {}).get("Id", "")
    return Unprocessed(str(id), str(raw.get("ErrorCode", "")), str(raw.get("ErrorMessage", "")))


def _of_a_kind(findings: Sequence[HubFinding], size: int) -> Iterator[Sequence[HubFinding]]:
    """Batches of CSPM findings, then batches of V2 ones."""
    once = tuple(dict.fromkeys(findings))
    for v2 in (False, True):
        yield from _batches(tuple(one for one in once if one.v2 is v2), size)


class GuardDutyArchive(_Service):
    """The Threats port.

    An administrator archives with its own detector, also what a member's detector found; a finding names the member's. So a detector
    that is not this account's is replaced by the one that is. Asking is cheap and hiding rare: nothing is remembered.
    """

    async def archive(self, region: str, detector: str, ids: Sequence[str]) -> str:
        """See the port; the request ids of all batches, comma-separated."""
        return await self._set("archive_findings", region, detector, ids)

    async def unarchive(self, region: str, detector: str, ids: Sequence[str]) -> str:
        """See the port; the request ids of all batches, comma-separated."""
        return await self._set("unarchive_findings", region, detector, ids)

    async def _set(self, operation: str, region: str, detector: str, ids: Sequence[str]) -> str:
        requests: list[str] = []
        async with self._api("guardduty", region) as guard:
            own = await guard.every("list_detectors", "DetectorIds")
            if not own:
                raise AccessDenied(f"This account has no GuardDuty detector in {region}.")
            used = detector if detector in own else own[0]
            for batch in _batches(tuple(dict.fromkeys(ids)), GUARD_BATCH):
                requests.append(request_id(await guard.call(operation, DetectorId=used, FindingIds=list(batch))))
        return ",".join(filter(None, requests))


def _batches(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    return (items[i : i + size] for i in range(0, len(items), size))
