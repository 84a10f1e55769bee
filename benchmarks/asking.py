"""Ten thousand random questions on a hundred thousand findings, on both databases: none may fail, and hardly any may be slow.

Problem solved: the lines of lists.py measure the questions that people ask; this one measures the language, every key and form of it, in
combinations that nobody thought of. Measured is the whole use case, from the words to the first page or the counts in groups.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator

from benchmarks.figures import Line
from benchmarks.lists import open_queries
from bot.adapters.clock import SystemClock
from bot.adapters.sql import open_store
from bot.domain.finding import Severity, State
from bot.domain.query import Group, Sort
from bot.domain.views import Trouble
from bot.errors import UserError
from bot.services.lexicon import Asker, Lexicon
from bot.services.query import Queries

AIM_S = 2.0
_TIMES = ("<1h", "<1d", ">1d", ">7d", "1d..30d", "<30d", ">60d", "<90min")
_TEXTS = ("bucket", "public", "key", "instance", "role*admin", "*port*", "left-pad", "zzz")
_VALUES: dict[str, tuple[str, ...]] = {
    "type": ("*S3*", "UnauthorizedAccess*", "*", "Recon:EC2/PortProbeUnprotectedPort"),
    "control": ("S3.*", "S3.2", "IAM.6", "*"),
    "standard": ("fsbp", "cis*", "pci-dss"),
    "resource": ("*export*", "arn:aws:s3:::pay-export", "i-0*"),
    "region": ("eu-west-1", "us-*", "global"),
    "ou": ("Workloads/Prod", "Workloads/*", "Sandbox*"),
    "owner": ("team-*", "team-payments", "nobody"),
    "by": ("@U0ANA", "@U0BEN"),
}


async def line(url: str, kind: str, count: int, questions: int) -> Line:
    """Milliseconds in the middle, the 99th percentile and the slowest in the tail, failures in the note."""
    store = await open_store(url, clock=SystemClock(), migrate=False)
    try:
        queries, lexicon = open_queries(store)
        spent, wrong = [], []
        for text in _questions(lexicon, questions):
            took, problem = await _asked(queries, text)
            spent.append(took)
            wrong += [f"{text}: {problem}"] if problem else []
    finally:
        await store.close()
    spent.sort()
    tail = spent[min(len(spent) - 1, int(len(spent) * 0.99))]
    said = (
        f"{len(wrong)} failed: {wrong[0][:80]}"
        if wrong
        else f"{questions:,} questions on {count:,} findings, none failed"
    )
    return Line(
        f"random questions, {kind}",
        spent[len(spent) // 2] * 1000,
        "ms",
        f"p99 {tail * 1000:.0f}, most {spent[-1] * 1000:.0f}",
        aim=f"p99 {AIM_S:.0f} s, none fails",
        met=tail <= AIM_S and not wrong,
        note=said,
    )


async def _asked(queries: Queries, text: str) -> tuple[float, str]:
    """(seconds, what went wrong): a question that is too slow or not understood counts as failed, one that nothing matches does not."""
    started = time.perf_counter()
    try:
        answer = await queries.find(text, Asker("U0ANA", "C0SECPROD"))
    except UserError as error:
        return time.perf_counter() - started, error.message
    spent = time.perf_counter() - started
    problem = answer.messages[0] if isinstance(answer, Trouble) else ""
    return spent, "" if problem.startswith("Nothing matches") else problem


def _questions(lexicon: Lexicon, number: int) -> Iterator[str]:
    dice = random.Random(11)
    names = lexicon.names()
    pools = _VALUES | {
        "env": (*names.envs, "pro*"),
        "src": names.sources,
        "state": (*map(str, State), "*"),
        "account": (*(a.name for a in names.accounts), "payments-*", "*-prod", "420100000001"),
        "sev": (*(s.word for s in Severity), "high+", "low..high", "<medium"),
        "text": _TEXTS,
    }
    for _ in range(number):
        words = [_term(dice, pools) for _ in range(dice.choice((1, 1, 2, 2, 3, 4)))]
        words += dice.choice(
            ((), (), (), (f"sort:{dice.choice(list(Sort))}",), (f"by:{dice.choice(list(Group))}",), ("all",), ("me",))
        )
        yield " ".join(words)


def _term(dice: random.Random, pools: dict[str, tuple[str, ...]]) -> str:
    if dice.random() < 0.2:
        return f"{dice.choice(('age', 'first', 'last', 'lease'))}:{dice.choice(_TIMES)}"
    key = dice.choice(list(pools))
    values = dice.sample(pools[key], k=min(len(pools[key]), dice.choice((1, 1, 1, 2))))
    return f"{dice.choice(('', '', '', '-'))}{key}:{','.join(values)}"
