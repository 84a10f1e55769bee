"""Every source plug: our own cases, and what all of them promise on any JSON at all."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

import bot.sources
from bot.adapters.wire import open_document
from bot.domain.envelope import Envelope, Ignored, Reading, Shape
from bot.domain.finding import Finding
from bot.domain.reading import in_order, read
from bot.errors import Malformed
from bot.plugins import Source, collect
from bot.sources import cloudwatch

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
CASES = Path(__file__).parents[1] / "cases" / "sources"
SOURCES = collect(bot.sources, "SOURCE", Source)
PLUGS = tuple(SOURCES.values())
FILES = sorted(CASES.glob("*/*.json"))
DETAIL_TYPES = sorted({json.loads(f.read_text())["event"].get("detail-type", "") for f in FILES})
EVENT_SOURCES = sorted({json.loads(f.read_text())["event"].get("source", "") for f in FILES})

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=5),
    max_leaves=20,
)
QUICK = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


def name_of(path: Path) -> str:
    return f"{path.parent.name}/{path.stem}"


def load(path: Path) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(path.read_text("utf-8"))
    return found


def readings(event: object) -> list[Reading]:
    document = json.dumps(event).encode()
    return [read(PLUGS, envelope)[1] for envelope in open_document(document, received=NOW)]


def shown(finding: Finding) -> dict[str, object]:
    """A finding as the cases write one."""
    fields = {name: getattr(finding, name) for name in Finding.__dataclass_fields__}
    times = {k: v.isoformat() for k, v in fields.items() if isinstance(v, datetime)}
    lists = {
        "standards": list(finding.standards),
        "evidence": [list(fact) for fact in finding.evidence],
        "tags": [list(tag) for tag in finding.tags],
    }
    first = finding.resource
    return {
        **fields,
        **times,
        **lists,
        "severity": finding.severity.word,
        "status": finding.status.value,
        "resource": first.id,
        "label": first.label,
    }


@pytest.mark.parametrize("path", FILES, ids=name_of)
def test_every_case_reads_as_it_expects(path: Path) -> None:
    case = load(path)
    found = readings(case["event"])
    if "ignored" in case["expect"]:
        assert [r.reason for r in found if isinstance(r, Ignored)] == [case["expect"]["ignored"]], case["why"]
        return
    findings = [f for reading in found if not isinstance(reading, Ignored) for f in reading]
    expected = case["expect"]["findings"]
    assert len(findings) == len(expected), case["why"]
    for finding, subset in zip(findings, expected, strict=True):
        assert {key: shown(finding)[key] for key in subset} == subset, case["why"]


@pytest.mark.parametrize("name", sorted(SOURCES))
def test_every_source_has_three_cases_and_one_in_which_it_yields_none(name: str) -> None:
    cases = [load(path)["expect"] for path in FILES if path.parent.name == name]
    assert len(cases) >= 3
    assert any("ignored" in expect or is_left_to_generic(name, expect) for expect in cases)


def is_left_to_generic(name: str, expect: dict[str, Any]) -> bool:
    return name != "generic" and all(finding.get("source") == "generic" for finding in expect["findings"])


def test_every_folder_of_cases_is_a_source() -> None:
    assert {path.parent.name for path in FILES} == set(SOURCES)


def test_generic_is_asked_last() -> None:
    assert in_order(PLUGS)[-1].name == "generic"


def test_no_plug_reads_an_event_that_no_plug_matches() -> None:
    envelope = an_envelope({}, Shape.BARE)
    only = [plug for plug in PLUGS if plug.name == "health"]
    assert read(only, envelope) == ("", Ignored("unknown"))


# --- what all promise on any JSON ------------------------------------------------------------------------------------


def an_envelope(
    body: dict[str, object], shape: Shape, source: str = "", detail_type: str = "", topic: str = ""
) -> Envelope:
    return Envelope(
        shape=shape,
        body=body,
        raw=b"{}",
        received=NOW,
        time=NOW - timedelta(seconds=1),
        source=source,
        detail_type=detail_type,
        topic=topic,
    )


def is_sound(reading: Reading) -> bool:
    if isinstance(reading, Ignored):
        return reading.reason.isidentifier() and reading.reason.islower()
    return all(is_sound_finding(finding) for finding in reading)


def is_sound_finding(finding: Finding) -> bool:
    times = (finding.first_seen, finding.updated, finding.emitted, finding.last_seen or NOW)
    return (
        len(finding.key) <= 200
        and finding.key.isprintable()
        and 0 < len(finding.title) <= 10_000
        and finding.title.isprintable()
        and all(t.utcoffset() == timedelta(0) for t in times)
        and all(label and value and value.isprintable() for label, value in finding.evidence)
        and all(r.id.isprintable() and r.label.isprintable() for r in finding.resources)
        and finding.via in SOURCES
        and bool(finding.native_id)
    )


def read_or_refused(plug: Source, envelope: Envelope) -> None:
    plug.matches(envelope)
    try:
        reading = plug.normalise(envelope)
    except Malformed:
        return
    assert is_sound(reading), reading


@pytest.mark.parametrize("plug", PLUGS, ids=lambda p: p.name)
@QUICK
@given(
    body=st.dictionaries(st.text(max_size=12), JSON, max_size=6),
    shape=st.sampled_from(Shape),
    source=st.sampled_from(EVENT_SOURCES),
    detail_type=st.sampled_from(DETAIL_TYPES),
)
def test_no_json_object_makes_a_plug_raise_anything_but_malformed(
    plug: Source, body: dict[str, object], shape: Shape, source: str, detail_type: str
) -> None:
    read_or_refused(plug, an_envelope(body, shape, source, detail_type))


EVENTS = [(path.parent.name, load(path)["event"]) for path in FILES]


def spoiled(value: object, path: tuple[int, ...], junk: object) -> object:
    """The same JSON with one value of it, found by a path of positions, replaced by junk."""
    if not path or not isinstance(value, dict | list) or not value:
        return junk
    keys = list(value) if isinstance(value, dict) else list(range(len(value)))
    at = keys[path[0] % len(keys)]
    copy: Any = dict(value) if isinstance(value, dict) else list(value)
    copy[at] = spoiled(copy[at], path[1:], junk)
    return copy


@settings(max_examples=1_500, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    event=st.sampled_from([event for _, event in EVENTS]),
    path=st.lists(st.integers(0, 40), min_size=1, max_size=9).map(tuple),
    junk=JSON,
)
def test_no_spoiled_field_makes_a_plug_raise_anything_but_malformed(
    event: dict[str, object], path: tuple[int, ...], junk: object
) -> None:
    try:
        envelopes = open_document(json.dumps(spoiled(event, path, junk)).encode(), received=NOW)
    except Malformed:
        return
    for envelope in envelopes:
        read_or_refused(SOURCES[read_name(envelope)], envelope)


def read_name(envelope: Envelope) -> str:
    return next(plug.name for plug in in_order(PLUGS) if plug.matches(envelope))


# --- CloudTrail alarms by configuration --------------------------------------------------------------------------------


def one(plug: Source, case: str) -> Finding:
    event = load(CASES / "cloudwatch" / f"{case}.json")["event"]
    (envelope,) = open_document(json.dumps(event).encode(), received=NOW)
    reading = plug.normalise(envelope)
    assert not isinstance(reading, Ignored)
    return reading[0]


def test_an_alarm_named_in_the_configuration_is_a_trail_alarm_whatever_its_metric() -> None:
    assert one(cloudwatch.make_source(alarm_names=["CP*"]), "plain-alarm").type == cloudwatch.TRAIL_ALARM


def test_configured_namespaces_replace_the_defaults() -> None:
    plug = cloudwatch.make_source(namespaces=["aws/ec2"])
    assert one(plug, "plain-alarm").type == cloudwatch.TRAIL_ALARM
    assert one(plug, "trail-alarm-root").type == cloudwatch.PLAIN_ALARM
