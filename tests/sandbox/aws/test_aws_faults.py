"""A bad day in the cloud: each fault does what its name says, once per count, and leaves the rest alone."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from botocore.exceptions import ClientError, HTTPClientError

from sandbox.aws.server import SqsSnsServer

ANSWERED = [
    ("500", 500, "InternalFailure"),
    ("unavailable", 503, "ServiceUnavailable"),
    ("throttling", 400, "RequestThrottled"),
    ("access_denied", 403, "AccessDenied"),
    ("expired_token", 403, "ExpiredToken"),
]


@pytest.mark.parametrize(("kind", "status", "code"), ANSWERED)
async def test_a_fault_is_answered_and_used_up(
    server: SqsSnsServer, sqs: Any, kind: str, status: int, code: str
) -> None:
    queue = server.create_queue("q")
    queue.fail("ReceiveMessage", kind=kind)
    with pytest.raises(ClientError) as failed:
        await sqs.receive_message(QueueUrl=queue.url)
    assert failed.value.response["ResponseMetadata"]["HTTPStatusCode"] == status
    assert failed.value.response["Error"]["Code"] == code
    await sqs.receive_message(QueueUrl=queue.url)
    assert [(call.operation, call.error) for call in queue.log] == [("ReceiveMessage", code), ("ReceiveMessage", "")]


async def test_a_throttled_topic_answers_with_snss_own_code(server: SqsSnsServer, sns: Any) -> None:
    server.fail("Publish", kind="throttling")
    with pytest.raises(ClientError) as failed:
        await sns.publish(TopicArn=server.create_topic("t"), Message="x")
    assert failed.value.response["Error"]["Code"] == "Throttled"


async def test_a_reset_before_leaves_the_message(server: SqsSnsServer, sqs: Any) -> None:
    queue = server.create_queue("q")
    queue.fail("SendMessage", kind="reset_before")
    with pytest.raises(HTTPClientError):
        await sqs.send_message(QueueUrl=queue.url, MessageBody="x")
    assert queue.depth == 0


async def test_a_reset_after_has_done_the_work(server: SqsSnsServer, sqs: Any) -> None:
    queue = server.create_queue("q")
    queue.fail("SendMessage", kind="reset_after")
    with pytest.raises(HTTPClientError):
        await sqs.send_message(QueueUrl=queue.url, MessageBody="x")
    assert queue.bodies() == ["x"]


async def test_a_hanging_call_goes_on_when_released(server: SqsSnsServer, sqs: Any) -> None:
    queue = server.create_queue("q")
    queue.put("x")
    queue.fail("ReceiveMessage", kind="hang")
    call = asyncio.ensure_future(sqs.receive_message(QueueUrl=queue.url))
    while queue.faults.armed:
        await asyncio.sleep(0)
    assert not call.done()
    queue.faults.release()
    assert (await call)["Messages"][0]["Body"] == "x"


async def test_a_partial_failure_leaves_every_second_entry(server: SqsSnsServer, sqs: Any) -> None:
    queue = server.create_queue("q")
    for number in range(5):
        queue.put(str(number))
    got = (await sqs.receive_message(QueueUrl=queue.url, MaxNumberOfMessages=10))["Messages"]
    queue.fail("DeleteMessageBatch", kind="partial")
    entries = [{"Id": str(i), "ReceiptHandle": m["ReceiptHandle"]} for i, m in enumerate(got)]
    answer = await sqs.delete_message_batch(QueueUrl=queue.url, Entries=entries)
    assert [f["Id"] for f in answer["Failed"]] == ["0", "2", "4"]
    assert not any(f["SenderFault"] for f in answer["Failed"])
    assert queue.bodies() == ["0", "2", "4"]
    assert server.violations == []


async def test_duplicates_have_one_id_and_several_receipts(server: SqsSnsServer) -> None:
    queue = server.create_queue("q")
    queue.misbehave(duplicate=1.0)
    queue.put("x")
    first = queue.receive(1)[0]
    queue.misbehave()
    second = queue.receive(1)[0]
    assert (first.id, first.body) == (second.id, second.body)
    assert first.handle != second.handle
    queue.delete(first.handle)
    assert queue.depth == 1


async def test_a_shuffling_queue_loses_order_and_nothing_else(server: SqsSnsServer) -> None:
    queue = server.create_queue("q")
    queue.misbehave(shuffle=True)
    for number in range(50):
        queue.put(str(number))
    bodies = [m.body for _ in range(5) for m in queue.receive(10)]
    assert sorted(map(int, bodies)) == list(range(50))
    assert bodies != [str(n) for n in range(50)]


async def test_an_unknown_kind_of_fault_is_refused(server: SqsSnsServer) -> None:
    with pytest.raises(ValueError):
        server.fail("ReceiveMessage", kind="earthquake")
