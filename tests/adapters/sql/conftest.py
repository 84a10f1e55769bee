"""The real PostgreSQL, for the tests of the SQL adapter alone."""

from tests.support.postgres import empty_postgres_url, postgres_server, postgres_url

__all__ = ["empty_postgres_url", "postgres_server", "postgres_url"]
