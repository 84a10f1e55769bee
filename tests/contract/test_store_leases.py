"""Suppressions and approvals in every store: kept whole, found by what they are, and decided on by one at a time."""

from __future__ import annotations

import asyncio
import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy.exc import IntegrityError

from bot.adapters.memory import MemoryStore
from bot.domain.approval import Request
from bot.domain.approval import Stage as Asked
from bot.domain.finding import Record, Severity, State
from bot.domain.query import Exact, Flag, Group, Key, Levels, Query, Sort, Term, Within
from bot.domain.suppression import Lease, ReasonClass, ScopeKind, Stage
from bot.ports import Store
from tests.contract.builders import PAY, START, record
from tests.contract.ledger_builders import CUT, DAY, HOSTILE, MENDED, lease, request

REFUSALS = (IntegrityError, ValueError)  # a database's own, and what stands for it in memory


async def save(store: Store, *made: Lease | Request) -> None:
    async with store.begin() as tx:
        for one in made:
            await (tx.save_lease(one) if isinstance(one, Lease) else tx.save_request(one))


# --- leases ----------------------------------------------------------------------------------------------------------------------

FULL = lease(
    "full",
    kind=ScopeKind.CUSTOM,
    query=HOSTILE,
    why=ReasonClass.COMPENSATED,
    reason=HOSTILE,
    ticket=HOSTILE,
    owner=HOSTILE,
    author=HOSTILE,
    created=datetime(1970, 1, 1, tzinfo=UTC),
    until=datetime(9999, 12, 31, 23, 59, 59, 999999, tzinfo=UTC),
    stage=Stage.ENDING,
    native={HOSTILE: HOSTILE, "": ""},
    approval=HOSTILE,
    approvers=(HOSTILE, "", "U0BEN"),
    ended_at=START + timedelta(microseconds=1),
    ended_by=HOSTILE,
    noticed_at=START - timedelta(microseconds=1),
    renews=HOSTILE,
)


@pytest.mark.parametrize("made", [lease(), FULL, lease("odd", number=2**62, native={"rule": ""})], ids=lambda m: m.id)
async def test_a_lease_comes_back_as_it_was_saved(store: Store, made: Lease) -> None:
    await save(store, made)
    async with store.begin() as tx:
        assert await tx.lock_lease(made.id) == made
    async with store.reads() as reads:
        assert await reads.lease(made.id) == made
        assert await reads.leases() == [made]


@pytest.mark.parametrize("stage", Stage)
async def test_a_lease_of_every_stage_is_found_by_it(store: Store, stage: Stage) -> None:
    await save(store, *(lease(str(one), stage=one) for one in Stage))
    async with store.reads() as reads:
        assert [one.id for one in await reads.leases(stages=[stage])] == [stage]


async def test_a_lease_of_the_same_id_is_changed(store: Store) -> None:
    await save(store, lease(), lease("l2"))
    after = replace(FULL, id="l1")
    await save(store, after)
    async with store.reads() as reads:
        assert await reads.lease("l1") == after
        assert await reads.lease("l2") == lease("l2")
        assert len(await reads.leases()) == 2


async def test_which_lease_another_one_prolongs_is_kept_and_can_change(store: Store) -> None:
    await save(store, lease("old"), lease("new", renews="old"))
    async with store.reads() as reads:
        assert [(await reads.lease(id)).renews for id in ("old", "new")] == ["", "old"]  # type: ignore[union-attr]
    await save(store, lease("new", renews=""))
    async with store.reads() as reads:
        assert await reads.lease("new") == lease("new")


async def test_what_is_not_there_is_none(store: Store) -> None:
    async with store.begin() as tx:
        assert await tx.lock_lease("x") is None
        assert await tx.lock_request("x") is None
        assert await tx.hiding(START) == []
    async with store.reads() as reads:
        assert await reads.lease("x") is None
        assert await reads.request("x") is None
        assert await reads.leases() == []
        assert await reads.requests(stage=Asked.WAITING) == []


