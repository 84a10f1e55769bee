"""What was measured, and the table of it.

A line has a middle, where it matters a tail, and a floor with the ratio to it; an aim is met or not, and nothing fails when it is not. It
refuses to measure anything.
"""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

from rich.console import Console
from rich.table import Table


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. `floor` and `middle` have the same unit; `ratio` is what was reached of the floor (1.0 is all of it)."""

    name: str
    middle: float
    unit: str
    tail: str = ""
    floor: float | None = None
    ratio: float | None = None
    aim: str = ""
    met: bool | None = None
    note: str = ""


def quantile(values: Sequence[float], share: float) -> float:
    """The value that `share` of them do not exceed; the median for 0.5."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, max(0, round(share * (len(ordered) - 1))))]


def rate_line(name: str, ours: Sequence[float], floor: Sequence[float], aim: float | None, note: str = "") -> Line:
    """Rounds of something a second; the ratio is the median of the rounds' own ratios, since a round and its floor share their noise."""
    ratio = statistics.median(a / b for a, b in zip(ours, floor, strict=True))
    return Line(
        name,
        statistics.median(ours),
        "/s",
        tail=f"{min(ours):,.0f}-{max(ours):,.0f}",
        floor=statistics.median(floor),
        ratio=ratio,
        aim=f">= {aim:.2f} of the floor" if aim is not None else "",
        met=ratio >= aim if aim is not None else None,
        note=note,
    )


def time_line(name: str, values: Sequence[float], share: float, limit: float | None = None, note: str = "") -> Line:
    """Times in milliseconds; the aim is about the tail at `share`."""
    tail = quantile(values, share)
    word = f"p{share * 100:.0f}"
    return Line(
        name,
        quantile(values, 0.5),
        "ms",
        tail=f"{word} {tail:,.1f}",
        aim=f"{word} <= {limit:.0f}" if limit is not None else "",
        met=tail <= limit if limit is not None else None,
        note=note,
    )


def show(lines: Sequence[Line], console: Console) -> None:
    """Print the table and what it was measured on."""
    table = Table(title="secbot benchmarks", caption=machine())
    for heading in ("what", "median", "tail", "floor", "ratio", "aim", "met", "note"):
        table.add_column(heading, justify="right" if heading in ("median", "tail", "floor", "ratio") else "left")
    for line in lines:
        table.add_row(*_cells(line))
    console.print(table)


def _cells(line: Line) -> tuple[str, ...]:
    return (
        line.name,
        _number(line.middle, line.unit),
        line.tail,
        "" if line.floor is None else _number(line.floor, line.unit),
        "" if line.ratio is None else f"{line.ratio:.2f}",
        line.aim,
        "" if line.met is None else "[green]yes[/]" if line.met else "[red]no[/]",
        line.note,
    )


def _number(value: float, unit: str) -> str:
    shown = f"{value:,.0f}" if value >= 100 else f"{value:,.1f}" if value >= 10 else f"{value:,.2f}"
    return f"{shown} {unit}" if unit != "/s" else f"{shown}/s"


def as_json(lines: Sequence[Line]) -> str:
    """The same, for a program."""
    return json.dumps({"machine": machine(), "lines": [asdict(line) for line in lines]}, indent=2)


def machine() -> str:
    """Cores, processor, Python: what figures depend on. Nothing that names the machine."""
    info = Path("/proc/cpuinfo")
    named = (
        [w.partition(":")[2].strip() for w in info.read_text().splitlines() if w.startswith("model name")]
        if info.is_file()
        else []
    )
    return f"{os.cpu_count()} cores, {named[0] if named else platform.machine()}, Python {platform.python_version()}, {platform.system()}"
