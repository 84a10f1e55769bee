"""The queue that the SNS topic feeds: long poll, delete in batches, give back.

Its own client, so that a long poll never holds a connection that the control plane needs. What a message means is decided elsewhere
(wire.py, services.ingest). A message that is not deleted comes back: nothing here deletes on a failure.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from contextlib import AsyncExitStack
from typing import Any

import structlog
from aiobotocore.config import AioConfig
from botocore.exceptions import BotoCoreError, ClientError

from bot.adapters.aws import client, translate
from bot.errors import SecbotError
from bot.ports import Delivery

log = structlog.get_logger()

# From: Amazon SQS API reference, ReceiveMessage and DeleteMessageBatch
BATCH = 10
LONG_POLL_S = 20
MAX_VISIBILITY_S = 43_200


class SqsInbox:
    """The Inbox port on one SQS queue.

    Args:
        queue_url: the queue; standard, fed by SNS with or without raw delivery.
        wait_s: how long a receive waits for the first message, 0 to 20.
        visibility_s: for how long a received message stays hidden from others.
        connections: how many calls may be under way at once; at least the number of receivers and two.
    """

    def __init__(
        self,
        queue_url: str,
        *,
        region: str = "",
        wait_s: int = LONG_POLL_S,
        visibility_s: int = 60,
        connections: int = 16,
    ):
        self._url = queue_url
        self._region = region
        self._wait_s = wait_s
        self._visibility_s = visibility_s
        self._stack = AsyncExitStack()
        self._client: Any = None
        self._config = AioConfig(
            connect_timeout=5,
            read_timeout=LONG_POLL_S + 10,
            max_pool_connections=connections,
            retries={"mode": "standard", "max_attempts": 2},
            user_agent_extra="secbot",
        )

    async def open(self) -> None:
        """Make the client; opens no connection yet."""
        self._client = await self._stack.enter_async_context(client("sqs", region=self._region, config=self._config))

    async def close(self) -> None:
        await self._stack.aclose()

    async def receive(self) -> Sequence[Delivery]:
        answer = await self._call(
            "receive_message",
            MaxNumberOfMessages=BATCH,
            WaitTimeSeconds=self._wait_s,
            VisibilityTimeout=self._visibility_s,
            MessageSystemAttributeNames=["ApproximateReceiveCount"],
        )
        return [_delivery(m) for m in answer.get("Messages", [])]

    async def delete(self, deliveries: Sequence[Delivery]) -> Sequence[Delivery]:
        kept = await asyncio.gather(*map(self._delete, _batches(deliveries)))
        return [delivery for batch in kept for delivery in batch]

    async def _delete(self, batch: Sequence[Delivery]) -> Sequence[Delivery]:
        entries = [{"Id": str(i), "ReceiptHandle": d.receipt} for i, d in enumerate(batch)]
        try:
            answer = await self._call("delete_message_batch", Entries=entries)
        except SecbotError as error:  # one batch that fails is no reason to count the others as kept
            log.warning("delete_failed", reason=error.reason, error=error.message)
            return batch
        return [batch[int(failed["Id"])] for failed in answer.get("Failed", [])]

    async def release(self, deliveries: Sequence[Delivery], *, delay_s: int = 0) -> None:
        delay = max(0, min(delay_s, MAX_VISIBILITY_S))
        for batch in _batches(deliveries):
            entries = [
                {"Id": str(i), "ReceiptHandle": d.receipt, "VisibilityTimeout": delay} for i, d in enumerate(batch)
            ]
            await self._call("change_message_visibility_batch", Entries=entries)

    async def depth(self) -> int:
        answer = await self._call("get_queue_attributes", AttributeNames=["ApproximateNumberOfMessages"])
        return int(answer.get("Attributes", {}).get("ApproximateNumberOfMessages", 0))

    async def ping(self) -> None:
        await self.depth()

    async def _call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        try:
            answer: dict[str, Any] = await getattr(self._client, operation)(QueueUrl=self._url, **arguments)
        except (BotoCoreError, ClientError) as error:
            raise translate(error) from error
        return answer


def _delivery(message: dict[str, Any]) -> Delivery:
    attempts = message.get("Attributes", {}).get("ApproximateReceiveCount", "1")
    return Delivery(message["MessageId"], message["ReceiptHandle"], message.get("Body", ""), int(attempts))


def _batches(deliveries: Sequence[Delivery]) -> list[list[Delivery]]:
    return [list(deliveries[i : i + BATCH]) for i in range(0, len(deliveries), BATCH)]
