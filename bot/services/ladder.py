"""The escalation policies of the configuration, as the stream and the clock need them: what begins when a finding is announced."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime

from bot.domain.escalation import Escalation, EscalationPolicy, decide_start, policy_for
from bot.domain.figures import Figure
from bot.domain.finding import Record, State
from bot.domain.oncall import WorkingHours


@dataclass(frozen=True, slots=True)
class Ladder:
    """The policies and the hours of the configuration."""

    policies: tuple[EscalationPolicy, ...] = ()
    hours: WorkingHours = field(default_factory=WorkingHours)

    def policy(self, escalation: Escalation, record: Record, now: datetime) -> EscalationPolicy | None:
        """The policy that an escalation follows: the one it began with, or, when that is gone, the one that holds the finding now."""
        named = next((p for p in self.policies if p.name == escalation.policy), None)
        return named or policy_for(self.policies, record, now)

    def start(self, records: Sequence[Record], now: datetime) -> list[Escalation]:
        """The escalations of findings that are announced now, where they have a card to answer on."""
        shown = [r for r in records if r.state is State.OPEN and r.channel]
        return [e for r in shown if (e := decide_start(self.policies, self.hours, r, now)) is not None]


def opened(records: Sequence[Record], now: datetime) -> list[Figure]:
    """The figures of findings that are announced now."""
    return [
        Figure(number=r.number, generation=r.generation, env=r.env, severity=r.finding.severity, opened=now)
        for r in records
    ]
