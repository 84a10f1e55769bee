"""Which errors an operation may answer with, and how each looks, by botocore's model.

An operation's own list comes from the model; the errors that every AWS service may give (access, throttling, its own
failure) are added from AWS's page of common errors. An error outside both is a drift of the stand-in, and is reported.
"""

from __future__ import annotations

from typing import Any

from sandbox.aws.errors import ApiError
from sandbox.aws.model import ServiceModel

# From: AWS API references, "Common Errors" (the same list at each service): code -> HTTP status.
COMMON = {
    "AccessDeniedException": 403,
    "ExpiredTokenException": 403,
    "IncompleteSignature": 403,
    "InternalFailure": 500,
    "NotAuthorized": 401,
    "OptInRequired": 403,
    "RequestExpired": 400,
    "ServiceUnavailable": 503,
    "ThrottlingException": 400,
    "UnrecognizedClientException": 403,
    "UnknownOperationException": 404,
    "ValidationError": 400,
}

# From: STS API Reference and the query protocol's errors as SDKs know them: the same, under the names of the older protocol.
QUERY_COMMON = {
    "AccessDenied": 403,
    "ExpiredToken": 403,
    "InternalFailure": 500,
    "ServiceUnavailable": 503,
    "Throttling": 400,
    "ValidationError": 400,
}

# What a fault of the server answers with: the first of these that the operation has, else the last.
_FAULTS: dict[str, tuple[tuple[str, ...], str]] = {
    "500": (
        ("InternalServerException", "InternalException", "InternalServerErrorException", "InternalFailure"),
        "The request failed inside the service.",
    ),
    "unavailable": (("ServiceUnavailable",), "The service cannot answer now."),
    "throttling": (("ThrottlingException", "LimitExceededException", "ThrottlingException"), "Too many requests."),
    "access_denied": (("AccessDeniedException",), "The caller is not authorized to perform this."),
    "expired_token": (("ExpiredTokenException",), "The security token of the request has expired."),
}
_QUERY_FAULTS = {"throttling": "Throttling", "access_denied": "AccessDenied", "expired_token": "ExpiredToken"}
ANSWERED = frozenset(_FAULTS)
_INVALID = ("ValidationException", "InvalidInputException", "BadRequestException", "InvalidLookupAttributesException")


class Refusal(ApiError):
    """A refusal whose body has more than a message: `members` are those of the model's error shape."""

    def __init__(self, code: str, message: str, **members: Any) -> None:
        super().__init__(code, message)
        self.members = members


def invalid(message: str) -> Refusal:
    """The input cannot be accepted, in Access Analyzer's words."""
    return Refusal("ValidationException", message, reason="other")


def of_fault(model: ServiceModel, operation: str, kind: str) -> ApiError:
    """The error that an armed fault answers with."""
    codes, message = _FAULTS[kind]
    if _is_query(model):
        return Refusal(_QUERY_FAULTS.get(kind, codes[-1]), message)
    own = _own(model, operation)
    return Refusal(next((code for code in codes if code in own), codes[-1]), message)


def of_input(model: ServiceModel, operation: str, fault: str) -> ApiError:
    """The operation's own error for an input that does not fit the model."""
    own = _own(model, operation)
    code = next((code for code in _INVALID if code in own), "ValidationError")
    return Refusal(code, fault, **({"reason": "fieldValidationFailed"} if model.service == "accessanalyzer" else {}))


def settled(model: ServiceModel, operation: str, error: ApiError) -> tuple[int, dict[str, Any], str]:
    """HTTP status and body of a refusal, and what is wrong with it (an empty text: nothing)."""
    shape = _own(model, operation).get(error.code)
    members = getattr(error, "members", {})
    if shape is None:
        common = QUERY_COMMON if _is_query(model) else COMMON
        fault = "" if error.code in common else f"{operation} does not answer with {error.code}"
        return common.get(error.code, error.status), {"message": error.message}, fault
    name = "Message" if "Message" in shape.members else "message"
    body = {name: error.message, **members}
    missing = [member for member in shape.required_members if member not in body]
    strange = [member for member in members if member not in shape.members]
    fault = f"{error.code} lacks {missing} or has {strange}" if missing or strange else ""
    return int(shape.metadata.get("error", {}).get("httpStatusCode", error.status)), body, fault


def _own(model: ServiceModel, operation: str) -> dict[str, Any]:
    """The operation's own errors, by the code that travels."""
    if operation not in model.operations:
        return {}
    shapes = model.operation(operation).error_shapes
    return {_code(shape) if _is_query(model) else shape.name: shape for shape in shapes}


def _code(shape: Any) -> str:
    return str(shape.metadata.get("error", {}).get("code", shape.name))


def _is_query(model: ServiceModel) -> bool:
    return bool(model.metadata["protocol"] == "query")
