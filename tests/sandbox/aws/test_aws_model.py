"""botocore's model judges what comes in and what goes out."""

from __future__ import annotations

import http.client
from typing import Any

import pytest

from sandbox.aws import query
from sandbox.aws.model import ServiceModel, UnknownOperation
from sandbox.aws.server import SqsSnsServer

FAULTS = [
    ("an unknown member", "sqs", "SendMessage", {"QueueUrl": "u", "MessageBody": "b", "Colour": "red"}),
    ("a missing member", "sqs", "SendMessage", {"QueueUrl": "u"}),
    ("a wrong type", "sqs", "ReceiveMessage", {"QueueUrl": "u", "MaxNumberOfMessages": "ten"}),
    ("a word outside the enum", "sqs", "ReceiveMessage", {"QueueUrl": "u", "MessageSystemAttributeNames": ["Mood"]}),
    ("an enum as a map's key", "sqs", "CreateQueue", {"QueueName": "q", "Attributes": {"Mood": "good"}}),
    ("a missing topic name", "sns", "CreateTopic", {}),
]


@pytest.mark.parametrize(("why", "service", "operation", "params"), FAULTS, ids=[row[0] for row in FAULTS])
def test_the_model_refuses_an_input(why: str, service: str, operation: str, params: dict[str, Any]) -> None:
    assert ServiceModel(service).input_fault(operation, params), why


def test_the_model_refuses_an_answer_that_drifted() -> None:
    model = ServiceModel("sqs")
    assert model.output_fault("SendMessage", {"MessageID": "1"})
    assert not model.output_fault("SendMessage", {"MessageId": "1", "MD5OfMessageBody": "0"})


def test_an_operation_that_botocore_does_not_know_is_unknown() -> None:
    with pytest.raises(UnknownOperation):
        ServiceModel("sqs").operation("SingASong")


def test_every_operation_of_the_stand_in_is_in_the_model() -> None:
    server = SqsSnsServer()
    for operations, service in ((server.sqs.operations, "sqs"), (server.sns.operations, "sns")):
        for name in operations:
            ServiceModel(service).operation(name)


BAD_FORMS = [
    ("an unknown parameter", {"Message": "m", "Colour": "red"}),
    ("a value where members belong", {"Message": "m", "MessageAttributes": "x"}),
    ("members where a value belongs", {"Message.deep": "m"}),
    ("entries without numbers", {"Message": "m", "MessageAttributes.entry.one.Name": "n"}),
    ("an entry without a value", {"Message": "m", "MessageAttributes.entry.1.Name": "n"}),
]


@pytest.mark.parametrize(("why", "fields"), BAD_FORMS, ids=[row[0] for row in BAD_FORMS])
def test_a_form_that_does_not_fit_is_refused(why: str, fields: dict[str, str]) -> None:
    shape = ServiceModel("sns").operation("Publish").input_shape
    with pytest.raises(query.UnreadableForm):
        query.read_params(shape, fields)


async def _post(server: SqsSnsServer, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
    import asyncio

    def post() -> tuple[int, bytes]:
        connection = http.client.HTTPConnection("127.0.0.1", int(server.url.rpartition(":")[2]), timeout=5)
        connection.request("POST", "/", body, headers)
        answer = connection.getresponse()
        result = answer.status, answer.read()
        connection.close()
        return result

    return await asyncio.to_thread(post)


SIGNED = {"Authorization": "AWS4-HMAC-SHA256 Credential=testing"}


async def test_an_unsigned_request_is_refused(server: SqsSnsServer) -> None:
    status, body = await _post(server, b"{}", {"X-Amz-Target": "AmazonSQS.ListQueues"})
    assert (status, b"MissingAuthenticationToken" in body) == (403, True)


async def test_a_request_outside_the_model_is_refused_and_remembered(server: SqsSnsServer) -> None:
    status, body = await _post(
        server, b'{"QueueName":"q","Mood":1}', SIGNED | {"X-Amz-Target": "AmazonSQS.CreateQueue"}
    )
    assert (status, b"ValidationException" in body) == (400, True)
    assert "Mood" in server.violations[0]


@pytest.mark.parametrize("body", [b"{", b"[]", b'{"MessageBody":"\\ud800"}', b"\xff"])
async def test_a_body_that_is_no_json_object_is_refused(server: SqsSnsServer, body: bytes) -> None:
    status, answer = await _post(server, body, SIGNED | {"X-Amz-Target": "AmazonSQS.SendMessage"})
    assert (status, b"SerializationException" in answer) == (400, True)


async def test_an_unknown_operation_is_refused(server: SqsSnsServer) -> None:
    status, answer = await _post(server, b"{}", SIGNED | {"X-Amz-Target": "AmazonSQS.SingASong"})
    assert (status, b"InvalidAction" in answer) == (400, True)
    status, answer = await _post(server, b"Action=SingASong", SIGNED)
    assert (status, b"<Code>InvalidAction</Code>" in answer) == (400, True)
