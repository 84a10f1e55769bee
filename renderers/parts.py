"""What several layouts show of a finding: its headline, its fields, its state. Its buttons are in buttons.py.

Every text of a record is foreign and leaves here escaped and cut. The account's digits are always beside its name, because a name can
be anybody's. Facts are shown as they are, odd ones too; only links and mentions ask for a form.
"""

from __future__ import annotations

import re
from datetime import UTC, datetime

from bot.domain.console import HUBS
from bot.domain.finding import Finding, Record, Resource, State
from renderers.blocks import (
    ASSIGNED,
    SEVERITY_ICON,
    STATE_ICON,
    age,
    ago,
    span,
)
from renderers.engine import plain_words, words
from renderers.limits import MAX_FALLBACK
from renderers.mrkdwn import Mrkdwn, clip, code, cut, date, prose, user, visible
from renderers.naming import kind_words, short_arns

NOT_GIVEN = "not given"
UNKNOWN_ACCOUNT = "unknown account"
SHOWN_RESOURCES = 3
HEADLINE_TITLE = 110  # characters of the title in a header of 150
SENTENCE = 25  # characters from which a fact with spaces in it is prose
CARD_FACT = 160  # characters of a sentence among a card's facts
POINTER = 200  # a longer "Fix" says more than where to read on

SOURCE_NAMES = {
    "guardduty": "GuardDuty",
    "access_analyzer": "IAM Access Analyzer",
    "config": "AWS Config",
    "cloudwatch": "CloudWatch",
    "inspector": "Inspector",
    "macie": "Macie",
    "health": "AWS Health",
    "securityhub": "Security Hub",
    "securityhub_v2": "Security Hub V2",
    "generic": "Other events",
}
_SAID_BY_FIELDS = frozenset({"resource type", "metadata uid"})
_SAID_BY_CONTROL = _SAID_BY_FIELDS | {"config rule"}  # the rule that checks a control has a long name and says no more
_POINTS_AWAY = re.compile(r"https?://|\b(?:consult|documentation|page|guide)\b", re.IGNORECASE)
_GLOBAL = frozenset({"global", "aws-global"})
_READ_TITLE = 1_000  # characters of a title that are looked at for a headline
_EARLIEST_BELIEVED = datetime(2006, 1, 1, tzinfo=UTC)  # AWS is not older; sources write 1970 for "unknown"


def title_of(finding: Finding) -> str:
    """The title, still foreign; what stands in for it when a source gave none."""
    return finding.title.strip() or finding.type or "A finding without a title"


def short_title(finding: Finding) -> str:
    """The title for a headline or a row, still foreign: ARNs in it are cut to what tells them apart."""
    return short_arns(title_of(finding)[:_READ_TITLE], finding.account)


def grade(record: Record) -> tuple[str, str]:
    """Icon and word of how bad it is. What is resolved is just that: a source calls its all-clear INFO, which is no severity."""
    if record.state is State.RESOLVED:
        return STATE_ICON[State.RESOLVED], "RESOLVED"
    return SEVERITY_ICON[record.finding.severity], record.finding.severity.name


def account_name(record: Record) -> str:
    """What the account is called, still foreign; `unknown account` when nobody told us."""
    if not record.account.known:
        return UNKNOWN_ACCOUNT
    return record.account.name.strip() or "unnamed account"


def account(record: Record) -> Mrkdwn:
    """`payments-prod `111122223333``: the name and the digits as the finding gave them."""
    return Mrkdwn(f"{prose(account_name(record), 60)} {code(record.finding.account, 40)}")


def region(finding: Finding) -> Mrkdwn:
    """The region's code, or `global`."""
    return Mrkdwn("global") if finding.region.casefold() in _GLOBAL else prose(finding.region.strip() or NOT_GIVEN, 40)


def resources(finding: Finding, shown: int = SHOWN_RESOURCES) -> Mrkdwn:
    """The first few resources by name, and how many more there are."""
    known = [r for r in finding.resources if r.id or r.name]
    if not known:
        return Mrkdwn(NOT_GIVEN)
    names = ", ".join(code(r.label, 80) for r in known[:shown])
    more = len(known) - shown
    return Mrkdwn(f"{names} and {more} more" if more > 0 else names)


def resource_kind(finding: Finding) -> str:
    """The type of the first resource in short words, still foreign."""
    return kind_words(finding.resource.type)


def source(finding: Finding) -> Mrkdwn:
    """Who found it, through whom it came, and which control it breaks."""
    name = source_name(finding)
    hub = SOURCE_NAMES.get(finding.via, "")
    via = f" via {hub}" if finding.via in HUBS and hub not in name else ""
    control = f" {code(finding.control, 40)}" if finding.control else ""
    return Mrkdwn(f"{prose(name, 60)}{via}{control}")


