"""botocore's own service model as the judge of every request and every answer.

A stand-in that drifts from AWS makes tests lie. So each input is held against the operation's input shape and each
answer against its output shape: required members, types and ranges by botocore's validator, enums and unknown members
by a walk of ours, because the validator lets both pass. With `thorough` the upper bounds and the patterns of the model
are checked too, which the validator does not know either. This proves shape, not behaviour.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator


class UnknownOperation(Exception):
    """The service has no such operation in this botocore."""


class ServiceModel:
    """One service's model with its checks; `service` is botocore's name (`sqs`, `sns`)."""

    def __init__(self, service: str, *, thorough: bool = False) -> None:
        self.service = service
        self._beyond = _thorough if thorough else _beyond
        self._model = _load(service)
        self._validator = ParamValidator()
        self._operations = frozenset(self._model.operation_names)

    @property
    def metadata(self) -> dict[str, Any]:
        """What the model says of the service: protocol, signing name, target prefix."""
        return dict(self._model.metadata)

    @property
    def operations(self) -> frozenset[str]:
        """The names of all operations that this botocore knows."""
        return self._operations

    @property
    def xml_namespace(self) -> str:
        """The namespace of a query service's answers; empty for the others."""
        return str(self._model.metadata.get("xmlNamespace", ""))

    def operation(self, name: str) -> Any:
        """botocore's OperationModel; raises UnknownOperation."""
        if name not in self._operations:
            raise UnknownOperation(name)
        return self._model.operation_model(name)

    def input_fault(self, name: str, params: dict[str, Any]) -> str:
        """What is wrong with the input, or an empty text."""
        return self._fault(self.operation(name).input_shape, params)

    def output_fault(self, name: str, result: dict[str, Any]) -> str:
        """What is wrong with the answer, or an empty text."""
        return self._fault(self.operation(name).output_shape, result)

    def _fault(self, shape: Any, value: dict[str, Any]) -> str:
        if shape is None:
            return "the operation has no such shape" if value else ""
        report = self._validator.validate(value, shape)
        if report.has_errors():
            return str(report.generate_report())
        return self._beyond(shape, value, "")


def _beyond(shape: Any, value: Any, path: str) -> str:
    """What botocore's validator does not look at: members the shape lacks and words outside an enum."""
    kind = shape.type_name
    if kind == "structure" and shape.is_document_type:
        return ""  # any JSON fits a document
    if kind == "structure":
        return _beyond_structure(shape, value, path)
    if kind == "list":
        return _first(_beyond(shape.member, item, f"{path}[]") for item in value)
    if kind == "map":
        keys = (_beyond(shape.key, key, f"{path}.key") for key in value)
        return _first(keys) or _first(_beyond(shape.value, item, f"{path}.{key}") for key, item in value.items())
    if kind == "string" and shape.enum and value not in shape.enum:
        return f"{path or 'value'}: {value!r} is not one of {', '.join(shape.enum)}"
    return ""


def _beyond_structure(shape: Any, value: dict[str, Any], path: str) -> str:
    members = shape.members
    for name, item in value.items():
        if name not in members:
            return f"{path or 'input'}: unknown member {name!r}"
        if fault := _beyond(members[name], item, f"{path}.{name}"):
            return fault
    return ""


def _thorough(shape: Any, value: Any, path: str) -> str:
    """`_beyond`, and the bounds and patterns of every part."""
    return _beyond(shape, value, path) or _first(_limit_fault(*part) for part in _parts(shape, value, path))


def _parts(shape: Any, value: Any, path: str) -> Iterable[tuple[Any, Any, str]]:
    """The value and everything in it, each with its shape and its path."""
    yield shape, value, path
    if shape.type_name == "structure" and not shape.is_document_type:
        for name, item in value.items():
            yield from _parts(shape.members[name], item, f"{path}.{name}")
    elif shape.type_name == "list":
        for item in value:
            yield from _parts(shape.member, item, f"{path}[]")
    elif shape.type_name == "map":
        for key, item in value.items():
            yield from _parts(shape.value, item, f"{path}.{key}")


def _limit_fault(shape: Any, value: Any, path: str) -> str:
    kind, most = shape.type_name, shape.metadata.get("max")
    measure = len(value) if kind in {"string", "list", "map"} else value if kind in {"integer", "long", "float"} else 0
    if most is not None and measure > most:
        return f"{path}: {measure} is more than {most}"
    pattern = shape.metadata.get("pattern") if kind == "string" else None
    if pattern and not re.fullmatch(pattern, value, re.DOTALL):
        return f"{path}: {value[:60]!r} does not look like {pattern}"
    return ""


def _first(faults: Any) -> str:
    return next((fault for fault in faults if fault), "")


@cache
def _load(service: str) -> Any:
    return botocore.session.Session().get_service_model(service)
