"""`secbot demo`: the whole of secbot on one laptop, against stand-ins for Slack and AWS, in one process.

Nothing is short-circuited: the bot is built as in production and speaks to the stand-ins through its real clients, over loopback. Only
the environment variables differ. It refuses to listen anywhere else.
"""

from __future__ import annotations

import asyncio
import os
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from dataclasses import replace as with_parts
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from bot.app import Bot, Replace, build
from bot.config import Settings, parse_settings, read_environment
from bot.parts import words
from sandbox.aws.analyzer import Rule
from sandbox.aws.stand_in import AwsStandIn
from sandbox.aws.timeline import Timeline
from sandbox.company import Company, northwind
from sandbox.events import Story, access_analyzer, events_from_folder
from sandbox.events.scene import Scene
from sandbox.events.wrapping import wrapped
from sandbox.skipping import BotClock, SkippingClock
from sandbox.slack.server import SlackServer
from sandbox.workspace import workspace_of

CONFIG = Path(__file__).with_name("secbot.yaml")

DUE_AFTER_A_SKIP = ("escalations", "leases", "briefs", "drift")
HOUR_S, DAY_S = 3600.0, 86_400.0

Say = Callable[[str], None]


@dataclass
class Sandbox:
    """The stand-ins and the bot between them."""

    company: Company
    aws: AwsStandIn
    slack: SlackServer
    bot: Bot
    clock: SkippingClock
    stop: asyncio.Event = field(default_factory=asyncio.Event)
    running: asyncio.Task[None] | None = None

    async def run_bot(self) -> None:
        """Start the bot and wait until it is ready; raises what it raises when it cannot start."""
        self.running = asyncio.create_task(self.bot.run(self.stop), name="bot")
        ready = asyncio.create_task(self.bot.ready.wait())
        await asyncio.wait([self.running, ready], return_when=asyncio.FIRST_COMPLETED, timeout=60)
        ready.cancel()
        if self.running.done():
            await self.running

    async def skip(self, seconds: float) -> None:
        """Put the time forward and let what falls due happen now rather than at the next tick."""
        self.clock.skip(seconds)
        for job in DUE_AFTER_A_SKIP:
            await self.bot.schedule.tick(job)

    async def close(self) -> None:
        """Stop the bot as SIGTERM does."""
        self.stop.set()
        if self.running is not None:
            await self.running


def variables(aws: AwsStandIn, slack: SlackServer, database: str) -> dict[str, str]:
    """The environment that points a bot at the stand-ins."""
    workspace = slack.workspace
    return {
        **aws.environment(),
        "SECBOT_QUEUE_URL": aws.queue_url,
        "DATABASE_URL": database,
        "SLACK_API_URL": slack.api_url,
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "SLACK_SIGNING_SECRET": workspace.signing_secret,
    }


def settings_of(environment: Mapping[str, str], config: Path = CONFIG) -> Settings:
    """The settings that such an environment and a file make."""
    return parse_settings(config.read_text(encoding="utf-8"), config.name, read_environment(environment), words())


@asynccontextmanager
async def sandbox(
    *,
    port: int = 0,
    database: str = "",
    config: Path = CONFIG,
    limits: bool = True,
    raw: bool = True,
    replace: Replace | None = None,
) -> AsyncIterator[Sandbox]:
    """Stand-ins and a bot that runs against them, until the block ends.

    Args:
        port: of the Slack page; 0 takes a free one.
        database: its URL; a SQLite file in a temporary folder when empty.
        config: the bot's configuration file.
        limits: whether Slack's rate limits hold.
        raw: SNS delivers raw, or in its envelope.
        replace: parts of the bot to replace.
    """
    company, clock = northwind(), SkippingClock()
    parts = with_parts(replace or Replace(), clock=BotClock(clock))
    before = dict(os.environ)
    with tempfile.TemporaryDirectory(prefix="secbot-") as folder:
        aws = AwsStandIn(company, raw=raw, strict=False, clock=clock)
        slack = SlackServer(workspace_of(company), port=port, limits=limits, clock=clock)
        try:
            await asyncio.gather(aws.start(), slack.start())
            environment = variables(aws, slack, database or f"sqlite:///{folder}/secbot.db")
            os.environ.update(environment)  # botocore reads its addresses and credentials from there
            made = Sandbox(company, aws, slack, await build(settings_of(environment, config), parts), clock)
            try:
                await made.run_bot()
                yield made
            finally:
                await made.close()
        finally:
            await slack.stop()
            await aws.stop()
            os.environ.clear()
            os.environ.update(before)


# --- the demo --------------------------------------------------------------------------------------------------------------------


@dataclass
class Teller:
    """Tells the company's story to the finding topic at a human pace; can be paused and hurried by the page's controls."""

    aws: AwsStandIn
    story: Story
    now: Callable[[], datetime]
    pace: float = 1.0
    paused: bool = False
    told: int = 0

    async def tell(self) -> None:
        """Publish for ever."""
        for event in self.story.opening(self.now()):
            await self._publish(event)
        while True:
            await asyncio.sleep(self.story.next_pause().total_seconds() / self.pace)
            if not self.paused:
                await self._publish(self.story.next_event(self.now()))

    async def _publish(self, event: Mapping[str, Any]) -> None:
        self.aws.publish(dict(event))
        self.told += 1

    async def several(self, events: Sequence[Mapping[str, Any]]) -> str:
        """Publish a number of events at once."""
        for event in events:
            await self._publish(event)
        return f"{len(events)} events sent"


