"""All of AWS that the bot needs, in one object: queues and topic, the organisation, the services that know findings,
and the environment variables to reach them.

`AwsStandIn(company)` starts the fast SQS/SNS server, moto and the finding services, makes the finding stream's topic,
queue and dead-letter queue, and publishes events as EventBridge would; the finding of a published event is then known
to its service, so that it can be hidden there. It refuses to reach anything outside the loopback.
"""

from __future__ import annotations

import json
from typing import Any

from sandbox.aws.apis import ApiServer
from sandbox.aws.clock import Clock
from sandbox.aws.control import ACCESS_KEY_ID, SECRET_ACCESS_KEY, ControlPlane
from sandbox.aws.queue import Queue
from sandbox.aws.server import SqsSnsServer
from sandbox.company import Company, northwind

QUEUE, DEAD_LETTERS, TOPIC = "secbot-findings", "secbot-findings-dlq", "security-findings"


class AwsStandIn:
    """The stream and the control plane of a company. `raw=False` wraps each event in SNS's envelope."""

    def __init__(
        self,
        company: Company | None = None,
        *,
        raw: bool = True,
        max_receives: int = 5,
        strict: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self.company = company or northwind()
        self._raw, self._max_receives = raw, max_receives
        account, region = self.company.security.id, self.company.region
        self.server = SqsSnsServer(account=account, region=region, strict=strict, clock=clock)
        self.apis = ApiServer(account=account, strict=strict, clock=clock)
        self.control = ControlPlane(self.company)
        self.topic_arn = ""

    async def start(self) -> AwsStandIn:
        """Start the servers and make the stream; returns itself."""
        await self.server.start()
        await self.apis.start()
        await self.control.start()
        dead = self.server.create_queue(DEAD_LETTERS)
        policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": self._max_receives})
        queue = self.server.create_queue(QUEUE, RedrivePolicy=policy)
        self.topic_arn = self.server.create_topic(TOPIC)
        self.server.subscribe(self.topic_arn, queue, raw=self._raw)
        return self

    async def stop(self) -> None:
        """Stop the servers. May be called twice."""
        await self.server.stop()
        await self.apis.stop()
        await self.control.stop()

    @property
    def queue(self) -> Queue:
        """The finding stream's queue, in-process."""
        return self.server.queue(QUEUE)

    @property
    def dead_letters(self) -> Queue:
        """Where messages go that were received too often."""
        return self.server.queue(DEAD_LETTERS)

    @property
    def queue_url(self) -> str:
        """What the bot is configured with."""
        return self.queue.url

    def environment(self) -> dict[str, str]:
        """The variables that make any AWS SDK talk to this stand-in."""
        return {
            "AWS_ENDPOINT_URL": self.control.url,
            "AWS_ENDPOINT_URL_SQS": self.server.url,
            "AWS_ENDPOINT_URL_SNS": self.server.url,
            **self.apis.environment(),
            "AWS_ACCESS_KEY_ID": ACCESS_KEY_ID,
            "AWS_SECRET_ACCESS_KEY": SECRET_ACCESS_KEY,
            "AWS_DEFAULT_REGION": self.company.region,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def publish(self, event: dict[str, Any] | str) -> str:
        """Publish an event to the topic in-process; returns the MessageId. Raises ApiError over 256 KiB, as SNS does.

        Lone surrogates are written as JSON escapes, the only way in which they can travel.
        """
        text = event if isinstance(event, str) else dumps(event)
        if isinstance(event, dict):
            self.apis.learn(event)
        return str(self.server.sns.publish({"TopicArn": self.topic_arn, "Message": text})["MessageId"])


def dumps(event: dict[str, Any]) -> str:
    """An event as EventBridge writes it: compact JSON in UTF-8, escaped where UTF-8 cannot hold it."""
    text = json.dumps(event, ensure_ascii=False, separators=(",", ":"))
    return text if _encodable(text) else json.dumps(event, separators=(",", ":"))


def _encodable(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True
