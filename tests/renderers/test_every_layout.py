"""What holds for every layout, with plain views (golden files) and with the longest and most hostile ones."""

from __future__ import annotations

import importlib.util
import json
import os
import re
import warnings
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from render_audit import GOLDEN as GOLDEN_OF_AUDIT
from render_cases import GOLDEN as GOLDEN_OF_FINDINGS
from render_hiding import GOLDEN as GOLDEN_OF_HIDING
from render_hiding import GOLDEN_OF_HOME, ending_soon, waiting_for
from render_hiding import HOSTILE as HOSTILE_HIDING
from render_hostile import HOSTILE as HOSTILE_FINDINGS
from render_oncall import GOLDEN as GOLDEN_OF_ONCALL
from render_oncall import GOLDEN_OF_CARDS, GOLDEN_OF_LINES, GOLDEN_OF_STATUS, cards, thread_lines, waits_of_status
from render_oncall import HOSTILE as HOSTILE_ONCALL

import renderers.layouts
from bot.domain import views
from bot.domain.lifecycle import Change
from bot.plugins import Layout, Message, Modal, collect
from renderers import Renderer, limits
from renderers.actions import decode, decode_form
from renderers.modal import as_modal
from sandbox.slack import blocks_check

ROOT = Path(__file__).parents[2]
CASES = ROOT / "tests" / "cases" / "layouts"
CHECKER = ROOT / ".." / "shared" / "blockkit" / "blockkit_check.py"
RENDERER = Renderer()
GOLDEN = GOLDEN_OF_FINDINGS | GOLDEN_OF_HIDING | GOLDEN_OF_AUDIT | GOLDEN_OF_ONCALL
GOLDEN["home"] = GOLDEN["home"] | GOLDEN_OF_HOME
GOLDEN["finding_card"] = GOLDEN["finding_card"] | GOLDEN_OF_CARDS
GOLDEN["thread_line"] = GOLDEN["thread_line"] | GOLDEN_OF_LINES
GOLDEN["status"] = GOLDEN["status"] | GOLDEN_OF_STATUS
HOSTILE = HOSTILE_FINDINGS | HOSTILE_HIDING | HOSTILE_ONCALL | {"finding_card": cards, "thread_line": thread_lines}
HOSTILE["status"] = st.builds(replace, HOSTILE["status"], waits=waits_of_status)
HOSTILE["home"] = st.builds(replace, HOSTILE["home"], approvals=waiting_for, leases=ending_soon)
GOLDEN_CASES = [(layout, case) for layout, cases in GOLDEN.items() for case in cases]

_OURS = re.compile(
    r"<!date\^\d+\^\{date_short_pretty\} (?:at )?\{time\}\|\d{4}-\d\d-\d\d \d\d:\d\d UTC>|<@U0SAFE[123]>|<!subteam\^S0SAFE1>|<#C0SAFE123>"
)
_CODE = re.compile(r"```.*?```|`[^`\n]*`", re.DOTALL)
_LINKS = re.compile(
    r"https://(?:[a-z0-9-]+\.)*(?:console\.aws\.amazon\.com|console\.amazonaws\.cn|console\.amazonaws-us-gov\.com)/"
    r"|https://docs\.aws\.amazon\.com/"
)


def _checker() -> Callable[[str, dict[str, Any]], list[str]] | None:
    if not CHECKER.is_file():
        return None
    spec = importlib.util.spec_from_file_location("blockkit_check", CHECKER)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ResourceWarning)  # it leaves its schema files to the collector
            spec.loader.exec_module(module)
    except ImportError:
        return None
    return lambda kind, payload: module.check_view(payload) if kind == "view" else module.check_message(payload)


CHECK = _checker()


def payload(shown: Message | Modal) -> dict[str, Any]:
    if isinstance(shown, Modal):
        return dict(shown.view)
    return {"text": shown.text, "blocks": list(shown.blocks)} | ({"twin": list(shown.twin)} if shown.twin else {})


def versions(shown: Message | Modal) -> Iterator[dict[str, Any]]:
    """What Slack may be given for an answer: the blocks or their plain twin, and all of it as a modal."""
    if isinstance(shown, Modal):
        yield dict(shown.view)
        return
    yield {"text": shown.text, "blocks": list(shown.blocks)}
    yield {"text": shown.text, "blocks": list(shown.plain_blocks)}
    yield dict(as_modal(shown).view)