def _now() -> datetime:
    return datetime.now(UTC)


def add_controls(box: Sandbox, teller: Teller) -> None:
    """The buttons of the page's control panel."""
    slack = box.slack
    add_time_controls(box)

    async def burst(n: int) -> str:
        return await teller.several(teller.story.burst(teller.now(), n))

    async def hostile() -> str:
        return await teller.several(teller.story.hostile(teller.now()))

    async def pause() -> str:
        teller.paused = not teller.paused
        return "the stream is paused" if teller.paused else "the stream goes on"

    async def hurry() -> str:
        teller.pace = 1.0 if teller.pace > 1 else 10.0
        return f"{teller.pace:g} times the human pace"

    async def outage() -> str:
        slack.set_outage(not slack.faults.outage)
        return "Slack's Web API answers 503 to everything" if slack.faults.outage else "Slack's Web API answers again"

    async def drop() -> str:
        slack.drop_sockets()
        return "connections cut; the bot connects again by itself"

    async def throttle() -> str:
        slack.faults.add("chat.postMessage", "rate_limited", count=5, retry_after="5")
        return "the next five posts are answered with 429"

    async def lose() -> str:
        slack.faults.add("chat.postMessage", "reset_after", count=1)
        return "the next post is accepted but its answer is lost"

    slack.register_control(
        "burst", "Burst of 40", "One control fails in many accounts at once", lambda: burst(40), "Stream"
    )
    slack.register_control("flood", "Flood of 400", "Ten times that", lambda: burst(400), "Stream")
    slack.register_control(
        "hostile", "Hostile names", "Titles and names that try to mention, link and break", hostile, "Stream"
    )
    slack.register_control("pause", "Pause or resume", "Stop the story", pause, "Stream")
    slack.register_control("hurry", "Hurry or relax", "Ten times faster", hurry, "Stream")
    slack.register_control(
        "outage", "Slack outage on or off", "Every Web API call fails", outage, "Faults", danger=True
    )
    slack.register_control("drop", "Cut the connections", "Socket Mode drops", drop, "Faults", danger=True)
    slack.register_control(
        "throttle", "Throttle posts", "Five times 429, Retry-After 5", throttle, "Faults", danger=True
    )
    slack.register_control("lose", "Lose an answer", "An ambiguous post", lose, "Faults", danger=True)


def add_time_controls(box: Sandbox) -> None:
    """Buttons that put the time forward."""

    def skipping(seconds: float, what: str) -> Callable[[], Awaitable[str]]:
        async def skip() -> str:
            await box.skip(seconds)
            return f"{what} later; what fell due has happened"

        return skip

    for name, label, seconds in (
        ("minutes", "Ten minutes", 600.0),
        ("hour", "An hour", HOUR_S),
        ("day", "A day", DAY_S),
        ("week", "A week", 7 * DAY_S),
    ):
        about = "Put the time forward: levels are told, suppressions and acknowledgements end"
        box.slack.register_control(f"skip-{name}", f"{label} later", about, skipping(seconds, label), "Time")


def add_strangers(box: Sandbox) -> None:
    """Rules that hide findings and that secbot did not make, for `/sec leases drift` and the nightly report to find."""
    account, region = box.company.security.id, box.company.region
    analyzer = access_analyzer.analyzer_arn(
        Scene(box.company.account("payments-prod"), account, region, _now(), _now())
    )
    apis = box.aws.apis
    apis.analyzer.create(analyzer.rpartition("/")[2], account, region)
    apis.analyzer.analyzers[analyzer].rules["quiet-please"] = Rule(
        Timeline({"resourceType": {"eq": ["AWS::SecretsManager::Secret"]}}, box.clock.now()), box.clock.now()
    )
    apis.trail.seed(
        account,
        region,
        "CreateArchiveRule",
        user=f"arn:aws:iam::{account}:user/contractor",
        detail={"requestParameters": {"analyzerName": analyzer.rpartition("/")[2], "ruleName": "quiet-please"}},
    )


async def demo(*, port: int, events: Path | None, say: Say, stop: asyncio.Event) -> None:
    """Run the sandbox until `stop`.

    Args:
        port: of the page.
        events: a folder of JSON files to replay instead of the story.
        say: prints a line for the person at the terminal.
    """
    say("Starting the stand-ins and secbot ...")
    async with sandbox(port=port) as box:
        now = BotClock(box.clock).now
        teller = Teller(box.aws, Story(box.company, now=now()), now)
        add_controls(box, teller)
        add_strangers(box)
        say(f"Open {box.slack.page_url} in a browser. Type /sec findings prod there. Ctrl-C ends it.")
        telling = asyncio.create_task(replay(box.aws, events, say) if events else teller.tell(), name="story")
        ended = asyncio.create_task(stop.wait())
        assert box.running is not None
        try:
            await asyncio.wait([ended, box.running], return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (telling, ended):
                task.cancel()
                with suppress(asyncio.CancelledError):
                    await task


async def replay(aws: AwsStandIn, folder: Path, say: Say) -> None:
    """Publish every event of a folder, two a second; what cannot be sent is told and skipped. A finding without an envelope gets one."""

    def report(name: str, why: str) -> None:
        say(f"{name}: {why}")

    sent = 0
    for name, event in events_from_folder(folder, report=report):
        try:
            aws.publish(wrapped(event, _now()) if isinstance(event, dict) else event)
            sent += 1
        except Exception as error:
            report(name, f"not sent: {error}")
        await asyncio.sleep(0.5)
    say(f"{sent} events of {folder} sent.")
