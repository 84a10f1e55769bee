"""Approval by another person: who may, what is agreed to, when it is over."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from domain_making import HOUR, NOW

from bot.domain.approval import (
    Changed,
    NotWaiting,
    OwnRequest,
    Request,
    Stage,
    decide_approve,
    decide_deny,
    decide_expiry,
)

ASKED = Request(
    id="r1",
    kind="suppression",
    subject="l1",
    digest="abc",
    requester="U0ANA",
    quorum=1,
    created=NOW,
    expires=NOW + HOUR,
)


def test_another_person_who_saw_the_same_agrees() -> None:
    after = decide_approve(ASKED, "U0BEN", "abc", NOW)
    assert (after.stage, after.decided_by, after.approvers) == (Stage.APPROVED, "U0BEN", ("U0BEN",))


def test_whoever_asks_does_not_agree() -> None:
    with pytest.raises(OwnRequest):
        decide_approve(ASKED, "U0ANA", "abc", NOW)


def test_agreeing_to_something_else_is_void() -> None:
    with pytest.raises(Changed):
        decide_approve(ASKED, "U0BEN", "abd", NOW)


def test_a_quorum_is_of_different_people() -> None:
    two = replace(ASKED, quorum=2)
    one = decide_approve(two, "U0BEN", "abc", NOW)
    assert (one.stage, one.missing) == (Stage.WAITING, 1)
    with pytest.raises(NotWaiting, match="1 more"):
        decide_approve(one, "U0BEN", "abc", NOW)
    assert decide_approve(one, "U0CHEN", "abc", NOW).stage is Stage.APPROVED


@pytest.mark.parametrize("stage", [s for s in Stage if s is not Stage.WAITING])
def test_what_is_decided_stays_decided(stage: Stage) -> None:
    done = replace(ASKED, stage=stage, decided_by="U0BEN")
    for decide in (lambda: decide_approve(done, "U0CHEN", "abc", NOW), lambda: decide_deny(done, "U0CHEN", "", NOW)):
        with pytest.raises(NotWaiting, match="U0BEN"):
            decide()
    assert decide_expiry(done, NOW + 2 * HOUR) is done


def test_it_is_over_at_its_very_time() -> None:
    assert decide_expiry(ASKED, NOW + HOUR - timedelta(microseconds=1)).stage is Stage.WAITING
    assert decide_expiry(ASKED, NOW + HOUR).stage is Stage.EXPIRED
    with pytest.raises(NotWaiting, match="expired"):
        decide_approve(ASKED, "U0BEN", "abc", NOW + HOUR)


def test_the_requester_withdraws_and_another_denies() -> None:
    assert decide_deny(ASKED, "U0ANA", "", NOW).stage is Stage.WITHDRAWN
    denied = decide_deny(ASKED, "U0BEN", "too broad", NOW)
    assert (denied.stage, denied.answer) == (Stage.DENIED, "too broad")
