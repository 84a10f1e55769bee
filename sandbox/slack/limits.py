"""Slack's rate limits as token buckets.

Problem solved: a bot that posts too fast must meet the same 429 here as there. This module refuses to be generous: a
refused call does not wait, it is told how many whole seconds to stay away.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from sandbox.slack.clock import Clock

# From: https://docs.slack.dev/apis/web-api/rate-limits (calls per minute, by tier)
TIER_PER_MINUTE = {1: 1, 2: 20, 3: 50, 4: 100}
# "Special" tier of auth.test and chat.getPermalink: "hundreds of requests per minute". From: the same page
SPECIAL_PER_MINUTE = 600
# From: https://docs.slack.dev/reference/methods/chat.postMessage ("generally 1 message per second per channel", short
# bursts allowed)
POST_PER_SECOND = 1.0
POST_BURST = 3
# Same page: "several hundred messages per minute" for a workspace.
POST_WORKSPACE_PER_MINUTE = 600


@dataclass
class Bucket:
    """`size` tokens, refilled at `per_second`; `level` is as of `at` (monotonic seconds)."""

    size: float
    per_second: float
    level: float
    at: float

    def refill(self, now: float) -> None:
        self.level = min(self.size, self.level + (now - self.at) * self.per_second)
        self.at = now

    def wait_s(self) -> float:
        """Seconds until one token is there; 0 when it is."""
        return max(0.0, (1 - self.level) / self.per_second) if self.level < 1 - 1e-9 else 0.0


class RateLimits:
    """One app in one workspace. `enabled` may be switched at any time."""

    def __init__(self, clock: Clock, *, enabled: bool = True) -> None:
        self.enabled = enabled
        self._clock = clock
        self._buckets: dict[str, Bucket] = {}

    def check(self, method: str, tier: int | None, channel: str | None) -> int | None:
        """None when the call may go on (tokens are taken), else Retry-After in whole seconds."""
        if not self.enabled:
            return None
        buckets = self._for_post(channel) if method == "chat.postMessage" else [self._for_method(method, tier)]
        waits = [bucket.wait_s() for bucket in buckets]
        if any(waits):
            return max(1, math.ceil(max(waits)))
        for bucket in buckets:
            bucket.level -= 1
        return None

    def _for_post(self, channel: str | None) -> list[Bucket]:
        workspace = self._bucket("post:*", POST_WORKSPACE_PER_MINUTE, POST_WORKSPACE_PER_MINUTE / 60)
        return [self._bucket(f"post:{channel}", POST_BURST, POST_PER_SECOND), workspace]

    def _for_method(self, method: str, tier: int | None) -> Bucket:
        per_minute = SPECIAL_PER_MINUTE if tier is None else TIER_PER_MINUTE[tier]
        return self._bucket(f"method:{method}", per_minute, per_minute / 60)

    def _bucket(self, key: str, size: float, per_second: float) -> Bucket:
        now = self._clock.monotonic()
        bucket = self._buckets.setdefault(key, Bucket(size, per_second, size, now))
        bucket.refill(now)
        return bucket
