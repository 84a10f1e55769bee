"""Between escalations, swaps, quiet hours and figures, and their rows; codec.py has the rest and the rules.

The problem: what is kept must come back exactly as it went in. It refuses to talk to a database.
"""

from __future__ import annotations

from typing import Any

from bot.adapters.sql.codec import Row, clean, maybe_micros, maybe_moment, micros, moment
from bot.domain.escalation import Escalation, Progress
from bot.domain.figures import Figure
from bot.domain.finding import Severity
from bot.domain.oncall import Swap
from bot.ports.oncall import Quiet


def escalation_row(escalation: Escalation) -> Row:
    return {
        "number": escalation.number,
        "generation": escalation.generation,
        "policy": clean(escalation.policy),
        "started": micros(escalation.started),
        "due": micros(escalation.due),
        "rung": escalation.rung,
        "told": maybe_micros(escalation.told),
        "progress": escalation.progress.value,
        "why": clean(escalation.why),
        "by": clean(escalation.by),
    }


def unpack_escalation(row: Any) -> Escalation:
    return Escalation(
        number=row.number,
        generation=row.generation,
        policy=row.policy,
        started=moment(row.started),
        due=moment(row.due),
        rung=row.rung,
        told=maybe_moment(row.told),
        progress=Progress(row.progress),
        why=row.why,
        by=row.by,
    )


def swap_row(swap: Swap) -> Row:
    return {
        "id": clean(swap.id),
        "rotation": clean(swap.rotation),
        "person": clean(swap.person),
        "start": micros(swap.start),
        "end": micros(swap.end),
        "author": clean(swap.author),
        "made": micros(swap.made),
    }


def unpack_swap(row: Any) -> Swap:
    return Swap(
        id=row.id,
        rotation=row.rotation,
        person=row.person,
        start=moment(row.start),
        end=moment(row.end),
        author=row.author,
        made=moment(row.made),
    )


def quiet_row(quiet: Quiet) -> Row:
    return {
        "user": clean(quiet.user),
        "begin": quiet.begin,
        "end": quiet.end,
        "zone": clean(quiet.zone),
        "told": maybe_micros(quiet.told),
    }


def unpack_quiet(row: Any) -> Quiet:
    return Quiet(user=row.user, begin=row.begin, end=row.end, zone=row.zone, told=maybe_moment(row.told))


def figure_row(figure: Figure) -> Row:
    return {
        "number": figure.number,
        "generation": figure.generation,
        "env": clean(figure.env),
        "severity": int(figure.severity),
        "opened": micros(figure.opened),
        "acked": maybe_micros(figure.acked),
        "resolved": maybe_micros(figure.resolved),
    }


def unpack_figure(row: Any) -> Figure:
    return Figure(
        number=row.number,
        generation=row.generation,
        env=row.env,
        severity=Severity(row.severity),
        opened=moment(row.opened),
        acked=maybe_moment(row.acked),
        resolved=maybe_moment(row.resolved),
    )
