"""The command line: help, check-config, explain, doctor, migrate. What goes wrong is one line on standard error and an exit code."""

from __future__ import annotations

import asyncio
import io
import json
import sqlite3
import subprocess
import sys
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from bot.adapters.clock import SystemClock
from bot.adapters.sql import open_store
from bot.cli import main
from bot.domain.audit import Line, Phase
from sandbox.company import northwind
from sandbox.run import CONFIG

ROOT = Path(__file__).parents[1]
EVENTS = ROOT / "../shared/events"
KEYS = {"input", "kind", "reason", "findings", "messages"}
FINDING = {"source", "native_id", "account", "severity", "title", "type", "resource", "status", "first_seen", "channel"}

EVENT: dict[str, Any] = {
    "version": "0",
    "id": "6f1f7b1e-0000-4000-8000-000000000001",
    "detail-type": "GuardDuty Finding",
    "source": "aws.guardduty",
    "account": "420100000001",
    "time": "2026-03-01T12:00:00Z",
    "region": "eu-west-1",
    "resources": [],
    "detail": {
        "schemaVersion": "2.0",
        "accountId": "420100000001",
        "region": "eu-west-1",
        "partition": "aws",
        "id": "0123456789abcdef0123456789abcdef",
        "arn": "arn:aws:guardduty:eu-west-1:420100000001:detector/d1/finding/0123456789abcdef0123456789abcdef",
        "type": "Recon:EC2/PortProbeUnprotectedPort",
        "resource": {"resourceType": "Instance", "instanceDetails": {"instanceId": "i-0abc"}},
        "service": {"serviceName": "guardduty", "detectorId": "d1", "eventFirstSeen": "2026-03-01T11:00:00Z",
                    "eventLastSeen": "2026-03-01T11:30:00Z", "archived": False, "count": 3},
        "severity": 8.0,
        "createdAt": "2026-03-01T11:00:00Z",
        "updatedAt": "2026-03-01T11:40:00Z",
        "title": "A port is probed",
        "description": "Somebody knocks.",
    },
}  # fmt: skip


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration of the developer's own is read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SECBOT_CONFIG", raising=False)


def write(path: Path, content: object) -> str:
    path.write_text(content if isinstance(content, str) else json.dumps(content), encoding="utf-8")
    return str(path)


def explained(capsys: pytest.CaptureFixture[str], *files: str) -> list[dict[str, Any]]:
    assert main(["explain", "--json", *files]) == 0
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_help_is_instant_and_names_every_command() -> None:
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "bot", "--help"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    for command in ("run", "demo", "migrate", "check-config", "explain", "doctor"):
        assert command in done.stdout
    for heavy in ("slack_bolt", "sqlalchemy", "aiobotocore", "jinja2"):
        assert f" {heavy}\n" not in done.stderr, f"{heavy} is imported for --help"


def test_no_command_shows_the_help_and_fails(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([]) == 2
    assert "usage" in capsys.readouterr().out


def test_an_unknown_command_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["frobnicate"])
    assert ended.value.code == 2
    assert "frobnicate" in capsys.readouterr().err


# --- check-config ---------------------------------------------------------------------------------------------------------------------


def test_a_right_configuration_is_shown_as_it_was_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config", "--config", str(CONFIG)]) == 0
    shown = capsys.readouterr().out
    assert "is right" in shown
    assert "prod-critical: env:prod sev:critical -> #sec-critical" in shown
    assert "nowhere (silent)" in shown


