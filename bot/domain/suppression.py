"""Hiding findings, made hard to do badly: what a suppression covers, how broad that is, for how long it may be, and who must agree.

Every suppression is a *lease*: it has a reason, an owner and an end. What it covers is a scope: exactly one finding, one source's findings
about one resource, one control or type in one account, or a query. Pure: how many findings a scope holds was counted by the caller.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from enum import StrEnum
from functools import lru_cache

from bot.domain.facets import facets
from bot.domain.finding import Record, Severity
from bot.domain.query import Exact, Flag, Glob, Key, Levels, Query, Term, matches
from bot.domain.syntax import Names, parse

MOST_DAYS: Mapping[Severity, int] = {
    Severity.CRITICAL: 7,
    Severity.HIGH: 30,
    Severity.MEDIUM: 90,
    Severity.LOW: 90,
    Severity.INFO: 90,
}
"""How long a suppression of findings of a severity may last, in days, unless the configuration says less."""

LEAST_REASON = 10  # characters
MOST_REASON = 500
ALONE_MATCHES = 25  # findings that one person may hide without another
ALONE_LASTS = timedelta(days=7)
NOTICE = timedelta(hours=72)
UNDO = timedelta(minutes=10)

# From: the sources' own types; what must stay seen whoever asks
NEVER: tuple[tuple[str, str], ...] = (
    ("RootCredentialUsage", "the root user's use"),
    ("Policy:IAMUser/RootCredentialUsage", "the root user's use"),
    ("Stealth:IAMUser/CloudTrailLoggingDisabled", "a stopped CloudTrail"),
    ("DefenseEvasion:IAMUser/", "an evasion of detection"),
)


_TRAIL_ALARM = "cloudtrail metric filter alarm"  # keep in sync with the type that sources/cloudwatch.py gives
_TRAIL_NAMES = (
    ("root", "the root user's use"),
    ("trailc", "a change of CloudTrail"),
    ("stoplogging", "a stopped CloudTrail"),
)


class ScopeKind(StrEnum):
    """What a suppression covers."""

    FINDING = "finding"
    THESE = "these"  # several, each by its reference
    RESOURCE = "resource"
    KIND = "kind"
    CUSTOM = "custom"


class ReasonClass(StrEnum):
    """Why, in one of a few words, so that reasons can be counted."""

    FALSE_POSITIVE = "false_positive"
    ACCEPTED_RISK = "accepted_risk"
    EXPECTED = "expected"
    COMPENSATED = "compensated"
    TEST = "test"


class Stage(StrEnum):
    """Where a lease stands."""

    DRAFT = "draft"  # previewed, not asked for
    WAITING = "waiting"  # for another person
    APPLYING = "applying"  # decided; its native effect is not confirmed yet
    ACTIVE = "active"
    ENDING = "ending"  # over; its native effect is not undone yet
    ENDED = "ended"
    REFUSED = "refused"  # denied, withdrawn or expired before it began


HIDING = frozenset({Stage.APPLYING, Stage.ACTIVE})
"""Stages in which a lease hides what it covers."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """One suppression. `query` is what it covers as a printed query; `number` the finding that it began with (0 when none).

    `native` is what was done at the source, so that it can be undone: see services.suppress.
    """

    id: str
    kind: ScopeKind
    number: int
    query: str
    why: ReasonClass
    reason: str
    ticket: str
    owner: str
    author: str
    created: datetime
    until: datetime
    stage: Stage
    native: Mapping[str, str] = field(default_factory=dict)
    approval: str = ""
    approvers: tuple[str, ...] = ()
    ended_at: datetime | None = None
    ended_by: str = ""
    noticed_at: datetime | None = None
    renews: str = ""  # the id of the lease that this one prolongs: see services.suppress

    @property
    def short(self) -> str:
        """`L-7f3a`: what people call it."""
        return f"L-{self.id[:6].lower()}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Reach:
    """What a scope holds now: counted by the caller over live findings, and those of the last 90 days."""

    by_severity: Mapping[Severity, int]
    accounts: int
    envs: Mapping[str, int]
    in_90_days: int
    kept: int = 0  # live ones that the scope holds and that are never hidden: they stay

    @property
    def total(self) -> int:
        return sum(self.by_severity.values())

    @property
    def worst(self) -> Severity:
        return max((s for s, n in self.by_severity.items() if n), default=Severity.INFO)


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a suppression may be: `refused` are reasons why not, `approval` are reasons for which another person has to agree."""

    refused: tuple[str, ...] = ()
    approval: tuple[str, ...] = ()

    @property
    def allowed(self) -> bool:
        return not self.refused

    @property
    def alone(self) -> bool:
        """Whether one person may do it."""
        return self.allowed and not self.approval


