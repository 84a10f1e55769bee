"""Everything that reaches Slack fits Slack: the offline Block Kit validator is silent over a tour of all that the bot says."""

from __future__ import annotations

import pytest

from sandbox.events.hostile import hostile
from tests.support.box import Box
from tests.support.checks import BLOCKKIT, blockkit, layout_problems


@pytest.mark.skipif(not BLOCKKIT.is_file(), reason="the Block Kit validator is not beside this repository")
async def test_the_validator_is_silent_over_a_tour_of_everything(box: Box) -> None:
    box.send(*hostile(box.company, box.now), box.control(), box.threat(severity=5.0))
    await box.quiet(within=400)
    box.send(box.control(later_s=60, status="PASSED"), box.threat(severity=8.0, later_s=60))
    await box.quiet(within=400)
    for text in (
        "",
        "findings all",
        "findings zzz",
        "why F-1",
        "accounts",
        "status",
        "help",
        "help findings",
        "ack F-2",
    ):
        await box.ask(f"/sec {text}")
    await box.ana.command("/sec show F-1", "sec-prod")
    await box.slack.wait_for(lambda: box.calls("views.update"))
    with_layouts = [c for c in box.slack.history.calls() if c.args.get("blocks") or c.args.get("view")]
    assert len(with_layouts) > 20
    assert layout_problems(box.slack) == []


@pytest.mark.skipif(not BLOCKKIT.is_file(), reason="the Block Kit validator is not beside this repository")
def test_the_validator_bites() -> None:
    validator = blockkit()
    assert validator is not None
    assert validator.check_message(
        {"text": "x", "blocks": [{"type": "header", "text": {"type": "plain_text", "text": "x" * 151}}]}
    )
    assert validator.check_view({"type": "modal", "title": {"type": "plain_text", "text": "x" * 25}, "blocks": []})
