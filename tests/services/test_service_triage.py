"""Acting on findings: acknowledging several, giving one to a person, asking those who may; and what the desk says to whom."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from service_making import ANAS, BENS, card_of, listed, offers, timeline

from bot.domain.authz import Actor, Permission, Policy, Statement
from bot.domain.finding import Record, Severity, State, Status
from bot.domain.lifecycle import AlreadyDone, NoLonger
from bot.domain.message import Pressed
from bot.domain.views import Confirm, FindingDetail, FindingList, Menu, Notice, Trouble
from bot.errors import NotFound, UserError
from bot.services.desk import Request
from bot.services.triage import MOST_NOTE
from tests.support.parts import Parts, a_finding

ACK, ASSIGN = Permission.ACK, Permission.ASSIGN
POLICY = Policy(
    (
        Statement("on-call", frozenset({ACK, ASSIGN}), groups=frozenset({"sec-oncall"})),
        Statement("lead", frozenset({ACK}), users=frozenset({"U0LEAD"})),
        Statement("juniors", frozenset({ACK}), groups=frozenset({"juniors"}), most=Severity.MEDIUM),
    ),
    frozenset({"*"}),
)
JUNIOR = Actor("U0ANA", "T1", groups=frozenset({"juniors"}))
READER = Actor("U0ANA", "T1")


@pytest.fixture
def strict(build: Callable[..., Parts]) -> Parts:
    """Services where Ana is a junior and everybody else is on call."""
    parts = build(policy=POLICY)
    parts.people.actors["U0ANA"] = JUNIOR
    return parts


def lines(parts: Parts) -> list[str]:
    """What was said in threads."""
    return [message.text for what, _, message in parts.messenger.said if what == "line"]


def every_text(parts: Parts) -> str:
    return " ".join(str(message.blocks) for what, _, message in parts.messenger.said if what == "line")


# --- several ----------------------------------------------------------------------------------------------------------------------------


async def test_of_several_those_that_may_be_are_acknowledged_and_each_other_one_is_told(parts: Parts) -> None:
    await parts.say(
        a_finding("a"), a_finding("b"), a_finding("c", status=Status.RESOLVED), a_finding("d", severity="critical")
    )
    await parts.suite.triage.acknowledge(2, "U0BEN")

    def may(record: Record) -> str:
        return "Too much for you." if record.finding.severity is Severity.CRITICAL else ""

    done = await parts.suite.triage.acknowledge_all([1, 2, 3, 4, 77], "U0ANA", may)
    assert [r.ref for r in done.records] == ["F-1"]
    assert done.refused == (
        "F-2 is already acknowledged by <@U0BEN>.",
        "F-3 is resolved; there is nothing to acknowledge.",
        "F-4: Too much for you.",
        "There is no finding F-77.",
    )
    states = [(await parts.suite.details.record(n)).state for n in (1, 2, 3, 4)]
    assert states == [State.ACKNOWLEDGED, State.ACKNOWLEDGED, State.RESOLVED, State.OPEN]


async def test_a_page_is_counted_first_and_the_second_press_does_what_was_shown(strict: Parts) -> None:
    await strict.take(
        a_finding("a", severity="low"), a_finding("b", severity="high"), a_finding("c", severity="medium")
    )
    view = await listed(strict)
    asked = await strict.desk.press(Pressed("ack.page", extra=f"{view.listing}.1"), ANAS)
    assert isinstance(asked.view, Confirm)
    assert asked.view.text == "Acknowledge 3 findings?"
    await strict.take(a_finding("later", severity="low"))
    done = await strict.desk.press(Pressed(asked.view.action, extra=asked.view.extra), ANAS)
    assert isinstance(done.view, Trouble)
    assert done.view.messages[0] == "Acknowledged 2 findings; 1 not:"
    assert "Your roles do not cover high findings in prod" in done.view.messages[1]
    mine = await strict.desk.press(Pressed("run", extra=offers(done.view)["On me"]), ANAS)
    assert isinstance(mine.view, FindingList)
    assert {r.finding.key for r in mine.view.rows} == {"a", "c"}


async def test_a_page_on_which_nothing_is_open_has_nothing_to_acknowledge(parts: Parts) -> None:
    await parts.take(a_finding("a"))
    await parts.suite.triage.acknowledge(1, "U0BEN")
    answer = await parts.desk.command("ack F-1 F-1", ANAS)
    assert "already acknowledged by <@U0BEN>" in str(answer.view)
    view = await listed(parts)
    pressed = await parts.desk.press(Pressed("ack.page", extra=f"{view.listing}.1"), ANAS)
    assert pressed.view == Notice(text="None of them is open; there is nothing to acknowledge.")


@pytest.mark.parametrize("extra", ["", "x", "1,", "1,-2", "1;2", "\u0661"])
async def test_a_second_press_with_nonsense_does_nothing(parts: Parts, extra: str) -> None:
    await parts.take(a_finding("a"))
    answer = await parts.desk.press(Pressed("ack.page.go", extra=extra), ANAS)
    assert isinstance(answer.view, Trouble)
    assert (await parts.suite.details.record(1)).state is State.OPEN


# --- giving -----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("who", "why"),
    [
        ({"bot": True}, "a bot"),
        ({"guest": True}, "a guest"),
        ({"stranger": True}, "somebody of another company"),
        ({"deleted": True}, "a deactivated account"),
        ({"known": False}, "nobody"),
    ],
)
async def test_a_finding_is_given_to_members_only(parts: Parts, who: dict[str, bool], why: str) -> None:
    await parts.take(a_finding("a"))
    parts.people.actors["U0BEN"] = replace(Actor("U0BEN", "T1"), **who)  # type: ignore[arg-type]
    with pytest.raises(UserError, match="only be given to a full member"):
        await parts.suite.triage.assign(1, "U0BEN", "U0ANA")
    assert (await parts.suite.details.record(1)).assignee == "", why
    assert "assigned" not in await timeline(parts, 1)


async def test_who_has_it_is_told_in_its_thread_with_the_note(parts: Parts) -> None:
    await parts.say(a_finding("a"))
    record = await parts.suite.triage.assign(1, "U0BEN", "U0ANA", "  look at the bucket policy  ")
    await parts.deliver.drain()
    assert (record.assignee, record.state) == ("U0BEN", State.OPEN)
    assert [what for what, _ in parts.messenger.what] == ["card", "edit", "line"]
    assert "look at the bucket policy" in every_text(parts)
    assert "<@U0BEN>" in every_text(parts)
    async with parts.store.reads() as reads:
        entry = (await reads.timeline(1))[-1]
    assert (entry.kind, entry.actor, entry.note, entry.details["to"]) == (
        "assigned", "U0ANA", "look at the bucket policy", "U0BEN",
    )  # fmt: skip


async def test_a_long_note_is_cut(parts: Parts) -> None:
    await parts.take(a_finding("a"))
    await parts.suite.triage.assign(1, "U0BEN", "U0ANA", "x" * (MOST_NOTE + 1))
    async with parts.store.reads() as reads:
        assert len((await reads.timeline(1))[-1].note) == MOST_NOTE


async def test_giving_it_again_or_too_late_changes_nothing(parts: Parts) -> None:
    await parts.say(a_finding("a"), a_finding("b", status=Status.RESOLVED))
    await parts.suite.triage.assign(1, "U0BEN", "U0ANA")
    for number, error in ((1, AlreadyDone), (2, NoLonger), (77, NotFound)):
        with pytest.raises(error):
            await parts.suite.triage.assign(number, "U0BEN", "U0ANA")
    assert (await timeline(parts, 1)).count("assigned") == 1


async def test_who_had_it_before_is_kept(parts: Parts) -> None:
    await parts.take(a_finding("a"))
    await parts.suite.triage.assign(1, "U0BEN", "U0ANA")
    await parts.suite.triage.assign(1, "U0ANA", "U0ANA")
    async with parts.store.reads() as reads:
        assert (await reads.timeline(1))[-1].details == {"to": "U0ANA", "was": "U0BEN"}


async def test_typed_text_assigns_nothing_until_it_is_pressed(parts: Parts) -> None:
    await parts.take(a_finding("a"))
    answer = await parts.desk.command("assign F-1 <@U0BEN|ben>", ANAS)
    assert isinstance(answer.view, Confirm)
    assert (await parts.suite.details.record(1)).assignee == ""
    view = answer.view
    await parts.desk.press(Pressed(view.action, number=view.number, extra=view.extra), ANAS)
    assert (await parts.suite.details.record(1)).assignee == "U0BEN"


async def test_a_finding_is_not_given_by_whoever_may_not(strict: Parts) -> None:
    await strict.take(a_finding("a", severity="low"))
    for pressed in (
        Pressed("assign.to", 1, values={"user": "U0BEN"}),
        Pressed("assign.go", 1, extra="U0BEN"),
        Pressed("assign", 1),
    ):
        assert isinstance((await strict.desk.press(pressed, ANAS)).view, Trouble), pressed.name
    assert (await strict.suite.details.record(1)).assignee == ""


# --- asking -----------------------------------------------------------------------------------------------------------------------------


async def asked(parts: Parts, what: str = "ack", user: str = "U0ANA", whom: tuple[str, ...] = ("S0ONCALL",)) -> Record:
    record = await parts.suite.triage.ask(1, what, user, whom)
    await parts.deliver.drain()
    return record


async def test_who_may_is_asked_in_the_findings_thread_and_mentioned(parts: Parts) -> None:
    await parts.say(a_finding("a"))
    await asked(parts, whom=("S0ONCALL", "U0LEAD"))
    assert len(lines(parts)) == 1
    assert "<!subteam^S0ONCALL>" in every_text(parts)
    assert "<@U0LEAD>" in every_text(parts)
    async with parts.store.reads() as reads:
        entry = (await reads.timeline(1))[-1]
    assert (entry.kind, entry.actor, entry.details) == ("asked", "U0ANA", {"for": "ack", "whom": "S0ONCALL,U0LEAD"})


async def test_asking_twice_for_the_same_state_says_it_once(parts: Parts) -> None:
    await parts.say(a_finding("a"))
    await asked(parts)
    await asked(parts)
    assert len(lines(parts)) == 1
    assert (await timeline(parts, 1)).count("asked") == 1


@pytest.mark.parametrize(
    ("what", "user", "later", "why"),
    [
        ("assign", "U0ANA", False, "for something else"),
        ("ack", "U0BEN", False, "by somebody else"),
        ("ack", "U0ANA", True, "for what it has become"),
    ],
)
async def test_asking_for_something_else_is_said_too(parts: Parts, what: str, user: str, later: bool, why: str) -> None:
    await parts.say(a_finding("a"))
    await asked(parts)
    if later:
        await parts.say(a_finding("a", later_s=9, title="Changed"))
    before = len(lines(parts))
    await asked(parts, what, user)
    assert len(lines(parts)) == before + 1, why


async def test_asking_changes_nothing_but_the_thread(parts: Parts) -> None:
    await parts.say(a_finding("a"))
    before = await parts.suite.details.record(1)
    assert await asked(parts) == before == await parts.suite.details.record(1)


async def test_without_a_card_there_is_no_thread_to_ask_in(parts: Parts) -> None:
    await parts.say(a_finding("a", severity="info"))
    with pytest.raises(UserError, match="no card under which to ask"):
        await asked(parts)
    with pytest.raises(NotFound):
        await parts.suite.triage.ask(77, "ack", "U0ANA", ())


# --- refusals ---------------------------------------------------------------------------------------------------------------------------


async def test_a_refusal_says_whom_to_ask_and_its_button_asks_them(strict: Parts) -> None:
    await strict.say(a_finding("a", severity="high"))
    refused = (await strict.desk.press(Pressed("ack", 1, 1), ANAS)).view
    assert isinstance(refused, Trouble)
    assert refused.messages[0].startswith("You may look at F-1 but not acknowledge it.")
    assert refused.whom == ("sec-oncall", "U0LEAD"), "and not those whose role ends below"
    told = (await strict.desk.press(Pressed("run", extra=offers(refused)["Ask for it"]), ANAS)).view
    assert told == Notice(text="Asked in the thread of F-1.")
    await strict.deliver.drain()
    assert len(lines(strict)) == 1
    assert "U0LEAD" in every_text(strict)
    assert (await strict.suite.details.record(1)).state is State.OPEN


async def test_whoever_may_is_told_to_do_it(strict: Parts) -> None:
    await strict.say(a_finding("a"))
    answer = await strict.desk.command("ask ack F-1", BENS)
    assert isinstance(answer.view, Trouble)
    assert answer.view.messages == ("You may acknowledge F-1 yourself.",)
    assert lines(strict) == []


async def test_whoever_has_no_role_is_told_who_has(strict: Parts) -> None:
    strict.people.actors["U0ANA"] = READER
    await strict.say(a_finding("a"))
    refused = (await strict.desk.command("ack F-1", ANAS)).view
    assert isinstance(refused, Trouble)
    assert "on-call (group sec-oncall)" in refused.messages[0]
    assert set(refused.whom) >= {"sec-oncall", "U0LEAD"}


async def test_what_nobody_may_do_is_not_offered_to_be_asked_for(build: Callable[..., Parts]) -> None:
    parts = build(policy=Policy(channels=frozenset({"*"})))
    await parts.say(a_finding("a"))
    refused = (await parts.desk.command("ack F-1", ANAS)).view
    assert isinstance(refused, Trouble)
    assert (offers(refused), refused.whom) == ({}, ())
    answer = (await parts.desk.command("ask ack F-1", ANAS)).view
    assert "Nobody in the configuration may acknowledge F-1." in str(answer)


@pytest.mark.parametrize("text", ["ask", "ask F-1", "ask read F-1", "ask everything F-1"])
async def test_what_can_be_asked_for_is_said(parts: Parts, text: str) -> None:
    await parts.take(a_finding("a"))
    answer = (await parts.desk.command(text, ANAS)).view
    assert isinstance(answer, Trouble)
    assert "Ask for what?" in answer.messages[0]


# --- the desk's own ---------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("command", "view"), [("findings high", FindingList), ("F-1", FindingDetail), ("", Menu), ("ack F-1", Notice)]
)
async def test_the_window_runs_any_command(parts: Parts, command: str, view: type) -> None:
    await parts.take(a_finding("a"))
    answer = await parts.desk.press(Pressed("asked", values={"command": command}), Request("U0ANA"))
    assert isinstance(answer.view, view)


async def test_a_window_opened_under_a_card_speaks_of_its_finding(parts: Parts) -> None:
    await parts.say(a_finding("a"), a_finding("b"))
    card = await card_of(parts, 2)
    answer = await parts.desk.press(
        Pressed("asked", values={"command": "ack this"}), Request("U0ANA", card.channel, thread=card.ts)
    )
    assert isinstance(answer.view, Notice)
    states = [(await parts.suite.details.record(n)).state for n in (1, 2)]
    assert states == [State.OPEN, State.ACKNOWLEDGED]
