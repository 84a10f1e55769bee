"""What Slack's errors and answers mean, and who a user is: adapters/slack.py and adapters/people.py against small fakes."""

from __future__ import annotations

import asyncio
from typing import Any

import aiohttp
import pytest
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.adapters.people import KEEP_S, SlackPeople
from bot.adapters.slack import DEFAULT_RETRY_AFTER_S, call, retry_after, translate, web_client
from bot.domain.authz import PlaceKind
from bot.errors import Ambiguous, RateLimited, Rejected, SecbotError, TemporaryError
from tests.support.clock import StillClock


class Answer:
    def __init__(self, status: int, data: Any, headers: dict[str, str] | None = None) -> None:
        self.status_code, self.data, self.headers = status, data, headers or {}


def api_error(status: int, data: Any, **headers: str) -> SlackApiError:
    return SlackApiError("x", Answer(status, data, headers))  # type: ignore[no-untyped-call]


CASES: list[tuple[BaseException, type[SecbotError], str]] = [
    (api_error(429, {"ok": False, "error": "ratelimited"}), RateLimited, "told to slow down"),
    (api_error(200, {"ok": False, "error": "ratelimited"}), RateLimited, "the same with 200"),
    (api_error(500, "<html>"), Ambiguous, "it may have been done"),
    (api_error(503, {}), Ambiguous, "it may have been done"),
    (api_error(200, {"ok": False, "error": "internal_error"}), Ambiguous, "Slack's own word for that"),
    (api_error(200, {"ok": False, "error": "fatal_error"}), Ambiguous, "Slack's own word for that"),
    (api_error(200, {"ok": False}), Ambiguous, "no word at all"),
    (api_error(200, {"ok": False, "error": "is_archived"}), Rejected, "a refusal"),
    (api_error(200, {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": ["bad"]}}), Rejected, "a refusal"),
    (api_error(200, {"ok": False, "error": "a_new_word"}), Rejected, "an unknown refusal"),
    (aiohttp.ClientConnectorError(None, OSError("refused")), TemporaryError, "nothing was sent"),  # type: ignore[arg-type]
    (aiohttp.ServerDisconnectedError(), Ambiguous, "sent, and no answer"),
    (TimeoutError(), Ambiguous, "sent, and no answer in time"),
    (ConnectionResetError(), Ambiguous, "cut"),
    (SlackClientError("not JSON"), Ambiguous, "an answer that is no JSON"),
    (ValueError("not JSON"), Ambiguous, "an answer that is no JSON"),
]  # fmt: skip


@pytest.mark.parametrize(("error", "kind", "why"), CASES)
def test_an_error_of_slacks_is_translated(error: BaseException, kind: type[SecbotError], why: str) -> None:
    assert type(translate(error)) is kind, why


def test_a_refusal_keeps_slacks_word() -> None:
    error = translate(api_error(200, {"ok": False, "error": "is_archived"}))
    assert isinstance(error, Rejected)
    assert error.code == "is_archived"


def test_what_is_no_error_of_slacks_is_raised_as_it_is() -> None:
    with pytest.raises(KeyError):
        translate(KeyError("a bug"))


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({"Retry-After": "7"}, 7),
        ({"retry-after": ["7"]}, 7),
        ({"Retry-After": "0"}, 0.5),
        ({"Retry-After": "99999"}, 600),
        ({"Retry-After": "abc"}, DEFAULT_RETRY_AFTER_S),
        ({"Retry-After": ""}, DEFAULT_RETRY_AFTER_S),
        ({}, DEFAULT_RETRY_AFTER_S),
        (None, DEFAULT_RETRY_AFTER_S),
    ],
)
def test_retry_after_is_read_whatever_it_says(headers: Any, seconds: float) -> None:
    assert retry_after(headers) == seconds


@pytest.mark.parametrize("odd", ["nan", "inf", "-inf", "-5"])
def test_a_retry_after_that_is_no_time_is_bounded(odd: str) -> None:
    assert 0.5 <= retry_after({"Retry-After": odd}) <= 600


async def test_a_call_that_hangs_ends_as_ambiguous(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bot.adapters.slack.HTTP_LIMIT_S", -1.99)
    with pytest.raises(Ambiguous):
        await call(asyncio.Event().wait())


def test_the_client_never_retries_by_itself() -> None:
    assert web_client("xoxb-test", "http://127.0.0.1:1/api").retry_handlers == []
    assert web_client("xoxb-test", "http://127.0.0.1:1/api").base_url == "http://127.0.0.1:1/api/"
    assert web_client("xoxb-test").base_url == "https://slack.com/api/"


# --- people -----------------------------------------------------------------------------------------------------------------------------


class FakeClient:
    """slack_sdk's client as far as SlackPeople uses it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.user: dict[str, Any] = {"id": "U1", "team_id": "T1", "name": "ana", "profile": {"display_name": "Ana"}}
        self.channel: dict[str, Any] = {"name": "sec", "is_private": False}
        self.error: SlackApiError | None = None
        self.groups_error: SlackApiError | None = None

    def _raise(self, error: SlackApiError | None) -> None:
        if error is not None:
            raise error

    async def users_info(self, *, user: str) -> dict[str, Any]:
        self.asked.append(f"user {user}")
        await asyncio.sleep(0)
        self._raise(self.error)
        return {"user": self.user}

    async def usergroups_list(self, *, include_users: bool) -> dict[str, Any]:
        self.asked.append("groups")
        self._raise(self.groups_error)
        return {"usergroups": [{"id": "S1", "handle": "sec-oncall", "users": ["U1"]}, {"id": "S2"}]}

    async def conversations_info(self, *, channel: str) -> dict[str, Any]:
        self.asked.append(f"channel {channel}")
        self._raise(self.error)
        return {"channel": self.channel}


def people(client: FakeClient, clock: StillClock | None = None) -> SlackPeople:
    return SlackPeople(client, clock or StillClock(), "T1")  # type: ignore[arg-type]


def refused(code: str) -> SlackApiError:
    return api_error(200, {"ok": False, "error": code})


async def test_an_actor_has_the_groups_by_id_and_by_handle() -> None:
    actor = await people(FakeClient()).actor("U1")
    assert actor.groups == {"S1", "sec-oncall"}
    assert (actor.name, actor.team, actor.known) == ("Ana", "T1", True)


@pytest.mark.parametrize(
    ("change", "attribute"),
    [
        ({"is_restricted": True}, "guest"),
        ({"is_ultra_restricted": True}, "guest"),
        ({"is_bot": True}, "bot"),
        ({"is_workflow_bot": True}, "bot"),
        ({"deleted": True}, "deleted"),
        ({"is_stranger": True}, "stranger"),
        ({"team_id": "T2"}, "stranger"),
    ],
)
async def test_what_slack_says_of_a_user_is_kept(change: dict[str, Any], attribute: str) -> None:
    client = FakeClient()
    client.user |= change
    actor = await people(client).actor("U1")
    assert getattr(actor, attribute)


@pytest.mark.parametrize("code", ["user_not_found", "user_not_visible"])
async def test_an_unknown_user_is_unknown(code: str) -> None:
    client = FakeClient()
    client.error = refused(code)
    assert not (await people(client).actor("U9")).known


async def test_a_failure_to_look_somebody_up_is_no_permission_and_is_not_kept() -> None:
    client = FakeClient()
    client.error = api_error(503, {})
    them = people(client)
    with pytest.raises(TemporaryError):
        await them.actor("U1")
    client.error = None
    assert (await them.actor("U1")).known


async def test_answers_are_kept_for_five_minutes_and_asked_once_at_a_time() -> None:
    client, clock = FakeClient(), StillClock()
    them = people(client, clock)
    await asyncio.gather(*(them.actor("U1") for _ in range(5)))
    assert client.asked.count("user U1") == 1
    clock.move(KEEP_S + 1)
    await them.actor("U1")
    assert client.asked.count("user U1") == 2


async def test_without_the_groups_scope_roles_rest_on_user_ids() -> None:
    client = FakeClient()
    client.groups_error = refused("missing_scope")
    assert (await people(client).actor("U1")).groups == frozenset()


@pytest.mark.parametrize(
    ("info", "kind", "shared"),
    [
        ({"name": "sec"}, PlaceKind.CHANNEL, False),
        ({"is_private": True}, PlaceKind.PRIVATE, False),
        ({"is_im": True}, PlaceKind.DIRECT, False),
        ({"is_mpim": True, "is_private": True}, PlaceKind.DIRECT, False),
        ({"name": "sec", "is_ext_shared": True}, PlaceKind.CHANNEL, True),
        ({"name": "sec", "is_pending_ext_shared": True}, PlaceKind.CHANNEL, True),
    ],
)
async def test_a_place_is_what_slack_says(info: dict[str, Any], kind: PlaceKind, shared: bool) -> None:
    client = FakeClient()
    client.channel = info
    place = await people(client).place("C1")
    assert (place.kind, place.shared, place.known) == (kind, shared, True)


@pytest.mark.parametrize(
    ("channel", "kind"), [("D1", PlaceKind.DIRECT), ("C1", PlaceKind.PRIVATE), ("G1", PlaceKind.PRIVATE)]
)
async def test_a_place_that_slack_will_not_tell_of_is_not_known(channel: str, kind: PlaceKind) -> None:
    client = FakeClient()
    client.error = refused("channel_not_found")
    place = await people(client).place(channel)
    assert (place.kind, place.known) == (kind, False)


async def test_mentions_become_ids_and_what_is_unknown_is_left_out() -> None:
    them = people(FakeClient())
    assert await them.mentions(("sec-oncall", "@sec-oncall", "U0ANA", "S0X", "nobody", "<!channel>")) == (
        "S1",
        "S1",
        "U0ANA",
        "S0X",
    )
