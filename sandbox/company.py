"""Northwind Trails: a made-up company of forty AWS accounts, with its people and Slack channels.

Problem solved: the demo, the tests and the generated events speak of the same accounts, owners and people. Plain
frozen records, the same on every run; nothing here talks to Slack or AWS. No name, id or address is anyone's: ids
begin with 42 and mail goes to example.com.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

NAME = "Northwind Trails"
TEAM_ID = "T0NORTHWIND"
STRANGER_TEAM_ID = "T0PARTNERCO"
REGION = "eu-west-1"
REGIONS = ("eu-west-1", "eu-central-1", "us-east-1")


@dataclass(frozen=True, slots=True)
class AwsAccount:
    """A member account. `ou` is the path under the root (`Workloads/Prod`; empty: the root), `env` one word."""

    id: str
    name: str
    ou: str
    env: str
    owner: str
    tags: tuple[tuple[str, str], ...]

    @property
    def email(self) -> str:
        return f"aws+{self.name}@example.com"


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody in Slack. `team_id` differs for a stranger of a Slack Connect channel."""

    id: str
    name: str
    real_name: str
    title: str
    tz: str = "Europe/Madrid"
    tz_offset: int = 3600
    is_admin: bool = False
    is_restricted: bool = False
    is_bot: bool = False
    deleted: bool = False
    team_id: str = TEAM_ID

    @property
    def email(self) -> str:
        return f"{self.name}@example.com"

    @property
    def is_stranger(self) -> bool:
        return self.team_id != TEAM_ID


@dataclass(frozen=True, slots=True)
class Room:
    """A Slack channel. `members` None: everybody of the company who is neither gone nor a guest."""

    id: str
    name: str
    topic: str = ""
    is_private: bool = False
    is_ext_shared: bool = False
    has_bot: bool = True
    members: tuple[str, ...] | None = None


@dataclass(frozen=True, slots=True)
class Group:
    """A Slack user group that can be mentioned; `users` are ids of people."""

    id: str
    handle: str
    name: str
    users: tuple[str, ...]


@dataclass(frozen=True)
class Company:
    """Everything there is to know. The organisation's management account is the first account."""

    name: str
    accounts: tuple[AwsAccount, ...]
    people: tuple[Person, ...]
    rooms: tuple[Room, ...]
    groups: tuple[Group, ...]
    region: str = REGION
    regions: tuple[str, ...] = REGIONS
    ous: tuple[str, ...] = field(default=())

    @cached_property
    def _by_name(self) -> dict[str, AwsAccount]:
        return {account.name: account for account in self.accounts}

    def account(self, name: str) -> AwsAccount:
        """The account of that name; raises KeyError."""
        return self._by_name[name]

    def accounts_of(self, env: str) -> tuple[AwsAccount, ...]:
        """The accounts of an environment (`prod`, `staging`, `dev`, `sandbox`, `security`, `infra`)."""
        return tuple(account for account in self.accounts if account.env == env)

    @property
    def management(self) -> AwsAccount:
        return self.accounts[0]

    @property
    def security(self) -> AwsAccount:
        """The delegated administrator: where findings come together and where the bot runs."""
        return self.account("security-hub")

    def person(self, name: str) -> Person:
        """The person of that short name; raises KeyError."""
        return {person.name: person for person in self.people}[name]

    def room(self, name: str) -> Room:
        """The channel of that name, without `#`; raises KeyError."""
        return {room.name: room for room in self.rooms}[name]


_SERVICES = {  # name of a workload -> its team
    "payments": "team-payments",
    "ledger": "team-payments",
    "web": "team-storefront",
    "search": "team-storefront",
    "booking": "team-booking",
    "maps": "team-maps",
    "data-lake": "team-data",
    "mobile-api": "team-mobile",
}
_STAGES = {"prod": ("Workloads/Prod", 1), "staging": ("Workloads/Staging", 2), "dev": ("Workloads/Dev", 3)}
_SINGLES = (  # name, ou, env, owner, block of ids
    ("reporting-prod", "Workloads/Prod", "prod", "team-data", 1),
    ("crm-prod", "Workloads/Prod", "prod", "team-sales", 1),
    ("sandbox-ana", "Sandbox", "sandbox", "ana", 4),
    ("sandbox-ben", "Sandbox", "sandbox", "ben", 4),
    ("sandbox-chen", "Sandbox", "sandbox", "chen", 4),
    ("sandbox-dora", "Sandbox", "sandbox", "dora", 4),
    ("sandbox-emre", "Sandbox", "sandbox", "emre", 4),
    ("security-hub", "Security", "security", "team-security", 5),
    ("security-logs", "Security", "security", "team-security", 5),
    ("security-forensics", "Security", "security", "team-security", 5),
    ("infra-network", "Infrastructure", "infra", "team-platform", 6),
    ("infra-dns", "Infrastructure", "infra", "team-platform", 6),
    ("infra-build", "Infrastructure", "infra", "team-platform", 6),
    ("infra-backup", "Infrastructure", "infra", "team-platform", 6),
    ("infra-identity", "Infrastructure", "infra", "team-platform", 6),
)
_OUS = (
    "Workloads",
    "Workloads/Prod",
    "Workloads/Staging",
    "Workloads/Dev",
    "Sandbox",
    "Security",
    "Infrastructure",
)

