"""The bot as it is measured: the sandbox's routes, every account known from the configuration, the stream's defaults.

Problem solved: every line measures the same configuration, in this process or in one of its own. It refuses to ask Organizations: accounts
are known before the first finding, as they are after the first seconds of any run.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from bot.adapters import wire
from bot.config import Settings, parse_settings, read_environment
from bot.domain.envelope import Envelope
from bot.parts import reader
from bot.ports import Clock, Metrics, Store
from bot.services.ingest import Ingest
from sandbox.company import northwind
from sandbox.run import CONFIG

READY_S = 60.0
_ENVS = {"security": "core", "infra": "core"}
ROOT = Path(__file__).parents[1]


def config() -> str:
    """The configuration file's text."""
    file: dict[str, Any] = yaml.safe_load(CONFIG.read_text(encoding="utf-8"))
    accounts = {a.id: {"name": a.name, "env": _ENVS.get(a.env, a.env), "owner": a.owner} for a in northwind().accounts}
    return yaml.safe_dump(file | {"organizations": False, "accounts": accounts, "stream": {}})


def settings(variables: Mapping[str, str]) -> Settings:
    return parse_settings(config(), "benchmark", read_environment(variables))


def ingest(known: Settings, store: Store, clock: Clock, metrics: Metrics) -> Ingest:
    """The use case as app.build puts it together."""
    parts = reader(known)

    def opened(body: str, received: Any) -> tuple[Envelope, ...]:
        return wire.open_body(body, received=received)

    return Ingest(
        store=store,
        opener=opened,
        sources=parts.sources,
        directory=parts.directory,
        routing=parts.routing,
        clock=clock,
        metrics=metrics,
    )


def aws(sqs: Mapping[str, Any]) -> dict[str, str]:
    """The variables that point an AWS client at the stand-in."""
    return {
        "AWS_ENDPOINT_URL": sqs["url"],
        "AWS_ACCESS_KEY_ID": "SANDBOXBENCHMARK0000",
        "AWS_SECRET_ACCESS_KEY": "benchmark",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SECBOT_QUEUE_URL": sqs["queue"],
    }


# --- a bot in a process of its own --------------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Running:
    """A bot that is ready. `ready_s` is from the process's start to its `ready` line."""

    process: asyncio.subprocess.Process
    ready_s: float

    def memory(self) -> tuple[float, float]:
        """(resident now, most ever resident) in megabytes of a million bytes."""
        facts = Path(f"/proc/{self.process.pid}/status").read_text()
        found = {w[0]: int(w[1]) for line in facts.splitlines() if (w := line.split())[-1:] == ["kB"]}
        return found["VmRSS:"] * 1024 / 1e6, found["VmHWM:"] * 1024 / 1e6


@asynccontextmanager
async def running(folder: Path, variables: Mapping[str, str]) -> AsyncIterator[Running]:
    """`python -m bot run` until the block ends; its log goes to a file in the folder. Raises RuntimeError when it does not get ready."""
    file = folder / "secbot.yaml"
    file.write_text(config(), encoding="utf-8")
    started = time.monotonic()
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "bot",
        "run",
        "--config",
        str(file),
        env={"PATH": os.environ.get("PATH", ""), **variables},
        stderr=asyncio.subprocess.PIPE,
        cwd=ROOT,
        limit=2**24,
    )
    assert process.stderr is not None
    ready = await _ready(process.stderr)
    reading = asyncio.create_task(_read_on(process.stderr, folder / "bot.log"))
    try:
        yield Running(process, ready - started)
    finally:
        process.send_signal(signal.SIGTERM)
        await asyncio.wait_for(process.wait(), READY_S)
        await reading


async def _ready(log: asyncio.StreamReader) -> float:
    said: list[str] = []
    async with asyncio.timeout(READY_S):
        while line := await log.readline():
            said.append(line.decode("utf-8", "replace"))
            if _event(line) == "ready":
                return time.monotonic()
    raise RuntimeError("the bot did not get ready:\n" + "".join(said[-20:]))


async def _read_on(log: asyncio.StreamReader, path: Path) -> None:
    """Keep the pipe empty, or the bot would wait for us."""
    with path.open("ab") as file:
        while line := await log.readline():
            file.write(line)


def _event(line: bytes) -> str:
    try:
        found = json.loads(line)
    except ValueError:
        return ""
    return str(found.get("event", "")) if isinstance(found, dict) else ""
