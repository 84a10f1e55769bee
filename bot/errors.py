"""The three families of failure, so that every boundary knows what to do with one without asking what it was.

A `UserError` is told to the caller, a `TemporaryError` is retried, a `PermanentError` is set aside with its reason. Each class has a
stable snake_case `reason`, which is also the metric's label. Nothing here logs, retries or formats for Slack.
"""

from __future__ import annotations


class SecbotError(Exception):
    """Something went wrong in secbot."""

    reason = "internal"

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or (type(self).__doc__ or "").strip().splitlines()[0])

    @property
    def message(self) -> str:
        """The text of the error: the class's docstring unless one was given."""
        return str(self.args[0])


class UserError(SecbotError):
    """That could not be done as asked."""

    reason = "user"

    def __init__(
        self, message: str | None = None, *, offers: tuple[tuple[str, str], ...] = (), whom: tuple[str, ...] = ()
    ) -> None:
        """`offers` are ways on, as (what a button says, the command it runs); `whom` are the people and groups to ask."""
        super().__init__(message)
        self.offers = offers
        self.whom = whom


class TemporaryError(SecbotError):
    """Something we depend on did not answer; it will be tried again."""

    reason = "temporary"

    def __init__(self, message: str | None = None, *, retry_after_s: float | None = None) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class PermanentError(SecbotError):
    """This can never work as it stands; it is set aside."""

    reason = "permanent"


class NotAllowed(UserError):
    """You may not do that."""

    reason = "not_allowed"


class NotFound(UserError):
    """There is no such thing."""

    reason = "not_found"


class ConfigError(UserError):
    """The configuration is not valid."""

    reason = "config"


class Malformed(PermanentError):
    """The message is not what its envelope says it is."""

    reason = "malformed"


class StoreUnavailable(TemporaryError):
    """The database did not answer."""

    reason = "store_unavailable"


class StoreLocked(PermanentError):
    """Another secbot task already uses this SQLite database."""

    reason = "store_locked"


class RateLimited(TemporaryError):
    """We were told to slow down."""

    reason = "rate_limited"


class Ambiguous(TemporaryError):
    """The request may or may not have taken effect: settle that before it is sent again."""

    reason = "ambiguous"


class Rejected(PermanentError):
    """The other side refused the request and will refuse it again."""

    reason = "rejected"

    def __init__(self, message: str | None = None, *, code: str = "") -> None:
        super().__init__(message)
        self.code = code


class NotJson(Malformed):
    """The message is not a JSON object that we can read."""

    reason = "not_json"


class TooLarge(Malformed):
    """The message is larger than any event can be."""

    reason = "too_large"


class TooDeep(Malformed):
    """The message is nested deeper than any event is."""

    reason = "too_deep"


class BareFinding(Malformed):
    """A finding without its envelope is accepted on the command line only: nothing says who sent it."""

    reason = "bare_finding"


class SubscriptionMessage(Malformed):
    """An SNS subscription message; its address is never fetched: confirm the subscription by hand."""

    reason = "subscription_confirmation"
