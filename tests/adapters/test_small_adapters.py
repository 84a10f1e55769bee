"""The directory, AWS's errors, logs, metrics and the scheduler's guard."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
import structlog
from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from bot.adapters import logs
from bot.adapters.aws import AccessDenied, Unknown, translate
from bot.adapters.directory import CachedDirectory, Override
from bot.adapters.metrics import PrometheusMetrics
from bot.domain.accounts import EnvironmentRule
from bot.entrypoints.schedule import Job, ScheduleDoor
from bot.errors import RateLimited, SecbotError, TemporaryError

# --- aws ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "status", "kind"),
    [
        ("AccessDeniedException", 403, AccessDenied),
        ("ThrottlingException", 400, RateLimited),
        ("RequestThrottled", 400, RateLimited),
        ("ExpiredToken", 403, TemporaryError),
        ("ServiceUnavailable", 503, TemporaryError),
        ("AnythingElse", 500, TemporaryError),
        ("AnythingElse", 400, Unknown),
    ],
)
def test_an_error_of_awss_is_translated(code: str, status: int, kind: type[SecbotError]) -> None:
    response = {"Error": {"Code": code, "Message": "words"}, "ResponseMetadata": {"HTTPStatusCode": status}}
    assert type(translate(ClientError(response, "Operation"))) is kind


def test_a_connection_that_fails_is_temporary() -> None:
    for error in (EndpointConnectionError(endpoint_url="http://x"), ReadTimeoutError(endpoint_url="http://x")):
        assert type(translate(error)) is TemporaryError


# --- directory ------------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class One:
    id: str
    name: str
    ou: str = ""
    tags: tuple[tuple[str, str], ...] = ()


class Lister:
    def __init__(self, *accounts: One) -> None:
        self.listed = accounts

    async def accounts(self) -> tuple[One, ...]:
        return self.listed


RULES = (EnvironmentRule("prod", (), ("Prod*",), ()), EnvironmentRule("dev", ("dev-*",), (), ()))


async def test_an_account_is_what_organizations_says_under_what_the_configuration_says() -> None:
    lister = Lister(One("1", "pay", "Prod/A", (("Owner", "team-pay"),)), One("2", "dev-x"))
    directory = CachedDirectory(lister, RULES, {"2": Override("sandbox-x", "", "ana"), "3": Override("gone", "prod")})
    assert [(a.name, a.known) for a in directory.accounts()] == [("gone", True), ("sandbox-x", True)], "known before"
    await directory.refresh()
    pay, dev, gone, other = (directory.account(i) for i in "1239")
    assert (pay.name, pay.env, pay.owner, pay.known) == ("pay", "prod", "team-pay", True)
    assert (dev.name, dev.owner) == ("sandbox-x", "ana")
    assert (gone.name, gone.env) == ("gone", "prod")
    assert (other.id, other.name, other.known) == ("9", "", False)


async def test_a_refresh_names_what_changed() -> None:
    lister = Lister(One("1", "a"), One("2", "b"))
    directory = CachedDirectory(lister)
    assert {a.id for a in await directory.refresh()} == {"1", "2"}
    assert list(await directory.refresh()) == []
    lister.listed = (One("1", "a"), One("2", "c"))
    assert [a.name for a in await directory.refresh()] == ["c"]


async def test_without_organizations_nothing_is_asked() -> None:
    assert list(await CachedDirectory(None).refresh()) == []


# --- logs -------------------------------------------------------------------------------------------------------------------------------


@pytest.fixture
def log() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    stream = io.StringIO()
    logs.configure("info", stream)
    yield stream
    structlog.reset_defaults()
    root.handlers[:] = before
    root.setLevel(level)


SECRETS = (
    "xoxb-made-up", "xoxe.xoxp-made-up", "xapp-made-up", "AKIAIOSFODNN7EXAMPLE", "ASIAIOSFODNN7EXAMPLE",
    "https://hooks.slack.com/commands/T/1/abc", "wss://wss-primary.slack.com/link/?ticket=abc", "v0=" + "a" * 64,
)  # fmt: skip


@pytest.mark.parametrize("secret", SECRETS)
def test_a_secret_is_taken_out_wherever_it_is(log: io.StringIO, secret: str) -> None:
    logger = structlog.get_logger()
    logger.info(f"event {secret}", text=f"a {secret} b", nested={"deep": [secret]}, number=3)
    logger.warning("object", error=ValueError(secret))
    try:
        raise RuntimeError(f"in a trace {secret}")
    except RuntimeError:
        logger.exception("failed")
        logging.getLogger("a.library").exception("library %s", secret)
    written = log.getvalue()
    assert secret not in written
    assert written.count("***") >= 5
    for line in written.splitlines():
        assert json.loads(line)["level"]


def test_a_line_stays_one_line_of_json_whatever_is_logged(log: io.StringIO) -> None:
    structlog.get_logger().info("new\nline", text="\ud800 \x00 \u2028", raw=b"\xff", none=None, big=10**30)
    [line] = log.getvalue().splitlines()
    assert json.loads(line)["event"] == "new\nline"


def test_levels_hold(log: io.StringIO) -> None:
    structlog.get_logger().debug("hidden")
    logging.getLogger("a.library").info("hidden")
    assert log.getvalue() == ""


# --- metrics ---------------------------------------------------------------------------------------------------------------------------


def test_metrics_are_counted_by_registry_and_shown_as_text() -> None:
    one, other = PrometheusMetrics(), PrometheusMetrics()
    one.count("ignored", reason="noise")
    one.count("ignored", 2, reason="other")
    one.count("undeleted", 3)
    one.gauge("backlog", 7)
    one.observe("ack_seconds", 0.01)
    assert one.totals("ignored") == {"noise": 1, "other": 2}
    assert other.totals("ignored") == {}
    page = one.page().decode()
    for line in ('secbot_ignored_total{reason="other"} 2.0', "secbot_backlog 7.0", "secbot_ack_seconds_count 1.0"):
        assert line in page


def test_a_name_that_is_not_declared_is_a_programming_error() -> None:
    with pytest.raises(KeyError):
        PrometheusMetrics().count("nothing")


# --- schedule ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("error", [TemporaryError("down"), ZeroDivisionError("a bug")])
async def test_a_job_that_fails_does_not_end_the_clock(error: Exception, log: io.StringIO) -> None:
    async def run() -> None:
        raise error

    metrics = PrometheusMetrics()
    await ScheduleDoor((), metrics)._guarded(Job("x", 1, run))()
    assert metrics.totals("failures") == ({} if isinstance(error, SecbotError) else {"schedule": 1})
    assert "x" in log.getvalue()


async def test_the_clock_ticks_its_jobs_and_stops() -> None:
    import asyncio

    ticked = asyncio.Event()

    async def run() -> None:
        ticked.set()

    door = ScheduleDoor((Job("x", 0.01, run),), PrometheusMetrics())
    door.stop()  # not started: nothing to stop
    door.start()
    async with asyncio.timeout(5):
        await ticked.wait()
    door.stop()
