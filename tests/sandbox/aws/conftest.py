"""What the tests of the AWS stand-in share: a running server and clients that know nothing of it."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from typing import Any

import boto3
import pytest
from aiobotocore.config import AioConfig
from aiobotocore.session import get_session

from sandbox.aws.apis import ApiServer
from sandbox.aws.server import SqsSnsServer
from sandbox.slack.clock import ManualClock

KEYS = {"region_name": "eu-west-1", "aws_access_key_id": "testing", "aws_secret_access_key": "testing"}
ONE_TRY = AioConfig(retries={"max_attempts": 0}, read_timeout=5, connect_timeout=5)


@pytest.fixture
async def server() -> AsyncIterator[SqsSnsServer]:
    server = SqsSnsServer()
    await server.start()
    yield server
    await server.stop()


@pytest.fixture
async def frozen() -> AsyncIterator[tuple[SqsSnsServer, ManualClock]]:
    """A server whose time only a test moves."""
    clock = ManualClock()
    server = SqsSnsServer(clock=clock)
    await server.start()
    yield server, clock
    await server.stop()


@pytest.fixture
def connect() -> Callable[[str, SqsSnsServer], Any]:
    """Makes aiobotocore clients that try once; use them with `async with`."""
    return lambda service, server: get_session().create_client(service, endpoint_url=server.url, config=ONE_TRY, **KEYS)


@pytest.fixture
async def sqs(server: SqsSnsServer) -> AsyncIterator[Any]:
    async with get_session().create_client("sqs", endpoint_url=server.url, config=ONE_TRY, **KEYS) as client:
        yield client


@pytest.fixture
async def sns(server: SqsSnsServer) -> AsyncIterator[Any]:
    async with get_session().create_client("sns", endpoint_url=server.url, config=ONE_TRY, **KEYS) as client:
        yield client


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def apis(clock: ManualClock) -> AsyncIterator[ApiServer]:
    """The finding services of account 420000000001, on a clock that only a test moves; they must not have drifted."""
    apis = ApiServer(account="420000000001", clock=clock)
    await apis.start()
    yield apis
    await apis.stop()


@pytest.fixture
def reach(apis: ApiServer) -> Callable[..., Any]:
    """Makes clients of the finding services that try once (service, region="eu-west-1"); use them with `async with`."""

    def client(service: str, region: str = KEYS["region_name"]) -> Any:
        keys = {**KEYS, "region_name": region}
        return get_session().create_client(service, endpoint_url=apis.url, config=ONE_TRY, **keys)

    return client


@pytest.fixture
def blocking(server: SqsSnsServer) -> Callable[[str], Any]:
    """Makes boto3 clients; use them in a thread."""
    return lambda service: boto3.session.Session().client(service, endpoint_url=server.url, **KEYS)
