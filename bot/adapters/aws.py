"""AWS's control plane as secbot uses it: one session, one table of what its errors mean, and the organisation's accounts.

Addresses come from the standard variables (`AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_<SERVICE>`); credentials from the task role. Retries
are botocore's own (standard mode); nothing here loops over a failed call.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from aiobotocore.config import AioConfig
from aiobotocore.session import AioSession, get_session
from botocore.exceptions import BotoCoreError, ClientError, ParamValidationError

from bot.errors import PermanentError, RateLimited, SecbotError, TemporaryError

TAGS_AT_ONCE = 5

CONFIG = AioConfig(
    connect_timeout=5,
    read_timeout=30,
    retries={"mode": "standard", "max_attempts": 4},
    user_agent_extra="secbot",
)


class AccessDenied(PermanentError):
    """AWS says that secbot's role may not do this."""

    reason = "access_denied"


class SwitchedOff(AccessDenied):
    """The account does not use this service in this Region."""


class Unknown(PermanentError):
    """AWS refused the call."""

    reason = "aws_refused"
    request_id = ""  # of the refused call, when AWS gave one


class Gone(Unknown):
    """AWS has no such thing (any more)."""


class Conflict(Unknown):
    """AWS has a thing of that name already."""


class Quota(Unknown):
    """AWS holds no more of these for this account."""

    reason = "quota"


# What an error code means for us. A code that is not here is permanent when its HTTP status is 4xx, else temporary; 429 slows us down
# under any name (Security Hub's LimitExceededException is one).
_ERRORS: dict[str, type[SecbotError]] = {
    "AccessDenied": AccessDenied,
    "AccessDeniedException": AccessDenied,
    "AWSOrganizationsNotInUseException": AccessDenied,
    "InvalidAccessException": SwitchedOff,  # Security Hub: the account is not subscribed to it
    "UnauthorizedOperation": AccessDenied,
    "ResourceNotFoundException": Gone,
    "ConflictException": Conflict,
    "ServiceQuotaExceededException": Quota,
    "ExpiredToken": TemporaryError,
    "ExpiredTokenException": TemporaryError,
    "RequestExpired": TemporaryError,
    "Throttling": RateLimited,
    "ThrottlingException": RateLimited,
    "TooManyRequestsException": RateLimited,
    "RequestThrottled": RateLimited,
    "RequestLimitExceeded": RateLimited,
    "ServiceUnavailable": TemporaryError,
    "InternalFailure": TemporaryError,
    "InternalError": TemporaryError,
}


def translate(error: BotoCoreError | ClientError) -> SecbotError:
    """Our error for one of botocore's; its message carries AWS's code and text, never a request's body."""
    if isinstance(error, ParamValidationError):
        return Unknown("The call does not fit AWS's model, so it was not made.")  # botocore's own text has the values
    if not isinstance(error, ClientError):
        return TemporaryError(f"AWS did not answer: {type(error).__name__}")
    code = str(error.response.get("Error", {}).get("Code", ""))
    metadata = error.response.get("ResponseMetadata", {})
    kind = _ERRORS.get(code) or _by_status(int(metadata.get("HTTPStatusCode", 0)))
    made = kind(f"{error.operation_name}: {code}: {error.response.get('Error', {}).get('Message', '')}"[:500])
    if isinstance(made, Unknown):
        made.request_id = str(metadata.get("RequestId", ""))
    return made


def _by_status(status: int) -> type[SecbotError]:
    if status == 429:
        return RateLimited
    return Unknown if 400 <= status < 500 else TemporaryError


def new_session() -> AioSession:
    """A session. Who makes many clients keeps one: it remembers the models (50 ms of the event loop each) and refreshes its credentials."""
    return get_session()


@dataclass(frozen=True, slots=True)
class Keys:
    """Credentials of a role that was assumed, until `expires` (aware). What is secret of them is not shown."""

    id: str
    secret: str = field(repr=False)
    token: str = field(repr=False)
    expires: datetime

    def arguments(self) -> dict[str, str]:
        """As botocore's `create_client` takes them."""
        return {"aws_access_key_id": self.id, "aws_secret_access_key": self.secret, "aws_session_token": self.token}


@asynccontextmanager
async def client(
    service: str,
    *,
    region: str = "",
    config: AioConfig = CONFIG,
    session: AioSession | None = None,
    keys: Keys | None = None,
) -> AsyncIterator[Any]:
    """An aiobotocore client of a service; its address comes from the environment, its credentials too unless `keys` are given."""
    made_by = session or new_session()
    given = keys.arguments() if keys else {}
    async with made_by.create_client(service, region_name=region or None, config=config, **given) as made:
        yield made


_T = TypeVar("_T")