def scope_query(kind: ScopeKind, record: Record, custom: Query | None = None) -> Query:
    """What a scope covers, as a query without a state: the findings it hides are those that it holds, whatever becomes of them.

    A FINDING scope has the finding's reference and no term.
    """
    finding = record.finding
    account = Term(Key.ACCOUNT, (Exact(finding.account),))
    source = Term(Key.SRC, (Exact(finding.source),))
    what = Term(Key.CONTROL, (Exact(finding.control),)) if finding.control else Term(Key.TYPE, (Exact(finding.type),))
    match kind:
        case ScopeKind.FINDING | ScopeKind.THESE:
            return Query(refs=(record.ref,))
        case ScopeKind.RESOURCE:
            return Query((account, source, Term(Key.RESOURCE, (Exact(finding.resource.id),))))
        case ScopeKind.KIND:
            return Query((account, source, what))
        case ScopeKind.CUSTOM:
            return custom or Query()


def these_query(numbers: Sequence[int]) -> Query:
    """A scope of exactly these findings."""
    return Query(refs=tuple(f"F-{n}" for n in dict.fromkeys(numbers)))


def capped(query: Query, worst: Severity) -> Query:
    """The scope, for findings up to this severity only: what becomes graver than what was agreed to is not hidden any more."""
    cap = Term(Key.SEV, (Levels(Severity.INFO, worst),))
    if worst is Severity.CRITICAL or cap in query.terms:
        return query
    return replace(query, terms=(*query.terms, cap))


def query_of(lease: Lease) -> Query:
    """What a lease covers, read from its printed form: keys stand in it, so no live name is needed."""
    return _read(lease.query)


def scope_told(lease: Lease) -> str:
    """What a lease covers as people read it: the findings that it names, by their references alone, else its query."""
    return " ".join(query_of(lease).refs) or lease.query


@lru_cache(maxsize=1024)  # every report is held against every lease
def _read(text: str) -> Query:
    return parse(text, Names()).query


def covers(query: Query, record: Record, now: datetime) -> bool:
    """Whether a lease's query holds a finding."""
    if query.refs and record.ref not in query.refs:
        return False
    return bool(query.refs or query.terms) and matches(query, facets(record), now)


def digest(lease: Lease) -> str:
    """16 hex digits over everything that an approver agrees to: another scope, reason, owner or end is another suppression."""
    said = (
        lease.kind,
        lease.query,
        lease.why,
        lease.reason,
        lease.ticket,
        lease.owner,
        lease.author,
        lease.until.isoformat(),
    )
    return hashlib.blake2b(repr(tuple(map(str, said))).encode("utf-8", "backslashreplace"), digest_size=8).hexdigest()


def query_problem(query: Query) -> str:
    """Why a custom filter cannot be a scope; empty when it can."""
    if query.refs or query.views or query.flags - {Flag.ALL} or query.page != 1 or query.group:
        return "A filter has terms only: no reference, view, page, group or flag."
    if query.asks(Key.STATE) or query.asks(Key.LEASE) or query.asks(Key.BY):
        return "A filter says what findings are, not what became of them: no state, lease or by."
    if any(t.key in (Key.AGE, Key.FIRST, Key.LAST) for t in query.filters):
        return "A filter cannot rest on time: what it hides would change by itself."
    return "" if query.terms else "A filter needs at least one term."


