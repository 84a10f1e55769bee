"""`python -m bot run` as a process of its own: it starts, works, ends on SIGTERM at once, loses nothing and writes no secret."""

from __future__ import annotations

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from sandbox.aws.server import SqsSnsServer
from sandbox.company import northwind
from sandbox.events import securityhub as hub
from sandbox.events.scene import Scene
from sandbox.slack.server import SlackServer
from sandbox.workspace import workspace_of
from tests.support.boxes import SOCKET_CONFIG, environment
from tests.support.checks import ROOT, secrets_of

CANARY = "xoxb-canary-00000000"


class Run:
    """A bot in its own process between two stand-ins."""

    def __init__(self, sqs: SqsSnsServer, slack: SlackServer, variables: dict[str, str]) -> None:
        self.sqs, self.slack, self.variables = sqs, slack, variables
        self.process: asyncio.subprocess.Process | None = None
        self.lines: list[str] = []
        self._reading: asyncio.Task[None] | None = None

    async def start(self, *arguments: str) -> None:
        self.process = await asyncio.create_subprocess_exec(
            sys.executable, "-m", "bot", *(arguments or ("run",)), env=self.variables, cwd=ROOT,
            stdout=asyncio.subprocess.DEVNULL, stderr=asyncio.subprocess.PIPE,
        )  # fmt: skip
        self._reading = asyncio.create_task(self._read())

    async def _read(self) -> None:
        assert self.process is not None
        assert self.process.stderr is not None
        async for line in self.process.stderr:
            self.lines.append(line.decode())
            self.slack.world.live.changed()

    async def logs(self, event: str) -> None:
        """Wait for a line of the log."""
        await self.slack.wait_for(lambda: any(f'"{event}"' in line for line in self.lines), timeout=30)

    async def end(self, sign: int = signal.SIGTERM) -> int:
        """Signal it and wait; its exit code."""
        assert self.process is not None
        assert self._reading is not None
        self.process.send_signal(sign)
        async with asyncio.timeout(30):
            code = await self.process.wait()
            await self._reading
        return code


@asynccontextmanager
async def running(folder: Path, template: Path) -> AsyncIterator[Run]:
    company = northwind()
    sqs, slack = SqsSnsServer(), SlackServer(workspace_of(company), limits=False)
    await asyncio.gather(sqs.start(), slack.start())
    run: Run | None = None
    try:
        sqs.create_queue("findings", VisibilityTimeout="30")
        config = folder / "secbot.yaml"
        config.write_text(SOCKET_CONFIG + "organizations: false\n", encoding="utf-8")
        variables = environment(slack, sqs, f"sqlite:///{folder / 'secbot.db'}") | {"SECBOT_CONFIG": str(config)}
        run = Run(sqs, slack, {"PATH": os.environ.get("PATH", ""), "SECBOT_LOG_LEVEL": "debug", **variables})
        yield run
    finally:
        if run is not None and run.process is not None and run.process.returncode is None:
            run.process.kill()
            await run.process.wait()
        await slack.stop()
        await sqs.stop()


def finding(number: int) -> str:
    from datetime import UTC, datetime, timedelta

    company, now = northwind(), datetime.now(UTC)
    scene = Scene(company.account("payments-prod"), company.security.id, "eu-west-1", now - timedelta(minutes=1), now)
    return json.dumps(hub.imported(scene, hub.control_finding(scene, "S3.2", number)))


def cards(run: Run) -> list[Any]:
    return [m for c in run.slack.workspace.channels for m in run.slack.world.messages.all(c.id) if m.from_app]


async def test_sigterm_ends_it_at_once_and_loses_nothing(tmp_path: Path, template: Path) -> None:
    async with running(tmp_path, template) as run:
        queue = run.sqs.queue("findings")
        await run.start()
        await run.logs("ready")
        for number in range(30):
            queue.put(finding(number))
        queue.put(json.dumps({"poison": CANARY, "AKIACANARY0000000000": "x"})[:-3])
        await run.slack.wait_for(lambda: cards(run), timeout=20)
        started = asyncio.get_running_loop().time()
        assert await run.end() == 0
        assert asyncio.get_running_loop().time() - started < 15
        assert queue.in_flight == 0 or queue.depth > 0
        first = len(cards(run))
        text = "".join(run.lines)
        assert [s for s in (*secrets_of(run.slack), CANARY, "AKIACANARY0000000000") if s in text] == []
        for line in run.lines:
            json.loads(line)

        await run.start()
        await run.logs("ready")
        await run.slack.wait_for(lambda: len(cards(run)) > first or first == 30, timeout=20)
        ana = run.slack.actor("U0ANA")
        await ana.command("/sec findings all", "sec-prod")
        listed = await ana.sees_ephemeral("sec-prod", "findings", timeout=10)
        assert "30 findings" in listed.text or queue.depth > 0
        assert await run.end(signal.SIGINT) == 0
        keys = [m.metadata["event_payload"]["key"] for m in cards(run)]
        assert len(keys) == len(set(keys))


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda v: v | {"SECBOT_QUEUE_URL": "", "SLACK_BOT_TOKEN": ""}, "SECBOT_QUEUE_URL, SLACK_BOT_TOKEN"),
        (lambda v: v | {"SLACK_BOT_TOKEN": "xoxb-wrong"}, "invalid_auth"),
        (lambda v: v | {"SLACK_APP_TOKEN": "xapp-wrong"}, "app token"),
        (lambda v: v | {"SLACK_API_URL": "http://127.0.0.1:9/"}, "could not be reached"),
        (lambda v: v | {"DATABASE_URL": "mysql://x"}, "mysql"),
        (lambda v: v | {"SECBOT_CONFIG": "/nowhere.yaml"}, "no such file"),
    ],
    ids=["missing", "token", "app-token", "no-slack", "database", "config"],
)
async def test_what_keeps_it_from_starting_is_one_clear_line(
    tmp_path: Path, template: Path, change: Callable[[dict[str, str]], dict[str, str]], says: str
) -> None:
    async with running(tmp_path, template) as run:
        run.variables = change(run.variables)
        await run.start()
        assert run.process is not None
        async with asyncio.timeout(30):
            assert await run.process.wait() in (1, 2)
            await asyncio.shield(run._reading)  # type: ignore[arg-type]
        last = run.lines[-1]
        assert says in last
        assert "Traceback" not in "".join(run.lines)
        assert "xoxb-" not in "".join(run.lines)
