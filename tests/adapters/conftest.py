"""The finding services for the adapters' tests, to which the environment leads."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from sandbox.aws.apis import ApiServer
from sandbox.slack.clock import ManualClock

ACCOUNT = "420000000001"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
async def apis(clock: ManualClock, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[ApiServer]:
    """Whatever a test did, it fitted AWS's model."""
    apis = ApiServer(account=ACCOUNT, clock=clock)
    await apis.start()
    keys = {"AWS_ACCESS_KEY_ID": "testing", "AWS_SECRET_ACCESS_KEY": "testing", "AWS_EC2_METADATA_DISABLED": "true"}
    for name, value in {**apis.environment(), **keys}.items():
        monkeypatch.setenv(name, value)
    yield apis
    await apis.stop()
    assert apis.violations == []
