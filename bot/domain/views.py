"""What is to be shown, before anybody has decided how it looks.

A verb returns one of these; the layout whose `view` is its type turns it into blocks. Every text in a view may be foreign: escaping
and cutting are the renderers' alone. `now` is in a view wherever a layout speaks of ages.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from bot.domain.audit import Line
from bot.domain.figures import Waits
from bot.domain.finding import Entry, Record, Severity
from bot.domain.hiding_views import HidingView
from bot.domain.oncall_views import EscalationRow, OnCallView
from bot.domain.query import Group, Sort
from bot.domain.suppression import Lease


@dataclass(frozen=True, slots=True)
class Offer:
    """A button that runs a command: `label` and the whole command without `/sec`."""

    label: str
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingCard:
    """The live card of one finding in a channel. `mention` is user-group and user ids that the first post tells.

    `escalation` is its running or exhausted escalation; `direct` is a card in somebody's direct messages, who was called.
    """

    record: Record
    now: datetime
    mention: tuple[str, ...] = ()
    escalation: EscalationRow | None = None
    direct: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class ThreadLine:
    """One short line in a card's thread: what changed, when and by whom. `announce` marks one that is also shown in the channel; `here`
    tells everybody who is active there."""

    record: Record
    entry: Entry
    now: datetime
    announce: bool = False
    mention: tuple[str, ...] = ()
    here: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingList:
    """A page of findings. `scope` is the query that was applied in words people can type; `listing` names the snapshot.

    Rows are numbered from `first` on, through all pages; `newer` findings came after the snapshot was made. `offers` belong to `notes`.
    """

    rows: tuple[Record, ...]
    scope: str
    counts: Mapping[Severity, int]
    page: int
    pages: int
    total: int
    listing: str
    now: datetime
    notes: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()
    public: bool = False
    first: int = 1
    sort: Sort = Sort.SEVERITY
    newer: int = 0


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group of a breakdown: what it is called, its findings by severity, the command that lists them, and its name where room is
    scarce (the label when empty)."""

    label: str
    counts: Mapping[Severity, int]
    command: str = ""
    short: str = ""

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Breakdown:
    """Findings counted in groups. `counts` and `total` are of everything; `left_out` groups are beyond the rows."""

    group: Group
    rows: tuple[GroupRow, ...]
    scope: str
    counts: Mapping[Severity, int]
    left_out: int = 0
    notes: tuple[str, ...] = ()
    offers: tuple[Offer, ...] = ()
    public: bool = False

    @property
    def total(self) -> int:
        return sum(self.counts.values())


@dataclass(frozen=True, slots=True)
class Related:
    """Findings that may explain another one: the first few, how many there are, and the command that lists them all."""

    title: str
    rows: tuple[Record, ...]
    total: int
    command: str


@dataclass(frozen=True, slots=True, kw_only=True)
class FindingDetail:
    """Everything about one finding, in a modal or an answer. `record` is None while it is loading."""

    record: Record | None
    now: datetime
    timeline: tuple[Entry, ...] = ()
    places: tuple[tuple[str, str], ...] = ()  # (channel id, message ts) of its cards
    said: tuple[
        tuple[datetime, str, str], ...
    ] = ()  # what Slack was told: (when last, card | edit | thread, channel id)
    related: tuple[Related, ...] = ()
    raw: str = ""
    modal: bool = False
    problem: str = ""
    link: str = ""  # our own permalink; empty when the configuration has none


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """An error for the person who asked: what was read, what was not, and how to go on.

    `reference` is set when it broke on our side (`e-7f3a`), so that the log can be found. `whom` are the user-group and user ids that
    may do what was refused.
    """

    messages: tuple[str, ...]
    offers: tuple[Offer, ...] = ()
    read: str = ""
    reference: str = ""
    whom: tuple[str, ...] = ()


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
    waits: tuple[Waits, ...] = ()  # of the last 30 days, by environment and severity


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
    policy: str = ""  # the escalation policy that holds it; empty when none does
    escalation: EscalationRow | None = None


@dataclass(frozen=True, slots=True)
class ViewRow:
    """A saved view with what it holds now; `total` is None when that was not counted (or cannot be read any more: `problem`)."""

    name: str
    query: str
    author: str
    default: bool = False
    counts: Mapping[Severity, int] | None = None
    problem: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ViewsList:
    """The asker's views and those of the channel. `may_change` is whether the asker may change the channel's; `channel` is its id."""

    mine: tuple[ViewRow, ...]
    here: tuple[ViewRow, ...]
    channel: str = ""
    may_change: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Confirm:
    """What a press would do to several things, counted, and the button that does it: the second press.

    `action`, `number` and `extra` are what the button carries; `lines` name the first few of what it is about.
    """

    text: str
    label: str
    action: str
    number: int = 0
    extra: str = ""
    lines: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Working:
    """A modal that says that its content is on the way."""

    text: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class SaveViewForm:
    """A modal that saves a query under a name. Inputs: `name`, `query`, `owner` (`me`, or `channel` when that is offered)."""

    query: str
    name: str = ""
    channel: str = ""  # its id; empty when the asker may not change its views
    extra: str = ""  # the channel, for the submission


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignForm:
    """A modal that gives a finding to a person. Inputs: `user`, `note` (may be empty)."""

    record: Record
    now: datetime
    user: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class AskForm:
    """A modal in which any command can be typed. Input: `command`. `note` explains why it was opened."""

    command: str = ""
    note: str = ""
    examples: tuple[str, ...] = ()
    extra: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Home:
    """The Home tab: what is on its reader, what waits for their approval, what ends soon, saved views, how things stand.

    `approvals` are suppressions that wait for another person and that the reader may decide, with the finding each began with; `leases`
    are suppressions that end within three days, the first to end first.
    """

    user: str
    on_you: tuple[Record, ...]
    on_you_total: int
    ending: tuple[Record, ...]  # acknowledgements of the reader that end within a day, the first to end first
    views: tuple[ViewRow, ...]
    counts: Mapping[Severity, int]
    envs: tuple[tuple[str, Mapping[Severity, int]], ...]
    health: tuple[tuple[str, bool, str], ...]
    now: datetime
    problem: str = ""  # why nothing can be shown
    approvals: tuple[tuple[Lease, Record], ...] = ()
    leases: tuple[Lease, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """A pasted link's finding, under the message. `redacted`: the place may not see accounts, resources and titles."""

    record: Record
    now: datetime
    redacted: bool = False


@dataclass(frozen=True, slots=True)
class AuditRow:
    """One line of the audit trail, and the finding that it is about (None when it is about none, or that is gone)."""

    line: Line
    record: Record | None


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditLog:
    """What people and secbot did, newest first. `scope` is what was asked in words; `more` says that there is more than is shown."""

    rows: tuple[AuditRow, ...]
    scope: str
    now: datetime
    more: bool = False
    offers: tuple[Offer, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Can:
    """What a person may do: (what, allowed, because). `whom` are the ids that may do what the person may not."""

    user: str
    about: str
    rows: tuple[tuple[str, bool, str], ...]
    whom: tuple[str, ...] = ()


View = (
    FindingCard | ThreadLine | FindingList | Breakdown | FindingDetail | Trouble | Notice | Help | Menu | Status | Accounts | Why
    | ViewsList | Confirm | Working | SaveViewForm | AssignForm | AskForm | Home | Preview | AuditLog | Can | HidingView | OnCallView
)  # fmt: skip
