"""SNS as clients see it, and what a subscribed queue gets."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws import digests
from sandbox.aws.server import SqsSnsServer

ATTRIBUTES = {
    "Text": {"DataType": "String", "StringValue": "x"},
    "Bytes": {"DataType": "Binary", "BinaryValue": b"\0\1"},
}


async def test_the_envelope_goes_to_the_queue_with_boto3(server: SqsSnsServer, blocking: Callable[[str], Any]) -> None:
    queue = server.create_queue("q")

    def publish() -> dict[str, Any]:
        client = blocking("sns")
        topic = client.create_topic(Name="t")["TopicArn"]
        client.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, ReturnSubscriptionArn=True)
        answer: dict[str, Any] = client.publish(
            TopicArn=topic, Message="<&>é", Subject="s", MessageAttributes=ATTRIBUTES
        )
        client.close()
        return answer | {"TopicArn": topic}

    sent = await asyncio.to_thread(publish)
    envelope = json.loads(queue.bodies()[0])
    assert {"Timestamp", "SignatureVersion", "Signature", "SigningCertURL", "UnsubscribeURL"} < set(envelope)
    assert (envelope["Type"], envelope["Message"], envelope["Subject"]) == ("Notification", "<&>é", "s")
    assert (envelope["MessageId"], envelope["TopicArn"]) == (sent["MessageId"], sent["TopicArn"])
    assert envelope["MessageAttributes"]["Bytes"] == {"Type": "Binary", "Value": "AAE="}
    assert server.violations == []


async def test_raw_delivery_is_the_message_itself_with_its_attributes(server: SqsSnsServer, sqs: Any, sns: Any) -> None:
    queue, topic = server.create_queue("q"), server.create_topic("t")
    subscription = await sns.subscribe(
        TopicArn=topic, Protocol="sqs", Endpoint=queue.arn, Attributes={"RawMessageDelivery": "true"}
    )
    await sns.publish(TopicArn=topic, Message='{"a":1}', MessageAttributes=ATTRIBUTES)
    got = (await sqs.receive_message(QueueUrl=queue.url, MessageAttributeNames=["All"]))["Messages"][0]
    assert got["Body"] == '{"a":1}'
    assert got["MessageAttributes"]["Bytes"]["BinaryValue"] == b"\0\1"
    await sns.set_subscription_attributes(
        SubscriptionArn=subscription["SubscriptionArn"], AttributeName="RawMessageDelivery", AttributeValue="false"
    )
    await sns.publish(TopicArn=topic, Message="x")
    assert json.loads(queue.bodies()[-1])["Message"] == "x"
    assert server.violations == []


async def test_a_batch_reaches_every_subscribed_queue(server: SqsSnsServer, sns: Any) -> None:
    topic = (await sns.create_topic(Name="t"))["TopicArn"]
    queues = [server.create_queue(name) for name in ("a", "b")]
    for queue in queues:
        server.subscribe(topic, queue)
    entries = [{"Id": str(i), "Message": str(i), "MessageAttributes": ATTRIBUTES} for i in range(10)]
    answer = await sns.publish_batch(TopicArn=topic, PublishBatchRequestEntries=entries)
    assert len(answer["Successful"]) == 10
    assert [queue.bodies() for queue in queues] == [[str(i) for i in range(10)]] * 2


async def test_topics_and_subscriptions_are_listed(server: SqsSnsServer, sns: Any) -> None:
    topic, queue = server.create_topic("t"), server.create_queue("q")
    server.subscribe(topic, queue)
    assert (await sns.list_topics())["Topics"] == [{"TopicArn": topic}]
    listed = (await sns.list_subscriptions_by_topic(TopicArn=topic))["Subscriptions"]
    assert [s["Endpoint"] for s in listed] == [queue.arn]
    assert (await sns.get_topic_attributes(TopicArn=topic))["Attributes"]["SubscriptionsConfirmed"] == "1"
    await sns.unsubscribe(SubscriptionArn=listed[0]["SubscriptionArn"])
    assert (await sns.list_subscriptions_by_topic(TopicArn=topic))["Subscriptions"] == []


REFUSALS = [
    ("over 256 KiB", "publish", {"TopicArn": "{topic}", "Message": "x" * 262_145}, "InvalidParameter"),
    ("a message for each protocol", "publish", {"TopicArn": "{topic}", "Message": "{{}}", "MessageStructure": "json"}, "InvalidParameter"),
    ("no such topic", "publish", {"TopicArn": "{topic}x", "Message": "x"}, "NotFound"),
    ("an e-mail address", "subscribe", {"TopicArn": "{topic}", "Protocol": "email", "Endpoint": "a@example.com"}, "InvalidParameter"),
    (
        "a filter policy",
        "subscribe",
        {
            "TopicArn": "{topic}",
            "Protocol": "sqs",
            "Endpoint": "arn:aws:sqs:eu-west-1:123456789012:q",
            "Attributes": {"FilterPolicy": "{}"},
        },
        "InvalidParameter",
    ),
    ("an empty batch", "publish_batch", {"TopicArn": "{topic}", "PublishBatchRequestEntries": []}, "EmptyBatchRequest"),
]  # fmt: skip


@pytest.mark.parametrize(("why", "operation", "params", "code"), REFUSALS, ids=[row[0] for row in REFUSALS])
async def test_sns_refuses(
    server: SqsSnsServer, sns: Any, why: str, operation: str, params: dict[str, Any], code: str
) -> None:
    topic = server.create_topic("t")
    filled = {k: v.format(topic=topic) if k == "TopicArn" else v for k, v in params.items()}
    with pytest.raises(ClientError) as refused:
        await getattr(sns, operation)(**filled)
    assert refused.value.response["Error"]["Code"] == code, why


async def test_a_delivery_to_a_lost_queue_is_counted(server: SqsSnsServer, sns: Any, sqs: Any) -> None:
    topic, queue = server.create_topic("t"), server.create_queue("q")
    server.subscribe(topic, queue)
    await sqs.delete_queue(QueueUrl=queue.url)
    await sns.publish(TopicArn=topic, Message="x")
    assert server.sns.topics[topic].undeliverable == 1


def test_the_attribute_digest_counts_name_type_and_value() -> None:
    one = {"a": {"DataType": "String", "StringValue": "x"}}
    # From: the rule in the SQS Developer Guide, worked out apart from our code
    assert digests.of_attributes(one) == "a512aac9938034acb0b3c3d965944bf1"
    assert digests.of_attributes({}) == ""
