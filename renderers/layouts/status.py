"""Whether silence can be trusted: what works, when each source was last heard, what waits, how long findings wait, what was set aside."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from bot.domain.views import Status
from bot.plugins import Layout, Message
from renderers.blocks import GOOD, WARNING, Block, age, ago, capitalised, context, flag, section, sections, span
from renderers.engine import words
from renderers.figures import wait_lines
from renderers.mrkdwn import Mrkdwn, channel, code, date, prose
from renderers.parts import SOURCE_NAMES

ROWS = 20
WAITS = 8
DAYS = 30  # keep in sync with Status.waits
LONG = timedelta(hours=1)  # a silence that is worth its time of day


def render(view: Status) -> Message:
    """At most 10 blocks."""
    verdict = "works" if _is_well(view) else "needs attention"
    head = words("status.head", icon=GOOD if _is_well(view) else WARNING, verdict=verdict)
    return Message(
        words("status.text", verdict=verdict, waiting=view.waiting),
        (
            *sections([head, *_parts(view)]),
            *_freshness(view),
            section(_backlog(view)),
            *_blocked(view),
            *_aside(view),
            *_waits(view),
            context(words("status.foot", uptime=span(view.now - view.started), version=prose(view.version, 40))),
        ),
    )


def _is_well(view: Status) -> bool:
    return all(works for _, works, _ in view.parts) and not view.blocked


def _parts(view: Status) -> list[Mrkdwn]:
    return [
        words("status.part", icon=flag(works), name=prose(capitalised(name), 40), note=prose(note, 150))
        for name, works, note in view.parts[:ROWS]
    ]


def _freshness(view: Status) -> list[Block]:
    """The longest silence first."""
    heard = sorted(view.freshness.items(), key=lambda item: item[1])[:ROWS]
    if not heard:
        return [section(words("status.silent"))]
    lines = [
        words(
            "status.fresh",
            source=prose(SOURCE_NAMES.get(s, s), 40),
            ago=ago(at, view.now),
            when=date(at) if view.now - at >= LONG else "",
        )
        for s, at in heard
    ]
    return sections([words("status.fresh_title"), *lines])


def _backlog(view: Status) -> Mrkdwn:
    return words(
        "status.backlog",
        waiting=f"{view.waiting:,}",
        oldest=age(view.oldest, view.now) if view.oldest and view.waiting else "",
        queue="" if view.queue_depth is None else f"{view.queue_depth:,}",
        states=_counted(view.states.items()) or "none",
    )


def _blocked(view: Status) -> list[Block]:
    lines = [
        words("status.blocked", channel=channel(where), reason=code(reason, 60), waiting=f"{waiting:,}")
        for where, reason, waiting in view.blocked[:ROWS]
    ]
    return sections([words("status.blocked_title", icon=WARNING), *lines]) if lines else []


def _aside(view: Status) -> list[Block]:
    text = words(
        "status.aside",
        icon=WARNING,
        quarantined=f"{view.quarantined:,}" if view.quarantined else "",
        reasons=_counted(view.quarantine_reasons),
        ignored=_counted(view.ignored.items()),
    )
    return [section(text)] if text else []


def _waits(view: Status) -> list[Block]:
    """How long findings waited, of the worst severities."""
    lines = wait_lines(view.waits[:WAITS])
    return sections([words("figures.head", days=DAYS), *lines]) if lines else []


def _counted(pairs: Iterable[tuple[str, int]]) -> Mrkdwn:
    """`open 12, resolved 3`: the largest first."""
    largest = sorted(pairs, key=lambda pair: -pair[1])[:ROWS]
    return Mrkdwn(", ".join(f"{prose(name.replace('_', ' '), 40)} {number:,}" for name, number in largest))


LAYOUT = Layout(name="status", view=Status, render=render)
