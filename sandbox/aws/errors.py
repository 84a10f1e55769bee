"""Errors as SQS and SNS answer them.

One exception, `ApiError`, and the tables that say how each code travels: SQS puts the name of its model into the body
and the older query code into a header, SNS puts its code into XML. No behaviour is decided here.
"""

from __future__ import annotations

# From: Amazon SQS API Reference, "Errors" of each action: the query-protocol code that awsQueryCompatible clients
# still see.
SQS_QUERY_CODES = {
    "QueueDoesNotExist": "AWS.SimpleQueueService.NonExistentQueue",
    "QueueNameExists": "QueueAlreadyExists",
    "EmptyBatchRequest": "AWS.SimpleQueueService.EmptyBatchRequest",
    "TooManyEntriesInBatchRequest": "AWS.SimpleQueueService.TooManyEntriesInBatchRequest",
    "BatchEntryIdsNotDistinct": "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
    "InvalidBatchEntryId": "AWS.SimpleQueueService.InvalidBatchEntryId",
    "BatchRequestTooLong": "AWS.SimpleQueueService.BatchRequestTooLong",
    "MessageNotInflight": "AWS.SimpleQueueService.MessageNotInflight",
    "PurgeQueueInProgress": "AWS.SimpleQueueService.PurgeQueueInProgress",
    "UnsupportedOperation": "AWS.SimpleQueueService.UnsupportedOperation",
}


class ApiError(Exception):
    """A refusal that a client sees. `code` is the model's name for it, `status` the HTTP status; 5xx is the service's
    own fault.
    """

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    @property
    def query_code(self) -> str:
        """The code of SQS's older protocol, which botocore shows when the header carries it."""
        return SQS_QUERY_CODES.get(self.code, self.code)

    @property
    def fault(self) -> str:
        """`Sender` or `Receiver`, as the wire says it."""
        return "Receiver" if self.status >= 500 else "Sender"


def no_such_queue() -> ApiError:
    """SQS: the URL or name leads nowhere."""
    return ApiError("QueueDoesNotExist", "The specified queue does not exist.")


def bad_value(why: str) -> ApiError:
    """SQS: a value is out of its range."""
    return ApiError("InvalidParameterValue", f"A value is not accepted: {why}")
