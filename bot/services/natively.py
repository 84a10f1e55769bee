"""Does and undoes the native effect of a suppression at the source of each finding, and believes no 200: it reads back afterwards.

Every step may be repeated, so that a crash in between converges: the caller keeps a lease APPLYING (or ENDING) until this says that it is
so. Access Analyzer's part is in archiving.py; Security Hub's and GuardDuty's are here. What has no native effect is secbot's own rule.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from bot.domain.finding import Record
from bot.domain.native import Effect, How, archived_ids, effect_of, effect_of_each, guard_id
from bot.domain.suppression import Lease, ScopeKind
from bot.errors import SecbotError
from bot.ports.hiding import AnalyzerRules, HubFinding, HubStatus, Threats
from bot.services.archiving import Archiving, Keep, Result, present

__all__ = ["Keep", "Natively", "Result", "suppressed_at_source"]

ELSEWHERE = "What other analyzers have found, in other Regions, is hidden by secbot's own rule alone."
OFF_WORDS = "secbot's own rule alone: native suppression is switched off in the configuration."


@dataclass(frozen=True, slots=True)
class Natively:
    """The native side. Without access to a service its effect is secbot's own rule alone, and says so."""

    analyzers: AnalyzerRules | None
    hub: HubStatus | None
    token: Callable[[], str] = str
    threats: Threats | None = None  # archive of single findings in GuardDuty, by choice

    def effect(self, lease: Lease, about: Record, records: Sequence[Record] = ()) -> Effect:
        """What a lease does at the source.

        Args:
            about: the finding that it began with.
            records: what it hides now.
        """
        if self.analyzers is None and self.hub is None and self.threats is None:
            return Effect(how=How.OWN, words=OFF_WORDS)
        guard = self.threats is not None
        if lease.kind is ScopeKind.THESE:
            return effect_of_each(records or (about,), guard=guard)
        source = about.finding.source
        resources = sorted({r.finding.resource.id for r in records if r.finding.source == source})
        effect = effect_of(lease.kind, about, resources=resources, guard=guard)
        needed = {How.FINDING: self.analyzers, How.RULE: self.analyzers, How.HUB: self.hub, How.GUARD: self.threats}
        if effect.how is How.OWN or needed[effect.how] is not None:
            elsewhere = {r.finding.detector for r in records if r.finding.source == source} - {about.finding.detector}
            return replace(effect, words=f"{effect.words} {ELSEWHERE}") if effect.rules and elsewhere else effect
        return Effect(how=How.OWN, words=OFF_WORDS)

    async def count(self, effect: Effect, about: Record) -> int | None:
        """How many findings the analyzer itself says that would be archived now; None where there is none, or it does not answer."""
        if self.analyzers is None or effect.how not in (How.FINDING, How.RULE):
            return None
        try:
            return await Archiving(self.analyzers, self.token).count(effect, about)
        except SecbotError:
            return None  # a preview without this figure is better than none

    async def apply(
        self, lease: Lease, effect: Effect, records: Sequence[Record], others: Sequence[Lease], keep: Keep
    ) -> Result:
        """Do it, or go on doing it.

        Args:
            records: the findings that the lease hides now.
            others: the other leases in force.
            keep: writes down what is about to be done, before it is.

        Raises:
            TemporaryError: AWS did not answer; ask again.
            PermanentError: AWS will refuse it again; nothing native is in force then.
        """
        match effect.how:
            case How.OWN:
                return Result({"how": str(How.OWN)}, is_done=True)
            case How.RULE:
                assert self.analyzers is not None  # else the effect were OWN
                archiving = Archiving(self.analyzers, self.token)
                return await archiving.archive_by_rules(lease, effect, others, keep)
            case _:
                return await self._each(lease, effect.how, records, keep)

    async def _each(self, lease: Lease, how: How, records: Sequence[Record], keep: Keep) -> Result:
        """Each finding at its own source. Which ones is written down first: what others have suppressed there is not ours to undo."""
        in_hub = _done_as(How.HUB, records) if self.hub is not None else []
        in_guard = _done_as(How.GUARD, records) if self.threats is not None else []
        native = {**lease.native, "how": str(how)}
        for key, some in ((_IN_HUB, in_hub), (_IN_GUARD, in_guard)):
            if some:
                native[key] = ",".join(map(str, sorted(_numbers(lease, key) | {r.number for r in some})))
        if in_hub or in_guard:
            await keep(native)
        done = [Result(native, is_done=True)]
        if self.analyzers is not None and (some := _done_as(How.FINDING, records)):
            archiving = Archiving(self.analyzers, self.token)
            done.append(await archiving.archive_each(replace(lease, native=native), some, keep, how=how))
        if self.hub is not None and in_hub:
            done.append(await self._set_hub(lease, self.hub, in_hub, suppressed=True))
        if self.threats is not None and in_guard:
            done.append(await self._set_guard(self.threats, in_guard, archived=True))
        return _together(done)

    async def undo(self, lease: Lease, records: Sequence[Record], others: Sequence[Lease], keep: Keep) -> Result:
        """Undo what `apply` did.

        Args:
            records: the findings that it suppressed one by one; see `suppressed_at_source`.
            others: the other leases in force: what they need stays.
        """
        done = [Result(lease.native, is_done=True)]
        ours = [r for r in records if r.lease in ("", lease.id)]
        if self.analyzers is not None and archived_ids(lease.native):
            done.append(await Archiving(self.analyzers, self.token).unarchive(lease, others, keep))
        if self.hub is not None and (some := [r for r in ours if r.number in _numbers(lease, _IN_HUB)]):
            done.append(await self._set_hub(lease, self.hub, some, suppressed=False))
        if self.threats is not None and (some := [r for r in ours if r.number in _numbers(lease, _IN_GUARD)]):
            done.append(await self._set_guard(self.threats, some, archived=False))
        return _together(done)

    async def release(self, lease: Lease, records: Sequence[Record], keep: Keep) -> Result:
        """Take findings out of a lease in force: what became graver than was agreed to is not suppressed at its source either.

        Security Hub and GuardDuty only: what Access Analyzer reports does not change its severity.
        """
        native = dict(lease.native)
        done = [Result({}, is_done=True)]
        in_hub = [r for r in records if r.number in _numbers(lease, _IN_HUB)]
        in_guard = [r for r in records if r.number in _numbers(lease, _IN_GUARD)]
        if self.hub is not None and in_hub:
            done.append(await self._set_hub(lease, self.hub, in_hub, suppressed=False))
            native[_IN_HUB] = ",".join(map(str, sorted(_numbers(lease, _IN_HUB) - {r.number for r in in_hub})))
        if self.threats is not None and in_guard:
            done.append(await self._set_guard(self.threats, in_guard, archived=False))
            native[_IN_GUARD] = ",".join(map(str, sorted(_numbers(lease, _IN_GUARD) - {r.number for r in in_guard})))
        whole = _together(done)
        if whole.is_done:
            await keep(native)
        return replace(whole, native=native)

    # --- Security Hub --------------------------------------------------------------------------------------------------------------------

    async def _set_hub(self, lease: Lease, hub: HubStatus, records: Sequence[Record], *, suppressed: bool) -> Result:
        note = f"{lease.short}: {lease.reason}"[:500] if suppressed else f"{lease.short} has ended"
        requests: list[str] = []
        undone: set[str] = set()
        for region, findings in _by_region(records).items():
            request, unprocessed = await hub.set_suppressed(region, findings, suppressed=suppressed, note=note)
            requests.append(request)
            undone |= {u.id for u in unprocessed if u.code not in _GONE}
            now = await hub.suppressed(region, findings)
            undone |= {f.id for f in findings if now.get(f.id, suppressed) is not suppressed}
        said = f"{len(undone)} not changed yet" if undone else ""
        return Result({}, is_done=not undone, request=",".join(present(requests)), note=said)

    # --- GuardDuty -----------------------------------------------------------------------------------------------------------------------

    @staticmethod
    async def _set_guard(threats: Threats, records: Sequence[Record], *, archived: bool) -> Result:
        requests: list[str] = []
        late = 0
        for (region, detector), ids in _by_detector(records).items():
            set_status = threats.archive if archived else threats.unarchive
            requests.append(await set_status(region, detector, ids))
            now = await threats.archived(region, detector, ids)
            late += sum(now.get(id, archived) is not archived for id in ids)
        said = f"{late} not changed yet" if late else ""
        return Result({}, is_done=not late, request=",".join(present(requests)), note=said)


