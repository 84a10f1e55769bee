"""Where every request of a person comes in, whichever door brought it: who is it, may they, run the verb, answer.

One path for commands, buttons, menus, modals, shortcuts and the Home tab: look the actor and the place up, `authorize`, run, and turn any
failure into an answer. A click is never silently ignored: whatever happens, the caller gets a view to show. The doors only translate.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

import structlog

from bot.domain.authz import Actor, Decision, Permission, Place, Policy, Target, authorize
from bot.domain.finding import Record
from bot.domain.message import Pressed
from bot.domain.spelling import nearest
from bot.domain.syntax import normalise, parse
from bot.domain.views import HelpEntry, Offer, Trouble, View
from bot.errors import NotAllowed, SecbotError, TemporaryError, UserError
from bot.plugins import Action, Command
from bot.ports import Clock, Ids, Metrics, People
from bot.services.query import Queries
from bot.services.status import StatusService
from bot.services.triage import Triage

log = structlog.get_logger()

MENU = "menu"
RUN = "run"  # the action of a button that carries a whole command


class Surface(Protocol):
    """What a verb may show beside its answer: a modal, opened at once because a trigger lives three seconds."""

    async def open(self, view: View) -> bool:
        """Open a modal; False when the request has no trigger or Slack would not open it."""
        ...

    async def fill(self, view: View) -> None:
        """Replace the opened modal's content."""
        ...


class NoSurface:
    """A request that can open nothing."""

    async def open(self, view: View) -> bool:
        del view
        return False

    async def fill(self, view: View) -> None:
        del view


NO_SURFACE = NoSurface()


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, where. Ids from the payload: routing data, looked up again before anything rests on them."""

    user: str
    channel: str
    surface: Surface = NO_SURFACE


@dataclass(frozen=True, slots=True)
class Answer:
    """What to show: None when what was done shows itself. `replace` puts it in the place of the message that was pressed."""

    view: View | None
    replace: bool = False
    public: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """What a verb is run with, after `authorize`: who, where, and the services."""

    actor: Actor
    place: Place
    now: datetime
    policy: Policy
    queries: Queries
    triage: Triage
    status: StatusService
    help: tuple[HelpEntry, ...]
    surface: Surface

    def may(self, permission: Permission, record: Record) -> Decision:
        """Whether the actor may do this to that finding."""
        return authorize(self.policy, self.actor, permission, self.place, target_of(record))

    def must(self, permission: Permission, record: Record) -> None:
        """As `may`; raises NotAllowed with the decision's advice."""
        decision = self.may(permission, record)
        if not decision.allowed:
            raise NotAllowed(f"You may not {permission} {record.ref}. {decision.advice}".strip())


def target_of(record: Record) -> Target:
    """What a policy is asked about a finding."""
    return Target(record.env, record.finding.severity)


