"""Walks the audit trail from its first line to its last and says whether it holds."""

from __future__ import annotations

from dataclasses import dataclass

from bot.domain.audit import Flaw, Head, Line, verify
from bot.ports import Store

PIECE = 1000


@dataclass(frozen=True, slots=True)
class Checked:
    """What the walk found. `head` is the last line that holds; `flaw` the first that does not."""

    head: Head
    flaw: Flaw | None = None


async def check_chain(store: Store) -> Checked:
    """Check the whole trail, a thousand lines at a time.

    A trail that was cut at its end holds in itself: the database's own note of the head is compared too, and whoever keeps the heads that
    were logged compares with those.

    Raises:
        StoreUnavailable: the database does not answer.
    """
    head, lines = Head(), 1
    while lines:
        async with store.reads() as reads:
            piece: list[Line] = list(await reads.chain(head.seq, limit=PIECE))
        lines = len(piece)
        flaw, head = verify(piece, head)
        if flaw is not None:
            return Checked(head, flaw)
    async with store.reads() as reads:
        noted = await reads.audit_head()
    if noted != head:
        return Checked(head, Flaw(head.seq + 1, f"the trail ends at line {head.seq}, and had {noted.seq} lines"))
    return Checked(head)
