"""Previews of pasted links: whole where reading is open, bare where it is not, none in front of strangers; and of which links."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from service_making import card_of

from bot.domain.authz import Actor, Place, PlaceKind, Policy
from bot.domain.finding import guardduty_identity
from bot.errors import StoreUnavailable, TemporaryError
from bot.services.desk import Request
from bot.services.previews import MOST_LINKS
from tests.support.parts import FakePeople, Parts, a_finding
from tests.support.trouble import Breakable

HEX = "0f" * 16
CONSOLE = f"https://eu-west-1.console.aws.amazon.com/guardduty/home?region=eu-west-1#/findings?search=id%3D{HEX}"
OURS = "https://sec.example/F-1"
ONLY_SEC = Policy(channels=frozenset({"sec"}))
ANA = Actor("U0ANA", "T1")


@pytest.fixture
async def parts(build: Callable[..., Parts]) -> Parts:
    """Reading is open in the channel `sec` alone."""
    made = build(policy=ONLY_SEC)
    await made.say(a_finding(guardduty_identity("111122223333", "eu-west-1", HEX)))
    return made


WHOLE, BARE, NONE = "whole", "bare", "none"
PLACES = [
    (Place("C1", name="sec"), WHOLE, "reading is open here"),
    (Place("D1", PlaceKind.DIRECT), WHOLE, "a conversation with us"),
    (Place("C2", name="random"), BARE, "reading is not open here"),
    (Place("G1", PlaceKind.PRIVATE, known=False), BARE, "nobody tells us who is here"),
    (Place("D2", PlaceKind.DIRECT, known=False), BARE, "a conversation of others"),
    (Place("C1", name="sec", shared=True), NONE, "another company is here"),
    (Place("C2", name="random", shared=True), NONE, "another company is here"),
]
ACTORS = [
    (ANA, True, "a member"),
    (replace(ANA, guest=True), False, "a guest"),
    (replace(ANA, stranger=True), False, "another company's"),
    (replace(ANA, bot=True), False, "a bot"),
    (replace(ANA, deleted=True), False, "a deactivated account"),
    (replace(ANA, known=False), False, "nobody"),
]


async def shown(parts: Parts, actor: Actor, place: Place, *links: str) -> dict[str, str]:
    """What each link's preview is; what has none is not in it."""
    found = await parts.suite.previews.of(links, actor, place)
    return {link: BARE if preview.redacted else WHOLE for link, preview in found.items()}


@pytest.mark.parametrize(("place", "says", "why"), PLACES)
@pytest.mark.parametrize(("actor", "may", "who"), ACTORS)
async def test_what_a_preview_says(
    parts: Parts, place: Place, says: str, why: str, actor: Actor, may: bool, who: str
) -> None:
    expected = says if may else NONE
    assert (await shown(parts, actor, place, OURS)).get(OURS, NONE) == expected, (who, why)


async def test_every_kind_of_link_is_previewed(parts: Parts) -> None:
    card = await card_of(parts, 1)
    parts.people.places["C0ALL"] = Place("C0ALL", name=card.channel)
    message = f"https://a.slack.com/archives/C0ALL/p{card.ts.replace('.', '')}"
    reply = f"https://a.slack.com/archives/C0ALL/p1772370000000009?thread_ts={card.ts}"
    links = (OURS, CONSOLE, message, reply)
    assert set(await shown(parts, ANA, Place("C1", name="sec"), *links)) == set(links)


@pytest.mark.parametrize(
    "link",
    [
        "https://sec.example/F-77",
        CONSOLE.replace("0f", "1e"),
        "https://a.slack.com/archives/C0SEC/p1700000000000001",
        "https://example.com/",
        "https://eu-west-1.console.aws.amazon.com/s3/home",
        "this",
        "^1",
        "",
    ],
)
async def test_a_link_that_leads_to_no_finding_has_none(parts: Parts, link: str) -> None:
    assert await shown(parts, ANA, Place("C1", name="sec"), link) == {}


async def test_a_link_that_leads_nowhere_does_not_take_the_others_along(parts: Parts) -> None:
    assert await shown(parts, ANA, Place("C1", name="sec"), "https://sec.example/F-77", OURS) == {OURS: WHOLE}


async def test_only_the_first_few_links_of_a_message_are_looked_at(parts: Parts) -> None:
    many = [f"https://sec.example/{i}/F-1" for i in range(MOST_LINKS + 3)]
    assert list(await shown(parts, ANA, Place("C1", name="sec"), *many)) == many[:MOST_LINKS]


async def test_the_place_is_looked_up_and_not_believed(parts: Parts) -> None:
    parts.people.places["C1"] = Place("C1", name="sec", shared=True)
    assert await parts.desk.previews([OURS], Request("U0ANA", "C1")) == {}
    parts.people.places["C1"] = Place("C1", name="sec")
    assert list(await parts.desk.previews([OURS], Request("U0ANA", "C1"))) == [OURS]


async def test_what_does_not_answer_means_no_preview_and_no_error(
    build: Callable[..., Parts], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = Breakable()
    parts = build(wrap=store.wrap)
    await parts.take(a_finding())
    store.down(StoreUnavailable())
    assert await parts.desk.previews([OURS], Request("U0ANA", "sec")) == {}
    store.down(None)

    async def silent(self: FakePeople, user: str) -> Actor:
        raise TemporaryError

    monkeypatch.setattr(FakePeople, "actor", silent)
    assert await parts.desk.previews([OURS], Request("U0ANA", "sec")) == {}