class Desk:
    """Runs verbs and actions for people.

    Args:
        commands: the verbs by name (plugins.collect).
        policy: who may do what.
    """

    def __init__(
        self,
        *,
        commands: Mapping[str, Command],
        policy: Policy,
        people: People,
        queries: Queries,
        triage: Triage,
        status: StatusService,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
    ) -> None:
        self._policy = policy
        self._people = people
        self._queries = queries
        self._triage = triage
        self._status = status
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._verbs = verbs(commands)
        self._actions = actions(commands)
        shown = sorted((c for c in commands.values() if c.name != MENU), key=lambda c: (c.order, c.name))
        self._help = tuple(HelpEntry(c.name, c.summary, c.usage, c.aliases, c.examples) for c in shown)

    async def command(self, text: str, request: Request) -> Answer:
        """Run what was typed after `/sec`. Never raises."""
        clean = normalise(text)
        word, _, rest = clean.partition(" ")
        command = self._verbs.get(word.casefold() or MENU)
        if command is None and self._is_bare_ref(clean):
            command, rest = self._verbs["show"], clean
        if command is None:
            return await self._guarded("unknown", request, Permission.READ, lambda _: self._unknown(clean, word, rest))
        run, refs = command.run, self._refs(rest)
        number = refs[0] if len(refs) == 1 else 0
        return await self._guarded(
            command.name, request, command.permission, lambda context: run(context, rest), number
        )

    async def press(self, pressed: Pressed, request: Request, *, replace_message: bool = False) -> Answer:
        """Run a button or menu. Never raises.

        Args:
            pressed: what it carried, decoded.
            replace_message: the pressed message is the asker's own, so a page may take its place.
        """
        if pressed.name == RUN:
            return await self.command(pressed.extra, request)
        action = self._actions.get(pressed.name)
        if action is None:
            return Answer(Trouble(messages=("This button is from another version of secbot and does nothing now.",)))
        answer = await self._guarded(
            action.name, request, action.permission, lambda context: action.run(context, pressed)
        )
        return replace(answer, replace=replace_message) if action.name == "page" else answer

    # --- the one way in --------------------------------------------------------------------------------------------------------

    async def _guarded(
        self, verb: str, request: Request, permission: Permission, run: Callable[[Context], object], number: int = 0
    ) -> Answer:
        """Run something for the requester when they may; `number` is the finding that would be changed, 0 when none is named."""
        try:
            context = await self._context(request)
            decision = await self._decide(context, permission, number)
            if not decision.allowed:
                return self._answer(verb, "denied", Trouble(messages=(_denied(verb, decision),)))
            result = run(context)
            view = await result if hasattr(result, "__await__") else result
        except UserError as error:
            return self._answer(verb, error.reason, Trouble(messages=(error.message,)))
        except TemporaryError as error:
            log.warning("request_delayed", verb=verb, reason=error.reason, error=error.message)
            return self._answer(
                verb, error.reason, Trouble(messages=(f"{error.message} Nothing was changed; try again.",))
            )
        except Exception as error:
            return self._broken(verb, error)
        public = bool(getattr(view, "public", False)) and context.place.known and not context.place.shared
        return self._answer(verb, "answered", view, public=public)

    async def _decide(self, context: Context, permission: Permission, number: int) -> Decision:
        looking = authorize(self._policy, context.actor, Permission.READ, context.place)
        if permission is Permission.READ or not looking.allowed:
            return looking  # whoever may not look is not told either whether the finding exists
        target = target_of(await self._queries.record(number)) if number else None
        return authorize(self._policy, context.actor, permission, context.place, target)

    async def _context(self, request: Request) -> Context:
        return Context(
            actor=await self._people.actor(request.user),
            place=await self._people.place(request.channel) if request.channel else Place("", known=False),
            now=self._clock.now(),
            policy=self._policy,
            queries=self._queries,
            triage=self._triage,
            status=self._status,
            help=self._help,
            surface=request.surface,
        )

    def _answer(self, verb: str, outcome: str, view: object, *, public: bool = False) -> Answer:
        self._metrics.count("requests", outcome=outcome, verb=verb)
        return Answer(view, public=public)  # type: ignore[arg-type]

    def _broken(self, verb: str, error: Exception) -> Answer:
        reference = f"e-{self._ids.token()[:6].lower()}"
        self._metrics.count("failures", where="desk")
        log.exception("request_failed", verb=verb, reference=reference, error=type(error).__name__)
        reason = error.reason if isinstance(error, SecbotError) else "internal"
        return self._answer(verb, reason, Trouble(messages=("Something broke on our side.",), reference=reference))

    # --- words that are no verb --------------------------------------------------------------------------------------------------

    def _is_bare_ref(self, text: str) -> bool:
        """`/sec F-12` alone can only mean one thing."""
        parsed = parse(text, self._queries.names())
        alone = len(parsed.query.refs) == 1 and not parsed.query.terms and not parsed.problems
        return alone and "show" in self._verbs

    def _refs(self, text: str) -> list[int]:
        return [int(ref.removeprefix("F-")) for ref in parse(text, self._queries.names()).query.refs]

    def _unknown(self, text: str, word: str, rest: str) -> Trouble:
        close = list(dict.fromkeys(self._verbs[v].name for v in nearest(word, self._verbs)))
        offers = [Offer(f"Run /sec {c} {rest}".strip()[:70], f"{c} {rest}".strip()) for c in close]
        if not parse(text, self._queries.names()).problems:
            offers.insert(0, Offer(f"Run /sec findings {text}"[:70], f"findings {text}"))
        meant = f" Did you mean *{close[0]}*?" if close else ""
        return Trouble(
            messages=(f"I don't know `{word}`.{meant}",), offers=(*offers[:4], Offer("Help", "help")), read=text
        )


def _denied(verb: str, decision: Decision) -> str:
    based = f" ({', '.join(decision.based_on)})" if decision.based_on and decision.reason == "out_of_scope" else ""
    return f"You may not use `{verb}` here. {decision.advice}{based}".strip()


def verbs(commands: Mapping[str, Command]) -> dict[str, Command]:
    """Every verb and alias. Raises ValueError when one is used twice."""
    found: dict[str, Command] = {}
    for command in commands.values():
        for name in (command.name, *command.aliases):
            if name in found:
                raise ValueError(f"verb {name!r} belongs to {found[name].name} and {command.name}")
            found[name] = command
    return found


def actions(commands: Mapping[str, Command]) -> dict[str, Action]:
    """Every button and modal of every verb. Raises ValueError when a name is used twice."""
    found: dict[str, Action] = {}
    for command in commands.values():
        for action in command.actions:
            if action.name in found or action.name == RUN:
                raise ValueError(f"action {action.name!r} is used twice")
            found[action.name] = action
    return found
