"""Runs the revisions on the connection and in the transaction that schema.py hands over.

It refuses to open a connection itself: whoever has one also has the lock that keeps a second migration away.
"""

from alembic import context

from bot.adapters.sql.tables import METADATA

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=METADATA,
    render_as_batch=True,  # SQLite changes a column by copying its table
    transactional_ddl=True,  # true of SQLite as well, once BEGIN is said by us
)
with context.begin_transaction():
    context.run_migrations()
