"""One loopback port for the services that know findings, Access Analyzer, Security Hub, GuardDuty and CloudTrail, and for STS.

Each call is read by botocore's model, held against it on the way in and on the way out, kept in `log`, and may meet an
armed fault; a change becomes an event of CloudTrail's. The signature is not verified, but its credential scope says
which service, Region and account are meant. What does not fit the model, and an error that the operation does not have,
is refused and kept in `violations`.
"""

from __future__ import annotations

import asyncio
import uuid
from collections import deque
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, TypeAlias

import orjson
from aiohttp import web

from sandbox.aws.analyzer import AccessAnalyzer
from sandbox.aws.clock import Clock, SystemClock
from sandbox.aws.errors import ApiError
from sandbox.aws.faults import Faults
from sandbox.aws.form import QueryProtocol
from sandbox.aws.guard import GuardDuty
from sandbox.aws.hub import SecurityHub
from sandbox.aws.model import ServiceModel
from sandbox.aws.queue import LOG_LENGTH
from sandbox.aws.refusals import ANSWERED, Refusal, of_fault, of_input, settled
from sandbox.aws.rest import Caller, JsonProtocol, Unreadable, Who, Wire, Written, scope_of
from sandbox.aws.sts import Sts
from sandbox.aws.trail import CloudTrail

Json: TypeAlias = dict[str, Any]
KINDS = ANSWERED | {"hang", "reset_before", "reset_after"}
_STOP_LIMIT_S = 1.0


@dataclass(frozen=True, slots=True)
class ApiCall:
    """One call as it was served. `outcome` is empty when all went well, else an error's code or a fault's kind."""

    service: str
    operation: str
    params: Json
    outcome: str
    caller: Caller
    at: float
    request_id: str

    @property
    def who(self) -> Who:
        """The identity that made the call, with the session and the source identity of an assumed role."""
        return self.caller.who


@dataclass
class _Service:
    """A service's name for botocore, and what it does. Its model is read when it is first needed."""

    name: str
    operations: Mapping[str, Callable[[Caller, Json], Json]]
    answers: dict[tuple[Caller, str, str], tuple[Json, Json]] = field(default_factory=dict)  # by client token

    @cached_property
    def model(self) -> ServiceModel:
        return ServiceModel(self.name, thorough=True)

    @cached_property
    def protocol(self) -> JsonProtocol | QueryProtocol:
        return (QueryProtocol if self.model.metadata["protocol"] == "query" else JsonProtocol)(self.model)


@dataclass(slots=True)
class _Asked:
    """A request taken apart."""

    service: _Service
    caller: Caller
    operation: str
    params: Json
    http: web.BaseRequest
    request_id: str


