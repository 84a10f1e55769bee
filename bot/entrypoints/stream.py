"""The door of the finding stream: several receivers, two committers, and a stop that loses nothing.

Receivers long-poll and put messages into a short line; a committer takes up to a batch from it, has it taken in by the service in one
transaction, and only then deletes. There are two, so that one reads and deletes while the other waits for the database. When the
database does not answer, receiving stops, what is in hand goes back to the queue, and the vitals say so until it is back. On stop
nothing more is received and what is in hand is finished.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence

import structlog

from bot.errors import SecbotError, StoreUnavailable
from bot.ports import Clock, Delivery, Inbox, Metrics
from bot.services.ingest import Ingest
from bot.services.status import Vitals

log = structlog.get_logger()

FIRST_WAIT_S = 1.0
LONGEST_WAIT_S = 30.0
COMMITTERS = 2
RETURN_AFTER_S = 30  # a message whose reading broke in an unknown way comes again after this


class StreamDoor:
    """Runs the stream until it is told to stop.

    Args:
        receivers: long polls at the same time.
        batch: most messages of one transaction.
        ping: asks the database whether it is back.
        taken: called after each committed batch.
    """

    def __init__(
        self,
        *,
        inbox: Inbox,
        ingest: Ingest,
        ping: Callable[[], Awaitable[None]],
        taken: Callable[[], None],
        vitals: Vitals,
        clock: Clock,
        metrics: Metrics,
        receivers: int = 4,
        batch: int = 100,
    ) -> None:
        self._inbox = inbox
        self._ingest = ingest
        self._ping = ping
        self._taken = taken
        self._vitals = vitals
        self._clock = clock
        self._metrics = metrics
        self._receivers = receivers
        self._batch = batch
        self._line: asyncio.Queue[Sequence[Delivery]] = asyncio.Queue(maxsize=max(2, batch // 10))
        self._open = asyncio.Event()
        self._stopping = False

    async def run(self, stop: asyncio.Event) -> None:
        """Receive and commit until `stop`; then finish what is in hand."""
        self._resume()
        committers = [asyncio.create_task(self._commit_all(), name=f"committer {i}") for i in range(COMMITTERS)]
        receivers = [asyncio.create_task(self._receive_all(), name=f"receiver {i}") for i in range(self._receivers)]
        try:
            await _first_of(stop.wait(), *receivers, *committers)
        finally:
            for task in receivers:
                task.cancel()  # a long poll under way holds nothing that its visibility time does not give back
            await asyncio.gather(*receivers, return_exceptions=True)
            self._stopping = True
            self._stand_still("stopping")
            await self._line.put(())
            await asyncio.gather(*committers, return_exceptions=True)
        for task in (*committers, *receivers):
            if not task.cancelled() and (error := task.exception()) is not None:
                raise error

    # --- receiving ---------------------------------------------------------------------------------------------------------------

    async def _receive_all(self) -> None:
        wait = FIRST_WAIT_S
        while True:
            await self._open.wait()
            try:
                deliveries = await self._inbox.receive()
            except SecbotError as error:
                self._vitals.receiving = f"the queue does not answer: {error.message}"[:200]
                log.warning("receive_failed", reason=error.reason, error=error.message)
                await self._clock.sleep(wait)
                wait = min(wait * 2, LONGEST_WAIT_S)
                continue
            wait = FIRST_WAIT_S
            if self._open.is_set():
                self._vitals.receiving = ""
            if deliveries and self._open.is_set():
                await self._line.put(deliveries)
            elif deliveries:  # the database went while we polled; the delay outlasts the other polls under way
                await self._give_back(deliveries, RETURN_AFTER_S)

    def _resume(self) -> None:
        self._vitals.receiving = ""
        self._metrics.gauge("receiving", 1)
        self._open.set()

    def _stand_still(self, why: str) -> None:
        self._vitals.receiving = why
        self._metrics.gauge("receiving", 0)
        self._open.clear()

    # --- committing ----------------------------------------------------------------------------------------------------------------

    async def _commit_all(self) -> None:
        while True:
            batch, last = await self._gather()
            if batch:
                await self._commit(batch)
            if last:
                return

    async def _gather(self) -> tuple[list[Delivery], bool]:
        """What is in the line now, up to a batch; (messages, whether the end was reached)."""
        batch: list[Delivery] = []
        deliveries = await self._line.get()
        while True:
            if not deliveries:
                self._line.put_nowait(())  # the end is for every committer
                return batch, True
            batch.extend(deliveries)
            if len(batch) + 10 > self._batch or self._line.empty():
                return batch, False
            deliveries = self._line.get_nowait()

    async def _commit(self, batch: Sequence[Delivery]) -> None:
        try:
            taken = await self._ingest.take(batch)
        except StoreUnavailable as error:
            await self._wait_for_store(batch, error)
            return
        except Exception as error:
            # A bug, not an outage: the batch goes back, and a message that does it again and again ends in the dead-letter queue.
            self._metrics.count("failures", where="stream")
            log.exception("batch_failed", messages=len(batch), error=type(error).__name__)
            await self._give_back(batch, RETURN_AFTER_S)
            return
        self._taken()
        await self._delete(taken.done)
        if taken.not_taken:
            await self._give_back(taken.not_taken, RETURN_AFTER_S)

    async def _delete(self, deliveries: Sequence[Delivery]) -> None:
        """Delete after the commit. What the queue does not delete comes again and is then a duplicate, which changes nothing."""
        if not deliveries:
            return
        try:
            kept = await self._inbox.delete(deliveries)
        except SecbotError as error:
            kept = deliveries
            log.warning("delete_failed", reason=error.reason, error=error.message)
        if kept:
            self._metrics.count("undeleted", len(kept))
            log.warning("not_deleted", messages=len(kept))

    async def _give_back(self, deliveries: Sequence[Delivery], delay_s: int) -> None:
        try:
            await self._inbox.release(deliveries, delay_s=delay_s)
        except SecbotError as error:  # they come back by themselves when their visibility time ends
            log.warning("release_failed", reason=error.reason, error=error.message)

    async def _wait_for_store(self, batch: Sequence[Delivery], error: StoreUnavailable) -> None:
        if not self._stopping:
            self._stand_still(f"the database does not answer: {error.message}"[:200])
        self._metrics.count("store_down")
        log.error("receiving_stopped", error=error.message)
        in_hand = list(batch)
        last = False
        while not self._line.empty():
            more = self._line.get_nowait()
            last = last or not more
            in_hand.extend(more)
        if last:
            self._line.put_nowait(())
        await self._give_back(in_hand, 0)
        if last or self._stopping or not await self._until_back():
            return
        log.info("receiving_resumed")
        self._resume()

    async def _until_back(self) -> bool:
        """Ping the database until it answers; False when we are told to stop meanwhile."""
        wait = FIRST_WAIT_S
        while not self._stopping:
            await self._clock.sleep(wait)
            wait = min(wait * 2, LONGEST_WAIT_S)
            try:
                await self._ping()
            except SecbotError:
                continue
            return not self._stopping
        return False


async def _first_of(*waits: Awaitable[object]) -> None:
    tasks = [asyncio.ensure_future(w) for w in waits]
    _, pending = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    own = tasks[0]
    if own in pending:
        own.cancel()
        await asyncio.gather(own, return_exceptions=True)
