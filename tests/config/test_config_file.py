"""The configuration file: what it becomes, and every mistake told with the line that it is on."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest

from bot.config import Environment, Secret, Settings, load, parse_settings, read_environment
from bot.domain.authz import Permission
from bot.domain.finding import Severity
from bot.domain.query import Query, show
from bot.errors import ConfigError

NOW = datetime(2026, 3, 1, tzinfo=UTC)
LEAST = "default_route: {channel: security}\n"


def read(text: str) -> Settings:
    return parse_settings(text, "secbot.yaml", read_environment({}))


def complaint(text: str) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        read(text)
    return caught.value.message.splitlines()


# --- what is right --------------------------------------------------------------------------------------------------


def test_the_smallest_file_shows_everything_in_one_channel_and_lets_nobody_change_anything() -> None:
    settings = read(LEAST)
    assert settings.fallback.channel == "security"
    assert (settings.routes, settings.rules) == ((), ())
    assert settings.policy.statements == ()
    assert settings.policy.channels == frozenset()


@pytest.mark.parametrize(
    ("path", "value"),
    [
        ("organizations", True),
        ("owner_tags", ("Owner", "owner", "Team")),
        ("stream.receivers", 4),
        ("stream.batch", 100),
        ("stream.visibility_s", 120),
        ("stream.wait_s", 20),
        ("slack.mode", "socket"),
        ("slack.sockets", 2),
        ("slack.port", 3000),
        ("slack.command", "/sec"),
        ("health.host", "127.0.0.1"),
        ("health.port", 8080),
        ("templates", ""),
        ("accounts", {}),
    ],
)
def test_defaults(path: str, value: object) -> None:
    found: object = read(LEAST).file
    for name in path.split("."):
        found = getattr(found, name)
    assert found == value


def test_names_lose_their_decoration_and_case() -> None:
    settings = read(
        """
environments: [{name: Prod, accounts: ["*-prod"]}]
routes: [{name: r, when: PROD high+, channel: "#sec"}]
default_route: {channel: "#security"}
access:
  channels: ["#sec", C0X]
  roles: [{name: a, can: [ack], groups: ["@oncall", S0X], envs: [PROD], severity: medium..high}]
