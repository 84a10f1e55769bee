"""The whole bot in a process of its own: how soon it is ready, how fast it acknowledges, how much memory it takes.

Slack and SQS are stand-ins in processes of their own; an acknowledgement is timed by the one that waits for it. On a machine with few cores
these processes compete with the bot, which real ones do not.
"""

from __future__ import annotations

import asyncio
import re
import subprocess
import sys
from pathlib import Path

from benchmarks.figures import Line, quantile, time_line
from benchmarks.outside import Outside
from benchmarks.payloads import messages
from benchmarks.setting import ROOT, aws, running

ACK_MS = 100.0
READY_S = 2.0
MEMORY_MB = 250.0
STARTS = 5
PAUSE_S = 0.05
ASKED = (
    "/sec findings prod",
    "/sec findings high+",
    "/sec findings payments-prod",
    "/sec status",
    "/sec accounts",
    "/sec help",
)


async def acks(folder: Path, count: int, idle: int) -> list[Line]:
    """Acknowledgements of slash commands, with nothing else to do and while `count` messages are taken in at full speed."""
    listed = folder / "messages"
    listed.write_text("\n".join(messages(count)), encoding="utf-8")
    async with Outside("sqs") as sqs, Outside("slack") as slack:
        await sqs.ask("load", path=str(listed))
        variables = {**aws(sqs.facts), **slack.facts, "DATABASE_URL": f"sqlite:///{folder / 'ack.db'}"}
        async with running(folder, variables):
            await _type(slack, 5)  # the first ones compile statements
            quiet = await _type(slack, idle)
            await sqs.ask("fill", start=0, stop=count)
            busy = await _type_while_filled(slack, sqs)
    note = f"{len(busy)} commands, {count:,} messages"
    return [
        time_line("ack, idle", quiet, 0.99, note=f"{len(quiet)} commands"),
        time_line("ack, during ingest", busy, 0.99, ACK_MS, note=note),
    ]


async def _type(slack: Outside, times: int) -> list[float]:
    """Milliseconds from envelope to acknowledgement."""
    spent: list[float] = []
    for i in range(times):
        answer = await slack.ask("type", line=ASKED[i % len(ASKED)])
        assert answer["ok"], answer
        spent.append(answer["ack_ms"])
        await asyncio.sleep(PAUSE_S)
    return spent


async def _type_while_filled(slack: Outside, sqs: Outside) -> list[float]:
    spent: list[float] = []
    while (await sqs.ask("depth"))["depth"]:
        spent += await _type(slack, 4)
    return spent


async def starts(folder: Path) -> list[Line]:
    """From the start of the process to its `ready` line, on an empty SQLite file and on one that has its schema."""
    fresh: list[float] = []
    again: list[float] = []
    async with Outside("sqs") as sqs, Outside("slack") as slack:
        for turn in range(STARTS):
            variables = {**aws(sqs.facts), **slack.facts, "DATABASE_URL": f"sqlite:///{folder / f'start{turn}.db'}"}
            for times in (fresh, again):
                async with running(folder, variables) as bot:
                    times.append(bot.ready_s)
    note = f"imports {imports_s():.2f} s"
    return [_start("start to ready, new database", fresh, note), _start("start to ready, again", again, "")]


def _start(name: str, times: list[float], note: str) -> Line:
    middle = quantile(times, 0.5)
    tail = f"{min(times):.2f}-{max(times):.2f}"
    return Line(name, middle, "s", tail=tail, aim=f"<= {READY_S:.0f} s", met=middle <= READY_S, note=note)


def imports_s(module: str = "bot.app") -> float:
    """Seconds that the imports take, by the interpreter's own account."""
    command = [sys.executable, "-X", "importtime", "-c", f"import {module}"]
    told = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT).stderr
    own = re.findall(r"^import time:\s+(\d+) \|", told, re.MULTILINE)
    return sum(map(int, own)) / 1e6


async def memory(folder: Path, url: str, count: int) -> Line:
    """Resident memory of a bot whose store holds `count` findings, after it was asked a few dozen things and took a burst in."""
    burst = 500
    listed = folder / "burst"
    listed.write_text("\n".join(messages(burst, seed=9)), encoding="utf-8")
    async with Outside("sqs") as sqs, Outside("slack") as slack:
        await sqs.ask("load", path=str(listed))
        async with running(folder, {**aws(sqs.facts), **slack.facts, "DATABASE_URL": url}) as bot:
            for i in range(24):
                answer = await slack.ask("type", line=ASKED[i % len(ASKED)], answered=True)
                assert answer["ok"], answer
            await sqs.ask("fill", start=0, stop=burst)
            while (await sqs.ask("depth"))["depth"]:
                await asyncio.sleep(0.2)
            now, most = bot.memory()
    note = f"{count:,} findings in SQLite"
    return Line(
        "memory of the bot",
        now,
        "MB",
        f"most {most:.0f}",
        aim=f"<= {MEMORY_MB:.0f} MB",
        met=most <= MEMORY_MB,
        note=note,
    )
