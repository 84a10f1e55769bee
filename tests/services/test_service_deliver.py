"""Saying what the outbox holds: order, pace, coalescing, and what each of Slack's refusals means."""

from __future__ import annotations

from itertools import pairwise

import pytest

from bot.domain.finding import Status
from bot.domain.message import Message
from bot.errors import Ambiguous, RateLimited, Rejected, SecbotError, TemporaryError
from bot.services.deliver import backoff, digest, plain
from tests.support.parts import Parts, a_finding


async def test_the_most_severe_of_a_channel_is_said_first_and_the_rest_in_order(parts: Parts) -> None:
    await parts.say(a_finding("a", severity="low"), a_finding("b", severity="high"), a_finding("c", severity="low"))
    texts = [m.text for _, _, m in parts.messenger.said]
    assert [t.split()[-2] for t in texts] == ["b", "a", "c"]


async def test_a_channel_is_served_at_four_fifths_of_slacks_pace(parts: Parts) -> None:
    await parts.say(*(a_finding(f"k{i}") for i in range(13)))
    at = parts.messenger.at
    assert at[2] == 0, "a short burst is free"
    gaps = [b - a for a, b in pairwise(at[2:])]
    assert min(gaps) >= 1.24


async def test_edits_that_wait_are_one_edit(parts: Parts) -> None:
    await parts.say(a_finding())
    for i in range(1, 6):
        await parts.take(a_finding(later_s=i, description=f"version {i}"))
    await parts.deliver.drain()
    assert [what for what, _ in parts.messenger.what].count("edit") == 1


async def test_an_edit_that_would_change_nothing_is_not_sent(parts: Parts) -> None:
    await parts.say(a_finding())
    await parts.take(a_finding(later_s=1, description="new"))
    await parts.deliver.drain()
    edits = len(parts.messenger.said)
    async with parts.store.begin() as tx:
        from bot.services.sayings import edit

        record = await tx.lock_number(1)
        assert record is not None
        await tx.say([edit(record, "all")])
    await parts.deliver.drain()
    assert len(parts.messenger.said) == edits


async def test_a_late_card_shows_the_state_at_the_moment_it_is_sent(parts: Parts) -> None:
    await parts.take(a_finding())
    await parts.take(a_finding(later_s=9, status=Status.RESOLVED))
    await parts.deliver.drain()
    assert "resolved" in parts.messenger.said[0][2].text.lower()


async def test_a_thread_line_waits_for_its_card(parts: Parts) -> None:
    parts.messenger.failing = [TemporaryError("down")]
    await parts.say(a_finding())
    await parts.say(a_finding(later_s=9, status=Status.RESOLVED))
    parts.clock.move(2)
    await parts.deliver.drain()
    assert [what for what, _ in parts.messenger.what if what != "edit"] == ["card", "line"]


@pytest.mark.parametrize(
    ("error", "wait_s", "why"),
    [
        (RateLimited("slow", retry_after_s=7), 7, "as told"),
        (RateLimited("slow"), 300, "nothing was told"),
        (TemporaryError("down"), 1, "the first back-off"),
        (Rejected("x", code="is_archived"), 300, "somebody may mend it"),
        (Rejected("x", code="something_new"), 300, "an unknown refusal is kept, not dropped"),
    ],
)
async def test_what_was_certainly_not_said_is_said_later(
    parts: Parts, error: SecbotError, wait_s: float, why: str
) -> None:
    parts.messenger.failing = [error]
    await parts.say(a_finding())
    assert parts.messenger.said == []
    parts.clock.move(wait_s - 0.5)
    await parts.deliver.drain()
    assert parts.messenger.said == [], why
    parts.clock.move(1)
    await parts.deliver.drain()
    assert parts.messenger.what == [("card", "all")], why
    assert parts.messenger.asked == [], "nothing to reconcile"


async def test_what_was_perhaps_said_is_looked_for_when_its_lease_has_ended(parts: Parts) -> None:
    parts.messenger.lost = [Ambiguous("lost")]
    await parts.say(a_finding())
    parts.clock.move(50)
    await parts.deliver.drain()
    assert parts.messenger.asked == []
    parts.clock.move(20)
    await parts.deliver.drain()
    assert parts.messenger.asked == ["card:1:all"]
    assert parts.messenger.what == [("card", "all")]
    async with parts.store.reads() as reads:
        card = await reads.card(1, "all")
        assert card is not None
        assert (await reads.backlog()).waiting == 0


async def test_what_was_not_said_after_all_is_said_again(parts: Parts) -> None:
    parts.messenger.failing = [Ambiguous("lost")]
    await parts.say(a_finding())
    parts.clock.move(70)
    await parts.deliver.drain()
    assert parts.messenger.what == [("card", "all")]


async def test_a_channel_that_refuses_us_is_shown_as_blocked(parts: Parts) -> None:
    parts.messenger.failing = [Rejected("x", code="is_archived")]
    await parts.say(a_finding())
    async with parts.store.reads() as reads:
        assert (await reads.backlog()).blocked == (("all", "is_archived", 1),)


async def test_a_public_channel_is_joined_once_and_then_posted_to(parts: Parts) -> None:
    parts.messenger.failing = [Rejected("x", code="not_in_channel")]
    await parts.say(a_finding())
    assert parts.messenger.joined == ["all"]
    assert parts.messenger.what == [("card", "all")]


async def test_blocks_that_are_refused_go_as_text(parts: Parts) -> None:
    parts.messenger.failing = [Rejected("x", code="invalid_blocks")]
    await parts.say(a_finding())
    [(_, _, message)] = parts.messenger.said
    assert [b["type"] for b in message.blocks] == ["section"]


async def test_an_edit_of_a_card_that_is_gone_is_settled(parts: Parts) -> None:
    await parts.say(a_finding())
    parts.messenger.failing = [Rejected("x", code="message_not_found")]
    await parts.say(a_finding(later_s=1, description="new"))
    async with parts.store.reads() as reads:
        assert (await reads.backlog()).waiting == 0


def test_backoff_doubles_to_a_minute() -> None:
    assert [backoff(n) for n in (1, 2, 3, 4, 5, 6, 7, 50)] == [1, 2, 4, 8, 16, 32, 60, 60]


def test_a_digest_tells_texts_and_blocks_apart() -> None:
    one, other = Message("a", ()), Message("a", ({"type": "divider"},))
    assert digest(one) != digest(other)
    assert digest(one) == digest(Message("a", ()))
    assert plain(Message("x" * 300, ())).blocks[0]["text"]["text"] == "x" * 150
