"""`/sec suppress F-1234 14d "vendor scanner, SEC-9"`, the buttons, the thread: all open the same window; typed text never hides anything.

window (what, why, until when, whose) -> preview (what it hides, what is done at the source, who must agree) -> the press that does it

Several findings, or what a question holds, go the same way: counted in the preview, done by the second press.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from bot.domain.authz import Permission
from bot.domain.finding import Record, State
from bot.domain.hiding_views import LeaseShown, SuppressForm, SuppressPreview
from bot.domain.message import Pressed
from bot.domain.query import show
from bot.domain.suppression import (
    Lease,
    ReasonClass,
    ScopeKind,
    Stage,
    digest,
    never_hidden,
    query_problem,
    reason_problem,
    scope_query,
    these_query,
)
from bot.domain.syntax import parse, parse_duration
from bot.domain.typed import normalise
from bot.domain.views import Offer, Trouble
from bot.errors import Malformed, UserError
from bot.plugins import Action, Command
from bot.services.breakdown import MOST_COMMAND
from bot.services.context import Context
from bot.services.suppress import Begun, Preview

MOST_AT_ONCE = 50  # findings that are hidden one by one; more are a filter's
MOST_NAMED = 400  # characters of their numbers that a window carries
RENEW = "renew."  # begins the extra of a window that renews a lease
_TICKET = re.compile(r"\b[A-Z][A-Z0-9]{1,9}-\d{1,7}\b")
_QUOTED = re.compile(r'"([^"]*)"')
_NUMBERS = re.compile(r"[1-9][0-9]{0,11}(,[1-9][0-9]{0,11}){1,49}")


async def run(context: Context, text: str) -> Trouble | None:
    """Open the window for the findings that the text names or asks for, with what else it says filled in."""
    clean = normalise(text)
    reason = " ".join(_QUOTED.findall(clean))
    words = _QUOTED.sub(" ", clean).split()
    ends = [w for w in words if parse_duration(w)]
    rest = " ".join(w for w in words if w not in ends)
    ticket = _TICKET.search(reason)
    said = {"ends": ends[0] if ends else "", "reason": reason, "ticket": ticket[0] if ticket else ""}
    query = parse(rest, context.suite.lexicon.names()).query
    if query.filters and not query.refs and not rest.startswith("arn:"):
        picked = await context.suite.queries.pick(rest, context.asker, MOST_AT_ONCE)
        if isinstance(picked, Trouble):
            return picked
        return await _open(context, picked[0], filter=picked[1], **said)
    numbers = await context.suite.refs.some(rest, "suppress", context.asker)
    return await _open(context, [await context.suite.details.record(n) for n in numbers], **said)


async def press(context: Context, pressed: Pressed) -> Trouble | None:
    """The `Suppress…` button."""
    return await _open(context, [await context.suite.details.record(pressed.number)])


async def page(context: Context, pressed: Pressed) -> Trouble | None:
    """`Suppress page…`: the findings on a page of a list, or the list's question as a filter."""
    listing, number = pressed.page
    rows, problem = await context.suite.queries.rows(listing, number, context.asker)
    if problem:
        return problem
    question = await context.suite.queries.filter_of(listing, context.asker)
    return await _open(context, rows, filter=question if isinstance(question, str) else "")


async def _open(
    context: Context, records: Sequence[Record], *, ends: str = "", reason: str = "", ticket: str = "", filter: str = ""
) -> Trouble | None:
    wanted = _hideable(context, records)
    first = wanted[0]
    most = min(context.suite.suppressions.most_days[r.finding.severity] for r in wanted)
    worst = max(r.finding.severity for r in wanted)
    form = SuppressForm(
        record=first,
        now=context.now,
        ends=ends or f"{min(7, most)}d",
        reason=reason,
        ticket=ticket,
        owner=context.actor.id,
        filter=filter,
        most=f"{most} days for {worst.word} findings",
        several=tuple(wanted) if len(wanted) > 1 else (),
    )
    return await _opened(context, form)


async def _opened(context: Context, form: SuppressForm) -> Trouble | None:
    if await context.surface.open(form):
        return None
    # A message gives no leave to open a window, a button does: it asks for the same again.
    again = Offer("Open the window", _again(form))
    return Trouble(messages=("A window cannot be opened from a message.",), offers=(again,))


def _again(form: SuppressForm) -> str:
    """The command that would open this window; what a button cannot carry is left out."""
    reason = form.reason.replace('"', "'")
    refs = " ".join(r.ref for r in form.several or (form.record,))
    whole = " ".join(["suppress", refs, form.ends, *([f'"{reason}"'] if reason else [])])
    return whole if len(whole) <= MOST_COMMAND else f"suppress {refs} {form.ends}"


def _hideable(context: Context, records: Sequence[Record]) -> list[Record]:
    """Those of several that can be hidden, as many as a window can name; one finding is taken as it is, so that its preview says why not.

    Raises NotAllowed when the person may not hide one of them, UserError when none can be.
    """
    live = [r for r in records if r.state in (State.OPEN, State.ACKNOWLEDGED) and not never_hidden(r)]
    wanted = list(records) if len(records) == 1 else live
    if not wanted:
        raise UserError("None of these findings is open, so there is nothing to hide.")
    kept: list[Record] = []
    for record in wanted[:MOST_AT_ONCE]:
        context.must(Permission.SUPPRESS, record)
        if len(",".join(str(r.number) for r in (*kept, record))) <= MOST_NAMED:
            kept.append(record)
    return kept


