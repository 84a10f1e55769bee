"""The queue that findings come from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True, slots=True)
class Delivery:
    """One message of the queue. `receipt` deletes it, `attempts` counts how often it was received."""

    id: str
    receipt: str
    body: str
    attempts: int = 1


class Inbox(Protocol):
    """The queue. A message that is neither deleted nor released comes back after its visibility time."""

    async def receive(self) -> Sequence[Delivery]:
        """Up to 10 messages; waits up to the long-poll time. Empty when there is none."""
        ...

    async def delete(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        """Delete; returns those the queue would not delete (they will come again)."""
        ...

    async def release(self, deliveries: Sequence[Delivery], *, delay_s: int = 0) -> None:
        """Give them back: visible again after `delay_s`."""
        ...

    async def depth(self) -> int:
        """About how many messages wait."""
        ...

    async def ping(self) -> None: ...