async def test_texts_that_a_database_refuses_are_mended(store: Store) -> None:
    want = CUT if isinstance(store, MemoryStore) else MENDED
    await save(store, lease(reason=CUT, native={CUT: CUT}, approvers=(CUT,)), request(reason=CUT, approvers=(CUT,)))
    async with store.reads() as reads:
        assert await reads.lease("l1") == lease(reason=want, native={want: want}, approvers=(want,))
        assert await reads.request("r1") == request(reason=want, approvers=(want,))


@pytest.mark.parametrize(
    "bad",
    [
        lease(reason=""),
        lease(owner=""),
        lease(until=START),
        lease(until=START - timedelta(microseconds=1)),
    ],
    ids=("no reason", "no owner", "no time", "over before it began"),
)
async def test_a_lease_without_reason_owner_or_an_end_is_refused(store: Store, bad: Lease) -> None:
    with pytest.raises(REFUSALS):
        await save(store, lease("other"), bad)
    await save(store, lease())
    with pytest.raises(REFUSALS):
        await save(store, bad)
    async with store.reads() as reads:
        assert await reads.leases() == [lease()]


async def test_leases_come_the_first_to_end_first(store: Store) -> None:
    ends = {"a": 3, "b": 1, "d": 2, "c": 2}
    await save(store, *(lease(id, until=START + days * DAY) for id, days in ends.items()))
    async with store.reads() as reads:
        assert [one.id for one in await reads.leases()] == ["b", "c", "d", "a"]
        assert [one.id for one in await reads.leases(limit=2)] == ["b", "c"]


async def test_leases_are_found_by_stage_end_and_owner_together(store: Store) -> None:
    await save(
        store,
        lease("a", until=START + DAY),
        lease("b", until=START + DAY, stage=Stage.APPLYING, owner="U0BEN"),
        lease("c", until=START + 2 * DAY),
        lease("d", stage=Stage.ENDED),
    )
    async with store.reads() as reads:

        async def ids(**asked: object) -> list[str]:
            return [one.id for one in await reads.leases(**asked)]  # type: ignore[arg-type]

        assert await ids(stages=[Stage.ACTIVE]) == ["a", "c"]
        assert await ids(stages={Stage.ACTIVE, Stage.APPLYING}) == ["a", "b", "c"]
        assert await ids(before=START + DAY) == []
        assert await ids(before=START + DAY + timedelta(microseconds=1)) == ["a", "b", "d"]
        assert await ids(owner="U0BEN") == ["b"]
        assert await ids(stages=[Stage.ACTIVE], before=START + 3 * DAY, owner="U0OWNER", limit=1) == ["a"]
        assert await ids(owner="nobody") == []


@pytest.mark.parametrize("stage", Stage)
async def test_only_a_lease_in_force_hides(store: Store, stage: Stage) -> None:
    await save(
        store, lease("b", stage=stage), lease("a", stage=stage), lease("over", stage=stage, until=START + DAY / 2)
    )
    want = ["a", "b"] if stage in {Stage.APPLYING, Stage.ACTIVE} else []
    async with store.begin() as tx:
        assert [one.id for one in await tx.hiding(START + DAY / 2)] == want
        assert [one.id for one in await tx.hiding(START + DAY - timedelta(microseconds=1))] == want
        assert await tx.hiding(START + DAY) == []


async def test_a_transaction_sees_the_leases_that_it_saved(store: Store) -> None:
    async with store.begin() as tx:
        await tx.save_lease(lease())
        assert await tx.hiding(START) == [lease()]
        await tx.save_lease(lease(stage=Stage.ENDING))
        assert await tx.hiding(START) == []


async def test_a_locked_lease_is_decided_on_by_one_at_a_time(store: Store) -> None:
    await save(store, lease(number=0))

    async def bump() -> None:
        async with store.begin() as tx:
            known = await tx.lock_lease("l1")
            assert known is not None
            await asyncio.sleep(0)
            await tx.save_lease(replace(known, number=known.number + 1))

    await asyncio.gather(*(bump() for _ in range(20)))
    async with store.reads() as reads:
        assert await reads.lease("l1") == lease(number=20)


