"""Says what secbot makes of an event, without Slack or AWS: what it was read as, the finding, its route, what hides it, the message.

The same sources, decisions and layouts as in production run here; only nothing is stored. No database is needed, unless the suppressions in
force are to be held against the finding. Unreadable input is an answer, not an error.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from bot.domain.envelope import Envelope, Ignored
from bot.domain.finding import Finding, Record, State
from bot.domain.lifecycle import decide_hide, decide_report
from bot.domain.message import Message, Modal
from bot.domain.reading import read
from bot.domain.routing import route
from bot.domain.suppression import Lease, covers, never_hidden, query_of
from bot.domain.views import FindingCard, View
from bot.errors import Malformed
from bot.plugins import Source
from bot.ports import Directory, Store
from bot.services.ingest import RoutingTable

REJECTED, IGNORED = "rejected", "ignored"


@dataclass(frozen=True, slots=True)
class Explained:
    """One event: `kind` is the plug that read it, `ignored` or `rejected`; `reason` says why there is no finding, or the routes."""

    input: str
    kind: str
    reason: str
    findings: tuple[dict[str, Any], ...] = ()
    messages: tuple[dict[str, Any], ...] = ()

    def as_json(self) -> dict[str, Any]:
        """The line that `explain --json` prints."""
        return {
            "input": self.input,
            "kind": self.kind,
            "reason": self.reason,
            "findings": list(self.findings),
            "messages": list(self.messages),
        }


@dataclass(frozen=True, slots=True)
class InForce:
    """The suppressions in force, the numbers of the findings that they name, by identity key, and the account that secbot runs in."""

    leases: tuple[Lease, ...] = ()
    numbers: Mapping[str, int] = field(default_factory=dict)
    own_account: str = ""

    def hiding(self, record: Record, now: datetime) -> Lease | None:
        """The one that hides a finding; None when it is shown."""
        known = replace(record, number=self.numbers.get(record.finding.key, 0))
        if record.state is not State.OPEN or never_hidden(record, self.own_account):
            return None
        return next((one for one in self.leases if covers(query_of(one), known, now)), None)


async def in_force(store: Store, now: datetime, own_account: str = "") -> InForce:
    """What hides findings now. Raises StoreUnavailable."""
    async with store.begin() as tx:
        leases = tuple(await tx.hiding(now))
    refs = {ref for lease in leases for ref in query_of(lease).refs}
    async with store.reads() as reads:
        named = await reads.by_numbers([int(ref.removeprefix("F-")) for ref in sorted(refs)])
    return InForce(leases, {record.finding.key: record.number for record in named}, own_account)


class Explain:
    """Explains documents. `opener` accepts bare findings, as only the command line may."""

    def __init__(
        self,
        *,
        opener: Callable[[bytes, datetime], Sequence[Envelope]],
        sources: Sequence[Source],
        directory: Directory,
        routing: RoutingTable,
        render: Callable[[View], Message | Modal],
        in_force: InForce | None = None,
    ) -> None:
        self._open = opener
        self._sources = tuple(sources)
        self._directory = directory
        self._routing = routing
        self._render = render
        self._in_force = in_force or InForce()

    def document(self, name: str, content: bytes, now: datetime) -> list[Explained]:
        """Every event of a document, in its order; one `rejected` line when it cannot be read at all. Never raises on its content."""
        try:
            envelopes = self._open(content, now)
        except Malformed as error:
            return [Explained(name, REJECTED, f"{error.reason}: {error.message}")]
        if not envelopes:
            return [Explained(name, IGNORED, "no_events")]
        return [self._event(name, envelope, now) for envelope in envelopes]

    def _event(self, name: str, envelope: Envelope, now: datetime) -> Explained:
        try:
            kind, reading = read(self._sources, envelope)
        except Malformed as error:
            return Explained(name, REJECTED, f"{error.reason}: {error.message}")
        if isinstance(reading, Ignored):
            return Explained(name, IGNORED, f"{reading.reason}: {reading.note}" if reading.note else reading.reason)
        findings = [self._finding(f, i + 1, now) for i, f in enumerate(reading)]
        reasons = list(dict.fromkeys(f["why"] for f, _ in findings))
        return Explained(
            name,
            kind,
            "; ".join(reasons),
            tuple(f for f, _ in findings),
            tuple(m for _, m in findings if m is not None),
        )

    def _finding(self, finding: Finding, number: int, now: datetime) -> tuple[dict[str, Any], dict[str, Any] | None]:
        outcome = decide_report(None, finding, self._directory.account(finding.account), now)
        assert outcome.record is not None  # a first report always makes a record
        record = replace(outcome.record, number=number)
        routed = route(record, self._routing.routes, self._routing.fallback, now)
        record = replace(record, channel=routed.route.channel, route=routed.route.name, why=routed.reason)
        lease = self._in_force.hiding(record, now)
        plain = finding_as_json(finding) | {
            "env": record.env,
            "account_name": record.account.name,
            "state": str(record.state),
            "route": routed.route.name,
            "channel": routed.route.channel,
            "announced": outcome.announce and not routed.route.silent and lease is None,
            "why": routed.reason,
            "hidden_by": _lease_as_json(lease) if lease else None,
        }
        if lease is not None:
            record = decide_hide(record, lease.id, lease.until, "", now).record or record
        message = self._render(FindingCard(record=record, now=now))
        if not isinstance(message, Message):
            return plain, None
        payload = {"text": message.text, "blocks": list(message.blocks)}
        return plain, {"channel": routed.route.channel, "payload": payload}


def _lease_as_json(lease: Lease) -> dict[str, str]:
    return {
        "lease": lease.short, "covers": lease.query, "until": lease.until.isoformat(), "why": str(lease.why), "reason": lease.reason,
        "ticket": lease.ticket, "owner": lease.owner,
    }  # fmt: skip


def finding_as_json(finding: Finding) -> dict[str, Any]:
    """The normalised finding as plain JSON values; times are ISO 8601 in UTC."""
    return {
        "source": finding.source,
        "via": finding.via,
        "native_id": finding.native_id,
        "key": finding.key,
        "account": finding.account,
        "region": finding.region,
        "severity": finding.severity.word,
        "title": finding.title,
        "type": finding.type,
        "resource": finding.resource.id,
        "resources": [{"id": r.id, "type": r.type, "region": r.region} for r in finding.resources],
        "status": str(finding.status),
        "first_seen": finding.first_seen.isoformat(),
        "updated": finding.updated.isoformat(),
        "last_seen": finding.last_seen.isoformat() if finding.last_seen else None,
        "control": finding.control,
        "standards": list(finding.standards),
        "workflow": finding.workflow,
        "record_state": finding.record_state,
        "compliance": finding.compliance,
        "product": finding.product,
        "description": finding.description,
        "evidence": [list(e) for e in finding.evidence],
    }
