"""The tables of both databases, once: findings with what can be asked of them, what is to be said, and what was said.

The problem: one SQL for SQLite and PostgreSQL, and list pages that an index serves at a million findings. Every time is an integer,
microseconds since 1970 UTC. Texts compare by code point on both databases, as Python does. It refuses to know what a row means: that
is codec.py. A change here needs a migration; a test compares the two.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ColumnElement,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    literal_column,
    text,
)
from sqlalchemy.sql.selectable import NamedFromClause
from sqlalchemy.types import TypeEngine

METADATA: Final = MetaData()

# SQLite gives numbers of its own to a column only when it is called INTEGER.
NUMBER: Final[TypeEngine[int]] = BigInteger().with_variant(Integer(), "sqlite")
# PostgreSQL's default collation would sort and compare by the locale that its cluster was made with.
TEXT: Final[TypeEngine[str]] = Text().with_variant(Text(collation="C"), "postgresql")


def _text(name: str) -> Column[str]:
    return Column(name, TEXT, nullable=False)


def _time(name: str, *, nullable: bool = False) -> Column[int]:
    return Column(name, BigInteger, nullable=nullable)


def _serial(name: str) -> Column[int]:
    return Column(name, NUMBER, primary_key=True, autoincrement=True)


_OWNED: Final = text("\"by\" <> ''")
_LEASED: Final = text("ack_until IS NOT NULL")

FINDINGS: Final = Table(
    "findings",
    METADATA,
    _serial("number"),
    Column("key", TEXT, nullable=False, unique=True),
    # what can be asked of it: the names and texts of domain.facets.Facets
    _text("env"),
    _text("account"),
    _text("account_name"),
    _text("ou"),
    _text("owner"),
    Column("severity", SmallInteger, nullable=False),
    _text("source"),
    _text("control"),
    _text("standard"),
    _text("type"),
    _text("resource"),
    _text("region"),
    _text("state"),
    Column("live", SmallInteger, nullable=False),
    _time("first"),
    _time("last"),
    _text("by"),
    _text("search"),
    # its version and what secbot did with it; `last` is the version's first part
    _time("emitted"),
    _text("digest"),
    Column("generation", Integer, nullable=False),
    Column("revision", Integer, nullable=False),
    _time("created"),
    _time("changed"),
    _time("ack_until", nullable=True),
    _time("taken"),  # when something new was last taken in
    Column("doc", LargeBinary, nullable=False),  # last, so that reading the columns before it reads no overflow page
    # Every list is "these, live, the worst and newest first": such an index is read backwards and nothing is sorted.
    Index("ix_findings_env", "env", "live", "severity", "last", "number"),
    Index("ix_findings_live", "live", "severity", "last", "number"),
    Index("ix_findings_account", "account", "live", "severity", "last", "number"),
    Index("ix_findings_source", "source", "live", "severity", "last", "number"),
    Index("ix_findings_account_name", "account_name", "live", "severity", "last", "number"),
    Index("ix_findings_control", "control", "live", "severity", "last", "number"),
    Index("ix_findings_first", "live", "first", "number", "severity"),  # the severity for counting by age
    Index("ix_findings_last", "last"),
    Index("ix_findings_taken", "source", "taken"),
    Index("ix_findings_state", "state"),
    # Few findings are somebody's and few acknowledgements end: the rest cost these two nothing.
    Index("ix_findings_by", "severity", "last", "number", "live", postgresql_where=_OWNED, sqlite_where=_OWNED),
    Index("ix_findings_ack_until", "ack_until", postgresql_where=_LEASED, sqlite_where=_LEASED),
    sqlite_autoincrement=True,  # a number is never given twice, even after its finding was removed
)


def owned() -> ColumnElement[bool]:
    """The finding is somebody's: the condition of its partial index, see `waiting`."""
    return FINDINGS.c.by != literal_column("''")


def leased() -> ColumnElement[bool]:
    """The finding's acknowledgement or suppression ends at a time: the condition of its partial index."""
    return FINDINGS.c.ack_until.is_not(None)


RAW: Final = Table(
    "finding_raw",
    METADATA,
    Column("number", NUMBER, ForeignKey("findings.number", ondelete="CASCADE"), primary_key=True, autoincrement=False),
    Column("raw", LargeBinary, nullable=False),
)