def judge(
    kind: ScopeKind,
    query: Query,
    reach: Reach,
    lasts: timedelta,
    *,
    about: Record | None,
    own_account: str = "",
    most_days: Mapping[Severity, int] = MOST_DAYS,
) -> Verdict:
    """Whether a suppression may be, and whether one person is enough.

    Args:
        query: what it covers; see `scope_query`.
        reach: what that holds now.
        lasts: until its end.
        about: the finding that it began with.
        own_account: the account that secbot runs in: findings about it are never hidden.
        most_days: the longest time by severity.
    """
    refused = [*(never_hidden(about, own_account) if about else ()), *_too_long(reach, lasts, most_days)]
    if kind is ScopeKind.CUSTOM and not _names_something(query):
        refused.append("The filter names no account and no resource: it would hide what nobody has seen yet, anywhere.")
    if kind is ScopeKind.CUSTOM and not reach.total and not reach.in_90_days:
        refused.append("The filter holds no finding, now or in 90 days: there is nothing to judge it by.")
    return Verdict(tuple(refused), tuple(_another_person(kind, query, reach, lasts)))


def never_hidden(record: Record, own_account: str = "") -> tuple[str, ...]:
    """Why this finding is never hidden, whatever a lease covers; empty when it may be."""
    finding = record.finding
    told = [
        f"It is about {what}: that is never hidden."
        for word, what in NEVER
        if word.casefold() in finding.type.casefold()
    ]
    if finding.type.casefold() == _TRAIL_ALARM:
        name = "".join(c for c in finding.detector.casefold() if c.isalnum())
        told += [f"It is about {what}: that is never hidden." for word, what in _TRAIL_NAMES if word in name]
    if finding.source == "guardduty" and finding.severity is Severity.CRITICAL:
        told.append("A critical GuardDuty finding is never hidden.")
    if own_account and finding.account == own_account:
        told.append("It is about the account that secbot runs in: that is never hidden.")
    return tuple(told)


def _too_long(reach: Reach, lasts: timedelta, most_days: Mapping[Severity, int]) -> list[str]:
    most = most_days.get(reach.worst, MOST_DAYS[reach.worst])
    if lasts <= timedelta():
        return ["Its end has passed."]
    if lasts > timedelta(days=most, minutes=1):
        return [f"{reach.worst.word.capitalize()} findings may be hidden for {most} days at most."]
    return []


def _another_person(kind: ScopeKind, query: Query, reach: Reach, lasts: timedelta) -> list[str]:
    told: list[str] = []
    if reach.total > ALONE_MATCHES:
        told.append(f"it hides {reach.total} findings now, more than {ALONE_MATCHES}")
    if reach.by_severity.get(Severity.CRITICAL):
        told.append("a critical finding is among them")
    if reach.accounts > 1:
        told.append(f"it reaches {reach.accounts} accounts")
    if lasts > ALONE_LASTS + timedelta(minutes=1):
        told.append(f"it lasts longer than {ALONE_LASTS.days} days")
    if kind is ScopeKind.CUSTOM and any(t.negated or _has_glob(t) for t in query.filters):
        told.append("its filter has a pattern or a negation")
    return told


def _has_glob(term: Term) -> bool:
    return term.key is Key.TEXT or any(isinstance(v, Glob) for v in term.values)


def _names_something(query: Query) -> bool:
    """Whether the filter is tied to an account or a resource by its very name."""
    return any(
        t.key in (Key.ACCOUNT, Key.RESOURCE) and not t.negated and all(isinstance(v, Exact) for v in t.values)
        for t in query.filters
    )


def reason_problem(reason: str) -> str:
    """Why a reason is none; empty when it is one."""
    text = " ".join(reason.split())
    if len(text) < LEAST_REASON:
        return f"Say why in at least {LEAST_REASON} characters: somebody will read it when it ends."
    return "" if len(text) <= MOST_REASON else f"At most {MOST_REASON} characters."
