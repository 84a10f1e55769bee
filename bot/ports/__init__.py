"""What the services need of the world, as Protocols, and the records that cross those lines.

An adapter implements a port and passes its contract suite; a fake does too. Durations are seconds in names that end `_s`; times are
aware and UTC. Every call may raise `TemporaryError` (try again later); what else it raises is said.
"""

from bot.ports.basics import Clock, Health, Ids, Metrics
from bot.ports.cloud import Directory
from bot.ports.records import (
    AccountCount,
    Backlog,
    Card,
    Claimed,
    Counts,
    GroupCount,
    Listing,
    Poison,
    Said,
    SavedView,
    Saying,
    SayKind,
)
from bot.ports.slack import Messenger, People, Posted, Unfurl
from bot.ports.store import Outbox, Reads, Store, Tx
from bot.ports.stream import Delivery, Inbox

__all__ = [
    "AccountCount",
    "Backlog",
    "Card",
    "Claimed",
    "Clock",
    "Counts",
    "Delivery",
    "Directory",
    "GroupCount",
    "Health",
    "Ids",
    "Inbox",
    "Listing",
    "Messenger",
    "Metrics",
    "Outbox",
    "People",
    "Poison",
    "Posted",
    "Reads",
    "Said",
    "SavedView",
    "SayKind",
    "Saying",
    "Store",
    "Tx",
    "Unfurl",
]
