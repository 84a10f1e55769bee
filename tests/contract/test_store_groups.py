"""A breakdown counts exactly what the predicate says, in every store and by everything that can be grouped by."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.domain.facets import facets
from bot.domain.finding import Account, Record, Severity, State
from bot.domain.query import AGE_BOUNDS, Exact, Group, Key, Levels, Query, Term, Within, matches
from bot.ports import GroupCount, Store
from tests.contract.builders import QUERIES, START, record, records
from tests.contract.test_store_queries import SLOW_IS_FINE, TAGS, stored

FACETS = {
    Group.ENV: "env",
    Group.ACCOUNT: "account",
    Group.OU: "ou",
    Group.OWNER: "owner",
    Group.SRC: "source",
    Group.CONTROL: "control",
    Group.TYPE: "type",
    Group.REGION: "region",
    Group.STATE: "state",
}


def value_of(group: Group, r: Record) -> str:
    if group is Group.SEV:
        return r.finding.severity.word
    if group is Group.AGE:
        return str(sum(START - r.finding.first_seen >= bound for bound in AGE_BOUNDS))
    return str(getattr(facets(r), FACETS[group]))


def expected(made: Sequence[Record], query: Query, group: Group) -> list[GroupCount]:
    found: dict[str, list[Record]] = {}
    for r in made:
        if matches(query, facets(r), START):
            found.setdefault(value_of(group, r), []).append(r)
    counts = [
        GroupCount(value, Counter(r.finding.severity for r in rs), max(r.number for r in rs))
        for value, rs in found.items()
    ]
    return sorted(counts, key=lambda c: (-c.total, c.value))


async def agree(store: Store, made: Sequence[Record], query: Query, *groups: Group) -> None:
    async with store.reads() as reads:
        for group in groups or Group:
            assert list(await reads.grouped(query, group, START)) == expected(made, query, group)


@settings(max_examples=3, deadline=None, suppress_health_check=SLOW_IS_FINE)
@given(data=st.data())
async def test_every_store_counts_the_groups_of_any_query(store: Store, data: st.DataObject) -> None:
    tag = next(TAGS)
    await stored(store, [data.draw(records(f"{tag}-{i}")) for i in range(12)])
    async with store.reads() as reads:
        everything = list(await reads.search(Query(), START, limit=10_000))
    for query in data.draw(st.lists(QUERIES, min_size=10, max_size=20)):
        await agree(store, everything, query, data.draw(st.sampled_from(Group)))


@pytest.mark.parametrize("group", Group)
async def test_what_an_index_can_count_alone_is_counted_as_everything_else(store: Store, group: Group) -> None:
    made = await stored(
        store,
        [
            record(
                f"k{i}",
                account=Account(str(i % 3), f"n{i % 2}", f"e{i % 2}", f"o{i % 3}", f"w{i % 4}"),
                severity=Severity(i % 5),
                state=list(State)[i % 4],
                control=f"c{i % 4}",
                source=f"s{i % 2}",
                region=f"r{i % 3}",
                first_seen=START - timedelta(days=i * 8),
            )
            for i in range(24)
        ],
    )
    live = Term(Key.STATE, (Exact("open"), Exact("acknowledged")))
    high = Term(Key.SEV, (Levels(Severity.HIGH, Severity.CRITICAL),))
    control = Term(Key.CONTROL, (Exact("c1"), Exact("c2")))
    for query in (
        Query(),
        Query((live,)),
        Query((live, high)),
        Query((live, control)),
        Query((Term(Key.STATE, (Exact("open"),)),)),
        Query((live,), views=(Within("v", (control, high), negated=True),)),
        Query((Term(Key.STATE, (Exact("odd"),)),)),
    ):
        await agree(store, made, query, group)


async def test_a_finding_as_old_as_a_bound_is_in_the_older_group(store: Store) -> None:
    tick = timedelta(microseconds=1)
    ages = [age for bound in AGE_BOUNDS for age in (bound - tick, bound, bound + tick)]
    await stored(store, [record(f"k{i}", first_seen=START - age) for i, age in enumerate((-tick, *ages))])
    async with store.reads() as reads:
        counts = await reads.grouped(Query(), Group.AGE, START)
    assert {c.value: c.total for c in counts} == {"0": 2, "1": 3, "2": 3, "3": 3, "4": 2}


async def test_the_fullest_group_comes_first_then_the_values_in_order(store: Store) -> None:
    made = [record(f"k{i}", control=control) for i, control in enumerate(("b", "é", "B2", "c", "c", "z", ""))]
    await stored(store, made)
    async with store.reads() as reads:
        counts = await reads.grouped(Query(), Group.CONTROL, START)
    assert [c.value for c in counts] == ["c", "", "b", "b2", "z", "é"]
    assert counts[0] == GroupCount("c", {Severity.HIGH: 2}, counts[0].example)


async def test_the_example_of_a_group_is_its_newest_finding_by_number(store: Store) -> None:
    made = await stored(store, [record(f"k{i}", updated=START - timedelta(hours=i)) for i in range(3)])
    async with store.reads() as reads:
        assert (await reads.grouped(Query(), Group.SRC, START))[0].example == max(r.number for r in made)


async def test_there_are_at_most_a_thousand_groups_and_the_fullest_are_among_them(store: Store) -> None:
    made = [record(f"k{i:04}", type=f"t{min(i, 1001):04}") for i in range(1004)]
    await stored(store, made)
    async with store.reads() as reads:
        counts = await reads.grouped(Query(), Group.TYPE, START)
    assert len(counts) == 1000
    assert (counts[0].value, counts[0].total) == ("t1001", 3)
    assert counts[-1].value == "t0998"


async def test_the_refs_the_page_and_the_group_of_a_query_play_no_part(store: Store) -> None:
    made = await stored(store, [record("a"), record("b")])
    query = Query(refs=("F-1",), page=7, group=Group.ENV)
    await agree(store, made, query, Group.SEV)
    async with store.reads() as reads:
        assert len(await reads.numbers(query, START, limit=9)) == 2
        assert (await reads.counts(query, START)).total == 2