class ApiServer:
    """The five services. `analyzer`, `hub`, `guard`, `trail` and `sts` are their state, for tests to seed and to read.

    Args:
        account: whose calls these are, unless `accounts` knows the access key.
        strict: hold answers to the model too.
    """

    def __init__(
        self, host: str = "127.0.0.1", port: int = 0, *, account: str, strict: bool = True, clock: Clock | None = None
    ) -> None:
        self._host, self._port, self._strict, self._account = host, port, strict, account
        self._clock = clock or SystemClock()
        self.accounts: dict[str, str] = {}  # access key id -> account
        self.analyzer, self.hub = AccessAnalyzer(self._clock), SecurityHub(self._clock, account)
        self.guard, self.trail = GuardDuty(self._clock), CloudTrail(self._clock)
        self.sts = Sts(self._clock, self.accounts)
        self.faults = Faults()
        self.log: deque[ApiCall] = deque(maxlen=LOG_LENGTH)
        self.violations: list[str] = []
        self._services = {  # by signing name
            "access-analyzer": _Service("accessanalyzer", self.analyzer.operations),
            "securityhub": _Service("securityhub", self.hub.operations),
            "guardduty": _Service("guardduty", self.guard.operations),
            "cloudtrail": _Service("cloudtrail", self.trail.operations),
            "sts": _Service("sts", self.sts.operations),
        }
        self._runner: web.ServerRunner | None = None

    # --- life ---

    async def start(self) -> None:
        """Listen; afterwards `url` is right."""
        server = web.Server(self._handle, access_log=None, handler_cancellation=True)
        self._runner = web.ServerRunner(server, shutdown_timeout=_STOP_LIMIT_S)
        await self._runner.setup()
        await web.TCPSite(self._runner, self._host, self._port).start()
        self._port = int(self._runner.addresses[0][1])

    async def stop(self) -> None:
        """Let hanging calls go, then stop listening. May be called twice."""
        self.faults.clear()
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    @property
    def url(self) -> str:
        """The endpoint for all five services."""
        return f"http://{self._host}:{self._port}"

    def environment(self) -> dict[str, str]:
        """The variables that lead an AWS SDK here."""
        names = ("ACCESSANALYZER", "SECURITYHUB", "GUARDDUTY", "CLOUDTRAIL", "STS")
        return {f"AWS_ENDPOINT_URL_{name}": self.url for name in names}

    # --- in-process access ---

    def fail(self, operation: str, *, kind: str, count: int = 1) -> None:
        """Make the next `count` calls of an operation fail as `kind` of KINDS says.

        `operation` is a name, `service.name` where two services share it, or `*`. Raises ValueError on an unknown kind.
        """
        if kind not in KINDS:
            raise ValueError(f"no fault of kind {kind!r}; there are {', '.join(sorted(KINDS))}")
        self.faults.fail(operation, kind=kind, count=count)

    def calls(self, *operations: str) -> list[ApiCall]:
        """The calls of these operations (all without any), oldest first."""
        return [call for call in self.log if not operations or call.operation in operations]

    def learn(self, event: Mapping[str, Any]) -> None:
        """Take over what an EventBridge event says, so that its finding can be hidden; any other thing is left alone."""
        detail, region, account = event.get("detail"), event.get("region"), event.get("account")
        if not isinstance(detail, Mapping) or not isinstance(region, str) or not isinstance(account, str):
            return
        source, resources = event.get("source"), event.get("resources")
        if source == "aws.access-analyzer" and isinstance(resources, list) and resources:
            self.analyzer.learn(str(resources[0]), detail)
        elif source == "aws.securityhub" and isinstance(detail.get("findings"), list):
            self.hub.learn(region, detail["findings"])
        elif source == "aws.guardduty" and event.get("detail-type") == "GuardDuty Finding":
            self.guard.learn(account, region, detail)

    # --- a call ---

    async def _handle(self, http: web.BaseRequest) -> web.StreamResponse:
        request_id = str(uuid.uuid4())
        scope = scope_of(http.headers.get("Authorization", ""))
        service = self._services.get(scope[2]) if scope else None
        if scope is None or service is None:
            return _response(
                403, {"message": "not signed for a service that is here"}, "IncompleteSignature", request_id
            )
        account = self.accounts.get(scope[0], self._account)
        caller = Caller(account, scope[1], self.sts.who(scope[0], account))
        body = await http.content.read(-1)
        wire = Wire(http.method, http.rel_url.raw_path, http.rel_url.raw_query_string, http.headers, body)
        try:
            operation, params = service.protocol.read(wire)
        except Unreadable as wrong:
            self.violations.append(f"{service.name}: {wrong}")
            return _response(404, {"message": str(wrong)}, "UnknownOperationException", request_id)
        return await self._serve(_Asked(service, caller, operation, params, http, request_id))

    async def _serve(self, asked: _Asked) -> web.StreamResponse:
        fault = self.faults.take(f"{asked.service.name}.{asked.operation}") or self.faults.take(asked.operation)
        try:
            answer = await self._answer(asked, fault)
        except ApiError as error:
            return self._refused(asked, error)
        self._keep(asked, fault)
        self._record(asked, answer)
        if fault == "reset_after":
            return _reset(asked.http)
        written = asked.service.protocol.answered(asked.operation, answer, asked.request_id)
        return _sent(written, 200, asked.request_id)

    async def _answer(self, asked: _Asked, fault: str) -> Json:
        model = asked.service.model
        if fault in ANSWERED:
            raise of_fault(model, asked.operation, fault)
        if fault == "reset_before":
            _reset(asked.http)
            raise ApiError("InternalFailure", "The stand-in cut the connection.", 500)
        if fault == "hang":
            await self.faults.hang()
        if self.sts.ended(asked.caller.who):
            raise of_fault(model, asked.operation, "expired_token")
        if wrong := model.input_fault(asked.operation, asked.params):
            self.violations.append(f"input of {asked.operation}: {wrong}")
            raise of_input(model, asked.operation, wrong)
        answer = self._once(asked)
        if self._strict and (wrong := model.output_fault(asked.operation, answer)):
            self.violations.append(f"answer of {asked.operation}: {wrong}")
            raise ApiError("InternalFailure", f"The stand-in's own answer does not fit the model: {wrong}", 500)
        return answer

    def _once(self, asked: _Asked) -> Json:
        """Act, unless the client token says that this was done: then the same answer again."""
        act = asked.service.operations.get(asked.operation)
        if act is None:
            self.violations.append(f"{asked.operation} is not one of this stand-in's operations")
            raise ApiError("InternalFailure", f"This stand-in does not do {asked.operation}.", 500)
        token = str(asked.params.get("clientToken", ""))
        key = (asked.caller, asked.operation, token)
        if token and key in asked.service.answers:
            params, answer = asked.service.answers[key]
            if params != asked.params:  # our reading of idempotency: AWS does not publish this error
                raise Refusal("ValidationException", "The client token was used for another request.", reason="other")
            return answer
        answer = act(asked.caller, asked.params)
        if token:
            asked.service.answers[key] = (asked.params, answer)
        return answer

    def _refused(self, asked: _Asked, error: ApiError) -> web.Response:
        self._keep(asked, error.code)
        status, body, wrong = settled(asked.service.model, asked.operation, error)
        if wrong:
            self.violations.append(wrong)
        return _sent(
            asked.service.protocol.refused(error.code, status, body, asked.request_id), status, asked.request_id
        )

    def _record(self, asked: _Asked, answer: Json) -> None:
        """Tell CloudTrail of what was done; what was refused it does not hear of."""
        if not self.trail.takes(asked.operation):
            return
        source = f"{asked.service.model.metadata['endpointPrefix']}.amazonaws.com"
        said = asked.service.protocol.logged(asked.operation, asked.params)
        detail = {"requestParameters": said or None, "requestID": asked.request_id}
        detail["responseElements"] = _harmless(answer) or None
        self.trail.record(asked.caller, source, asked.operation, detail)

    def _keep(self, asked: _Asked, outcome: str) -> None:
        name, now = asked.service.name, self._clock.now()
        self.log.append(ApiCall(name, asked.operation, asked.params, outcome, asked.caller, now, asked.request_id))


def _harmless(answer: Json) -> Json:
    """An answer without the secrets that CloudTrail does not keep either."""
    return {key: value for key, value in answer.items() if key != "Credentials"}


def _sent(written: Written, status: int, request_id: str) -> web.Response:
    return web.Response(body=written.body, status=status, headers={**written.headers, "x-amzn-RequestId": request_id})


def _response(status: int, body: Json, code: str, request_id: str) -> web.Response:
    headers = {"Content-Type": "application/json", "x-amzn-RequestId": request_id, "x-amzn-ErrorType": code}
    return web.Response(body=orjson.dumps({"__type": code, **body}), status=status, headers=headers)


def _reset(http: web.BaseRequest) -> web.Response:
    """Cut the connection as a broken network does; the answer is for nobody."""
    transport = http.transport
    if isinstance(transport, asyncio.Transport):
        transport.abort()
    return web.Response(status=500)
