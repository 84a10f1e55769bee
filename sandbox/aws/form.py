"""STS's side of the query protocol: a request becomes an operation with its parameters, an answer or a refusal becomes XML.

The same face as `rest.JsonProtocol`, so that the server does not ask which of the two it has. What a form says beyond the model is
refused.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from sandbox.aws import query
from sandbox.aws.model import ServiceModel
from sandbox.aws.rest import Unreadable, Wire, Written

Json: TypeAlias = dict[str, Any]


class QueryProtocol:
    """One service's requests and answers."""

    def __init__(self, model: ServiceModel) -> None:
        self._model = model

    def read(self, wire: Wire) -> tuple[str, Json]:
        """The operation and its parameters. Raises Unreadable when there is no such operation or the form is none of it."""
        try:
            fields = query.parse_form(wire.body)
            name = fields.pop("Action", "")
            fields.pop("Version", None)
            if name not in self._model.operations:
                raise Unreadable(f"there is no operation {name!r}")
            return name, query.read_params(self._model.operation(name).input_shape, fields)
        except query.UnreadableForm as wrong:
            raise Unreadable(str(wrong)) from wrong

    def answered(self, name: str, answer: Json, request_id: str) -> Written:
        """An answer that fits the model."""
        operation, namespace = self._model.operation(name), self._model.xml_namespace
        return Written(
            query.write_answer(operation, answer, namespace, request_id).encode(), {"Content-Type": "text/xml"}
        )

    def refused(self, code: str, status: int, body: Json, request_id: str) -> Written:
        """A refusal; of the body only the message travels."""
        message = str(body.get("message") or body.get("Message") or "")
        fault = "Receiver" if status >= 500 else "Sender"
        text = query.write_error(code, message, fault, self._model.xml_namespace, request_id)
        return Written(text.encode(), {"Content-Type": "text/xml"})

    def logged(self, name: str, params: Json) -> Json:
        """The parameters as CloudTrail has them: the first letters small."""
        del name
        return {key[:1].lower() + key[1:]: value for key, value in params.items()}
