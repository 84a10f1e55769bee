"""Suppressions, approvals, and an audit trail that the database itself refuses to change."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_TEXT = sa.Text().with_variant(sa.Text(collation="C"), "postgresql")
_REFUSAL = "the audit trail is never changed"

_POSTGRESQL = (
    f"""
    CREATE FUNCTION refuse_audit_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        RAISE EXCEPTION '{_REFUSAL}' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    "CREATE TRIGGER audit_stays BEFORE UPDATE OR DELETE OR TRUNCATE ON audit"
    " FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()",
    "CREATE TRIGGER audit_head_stays BEFORE DELETE OR TRUNCATE ON audit_head"
    " FOR EACH STATEMENT EXECUTE FUNCTION refuse_audit_change()",
)
_ABORT = f"BEGIN SELECT RAISE(ABORT, '{_REFUSAL}'); END"
_SAME_LINE = "SELECT 1 FROM audit WHERE seq = NEW.seq"
_SQLITE = (
    f"CREATE TRIGGER audit_is_not_updated BEFORE UPDATE ON audit {_ABORT}",
    f"CREATE TRIGGER audit_is_not_deleted BEFORE DELETE ON audit {_ABORT}",
    # INSERT OR REPLACE removes a row without telling the trigger of deletions
    f"CREATE TRIGGER audit_is_not_replaced BEFORE INSERT ON audit WHEN EXISTS ({_SAME_LINE}) {_ABORT}",
    f"CREATE TRIGGER audit_head_is_not_deleted BEFORE DELETE ON audit_head {_ABORT}",
)


def upgrade() -> None:
    _leases()
    _approvals()
    _audit()


def _leases() -> None:
    op.create_table(
        "leases",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("query", _TEXT, nullable=False),
        sa.Column("why", _TEXT, nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("ticket", _TEXT, nullable=False),
        sa.Column("owner", _TEXT, nullable=False),
        sa.Column("author", _TEXT, nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("until", sa.BigInteger(), nullable=False),
        sa.Column("stage", _TEXT, nullable=False),
        sa.Column("native", _TEXT, nullable=False),
        sa.Column("approval", _TEXT, nullable=False),
        sa.Column("approvers", _TEXT, nullable=False),
        sa.Column("ended_at", sa.BigInteger(), nullable=True),
        sa.Column("ended_by", _TEXT, nullable=False),
        sa.Column("noticed_at", sa.BigInteger(), nullable=True),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("reason <> ''", name="ck_leases_reason"),
        sa.CheckConstraint("owner <> ''", name="ck_leases_owner"),
        sa.CheckConstraint("until > created", name="ck_leases_until"),
    )
    op.create_index("ix_leases_stage", "leases", ["stage", "until"])


def _approvals() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", _TEXT, nullable=False),
        sa.Column("kind", _TEXT, nullable=False),
        sa.Column("subject", _TEXT, nullable=False),
        sa.Column("digest", _TEXT, nullable=False),
        sa.Column("requester", _TEXT, nullable=False),
        sa.Column("quorum", sa.Integer(), nullable=False),
        sa.Column("created", sa.BigInteger(), nullable=False),
        sa.Column("expires", sa.BigInteger(), nullable=False),
        sa.Column("reason", _TEXT, nullable=False),
        sa.Column("approvers", _TEXT, nullable=False),
        sa.Column("stage", _TEXT, nullable=False),
        sa.Column("decided_by", _TEXT, nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=True),
        sa.Column("answer", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
    )
    op.create_index("ix_approvals_stage", "approvals", ["stage", "created"])


def _audit() -> None:
    op.create_table(
        "audit",
        sa.Column("seq", _NUMBER, autoincrement=False, nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("phase", _TEXT, nullable=False),
        sa.Column("act", _TEXT, nullable=False),
        sa.Column("actor", _TEXT, nullable=False),
        sa.Column("what", _TEXT, nullable=False),
        sa.Column("subject", _TEXT, nullable=False),
        sa.Column("number", _NUMBER, nullable=False),
        sa.Column("request", _TEXT, nullable=False),
        sa.Column("details", _TEXT, nullable=False),
        sa.Column("previous", _TEXT, nullable=False),
        sa.Column("hash", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("seq"),
    )
    op.create_index("ix_audit_at", "audit", ["at"])
    op.create_index("ix_audit_number", "audit", ["number"])
    head = op.create_table(
        "audit_head",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("seq", _NUMBER, nullable=False),
        sa.Column("hash", _TEXT, nullable=False),
        sa.PrimaryKeyConstraint("id"),
        sa.CheckConstraint("id = 1", name="ck_audit_head_one"),
    )
    op.bulk_insert(head, [{"id": 1, "seq": 0, "hash": "0" * 64}])  # the hash before the first line, see domain/audit.py
    for statement in _POSTGRESQL if op.get_bind().dialect.name == "postgresql" else _SQLITE:
        op.execute(statement)
