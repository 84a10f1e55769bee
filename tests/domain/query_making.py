"""Any query whatever, for properties: every key, value, reference, view and setting that `parse` can give.

Texts are as `parse` keeps them: trimmed, without double quotes, and no text is a glob by accident.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from domain_making import NAMES
from hypothesis import strategies as st

from bot.domain.finding import Severity, State
from bot.domain.query import (
    TIME_KEYS,
    Exact,
    Flag,
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

# --- terms ---------------------------------------------------------------------------------------------------------------------------

PLAIN = st.text(min_size=1, max_size=12).map(lambda t: t.replace('"', "").strip())
VALUE_TEXT = PLAIN.filter(lambda t: t and not set(t) & set("*?") and not t.startswith("@"))
GLOB_TEXT = st.tuples(PLAIN, st.sampled_from("*?")).map("".join).filter(lambda t: not t.startswith("@"))
GROUP_LIKE = st.sampled_from([str(g) for g in Group])  # a person may be called `account`
SPANS = st.integers(0, 999_999).map(lambda s: timedelta(seconds=s)) | st.integers(0, 36_500).map(
    lambda d: timedelta(days=d)
)


def values_of(key: Key) -> st.SearchStrategy[Value]:
    """Values that `parse` can give for a key."""
    if key is Key.SEV:
        two = st.tuples(st.sampled_from(Severity), st.sampled_from(Severity))
        return two.map(lambda p: Levels(min(p), max(p)))
    if key in TIME_KEYS:
        return (
            st.tuples(SPANS, SPANS).map(lambda p: Span(min(p), max(p)))
            | SPANS.map(lambda s: Span(s, None))
            | SPANS.map(lambda s: Span(None, s))
        )
    known = {Key.ENV: NAMES.envs, Key.SRC: NAMES.sources, Key.STATE: tuple(map(str, State))}.get(key)
    texts = st.sampled_from(known) if known else VALUE_TEXT | GROUP_LIKE
    return texts.map(Exact) | GLOB_TEXT.map(Glob)


def terms_of(key: Key) -> st.SearchStrategy[Term]:
    """Terms of one key, with one to three values."""
    return st.builds(Term, st.just(key), st.lists(values_of(key), min_size=1, max_size=3).map(tuple), st.booleans())


TERMS = st.sampled_from(Key).flatmap(terms_of)

# --- references ------------------------------------------------------------------------------------------------------------------------

REFS = (
    st.integers(0, 10**12 - 1).map(lambda n: f"F-{n}")
    | st.integers(0, 999).map(lambda n: f"^{n}")
    | st.sampled_from(
        [
            "this",
            "https://acme.slack.com/archives/C0SEC/p1772366400000100",
            "https://acme.slack.com/archives/C0SEC/p1772366400000200?thread_ts=1772366400.000100&cid=C0SEC",
            "https://eu-west-1.console.aws.amazon.com/guardduty/home?region=eu-west-1#/findings?search=id%3D"
            + "0f" * 16,
            "https://console.amazonaws.cn/cloudwatch/home?x=1&region=cn-north-1#alarmsV2:alarm/a%2Cb",
            "arn:aws:inspector2:eu-west-1:420000000001:finding/0123",
            "arn:aws:health:us-east-1::event/EC2/X/X_1",
            "arn:aws:cloudwatch:eu-west-1:420000000001:alarm:root-use",
        ]
    )
)

# --- views -----------------------------------------------------------------------------------------------------------------------------

VIEWS: Mapping[str, Query] = {
    "night": Query((Term(Key.ENV, (Exact("prod"),)), Term(Key.SEV, (Levels(Severity.HIGH, Severity.CRITICAL),)))),
    "calm": Query((Term(Key.SEV, (Levels(Severity.INFO, Severity.LOW),)),)),
    "mine": Query(flags=frozenset({Flag.ME, Flag.ALL})),
    "aged": Query((Term(Key.AGE, (Span(timedelta(days=7), None),)),), sort=Sort.AGE),
    "counted": Query((Term(Key.CONTROL, (Glob("s3.*"),)),), group=Group.ACCOUNT),
}
KNOWING = replace(NAMES, views=VIEWS)
WITHINS = st.builds(lambda name, no: Within(name, VIEWS[name].terms, no), st.sampled_from(sorted(VIEWS)), st.booleans())


def settled(query: Query) -> Query:
    """The query with the settings that its views bring, as `parse` leaves it."""
    for view in query.views:
        if not view.negated:
            saved = VIEWS[view.name]
            sort = saved.sort if query.sort is Sort.SEVERITY else query.sort
            flags = query.flags | saved.flags & {Flag.ALL, Flag.ME}
            query = replace(query, flags=flags, sort=sort, group=query.group or saved.group)
    return query


QUERIES = st.builds(
    Query,
    st.lists(TERMS, max_size=4).map(tuple),
    st.sampled_from(Sort),
    st.integers(1, 10_000),
    st.frozensets(st.sampled_from(Flag)),
    st.lists(REFS, max_size=3, unique=True).map(tuple),
    st.lists(WITHINS, max_size=3, unique=True).map(tuple),
    st.none() | st.sampled_from(Group),
).map(settled)

# --- what people type ------------------------------------------------------------------------------------------------------------------

PIECES = (
    "prod", "-", '"', "high+", "sev:", "age:", ">7d", "env:", ",", " ", "F-1", "page:", "payments", "*", "<@U1|a>", "&lt;", "..", "\u201c",
    "by:", "@", "account", "lease:", "<1d", "@night", "-@aged", "sort:", "sev", "^3", "this", "&amp;", "<https://a.b/c|d>", "|", "<", ">",
    "\u2014", "\u200b", "&region=", "<!here>", "https://x/F-1", "\u2026",
)  # fmt: skip
TYPED = st.lists(st.sampled_from(PIECES) | st.text(max_size=4), max_size=12).map("".join)
