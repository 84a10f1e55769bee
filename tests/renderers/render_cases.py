"""The views that the renderers' tests show: plain ones for the golden files, hostile ones for everything else."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import strategies as st

from bot.domain import views
from bot.domain.finding import Account, Entry, Finding, Record, Resource, Severity, State, Status
from bot.domain.lifecycle import Change

NOW = datetime(2026, 11, 24, 22, 0, tzinfo=UTC)
ACCOUNT = "111122223333"


def finding(**changes: object) -> Finding:
    """A GuardDuty finding that came through Security Hub."""
    base = Finding(
        key=f"guardduty:{ACCOUNT}:eu-central-1:f00dcafe",
        source="guardduty",
        via="securityhub",
        native_id=f"arn:aws:guardduty:eu-central-1:{ACCOUNT}:detector/d1d2d3d4/finding/f00dcafe",
        account=ACCOUNT,
        region="eu-central-1",
        severity=Severity.CRITICAL,
        title="S3 bucket pay-export is public",
        type="Policy:S3/BucketAnonymousAccessGranted",
        status=Status.ACTIVE,
        first_seen=NOW - timedelta(hours=1),
        updated=NOW - timedelta(minutes=5),
        emitted=NOW - timedelta(minutes=5),
        last_seen=NOW - timedelta(minutes=5),
        resources=(Resource("arn:aws:s3:::pay-export", "AwsS3Bucket", "eu-central-1"),),
        description="Anyone on the internet can list and read the bucket. It holds 1,204 objects.",
        control="S3.8",
        standards=("fsbp", "cis"),
        workflow="NEW",
        record_state="ACTIVE",
        evidence=(("Actor IP", "198.51.100.7"), ("Country", "Nowhere"), ("API", "PutBucketPolicy")),
        remediation_url="https://docs.aws.amazon.com/console/securityhub/S3.8/remediation",
    )
    return replace(base, **changes)  # type: ignore[arg-type]


def record(**changes: object) -> Record:
    """An open finding in a known account."""
    base = Record(
        finding=finding(),
        account=Account(ACCOUNT, "payments-prod", "prod", "Root/Workloads/Prod", "team-payments", known=True),
        state=State.OPEN,
        number=1234,
        seen=3,
        created=NOW - timedelta(minutes=50),
        changed=NOW - timedelta(minutes=50),
        channel="C0SAFE123",
        route="prod-critical",
        why="route prod-critical: env:prod sev:critical",
    )
    return base.but(**changes)


def acknowledged() -> Record:
    return record(
        state=State.ACKNOWLEDGED, ack_by="U0SAFE1", ack_at=NOW, ack_until=NOW + timedelta(hours=4), revision=2
    )


def resolved() -> Record:
    return record(state=State.RESOLVED, resolved_at=NOW + timedelta(hours=2, minutes=5), revision=3)


def granted() -> Finding:
    """An Access Analyzer finding with an ARN in its title and sentences among its facts."""
    return finding(
        source="access_analyzer",
        title="AwsIamRole/arn:aws:iam::111122223333:role/deploy is open to arn:aws:iam::999988887777:role/ci/runner",
        evidence=(
            ("Resource type", "AwsIamRole"), ("Fix", "Please consult the documentation of this control."),
            ("Detail", "The trust policy names a role_of_another account."), ("Actions", "sts:AssumeRole"), ("Public", "yes"),
        ),
        resources=(Resource("arn:aws:iam::111122223333:role/deploy", "AwsIamRole"),),
    )  # fmt: skip


def many_resources() -> Finding:
    resources = tuple(Resource(f"arn:aws:s3:::pay-export-{i}", "AwsS3Bucket", "eu-central-1") for i in range(60))
    return finding(resources=resources, title="A very long title. " * 260, source="securityhub", product="Acme Scan")


VERBS = (
    views.HelpEntry("findings", "lists findings", "/sec findings [query]", ("f",), ("/sec findings prod high+",)),
    views.HelpEntry("ack", "takes a finding", "/sec ack F-1234", ("a",), ("/sec ack F-1234",)),
)
OFFERS = (views.Offer("Run /sec findings prod", "findings prod"), views.Offer("Help", "help"))
TIMELINE = (
    Entry(at=NOW - timedelta(minutes=50), kind=Change.NEW, details={"severity": "critical", "state": "open"}),
    Entry(at=NOW, kind=Change.ACKNOWLEDGED, actor="U0SAFE1", details={"until": "2026-11-25T02:00:00+00:00"}),
)


def _detail(modal: bool, shown: Record | None, problem: str = "") -> views.FindingDetail:
    if shown is None:
        return views.FindingDetail(record=None, now=NOW, modal=modal, problem=problem)
    places = (("C0SAFE123", "1.1"), ("sec-prod", "1.2"))
    return views.FindingDetail(
        record=shown,
        now=NOW,
        timeline=TIMELINE,
        places=places,
        raw='{"a":1,"b":[{"c":"<d>"}]}',
        modal=modal,
        problem=problem,
    )


def _list(*rows: Record, **changes: object) -> views.FindingList:
    base = views.FindingList(
        rows=rows, scope="env:prod", counts={Severity.CRITICAL: 3, Severity.HIGH: 1200}, page=2, pages=5, total=40,
        listing="AbC", now=NOW, notes=("12 more match without `state:open`.",),
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


def _line(kind: str, announce: bool = False, **changes: object) -> views.ThreadLine:
    entry = Entry(at=NOW, kind=kind, **changes)  # type: ignore[arg-type]
    mention = ("S0SAFE1",) if announce else ()
    shown = record() if announce else resolved()
    return views.ThreadLine(record=shown, entry=entry, now=NOW, announce=announce, mention=mention)


def _status(well: bool) -> views.Status:
    return views.Status(
        parts=(("slack link", True, "connected"), ("database", well, "")),
        freshness={"guardduty": NOW - timedelta(minutes=5), "generic": NOW - timedelta(days=2)} if not well else {},
        states={"open": 3, "resolved": 9},
        waiting=0 if well else 2,
        oldest=None if well else NOW - timedelta(minutes=2),
        blocked=() if well else (("C0SAFE123", "not_in_channel", 3),),
        queue_depth=4,
        quarantined=0 if well else 2,
        quarantine_reasons=(("not_json", 2),),
        ignored={"access_preview": 1},
        started=NOW - timedelta(days=2),
        now=NOW,
        version="0.1.0",
    )


def _accounts(total: int, text: str) -> views.Accounts:
    rows = (
        views.AccountRow(ACCOUNT, "payments-prod", "prod", "Prod", "team-payments", 3, Severity.HIGH),
        views.AccountRow("444455556666", "", "", "", "", 0, None),
    )
    return views.Accounts(rows=rows, total=total, unknown=("999999999999",), filter=text)


def _why() -> views.Why:
    return views.Why(
        record=record(),
        tried=(("dev", False, "env:dev"), ("prod-critical", True, "env:prod sev:critical"), ("all", True, "")),
        may=(("show", True, "reading is open"), ("ack", False, "Who may: oncall.")),
        now=NOW,
    )


# layout -> case -> view
GOLDEN: dict[str, dict[str, views.View]] = {
    "finding_card": {
        "new": views.FindingCard(record=record(), now=NOW, mention=("S0SAFE1", "U0SAFE1")),
        "acknowledged": views.FindingCard(record=acknowledged(), now=NOW),
        "resolved": views.FindingCard(record=resolved(), now=NOW),
        "suppressed": views.FindingCard(record=record(state=State.SUPPRESSED), now=NOW),
        "unknown_account": views.FindingCard(record=record(account=Account(ACCOUNT)), now=NOW),
        "many_resources": views.FindingCard(record=record(finding=many_resources()), now=NOW),
        "sentences_and_arns": views.FindingCard(record=record(finding=granted()), now=NOW),
        "bare": views.FindingCard(
            record=record(
                finding=finding(
                    source="generic", via="generic", account="", region="", title="", type="", description="",
                    resources=(), evidence=(), control="", native_id="x",
                ),
                account=Account(""), route="",
            ),
            now=NOW,
        ),
    },
    "thread_line": {
        "resolved": _line(Change.RESOLVED),
        "acknowledged": _line(Change.ACKNOWLEDGED, actor="U0SAFE1", details={"until": "2026-11-25T02:00:00+00:00"}),
        "severity_lowered": _line(Change.SEVERITY_LOWERED, details={"was": "critical", "severity": "high"}),
        "announced": _line(Change.REOPENED, announce=True),
        "unknown_kind": _line("moved_house", note="to <another> place"),
    },
    "finding_list": {
        "page": _list(record(), acknowledged(), resolved()),
        "last_page": _list(record(), page=5, notes=()),
        "empty": _list(scope="", counts={}, page=1, pages=0, total=0, notes=()),
    },
    "finding_detail": {
        "message": _detail(False, acknowledged()),
        "modal": _detail(True, acknowledged()),
        "arns": _detail(True, record(finding=granted())),
        "long": _detail(False, record(finding=many_resources())),
        "loading": _detail(True, None),
        "gone": _detail(True, None, "F-1234 is not known here."),
    },
    "trouble": {
        "typing": views.Trouble(
            messages=("I don't know `findngs`. Did you mean *findings*?",), offers=OFFERS, read="findngs prod"
        ),
        "broken": views.Trouble(messages=(), reference="e-7f3a"),
        "taken": views.Trouble(messages=("F-12 is already acknowledged by <@U0SAFE1>.",), reference="e-7f3a"),
    },
    "notice": {
        "good": views.Notice(text="F-1234 is yours until 02:00.", offers=OFFERS),
        "until": views.Notice(text="You have F-1234: acknowledged", until=1_795_570_800),
        "bad": views.Notice(text="Nothing was open.", good=False),
    },
    "help": {
        "all": views.Help(verbs=VERBS, language=(("sev:high+", "high and above"), ("-account:sandbox*", "none of these"))),
        "one": views.Help(verbs=VERBS[:1], full=True),
    },
    "menu": {
        "busy": views.Menu(
            counts={Severity.CRITICAL: 1, Severity.HIGH: 2}, offers=OFFERS, verbs=VERBS,
            health=(("Slack", True, ""), ("Queue", False, "oldest 5 min")),
        ),
        "quiet": views.Menu(counts={}, offers=(), verbs=VERBS),
    },
    "status": {"well": _status(True), "ill": _status(False)},
    "accounts": {
        "some": _accounts(60, ""), "few": _accounts(2, "prod"), "none": views.Accounts(rows=(), total=0),
        "quiet": views.Accounts(rows=(views.AccountRow("444455556666", "dev", "dev", "", "", 0, None),), total=1),
    },
    "why": {"routed": _why()},
}  # fmt: skip


# --- hostile ------------------------------------------------------------------------------------------------------------------

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
    resolved_at=st.none() | times, channel=texts, route=texts, why=texts,
)  # fmt: skip
entries = st.builds(
    Entry, at=times, kind=st.sampled_from([str(c) for c in Change]) | texts, actor=safe_users, note=texts,
    details=st.dictionaries(st.sampled_from(["was", "severity", "until", "x"]), texts, max_size=4),
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

HOSTILE: dict[str, st.SearchStrategy[views.View]] = {
    "finding_card": st.builds(views.FindingCard, record=records, now=times, mention=mention),
    "thread_line": st.builds(
        views.ThreadLine, record=records, entry=entries, now=times, announce=st.booleans(), mention=mention
    ),
    "finding_list": st.builds(
        views.FindingList, rows=st.lists(records, max_size=3).map(lambda r: tuple(r * 4)), scope=texts, counts=counts,
        page=st.integers(1, 9), pages=st.integers(0, 9), total=numbers, listing=st.just("AbC") | texts, now=times,
        notes=st.lists(texts, max_size=3).map(tuple),
    ),
    "finding_detail": st.builds(
        views.FindingDetail, record=st.none() | records, now=times, timeline=st.lists(entries, max_size=5).map(tuple),
        places=st.lists(st.tuples(st.just("C0SAFE123") | texts, texts), max_size=3).map(tuple), raw=texts,
        modal=st.booleans(), problem=texts,
    ),
    "trouble": st.builds(
        views.Trouble, messages=st.lists(texts, max_size=8).map(tuple), offers=offers, read=texts, reference=short_texts
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
}  # fmt: skip
