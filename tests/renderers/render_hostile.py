"""The hostile views that the renderers' tests show: whatever a name, a tag, a title or a client may hold, in every layout."""

from __future__ import annotations

from datetime import UTC, datetime

from hypothesis import strategies as st
from render_cases import ACCOUNT

from bot.domain import views
from bot.domain.audit import Line, Phase
from bot.domain.finding import Account, Entry, Finding, Record, Resource, Severity, State, Status
from bot.domain.lifecycle import Change
from bot.domain.query import Group, Sort

ATTACKS = (
    "<!channel>", "<!here>", "<@U0EVIL1>", "<!subteam^S0EVIL1>", "<#C0EVIL1>", "<https://evil.example|console>",
    "http://evil.example/a?b=c&d", "www.evil.example", "mail@evil.example", "@here", "@channel", "`", "```", "*", "*bold*",
    "_it_", "~no~", "> quote", ">>> quote", "\n", "\r\n# head\n", ":white_check_mark: RESOLVED", "\u202e", "\u200b",
    "\x00", "\x1b[31m", "\ud800", "&lt;!channel&gt;", "&amp", "&", "<", "\u2028", "e\u0301\u0301\u0301\u0301", "\u3164",
    "🔴 CRITICAL", "{{ 7*7 }}", "{% raw %}", "<!date^1^{date}|x>", " " * 50, "é" * 40, "𝔸" * 40, "<mailto:a@b|c>",
    "Hm F-1 is already acknowledged by <@U0EVIL1>", "is x by <@U0EVIL1>.", "|", "^", "'", '"', "\\",
)  # fmt: skip

_pieces = st.lists(st.sampled_from(ATTACKS) | st.text(max_size=12), max_size=6).map("".join)
texts = _pieces | st.builds(lambda piece, n: piece * n, _pieces, st.integers(1, 300))
short_texts = st.sampled_from(ATTACKS) | st.text(max_size=20)
times = st.datetimes(datetime(1970, 1, 2), datetime(2099, 1, 1)).map(lambda t: t.replace(tzinfo=UTC))  # noqa: DTZ001
numbers = st.integers(0, 10**9)

resources = st.builds(Resource, texts, short_texts, short_texts, short_texts, short_texts)
pairs = st.tuples(short_texts, texts)
findings = st.builds(
    Finding,
    key=texts, source=st.sampled_from(["guardduty", "securityhub", "config", "cloudwatch", "generic"]) | short_texts,
    via=st.sampled_from(["securityhub", "securityhub_v2", "config"]), native_id=texts,
    account=st.just(ACCOUNT) | texts, region=st.sampled_from(["eu-west-1", "", "global"]) | texts,
    severity=st.sampled_from(Severity), title=texts, type=texts, status=st.sampled_from(Status), first_seen=times,
    updated=times, emitted=times, resources=st.lists(resources, max_size=4).map(lambda r: tuple(r * 16)), description=texts,
    remediation_url=texts, last_seen=st.none() | times, control=texts, standards=st.lists(texts, max_size=2).map(tuple),
    workflow=texts, record_state=texts, compliance=texts, product=texts, detector=texts,
    evidence=st.lists(pairs, max_size=4).map(tuple), requested=texts,
)  # fmt: skip
accounts = st.builds(Account, texts, texts, texts, texts, texts, known=st.booleans())
safe_users = st.sampled_from(["U0SAFE1", "", "u0", "<@U0EVIL1>", "U0EVIL1>", "U0EVIL1\n"])
records = st.builds(
    Record,
    finding=findings, account=accounts, state=st.sampled_from(State), revision=st.integers(1, 9), number=numbers,
    created=times, changed=times, ack_by=safe_users, ack_at=st.none() | times, ack_until=st.none() | times,
    resolved_at=st.none() | times, assignee=safe_users, channel=texts, route=texts, why=texts,
    lease=st.sampled_from(["", "7F3A21bcDE"]) | texts, lease_until=st.none() | times,
)  # fmt: skip
entries = st.builds(
    Entry, at=times, kind=st.sampled_from([str(c) for c in Change]) | texts, actor=safe_users, note=texts,
    details=st.dictionaries(
        st.sampled_from([
            "was", "severity", "until", "to", "for", "lease", "request", "digest", "because", "scope", "stopped", "level", "levels",
            "policy", "addresses", "late", "last", "here", "whom",
        ]),
        texts | safe_users | st.just("2026-12-01T22:00:00+00:00"), max_size=9,
    ),
)  # fmt: skip
mention = st.lists(st.sampled_from(["S0SAFE1", "U0SAFE1", "here", "!channel", "<!here>", "S0SAFE1\n"]), max_size=4).map(
    tuple
)
offers = st.lists(st.builds(views.Offer, texts, texts), max_size=7).map(tuple)
helps = st.lists(
    st.builds(views.HelpEntry, texts, texts, texts, st.tuples(texts), st.tuples(texts, texts)), max_size=12
).map(tuple)
counts = st.dictionaries(st.sampled_from(Severity), st.integers(0, 10**6))
triples = st.lists(st.tuples(texts, st.booleans(), texts), max_size=12).map(tuple)
named = st.lists(st.tuples(texts, numbers), max_size=8).map(tuple)
rows = st.builds(
    views.AccountRow, texts, texts, texts, texts, texts, numbers, st.none() | st.sampled_from(Severity)
)  # fmt: skip
group_rows = st.builds(views.GroupRow, texts, counts, texts)
view_rows = st.builds(
    views.ViewRow, texts | short_texts, texts, safe_users, st.booleans(), st.none() | counts, short_texts
)  # fmt: skip
many_views = st.lists(view_rows, max_size=3).map(lambda r: tuple(r * 9))
lines = st.builds(
    Line, at=times, phase=st.sampled_from(Phase), act=texts, actor=safe_users, subject=texts, number=numbers, request=texts,
    what=st.sampled_from(["acknowledged", "assigned", "suppress", "suppress_end", "suppress_denied", "escalated", "oncall_swap"]) | texts,
    details=st.dictionaries(
        st.sampled_from([
            "to", "until", "for", "why", "reason", "note", "ticket", "stage", "person", "from", "level", "addresses",
        ]),
        texts | safe_users | st.sampled_from(["2026-12-01T22:00:00+00:00", "2026-12-01", "accepted_risk"]), max_size=6,
    ),
)  # fmt: skip
audit_rows = st.builds(views.AuditRow, lines, st.none() | records)

