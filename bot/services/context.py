"""What a verb is run with once its requester was authorised: who, where, the use cases, and what it may show beside its answer."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from bot.domain.authz import Actor, Decision, Permission, Place, Policy, Target, authorize, held_by, holders
from bot.domain.finding import Record, Severity
from bot.domain.query import Flag
from bot.domain.views import HelpEntry, Notice, Trouble, View
from bot.errors import NotAllowed
from bot.ports import People
from bot.services.lexicon import Asker
from bot.services.suite import Suite

DOING = {
    Permission.READ: "look at", Permission.ACK: "acknowledge", Permission.ASSIGN: "assign", Permission.SUPPRESS: "suppress",
    Permission.APPROVE: "approve for",
}  # fmt: skip
"""A permission as a verb about a finding."""


class Surface(Protocol):
    """What a verb may show beside its answer: a modal, opened at once because a trigger lives three seconds."""

    async def open(self, view: View) -> bool:
        """Open a modal; False when the request has no trigger or Slack would not open it."""
        ...

    async def fill(self, view: View) -> None:
        """Replace the opened modal's content."""
        ...


class NoSurface:
    """A request that can open nothing."""

    async def open(self, view: View) -> bool:
        del view
        return False

    async def fill(self, view: View) -> None:
        del view


NO_SURFACE = NoSurface()


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """One authorised request."""

    actor: Actor
    place: Place
    asker: Asker
    now: datetime
    policy: Policy
    people: People
    suite: Suite
    help: tuple[HelpEntry, ...]
    surface: Surface

    def may(self, permission: Permission, record: Record) -> Decision:
        """Whether the actor may do this to that finding."""
        return authorize(self.policy, self.actor, permission, self.place, target_of(record))

    def must(self, permission: Permission, record: Record) -> None:
        """As `may`; raises NotAllowed, which says which policy rests in the way, whom to ask, and how."""
        decision = self.may(permission, record)
        if not decision.allowed:
            offers = (("Ask for it", f"ask {permission} {record.ref}"),) if decision.holders else ()
            message = f"You may look at {record.ref} but not {DOING.get(permission, permission)} it. {decision.advice}"
            raise NotAllowed(message.strip(), offers=offers, whom=held_by(decision))

    def must_reach(self, permission: Permission, envs: Iterable[str], severities: Iterable[Severity]) -> None:
        """As `must`, for everything that a scope holds: each environment, each severity. Raises NotAllowed for the first that is not."""
        wanted = tuple(severities)
        for env in envs:
            for severity in wanted:
                decision = authorize(self.policy, self.actor, permission, self.place, Target(env, severity))
                if not decision.allowed:
                    doing, where = DOING.get(permission, permission), env or "no environment"
                    message = (
                        f"It reaches {severity.word} findings in {where}, which you may not {doing}. {decision.advice}"
                    )
                    raise NotAllowed(message.strip(), whom=held_by(decision))

    async def at(self, channel: str) -> Context:
        """The same request as if made in a channel: what is asked in a window rests on the channel that it was opened in."""
        return replace(self, place=await self.people.place(channel), asker=replace(self.asker, channel=channel))

    async def export(self, text: str) -> Notice | Trouble:
        """Export what a question holds: to the asker's direct messages or, with `here`, to the channel."""
        table = await self.suite.queries.table(text, self.asker)
        if isinstance(table, Trouble):
            return table
        public = Flag.HERE in self.suite.queries.flags(text) and self.place.known and not self.place.shared
        return await self.suite.exports.start(table, self.actor.id, self.asker.channel if public else "")

    async def who_may(self, permission: Permission, record: Record) -> tuple[str, ...]:
        """The ids of the groups and people that the configuration lets do this to that finding."""
        able = holders(self.policy, permission, target_of(record))
        return await self.people.mentions(able) if able else ()

    def may_here(self, permission: Permission) -> bool:
        """Whether the actor may do this in this place to something at all."""
        return authorize(self.policy, self.actor, permission, self.place).allowed


def target_of(record: Record) -> Target:
    """What a policy is asked about a finding."""
    return Target(record.env, record.finding.severity)
