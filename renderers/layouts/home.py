"""The Home tab: what waits for its reader's approval, what is on them, what ends soon, saved views, how things stand, whether secbot works.

It counts and lists and decides nothing; what does not fit is counted and can be listed.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from bot.domain.finding import Record, Severity, State
from bot.domain.query import quote
from bot.domain.suppression import Lease
from bot.domain.views import Home, ViewRow
from bot.plugins import Layout, Modal
from renderers import buttons, parts
from renderers.actions import OPEN, encode
from renderers.blocks import (
    BAD,
    GOOD,
    STATE_ICON,
    WARNING,
    Block,
    actions,
    button,
    capitalised,
    context,
    divider,
    header,
    run_button,
    section,
    sections,
    tally,
)
from renderers.engine import words
from renderers.hiding import covered, leads_to, named, person
from renderers.mrkdwn import Mrkdwn, date, prose, sentence, user
from renderers.saved import view_line

# Together with titles and dividers at most 50 blocks: Slack takes a hundred, and nobody reads that many on a phone.
ROWS = 8
ENDING = 5
APPROVALS = 4
LEASES = 4
VIEWS = 6
ENVS = 6
PARTS = 10
MINE = "findings me"
SOON = "leases expiring:<3d"  # keep in sync with Home.leases


def render(view: Home) -> Modal:
    """A Home view of at most 50 blocks."""
    content = _problem(view) if view.problem.strip() else _content(view)
    return Modal({"type": "home", "blocks": [*_top(view), *content, *_foot(view)]})


def _top(view: Home) -> list[Block]:
    row = [
        button("Ask…", encode(OPEN), primary=True),
        *run_button("All findings", "findings"),
        *run_button("Help", "help"),
    ]
    who = user(view.user) if view.user else ""
    greeting = words("home.hello" if view.problem.strip() else "home.greeting", who=who, counts=tally(view.counts))
    return [
        header("secbot"),
        section(greeting),
        *actions(row),
    ]


def _problem(view: Home) -> list[Block]:
    return [section(Mrkdwn(f"{WARNING} {sentence(view.problem)}"))]


def _content(view: Home) -> list[Block]:
    """What others wait for comes first."""
    waiting = [*_approvals(view), *_on_you(view), *_leases(view)]
    return [*waiting, *_views(view), *_envs(view), divider(), *_health(view)]


def _approvals(view: Home) -> list[Block]:
    if not view.approvals:
        return []
    more = f"{left_out:,}" if (left_out := len(view.approvals) - APPROVALS) > 0 else ""
    title = section(words("home.approvals", total=f"{len(view.approvals):,}", more=more))
    return [divider(), title, *(_approval(lease, record) for lease, record in view.approvals[:APPROVALS])]


def _approval(lease: Lease, record: Record) -> Block:
    icon, severity = parts.grade(record)
    text = words(
        "home.approval",
        name=named(lease),
        who=person(lease.author),
        until=date(lease.until),
        icon=icon,
        severity=severity,
        title=prose(parts.short_title(record.finding), 120),
        ref=record.ref,
        account=parts.account(record),
    )
    return section(text, *leads_to(lease.id, "Look"))


def _leases(view: Home) -> list[Block]:
    if not view.leases:
        return []
    has_more = len(view.leases) > LEASES
    title = section(words("home.leases"), *run_button("List all", SOON) if has_more else ())
    return [divider(), title, *(_lease(lease) for lease in view.leases[:LEASES])]


def _lease(lease: Lease) -> Block:
    text = words(
        "home.lease",
        icon=STATE_ICON[State.SUPPRESSED],
        name=named(lease),
        scope=covered(lease, 150),
        until=date(lease.until),
        owner=person(lease.owner),
    )
    return section(text, *leads_to(lease.id))


def _on_you(view: Home) -> list[Block]:
    """What is on the reader, then what of it ends soon: nothing is shown twice."""
    if not view.on_you and not view.ending:
        return [divider(), section(words("home.nothing_on_you", icon=GOOD))]
    ending = view.ending[:ENDING]
    shown = [r for r in view.on_you if r.number not in {e.number for e in ending}][:ROWS]
    total = max(view.on_you_total, len(shown) + len(ending))
    has_more = total > len(shown) + len(ending)
    title = section(words("home.on_you", total=f"{total:,}"), *run_button("List all", MINE) if has_more else ())
    soon = [section(words("home.ending_title")), *_rows(ending, view)] if ending else []
    return [divider(), title, *_rows(shown, view), *soon]


def _rows(records: Iterable[Record], view: Home) -> list[Block]:
    return [section(parts.short_row(r, view.now, view.user), buttons.row_menu(r)) for r in records]


def _views(view: Home) -> list[Block]:
    if not view.views:
        return []
    return [divider(), _title_of_views(view), *(_view(row) for row in view.views[:VIEWS])]


def _title_of_views(view: Home) -> Block:
    return section(words("home.views"), *run_button("List all", "views") if len(view.views) > VIEWS else ())


def _view(row: ViewRow) -> Block:
    is_open = run_button("Open", f"findings @{row.name}") if row.name and not row.problem else []
    return section(view_line(row, is_whole=False), *is_open)


def _envs(view: Home) -> list[Block]:
    if not view.envs:
        return []
    return [divider(), section(words("home.envs")), *(_env(env, counts) for env, counts in view.envs[:ENVS])]


def _env(env: str, counts: Mapping[Severity, int]) -> Block:
    name = prose(env, 40)
    text = words("home.env", env=name or "no environment", counts=tally(counts) or f"{GOOD} nothing open")
    return section(text, *(run_button("List", f"findings env:{quote(env)}") if name else ()))


def _health(view: Home) -> list[Block]:
    broken = [(name, note) for name, works, note in view.health if not works]
    if not broken:
        return [section(words("home.well", icon=GOOD))]
    lines = [
        words("home.broken", icon=BAD, name=prose(capitalised(name), 40), note=prose(note, 150))
        for name, note in broken[:PARTS]
    ]
    return sections([words("home.ill", icon=WARNING), *lines])


def _foot(view: Home) -> list[Block]:
    return [context(words("home.foot", when=date(view.now)))]


LAYOUT = Layout(name="home", view=Home, render=render)
