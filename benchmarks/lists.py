"""How long `/sec findings ...` takes on a big store, from the words to the page, on both databases.

Measured is the whole use case: parsing, the numbers of the snapshot, the counts, saving the snapshot, the rows of the first page. Not
measured: Slack, and drawing the page. Questions take turns, so that none has the caches to itself; the search for a text comes after
them, since it drives out what they need.
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from datetime import datetime

from benchmarks.figures import Line, time_line
from benchmarks.payloads import START
from benchmarks.setting import settings
from bot.adapters.clock import SystemClock, SystemIds
from bot.adapters.sql import open_store
from bot.domain.authz import Actor, Place
from bot.domain.views import FindingList
from bot.parts import reader, words
from bot.ports import Store
from bot.services.lexicon import Asker, Lexicon, Vocabulary
from bot.services.query import Queries
from bot.services.refs import Refs

AIM_MS = 25.0
QUESTIONS = (
    "prod",
    "high+",
    "payments-prod",
    "src:guardduty high+",
    "prod critical last:<7d",
    "staging sort:age",
)
SEARCH = "prod text:bucket"  # reads every finding that the rest leaves


async def lines(url: str, kind: str, count: int, turns: int) -> list[Line]:
    """A line for each question; the aim is about the first, which is what people ask."""
    store = await open_store(url, clock=SystemClock(), migrate=False)
    try:
        queries, _ = open_queries(store)
        times = await _turns(queries, QUESTIONS, turns) | await _turns(queries, (SEARCH,), turns // 10)
    finally:
        await store.close()
    return [
        time_line(
            f"findings {q}, {kind}",
            spent,
            0.95,
            AIM_MS if q == QUESTIONS[0] else None,
            note=f"{count:,} findings" if q == QUESTIONS[0] else "",
        )
        for q, spent in times.items()
    ]


async def _turns(queries: Queries, questions: Sequence[str], turns: int) -> dict[str, list[float]]:
    """Milliseconds of each question."""
    times: dict[str, list[float]] = {q: [] for q in questions}
    for turn in range(turns + 1):
        for question in questions:
            spent = await _asked(queries, question)
            if turn:  # the first turn compiles statements and opens connections
                times[question].append(spent)
    return times


class _AtTheEnd(SystemClock):
    """The time at which the last of the findings had just come."""

    def now(self) -> datetime:
        return START


class _NoPeople:
    """bot.ports.People of a Slack without anybody: questions by words ask nothing of it."""

    async def actor(self, user: str) -> Actor:
        return Actor(user, "T0")

    async def place(self, channel: str) -> Place:
        return Place(channel)

    async def mentions(self, names: tuple[str, ...]) -> tuple[str, ...]:
        return names


def open_queries(store: Store) -> tuple[Queries, Lexicon]:
    """The use case over a store, and the words that it knows."""
    known = settings(os.environ)
    parts = reader(known)
    meant = words()
    vocabulary = Vocabulary(tuple(r.env for r in known.rules), meant.sources, meant.standards)
    lexicon, clock = Lexicon(parts.directory, vocabulary), _AtTheEnd()
    refs = Refs(store, lexicon, _NoPeople(), clock)
    return Queries(store=store, lexicon=lexicon, refs=refs, clock=clock, ids=SystemIds()), lexicon


async def _asked(queries: Queries, question: str) -> float:
    """Milliseconds."""
    started = time.perf_counter()
    page = await queries.find(question, Asker("U0ANA"))
    spent = (time.perf_counter() - started) * 1000
    assert isinstance(page, FindingList), page
    return spent
