"""Requests and answers of the AWS services that speak JSON, read and written by botocore's own model.

Two protocols: rest-json (the path, the query and the body each carry members) and json 1.1 (a target header and a
body). A request becomes an operation's name and its parameters under the model's names; an answer becomes bytes under
the wire's names. Members that the model does not know are kept, so that whoever judges the parameters can refuse them.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias
from urllib.parse import parse_qsl, unquote

import orjson

from sandbox.aws.model import ServiceModel

Json: TypeAlias = dict[str, Any]
_LABEL = re.compile(r"\{(\w+)(\+?)\}")


class Unreadable(Exception):
    """The request is not one of this protocol; the text says why."""


@dataclass(frozen=True, slots=True)
class Wire:
    """A request as it arrived. `path` is still percent-encoded."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str]
    body: bytes


@dataclass(frozen=True, slots=True)
class Written:
    """An answer as it travels."""

    body: bytes
    headers: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Route:
    operation: str
    method: str
    path: re.Pattern[str]


class JsonProtocol:
    """One service's requests and answers."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._by_target = model.metadata["protocol"] == "json"
        routes = [] if self._by_target else [_route(model, name) for name in sorted(model.operations)]
        self._routes = sorted(routes, key=lambda route: route.path.groups)  # a fixed path before one with labels

    def read(self, wire: Wire) -> tuple[str, Json]:
        """The operation and its parameters. Raises Unreadable when there is no such operation or the body is no JSON."""
        if self._by_target:
            name = wire.headers.get("X-Amz-Target", "").rpartition(".")[2]
            if name not in self._model.operations:
                raise Unreadable(f"there is no operation {name!r}")
            params: Json = _renamed(self._model.operation(name).input_shape, _object(wire.body))
            return name, params
        name, labels = self._find(wire)
        return name, self._read_rest(name, labels, wire)

    def _find(self, wire: Wire) -> tuple[str, dict[str, str]]:
        for route in self._routes:
            if route.method == wire.method and (hit := route.path.fullmatch(wire.path)):
                return route.operation, {name: unquote(value) for name, value in hit.groupdict().items()}
        raise Unreadable(f"there is no operation behind {wire.method} {wire.path[:200]}")

    def _read_rest(self, name: str, labels: dict[str, str], wire: Wire) -> Json:
        shape = self._model.operation(name).input_shape
        if shape is None:
            return {}
        query = dict(parse_qsl(wire.query, keep_blank_values=True))
        params: Json = _renamed(shape, _object(wire.body))
        for member, sub in shape.members.items():
            place, wire_name = sub.serialization.get("location"), sub.serialization.get("name", member)
            if place == "uri":
                params[member] = labels[wire_name]
            elif place == "querystring" and wire_name in query:
                params[member] = _number(sub, query.pop(wire_name))
        return params | query  # what is left of the query is unknown, and will be refused as such

    def answered(self, name: str, answer: Json, request_id: str) -> Written:
        """An answer that fits the model."""
        del request_id  # travels in a header
        shape = self._model.operation(name).output_shape
        return Written(
            dumps(_written(shape, answer) if shape is not None else {}), {"Content-Type": "application/json"}
        )

    def refused(self, code: str, status: int, body: Json, request_id: str) -> Written:
        """A refusal, whose body has the members of the model's error."""
        del status, request_id
        headers = {"Content-Type": "application/json", "x-amzn-ErrorType": code}
        return Written(orjson.dumps({"__type": code, **body}), headers)

    def logged(self, name: str, params: Json) -> Json:
        """The parameters as CloudTrail has them: under the wire's names."""
        shape = self._model.operation(name).input_shape
        written: Json = _written(shape, params) if shape is not None else {}
        return written


def dumps(value: Any) -> bytes:
    """A value as JSON; a lone surrogate travels as an escape only."""
    try:
        return orjson.dumps(value)
    except TypeError:
        return json.dumps(value).encode()


def _route(model: ServiceModel, name: str) -> _Route:
    http = model.operation(name).http
    uri = str(http["requestUri"]).partition("?")[0]
    pattern = _LABEL.sub(lambda hit: f"(?P<{hit[1]}>{'.+' if hit[2] else '[^/]+'})", uri)
    return _Route(name, str(http["method"]), re.compile(pattern))


def _object(body: bytes) -> Json:
    try:
        value = orjson.loads(body or b"{}")
    except orjson.JSONDecodeError as wrong:
        raise Unreadable("the body is not JSON") from wrong
    if not isinstance(value, dict):
        raise Unreadable("the body is not an object")
    return value


def _number(shape: Any, text: str) -> Any:
    if shape.type_name == "integer" and text.lstrip("-").isdigit():
        return int(text)
    return text


def _renamed(shape: Any, value: Any) -> Any:
    """A value from the wire under the model's names; whatever does not have its shape's form is left as it is."""
    if shape.type_name == "structure" and not shape.is_document_type and isinstance(value, dict):
        names = {str(sub.serialization.get("name", m)): str(m) for m, sub in shape.members.items()}
        members = {names.get(str(key)) or str(key): item for key, item in value.items()}
        return {member: _renamed_member(shape, member, item) for member, item in members.items()}
    if shape.type_name == "list" and isinstance(value, list):
        return [_renamed(shape.member, item) for item in value]
    if shape.type_name == "map" and isinstance(value, dict):
        return {key: _renamed(shape.value, item) for key, item in value.items()}
    return value


def _renamed_member(shape: Any, member: str, item: Any) -> Any:
    return _renamed(shape.members[member], item) if member in shape.members else item


def _written(shape: Any, value: Any) -> Any:
    kind = shape.type_name
    if kind == "structure" and not shape.is_document_type:
        subs = {member: shape.members[member] for member in value}
        return {sub.serialization.get("name", m): _written(sub, value[m]) for m, sub in subs.items()}
    if kind == "list":
        return [_written(shape.member, item) for item in value]
    if kind == "map":
        return {key: _written(shape.value, item) for key, item in value.items()}
    if kind == "timestamp":
        return _TIMES[shape.serialization.get("timestampFormat", "unixTimestamp")](value)
    return value


def moment(epoch_s: float) -> datetime:
    """Epoch seconds as the aware datetime that the validator takes for a timestamp."""
    return datetime.fromtimestamp(epoch_s, UTC)


def iso(when: datetime) -> str:
    """A moment as AWS writes it in JSON, to the millisecond."""
    return when.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


_TIMES: dict[str, Callable[[datetime], Any]] = {"iso8601": iso, "unixTimestamp": datetime.timestamp}


@dataclass(frozen=True, slots=True)
class Who:
    """The identity behind a call. The last three are those of a role that was assumed."""

    arn: str = ""
    session: str = ""
    source: str = ""
    expires: float = 0.0  # epoch seconds; 0: never


@dataclass(frozen=True, slots=True)
class Caller:
    """In whose name and where a call is made: each account has its own state in each Region, whoever it is."""

    account: str
    region: str
    who: Who = field(default=Who(), compare=False)


_CREDENTIAL = re.compile(r"AWS4-HMAC-SHA256 Credential=([^/,]+)/\d{8}/([a-z0-9-]+)/([a-z0-9-]+)/aws4_request")


def scope_of(authorization: str) -> tuple[str, str, str] | None:
    """Access key id, Region and signing name of a signed request, or None. The signature itself is not verified."""
    hit = _CREDENTIAL.match(authorization)
    return (hit[1], hit[2], hit[3]) if hit else None
