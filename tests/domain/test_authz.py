"""The whole matrix of who may do what where, with the answers written out."""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import pytest

from bot.domain.authz import Actor, Permission, Place, PlaceKind, Policy, Statement, Target, authorize
from bot.domain.finding import Severity

US, THEM = "T0US", "T0THEM"
ACK, READ = Permission.ACK, Permission.READ

POLICY = Policy(
    statements=(
        Statement("on-call", frozenset({ACK}), groups=frozenset({"S0ONCALL"})),
        Statement(
            "dev-team",
            frozenset({ACK}),
            users=frozenset({"U0DEV"}),
            envs=frozenset({"dev"}),
            least=Severity.LOW,
            most=Severity.HIGH,
        ),
        Statement("readers", frozenset({READ}), users=frozenset({"U0READER"})),
    ),
    channels=frozenset({"C0ALERTS", "security"}),
    teams=frozenset({US}),
)

EVERYBODY = frozenset({"S0ONCALL"})  # every refused actor is in the group too: membership does not help
ACTORS = {
    "group": Actor("U0ONCALL", US, groups=EVERYBODY),
    "user": Actor("U0DEV", US),
    "nobody": Actor("U0NOBODY", US),
    "unknown": Actor("U0GHOST", US, groups=EVERYBODY, known=False),
    "deleted": Actor("U0GONE", US, groups=EVERYBODY, deleted=True),
    "bot": Actor("U0BOT", US, groups=EVERYBODY, bot=True),
    "stranger": Actor("U0STRANGER", US, groups=EVERYBODY, stranger=True),
    "other team": Actor("U0OTHER", THEM, groups=EVERYBODY),
    "guest": Actor("U0GUEST", US, groups=EVERYBODY, guest=True),
}
PLACES = {
    "configured": Place("C0ALERTS", name="alerts"),
    "direct": Place("D0ANA", PlaceKind.DIRECT),
    "shared": Place("C0ALERTS", name="alerts", shared=True),
    "elsewhere": Place("C0RANDOM", name="random"),
}
DEV_HIGH, PROD_HIGH = Target("dev", Severity.HIGH), Target("prod", Severity.HIGH)
WHERE_OPEN = ("configured", "direct")
REFUSED = {
    "unknown": "unknown_actor",
    "deleted": "deleted_actor",
    "bot": "bot_actor",
    "stranger": "stranger_actor",
    "other team": "stranger_actor",
    "guest": "guest_actor",
}
REFUSED_PLACES = {"shared": "shared_channel", "elsewhere": "channel_not_configured"}

# actor -> answer to (read), (ack dev high), (ack prod high), (ack of nothing in particular), in a place that is open
ANSWERS = {
    "group": ("read_open", "allowed", "allowed", "allowed"),
    "user": ("read_open", "allowed", "out_of_scope", "allowed"),
    "nobody": ("read_open", "no_role", "no_role", "no_role"),
}
QUESTIONS = ((READ, DEV_HIGH), (ACK, DEV_HIGH), (ACK, PROD_HIGH), (ACK, None))


def expected(actor: str, place: str, question: int) -> str:
    """The actor is refused before the place, the place before the permission."""
    return REFUSED.get(actor) or REFUSED_PLACES.get(place) or ANSWERS[actor][question]


@pytest.mark.parametrize(("actor", "place", "question"), list(product(ACTORS, PLACES, range(4))))
def test_who_may_do_what_where(actor: str, place: str, question: int) -> None:
    permission, target = QUESTIONS[question]
    decision = authorize(POLICY, ACTORS[actor], permission, PLACES[place], target)
    reason = expected(actor, place, question)
    assert decision.reason == reason
    assert decision.allowed is (reason in ("read_open", "allowed"))
    assert bool(decision.advice) is not decision.allowed


def test_the_matrix_has_every_kind() -> None:
    assert len(ACTORS) == 9
    assert len(PLACES) == 4
    assert set(ACTORS) == set(ANSWERS) | set(REFUSED)
    assert set(PLACES) == set(WHERE_OPEN) | set(REFUSED_PLACES)
    assert {p for p, _ in QUESTIONS} == {READ, ACK}


