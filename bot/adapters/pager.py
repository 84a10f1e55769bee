"""The Pager port on SNS: a topic that a pager service listens to.

A standard topic remembers nothing, so a page whose answer was lost is published again: twice is better than never.
"""

from __future__ import annotations

from bot.adapters.aws import Unknown, api

LIMIT_S = 15.0
MOST_SUBJECT = 100  # From: SNS API Reference, Publish: printable ASCII, fewer than 100 characters
_PARTS = 6


class SnsPager:
    """Publishes in the topic's own Region."""

    def __init__(self, *, limit_s: float = LIMIT_S) -> None:
        self._limit_s = limit_s

    async def page(self, topic: str, subject: str, text: str) -> None:
        """See the port. Raises Unknown (permanent) for what is no topic's ARN."""
        parts = topic.split(":")
        if len(parts) != _PARTS or parts[2] != "sns":
            raise Unknown(f"{topic!r} is not the ARN of a topic.")
        plain = "".join(c if c.isascii() and c.isprintable() else "?" for c in subject)[: MOST_SUBJECT - 1]
        async with api("sns", region=parts[3], limit_s=self._limit_s) as sns:
            await sns.call("publish", TopicArn=topic, Subject=plain.strip() or "secbot", Message=text)