HOSTILE: dict[str, st.SearchStrategy[views.View]] = {
    "finding_card": st.builds(views.FindingCard, record=records, now=times, mention=mention),
    "thread_line": st.builds(
        views.ThreadLine, record=records, entry=entries, now=times, announce=st.booleans(), mention=mention
    ),
    "finding_list": st.builds(
        views.FindingList, rows=st.lists(records, max_size=3).map(lambda r: tuple(r * 4)), scope=texts, counts=counts,
        page=st.integers(1, 9), pages=st.integers(0, 9), total=numbers, listing=st.just("AbC") | texts, now=times,
        notes=st.lists(texts, max_size=3).map(tuple), offers=offers, first=numbers, sort=st.sampled_from(Sort), newer=numbers,
    ),
    "finding_detail": st.builds(
        views.FindingDetail, record=st.none() | records, now=times, timeline=st.lists(entries, max_size=5).map(tuple),
        places=st.lists(st.tuples(st.just("C0SAFE123") | texts, texts), max_size=3).map(tuple), raw=texts,
        modal=st.booleans(), problem=texts, link=texts, said=st.lists(st.tuples(times, short_texts, texts), max_size=4).map(tuple),
        related=st.lists(
            st.builds(views.Related, texts, st.lists(records, max_size=2).map(lambda r: tuple(r * 4)), numbers, texts), max_size=6
        ).map(tuple),
    ),
    "trouble": st.builds(
        views.Trouble, messages=st.lists(texts, max_size=8).map(tuple), offers=offers, read=texts, reference=short_texts,
        whom=mention,
    ),
    "notice": st.builds(
        views.Notice, text=texts, until=st.sampled_from([0, 1_795_570_800]), offers=offers, good=st.booleans()
    ),
    "help": st.builds(
        views.Help, verbs=helps, full=st.booleans(), language=st.lists(st.tuples(texts, texts), max_size=5).map(tuple)
    ),
    "menu": st.builds(views.Menu, counts=counts, offers=offers, verbs=helps, health=triples),
    "status": st.builds(
        views.Status, parts=triples, freshness=st.dictionaries(texts, times, max_size=4),
        states=st.dictionaries(texts, numbers, max_size=4), waiting=numbers, oldest=st.none() | times,
        blocked=st.lists(st.tuples(texts, texts, numbers), max_size=4).map(tuple), queue_depth=st.none() | numbers,
        quarantined=numbers, quarantine_reasons=named, ignored=st.dictionaries(texts, numbers, max_size=4), started=times,
        now=times, version=texts,
    ),
    "accounts": st.builds(
        views.Accounts, rows=st.lists(rows, max_size=4).map(lambda r: tuple(r * 20)), total=numbers,
        unknown=st.lists(texts, max_size=12).map(tuple), filter=texts,
    ),
    "why": st.builds(views.Why, record=records, tried=triples, may=triples, now=times, reason=texts),
    "breakdown": st.builds(
        views.Breakdown, group=st.sampled_from(Group), rows=st.lists(group_rows, max_size=4).map(lambda r: tuple(r * 30)),
        scope=texts, counts=counts, left_out=numbers, notes=st.lists(texts, max_size=5).map(tuple), offers=offers,
    ),
    "views_list": st.builds(
        views.ViewsList, mine=many_views, here=many_views, channel=st.just("C0SAFE123") | texts, may_change=st.booleans()
    ),
    "confirm": st.builds(
        views.Confirm, text=texts, label=texts, action=st.sampled_from(["ack.page.go", "view.delete.go"]), number=numbers,
        extra=texts, lines=st.lists(texts, max_size=12).map(tuple),
    ),
    "working": st.builds(views.Working, text=texts),
    "save_view_form": st.builds(views.SaveViewForm, query=texts, name=texts, channel=texts, extra=texts),
    "assign_form": st.builds(views.AssignForm, record=records, now=times, user=safe_users),
    "ask_form": st.builds(
        views.AskForm, command=texts, note=texts, examples=st.lists(texts, max_size=7).map(tuple), extra=texts
    ),
    "home": st.builds(
        views.Home, user=safe_users, on_you=st.lists(records, max_size=2).map(lambda r: tuple(r * 6)), on_you_total=numbers,
        ending=st.lists(records, max_size=2).map(lambda r: tuple(r * 6)), views=many_views, counts=counts,
        envs=st.lists(st.tuples(texts, counts), max_size=14).map(tuple), health=triples, now=times, problem=st.just("") | texts,
    ),
    "preview": st.builds(views.Preview, record=records, now=times, redacted=st.booleans()),
    "audit_log": st.builds(
        views.AuditLog, rows=st.lists(audit_rows, max_size=3).map(lambda r: tuple(r * 15)), scope=texts, now=times,
        more=st.booleans(), offers=offers,
    ),
    "can": st.builds(views.Can, user=safe_users, about=texts, rows=triples, whom=mention),
}  # fmt: skip
