"""SNS's operations: topics, subscriptions of queues, and the fan-out, raw or in SNS's envelope.

A publish reaches the queues before it returns. Only the protocol `sqs` exists; filter policies are refused, since the
finding stream has none. The envelope's signature is a made-up text: nothing may trust it, and with raw delivery there
is none to check.
"""

from __future__ import annotations

import json
import re
import uuid
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

from sandbox.aws import digests
from sandbox.aws.clock import Clock
from sandbox.aws.errors import ApiError
from sandbox.aws.queue import Queue

Json: TypeAlias = dict[str, Any]

SIZE_LIMIT = 262_144  # From: SNS API Reference, Publish: 256 KiB, a whole batch too
BATCH_LIMIT = 10  # From: SNS API Reference, PublishBatch
_TOPIC_NAME = re.compile(r"^[A-Za-z0-9_-]{1,256}$")
_SUBSCRIPTION_ATTRIBUTES = frozenset({"RawMessageDelivery", "RedrivePolicy", "DeliveryPolicy"})


@dataclass(slots=True)
class Subscription:
    """A queue that gets what a topic is given."""

    arn: str
    topic_arn: str
    endpoint: str
    attributes: dict[str, str] = field(default_factory=dict)

    @property
    def raw(self) -> bool:
        return self.attributes.get("RawMessageDelivery", "false").lower() == "true"


@dataclass(slots=True)
class Topic:
    """A topic; `published` counts messages taken, `undeliverable` deliveries whose queue is gone."""

    arn: str
    attributes: dict[str, str]
    subscriptions: list[Subscription] = field(default_factory=list)
    published: int = 0
    undeliverable: int = 0


