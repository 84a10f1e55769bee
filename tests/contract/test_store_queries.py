"""A query finds in every store what the domain's predicate says, whatever was stored and whatever was asked."""

from __future__ import annotations

import itertools
from collections import Counter
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from bot.domain.facets import facets
from bot.domain.finding import Account, Record, Severity, State
from bot.domain.query import Exact, Glob, Key, Levels, Query, Span, Term, Within, matches
from bot.ports import Store
from tests.contract.builders import QUERIES, START, record, records

TAGS = itertools.count()
SLOW_IS_FINE = (HealthCheck.function_scoped_fixture, HealthCheck.too_slow, HealthCheck.data_too_large)


async def stored(store: Store, made: list[Record]) -> list[Record]:
    async with store.begin() as tx:
        numbers = await tx.insert([(r, b"") for r in made])
    return [r.but(number=numbers[r.finding.key]) for r in made]


async def agree(store: Store, made: list[Record], query: Query) -> None:
    wanted = {r.number for r in made if matches(query, facets(r), START)}
    async with store.reads() as reads:
        found = await reads.numbers(query, START, limit=len(made))
        listed = await reads.search(query, START, limit=len(made))
        counts = await reads.counts(query, START)
    assert set(found) == wanted
    assert [r.number for r in listed] == list(found)
    assert counts.by_severity == Counter(r.finding.severity for r in made if r.number in wanted)


@settings(max_examples=5, deadline=None, suppress_health_check=SLOW_IS_FINE)
@given(data=st.data())
async def test_every_store_agrees_with_the_predicate(store: Store, data: st.DataObject) -> None:
    tag = next(TAGS)  # not drawn: the store keeps what an earlier example put into it
    made = await stored(store, [data.draw(records(f"{tag}-{i}")) for i in range(12)])
    async with store.reads() as reads:
        everything = list(await reads.search(Query(), START, limit=10_000))
    assert {r.number: r for r in everything} | {r.number: r for r in made} == {r.number: r for r in everything}
    for query in data.draw(st.lists(QUERIES, min_size=30, max_size=60)):
        await agree(store, everything, query)


WORDS = (
    "",
    "a",
    "A",
    "ab",
    "a%b",
    "a_b",
    "a*b",
    "a?b",
    "a[b]",
    "a\\b",
    "[",
    "]",
    "ß",
    "ss",
    "İ",
    "日本",
    "🪣",
    "a b",
    'say "hi"',
)


@pytest.mark.parametrize("key", [Key.ENV, Key.ACCOUNT, Key.RESOURCE, Key.STANDARD, Key.TEXT, Key.TYPE])
async def test_special_letters_mean_themselves(store: Store, key: Key) -> None:
    made = [
        record(f"k{i}", type=w, title=w, standards=(w, "z"), resources=(), account=Account("1", w, w))
        for i, w in enumerate(WORDS)
    ]
    made = await stored(store, made)
    for word in WORDS:
        await agree(store, made, Query((Term(key, (Exact(word),)),)))
        await agree(store, made, Query((Term(key, (Glob(word),)),)))
        await agree(store, made, Query((Term(key, (Glob(f"*{word}?*"), Exact("ab")), negated=True),)))


@pytest.mark.parametrize(
    "states",
    [
        ("open",),
        ("open", "acknowledged"),
        ("resolved",),
        ("resolved", "suppressed"),
        ("open", "resolved"),
        ("odd", "open"),
    ],
)
@pytest.mark.parametrize("negated", [False, True])
async def test_states_are_found_with_and_without_the_live_shortcut(
    store: Store, states: tuple[str, ...], negated: bool
) -> None:
    made = await stored(store, [record(f"k{i}", state=s) for i, s in enumerate(State)])
    await agree(store, made, Query((Term(Key.STATE, tuple(Exact(s) for s in states), negated),)))


