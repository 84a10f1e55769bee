"""The SQL store: findings, their timeline and the outbox in SQLite or PostgreSQL.

The only package that knows SQLAlchemy and Alembic. It refuses to decide anything about a finding: that is the domain's.
"""

from bot.adapters.sql.failures import SearchTooSlow
from bot.adapters.sql.schema import current, migrate
from bot.adapters.sql.store import SqlStore, open_store

__all__ = ["SearchTooSlow", "SqlStore", "current", "migrate", "open_store"]
