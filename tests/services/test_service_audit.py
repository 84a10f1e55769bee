"""The audit trail: what can be asked of it, how a question that was not understood is repaired, and that every act is there."""

from __future__ import annotations

import csv
import io
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_making import ANAS

from bot.domain.finding import Status
from bot.domain.lifecycle import Change
from bot.domain.message import Pressed
from bot.domain.views import AuditLog, Notice, Trouble
from bot.services.audit import KINDS, SHOWN, Question, read_question
from bot.services.tables import ACT_COLUMNS
from tests.support.parts import Parts, a_finding

DAY = timedelta(days=1)

WORDS = [
    ("", Question(), "nothing is the last thirty days"),
    ("since:7d", Question(since=7 * DAY), "a time"),
    ("since:<2w", Question(since=14 * DAY), "as a list's filter is written"),
    ("SINCE:90D", Question(since=90 * DAY), "in capitals"),
    ("F-12", Question(number=12), "a finding"),
    ("f12", Question(number=12), "as a phone types it"),
    ("me", Question(actor="U0ANA"), "the asker"),
    ("@U0BEN", Question(actor="U0BEN"), "a person"),
    ("<@U0BEN|ben>", Question(actor="U0BEN"), "as Slack sends a mention"),
    ("csv", Question(csv=True), "a file"),
    ("ack", Question(kinds=(Change.ACKNOWLEDGED,)), "short"),
    ("acks assignments", Question(kinds=(Change.ACKNOWLEDGED, Change.ASSIGNED)), "two kinds are or"),
    (
        "F-3 acks @U0BEN since:1d csv",
        Question(DAY, 3, "U0BEN", (Change.ACKNOWLEDGED,), csv=True),
        "everything at once",
    ),
    ("since:1d since:2d", Question(since=2 * DAY), "the last one counts"),
    *((word, Question(kinds=kinds), f"the kind {word}") for word, kinds in KINDS.items()),
    *((word[:-1], Question(kinds=kinds), f"one of {word}") for word, kinds in KINDS.items()),
]


@pytest.mark.parametrize(("text", "question", "why"), WORDS)
def test_every_word_of_a_question(text: str, question: Question, why: str) -> None:
    assert read_question(text, "U0ANA") == question, why


@pytest.mark.parametrize(("text", "question", "why"), WORDS)
def test_a_question_in_words_is_the_same_question(text: str, question: Question, why: str) -> None:
    again = read_question(question.in_words(), "U0BEN")
    assert isinstance(again, Question), why
    assert (again.since, again.number, again.actor, set(again.kinds)) == (
        question.since, question.number, question.actor, set(question.kinds),
    )  # fmt: skip


@pytest.mark.parametrize(
    ("text", "offer"),
    [
        ("aks", "audit since:30d acks"),
        ("F-3 assignmnts", "audit F-3 since:30d assignments"),
        ("since:1d sv", "audit since:1d csv"),
        ("@U0BEN requets", "audit @U0BEN since:30d requests"),
    ],
)
def test_an_unknown_word_is_repaired_in_its_question(text: str, offer: str) -> None:
    trouble = read_question(text, "U0ANA")
    assert isinstance(trouble, Trouble)
    assert offer in [o.command for o in trouble.offers]
    assert isinstance(read_question(offer.removeprefix("audit "), "U0ANA"), Question)


@pytest.mark.parametrize(
    "word", ["since:", "since:yesterday", "since:-1d", "since:0s", "F-", "ana", "@ana", "prod", "since:40000d"]
)
def test_what_cannot_be_asked_is_named_with_what_can(word: str) -> None:
    trouble = read_question(f"acks {word}", "U0ANA")
    assert isinstance(trouble, Trouble)
    assert trouble.messages[0].startswith(f"`{word}` is nothing the audit trail can be asked for: acks,")


@given(st.text(max_size=40))
def test_no_question_raises(text: str) -> None:
    read_question(text, "U0ANA")


# --- answers ----------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def acted(parts: Parts) -> Parts:
    """Two findings; Ben acknowledged the first a week ago, Ana assigned both today, and one was resolved by nobody."""
    await parts.say(a_finding("a"), a_finding("b"), a_finding("c"))
    await parts.suite.triage.acknowledge(1, "U0BEN")
    parts.clock.move(7 * 86_400)
    await parts.suite.triage.assign(1, "U0ANA", "U0ANA", "please look")
    parts.clock.move(60)
    await parts.suite.triage.assign(2, "U0BEN", "U0ANA")
    await parts.say(a_finding("c", later_s=9, status=Status.RESOLVED))
    return parts


async def log(parts: Parts, text: str) -> AuditLog:
    answer = await parts.desk.command(f"audit {text}", ANAS)
    assert isinstance(answer.view, AuditLog), answer.view
    return answer.view


@pytest.mark.parametrize(
    ("text", "acts"),
    [
        ("", [(2, "U0ANA", "assigned"), (1, "U0ANA", "assigned"), (1, "U0BEN", "acknowledged")]),
        ("since:1d", [(2, "U0ANA", "assigned"), (1, "U0ANA", "assigned")]),
        ("acks", [(1, "U0BEN", "acknowledged")]),
        ("me", [(2, "U0ANA", "assigned"), (1, "U0ANA", "assigned")]),
        ("@U0BEN", [(1, "U0BEN", "acknowledged")]),
        ("F-1", [(1, "U0ANA", "assigned"), (1, "U0BEN", "acknowledged")]),
        ("F-3", []),
        ("me acks", []),
    ],
)
async def test_who_did_what_newest_first(acted: Parts, text: str, acts: list[tuple[int, str, str]]) -> None:
    view = await log(acted, text)
    assert [(row.number, row.entry.actor, row.entry.kind) for row in view.rows] == acts
    assert all(row.record is not None and row.record.number == row.number for row in view.rows)
    assert bool(view.offers) is bool(acts), "a file of nothing is not offered"


async def test_more_acts_than_are_shown_are_said(parts: Parts) -> None:
    await parts.take(*(a_finding(f"k{i}") for i in range(SHOWN + 1)))
    for number in range(1, SHOWN + 1):
        await parts.suite.triage.acknowledge(number, "U0ANA")
    assert not (await log(parts, "")).more
    await parts.suite.triage.acknowledge(SHOWN + 1, "U0ANA")
    view = await log(parts, "")
    assert (len(view.rows), view.more) == (SHOWN, True)


async def test_the_button_under_it_sends_all_of_it_as_a_file(acted: Parts) -> None:
    view = await log(acted, "F-1")
    answer = await acted.desk.press(Pressed("run", extra=view.offers[0].command), ANAS)
    assert isinstance(answer.view, Notice)
    await acted.suite.exports.close()
    [(channel, name, content)] = acted.messenger.files
    rows = list(csv.DictReader(io.StringIO(content)))
    assert (channel, name) == ("DU0ANA", "secbot-audit-20260308-1201.csv")
    assert tuple(rows[0]) == ACT_COLUMNS
    assert [(r["ref"], r["who"], r["what"], r["note"]) for r in rows] == [
        ("F-1", "U0ANA", "assigned", "please look"),
        ("F-1", "U0BEN", "acknowledged", ""),
    ]
    assert rows[0]["account_name"] == "pay-prod"


async def test_a_question_that_was_not_understood_is_answered_and_not_run(acted: Parts) -> None:
    answer = await acted.desk.command("audit aks csv", ANAS)
    assert isinstance(answer.view, Trouble)
    assert acted.messenger.files == []
