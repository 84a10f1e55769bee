"""What is to be shown of suppressions: the form, its preview, what became of it, the leases. As views.py: no looks, foreign texts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.finding import Record
from bot.domain.native import Effect
from bot.domain.suppression import Lease, Reach, Verdict


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressForm:
    """A modal that asks what to hide, why and until when. Nothing is done by it: its preview follows.

    Inputs: `scope` (a ScopeKind's word), `filter` (for a custom scope), `why` (a ReasonClass's word), `reason`, `ticket` (may be empty),
    `ends` (a time such as 14d), `owner` (a user). `most` is the longest time in words; `problem` is what was wrong with the last try.
    """

    record: Record
    now: datetime
    ends: str = "7d"
    reason: str = ""
    ticket: str = ""
    owner: str = ""
    most: str = ""
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SuppressPreview:
    """What a draft would hide, how broad it is, what is done at the source, and whether another person has to agree.

    The button `suppress.go` carries `lease.id` and `digest`, joined by a dot; there is none when the verdict refuses. `changed` says that
    it is no longer what was shown before.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseShown:
    """One lease and how it stands. `may_end` offers `End now` (`suppress.end`, extra is the lease's id), called Undo for ten minutes."""

    lease: Lease
    about: Record | None
    now: datetime
    hidden: int = 0
    may_end: bool = False
    said: str = ""  # a sentence about what was just done


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseList:
    """Leases, the first to end first; `counts` says how many findings each hides, by its id."""

    leases: tuple[Lease, ...]
    counts: Mapping[str, int]
    scope: str
    now: datetime
    more: bool = False


HidingView = SuppressForm | SuppressPreview | LeaseShown | LeaseList
