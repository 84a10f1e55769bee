"""Counting in groups: every group's numbers are exact, and its button lists exactly that group again."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta

import pytest
from service_making import ANA, ANAS, counted, listed, offers, troubled

from bot.adapters.directory import CachedDirectory, Override
from bot.domain.finding import Finding, Severity, Status
from bot.domain.query import AGE_BOUNDS, Group
from bot.domain.views import Breakdown, FindingList
from bot.services.breakdown import NONE, age_label
from bot.services.lexicon import Vocabulary
from tests.support.parts import Parts, a_finding

PROD, STAGE, STRAY = "111122223333", "444455556666", "777788889999"
WORDS = Vocabulary(("prod", "staging"), ("guardduty", "securityhub"), ("cis",))


@dataclass(frozen=True)
class Listed:
    id: str
    name: str
    ou: str
    tags: tuple[tuple[str, str], ...] = ()


class Organisation:
    async def accounts(self) -> Sequence[Listed]:
        return [
            Listed(PROD, "Pay Prod", "Workloads/Prod", (("Owner", "Team Pay"),)),
            Listed(STAGE, "app-stage", "Workloads/Staging", (("Owner", "app"),)),
        ]


def handful(parts: Parts) -> list[Finding]:
    """Findings that differ in everything that can be counted by."""
    now = parts.clock.now()
    made = [
        ("critical", 0.1, PROD, "guardduty", "eu-west-1", "", "TTPs/Recon:EC2 x"),
        ("critical", 2, PROD, "guardduty", "eu-west-1", "GD.1", "TTPs/Recon:EC2 x"),
        ("high", 10, STAGE, "securityhub", "us-east-1", "S3.2", "Checks, and more"),
        ("high", 40, STAGE, "securityhub", "eu-west-1", "s3.2", "Checks, and more"),
        ("low", 200, STRAY, "securityhub", "", "S3.2", ""),
        ("info", 95, PROD, "guardduty", "eu-west-1", "EC2.1", "Other"),
    ]
    return [
        a_finding(
            f"k{i}", severity=severity, account=account, source=source, region=region, control=control, type=kind,
            start=now - timedelta(days=300), first_seen=now - timedelta(days=days),
        )
        for i, (severity, days, account, source, region, control, kind) in enumerate(made)
    ]  # fmt: skip


@pytest.fixture
async def some(build: Callable[..., Parts]) -> Parts:
    directory = CachedDirectory(Organisation(), (), {PROD: Override(env="prod"), STAGE: Override(env="staging")})
    await directory.refresh()
    parts = build(directory=directory, vocabulary=WORDS)
    await parts.take(*handful(parts))
    await parts.take(a_finding("gone", status=Status.RESOLVED, account=STAGE))
    await parts.suite.triage.acknowledge(1, "U0ANA")
    return parts


def table(view: Breakdown) -> list[tuple[str, int]]:
    return [(row.label, row.total) for row in view.rows]


GROUPS = [
    (Group.ACCOUNT, [(f"Pay Prod {PROD}", 3), (f"app-stage {STAGE}", 2), (STRAY, 1)]),
    (Group.SEV, [("critical", 2), ("high", 2), ("low", 1), ("info", 1)]),
    (Group.CONTROL, [("S3.2", 3), (NONE, 1), ("EC2.1", 1), ("GD.1", 1)]),
    (Group.AGE, [("over 90d", 2), ("30d to 90d", 1), ("7d to 30d", 1), ("1d to 7d", 1), ("under 1d", 1)]),
    (Group.ENV, [("prod", 3), ("staging", 2), (NONE, 1)]),
    (Group.OU, [("Workloads/Prod", 3), ("Workloads/Staging", 2), (NONE, 1)]),
    (Group.OWNER, [("Team Pay", 3), ("app", 2), (NONE, 1)]),
    (Group.SRC, [("guardduty", 3), ("securityhub", 3)]),
    (Group.TYPE, [("Checks, and more", 2), ("TTPs/Recon:EC2 x", 2), (NONE, 1), ("Other", 1)]),
    (Group.REGION, [("eu-west-1", 4), (NONE, 1), ("us-east-1", 1)]),
    (Group.STATE, [("open", 5), ("acknowledged", 1)]),
]


def spelled(rows: Sequence[tuple[str, int]]) -> list[tuple[str, int]]:
    """A control's group is called as one of its findings spells it."""
    return [("S3.2" if label == "s3.2" else label, n) for label, n in rows]


