"""From what people point at to a finding: threads, rows, links and ARNs, and what each is answered with when it leads nowhere."""

from __future__ import annotations

import pytest
from service_making import ANA, ANAS, BEN, card_of, listed, offers

from bot.domain.authz import Place
from bot.domain.finding import Resource, Status, guardduty_identity, hub_identity
from bot.domain.message import Pressed
from bot.domain.views import Confirm, FindingDetail, Trouble
from bot.errors import NotFound, UserError
from bot.services.desk import Request
from bot.services.lexicon import Asker
from tests.support.parts import Parts, a_finding

HEX = "0f" * 16
ACCOUNT = "111122223333"
BUCKET = "arn:aws:s3:::pay-export"
QUEUE = f"arn:aws:sqs:eu-west-1:{ACCOUNT}:orders"


async def link_to(parts: Parts, number: int, *, reply: str = "") -> str:
    """A Slack link to a card or, with a reply's ts, to a reply in its thread."""
    card = await card_of(parts, number)
    if reply:
        return f"https://a.slack.com/archives/C0ALL/p{reply.replace('.', '')}?thread_ts={card.ts}&cid=C0ALL"
    return f"https://a.slack.com/archives/C0ALL/p{card.ts.replace('.', '')}"


async def one(parts: Parts, text: str, asker: Asker = ANA) -> int:
    return await parts.suite.refs.one(text, "ack", asker)


@pytest.fixture
async def shown(parts: Parts) -> Parts:
    """Two findings with cards in the channel that Slack calls C0ALL."""
    parts.people.places["C0ALL"] = Place("C0ALL", name="all")
    await parts.say(a_finding("a"), a_finding("b", later_s=1))
    return parts


# --- threads ----------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["this", "THIS", "", "prod"])
@pytest.mark.parametrize("channel", ["all", "C0ALL"])
async def test_in_a_cards_thread_its_finding_is_meant(shown: Parts, text: str, channel: str) -> None:
    card = await card_of(shown, 2)
    assert await one(shown, text, Asker("U0ANA", channel, card.ts)) == 2


async def test_in_a_cards_thread_another_finding_can_be_named(shown: Parts) -> None:
    card = await card_of(shown, 2)
    assert await one(shown, "F-1", Asker("U0ANA", "all", card.ts)) == 1


async def test_this_is_nothing_outside_a_thread(shown: Parts) -> None:
    with pytest.raises(UserError, match="the finding of a thread"):
        await one(shown, "this")


async def test_this_is_nothing_in_a_thread_without_a_card(shown: Parts) -> None:
    with pytest.raises(NotFound, match="not under a finding's card"):
        await one(shown, "this", Asker("U0ANA", "all", "1700000000.000001"))


async def test_a_thread_of_the_same_time_in_another_channel_is_another_thread(shown: Parts) -> None:
    card = await card_of(shown, 1)
    with pytest.raises(NotFound):
        await one(shown, "this", Asker("U0ANA", "elsewhere", card.ts))


async def test_the_bots_bare_name_in_a_findings_thread_shows_it(shown: Parts) -> None:
    card = await card_of(shown, 2)
    answer = await shown.desk.command("", Request("U0ANA", "C0ALL", thread=card.ts))
    assert isinstance(answer.view, FindingDetail)
    assert answer.view.record is not None
    assert answer.view.record.number == 2


async def test_the_bots_bare_name_in_any_other_thread_is_the_menu(shown: Parts) -> None:
    answer = await shown.desk.command("", Request("U0ANA", "C0ALL", thread="1700000000.000001"))
    assert type(answer.view).__name__ == "Menu"


# --- rows -------------------------------------------------------------------------------------------------------------------------------


async def test_a_row_is_of_the_askers_last_list_wherever_it_was_asked_for(shown: Parts) -> None:
    await listed(shown, "sort:age")
    shown.clock.move(1)
    latest = await listed(shown, "")
    assert await one(shown, "^1") == latest.rows[0].number == 2
    assert await one(shown, "^2", Asker("U0ANA", "elsewhere")) == 1


async def test_a_row_stays_what_it_was_while_findings_come(shown: Parts) -> None:
    await listed(shown)
    await shown.take(a_finding("worse", severity="critical"))
    assert await one(shown, "^1") == 2


@pytest.mark.parametrize("row", ["^0", "^3", "^999"])
async def test_a_row_that_the_list_does_not_have_is_said(shown: Parts, row: str) -> None:
    await listed(shown)
    with pytest.raises(UserError, match=rf"has 2 rows; there is no `\{row}`"):
        await one(shown, row)


async def test_a_row_of_somebody_elses_list_is_not_the_askers(shown: Parts) -> None:
    await listed(shown, asker=BEN)
    with pytest.raises(UserError, match="you have none yet"):
        await one(shown, "^1")


# --- links ------------------------------------------------------------------------------------------------------------------------------


async def test_a_link_to_a_card_is_its_finding(shown: Parts) -> None:
    assert await one(shown, await link_to(shown, 1)) == 1


async def test_a_link_to_a_reply_in_a_cards_thread_is_its_finding(shown: Parts) -> None:
    link = await link_to(shown, 2, reply="1772370000.000009")
    assert await one(shown, link) == 2
    assert await one(shown, f"<{link.replace('&', '&amp;')}>") == 2, "as Slack sends it"


