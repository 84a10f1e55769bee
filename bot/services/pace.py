"""How fast we may speak: token buckets by channel, by workspace and for edits. Pure but for the clock it is handed.

Above about one message a second in a channel Slack answers 429 or silently hides messages, so we stay at 0.8 of it.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.ports import Clock

SHARE = 0.8  # of what Slack allows

# From: docs.slack.dev/apis/web-api/rate-limits and methods/chat.postMessage
CHANNEL_POSTS_A_SECOND = 1.0 * SHARE
WORKSPACE_POSTS_A_MINUTE = 300 * SHARE  # "several hundred messages per minute"
EDITS_A_MINUTE = 50 * SHARE  # chat.update is Tier 3
CHANNEL_BURST = 3
WORKSPACE_BURST = 10
EDIT_BURST = 15


@dataclass(slots=True)
class Bucket:
    """A token bucket. `reserve` takes a token, now or in the future, and says how long to wait for it."""

    clock: Clock
    rate: float  # tokens a second
    burst: float
    tokens: float = 0.0
    at: float | None = None

    def reserve(self) -> float:
        """Seconds to wait before acting; 0 when it may be done at once."""
        self._credit()
        self.tokens -= 1
        return max(0.0, -self.tokens / self.rate)

    def hold(self, seconds: float) -> None:
        """Slack told us to wait: nothing is free before that."""
        self._credit()
        self.tokens = min(self.tokens, -seconds * self.rate)

    def _credit(self) -> None:
        """Add what has run in since the last look; the first look finds the bucket full."""
        now = self.clock.monotonic()
        earned = self.burst if self.at is None else (now - self.at) * self.rate
        self.tokens = min(self.burst, self.tokens + earned)
        self.at = now


class Pace:
    """Every bucket of one workspace."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._workspace = Bucket(clock, WORKSPACE_POSTS_A_MINUTE / 60, WORKSPACE_BURST)
        self._edits = Bucket(clock, EDITS_A_MINUTE / 60, EDIT_BURST)
        self._channels: dict[str, Bucket] = {}

    def before_post(self, channel: str) -> float:
        """Seconds to wait before a post in this channel."""
        return max(self._channel(channel).reserve(), self._workspace.reserve())

    def before_edit(self) -> float:
        """Seconds to wait before an edit of a message."""
        return self._edits.reserve()

    def hold_posts(self, channel: str, seconds: float) -> None:
        self._channel(channel).hold(seconds)

    def hold_edits(self, seconds: float) -> None:
        self._edits.hold(seconds)

    def _channel(self, channel: str) -> Bucket:
        return self._channels.setdefault(channel, Bucket(self._clock, CHANNEL_POSTS_A_SECOND, CHANNEL_BURST))
