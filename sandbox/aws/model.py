"""botocore's own service model as the judge of every request and every answer.

A stand-in that drifts from AWS makes tests lie. So each input is held against the operation's input shape and each
answer against its output shape: required members, types and ranges by botocore's validator, enums and unknown members
by a walk of ours, because the validator lets both pass. This proves shape, not behaviour; patterns (regular
expressions) are not in the model and are not checked.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import botocore.session
from botocore.validate import ParamValidator


class UnknownOperation(Exception):
    """The service has no such operation in this botocore."""


class ServiceModel:
    """One service's model with its checks; `service` is botocore's name (`sqs`, `sns`)."""

    def __init__(self, service: str) -> None:
        self.service = service
        self._model = _load(service)
        self._validator = ParamValidator()
        self._operations = frozenset(self._model.operation_names)

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
        return _beyond(shape, value, "")


def _beyond(shape: Any, value: Any, path: str) -> str:
    """What botocore's validator does not look at: members the shape lacks and words outside an enum."""
    kind = shape.type_name
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


def _first(faults: Any) -> str:
    return next((fault for fault in faults if fault), "")


@cache
def _load(service: str) -> Any:
    return botocore.session.Session().get_service_model(service)