@pytest.mark.parametrize("key", [Key.AGE, Key.FIRST, Key.LAST])
async def test_the_ends_of_a_time_span_are_left_out(store: Store, key: Key) -> None:
    hour, tick = timedelta(hours=1), timedelta(microseconds=1)
    times = [START - hour - tick, START - hour, START - hour + tick, START, START + hour]
    made = await stored(store, [record(f"k{i}", first_seen=t, updated=t) for i, t in enumerate(times)])
    for least in (None, hour, timedelta(), timedelta.max):
        for most in (None, hour, timedelta(), timedelta.max):
            await agree(store, made, Query((Term(key, (Span(least, most),)),)))


async def test_the_ends_of_a_lease_are_left_out_and_what_has_no_end_is_in_no_span(store: Store) -> None:
    hour, tick = timedelta(hours=1), timedelta(microseconds=1)
    ends = [None, START - hour, START - tick, START, START + hour - tick, START + hour, START + hour + tick]
    made = await stored(store, [record(f"k{i}", ack_until=end) for i, end in enumerate(ends)])
    spans = [Span(least, most) for least in (None, hour, timedelta.max) for most in (None, hour, timedelta.max)]
    for span in spans:
        for negated in (False, True):
            await agree(store, made, Query((Term(Key.LEASE, (span,), negated),)))
            await agree(store, made, Query((Term(Key.LEASE, (span, Span(None, timedelta())), negated),)))


@pytest.mark.parametrize("negated", [False, True])
async def test_whose_a_finding_is_are_its_acknowledger_and_its_assignee(store: Store, negated: bool) -> None:
    people = [("", ""), ("U0ANA", ""), ("", "U0ANA"), ("U0BEN", "U0ANA"), ("U0BEN", "U0BEN"), ("U0ANAS", "")]
    made = await stored(store, [record(f"k{i}", ack_by=one, assignee=other) for i, (one, other) in enumerate(people)])
    for values in ((Exact("U0ANA"),), (Exact("u0ben"), Exact("U0ANAS")), (Glob("u0a*"),), (Glob("*"),), (Exact(""),)):
        await agree(store, made, Query((Term(Key.BY, values, negated),)))
        await agree(store, made, Query((Term(Key.BY, values, negated), Term(Key.ENV, (Exact("prod"),)))))


PROD, CRITICAL = Term(Key.ENV, (Exact("prod"),)), Term(Key.SEV, (Levels(Severity.CRITICAL, Severity.CRITICAL),))
OPEN, OWNED = Term(Key.STATE, (Exact("open"),)), Term(Key.BY, (Glob("*"),))


@pytest.mark.parametrize(
    "terms", [(), (PROD,), (PROD, CRITICAL), (OPEN,), (OPEN, CRITICAL), (OWNED, PROD)], ids=lambda t: str(len(t))
)
async def test_a_view_is_all_of_its_terms_and_negated_not_all_of_them(store: Store, terms: tuple[Term, ...]) -> None:
    envs, levels, states = ("prod", "dev"), (Severity.CRITICAL, Severity.LOW), (State.OPEN, State.RESOLVED)
    made = await stored(
        store,
        [
            record(f"k{i}", account=Account("1", env=env), severity=level, state=state, assignee="U0ANA" * (i % 2))
            for i, (env, level, state) in enumerate(itertools.product(envs, levels, states))
        ],
    )
    for own in ((), (PROD,), (OPEN,), (Term(Key.STATE, (Exact("resolved"),)),)):
        for negated in (False, True):
            await agree(store, made, Query(own, views=(Within("v", terms, negated),)))
        await agree(store, made, Query(own, views=(Within("v", terms), Within("w", (CRITICAL,), negated=True))))


async def test_a_control_is_found_among_findings_of_an_environment(store: Store) -> None:
    made = await stored(
        store,
        [
            record(f"k{i}", control=control, account=Account("1", env=env))
            for i, (control, env) in enumerate(itertools.product(("S3.1", "S3.2", "S3.10"), ("prod", "dev")))
        ],
    )
    for values in ((Exact("s3.1"),), (Exact("S3.1"), Exact("S3.2")), (Glob("S3.1*"),)):
        await agree(store, made, Query((PROD, Term(Key.CONTROL, values))))
        await agree(store, made, Query((PROD, Term(Key.CONTROL, values, negated=True))))
