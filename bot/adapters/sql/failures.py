"""What a database's failure means, in one table, so that the services see three families and never a driver's class.

The problem: five libraries raise when a database goes away, each in its own words. It refuses to hide programming errors: a statement
that is wrong stays what it was.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import asyncpg  # type: ignore[import-untyped]
from sqlalchemy import exc

from bot.errors import SecbotError, StoreUnavailable, UserError

# From: sqlite.org/rescode.html, primary result codes
_SQLITE_AWAY: Final = {
    5: "locked by another process",
    6: "locked",
    7: "out of memory",
    8: "read-only",
    9: "interrupted",
    10: "disk I/O error",
    11: "damaged",
    13: "disk full",
    14: "cannot be opened",
    15: "locked",
    23: "access denied",
    26: "not a database",
}
_SQLITE_INTERRUPTED: Final = 9

# From: postgresql.org/docs/current/errcodes-appendix.html; a class of two characters, or a whole code
_POSTGRES_AWAY: Final = {
    "08": "connection lost",
    "53": "out of resources",
    "57": "shut down or cancelled",
    "58": "system error",
    "XX": "internal error",
    "28": "refuses our password or user",
    "3D": "no such database",
    "25006": "read-only",
    "25P03": "transaction was idle too long",
    "40001": "serialization failure",
    "40P01": "deadlock",
    "55P03": "a lock was held too long",
}
_POSTGRES_CANCELLED: Final = "57014"


class SearchTooSlow(UserError):
    """That takes longer than the 2 s that a question may take. Narrow it, for example with `env:`, `account:` or `src:`."""

    reason = "search_too_slow"


@contextmanager
def translated(*, searching: bool = False) -> Iterator[None]:
    """Raises StoreUnavailable for what a database or the way to it does; with `searching`, SearchTooSlow for its time limit."""
    try:
        yield
    except (exc.SQLAlchemyError, sqlite3.Error, asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
        if searching and _was_cancelled(error):
            raise SearchTooSlow from error
        why = _why_away(error)
        if why is None:
            raise
        raise StoreUnavailable(f"The database did not answer: {why}.") from error


def _why_away(error: BaseException) -> str | None:
    """Why a database is unavailable; None when the error is of our own making."""
    if isinstance(error, SecbotError):
        return None
    if isinstance(error, exc.TimeoutError):
        return "no free connection"
    if isinstance(error, exc.DBAPIError) and error.connection_invalidated:
        return "connection lost"
    cause = _driver_error(error)
    if isinstance(cause, TimeoutError):
        return "timed out"
    if isinstance(cause, OSError):
        return "unreachable"
    if isinstance(cause, sqlite3.Error):
        return _SQLITE_AWAY.get(_sqlite_code(cause))
    return _why_postgres(cause)


def _why_postgres(cause: BaseException) -> str | None:
    code = _sqlstate(cause)
    if code:
        return _POSTGRES_AWAY.get(code) or _POSTGRES_AWAY.get(code[:2])
    return "connection lost" if isinstance(cause, asyncpg.InterfaceError) else None


def _was_cancelled(error: BaseException) -> bool:
    cause = _driver_error(error)
    if isinstance(cause, sqlite3.Error):
        return _sqlite_code(cause) == _SQLITE_INTERRUPTED
    return isinstance(cause, TimeoutError) or _sqlstate(cause) == _POSTGRES_CANCELLED


def _driver_error(error: BaseException) -> BaseException:
    """The driver's own error within SQLAlchemy's wrappers."""
    if isinstance(error, exc.DBAPIError) and error.orig is not None:
        return _driver_error(error.orig)
    inner = error.__cause__
    return inner if isinstance(inner, asyncpg.PostgresError | asyncpg.InterfaceError) else error


def _sqlite_code(error: sqlite3.Error) -> int:
    return (getattr(error, "sqlite_errorcode", 0) or 0) & 0xFF


def _sqlstate(error: BaseException) -> str:
    return str(getattr(error, "sqlstate", None) or "")
