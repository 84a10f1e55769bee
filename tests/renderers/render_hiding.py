"""The views of suppressions that the renderers' tests show: plain ones for the golden files, and hostile ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st
from render_cases import ACCOUNT, NOW, VIEW_ROWS, acknowledged, finding, home, leased, record, taken
from render_hostile import numbers, records, safe_users, short_texts, texts, times

from bot.domain import views
from bot.domain.approval import Request
from bot.domain.approval import Stage as Asking
from bot.domain.drift import Drift, Kind, Maker, Rule, Seen
from bot.domain.finding import Record, Severity
from bot.domain.hiding_views import DriftReport, LeaseList, LeaseShown, SuppressForm, SuppressPreview
from bot.domain.native import OWN_WORDS, Call, Effect, How, effect_of, effect_of_each
from bot.domain.query import show
from bot.domain.suppression import Lease, Reach, ReasonClass, ScopeKind, Stage, Verdict, scope_query, these_query

ANALYZER = f"arn:aws:access-analyzer:eu-central-1:{ACCOUNT}:analyzer/company"
DIGEST = "0a1b2c3d4e5f6071"


def access() -> Record:
    """An Access Analyzer finding that can be archived."""
    found = finding(
        key="access_analyzer:eu-central-1:0f00dcaf-1111-2222-3333-444455556666", source="access_analyzer", via="access_analyzer",
        title="Bucket pay-export can be read by 999988887777", type="ExternalAccess", control="", detector=ANALYZER,
        severity=Severity.HIGH,
    )  # fmt: skip
    return record(finding=found)


def lease(**changes: object) -> Lease:
    """A week of one finding."""
    base = Lease(
        id="7F3A21bcDE", kind=ScopeKind.FINDING, number=1234, query="F-1234", why=ReasonClass.ACCEPTED_RISK,
        reason="the vendor's <scanner> reads it", ticket="SEC-9", owner="U0SAFE1", author="U0SAFE1", created=NOW,
        until=NOW + timedelta(days=7), stage=Stage.ACTIVE,
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


def _of_kind(**changes: object) -> Lease:
    query = f"account:{ACCOUNT} src:guardduty control:S3.8"
    return lease(kind=ScopeKind.KIND, query=query, **changes)


def _wide(**changes: object) -> Lease:
    return lease(kind=ScopeKind.CUSTOM, query=f"account:{ACCOUNT} control:S3.*", **changes)


def _resource() -> Lease:
    return lease(kind=ScopeKind.RESOURCE, query=show(scope_query(ScopeKind.RESOURCE, access())))


def these(*about: Record) -> Lease:
    return lease(kind=ScopeKind.THESE, query=show(these_query([r.number for r in about])))


def request(**changes: object) -> Request:
    """Someone asks another person for a week of one kind."""
    base = Request(
        id="r3Qu", kind="suppress", subject="7F3A21bcDE", digest=DIGEST, requester="U0SAFE1", quorum=1, created=NOW,
        expires=NOW + timedelta(days=1), reason="it lasts longer than 7 days; a critical finding is among them",
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


def rule(name: str, **changes: object) -> Rule:
    """An archive rule at the company's analyzer."""
    base = Rule(
        service="access_analyzer",
        place=ANALYZER,
        id=name,
        name=name,
        what="isPublic=false resource=arn:aws:s3:::pay-export",
    )
    return replace(base, **changes)  # type: ignore[arg-type]


ALICE = Maker(f"arn:aws:sts::{ACCOUNT}:assumed-role/Admin/alice", "CreateArchiveRule", NOW - timedelta(days=2))
DRIFTS = (
    Drift(kind=Kind.STRAY, rule=rule("secbot-5566")),
    Drift(
        kind=Kind.GONE, rule=rule("secbot-3344", what=""), leases=("7F3A21bcDE", "00aa11"), maker=replace(ALICE, did="DeleteArchiveRule")
    ),
    Drift(kind=Kind.CHANGED, rule=rule("secbot-1122", broad="a rule never hides public access"), leases=("7F3A21bcDE",)),
    Drift(
        kind=Kind.FOREIGN, maker=replace(ALICE, did="BatchUpdateAutomationRules"),
        rule=rule("quiet <nights>", service="securityhub", place="eu-central-1", what="Severity.Label=LOW: SUPPRESSED"),
    ),
    Drift(
        kind=Kind.FOREIGN,
        rule=rule("all", service="guardduty", place="eu-west-1", what="", broad="it has no condition", updated="2026-11-20"),
    ),
    Drift(kind=Kind.FOREIGN, rule=rule("ci role"), maker=ALICE),
)  # fmt: skip
BLIND = ("securityhub in eu-west-1: access denied", "guardduty in us-east-1: did not answer")


