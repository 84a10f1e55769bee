"""Which channel: the first route that holds, always one, and the reason can be shown."""

from __future__ import annotations

import pytest
from domain_making import HOUR, NAMES, NOW, STAGE, finding, record
from hypothesis import given
from hypothesis import strategies as st

from bot.domain.finding import Account, Record, Severity
from bot.domain.query import Query
from bot.domain.routing import DEFAULT, Route, route
from bot.domain.syntax import parse


def a_route(name: str, when: str, channel: str = "", *, silent: bool = False) -> Route:
    parsed = parse(when, NAMES)
    assert not parsed.problems
    return Route(name, parsed.query, channel or name, silent=silent)


FALLBACK = Route(DEFAULT, Query(), "security")
ROUTES = (
    a_route("noise", "src:config low", silent=True),
    a_route("prod-critical", "prod critical"),
    a_route("prod", "prod medium+"),
    a_route("old", "age:>30d"),
)
LOW, CRITICAL = Severity.LOW, Severity.CRITICAL


@pytest.mark.parametrize(
    ("seen", "name", "tried", "why"),
    [
        (record(about=finding(severity=CRITICAL)), "prod-critical", 2, "the first that holds, not the broadest"),
        (record(), "prod", 3, "high in production"),
        (record(about=finding(severity=LOW)), DEFAULT, 4, "no route holds"),
        (record(account=STAGE), DEFAULT, 4, "another environment"),
        (record(account=Account("1")), DEFAULT, 4, "an account that nobody knows is never lost"),
        (record(about=finding(source="config", severity=LOW)), "noise", 1, "a silent route wins as well"),
        (record(account=STAGE, about=finding(first_seen=NOW - 24 * 31 * HOUR)), "old", 4, "by age"),
    ],
)
def test_the_first_route_that_holds_wins(seen: Record, name: str, tried: int, why: str) -> None:
    routed = route(seen, ROUTES, FALLBACK, NOW)
    assert routed.route.name == name, why
    assert len(routed.based_on) == tried
    assert [hit for _, hit, _ in routed.based_on[:-1]] == [False] * (tried - 1)
    assert name in routed.reason


def test_the_reason_shows_the_query_that_held() -> None:
    routed = route(record(), ROUTES, FALLBACK, NOW)
    assert routed.reason == "route prod: env:prod sev:medium+"
    assert routed.based_on[0] == ("noise", False, "src:config sev:low")


def test_a_route_without_a_query_takes_everything_and_says_so() -> None:
    assert route(record(), [Route("all", Query(), "c")], FALLBACK, NOW).reason == "route all: everything"


@given(st.permutations(ROUTES), st.sampled_from(Severity), st.sampled_from(["prod", "staging", "", "moon"]))
def test_a_finding_is_never_without_a_route(routes: list[Route], severity: Severity, env: str) -> None:
    seen = record(account=Account("1", env=env), about=finding(severity=severity))
    routed = route(seen, routes, FALLBACK, NOW)
    held = [name for name, hit, _ in routed.based_on if hit]
    assert [routed.route.name] == (held or [DEFAULT])
