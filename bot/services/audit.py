"""Who did what: the audit trail, by time, person, finding and kind of act, with AWS's request ids.

    question := { since:30d | F-1234 | @ana | me | acks | assignments | requests | suppressions | approvals | drift | csv }

Reads only. That nobody has changed the trail is shown by `secbot audit verify`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from bot.domain.audit import Line
from bot.domain.lifecycle import Change
from bot.domain.query import show_duration
from bot.domain.spelling import nearest
from bot.domain.syntax import parse_duration
from bot.domain.typed import normalise
from bot.domain.views import AuditLog, AuditRow, Offer, Trouble
from bot.ports import Clock, Store
from bot.services.export import MOST_ROWS
from bot.services.tables import Table, audit_table

DEFAULT_SINCE = timedelta(days=30)
SHOWN = 25

_APPROVALS = ("suppress_request", "suppress_approve", "suppress_denied", "suppress_withdrawn", "suppress_expired")

KINDS: dict[str, tuple[str, ...]] = {
    "acks": (Change.ACKNOWLEDGED,),
    "assignments": (Change.ASSIGNED,),
    "requests": (Change.ASKED, "suppress_request"),
    "suppressions": ("suppress", "suppress_end", "suppress_renew", *_APPROVALS),
    "approvals": _APPROVALS,
    "drift": ("drift_found", "drift_looked"),
}
"""The kinds of act by the words that people type."""

_WORDS: dict[str, str] = (
    {word.removesuffix("s"): word for word in KINDS} | {word: word for word in KINDS} | {"ack": "acks"}
)
_PERSON = re.compile(r"@([UW][A-Z0-9]{2,20})")
_FINDING = re.compile(r"[fF]-?(\d{1,12})")


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of the audit trail."""

    since: timedelta = DEFAULT_SINCE
    number: int | None = None
    actor: str = ""
    kinds: tuple[str, ...] = ()
    csv: bool = False

    def in_words(self) -> str:
        """As a person would type it."""
        words = [w for w, kinds in KINDS.items() if set(kinds) <= set(self.kinds)]
        who = [f"@{self.actor}"] if self.actor else []
        which = [f"F-{self.number}"] if self.number is not None else []
        return " ".join([*which, *words, *who, f"since:{show_duration(self.since)}"])


def read_question(text: str, user: str) -> Question | Trouble:
    """A question about acts, or what was not understood of it."""
    question, unknown = Question(), []
    for word in normalise(text).split():
        step = _step(question, word, user)
        if step is None:
            unknown.append(word)
        else:
            question = step
    if not unknown:
        return question
    close = [k for word in unknown for k in nearest(word, [*KINDS, "csv", "me"])]
    offers = tuple(Offer(f"Use {k}", f"audit {question.in_words()} {k}") for k in dict.fromkeys(close))
    known = ", ".join([*KINDS, "since:30d", "F-1234", "@someone", "me", "csv"])
    messages = tuple(f"`{word}` is nothing the audit trail can be asked for: {known}." for word in unknown[:3])
    return Trouble(messages=messages, offers=offers[:4], read=text)


def _step(question: Question, word: str, user: str) -> Question | None:
    folded = word.casefold()
    if folded == "csv":
        return replace(question, csv=True)
    if folded == "me":
        return replace(question, actor=user)
    if folded in _WORDS:
        return replace(question, kinds=(*question.kinds, *KINDS[_WORDS[folded]]))
    if folded.startswith("since:") and (span := parse_duration(folded.removeprefix("since:").lstrip("<"))):
        return replace(question, since=span)
    if person := _PERSON.fullmatch(word):
        return replace(question, actor=person[1])
    if finding := _FINDING.fullmatch(word):
        return replace(question, number=int(finding[1]))
    return None


@dataclass(frozen=True, slots=True)
class Audit:
    """The read side of what people did."""

    store: Store
    clock: Clock

    async def log(self, question: Question) -> AuditLog:
        """The newest lines that a question holds."""
        lines = await self._lines(question, SHOWN + 1)
        async with self.store.reads() as reads:
            numbers = [line.number for line in lines[:SHOWN] if line.number]
            found = {r.number: r for r in await reads.by_numbers(numbers)}
        rows = tuple(AuditRow(line, found.get(line.number)) for line in lines[:SHOWN])
        offers = (Offer("All as CSV", f"audit {question.in_words()} csv"),) if lines else ()
        more = len(lines) > SHOWN
        return AuditLog(rows=rows, scope=question.in_words(), now=self.clock.now(), more=more, offers=offers)

    async def table(self, question: Question) -> Table:
        """Everything that a question holds, for an export."""
        lines = await self._lines(question, MOST_ROWS)
        return audit_table(self.store, lines, title=f"audit trail ({question.in_words()})")

    async def _lines(self, question: Question, limit: int) -> list[Line]:
        since: datetime = self.clock.now() - question.since
        async with self.store.reads() as reads:
            found = await reads.trail(
                since, limit=limit, number=question.number, actor=question.actor, what=question.kinds
            )
        return list(found)
