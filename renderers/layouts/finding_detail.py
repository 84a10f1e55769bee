"""Everything about one finding, as a modal (with the source's own JSON) or as an answer.

A modal is opened at once as "loading", because Slack's trigger lives three seconds, and is updated when the record is there. Only
Slack's limits cut here; what is left out is counted.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime

from bot.domain.finding import Finding, Record
from bot.domain.views import FindingDetail, Related
from bot.plugins import Layout, Message, Modal
from renderers import buttons, parts
from renderers.actions import CONSOLE, encode
from renderers.blocks import (
    WARNING,
    Block,
    actions,
    context,
    divider,
    fields,
    header,
    link_button,
    paragraph,
    plain_text,
    run_button,
    section,
    sections,
)
from renderers.changes import change_line
from renderers.engine import words
from renderers.limits import MAX_TEXT
from renderers.mrkdwn import Mrkdwn, channel, code, code_block, date, plain, plain_lines, prose, sentence

PLACES = 10
RAW_MAX = 2900
RAW_BLOCKS = 4
FENCES = 10  # characters around a code block
SAID = {"card": "Card posted in", "edit": "Card edited in", "thread": "Thread line in"}


@dataclass(frozen=True, slots=True)
class _Room:
    """How much a surface holds: characters of the title and the description, rows of resources, timeline and each related list."""

    title: int
    description: int
    resources: int
    timeline: int
    related: int


_MODAL = _Room(title=10_000, description=10_000, resources=50, timeline=30, related=5)
_MESSAGE = _Room(title=2_000, description=2_000, resources=20, timeline=8, related=3)
_LISTS = 4  # related lists

# The one host whose links a payload may bring: AWS's own documentation.
_GUIDE = re.compile(r"https://docs\.aws\.amazon\.com/[A-Za-z0-9/_.?=&%#-]{1,1000}")


def render(view: FindingDetail) -> Message | Modal:
    """A modal of at most 100 blocks when `view.modal`, else a message within Slack's 12,000 characters."""
    blocks = [*_problem(view), *_content(view)]
    if view.modal:
        title = view.record.ref if view.record else "Finding"
        return Modal({"type": "modal", "title": plain_text(title), "close": plain_text("Close"), "blocks": blocks})
    return Message(_text(view), tuple(blocks))


def _text(view: FindingDetail) -> str:
    record = view.record
    if record is None:
        return prose(view.problem, 150) or "Loading…"
    title = prose(parts.short_title(record.finding), 110)
    return words("finding_detail.text", ref=record.ref, severity=parts.grade(record)[1], title=title)


def _problem(view: FindingDetail) -> list[Block]:
    return [section(Mrkdwn(f"{WARNING} {sentence(view.problem)}"))] if view.problem.strip() else []


def _content(view: FindingDetail) -> list[Block]:
    if view.record is None:
        return [] if view.problem.strip() else [section(words("finding_detail.loading"))]
    room = _MODAL if view.modal else _MESSAGE
    record = view.record
    middle = [*_facts(record, room), *_history(view, record, room), *_related(view, room)]
    return [*_summary(record, room), *middle, *_end(view, record)]


def _summary(record: Record, room: _Room) -> list[Block]:
    state = parts.state_line(record)
    return [
        header(parts.headline(record)),
        *([section(state)] if state else []),
        fields(parts.field_texts(record)),
        *_prose(record, room),
    ]


def _prose(record: Record, room: _Room) -> list[Block]:
    """The whole title when the header does not show it so, and the description."""
    title = plain(parts.title_of(record.finding), room.title)
    texts = [] if parts.headline(record).endswith(title) else [title]
    texts.append(plain_lines(record.finding.description, room.description))
    return [paragraph(text[i : i + MAX_TEXT]) for text in texts for i in range(0, len(text), MAX_TEXT)]


def _facts(record: Record, room: _Room) -> list[Block]:
    finding = record.finding
    lines = [f for label, value in finding.evidence if (f := parts.fact(label, value))]
    resources = [parts.resource_line(r) for r in finding.resources[: room.resources]]
    total = Mrkdwn(str(len(finding.resources)))
    return [
        section(_source_says(finding)),
        *_listed(words("finding_detail.evidence"), lines, len(lines)),
        *_listed(words("finding_detail.resources", total=total), resources, len(finding.resources)),
    ]