@pytest.mark.parametrize("permission", [p for p in Permission if p not in (READ, ACK)])
def test_every_other_permission_is_asked_for_as_ack_is(permission: Permission) -> None:
    holder = replace(POLICY.statements[0], can=frozenset({permission}))
    policy = replace(POLICY, statements=(holder,))
    for actor, place in product(ACTORS, PLACES):
        decision = authorize(policy, ACTORS[actor], permission, PLACES[place], PROD_HIGH)
        fine = actor == "group" and place in WHERE_OPEN
        assert decision.allowed is fine, (actor, place)


@pytest.mark.parametrize(
    ("env", "severity", "allowed", "why"),
    [
        ("dev", Severity.LOW, True, "the least"),
        ("dev", Severity.HIGH, True, "the most"),
        ("dev", Severity.INFO, False, "below"),
        ("dev", Severity.CRITICAL, False, "above"),
        ("staging", Severity.HIGH, False, "another environment"),
        ("", Severity.HIGH, False, "an account that nobody knows is in no environment"),
    ],
)
def test_a_statement_covers_its_environments_and_severities(
    env: str, severity: Severity, allowed: bool, why: str
) -> None:
    decision = authorize(POLICY, ACTORS["user"], ACK, PLACES["configured"], Target(env, severity))
    assert decision.allowed is allowed, why
    assert decision.based_on == ("dev-team",)


def test_a_refusal_for_want_of_a_role_names_who_may() -> None:
    decision = authorize(POLICY, ACTORS["nobody"], ACK, PLACES["configured"], PROD_HIGH)
    assert decision.based_on == ("on-call",)
    assert "on-call" in decision.advice


def test_a_refusal_by_scope_says_what_is_not_covered() -> None:
    decision = authorize(POLICY, ACTORS["user"], ACK, PLACES["configured"], Target("", Severity.CRITICAL))
    assert "critical findings in an unknown environment" in decision.advice


def test_a_role_to_read_does_not_let_anybody_acknowledge() -> None:
    assert authorize(POLICY, Actor("U0READER", US), ACK, PLACES["configured"], DEV_HIGH).reason == "no_role"


@pytest.mark.parametrize(
    ("channels", "place", "allowed", "why"),
    [
        ({"security"}, Place("C0X", name="security"), True, "by name"),
        ({"C0X"}, Place("C0X", name="security"), True, "by id"),
        ({"*"}, Place("C0X"), True, "everywhere"),
        ({"*"}, Place("C0X", shared=True), False, "everywhere, but never with another company"),
        ({"*"}, Place("D0X", PlaceKind.DIRECT, shared=True), False, "a direct message to another company"),
        (set(), Place("C0X", name="security"), False, "nothing is configured"),
        (set(), Place("D0X", PlaceKind.DIRECT), True, "a direct message is the asker's own"),
        ({"secur*"}, Place("C0X", name="security"), False, "names are no globs"),
        ({""}, Place("G0X", PlaceKind.PRIVATE, known=False), False, "an empty name does not open nameless places"),
        ({"C0X"}, Place("", known=False), False, "no place at all"),
    ],
)
def test_where_reading_is_open(channels: set[str], place: Place, allowed: bool, why: str) -> None:
    policy = Policy(channels=frozenset(channels))
    assert authorize(policy, Actor("U0ANA", US), READ, place).allowed is allowed, why


def test_an_empty_policy_allows_no_change_anywhere() -> None:
    for place in PLACES.values():
        assert not authorize(Policy(channels=frozenset({"*"})), ACTORS["group"], ACK, place, DEV_HIGH).allowed


def test_without_teams_the_flag_alone_tells_a_stranger() -> None:
    policy = Policy(channels=frozenset({"*"}))
    assert authorize(policy, ACTORS["other team"], READ, PLACES["configured"]).allowed
    assert not authorize(policy, ACTORS["stranger"], READ, PLACES["configured"]).allowed
