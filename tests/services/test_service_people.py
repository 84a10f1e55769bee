"""What people ask and do: lists and their pages, offers when nothing matches, acknowledging, and the one way in."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

import commands
from bot.domain.authz import Actor, Permission, Place
from bot.domain.finding import State, Status
from bot.domain.lifecycle import AlreadyDone, NoLonger
from bot.domain.message import Pressed
from bot.domain.views import FindingList, Notice, Trouble
from bot.errors import NotFound, StoreUnavailable, UserError
from bot.plugins import Command, collect
from bot.services.desk import Request, actions, verbs
from bot.services.lexicon import Asker
from tests.support.parts import Parts, a_finding
from tests.support.trouble import Breakable

ANA = Request("U0ANA", "sec")


async def listed(parts: Parts, text: str = "", user: str = "U0ANA") -> FindingList:
    view = await parts.suite.queries.find(text, Asker(user))
    assert isinstance(view, FindingList), view
    return view


async def troubled(parts: Parts, text: str) -> Trouble:
    view = await parts.suite.queries.find(text, Asker("U0ANA"))
    assert isinstance(view, Trouble), view
    return view


# --- queries ----------------------------------------------------------------------------------------------------------------------------


async def test_a_list_is_live_findings_most_severe_first_eight_a_page(parts: Parts) -> None:
    await parts.take(*(a_finding(f"k{i}", severity="critical" if i == 9 else "low", later_s=i) for i in range(11)))
    await parts.take(a_finding("gone", status=Status.RESOLVED))
    first = await listed(parts)
    assert (len(first.rows), first.page, first.pages, first.total) == (8, 1, 2, 11)
    assert first.rows[0].finding.key == "k9"
    second = await parts.suite.queries.turn(first.listing, 2, Asker("U0ANA"))
    assert isinstance(second, FindingList)
    assert len(second.rows) == 3
    assert {r.number for r in first.rows} & {r.number for r in second.rows} == set()


@pytest.mark.parametrize(("asked", "shown"), [(0, 1), (-3, 1), (2, 2), (99, 2)])
async def test_a_page_that_does_not_exist_is_the_nearest(parts: Parts, asked: int, shown: int) -> None:
    await parts.take(*(a_finding(f"k{i}") for i in range(9)))
    first = await listed(parts)
    turned = await parts.suite.queries.turn(first.listing, asked, Asker("U0ANA"))
    assert isinstance(turned, FindingList)
    assert turned.page == shown


async def test_pages_keep_their_rows_while_findings_come_and_go(parts: Parts) -> None:
    await parts.take(*(a_finding(f"k{i}", later_s=i) for i in range(12)))
    first = await listed(parts)
    await parts.take(a_finding("newest", severity="critical"), a_finding("k0", later_s=99, status=Status.RESOLVED))
    second = await parts.suite.queries.turn(first.listing, 2, Asker("U0ANA"))
    assert isinstance(second, FindingList)
    assert [r.finding.key for r in second.rows] == ["k3", "k2", "k1", "k0"]
    assert second.rows[-1].state is State.RESOLVED, "shown as it is now"


async def test_a_list_that_was_pruned_or_is_anothers_offers_a_new_one(parts: Parts) -> None:
    await parts.take(*(a_finding(f"k{i}") for i in range(9)))
    first = await listed(parts)
    anothers = await parts.suite.queries.turn(first.listing, 2, Asker("U0BEN"))
    assert isinstance(anothers, Trouble)
    assert anothers.offers[0].label == "List mine"
    await parts.store.prune(parts.clock.now() + timedelta(days=1))
    old = await parts.suite.queries.turn(first.listing, 2, Asker("U0ANA"))
    assert isinstance(old, Trouble)
    assert old.offers[0].command == "findings"


async def test_a_public_list_may_be_turned_by_anybody(parts: Parts) -> None:
    await parts.take(*(a_finding(f"k{i}") for i in range(9)))
    first = await listed(parts, "here")
    assert first.public
    assert isinstance(await parts.suite.queries.turn(first.listing, 2, Asker("U0BEN")), FindingList)


@pytest.mark.parametrize(
    ("text", "message", "offer"),
    [
        ("prod low", "1 match without `sev:low`.", ("Drop sev", "findings env:prod")),
        ("staging high", "1 match without `env:staging`.", ("Drop env", "findings sev:high")),
        ("state:resolved", "1 match without `state:resolved`.", ("Drop state", "findings")),
    ],
)
async def test_when_nothing_matches_each_filter_is_offered_for_dropping(
    parts: Parts, text: str, message: str, offer: tuple[str, str]
) -> None:
    await parts.take(a_finding())
    trouble = await troubled(parts, text)
    assert trouble.messages[0].startswith("Nothing matches")
    assert message in trouble.messages
    assert offer in [(o.label, o.command) for o in trouble.offers]


async def test_when_only_closed_ones_match_any_state_is_offered(parts: Parts) -> None:
    await parts.take(a_finding(status=Status.RESOLVED))
    trouble = await troubled(parts, "prod")
    [offer] = [o for o in trouble.offers if o.label == "Any state"]
    assert (await listed(parts, offer.command.removeprefix("findings "))).total == 1


async def test_me_is_what_i_acknowledged(parts: Parts) -> None:
    await parts.take(a_finding("a"), a_finding("b"))
    await parts.suite.triage.acknowledge(2, "U0ANA")
    assert [r.number for r in (await listed(parts, "me")).rows] == [2]


@pytest.mark.parametrize(
    ("text", "says"), [("", "Which finding"), ("F-1 F-2", "One finding at a time"), ("prod", "Which")]
)
async def test_one_reference_is_wanted(parts: Parts, text: str, says: str) -> None:
    with pytest.raises(UserError, match=says):
        await parts.suite.refs.one(text, "ack", Asker("U0ANA"))


async def test_accounts_that_nobody_knows_are_named(parts: Parts) -> None:
    await parts.take(a_finding("a"), a_finding("b", account="999988887777"))
    accounts = await parts.suite.queries.accounts("")
    assert [r.name for r in accounts.rows] == ["pay-prod"]
    assert accounts.unknown == ("999988887777",)


# --- triage ---------------------------------------------------------------------------------------------------------------------------


async def test_an_acknowledgement_ends_sooner_the_worse_the_finding(parts: Parts) -> None:
    await parts.take(a_finding("a", severity="critical"), a_finding("b", severity="low"))
    worst, mild = await parts.suite.triage.acknowledge(1, "U0ANA"), await parts.suite.triage.acknowledge(2, "U0ANA")
    assert worst.ack_until is not None
    assert mild.ack_until is not None
    assert worst.ack_until - parts.clock.now() == timedelta(hours=4)
    assert mild.ack_until - parts.clock.now() == timedelta(days=30)


async def test_an_acknowledgement_that_is_refused_changes_nothing(parts: Parts) -> None:
    await parts.say(a_finding("a"), a_finding("b", status=Status.RESOLVED))
    await parts.suite.triage.acknowledge(1, "U0ANA")
    await parts.deliver.drain()
    said = len(parts.messenger.said)
    for number, error in ((1, AlreadyDone), (2, NoLonger), (77, NotFound)):
        with pytest.raises(error):
            await parts.suite.triage.acknowledge(number, "U0BEN")
    await parts.deliver.drain()
    assert len(parts.messenger.said) == said


async def test_an_acknowledgement_is_shown_before_anything_else_that_waits(parts: Parts) -> None:
    await parts.say(a_finding("mine", severity="low"))
    await parts.take(*(a_finding(f"k{i}", severity="high") for i in range(5)))
    await parts.suite.triage.acknowledge(1, "U0ANA")
    before = len(parts.messenger.said)
    await parts.deliver.drain()
    assert [what for what, _ in parts.messenger.what[before:][:2]] == ["edit", "line"]


async def test_an_acknowledged_finding_that_gets_worse_is_open_again(parts: Parts) -> None:
    await parts.say(a_finding())
    await parts.suite.triage.acknowledge(1, "U0ANA")
    await parts.say(a_finding(later_s=9, severity="critical"))
    record = await parts.suite.details.record(1)
    assert record.state is State.OPEN
    assert record.ack_by == ""


# --- the desk ----------------------------------------------------------------------------------------------------------------------------


def messages(answer: Any) -> str:
    assert isinstance(answer.view, Trouble), answer.view
    return " ".join(answer.view.messages)


async def test_an_unknown_verb_suggests_and_never_runs(parts: Parts) -> None:
    await parts.take(a_finding())
    answer = await parts.desk.command("akc F-1", ANA)
    assert "I don't know `akc`" in messages(answer)
    assert "ack F-1" in [o.command for o in answer.view.offers]  # type: ignore[union-attr]
    assert (await parts.suite.details.record(1)).state is State.OPEN


async def test_a_query_without_its_verb_is_offered_as_a_list(parts: Parts) -> None:
    answer = await parts.desk.command("prod high+", ANA)
    assert "findings prod high+" in [o.command for o in answer.view.offers]  # type: ignore[union-attr]


async def test_a_bare_reference_shows_it(parts: Parts) -> None:
    await parts.take(a_finding())
    answer = await parts.desk.command("F-1", ANA)
    assert answer.view.record.number == 1  # type: ignore[union-attr]


async def test_a_bug_is_an_answer_with_a_reference(build: Callable[..., Parts]) -> None:
    async def run(context: Any, text: str) -> Notice:
        raise ZeroDivisionError("xoxb-secret")

    broken = Command("broken", "x", "x", Permission.READ, run)
    parts = build(more={"broken": broken})
    answer = await parts.desk.command("broken", ANA)
    assert isinstance(answer.view, Trouble)
    assert answer.view.reference.startswith("e-")
    assert "xoxb" not in str(answer.view)


async def test_a_database_that_does_not_answer_is_an_answer(build: Callable[..., Parts]) -> None:
    store = Breakable()
    parts = build(wrap=store.wrap)
    store.down(StoreUnavailable())
    assert "Nothing was changed; try again" in messages(await parts.desk.command("findings", ANA))
    store.down(None)


@pytest.mark.parametrize(
    ("actor", "says"),
    [
        (Actor("U0ANA", "T2", stranger=True), "members of its own workspace"),
        (Actor("U0ANA", "T1", guest=True), "Guests"),
        (Actor("U0ANA", "T1", bot=True), "Bots"),
        (Actor("U0ANA", "T1", deleted=True), "deactivated"),
        (Actor("U0ANA", "", known=False), "does not know who you are"),
    ],
)
async def test_every_verb_and_action_is_refused_to_whom_it_must_be(parts: Parts, actor: Actor, says: str) -> None:
    await parts.take(a_finding())
    parts.people.actors["U0ANA"] = actor
    for text in ("", "F-1", "zzz", *(f"{verb} F-1" for verb in collect(commands, "COMMAND", Command))):
        assert says in messages(await parts.desk.command(text, ANA)), text
    for name in (*actions(collect(commands, "COMMAND", Command)), "run", "asked"):
        assert says in messages(await parts.desk.press(Pressed(name, 1, 1, "findings"), ANA)), name
    assert (await parts.suite.details.record(1)).state is State.OPEN


async def test_here_is_private_in_a_place_that_slack_tells_nothing_about(parts: Parts) -> None:
    await parts.take(a_finding())
    assert (await parts.desk.command("findings here", ANA)).public
    parts.people.places["sec"] = Place("sec", known=False)
    assert not (await parts.desk.command("findings here", ANA)).public


async def test_a_page_takes_the_place_of_the_askers_own_message(parts: Parts) -> None:
    await parts.take(*(a_finding(f"k{i}") for i in range(9)))
    first = await listed(parts)
    pressed = Pressed("page", extra=f"{first.listing}.2")
    assert (await parts.desk.press(pressed, ANA)).replace
    assert not (await parts.desk.press(Pressed("show", 1, 1), ANA)).replace


@pytest.mark.parametrize("extra", ["", "x", ".", "a.", "a.b", "a.-1", "a.9999999999999999999999999"])
async def test_a_page_button_that_says_nonsense_is_answered(parts: Parts, extra: str) -> None:
    answer = await parts.desk.press(Pressed("page", extra=extra), ANA)
    assert isinstance(answer.view, Trouble)


def test_a_verb_or_action_that_is_used_twice_is_refused() -> None:
    async def run(context: Any, text: str) -> None: ...

    one = Command("one", "x", "x", Permission.READ, run, aliases=("two",))
    two = Command("two", "x", "x", Permission.READ, run)
    with pytest.raises(ValueError, match="two"):
        verbs({"one": one, "two": two})
    assert actions({}) == {}
