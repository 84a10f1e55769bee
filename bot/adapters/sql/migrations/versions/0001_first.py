"""The first schema."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_WAITING = sa.text("state <> 'sent'")


def upgrade() -> None:
    op.create_table(
        "cards",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("channel", _TEXT, nullable=False),
        sa.Column("ts", _TEXT, nullable=False),
        sa.Column("shown", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("number", "channel"),
    )
    op.create_index("ix_cards_ts", "cards", ["channel", "ts"])
    op.create_table(
        "channel_leases",
        sa.Column("channel", _TEXT, nullable=False),
        sa.Column("owner", _TEXT, nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("channel"),
    )
    op.create_table(
        "findings",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("env", _TEXT, nullable=False),
        sa.Column("account", _TEXT, nullable=False),
        sa.Column("account_name", _TEXT, nullable=False),
        sa.Column("ou", _TEXT, nullable=False),
        sa.Column("owner", _TEXT, nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("source", _TEXT, nullable=False),
        sa.Column("control", _TEXT, nullable=False),
        sa.Column("standard", _TEXT, nullable=False),
        sa.Column("type", _TEXT, nullable=False),
        sa.Column("resource", _TEXT, nullable=False),
        sa.Column("region", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("live", sa.SmallInteger(), nullable=False),
        sa.Column("first", sa.BigInteger(), nullable=False),
        sa.Column("last", sa.BigInteger(), nullable=False),
        sa.Column("by", _TEXT, nullable=False),
        sa.Column("search", _TEXT, nullable=False),
        sa.Column("emitted", sa.BigInteger(), nullable=False),
        sa.Column("digest", _TEXT, nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("revision", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("ack_until", sa.BigInteger(), nullable=True),
        sa.Column("taken", sa.BigInteger(), nullable=False),
        sa.Column("doc", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_findings_account", "findings", ["account", "live", "severity", "last", "number"])
    op.create_index("ix_findings_account_name", "findings", ["account_name", "live", "severity", "last", "number"])
    op.create_index("ix_findings_env", "findings", ["env", "live", "severity", "last", "number"])
    op.create_index("ix_findings_first", "findings", ["live", "first", "number"])
    op.create_index("ix_findings_last", "findings", ["last"])
    op.create_index("ix_findings_live", "findings", ["live", "severity", "last", "number"])
    op.create_index("ix_findings_source", "findings", ["source", "live", "severity", "last", "number"])
    op.create_index("ix_findings_state", "findings", ["state"])
    op.create_index("ix_findings_taken", "findings", ["source", "taken"])
    op.create_table(
        "listings",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("user", _TEXT, nullable=False),
        sa.Column("query", _TEXT, nullable=False),
        sa.Column("numbers", _TEXT, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_listings_created", "listings", ["created"])
    op.create_table(
        "outbox",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("channel", _TEXT, nullable=False),
        sa.Column("rank", sa.Integer(), nullable=False),
        sa.Column("details", _TEXT, nullable=False),
        sa.Column("state", _TEXT, nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("attempt", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("owner", _TEXT, nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=True),
        sa.Column("unsettled", sa.BigInteger(), nullable=True),
        sa.Column("settled", sa.BigInteger(), nullable=True),
        sa.Column("error", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.UniqueConstraint("key"),
        sqlite_autoincrement=True,
    )
    op.create_index(
        "ix_outbox_channel",
        "outbox",
        ["channel", "rank", "id", "due"],
        postgresql_where=_WAITING,
        sqlite_where=_WAITING,
    )
    op.create_index(
        "ix_outbox_number", "outbox", ["number", "channel", "id"], postgresql_where=_WAITING, sqlite_where=_WAITING
    )
    op.create_index("ix_outbox_settled", "outbox", ["settled"])
    op.create_table(
        "quarantine",
        sa.Column("number", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("message_id", _TEXT, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("note", _TEXT, nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("message_id"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "seen",
        sa.Column("key", _TEXT, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("key"),
    )
    op.create_index("ix_seen_at", "seen", ["at"])
    op.create_table(
        "finding_raw",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("raw", sa.LargeBinary(), nullable=False),
        sa.ForeignKeyConstraint(["number"], ["findings.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("number"),
    )
    op.create_table(
        "timeline",
        sa.Column("id", _NUMBER, autoincrement=True, nullable=False),
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("actor", _TEXT, nullable=False),
        sa.Column("note", _TEXT, nullable=False),
        sa.Column("details", _TEXT, nullable=False),
        sa.ForeignKeyConstraint(["number"], ["findings.number"], ondelete="CASCADE"),
        sa.PrimaryKeyConstraint("id"),
        sqlite_autoincrement=True,
    )
    op.create_index("ix_timeline_number", "timeline", ["number", "at", "id"])
