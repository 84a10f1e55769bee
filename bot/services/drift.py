"""Looks for rules that hide findings and are not ours, or are no longer as we made them: nightly, and whenever a person asks.

Every service is asked in every Region that findings come from; one that does not answer is a blind spot that is told, and no reason to
say nothing of the others. What was told is remembered, so that a rule is told once, and again when it changes or comes back.
"""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import TypeVar

import structlog

from bot.domain.drift import Drift, Kind, Maker, Rule, Seen, archive_drifts, judged, remembered
from bot.domain.query import Group, Query
from bot.domain.suppression import HIDING, Lease
from bot.errors import SecbotError, UserError
from bot.ports import Clock, Store, Tx
from bot.ports.hiding import AnalyzerRules, Outlook
from bot.services import trail
from bot.services.leases import MOST_LEASES
from bot.services.query import LIVE_TERM
from bot.services.reports import drift_saying

log = structlog.get_logger()

AT_ONCE = 4  # Regions that are looked at together
MOST_TRACED = 20  # rules whose maker is asked for: CloudTrail answers two questions a second
MOST_REGIONS = 40
HOUR = 2  # UTC, of the nightly look: late in the night of most and before the working day of all

_REGION = re.compile(r"[a-z]{2}(-[a-z]{2,12}){1,3}-[0-9]{1,2}")
T = TypeVar("T")

# The API operations by which a rule comes to be as it is.
_MAKERS: dict[str, tuple[str, ...]] = {
    "access_analyzer": ("CreateArchiveRule", "UpdateArchiveRule", "DeleteArchiveRule"),
    "securityhub": ("CreateAutomationRule", "BatchUpdateAutomationRules"),
    "securityhub_v2": ("CreateAutomationRuleV2", "UpdateAutomationRuleV2"),
    "guardduty": ("CreateFilter", "UpdateFilter"),
}