def seen(*found: Drift, news: tuple[Drift, ...] = (), blind: tuple[str, ...] = (), looked: int = 37) -> Seen:
    return Seen(found=found, news=frozenset(d.key for d in news), blind=blind, looked=looked)


def strangers(number: int) -> tuple[Drift, ...]:
    what = "resource=" + "arn:aws:s3:::" + "x" * 400
    return tuple(Drift(kind=Kind.FOREIGN, rule=rule(f"rule-{i:02}", what=what), maker=ALICE) for i in range(number))


def _preview(about: Record, what: Lease, verdict: Verdict, reach: Reach, **changes: object) -> SuppressPreview:
    base = SuppressPreview(
        lease=what, about=about, reach=reach, first=(about,), verdict=verdict, effect=effect_of(what.kind, about), digest=DIGEST, now=NOW,
    )  # fmt: skip
    return replace(base, **changes)  # type: ignore[arg-type]


ONE = Reach(by_severity={Severity.HIGH: 1}, accounts=1, envs={"prod": 1}, in_90_days=1)
MANY = Reach(
    by_severity={Severity.CRITICAL: 2, Severity.HIGH: 29}, accounts=3, envs={"staging": 4, "prod": 25, "": 2}, in_90_days=1204
)  # fmt: skip
FEW = Reach(by_severity={Severity.HIGH: 2}, accounts=1, envs={"prod": 2}, in_90_days=5)
CRITICAL = Reach(by_severity={Severity.CRITICAL: 1}, accounts=1, envs={"prod": 1}, in_90_days=1)
NONE_NOW = Reach(by_severity={}, accounts=0, envs={}, in_90_days=0)
ANOTHER = Verdict(approval=("it hides 31 findings now, more than 25", "a critical finding is among them"))
NEVER = Verdict(
    refused=("A critical GuardDuty finding is never hidden.", "Critical findings may be hidden for 7 days at most.")
)
RULE = {"how": How.RULE, "analyzer": ANALYZER, "rule": "secbot-0a1b2c3d", "ids": "one,two"}


