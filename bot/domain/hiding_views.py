"""What is to be shown of suppressions: the form, its preview, what became of it, the leases. As views.py: no looks, foreign texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.approval import Request
from bot.domain.drift import Seen
from bot.domain.finding import Record
from bot.domain.native import Effect
from bot.domain.suppression import Lease, Reach, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressForm:
    """A modal that asks what to hide, why and until when. Nothing is done by it: its preview follows.

    Inputs: `scope` (a ScopeKind's word), `filter` (for a custom scope), `why` (a ReasonClass's word), `reason`, `ticket` (may be empty),
    `ends` (a time such as 14d), `owner` (a user). `most` is the longest time in words; `problem` is what was wrong with the last try.

    `several` are all findings that it is about when there are more than one (`record` is the first): the scope is these, or a filter;
    the metadata's extra is their numbers, joined by commas. `renews` is the lease that is prolonged: its scope stays, so there is no
    `scope` and no `filter`; the extra is `renew.` and its id. `why` and `filter` stand there already when they are given.
    """

    record: Record
    now: datetime
    ends: str = "7d"
    why: str = ""
    reason: str = ""
    ticket: str = ""
    owner: str = ""
    filter: str = ""
    most: str = ""
    problem: str = ""
    several: tuple[Record, ...] = ()
    renews: Lease | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressPreview:
    """What a draft would hide, how broad it is, what is done at the source, and whether another person has to agree.

    The button `suppress.go` carries `lease.id` and `digest`, joined by a dot; there is none when the verdict refuses. `changed` says that
    it is no longer what was shown before. `at_source` is how many findings the source itself says that it would archive now: None when
    it was not asked or did not answer. A lease that renews another one says so.
    """

    lease: Lease
    about: Record
    reach: Reach
    first: tuple[Record, ...]
    verdict: Verdict
    effect: Effect
    digest: str
    now: datetime
    changed: bool = False
    at_source: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseShown:
    """One lease and how it stands. `may_end` offers `End now` (`suppress.end`, extra is the lease's id), called Undo for ten minutes, and
    `Renew…` (`suppress.renew`, the same extra).

    `request` is what waits for another person; `may_decide` offers Approve and Deny (`suppress.approve`, `suppress.deny`; extra is the
    request's id and digest, joined by a dot); `may_withdraw` offers Deny alone, called Withdraw.
    """

    lease: Lease
    about: Record | None
    now: datetime
    hidden: int = 0
    may_end: bool = False
    said: str = ""  # a sentence about what was just done
    request: Request | None = None
    may_decide: bool = False
    may_withdraw: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseList:
    """Leases, the first to end first; `counts` says how many findings each hides, by its id."""

    leases: tuple[Lease, ...]
    counts: Mapping[str, int]
    scope: str
    now: datetime
    more: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DriftReport:
    """Rules that hide findings and are not ours, or not as we made them. `nightly` is a report to a channel: it tells what is new and
    counts what was told before; an answer to a person lists everything."""

    seen: Seen
    now: datetime
    nightly: bool = False


HidingView = DriftReport | SuppressForm | SuppressPreview | LeaseShown | LeaseList
