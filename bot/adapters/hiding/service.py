"""What the adapters of the hiding services share: a session, a time limit, whose account this is, and batches.

It knows no service, and keeps no client open: hiding is rare.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, TypeVar

from bot.adapters.aws import CONFIG, Api, api, new_session

LIMIT_S = 60.0  # one call with botocore's retries; no person waits for it

_T = TypeVar("_T")


class Service:
    """What they all share. `account` is the one that secbot's role belongs to; empty: STS is asked once."""

    def __init__(self, account: str = "", *, limit_s: float = LIMIT_S, config: Any = CONFIG) -> None:
        self._account, self._limit_s, self._config = account, limit_s, config
        self._session = new_session()

    async def warm(self, *services: str) -> None:
        """Read the models that the first call would else read in front of everybody, some 50 ms each."""
        await asyncio.to_thread(self._read_models, services)

    def _read_models(self, services: tuple[str, ...]) -> None:
        async def open_once() -> None:
            for name in services:
                async with self._session.create_client(name, region_name="us-east-1", config=self._config) as made:
                    # The paginators are a file of their own.
                    made.can_paginate(next(iter(made.meta.method_to_api_mapping)))

        asyncio.run(open_once())

    @asynccontextmanager
    async def _api(self, service: str, region: str) -> AsyncIterator[Api]:
        own = {"limit_s": self._limit_s, "config": self._config, "session": self._session}
        async with api(service, region=region, **own) as made:
            yield made

    async def _own_account(self, region: str) -> str:
        """The account that secbot's role belongs to."""
        if not self._account:
            async with self._api("sts", region) as sts:
                self._account = str((await sts.call("get_caller_identity"))["Account"])
        return self._account


def batches(items: Sequence[_T], size: int) -> Iterator[Sequence[_T]]:
    """The items in their order, at most `size` at a time."""
    return (items[i : i + size] for i in range(0, len(items), size))