@pytest.mark.parametrize(("group", "rows"), GROUPS)
async def test_the_groups_and_their_names(some: Parts, group: Group, rows: list[tuple[str, int]]) -> None:
    view = await counted(some, f"by:{group}")
    assert spelled(table(view)) == rows
    assert view.total == 6
    assert view.group is group


def test_every_group_is_in_the_table() -> None:
    assert [group for group, _ in GROUPS] == list(Group)


ASKED = ["", "high+", "prod", "all", "me", "-critical", "@night", "-@night", "age:>1d", "sort:age here", "@sevs", '"k"']


@pytest.mark.parametrize("asked", ASKED)
@pytest.mark.parametrize("group", list(Group))
async def test_a_rows_button_lists_exactly_that_group_again(some: Parts, group: Group, asked: str) -> None:
    await some.suite.views.save("night", "prod high+", ANA, "U0ANA")
    await some.suite.views.save("sevs", "prod by:sev", ANA, "U0ANA")
    view = await counted(some, f"{asked} by:{group}")
    for row in view.rows:
        assert row.command or row.label == NONE, "only those without a value cannot be asked for"
        if row.command:
            found = await listed(some, row.command)
            assert found.counts == row.counts, row.command
            assert found.total == row.total
    assert sum(row.total for row in view.rows) == view.total == sum(view.counts.values())


@pytest.mark.parametrize("group", list(Group))
async def test_a_rows_button_keeps_the_channels_default(some: Parts, group: Group) -> None:
    await some.suite.views.save("ours", "high+ age:>12h -state:resolved src:guardduty,securityhub env:*", ANA, "sec")
    await some.suite.views.set_default("ours", "sec")
    view = await counted(some, f"by:{group}")
    assert view.total == 3
    assert view.notes
    for row in view.rows:
        if row.command:
            assert (await listed(some, row.command)).counts == row.counts, row.command


async def test_counting_without_the_default_is_offered(some: Parts) -> None:
    await some.suite.views.save("ours", "critical", ANA, "sec")
    await some.suite.views.set_default("ours", "sec")
    view = await counted(some, "by:sev")
    assert table(view) == [("critical", 2)]
    command = offers(view)["Without the default"]
    assert (await counted(some, command.removeprefix("findings "))).total == 6


async def test_what_is_counted_by_severity_is_split_by_it_too(some: Parts) -> None:
    view = await counted(some, "by:account")
    assert view.rows[0].counts == {Severity.CRITICAL: 2, Severity.INFO: 1}
    assert view.rows[0].short == "Pay Prod"


async def test_more_groups_than_a_table_holds_are_counted_and_said(
    some: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.services.breakdown.MOST_ROWS", 2)
    view = await counted(some, "by:account")
    assert (len(view.rows), view.left_out, view.total) == (2, 1, 6)


async def test_a_command_too_long_for_a_button_is_left_out(some: Parts) -> None:
    long = " ".join(f'-"{i:0>60}"' for i in range(9))
    view = await counted(some, f"{long} by:sev")
    assert view.total == 6
    assert {row.command for row in view.rows} == {""}


async def test_counting_nothing_says_what_would_be_found(some: Parts) -> None:
    trouble = await troubled(some, "medium by:account")
    assert "6 match without `sev:medium`." in trouble.messages
    again = await some.suite.queries.find(offers(trouble)["Drop sev"].removeprefix("findings "), ANA)
    assert isinstance(again, Breakdown), "it still counts"
    assert again.total == 6


async def test_findings_that_are_named_are_listed_and_not_counted(some: Parts) -> None:
    assert isinstance(await some.suite.queries.find("F-1 by:sev", ANA), FindingList)


async def test_counts_for_everybody_are_shown_to_everybody(some: Parts) -> None:
    assert (await some.desk.command("findings by:sev here", ANAS)).public
    assert not (await some.desk.command("findings by:sev", ANAS)).public


def test_ages_are_called_by_their_bounds() -> None:
    assert [age_label(i) for i in range(len(AGE_BOUNDS) + 1)] == [
        "under 1d", "1d to 7d", "7d to 30d", "30d to 90d", "over 90d",
    ]  # fmt: skip
