"""The made-up company is complete, consistent and nobody's."""

from __future__ import annotations

import re

from sandbox.company import northwind


def test_there_are_forty_accounts_with_distinct_ids_and_names() -> None:
    accounts = northwind().accounts
    assert len(accounts) == 40
    assert len({a.id for a in accounts}) == len({a.name for a in accounts}) == 40


def test_ids_are_well_formed_and_plainly_made_up() -> None:
    for account in northwind().accounts:
        assert re.fullmatch(r"42\d{10}", account.id)
        assert account.email.endswith("@example.com")


def test_every_account_sits_in_a_known_place_with_owner_and_environment() -> None:
    company = northwind()
    for account in company.accounts:
        assert account.ou in ("", *company.ous)
        assert {"Owner", "Environment"} <= dict(account.tags).keys()
    assert {a.ou for a in company.accounts} >= {
        "Workloads/Prod", "Workloads/Staging", "Workloads/Dev", "Sandbox", "Security", "Infrastructure",
    }  # fmt: skip


def test_a_parent_ou_is_named_before_its_children() -> None:
    seen = {""}
    for path in northwind().ous:
        assert path.rpartition("/")[0] in seen
        seen.add(path)


def test_the_people_include_those_who_must_be_refused() -> None:
    people = northwind().people
    assert any(p.is_restricted for p in people)
    assert any(p.is_stranger for p in people)
    assert any(p.deleted for p in people)
    assert any(p.is_bot for p in people)
    assert len({p.id for p in people}) == len(people)


def test_groups_and_channels_name_people_that_exist() -> None:
    company = northwind()
    ids = {p.id for p in company.people}
    assert all(set(group.users) <= ids for group in company.groups)
    assert all(set(room.members or ()) <= ids for room in company.rooms)
    assert company.room("partner-shared").is_ext_shared
    assert company.room("security").is_private


def test_the_company_is_the_same_every_time() -> None:
    assert northwind() == northwind()
    assert northwind().person("ana").id == "U0ANA"
