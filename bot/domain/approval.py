"""Approval by another person: asked for, voted on, over. One mechanism for suppressions and runbooks.

A request is bound to a hash of exactly what would be done: whoever votes gives the hash that they were shown, and another hash voids the
vote. The requester is never an approver; a quorum is of different people; what nobody decides in time expires. Pure: whether a person may
approve at all was asked of authz.py before, and the store turns each decision into one conditional change.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from enum import StrEnum

from bot.errors import UserError


class Stage(StrEnum):
    """Where a request stands. Only WAITING changes."""

    WAITING = "waiting"
    APPROVED = "approved"
    DENIED = "denied"
    EXPIRED = "expired"
    WITHDRAWN = "withdrawn"


class NotWaiting(UserError):
    """It is decided already."""

    reason = "already_decided"


class OwnRequest(UserError):
    """Whoever asks does not approve."""

    reason = "own_request"


class Changed(UserError):
    """It is no longer what was shown; look again."""

    reason = "changed"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """Something that waits for another person. `kind` and `subject` name it, `digest` is the hash of what would be done."""

    id: str
    kind: str
    subject: str
    digest: str
    requester: str
    quorum: int
    created: datetime
    expires: datetime
    reason: str = ""
    approvers: tuple[str, ...] = ()
    stage: Stage = Stage.WAITING
    decided_by: str = ""
    decided_at: datetime | None = None
    answer: str = ""  # why it was denied

    @property
    def missing(self) -> int:
        """How many more approvals it takes."""
        return max(0, self.quorum - len(self.approvers))


def decide_approve(request: Request, user: str, shown: str, now: datetime) -> Request:
    """The request with this person's approval; APPROVED once the quorum is there.

    Args:
        shown: the hash of what the person was shown.

    Raises:
        NotWaiting: decided or expired already; the message says by whom.
        OwnRequest: the requester approves.
        Changed: what would be done is not what was shown.
    """
    _must_wait(request, now)
    if user == request.requester:
        raise OwnRequest("You asked for this yourself; another person has to approve it.")
    if shown != request.digest:
        raise Changed
    if user in request.approvers:
        raise NotWaiting(f"You have approved this already; {request.missing} more to go.")
    after = replace(request, approvers=(*request.approvers, user))
    if after.missing:
        return after
    return replace(after, stage=Stage.APPROVED, decided_by=user, decided_at=now)


def decide_deny(request: Request, user: str, why: str, now: datetime) -> Request:
    """The request, denied. The requester may withdraw it so.

    Raises:
        NotWaiting: decided or expired already.
    """
    _must_wait(request, now)
    stage = Stage.WITHDRAWN if user == request.requester else Stage.DENIED
    return replace(request, stage=stage, decided_by=user, decided_at=now, answer=why)


def decide_expiry(request: Request, now: datetime) -> Request:
    """The request, expired when its time is over."""
    over = request.stage is Stage.WAITING and now >= request.expires
    return replace(request, stage=Stage.EXPIRED, decided_at=now) if over else request


def _must_wait(request: Request, now: datetime) -> None:
    if request.stage is not Stage.WAITING:
        who = f" by <@{request.decided_by}>" if request.decided_by else ""
        raise NotWaiting(f"This is {request.stage} already{who}.")
    if now >= request.expires:
        raise NotWaiting("This request has expired; ask again.")
