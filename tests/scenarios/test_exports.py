"""Everything that a question holds as a CSV file: where it goes, what is in it, what is said when it cannot be made."""

from __future__ import annotations

import csv
import io

from sandbox.slack.state import File, Message
from tests.support.box import Box, buttons, said


async def file_in(box: Box, channel: str) -> File:
    """The first file that is shared in a channel, waited for."""
    return await box.slack.wait_for(
        lambda: next((f for f in box.slack.world.files.values() if f.complete and channel in f.channels), None)  # type: ignore[arg-type,return-value]
    )


async def said_in(box: Box, channel: str, containing: str) -> Message:
    """The bot's message there that shows this, waited for."""
    return await box.slack.wait_for(
        lambda: next((m for m in box.slack.world.messages.all(channel) if m.from_app and containing in said(m)), None)  # type: ignore[arg-type,return-value]
    )


def rows(file: File) -> list[dict[str, str]]:
    """The rows of a CSV file by column."""
    assert file.content is not None
    return list(csv.DictReader(io.StringIO(file.content.decode("utf-8"), newline="")))


async def test_an_export_comes_as_a_file_in_direct_messages_with_every_row(box: Box) -> None:
    await box.fill()
    told = said(await box.ask("/sec export prod"))
    assert "Exporting 2 findings as CSV to our direct messages" in told
    dm = box.ana.dm()
    file = await file_in(box, dm)
    assert [r["ref"] for r in rows(file)] == ["F-1", "F-2"]
    first = rows(file)[0]
    assert (first["severity"], first["state"], first["env"]) == ("critical", "open", "prod")
    assert first["account_name"] == "payments-prod"
    assert file.name.startswith("secbot-findings-")
    assert file.name.endswith(".csv")


async def test_its_progress_message_ends_by_saying_where_the_file_is(box: Box) -> None:
    await box.fill()
    await box.ask("/sec export prod")
    dm = box.ana.dm()
    done = await said_in(box, dm, "Exported 2 findings")
    [file] = [m for m in box.slack.world.messages.all(dm) if m.files]
    assert file.thread_ts == done.ts


async def test_csv_in_a_question_is_an_export(box: Box) -> None:
    await box.fill()
    assert "Exporting 1 findings" in said(await box.ask("/sec findings staging csv"))
    assert [r["ref"] for r in rows(await file_in(box, box.ana.dm()))] == ["F-3"]


async def test_export_under_a_list_holds_what_the_list_asks(box: Box) -> None:
    box.send(*(box.control("S3.8", number=n) for n in range(10)))
    await box.quiet(within=120)
    answer = await box.ask("/sec findings prod")
    told = said(await box.after(box.ana.press("sec-prod", answer, "Export")))
    assert "Exporting 10 findings" in told
    assert len(rows(await file_in(box, box.ana.dm()))) == 10


async def test_export_here_comes_to_the_channel(box: Box) -> None:
    await box.fill()
    assert "as CSV here" in said(await box.ask("/sec export prod here"))
    channel = box.company.room("sec-prod").id
    assert len(rows(await file_in(box, channel))) == 2


async def test_export_here_in_a_channel_that_another_company_is_in_is_refused(box: Box) -> None:
    await box.fill()
    refused = said(await box.ask("/sec export prod here", where="partner-shared"))
    assert "Exporting" not in refused
    assert box.slack.world.files == {}


async def test_nothing_to_export_is_told_with_what_each_filter_costs(box: Box) -> None:
    await box.fill()
    answer = await box.ask("/sec export prod src:macie")
    assert "Nothing matches" in said(answer)
    assert "Drop src" in buttons(answer)


async def test_a_mistake_in_what_is_exported_is_told_with_its_repair(box: Box) -> None:
    await box.fill()
    answer = await box.ask("/sec export prdo")
    await box.after(box.ana.press("sec-prod", answer, "Use prod"))
    assert len(rows(await file_in(box, box.ana.dm()))) == 2


async def test_one_export_at_a_time(box: Box) -> None:
    await box.fill()
    box.slack.faults.add("files.getUploadURLExternal", "hang")
    await box.ask("/sec export prod")
    await box.slack.wait_for(
        lambda: box.slack.history.calls("files.getUploadURLExternal")
    )  # only what hangs can be let go
    assert "still under way" in said(await box.ask("/sec export prod"))
    assert "Exporting" in said(await box.ask("/sec export prod", who="ben")), "it is one for each person"
    box.slack.faults.release()
    await said_in(box, box.ana.dm(), "Exported 2 findings")
    assert "Exporting 2" in said(await box.ask("/sec export prod"))
    await box.slack.wait_for(lambda: len([f for f in box.slack.world.files.values() if f.complete]) == 3)


async def test_an_export_that_slack_does_not_take_says_so(box: Box) -> None:
    await box.fill()
    box.slack.faults.add("files.completeUploadExternal", "error", error="channel_not_found")
    await box.ask("/sec export prod")
    await said_in(box, box.ana.dm(), "export failed")
    await box.ask("/sec export prod")
    await said_in(box, box.ana.dm(), "Exported 2 findings")


async def test_a_cell_that_a_spreadsheet_would_run_is_text(box: Box) -> None:
    event = box.control()
    event["detail"]["findings"][0]["Title"] = '=HYPERLINK("https://evil.example","look, a link")'
    await box.take_in(event)
    await box.ask("/sec export prod")
    [row] = rows(await file_in(box, box.ana.dm()))
    assert row["title"].startswith("'=HYPERLINK(")


async def test_an_audit_is_exported_too(box: Box) -> None:
    await box.fill()
    await box.ask("/sec ack F-1")
    await box.ask("/sec audit csv")
    [row] = rows(await file_in(box, box.ana.dm()))
    assert "F-1" in row.values()
    assert "U0ANA" in row.values()


async def test_a_guest_exports_nothing(box: Box) -> None:
    await box.fill()
    dm = box.person("hana").dm()
    await box.person("hana").say(dm, "export prod")
    await said_in(box, dm, "may not")
    assert box.slack.world.files == {}
