"""The plain views that the renderers' tests show: those of the golden files. The hostile ones are in render_hostile.py."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from bot.domain import views
from bot.domain.finding import Account, Entry, Finding, Record, Resource, Severity, State, Status
from bot.domain.lifecycle import Change
from bot.domain.query import COUNT_MOST, Group, Sort

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


def leased(**changes: object) -> Record:
    """Hidden by a suppression of ours."""
    until = NOW + timedelta(days=7)
    return record(state=State.SUPPRESSED, lease="7F3A21bcDE", lease_until=until, revision=4).but(**changes)


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


def assigned(number: int = 1234) -> Record:
    return record(number=number, assignee="U0SAFE1", revision=2)


def taken() -> Record:
    return replace(acknowledged(), number=77)


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
HIDDEN = {"until": "2026-12-01T22:00:00+00:00", "lease": "7F3A21bcDE"}


def _detail(modal: bool, shown: Record | None, problem: str = "") -> views.FindingDetail:
    if shown is None:
        return views.FindingDetail(record=None, now=NOW, modal=modal, problem=problem)
    places = (("C0SAFE123", "1.1"), ("sec-prod", "1.2"))
    return views.FindingDetail(
        record=shown,
        now=NOW,
        timeline=TIMELINE,
        places=places,
        said=(
            (NOW - timedelta(minutes=49), "card", "C0SAFE123"),
            (NOW, "edit", "C0SAFE123"),
            (NOW, "thread", "sec-prod"),
        ),
        related=(
            views.Related(
                "On the same resource", (record(number=7), acknowledged()), 2, "findings resource:pay-export"
            ),
            views.Related("The same control elsewhere", (resolved(),) * 9, 31, "findings control:S3.8 all"),
            views.Related("In the same hour", (), 0, "findings first:<1h"),
        ),
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
    mention = ("S0SAFE1",) if announce or kind in (Change.ASKED, Change.ENDING, Change.APPROVAL_ASKED) else ()
    shown = record() if announce else resolved()
    return views.ThreadLine(record=shown, entry=entry, now=NOW, announce=announce, mention=mention)


def status(well: bool) -> views.Status:
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


def _breakdown(group: Group, *rows: views.GroupRow, **changes: object) -> views.Breakdown:
    counts = {s: sum(row.counts.get(s, 0) for row in rows) for s in Severity}
    base = views.Breakdown(group=group, rows=rows, scope="env:prod", counts=counts)
    return replace(base, **changes)  # type: ignore[arg-type]


GROUP_ROWS = (
    views.GroupRow(
        "payments-prod 111122223333",
        {Severity.CRITICAL: 3, Severity.HIGH: 9},
        "findings account:111122223333",
        "payments-prod",
    ),
    views.GroupRow("a-very-long-name-of-an-account-1", {Severity.HIGH: 4, Severity.LOW: 1}, "findings account:one"),
    views.GroupRow("a-very-long-name-of-an-account-2", {Severity.INFO: 1}, "findings account:two"),
    views.GroupRow("twin 111100000001", {Severity.LOW: 1}, "findings account:111100000001", "twin"),
    views.GroupRow("twin 111100000002", {Severity.LOW: 1}, "findings account:111100000002", "twin"),
    views.GroupRow("", {Severity.MEDIUM: COUNT_MOST + 1}, ""),
)
SEVERITY_ROWS = (
    views.GroupRow("critical", {Severity.CRITICAL: 3}, "findings critical"),
    views.GroupRow("high", {Severity.HIGH: 39}, "findings sev:high"),
)
VIEW_ROWS = (
    views.ViewRow("night", "env:prod sev:high+", "U0SAFE1", counts={Severity.CRITICAL: 1, Severity.HIGH: 4}),
    views.ViewRow("calm", "", "U0SAFE1", default=True, counts={}),
    views.ViewRow("old", "env:gone", "U0SAFE1", problem="`gone` is not an environment any more."),
)


def home(**changes: object) -> views.Home:
    base = views.Home(
        user="U0SAFE1", on_you=(assigned(), taken()), on_you_total=12, ending=(taken(),), views=VIEW_ROWS,
        counts={Severity.CRITICAL: 3, Severity.HIGH: 1200},
        envs=(("prod", {Severity.CRITICAL: 3}), ("dev eu", {}), ("", {Severity.LOW: 2})),
        health=(("slack link", True, ""), ("queue", False, "the oldest message is 5 min old")), now=NOW,
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


# layout -> case -> view
GOLDEN: dict[str, dict[str, views.View]] = {
    "finding_card": {
        "new": views.FindingCard(record=record(), now=NOW, mention=("S0SAFE1", "U0SAFE1")),
        "acknowledged": views.FindingCard(record=acknowledged(), now=NOW),
        "resolved": views.FindingCard(record=resolved(), now=NOW),
        "suppressed": views.FindingCard(record=record(state=State.SUPPRESSED), now=NOW),
        "assigned": views.FindingCard(record=assigned(), now=NOW),
        "leased": views.FindingCard(record=leased(), now=NOW),
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
        "assigned": _line(Change.ASSIGNED, actor="U0SAFE1", details={"to": "U0SAFE1"}),
        "asked": _line(Change.ASKED, actor="U0SAFE1", details={"for": "ack"}),
        "hidden": _line(Change.HIDDEN, actor="U0SAFE1", details=HIDDEN),
        "hidden_as_covered": _line(Change.HIDDEN, details=HIDDEN),
        "shown_again": _line(Change.REVEALED, announce=True, note="its suppression has ended", details={"lease": "7F3A21bcDE"}),
        "ending": _line(Change.ENDING, details=HIDDEN),
        "approval_asked": _line(
            Change.APPROVAL_ASKED, actor="U0SAFE1", note="the vendor's <scanner> reads it, SEC-9",
            details=HIDDEN | {
                "request": "r3Qu", "digest": "0a1b2c3d4e5f6071", "scope": "account:111122223333 src:guardduty control:S3.8",
                "because": "it lasts longer than 7 days; a critical finding is among them",
            },
        ),
        "approval_given": _line(Change.APPROVAL_GIVEN, actor="U0SAFE1"),
        "approval_denied": _line(Change.APPROVAL_DENIED, actor="U0SAFE1", note="mend it instead"),
        "unknown_kind": _line("moved_house", note="to <another> place"),
    },
    "finding_list": {
        "page": _list(record(), acknowledged(), resolved(), leased(number=8)),
        "last_page": _list(resolved(), page=5, first=33, notes=(), sort=Sort.AGE),
        "newer": _list(record(), assigned(7), first=9, newer=2, offers=OFFERS),
        "one_page": _list(record(), acknowledged(), page=1, pages=1, total=2, notes=()),
        "first_page": _list(record(), acknowledged(), page=1),
        "empty": _list(scope="", counts={}, page=1, pages=0, total=0, notes=()),
    },
    "finding_detail": {
        "message": _detail(False, acknowledged()),
        "modal": _detail(True, acknowledged()),
        "linked": replace(_detail(True, assigned()), link="https://secbot.example.com/F-1234", timeline=()),
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
        "not_allowed": views.Trouble(
            messages=("You may not ack F-12. Your roles do not cover critical findings in prod.",), whom=("S0SAFE1", "U0SAFE1"),
            offers=(views.Offer("Ask them", "ask F-12"),),
        ),
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
    "status": {"well": status(True), "ill": status(False)},
    "accounts": {
        "some": _accounts(60, ""), "few": _accounts(2, "prod"), "none": views.Accounts(rows=(), total=0),
        "quiet": views.Accounts(rows=(views.AccountRow("444455556666", "dev", "dev", "", "", 0, None),), total=1),
    },
    "why": {"routed": _why()},
    "breakdown": {
        "accounts": _breakdown(Group.ACCOUNT, *GROUP_ROWS, left_out=3, notes=("12 more match without `state:open`.",)),
        "severities": _breakdown(Group.SEV, *SEVERITY_ROWS),
        "empty": _breakdown(Group.OU, scope="", offers=OFFERS),
    },
    "views_list": {
        "both": views.ViewsList(mine=VIEW_ROWS[:1], here=VIEW_ROWS[1:], channel="C0SAFE123", may_change=True),
        "reader": views.ViewsList(mine=VIEW_ROWS[:1], here=VIEW_ROWS[1:], channel="C0SAFE123"),
        "empty": views.ViewsList(mine=(), here=()),
    },
    "confirm": {
        "page": views.Confirm(
            text="Acknowledge *3* findings? 2 are critical.", label="Acknowledge 3", action="ack.page.go", extra="AbC.2",
            lines=("F-12 CRITICAL S3 bucket <pay> is public", "F-13 HIGH Root was used"),
        ),
        "delete": views.Confirm(text="Delete `@night`?", label="Delete", action="view.delete.go", extra="me.night"),
    },
    "working": {"some": views.Working(text="Looking for `prod high+`…"), "bare": views.Working()},
    "save_view_form": {
        "mine": views.SaveViewForm(query="env:prod sev:high+"),
        "channel": views.SaveViewForm(query="", name="night", channel="C0SAFE123", extra="C0SAFE123"),
    },
    "assign_form": {
        "new": views.AssignForm(record=record(), now=NOW),
        "again": views.AssignForm(record=assigned(), now=NOW, user="U0SAFE1"),
    },
    "ask_form": {
        "shortcut": views.AskForm(examples=("findings prod high+", "status")),
        "again": views.AskForm(command="findngs", note="I don't know `findngs`. Did you mean *findings*?", extra="C0SAFE123"),
    },
    "home": {
        "busy": home(),
        "quiet": home(on_you=(), on_you_total=0, ending=(), views=(), counts={}, envs=(), health=(("queue", True, ""),)),
        "refused": home(problem="Guests cannot use secbot."),
    },
    "preview": {
        "open": views.Preview(record=record(), now=NOW),
        "acknowledged": views.Preview(record=acknowledged(), now=NOW),
        "redacted": views.Preview(record=record(), now=NOW, redacted=True),
        "redacted_resolved": views.Preview(record=resolved(), now=NOW, redacted=True),
    },
    "can": {
        "some": views.Can(
            user="U0SAFE1", about="F-1234", whom=("S0SAFE1",),
            rows=(("read", True, "reading is open"), ("ack", False, "Who may: oncall."), ("assign", False, "")),
        ),
    },
}  # fmt: skip