TIMELINE: Final = Table(
    "timeline",
    METADATA,
    _serial("id"),
    Column("number", NUMBER, ForeignKey("findings.number", ondelete="CASCADE"), nullable=False),
    _time("at"),
    _text("kind"),
    _text("actor"),
    _text("note"),
    _text("details"),
    Index("ix_timeline_number", "number", "at", "id"),
    sqlite_autoincrement=True,
)


CARDS: Final = Table(
    "cards",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("channel", TEXT, primary_key=True),
    _text("ts"),
    _text("shown"),
    Index("ix_cards_ts", "channel", "ts"),
)

_WAITING: Final = text("state <> 'sent'")
_SENT: Final = text("state = 'sent'")

OUTBOX: Final = Table(
    "outbox",
    METADATA,
    _serial("id"),
    Column("key", TEXT, nullable=False, unique=True),
    _text("kind"),
    Column("number", NUMBER, nullable=False),
    _text("channel"),
    Column("rank", Integer, nullable=False),  # minus the lane, so that an index holds the order as it is
    _text("details"),
    _text("state"),  # new, sending, sent, blocked
    _time("due"),  # while it is being sent: when the lease ends
    Column("attempt", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    _time("created"),
    _text("owner"),
    _time("started", nullable=True),  # when the last attempt began
    _time("unsettled", nullable=True),  # when the first attempt began whose end is unknown
    _time("settled", nullable=True),
    _text("error"),
    Index("ix_outbox_channel", "channel", "rank", "id", "due", postgresql_where=_WAITING, sqlite_where=_WAITING),
    Index("ix_outbox_number", "number", "channel", "id", postgresql_where=_WAITING, sqlite_where=_WAITING),
    Index("ix_outbox_settled", "settled"),
    Index("ix_outbox_sent", "number", "settled", postgresql_where=_SENT, sqlite_where=_SENT),
    sqlite_autoincrement=True,
)


def waiting(table: NamedFromClause) -> ColumnElement[bool]:
    """The outbox row is not yet said: the condition of the partial indexes, which must stand in a query as it stands in them."""
    return table.c.state != literal_column("'sent'")


def sent(table: NamedFromClause) -> ColumnElement[bool]:
    """The outbox row is said; see `waiting`."""
    return table.c.state == literal_column("'sent'")


CHANNEL_LEASES: Final = Table(
    "channel_leases",
    METADATA,
    Column("channel", TEXT, primary_key=True),
    _text("owner"),
    _time("until"),
)

LISTINGS: Final = Table(
    "listings",
    METADATA,
    Column("id", TEXT, primary_key=True),
    _text("user"),
    _text("query"),
    _text("numbers"),
    _time("created"),
    Index("ix_listings_created", "created"),
    Index("ix_listings_user", "user", "created"),
)

VIEWS: Final = Table(
    "views",
    METADATA,
    Column("owner", TEXT, primary_key=True),
    Column("name", TEXT, primary_key=True),
    _text("query"),
    _text("author"),
    _time("created"),
    Column("is_default", SmallInteger, nullable=False),
)

QUARANTINE: Final = Table(
    "quarantine",
    METADATA,
    _serial("number"),
    Column("message_id", TEXT, nullable=False, unique=True),
    _text("reason"),
    _text("note"),
    Column("body", LargeBinary, nullable=False),
    _time("at"),
    sqlite_autoincrement=True,
)

SEEN: Final = Table(
    "seen",
    METADATA,
    Column("key", TEXT, primary_key=True),
    _time("at"),
    Index("ix_seen_at", "at"),
)

# --- suppressions, approvals, the audit trail ------------------------------------------------------------------------------------

LEASES: Final = Table(
    "leases",
    METADATA,
    Column("id", TEXT, primary_key=True),
    _text("kind"),
    Column("number", NUMBER, nullable=False),
    _text("query"),
    _text("why"),
    _text("reason"),
    _text("ticket"),
    _text("owner"),
    _text("author"),
    _time("created"),
    _time("until"),
    _text("stage"),
    _text("native"),
    _text("approval"),
    _text("approvers"),
    _time("ended_at", nullable=True),
    _text("ended_by"),
    _time("noticed_at", nullable=True),
    # migration 0004 added it: rows of before then prolong nothing
    Column("renews", TEXT, nullable=False, server_default=text("''")),
    CheckConstraint("reason <> ''", name="ck_leases_reason"),
    CheckConstraint("owner <> ''", name="ck_leases_owner"),
    CheckConstraint("until > created", name="ck_leases_until"),
    Index("ix_leases_stage", "stage", "until"),
)

APPROVALS: Final = Table(
    "approvals",
    METADATA,
    Column("id", TEXT, primary_key=True),
    _text("kind"),
    _text("subject"),
    _text("digest"),
    _text("requester"),
    Column("quorum", Integer, nullable=False),
    _time("created"),
    _time("expires"),
    _text("reason"),
    _text("approvers"),
    _text("stage"),
    _text("decided_by"),
    _time("decided_at", nullable=True),
    _text("answer"),
    Index("ix_approvals_stage", "stage", "created"),
)

AUDIT: Final = Table(  # triggers of migration 0003 refuse to change or remove a row
    "audit",
    METADATA,
    Column("seq", NUMBER, primary_key=True, autoincrement=False),  # given by the chain, so that none is left out
    _time("at"),
    _text("phase"),
    _text("act"),
    _text("actor"),
    _text("what"),
    _text("subject"),
    Column("number", NUMBER, nullable=False),
    _text("request"),
    _text("details"),
    _text("previous"),
    _text("hash"),
    Index("ix_audit_at", "at"),
    Index("ix_audit_number", "number"),
)

AUDIT_HEAD: Final = Table(  # one row, made by migration 0003: whoever chains locks it
    "audit_head",
    METADATA,
    Column("id", SmallInteger, primary_key=True, autoincrement=False),
    Column("seq", NUMBER, nullable=False),
    _text("hash"),
    CheckConstraint("id = 1", name="ck_audit_head_one"),
)

DRIFTS: Final = Table(  # what was told of rules that are not ours
    "drifts",
    METADATA,
    Column("key", TEXT, primary_key=True),
    _text("digest"),
    _time("first"),
    _time("told"),
)

# --- escalations, who is on call, figures ----------------------------------------------------------------------------------------

_RUNNING: Final = text("progress = 'running'")
_SPENT: Final = text("progress = 'exhausted'")
_STOPPED: Final = text("progress = 'stopped'")

ESCALATIONS: Final = Table(
    "escalations",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    _text("policy"),
    _time("started"),
    _time("due"),
    Column("rung", Integer, nullable=False),
    _time("told", nullable=True),
    _text("progress"),
    _text("why"),
    _text("by"),
    # Each row stands in one of these: what runs is looked for every few seconds and must not lie among what is over.
    Index("ix_escalations_due", "due", "number", "generation", postgresql_where=_RUNNING, sqlite_where=_RUNNING),
    Index("ix_escalations_exhausted", "due", "number", "generation", postgresql_where=_SPENT, sqlite_where=_SPENT),
    Index("ix_escalations_stopped", "started", postgresql_where=_STOPPED, sqlite_where=_STOPPED),
)


def progressed(progress: str) -> ColumnElement[bool]:
    """The escalation stands there: the condition of its partial index, see `waiting`."""
    return ESCALATIONS.c.progress == literal_column(f"'{progress}'")


SWAPS: Final = Table(
    "swaps",
    METADATA,
    Column("id", TEXT, primary_key=True),
    _text("rotation"),
    _text("person"),
    _time("start"),
    _time("end"),
    _text("author"),
    _time("made"),
)

QUIETS: Final = Table(
    "quiets",
    METADATA,
    Column("user", TEXT, primary_key=True),
    Column("begin", SmallInteger, nullable=False),  # minutes after midnight
    Column("end", SmallInteger, nullable=False),
    _text("zone"),
    _time("told", nullable=True),
)

FIGURES: Final = Table(
    "figures",
    METADATA,
    Column("number", NUMBER, primary_key=True, autoincrement=False),
    Column("generation", Integer, primary_key=True, autoincrement=False),
    _text("env"),
    Column("severity", SmallInteger, nullable=False),
    _time("opened"),
    _time("acked", nullable=True),
    _time("resolved", nullable=True),
    Index("ix_figures_opened", "opened", "number", "generation"),
)
