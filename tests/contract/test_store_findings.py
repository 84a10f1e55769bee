"""What every store does with findings, timelines, listings and quarantined messages."""

from __future__ import annotations

from datetime import timedelta

import pytest

from bot.domain.finding import Account, Entry, Severity, State, version_of
from bot.domain.query import Exact, Key, Query, Sort, Term
from bot.ports import AccountCount, Counts, Listing, Poison, Store
from tests.contract.builders import FULL, PAY, START, record
from tests.contract.conftest import VirtualClock


async def put(store: Store, *records: object, raw: bytes = b"{}") -> dict[str, int]:
    async with store.begin() as tx:
        return dict(await tx.insert([(r, raw) for r in records]))  # type: ignore[misc]


async def test_a_record_comes_back_exactly_as_it_went_in(store: Store) -> None:
    numbers = await put(store, FULL, record("k2"))
    async with store.reads() as reads:
        got = await reads.get(numbers["full"])
    assert got == FULL.but(number=numbers["full"])
    assert version_of(got.finding) == version_of(FULL.finding)


async def test_an_updated_record_comes_back_exactly_and_keeps_its_raw_event_unless_one_is_given(store: Store) -> None:
    number = (await put(store, record("full"), raw=b"first"))["full"]
    async with store.begin() as tx:
        await tx.update([(FULL.but(number=number), None)])
    async with store.reads() as reads:
        assert await reads.get(number) == FULL.but(number=number)
        assert await reads.raw(number) == b"first"
    async with store.begin() as tx:
        await tx.update([(FULL.but(number=number), b"second")])
    async with store.reads() as reads:
        assert await reads.raw(number) == b"second"


async def test_numbers_count_up_from_one_and_a_known_key_is_left_out_of_the_answer(store: Store) -> None:
    first = await put(store, record("a"), record("b"))
    assert sorted(first.values()) == [1, 2]
    second = await put(store, record("b", title="another"), record("c"))
    assert set(second) == {"c"}
    async with store.reads() as reads:
        known = await reads.get(first["b"])
    assert known is not None
    assert known.finding.title == "Somebody knocks"


async def test_lock_gives_the_known_records_by_key(store: Store) -> None:
    numbers = await put(store, record("a"), record("b"))
    async with store.begin() as tx:
        assert await tx.lock(["b", "nobody", "a", "a"]) == {
            "a": record("a").but(number=numbers["a"]),
            "b": record("b").but(number=numbers["b"]),
        }
        assert await tx.lock([]) == {}
        assert await tx.lock_number(numbers["a"]) == record("a").but(number=numbers["a"])
        assert await tx.lock_number(999) is None


async def test_nothing_of_a_transaction_that_raises_is_kept(store: Store) -> None:
    async def fail() -> None:
        async with store.begin() as tx:
            await tx.insert([(record("a"), b"{}")])
            await tx.quarantine([Poison("m", "not_json", "", "x", START)])
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    async with store.begin() as tx:
        assert await tx.lock(["a"]) == {}
    async with store.reads() as reads:
        assert await reads.quarantine_count() == 0


async def test_empty_batches_are_fine(store: Store) -> None:
    async with store.begin() as tx:
        assert await tx.insert([]) == {}
        await tx.update([])
        await tx.note([])
        await tx.say([])
        await tx.quarantine([])
        assert await tx.reaccount([]) == 0


async def test_what_is_not_there_is_none_or_empty(store: Store) -> None:
    async with store.reads() as reads:
        assert await reads.get(1) is None
        assert await reads.raw(1) == b""
        assert await reads.timeline(1) == []
        assert await reads.listing("x") is None
        assert await reads.card(1, "C") is None
        assert await reads.cards(1) == []
        assert await reads.finding_at("C", "1.0") is None
        assert await reads.search(Query(), START, limit=5) == []
        assert await reads.by_numbers([]) == []
        assert (await reads.counts(Query(), START)).total == 0
        assert await reads.account_counts() == []
        assert await reads.freshness() == {}
        assert await reads.states() == {}
        assert await reads.quarantined() == []
    await store.ping()