def source_name(finding: Finding) -> str:
    """The service that found it, still foreign where a hub's partner did."""
    if finding.source in HUBS or finding.source == "generic":
        return finding.product or SOURCE_NAMES[finding.source]
    return SOURCE_NAMES.get(finding.source, finding.source)


def environment(record: Record) -> Mrkdwn:
    """Environment and organisational unit."""
    return words("parts.environment", env=record.account.env or NOT_GIVEN, ou=record.account.ou)


def field_texts(record: Record) -> list[Mrkdwn]:
    """The six fields of a card."""
    finding = record.finding
    kind = prose(resource_kind(finding), 60) if resource_kind(finding) else ""
    return [
        words("parts.account", account=account(record)),
        environment(record),
        words("parts.resource", resources=resources(finding), kind=kind),
        words("parts.region", region=region(finding)),
        words("parts.source", source=source(finding)),
        words("parts.owner", owner=prose(record.account.owner or NOT_GIVEN, 80)),
    ]


def headline(record: Record) -> str:
    """Plain text of a card's header: state when it is not open, severity while it counts, title; at most 150 characters."""
    icon, word = grade(record)
    is_open = record.state is State.OPEN
    return plain_words(
        "parts.headline",
        icon=icon if is_open else STATE_ICON[record.state],
        state="" if is_open else record.state.upper(),
        severity="" if record.state is State.RESOLVED else word,
        title=cut(visible(short_title(record.finding), HEADLINE_TITLE), HEADLINE_TITLE),
    )


def fallback(record: Record, what: str) -> Mrkdwn:
    """What a phone shows: `CRITICAL prod payments-prod: S3 bucket is public (new)`; at most 150 characters.

    `RESOLVED prod payments-prod: S3 bucket is public` needs no word at its end.
    """
    name = account_name(record)
    digits = f" {record.finding.account}" if name == UNKNOWN_ACCOUNT else ""
    text = words(
        "parts.fallback",
        severity=grade(record)[1],
        env=prose(record.account.env, 16),
        account=prose(name + digits, 32),
        title=prose(short_title(record.finding), 72),
        what="" if what == record.state == State.RESOLVED else prose(what, 20),
    )
    return clip(text, MAX_FALLBACK)


def change_word(record: Record) -> str:
    """The word at the end of a card's fallback text."""
    if record.state is not State.OPEN:
        return str(record.state)
    return "new" if record.revision == 1 else "again" if record.generation > 1 else "open"


def began(record: Record) -> datetime:
    """Since when the problem is there: the source's first sight of it, or ours when the source's is not to be believed."""
    first = record.finding.first_seen
    return first if _EARLIEST_BELIEVED <= first <= record.created else record.created


def is_live(record: Record) -> bool:
    """Whether somebody may still have to do something: open or acknowledged."""
    return record.state in (State.OPEN, State.ACKNOWLEDGED)


def state_line(record: Record) -> Mrkdwn | None:
    """What became of it, by whom and until when; None while it is open and nobody's."""
    if record.state is State.ACKNOWLEDGED:
        return acknowledged_line(record)
    if record.state is State.RESOLVED:
        return resolved_line(record)
    if record.state is State.SUPPRESSED:
        return suppressed_line(record)
    return words("parts.assigned", icon=ASSIGNED, who=user(record.assignee)) if record.assignee else None


def acknowledged_line(record: Record) -> Mrkdwn:
    is_anothers = record.assignee not in ("", record.ack_by)
    return words(
        "parts.acknowledged",
        icon=STATE_ICON[State.ACKNOWLEDGED],
        who=user(record.ack_by) if record.ack_by else "",  # nobody of ours: its workflow in Security Hub says NOTIFIED
        until=date(record.ack_until) if record.ack_until else "",
        assignee=user(record.assignee) if is_anothers else "",
    )


def resolved_line(record: Record) -> Mrkdwn:
    at = record.resolved_at or record.changed
    return words("parts.resolved", icon=STATE_ICON[State.RESOLVED], after=span(at - began(record)), when=date(at))


def suppressed_line(record: Record) -> Mrkdwn:
    """Until when a lease of ours hides it, or that its source does."""
    return words(
        "parts.suppressed",
        icon=STATE_ICON[State.SUPPRESSED],
        lease=lease_name(record.lease) if record.lease else "",
        until=date(record.lease_until) if record.lease_until else "",
        when=date(record.changed),
    )


