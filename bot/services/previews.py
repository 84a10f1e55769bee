"""Previews of pasted links: the finding behind an AWS console link, a link to one of our cards, or our own permalink.

What a preview says depends on where it is pasted: everything where reading is open, the bare reference, severity and state where it is not,
and nothing at all in front of another company.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from bot.domain.authz import Actor, Permission, Place, PlaceKind, Policy, authorize
from bot.domain.refs import recognise
from bot.domain.views import Preview
from bot.errors import UserError
from bot.ports import Clock, Store
from bot.services.lexicon import Asker
from bot.services.refs import Refs

MOST_LINKS = 5


@dataclass(frozen=True, slots=True)
class Previews:
    """Finds what links lead to."""

    store: Store
    refs: Refs
    policy: Policy
    clock: Clock

    async def of(self, links: Sequence[str], actor: Actor, place: Place) -> Mapping[str, Preview]:
        """The preview of each link that leads to a finding; none for those that do not, or where nothing may be said."""
        if place.shared or not authorize(self.policy, actor, Permission.READ, Place("", PlaceKind.DIRECT)).allowed:
            return {}
        redacted = not place.known or not authorize(self.policy, actor, Permission.READ, place).allowed
        found: dict[str, Preview] = {}
        for link in links[:MOST_LINKS]:
            number = await self._number(link, Asker(actor.id, place.id))
            if number:
                async with self.store.reads() as reads:
                    record = await reads.get(number)
                if record is not None:
                    found[link] = Preview(record=record, now=self.clock.now(), redacted=redacted)
        return found

    async def _number(self, link: str, asker: Asker) -> int:
        """The number of the finding that a link leads to; 0 for any other link."""
        ref = recognise(link)
        if not ref:
            return 0
        try:
            async with self.store.reads() as reads:
                return (await self.refs.resolve(reads, (ref,), asker))[0]
        except UserError:
            return 0