async def test_the_timeline_is_oldest_first_and_keeps_the_order_of_equal_times(store: Store) -> None:
    number = (await put(store, record()))["k1"]
    later = Entry(at=START + timedelta(seconds=5), kind="resolved")
    early = [
        Entry(at=START, kind="new", details={"severity": "high", "ü": "é"}),
        Entry(at=START, kind="updated", actor="U1", note="n"),
    ]
    async with store.begin() as tx:
        await tx.note([(number, later)])
        await tx.note([(number, entry) for entry in early])
    async with store.reads() as reads:
        assert list(await reads.timeline(number)) == [*early, later]


async def test_lists_are_sorted_with_the_number_as_the_last_word(store: Store) -> None:
    day = timedelta(days=1)
    made = [
        record("a", severity=Severity.LOW, updated=START, first_seen=START - 3 * day, account=Account("1", "zeta")),
        record("b", severity=Severity.CRITICAL, updated=START, first_seen=START - day, account=Account("2", "Émil")),
        record("c", severity=Severity.CRITICAL, updated=START, first_seen=START - day, account=Account("3", "alpha")),
        record("d", severity=Severity.CRITICAL, updated=START + day, first_seen=START, account=Account("4", "Beta")),
    ]
    numbers = await put(store, *made)
    names = {number: key for key, number in numbers.items()}
    async with store.reads() as reads:
        order = {s: [names[n] for n in await reads.numbers(Query(sort=s), START, limit=9)] for s in Sort}
        assert [r.number for r in await reads.search(Query(), START, limit=2)] == [numbers["d"], numbers["c"]]
    assert order == {
        Sort.SEVERITY: ["d", "c", "b", "a"],
        Sort.AGE: ["a", "b", "c", "d"],
        Sort.ACCOUNT: ["c", "d", "a", "b"],
    }


async def test_by_numbers_keeps_the_order_and_leaves_out_what_is_not_there(store: Store) -> None:
    numbers = await put(store, record("a"), record("b"), record("c"))
    wanted = [numbers["c"], 77, numbers["a"]]
    async with store.reads() as reads:
        assert [r.number for r in await reads.by_numbers(wanted)] == [numbers["c"], numbers["a"]]


async def test_counts_states_and_accounts(store: Store) -> None:
    await put(
        store,
        record("a", severity=Severity.LOW),
        record("b", severity=Severity.HIGH, state=State.ACKNOWLEDGED),
        record("c", severity=Severity.CRITICAL, state=State.RESOLVED),
        record("d", account=Account("9", env="dev"), severity=Severity.CRITICAL),
        record("e", severity=Severity.LOW),
    )
    live = Term(Key.STATE, (Exact("open"), Exact("acknowledged")))
    async with store.reads() as reads:
        prod = await reads.counts(Query((Term(Key.ENV, (Exact("PROD"),)), live)), START)
        assert prod == Counts({Severity.LOW: 2, Severity.HIGH: 1})
        assert prod.total == 3
        assert await reads.states() == {State.OPEN: 3, State.ACKNOWLEDGED: 1, State.RESOLVED: 1}
        assert list(await reads.account_counts()) == [AccountCount("111122223333", 4, Severity.CRITICAL)]


async def test_freshness_is_when_a_source_last_told_something_new(store: Store, clock: VirtualClock) -> None:
    before = clock.now()
    numbers = await put(store, record("a"), record("b", source="macie"), record("c", source="config"))
    clock.move(60)
    async with store.begin() as tx:
        await tx.update([(record("a").but(number=numbers["a"]), b"{}")])
        await tx.update([(record("b", source="macie").but(number=numbers["b"]), None)])
    async with store.reads() as reads:
        assert await reads.freshness() == {"guardduty": clock.now(), "macie": before, "config": before}


