"""Roles of other accounts: who acts there is named to CloudTrail, and a role is asked for again only when it must be.

A session is made for one account, one role and one person (the Slack user as SourceIdentity), kept in memory only and dropped five
minutes before it ends. Nothing is written down, and no account is reached whose role does not let secbot in.

The task role needs sts:AssumeRole and sts:SetSourceIdentity on the role, whose trust policy has to allow both. One role assumed from
another lasts an hour at most, which is also what STS gives unasked.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

from aiobotocore.session import AioSession

from bot.adapters.aws import CONFIG, AccessDenied, Api, Keys, Unknown, api, new_session
from bot.adapters.clock import SystemClock
from bot.errors import RateLimited, TemporaryError
from bot.ports.basics import Clock

LIMIT_S = 60.0  # one call with botocore's retries
SESSION = "secbot"  # the session's name, and the source identity of what nobody asked for
MARGIN = timedelta(minutes=5)  # a session this near to its end is not used: a series of calls has to end within it
# From: STS API Reference, AssumeRole: SourceIdentity is 2 to 64 of these
IDENTITY = 64
_NOT_IDENTITY = re.compile(r"[^A-Za-z0-9_+=,.@-]")
# From: IAM User Guide, "IAM and AWS STS quotas": a role's path and name
_ROLE = re.compile(r"[A-Za-z0-9_+=,.@/-]{1,512}")
_ACCOUNT = re.compile(r"\d{12}")


class Roles:
    """Sessions in other accounts.

    Args:
        external_id: what the trust policies demand as sts:ExternalId; empty: nothing.
        limit_s: how long one call may take, botocore's retries included.
    """

    def __init__(
        self,
        external_id: str = "",
        *,
        limit_s: float = LIMIT_S,
        config: Any = CONFIG,
        session: AioSession | None = None,
        clock: Clock | None = None,
    ) -> None:
        self._external_id, self._limit_s, self._config = external_id, limit_s, config
        self._session, self._clock = session or new_session(), clock or SystemClock()
        self._kept: dict[tuple[str, str], Keys] = {}  # (role ARN, source identity)

    async def credentials(
        self, account: str, *, role: str, who: str = "", partition: str = "aws", region: str = ""
    ) -> Keys:
        """Keys for a role of another account, from memory when they last long enough.

        Args:
            account: twelve digits.
            role: the role's name, with its path if it has one.
            who: the Slack user for whom it is, empty for secbot itself.
            region: whose STS is asked; empty: the environment's.

        Raises:
            AccessDenied: the role is not there or does not let secbot in.
            TemporaryError: STS did not answer, or secbot's own credentials ended.
        """
        if not _ACCOUNT.fullmatch(account) or not _ROLE.fullmatch(role):
            raise Unknown("A role is named by an account of twelve digits and a name.")
        arn, identity = f"arn:{partition}:iam::{account}:role/{role}", source_identity(who)
        kept = self._kept.get((arn, identity))
        if kept is None or self._ends(kept):
            kept = await self._assumed(arn, identity, region)
            self._kept = {name: keys for name, keys in self._kept.items() if not self._ends(keys)}
            self._kept[arn, identity] = kept
        return kept

    @asynccontextmanager
    async def api(
        self, service: str, *, region: str, account: str, role: str, who: str = "", partition: str = "aws"
    ) -> AsyncIterator[Api]:
        """A service's operations in another account and Region. Raises as `credentials` does.

        A session that was refused is not used again: it may have been revoked.
        """
        keys = await self.credentials(account, role=role, who=who, partition=partition, region=region)
        own = {"limit_s": self._limit_s, "config": self._config, "session": self._session}
        try:
            async with api(service, region=region, keys=keys, **own) as made:
                yield made
        except (AccessDenied, TemporaryError) as error:
            if not isinstance(error, RateLimited):
                self._kept = {name: one for name, one in self._kept.items() if one is not keys}
            raise

    def _ends(self, keys: Keys) -> bool:
        return keys.expires - self._clock.now() <= MARGIN

    async def _assumed(self, arn: str, identity: str, region: str) -> Keys:
        external = {"ExternalId": self._external_id} if self._external_id else {}
        own = {"limit_s": self._limit_s, "config": self._config, "session": self._session}
        async with api("sts", region=region, **own) as sts:
            answer = await sts.call(
                "assume_role", RoleArn=arn, RoleSessionName=SESSION, SourceIdentity=identity, **external
            )
        given = answer["Credentials"]
        return Keys(
            str(given["AccessKeyId"]), str(given["SecretAccessKey"]), str(given["SessionToken"]), given["Expiration"]
        )


def source_identity(who: str) -> str:
    """A Slack user's id as STS takes it; what is not one of its characters becomes a dash."""
    identity = _NOT_IDENTITY.sub("-", who)[:IDENTITY]
    return identity if len(identity) >= 2 else SESSION
