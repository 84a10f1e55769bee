"""A folder of bare findings can be replayed: each travels as its service would send it, and the bot reads it as the same finding."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

import bot.sources
from bot.adapters.wire import open_body, open_document
from bot.domain.envelope import Ignored
from bot.domain.reading import in_order, read
from bot.plugins import Source, collect
from sandbox.events.wrapping import wrapped

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
EVENTS = Path(__file__).parents[2].parent / "shared" / "events"
SOURCES = in_order(collect(bot.sources, "SOURCE", Source).values())
BARE = sorted(EVENTS.glob("*_bare/*.json"))


@pytest.mark.parametrize(
    "event",
    [
        {"detail-type": "GuardDuty Finding", "detail": {"service": {}}},
        {"Type": "Notification", "TopicArn": "arn:aws:sns:eu-west-1:420100000001:t", "Message": "{}"},
        {"hello": "world"},
        {},
    ],
)
def test_what_has_an_envelope_or_is_no_finding_goes_as_it_is(event: dict[str, object]) -> None:
    assert wrapped(event, NOW) is event


@pytest.mark.skipif(not BARE, reason="../shared/events is not there")
def test_a_bare_finding_that_is_wrapped_is_the_finding_that_it_was() -> None:
    differ = []
    for path in BARE:
        event = json.loads(path.read_bytes())
        (bare,) = open_document(json.dumps(event), received=NOW)
        _, before = read(SOURCES, bare)
        if isinstance(before, Ignored):
            continue
        (sent,) = open_body(json.dumps(wrapped(event, NOW)), received=NOW)
        _, after = read(SOURCES, sent)
        assert not isinstance(after, Ignored), path.name
        if [(f.key, f.account, f.severity, f.title) for f in before] != [
            (f.key, f.account, f.severity, f.title) for f in after
        ]:
            differ.append(path.name)
    assert differ == []
