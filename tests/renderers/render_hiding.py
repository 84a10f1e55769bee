"""The views of suppressions that the renderers' tests show: plain ones for the golden files, and hostile ones."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from hypothesis import strategies as st
from render_cases import ACCOUNT, NOW, finding, leased, record
from render_hostile import numbers, records, safe_users, short_texts, texts, times

from bot.domain import views
from bot.domain.finding import Record, Severity
from bot.domain.hiding_views import LeaseList, LeaseShown, SuppressForm, SuppressPreview
from bot.domain.native import OWN_WORDS, Call, Effect, How, effect_of
from bot.domain.query import show
from bot.domain.suppression import Lease, Reach, ReasonClass, ScopeKind, Stage, Verdict, scope_query

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
            most="7 days for critical findings", problem="A filter needs at least one term.",
        ),
    },
    "suppress_preview": {
        "one": _preview(access(), lease(stage=Stage.DRAFT), Verdict(), ONE),
        "rule": _preview(access(), _resource(), Verdict(), ONE),
        "another_person": _preview(record(), _wide(), ANOTHER, MANY, first=(record(),) * 10),
        "changed": _preview(record(), _of_kind(), Verdict(), FEW, changed=True),
        "refused": _preview(record(), lease(), NEVER, CRITICAL),
        "nothing_now": _preview(record(), lease(kind=ScopeKind.CUSTOM, query="resource:pay-export"), Verdict(), NONE_NOW, first=()),
    },
    "lease_shown": {
        "begun": LeaseShown(lease=lease(native=RULE), about=leased(), now=NOW, hidden=2, may_end=True),
        "later": LeaseShown(lease=lease(native={"how": How.HUB}), about=leased(), now=NOW + timedelta(hours=1), hidden=1, may_end=True),
        "waiting": LeaseShown(
            lease=_of_kind(stage=Stage.WAITING), about=record(), now=NOW,
            said="Asked in the finding's thread: it begins when another person agrees.",
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
}  # fmt: skip

# --- hostile --------------------------------------------------------------------------------------------------------------------

leases = st.builds(
    Lease, id=st.just("7F3A21bcDE") | texts, kind=st.sampled_from(ScopeKind), number=numbers, query=texts,
    why=st.sampled_from(ReasonClass), reason=texts, ticket=texts, owner=safe_users, author=safe_users, created=times, until=times,
    stage=st.sampled_from(Stage), approvers=st.lists(safe_users, max_size=3).map(tuple), ended_at=st.none() | times,
    native=st.dictionaries(
        st.sampled_from(["how", "rule", "ids", "refused", "left", "analyzer"]), st.sampled_from(How).map(str) | texts, max_size=5
    ),
    ended_by=safe_users,
)  # fmt: skip
reaches = st.builds(
    Reach, by_severity=st.dictionaries(st.sampled_from(Severity), st.integers(0, 10**6)), accounts=numbers,
    envs=st.dictionaries(short_texts, numbers, max_size=9), in_90_days=numbers,
)  # fmt: skip
told = st.lists(texts, max_size=4).map(tuple)
effects = st.builds(
    Effect, how=st.sampled_from(How), words=texts | st.just(OWN_WORDS),
    calls=st.lists(st.builds(Call, short_texts, short_texts, texts), max_size=3).map(tuple), analyzer=texts, rule=texts,
)  # fmt: skip

HOSTILE: dict[str, st.SearchStrategy[views.View]] = {
    "suppress_form": st.builds(
        SuppressForm, record=records, now=times, ends=texts, reason=texts, ticket=texts, owner=safe_users, most=texts, problem=texts
    ),
    "suppress_preview": st.builds(
        SuppressPreview, lease=leases, about=records, reach=reaches, first=st.lists(records, max_size=3).map(lambda r: tuple(r * 4)),
        verdict=st.builds(Verdict, st.just(()) | told, told), effect=effects, digest=st.just(DIGEST) | texts, now=times,
        changed=st.booleans(),
    ),
    "lease_shown": st.builds(
        LeaseShown, lease=leases, about=st.none() | records, now=times, hidden=st.integers(-1, 10**6), may_end=st.booleans(), said=texts
    ),
    "lease_list": st.builds(
        LeaseList, leases=st.lists(leases, max_size=3).map(lambda r: tuple(r * 9)), counts=st.dictionaries(texts, numbers, max_size=3),
        scope=texts, now=times, more=st.booleans(),
    ),
}  # fmt: skip
