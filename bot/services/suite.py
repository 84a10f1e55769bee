"""Every use case that people can ask for, put together once: what a verb finds in its context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from bot.domain.authz import Policy
from bot.domain.finding import Severity
from bot.domain.message import Message, Modal
from bot.domain.oncall import Rotation
from bot.domain.suppression import MOST_DAYS
from bot.domain.views import View
from bot.ports import Clock, Directory, Ids, Messenger, People, Store
from bot.ports.hiding import Outlook
from bot.services.audit import Audit
from bot.services.briefs import Briefs
from bot.services.details import Details
from bot.services.drift import DriftWatch
from bot.services.escalate import Escalations
from bot.services.export import Exports
from bot.services.home import HomeTab
from bot.services.ingest import RoutingTable
from bot.services.ladder import Ladder
from bot.services.leases import Leases
from bot.services.lexicon import Lexicon, Vocabulary
from bot.services.natively import Natively
from bot.services.oncall import OnCall
from bot.services.previews import Previews
from bot.services.query import Queries
from bot.services.refs import Refs
from bot.services.status import StatusService
from bot.services.suppress import Suppressions
from bot.services.triage import Triage
from bot.services.views import SavedViews


@dataclass(frozen=True, slots=True, kw_only=True)
class Suite:
    """The use cases. Made by `suite`."""

    lexicon: Lexicon
    refs: Refs
    queries: Queries
    details: Details
    views: SavedViews
    triage: Triage
    suppressions: Suppressions
    leases: Leases
    drift: DriftWatch
    oncall: OnCall
    escalations: Escalations
    briefs: Briefs
    audit: Audit
    exports: Exports
    home: HomeTab
    previews: Previews
    status: StatusService
    store: Store


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """The world as the use cases need it."""

    store: Store
    directory: Directory
    people: People
    messenger: Messenger
    natively: Natively
    outlook: Outlook | None
    clock: Clock
    ids: Ids


@dataclass(frozen=True, slots=True, kw_only=True)
class Rules:
    """What the configuration says that the use cases go by.

    `permalink` is the beginning of our own links to findings (empty: there are none); `own_account` the account that secbot runs in, whose
    findings are never hidden (empty: not known), `home` its Region; `security_channel` is where rules are reported that hide findings and
    are not ours.
    """

    vocabulary: Vocabulary
    routing: RoutingTable
    policy: Policy
    permalink: str = ""
    own_account: str = ""
    most_days: Mapping[Severity, int] = field(default_factory=lambda: MOST_DAYS)
    home: str = ""
    security_channel: str = ""
    ladder: Ladder = field(default_factory=Ladder)
    rotations: tuple[Rotation, ...] = ()


def suite(
    outside: Outside,
    rules: Rules,
    *,
    status: StatusService,
    render: Callable[[View], Message | Modal],
    wake: Callable[[], None],
) -> Suite:
    """Put the use cases together; opens nothing.

    Args:
        wake: tells the delivery side that something was queued.
    """
    o, r = outside, rules
    lexicon = Lexicon(o.directory, r.vocabulary)
    refs = Refs(o.store, lexicon, o.people, o.clock)
    views = SavedViews(o.store, lexicon, o.clock)
    leases = Leases(o.store, o.natively, r.routing, o.clock, wake, r.own_account, r.ladder)
    oncall = OnCall(o.store, r.rotations, o.clock, o.ids, r.ladder.hours.zone)
    escalations = Escalations(o.store, r.ladder, oncall, r.routing, o.clock, wake)
    return Suite(
        lexicon=lexicon,
        refs=refs,
        queries=Queries(store=o.store, lexicon=lexicon, refs=refs, clock=o.clock, ids=o.ids),
        details=Details(o.store, r.routing, o.clock, r.permalink),
        views=views,
        triage=Triage(o.store, o.people, o.clock, wake),
        suppressions=_suppressions(o, r, leases),
        leases=leases,
        drift=_drift(o, r, wake),
        oncall=oncall,
        escalations=escalations,
        briefs=Briefs(o.store, oncall, escalations, o.clock, wake),
        audit=Audit(o.store, o.clock),
        exports=Exports(o.messenger, render, o.clock, o.ids),
        home=HomeTab(o.store, views, status, o.clock),
        previews=Previews(o.store, refs, r.policy, o.clock),
        status=status,
        store=o.store,
    )


def _suppressions(o: Outside, r: Rules, leases: Leases) -> Suppressions:
    return Suppressions(
        store=o.store, leases=leases, clock=o.clock, ids=o.ids, own_account=r.own_account, most_days=r.most_days
    )


def _drift(o: Outside, r: Rules, wake: Callable[[], None]) -> DriftWatch:
    return DriftWatch(
        store=o.store,
        analyzers=o.natively.analyzers,
        outlook=o.outlook,
        clock=o.clock,
        wake=wake,
        channel=r.security_channel,
        home=r.home,
    )
