"""Copies of a card that an escalation made, figures, and hiding: what became of the finding is seen in every place."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from hiding_making import hidden
from oncall_making import DAY, MINUTE, ROTATIONS, USUAL, heard, ladder, last_entry, policy, progress, shown, tick
from service_making import ANAS

from bot.domain.escalation import Progress
from bot.domain.finding import Severity, Status
from bot.domain.lifecycle import NOTIFIED
from bot.domain.message import Pressed
from bot.domain.views import Trouble
from tests.support.parts import Parts, a_finding

EVERYWHERE = {"critical", "U0ANA", "leads"}


@pytest.fixture
def parts(build: Callable[..., Parts]) -> Parts:
    return build(ladder=USUAL, rotations=ROTATIONS)


async def told_twice(parts: Parts) -> None:
    """A finding with copies at Ana's and in the leads' channel."""
    await parts.say(a_finding("a", severity="critical"))
    for minutes in (5, 10):
        await tick(parts, minutes)


# --- hiding -----------------------------------------------------------------------------------------------------------------------------


async def test_hiding_a_finding_stops_its_escalation_at_every_copy_and_says_so(build: Callable[..., Parts]) -> None:
    parts = build(ladder=ladder(policy((5, "rotation:primary channel:leads"), (5, "user:U0DIA"))), rotations=ROTATIONS)
    await parts.say(a_finding("a"))
    await tick(parts, 5)
    await hidden(parts)
    assert await progress(parts) == (Progress.STOPPED, 1, "suppressed", "")
    said = await tick(parts)
    assert {c for what, c in said if what == "edit"} == {"all", "U0ANA", "leads"}
    for channel in ("all", "U0ANA", "leads"):
        assert "its escalation is stopped" in shown(parts, "line", channel)
    assert not [c for what, c in await tick(parts, 60) if what in ("broadcast", "card")]


async def test_what_is_shown_again_escalates_from_the_beginning(build: Callable[..., Parts]) -> None:
    parts = build(ladder=ladder(policy((5, "user:U0DIA"))))
    await parts.say(a_finding("a"))
    await hidden(parts)
    parts.clock.move(DAY + 1)
    await parts.suite.leases.sweep()
    assert await progress(parts) == (Progress.RUNNING, 0, "", "")
    assert ("card", "U0DIA") in await tick(parts, 5)


# --- what the stream says ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "says", "why"),
    [
        ({"status": Status.RESOLVED}, "Resolved", "mended"),
        ({"status": Status.SUPPRESSED}, "Suppressed", "hidden at its source"),
        ({"workflow": NOTIFIED}, "Acknowledged", "taken up in Security Hub"),
    ],
)
async def test_what_answers_itself_is_so_at_every_copy(
    parts: Parts, changes: dict[str, Any], says: str, why: str
) -> None:
    await told_twice(parts)
    await parts.take(a_finding("a", severity="critical", later_s=60, **changes))
    said = await tick(parts)
    assert {c for what, c in said if what == "edit"} == EVERYWHERE, why
    text = shown(parts, "line", "critical")
    assert says in text, why
    assert "its escalation is stopped" in text, why
    for channel in EVERYWHERE:
        assert "ack due" not in shown(parts, "edit", channel), why
    assert "You were called" not in shown(parts, "edit", "U0ANA"), why


async def test_news_of_an_escalated_finding_edits_every_copy(parts: Parts) -> None:
    await told_twice(parts)
    await parts.take(a_finding("a", severity="critical", later_s=60, title="Something else"))
    said = await tick(parts)
    assert {c for what, c in said if what == "edit"} == EVERYWHERE
    assert "Something else" in shown(parts, "edit", "U0ANA")


async def test_a_graver_finding_edits_every_copy_and_is_announced_in_one_channel(build: Callable[..., Parts]) -> None:
    parts = build(ladder=USUAL, rotations=ROTATIONS)
    await parts.say(a_finding("a", severity="high"))
    await tick(parts, 5)
    await parts.take(a_finding("a", severity="critical", later_s=60))
    said = await tick(parts)
    assert ("edit", "U0ANA") in said
    assert "CRITICAL" in shown(parts, "edit", "U0ANA")
    assert ("broadcast", "U0ANA") not in said


# --- figures ----------------------------------------------------------------------------------------------------------------------------


async def test_what_was_acknowledged_before_it_was_mended_counts_in_both_times(parts: Parts) -> None:
    await parts.take(a_finding("a", severity="critical"))
    parts.clock.move(10 * MINUTE)
    await parts.suite.triage.acknowledge(1, "U0ANA")
    parts.clock.move(50 * MINUTE)
    await parts.take(a_finding("a", severity="critical", later_s=60, status=Status.RESOLVED))
    [found] = (await parts.suite.status.status()).waits
    assert (found.severity, found.acked, found.resolved) == (Severity.CRITICAL, 1, 1)
    assert (found.ack_median, found.resolve_median) == (timedelta(minutes=10), timedelta(minutes=60))


async def test_what_somebody_took_up_in_security_hub_counts_as_acknowledged(parts: Parts) -> None:
    await parts.take(a_finding("a", severity="critical"))
    parts.clock.move(10 * MINUTE)
    await parts.take(a_finding("a", severity="critical", later_s=60, workflow=NOTIFIED))
    [found] = (await parts.suite.status.status()).waits
    assert (found.acked, found.resolved, found.ack_median) == (1, 0, timedelta(minutes=10))


# --- who has it -------------------------------------------------------------------------------------------------------------------------


async def test_who_wants_what_somebody_took_up_in_security_hub_is_told_where(parts: Parts) -> None:
    await parts.take(a_finding("a", severity="critical"))
    await parts.take(a_finding("a", severity="critical", later_s=60, workflow=NOTIFIED))
    answer = await parts.desk.press(Pressed("ack", number=1), ANAS)
    assert isinstance(answer.view, Trouble)
    assert "<@>" not in answer.view.messages[0]
    assert "already acknowledged" in answer.view.messages[0]


async def test_what_somebody_took_up_in_security_hub_ends_and_calls_again(parts: Parts) -> None:
    await told_twice(parts)
    await parts.take(a_finding("a", severity="critical", later_s=60, workflow=NOTIFIED))
    await tick(parts)
    said = await tick(parts, 4 * 60)
    assert ("broadcast", "critical") in said
    assert "<@>" not in heard(parts, "critical")[-1]
    assert (await last_entry(parts))["kind"] == "rearmed"
    assert (await progress(parts))[:2] == (Progress.RUNNING, 0)
