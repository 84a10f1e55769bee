"""`python -m benchmarks`: run the lines that are asked for and print one table.

Nothing fails when an aim is missed: the table says so. Everything is made in a temporary folder that goes with the run.
"""

from __future__ import annotations

import argparse
import asyncio
import sys
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from benchmarks import asking, cards, lists, live, million, postgres, stream
from benchmarks.figures import Line, as_json, show


@dataclass(frozen=True, slots=True)
class Size:
    """How much of everything."""

    messages: int
    findings: int
    turns: int
    commands: int
    cards: int
    asked: int  # findings that the random questions are about
    questions: int


FULL = Size(messages=20_000, findings=1_000_000, turns=200, commands=200, cards=1000, asked=100_000, questions=10_000)
QUICK = Size(messages=2_000, findings=50_000, turns=40, commands=40, cards=300, asked=20_000, questions=500)


@dataclass(slots=True)
class Run:
    """One run: its folder, its size, and the big SQLite store once it is made."""

    folder: Path
    size: Size
    console: Console
    big: dict[str, str] = field(default_factory=dict)

    def room(self, name: str) -> Path:
        """A folder of its own for one group of lines."""
        made = self.folder / name
        made.mkdir(mode=0o755)
        return made

    async def big_sqlite(self) -> str:
        """The address of an SQLite store with all the findings, made once a run."""
        if "sqlite" not in self.big:
            with self.loading("SQLite") as tick:
                self.big["sqlite"] = await million.load_sqlite(self.folder / "big.db", self.size.findings, tick)
        return self.big["sqlite"]

    @contextmanager
    def loading(self, kind: str, total: int = 0) -> Iterator[Callable[[int], None]]:
        """A progress bar on standard error."""
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console) as progress:
            task = progress.add_task(f"Loading {kind}", total=total or self.size.findings)
            yield lambda rows: progress.advance(task, rows)


async def _ingest(run: Run) -> AsyncIterator[Line]:
    async for line in stream.from_queue(run.room("queue"), run.size.messages):
        yield line


async def _decide(run: Run) -> AsyncIterator[Line]:
    async for line in stream.from_memory(run.room("decide"), run.size.messages):
        yield line


async def _list(run: Run) -> AsyncIterator[Line]:
    count, turns = run.size.findings, run.size.turns
    for line in await lists.lines(await run.big_sqlite(), "SQLite", count, turns):
        yield line
    if "PostgreSQL" not in stream.databases():
        return
    async with postgres.server(run.folder / "list_pg") as place:
        with run.loading("PostgreSQL") as tick:
            url = await million.load_postgres(place, "big", count, tick)
        for line in await lists.lines(url, "PostgreSQL", count, turns):
            yield line


async def _ask(run: Run) -> AsyncIterator[Line]:
    count, questions = run.size.asked, run.size.questions
    with run.loading("SQLite", count) as tick:
        url = await million.load_sqlite(run.room("ask") / "asked.db", count, tick)
    yield await asking.line(url, "SQLite", count, questions)
    if "PostgreSQL" not in stream.databases():
        return
    async with postgres.server(run.folder / "ask_pg") as place:
        with run.loading("PostgreSQL", count) as tick:
            url = await million.load_postgres(place, "asked", count, tick)
        yield await asking.line(url, "PostgreSQL", count, questions)


async def _ack(run: Run) -> AsyncIterator[Line]:
    for line in await live.acks(run.room("ack"), run.size.messages, run.size.commands):
        yield line


async def _card(run: Run) -> AsyncIterator[Line]:
    yield cards.line(run.size.cards)


async def _start(run: Run) -> AsyncIterator[Line]:
    for line in await live.starts(run.room("start")):
        yield line


async def _memory(run: Run) -> AsyncIterator[Line]:
    yield await live.memory(run.room("memory"), await run.big_sqlite(), run.size.findings)


GROUPS: dict[str, Callable[[Run], AsyncIterator[Line]]] = {
    "ingest": _ingest,
    "decide": _decide,
    "ack": _ack,
    "card": _card,
    "start": _start,
    "list": _list,
    "ask": _ask,
    "memory": _memory,
}


LONG = frozenset({"ask"})
"""Groups that run only when they are asked for: ten thousand questions on each database take half an hour."""


def main() -> int:
    """Run the command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks", description="What secbot does in a second, beside a floor."
    )
    parser.add_argument("--quick", action="store_true", help="a minute instead of a quarter of an hour; noisier")
    parser.add_argument(
        "--only",
        action="append",
        choices=sorted(GROUPS),
        metavar="NAME",
        help=f"one of {', '.join(GROUPS)}; may be repeated ({', '.join(sorted(LONG))} only runs when it is named)",
    )
    parser.add_argument(
        "--questions", type=int, metavar="N", help="how many random questions `ask` asks of each database"
    )
    parser.add_argument("--json", action="store_true", help="JSON on standard output instead of the table")
    options = parser.parse_args()
    said = Console(stderr=True)
    with tempfile.TemporaryDirectory(prefix="secbot-bench-") as made:
        folder = Path(made)
        folder.chmod(0o755)  # PostgreSQL may run as another user
        size = QUICK if options.quick else FULL
        run = Run(folder, replace(size, questions=options.questions or size.questions), said)
        lines = asyncio.run(_measure(run, options.only or [name for name in GROUPS if name not in LONG]))
    if options.json:
        print(as_json(lines))
    else:
        show(lines, Console(width=None if sys.stdout.isatty() else 160))
    return 0


async def _measure(run: Run, names: list[str]) -> list[Line]:
    lines: list[Line] = []
    for name, group in GROUPS.items():
        if name in names:
            run.console.print(f"[dim]{name} ...[/]")
            lines += [line async for line in group(run)]
    return lines


if __name__ == "__main__":
    sys.exit(main())