async def renew(context: Context, pressed: Pressed) -> Trouble | None:
    """`Renew…`: the same window for a lease in force; its preview is counted anew."""
    lease = await _lease(context, pressed.extra)
    record = await context.suite.details.record(lease.number)
    context.must(Permission.SUPPRESS, record)
    await context.suite.suppressions.renewal(lease, context.actor.id)  # whether it is in force still
    days = context.suite.suppressions.most_days[record.finding.severity]
    form = SuppressForm(
        record=record,
        now=context.now,
        ends=f"{min(7, days)}d",
        why=lease.why,
        reason=lease.reason,
        ticket=lease.ticket,
        owner=lease.owner,
        most=f"{days} days for {record.finding.severity.word} findings",
        renews=lease,
    )
    return await _opened(context, form)


async def _lease(context: Context, id: str) -> Lease:
    async with context.suite.store.reads() as reads:
        lease = await reads.lease(id)
    if lease is None:
        raise UserError("That suppression is not known any more.")
    return lease


async def submit(context: Context, pressed: Pressed) -> SuppressPreview | Trouble:
    """The window was submitted: say what it would do."""
    record = await context.suite.details.record(pressed.number)
    context.must(Permission.SUPPRESS, record)
    if pressed.extra.startswith(RENEW):
        draft = await _renewed(context, pressed)
    else:
        draft = await _draft(context, record, pressed)
    preview = await context.suite.suppressions.draft(draft)
    _must_reach(context, preview)
    return _shown(preview, context.now)


def _must_reach(context: Context, preview: Preview) -> None:
    """Whether the person may hide everything that the scope holds, and not only what it began with."""
    severities = set(preview.reach.by_severity) | {preview.about.finding.severity}
    context.must(Permission.SUPPRESS, preview.about)
    context.must_reach(Permission.SUPPRESS, sorted(preview.reach.envs), sorted(severities))


async def _renewed(context: Context, pressed: Pressed) -> Lease:
    held = await _lease(context, pressed.extra.removeprefix(RENEW))
    if held.number != pressed.number:
        raise Malformed("a renewal of another finding's suppression")
    return _said(context, pressed, await context.suite.suppressions.renewal(held, context.actor.id))


async def _draft(context: Context, record: Record, pressed: Pressed) -> Lease:
    kind = pressed.values.get("scope", "")
    if kind not in set(ScopeKind):
        raise Malformed("a suppression without a scope")
    if kind == ScopeKind.THESE:
        query = these_query(await _these(context, pressed))
    else:
        custom = parse(pressed.values.get("filter", ""), context.suite.lexicon.names())
        if kind == ScopeKind.CUSTOM and (custom.problems or query_problem(custom.query)):
            raise UserError(custom.problems[0].message if custom.problems else query_problem(custom.query))
        query = scope_query(ScopeKind(kind), record, custom.query)
    draft = Lease(
        id="",
        kind=ScopeKind(kind),
        number=record.number,
        query=show(query),
        why=ReasonClass.EXPECTED,
        reason="",
        ticket="",
        owner="",
        author=context.actor.id,
        created=context.now,
        until=context.now,
        stage=Stage.DRAFT,
    )
    return _said(context, pressed, draft)


async def _these(context: Context, pressed: Pressed) -> list[int]:
    """The numbers that the window was opened for; each is asked for anew whether it may be hidden."""
    if not _NUMBERS.fullmatch(pressed.extra):
        raise Malformed("a suppression of several findings without their numbers")
    numbers = [int(n) for n in pressed.extra.split(",")]
    for number in numbers:
        context.must(Permission.SUPPRESS, await context.suite.details.record(number))
    return numbers


def _said(context: Context, pressed: Pressed, draft: Lease) -> Lease:
    """The draft with what was entered: why, until when, whose."""
    values = pressed.values
    why, lasts = values.get("why", ""), parse_duration(values.get("ends", "").strip())
    if why not in set(ReasonClass) or lasts is None:
        raise Malformed("a suppression without a reason or an end")
    return replace(
        draft,
        why=ReasonClass(why),
        reason=" ".join(values.get("reason", "").split()),
        ticket=values.get("ticket", "").strip()[:100],
        owner=values.get("owner") or context.actor.id,
        until=context.now + max(lasts, timedelta(minutes=1)),
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
        at_source=preview.at_source,
    )


async def go(context: Context, pressed: Pressed) -> SuppressPreview | LeaseShown:
    """The press under the preview; `extra` is the lease and the hash of what was shown."""
    id, dot, shown = pressed.extra.rpartition(".")
    if not dot:
        raise Malformed("a suppression's button without its draft")
    preview = await context.suite.suppressions.preview(id)
    _must_reach(context, preview)
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
    usage='/sec suppress F-1234 [F-1235 ...] | <filters> [14d] ["reason, TICKET-9"]',
    permission=Permission.SUPPRESS,
    run=run,
    examples=('/sec suppress F-1234 14d "vendor scanner, SEC-9"', "/sec suppress payments-prod control:S3.9"),
    actions=(
        Action("suppress", Permission.SUPPRESS, press),
        Action("suppress.page", Permission.SUPPRESS, page),
        Action("suppress.renew", Permission.SUPPRESS, renew),
        Action("suppress.form", Permission.SUPPRESS, submit, check=_check),
        Action("suppress.go", Permission.SUPPRESS, go, in_place=True),
    ),
    order=36,
)
