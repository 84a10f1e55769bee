"""AWS as the services need it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Protocol

from bot.domain.finding import Account


class Directory(Protocol):
    """The organisation's accounts, cached. Looking one up never waits and never fails."""

    def account(self, account_id: str) -> Account: ...
    def accounts(self) -> Sequence[Account]: ...
    async def refresh(self) -> Iterable[Account]:
        """Ask Organizations again; returns the accounts that changed."""
        ...
