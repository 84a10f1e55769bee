"""Puts the native side of suppressions together, as far as the configuration wants it."""

from __future__ import annotations

from dataclasses import dataclass

from bot.adapters.hiding import AccessAnalyzerRules, AwsOutlook, GuardDutyArchive, SecurityHubStatus
from bot.app.running import Warm
from bot.config import Settings
from bot.ports import Ids
from bot.ports.hiding import Outlook
from bot.services.natively import Natively


@dataclass(frozen=True, slots=True)
class Hiding:
    """What hides at the source, what looks for others' rules, and what makes both ready before anybody waits."""

    natively: Natively
    outlook: Outlook | None
    warm: Warm


def hiding(settings: Settings, ids: Ids) -> Hiding:
    """Opens nothing."""
    wanted = settings.file.suppression
    if not wanted.native:
        return Hiding(Natively(None, None), None, _nothing)
    account = wanted.own_account
    analyzers = AccessAnalyzerRules(account, role=wanted.role, external_id=wanted.external_id)
    hub, outlook = SecurityHubStatus(account), AwsOutlook(account)
    threats = GuardDutyArchive(account) if wanted.guardduty else None

    async def warm() -> None:
        await analyzers.warm("accessanalyzer", "sts")
        await hub.warm("securityhub")
        await outlook.warm("accessanalyzer", "securityhub", "guardduty", "cloudtrail")
        if threats is not None:
            await threats.warm("guardduty")

    return Hiding(Natively(analyzers, hub, ids.token, threats), outlook, warm)


async def _nothing() -> None:
    """Nothing to make ready."""
