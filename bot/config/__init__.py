"""Everything that can be set: one YAML file for what teams edit, the environment for addresses and secrets.

Both are read once, into frozen records. A mistake in the file is told with its line; all mistakes of meaning are told at once. Nothing
here opens a connection. docs/configuration.md describes each field; a test fails when it lags.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import msgspec

from bot.config import escalation
from bot.config.basics import AccountId, Name, Port, Positive, Strict
from bot.config.escalation import Escalating, EscalationFile, escalating
from bot.config.lines import read_yaml
from bot.domain.accounts import EnvironmentRule
from bot.domain.authz import Permission, Policy, Statement
from bot.domain.finding import Severity
from bot.domain.query import Flag, Levels, Query
from bot.domain.routing import DEFAULT, Route
from bot.domain.syntax import Names, parse
from bot.errors import ConfigError


class Secret:
    """A text that shows itself nowhere by accident."""

    __slots__ = ("_value",)

    def __init__(self, value: str = "") -> None:
        self._value = value

    def reveal(self) -> str:
        """The secret itself, for the one call that needs it."""
        return self._value

    def __bool__(self) -> bool:
        return bool(self._value)

    def __repr__(self) -> str:
        return "Secret(***)" if self._value else "Secret(empty)"

    __str__ = __repr__


# --- the file --------------------------------------------------------------------------------------------------------------------


class EnvironmentFile(Strict, frozen=True, kw_only=True):
    """One environment: the globs that put an account into it."""

    name: Name
    accounts: tuple[str, ...] = ()
    ous: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


class AccountFile(Strict, frozen=True, kw_only=True):
    """What we say of an account over Organizations."""

    name: str = ""
    env: str = ""
    owner: str = ""


class RouteFile(Strict, frozen=True, kw_only=True):
    """One route: findings that `when` holds go to `channel`."""

    name: Name
    when: str
    channel: str = ""
    mention: tuple[str, ...] = ()
    silent: bool = False


class DefaultRouteFile(Strict, frozen=True, kw_only=True):
    """Where a finding goes that no route takes."""

    channel: Name
    mention: tuple[str, ...] = ()


class RoleFile(Strict, frozen=True, kw_only=True):
    """These people may do these things."""

    name: Name
    can: tuple[str, ...]
    users: tuple[str, ...] = ()
    groups: tuple[str, ...] = ()
    envs: tuple[str, ...] = ()
    severity: str = "info+"


class AccessFile(Strict, frozen=True, kw_only=True):
    """Who may do what, and where reading is open."""

    channels: tuple[str, ...] = ()
    teams: tuple[str, ...] = ()
    roles: tuple[RoleFile, ...] = ()


class StreamFile(Strict, frozen=True, kw_only=True):
    """How the queue is read."""

    receivers: Positive = 4
    batch: Annotated[int, msgspec.Meta(ge=1, le=500)] = 100
    visibility_s: Annotated[int, msgspec.Meta(ge=30, le=43200)] = 120
    wait_s: Annotated[int, msgspec.Meta(ge=0, le=20)] = 20


class SlackFile(Strict, frozen=True, kw_only=True):
    """How Slack is listened to."""

    mode: str = "socket"
    sockets: Annotated[int, msgspec.Meta(ge=1, le=10)] = 2
    host: str = "0.0.0.0"  # noqa: S104  # nosec B104
    port: Port = 3000
    command: str = "/sec"
    permalink: str = ""


class AlarmsFile(Strict, frozen=True, kw_only=True):
    """Which CloudWatch alarms watch a CloudTrail metric filter."""

    namespaces: tuple[str, ...] = ()
    names: tuple[str, ...] = ()


class SuppressionFile(Strict, frozen=True, kw_only=True):
    """How findings are hidden."""

    native: bool = True
    guardduty: bool = False
    own_account: str = ""
    role: str = ""
    external_id: str = ""
    channel: str = ""
    most_days: dict[str, Annotated[int, msgspec.Meta(ge=1, le=90)]] = msgspec.field(default_factory=dict)


class HealthFile(Strict, frozen=True, kw_only=True):
    """The health page."""

    host: str = "127.0.0.1"
    port: Port = 8080


class File(Strict, frozen=True, kw_only=True):
    """The configuration file."""

    environments: tuple[EnvironmentFile, ...] = ()
    accounts: dict[AccountId, AccountFile] = msgspec.field(default_factory=dict)
    organizations: bool = True
    owner_tags: tuple[str, ...] = ("Owner", "owner", "Team")
    routes: tuple[RouteFile, ...] = ()
    default_route: DefaultRouteFile
    access: AccessFile = AccessFile()
    stream: StreamFile = StreamFile()
    slack: SlackFile = SlackFile()
    alarms: AlarmsFile = AlarmsFile()
    suppression: SuppressionFile = SuppressionFile()
    escalation: EscalationFile = EscalationFile()
    health: HealthFile = HealthFile()
    templates: str = ""


NO_WORDS = Names()


# --- the settings ------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Environment:
    """What the environment says: addresses and secrets."""

    database_url: str
    queue_url: str
    region: str
    slack_api_url: str
    bot_token: Secret
    app_token: Secret
    signing_secrets: tuple[Secret, ...]
    log_level: str = "info"


@dataclass(frozen=True, slots=True)
class Settings:
    """Everything `app.build` needs."""

    file: File
    environment: Environment
    rules: tuple[EnvironmentRule, ...]
    routes: tuple[Route, ...]
    fallback: Route
    policy: Policy
    escalating: Escalating


# name, meaning, default: docs/configuration.md is checked against this table
VARIABLES: tuple[tuple[str, str, str], ...] = (
    ("SECBOT_CONFIG", "path of the configuration file", "secbot.yaml"),
    ("DATABASE_URL", "sqlite:///path or postgresql://user:password@host/name", "sqlite:///secbot.db"),
    ("SECBOT_QUEUE_URL", "the SQS queue that the finding topic feeds", ""),
    ("SLACK_BOT_TOKEN", "the bot token (xoxb-)", ""),
    ("SLACK_APP_TOKEN", "the app-level token (xapp-), for Socket Mode", ""),
    ("SLACK_SIGNING_SECRET", "the signing secret, for HTTP mode; two with a comma between while one is rotated", ""),
    ("SLACK_API_URL", "another Slack Web API than Slack's", ""),
    ("AWS_REGION", "the region of the queue", "AWS_DEFAULT_REGION"),
    ("AWS_ENDPOINT_URL", "another address for every AWS service; AWS_ENDPOINT_URL_<SERVICE> for one", ""),
    ("SECBOT_LOG_LEVEL", "debug, info, warning or error", "info"),
)


LOG_LEVELS = ("debug", "info", "warning", "error")


def read_environment(variables: Mapping[str, str]) -> Environment:
    """The environment's part; a missing variable is told by whoever needs it. Raises ConfigError for a log level that is none."""
    level = variables.get("SECBOT_LOG_LEVEL") or "info"
    if level not in LOG_LEVELS:
        raise ConfigError(f"SECBOT_LOG_LEVEL is {', '.join(LOG_LEVELS)}, not {level!r}")
    secrets = [s.strip() for s in variables.get("SLACK_SIGNING_SECRET", "").split(",")]
    return Environment(
        database_url=variables.get("DATABASE_URL") or "sqlite:///secbot.db",
        queue_url=variables.get("SECBOT_QUEUE_URL", ""),
        region=variables.get("AWS_REGION") or variables.get("AWS_DEFAULT_REGION", ""),
        slack_api_url=variables.get("SLACK_API_URL", ""),
        bot_token=Secret(variables.get("SLACK_BOT_TOKEN", "")),
        app_token=Secret(variables.get("SLACK_APP_TOKEN", "")),
        signing_secrets=tuple(Secret(s) for s in secrets if s),
        log_level=level,
    )