async def test_an_account_that_moved_takes_its_findings_along(store: Store) -> None:
    numbers = await put(store, record("a"), record("b"), record("c", account=Account("5", "other")).but())
    moved = Account("111122223333", "Pay-Old", "dev", "Attic", "team-old", known=True)
    async with store.begin() as tx:
        assert await tx.reaccount([moved, Account("777777777777", "unheard")]) == 3
        assert await tx.reaccount([moved]) == 0
    async with store.reads() as reads:
        for key, value in ((Key.ENV, "dev"), (Key.OWNER, "team-old"), (Key.ACCOUNT, "pay-old"), (Key.TEXT, "pay-old")):
            found = await reads.numbers(Query((Term(key, (Exact(value),)),)), START, limit=9)
            assert sorted(found) == sorted(numbers.values())
        got = await reads.get(numbers["a"])
    assert got == record("a", account=moved).but(number=numbers["a"])
    assert PAY.env == "prod"


async def test_a_listing_is_kept_with_the_order_of_its_numbers(store: Store) -> None:
    listing = Listing("tok", "U1", "env:prod", (9, 2, 5), START)
    async with store.begin() as tx:
        await tx.save_listing(listing)
    async with store.reads() as reads:
        assert await reads.listing("tok") == listing


async def test_a_request_is_new_once_in_24_hours(store: Store, clock: VirtualClock) -> None:
    async with store.begin() as tx:
        assert await tx.first_time("v0:1") is True
        assert await tx.first_time("v0:1") is False
        assert await tx.first_time("v0:2") is True
    clock.move(23 * 3600)
    async with store.begin() as tx:
        assert await tx.first_time("v0:1") is False
    clock.move(3600 + 1)
    async with store.begin() as tx:
        assert await tx.first_time("v0:1") is True


async def test_quarantine_keeps_any_text_and_the_newest_comes_first(store: Store) -> None:
    texts = ["\0 nul", "\ud800 lone \udfff", "x" * 300_000, "é" * 200_000, ""]
    async with store.begin() as tx:
        await tx.quarantine([Poison(f"m{i}", "not_json", "why\0", body, START) for i, body in enumerate(texts)])
    async with store.reads() as reads:
        kept = list(await reads.quarantined())
        assert [p.number for p in await reads.quarantined(limit=2)] == [5, 4]
        assert await reads.quarantine_count() == 5
    assert [p.message_id for p in kept] == ["m4", "m3", "m2", "m1", "m0"]
    assert [p.body for p in kept] == ["", "é" * 131_072, "x" * 262_144, texts[1], texts[0]]
    assert kept[0].at == START


async def test_a_message_that_comes_again_is_set_aside_once(store: Store) -> None:
    """It was committed but not deleted from the queue: a bot died in between."""
    for ids in (("m1", "m2"), ("m2", "m3", "m3")):
        async with store.begin() as tx:
            await tx.quarantine([Poison(id, "not_json", "", f"body of {id}", START) for id in ids])
    async with store.reads() as reads:
        assert [p.message_id for p in await reads.quarantined()] == ["m3", "m2", "m1"]
        assert await reads.quarantine_count() == 3


NASTY = ("nul \0 within", "lone \ud800 half", "\udfff", "𝕏 fine 🪣", "'; DROP TABLE findings; --")


@pytest.mark.parametrize("text", NASTY)
async def test_no_text_is_too_bad_to_be_stored(store: Store, text: str) -> None:
    bad = record(title=text, description=text, type=text, control=text, evidence=((text, text),), why=text, ack_by=text)
    bad = bad.but(account=Account("1", text, text, text, text))
    numbers = await put(store, bad)
    async with store.begin() as tx:
        await tx.lock([text])
        await tx.update([(bad.but(number=numbers["k1"]), b"\0\xff")])
        await tx.note([(numbers["k1"], Entry(at=START, kind="note", actor=text, note=text, details={text: text}))])
        assert await tx.first_time(text)
        await tx.save_listing(Listing(text, text, text, (), START))
    async with store.reads() as reads:
        assert await reads.raw(numbers["k1"]) == b"\0\xff"
        assert len(await reads.timeline(numbers["k1"])) == 1
        for key in (Key.TYPE, Key.TEXT, Key.ENV, Key.ACCOUNT, Key.BY):
            assert await reads.numbers(Query((Term(key, (Exact(text),)),)), START, limit=3) == [numbers["k1"]]
        assert await reads.listing(text) is not None
