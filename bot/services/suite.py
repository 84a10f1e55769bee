"""Every use case that people can ask for, put together once: what a verb finds in its context."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.domain.authz import Policy
from bot.domain.finding import Severity
from bot.domain.message import Message, Modal
from bot.domain.suppression import MOST_DAYS
from bot.domain.views import View
from bot.ports import Clock, Directory, Ids, Messenger, People, Store
from bot.services.audit import Audit
from bot.services.details import Details
from bot.services.export import Exports
from bot.services.home import HomeTab
from bot.services.ingest import RoutingTable
from bot.services.leases import Leases
from bot.services.lexicon import Lexicon, Vocabulary
from bot.services.natively import Natively
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
    clock: Clock
    ids: Ids


def suite(
    outside: Outside,
    *,
    vocabulary: Vocabulary,
    routing: RoutingTable,
    policy: Policy,
    status: StatusService,
    render: Callable[[View], Message | Modal],
    wake: Callable[[], None],
    permalink: str = "",
    own_account: str = "",
    most_days: Mapping[Severity, int] = MOST_DAYS,
) -> Suite:
    """Put the use cases together; opens nothing.

    Args:
        wake: tells the delivery side that something was queued.
        permalink: the beginning of our own links to findings; empty when there are none.
        own_account: the account that secbot runs in, whose findings are never hidden; empty when it is not known.
        most_days: how long findings of a severity may be hidden.
    """
    o = outside
    lexicon = Lexicon(o.directory, vocabulary)
    refs = Refs(o.store, lexicon, o.people, o.clock)
    views = SavedViews(o.store, lexicon, o.clock)
    leases = Leases(o.store, o.natively, routing, o.clock, wake)
    return Suite(
        lexicon=lexicon,
        refs=refs,
        queries=Queries(store=o.store, lexicon=lexicon, refs=refs, clock=o.clock, ids=o.ids),
        details=Details(o.store, routing, o.clock, permalink),
        views=views,
        triage=Triage(o.store, o.people, o.clock, wake),
        suppressions=Suppressions(
            store=o.store, leases=leases, clock=o.clock, ids=o.ids, own_account=own_account, most_days=most_days
        ),
        leases=leases,
        audit=Audit(o.store, o.clock),
        exports=Exports(o.messenger, render, o.clock, o.ids),
        home=HomeTab(o.store, views, status, o.clock),
        previews=Previews(o.store, refs, policy, o.clock),
        status=status,
        store=o.store,
    )
