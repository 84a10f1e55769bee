"""The HTTP server in front of the queues and topics: what boto3 and aiobotocore talk to.

One port on the loopback serves both services: SQS by AWS JSON 1.0 (the target header), SNS by the query protocol (a
form). Every request and every answer is held against botocore's model (`model`) unless `strict=False`; what does not
fit is refused and kept in `violations`, so that a test can say "none". Signatures of requests are not verified, only
demanded. State is in memory and dies with the server.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Awaitable
from dataclasses import dataclass
from typing import Any, TypeAlias

import orjson
from aiohttp import web

from sandbox.aws import query
from sandbox.aws.clock import Clock, SystemClock
from sandbox.aws.errors import ApiError
from sandbox.aws.faults import ANSWERS, Faults
from sandbox.aws.model import ServiceModel, UnknownOperation
from sandbox.aws.queue import LOG_LENGTH, Call, Queue
from sandbox.aws.sns import Sns
from sandbox.aws.sqs import Sqs, failed_entry

Json: TypeAlias = dict[str, Any]
_TARGET = "AmazonSQS."
_LARGEST_BODY = 16 * 1024 * 1024  # a 1 MiB message may be escaped to six times its size


@dataclass(slots=True)
class _Request:
    """A request taken apart."""

    service: str
    operation: str
    params: Json
    http: web.BaseRequest


class SqsSnsServer:
    """SQS and SNS on a loopback port. `queue(name)` and `sqs`/`sns` give in-process access; `fail` arms faults for
    any call.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        account: str = "123456789012",
        region: str = "eu-west-1",
        strict: bool = True,
        clock: Clock | None = None,
    ) -> None:
        self._host, self._port = host, port
        self._clock = clock or SystemClock()
        self.strict = strict
        self.sqs = Sqs(account, region, self._clock)
        self.sns = Sns(account, region, self._clock, self.sqs.by_arn)
        self.faults = Faults()
        self.log: deque[Call] = deque(maxlen=LOG_LENGTH)
        self.violations: list[str] = []
        self._models = {"sqs": ServiceModel("sqs"), "sns": ServiceModel("sns")}
        self._runner: web.ServerRunner | None = None

    # --- life ---

    async def start(self) -> None:
        """Listen; afterwards `url` is right."""
        server = web.Server(self._handle, access_log=None, handler_cancellation=True)
        self._runner = web.ServerRunner(server, shutdown_timeout=1.0)
        await self._runner.setup()
        site = web.TCPSite(self._runner, self._host, self._port)
        await site.start()
        self._port = int(self._runner.addresses[0][1])
        self.sqs.base_url = self.url

    async def stop(self) -> None:
        """End long polls and hanging calls, then stop listening. May be called twice."""
        self.sqs.closing = True
        self.faults.clear()
        for queue in self.sqs.queues.values():
            queue.faults.clear()
            queue.wake_all()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """The endpoint for both services."""
        return f"http://{self._host}:{self._port}"

    # --- in-process access ---

    def queue(self, name: str) -> Queue:
        """The queue of that name; raises KeyError."""
        return self.sqs.queues[name]

    def create_queue(self, name: str, **attributes: str) -> Queue:
        """Make a queue in-process (or return it)."""
        self.sqs.create_queue({"QueueName": name, "Attributes": attributes})
        return self.queue(name)

    def create_topic(self, name: str) -> str:
        """Make a topic in-process; returns its ARN."""
        return str(self.sns.create_topic({"Name": name})["TopicArn"])

    def subscribe(self, topic_arn: str, queue: Queue, *, raw: bool = True) -> str:
        """Let `queue` have what the topic is given; returns the subscription's ARN."""
        attributes = {"RawMessageDelivery": str(raw).lower()}
        params = {"TopicArn": topic_arn, "Protocol": "sqs", "Endpoint": queue.arn, "Attributes": attributes}
        return str(self.sns.subscribe(params)["SubscriptionArn"])

    def fail(self, operation: str, *, kind: str, count: int = 1) -> None:
        """See `Faults.fail`; for calls on any queue or topic."""
        self.faults.fail(operation, kind=kind, count=count)

    # --- a request ---

    async def _handle(self, http: web.BaseRequest) -> web.StreamResponse:
        service = "sqs" if "X-Amz-Target" in http.headers else "sns"
        try:
            request = await self._read(service, http)
        except ApiError as error:
            return self._refusal(service, error)
        return await self._serve(request)

    async def _serve(self, request: _Request) -> web.StreamResponse:
        queue = self._queue_of(request)
        faults = queue.faults if queue is not None and queue.faults.armed else self.faults
        fault = faults.take(request.operation)
        try:
            answer = await self._answer(request, fault, faults)
        except ApiError as error:
            self._keep(request, queue, error.code)
            return self._refusal(request.service, error)
        self._keep(request, queue, fault)
        if fault == "reset_after":
            return _reset(request.http)
        return self._success(request, answer)

    async def _answer(self, request: _Request, fault: str, faults: Faults) -> Json:
        if fault in ANSWERS[request.service]:
            raise ANSWERS[request.service][fault]
        if fault == "reset_before":
            _reset(request.http)
            raise ApiError("ConnectionReset", "The stand-in cut the connection.", 500)
        if fault == "hang":
            await faults.hang()
        if fault == "partial" and "Entries" in request.params:
            return await self._partly(request)
        return await self._run(request)

    async def _partly(self, request: _Request) -> Json:
        entries: list[Json] = request.params["Entries"]
        lost = ApiError("InternalError", "The entry was lost inside the service.", 500)
        failed = [failed_entry(entry["Id"], lost) for entry in entries[::2]]
        if not entries[1::2]:
            return {"Successful": [], "Failed": failed}
        rest = _Request(request.service, request.operation, request.params | {"Entries": entries[1::2]}, request.http)
        answer = await self._run(rest)
        return answer | {"Failed": failed + answer["Failed"]}

    async def _run(self, request: _Request) -> Json:
        operations = self.sqs.operations if request.service == "sqs" else self.sns.operations
        act = operations.get(request.operation)
        if act is None:
            raise ApiError("UnsupportedOperation", f"This stand-in does not know {request.operation}.")
        result = act(request.params)
        answer: Json = await result if isinstance(result, Awaitable) else result
        if self.strict and (fault := self._models[request.service].output_fault(request.operation, answer)):
            self.violations.append(f"answer of {request.operation}: {fault}")
            raise ApiError("InternalFailure", f"The stand-in's own answer does not fit the model: {fault}", 500)
        return answer

    async def _read(self, service: str, http: web.BaseRequest) -> _Request:
        _demand_signature(http)
        if http.content_length is not None and http.content_length > _LARGEST_BODY:
            raise ApiError("RequestEntityTooLarge", "The request is too large.", 413)
        body = await http.content.read(-1)
        try:
            operation, params = self._parse(service, http, body)
            fault = self._models[service].input_fault(operation, params) if self.strict else ""
        except UnknownOperation as wrong:
            raise ApiError("InvalidAction", f"There is no operation {wrong}.") from wrong
        except query.UnreadableForm as wrong:
            operation, params, fault = "a form", {}, str(wrong)
        if fault:
            self.violations.append(f"input of {operation}: {fault}")
            raise ApiError("ValidationException", fault)
        return _Request(service, operation, params, http)

    def _parse(self, service: str, http: web.BaseRequest, body: bytes) -> tuple[str, Json]:
        if service == "sqs":
            operation = http.headers["X-Amz-Target"].removeprefix(_TARGET)
            return operation, _json_object(body)
        fields = query.parse_form(body)
        operation = fields.pop("Action", "")
        fields.pop("Version", None)
        shape = self._models["sns"].operation(operation).input_shape
        return operation, query.read_params(shape, fields)

    def _queue_of(self, request: _Request) -> Queue | None:
        if request.service != "sqs" or "QueueUrl" not in request.params:
            return None
        return self.sqs.queues.get(str(request.params["QueueUrl"]).rpartition("/")[2])

    def _keep(self, request: _Request, queue: Queue | None, error: str) -> None:
        call = Call(request.operation, request.params, self._clock.now(), error)
        self.log.append(call)
        if queue is not None:
            queue.log.append(call)

    # --- the answer ---

    def _success(self, request: _Request, answer: Json) -> web.Response:
        request_id = str(uuid.uuid4())
        if request.service == "sqs":
            return _json_response(orjson.dumps(answer), request_id)
        model = self._models["sns"]
        text = query.write_answer(model.operation(request.operation), answer, model.xml_namespace, request_id)
        return _xml_response(text, request_id)

    def _refusal(self, service: str, error: ApiError) -> web.Response:
        request_id = str(uuid.uuid4())
        if service == "sqs":
            body = orjson.dumps({"__type": f"com.amazonaws.sqs#{error.code}", "message": error.message})
            response = _json_response(body, request_id, error.status)
            response.headers["x-amzn-query-error"] = f"{error.query_code};{error.fault}"
            return response
        namespace = self._models["sns"].xml_namespace
        text = query.write_error(error.code, error.message, error.fault, namespace, request_id)
        return _xml_response(text, request_id, error.status)


def _demand_signature(http: web.BaseRequest) -> None:
    if not http.headers.get("Authorization", "").startswith("AWS4-HMAC-SHA256 "):
        raise ApiError("MissingAuthenticationToken", "The request is not signed.", 403)


def _json_object(body: bytes) -> Json:
    try:
        value = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as wrong:
        raise ApiError("SerializationException", "The body is not JSON that SQS reads.") from wrong
    if not isinstance(value, dict):
        raise ApiError("SerializationException", "The body is not an object.")
    return value


def _json_response(body: bytes, request_id: str, status: int = 200) -> web.Response:
    headers = {"Content-Type": "application/x-amz-json-1.0", "x-amzn-RequestId": request_id}
    return web.Response(body=body, status=status, headers=headers)


def _xml_response(text: str, request_id: str, status: int = 200) -> web.Response:
    headers = {"Content-Type": "text/xml", "x-amzn-RequestId": request_id}
    return web.Response(body=text.encode(), status=status, headers=headers)


def _reset(http: web.BaseRequest) -> web.Response:
    """Cut the connection as a broken network does; the answer is for nobody."""
    transport = http.transport
    if isinstance(transport, asyncio.Transport):
        transport.abort()
    return web.Response(status=500)