async def test_a_link_to_any_other_message_is_said_to_be_none(shown: Parts) -> None:
    with pytest.raises(NotFound, match="not a finding's card"):
        await one(shown, "https://a.slack.com/archives/C0ALL/p1700000000000001")


async def test_a_console_link_is_its_finding_though_it_names_no_account(parts: Parts) -> None:
    await parts.take(a_finding("x"))
    await parts.take(a_finding(guardduty_identity(ACCOUNT, "eu-west-1", HEX)))
    link = f"https://eu-west-1.console.aws.amazon.com/guardduty/home?region=eu-west-1#/findings?search=id%3D{HEX}"
    assert await one(parts, link) == 2


async def test_a_findings_arn_is_its_finding(parts: Parts) -> None:
    arn = f"arn:aws:inspector2:eu-west-1:{ACCOUNT}:finding/0123456789abcdef"
    await parts.take(a_finding("x"))
    await parts.take(a_finding(hub_identity(arn)))
    assert await one(parts, arn) == 2


@pytest.mark.parametrize(
    "text",
    [
        f"arn:aws:inspector2:eu-west-1:{ACCOUNT}:finding/unheard-of",
        f"https://eu-west-1.console.aws.amazon.com/guardduty/home?region=eu-west-1#/findings?search=id%3D{HEX}",
        "https://eu-west-1.console.aws.amazon.com/s3/buckets/pay-export",
    ],
)
async def test_a_finding_that_never_reached_us_is_said(shown: Parts, text: str) -> None:
    with pytest.raises(NotFound, match="never reached secbot, or the link leads to no single finding"):
        await one(shown, text)


async def test_a_link_to_another_site_is_a_mistake(shown: Parts) -> None:
    with pytest.raises(UserError, match="Which finding"):
        await one(shown, "https://example.com/F")


# --- a resource -------------------------------------------------------------------------------------------------------------------------


async def test_a_resource_without_findings_is_said(shown: Parts) -> None:
    with pytest.raises(NotFound, match="No finding is about that resource"):
        await one(shown, BUCKET)


async def test_a_resource_with_one_finding_is_that_finding(parts: Parts) -> None:
    await parts.take(a_finding("x"), a_finding("y", resources=(Resource(BUCKET),)))
    assert await one(parts, BUCKET) == 2


async def test_a_resource_with_several_findings_is_asked_about_and_never_guessed(parts: Parts) -> None:
    about = (Resource(QUEUE),)
    await parts.take(*(a_finding(f"k{i}", later_s=i, resources=about) for i in range(7)))
    await parts.take(a_finding("k0", later_s=99, resources=about, status=Status.RESOLVED), a_finding("other"))
    with pytest.raises(UserError, match="Which one") as raised:
        await one(parts, QUEUE)
    *some, (label, command) = raised.value.offers
    assert len(some) == 4
    assert all(c.startswith("ack F-") and t.startswith(c.removeprefix("ack ")) for t, c in some)
    assert label == "List them"
    assert (await listed(parts, command)).total == 7, "the resolved one too"


async def test_an_offer_about_a_resource_runs(parts: Parts) -> None:
    await parts.take(*(a_finding(f"k{i}", resources=(Resource(QUEUE),)) for i in range(2)))
    answer = await parts.desk.command(f"show {QUEUE}", ANAS)
    assert isinstance(answer.view, Trouble)
    first = next(iter(offers(answer.view).values()))
    again = await parts.desk.press(Pressed("run", extra=first), ANAS)
    assert isinstance(again.view, FindingDetail)


async def test_a_resource_of_another_account_is_not_this_accounts(parts: Parts) -> None:
    await parts.take(a_finding("x", resources=(Resource(QUEUE),), account="999988887777"))
    with pytest.raises(NotFound):
        await one(parts, QUEUE)


# --- several ----------------------------------------------------------------------------------------------------------------------------


async def test_a_finding_that_is_pointed_at_in_many_ways_is_one(shown: Parts) -> None:
    await listed(shown)
    card = await card_of(shown, 2)
    asker = Asker("U0ANA", "all", card.ts)
    text = f"F-2 ^1 this {await link_to(shown, 2)} https://sec.example/F-2"
    assert await shown.suite.refs.some(text, "ack", asker) == [2]


async def test_several_keep_the_order_in_which_they_were_named(shown: Parts) -> None:
    assert await shown.suite.refs.some("F-2 F-1", "ack", ANA) == [2, 1]
    assert [r.number for r in (await listed(shown, "F-2 F-1")).rows] == [2, 1]
    assert [r.number for r in (await listed(shown, "F-1 F-2")).rows] == [1, 2]


async def test_more_than_one_command_may_name_is_refused(shown: Parts) -> None:
    with pytest.raises(UserError, match="at most 50 findings"):
        await shown.suite.refs.some(" ".join(f"F-{i}" for i in range(1, 52)), "ack", ANA)


async def test_a_reference_that_leads_nowhere_is_said_by_a_list_too(shown: Parts) -> None:
    answer = await shown.desk.command("findings ^7", ANAS)
    assert isinstance(answer.view, Trouble)
    assert "you have none yet" in answer.view.messages[0]


async def test_rows_can_be_acknowledged_together_after_they_were_counted(shown: Parts) -> None:
    await listed(shown)
    answer = await shown.desk.command("ack ^1 ^2", ANAS)
    assert isinstance(answer.view, Confirm)
    assert answer.view.extra == "2,1"
