"""The verbs and buttons around suppressions: who may press what, what a window opens with, and that typed text hides nothing."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from hiding_making import DAY, FakeAnalyzers, FakeOutlook, access, begun, drafted, found, hidden, now_of
from service_making import ANA, ANAS, BENS, listed

from bot.domain.approval import Request as Asked
from bot.domain.authz import Permission, Policy, Statement
from bot.domain.drift import Rule
from bot.domain.finding import Severity, State
from bot.domain.hiding_views import DriftReport, LeaseList, LeaseShown, SuppressForm, SuppressPreview
from bot.domain.message import Pressed
from bot.domain.suppression import Lease, ScopeKind, Stage
from bot.domain.views import Notice, Trouble, View
from bot.services.desk import Request
from bot.services.natively import Natively
from tests.support.parts import Parts, a_finding

WHY = {"why": "expected", "reason": "the vendor's scanner", "ends": "1d", "ticket": "SEC-9"}


@dataclass
class Window:
    """Remembers what was opened."""

    opened: list[View] = field(default_factory=list)

    async def open(self, view: View) -> bool:
        self.opened.append(view)
        return True

    async def fill(self, view: View) -> None:
        raise AssertionError("nothing is filled later")

    @property
    def form(self) -> SuppressForm:
        [form] = self.opened
        assert isinstance(form, SuppressForm)
        return form


@pytest.fixture
def manned(build: Callable[..., Parts]) -> Parts:
    """Ana hides, Ben approves what is not critical, Chen looks."""
    ana = Statement("hide", frozenset({Permission.SUPPRESS}), users=frozenset({"U0ANA"}), most=Severity.HIGH)
    ben = Statement("agree", frozenset({Permission.APPROVE}), users=frozenset({"U0BEN"}), most=Severity.HIGH)
    return build(policy=Policy((ana, ben), frozenset({"*"})))


async def shown(parts: Parts, name: str, request: Request, **carried: object) -> View | None:
    return (await parts.desk.press(Pressed(name, **carried), request)).view  # type: ignore[arg-type]


async def submitted(parts: Parts, form: SuppressForm, scope: str, extra: str = "", **values: str) -> SuppressPreview:
    view = await shown(
        parts, "suppress.form", ANAS, number=form.record.number, extra=extra, values={**WHY, "scope": scope, **values}
    )
    assert isinstance(view, SuppressPreview), view
    return view


# --- windows --------------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("text", ["F-1", "F-1 1d", 'F-1 2w "because of SEC-12"', "F-1 F-2", "sev:high", "high"])
async def test_typed_text_opens_a_window_and_hides_nothing(manned: Parts, text: str) -> None:
    await manned.say(a_finding("k1"), a_finding("k2"))
    window = Window()
    answer = await manned.desk.command(f"suppress {text}", replace(ANAS, surface=window))
    assert answer.view is None
    assert window.form.record.number in (1, 2)
    assert [(await found(manned, n)).state for n in (1, 2)] == [State.OPEN] * 2


async def test_what_was_typed_stands_in_the_window(manned: Parts) -> None:
    await manned.say(a_finding("k1"))
    window = Window()
    await manned.desk.command('suppress F-1 3d "because of SEC-12"', replace(ANAS, surface=window))
    form = window.form
    assert (form.ends, form.reason, form.ticket, form.owner) == ("3d", "because of SEC-12", "SEC-12", "U0ANA")


async def test_a_question_opens_a_window_about_what_it_holds_with_itself_as_a_filter(manned: Parts) -> None:
    await manned.say(a_finding("k1"), a_finding("k2"), a_finding("k3", severity="low"))
    window = Window()
    await manned.desk.command("suppress high", replace(ANAS, surface=window))
    assert {r.finding.key for r in window.form.several} == {"k1", "k2"}
    assert window.form.filter == "sev:high", "a filter says what findings are, not what became of them"


async def test_a_page_of_a_list_opens_the_same_window(manned: Parts) -> None:
    await manned.say(a_finding("k1"), a_finding("k2"))
    view = await listed(manned, "high", ANA)
    window = Window()
    await manned.desk.press(Pressed("suppress.page", extra=f"{view.listing}.1"), replace(ANAS, surface=window))
    assert {r.number for r in window.form.several} == {1, 2}


async def test_without_a_trigger_it_gives_a_button_that_asks_for_the_same_again(manned: Parts) -> None:
    await manned.say(a_finding("k1"))
    answer = await manned.desk.command('suppress F-1 2d "vendor scanner"', ANAS)
    assert isinstance(answer.view, Trouble)
    assert [offer.command for offer in answer.view.offers] == ['suppress F-1 2d "vendor scanner"']


async def test_several_go_the_whole_way(manned: Parts) -> None:
    await manned.say(a_finding("k1"), a_finding("k2"), a_finding("k3"))
    window = Window()
    await manned.desk.command("suppress F-1 F-3", replace(ANAS, surface=window))
    preview = await submitted(manned, window.form, "these", "1,3")
    assert preview.reach.total == 2
    done = await shown(manned, "suppress.go", ANAS, number=1, extra=f"{preview.lease.id}.{preview.digest}")
    assert isinstance(done, LeaseShown)
    assert [(await found(manned, n)).state for n in (1, 2, 3)] == [State.SUPPRESSED, State.OPEN, State.SUPPRESSED]


@pytest.mark.parametrize("extra", ["", "1", "1,2;3", "1,-2", "x,y", "1,2" + ",3" * 60])
async def test_numbers_that_we_did_not_write_hide_nothing(manned: Parts, extra: str) -> None:
    await manned.say(a_finding("k1"), a_finding("k2"))
    view = await shown(manned, "suppress.form", ANAS, number=1, extra=extra, values={**WHY, "scope": "these"})
    assert isinstance(view, Trouble)
    assert [(await found(manned, n)).state for n in (1, 2)] == [State.OPEN] * 2


async def test_of_several_one_that_the_person_may_not_hide_stops_all(manned: Parts) -> None:
    await manned.say(a_finding("k1"), a_finding("k2", severity="critical", source="config"))
    numbers = {(await found(manned, n)).finding.key: n for n in (1, 2)}
    extra = f"{numbers['k1']},{numbers['k2']}"
    view = await shown(
        manned, "suppress.form", ANAS, number=numbers["k1"], extra=extra, values={**WHY, "scope": "these"}
    )
    assert isinstance(view, Trouble)
    assert "not suppress it" in view.messages[0]


async def test_a_class_that_reaches_what_the_person_may_not_hide_is_refused(manned: Parts) -> None:
    await manned.say(a_finding("k1", source="config"), a_finding("k2", source="config", severity="critical"))
    numbers = {(await found(manned, n)).finding.key: n for n in (1, 2)}
    view = await shown(
        manned, "suppress.form", ANAS, number=numbers["k1"], values={**WHY, "scope": "kind"}
    )  # fmt: skip
    assert isinstance(view, Trouble)
    assert "It reaches critical findings" in view.messages[0]


# --- renewing -------------------------------------------------------------------------------------------------------------------------


async def test_renewing_goes_through_the_same_window_and_its_preview(manned: Parts) -> None:
    await manned.say(a_finding("k1"))
    lease = await hidden(manned)
    window = Window()
    await manned.desk.press(Pressed("suppress.renew", 1, extra=lease.id), replace(ANAS, surface=window))
    form = window.form
    assert form.renews is not None
    assert (form.renews.id, form.why, form.reason) == (lease.id, "expected", "the vendor's scanner")
    preview = await submitted(manned, form, "", f"renew.{lease.id}", ends="3d")
    assert preview.lease.renews == lease.id
    await shown(manned, "suppress.go", ANAS, number=1, extra=f"{preview.lease.id}.{preview.digest}")
    assert (await now_of(manned, lease)).until == manned.clock.now() + 3 * DAY


async def test_a_lease_is_not_renewed_under_another_findings_name(manned: Parts) -> None:
    await manned.say(a_finding("k1"), a_finding("k2"))
    lease = await hidden(manned)
    view = await shown(manned, "suppress.form", ANAS, number=2, extra=f"renew.{lease.id}", values=WHY)
    assert isinstance(view, Trouble)
    assert await now_of(manned, lease) == lease


async def test_whoever_may_not_hide_may_not_renew(manned: Parts) -> None:
    await manned.say(a_finding("k1"))
    lease = await hidden(manned)
    window = Window()
    await manned.desk.press(Pressed("suppress.renew", 1, extra=lease.id), replace(BENS, surface=window))
    assert window.opened == []


# --- agreeing and withdrawing ---------------------------------------------------------------------------------------------------------


async def asked(parts: Parts) -> tuple[Lease, Asked]:
    await parts.say(a_finding("k1"))
    done = await begun(parts, await drafted(parts, lasts=8 * DAY))
    assert done.request is not None
    return done.lease, done.request


@pytest.mark.parametrize(
    ("name", "user", "stage", "why"),
    [
        ("suppress.approve", "U0BEN", Stage.ACTIVE, "who may approve does"),
        ("suppress.approve", "U0ANA", Stage.WAITING, "who asked does not"),
        ("suppress.approve", "U0CHEN", Stage.WAITING, "who may not does not"),
        ("suppress.deny", "U0BEN", Stage.REFUSED, "who may approve may refuse"),
        ("suppress.deny", "U0ANA", Stage.REFUSED, "who asked withdraws, without being an approver"),
        ("suppress.deny", "U0CHEN", Stage.WAITING, "who may look may not refuse"),
    ],
)
async def test_who_decides_what_was_asked_for(manned: Parts, name: str, user: str, stage: Stage, why: str) -> None:
    lease, request = await asked(manned)
    await shown(manned, name, Request(user, "sec"), number=1, extra=f"{request.id}.{request.digest}")
    assert (await now_of(manned, lease)).stage is stage, why


@pytest.mark.parametrize(
    ("user", "decide", "withdraw"), [("U0BEN", True, False), ("U0ANA", False, True), ("U0CHEN", False, False)]
)
async def test_each_reader_is_offered_what_they_may_do(manned: Parts, user: str, decide: bool, withdraw: bool) -> None:
    lease, _ = await asked(manned)
    answer = await manned.desk.command(f"leases {lease.short}", Request(user, "sec"))
    assert isinstance(answer.view, LeaseShown)
    assert (answer.view.may_decide, answer.view.may_withdraw, answer.view.may_end) == (decide, withdraw, False)


async def test_what_waits_is_listed(manned: Parts) -> None:
    assert isinstance((await manned.desk.command("approve", BENS)).view, Notice)
    lease, _ = await asked(manned)
    view = (await manned.desk.command("approve", BENS)).view
    assert isinstance(view, LeaseList)
    assert [one.id for one in view.leases] == [lease.id]


async def test_the_end_takes_the_same_permission_as_the_beginning(manned: Parts) -> None:
    await manned.say(a_finding("k1"))
    lease = await hidden(manned)
    await shown(manned, "suppress.end", BENS, number=1, extra=lease.id)
    assert (await now_of(manned, lease)).stage is Stage.ACTIVE
    view = await shown(manned, "suppress.end", ANAS, number=1, extra=lease.id)
    assert isinstance(view, LeaseShown)
    assert (await now_of(manned, lease)).stage is Stage.ENDED


# --- drift ----------------------------------------------------------------------------------------------------------------------------


async def test_whoever_asks_is_told_every_rule_that_is_not_ours(build: Callable[..., Parts]) -> None:
    rule = Rule(service="securityhub", place="eu-west-1", id="arn:1", name="hush", what="low: SUPPRESSED")
    parts = build(natively=Natively(FakeAnalyzers(), None), outlook=FakeOutlook(hub={"eu-west-1": [rule]}))
    await parts.say(access())
    view = (await parts.desk.command("leases drift", ANAS)).view
    assert isinstance(view, DriftReport)
    assert [drift.rule.name for drift in view.seen.found] == ["hush"]
    assert not view.nightly


async def test_drift_without_access_says_why(parts: Parts) -> None:
    view = (await parts.desk.command("leases drift", ANAS)).view
    assert isinstance(view, Trouble)
    assert "switched off" in view.messages[0]


async def test_leases_are_listed_with_what_they_hide(manned: Parts) -> None:
    await manned.say(a_finding("k1"), a_finding("k2"))
    lease = await hidden(manned, 1, ScopeKind.KIND)
    view = (await manned.desk.command("leases", BENS)).view
    assert isinstance(view, LeaseList)
    assert dict(view.counts) == {lease.id: 2}