def lease_name(lease: str) -> Mrkdwn:
    """`L-7f3a21` of a lease's id, as code."""
    return code(lease_ref(lease), 40)


def lease_ref(lease: str) -> str:
    """What people type for a lease, of its id; still foreign. Keep in sync with suppression.Lease.short."""
    return f"L-{lease[:6].lower()}"


def evidence(finding: Finding, shown: int) -> Mrkdwn | None:
    """The first facts that the card does not say elsewhere: short ones on one line, a sentence on its own; None when there are none."""
    known = _said_elsewhere(finding)
    useless = _SAID_BY_CONTROL if finding.control else _SAID_BY_FIELDS
    facts = [
        (label, value)
        for label, value in finding.evidence
        if label.strip().casefold() not in useless and _adds_something(label, value, known)
    ][:shown]
    short = [told for label, value in facts if not _is_sentence(value) and (told := fact(label, value))]
    long = [told for label, value in facts if _is_sentence(value) and (told := fact(label, value, CARD_FACT))]
    lines = ([" · ".join(short)] if short else []) + long
    return Mrkdwn("\n".join(lines)) if lines else None


def _said_elsewhere(finding: Finding) -> frozenset[str]:
    f, first = finding, finding.resource
    return frozenset((
        f.title, f.description, f.account, f.region, f.severity.name, f.severity.word, f.control, f.native_id,
        first.id, first.label, first.type,
    ))  # fmt: skip


def _adds_something(label: str, value: str, known: frozenset[str]) -> bool:
    """Whether a fact is worth a line of a card; the detail shows them all."""
    name = label.strip().casefold()
    is_pointer = name == "fix" and len(value) <= POINTER and _POINTS_AWAY.search(value) is not None
    return bool(name) and not is_pointer and value.strip() not in known


def _is_sentence(value: str) -> bool:
    return " " in value.strip() and len(value.strip()) > SENTENCE


def fact(label: str, value: str, limit: int = 300) -> Mrkdwn | None:
    """`*Actor IP* `198.51.100.7``, or a sentence in plain words; None when there is nothing to say."""
    name = prose(label.strip(), 40)
    if not name or not value.strip():
        return None
    return Mrkdwn(f"*{name}* {prose(value.strip(), limit) if _is_sentence(value) else code(value, limit)}")


def footer(record: Record) -> Mrkdwn:
    """`F-1234 | seen 3x | open since … | route prod-critical`."""
    return words(
        "parts.footer",
        ref=record.ref,
        seen=record.seen,
        since=date(began(record)),
        open="open since" if is_live(record) else "since",
        route=prose(record.route, 60),
    )


def short_state(record: Record, now: datetime, reader: str = "") -> Mrkdwn:
    """The state as a row shows it: who has it, how long it is there, or how long ago it was resolved.

    To `reader` (a user's id) it says until when in the place of their own name.
    """
    if record.state is State.ACKNOWLEDGED and not record.ack_by:
        return Mrkdwn(f"{STATE_ICON[record.state]} in Security Hub")
    if record.state is State.ACKNOWLEDGED:
        whose = (
            f"until {date(record.ack_until)}" if record.ack_until and record.ack_by == reader else user(record.ack_by)
        )
        return Mrkdwn(f"{STATE_ICON[record.state]} {whose}")
    if record.state is State.OPEN:
        since = age(began(record), now)
        length = "just now" if since.startswith("under") else since
        whose = "you" if record.assignee == reader else user(record.assignee)
        return Mrkdwn(f"{length} · {ASSIGNED} {whose}" if record.assignee else length)
    if record.state is State.RESOLVED:
        return Mrkdwn(ago(record.resolved_at or record.changed, now))
    until = f" until {date(record.lease_until)}" if record.lease and record.lease_until else ""
    return Mrkdwn(f"{STATE_ICON[record.state]} {record.state}{until}")


def short_row(record: Record, now: datetime, reader: str = "") -> Mrkdwn:
    """A finding on two lines: `🔴 *CRITICAL* title` and `F-12 · 3 d · prod · payments-prod 111122223333`, as a list's rows are."""
    icon, severity = grade(record)
    return words(
        "parts.short_row",
        icon=icon,
        severity=severity,
        ref=record.ref,
        title=prose(short_title(record.finding), 120),
        env=prose(record.account.env or "no environment", 30),
        account=account(record),
        state=short_state(record, now, reader),
    )


def resource_line(resource: Resource) -> Mrkdwn:
    """One resource with its whole id, type and region."""
    extra = [prose(t, 60) for t in (resource.type, resource.region) if t.strip()]
    return Mrkdwn(" · ".join([code(resource.id or resource.label, 200), *extra]))
