"""STS: who calls, and roles that may be assumed.

A role is there when `roles` has its ARN, with the external id that its trust policy demands (empty: none). Assuming it makes keys that
are valid for an hour and lead to the role's account; the session's name and its source identity are kept, for CloudTrail and for tests.
No policy is evaluated.
"""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from typing import Any, TypeAlias

from sandbox.aws.clock import Clock
from sandbox.aws.errors import ApiError
from sandbox.aws.rest import Caller, Who, moment

Json: TypeAlias = dict[str, Any]
LASTS_S = 3600  # From: STS API Reference, AssumeRole: what DurationSeconds is when nobody says it, and the most for chained roles
_UNIQUE = "AROASANDBOXROLE00000"  # a role's unique id
_ROLE = re.compile(r"arn:[a-z-]+:iam::(\d{12}):role/(.+)")


class Sts:
    """Roles and their sessions. `accounts` is the server's: access key id -> account."""

    def __init__(self, clock: Clock, accounts: dict[str, str]) -> None:
        self._clock, self._accounts = clock, accounts
        self._numbers = itertools.count(1)
        self.roles: dict[str, str] = {}  # ARN -> external id
        self.sessions: dict[str, Who] = {}  # by access key id
        self.operations: dict[str, Callable[[Caller, Json], Json]] = {
            "AssumeRole": self._assume,
            "GetCallerIdentity": self._identity,
        }

    def add_role(self, account: str, name: str, *, external_id: str = "") -> str:
        """Make a role that lets everybody in who knows its external id; returns its ARN."""
        arn = f"arn:aws:iam::{account}:role/{name}"
        self.roles[arn] = external_id
        return arn

    def who(self, key: str, account: str) -> Who:
        """Whose key this is, also when its session ended."""
        return self.sessions.get(key, Who(f"arn:aws:sts::{account}:assumed-role/secbot-task/task"))

    def ended(self, who: Who) -> bool:
        """Whether a session is over."""
        return bool(who.expires) and who.expires <= self._clock.now()

    @staticmethod
    def _identity(caller: Caller, params: Json) -> Json:
        del params
        name = caller.who.arn.rpartition("/")[2]
        return {"UserId": f"{_UNIQUE}:{name}", "Account": caller.account, "Arn": caller.who.arn}

    def _assume(self, caller: Caller, params: Json) -> Json:
        arn, session = str(params["RoleArn"]), str(params["RoleSessionName"])
        hit = _ROLE.fullmatch(arn)
        demanded = self.roles.get(arn)
        if hit is None or demanded is None or (demanded and params.get("ExternalId") != demanded):
            raise ApiError(
                "AccessDenied", f"{caller.account} is not authorized to perform sts:AssumeRole on {arn}", 403
            )
        number, source = next(self._numbers), str(params.get("SourceIdentity", ""))
        key, expires = f"ASIASANDBOX{number:09d}", self._clock.now() + int(params.get("DurationSeconds", LASTS_S))
        assumed = f"arn:aws:sts::{hit[1]}:assumed-role/{hit[2].rpartition('/')[2]}/{session}"
        self._accounts[key] = hit[1]
        self.sessions[key] = Who(assumed, session, source, expires)
        given = {"AccessKeyId": key, "SecretAccessKey": "testing", "SessionToken": f"token{number}"}
        return {
            "Credentials": {**given, "Expiration": moment(expires)},
            "AssumedRoleUser": {"AssumedRoleId": f"{_UNIQUE}:{session}", "Arn": assumed},
            **({"SourceIdentity": source} if source else {}),
        }
