"""What the layouts of suppressions share: the words for scopes and reasons, and what is said of a lease.

It only says what a lease is; whether it may be and what it holds was decided and counted elsewhere. Reasons, tickets and queries are
people's or sources' texts and are escaped here.
"""

from __future__ import annotations

from bot.domain.suppression import Lease, ReasonClass, ScopeKind
from renderers.engine import words
from renderers.mrkdwn import Mrkdwn, code, prose, user
from renderers.parts import lease_name

WHYS: dict[ReasonClass, str] = {
    ReasonClass.FALSE_POSITIVE: "False positive",
    ReasonClass.ACCEPTED_RISK: "Accepted risk",
    ReasonClass.EXPECTED: "Expected: it works as intended",
    ReasonClass.COMPENSATED: "Compensated: something else guards it",
    ReasonClass.TEST: "A test",
}
_SCOPES: dict[ScopeKind, str] = {
    ScopeKind.FINDING: "only",
    ScopeKind.RESOURCE: "one resource",
    ScopeKind.KIND: "one kind in an account",
    ScopeKind.CUSTOM: "a filter",
}


def covered(lease: Lease, most: int = 300) -> Mrkdwn:
    """`only `F-1234``, or the kind of scope and its query, at most `most` characters of it."""
    return Mrkdwn(f"{_SCOPES[lease.kind]} {code(lease.query, most)}")


def reason(lease: Lease, most: int = 500) -> Mrkdwn:
    """`Accepted risk · the vendor's scanner reads it · SEC-9`."""
    return words(
        "hiding.reason",
        why=WHYS[lease.why],
        reason=prose(lease.reason, most),
        ticket=code(lease.ticket, 100) if lease.ticket.strip() else "",
    )


def named(lease: Lease) -> Mrkdwn:
    """What people call it, as code."""
    return lease_name(lease.id)


def person(user_id: str) -> Mrkdwn:
    """A user; `secbot` where nobody did it."""
    return user(user_id) if user_id else Mrkdwn("secbot")
