"""check-config prints the ladder: whom a finding is told to, and when, counted from its announcement."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.cli import main
from sandbox.run import CONFIG

TEXT = """
environments: [{name: prod}]
default_route: {channel: security}
escalation:
  rotations: [{name: primary, people: [U0ANA]}]
  policies:
    - name: critical
      when: prod critical
      hours: working
      repeat: 1
      every: 30m
      levels:
        - {wait: 0s, tell: ["rotation:primary"]}
        - {wait: 10m, tell: ["user:U0BEN", "channel:#leads"]}
      fallback: [here]
    - {name: rest, when: "", levels: [{wait: 1d, tell: ["rotation:primary"]}]}
"""


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No configuration of the developer's own is read."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("SECBOT_CONFIG", raising=False)


def checked(tmp_path: Path, text: str) -> int:
    path = tmp_path / "c.yaml"
    path.write_text(text, encoding="utf-8")
    return main(["check-config", "--config", str(path)])


def test_check_config_prints_every_step_of_every_policy_with_its_time(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert checked(tmp_path, TEXT) == 0
    shown = capsys.readouterr().out
    begins = shown.index("  escalation critical")
    assert shown[begins:].splitlines()[:8] == [
        "  escalation critical: env:prod sev:critical, hours: working",
        "    after 0s: level 1: rotation:primary",
        "    after 10m: level 2: user:U0BEN, channel:leads",
        "    after 40m: level 1: rotation:primary",
        "    after 50m: level 2: user:U0BEN, channel:leads",
        "    after 80m: fallback: here",
        "  escalation rest: everything, hours: always",
        "    after 1d: level 1: rotation:primary",
    ]


def test_check_config_prints_the_ladder_of_the_sandbox(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["check-config", "--config", str(CONFIG)]) == 0
    shown = capsys.readouterr().out
    assert "escalation critical in production: env:prod sev:critical, hours: always" in shown
    assert "after 5m: level 1: rotation:primary" in shown
    assert "fallback: channel:sec-all" in shown


def test_a_mistake_in_the_ladder_is_told_with_its_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(tmp_path, TEXT.replace("rotation:primary", "rotation:secondary", 1)) == 2
    told = capsys.readouterr().err
    assert ":13:" in told
    assert "there is no rotation `secondary`" in told
    assert "Traceback" not in told


def test_without_policies_no_ladder_is_printed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert checked(tmp_path, "default_route: {channel: security}\n") == 0
    assert "escalation" not in capsys.readouterr().out