def walk(value: Any) -> Iterator[dict[str, Any]]:
    """Every object in a payload."""
    if isinstance(value, dict):
        yield value
        for inner in value.values():
            yield from walk(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from walk(inner)


def assert_mrkdwn_is_harmless(text: str) -> None:
    bare = _OURS.sub("", text.replace("<!here>", ""))  # who may say that is looked at in assert_harmless
    assert "<" not in bare, text
    assert ">" not in bare, text
    assert not re.search(r"&(?!amp;|lt;|gt;)", bare), text
    assert all(c.isprintable() or c == "\n" for c in text), text
    outside = _CODE.sub("", bare)
    assert "`" not in outside, text
    assert not re.search(r":[A-Za-z0-9_+'-]+:", outside), text
    assert not re.search(r"(?m)^\s*&gt;", outside), text
    for line in outside.splitlines():
        assert line.count("*") % 2 == 0, text


def assert_plain_is_harmless(text: str) -> None:
    assert not re.search(r"<[!@#/A-Za-z]", text), text
    assert all(c.isprintable() or c == "\n" for c in text), text


def assert_fallback_is_plain(text: str) -> None:
    assert 1 <= len(text) <= limits.MAX_FALLBACK, text
    assert not re.search(r"[<>`*\n]|&(?!amp;|lt;|gt;)", text), text
    assert text.isprintable(), text


def assert_within_limits(shown: Message | Modal) -> None:
    for made in versions(shown):
        is_view = "type" in made
        assert 1 <= len(made["blocks"]) <= (limits.MAX_MODAL_BLOCKS if is_view else limits.MAX_BLOCKS)
        if is_view:
            assert len(json.dumps(made)) < limits.MAX_VIEW
            assert blocks_check.check_view(made) == []
        else:
            assert (
                sum(len(o["text"]) for o in walk(made["blocks"]) if isinstance(o.get("text"), str)) <= limits.MAX_TOTAL
            )
            assert_fallback_is_plain(made["text"])
            assert blocks_check.check_message(made["blocks"]) == []
        if CHECK is not None:
            assert CHECK("view" if is_view else "message", made) == []


def assert_buttons_are_ours(made: dict[str, Any]) -> None:
    for block in made["blocks"]:
        ids = [o["action_id"] for o in walk(block) if "action_id" in o]
        assert len(ids) == len(set(ids)), ids
    for element in walk([b for b in made["blocks"] if b["type"] != "input"]):
        if "url" in element:
            assert _LINKS.match(element["url"]), element["url"]
        if element.get("type") == "button":
            decode(element["action_id"], element["value"])
        if element.get("type") in ("overflow", "static_select"):
            for choice in element["options"]:
                decode(element["action_id"], choice["value"])


def assert_form_is_ours(made: dict[str, Any]) -> None:
    """What Slack would give back for the untouched form is read as it was written."""
    inputs = [b for b in made["blocks"] if b["type"] == "input"]
    if inputs:
        values = {b["block_id"]: {b["element"]["action_id"]: {"type": b["element"]["type"]}} for b in inputs}
        pressed = decode_form(made["callback_id"], made["private_metadata"], values)
        assert set(pressed.values) == {b["block_id"] for b in inputs}


def assert_foreign_text_is_harmless(made: dict[str, Any]) -> None:
    assert all(type(o["text"]) is str for o in walk(made) if isinstance(o.get("text"), str))
    for element in walk(made):
        kind = element.get("type")
        if kind == "mrkdwn":
            assert element["verbatim"] is True
            assert_mrkdwn_is_harmless(element["text"])
        if kind == "plain_text":
            assert element["emoji"] is False
        if kind in ("plain_text", "raw_text"):
            assert_plain_is_harmless(element["text"])
        if kind == "data_visualization":
            for text in (str(t) for o in walk(element) for t in o.values() if isinstance(t, str)):
                assert_plain_is_harmless(text)


def calls_of(view: views.View) -> int:
    """Once in the announcement of an escalation of which the configuration wants that, and nowhere else."""
    if isinstance(view, views.ThreadLine) and view.announce and view.here:
        return int(view.entry.kind == Change.ESCALATED)
    return 0


def broadcasts(shown: Message | Modal) -> int:
    return sum(str(o["text"]).count("<!here>") for o in walk(payload(shown)) if o.get("type") == "mrkdwn")


def assert_harmless(shown: Message | Modal, *, calls: int = 0) -> None:
    """`calls`: how often everybody in a channel is called."""
    assert broadcasts(shown) == calls
    assert_within_limits(shown)
    for made in versions(shown):
        assert_buttons_are_ours(made)
        assert_form_is_ours(made)
        assert_foreign_text_is_harmless(made)


def test_every_view_has_exactly_one_layout() -> None:
    layouts = collect(renderers.layouts, "LAYOUT", Layout)
    assert {layout.view for layout in layouts.values()} == set(views.View.__args__)
    assert len(layouts) == len(views.View.__args__)


def test_every_layout_has_golden_and_hostile_cases() -> None:
    names = set(collect(renderers.layouts, "LAYOUT", Layout))
    assert names == set(GOLDEN) == set(HOSTILE)


@pytest.mark.parametrize(("layout", "case"), GOLDEN_CASES)
def test_golden(layout: str, case: str) -> None:
    """`REGENERATE=1` writes the files anew; read the difference before you keep it."""
    made = json.dumps(payload(RENDERER.render(GOLDEN[layout][case])), ensure_ascii=False, indent=1) + "\n"
    path = CASES / layout / f"{case}.json"
    if os.environ.get("REGENERATE"):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(made, encoding="utf-8")
    assert made == path.read_text(encoding="utf-8")


def test_no_golden_file_is_left_over() -> None:
    files = {(p.parent.name, p.stem) for p in CASES.glob("*/*.json")}
    assert files == set(GOLDEN_CASES)


@pytest.mark.parametrize(("layout", "case"), GOLDEN_CASES)
def test_plain_views_are_within_limits_and_harmless(layout: str, case: str) -> None:
    view = GOLDEN[layout][case]
    assert_harmless(RENDERER.render(view), calls=calls_of(view))


@pytest.mark.parametrize("layout", sorted(HOSTILE))
@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large])
@given(data=st.data())
def test_hostile_views_are_within_limits_and_harmless(layout: str, data: st.DataObject) -> None:
    view = data.draw(HOSTILE[layout])
    assert_harmless(RENDERER.render(view), calls=calls_of(view))


def test_the_offline_checker_was_used_where_it_is_there() -> None:
    if not CHECKER.is_file():
        pytest.skip("the Block Kit checker is not beside this repository")
    assert CHECK is not None