"""
    )
    assert settings.rules[0].env == "prod"
    assert (settings.routes[0].channel, show(settings.routes[0].when)) == ("sec", "env:prod sev:high+")
    assert settings.fallback.channel == "security"
    assert settings.fallback.when == Query()
    assert settings.policy.channels == {"sec", "C0X"}
    role = settings.policy.statements[0]
    assert role.groups == {"oncall", "S0X"}
    assert role.envs == {"prod"}
    assert role.can == {Permission.ACK}
    assert (role.least, role.most) == (Severity.MEDIUM, Severity.HIGH)


def test_a_role_is_about_every_severity_unless_it_says_otherwise() -> None:
    role = read(LEAST + "access: {roles: [{name: a, can: [ack], users: [U0]}]}").policy.statements[0]
    assert (role.least, role.most) == (Severity.INFO, Severity.CRITICAL)


def test_a_silent_route_needs_no_channel() -> None:
    assert read(LEAST + "routes: [{name: r, when: low, silent: true}]").routes[0].silent


# --- what is wrong --------------------------------------------------------------------------------------------------

HEAD = "environments:\n  - name: prod\n" + LEAST  # three lines

WRONG = [
    ("", 1, "holds no settings", "an empty file"),
    ("- a\n", 1, "holds no settings", "a list"),
    ("routes: []\n", 1, "missing required field `default_route`", "what must be there"),
    (LEAST + "health: {port: 1\n", 3, "not YAML", "an open bracket is missed at the end"),
    (LEAST + "\tx: 1\n", 2, "not YAML", "a tab"),
    (LEAST + "x: !!python/object:os.system y\n", 2, "not YAML", "a tag that would run something"),
    (LEAST + "x: 2026-13-45\n", 1, "not YAML", "a date that the calendar does not have"),
    (LEAST + "organisations: true\n", 2, "unknown field `organisations`", "an unknown field"),
    (LEAST + "stream:\n  batch: 10\n  bach: 10\n", 4, "unknown field `bach`", "an unknown field below"),
    (LEAST + "stream:\n  batch: 0\n", 3, "Expected `int` >= 1", "below a bound"),
    (LEAST + "stream:\n  visibility_s: 5\n", 3, ">= 30", "too short to take a batch in"),
    (LEAST + "slack:\n  port: 70000\n", 3, "<= 65535", "above a bound"),
    (LEAST + "organizations: 'yes'\n", 2, "Expected `bool`", "a text is no truth"),
    (LEAST + "routes: 3\n", 2, "Expected `array`", "a number is no list"),
    (
        LEAST + "routes:\n  - {name: a, when: low, channel: c}\n  - when: low\n",
        4,
        "missing required field `name`",
        "an item of a list",
    ),
    (LEAST + "routes:\n  - name: a\n    when: 3\n", 4, "Expected `str`", "a query is a text"),
    (LEAST + "default_route: {channel: b}\n", 2, "`default_route` is set twice", "the second would silently win"),
    (
        LEAST + "stream:\n  batch: 1\n  wait_s: 2\n  batch: 3\n",
        5,
        "`batch` is set twice",
        "the second would silently win, below",
    ),
    (LEAST + "accounts:\n  420000000001: {name: a}\n", 3, "12 digits in quotes", "a bare number"),
    (LEAST + "accounts:\n  'prod': {name: a}\n", 3, "12 digits in quotes", "a name for a number"),
    (LEAST + "accounts:\n  '420000000001': 3\n", 3, "Expected `object`", "an account is an object"),
    (LEAST + "accounts: []\n", 2, "Expected `object`", "a list of accounts"),
    (
        LEAST + "accounts:\n  '420000000001': {name: a}\n  '420000000002':\n    nmae: b\n  '420000000003': {name: c}\n",
        5,
        "unknown field `nmae`",
        "the account that is wrong, not the last",
    ),
    (HEAD + "accounts:\n  '420000000001':\n    env: prdo\n", 6, "`prdo` is not one of the environments", "an override"),
    (HEAD + "routes:\n  - {name: a, when: prdo, channel: c}\n", 5, "Closest: prod", "a query that nobody understands"),
    (HEAD + "routes:\n  - name: a\n    when: prod F-1\n    channel: c\n", 6, "no reference", "one finding is no route"),
    (
        HEAD + "routes:\n  - {name: a, when: here, channel: c}\n",
        5,
        "no reference, page, group, `me`, `here` or `csv`",
        "a flag",
    ),
    (HEAD + "routes:\n  - {name: a, when: low}\n", 5, "needs a channel", "nowhere to show it"),
    (HEAD + "routes:\n  - {name: a, when: low, channel: '#'}\n", 5, "needs a channel", "a sign without a name"),
    (
        HEAD + "routes:\n  - {name: a, when: low, channel: c}\n  - {name: a, when: high, channel: c}\n",
        6,
        "`a` is used twice",
        "two routes of one name",
    ),
    ("default_route:\n  channel: '#'\n", 2, "names no channel", "a sign without a name"),
    ("environments: [{name: a}, {name: A}]\n" + LEAST, 1, "`a` is used twice", "case does not count"),
    (LEAST + "slack:\n  mode: webhook\n", 3, "`socket` or `http`", "an unknown mode"),
    (LEAST + "slack:\n  command: sec\n", 3, "begins with `/`", "a command without its slash"),
]
ROLE = HEAD + "access:\n  roles:\n    - name: a\n      can: [ack]\n      "  # the next line is the eighth
WRONG += [
    (ROLE + "envs: [prod]\n", 6, "needs users or groups", "a role of nobody"),
    (ROLE + "users: [U0]\n      envs: [prdo]\n", 9, "`prdo` is not one of the environments", "another environment"),
    (ROLE + "users: [U0]\n      severity: hgih+\n", 9, "not a severity or a range", "a typing error"),
    (ROLE + "users: [U0]\n      severity: low,high\n", 9, "not a severity or a range", "several: one would be dropped"),
    (ROLE + "users: [U0]\n      severity: high prod\n", 9, "not a severity or a range", "a whole query"),
    (ROLE + "users: [U0]\n      severity: high page:2\n", 9, "not a severity or a range", "with a setting"),
    (ROLE + "users: [U0]\n      severity: '>critical'\n", 9, "not a severity or a range", "nothing at all"),
    (
        ROLE.replace("[ack]", "[fix]") + "users: [U0]\n",
        7,
        "`fix` is not a permission",
        "a permission that is not there",
    ),
]


@pytest.mark.parametrize(("text", "line", "message", "why"), WRONG)
def test_a_mistake_is_told_with_its_line(text: str, line: int, message: str, why: str) -> None:
    said = complaint(text)
    assert len(said) == 1, said
    assert said[0].startswith(f"secbot.yaml:{line}: "), (why, said)
    assert message in said[0], why


def test_all_mistakes_of_meaning_are_told_at_once_in_the_order_of_the_file() -> None:
    text = (
        HEAD
        + "routes:\n  - {name: a, when: prdo, channel: c}\n  - {name: a, when: hgih, channel: c}\nslack: {mode: x}\n"
    )
    assert [line.split(":")[1] for line in complaint(text)] == ["6", "5", "6", "7"]


def test_a_file_that_is_not_there_is_said_with_a_way_on(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"no such file.*configuration\.md"):
        load(tmp_path / "none.yaml", {})


def test_a_file_that_is_not_text_is_said(tmp_path: Path) -> None:
    path = tmp_path / "secbot.yaml"
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ConfigError, match="cannot be read"):
        load(path, {})


def test_a_file_is_loaded_with_its_environment(tmp_path: Path) -> None:
    path = tmp_path / "secbot.yaml"
    path.write_text(LEAST)
    assert load(path, {"SECBOT_QUEUE_URL": "q"}).environment.queue_url == "q"


# --- the environment ------------------------------------------------------------------------------------------------


def test_an_empty_environment_has_defaults() -> None:
    found = read_environment({})
    assert found.database_url == "sqlite:///secbot.db"
    assert found.log_level == "info"
    assert not any((found.bot_token, found.app_token, found.signing_secrets, found.queue_url))


@pytest.mark.parametrize(
    ("variables", "region"),
    [
        ({"AWS_REGION": "a", "AWS_DEFAULT_REGION": "b"}, "a"),
        ({"AWS_DEFAULT_REGION": "b"}, "b"),
        ({"AWS_REGION": "", "AWS_DEFAULT_REGION": "b"}, "b"),
        ({}, ""),
    ],
)
def test_the_region_of_the_queue(variables: dict[str, str], region: str) -> None:
    assert read_environment(variables).region == region


@pytest.mark.parametrize(
    ("value", "secrets"), [("one", ["one"]), ("one, two", ["one", "two"]), (",", []), ("", []), ("one,", ["one"])]
)
def test_two_signing_secrets_while_one_is_rotated(value: str, secrets: list[str]) -> None:
    assert [s.reveal() for s in read_environment({"SLACK_SIGNING_SECRET": value}).signing_secrets] == secrets


def test_no_secret_is_shown_by_accident() -> None:
    variables = {"SLACK_BOT_TOKEN": "hush-1", "SLACK_APP_TOKEN": "hush-2", "SLACK_SIGNING_SECRET": "hush-3"}
    environment = read_environment(variables)
    assert isinstance(environment, Environment)
    shown = f"{environment} {environment!r} {parse_settings(LEAST, 'f', environment)!r}"
    assert "hush" not in shown
    assert environment.bot_token.reveal() == "hush-1"
    assert str(Secret()) == "Secret(empty)"
