"""The Threats port on GuardDuty: single findings are archived, brought back and looked at, fifty at a time.

It makes no filter: what a filter archives reaches neither EventBridge nor Security Hub, and the bot would be blind.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.adapters.aws import AccessDenied, Api, request_id
from bot.adapters.hiding.service import Service, batches

GUARD_BATCH = 50  # From: botocore's model of ArchiveFindings and GetFindings


class GuardDutyArchive(Service):
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

    async def archived(self, region: str, detector: str, ids: Sequence[str]) -> Mapping[str, bool]:
        """See the port."""
        known: dict[str, bool] = {}
        async with self._api("guardduty", region) as guard:
            used = await _own_detector(guard, region, detector)
            for batch in batches(tuple(dict.fromkeys(ids)), GUARD_BATCH):
                answer = await guard.call("get_findings", DetectorId=used, FindingIds=list(batch))
                known |= {str(one["Id"]): bool(one.get("Service", {}).get("Archived")) for one in answer["Findings"]}
        return known

    async def _set(self, operation: str, region: str, detector: str, ids: Sequence[str]) -> str:
        requests: list[str] = []
        async with self._api("guardduty", region) as guard:
            used = await _own_detector(guard, region, detector)
            for batch in batches(tuple(dict.fromkeys(ids)), GUARD_BATCH):
                requests.append(request_id(await guard.call(operation, DetectorId=used, FindingIds=list(batch))))
        return ",".join(filter(None, requests))


async def _own_detector(guard: Api, region: str, detector: str) -> str:
    """The detector that was named if it is this account's, else the one that is. Raises AccessDenied when there is none."""
    own = await guard.every("list_detectors", "DetectorIds")
    if not own:
        raise AccessDenied(f"This account has no GuardDuty detector in {region}.")
    return detector if detector in own else str(own[0])
