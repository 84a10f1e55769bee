"""Names for account numbers: what Organizations says, overlaid with what the configuration says, kept in memory.

Looking an account up never waits and never fails: an account that nobody knows is returned as unknown with its number, because context
is never a reason to delay or lose a finding. `refresh` is called by the clock.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from bot.domain.accounts import EnvironmentRule, environment_of, owner_of
from bot.domain.finding import Account


class Listed(Protocol):
    """An account as a lister gives it."""

    @property
    def id(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def ou(self) -> str: ...
    @property
    def tags(self) -> tuple[tuple[str, str], ...]: ...


class Lister(Protocol):
    async def accounts(self) -> Sequence[Listed]: ...


@dataclass(frozen=True, slots=True)
class Override:
    """What the configuration says of one account; an empty field leaves what Organizations says."""

    name: str = ""
    env: str = ""
    owner: str = ""


class CachedDirectory:
    """The Directory port.

    Args:
        lister: asks Organizations; None when the configuration switches that off.
        rules: how an environment is told, in order.
        overrides: by account id.
        owner_tags: the tag keys that name an owner, in order.
    """

    def __init__(
        self,
        lister: Lister | None,
        rules: Sequence[EnvironmentRule] = (),
        overrides: Mapping[str, Override] | None = None,
        owner_tags: Sequence[str] = ("Owner",),
    ) -> None:
        self._lister = lister
        self._rules = tuple(rules)
        self._overrides = dict(overrides or {})
        self._owner_tags = tuple(owner_tags)
        self._accounts: dict[str, Account] = {}
        self._fill({id: Account(id=id) for id in self._overrides})

    def account(self, account_id: str) -> Account:
        return self._accounts.get(account_id) or self._context(Account(id=account_id))

    def accounts(self) -> Sequence[Account]:
        return tuple(self._accounts.values())

    async def refresh(self) -> Iterable[Account]:
        if self._lister is None:
            return ()
        before = dict(self._accounts)
        listed = {
            a.id: Account(id=a.id, name=a.name, ou=a.ou, tags=a.tags, known=True) for a in await self._lister.accounts()
        }
        self._fill({id: Account(id=id) for id in self._overrides} | listed)
        return tuple(a for id, a in self._accounts.items() if before.get(id) != a)

    def _fill(self, accounts: Mapping[str, Account]) -> None:
        made = [self._context(a) for a in accounts.values()]
        self._accounts = {a.id: a for a in sorted(made, key=lambda a: (a.name, a.id))}

    def _context(self, account: Account) -> Account:
        override = self._overrides.get(account.id, Override())
        account = replace(
            account, name=override.name or account.name, known=account.known or account.id in self._overrides
        )
        return replace(
            account,
            env=override.env or environment_of(account, self._rules),
            owner=override.owner or owner_of(account, self._owner_tags),
        )
