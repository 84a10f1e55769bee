"""Which environment an account belongs to and who owns it: rules from the configuration, first match wins. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.domain.finding import Account
from bot.domain.query import glob_regex


@dataclass(frozen=True, slots=True)
class EnvironmentRule:
    """An account is in `env` when any of these globs fits: its name, its OU path, its id, or a tag as `Key=value`."""

    env: str
    accounts: tuple[str, ...] = ()
    ous: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()


def environment_of(account: Account, rules: Sequence[EnvironmentRule]) -> str:
    """The first rule's environment that fits, or an empty text."""
    return next((r.env for r in rules if _fits(r, account)), "")


def _fits(rule: EnvironmentRule, account: Account) -> bool:
    tags = [f"{k}={v}" for k, v in account.tags]
    return (
        _any(rule.accounts, [account.id, account.name])
        or _any(rule.ous, [account.ou] if account.ou else [])
        or _any(rule.tags, tags)
    )


def _any(globs: Sequence[str], values: Sequence[str]) -> bool:
    return any(glob_regex(g.casefold()).fullmatch(v.casefold()) for g in globs for v in values if v)


def owner_of(account: Account, tags: Sequence[str]) -> str:
    """The value of the first of these tags that the account has (keys in any case), or an empty text."""
    have = {k.casefold(): v for k, v in account.tags}
    return next((have[t.casefold()] for t in tags if have.get(t.casefold())), "")