GOLDEN: dict[str, dict[str, views.View]] = {
    "suppress_form": {
        "new": SuppressForm(record=access(), now=NOW, owner="U0SAFE1", most="30 days for high findings"),
        "typed": SuppressForm(
            record=record(), now=NOW, ends="14d", reason="vendor scanner, SEC-9", ticket="SEC-9", owner="U0SAFE1",
            most="7 days for critical findings", problem="A filter needs at least one term.", why="accepted_risk",
            filter="account:payments-prod control:S3.2",
        ),
        "several": SuppressForm(
            record=record(), now=NOW, owner="U0SAFE1", filter="env:prod",
            several=(record(), taken(), *(record(number=n) for n in range(1, 7))),
        ),
        "too_many": SuppressForm(record=record(), now=NOW, several=tuple(record(number=10**11 + n) for n in range(60))),
        "renewal": SuppressForm(
            record=leased(), now=NOW, owner="U0SAFE1", why="expected", reason="the scanner is still there", renews=lease(), ends="14d"
        ),
    },
    "suppress_preview": {
        "one": _preview(access(), lease(stage=Stage.DRAFT), Verdict(), ONE),
        "rule": _preview(access(), _resource(), Verdict(), ONE),
        "another_person": _preview(record(), _wide(), ANOTHER, MANY, first=(record(),) * 10),
        "changed": _preview(record(), _of_kind(), Verdict(), FEW, changed=True),
        "refused": _preview(record(), lease(), NEVER, CRITICAL),
        "these": _preview(
            record(), these(record(), taken()), Verdict(), replace(FEW, kept=2), first=(access(), taken()),
            effect=effect_of_each([access(), taken()]), at_source=2,
        ),
        "asked_at_its_source": _preview(access(), _resource(), Verdict(), replace(ONE, kept=1), at_source=3),
        "renewal": _preview(leased(), lease(id="9900ff", renews="7F3A21bcDE", until=NOW + timedelta(days=14)), Verdict(), ONE),
        "renewal_asked_for": _preview(leased(), lease(id="9900ff", renews="7F3A21bcDE"), ANOTHER, NONE_NOW, first=()),
        "nothing_now": _preview(record(), lease(kind=ScopeKind.CUSTOM, query="resource:pay-export"), Verdict(), NONE_NOW, first=()),
    },
    "lease_shown": {
        "begun": LeaseShown(lease=lease(native=RULE), about=leased(), now=NOW, hidden=2, may_end=True),
        "later": LeaseShown(lease=lease(native={"how": How.HUB}), about=leased(), now=NOW + timedelta(hours=1), hidden=1, may_end=True),
        "waiting": LeaseShown(
            lease=_of_kind(stage=Stage.WAITING), about=record(), now=NOW,
            said="Asked in the finding's thread: it begins when another person agrees.", request=request(), may_withdraw=True,
        ),
        "to_be_decided": LeaseShown(
            lease=_of_kind(stage=Stage.WAITING, renews="00aa11bb"), about=record(), now=NOW, may_decide=True,
            request=request(quorum=2, approvers=("U0SAFE1",)),
        ),
        "decided": LeaseShown(lease=_of_kind(), about=leased(), now=NOW, may_decide=True, request=request(stage=Asking.APPROVED)),
        "several_rules": LeaseShown(
            lease=lease(native={**RULE, "rule": "secbot-0a1b2c3d,secbot-4e5f6071", f"ids@{ANALYZER}": "one,two,three"}),
            about=leased(), now=NOW,
        ),
        "guarded": LeaseShown(lease=lease(native={"how": How.GUARD}), about=leased(), now=NOW),
        "each": LeaseShown(
            lease=replace(these(access(), taken()), native={"how": How.EACH, f"ids@{ANALYZER}": "one"}), about=leased(), now=NOW, hidden=8
        ),
        "approved": LeaseShown(
            lease=_of_kind(stage=Stage.APPLYING, native={"how": How.FINDING, "ids": "one"}, approvers=("U0SAFE1",)),
            about=leased(), now=NOW, hidden=31, said="Approved.",
        ),
        "refused_at_its_source": LeaseShown(
            lease=lease(native={"how": How.OWN, "refused": "not authorised to <archive>"}), about=leased(), now=NOW, hidden=1
        ),
        "over": LeaseShown(
            lease=lease(stage=Stage.ENDED, native=RULE, ended_at=NOW + timedelta(days=7)), about=record(), now=NOW,
            said="It is over: what it hid is shown again.",
        ),
        "left_behind": LeaseShown(
            lease=lease(stage=Stage.ENDED, native={**RULE, "left": "the rule is not ours any more"}, ended_by="U0SAFE1", ended_at=NOW),
            about=None, now=NOW,
        ),
        "ending": LeaseShown(lease=lease(stage=Stage.ENDING, ended_by="U0SAFE1"), about=leased(), now=NOW),
        "denied": LeaseShown(
            lease=_of_kind(stage=Stage.REFUSED, ended_by="U0SAFE1", ended_at=NOW), about=record(), now=NOW,
            said="Refused: nothing is hidden.",
        ),
        "expired": LeaseShown(lease=_of_kind(stage=Stage.REFUSED, ended_at=NOW), about=record(), now=NOW),
        "draft": LeaseShown(lease=lease(stage=Stage.DRAFT), about=record(), now=NOW),
    },
    "lease_list": {
        "some": LeaseList(
            leases=(lease(), _of_kind(id="00aa11", stage=Stage.WAITING), lease(id="bb22cc", stage=Stage.ENDED, ended_at=NOW)),
            counts={"7F3A21bcDE": 1}, scope="expiring:<7d", now=NOW,
        ),
        "more": LeaseList(leases=(lease(),) * 20, counts={"7F3A21bcDE": 1}, scope="", now=NOW, more=True),
        "none": LeaseList(leases=(), counts={}, scope="me", now=NOW),
    },
    "drift_report": {
        "answer": DriftReport(seen=seen(*DRIFTS, news=DRIFTS[:1], blind=BLIND), now=NOW),
        "nightly": DriftReport(seen=seen(*DRIFTS, news=DRIFTS[3:5]), now=NOW, nightly=True),
        "nightly_one": DriftReport(seen=seen(DRIFTS[3], news=DRIFTS[3:4], looked=1), now=NOW, nightly=True),
        "nothing_new": DriftReport(seen=seen(*DRIFTS[:2]), now=NOW, nightly=True),
        "well": DriftReport(seen=seen(), now=NOW),
        "nightly_well": DriftReport(seen=seen(), now=NOW, nightly=True),
        "blind": DriftReport(seen=seen(blind=BLIND * 6, looked=0), now=NOW),
        "many": DriftReport(seen=seen(*strangers(31), blind=BLIND), now=NOW),
    },
}  # fmt: skip

GOLDEN_OF_HOME: dict[str, views.View] = {
    "to_approve": home(
        approvals=((_of_kind(stage=Stage.WAITING), record()), (lease(id="00aa11", stage=Stage.WAITING), leased())),
        leases=(lease(), _of_kind(id="bb22cc")),
    ),
    "full": home(
        on_you=tuple(record(number=n) for n in range(20)), on_you_total=99, ending=tuple(acknowledged() for _ in range(9)),
        views=VIEW_ROWS * 3, envs=tuple((f"env-{n}", {Severity.HIGH: n}) for n in range(12)),
        approvals=((_of_kind(stage=Stage.WAITING), record()),) * 9, leases=(lease(),) * 9,
    ),
}  # fmt: skip