# --- approvals -------------------------------------------------------------------------------------------------------------------

WHOLE = request(
    "whole",
    kind=HOSTILE,
    subject=HOSTILE,
    digest=HOSTILE,
    requester=HOSTILE,
    reason=HOSTILE,
    approvers=("U0BEN", "", HOSTILE),
    stage=Asked.DENIED,
    decided_by=HOSTILE,
    decided_at=START + timedelta(microseconds=1),
    answer=HOSTILE,
)


@pytest.mark.parametrize("made", [request(), WHOLE, *(request(stage=one) for one in Asked)], ids=str)
async def test_a_request_comes_back_as_it_was_saved(store: Store, made: Request) -> None:
    await save(store, made)
    async with store.begin() as tx:
        assert await tx.lock_request(made.id) == made
    async with store.reads() as reads:
        assert await reads.request(made.id) == made
        assert await reads.requests(stage=made.stage) == [made]


async def test_a_request_of_the_same_id_is_changed(store: Store) -> None:
    await save(store, request(), request("r2"), replace(WHOLE, id="r1"))
    async with store.reads() as reads:
        assert await reads.request("r1") == replace(WHOLE, id="r1")
        assert await reads.requests(stage=Asked.WAITING) == [request("r2")]


async def test_requests_come_the_oldest_first(store: Store) -> None:
    ages = {"a": 1, "c": 2, "b": 2, "d": 3}
    await save(store, *(request(id, created=START - days * DAY) for id, days in ages.items()))
    await save(store, request("e", stage=Asked.APPROVED, created=START - 9 * DAY))
    async with store.reads() as reads:
        assert [one.id for one in await reads.requests(stage=Asked.WAITING)] == ["d", "b", "c", "a"]
        assert [one.id for one in await reads.requests(stage=Asked.WAITING, limit=1)] == ["d"]


async def test_two_approvals_at_once_are_both_counted(store: Store) -> None:
    await save(store, request(quorum=9))

    async def approve(user: str) -> None:
        async with store.begin() as tx:
            known = await tx.lock_request("r1")
            assert known is not None
            await asyncio.sleep(0)
            await tx.save_request(replace(known, approvers=(*known.approvers, user)))

    users = [f"U{i}" for i in range(9)]
    await asyncio.gather(*map(approve, users))
    async with store.reads() as reads:
        got = await reads.request("r1")
    assert got is not None
    assert sorted(got.approvers) == users


# --- the findings that a lease covers ---------------------------------------------------------------------------------------------

PROD = Query((Term(Key.ENV, (Exact("prod"),)),))
OPEN = Query((*PROD.terms, Term(Key.STATE, (Exact("open"),))))


async def fill(store: Store, *made: Record) -> None:
    async with store.begin() as tx:
        await tx.insert([(one, b"") for one in made])


async def page(store: Store, query: Query, after: int, limit: int) -> list[int]:
    async with store.begin() as tx:
        return [one.number for one in await tx.lock_found(query, START, limit=limit, after=after)]


async def test_findings_of_a_query_come_by_number_whatever_its_order(store: Store) -> None:
    levels = (Severity.LOW, Severity.CRITICAL, Severity.HIGH)
    await fill(store, *(record(f"k{i}", severity=level) for i, level in enumerate(levels)))
    await fill(store, record("a"), record("other", account=replace(PAY, env="dev")))
    for sort in Sort:
        odd = replace(PROD, sort=sort, page=9, group=Group.SEV, refs=("F-1",), flags=frozenset({Flag.ALL}))
        assert await page(store, odd, 0, 9) == [1, 2, 3, 4]
    assert await page(store, PROD, 1, 2) == [2, 3]
    assert await page(store, PROD, 4, 2) == []
    assert await page(store, PROD, 0, 0) == []


