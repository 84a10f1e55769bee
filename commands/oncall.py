"""`/sec oncall`: who is on call, now and next; `swap` lets somebody take over, `quiet` keeps one's nights quiet when one is not on call."""

from __future__ import annotations

import re
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

from bot.domain.authz import Permission
from bot.domain.message import Pressed
from bot.domain.oncall_views import OnCallBoard, ShiftTaken, SwapForm
from bot.domain.syntax import parse_duration
from bot.domain.typed import normalise
from bot.domain.views import Trouble
from bot.errors import Malformed, NotAllowed, UserError
from bot.plugins import Action, Command
from bot.services.context import Context

_PERSON = re.compile(r"@([UW][A-Z0-9]{2,20})")
_HOURS = re.compile(r"(\d{1,2}:\d{2})-(\d{1,2}:\d{2})")
_SHIFT = re.compile(r"(.{1,80})\.(\d{9,11})", re.DOTALL)
SWAP_USAGE = "`/sec oncall swap [rotation] @someone [in 2h] 8h`"


async def run(context: Context, text: str) -> OnCallBoard:
    """The board; `swap [rotation] @someone [in 2h] 8h`; `quiet 22:00-07:00 [zone]`, `quiet off`."""
    words = normalise(text).split()
    if not words:
        return await context.suite.oncall.board(context.actor.id)
    if words[0].casefold() == "swap":
        return await _swap(context, words[1:])
    if words[0].casefold() == "quiet":
        return await _quiet(context, words[1:])
    raise UserError(f"`{words[0]}` is nothing that oncall does: swap, quiet, or nothing to see who is on call.")


async def _swap(context: Context, words: list[str]) -> OnCallBoard:
    people = [m[1] for w in words if (m := _PERSON.fullmatch(w))]
    spans = [span for w in words if (span := parse_duration(w))]
    names = [
        w for w in words if not _PERSON.fullmatch(w) and not parse_duration(w) and w.casefold() not in ("in", "me")
    ]
    if "me" in (w.casefold() for w in words):
        people.append(context.actor.id)
    later = "in" in (w.casefold() for w in words)
    if len(people) != 1 or len(spans) != 1 + later or len(names) > 1:
        raise UserError(f"Who takes over, and for how long? {SWAP_USAGE}")
    starts = context.now + (spans[0] if later else timedelta())
    return await _swapped(context, names[0] if names else "", people[0], starts, spans[-1])


async def _swapped(context: Context, rotation: str, person: str, starts: datetime, lasts: timedelta) -> OnCallBoard:
    if not context.may_here(Permission.ONCALL):
        raise NotAllowed("Changing who is on call takes a role with `oncall`.")
    member = await context.people.actor(person)
    if not member.known or member.deleted or member.bot or member.guest or member.stranger:
        raise UserError("Only a full member of this workspace can be on call.")
    swap = await context.suite.oncall.swap(rotation, person, starts, starts + lasts, context.actor.id)
    return await context.suite.oncall.board(context.actor.id, f"<@{person}> takes over {swap.rotation}.")


async def _quiet(context: Context, words: list[str]) -> OnCallBoard:
    if [w.casefold() for w in words] == ["off"]:
        had = await context.suite.oncall.be_loud(context.actor.id)
        return await context.suite.oncall.board(
            context.actor.id, "Your quiet hours are over." if had else "You had no quiet hours."
        )
    hours = _HOURS.fullmatch(words[0]) if words else None
    if hours is None or len(words) > 2:
        raise UserError("When? For example `/sec oncall quiet 22:00-07:00 Europe/Madrid`, or `quiet off`.")
    zone = words[1] if len(words) == 2 else ""
    if zone:
        _must_be_zone(zone)
    quiet = await context.suite.oncall.be_quiet(context.actor.id, _time(hours[1]), _time(hours[2]), zone)
    del quiet
    return await context.suite.oncall.board(
        context.actor.id,
        "Kept. Whoever is on call is still called at any hour; in the morning you hear what you slept through.",
    )


def _must_be_zone(zone: str) -> None:
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise UserError(f"`{zone[:60]}` is not a time zone such as Europe/Madrid.") from error


def _time(text: str) -> time:
    hour, _, minute = text.partition(":")
    try:
        return time(int(hour), int(minute))
    except ValueError as error:
        raise UserError(f"`{text}` is not a time such as 22:00.") from error


async def form(context: Context, pressed: Pressed) -> Trouble | None:
    """`Swap…`: the window."""
    del pressed
    if not context.may_here(Permission.ONCALL):
        raise NotAllowed("Changing who is on call takes a role with `oncall`.")
    names = tuple(r.name for r in context.suite.oncall.rotations if r.people)
    if not names:
        raise UserError("The configuration has no rotation of people.")
    if await context.surface.open(SwapForm(rotations=names, user=context.actor.id, now=context.now)):
        return None
    return Trouble(messages=(f"A window cannot be opened from here: {SWAP_USAGE}",))


async def submit(context: Context, pressed: Pressed) -> OnCallBoard:
    """The window was submitted."""
    values = pressed.values
    lasts = parse_duration(values.get("lasts", "").strip())
    later = _later(values.get("starts", ""))
    if lasts is None or later is None or not values.get("user"):
        raise Malformed("a swap without a person or a time")
    return await _swapped(context, values.get("rotation", ""), values["user"], context.now + later, lasts)


def _later(text: str) -> timedelta | None:
    word = text.strip().casefold()
    return timedelta() if word in ("", "now") else parse_duration(word)


def _check(pressed: Pressed) -> dict[str, str]:
    wrong: dict[str, str] = {}
    if not parse_duration(pressed.values.get("lasts", "").strip()):
        wrong["lasts"] = "A time such as 8h or 2d."
    if _later(pressed.values.get("starts", "")) is None:
        wrong["starts"] = "`now`, or a time from now such as 2h."
    return wrong


async def have(context: Context, pressed: Pressed) -> ShiftTaken:
    """`I have it`: said once in the shift's channel."""
    match = _SHIFT.fullmatch(pressed.extra)
    if match is None:
        raise Malformed("a shift's button without its shift")
    start = datetime.fromtimestamp(int(match[2]), UTC)
    return await context.suite.briefs.take(match[1], start, context.actor.id)


COMMAND = Command(
    name="oncall",
    aliases=("shift",),
    summary="Who is on call, now and next; swaps, and quiet hours of one's own.",
    usage="/sec oncall [swap [rotation] @someone|me [in 2h] 8h] [quiet 22:00-07:00 [zone]|off]",
    permission=Permission.READ,
    run=run,
    examples=("/sec oncall", "/sec oncall swap primary @ben 8h", "/sec oncall quiet 22:00-07:00 Europe/Madrid"),
    actions=(
        Action("oncall.swap", Permission.ONCALL, form),
        Action("oncall.swapped", Permission.ONCALL, submit, check=_check),
        Action("oncall.have", Permission.ACK, have),
    ),
    order=33,
)