_PEOPLE = (
    Person("U0ANA", "ana", "Ana Ruiz", "Security engineer, on call", is_admin=True),
    Person("U0BEN", "ben", "Ben Okafor", "Security engineer", "Europe/London", 0),
    Person("U0CHEN", "chen", "Chen Wei", "Head of security", "Asia/Singapore", 28_800, is_admin=True),
    Person("U0DORA", "dora", "Dora Lindqvist", "Developer, payments"),
    Person("U0EMRE", "emre", "Emre Aydin", "Developer, storefront", "Europe/Istanbul", 10_800),
    Person("U0FAY", "fay", "Fay Morgan", "Platform engineer", "America/New_York", -18_000),
    Person("U0GIL", "gil", "Gil Santos", "Auditor"),
    Person("U0HANA", "hana", "Hana Kimura", "Contractor", is_restricted=True),
    Person("U0IVO", "ivo", "Ivo Brandt", "Engineer at a partner", team_id=STRANGER_TEAM_ID),
    Person("U0JOS", "jos", "Jos de Wit", "Left in spring", deleted=True),
    Person("U0BUILDBOT", "buildbot", "Build Bot", "", is_bot=True),
)
_EVERY_SEC = ("U0ANA", "U0BEN", "U0CHEN")
_ROOMS = (
    Room("C0SECCRIT", "sec-critical", "Critical findings, day and night"),
    Room("C0SECPROD", "sec-prod", "Findings in production"),
    Room("C0SECSTAGING", "sec-staging", "Findings in staging"),
    Room("C0SECDEV", "sec-dev", "Findings in development and sandboxes"),
    Room("C0SECALL", "sec-all", "What no other route takes"),
    Room("G0SECURITY", "security", "The security team among itself", is_private=True, members=_EVERY_SEC),
    Room("C0RANDOM", "random", "Anything", has_bot=False),
    Room(
        "C0PARTNER",
        "partner-shared",
        "Shared with a partner company",
        is_ext_shared=True,
        members=("U0ANA", "U0DORA", "U0IVO"),
    ),
)
_GROUPS = (
    Group("S0ONCALL", "sec-oncall", "Security on call", ("U0ANA", "U0BEN")),
    Group("S0PAYMENTS", "payments-team", "Payments team", ("U0DORA",)),
)


def northwind() -> Company:
    """The company; equal on every call."""
    return Company(NAME, _accounts(), _PEOPLE, _ROOMS, _GROUPS, ous=_OUS)


def _accounts() -> tuple[AwsAccount, ...]:
    rows = [("northwind-management", "", "infra", "team-platform", 0)]
    for stage, (ou, block) in _STAGES.items():
        rows += [(f"{service}-{stage}", ou, stage, team, block) for service, team in _SERVICES.items()]
    counts: dict[int, int] = {}
    made = []
    for name, ou, env, owner, block in (*rows, *_SINGLES):
        counts[block] = counts.get(block, 0) + 1
        made.append(_account(f"42{block:02d}{counts[block]:08d}", name, ou, env, owner))
    return tuple(made)


def _account(account_id: str, name: str, ou: str, env: str, owner: str) -> AwsAccount:
    classification = {"prod": "confidential", "security": "confidential"}.get(env, "internal")
    tags = (
        ("Owner", owner),
        ("Environment", env),
        ("CostCenter", f"cc-{int(account_id[2:4]):02d}"),
        ("DataClass", classification),
    )
    return AwsAccount(account_id, name, ou, env, owner, tags)
