"""Short-lived handles that Slack gives an app: trigger ids and response URLs.

Problem solved: both expire, and bots forget it. A trigger lives 3 seconds and works once; a response URL works 5
times within 30 minutes. This module refuses to know what they are used for.
"""

from __future__ import annotations

import secrets
from dataclasses import dataclass

from sandbox.slack.clock import Clock

# From: https://docs.slack.dev/surfaces/modals (trigger_id)
TRIGGER_LIFE_S = 3.0
# From: https://docs.slack.dev/interactivity/handling-user-interaction (response_url)
RESPONSE_URL_LIFE_S = 1800.0
RESPONSE_URL_USES = 5


@dataclass
class Trigger:
    """Who acted, when (monotonic seconds), and from which open modal."""

    user: str
    at: float
    view_id: str | None = None
    used: bool = False


class Triggers:
    """Trigger ids given out so far."""

    def __init__(self, clock: Clock, team_id: str) -> None:
        self._clock = clock
        self._team = "".join(c for c in team_id if c.isdigit()) or "0"
        self._given: dict[str, Trigger] = {}

    def give(self, user: str, view_id: str | None = None) -> str:
        trigger_id = f"{len(self._given) + 1}.{self._team}.{secrets.token_hex(16)}"
        self._given[trigger_id] = Trigger(user, self._clock.monotonic(), view_id)
        return trigger_id

    def exchange(self, trigger_id: str) -> Trigger | str:
        """The trigger, used up now; or Slack's error word."""
        trigger = self._given.get(trigger_id)
        if trigger is None:
            return "invalid_trigger_id"
        if trigger.used:
            return "exchanged_trigger_id"
        if self._clock.monotonic() - trigger.at > TRIGGER_LIFE_S:
            return "expired_trigger_id"
        trigger.used = True
        return trigger


@dataclass
class ResponseUrl:
    """Where an answer through this URL goes: a channel, a user, and the message it came from (its ts), if any."""

    user: str
    channel: str
    at: float
    source_ts: str | None = None
    thread_ts: str | None = None
    uses: int = 0


class ResponseUrls:
    """Response URLs given out so far, by token."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._given: dict[str, ResponseUrl] = {}

    def give(self, user: str, channel: str, source_ts: str | None = None, thread_ts: str | None = None) -> str:
        """The token of a new response URL."""
        token = secrets.token_urlsafe(18)
        self._given[token] = ResponseUrl(user, channel, self._clock.monotonic(), source_ts, thread_ts)
        return token

    def use(self, token: str) -> ResponseUrl | str:
        """The target, one use spent; or Slack's error word."""
        target = self._given.get(token)
        if target is None:
            return "no_such_url"
        if self._clock.monotonic() - target.at > RESPONSE_URL_LIFE_S:
            return "expired_url"
        if target.uses >= RESPONSE_URL_USES:
            return "used_url"
        target.uses += 1
        return target
