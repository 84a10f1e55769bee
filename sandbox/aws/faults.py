"""Faults on demand: what a cloud does on a bad day, switched on by a test.

`fail` arms the next calls of an operation; the server asks `take` once per call. What each kind means is in `ANSWERS`
and in the server; this module refuses to do anything by itself.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass

from sandbox.aws.errors import ApiError

ANSWERS: dict[str, dict[str, ApiError]] = {
    "sqs": {
        "500": ApiError("InternalFailure", "The request failed inside the service.", 500),
        "unavailable": ApiError("ServiceUnavailable", "The service cannot answer now.", 503),
        "throttling": ApiError("RequestThrottled", "Too many requests.", 400),
        "access_denied": ApiError("AccessDenied", "Access to the resource is denied.", 403),
        "expired_token": ApiError("ExpiredToken", "The security token of the request has expired.", 403),
    },
    "sns": {
        "500": ApiError("InternalError", "The request failed inside the service.", 500),
        "unavailable": ApiError("ServiceUnavailable", "The service cannot answer now.", 503),
        "throttling": ApiError("Throttled", "Too many requests.", 429),
        "access_denied": ApiError("AuthorizationError", "The caller is not authorized.", 403),
        "expired_token": ApiError("ExpiredToken", "The security token of the request has expired.", 403),
    },
}

# `hang`: no answer until `release`. `reset_before`: the connection dies and nothing was done. `reset_after`: it dies
# after it was done.
# `partial`: every second entry of a batch, from the first on, is reported as failed and left undone.
KINDS = frozenset(ANSWERS["sqs"]) | {"hang", "reset_before", "reset_after", "partial"}


@dataclass(slots=True)
class _Armed:
    operation: str
    kind: str
    left: int


class Faults:
    """The armed faults of a queue or of the whole server. An operation `*` means any."""

    def __init__(self) -> None:
        self._armed: list[_Armed] = []
        self._released = asyncio.Event()

    def fail(self, operation: str, *, kind: str, count: int = 1) -> None:
        """Make the next `count` calls of `operation` fail as `kind` says; raises ValueError on an unknown kind."""
        if kind not in KINDS:
            raise ValueError(f"no fault of kind {kind!r}; there are {', '.join(sorted(KINDS))}")
        self._armed.append(_Armed(operation, kind, count))
        if kind == "hang":
            self._released = asyncio.Event()

    def take(self, operation: str) -> str:
        """The kind of the fault that this call meets, or an empty text; uses one up."""
        for armed in self._armed:
            if armed.operation in (operation, "*"):
                armed.left -= 1
                if not armed.left:
                    self._armed.remove(armed)
                return armed.kind
        return ""

    @property
    def armed(self) -> int:
        """How many failures are still to come."""
        return sum(armed.left for armed in self._armed)

    def clear(self) -> None:
        """Disarm all and let hanging calls go on."""
        self._armed.clear()
        self.release()

    def release(self) -> None:
        """Let the calls go on that hang."""
        self._released.set()

    async def hang(self) -> None:
        """Wait for `release`; the caller bounds it by the client's own time limit."""
        await self._released.wait()
