"""`/sec ack F-1234`, the Acknowledge button, `Ack page` under a list: somebody has it.

Acknowledging hides nothing and has an end, so one finding is acknowledged from typed text at once. Several are counted and shown first; a
second press does it, to exactly those that were shown.
"""

from __future__ import annotations

from collections.abc import Sequence

from bot.domain.authz import Permission
from bot.domain.finding import Record, State
from bot.domain.message import Pressed
from bot.domain.views import Confirm, Notice, Offer, Trouble
from bot.errors import Malformed
from bot.plugins import Action, Command
from bot.services.context import Context
from bot.services.triage import Done

MOST_REFUSED = 5


async def run(context: Context, text: str) -> Notice | Trouble | Confirm:
    """Acknowledge the finding that the text names; ask once more when it names several."""
    numbers = await context.suite.refs.some(text, "ack", context.asker)
    if len(numbers) == 1:
        return await _acknowledge(context, numbers[0])
    return _ask_again([await context.suite.details.record(n) for n in numbers])


async def press(context: Context, pressed: Pressed) -> Notice | Trouble:
    """The `Acknowledge` button of a card or a list's row."""
    return await _acknowledge(context, pressed.number)


async def page(context: Context, pressed: Pressed) -> Trouble | Confirm | Notice:
    """`Ack page`: the open findings on a page of a list."""
    listing, number = pressed.page
    rows, problem = await context.suite.queries.rows(listing, number, context.asker)
    return problem or _ask_again(rows)


async def go(context: Context, pressed: Pressed) -> Notice | Trouble:
    """The second press: `extra` is the numbers that were shown."""
    parts = pressed.extra.split(",")
    if not all(p.isascii() and p.isdigit() for p in parts):
        raise Malformed("a button without findings")
    done = await context.suite.triage.acknowledge_all(
        [int(p) for p in parts], context.actor.id, lambda record: _why_not(context, record)
    )
    return _told(done)


async def _acknowledge(context: Context, number: int) -> Notice | Trouble:
    context.must(Permission.ACK, await context.suite.details.record(number))
    record = await context.suite.triage.acknowledge(number, context.actor.id)
    until = int(record.ack_until.timestamp()) if record.ack_until else 0
    return Notice(text=f"You have {record.ref}: acknowledged", until=until)


def _ask_again(records: Sequence[Record]) -> Confirm | Notice:
    wanted = [r for r in records if r.state is State.OPEN]
    if not wanted:
        return Notice(text="None of them is open; there is nothing to acknowledge.")
    many = f"{len(wanted)} findings" if len(wanted) > 1 else "1 finding"
    left = len(records) - len(wanted)
    rest = f" {left} of the {len(records)} are not open and stay as they are." if left else ""
    return Confirm(
        text=f"Acknowledge {many}?{rest}",
        label=f"Acknowledge {many}",
        action="ack.page.go",
        extra=",".join(str(r.number) for r in wanted),
        lines=tuple(
            f"{r.ref} {r.finding.severity.name} {r.account.name or r.finding.account}: {r.finding.title}"
            for r in wanted
        ),
    )


def _why_not(context: Context, record: Record) -> str:
    decision = context.may(Permission.ACK, record)
    return "" if decision.allowed else decision.advice


def _told(done: Done) -> Notice | Trouble:
    count = len(done.records)
    many = f"{count} finding{'' if count == 1 else 's'}"
    if not done.refused:
        return Notice(text=f"You have {many}: acknowledged.")
    more = len(done.refused) - MOST_REFUSED
    rest = (f"and {more} more were not.",) if more > 0 else ()
    first = f"Acknowledged {many}; {len(done.refused)} not:"
    return Trouble(messages=(first, *done.refused[:MOST_REFUSED], *rest), offers=(Offer("On me", "findings me"),))


COMMAND = Command(
    name="ack",
    aliases=("a", "acknowledge"),
    summary="Acknowledge a finding: you have it, for a time that depends on its severity.",
    usage="/sec ack F-1234 [F-1235 ...]",
    permission=Permission.ACK,
    run=run,
    examples=("/sec ack F-1234", "/sec ack ^3"),
    actions=(
        Action("ack", Permission.ACK, press),
        Action("ack.page", Permission.ACK, page),
        Action("ack.page.go", Permission.ACK, go, in_place=True),
    ),
    order=30,
)