@pytest.mark.parametrize(
    "query",
    [
        Query(),
        Query((Term(Key.ACCOUNT, (Exact("111122223333"), Exact("pay-prod"))),)),
        Query((Term(Key.SEV, (Levels(Severity.HIGH, Severity.CRITICAL),)), Term(Key.STATE, (Exact("suppressed"),)))),
        Query((Term(Key.RESOURCE, (Exact("pay-export"),)), Term(Key.ENV, (Exact("prod"), Exact("dev"))))),
        Query((Term(Key.ENV, (Exact("dev"),), negated=True),), views=(Within("v", PROD.terms),)),
        Query((Term(Key.STATE, (Exact("none"),)),)),
    ],
    ids=("everything", "two names", "state", "resource", "view", "nothing"),
)
async def test_pages_hold_what_a_list_of_the_query_holds_each_once(store: Store, query: Query) -> None:
    await fill(store, *(
        record(
            f"k{i:03}", severity=list(Severity)[i % 5], state=list(State)[i % len(State)],
            account=replace(PAY, env=("prod", "dev", "stage")[i % 3]),
        )
        for i in range(60)
    ))  # fmt: skip
    async with store.reads() as reads:
        want = sorted(await reads.numbers(query, START, limit=1000))
    got: list[int] = []
    while part := await page(store, query, got[-1] if got else 0, 7):
        assert len(part) == 7 or part[-1] == want[-1]
        got += part
    assert got == want


@pytest.mark.parametrize("seed", range(4))
async def test_every_finding_of_a_query_comes_exactly_once_while_others_change(store: Store, seed: int) -> None:
    chance = random.Random(seed)
    await fill(store, *(record(f"k{chance.random()}") for _ in range(60)))
    moving = set(chance.sample(range(1, 61), 20))
    got: list[int] = []
    done = asyncio.Event()

    async def others() -> None:
        while not done.is_set():
            number = chance.choice(sorted(moving))
            async with store.begin() as tx:
                known = await tx.lock_number(number)
                assert known is not None
                state = State.RESOLVED if known.state is State.OPEN else State.OPEN
                await tx.update([(known.but(state=state, revision=known.revision + 1), None)])
                await asyncio.sleep(0)

    async def hide() -> None:
        size, after = 7, 0
        while size == 7:
            async with store.begin() as tx:
                found = await tx.lock_found(OPEN, START, limit=7, after=after)
                assert all(one.state is State.OPEN for one in found)
                await asyncio.sleep(0)
                await tx.update([(one.but(lease="l1", revision=one.revision + 1), None) for one in found])
            got.extend(one.number for one in found)
            size, after = len(found), found[-1].number if found else after
        done.set()

    await asyncio.gather(hide(), others(), others())
    assert got == sorted(set(got))
    assert set(range(1, 61)) - moving <= set(got)
    async with store.reads() as reads:
        records = await reads.by_numbers(range(1, 61))
    assert [one.number for one in records if one.lease] == got  # nobody wrote over what was locked


async def test_two_that_lock_the_findings_of_a_query_in_other_orders_do_not_wait_for_each_other(store: Store) -> None:
    # numbers and keys run against each other
    async with store.begin() as tx:
        await tx.insert([(record(f"k{i:02}"), b"") for i in range(20)])
    async with store.begin() as tx:
        await tx.insert([(record(f"a{i:02}"), b"") for i in range(20)])
    keys = [f"{letter}{i:02}" for letter in "ka" for i in range(20)]

    async def by_query() -> None:
        async with store.begin() as tx:
            found = await tx.lock_found(PROD, START, limit=40)
            await asyncio.sleep(0)
            await tx.update([(one.but(revision=one.revision + 1), None) for one in found])

    async def by_key() -> None:
        async with store.begin() as tx:
            known = await tx.lock(keys)
            await asyncio.sleep(0)
            await tx.update([(one.but(revision=one.revision + 1), None) for one in known.values()])

    await asyncio.gather(*(work() for _ in range(6) for work in (by_query, by_key)))
    async with store.reads() as reads:
        assert {one.revision for one in await reads.by_numbers(range(1, 41))} == {record().revision + 12}
