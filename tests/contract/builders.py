"""Findings, records and queries of our own making, for the suite that every store must pass.

Problem solved: a test should say what matters to it and nothing else. It refuses to copy a vendor's payload.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import strategies as st

from bot.domain.finding import Account, Finding, Record, Resource, Severity, State, Status
from bot.domain.query import (
    MANY_KEYS,
    TIME_KEYS,
    Exact,
    Glob,
    Group,
    Key,
    Levels,
    Query,
    Sort,
    Span,
    Term,
    Value,
    Within,
)

START = datetime(2026, 3, 1, 12, 0, 0, 123457, tzinfo=UTC)
PAY = Account("111122223333", "Pay-Prod", "prod", "Workloads/Prod", "team-pay", (("cost", "42"),), known=True)


def finding(key: str = "k1", **changes: Any) -> Finding:
    base = Finding(
        key=key,
        source="guardduty",
        via="guardduty",
        native_id=f"native/{key}",
        account="111122223333",
        region="eu-west-1",
        severity=Severity.HIGH,
        title="Somebody knocks",
        type="Recon:EC2/Knock",
        status=Status.ACTIVE,
        first_seen=START - timedelta(days=2),
        updated=START,
        emitted=START + timedelta(seconds=1),
        resources=(Resource("arn:aws:s3:::pay-export", "AwsS3Bucket", "eu-west-1", "111122223333", "pay-export"),),
        standards=("cis-1.4", "fsbp"),
        evidence=(("From", "198.51.100.7"),),
        tags=(("env", "prod"),),
    )
    return replace(base, **changes)


def record(key: str = "k1", *, account: Account = PAY, state: State = State.OPEN, **changes: Any) -> Record:
    """A record; a change that Record does not know is one of its finding."""
    own = {name: changes.pop(name) for name in list(changes) if name in Record.__dataclass_fields__}
    made = Record(finding=finding(key, **changes), account=account, state=state, created=START, changed=START)
    return replace(made, **own)


FULL = record(
    "full",
    state=State.ACKNOWLEDGED,
    last_seen=START + timedelta(microseconds=1),
    generation=3,
    revision=9,
    seen=4,
    ack_by="U0ANNA",
    ack_at=START + timedelta(minutes=1),
    ack_until=START + timedelta(hours=4),
    assignee="U0BENO",
    lease="L-one",
    lease_until=START + timedelta(days=2, microseconds=3),
    resolved_at=START - timedelta(days=1),
    channel="C0SEC",
    route="prod-critical",
    why="because\nof this",
    title="Zoë’s “bucket” 🪣 \\ % _ ' \" ; --",
)

# --- strategies ------------------------------------------------------------------------------------------------------------------

# Few letters, so that random queries find something; the rest is what SQL, LIKE and GLOB find special, and what folds strangely.
LETTERS = "aAbB%_*?[]\\^-'\"\néßİ日🪣 "
WORDS = st.text(LETTERS, max_size=5)
ACCOUNTS = st.builds(
    Account, id=st.sampled_from(("111122223333", "Ab", "")), name=WORDS, env=WORDS, ou=WORDS, owner=WORDS
)
ENDS = st.none() | st.integers(-10, 45).map(lambda hours: START + timedelta(hours=hours, microseconds=hours % 3))
MOMENTS = st.integers(0, 40).map(lambda hours: START - timedelta(hours=hours, microseconds=hours % 3))


@st.composite
def records(draw: st.DrawFn, key: str) -> Record:
    account = draw(ACCOUNTS)
    found = finding(
        key,
        source=draw(WORDS),
        account=account.id,
        region=draw(WORDS),
        severity=draw(st.sampled_from(Severity)),
        title=draw(WORDS),
        type=draw(WORDS),
        control=draw(WORDS),
        standards=tuple(draw(st.lists(WORDS, max_size=2))),
        resources=tuple(Resource(draw(WORDS), name=draw(WORDS)) for _ in range(draw(st.integers(0, 2)))),
        first_seen=draw(MOMENTS),
        updated=draw(MOMENTS),
    )
    return Record(
        finding=found,
        account=account,
        state=draw(st.sampled_from(State)),
        created=START,
        changed=START,
        ack_by=draw(WORDS),
        ack_until=draw(ENDS),
        assignee=draw(WORDS),
        lease=draw(WORDS),
        lease_until=draw(ENDS),
    )


SPANS = st.integers(0, 45).map(lambda hours: timedelta(hours=hours)) | st.just(timedelta.max)
PATTERNS = st.text(LETTERS + "**??", max_size=4)


def _values(key: Key) -> st.SearchStrategy[Value]:
    if key is Key.SEV:
        return st.builds(Levels, st.sampled_from(Severity), st.sampled_from(Severity))
    if key in TIME_KEYS:
        return st.builds(Span, st.none() | SPANS, st.none() | SPANS)
    if key is Key.STATE:
        return st.builds(Exact, st.sampled_from(State).map(str) | st.just("odd")) | st.builds(Glob, st.just("*e*"))
    texts = st.sampled_from(("111122223333", "ab", "AB")) | WORDS if key is Key.ACCOUNT else WORDS
    return st.builds(Exact, texts) | st.builds(Glob, PATTERNS)


def _terms(key: Key) -> st.SearchStrategy[Term]:
    most = 3 if key in MANY_KEYS or key is Key.STATE else 2
    return st.builds(Term, st.just(key), st.lists(_values(key), min_size=1, max_size=most).map(tuple), st.booleans())


TERMS = st.sampled_from(Key).flatmap(_terms)
VIEWS = st.builds(Within, st.just("saved"), st.lists(TERMS, max_size=3).map(tuple), st.booleans())
QUERIES = st.builds(
    Query,
    st.lists(TERMS, max_size=3).map(tuple),
    st.sampled_from(Sort),
    views=st.just(()) | st.lists(VIEWS, max_size=2).map(tuple),
    group=st.none() | st.sampled_from(Group),
)
