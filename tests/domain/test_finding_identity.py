"""Whether two reports are of one finding, and which of two reports is the newer one."""

from __future__ import annotations

from datetime import timedelta

import pytest
from domain_making import HOUR, NOW, finding
from hypothesis import given
from hypothesis import strategies as st

from bot.domain import finding as f
from bot.domain.finding import Severity, Status, newest, version_of

GD = "arn:aws:guardduty:eu-west-1:420000000001:detector/d1/finding/abc"


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (
            f.guardduty_identity("420000000001", "eu-west-1", "abc"),
            f.hub_identity(GD),
            "GuardDuty's own event and a hub's copy of it",
        ),
        (f.hub_identity(GD.replace("d1", "d2")), f.hub_identity(GD), "the detector is no part of a finding's identity"),
        (
            f.access_analyzer_identity("eu-west-1", "AB-CD"),
            f.access_analyzer_identity("eu-west-1", "ab-cd"),
            "a UUID is written in either case",
        ),
        (
            f.config_identity("1", "r", "rule", "AWS::S3::Bucket", "arn:aws:s3:::pay"),
            f.config_identity("1", "r", "rule", "AwsS3Bucket", "pay"),
            "Config and Security Hub spell types and ids differently",
        ),
    ],
)
def test_two_reports_of_one_problem_have_one_key(one: str, other: str, why: str) -> None:
    assert one == other, why


@pytest.mark.parametrize(
    ("one", "other", "why"),
    [
        (f.hub_identity(GD), f.hub_identity(GD.replace("eu-west-1", "eu-west-2")), "ids are unique in a region only"),
        (f.hub_identity(GD), f.hub_identity(GD.replace("0001:", "0002:")), "another account"),
        (f.hub_identity(GD), f.hub_identity(GD + "/x"), "not a finding's ARN: the id itself is the key"),
        (f.hub_identity(GD), f.hub_identity(GD.replace(":guardduty:", ":inspector2:")), "another service's ARN"),
        (f.hub_identity("x"), f.guardduty_identity("", "", "x"), "a namespace keeps keys apart"),
        (
            f.config_identity("1", "r", "rule", "AWS::S3::Bucket", "pay"),
            f.config_identity("1", "r", "other", "AWS::S3::Bucket", "pay"),
            "two rules about one resource are two problems",
        ),
    ],
)
def test_two_problems_have_two_keys(one: str, other: str, why: str) -> None:
    assert one != other, why


@given(st.text(max_size=400), st.text(max_size=400))
def test_a_key_is_short_printable_and_keeps_its_namespace(a: str, b: str) -> None:
    key = f.identity("ns", a, b)
    assert len(key) <= 200
    assert key.isprintable()
    assert key.startswith("ns:")


@given(st.text(min_size=201, max_size=300), st.text(min_size=201, max_size=300))
def test_long_ids_stay_apart(a: str, b: str) -> None:
    assert (f.identity("id", a) == f.identity("id", b)) is (a == b)


@pytest.mark.parametrize(
    ("resource_id", "name", "why"),
    [
        ("arn:aws:s3:::pay-export", "pay-export", "an ARN without a path"),
        ("arn:aws:ec2:eu-west-1:420000000001:instance/i-1", "i-1", "an ARN with a path"),
        ("arn:aws:lambda:eu-west-1:420000000001:function:pay", "pay", "a colon before the name"),
        ("AKIAIOSFODNN7EXAMPLE", "AKIAIOSFODNN7EXAMPLE", "no parts at all"),
        ("AWS::::Account:420000000001", "420000000001", "Security Hub's account resource"),
        ("arn:aws:s3:::pay-export/", "pay-export", "a slash at the end names nothing"),
        ("", "", "an empty id"),
    ],
)
def test_the_name_of_a_resource_is_the_last_part_of_its_id(resource_id: str, name: str, why: str) -> None:
    assert f.resource_name(resource_id) == name, why


@pytest.mark.parametrize(
    ("word", "severity"),
    [("HIGH", Severity.HIGH), ("crit", Severity.CRITICAL), ("Informational", Severity.INFO), ("hi", None), ("", None)],
)
def test_a_severity_is_read_in_any_case_and_never_guessed(word: str, severity: Severity | None) -> None:
    assert Severity.of_word(word) is severity


# --- versions --------------------------------------------------------------------------------------------------------------------

OLD = finding(updated=NOW - 2 * HOUR, emitted=NOW - 2 * HOUR)


@pytest.mark.parametrize(
    ("newer", "why"),
    [
        (finding(updated=NOW - HOUR, emitted=NOW - 3 * HOUR), "`updated` decides before the time of sending"),
        (finding(updated=OLD.updated, emitted=NOW), "Security Hub does not move UpdatedAt when a workflow changes"),
    ],
)
def test_the_newer_version_is_known_whatever_came_first(newer: f.Finding, why: str) -> None:
    assert version_of(OLD) < version_of(newer), why
    assert newest([OLD, newer]) == newest([newer, OLD]) == newer, why


@pytest.mark.parametrize(
    "changes",
    [
        {"severity": Severity.LOW},
        {"status": Status.RESOLVED},
        {"title": "another"},
        {"workflow": "NOTIFIED"},
        {"record_state": "ARCHIVED"},
        {"resources": ()},
        {"evidence": (("port", "22"),)},
        {"requested": "to-slack"},
    ],
)
def test_reports_of_one_moment_that_differ_are_two_versions_in_a_fixed_order(changes: dict[str, object]) -> None:
    other = finding(updated=OLD.updated, emitted=OLD.emitted, **changes)
    a, b = version_of(OLD), version_of(other)
    assert a != b
    assert (a < b) is not (b < a)
    assert newest([OLD, other]) == newest([other, OLD])


def test_the_same_report_twice_is_one_version() -> None:
    assert version_of(OLD) == version_of(finding(updated=OLD.updated, emitted=OLD.emitted))


SOME = st.lists(
    st.builds(
        lambda u, e, t: finding(updated=NOW + timedelta(seconds=u), emitted=NOW + timedelta(seconds=e), title=t),
        st.integers(0, 2),
        st.integers(0, 2),
        st.sampled_from("abc"),
    ),
    min_size=3,
    max_size=3,
)


@given(SOME)
def test_versions_are_totally_ordered(three: list[f.Finding]) -> None:
    a, b, c = (version_of(x) for x in three)
    assert (a < b) + (b < a) + (a == b) == 1
    assert not (a < b and b < c) or a < c


@given(SOME)
def test_the_newest_does_not_depend_on_the_order(three: list[f.Finding]) -> None:
    assert newest(three) == newest(reversed(three))


def test_there_is_no_newest_of_nothing() -> None:
    with pytest.raises(ValueError, match="empty"):
        newest([])


@given(st.text(st.characters(), max_size=20))
def test_a_digest_is_made_of_any_text(title: str) -> None:
    assert len(f.content_digest(finding(title=title + "\ud800"))) == 16
