"""SQS as clients see it: boto3 and aiobotocore talk to the server and do not notice."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from sandbox.aws.server import SqsSnsServer
from sandbox.slack.clock import ManualClock

Frozen = tuple[SqsSnsServer, ManualClock]
Connect = Callable[[str, SqsSnsServer], Any]


async def test_a_message_goes_round_with_boto3(server: SqsSnsServer, blocking: Callable[[str], Any]) -> None:
    def round_trip() -> dict[str, Any]:
        client = blocking("sqs")
        url = client.create_queue(QueueName="q", Attributes={"VisibilityTimeout": "7"}, tags={"a": "b"})["QueueUrl"]
        assert client.get_queue_url(QueueName="q")["QueueUrl"] == url
        assert client.list_queues(QueueNamePrefix="q")["QueueUrls"] == [url]
        attribute = {"Kind": {"DataType": "String", "StringValue": "finding"}}
        sent = client.send_message(QueueUrl=url, MessageBody="grüße", MessageAttributes=attribute)
        got = client.receive_message(QueueUrl=url, MessageAttributeNames=["All"], AttributeNames=["All"])["Messages"][0]
        client.delete_message(QueueUrl=url, ReceiptHandle=got["ReceiptHandle"])
        client.close()
        return {"sent": sent, "got": got}

    seen = await asyncio.to_thread(round_trip)
    assert seen["got"]["Body"] == "grüße"
    assert seen["got"]["MD5OfBody"] == seen["sent"]["MD5OfMessageBody"]
    assert seen["got"]["MD5OfMessageAttributes"] == seen["sent"]["MD5OfMessageAttributes"]
    assert seen["got"]["Attributes"]["ApproximateReceiveCount"] == "1"
    assert server.queue("q").depth == 0
    assert server.violations == []


async def test_a_batch_of_ten_goes_round_with_aiobotocore(server: SqsSnsServer, sqs: Any) -> None:
    url = server.create_queue("q").url
    entries = [{"Id": str(i), "MessageBody": f"m{i}"} for i in range(10)]
    assert len((await sqs.send_message_batch(QueueUrl=url, Entries=entries))["Successful"]) == 10
    got = (await sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10))["Messages"]
    assert [m["Body"] for m in got] == [f"m{i}" for i in range(10)]
    assert server.queue("q").in_flight == 10
    done = await sqs.delete_message_batch(
        QueueUrl=url, Entries=[{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(got)]
    )
    assert len(done["Successful"]) == 10
    assert server.queue("q").depth == 0
    assert server.violations == []


async def test_a_long_poll_is_woken_by_an_arrival(frozen: Frozen, connect: Connect) -> None:
    server, clock = frozen
    queue = server.create_queue("q")
    async with connect("sqs", server) as client:
        poll = asyncio.ensure_future(client.receive_message(QueueUrl=queue.url, WaitTimeSeconds=20))
        while not clock.sleepers:
            await asyncio.sleep(0)
        queue.put("hello")
        assert (await poll)["Messages"][0]["Body"] == "hello"


async def test_a_long_poll_ends_empty_after_its_time(frozen: Frozen, connect: Connect) -> None:
    server, clock = frozen
    queue = server.create_queue("q")
    async with connect("sqs", server) as client:
        poll = asyncio.ensure_future(client.receive_message(QueueUrl=queue.url, WaitTimeSeconds=20))
        while not clock.sleepers:
            await asyncio.sleep(0)
        await clock.advance(20)
        assert "Messages" not in await poll


async def test_a_message_comes_back_when_its_visibility_ends(frozen: Frozen) -> None:
    server, clock = frozen
    queue = server.create_queue("q", VisibilityTimeout="30")
    queue.put("x")
    first = queue.receive(1)[0]
    old = first.handle
    assert queue.receive(1) == []
    await clock.advance(30)
    assert queue.receive(1)[0].receives == 2
    queue.delete(old)
    assert queue.depth == 1, "an old receipt deletes nothing"


async def test_visibility_can_be_given_up_and_prolonged(server: SqsSnsServer, sqs: Any) -> None:
    queue = server.create_queue("q")
    queue.put("x")
    got = (await sqs.receive_message(QueueUrl=queue.url))["Messages"][0]
    handle = {"QueueUrl": queue.url, "ReceiptHandle": got["ReceiptHandle"]}
    await sqs.change_message_visibility(**handle, VisibilityTimeout=600)
    assert queue.in_flight == 1
    entry = {"Id": "a", "ReceiptHandle": got["ReceiptHandle"], "VisibilityTimeout": 0}
    await sqs.change_message_visibility_batch(QueueUrl=queue.url, Entries=[entry])
    assert (queue.in_flight, queue.visible) == (0, 1)
    with pytest.raises(ClientError) as refused:
        await sqs.change_message_visibility(**handle, VisibilityTimeout=1)
    assert refused.value.response["Error"]["Code"] == "AWS.SimpleQueueService.MessageNotInflight"


async def test_a_delayed_message_is_not_seen_before_its_time(frozen: Frozen) -> None:
    server, clock = frozen
    queue = server.create_queue("q", DelaySeconds="5")
    queue.put("x")
    assert (queue.receive(1), queue.delayed) == ([], 1)
    await clock.advance(5)
    assert [m.body for m in queue.receive(1)] == ["x"]


async def test_a_message_received_too_often_goes_to_the_dead_letter_queue(server: SqsSnsServer, sqs: Any) -> None:
    dead = server.create_queue("dead")
    queue = server.create_queue("q")
    policy = json.dumps({"deadLetterTargetArn": dead.arn, "maxReceiveCount": "2"})
    await sqs.set_queue_attributes(QueueUrl=queue.url, Attributes={"RedrivePolicy": policy, "VisibilityTimeout": "0"})
    queue.put("poison")
    for _ in range(2):
        assert (await sqs.receive_message(QueueUrl=queue.url))["Messages"]
    assert "Messages" not in await sqs.receive_message(QueueUrl=queue.url)
    got = (await sqs.receive_message(QueueUrl=dead.url, MessageSystemAttributeNames=["All"]))["Messages"][0]
    assert got["Body"] == "poison"
    assert got["Attributes"]["DeadLetterQueueSourceArn"] == queue.arn
    shown = await sqs.get_queue_attributes(QueueUrl=queue.url, AttributeNames=["RedrivePolicy", "QueueArn"])
    assert shown["Attributes"] == {"RedrivePolicy": policy, "QueueArn": queue.arn}


async def test_an_old_message_is_dropped(frozen: Frozen) -> None:
    server, clock = frozen
    queue = server.create_queue("q", MessageRetentionPeriod="60")
    queue.put("x")
    await clock.advance(61)
    assert queue.receive(1) == []
    assert queue.depth == 0


REFUSALS = [
    ("a queue that is not there", "receive_message", {"QueueUrl": "{url}x"}, "AWS.SimpleQueueService.NonExistentQueue"),
    ("eleven messages", "receive_message", {"QueueUrl": "{url}", "MaxNumberOfMessages": 11}, "InvalidParameterValue"),
    ("a minute's poll", "receive_message", {"QueueUrl": "{url}", "WaitTimeSeconds": 60}, "InvalidParameterValue"),
    ("a NUL", "send_message", {"QueueUrl": "{url}", "MessageBody": "\0"}, "InvalidMessageContents"),
    ("no receipt", "delete_message", {"QueueUrl": "{url}", "ReceiptHandle": "nonsense"}, "ReceiptHandleIsInvalid"),
    (
        "an empty batch",
        "delete_message_batch",
        {"QueueUrl": "{url}", "Entries": []},
        "AWS.SimpleQueueService.EmptyBatchRequest",
    ),
    (
        "one id twice",
        "send_message_batch",
        {"QueueUrl": "{url}", "Entries": [{"Id": "a", "MessageBody": "x"}, {"Id": "a", "MessageBody": "y"}]},
        "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
    ),
    ("a FIFO queue", "create_queue", {"QueueName": "q.fifo"}, "AWS.SimpleQueueService.UnsupportedOperation"),
    (
        "the same name, other attributes",
        "create_queue",
        {"QueueName": "q", "Attributes": {"VisibilityTimeout": "1"}},
        "QueueAlreadyExists",
    ),
]


@pytest.mark.parametrize(("why", "operation", "params", "code"), REFUSALS, ids=[row[0] for row in REFUSALS])
async def test_sqs_refuses(
    server: SqsSnsServer, sqs: Any, why: str, operation: str, params: dict[str, Any], code: str
) -> None:
    url = server.create_queue("q").url
    filled = {k: v.format(url=url) if k == "QueueUrl" else v for k, v in params.items()}
    with pytest.raises(ClientError) as refused:
        await getattr(sqs, operation)(**filled)
    assert refused.value.response["Error"]["Code"] == code, why


def _code(call: Callable[..., Any], **params: Any) -> str:
    with pytest.raises(ClientError) as refused:
        call(**params)
    return str(refused.value.response["Error"]["Code"])


async def test_a_mebibyte_is_the_most_for_a_message_and_for_a_batch(
    server: SqsSnsServer, blocking: Callable[[str], Any]
) -> None:
    url = server.create_queue("q").url
    mebibyte = 1_048_576

    def codes() -> list[str]:  # with boto3: aiohttp warns of such bodies
        client = blocking("sqs")
        client.send_message(QueueUrl=url, MessageBody="x" * mebibyte)
        halves = [{"Id": str(i), "MessageBody": "x" * (mebibyte // 2 + 1)} for i in range(2)]
        refused = [
            _code(client.send_message, QueueUrl=url, MessageBody="x" * (mebibyte + 1)),
            _code(client.send_message_batch, QueueUrl=url, Entries=halves),
        ]
        client.close()
        return refused

    assert await asyncio.to_thread(codes) == ["InvalidParameterValue", "AWS.SimpleQueueService.BatchRequestTooLong"]
    assert server.queue("q").depth == 1


async def test_a_missing_queue_raises_the_models_own_exception(sqs: Any) -> None:
    with pytest.raises(sqs.exceptions.QueueDoesNotExist):
        await sqs.get_queue_url(QueueName="nothing")


async def test_a_purged_and_a_deleted_queue_hold_nothing(server: SqsSnsServer, sqs: Any) -> None:
    queue = server.create_queue("q")
    queue.put("x")
    await sqs.purge_queue(QueueUrl=queue.url)
    assert queue.depth == 0
    await sqs.delete_queue(QueueUrl=queue.url)
    assert "QueueUrls" not in await sqs.list_queues()


async def test_a_poll_whose_client_left_takes_no_message(frozen: Frozen, connect: Connect) -> None:
    server, clock = frozen
    queue = server.create_queue("q")
    async with connect("sqs", server) as client:
        poll = asyncio.ensure_future(client.receive_message(QueueUrl=queue.url, WaitTimeSeconds=20))
        while not clock.sleepers:
            await asyncio.sleep(0)
        poll.cancel()
        while clock.sleepers:
            await asyncio.sleep(0)
        queue.put("x")
        assert (await client.receive_message(QueueUrl=queue.url))["Messages"][0]["Body"] == "x"


async def test_stopping_ends_a_long_poll_at_once(frozen: Frozen, connect: Connect) -> None:
    server, clock = frozen
    queue = server.create_queue("q")
    async with connect("sqs", server) as client:
        poll = asyncio.ensure_future(client.receive_message(QueueUrl=queue.url, WaitTimeSeconds=20))
        while not clock.sleepers:
            await asyncio.sleep(0)
        await server.stop()
        assert "Messages" not in await poll


async def test_a_deep_queue_is_drained_by_several_readers_without_loss(server: SqsSnsServer, sqs: Any) -> None:
    queue = server.create_queue("q")
    for number in range(1_000):
        queue.put(str(number))
    seen: list[str] = []

    async def reader() -> None:
        while got := (await sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10)).get("Messages"):
            seen.extend(m["Body"] for m in got)
            entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(got)]
            await sqs.delete_message_batch(QueueUrl=queue.url, Entries=entries)

    await asyncio.gather(*(reader() for _ in range(4)))
    assert sorted(map(int, seen)) == list(range(1_000))
    assert (queue.depth, server.violations) == (0, [])
