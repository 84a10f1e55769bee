"""Archiving at IAM Access Analyzer for a lease, and taking it back: single findings by their ids, classes of access by archive rules.

Access Analyzer does not tell what an archive rule archived. So what was active before is written down before anything is asked for, and
what was archived already, which stays so in the end. Every step may be repeated. Nothing is believed: the analyzer is asked afterwards.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

from bot.domain.finding import Record
from bot.domain.native import MOST_VALUES, Effect, Filter, How, archived_ids, finding_ids, rules_of
from bot.domain.suppression import Lease
from bot.errors import PermanentError
from bot.ports.hiding import AnalyzerRules

ARCHIVED, ACTIVE, RESOLVED = "ARCHIVED", "ACTIVE", "RESOLVED"

Native = Mapping[str, str]
Keep = Callable[[Native], Awaitable[None]]
"""Writes down what is about to be done, before it is: a crash in between must not lose which findings were ours to bring back."""


@dataclass(frozen=True, slots=True)
class Result:
    """What AWS was asked and how far it is. `native` is to be kept with the lease; `is_done` False is to be asked again later.

    `heir` is the id of the lease in force to which the archived findings pass, because it needs the same rule.
    """

    native: Native
    is_done: bool
    request: str = ""
    note: str = ""
    heir: str = ""


@dataclass(frozen=True, slots=True)
class Archiving:
    """The Access Analyzer side of suppressions."""

    analyzers: AnalyzerRules
    token: Callable[
        [], str
    ]  # a client token for each attempt: rules are told apart by their names, so a repetition is none

    async def count(self, effect: Effect, record: Record) -> int:
        """How many findings would be archived now, as the analyzer itself says."""
        wanted = [rule.filter for rule in effect.rules] or [_asked(record, effect)]
        found = [await self.analyzers.findings(effect.analyzer, filter, status=ACTIVE) for filter in wanted]
        return len({id for some in found for id in some})

    # --- single findings ------------------------------------------------------------------------------------------------------

    async def archive_each(self, lease: Lease, records: Sequence[Record], keep: Keep, *, how: How) -> Result:
        """Archive findings by their ids, at the analyzer of each; what Security Hub grouped by resource is all that is on it."""
        requests: list[str] = []
        native: dict[str, str] = {**lease.native, "how": str(how)}
        late = 0
        for analyzer, some in _by_analyzer(records).items():
            before: dict[str, str] = {}
            for filter in _filters(some):
                before |= await self.analyzers.findings(analyzer, filter)
            wanted = sorted(id for id, status in before.items() if status == ACTIVE)
            ids = sorted({*archived_ids(lease.native).get(analyzer, ()), *wanted})
            native[f"ids@{analyzer}"] = ",".join(ids)
            await keep(native)
            if wanted:
                requests.append(await self.analyzers.set_status(analyzer, wanted, ARCHIVED, who=lease.author))
            late += len(await self._not_yet(analyzer, ids, ARCHIVED))
        return Result(native, is_done=not late, request=",".join(present(requests)), note=_late(late, ARCHIVED))

    async def _not_yet(self, analyzer: str, ids: Sequence[str], status: str) -> list[str]:
        """Those that the analyzer shows in another status. One that is resolved, or gone, needs nothing more."""
        found: list[str] = []
        for piece in _pieces(ids):
            now = await self.analyzers.findings(analyzer, {"id": {"eq": piece}})
            found += [id for id in piece if now.get(id, status) not in (status, RESOLVED)]
        return found

    # --- classes of access ----------------------------------------------------------------------------------------------------

    async def archive_by_rules(self, lease: Lease, effect: Effect, others: Sequence[Lease], keep: Keep) -> Result:
        """Make the rules and apply them. An analyzer that holds no more rules gets its findings of now archived by their ids.

        Args:
            others: the leases in force, whose archived findings were not archived before us.
        """
        theirs = {id for other in others for id in archived_ids(other.native).get(effect.analyzer, ())}
        seen: dict[str, str] = {}
        for rule in effect.rules:
            seen |= await self.analyzers.findings(effect.analyzer, rule.filter)
        ids = {*archived_ids(lease.native).get(effect.analyzer, ()), *(id for id, s in seen.items() if s == ACTIVE)}
        already = lease.native.get("already")
        if already is None:
            already = ",".join(sorted(id for id, s in seen.items() if s == ARCHIVED and id not in theirs))
        native = {
            "how": str(effect.how), "analyzer": effect.analyzer, "rule": ",".join(r.name for r in effect.rules),
            "ids": ",".join(sorted(ids)), "already": already,
        }  # fmt: skip
        await keep(native)
        try:
            request = await self._make(lease, effect)
        except PermanentError as error:
            if error.reason != "quota":
                raise
            return await self._without_rules(lease, effect, native, sorted(ids), keep)
        late = await self._late_of_rules(effect, sorted(ids))
        return Result(native, is_done=not late, request=request, note=_late(late, ARCHIVED))

    async def _make(self, lease: Lease, effect: Effect) -> str:
        requests: list[str] = []
        for rule in effect.rules:
            token = self.token()
            await self.analyzers.create_rule(effect.analyzer, rule.name, rule.filter, token=token, who=lease.author)
            requests.append(
                await self.analyzers.apply_rule(effect.analyzer, rule.name, token=self.token(), who=lease.author)
            )
        return ",".join(present(requests))

    async def _late_of_rules(self, effect: Effect, ids: Sequence[str]) -> int:
        now: dict[str, str] = {}
        for rule in effect.rules:
            now |= await self.analyzers.findings(effect.analyzer, rule.filter)
        return sum(now.get(id, ARCHIVED) not in (ARCHIVED, RESOLVED) for id in ids)

    async def _without_rules(
        self, lease: Lease, effect: Effect, native: Native, ids: Sequence[str], keep: Keep
    ) -> Result:
        """The analyzer has all the rules that it can have: what is there is archived, what comes is hidden by our own rule alone."""
        made = [r.name for r in await self.analyzers.rules(effect.analyzer) if r.name in rules_of(native)]
        native = {**native, "rule": ",".join(made), "how": str(How.FINDING), "full": "1"}
        await keep(native)
        request = await self.analyzers.set_status(effect.analyzer, ids, ARCHIVED, who=lease.author) if ids else ""
        late = len(await self._not_yet(effect.analyzer, ids, ARCHIVED))
        note = "the analyzer has its hundred archive rules: what comes later is hidden by secbot alone"
        return Result(native, is_done=not late, request=request, note="; ".join(present([note, _late(late, ARCHIVED)])))

    # --- back -----------------------------------------------------------------------------------------------------------------

    async def unarchive(self, lease: Lease, others: Sequence[Lease], keep: Keep) -> Result:
        """Take the rules away that nobody else needs, and make active again what was archived for this lease."""
        heir = next((o for o in others if set(rules_of(o.native)) & set(rules_of(lease.native))), None)
        if heir is not None and set(rules_of(lease.native)) <= set(rules_of(heir.native)):
            note = f"{heir.short} has the same archive rule, which stays"
            return Result(lease.native, is_done=True, note=note, heir=heir.id)
        requests: list[str] = []
        native, left, late = dict(lease.native), 0, 0
        for analyzer in archived_ids(lease.native):
            native = await self._with_newer(lease, native, analyzer, others, keep)
            for name in self._own_rules(lease, analyzer, others):
                requests.append(await self.analyzers.delete_rule(analyzer, name, token=self.token(), who=lease.author))
            ids = self._own_ids(native, analyzer, others)
            if ids and (wanted := await self._still_archived(analyzer, ids)):
                requests.append(await self.analyzers.set_status(analyzer, wanted, ACTIVE, who=lease.author))
                late += len(await self._not_yet(analyzer, wanted, ACTIVE))
            left += await self._left(lease, analyzer, others)
        note = "; ".join(present([_late(late, ACTIVE), f"{left} archive rules are still there" if left else ""]))
        return Result(native, is_done=not (late or left), request=",".join(present(requests)), note=note)

    async def _with_newer(
        self, lease: Lease, native: dict[str, str], analyzer: str, others: Sequence[Lease], keep: Keep
    ) -> dict[str, str]:
        """With what the rules have archived since they were made: all that they hold now but what was archived before."""
        rules = {r.name: r.filter for r in await self.analyzers.rules(analyzer)} if rules_of(native) else {}
        newer: set[str] = set()
        for name in self._own_rules(lease, analyzer, others):
            if name in rules:
                newer |= set(await self.analyzers.findings(analyzer, rules[name], status=ARCHIVED))
        newer -= set(native.get("already", "").split(","))
        key = "ids" if native.get("analyzer") == analyzer and f"ids@{analyzer}" not in native else f"ids@{analyzer}"
        known = set(archived_ids(native).get(analyzer, ()))
        if newer <= known:
            return native
        native = {**native, key: ",".join(sorted(known | newer))}
        await keep(native)
        return native

    async def _still_archived(self, analyzer: str, ids: Sequence[str]) -> list[str]:
        """Those that the analyzer shows as archived: what is active or resolved is left as it is."""
        found: list[str] = []
        for piece in _pieces(ids):
            now = await self.analyzers.findings(analyzer, {"id": {"eq": piece}})
            found += [id for id in piece if now.get(id) == ARCHIVED]
        return found

    @staticmethod
    def _own_rules(lease: Lease, analyzer: str, others: Sequence[Lease]) -> list[str]:
        if lease.native.get("analyzer") != analyzer:
            return []
        theirs = {name for other in others for name in rules_of(other.native)}
        return [name for name in rules_of(lease.native) if name not in theirs]

    @staticmethod
    def _own_ids(native: Native, analyzer: str, others: Sequence[Lease]) -> list[str]:
        """What is ours to bring back: not what another lease in force has archived, too."""
        theirs = {id for other in others for id in archived_ids(other.native).get(analyzer, ())}
        return [id for id in archived_ids(native).get(analyzer, ()) if id not in theirs]

    async def _left(self, lease: Lease, analyzer: str, others: Sequence[Lease]) -> int:
        own = set(self._own_rules(lease, analyzer, others))
        return sum(r.name in own for r in await self.analyzers.rules(analyzer)) if own else 0


def present(texts: Sequence[str]) -> list[str]:
    """Those that say something."""
    return [t for t in texts if t]


def _late(number: int, status: str) -> str:
    return f"{number} not {status.lower()} yet" if number else ""


def _pieces(ids: Sequence[str]) -> list[list[str]]:
    return [list(ids[i : i + MOST_VALUES]) for i in range(0, len(ids), MOST_VALUES)]


def _asked(record: Record, effect: Effect) -> Filter:
    ids = finding_ids(record.finding)
    return {"id": {"eq": list(ids)}} if ids or effect.filter is None else effect.filter


def _by_analyzer(records: Sequence[Record]) -> dict[str, list[Record]]:
    found: dict[str, list[Record]] = {}
    for record in records:
        found.setdefault(record.finding.detector, []).append(record)
    return found


def _filters(records: Sequence[Record]) -> list[Filter]:
    """What to list for these findings: by their ids, or by their resources where a hub has grouped them."""
    ids = [id for record in records for id in finding_ids(record.finding)]
    grouped = list(dict.fromkeys(r.finding.resource.id for r in records if not finding_ids(r.finding)))
    by_id: list[Filter] = [{"id": {"eq": piece}} for piece in _pieces(ids)]
    return [*by_id, *({"resource": {"eq": piece}} for piece in _pieces([g for g in grouped if g]))]
