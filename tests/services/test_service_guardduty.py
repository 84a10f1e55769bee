"""GuardDuty's own archive: by choice, for single findings, and what others have archived stays archived."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hiding_making import FakeHub, FakeThreats, found, hidden, in_hub, natively, now_of, threat

from bot.domain.finding import State
from bot.domain.suppression import ScopeKind, Stage, these_query
from bot.services.natively import Natively
from tests.support.parts import Parts


async def test_guardduty_archives_a_single_finding_when_it_is_chosen(parts: Parts) -> None:
    threats = FakeThreats(archived_now={"threat2"})
    natively(parts, Natively(None, None, threats=threats))
    await parts.say(threat(1), threat(2))
    lease = await hidden(parts)
    assert threats.archived_now == {"threat1", "threat2"}
    await parts.suite.leases.end(lease.id, "U0ANA", "enough")
    assert threats.archived_now == {"threat2"}
    assert (await now_of(parts, lease)).stage is Stage.ENDED


@pytest.mark.parametrize(
    ("side", "kind"),
    [
        (lambda t: Natively(None, FakeHub()), ScopeKind.FINDING),  # it was not chosen
        (lambda t: Natively(None, None, threats=t), ScopeKind.KIND),  # never by a class
        (lambda t: Natively(None, None, threats=t), ScopeKind.RESOURCE),
    ],
)  # fmt: skip
async def test_guardduty_is_left_alone_otherwise(
    parts: Parts, side: Callable[[FakeThreats], Natively], kind: ScopeKind
) -> None:
    threats = FakeThreats()
    natively(parts, side(threats))
    await parts.say(threat(1))
    assert (await now_of(parts, await hidden(parts, 1, kind))).stage is Stage.ACTIVE
    assert threats.archived_now == set()
    assert (await found(parts)).state is State.SUPPRESSED


async def test_several_threats_are_archived_one_by_one(parts: Parts) -> None:
    threats = FakeThreats()
    natively(parts, Natively(None, None, threats=threats))
    await parts.say(threat(1), threat(2), in_hub("k3"))
    lease = await hidden(parts, 1, ScopeKind.THESE, query=these_query([1, 2, 3]))
    assert threats.archived_now == {"threat1", "threat2"}
    await parts.suite.leases.end(lease.id, "U0ANA", "enough")
    assert threats.archived_now == set()
