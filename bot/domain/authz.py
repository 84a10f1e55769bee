"""May this person do this, here? One function for commands, buttons, modals, shortcuts and the Home tab.

Deny is the default: what the configuration does not allow is refused, and so are guests, Slack Connect strangers, bots and
deleted users, whatever the configuration says. Reading is open in the configured channels. Pure: who the actor is and which groups
they are in was looked up by the caller; a Slack payload is routing data, never authority.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from bot.domain.finding import Severity


class Permission(StrEnum):
    """What a verb needs. `read` looks, the others change something."""

    READ = "read"
    ACK = "ack"
    ASSIGN = "assign"
    SUPPRESS = "suppress"
    APPROVE = "approve"  # what another person has asked for
    ONCALL = "oncall"  # change who is on call
    VIEWS = "views"  # a channel's saved views and its default scope, which others then see


@dataclass(frozen=True, slots=True)
class Actor:
    """A Slack user as Slack describes them now. `groups` are user-group ids."""

    id: str
    team: str
    name: str = ""
    groups: frozenset[str] = frozenset()
    bot: bool = False
    deleted: bool = False
    guest: bool = False
    stranger: bool = False
    known: bool = True


class PlaceKind(StrEnum):
    CHANNEL = "channel"
    PRIVATE = "private"
    DIRECT = "direct"


@dataclass(frozen=True, slots=True)
class Place:
    """Where the request was made. `shared` is a channel that another company is in; `known` is False when Slack tells us nothing
    of it (a private channel or conversation without secbot): answers there stay private."""

    id: str
    kind: PlaceKind = PlaceKind.CHANNEL
    name: str = ""
    shared: bool = False
    known: bool = True


@dataclass(frozen=True, slots=True)
class Statement:
    """One allow line of the configuration: these people may do these things to these findings.

    Empty `envs` means every environment. `groups` are user-group ids (the configuration's handles are resolved by the caller).
    """

    name: str
    can: frozenset[Permission]
    users: frozenset[str] = frozenset()
    groups: frozenset[str] = frozenset()
    envs: frozenset[str] = frozenset()
    least: Severity = Severity.INFO
    most: Severity = Severity.CRITICAL


@dataclass(frozen=True, slots=True)
class Policy:
    """All of it. `channels`: where reading is open, by id or name (`*` is everywhere that is not shared). `teams`: our own workspaces."""

    statements: tuple[Statement, ...] = ()
    channels: frozenset[str] = frozenset()
    teams: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Target:
    """What would be changed or shown; None in `authorize` when the verb is about no finding in particular."""

    env: str
    severity: Severity


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer and what it rests on. `reason` is a stable snake_case word; `advice` is for the person.

    `holders` are the statements that would allow it: whom to ask.
    """

    allowed: bool
    reason: str
    based_on: tuple[str, ...] = ()
    advice: str = ""
    holders: tuple[Statement, ...] = ()


_REFUSED_ACTORS: tuple[tuple[str, str, str], ...] = (
    ("known", "unknown_actor", "Slack does not know who you are."),
    ("deleted", "deleted_actor", "This account is deactivated."),
    ("bot", "bot_actor", "Bots may not use secbot."),
    ("stranger", "stranger_actor", "secbot answers only members of its own workspace."),
    ("guest", "guest_actor", "Guests may not use secbot."),
)


def authorize(
    policy: Policy, actor: Actor, permission: Permission, place: Place, target: Target | None = None
) -> Decision:
    """Decide whether the actor may do this in this place to this target.

    Never raises. A verb about many findings is asked once per finding.
    """
    if refused := _refuse_actor(policy, actor) or _refuse_place(policy, place):
        return refused
    if permission is Permission.READ:
        return Decision(True, "read_open", (f"channel {place.name or place.id}",))
    return _by_statement(policy, actor, permission, target)


def _refuse_actor(policy: Policy, actor: Actor) -> Decision | None:
    for attribute, reason, advice in _REFUSED_ACTORS:
        if getattr(actor, attribute) is (attribute != "known"):
            return Decision(False, reason, advice=advice)
    if policy.teams and actor.team not in policy.teams:
        return Decision(False, "stranger_actor", advice="secbot answers only members of its own workspace.")
    return None


def _refuse_place(policy: Policy, place: Place) -> Decision | None:
    if place.shared:
        return Decision(
            False, "shared_channel", advice="This channel is shared with another company; ask in one that is not."
        )
    here = {place.id, place.name} - {""}  # a place without a name is not the one that a stray "#" names
    if place.kind is PlaceKind.DIRECT or "*" in policy.channels or policy.channels & here:
        return None
    return Decision(
        False, "channel_not_configured", advice="secbot is not set up for this channel; ask where it posts findings."
    )


def _by_statement(policy: Policy, actor: Actor, permission: Permission, target: Target | None) -> Decision:
    able = tuple(s for s in policy.statements if permission in s.can and (target is None or _covers(s, target)))
    for statement in able:
        if _names(statement, actor):
            return Decision(True, "allowed", (statement.name,))
    mine = tuple(s.name for s in policy.statements if permission in s.can and _names(s, actor))
    advice = f"Who may: {', '.join(map(_in_words, able))}." if able else "No role in the configuration allows it."
    if mine and target is not None:
        where = f"{target.severity.word} findings in {target.env or 'an unknown environment'}"
        return Decision(False, "out_of_scope", mine, f"Your roles do not cover {where}. {advice}", able)
    return Decision(False, "no_role", tuple(s.name for s in able), advice, able)


def held_by(decision: Decision) -> tuple[str, ...]:
    """The user ids and the groups that the decision's holders name, each once."""
    return _named_in(decision.holders)


def holders(policy: Policy, permission: Permission, target: Target) -> tuple[str, ...]:
    """The user ids and the groups that may do this to that target, each once."""
    return _named_in(s for s in policy.statements if permission in s.can and _covers(s, target))


def _named_in(statements: Iterable[Statement]) -> tuple[str, ...]:
    names = [name for s in statements for name in (*sorted(s.groups), *sorted(s.users))]
    return tuple(dict.fromkeys(names))


def _in_words(statement: Statement) -> str:
    """`on-call (group sec-oncall)`: a role and who holds it."""
    groups = [f"group {g}" for g in sorted(statement.groups)]
    people = [f"{len(statement.users)} named"] if statement.users else []
    return f"{statement.name} ({', '.join([*groups, *people])})"


def _names(statement: Statement, actor: Actor) -> bool:
    return actor.id in statement.users or bool(statement.groups & actor.groups)


def _covers(statement: Statement, target: Target) -> bool:
    in_env = not statement.envs or target.env in statement.envs
    return in_env and statement.least <= target.severity <= statement.most