_GONE = frozenset({"FindingNotFound", "ResourceNotFoundException"})
_IN_HUB, _IN_GUARD = "hub", "guard"  # keys of `lease.native`: the numbers of the findings that it suppressed there


def suppressed_at_source(lease: Lease) -> list[int]:
    """The numbers of the findings that a lease suppressed one by one at Security Hub or in GuardDuty, whatever became of them since."""
    return sorted(_numbers(lease, _IN_HUB) | _numbers(lease, _IN_GUARD))


def _numbers(lease: Lease, key: str) -> set[int]:
    return {int(number) for number in lease.native.get(key, "").split(",") if number}


def _together(results: Iterable[Result]) -> Result:
    """One result of several, the newest word for each key."""
    whole = Result({}, is_done=True)
    for one in results:
        whole = replace(
            whole,
            native={**whole.native, **one.native},
            is_done=whole.is_done and one.is_done,
            request=",".join(present([whole.request, one.request])),
            note="; ".join(present([whole.note, one.note])),
            heir=one.heir or whole.heir,
        )
    return whole


def _done_as(how: How, records: Sequence[Record]) -> list[Record]:
    """Those whose own native effect, one by one, is this."""
    return [r for r in records if effect_of(ScopeKind.FINDING, r, guard=True).how is how]


def _by_region(records: Sequence[Record]) -> dict[str, list[HubFinding]]:
    found: dict[str, list[HubFinding]] = {}
    for record in records:
        f = record.finding
        is_v2 = f.via == "securityhub_v2"
        named = HubFinding(f.hub, "", v2=True) if is_v2 else HubFinding(f.native_id, f.hub)
        found.setdefault(f.region, []).append(named)
    return found


def _by_detector(records: Sequence[Record]) -> Mapping[tuple[str, str], list[str]]:
    found: dict[tuple[str, str], list[str]] = {}
    for record in records:
        found.setdefault((record.finding.region, record.finding.detector), []).append(guard_id(record.finding))
    return found
