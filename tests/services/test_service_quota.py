"""Ten questions a minute for each person, then when the next one can be asked; and which verbs are questions."""

from __future__ import annotations

import pytest
from service_making import ANA, ANAS, BENS

import commands
from bot.domain.authz import Actor
from bot.domain.message import Pressed
from bot.domain.views import Trouble
from bot.plugins import Command, collect
from bot.services.quota import MOST_PEOPLE, QUESTIONS, WINDOW_S, Quota, TooMany
from tests.support.clock import StillClock
from tests.support.parts import Parts, a_finding


@pytest.fixture
def quota() -> Quota:
    return Quota(StillClock())


def ask(quota: Quota, times: int = 1, user: str = "U0ANA") -> None:
    for _ in range(times):
        quota.take(user)


def wait(quota: Quota, seconds: float) -> None:
    assert isinstance(quota.clock, StillClock)
    quota.clock.move(seconds)


def test_ten_questions_are_answered_and_the_eleventh_is_told_when(quota: Quota) -> None:
    ask(quota, QUESTIONS)
    wait(quota, 12.5)
    with pytest.raises(TooMany, match=r"10 questions within a minute.*next in 48 s") as raised:
        ask(quota)
    assert raised.value.reason == "too_many"


def test_the_next_is_answered_when_it_was_said_to_be(quota: Quota) -> None:
    ask(quota, QUESTIONS)
    wait(quota, WINDOW_S)
    ask(quota, QUESTIONS)


def test_a_refused_question_does_not_count(quota: Quota) -> None:
    ask(quota, QUESTIONS)
    for _ in range(5):
        with pytest.raises(TooMany):
            ask(quota)
    wait(quota, WINDOW_S)
    ask(quota, QUESTIONS)


def test_the_minute_slides(quota: Quota) -> None:
    ask(quota, 5)
    wait(quota, 40)
    ask(quota, 5)
    wait(quota, 20)
    ask(quota, 5)
    with pytest.raises(TooMany, match="next in 40 s"):
        ask(quota)


def test_one_person_takes_nothing_from_another(quota: Quota) -> None:
    ask(quota, QUESTIONS)
    ask(quota, QUESTIONS, "U0BEN")


def test_people_who_ask_no_more_are_forgotten(quota: Quota) -> None:
    for i in range(MOST_PEOPLE + 5):
        quota.take(f"U{i}")
    assert len(quota._asked) == MOST_PEOPLE
    assert "U0" not in quota._asked


# --- what counts ------------------------------------------------------------------------------------------------------------------------


async def test_an_eleventh_list_within_a_minute_is_refused_and_nothing_else_is(parts: Parts) -> None:
    await parts.take(a_finding())
    for _ in range(QUESTIONS):
        await parts.desk.command("findings", ANAS)
    refused = await parts.desk.command("findings", ANAS)
    assert isinstance(refused.view, Trouble)
    assert "The next in 60 s" in refused.view.messages[0]
    for text in ("", "help", "F-1", "ack F-1", "status"):
        assert not isinstance((await parts.desk.command(text, ANAS)).view, Trouble), text
    assert not isinstance((await parts.desk.command("findings", BENS)).view, Trouble)
    parts.clock.move(WINDOW_S)
    assert not isinstance((await parts.desk.command("findings", ANAS)).view, Trouble)


async def test_turning_pages_is_free_and_asking_anew_is_not(parts: Parts) -> None:
    await parts.take(*(a_finding(f"k{i}") for i in range(9)))
    listing = (await parts.suite.queries.find("", ANA)).listing  # type: ignore[union-attr]
    for _ in range(QUESTIONS * 2):
        answer = await parts.desk.press(Pressed("page", extra=f"{listing}.2"), ANAS)
        assert not isinstance(answer.view, Trouble)
    for _ in range(QUESTIONS):
        await parts.desk.press(Pressed("refresh", extra=f"{listing}.1"), ANAS)
    answer = await parts.desk.press(Pressed("sort", extra=f"{listing}.age"), ANAS)
    assert isinstance(answer.view, Trouble)


async def test_whoever_is_refused_anyway_uses_up_no_question(parts: Parts) -> None:
    parts.people.actors["U0ANA"] = Actor("U0ANA", "T1", guest=True)
    for _ in range(QUESTIONS + 1):
        await parts.desk.command("findings", ANAS)
    del parts.people.actors["U0ANA"]
    answer = await parts.desk.command("findings", ANAS)
    assert "questions" not in str(answer.view)


def test_verbs_that_search_everything_are_counted() -> None:
    found = collect(commands, "COMMAND", Command)
    assert {c.name for c in found.values() if c.counted} >= {"findings", "export", "audit"}
    assert not {"ack", "assign", "ask", "show", "help", "status"} & {c.name for c in found.values() if c.counted}
