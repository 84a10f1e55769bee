"""`/sec suppress F-1234 14d "vendor scanner, SEC-9"`, the button, the thread: all open the same window; typed text never hides anything.

window (what, why, until when, whose) -> preview (what it hides, what is done at the source, who must agree) -> the press that does it
"""

from __future__ import annotations

import re
from datetime import datetime

from bot.domain.authz import Permission
from bot.domain.finding import Record
from bot.domain.hiding_views import LeaseShown, SuppressForm, SuppressPreview
from bot.domain.message import Pressed
from bot.domain.query import show
from bot.domain.suppression import (
    Lease,
    ReasonClass,
    ScopeKind,
    Stage,
    digest,
    query_problem,
    reason_problem,
    scope_query,
)
from bot.domain.syntax import parse, parse_duration
from bot.domain.typed import normalise
from bot.domain.views import Trouble
from bot.errors import Malformed, UserError
from bot.plugins import Action, Command
from bot.services.context import Context
from bot.services.suppress import Begun, Preview

_TICKET = re.compile(r"\b[A-Z][A-Z0-9]{1,9}-\d{1,7}\b")
_QUOTED = re.compile(r'"([^"]*)"')


async def run(context: Context, text: str) -> Trouble | None:
    """Open the window for the finding that the text names, with what else it says filled in."""
    clean = normalise(text)
    reason = " ".join(_QUOTED.findall(clean))
    words = _QUOTED.sub(" ", clean).split()
    ends = [w for w in words if parse_duration(w)]
    rest = [w for w in words if w not in ends]
    number = await context.suite.refs.one(" ".join(rest), "suppress", context.asker)
    ticket = _TICKET.search(reason)
    return await _open(context, number, ends=ends[0] if ends else "", reason=reason, ticket=ticket[0] if ticket else "")


async def press(context: Context, pressed: Pressed) -> Trouble | None:
    """The `Suppress…` button."""
    return await _open(context, pressed.number)


async def _open(context: Context, number: int, *, ends: str = "", reason: str = "", ticket: str = "") -> Trouble | None:
    record = await context.suite.details.record(number)
    context.must(Permission.SUPPRESS, record)
    most = context.suite.suppressions.most_days[record.finding.severity]
    form = SuppressForm(
        record=record,
        now=context.now,
        ends=ends or f"{min(7, most)}d",
        reason=reason,
        ticket=ticket,
        owner=context.actor.id,
        most=f"{most} days for {record.finding.severity.word} findings",
    )
    if await context.surface.open(form):
        return None
    return Trouble(messages=(f"A window cannot be opened from here. Press Suppress… on the card of {record.ref}.",))


async def submit(context: Context, pressed: Pressed) -> SuppressPreview | Trouble:
    """The window was submitted: say what it would do."""
    record = await context.suite.details.record(pressed.number)
    context.must(Permission.SUPPRESS, record)
    return _shown(await context.suite.suppressions.draft(_draft(context, record, pressed)), context.now)


def _draft(context: Context, record: Record, pressed: Pressed) -> Lease:
    values = pressed.values
    kind, why = values.get("scope", ""), values.get("why", "")
    lasts = parse_duration(values.get("ends", "").strip())
    if kind not in set(ScopeKind) or why not in set(ReasonClass) or lasts is None:
        raise Malformed("a suppression without a scope, a reason or an end")
    custom = parse(values.get("filter", ""), context.suite.lexicon.names())
    if kind == ScopeKind.CUSTOM and (custom.problems or query_problem(custom.query)):
        raise UserError(custom.problems[0].message if custom.problems else query_problem(custom.query))
    return Lease(
        id="",
        kind=ScopeKind(kind),
        number=record.number,
        query=show(scope_query(ScopeKind(kind), record, custom.query)),
        why=ReasonClass(why),
        reason=" ".join(values.get("reason", "").split()),
        ticket=values.get("ticket", "").strip()[:100],
        owner=values.get("owner") or context.actor.id,
        author=context.actor.id,
        created=context.now,
        until=context.now + lasts,
        stage=Stage.DRAFT,
    )


def _check(pressed: Pressed) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if problem := reason_problem(pressed.values.get("reason", "")):
        wrong["reason"] = problem
    if not parse_duration(pressed.values.get("ends", "").strip()):
        wrong["ends"] = "A time such as 4h, 7d or 2w."
    if pressed.values.get("scope") == ScopeKind.CUSTOM and not pressed.values.get("filter", "").strip():
        wrong["filter"] = "Which findings? For example account:payments-prod control:S3.2"
    return wrong


def _shown(preview: Preview, now: datetime, *, changed: bool = False) -> SuppressPreview:
    return SuppressPreview(
        lease=preview.lease,
        about=preview.about,
        reach=preview.reach,
        first=preview.first,
        verdict=preview.verdict,
        effect=preview.effect,
        digest=digest(preview.lease),
        now=now,
        changed=changed,
    )


async def go(context: Context, pressed: Pressed) -> SuppressPreview | LeaseShown:
    """The press under the preview; `extra` is the lease and the hash of what was shown."""
    id, dot, shown = pressed.extra.rpartition(".")
    if not dot:
        raise Malformed("a suppression's button without its draft")
    preview = await context.suite.suppressions.preview(id)
    context.must(Permission.SUPPRESS, preview.about)
    able = await context.who_may(Permission.APPROVE, preview.about)
    begun = await context.suite.suppressions.begin(id, shown, context.actor.id, able)
    if isinstance(begun, Preview):
        return _shown(begun, context.now, changed=True)
    return await _began(context, begun)


async def _began(context: Context, begun: Begun) -> LeaseShown:
    about = await context.suite.details.record(begun.lease.number)
    said = "Asked in the finding's thread: it begins when another person agrees." if begun.request else ""
    return LeaseShown(lease=begun.lease, about=about, now=context.now, may_end=begun.request is None, said=said)


COMMAND = Command(
    name="suppress",
    aliases=("x", "hide"),
    summary="Hide findings for a time, with a reason, an owner and an end; shown before it is done.",
    usage='/sec suppress F-1234 [14d] ["reason, TICKET-9"]',
    permission=Permission.SUPPRESS,
    run=run,
    examples=('/sec suppress F-1234 14d "vendor scanner, SEC-9"',),
    actions=(
        Action("suppress", Permission.SUPPRESS, press),
        Action("suppress.form", Permission.SUPPRESS, submit, check=_check),
        Action("suppress.go", Permission.SUPPRESS, go, in_place=True),
    ),
    order=36,
)
