"""Every published payload beside the repository makes a card that names what a card must name, within every limit."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from test_every_layout import assert_harmless

import bot.sources
from bot.adapters.wire import open_document
from bot.domain.console import console_url
from bot.domain.envelope import Ignored
from bot.domain.finding import Account, Finding, Record, State
from bot.domain.reading import read
from bot.domain.views import FindingCard, FindingDetail
from bot.errors import Malformed
from bot.plugins import Message, Source, collect
from renderers import Renderer
from renderers.mrkdwn import code, plain
from renderers.parts import short_title

EVENTS = Path(__file__).parents[2] / "../shared/events"
NOW = datetime(2026, 11, 24, tzinfo=UTC)
RENDERER = Renderer()
PLUGS = tuple(collect(bot.sources, "SOURCE", Source).values())

pytestmark = pytest.mark.skipif(not EVENTS.is_dir(), reason="the published events are not beside the repository")


def findings_of(path: Path) -> Iterator[Finding]:
    try:
        envelopes = open_document(path.read_bytes(), received=NOW)
    except Malformed:
        return
    for envelope in envelopes:
        _, reading = read(PLUGS, envelope)
        if not isinstance(reading, Ignored):
            yield from reading


FOUND = [(path.parent.name, f) for path in sorted(EVENTS.glob("*/*.json")) for f in findings_of(path)]


def record_of(found: Finding) -> Record:
    account = Account(found.account, "payments-prod", "prod", "Root/Prod", "team-payments", known=True)
    return Record(finding=found, account=account, state=State.OPEN, number=7, created=NOW, changed=NOW)


@pytest.mark.parametrize(("folder", "found"), FOUND)
def test_a_card_names_what_it_must(folder: str, found: Finding) -> None:
    shown = RENDERER.render(FindingCard(record=record_of(found), now=NOW))
    assert isinstance(shown, Message)
    assert_harmless(shown)
    header = shown.blocks[0]["text"]["text"]
    fields = "\n".join(f["text"] for b in shown.blocks for f in b.get("fields", ()))
    assert found.severity.name in header
    assert plain(short_title(found))[:100] in header
    assert f"payments-prod {code(found.account)}" in fields
    assert "prod · OU Root/Prod" in fields
    if found.resource.id:
        assert code(found.resource.label, 80) in fields


@pytest.mark.parametrize(("folder", "found"), FOUND)
def test_a_card_links_to_the_finding_exactly_when_a_link_can_be_built(folder: str, found: Finding) -> None:
    shown = RENDERER.render(FindingCard(record=record_of(found), now=NOW))
    assert isinstance(shown, Message)
    urls = [e["url"] for b in shown.blocks for e in b.get("elements", ()) if "url" in e]
    assert urls == ([console_url(found)] if console_url(found) else [])


@pytest.mark.parametrize("modal", [True, False])
def test_the_detail_of_every_finding_is_within_limits(modal: bool) -> None:
    for _, found in FOUND:
        assert_harmless(RENDERER.render(FindingDetail(record=record_of(found), now=NOW, raw="{}", modal=modal)))