class Api:
    """A service's operations, each bounded in time and with our errors only. Made by `api`.

    Args:
        limit_s: how long one call may take, botocore's retries included.
    """

    def __init__(self, service: str, made: Any, limit_s: float) -> None:
        self._service, self._client, self._limit_s = service, made, limit_s

    async def call(self, operation: str, **arguments: Any) -> dict[str, Any]:
        """The answer of an operation (in snake_case). Raises what `translate` says, TemporaryError after the limit."""
        answer: dict[str, Any] = await self._bounded(getattr(self._client, operation)(**arguments))
        return answer

    async def every(self, operation: str, member: str, **arguments: Any) -> list[Any]:
        """The items of all pages of a list; each page has the time limit of a call. Raises as `call` does."""
        async with aclosing(self.items(operation, member, **arguments)) as items:
            return [item async for item in items]

    async def items(self, operation: str, member: str, **arguments: Any) -> AsyncGenerator[Any, None]:
        """The items of a list, the next page asked for when it is needed; close it when you stop early (`aclosing`)."""
        if self._client.can_paginate(operation):
            pages = aiter(self._client.get_paginator(operation).paginate(**arguments))
            while (page := await self._bounded(anext(pages, None))) is not None:
                for item in page.get(member, []):
                    yield item
            return
        more: dict[str, str] = {}  # botocore knows no pages of Security Hub's automation rules
        while True:
            page = await self.call(operation, **arguments, **more)
            for item in page.get(member, []):
                yield item
            if not page.get("NextToken"):
                return
            more = {"NextToken": page["NextToken"]}

    async def _bounded(self, work: Awaitable[_T]) -> _T:
        try:
            async with asyncio.timeout(self._limit_s):
                return await work
        except (BotoCoreError, ClientError) as error:
            raise translate(error) from error
        except TimeoutError as error:
            raise TemporaryError(f"{self._service} did not answer within {self._limit_s:g} seconds.") from error


@asynccontextmanager
async def api(
    service: str,
    *,
    region: str,
    limit_s: float,
    config: AioConfig = CONFIG,
    session: AioSession | None = None,
    keys: Keys | None = None,
) -> AsyncIterator[Api]:
    """`client`, with bounded calls and our errors."""
    async with client(service, region=region, config=config, session=session, keys=keys) as made:
        yield Api(service, made, limit_s)


def request_id(answer: dict[str, Any]) -> str:
    """AWS's id of the request that an answer belongs to."""
    return str(answer.get("ResponseMetadata", {}).get("RequestId", ""))


@dataclass(frozen=True, slots=True)
class OrgAccount:
    """An account as Organizations lists it. `ou` is the path of OU names under the root, `/`-joined."""

    id: str
    name: str
    ou: str
    tags: tuple[tuple[str, str], ...]
    active: bool


class Organizations:
    """Reads the organisation: accounts, OU paths and tags.

    Organizations is global and its rates are not published, so a refresh walks the tree once, asks for tags a few at a time, and is
    cached by the caller.
    """

    def __init__(self) -> None:
        self._few = asyncio.Semaphore(TAGS_AT_ONCE)

    async def accounts(self) -> tuple[OrgAccount, ...]:
        """Every account of the organisation.

        Raises:
            AccessDenied: the role may not, or there is no organisation.
            TemporaryError: AWS did not answer.
        """
        try:
            async with client("organizations", region="us-east-1") as org:
                found: list[OrgAccount] = []
                for root in await _all(org, "list_roots", "Roots"):
                    await self._walk(org, root["Id"], "", found)
                tags = await asyncio.gather(*(self._tags(org, a.id) for a in found))
                tagged = [replace(account, tags=own) for account, own in zip(found, tags, strict=True)]
                return tuple(sorted(tagged, key=lambda a: a.id))
        except (BotoCoreError, ClientError) as error:
            raise translate(error) from error

    async def _walk(self, org: Any, parent: str, path: str, found: list[OrgAccount]) -> None:
        for account in await _all(org, "list_accounts_for_parent", "Accounts", ParentId=parent):
            found.append(_account(account, path))
        for unit in await _all(org, "list_organizational_units_for_parent", "OrganizationalUnits", ParentId=parent):
            await self._walk(org, unit["Id"], f"{path}/{unit['Name']}".lstrip("/"), found)

    async def _tags(self, org: Any, account: str) -> tuple[tuple[str, str], ...]:
        async with self._few:
            tags = await _all(org, "list_tags_for_resource", "Tags", ResourceId=account)
        return tuple(sorted((t["Key"], t["Value"]) for t in tags))


def _account(raw: dict[str, Any], path: str) -> OrgAccount:
    return OrgAccount(
        id=str(raw["Id"]),
        name=str(raw.get("Name", "")),
        ou=path,
        tags=(),
        active=raw.get("State", raw.get("Status", "ACTIVE")) == "ACTIVE",
    )


async def _all(org: Any, operation: str, member: str, **arguments: str) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = []
    async for page in org.get_paginator(operation).paginate(**arguments):
        items.extend(page.get(member, []))
    return items
