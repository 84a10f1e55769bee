"""What the layouts of suppressions share: the words for scopes and reasons, what is said of a lease, and the buttons about one.

It only says what a lease is; whether it may be and what it holds was decided and counted elsewhere. Reasons, tickets and queries are
people's or sources' texts and are escaped here.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from bot.domain.finding import Record
from bot.domain.suppression import Lease, ReasonClass, ScopeKind, scope_told
from renderers.actions import SUPPRESS_APPROVE, SUPPRESS_DENY, SUPPRESS_RENEW, carries, encode
from renderers.blocks import Block, button, confirmed, run_button
from renderers.engine import plain_words, words
from renderers.mrkdwn import Mrkdwn, code, plain, prose, user, utc
from renderers.parts import account_name, lease_name, lease_ref

WHYS: dict[ReasonClass, str] = {
    ReasonClass.FALSE_POSITIVE: "False positive",
    ReasonClass.ACCEPTED_RISK: "Accepted risk",
    ReasonClass.EXPECTED: "Expected: it works as intended",
    ReasonClass.COMPENSATED: "Compensated: something else guards it",
    ReasonClass.TEST: "A test",
}
_SCOPES: dict[ScopeKind, str] = {
    ScopeKind.FINDING: "only",
    ScopeKind.THESE: "only these",
    ScopeKind.RESOURCE: "one resource",
    ScopeKind.KIND: "one kind in an account",
    ScopeKind.CUSTOM: "a filter",
}


def covered(lease: Lease, most: int = 300) -> Mrkdwn:
    """`only `F-1234``, or the kind of scope and its query, at most `most` characters of it."""
    return Mrkdwn(f"{_SCOPES[lease.kind]} {code(scope_told(lease), most)}")


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


# --- buttons --------------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What another person is asked to agree to. `request` and `digest` are the request's; `number` is the finding's that it began with."""

    request: str
    digest: str
    number: int
    scope: str
    until: datetime | None
    about: Record | None = None

    def ids(self, name: str) -> tuple[str, str] | None:
        """The ids of a button about it; None when no button can carry it."""
        extra = f"{self.request}.{self.digest}"
        if not self.request or not self.digest or not carries(extra):
            return None
        return encode(name, number=self.number, revision=self.about.revision if self.about else 0, extra=extra)


def votes(asked: Asked) -> list[Block]:
    """Approve, which asks back with the account's name, and Deny."""
    approve, deny = asked.ids(SUPPRESS_APPROVE), asked.ids(SUPPRESS_DENY)
    if approve is None or deny is None:
        return []
    yes = button("Approve", approve, primary=True)
    return [confirmed(yes, "Approve this suppression?", _asked_back(asked), "Approve"), button("Deny", deny)]


def withdrawal(asked: Asked) -> list[Block]:
    """Deny, as whoever asked calls it."""
    ids = asked.ids(SUPPRESS_DENY)
    return [button("Withdraw", ids)] if ids is not None else []


def _asked_back(asked: Asked) -> str:
    """What is agreed to, in plain text: the dialog shows no dates in the reader's zone."""
    about = asked.about
    return plain_words(
        "hiding.confirm",
        ref=about.ref if about else "",
        account=plain(account_name(about), 60) if about else "",
        digits=plain(about.finding.account, 20) if about else "",
        env=plain(about.account.env, 20) if about else "",
        until=utc(asked.until) if asked.until else "",
        scope=plain(asked.scope, 120),
    )


def renewal(lease: str, number: int, revision: int = 0) -> list[Block]:
    """`Renew…` for a lease's id; nothing when no button can carry it."""
    if not lease or not carries(lease):
        return []
    return [button("Renew…", encode(SUPPRESS_RENEW, number=number, revision=revision, extra=lease))]


def leads_to(lease: str, label: str = "Show") -> list[Block]:
    """A button that shows the lease of this id whole."""
    return run_button(label, f"leases {lease_ref(lease)}") if lease else []