# --- hostile --------------------------------------------------------------------------------------------------------------------

leases = st.builds(
    Lease, id=st.just("7F3A21bcDE") | texts, kind=st.sampled_from(ScopeKind), number=numbers, query=texts,
    why=st.sampled_from(ReasonClass), reason=texts, ticket=texts, owner=safe_users, author=safe_users, created=times, until=times,
    stage=st.sampled_from(Stage), approvers=st.lists(safe_users, max_size=3).map(tuple), ended_at=st.none() | times,
    native=st.dictionaries(
        st.sampled_from(["how", "rule", "ids", "refused", "left", "analyzer", "ids@x"]), st.sampled_from(How).map(str) | texts, max_size=5
    ),
    ended_by=safe_users, renews=st.just("") | texts,
)  # fmt: skip
reaches = st.builds(
    Reach, by_severity=st.dictionaries(st.sampled_from(Severity), st.integers(0, 10**6)), accounts=numbers,
    envs=st.dictionaries(short_texts, numbers, max_size=9), in_90_days=numbers, kept=numbers,
)  # fmt: skip
told = st.lists(texts, max_size=4).map(tuple)
effects = st.builds(
    Effect, how=st.sampled_from(How), words=texts | st.just(OWN_WORDS),
    calls=st.lists(st.builds(Call, short_texts, short_texts, texts), max_size=3).map(tuple), analyzer=texts,
)  # fmt: skip
requests = st.builds(
    Request, id=st.just("r3Qu") | texts, kind=texts, subject=texts, digest=st.just(DIGEST) | texts, requester=safe_users,
    quorum=st.integers(1, 3), created=times, expires=times, reason=texts, approvers=st.lists(safe_users, max_size=3).map(tuple),
    stage=st.sampled_from([Asking.WAITING, Asking.DENIED]),
)  # fmt: skip
rules = st.builds(
    Rule, service=st.sampled_from(["access_analyzer", "guardduty"]) | texts, place=st.just(ANALYZER) | texts, id=texts, name=texts,
    what=texts, broad=st.just("") | texts, updated=texts,
)  # fmt: skip
drifts = st.builds(
    Drift, kind=st.sampled_from(Kind), rule=rules, leases=st.lists(texts, max_size=7).map(tuple),
    maker=st.none() | st.builds(Maker, texts, texts, times),
)  # fmt: skip


@st.composite
def _seen(draw: st.DrawFn) -> Seen:
    found = tuple(draw(st.lists(drifts, max_size=4)) * draw(st.integers(1, 9)))
    news = frozenset(d.key for d in found if draw(st.booleans()))
    return Seen(found=found, news=news, blind=tuple(draw(st.lists(texts, max_size=4)) * 4), looked=draw(numbers))


waiting_for = st.lists(st.tuples(leases, records), max_size=2).map(lambda r: tuple(r * 4))
ending_soon = st.lists(leases, max_size=2).map(lambda r: tuple(r * 4))

HOSTILE: dict[str, st.SearchStrategy[views.View]] = {
    "suppress_form": st.builds(
        SuppressForm, record=records, now=times, ends=texts, reason=texts, ticket=texts, owner=safe_users, most=texts, problem=texts,
        why=st.sampled_from(["test", "", "x"]), filter=texts, several=st.lists(records, max_size=3).map(lambda r: tuple(r * 15)),
        renews=st.none() | leases,
    ),
    "suppress_preview": st.builds(
        SuppressPreview, lease=leases, about=records, reach=reaches, first=st.lists(records, max_size=3).map(lambda r: tuple(r * 4)),
        verdict=st.builds(Verdict, st.just(()) | told, told), effect=effects, digest=st.just(DIGEST) | texts, now=times,
        changed=st.booleans(), at_source=st.none() | numbers,
    ),
    "lease_shown": st.builds(
        LeaseShown, lease=leases, about=st.none() | records, now=times, hidden=st.integers(-1, 10**6), may_end=st.booleans(), said=texts,
        request=st.none() | requests, may_decide=st.booleans(), may_withdraw=st.booleans(),
    ),
    "lease_list": st.builds(
        LeaseList, leases=st.lists(leases, max_size=3).map(lambda r: tuple(r * 9)), counts=st.dictionaries(texts, numbers, max_size=3),
        scope=texts, now=times, more=st.booleans(),
    ),
    "drift_report": st.builds(DriftReport, seen=_seen(), now=times, nightly=st.booleans()),
}  # fmt: skip