@dataclass(slots=True)
class DriftWatch:
    """The use case. Without access to AWS (`outlook` None) there is nothing to look at, and it says so.

    Args:
        channel: where the nightly report goes.
        home: the Region that secbot runs in, looked at even when no finding comes from it.
    """

    store: Store
    analyzers: AnalyzerRules | None
    outlook: Outlook | None
    clock: Clock
    wake: Callable[[], None]
    channel: str
    home: str = ""
    _done: str = ""  # the day of this process's last nightly look
    _one: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def look(self, *, told_too: bool = True) -> Seen:
        """Everything that is not as it should be, now; who made it where CloudTrail says so.

        Args:
            told_too: ask who made a broad rule also when it was told before, as a person who looks wants to know; a night does not.

        Raises:
            UserError: secbot has no access to the services.
            StoreUnavailable: the database does not answer.
        """
        if self.outlook is None or self.analyzers is None:
            raise UserError("Native suppression is switched off in the configuration, so secbot does not look at AWS.")
        async with self.store.reads() as reads:
            leases = list(await reads.leases(stages=tuple(HIDING), limit=MOST_LEASES))
            known = {k.key: k for k in await reads.drifts()}
        blind: list[str] = []
        few = asyncio.Semaphore(AT_ONCE)
        regions = await self._regions(leases)
        looks = await asyncio.gather(*(self._region(region, leases, few, blind) for region in regions))
        found = [drift for drifts, _ in looks for drift in drifts]
        seen = judged(found, known, sorted(blind), sum(read for _, read in looks))
        return await self._traced(seen, told_too)

    async def nightly(self) -> None:
        """Look once a night, whichever replica comes first, and tell the channel what is new or changed.

        A look that found nothing new and could look everywhere tells nothing; a blind spot is told every night that it lasts, because
        silence would look like all is well. May be called as often as one likes.
        """
        now = self.clock.now()
        day = f"{now:%Y-%m-%d}"
        if self.outlook is None or now.hour < HOUR or self._done == day:
            return
        async with self._one:
            seen = await self.look(told_too=False)
            async with self.store.begin() as tx:
                if await tx.first_time(f"drift:{day}"):
                    await self._tell(tx, seen, now)
        self._done = day
        self.wake()

    async def _tell(self, tx: Tx, seen: Seen, now: datetime) -> None:
        """Remember what was found, forget what is mended, and queue the report when there is news."""
        async with self.store.reads() as reads:
            known = {k.key: k for k in await reads.drifts()}
        mended = set(known) - {drift.key for drift in seen.found}
        if not seen.blind:  # else what was not looked at would be told again
            await tx.forget_drifts(sorted(mended))
        await tx.save_drifts(remembered(seen, known, now))
        what = "drift_found" if seen.news else "drift_looked"
        await tx.audit([
            trail.outcome(
                now, "", what, "rules that hide findings", found=str(len(seen.found)), news=str(len(seen.news)),
                looked=str(seen.looked), blind="; ".join(seen.blind)[:300],
            )
        ])  # fmt: skip
        if seen.news or seen.blind:
            await tx.say([drift_saying(seen, self.channel, f"drift:{now:%Y-%m-%d}")])
        log.info("drift_looked", found=len(seen.found), news=len(seen.news), blind=len(seen.blind))

    # --- looking ------------------------------------------------------------------------------------------------------------------

    async def _regions(self, leases: Sequence[Lease]) -> list[str]:
        """Where live findings come from, where leases are in force, and home."""
        try:
            async with self.store.reads() as reads:
                groups = await reads.grouped(Query((LIVE_TERM,)), Group.REGION, self.clock.now())
        except UserError:  # too many to count in time: what is known of leases and home is looked at
            groups = ()
        named = {g.value for g in groups} | {_region_of(lease) for lease in leases} | {self.home}
        return sorted(region for region in named if _REGION.fullmatch(region))[:MOST_REGIONS]

    async def _region(
        self, region: str, leases: Sequence[Lease], few: asyncio.Semaphore, blind: list[str]
    ) -> tuple[list[Drift], int]:
        """(what is wrong in a Region, how many rules were read there)."""
        assert self.outlook is not None
        async with few:
            archive, read = await self._archive_rules(region, leases, blind)
            foreign = [
                *await self._asked(self.outlook.hub_rules(region), f"Security Hub in {region}", blind),
                *await self._asked(self.outlook.guard_filters(region), f"GuardDuty in {region}", blind),
            ]
        return [*archive, *(Drift(kind=Kind.FOREIGN, rule=rule) for rule in foreign)], read + len(foreign)

    async def _archive_rules(self, region: str, leases: Sequence[Lease], blind: list[str]) -> tuple[list[Drift], int]:
        assert self.outlook is not None
        assert self.analyzers is not None
        listed = await self._asked(self.outlook.analyzers(region), f"Access Analyzer in {region}", blind)
        ours = {one.native["analyzer"] for one in leases if _region_of(one) == region}
        found: list[Drift] = []
        read = 0
        for analyzer in sorted({*listed, *ours}):
            name = analyzer.rpartition("/")[2]
            try:
                rules = await self.analyzers.rules(analyzer)
            except SecbotError as error:
                blind.append(f"the analyzer {name} in {region}: {error.message}")
                continue
            read += len(rules)
            found += archive_drifts(analyzer, {rule.name: rule.filter for rule in rules}, leases)
        return found, read

    @staticmethod
    async def _asked(rules: Awaitable[Sequence[T]], what: str, blind: list[str]) -> Sequence[T]:
        """What a service answers; one that does not is a blind spot."""
        try:
            return await rules
        except SecbotError as error:
            blind.append(f"{what}: {error.message}")
            return ()

    # --- who ----------------------------------------------------------------------------------------------------------------------

    async def _traced(self, seen: Seen, told_too: bool) -> Seen:
        """With who made what is new, or broad, as far as CloudTrail says."""
        traced: list[Drift] = []
        left = MOST_TRACED
        for drift in seen.found:
            wanted = (drift.key in seen.news or (told_too and drift.rule.broad != "")) and left > 0
            left -= wanted
            traced.append(replace(drift, maker=await self._maker(drift.rule)) if wanted else drift)
        return replace(seen, found=tuple(traced))

    async def _maker(self, rule: Rule) -> Maker | None:
        assert self.outlook is not None
        region = rule.place.split(":")[3] if rule.place.startswith("arn:") else rule.place
        try:
            return await self.outlook.who(region, rule, _MAKERS.get(rule.service, ()))
        except SecbotError as error:
            log.info("maker_not_known", rule=rule.name, reason=error.reason)
            return None


def _region_of(lease: Lease) -> str:
    """Where a lease's archive rule is; empty when it has none."""
    analyzer = lease.native.get("analyzer", "")
    return analyzer.split(":")[3] if analyzer.count(":") >= 5 else ""