def _source_says(finding: Finding) -> Mrkdwn:
    said = (finding.workflow, finding.record_state, finding.compliance)
    return words(
        "finding_detail.source_says",
        type=code(finding.type, 200) if finding.type.strip() else "",
        first=date(finding.first_seen),
        last=date(finding.last_seen) if finding.last_seen else "",
        said=Mrkdwn(", ".join(code(s, 60) for s in said if s.strip())),
        standards=Mrkdwn(", ".join(code(s, 60) for s in finding.standards[:10] if s.strip())),
        native_id=code(finding.native_id, 500),
    )


def _listed(title: Mrkdwn, lines: Iterable[Mrkdwn], total: int) -> list[Block]:
    """A titled list; nothing when it is empty, and a count of what is not in it."""
    shown = list(lines)
    if not shown:
        return []
    left_out = total - len(shown)
    more = [words("finding_detail.more", number=left_out)] if left_out > 0 else []
    return sections([title, *shown, *more])


def _history(view: FindingDetail, record: Record, room: _Room) -> list[Block]:
    """The newest entries and what Slack was told, newest first, and where the cards are."""
    told = sorted(_events(view, record), key=lambda event: event[0], reverse=True)
    lines = [Mrkdwn(f"{date(at)} {line}") for at, line in told[: room.timeline]]
    channels = list(dict.fromkeys(channel(place[0]) for place in view.places))[:PLACES]
    shown = [section(words("finding_detail.places", channels=Mrkdwn(", ".join(channels))))] if channels else []
    return [*_listed(words("finding_detail.timeline"), lines, len(told)), *shown]


def _events(view: FindingDetail, record: Record) -> Iterator[tuple[datetime, Mrkdwn]]:
    for at, kind, place in view.said:
        what = SAID.get(kind, "Told in")
        yield at, words("finding_detail.said", what=what, channel=channel(place))
    for entry in view.timeline:
        yield entry.at, change_line(record, entry)


def _related(view: FindingDetail, room: _Room) -> list[Block]:
    return [block for related in view.related[:_LISTS] for block in _related_list(related, view.now, room)]


def _related_list(related: Related, now: datetime, room: _Room) -> list[Block]:
    """A titled list whose head has the button that lists them all."""
    title = words("finding_detail.related", title=prose(related.title, 100), total=f"{related.total:,}")
    lines = [parts.short_row(record, now) for record in related.rows[: room.related]]
    blocks = sections([title, *lines]) if lines else []
    for block, accessory in zip(blocks, run_button("List all", related.command), strict=False):
        block["accessory"] = accessory
    return blocks


def _end(view: FindingDetail, record: Record) -> list[Block]:
    row = buttons.on_detail(record)
    guide = record.finding.remediation_url.strip()
    told: list[Block] = []
    if _GUIDE.fullmatch(guide):
        row.insert(-1, link_button("How to fix it", encode(f"{CONSOLE}.guide", number=record.number), guide))
    elif guide:
        told = [section(words("finding_detail.guide", url=code(guide, 500)))]
    link = [words("finding_detail.link", url=code(view.link, 300))] if view.link.strip() else []
    return [*told, context(parts.footer(record), *link), *actions(row), *_raw(view)]


def _raw(view: FindingDetail) -> list[Block]:
    if not view.modal or not view.raw.strip():
        return []
    pieces = list(_pieces(_indented(view.raw).splitlines()))
    cut_off = [section(words("finding_detail.raw_more"))] if len(pieces) > RAW_BLOCKS else []
    shown = [section(code_block(piece, RAW_MAX)) for piece in pieces[:RAW_BLOCKS]]
    return [divider(), section(words("finding_detail.raw")), *shown, *cut_off]


def _indented(raw: str) -> str:
    """JSON with one step a line, as a phone can show it; any other text as it is."""
    try:
        return json.dumps(json.loads(raw), indent=1, ensure_ascii=False)
    except (ValueError, RecursionError):
        return raw


def _pieces(lines: Iterable[str]) -> Iterator[str]:
    """The lines in portions that a code block holds whole, entities counted as written; a longer line is a portion of its own."""
    piece: list[str] = []
    size = 0
    for line in lines:
        length = len(line) + 4 * line.count("&") + 3 * (line.count("<") + line.count(">")) + 1
        if piece and size + length > RAW_MAX - FENCES:
            yield "\n".join(piece)
            piece, size = [], 0
        piece.append(line)
        size += length
    yield "\n".join(piece)


LAYOUT = Layout(name="finding_detail", view=FindingDetail, render=render)
