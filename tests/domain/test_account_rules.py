"""An account's environment and owner, told by rules."""

from __future__ import annotations

import pytest

from bot.domain.accounts import EnvironmentRule, environment_of, owner_of
from bot.domain.finding import Account

RULES = (
    EnvironmentRule("prod", accounts=("*-prod", "420000000009"), tags=("Stage=production",)),
    EnvironmentRule("dev", accounts=("sandbox*",), ous=("Sandboxes/*", "Workloads/Dev")),
    EnvironmentRule("rest", accounts=("*",)),
)


@pytest.mark.parametrize(
    ("account", "env", "why"),
    [
        (Account("1", "payments-prod"), "prod", "by name"),
        (Account("1", "PAYMENTS-PROD"), "prod", "in any case"),
        (Account("420000000009", "odd"), "prod", "by number"),
        (Account("1", "odd", tags=(("Stage", "production"),)), "prod", "by tag"),
        (Account("1", "odd", tags=(("stage", "Production"),)), "prod", "by tag in any case"),
        (Account("1", "sandbox-prod"), "prod", "the first rule wins"),
        (Account("1", "odd", ou="Sandboxes/Ana"), "dev", "below an OU"),
        (Account("1", "odd", ou="Workloads/Dev"), "dev", "an OU itself"),
        (Account("1", "odd", ou="Workloads/Dev/Deep"), "rest", "an OU without a star is not what lies below it"),
        (Account("1", "odd", tags=(("Stage", "production2"),)), "rest", "the whole tag must fit"),
        (Account("1"), "rest", "a star takes what has no name: the number fits"),
    ],
)
def test_the_first_rule_that_fits_names_the_environment(account: Account, env: str, why: str) -> None:
    assert environment_of(account, RULES) == env, why


def test_an_account_that_no_rule_fits_has_no_environment() -> None:
    assert environment_of(Account("1", "odd"), RULES[:2]) == ""
    assert environment_of(Account("1", "odd"), ()) == ""


def test_a_rule_about_organisational_units_does_not_take_what_is_in_none() -> None:
    assert environment_of(Account("1", "odd"), (EnvironmentRule("x", ous=("*",)),)) == ""


@pytest.mark.parametrize(
    ("tags", "owner", "why"),
    [
        ((("Team", "core"), ("Owner", "ana")), "ana", "in the order of the configuration, not of the account"),
        ((("OWNER", "ana"),), "ana", "a key in any case"),
        ((("Owner", ""), ("Team", "core")), "core", "an empty value says nothing"),
        ((("Cost", "1"),), "", "no such tag"),
    ],
)
def test_the_owner_is_the_first_tag_that_says_one(tags: tuple[tuple[str, str], ...], owner: str, why: str) -> None:
    assert owner_of(Account("1", tags=tags), ("Owner", "Team")) == owner, why
