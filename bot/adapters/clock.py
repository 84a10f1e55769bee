"""The real time and real chance behind the Clock and Ids ports; nothing else in the bot may ask for either."""

from __future__ import annotations

import asyncio
import secrets
import string
import time
from datetime import UTC, datetime

_ALPHABET = string.ascii_letters + string.digits


class SystemClock:
    """The machine's clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)

    def monotonic(self) -> float:
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


class SystemIds:
    """Ids from the operating system's generator."""

    def token(self) -> str:
        return "".join(secrets.choice(_ALPHABET) for _ in range(22))
