"""Does and undoes the native effect of a suppression, and believes no 200: it reads back what AWS says afterwards.

Every step may be repeated, so that a crash in between converges: the caller keeps a lease APPLYING (or ENDING) until this says that it is
so. What was changed is remembered by its ids, taken before and after, because Access Analyzer does not tell what an archive rule archived.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.finding import Record
from bot.domain.native import Effect, Filter, How, effect_of, finding_ids
from bot.domain.suppression import Lease
from bot.errors import PermanentError
from bot.ports.hiding import AnalyzerRules, HubFinding, HubStatus

ARCHIVED, ACTIVE = "ARCHIVED", "ACTIVE"


@dataclass(frozen=True, slots=True)
class Result:
    """What AWS was asked and how far it is. `native` is to be kept with the lease; `is_done` False is to be asked again later."""

    native: Mapping[str, str]
    is_done: bool
    request: str = ""
    note: str = ""


class NotDone(PermanentError):
    """AWS did not do what it was asked."""

    reason = "not_done"


@dataclass(frozen=True, slots=True)
class Natively:
    """The native side. Without access to a service its effect is secbot's own rule alone, and says so."""

    analyzers: AnalyzerRules | None
    hub: HubStatus | None
    token: Callable[[], str] = (
        str  # a client token for each attempt: rules are told apart by their names, so a repetition is none
    )

    def effect(self, lease: Lease, record: Record) -> Effect:
        """What a lease that began with this finding does at its source."""
        effect = effect_of(lease.kind, record)
        needed = {How.FINDING: self.analyzers, How.RULE: self.analyzers, How.HUB: self.hub}
        if effect.how is How.OWN or needed[effect.how] is not None:
            return effect
        return Effect(
            how=How.OWN, words="secbot's own rule alone: native suppression is switched off in the configuration."
        )

    async def apply(self, lease: Lease, effect: Effect, records: Sequence[Record]) -> Result:
        """Do it, or go on doing it.

        Args:
            records: the findings that the lease hides now.

        Raises:
            TemporaryError: AWS did not answer; ask again.
            PermanentError: AWS will refuse it again; nothing native is in force then.
        """
        match effect.how:
            case How.FINDING:
                return await self._archive_one(lease, effect, records)
            case How.RULE:
                return await self._archive_by_rule(lease, effect)
            case How.HUB:
                return await self._set_hub(lease, records, suppressed=True)
        return Result({"how": str(How.OWN)}, is_done=True)

    async def undo(self, lease: Lease, records: Sequence[Record], *, is_shared: bool) -> Result:
        """Undo what `apply` did.

        Args:
            records: the findings that the lease has hidden.
            is_shared: another lease in force has the same archive rule, which then stays.
        """
        how = lease.native.get("how", How.OWN)
        if how in (How.FINDING, How.RULE) and self.analyzers is not None:
            return await self._unarchive(lease, self.analyzers, is_shared=is_shared)
        if how == How.HUB and self.hub is not None:
            return await self._set_hub(lease, records, suppressed=False)
        return Result(lease.native, is_done=True)

    # --- Access Analyzer -----------------------------------------------------------------------------------------------------------------

    async def _archive_one(self, lease: Lease, effect: Effect, records: Sequence[Record]) -> Result:
        assert self.analyzers is not None and effect.filter is not None  # noqa: PT018 - one fact: see `effect`
        own = {i for record in records for i in finding_ids(record.finding)}
        known = await self.analyzers.findings(effect.analyzer, effect.filter)
        wanted = sorted(i for i, status in known.items() if (not own or i in own) and status == ACTIVE)
        ids = sorted({*_ids(lease), *wanted})
        request = await self.analyzers.set_status(effect.analyzer, wanted, ARCHIVED) if wanted else ""
        return await self._confirmed(effect, effect.filter, ids, ARCHIVED, request=request)

    async def _archive_by_rule(self, lease: Lease, effect: Effect) -> Result:
        assert self.analyzers is not None and effect.filter is not None  # noqa: PT018
        before = await self.analyzers.findings(effect.analyzer, effect.filter, status=ACTIVE)
        ids = sorted({*_ids(lease), *before})
        await self.analyzers.create_rule(effect.analyzer, effect.rule, effect.filter, token=self.token())
        request = await self.analyzers.apply_rule(effect.analyzer, effect.rule, token=self.token())
        return await self._confirmed(effect, effect.filter, ids, ARCHIVED, request=request)

    async def _confirmed(
        self, effect: Effect, filter: Filter, ids: Sequence[str], status: str, *, request: str
    ) -> Result:
        """Whether the analyzer says so too. A finding that is resolved meanwhile needs nothing more."""
        assert self.analyzers is not None
        now = await self.analyzers.findings(effect.analyzer, filter) if ids else {}
        late = [i for i in ids if now.get(i, status) not in (status, "RESOLVED")]
        native = {"how": str(effect.how), "analyzer": effect.analyzer, "rule": effect.rule, "ids": ",".join(ids)}
        note = f"{len(late)} of {len(ids)} not {status.lower()} yet" if late else ""
        return Result(native, is_done=not late, request=request, note=note)

    async def _unarchive(self, lease: Lease, analyzers: AnalyzerRules, *, is_shared: bool) -> Result:
        analyzer, rule, ids = lease.native.get("analyzer", ""), lease.native.get("rule", ""), _ids(lease)
        if is_shared:
            return Result(lease.native, is_done=True, note="another lease has the same archive rule, which stays")
        request = ""
        if rule:
            request = await analyzers.delete_rule(analyzer, rule, token=self.token())
        if ids:
            request = await analyzers.set_status(analyzer, ids, ACTIVE)
        left = {r.name for r in await analyzers.rules(analyzer)} if rule else set()
        return Result(lease.native, is_done=rule not in left or not rule, request=request)

    # --- Security Hub --------------------------------------------------------------------------------------------------------------------

    async def _set_hub(self, lease: Lease, records: Sequence[Record], *, suppressed: bool) -> Result:
        assert self.hub is not None
        note = f"{lease.short}: {lease.reason}"[:500] if suppressed else f"{lease.short} has ended"
        requests: list[str] = []
        undone: set[str] = set()
        for region, findings in _by_region(records).items():
            request, unprocessed = await self.hub.set_suppressed(region, findings, suppressed=suppressed, note=note)
            requests.append(request)
            undone |= {u.id for u in unprocessed if u.code not in _GONE}
            now = await self.hub.suppressed(region, findings)
            undone |= {f.id for f in findings if now.get(f.id, suppressed) is not suppressed}
        native = {**lease.native, "how": str(How.HUB)}
        said = f"{len(undone)} not changed yet" if undone else ""
        return Result(native, is_done=not undone, request=",".join(filter(None, requests)), note=said)


_GONE = frozenset({"FindingNotFound", "ResourceNotFoundException"})


def _by_region(records: Sequence[Record]) -> dict[str, list[HubFinding]]:
    found: dict[str, list[HubFinding]] = {}
    for record in records:
        f = record.finding
        if f.hub:
            is_v2 = f.via == "securityhub_v2"
            named = HubFinding(f.hub, "", v2=True) if is_v2 else HubFinding(f.native_id, f.hub)
            found.setdefault(f.region, []).append(named)
    return found


def _ids(lease: Lease) -> list[str]:
    return [i for i in lease.native.get("ids", "").split(",") if i]
