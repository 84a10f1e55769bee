"""The world outside the bot, each part in a process of its own, told what to do by lines of JSON.

Problem solved: a stand-in in the measuring process would take its time from what is measured. `python -m benchmarks.outside sqs|slack`
serves; `Outside` starts one and speaks to it. It refuses to measure anything but what only it can see: how long an acknowledgement took.
"""

from __future__ import annotations

import asyncio
import json
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import Any

from sandbox.aws.server import SqsSnsServer
from sandbox.company import northwind
from sandbox.slack.server import SlackServer
from sandbox.workspace import workspace_of

ANSWER_S = 300.0
Json = dict[str, Any]
Act = Callable[[Json], Awaitable[Json]]


class Outside:
    """A part of the world as its user sees it; a context manager."""

    def __init__(self, part: str) -> None:
        self._part = part
        self._process: asyncio.subprocess.Process | None = None
        self.facts: Json = {}

    async def __aenter__(self) -> Outside:
        self._process = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "benchmarks.outside",
            self._part,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            cwd=Path(__file__).parents[1],
            limit=2**24,
        )
        self.facts = await self._answer()
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _at: TracebackType | None
    ) -> None:
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.close()
        await asyncio.wait_for(self._process.wait(), ANSWER_S)

    async def ask(self, do: str, **arguments: Any) -> Json:
        """One request and its answer."""
        assert self._process is not None
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps({"do": do, **arguments}).encode() + b"\n")
        return await self._answer()

    async def _answer(self) -> Json:
        assert self._process is not None
        assert self._process.stdout is not None
        line = await asyncio.wait_for(self._process.stdout.readline(), ANSWER_S)
        if not line:
            raise RuntimeError(f"the {self._part} stand-in ended")
        answer: Json = json.loads(line)
        return answer


# --- within the other process ------------------------------------------------------------------------------------------------------


class _Sqs:
    """Queues that are filled from a file of bodies, one a line."""

    def __init__(self) -> None:
        self._server = SqsSnsServer(strict=False)
        self._bodies: list[str] = []

    async def start(self) -> Json:
        await self._server.start()
        return {"url": self._server.url, "queue": self._server.create_queue("findings").url}

    async def stop(self) -> None:
        await self._server.stop()

    async def load(self, asked: Json) -> Json:
        self._bodies = Path(asked["path"]).read_text(encoding="utf-8").splitlines()
        return {"bodies": len(self._bodies)}

    async def fill(self, asked: Json) -> Json:
        queue = self._server.queue("findings")
        for body in self._bodies[asked["start"] : asked["stop"]]:
            queue.put(body)
        return {"depth": queue.depth}

    async def depth(self, _asked: Json) -> Json:
        return {"depth": self._server.queue("findings").depth}


class _Slack:
    """A workspace where one person types commands."""

    def __init__(self) -> None:
        self._company = northwind()
        self._server = SlackServer(workspace_of(self._company))

    async def start(self) -> Json:
        await self._server.start()
        space = self._server.workspace
        return {
            "SLACK_API_URL": self._server.api_url,
            "SLACK_BOT_TOKEN": space.bot_token,
            "SLACK_APP_TOKEN": space.app_token,
            "SLACK_SIGNING_SECRET": space.signing_secret,
        }

    async def stop(self) -> None:
        await self._server.stop()

    async def type(self, asked: Json) -> Json:
        """Type a command and, with `answered`, wait for the answer too. Milliseconds."""
        actor, history = self._server.actor(self._company.person("ana").id), self._server.history
        before, started = len(actor.ephemerals("sec-prod")), asyncio.get_running_loop().time()
        delivery = await actor.command(asked["line"], "sec-prod")
        sent = history.envelopes("slash_commands")[-1]
        if asked.get("answered"):
            await self._server.wait_for(lambda: len(actor.ephemerals("sec-prod")) > before, 10.0)
        spent = asyncio.get_running_loop().time() - started
        return {"ok": delivery.ok, "ack_ms": (sent.latency_s or 0.0) * 1000, "answer_ms": spent * 1000}


async def _serve(part: _Sqs | _Slack) -> None:
    reader = asyncio.StreamReader(limit=2**24)
    await asyncio.get_running_loop().connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    _say(await part.start())
    try:
        while line := await reader.readline():
            asked: Json = json.loads(line)
            act: Act = getattr(part, asked.pop("do"))
            _say(await act(asked))
    finally:
        await part.stop()


def _say(answer: Json) -> None:
    sys.stdout.write(json.dumps(answer) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    asyncio.run(_serve(_Sqs() if sys.argv[1] == "sqs" else _Slack()))
