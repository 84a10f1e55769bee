"""A record as the query language sees it: one casefolded text a key.

The SQL store keeps these very texts in columns and the in-memory predicate reads them from here, so that the two cannot disagree on
case, on which resource counts or on what `text:` looks at. A key with several values (resource, standard, by) is their texts between
newlines, with one at either end.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from bot.domain.finding import Record, State, resource_name

MAX_FACET = 500  # characters of one value; a longer name is found by its beginning
MAX_VALUES = 20  # resources and standards of one finding that can be asked for
MAX_SEARCH = 2000

LIVE = frozenset({State.OPEN, State.ACKNOWLEDGED})
"""States of a problem that is still there and not hidden: what a list shows unless it is asked otherwise."""


@dataclass(frozen=True, slots=True)
class Facets:
    """What can be asked of a finding. `until` is when an acknowledgement or a suppression ends, `by` whose it is: who acknowledged it
    and to whom it is assigned."""

    env: str
    account: str
    account_name: str
    ou: str
    owner: str
    severity: int
    source: str
    control: str
    standard: str
    type: str
    resource: str
    region: str
    state: str
    live: bool
    first: datetime
    last: datetime
    until: datetime | None
    by: str
    search: str


def facets(record: Record) -> Facets:
    """The facets of a record. Never raises."""
    f, a = record.finding, record.account
    resources = [(r, resource_name(r.id)) for r in f.resources[:MAX_VALUES]]
    names = [n for r, tail in resources for n in (r.id, r.name or tail, r.name)]
    return Facets(
        env=fold(a.env),
        account=f.account[:64],
        account_name=fold(a.name),
        ou=fold(a.ou),
        owner=fold(a.owner),
        severity=int(f.severity),
        source=fold(f.source),
        control=fold(f.control),
        standard=frame(f.standards[:MAX_VALUES]),
        type=fold(f.type),
        resource=frame(names),
        region=fold(f.region),
        state=str(record.state),
        live=record.state in LIVE,
        first=f.first_seen,
        last=f.updated,
        until=record.lease_until or record.ack_until,
        by=frame((record.ack_by, record.assignee)),
        search=fold(
            " ".join((f.title, f.type, f.control, a.name, *(tail for _, tail in resources))),
            MAX_SEARCH,
        ),
    )


def fold(text: str, limit: int = MAX_FACET) -> str:
    """Casefolded, without newlines, cut."""
    folded = text.casefold()
    return folded if len(folded) <= limit and "\n" not in folded else folded.replace("\n", " ")[:limit]


def frame(values: Iterable[str]) -> str:
    """Several values as one newline-framed text; empty when there is none."""
    folded = list(dict.fromkeys(fold(v) for v in values if v))
    return "\n" + "\n".join(folded) + "\n" if folded else ""
