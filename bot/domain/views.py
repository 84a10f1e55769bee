"""What is to be shown, before anybody has decided how it looks.

A verb returns one of these; the layout whose `view` is its type turns it into blocks. Every text in a view may be foreign: escaping
and cutting are the renderers' alone. `now` is in a view wherever a layout speaks of ages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.finding import Entry, Record, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingCard:
    """The live card of one finding in a channel. `mention` is user-group and user ids that the first post tells."""

    record: Record
    now: datetime
    mention: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadLine:
    """One short line in a card's thread: what changed, when and by whom. `announce` marks one that is also shown in the channel."""

    record: Record
    entry: Entry
    now: datetime
    announce: bool = False
    mention: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingList:
    """A page of findings. `scope` is the query that was applied in words people can type; `listing` names the snapshot."""

    rows: tuple[Record, ...]
    scope: str
    counts: Mapping[Severity, int]
    page: int
    pages: int
    total: int
    listing: str
    now: datetime
    notes: tuple[str, ...] = ()
    public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingDetail:
    """Everything about one finding, in a modal or an answer. `record` is None while it is loading."""

    record: Record | None
    now: datetime
    timeline: tuple[Entry, ...] = ()
    places: tuple[tuple[str, str], ...] = ()  # (channel id, message ts) of its cards
    raw: str = ""
    modal: bool = False
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Offer:
    """A button that runs a command: `label` and the whole command without `/sec`."""

    label: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An error for the person who asked: what was read, what was not, and how to go on.

    `reference` is set when it broke on our side (`e-7f3a`), so that the log can be found.
    """

    messages: tuple[str, ...]
    offers: tuple[Offer, ...] = ()
    read: str = ""
    reference: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Notice:
    """A short answer: one sentence, perhaps with a finding's reference. `until` (epoch seconds) ends it with a time when not 0."""

    text: str
    until: int = 0
    offers: tuple[Offer, ...] = ()
    good: bool = True


@dataclass(frozen=True, slots=True)
class HelpEntry:
    """A verb as help shows it."""

    name: str
    summary: str
    usage: str
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Help:
    """Help on every verb, or on one when `verbs` holds one and `full` is set."""

    verbs: tuple[HelpEntry, ...]
    full: bool = False
    language: tuple[tuple[str, str], ...] = ()  # (what to type, what it means)


@dataclass(frozen=True, slots=True, kw_only=True)
class Menu:
    """What the empty command shows: how things stand and what to do next."""

    counts: Mapping[Severity, int]
    offers: tuple[Offer, ...]
    verbs: tuple[HelpEntry, ...]
    health: tuple[tuple[str, bool, str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Status:
    """Whether silence can be trusted: parts, freshness by source, backlog, what was set aside."""

    parts: tuple[tuple[str, bool, str], ...]  # (name, works, note)
    freshness: Mapping[str, datetime]
    states: Mapping[str, int]
    waiting: int
    oldest: datetime | None
    blocked: tuple[tuple[str, str, int], ...]
    queue_depth: int | None
    quarantined: int
    quarantine_reasons: tuple[tuple[str, int], ...]
    ignored: Mapping[str, int]
    started: datetime
    now: datetime
    version: str = ""


@dataclass(frozen=True, slots=True)
class AccountRow:
    id: str
    name: str
    env: str
    ou: str
    owner: str
    live: int
    worst: Severity | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Accounts:
    """The accounts secbot knows, with what is live in each; `total` counts those that the filter holds."""

    rows: tuple[AccountRow, ...]
    total: int
    unknown: tuple[str, ...] = ()  # account ids that findings name and Organizations does not
    filter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """Why a finding is where it is: its route and what was tried, its state, and what the reader may do with it."""

    record: Record
    tried: tuple[tuple[str, bool, str], ...]  # (route, held, its query)
    may: tuple[tuple[str, bool, str], ...]  # (verb, allowed, because)
    now: datetime
    reason: str = ""


View = FindingCard | ThreadLine | FindingList | FindingDetail | Trouble | Notice | Help | Menu | Status | Accounts | Why
