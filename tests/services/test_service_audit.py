"""The audit trail: what can be asked of it, how a question that was not understood is repaired, and that every act is there."""

from __future__ import annotations

import csv
import io
from dataclasses import replace

import pytest
from hiding_making import DAY, begun, drafted, hidden
from hypothesis import given
from hypothesis import strategies as st
from service_making import ANAS

from bot.domain.audit import verify
from bot.domain.finding import Status
from bot.domain.lifecycle import Change
from bot.domain.message import Pressed
from bot.domain.views import AuditLog, Notice, Trouble
from bot.services import trail
from bot.services.audit import KINDS, SHOWN, Question, read_question
from bot.services.tables import AUDIT_COLUMNS
from tests.support.parts import Parts, a_finding

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
    *((word.removesuffix("s"), Question(kinds=kinds), f"one of {word}") for word, kinds in KINDS.items()),
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
    assert [(row.line.number, row.line.actor, row.line.what) for row in view.rows] == acts
    assert all(row.record is not None and row.record.number == row.line.number for row in view.rows)
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
    assert tuple(rows[0]) == AUDIT_COLUMNS
    assert [(r["ref"], r["who"], r["what"], r["note"]) for r in rows] == [
        ("F-1", "U0ANA", "assigned", "please look"),
        ("F-1", "U0BEN", "acknowledged", ""),
    ]
    assert rows[0]["account_name"] == "pay-prod"
    assert [(r["phase"], r["subject"]) for r in rows] == [("done", "F-1")] * 2
    assert int(rows[0]["seq"]) > int(rows[1]["seq"])
    assert len({r["hash"] for r in rows}) == 2, "each line with what proves that nobody changed it"


async def test_a_question_that_was_not_understood_is_answered_and_not_run(acted: Parts) -> None:
    answer = await acted.desk.command("audit aks csv", ANAS)
    assert isinstance(answer.view, Trouble)
    assert acted.messenger.files == []


# --- what is hidden -------------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def hushed(parts: Parts) -> Parts:
    """A suppression that began and ended, and one that another person agreed to; an acknowledgement, too."""
    await parts.say(a_finding("a"), a_finding("b"), a_finding("c"))
    lease = await hidden(parts, 1)
    await parts.suite.leases.end(lease.id, "U0BEN", "enough")
    parts.clock.move(60)
    done = await begun(parts, await drafted(parts, 2, lasts=8 * DAY))
    assert done.request is not None
    await parts.suite.suppressions.approve(done.request.id, done.request.digest, "U0BEN")
    await parts.suite.triage.acknowledge(3, "U0ANA")
    return parts


@pytest.mark.parametrize(
    ("text", "whats", "why"),
    [
        (
            "F-1", ["suppress_end", "suppress_end", "suppress", "suppress"],
            "what was meant to be done, and how it ended, from the first press to the last call",
        ),
        ("approvals", ["suppress_approve", "suppress_request"], "who asked and who agreed"),
        ("requests", ["suppress_request"], "who asked"),
        ("suppressions F-2", ["suppress", "suppress", "suppress_approve", "suppress_request"], "all of it"),
        ("suppressions @U0BEN", ["suppress_approve", "suppress_end"], "by a person"),
        ("acks", ["acknowledged"], "and nothing of it is an acknowledgement"),
        ("drift", [], "nobody has looked"),
    ],
)  # fmt: skip
async def test_what_was_hidden_is_in_the_trail(hushed: Parts, text: str, whats: list[str], why: str) -> None:
    assert [row.line.what for row in (await log(hushed, text)).rows] == whats, why


async def test_a_line_says_who_why_and_until_when(hushed: Parts) -> None:
    row = next(r for r in (await log(hushed, "F-2")).rows if (r.line.what, r.line.phase) == ("suppress", "intent"))
    details = row.line.details
    assert (row.line.actor, details["reason"], details["approvers"]) == ("U0ANA", "the vendor's scanner", "U0BEN")
    assert details["query"] == "sev:info..high F-2"
    assert {"until", "owner", "ticket", "scope", "lease"} <= set(details)


async def test_a_look_for_rules_of_others_is_a_line_about_no_finding(hushed: Parts) -> None:
    async with hushed.store.begin() as tx:
        await tx.audit([trail.outcome(hushed.clock.now(), "", "drift_found", "rules that hide findings", found="2")])
    [row] = (await log(hushed, "drift")).rows
    assert (row.record, row.line.number, row.line.actor) == (None, 0, "")
    view = await log(hushed, "drift")
    await hushed.desk.press(Pressed("run", extra=view.offers[0].command), ANAS)
    await hushed.suite.exports.close()
    [(_, _, content)] = hushed.messenger.files
    [line] = csv.DictReader(io.StringIO(content))
    assert (line["what"], line["ref"], line["severity"], line["details"]) == ("drift_found", "", "", "found=2")


async def test_a_change_of_a_line_is_seen_whoever_reads_the_trail(hushed: Parts) -> None:
    async with hushed.store.reads() as reads:
        lines, head = await reads.chain(0, limit=100), await reads.audit_head()
    assert verify(lines) == (None, head)
    flaw, _ = verify([replace(lines[0], actor="U0EVE"), *lines[1:]])
    assert flaw is not None
    assert flaw.seq == lines[0].seq
