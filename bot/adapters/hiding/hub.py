"""The HubStatus port on Security Hub, CSPM and V2: findings are suppressed and brought back, in batches as AWS takes them.

It knows findings only; the automation rules of others are read by the outlook, and none is made.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bot.adapters.aws import Api, request_id
from bot.adapters.hiding.service import Service, batches
from bot.ports.hiding import HubFinding, Unprocessed

HUB_BATCH = 100  # From: Security Hub API Reference, BatchUpdateFindings and BatchUpdateFindingsV2
HUB_VALUES = 20  # From: Security Hub API Reference, GetFindings: values for one attribute of a filter
HUB_NOTE = 512  # From: Security Hub API Reference, Note.Text and BatchUpdateFindingsV2.Comment
# From: OCSF schema, status_id of the Findings category
OCSF_NEW, OCSF_SUPPRESSED = 1, 3


class SecurityHubStatus(Service):
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
        yield from batches(tuple(one for one in once if one.v2 is v2), size)
