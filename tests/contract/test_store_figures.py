"""How long findings waited, in every store: one figure an announcement, each end set once, kept for more than a year."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta

import pytest

from bot.adapters.memory import MemoryStore
from bot.adapters.sql import SqlStore
from bot.domain.figures import Figure
from bot.domain.finding import Severity
from bot.ports import Store
from tests.contract.builders import START
from tests.contract.conftest import VirtualClock
from tests.contract.ledger_builders import CUT, HOSTILE, MENDED
from tests.contract.oncall_builders import BEGINNING, DAY, END, MINUTE, NOW, figure

MOMENT = timedelta(microseconds=1)
ACKED, RESOLVED, LATER = START + MINUTE, START + DAY, START + 2 * DAY


async def opened(store: Store, *made: Figure) -> None:
    async with store.begin() as tx:
        await tx.open_figures(made)


async def close(
    store: Store, numbers: Collection[int], *, acked: datetime | None = None, resolved: datetime | None = None
) -> None:
    async with store.begin() as tx:
        await tx.close_figures(numbers, acked=acked, resolved=resolved)


async def figures(store: Store, since: datetime = BEGINNING, limit: int = 99) -> Sequence[Figure]:
    """The newest first."""
    async with store.reads() as reads:
        return list(await reads.figures(since, limit=limit))


@pytest.mark.parametrize("severity", Severity)
async def test_a_figure_comes_back_as_it_was_opened(store: Store, severity: Severity) -> None:
    plain = figure(severity=severity)
    whole = Figure(
        number=2**40, generation=2**31 - 1, env=HOSTILE, severity=severity, opened=START - MOMENT, acked=BEGINNING,
        resolved=END,
    )  # fmt: skip
    await opened(store, whole, plain)
    assert await figures(store) == [plain, whole]
    assert all(isinstance(one.severity, Severity) for one in await figures(store))


async def test_an_announcement_is_counted_once(store: Store) -> None:
    await opened(store, figure(), figure(env="dev"))
    await opened(store, figure(opened=LATER), figure(generation=2, opened=ACKED))
    assert await figures(store) == [figure(generation=2, opened=ACKED), figure()]


async def test_announcements_since_a_time_come_the_newest_first(store: Store) -> None:
    made = [figure(n, opened=START + days * DAY) for n, days in ((1, 2), (2, 1), (3, 3), (4, 2))]
    await opened(store, *made, figure(1, 2, opened=START + 2 * DAY))
    assert [(f.number, f.generation) for f in await figures(store)] == [(3, 1), (4, 1), (1, 2), (1, 1), (2, 1)]
    assert [f.number for f in await figures(store, START + 2 * DAY)] == [3, 4, 1, 1]
    assert [f.number for f in await figures(store, START + 2 * DAY + MOMENT)] == [3]
    assert [f.number for f in await figures(store, limit=2)] == [3, 4]


async def test_the_first_acknowledgement_and_the_first_end_are_kept(store: Store) -> None:
    await opened(store, figure())
    await close(store, [1], acked=ACKED)
    assert await figures(store) == [figure(acked=ACKED)]
    await close(store, [1], acked=LATER)
    await close(store, [1], resolved=RESOLVED)
    await close(store, [1], acked=LATER, resolved=LATER)
    assert await figures(store) == [figure(acked=ACKED, resolved=RESOLVED)]


async def test_one_call_sets_each_end_where_it_is_not_set(store: Store) -> None:
    await opened(store, figure(1), figure(2, acked=ACKED), figure(3, resolved=RESOLVED), figure(4))
    await close(store, [3, 1, 2, 9, 1], acked=LATER, resolved=END)
    assert await figures(store) == [
        figure(4),
        figure(3, acked=LATER, resolved=RESOLVED),
        figure(2, acked=ACKED, resolved=END),
        figure(1, acked=LATER, resolved=END),
    ]


async def test_only_the_newest_announcement_of_a_finding_is_closed(store: Store) -> None:
    await opened(store, figure(1, 1), figure(1, 3), figure(1, 2), figure(2, 7))
    await close(store, [1, 2], resolved=RESOLVED)
    assert await figures(store) == [
        figure(2, 7, resolved=RESOLVED),
        figure(1, 3, resolved=RESOLVED),
        figure(1, 2),
        figure(1, 1),
    ]
    await close(store, [1], resolved=END)
    assert figure(1, 2) in await figures(store)


async def test_nothing_is_opened_or_closed_when_nothing_is_said(store: Store) -> None:
    await opened(store)
    await opened(store, figure())
    await close(store, [], acked=ACKED)
    await close(store, [1])
    await close(store, [2], acked=ACKED, resolved=RESOLVED)
    assert await figures(store) == [figure()]


async def test_a_thousand_are_opened_and_closed(store: Store) -> None:
    made = [figure(n, opened=START + n * MOMENT) for n in range(1, 1001)]
    await opened(store, *made[::-1])
    await close(store, range(1, 2000), acked=ACKED)
    found = await figures(store, limit=1000)
    assert found == [figure(n, opened=START + n * MOMENT, acked=ACKED) for n in range(1000, 0, -1)]


async def test_an_environment_that_a_database_refuses_is_mended(store: Store) -> None:
    await opened(store, figure(env=CUT))
    assert await figures(store) == [figure(env=CUT if isinstance(store, MemoryStore) else MENDED)]


async def test_a_transaction_that_failed_opened_and_closed_nothing(store: Store) -> None:
    await opened(store, figure())

    async def fail() -> None:
        async with store.begin() as tx:
            await tx.open_figures([figure(2)])
            await tx.close_figures([1], acked=ACKED)
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        await fail()
    assert await figures(store) == [figure()]


@pytest.mark.parametrize("before", [BEGINNING, NOW, END])
async def test_figures_are_kept_for_four_hundred_days_whatever_else_is_pruned(
    store: SqlStore | MemoryStore, before: datetime
) -> None:
    oldest = NOW - 400 * DAY
    await opened(store, figure(1, opened=oldest - MINUTE), figure(2, opened=oldest + MINUTE), figure(3, opened=NOW))
    assert await store.prune(before) == 1
    assert [f.number for f in await figures(store)] == [3, 2]


async def test_a_figure_is_pruned_when_its_time_has_come(store: SqlStore | MemoryStore, clock: VirtualClock) -> None:
    await opened(store, figure(opened=NOW))
    clock.move(400 * 24 * 3600 - 60)
    assert await store.prune(clock.now()) == 0
    clock.move(61)
    assert await store.prune(clock.now()) == 1
