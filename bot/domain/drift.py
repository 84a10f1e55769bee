"""What hides findings and is not ours, or is no longer as we made it: an attacker's way to be quiet, or a colleague's forgotten rule.

    foreign    an archive rule, a Security Hub automation rule or a GuardDuty filter that secbot did not make
    changed    an archive rule of ours whose filter is another one now
    gone       an archive rule of ours that a lease in force needs and that is not there
    stray      a rule with one of our names that no lease in force needs

Pure: the rules were read by the caller, who also remembers what was told before, so that a known rule is told once and again when it
changes.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from enum import StrEnum

from bot.domain.native import Filter, is_ours, rule_name, rules_of, shown_filter
from bot.domain.suppression import HIDING, Lease


class Kind(StrEnum):
    """What is wrong with a rule."""

    FOREIGN = "foreign"
    CHANGED = "changed"
    GONE = "gone"
    STRAY = "stray"


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule that hides findings, as a service lists it.

    `service` is `access_analyzer`, `securityhub`, `securityhub_v2` or `guardduty`; `place` the analyzer's ARN, else the Region; `id` what
    the service names it by; `what` says which findings it takes and what it does with them, in the service's own words.
    """

    service: str
    place: str
    id: str
    name: str
    what: str
    broad: str = ""  # why it is a dangerous one; empty when it is narrow
    updated: str = ""  # as AWS writes it


@dataclass(frozen=True, slots=True)
class Maker:
    """Who made or changed a rule, as CloudTrail says: `who` is an ARN or a name, `did` the API call."""

    who: str
    did: str
    at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Drift:
    """One rule that is not as it should be. `leases` are the ids of those that need it."""

    kind: Kind
    rule: Rule
    leases: tuple[str, ...] = ()
    maker: Maker | None = None

    @property
    def key(self) -> str:
        """Names the rule and what is wrong with it: the same thing found again has the same key."""
        return ":".join((self.kind, self.rule.service, self.rule.place, self.rule.id))

    @property
    def digest(self) -> str:
        """16 hex digits over what the rule does: another one is worth telling again."""
        return hashlib.blake2b(self.rule.what.encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Known:
    """A drift that was told before."""

    key: str
    digest: str
    first: datetime
    told: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """What one look found: every drift, which of them are new or changed since they were told, and what could not be looked at."""

    found: tuple[Drift, ...]
    news: frozenset[str] = frozenset()  # keys
    blind: tuple[str, ...] = ()  # "securityhub in eu-west-1: access denied"
    looked: int = 0  # rules that were read


def archive_drifts(analyzer: str, rules: Mapping[str, Filter], leases: Iterable[Lease]) -> list[Drift]:
    """What is wrong at one analyzer.

    Args:
        rules: its archive rules by name.
        leases: all leases; those in force with an archive rule at this analyzer are looked at.
    """
    needed: dict[str, list[Lease]] = {}
    for lease in leases:
        if lease.stage in HIDING and lease.native.get("analyzer") == analyzer:
            for name in rules_of(lease.native):
                needed.setdefault(name, []).append(lease)
    found = [_archive_drift(analyzer, name, filter, needed.get(name, ())) for name, filter in sorted(rules.items())]
    gone = [
        Drift(kind=Kind.GONE, rule=_archive_rule(analyzer, name, None), leases=_ids(of))
        for name, of in sorted(needed.items())
        if name not in rules and any("refused" not in lease.native for lease in of)
    ]
    return [*(drift for drift in found if drift is not None), *gone]


def _archive_drift(analyzer: str, name: str, filter: Filter, leases: Sequence[Lease]) -> Drift | None:
    rule = _archive_rule(analyzer, name, filter)
    if not is_ours(name):
        return Drift(kind=Kind.FOREIGN, rule=rule)
    if not leases:
        return Drift(kind=Kind.STRAY, rule=rule)
    # A rule's name is made of its filter: another filter has another name.
    return None if rule_of(filter) == name else Drift(kind=Kind.CHANGED, rule=rule, leases=_ids(leases))


def rule_of(filter: Filter) -> str:
    """The name that a filter of ours would have; operators without a value mean nothing."""
    plain = {k: {op: sorted(v) for op, v in c.items() if v} for k, c in filter.items()}
    return rule_name(plain) if all(set(c) == {"eq"} for c in plain.values()) else ""


def _archive_rule(analyzer: str, name: str, filter: Filter | None) -> Rule:
    what = shown_filter(filter) if filter is not None else ""
    broad = breadth(filter) if filter is not None else ""
    return Rule(service="access_analyzer", place=analyzer, id=name, name=name, what=what, broad=broad)


def breadth(filter: Filter) -> str:
    """Why an archive rule is a dangerous one; empty for one that secbot might have made."""
    if not any(key == "resource" or key.startswith("principal.") for key in filter):
        return "it names no resource and no principal"
    if any(set(criterion) & {"neq", "contains", "exists"} for criterion in filter.values()):
        return "it matches by parts or by exclusion"
    if "isPublic" in filter and "true" in filter["isPublic"].get("eq", ()):
        return "it hides public access"
    if "isPublic" not in filter and "findingType" not in filter:
        return "it hides public access too"
    return ""


def _ids(leases: Iterable[Lease]) -> tuple[str, ...]:
    return tuple(sorted(lease.id for lease in leases))


def judged(found: Sequence[Drift], known: Mapping[str, Known], blind: Sequence[str], looked: int) -> Seen:
    """What a look found, the broad rules first, with what is new in it.

    Args:
        known: what was told before, by key.
    """
    news = frozenset(d.key for d in found if d.key not in known or known[d.key].digest != d.digest)
    worst_first = sorted(found, key=lambda d: (not d.rule.broad, d.kind, d.key))
    return Seen(found=tuple(worst_first), news=news, blind=tuple(blind), looked=looked)


def remembered(seen: Seen, known: Mapping[str, Known], now: datetime) -> list[Known]:
    """What is to be kept of a look that is told now."""
    return [
        Known(key=d.key, digest=d.digest, first=known[d.key].first if d.key in known else now, told=now)
        for d in seen.found
        if d.key in seen.news
    ]


# --- as text, for the outbox ----------------------------------------------------------------------------------------------------


def pack(seen: Seen) -> str:
    """A look as one line of text; `unpack` reads it."""
    drifts = [
        {
            "kind": str(d.kind),
            "rule": asdict(d.rule),
            "leases": d.leases,
            "maker": [d.maker.who, d.maker.did, d.maker.at.isoformat()] if d.maker else None,
        }
        for d in seen.found
    ]
    return json.dumps({"found": drifts, "news": sorted(seen.news), "blind": seen.blind, "looked": seen.looked})


def unpack(text: str) -> Seen:
    """Raises ValueError for what `pack` did not write."""
    try:
        raw = json.loads(text)
        found = tuple(
            Drift(
                kind=Kind(d["kind"]),
                rule=Rule(**d["rule"]),
                leases=tuple(d["leases"]),
                maker=Maker(d["maker"][0], d["maker"][1], datetime.fromisoformat(d["maker"][2]))
                if d["maker"]
                else None,
            )
            for d in raw["found"]
        )
        return Seen(found=found, news=frozenset(raw["news"]), blind=tuple(raw["blind"]), looked=int(raw["looked"]))
    except (KeyError, TypeError, IndexError) as error:
        raise ValueError("not a look that was packed") from error