class Sns:
    """All topics of one account and region. `operations` maps an operation's name to its method."""

    def __init__(self, account: str, region: str, clock: Clock, find_queue: Callable[[str], Queue | None]) -> None:
        self.account, self.region = account, region
        self.topics: dict[str, Topic] = {}
        self._clock = clock
        self._find_queue = find_queue
        self.operations: dict[str, Callable[[Json], Json]] = {
            "CreateTopic": self.create_topic,
            "DeleteTopic": self.delete_topic,
            "ListTopics": self.list_topics,
            "GetTopicAttributes": self.get_topic_attributes,
            "SetTopicAttributes": self.set_topic_attributes,
            "Subscribe": self.subscribe,
            "Unsubscribe": self.unsubscribe,
            "ListSubscriptionsByTopic": self.list_subscriptions_by_topic,
            "GetSubscriptionAttributes": self.get_subscription_attributes,
            "SetSubscriptionAttributes": self.set_subscription_attributes,
            "Publish": self.publish,
            "PublishBatch": self.publish_batch,
        }

    def create_topic(self, params: Json) -> Json:
        name = str(params["Name"])
        if not _TOPIC_NAME.match(name):
            raise _invalid("a topic name has 1 to 256 letters, digits, hyphens, underscores; no FIFO here")
        arn = f"arn:aws:sns:{self.region}:{self.account}:{name}"
        self.topics.setdefault(arn, Topic(arn, dict(params.get("Attributes", {}))))
        return {"TopicArn": arn}

    def delete_topic(self, params: Json) -> Json:
        self.topics.pop(str(params["TopicArn"]), None)
        return {}

    def list_topics(self, params: Json) -> Json:
        del params  # one page holds them all
        return {"Topics": [{"TopicArn": arn} for arn in sorted(self.topics)]}

    def get_topic_attributes(self, params: Json) -> Json:
        topic = self._topic(params)
        facts = {
            "TopicArn": topic.arn,
            "Owner": self.account,
            "SubscriptionsConfirmed": str(len(topic.subscriptions)),
            "SubscriptionsPending": "0",
            "SubscriptionsDeleted": "0",
        }
        return {"Attributes": topic.attributes | facts}

    def set_topic_attributes(self, params: Json) -> Json:
        self._topic(params).attributes[str(params["AttributeName"])] = str(params.get("AttributeValue", ""))
        return {}

    def subscribe(self, params: Json) -> Json:
        topic, endpoint = self._topic(params), str(params.get("Endpoint", ""))
        if params["Protocol"] != "sqs" or not endpoint.startswith("arn:aws:sqs:"):
            raise _invalid("only queues can subscribe here: Protocol sqs and the queue's ARN as Endpoint")
        for known in topic.subscriptions:
            if known.endpoint == endpoint:
                return {"SubscriptionArn": known.arn}
        new = Subscription(f"{topic.arn}:{uuid.uuid4()}", topic.arn, endpoint)
        for name, value in params.get("Attributes", {}).items():
            _set(new, name, value)
        topic.subscriptions.append(new)
        return {"SubscriptionArn": new.arn}

    def unsubscribe(self, params: Json) -> Json:
        gone = self._subscription(params)
        self.topics[gone.topic_arn].subscriptions.remove(gone)
        return {}

    def list_subscriptions_by_topic(self, params: Json) -> Json:
        shown = [
            {
                "SubscriptionArn": s.arn,
                "Owner": self.account,
                "Protocol": "sqs",
                "Endpoint": s.endpoint,
                "TopicArn": s.topic_arn,
            }
            for s in self._topic(params).subscriptions
        ]
        return {"Subscriptions": shown}

    def get_subscription_attributes(self, params: Json) -> Json:
        found = self._subscription(params)
        facts = {
            "SubscriptionArn": found.arn,
            "TopicArn": found.topic_arn,
            "Protocol": "sqs",
            "Endpoint": found.endpoint,
            "Owner": self.account,
            "RawMessageDelivery": str(found.raw).lower(),
        }
        return {"Attributes": found.attributes | facts}

    def set_subscription_attributes(self, params: Json) -> Json:
        _set(self._subscription(params), str(params["AttributeName"]), str(params.get("AttributeValue", "")))
        return {}

    def publish(self, params: Json) -> Json:
        topic = self._topic({"TopicArn": params.get("TopicArn") or params.get("TargetArn", "")})
        if _size(params) > SIZE_LIMIT:
            raise _invalid("Message too long")
        if "MessageStructure" in params:
            raise _invalid("MessageStructure is not modelled: queues get the message as it is")
        return {"MessageId": self._deliver(topic, params)}

    def publish_batch(self, params: Json) -> Json:
        topic, entries = self._topic(params), params["PublishBatchRequestEntries"]
        _check_batch(entries)
        return {"Successful": [{"Id": e["Id"], "MessageId": self._deliver(topic, e)} for e in entries], "Failed": []}

    # --- how ---

    def _topic(self, params: Json) -> Topic:
        topic = self.topics.get(str(params["TopicArn"]))
        if topic is None:
            raise ApiError("NotFound", "Topic does not exist", 404)
        return topic

    def _subscription(self, params: Json) -> Subscription:
        wanted = str(params["SubscriptionArn"])
        for topic in self.topics.values():
            for subscription in topic.subscriptions:
                if subscription.arn == wanted:
                    return subscription
        raise ApiError("NotFound", "Subscription does not exist", 404)

    def _deliver(self, topic: Topic, params: Json) -> str:
        message_id = str(uuid.uuid4())
        topic.published += 1
        for subscription in topic.subscriptions:
            queue = self._find_queue(subscription.endpoint)
            if queue is None:
                topic.undeliverable += 1
            elif subscription.raw:
                queue.add(str(params["Message"]), params.get("MessageAttributes"))
            else:
                queue.add(json.dumps(self._envelope(subscription, message_id, params), ensure_ascii=False, indent=2))
        return message_id

    def _envelope(self, subscription: Subscription, message_id: str, params: Json) -> Json:
        """From: SNS Developer Guide, "Parsing Amazon SNS message formats"."""
        sns = f"https://sns.{self.region}.amazonaws.com"
        envelope: Json = {
            "Type": "Notification",
            "MessageId": message_id,
            "TopicArn": subscription.topic_arn,
            "Subject": params.get("Subject"),
            "Message": params["Message"],
            "Timestamp": _stamp(self._clock.now()),
            "SignatureVersion": "1",
            "Signature": "bm90IGEgc2lnbmF0dXJl",
            "SigningCertURL": f"{sns}/SimpleNotificationService-00000000000000000000000000000000.pem",
            "UnsubscribeURL": f"{sns}/?Action=Unsubscribe&SubscriptionArn={subscription.arn}",
        }
        if envelope["Subject"] is None:
            del envelope["Subject"]
        if attributes := params.get("MessageAttributes"):
            envelope["MessageAttributes"] = {name: _attribute(value) for name, value in attributes.items()}
        return envelope


def _attribute(value: Json) -> Json:
    return {"Type": value["DataType"], "Value": value.get("StringValue", value.get("BinaryValue", ""))}


def _set(subscription: Subscription, name: str, value: str) -> None:
    if name not in _SUBSCRIPTION_ATTRIBUTES:
        raise _invalid(f"{name} is not modelled for a subscription")
    subscription.attributes[name] = value


def _check_batch(entries: list[Json]) -> None:
    if not entries:
        raise ApiError("EmptyBatchRequest", "The batch has no entries.")
    if len(entries) > BATCH_LIMIT:
        raise ApiError("TooManyEntriesInBatchRequest", f"At most {BATCH_LIMIT} entries are allowed.")
    if len({entry["Id"] for entry in entries}) != len(entries):
        raise ApiError("BatchEntryIdsNotDistinct", "Two entries have one id.")
    if sum(_size(entry) for entry in entries) > SIZE_LIMIT:
        raise ApiError("BatchRequestTooLong", "The batch is longer than 262144 bytes.")


def _size(params: Json) -> int:
    return len(str(params["Message"]).encode()) + digests.attribute_size(params.get("MessageAttributes", {}))


def _invalid(why: str) -> ApiError:
    return ApiError("InvalidParameter", f"Invalid parameter: {why}")


def _stamp(now: float) -> str:
    return datetime.fromtimestamp(now, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
