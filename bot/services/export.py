"""Findings and acts as CSV files, sent to the asker's direct messages (or the channel, with `here`), with progress.

A file may hold 100,000 rows, so it is written to disk piece by piece and sent from there; the event loop and the memory hold one piece at
a time. Exports are not kept over a restart: whoever waits for one is told. A cell that a spreadsheet would run as a formula is quoted.
"""

from __future__ import annotations

import asyncio
import csv
import io
import tempfile
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

import structlog

from bot.domain.message import Message, Modal
from bot.domain.views import Notice, View
from bot.errors import SecbotError, UserError
from bot.ports import Clock, Ids, Messenger, Posted
from bot.services.tables import Table

log = structlog.get_logger()

MOST_ROWS = 100_000
PIECE = 200  # rows read and written at once: some milliseconds
TELL_S = 3.0  # between two progress messages; Slack's tier of chat.update is fifty a minute
FINISH_S = 10.0
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


@dataclass(slots=True)
class Exports:
    """Runs exports, one a person at a time."""

    messenger: Messenger
    render: Callable[[View], Message | Modal]
    clock: Clock
    ids: Ids
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _busy: set[str] = field(default_factory=set)  # whose export is under way

    async def start(self, table: Table, user: str, channel: str = "") -> Notice:
        """Begin an export and say where it will be; it goes on by itself.

        Args:
            table: what is exported.
            channel: where everybody of it may have the file; empty is the user's direct messages.

        Raises:
            UserError: there is nothing to export, or the person's last export is still under way.
            TemporaryError, Rejected: Slack gave us no place to put it.
        """
        if not table.total:
            raise UserError("There is nothing to export.")
        if user in self._busy:
            raise UserError("Your last export is still under way; it will be in your direct messages.")
        place = channel or await self.messenger.direct(user)
        self._busy.add(user)
        task = asyncio.create_task(self._run(table, place, user), name="export")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        cut = f" (the first {MOST_ROWS:,} of {table.total:,})" if table.total > MOST_ROWS else ""
        where = "here" if channel else "to our direct messages"
        return Notice(text=f"Exporting {min(table.total, MOST_ROWS):,} {table.what}{cut} as CSV {where}.")

    async def close(self) -> None:
        """Give what is under way a moment; stop the rest, which tells its people so."""
        tasks = list(self._tasks)
        if tasks:
            _, late = await asyncio.wait(tasks, timeout=FINISH_S)
            for task in late:
                task.cancel()
            await asyncio.gather(*late, return_exceptions=True)

    # --- one export ----------------------------------------------------------------------------------------------------------------------

    async def _run(self, table: Table, place: str, user: str) -> None:
        progress = _Progress(self, place, table)
        try:
            text, good = await self._made(table, place, progress)
        except asyncio.CancelledError:
            with suppress(SecbotError, TimeoutError):
                async with asyncio.timeout(2):
                    await progress.tell(
                        "secbot was restarted, so this export was stopped. Ask for it again.", good=False
                    )
            raise
        finally:
            self._busy.discard(user)  # whoever reads that it is done may ask for the next one
        with suppress(SecbotError):
            await progress.tell(text, good=good)

    async def _made(self, table: Table, place: str, progress: _Progress) -> tuple[str, bool]:
        """What became of it, and whether that is good."""
        try:
            await progress.begin()
            async with _folder() as folder:
                path = Path(folder) / "export.csv"
                rows = await self._write(table, path, progress)
                await self.messenger.upload(
                    place, path, name=table.file_name(self.clock.now()), title=table.title, thread_ts=progress.ts
                )
        except SecbotError as error:
            log.warning("export_failed", reason=error.reason, error=error.message)
            return f"This export failed: {error.message}", False
        except Exception as error:
            log.exception("export_broke", error=type(error).__name__)
            return "This export broke on our side. Nothing was changed; ask for it again.", False
        return f"Exported {rows:,} {table.what}: the file is in this thread.", True

    async def _write(self, table: Table, path: Path, progress: _Progress) -> int:
        written = 0
        file = await asyncio.to_thread(path.open, "w", encoding="utf-8", newline="")
        try:
            await asyncio.to_thread(file.write, as_csv([table.columns]))
            async for piece in table.rows(PIECE, MOST_ROWS):
                await asyncio.to_thread(file.write, as_csv(piece))
                written += len(piece)
                await progress.so_far(written)
        finally:
            await asyncio.to_thread(file.close)  # what is still in memory is written then
        return written

    def message(self, text: str, *, good: bool = True) -> Message:
        """The progress message. Raises nothing of its own."""
        shown = self.render(Notice(text=text, good=good))
        assert isinstance(shown, Message)
        return shown


@asynccontextmanager
async def _folder() -> AsyncIterator[str]:
    """A folder of its own for an export, made and removed beside the event loop."""
    folder = await asyncio.to_thread(tempfile.TemporaryDirectory, prefix="secbot-export-")
    try:
        yield folder.name
    finally:
        await asyncio.to_thread(folder.cleanup)


@dataclass(slots=True)
class _Progress:
    """The message that says how far an export is."""

    exports: Exports
    place: str
    table: Table
    posted: Posted | None = None
    told: float = 0.0

    @property
    def ts(self) -> str:
        return self.posted.ts if self.posted else ""

    async def begin(self) -> None:
        key = f"export:{self.exports.ids.token()}"
        message = self.exports.message(f"Exporting {self.table.title} …")
        self.posted = await self.exports.messenger.post(self.place, message, key=key)
        self.told = self.exports.clock.monotonic()

    async def so_far(self, rows: int) -> None:
        """Told now and then only; a progress message that is not shown is no reason to stop."""
        now = self.exports.clock.monotonic()
        if now - self.told >= TELL_S:
            self.told = now
            total = min(self.table.total, MOST_ROWS)
            with suppress(SecbotError):
                await self.tell(f"Exporting {self.table.title}: {rows:,} of {total:,} …")

    async def tell(self, text: str, *, good: bool = True) -> None:
        if self.posted is not None:
            await self.exports.messenger.update(
                self.posted.channel, self.posted.ts, self.exports.message(text, good=good)
            )


def as_csv(rows: Sequence[Sequence[str]]) -> str:
    """Rows as lines of a CSV file (RFC 4180), with formulas made harmless."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerows([[harmless(cell) for cell in row] for row in rows])
    return text.getvalue()


def harmless(cell: str) -> str:
    """The cell as a spreadsheet takes for text: names in findings are an attacker's to choose. NUL is left out."""
    clean = cell.replace("\0", "")
    return f"'{clean}" if clean.startswith(_FORMULA) else clean
