"""What ends an escalation and what begins it anew: answers from everywhere, ends of acknowledgements, people in a hurry."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from oncall_making import HOUR, MINUTE, ROTATIONS, USUAL, heard, ladder, last_entry, policy, progress, shown, tick
from service_making import ANAS, BENS, timeline

from bot.domain.authz import Actor
from bot.domain.escalation import Progress
from bot.domain.finding import Severity, State, Status
from bot.domain.lifecycle import NOTIFIED, NoLonger
from bot.domain.message import Pressed
from bot.domain.oncall_views import EscalationList
from bot.domain.views import Notice, Trouble, Why
from bot.errors import NotFound, UserError
from bot.services.desk import Request
from tests.support.parts import Parts, a_finding

RUNNING, STOPPED, EXHAUSTED = Progress.RUNNING, Progress.STOPPED, Progress.EXHAUSTED
Act = Callable[[Parts], Awaitable[object]]


@pytest.fixture
def parts(build: Callable[..., Parts]) -> Parts:
    return build(ladder=USUAL, rotations=ROTATIONS)


async def told_once(parts: Parts, severity: str = "critical") -> None:
    """A finding whose first level was told."""
    await parts.say(a_finding("a", severity=severity))
    await tick(parts, 5)


# --- what stops it ----------------------------------------------------------------------------------------------------------------------


async def press_ack(parts: Parts) -> object:
    return await parts.desk.press(Pressed("ack", number=1), BENS)


async def type_ack(parts: Parts) -> object:
    return await parts.desk.command("ack F-1", BENS)


async def press_ack_in_direct_messages(parts: Parts) -> object:
    return await parts.desk.press(Pressed("ack", number=1), Request("U0BEN", "DU0BEN"))


async def ack_of_several(parts: Parts) -> object:
    return await parts.desk.press(Pressed("ack.page.go", extra="1"), BENS)


async def take(parts: Parts, **changes: object) -> object:
    return await parts.take(a_finding("a", **({"severity": "critical", "later_s": 60} | changes)))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("act", "by", "why"),
    [
        (press_ack, "U0BEN", "the card's button"),
        (type_ack, "U0BEN", "typed"),
        (press_ack_in_direct_messages, "U0BEN", "the button of the call"),
        (ack_of_several, "U0BEN", "with others"),
        (lambda parts: take(parts, status=Status.RESOLVED), "", "it is mended"),
        (lambda parts: take(parts, status=Status.SUPPRESSED), "", "its source hides it"),
        (lambda parts: take(parts, workflow=NOTIFIED), "", "somebody has it in Security Hub"),
    ],
)
@pytest.mark.parametrize("minutes", [0, 5, 45])
async def test_every_answer_stops_it_at_once_and_the_line_says_so(
    parts: Parts, act: Act, by: str, why: str, minutes: float
) -> None:
    await parts.say(a_finding("a", severity="critical"))
    await tick(parts, minutes)
    await act(parts)
    stopped, _, _, whom = await progress(parts)
    assert (stopped, whom) == (STOPPED, by), why
    await parts.deliver.drain()
    assert "its escalation is stopped" in shown(parts, "line", "critical"), why
    assert (await last_entry(parts))["stopped"] == "1"
    before = len(heard(parts, "critical"))
    await tick(parts, 120)
    assert len(heard(parts, "critical")) == before, "nobody is told any more"


async def test_an_answer_that_is_committed_before_the_tick_tells_nobody(parts: Parts) -> None:
    await parts.say(a_finding("a", severity="critical"))
    parts.clock.move(5 * MINUTE)  # the level is due
    await parts.suite.triage.acknowledge(1, "U0BEN")
    await parts.suite.escalations.sweep()
    await parts.deliver.drain()
    assert heard(parts, "critical") == []
    assert "escalated" not in await timeline(parts, 1)


async def test_a_finding_that_is_not_open_is_told_by_no_tick_whatever_its_row_says(parts: Parts) -> None:
    await told_once(parts)
    async with parts.store.begin() as tx:
        record = await tx.lock_number(1)
        assert record is not None
        await tx.update([(replace(record, state=State.SUPPRESSED), None)])
    await tick(parts, 10)
    assert await progress(parts) == (STOPPED, 1, "it is suppressed", "")


async def test_a_line_about_what_did_not_escalate_speaks_of_no_escalation(parts: Parts) -> None:
    await parts.say(a_finding("small", severity="low"))
    await parts.suite.triage.acknowledge(1, "U0BEN")
    await parts.deliver.drain()
    assert "escalation" not in shown(parts, "line", "all")


async def test_giving_it_to_somebody_stops_nothing(parts: Parts) -> None:
    await told_once(parts)
    await parts.suite.triage.assign(1, "U0BEN", "U0ANA")
    assert (await progress(parts))[0] is RUNNING
    assert ("broadcast", "critical") in await tick(parts, 10)


async def test_news_of_a_finding_that_stays_open_stops_nothing(parts: Parts) -> None:
    await told_once(parts)
    await take(parts, title="Something else about a")
    assert await progress(parts) == (RUNNING, 1, "", "")


# --- what begins it anew ----------------------------------------------------------------------------------------------------------------


async def test_a_severity_that_was_raised_begins_one(parts: Parts) -> None:
    await parts.say(a_finding("a", severity="medium"))
    await parts.say(a_finding("a", severity="critical", later_s=60))
    assert await progress(parts) == (RUNNING, 0, "", "")
    assert ("card", "U0ANA") in await tick(parts, 5)


async def test_one_that_became_graver_begins_at_the_first_level(parts: Parts) -> None:
    await told_once(parts, "high")
    await parts.say(a_finding("a", severity="critical", later_s=60))
    assert await progress(parts) == (RUNNING, 0, "", "")
    said = await tick(parts, 5)
    assert ("broadcast", "U0ANA") in said, "called again in the thread of the same card"


async def test_one_that_was_acknowledged_as_smaller_escalates_again(parts: Parts) -> None:
    await told_once(parts, "high")
    await parts.suite.triage.acknowledge(1, "U0ANA")
    await parts.say(a_finding("a", severity="critical", later_s=60))
    assert (await progress(parts))[:2] == (RUNNING, 0)


async def test_what_comes_back_escalates_from_the_beginning(parts: Parts) -> None:
    await told_once(parts)
    await take(parts, status=Status.RESOLVED)
    await parts.say(a_finding("a", severity="critical", later_s=120))
    assert await progress(parts) == (RUNNING, 0, "", "")


async def test_an_acknowledgement_ends_and_the_finding_is_announced_and_escalates_again(parts: Parts) -> None:
    await told_once(parts)
    await parts.suite.triage.acknowledge(1, "U0ANA")
    await parts.deliver.drain()
    assert await tick(parts, 4 * 60 - 1) == [], "a critical one is held for four hours"
    said = await tick(parts, 1)
    record = await parts.suite.details.record(1)
    assert (record.state, record.ack_by, record.generation) == (State.OPEN, "", 2)
    assert ("broadcast", "critical") in said
    assert ("edit", "U0ANA") in said, "every copy is open again"
    assert "Acknowledgement has ended" in heard(parts, "critical")[-1]
    assert "<@U0ANA>" in heard(parts, "critical")[-1]
    assert await progress(parts) == (RUNNING, 0, "", "")
    assert ("broadcast", "U0ANA") in await tick(parts, 5)


async def test_an_acknowledgement_that_ended_in_a_downtime_escalates_at_the_first_tick(parts: Parts) -> None:
    await told_once(parts)
    await parts.suite.triage.acknowledge(1, "U0ANA")
    await tick(parts, 60 * 24)
    assert (await progress(parts))[:2] == (RUNNING, 0)


async def test_progress_in_time_keeps_it_quiet(parts: Parts) -> None:
    await told_once(parts)
    await parts.suite.triage.acknowledge(1, "U0ANA")
    await take(parts, status=Status.RESOLVED)
    await parts.deliver.drain()
    assert await tick(parts, 60 * 24) == []


# --- given back -------------------------------------------------------------------------------------------------------------------------


async def test_what_is_given_back_is_open_at_every_copy_and_escalates_from_the_beginning(parts: Parts) -> None:
    await told_once(parts)
    await parts.suite.triage.acknowledge(1, "U0ANA")
    await parts.deliver.drain()
    answer = await parts.desk.command("unack F-1", BENS)
    assert answer.view == Notice(text="F-1 is open again: nobody has it.")
    said = await tick(parts)
    assert set(said) == {(what, c) for what in ("edit", "line") for c in ("U0ANA", "critical")}
    assert "it was <@U0ANA>" in shown(parts, "line", "critical")
    assert "You were called" in shown(parts, "edit", "U0ANA")
    assert await progress(parts) == (RUNNING, 0, "", "")
    assert ("broadcast", "critical") in await tick(parts, 5)


@pytest.mark.parametrize("press", [False, True])
async def test_only_what_is_acknowledged_can_be_given_back(parts: Parts, press: bool) -> None:
    await told_once(parts)
    answer = (
        await parts.desk.press(Pressed("unack", number=1), ANAS)
        if press
        else await parts.desk.command("unack F-1", ANAS)
    )
    assert isinstance(answer.view, Trouble)
    assert "F-1 is open; there is no acknowledgement to give back." in answer.view.messages[0]
    for number, error in ((1, NoLonger), (77, NotFound)):
        with pytest.raises(error):
            await parts.suite.escalations.unack(number, "U0ANA")


# --- in a hurry -------------------------------------------------------------------------------------------------------------------------


async def test_escalate_now_tells_the_next_level_before_its_time_and_says_who_wanted_it(parts: Parts) -> None:
    await told_once(parts)
    answer = await parts.desk.press(Pressed("escalate", number=1), BENS)
    assert answer.view == Notice(text="F-1: level 2 is told now: `rotation:everybody`, `channel:leads`.")
    said = await tick(parts)
    assert {("broadcast", "critical"), ("card", "leads")} <= set(said)
    assert "by <@U0BEN>" in heard(parts, "critical")[-1]
    assert await tick(parts, 14.9) == [], "the next level waits from now on"
    assert ("card", "U0DIA") in await tick(parts, 0.1)


async def test_who_cannot_take_it_passes_it_on_at_once(parts: Parts) -> None:
    await told_once(parts)
    answer = await parts.desk.press(Pressed("decline", number=1), Request("U0ANA", "DU0ANA"))
    assert isinstance(answer.view, Notice)
    await tick(parts)
    text = heard(parts, "critical")[-1]
    assert "<@U0ANA>" in text
    assert "can't take it" in text or "can’t take it" in text
    entry = await last_entry(parts)
    assert (entry["actor"], entry["note"], entry["level"]) == ("U0ANA", "can't take it", "2")
    assert (await parts.suite.details.record(1)).state is State.OPEN


async def test_the_last_path_can_be_wanted_and_after_it_there_is_nobody(parts: Parts) -> None:
    await parts.say(a_finding("a", severity="critical"))
    answers = []
    for _ in range(5):
        answers.append(await parts.desk.command("escalate F-1", ANAS))
        parts.clock.move(30)
    texts = [answer.view.text if isinstance(answer.view, Notice) else "" for answer in answers]
    assert [text.partition(" is told now")[0] for text in texts[:4]] == [
        "F-1: level 1", "F-1: level 2", "F-1: level 3", "F-1: the last path",
    ]  # fmt: skip
    assert isinstance(answers[4].view, Trouble)
    assert "Everybody whom the policy of F-1 names was told already." in answers[4].view.messages[0]
    assert (await progress(parts))[0] is EXHAUSTED


async def test_escalate_now_begins_one_where_none_was_running(build: Callable[..., Parts]) -> None:
    before = build(rotations=ROTATIONS)  # a configuration without policies
    await before.say(a_finding("a", severity="critical"))
    now = build(ladder=USUAL, rotations=ROTATIONS, wrap=lambda _: before.store)
    told = await now.suite.escalations.hurry(1, "U0BEN")
    assert (told.rung, [str(a) for a in told.addresses]) == (0, ["rotation:primary"])


async def test_what_ended_for_want_of_a_policy_goes_on_where_it_was(parts: Parts, build: Callable[..., Parts]) -> None:
    await told_once(parts)
    without = build(rotations=ROTATIONS, wrap=lambda _: parts.store)
    with pytest.raises(UserError, match="No escalation policy of the configuration holds F-1"):
        await without.suite.escalations.hurry(1, "U0BEN")
    assert (await progress(parts))[0] is STOPPED
    told = await parts.suite.escalations.hurry(1, "U0BEN")
    assert told.rung == 1
    assert ("broadcast", "critical") in await tick(parts), "it is said, under a key of its own"


@pytest.mark.parametrize("verb", ["escalate", "decline"])
async def test_what_no_policy_holds_cannot_be_hurried(parts: Parts, verb: str) -> None:
    await parts.say(a_finding("small", severity="low"))
    answer = await parts.desk.press(Pressed(verb, number=1), ANAS)
    assert isinstance(answer.view, Trouble)
    assert "No escalation policy of the configuration holds F-1." in answer.view.messages[0]


async def test_what_somebody_has_is_not_escalated_and_the_answer_says_who_and_how_to_take_it_back(parts: Parts) -> None:
    await told_once(parts)
    await parts.suite.triage.acknowledge(1, "U0BEN")
    answer = await parts.desk.command("escalate F-1", ANAS)
    assert isinstance(answer.view, Trouble)
    assert "F-1 is acknowledged by <@U0BEN>: only what is open escalates." in answer.view.messages[0]
    assert [(o.label, o.command) for o in answer.view.offers] == [("Take it back", "unack F-1")]
    await take(parts, status=Status.RESOLVED)
    answer = await parts.desk.command("escalate F-1", ANAS)
    assert isinstance(answer.view, Trouble)
    assert answer.view.offers == ()


async def test_a_finding_that_is_not_there_is_said(parts: Parts) -> None:
    with pytest.raises(NotFound):
        await parts.suite.escalations.hurry(77, "U0ANA")
    for verb in ("escalate", "unack"):
        answer = await parts.desk.command(f"{verb} F-77", ANAS)
        assert isinstance(answer.view, Trouble)
        assert "F-77" in answer.view.messages[0]


@pytest.mark.parametrize("verb", ["escalate", "decline", "unack"])
async def test_who_may_not_acknowledge_may_neither_hurry_nor_give_back(parts: Parts, verb: str) -> None:
    await told_once(parts)
    parts.people.actors["U0EVE"] = Actor("U0EVE", "T1")
    answer = await parts.desk.press(Pressed(verb, number=1), Request("U0EVE", "sec"))
    assert isinstance(answer.view, Trouble)
    assert (await progress(parts))[:2] == (RUNNING, 1)


# --- what can be read of it -------------------------------------------------------------------------------------------------------------


async def test_escalations_are_listed_with_the_first_due_first_and_by_environment(parts: Parts) -> None:
    await parts.say(a_finding("late", severity="critical"))
    await tick(parts, 5)
    await parts.say(a_finding("new", severity="high"), a_finding("small", severity="low"))
    view = (await parts.desk.command("escalations", ANAS)).view
    assert isinstance(view, EscalationList)
    assert [(r.record.number, r.level, r.levels, r.next) for r in view.rows] == [
        (2, 0, 3, ("rotation:primary",)), (1, 1, 3, ("rotation:everybody", "channel:leads")),
    ]  # fmt: skip
    assert len((await parts.desk.command("escalations prod", ANAS)).view.rows) == 2  # type: ignore[union-attr]
    assert (await parts.desk.command("waiting staging", ANAS)).view.rows == ()  # type: ignore[union-attr]
    wrong = (await parts.desk.command("escalations prdo", ANAS)).view
    assert isinstance(wrong, Trouble)
    assert "`prdo` is not an environment: prod, staging." in wrong.messages[0]


async def test_a_list_says_that_there_is_more(parts: Parts) -> None:
    await parts.take(*(a_finding(f"k{i}", severity="critical") for i in range(9)))
    view = (await parts.desk.command("escalations", ANAS)).view
    assert isinstance(view, EscalationList)
    assert (len(view.rows), view.more) == (8, True)


async def test_what_nobody_answered_is_still_waited_for_and_tells_nobody_next(parts: Parts) -> None:
    await parts.say(a_finding("a", severity="critical"))
    for minutes in (5, 10, 15, 15):
        await tick(parts, minutes)
    view = (await parts.desk.command("escalations", ANAS)).view
    assert isinstance(view, EscalationList)
    [row] = view.rows
    assert (row.escalation.progress, row.next, row.level, row.levels) == (EXHAUSTED, (), 4, 3)


async def test_what_follows_a_policy_that_is_gone_is_listed_and_tells_nobody_next(
    parts: Parts, build: Callable[..., Parts]
) -> None:
    await told_once(parts)
    other = build(ladder=ladder(policy((5, "user:U0DIA"), name="other", when="sev:low")), wrap=lambda _: parts.store)
    view = (await other.desk.command("escalations", ANAS)).view
    assert isinstance(view, EscalationList)
    assert [(r.level, r.levels, r.next) for r in view.rows] == [(1, 0, ())]


async def test_why_says_which_policy_holds_a_finding_and_how_far_it_is(parts: Parts) -> None:
    await told_once(parts)
    view = (await parts.desk.command("why F-1", ANAS)).view
    assert isinstance(view, Why)
    assert (view.policy, view.escalation is not None and view.escalation.level) == ("p", 1)
    await parts.say(a_finding("small", severity="low"))
    view = (await parts.desk.command("why F-2", ANAS)).view
    assert isinstance(view, Why)
    assert (view.policy, view.escalation) == ("", None)


# --- figures ----------------------------------------------------------------------------------------------------------------------------


async def test_how_long_findings_waited_is_kept_by_announcement(parts: Parts) -> None:
    await parts.take(a_finding("a", severity="critical"), a_finding("b", severity="critical"))
    parts.clock.move(10 * MINUTE)
    await parts.suite.triage.acknowledge(1, "U0ANA")
    parts.clock.move(20 * MINUTE)
    await parts.take(a_finding("b", severity="critical", later_s=60, status=Status.RESOLVED))
    [found] = (await parts.suite.status.status()).waits
    assert (found.env, found.severity, found.announced, found.acked, found.resolved) == (
        "prod",
        Severity.CRITICAL,
        2,
        1,
        1,
    )
    assert (found.ack_median, found.resolve_median) == (timedelta(minutes=10), timedelta(minutes=30))


async def test_what_is_announced_again_is_a_figure_of_its_own(parts: Parts) -> None:
    await parts.take(a_finding("a", severity="critical"))
    await parts.suite.triage.acknowledge(1, "U0ANA")
    parts.clock.move(4 * HOUR)
    await parts.suite.escalations.sweep()
    parts.clock.move(MINUTE)
    await parts.suite.triage.acknowledge(1, "U0ANA")
    await parts.suite.escalations.unack(1, "U0ANA")
    [found] = (await parts.suite.status.status()).waits
    assert (found.announced, found.acked, found.ack_p95) == (3, 2, timedelta(minutes=1))


async def test_a_button_that_is_pressed_twice_tells_one_level(parts: Parts) -> None:
    await parts.say(a_finding("a", severity="critical"))
    first = await parts.desk.press(Pressed("escalate", number=1), ANAS)
    second = await parts.desk.press(Pressed("escalate", number=1), ANAS)
    assert isinstance(first.view, Notice)
    assert isinstance(second.view, Trouble)
    assert "a moment ago" in second.view.messages[0]
    assert (await last_entry(parts))["level"] == "1"
