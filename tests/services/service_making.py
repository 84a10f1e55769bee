"""Asking services, said once: who asks, and what kind of answer is meant. It holds no rule."""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.views import Breakdown, FindingList, Trouble
from bot.ports import Card
from bot.services.desk import Request
from bot.services.lexicon import Asker
from tests.support.parts import Parts

ANA = Asker("U0ANA", "sec")
BEN = Asker("U0BEN", "sec")
ANAS = Request("U0ANA", "sec")
BENS = Request("U0BEN", "sec")


async def listed(parts: Parts, text: str = "", asker: Asker = ANA) -> FindingList:
    """The list that a question is answered with; `findings ` before it is dropped, as it stands in a button."""
    view = await parts.suite.queries.find(text.removeprefix("findings").strip(), asker)
    assert isinstance(view, FindingList), view
    return view


async def counted(parts: Parts, text: str, asker: Asker = ANA) -> Breakdown:
    view = await parts.suite.queries.find(text, asker)
    assert isinstance(view, Breakdown), view
    return view


async def troubled(parts: Parts, text: str, asker: Asker = ANA) -> Trouble:
    view = await parts.suite.queries.find(text, asker)
    assert isinstance(view, Trouble), view
    return view


def keys(view: FindingList) -> list[str]:
    return [row.finding.key for row in view.rows]


def offers(view: Trouble | FindingList | Breakdown) -> dict[str, str]:
    """The commands of an answer's buttons, by what the buttons say."""
    return {offer.label: offer.command for offer in view.offers}


async def card_of(parts: Parts, number: int) -> Card:
    """Where a finding is shown."""
    async with parts.store.reads() as reads:
        [card] = await reads.cards(number)
    return card


async def timeline(parts: Parts, number: int) -> Sequence[str]:
    """The kinds of a finding's timeline, oldest first."""
    async with parts.store.reads() as reads:
        return [entry.kind for entry in await reads.timeline(number)]
