"""SQS's operations over the queues: limits, batches, attributes, long polls.

Each operation takes the request's JSON and returns the answer's, or raises `ApiError`. What the wire looks like is in
`server`; how a queue keeps its messages is in `queue`. FIFO queues, permissions, tags of queues by API and
message-move tasks are refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Awaitable, Callable
from typing import Any, TypeAlias

from sandbox.aws import digests
from sandbox.aws.clock import Clock
from sandbox.aws.errors import ApiError, bad_value, no_such_queue
from sandbox.aws.queue import Message, Queue

Json: TypeAlias = dict[str, Any]
Operation: TypeAlias = Callable[[Json], "Json | Awaitable[Json]"]

BATCH_LIMIT = 10  # From: SQS API Reference, SendMessageBatch
SIZE_LIMIT = 1_048_576  # From: SQS Developer Guide, "Amazon SQS message quotas": 1 MiB, a whole batch too
WAIT_LIMIT_S = 20  # From: SQS API Reference, ReceiveMessage, WaitTimeSeconds
_NAME = re.compile(r"^[A-Za-z0-9_-]{1,80}$")
_BATCH_ID = re.compile(r"^[A-Za-z0-9_-]{1,80}$")
_ILLEGAL = re.compile(
    "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"
)  # From: SQS API Reference, SendMessage

# From: SQS API Reference, SetQueueAttributes: name -> (field of Settings, least, most)
_NUMBERS = {
    "VisibilityTimeout": ("visibility", 0, 43_200),
    "DelaySeconds": ("delay", 0, 900),
    "ReceiveMessageWaitTimeSeconds": ("wait", 0, 20),
    "MessageRetentionPeriod": ("retention", 60, 1_209_600),
    "MaximumMessageSize": ("max_size", 1_024, SIZE_LIMIT),
}
_KEPT = {"Policy", "RedriveAllowPolicy", "KmsMasterKeyId", "KmsDataKeyReusePeriodSeconds", "SqsManagedSseEnabled"}


class Sqs:
    """All queues of one account and region. `operations` maps an operation's name to its method."""

    def __init__(self, account: str, region: str, clock: Clock) -> None:
        self.account, self.region = account, region
        self.base_url = ""
        self.queues: dict[str, Queue] = {}
        self.closing = False
        self._clock = clock
        self.operations: dict[str, Operation] = {
            "CreateQueue": self.create_queue,
            "GetQueueUrl": self.get_queue_url,
            "GetQueueAttributes": self.get_queue_attributes,
            "SetQueueAttributes": self.set_queue_attributes,
            "ListQueues": self.list_queues,
            "DeleteQueue": self.delete_queue,
            "PurgeQueue": self.purge_queue,
            "SendMessage": self.send_message,
            "SendMessageBatch": self.send_message_batch,
            "ReceiveMessage": self.receive_message,
            "DeleteMessage": self.delete_message,
            "DeleteMessageBatch": self.delete_message_batch,
            "ChangeMessageVisibility": self.change_message_visibility,
            "ChangeMessageVisibilityBatch": self.change_message_visibility_batch,
        }

    # --- finding queues ---

    def queue_of(self, params: Json) -> Queue:
        """The queue that `QueueUrl` names; host and port do not matter. Raises QueueDoesNotExist."""
        account, _, name = str(params["QueueUrl"]).rstrip("/").rpartition("/")
        queue = self.queues.get(name)
        if queue is None or not account.endswith(self.account):
            raise no_such_queue()
        return queue

    def by_arn(self, arn: str) -> Queue | None:
        """The queue of an ARN, or None."""
        return next((queue for queue in self.queues.values() if queue.arn == arn), None)

    # --- queues ---

    def create_queue(self, params: Json) -> Json:
        name, wanted = str(params["QueueName"]), dict(params.get("Attributes", {}))
        if name.endswith(".fifo") or wanted.get("FifoQueue") == "true":
            raise ApiError("UnsupportedOperation", "This stand-in has standard queues only.")
        if not _NAME.match(name):
            raise bad_value("a queue name has 1 to 80 letters, digits, hyphens or underscores")
        existing = self.queues.get(name)
        if existing is not None:
            shown = self._attributes(existing)
            if any(shown.get(key) != value for key, value in wanted.items()):
                raise ApiError("QueueNameExists", "A queue of this name has other attributes.")
            return {"QueueUrl": existing.url}
        arn = f"arn:aws:sqs:{self.region}:{self.account}:{name}"
        queue = Queue(name, f"{self.base_url}/{self.account}/{name}", arn, self._clock, self.by_arn)
        self._apply(queue, wanted)
        queue.tags = dict(params.get("tags", {}))
        self.queues[name] = queue
        return {"QueueUrl": queue.url}

    def get_queue_url(self, params: Json) -> Json:
        queue = self.queues.get(str(params["QueueName"]))
        if queue is None or params.get("QueueOwnerAWSAccountId", self.account) != self.account:
            raise no_such_queue()
        return {"QueueUrl": queue.url}

    def list_queues(self, params: Json) -> Json:
        prefix = str(params.get("QueueNamePrefix", ""))
        urls = [queue.url for name, queue in sorted(self.queues.items()) if name.startswith(prefix)]
        return {"QueueUrls": urls} if urls else {}

    def delete_queue(self, params: Json) -> Json:
        queue = self.queue_of(params)
        del self.queues[queue.name]
        queue.purge()
        queue.wake_all()
        return {}

    def purge_queue(self, params: Json) -> Json:
        self.queue_of(params).purge()
        return {}

    def get_queue_attributes(self, params: Json) -> Json:
        names = set(params.get("AttributeNames", ()))
        shown = self._attributes(self.queue_of(params))
        picked = shown if "All" in names else {key: value for key, value in shown.items() if key in names}
        return {"Attributes": picked} if picked else {}

    def set_queue_attributes(self, params: Json) -> Json:
        queue = self.queue_of(params)
        self._apply(queue, params["Attributes"])
        queue.changed = self._clock.now()
        return {}

    def _apply(self, queue: Queue, wanted: Json) -> None:
        for name, value in wanted.items():
            if name in _NUMBERS:
                field, least, most = _NUMBERS[name]
                setattr(queue.settings, field, _number(name, value, least, most))
            elif name == "RedrivePolicy":
                self._redrive(queue, str(value))
            elif name in _KEPT:
                queue.attributes[name] = str(value)
            else:
                raise ApiError("InvalidAttributeName", f"{name} cannot be set.")

    @staticmethod
    def _redrive(queue: Queue, text: str) -> None:
        queue.attributes.pop("RedrivePolicy", None)
        queue.settings.max_receives, queue.settings.dlq_arn = 0, ""
        if not text:
            return
        try:
            policy = json.loads(text)
            limit, target = int(policy["maxReceiveCount"]), str(policy["deadLetterTargetArn"])
        except (ValueError, KeyError, TypeError) as wrong:
            raise ApiError("InvalidAttributeValue", "RedrivePolicy has no target or no count.") from wrong
        queue.settings.max_receives = _number("maxReceiveCount", limit, 1, 1_000)
        queue.settings.dlq_arn = target
        queue.attributes["RedrivePolicy"] = text

    @staticmethod
    def _attributes(queue: Queue) -> dict[str, str]:
        numbers = {name: str(getattr(queue.settings, field)) for name, (field, _, _) in _NUMBERS.items()}
        return numbers | {
            "QueueArn": queue.arn,
            "CreatedTimestamp": str(int(queue.created)),
            "LastModifiedTimestamp": str(int(queue.changed)),
            "ApproximateNumberOfMessages": str(queue.visible),
            "ApproximateNumberOfMessagesNotVisible": str(queue.in_flight),
            "ApproximateNumberOfMessagesDelayed": str(queue.delayed),
            **queue.attributes,
        }

    # --- messages ---

    def send_message(self, params: Json) -> Json:
        queue = self.queue_of(params)
        _check_size(_size(params), queue.settings.max_size)
        return self._send(queue, params)

    def send_message_batch(self, params: Json) -> Json:
        queue = self.queue_of(params)
        if sum(_size(entry) for entry in params["Entries"]) > SIZE_LIMIT:
            raise ApiError("BatchRequestTooLong", "The batch is longer than 1048576 bytes.")
        return self._batch(params, lambda entry: self._send_checked(queue, entry))

    def _send_checked(self, queue: Queue, entry: Json) -> Json:
        _check_size(_size(entry), queue.settings.max_size)
        return self._send(queue, entry)

    @staticmethod
    def _send(queue: Queue, params: Json) -> Json:
        body = str(params["MessageBody"])
        if not body:
            raise ApiError("MissingParameter", "The body is empty.")
        if _ILLEGAL.search(body):
            raise ApiError("InvalidMessageContents", "The body has characters that SQS does not take.")
        delay = params.get("DelaySeconds")
        if delay is not None:
            _number("DelaySeconds", delay, 0, 900)
        system = {name: str(value["StringValue"]) for name, value in params.get("MessageSystemAttributes", {}).items()}
        message = queue.add(body, params.get("MessageAttributes"), system, delay)
        answer = {"MessageId": message.id, "MD5OfMessageBody": message.md5}
        if message.attributes_md5:
            answer["MD5OfMessageAttributes"] = message.attributes_md5
        if system:
            answer["MD5OfMessageSystemAttributes"] = digests.of_attributes(params["MessageSystemAttributes"])
        return answer

    async def receive_message(self, params: Json) -> Json:
        queue = self.queue_of(params)
        limit = _number("MaxNumberOfMessages", params.get("MaxNumberOfMessages", 1), 1, BATCH_LIMIT)
        wait = _number("WaitTimeSeconds", params.get("WaitTimeSeconds", queue.settings.wait), 0, WAIT_LIMIT_S)
        visibility = _number("VisibilityTimeout", params.get("VisibilityTimeout", queue.settings.visibility), 0, 43_200)
        deadline = self._clock.monotonic() + wait
        while True:
            got = queue.receive(limit, visibility)
            left = deadline - self._clock.monotonic()
            if got or left <= 0 or self.closing:
                break
            await queue.arrival(left)
        return {"Messages": [self._shown(message, params) for message in got]} if got else {}

    def _shown(self, message: Message, params: Json) -> Json:
        shown: Json = {
            "MessageId": message.id,
            "ReceiptHandle": message.handle,
            "MD5OfBody": message.md5,
            "Body": message.body,
        }
        asked = {*params.get("AttributeNames", ()), *params.get("MessageSystemAttributeNames", ())}
        if asked:
            facts = self._facts(message)
            shown["Attributes"] = facts if "All" in asked else {k: v for k, v in facts.items() if k in asked}
        picked = _picked(message.attributes, params.get("MessageAttributeNames", ()))
        if picked:
            shown["MessageAttributes"] = picked
            shown["MD5OfMessageAttributes"] = digests.of_attributes(picked)
        return shown

    def _facts(self, message: Message) -> dict[str, str]:
        facts = {
            "SenderId": self.account,
            "SentTimestamp": str(int(message.sent * 1000)),
            "ApproximateReceiveCount": str(message.receives),
            "ApproximateFirstReceiveTimestamp": str(int(message.first_received * 1000)),
            **message.system,
        }
        return facts | ({"DeadLetterQueueSourceArn": message.dlq_source} if message.dlq_source else {})

    def delete_message(self, params: Json) -> Json:
        self.queue_of(params).delete(str(params["ReceiptHandle"]))
        return {}

    def delete_message_batch(self, params: Json) -> Json:
        queue = self.queue_of(params)
        return self._batch(params, lambda entry: queue.delete(str(entry["ReceiptHandle"])))

    def change_message_visibility(self, params: Json) -> Json:
        self._change(self.queue_of(params), params)
        return {}

    def change_message_visibility_batch(self, params: Json) -> Json:
        queue = self.queue_of(params)
        return self._batch(params, lambda entry: self._change(queue, entry))

    @staticmethod
    def _change(queue: Queue, entry: Json) -> None:
        seconds = _number("VisibilityTimeout", entry.get("VisibilityTimeout", 0), 0, 43_200)
        queue.change_visibility(str(entry["ReceiptHandle"]), seconds)

    @staticmethod
    def _batch(params: Json, act: Callable[[Json], Json | None]) -> Json:
        """Act on each entry; an entry's refusal is its own and goes under Failed."""
        done: list[Json] = []
        failed: list[Json] = []
        for entry in _entries(params):
            try:
                done.append({"Id": entry["Id"], **(act(entry) or {})})
            except ApiError as error:
                failed.append(failed_entry(entry["Id"], error))
        return {"Successful": done, "Failed": failed}


