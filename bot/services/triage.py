"""What people do to a finding: now, acknowledging it. One transaction changes the state and queues every copy's edit."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from bot.domain.finding import Record
from bot.domain.lifecycle import decide_ack
from bot.errors import NotFound
from bot.ports import Clock, Saying, Store
from bot.services.ingest import LANE_OF_A_PERSON, edit, line


@dataclass(frozen=True, slots=True)
class Triage:
    """Acts on findings. `wake` tells the delivery side that something was queued."""

    store: Store
    clock: Clock
    wake: Callable[[], None]

    async def acknowledge(self, number: int, user: str) -> Record:
        """Acknowledge a finding for its severity's time and edit every copy of its card.

        The caller has authorised it.

        Raises:
            NotFound: there is no such finding.
            AlreadyDone, NoLonger: see lifecycle.decide_ack; nothing was changed.
            StoreUnavailable: nothing was changed.
        """
        async with self.store.reads() as reads:
            cards = await reads.cards(number)
        async with self.store.begin() as tx:
            record = await tx.lock_number(number)
            if record is None:
                raise NotFound(f"There is no finding F-{number}.")
            outcome = decide_ack(record, user, self.clock.now())
            after = outcome.record or record
            await tx.update([(after, None)])
            if outcome.entry is not None:
                await tx.note([(number, outcome.entry)])
            channels = list(dict.fromkeys([after.channel, *(c.channel for c in cards)]))
            said: list[Saying] = []
            for channel in filter(None, channels):
                said.append(edit(after, channel, lane=LANE_OF_A_PERSON))
                said.append(line(after, channel, outcome.entry, lane=LANE_OF_A_PERSON))
            await tx.say(said)
        self.wake()
        return after