@pytest.mark.parametrize(
    ("text", "says", "why"),
    [
        ("routes:\n  - name: a\n    when: sev:high\n", "default_route", "a missing part"),
        (
            "default_route: {channel: x}\nroutes:\n  - {name: a, when: 'sev:hgh', channel: b}\n",
            ":3:",
            "the line is named",
        ),
        ("default_route: {channel: x}\nrouts: []\n", ":2:", "an unknown key"),
        ("default_route: {channel: x}\n\tx: 1\n", ":2:", "no YAML"),
        ("", ":1:", "an empty file"),
        ("default_route: {channel: x}\naccess: {roles: [{name: r, can: [fly], users: [U1]}]}\n", "fly", "a permission"),
    ],
)
def test_a_mistake_is_told_with_its_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, says: str, why: str
) -> None:
    assert main(["check-config", "--config", write(tmp_path / "c.yaml", text)]) == 2
    shown = capsys.readouterr()
    assert says in shown.err, why
    assert "Traceback" not in shown.err


def test_a_configuration_that_is_not_there_is_said(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config"]) == 2
    assert "secbot.yaml" in capsys.readouterr().err


# --- explain ------------------------------------------------------------------------------------------------------------------------------


def test_explain_says_finding_route_and_message(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    [line] = explained(capsys, write(tmp_path / "e.json", EVENT))
    assert set(line) == KEYS
    assert line["input"] == "e.json"
    assert line["kind"] == "guardduty"
    [found] = line["findings"]
    assert set(found) >= FINDING
    assert (found["severity"], found["account"], found["status"]) == ("high", "420100000001", "active")
    [message] = line["messages"]
    assert message["payload"]["text"].startswith("HIGH")
    assert message["payload"]["blocks"]


def test_explain_speaks_to_people_too(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    hostile = json.loads(json.dumps(EVENT))
    hostile["detail"]["title"] = "red \x1b[31m and \u202e back"
    assert main(["explain", write(tmp_path / "e.json", hostile)]) == 0
    shown = capsys.readouterr().out
    assert "HIGH" in shown
    assert "#security" in shown
    assert "\x1b" not in shown
    assert "\u202e" not in shown


def test_explain_reads_standard_input(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    class Stdin:
        buffer = io.BytesIO(json.dumps(EVENT).encode())

    monkeypatch.setattr(sys, "stdin", Stdin)
    [line] = explained(capsys, "-")
    assert line["input"] == "-"


def test_explain_uses_the_given_routes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    config = write(tmp_path / "c.yaml", "organizations: false\nroutes:\n  - {name: hi, when: 'sev:high', channel: there}\n"
                                        "default_route: {channel: x}\n")  # fmt: skip
    assert main(["explain", "--json", "--config", config, write(tmp_path / "e.json", EVENT)]) == 0
    [line] = [json.loads(t) for t in capsys.readouterr().out.splitlines()]
    assert line["findings"][0]["channel"] == "there"


@pytest.mark.parametrize(
    ("content", "kind", "reason"),
    [
        ("no JSON", "rejected", "not_json"),
        ("", "rejected", "not_json"),
        ('{"a":' * 3_000 + "1" + "}" * 3_000, "rejected", "too_deep"),
        ("[]", "rejected", "not_json"),
        (
            json.dumps({"Type": "SubscriptionConfirmation", "SubscribeURL": "http://127.0.0.1:1/"}),
            "rejected",
            "subscription",
        ),
    ],
)
def test_what_cannot_be_explained_is_a_line_that_says_why(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: str, kind: str, reason: str
) -> None:
    [line] = explained(capsys, write(tmp_path / "e.json", content))
    assert line["kind"] == kind
    assert reason in line["reason"]
    assert line["findings"] == []
    assert line["messages"] == []


def test_a_file_that_is_not_there_is_told_and_the_rest_explained(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["explain", "--json", str(tmp_path / "none.json"), write(tmp_path / "e.json", EVENT)]) == 1
    shown = capsys.readouterr()
    assert "none.json" in shown.err
    assert len(shown.out.splitlines()) == 1


FILES = sorted(EVENTS.glob("**/*.json"))


@pytest.mark.skipif(not FILES, reason="the published events are not beside this repository")
def test_every_published_event_is_explained(capsys: pytest.CaptureFixture[str]) -> None:
    lines = explained(capsys, *map(str, FILES))
    assert {line["input"] for line in lines} == {path.name for path in FILES}
    for line in lines:
        assert set(line) == KEYS
        for found in line["findings"]:
            assert set(found) >= FINDING
        for message in line["messages"]:
            assert len(message["payload"]["text"]) <= 150
            assert 1 <= len(message["payload"]["blocks"]) <= 12


# --- migrate, run, doctor ----------------------------------------------------------------------------------------------------------------


def test_migrate_is_done_once_and_may_be_repeated(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path / 'a.db'}")
    for _ in range(2):
        assert main(["migrate", "--config", str(CONFIG)]) == 0
        assert "the schema is at" in capsys.readouterr().out


def test_run_names_every_variable_that_is_missing(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name in ("SECBOT_QUEUE_URL", "SLACK_BOT_TOKEN", "SLACK_APP_TOKEN"):
        monkeypatch.delenv(name, raising=False)
    import logging

    import structlog

    root = logging.getLogger()
    before, level = list(root.handlers), root.level
    try:
        assert main(["run", "--config", str(CONFIG)]) == 2
    finally:
        structlog.reset_defaults()
        root.handlers[:] = before
        root.setLevel(level)
    assert "SECBOT_QUEUE_URL, SLACK_BOT_TOKEN, SLACK_APP_TOKEN" in capsys.readouterr().err


def test_doctor_says_what_is_broken_and_what_to_do(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    nobody = "http://127.0.0.1:9/"
    for name, value in {
        "DATABASE_URL": f"sqlite:///{tmp_path / 'never-migrated.db'}",
        "SLACK_API_URL": nobody,
        "SLACK_BOT_TOKEN": "xoxb-canary",
        "SECBOT_QUEUE_URL": "http://127.0.0.1:9/420000000001/q",
        "AWS_ENDPOINT_URL": nobody,
        "AWS_ACCESS_KEY_ID": "SANDBOXTESTINGKEY000",
        "AWS_SECRET_ACCESS_KEY": "testing",
        "AWS_DEFAULT_REGION": "eu-west-1",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("botocore.retries.standard.ExponentialBackoff.delay_amount", lambda *_: 0.001)
    assert main(["doctor", "--config", str(CONFIG)]) == 1
    shown = capsys.readouterr().out
    for part in ("database", "slack", "queue", "organizations"):
        assert f"{part}: FAILED" in shown, shown
    assert "is SLACK_BOT_TOKEN right?" in shown
    assert "xoxb-canary" not in shown
    assert northwind().name not in shown


def test_audit_verify_names_the_first_line_that_was_changed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    database = tmp_path / "secbot.db"
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{database}")
    assert main(["migrate", "--config", str(CONFIG)]) == 0
    asyncio.run(_act(f"sqlite:///{database}", 3))
    assert main(["audit", "verify", "--config", str(CONFIG)]) == 0
    assert "holds: 3 lines" in capsys.readouterr().out
    with closing(sqlite3.connect(database)) as connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'trigger'").fetchall():
            connection.execute(f"DROP TRIGGER {name}")
        connection.execute("UPDATE audit SET actor = 'U0EVE' WHERE seq = 2")
        connection.commit()
    assert main(["audit", "verify", "--config", str(CONFIG)]) == 1
    assert "line 2 was changed" in capsys.readouterr().err


async def _act(url: str, lines: int) -> None:
    """Chain a few lines, as the bot does."""
    store = await open_store(url, clock=SystemClock(), migrate=False)
    try:
        for i in range(lines):
            now = datetime(2026, 3, 1, 12, i, tzinfo=UTC)
            line = Line(at=now, phase=Phase.DONE, act=f"a{i}", actor="U0ANA", what="ack", subject=f"F-{i}")
            async with store.begin() as tx:
                await tx.audit([line])
    finally:
        await store.close()
