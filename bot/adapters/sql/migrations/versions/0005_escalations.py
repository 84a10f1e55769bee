"""Escalations, swaps of on-call shifts, quiet hours, and how long findings waited; timelines lose an index."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")


def upgrade() -> None:
    _escalations()
    _oncall()
    _figures()
    op.drop_index("ix_timeline_acts", "timeline")  # who did what is read from the audit trail now


def _escalations() -> None:
    op.create_table(
        "escalations",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("policy", _TEXT, nullable=False),
        sa.Column("started", sa.BigInteger(), nullable=False),
        sa.Column("due", sa.BigInteger(), nullable=False),
        sa.Column("rung", sa.Integer(), nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=True),
        sa.Column("progress", _TEXT, nullable=False),
        sa.Column("why", _TEXT, nullable=False),
        sa.Column("by", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("number", "generation"),
    )
    by_due = ["due", "number", "generation"]
    for name, columns, progress in (
        ("ix_escalations_due", by_due, "running"),
        ("ix_escalations_exhausted", by_due, "exhausted"),
        ("ix_escalations_stopped", ["started"], "stopped"),
    ):
        where = sa.text(f"progress = '{progress}'")
        op.create_index(name, "escalations", columns, postgresql_where=where, sqlite_where=where)


def _oncall() -> None:
    op.create_table(
        "swaps",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("rotation", _TEXT, nullable=False),
        sa.Column("person", _TEXT, nullable=False),
        sa.Column("start", sa.BigInteger(), nullable=False),
        sa.Column("end", sa.BigInteger(), nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("made", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_table(
        "quiets",
        sa.Column("user", _TEXT, nullable=False),
        sa.Column("begin", sa.SmallInteger(), nullable=False),
        sa.Column("end", sa.SmallInteger(), nullable=False),
        sa.Column("zone", _TEXT, nullable=False),
        sa.Column("told", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("user"),
    )


def _figures() -> None:
    op.create_table(
        "figures",
        sa.Column("number", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("generation", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("env", _TEXT, nullable=False),
        sa.Column("severity", sa.SmallInteger(), nullable=False),
        sa.Column("opened", sa.BigInteger(), nullable=False),
        sa.Column("acked", sa.BigInteger(), nullable=True),
        sa.Column("resolved", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("number", "generation"),
    )
    op.create_index("ix_figures_opened", "figures", ["opened", "number", "generation"])
