"""Exports: all of a question's rows, in its order, harmless to a spreadsheet; told how far they are, and told when they fail."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import AsyncIterator, Callable, Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from service_making import ANA, ANAS

from bot.domain.authz import Place
from bot.domain.finding import Status
from bot.domain.message import Pressed
from bot.domain.views import Notice, Trouble
from bot.errors import Rejected, UserError
from bot.services.export import MOST_ROWS, PIECE, TELL_S, as_csv, harmless
from bot.services.tables import FINDING_COLUMNS, Row, Table
from tests.support.parts import Parts, a_finding

DMS = "DU0ANA"
Rows = Callable[[int, int], AsyncIterator[Sequence[Row]]]


def read(content: str) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content, newline="")))


def a_table(rows: Rows, total: int = 2) -> Table:
    return Table("findings of prod", "findings", "findings", ("ref",), total, rows)


def said(parts: Parts) -> list[tuple[str, str]]:
    """(what, text) of every message, in order."""
    return [(what, message.text) for what, _, message in parts.messenger.said]


async def exported(parts: Parts, text: str) -> list[dict[str, str]]:
    """The rows of the file that a command sends."""
    answer = await parts.desk.command(text, ANAS)
    assert isinstance(answer.view, Notice), answer.view
    await parts.suite.exports.close()
    [(channel, _, content)] = parts.messenger.files
    assert channel == DMS
    return read(content)


# --- rows -------------------------------------------------------------------------------------------------------------------------------


async def test_a_file_holds_every_row_of_the_question_in_its_order(parts: Parts) -> None:
    count = PIECE * 2 + 7
    levels = ("critical", "high", "low")
    await parts.take(*(a_finding(f"k{i}", severity=levels[i % 3], later_s=i) for i in range(count)))
    async with parts.suite.store.reads() as reads:
        parsed, scope = await parts.suite.queries.read(reads, "prod", ANA)
        numbers = await reads.numbers(scope.query, parts.clock.now(), limit=count)
    assert not parsed.problems
    rows = await exported(parts, "export prod")
    assert [row["ref"] for row in rows] == [f"F-{n}" for n in numbers]
    assert len(rows) == count


@pytest.mark.parametrize("text", ["export high+ sort:age", "csv sort:age high+", "findings high+ sort:age csv"])
async def test_the_same_export_in_other_words(parts: Parts, text: str) -> None:
    await parts.take(*(a_finding(f"k{i}", later_s=i, first_seen=parts.clock.now()) for i in (3, 1, 2)))
    await parts.take(a_finding("mild", severity="low"), a_finding("gone", status=Status.RESOLVED))
    assert [row["title"] for row in await exported(parts, text)] == [f"Something about k{i}" for i in (1, 2, 3)]


async def test_an_export_of_named_findings_is_in_the_order_in_which_they_were_named(parts: Parts) -> None:
    await parts.take(a_finding("a"), a_finding("b"), a_finding("c"))
    assert [row["ref"] for row in await exported(parts, "export F-3 F-1")] == ["F-3", "F-1"]


async def test_an_export_of_groups_is_of_their_findings(parts: Parts) -> None:
    await parts.take(a_finding("a"), a_finding("b"))
    assert len(await exported(parts, "export by:account")) == 2


async def test_the_columns_say_what_is_known(parts: Parts) -> None:
    await parts.take(a_finding("a", control="S3.2", standards=("cis", "fsbp")))
    await parts.suite.triage.acknowledge(1, "U0ANA")
    [row] = await exported(parts, "export all")
    assert tuple(row) == FINDING_COLUMNS
    known = {
        "ref": "F-1", "severity": "high", "state": "acknowledged", "account": "111122223333", "account_name": "pay-prod", "env": "prod",
        "owner": "team-pay", "standards": "cis fsbp", "acknowledged_by": "U0ANA", "until": "2026-03-02T12:00:00+00:00", "resolved_at": "",
    }  # fmt: skip
    assert {name: row[name] for name in known} == known


async def test_a_button_exports_what_its_list_asked(parts: Parts) -> None:
    await parts.take(a_finding("a"), a_finding("b", severity="low"))
    listing = (await parts.suite.queries.find("high page:1", ANA)).listing  # type: ignore[union-attr]
    await parts.desk.press(Pressed("export", extra=f"{listing}.all"), ANAS)
    await parts.suite.exports.close()
    assert [row["ref"] for row in read(parts.messenger.files[0][2])] == ["F-1"]


async def test_the_channels_default_is_in_its_exports(parts: Parts) -> None:
    await parts.take(a_finding("a"), a_finding("b", severity="low"))
    await parts.suite.views.save("night", "high+", ANA, "sec")
    await parts.suite.views.set_default("night", "sec")
    assert [row["ref"] for row in await exported(parts, "export prod")] == ["F-1"]


async def test_no_more_than_the_most_is_exported_and_it_is_said(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.services.export.MOST_ROWS", 2)
    await parts.take(a_finding("a"), a_finding("b"), a_finding("c"))
    answer = await parts.desk.command("export prod", ANAS)
    assert isinstance(answer.view, Notice)
    assert "2 findings (the first 2 of 3)" in answer.view.text
    await parts.suite.exports.close()
    assert len(read(parts.messenger.files[0][2])) == 2
    assert MOST_ROWS == 100_000


# --- where ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("place", "channel"),
    [(Place("sec", name="sec"), "sec"), (Place("sec", known=False), DMS)],
)
async def test_here_is_the_channel_where_everybody_may_see_it(parts: Parts, place: Place, channel: str) -> None:
    await parts.take(a_finding("a"))
    parts.people.places["sec"] = place
    await parts.desk.command("export here", ANAS)
    await parts.suite.exports.close()
    assert [c for c, _, _ in parts.messenger.files] == [channel]


async def test_a_file_is_named_after_what_it_is_and_when(parts: Parts) -> None:
    await parts.take(a_finding("a"))
    await exported(parts, "export")
    assert parts.messenger.files[0][1] == "secbot-findings-20260301-1200.csv"


@pytest.mark.parametrize(("text", "says"), [("export low", "Nothing matches"), ("export hgih", "`hgih` is not")])
async def test_nothing_to_export_is_said_and_nothing_is_sent(parts: Parts, text: str, says: str) -> None:
    await parts.take(a_finding("a"))
    answer = await parts.desk.command(text, ANAS)
    assert isinstance(answer.view, Trouble)
    assert says in answer.view.messages[0]
    assert parts.messenger.said == []


# --- cells ------------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ('=HYPERLINK("https://evil.example")', '\'=HYPERLINK("https://evil.example")'),
        ("+1", "'+1"),
        ("-1+1", "'-1+1"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\r=1"),
        ("\0=1", "'=1"),
        ("a=1", "a=1"),
        ("", ""),
    ],
)
def test_a_cell_that_would_be_run_is_text(cell: str, written: str) -> None:
    assert harmless(cell) == written


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=1, max_size=4), max_size=4))
def test_what_is_written_is_read_back_and_no_cell_is_a_formula(rows: list[list[str]]) -> None:
    back = list(csv.reader(io.StringIO(as_csv(rows), newline="")))
    assert back == [[harmless(cell) for cell in row] for row in rows]
    assert not any(cell.startswith(("=", "+", "-", "@", "\t", "\r")) for row in back for cell in row)


async def test_a_name_that_an_attacker_chose_is_harmless_in_the_file(parts: Parts) -> None:
    await parts.take(a_finding("a", title="=cmd|' /C calc'!A0,\"x\"\nsecond line"))
    [row] = await exported(parts, "export")
    assert row["title"] == "'=cmd|' /C calc'!A0,\"x\"\nsecond line"


# --- how far ----------------------------------------------------------------------------------------------------------------------------


async def test_how_far_it_is_is_told_by_the_clock_and_not_by_the_row(parts: Parts) -> None:
    async def rows(piece: int, most: int) -> AsyncIterator[Sequence[Row]]:
        for i in range(9):
            parts.clock.move(TELL_S / 3)
            yield [(f"F-{i}",)]

    await parts.suite.exports.start(a_table(rows, 9), "U0ANA")
    await parts.suite.exports.close()
    assert said(parts) == [
        ("card", "Exporting findings of prod …"),
        *(("edit", f"Exporting findings of prod: {n} of 9 …") for n in (3, 6, 9)),
        ("edit", "Exported 9 findings: the file is in this thread."),
    ]


async def test_progress_that_cannot_be_shown_stops_no_export(parts: Parts) -> None:
    async def rows(piece: int, most: int) -> AsyncIterator[Sequence[Row]]:
        parts.clock.move(TELL_S)
        parts.messenger.failing.append(Rejected("no such message"))
        yield [("F-1",)]

    await parts.suite.exports.start(a_table(rows), "U0ANA")
    await parts.suite.exports.close()
    assert len(parts.messenger.files) == 1


# --- one at a time, and failing ---------------------------------------------------------------------------------------------------------


async def test_a_person_has_one_export_at_a_time_and_others_are_not_held_up(parts: Parts) -> None:
    go_on = asyncio.Event()

    async def rows(piece: int, most: int) -> AsyncIterator[Sequence[Row]]:
        await go_on.wait()
        yield [("F-1",)]

    exports = parts.suite.exports
    await exports.start(a_table(rows), "U0ANA")
    with pytest.raises(UserError, match="still under way"):
        await exports.start(a_table(rows), "U0ANA")
    await exports.start(a_table(rows), "U0BEN")
    go_on.set()
    await exports.close()
    assert sorted(channel for channel, _, _ in parts.messenger.files) == ["DU0ANA", "DU0BEN"]
    await exports.start(a_table(rows), "U0ANA")
    await exports.close()
    assert len(parts.messenger.files) == 3


async def test_an_upload_that_fails_is_told_and_the_next_export_may_begin(parts: Parts) -> None:
    async def rows(piece: int, most: int) -> AsyncIterator[Sequence[Row]]:
        parts.messenger.failing.append(Rejected("The file is too large."))
        yield [("F-1",)]

    await parts.suite.exports.start(a_table(rows), "U0ANA")
    await parts.suite.exports.close()
    assert said(parts)[-1] == ("edit", "This export failed: The file is too large.")
    assert parts.messenger.files == []
    await parts.suite.exports.start(a_table(rows), "U0ANA")
    await parts.suite.exports.close()


async def test_an_export_that_breaks_is_told_without_saying_how(parts: Parts) -> None:
    async def rows(piece: int, most: int) -> AsyncIterator[Sequence[Row]]:
        yield [("F-1",)]
        raise ZeroDivisionError("secret")

    await parts.suite.exports.start(a_table(rows), "U0ANA")
    await parts.suite.exports.close()
    assert said(parts)[-1][1].startswith("This export broke on our side.")
    assert parts.messenger.files == []


async def test_an_export_of_nothing_is_refused(parts: Parts) -> None:
    async def rows(piece: int, most: int) -> AsyncIterator[Sequence[Row]]:
        yield []

    with pytest.raises(UserError, match="nothing to export"):
        await parts.suite.exports.start(a_table(rows, 0), "U0ANA")


async def test_a_restart_tells_whoever_waits(parts: Parts, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.services.export.FINISH_S", 0.0)
    begun = asyncio.Event()

    async def rows(piece: int, most: int) -> AsyncIterator[Sequence[Row]]:
        begun.set()
        await asyncio.Event().wait()
        yield []

    await parts.suite.exports.start(a_table(rows), "U0ANA")
    await begun.wait()
    await parts.suite.exports.close()
    assert said(parts)[-1][1] == "secbot was restarted, so this export was stopped. Ask for it again."
    assert parts.messenger.files == []


async def test_closing_with_nothing_under_way_is_at_once(parts: Parts) -> None:
    await parts.suite.exports.close()
    assert parts.messenger.said == []
