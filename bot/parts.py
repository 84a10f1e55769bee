"""The parts that turn an event into a card: sources, account directory, routes and layouts, made from the settings.

Opens nothing: the running bot is built on these, and `secbot explain` runs on them alone.
"""

from __future__ import annotations

from dataclasses import dataclass

import bot.sources
from bot.adapters.aws import Organizations
from bot.adapters.directory import CachedDirectory, Override
from bot.config import Settings
from bot.domain.reading import in_order
from bot.domain.syntax import Names
from bot.plugins import Source, collect
from bot.ports import Directory
from bot.services.ingest import RoutingTable
from bot.sources.cloudwatch import TRAIL_NAMESPACES, make_source
from renderers import Renderer


@dataclass(slots=True)
class Reader:
    """What reads events without a database or Slack: sources, directory, routes and layouts. `explain` runs on this alone."""

    sources: tuple[Source, ...]
    directory: Directory
    routing: RoutingTable
    renderer: Renderer


# Standards that a bare word may name, by the short names of domain/hub.py.
STANDARDS = ("fsbp", "cis", "nist-800-53", "pci-dss")


def words() -> Names:
    """The words that do not change while the bot runs: what a finding's source may be, and the standards."""
    found = tuple(name for name in collect(bot.sources, "SOURCE", Source) if name != "securityhub_v2")
    return Names(sources=found, standards=STANDARDS)


def sources_of(settings: Settings) -> tuple[Source, ...]:
    """Every source plug in the order they are asked, CloudWatch's with the configuration's alarms."""
    found = dict(collect(bot.sources, "SOURCE", Source))
    alarms = settings.file.alarms
    found["cloudwatch"] = make_source(namespaces=(*TRAIL_NAMESPACES, *alarms.namespaces), alarm_names=alarms.names)
    return in_order(found.values())


def directory_of(settings: Settings) -> CachedDirectory:
    """The account directory, not yet refreshed."""
    overrides = {i: Override(a.name, a.env.casefold(), a.owner) for i, a in settings.file.accounts.items()}
    lister = Organizations() if settings.file.organizations else None
    return CachedDirectory(lister, settings.rules, overrides, settings.file.owner_tags)


def reader(settings: Settings, directory: Directory | None = None) -> Reader:
    """The parts that turn an event into a card; opens nothing."""
    return Reader(
        sources=sources_of(settings),
        directory=directory or directory_of(settings),
        routing=RoutingTable(settings.routes, settings.fallback),
        renderer=Renderer(settings.file.templates or None),
    )