def failed_entry(entry_id: str, error: ApiError) -> Json:
    """How a batch reports one entry's refusal."""
    return {"Id": entry_id, "Code": error.code, "Message": error.message, "SenderFault": error.status < 500}


def _entries(params: Json) -> list[Json]:
    entries: list[Json] = params["Entries"]
    if not entries:
        raise ApiError("EmptyBatchRequest", "The batch has no entries.")
    if len(entries) > BATCH_LIMIT:
        raise ApiError("TooManyEntriesInBatchRequest", f"At most {BATCH_LIMIT} entries, not {len(entries)}.")
    ids = [str(entry["Id"]) for entry in entries]
    if len(set(ids)) != len(ids):
        raise ApiError("BatchEntryIdsNotDistinct", "Two entries have one id.")
    if not all(_BATCH_ID.match(entry_id) for entry_id in ids):
        raise ApiError("InvalidBatchEntryId", "An entry id has 1 to 80 letters, digits, hyphens or underscores.")
    return entries


def _picked(attributes: dict[str, Json], names: list[str]) -> dict[str, Json]:
    if not attributes or not names:
        return {}
    if "All" in names or ".*" in names:
        return attributes
    prefixes = tuple(name[:-2] for name in names if name.endswith(".*"))
    return {k: v for k, v in attributes.items() if k in names or (prefixes and k.startswith(prefixes))}


def _size(params: Json) -> int:
    return len(str(params["MessageBody"]).encode()) + digests.attribute_size(params.get("MessageAttributes", {}))


def _check_size(size: int, most: int) -> None:
    if size > most:
        raise bad_value(f"a message must be shorter than {most} bytes, this one has {size}")


def _number(name: str, value: Any, least: int, most: int) -> int:
    try:
        number = int(value)
    except (TypeError, ValueError) as wrong:
        raise ApiError("InvalidAttributeValue", f"{name} is not a number.") from wrong
    if not least <= number <= most:
        raise bad_value(f"{name} must be from {least} to {most}, not {number}")
    return number