def load(path: Path, variables: Mapping[str, str], words: Names = NO_WORDS) -> Settings:
    """Read and check everything.

    Args:
        path: the YAML file.
        variables: the environment.
        words: the sources and standards that a route may name; none are checked when it has none.

    Raises:
        ConfigError: with `file:line: what is wrong`, one line a mistake.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ConfigError(f"{path}: there is no such file; docs/configuration.md has a complete one to copy") from error
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"{path}: cannot be read: {error}") from error
    return parse_settings(text, str(path), read_environment(variables), words)


def parse_settings(text: str, name: str, environment: Environment, words: Names = NO_WORDS) -> Settings:
    """As `load`, from a text; `name` is what messages call it."""
    data, lines = read_yaml(text, name)
    try:
        file = msgspec.convert(data, File, strict=True)
    except msgspec.ValidationError as error:
        what, where = _account_mistake(data, *str(error).partition(" - at `")[::2])
        raise ConfigError(f"{name}:{lines.nearest(where.rstrip('`'), what)}: {what}") from error
    mistakes = [f"{name}:{lines.nearest(where)}: {what}" for where, what in _mistakes(file, words)]
    if mistakes:
        raise ConfigError("\n".join(mistakes))
    return _settings(file, environment, words)


def _account_mistake(data: dict[str, Any], what: str, where: str) -> tuple[str, str]:
    """The same (what, path), with the first account that is wrong: msgspec does not say which key of a mapping it means."""
    accounts = data["accounts"] if "$.accounts" in where else None
    for key, value in accounts.items() if isinstance(accounts, dict) else ():
        try:
            msgspec.convert({key: value}, dict[AccountId, AccountFile], strict=True)
        except msgspec.ValidationError:
            if isinstance(key, str) and "key` in" not in where:
                return what, where.replace("[...]", f"[{key}]", 1)
            return "an account is its 12 digits in quotes", f"$.accounts[{key}]"
    return what, where


def _settings(file: File, environment: Environment, words: Names) -> Settings:
    names = _names(file, words)
    rules = tuple(EnvironmentRule(e.name.casefold(), e.accounts, e.ous, e.tags) for e in file.environments)
    routes = tuple(
        Route(r.name, parse(r.when, names).query, r.channel.lstrip("#"), r.mention, r.silent) for r in file.routes
    )
    fallback = Route(DEFAULT, Query(), file.default_route.channel.lstrip("#"), file.default_route.mention)
    channels = frozenset(c.lstrip("#") for c in file.access.channels)
    policy = Policy(tuple(_statement(r) for r in file.access.roles), channels, frozenset(file.access.teams))
    return Settings(file, environment, rules, routes, fallback, policy, escalating(file.escalation, names))


def _statement(role: RoleFile) -> Statement:
    levels = _levels(role.severity) or Levels(Severity.INFO, Severity.CRITICAL)
    groups, envs = frozenset(g.lstrip("@") for g in role.groups), frozenset(e.casefold() for e in role.envs)
    can = frozenset(Permission(c) for c in role.can)
    return Statement(role.name, can, frozenset(role.users), groups, envs, levels.low, levels.high)


def _levels(text: str) -> Levels | None:
    """One severity or range; None for anything else, such as several."""
    parsed = parse(f"sev:{text}", Names())
    values = [v for t in parsed.query.terms for v in t.values]
    alone = not parsed.problems and parsed.query == Query(parsed.query.terms) and len(values) == 1
    return values[0] if alone and isinstance(values[0], Levels) else None


def _names(file: File, words: Names) -> Names:
    # Account names come from Organizations later, so a route names accounts with `account:`.
    return replace(words, envs=tuple(e.name.casefold() for e in file.environments))


# --- mistakes of meaning -------------------------------------------------------------------------------------------------------------


def _mistakes(file: File, words: Names) -> Iterator[tuple[str, str]]:
    """(path, what is wrong) of everything that the types cannot say."""
    envs = {e.name.casefold() for e in file.environments}
    yield from _duplicates("environments", [e.name.casefold() for e in file.environments])
    yield from _duplicates("routes", [r.name for r in file.routes])
    yield from _duplicates("access.roles", [r.name for r in file.access.roles])
    for id, account in file.accounts.items():
        if account.env and account.env.casefold() not in envs:
            yield f"$.accounts[{id}].env", f"`{account.env}` is not one of the environments above"
    for i, route in enumerate(file.routes):
        yield from _route_mistakes(f"$.routes[{i}]", route, _names(file, words))
    for i, role in enumerate(file.access.roles):
        yield from _role_mistakes(f"$.access.roles[{i}]", role, envs)
    yield from escalation.mistakes(file.escalation, _names(file, words))
    if file.slack.mode not in ("socket", "http"):
        yield "$.slack.mode", "mode is `socket` or `http`"
    if not file.slack.command.startswith("/"):
        yield "$.slack.command", "a slash command begins with `/`"
    if file.suppression.own_account and not re.fullmatch(r"[0-9]{12}", file.suppression.own_account):
        yield "$.suppression.own_account", "an account is its 12 digits in quotes"
    for word in file.suppression.most_days:
        if Severity.of_word(word) is None:
            yield "$.suppression.most_days", f"`{word}` is not a severity"
    if file.slack.permalink and not file.slack.permalink.startswith("https://"):
        yield "$.slack.permalink", "permalink is the beginning of an address with https://"
    if not file.default_route.channel.lstrip("#"):
        yield "$.default_route.channel", "this names no channel"


def _duplicates(where: str, names: list[str]) -> Iterator[tuple[str, str]]:
    for i, name in enumerate(names):
        if name in names[:i]:
            yield f"$.{where}[{i}].name", f"the name `{name}` is used twice"


def _route_mistakes(path: str, route: RouteFile, names: Names) -> Iterator[tuple[str, str]]:
    parsed = parse(route.when, names)
    for problem in parsed.problems:
        yield f"{path}.when", problem.message
    query = parsed.query
    if query.refs or query.group or query.flags & {Flag.HERE, Flag.ME, Flag.CSV} or query.page != 1:
        yield f"{path}.when", "a route asks about findings in general: no reference, page, group, `me`, `here` or `csv`"
    if not route.channel.lstrip("#") and not route.silent:
        yield path, "a route needs a channel (or `silent: true`)"


def _role_mistakes(path: str, role: RoleFile, envs: set[str]) -> Iterator[tuple[str, str]]:
    for word in role.can:
        if word not in set(Permission):
            yield f"{path}.can", f"`{word}` is not a permission: {', '.join(Permission)}"
    for env in role.envs:
        if env.casefold() not in envs:
            yield f"{path}.envs", f"`{env}` is not one of the environments above"
    if not role.users and not role.groups:
        yield path, "a role needs users or groups"
    if _levels(role.severity) is None:
        yield f"{path}.severity", f"`{role.severity}` is not a severity or a range such as high+ or low..high"
