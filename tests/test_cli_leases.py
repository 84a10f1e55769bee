"""`secbot explain --leases`: which suppression in force hides an event's finding, read from the database."""

from __future__ import annotations

import asyncio
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.clock import SystemClock
from bot.adapters.sql import open_store
from bot.cli import main
from bot.domain.suppression import Lease, ReasonClass, ScopeKind, Stage
from sandbox.company import northwind
from sandbox.events import securityhub as hub
from sandbox.events.scene import Scene


def event() -> dict[str, Any]:
    company, now = northwind(), SystemClock().now()
    scene = Scene(company.account("payments-prod"), company.security.id, "eu-west-1", now, now)
    return hub.imported(scene, hub.control_finding(scene, "S3.8", 1))


def lease(query: str, stage: Stage = Stage.ACTIVE) -> Lease:
    now = SystemClock().now()
    return Lease(
        id="7f3a1b22", kind=ScopeKind.CUSTOM, number=1, query=query, why=ReasonClass.EXPECTED, reason="the vendor's scanner reads it",
        ticket="SEC-9", owner="U0ANA", author="U0ANA", created=now, until=now + timedelta(days=1), stage=stage,
    )  # fmt: skip


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    url = f"sqlite:///{tmp_path}/secbot.db"
    monkeypatch.setenv("DATABASE_URL", url)
    monkeypatch.chdir(tmp_path)
    return url


def keep(url: str, *leases: Lease) -> None:
    async def write() -> None:
        store = await open_store(url, clock=SystemClock(), migrate=True)
        async with store.begin() as tx:
            for one in leases:
                await tx.save_lease(one)
        await store.close()

    asyncio.run(write())


def explained(tmp_path: Path, capsys: pytest.CaptureFixture[str], *options: str) -> dict[str, Any]:
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event()))
    assert main(["explain", "--json", *options, str(path)]) == 0
    [finding] = json.loads(capsys.readouterr().out)["findings"]
    return dict(finding)


def test_the_lease_that_hides_a_finding_is_named(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keep(database, lease("account:420100000001 control:S3.8"))
    finding = explained(tmp_path, capsys, "--leases")
    assert finding["hidden_by"]["lease"] == "L-7f3a1b"
    assert finding["hidden_by"]["reason"] == "the vendor's scanner reads it"
    assert finding["announced"] is False
    assert main(["explain", "--leases", str(tmp_path / "event.json")]) == 0
    assert "hidden by L-7f3a1b until" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("query", "stage"),
    [
        ("account:420100000001 control:S3.9", Stage.ACTIVE),
        ("account:420100000001 control:S3.8", Stage.ENDED),
        ("account:420100000001 control:S3.8", Stage.WAITING),
        ("account:420100000001 control:S3.8 sev:info..low", Stage.ACTIVE),
        ("F-1", Stage.ACTIVE),
    ],
)
def test_what_no_lease_in_force_covers_is_shown(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str], query: str, stage: Stage
) -> None:
    keep(database, lease(query, stage))
    finding = explained(tmp_path, capsys, "--leases")
    assert (finding["hidden_by"], finding["announced"]) == (None, True)


def test_without_the_option_no_database_is_read(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert explained(tmp_path, capsys)["hidden_by"] is None
    assert not (tmp_path / "secbot.db").exists()


def test_a_database_that_is_not_there_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/none.db")
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "event.json"
    path.write_text(json.dumps(event()))
    assert main(["explain", "--leases", str(path)]) in {1, 2}
    assert capsys.readouterr().err.strip()
