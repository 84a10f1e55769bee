"""Who may hide findings, by what act and where: the whole table.

Every cell asks as Slack would, also for people whose client would not let them. Refused means: a clear answer, and nothing changed in the
store or at the source. One box serves all cells of a person that change nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractAsyncContextManager

import pytest

from bot.domain.views import Trouble
from bot.services.context import NO_SURFACE
from bot.services.desk import Request
from tests.support.box import Box
from tests.support.staged import CONFIG, Seen, act, snapshot, staged, told

Open = Callable[..., AbstractAsyncContextManager[Box]]

ACTORS = {
    "on-call": "ana",
    "head of security": "chen",
    "approver only": "gil",
    "limited role": "dora",
    "member without role": "emre",
    "guest": "hana",
    "stranger": "ivo",
    "bot": "buildbot",
    "deactivated": "jos",
}
PLACES = {"its channel": "sec-prod", "another channel": "sec-dev", "direct": "", "shared": "partner-shared"}
ACTS = ("command", "button", "submit", "go", "renew", "end", "approve", "deny", "withdraw", "drift")

YES, NO = True, False
MAY: Mapping[str, Mapping[str, bool]] = {
    "on-call": dict.fromkeys(ACTS, YES),
    "head of security": dict.fromkeys(ACTS, YES),
    "approver only": dict.fromkeys(ACTS, NO) | {"approve": YES, "deny": YES, "withdraw": YES, "drift": YES},
    "limited role": dict.fromkeys(ACTS, NO) | {"drift": YES},
    "member without role": dict.fromkeys(ACTS, NO) | {"drift": YES},
    "guest": dict.fromkeys(ACTS, NO),
    "stranger": dict.fromkeys(ACTS, NO),
    "bot": dict.fromkeys(ACTS, NO),
    "deactivated": dict.fromkeys(ACTS, NO),
}
"""In the finding's channel, another channel of the company and in direct messages; in a channel shared with another company: nobody,
nothing. `withdraw` is the press on somebody else's request: for an approver it is a denial."""
HEARS = {
    "guest": "Guests may not",
    "stranger": "only members of its own workspace",
    "bot": "Bots may not",
    "deactivated": "deactivated",
}


def place_of(box: Box, place: str) -> str:
    if not PLACES[place]:
        return box.ana.dm()
    return str(box.company.room(PLACES[place]).id)


@pytest.mark.parametrize("actor", ACTORS)
async def test_whoever_may_not_hears_why_and_nothing_changes(open: Open, actor: str) -> None:
    async with open(config=CONFIG) as box:
        stage = await staged(box, "ana")
        before = await snapshot(box)
        user = box.company.person(ACTORS[actor]).id
        for place in PLACES:
            for what in ACTS:
                if MAY[actor][what] and place != "shared":
                    continue
                seen = Seen()
                view = await act(stage, what, Request(user, place_of(box, place), seen))
                where = f"{actor}, {what}, {place}"
                assert isinstance(view, Trouble), f"{where}: {view}"
                assert told(view).strip(), where
                assert seen.views == [], f"{where}: a window opened"
                if actor in HEARS:
                    assert HEARS[actor] in told(view), f"{where}: {told(view)}"
                elif place == "shared":
                    assert "shared with another company" in told(view), f"{where}: {told(view)}"
                else:
                    assert "Who may" in told(view), f"{where}: {told(view)}"
        assert await snapshot(box) == before


LOOKS = ("command", "button", "submit", "renew", "drift")  # change nothing that hides


@pytest.mark.parametrize("actor", [a for a in ACTORS if any(MAY[a].values())])
async def test_whoever_may_look_and_prepare_may_do_so_everywhere_in_the_company(open: Open, actor: str) -> None:
    async with open(config=CONFIG) as box:
        stage = await staged(box, "ana")
        user = box.company.person(ACTORS[actor]).id
        for place in [p for p in PLACES if p != "shared"]:
            for what in [a for a in LOOKS if MAY[actor][a]]:
                seen = Seen()
                view = await act(stage, what, Request(user, place_of(box, place), seen))
                assert not isinstance(view, Trouble), f"{what}, {place}: {told(view)}"
                assert view is not None or seen.views, f"{what}, {place}: nothing is shown"


CHANGES = [
    (actor, what, place)
    for number, (actor, what) in enumerate(
        (a, w)
        for a in ACTORS
        for w in ACTS
        if MAY[a][w] and w not in LOOKS and not (a == "on-call" and w in ("approve", "deny"))
    )
    for place in [list(PLACES)[number % 3]]
]
"""Every act that changes something, by everybody who may; the places take turns. Ana's own request is hers to withdraw alone."""


@pytest.mark.parametrize(("actor", "what", "place"), CHANGES)
async def test_whoever_may_does_it(open: Open, actor: str, what: str, place: str) -> None:
    async with open(config=CONFIG) as box:
        who = ACTORS[actor]
        stage = await staged(box, who if what == "go" else "ana")
        before = await snapshot(box)
        view = await act(stage, what, Request(box.company.person(who).id, place_of(box, place), NO_SURFACE))
        assert not isinstance(view, Trouble), told(view)
        assert await snapshot(box) != before
