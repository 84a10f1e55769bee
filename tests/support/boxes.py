"""Makes a box: both stand-ins, the settings, and the real bot built between them.

Problem solved: a scenario opens one in a line and it is checked when it closes. What is costly to make and has no state is made once. It
refuses to touch anything but the loopback.
"""

from __future__ import annotations

import asyncio
import io
import json
import logging
import os
import shutil
import urllib.parse
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import structlog
from aiobotocore.session import get_session
from blockbuster import blockbuster_ctx

from bot.adapters import logs
from bot.adapters.directory import CachedDirectory
from bot.app import Replace, build
from bot.config import Settings, parse_settings, read_environment
from renderers import Renderer
from sandbox.aws.apis import ApiServer
from sandbox.aws.server import SqsSnsServer
from sandbox.company import Company, northwind
from sandbox.run import CONFIG
from sandbox.slack.clock import ManualClock
from sandbox.slack.server import SlackServer
from sandbox.workspace import workspace_of
from tests.support.box import Box
from tests.support.checks import check
from tests.support.clock import BotClock, LeapingClock

SOCKET_CONFIG = CONFIG.read_text(encoding="utf-8")
HTTP_CONFIG = SOCKET_CONFIG.replace("\nslack:\n", "\nslack:\n  mode: http\n  host: 127.0.0.1\n  port: 0\n")
START = 1_773_000_000.0  # a Sunday in March 2026


class FromMemory:
    """Lists the company's accounts as Organizations would."""

    def __init__(self, company: Company) -> None:
        self._company = company

    async def accounts(self) -> tuple[Any, ...]:
        return self._company.accounts


def environment(slack: SlackServer, sqs: SqsSnsServer, database: str) -> dict[str, str]:
    """The variables of a bot between these two."""
    space = slack.workspace
    return {
        "AWS_ENDPOINT_URL": sqs.url,
        "AWS_ACCESS_KEY_ID": "SANDBOXTESTINGKEY000",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
        "AWS_EC2_METADATA_DISABLED": "true",
        "SECBOT_QUEUE_URL": sqs.queue("findings").url,
        "DATABASE_URL": database,
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": space.bot_token,
        "SLACK_APP_TOKEN": space.app_token,
        "SLACK_SIGNING_SECRET": space.signing_secret,
    }


async def _impatient(clock: ManualClock) -> None:
    """Moves time when a scenario hangs, so that the stand-ins' own limits end it and say why. An ordinary scenario never meets this."""
    while True:
        await asyncio.sleep(8)
        await clock.advance(5)


_SESSION = get_session()
_RENDERER = cache(Renderer)


@contextmanager
def logged() -> Iterator[io.StringIO]:
    """The bot's log as it is in production, caught."""
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    caught = io.StringIO()
    logs.configure("debug", caught)
    try:
        yield caught
    finally:
        structlog.reset_defaults()
        root.handlers[:] = before
        root.setLevel(level)


@contextmanager
def made_once() -> Iterator[None]:
    """What is costly to make and keeps no state is made once for all boxes: AWS's models and the compiled templates."""
    with patch("bot.adapters.aws.get_session", lambda: _SESSION), patch("bot.parts.Renderer", _RENDERER):
        yield


def directory(company: Company, settings: Settings) -> CachedDirectory:
    return CachedDirectory(FromMemory(company), settings.rules, {}, settings.file.owner_tags)


@asynccontextmanager
async def open_box(
    folder: Path,
    template: Path,
    *,
    config: str = SOCKET_CONFIG,
    parts: Replace | None = None,
    raw: bool = True,
    limits: bool = False,
    secrets: str = "",
    start: bool = True,
    prepare: Callable[[SlackServer], None] | None = None,
) -> AsyncIterator[Box]:
    """A box until the block ends, then checked.

    Args:
        folder: where the database goes.
        template: a migrated SQLite file to begin with.
        config: the bot's configuration as YAML.
        parts: parts of the bot to replace; the clock and the directory are replaced anyway.
        raw: whether SNS delivers raw.
        limits: whether Slack's rate limits hold.
        secrets: SLACK_SIGNING_SECRET when it is not the workspace's own.
        start: whether to start the bot.
        prepare: changes the workspace before the bot sees it.
    """
    with ExitStack() as stack:
        stack.enter_context(made_once())
        log = stack.enter_context(logged())
        async with _box(stack, folder, template, config, parts, raw, limits, secrets, start, prepare) as box:
            box.log = log
            yield box


@asynccontextmanager
async def _box(
    stack: ExitStack,
    folder: Path,
    template: Path,
    config: str,
    parts: Replace | None,
    raw: bool,
    limits: bool,
    secrets: str,
    start: bool,
    prepare: Callable[[SlackServer], None] | None,
) -> AsyncIterator[Box]:
    company, clock = northwind(), LeapingClock(START)
    sqs = SqsSnsServer(strict=True, clock=clock)
    slack = SlackServer(workspace_of(company), limits=limits, clock=clock)
    apis = ApiServer(account=company.security.id, clock=clock)
    database = folder / "secbot.db"
    shutil.copyfile(template, database)
    await asyncio.gather(sqs.start(), slack.start(), apis.start())
    try:
        dead = sqs.create_queue("dead")
        queue = sqs.create_queue(
            "findings", RedrivePolicy=json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": 5})
        )
        topic = sqs.create_topic("topic")
        sqs.subscribe(topic, queue, raw=raw)
        if prepare:
            prepare(slack)
        variables = environment(slack, sqs, f"sqlite:///{urllib.parse.quote(str(database))}")
        variables |= apis.environment()
        if secrets:
            variables["SLACK_SIGNING_SECRET"] = secrets
        stack.enter_context(patch.dict(os.environ, variables))
        settings = parse_settings(config, "test", read_environment(variables))
        given = replace(
            parts or Replace(),
            clock=BotClock(clock),
            directory=(parts and parts.directory) or directory(company, settings),
        )
        box = Box(company, clock, sqs, slack, settings, given, await build(settings, given), topic, apis)
        impatient = asyncio.create_task(_impatient(clock), name="impatient")
        try:
            if start:
                await box.start()
            # What blocks here breaks the three seconds of everybody.
            with blockbuster_ctx(["bot", "commands", "renderers"]) as box.buster:
                yield box
        finally:
            slack.faults.clear()
            await box.end() if box.running else await box.bot.store.close()
            impatient.cancel()
            await asyncio.gather(impatient, return_exceptions=True)
        check(box)
    finally:
        await slack.stop()
        await sqs.stop()
        await apis.stop()
