"""Saved views, whose a finding is, and indexes for controls, leases and what was said and done."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_OWNED = sa.text("\"by\" <> ''")
_LEASED = sa.text("ack_until IS NOT NULL")
_ACTED = sa.text("actor <> ''")
_SENT = sa.text("state = 'sent'")


def upgrade() -> None:
    op.create_table(
        "views",
        sa.Column("owner", _TEXT, nullable=False),
        sa.Column("name", _TEXT, nullable=False),
        sa.Column("query", _TEXT, nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("is_default", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "name"),
    )
    # `by` held one text and holds several now, each between newlines.
    findings = sa.table("findings", sa.column("by", sa.Text()))
    framed = sa.literal("\n") + findings.c.by + sa.literal("\n")
    op.execute(findings.update().where(findings.c.by != "").values(by=framed))
    op.create_index("ix_findings_control", "findings", ["control", "live", "severity", "last", "number"])
    op.create_index(
        "ix_findings_by",
        "findings",
        ["severity", "last", "number", "live"],
        postgresql_where=_OWNED,
        sqlite_where=_OWNED,
    )
    op.create_index("ix_findings_ack_until", "findings", ["ack_until"], postgresql_where=_LEASED, sqlite_where=_LEASED)
    op.drop_index("ix_findings_first", "findings")
    op.create_index("ix_findings_first", "findings", ["live", "first", "number", "severity"])
    op.create_index("ix_listings_user", "listings", ["user", "created"])
    op.create_index("ix_timeline_acts", "timeline", ["at", "id"], postgresql_where=_ACTED, sqlite_where=_ACTED)
    op.create_index("ix_outbox_sent", "outbox", ["number", "settled"], postgresql_where=_SENT, sqlite_where=_SENT)
