"""Rules that hide findings behind secbot's back, or that are no longer as it made them: the dangerous ones first, each with who made it.

The same report is posted to a channel at night, where it tells what is new and counts the rest, and answers a person, whom it tells
everything. Names, filters and makers are whoever's who made the rule: an attacker's, perhaps. It judges nothing: drift.py did.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from bot.domain.drift import Drift, Kind, Maker, Rule
from bot.domain.hiding_views import DriftReport
from bot.plugins import Layout, Message
from renderers.blocks import GOOD, WARNING, Block, actions, context, count, run_button, section
from renderers.engine import words
from renderers.hiding import leads_to
from renderers.mrkdwn import NOTHING, Mrkdwn, code, date, prose
from renderers.naming import short_arns
from renderers.parts import SOURCE_NAMES, lease_name

ROWS = 20
BLIND = 10
LEASES = 5
MOST_WHAT = 240  # characters of what a rule does: twenty of them are within a message
LOOK = "leases drift"

BROAD = "🚨"
# (icon, what is wrong, the same for a headline's count)
KINDS: dict[Kind, tuple[str, str, str]] = {
    Kind.FOREIGN: ("❓", "Not made by secbot", "not made by secbot"),
    Kind.CHANGED: ("✏️", "secbot's rule, changed outside", "changed outside"),
    Kind.GONE: ("🕳️", "secbot's rule, gone", "gone"),
    Kind.STRAY: ("➖", "secbot's rule, needed by no suppression", "needed by no suppression"),
}
_ORDER = tuple(KINDS)
_DID = {"Create": "Made", "Update": "Changed", "Delete": "Deleted"}
"""What a person did, by how the API call begins; `BatchUpdateAutomationRules` and its like count by what follows `Batch`."""


def render(view: DriftReport) -> Message:
    """At most 24 blocks: how many of what, twenty rules, how many more, what could not be looked at, the button."""
    found = sorted(_told(view), key=_rank)
    blocks = [
        section(_head(view, found)),
        *(_row(drift, view) for drift in found[:ROWS]),
        *_left_out(len(found) - ROWS),
        *_blind(view.seen.blind),
        *actions(_button(view, len(found))),
    ]
    return Message(_text(view, found), tuple(blocks))


def _told(view: DriftReport) -> list[Drift]:
    return [d for d in view.seen.found if not view.nightly or d.key in view.seen.news]


def _rank(drift: Drift) -> tuple[bool, int, str, str]:
    """Broad ones first, whoever made them; then those that secbot did not make."""
    return not drift.rule.broad, _ORDER.index(drift.kind), drift.rule.place, drift.rule.name


def _text(view: DriftReport, found: Sequence[Drift]) -> Mrkdwn:
    return words(
        "drift_report.text",
        rules=count(len(found), "rule") if found else "",
        kinds=_kinds(found),
        before=len(view.seen.found) - len(found),
        blind=count(len(view.seen.blind), "place"),
        is_blind=bool(view.seen.blind),
        looked=count(view.seen.looked, "rule"),
    )


def _head(view: DriftReport, found: Sequence[Drift]) -> Mrkdwn:
    before = len(view.seen.found) - len(found)
    is_well = not view.seen.found and not view.seen.blind
    return words(
        "drift_report.head",
        icon=GOOD if is_well else BROAD if any(d.rule.broad for d in found) else WARNING,
        rules=count(len(found), "rule") if found else "",
        new=view.nightly,
        kinds=_kinds(found),
        before=f"{before:,}" if before else "",
        blind=bool(view.seen.blind),
        looked=count(view.seen.looked, "rule"),
        were="was" if view.seen.looked == 1 else "were",
    )


def _kinds(found: Sequence[Drift]) -> str:
    """`2 broad; 3 not made by secbot, 1 gone`."""
    by_kind = Counter(d.kind for d in found)
    broad = sum(bool(d.rule.broad) for d in found)
    kinds = ", ".join(f"{by_kind[kind]:,} {KINDS[kind][2]}" for kind in _ORDER if by_kind[kind])
    return f"{broad:,} broad; {kinds}" if broad else kinds


# --- one rule -------------------------------------------------------------------------------------------------------------------


def _row(drift: Drift, view: DriftReport) -> Block:
    rule = drift.rule
    icon, wrong, _ = KINDS[drift.kind]
    text = words(
        "drift_report.row",
        broad=BROAD if rule.broad else "",
        new=not view.nightly and drift.key in view.seen.news,
        icon=icon,
        wrong=wrong,
        service=prose(SOURCE_NAMES.get(rule.service, rule.service), 40),
        place=_place(rule),
        name=code(rule.name or rule.id, 100),
        what=code(rule.what, MOST_WHAT) if rule.what.strip() else "",
        why=prose(rule.broad, 150),
        maker=_maker(drift.maker) if drift.maker else "",
        asked=drift.key in view.seen.news,
        updated=code(rule.updated, 40) if rule.updated.strip() else "",
        leases=_leases(drift.leases),
    )
    return section(text, *(leads_to(drift.leases[0]) if drift.leases else ()))


def _place(rule: Rule) -> Mrkdwn:
    """`analyzer `company` · eu-central-1` of an analyzer's ARN, else the Region."""
    pieces = rule.place.split(":", 5)
    if len(pieces) < 6 or pieces[0] != "arn":
        return prose(rule.place.strip() or NOTHING, 80)
    return Mrkdwn(f"analyzer {code(pieces[5].removeprefix('analyzer/'), 60)} · {prose(pieces[3], 40) or NOTHING}")


def _maker(maker: Maker) -> Mrkdwn:
    operation = maker.did.removeprefix("Batch")
    did = next((word for start, word in _DID.items() if operation.startswith(start)), "Touched")
    return words(
        "drift_report.maker",
        did=did,
        who=code(short_arns(maker.who[:500], ""), 100),
        call=code(maker.did, 60),
        when=date(maker.at, " at "),
    )


def _leases(ids: Sequence[str]) -> Mrkdwn:
    more = len(ids) - LEASES
    shown = ", ".join(lease_name(i) for i in ids[:LEASES])
    return Mrkdwn(f"{shown} and {more} more" if more > 0 else shown)


# --- the rest -------------------------------------------------------------------------------------------------------------------


def _left_out(number: int) -> list[Block]:
    return [context(words("drift_report.more", number=f"{number:,}"))] if number > 0 else []


def _blind(places: Sequence[str]) -> list[Block]:
    """What was not seen is told as loudly as what was: silence must not be taken for health."""
    if not places:
        return []
    shown = Mrkdwn("\n".join(f"• {prose(place.strip() or NOTHING, 150)}" for place in places[:BLIND]))
    more = len(places) - BLIND
    return [section(words("drift_report.blind", icon=WARNING, places=shown, more=more if more > 0 else ""))]


def _button(view: DriftReport, told: int) -> list[Block]:
    """An answer can be had again; a report that does not list everything leads to the answer that does."""
    if not view.nightly:
        return run_button("Look again", LOOK)
    return run_button("Show all", LOOK) if len(view.seen.found) > min(told, ROWS) else []


LAYOUT = Layout(name="drift_report", view=DriftReport, render=render)
