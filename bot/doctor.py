"""First aid: asks each outside part once whether it answers, and says what to do when it does not. Changes nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

from bot.adapters.aws import Organizations
from bot.adapters.clock import SystemClock
from bot.adapters.slack import call, web_client
from bot.adapters.sql import open_store
from bot.adapters.sqs import SqsInbox
from bot.config import Settings
from bot.errors import SecbotError, StoreLocked
from bot.ports import Health

LIMIT_S = 15.0


async def examine(settings: Settings) -> list[Health]:
    """Every part's health, asked at the same time. Never raises for a part that fails."""
    parts: list[tuple[str, Callable[[Settings], Awaitable[str]], str]] = [
        ("database", _database, "is DATABASE_URL right, and was `secbot migrate` run?"),
        ("slack", _slack, "is SLACK_BOT_TOKEN right?"),
        ("queue", _queue, "is SECBOT_QUEUE_URL right, and may the role read it?"),
    ]
    if settings.file.organizations:
        parts.append(("organizations", _organizations, "may the role list accounts? Else set `organizations: false`"))
    return list(await asyncio.gather(*(_part(settings, *part) for part in parts)))


async def _part(settings: Settings, name: str, ask: Callable[[Settings], Awaitable[str]], advice: str) -> Health:
    try:
        async with asyncio.timeout(LIMIT_S):
            return Health(name, True, await ask(settings))
    except SecbotError as error:
        return Health(name, False, f"{error.message} - {advice}")
    except TimeoutError:
        return Health(name, False, f"no answer within {LIMIT_S:.0f} s - {advice}")


async def _database(settings: Settings) -> str:
    try:
        store = await open_store(settings.environment.database_url, clock=SystemClock(), migrate=False)
    except StoreLocked:
        return "in use by a running secbot"
    try:
        await store.ping()
    finally:
        await store.close()
    return ""


async def _slack(settings: Settings) -> str:
    client = web_client(settings.environment.bot_token.reveal(), settings.environment.slack_api_url)
    identity = await call(client.auth_test())
    return f"{identity.get('user', '')} in {identity.get('team', '')}"


async def _queue(settings: Settings) -> str:
    inbox = SqsInbox(settings.environment.queue_url, region=settings.environment.region)
    await inbox.open()
    try:
        return f"about {await inbox.depth()} messages wait"
    finally:
        await inbox.close()


async def _organizations(settings: Settings) -> str:
    del settings
    return f"{len(await Organizations().accounts())} accounts"
