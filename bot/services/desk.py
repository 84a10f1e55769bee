"""Where every request of a person comes in, whichever door brought it: who is it, may they, run the verb, answer.

One path for commands, buttons, menus, modals, shortcuts and the Home tab: look the actor and the place up, `authorize`, run, and turn any
failure into an answer. A click is never silently ignored: whatever happens, the caller gets a view to show. The doors only translate.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass

import structlog

from bot.domain.authz import Decision, Permission, Place, PlaceKind, Policy, authorize, held_by
from bot.domain.message import Pressed
from bot.domain.query import Query
from bot.domain.spelling import nearest
from bot.domain.syntax import normalise, parse
from bot.domain.views import HelpEntry, Home, Offer, Preview, Trouble, View
from bot.errors import Malformed, SecbotError, TemporaryError, UserError
from bot.plugins import Action, Command
from bot.ports import Clock, Ids, Metrics, People
from bot.services.context import DOING, NO_SURFACE, Context, Surface
from bot.services.lexicon import Asker
from bot.services.quota import Quota
from bot.services.suite import Suite

__all__ = ["Answer", "Context", "Desk", "Request", "Surface"]

log = structlog.get_logger()

MENU, SHOW = "menu", "show"
RUN = "run"  # the action of a button that carries a whole command
NOT_OURS = "What you pressed is damaged or not ours. Nothing was changed."
ASKED = "asked"  # the window in which any command can be typed

Run = Callable[[Context], Awaitable[object] | object]


@dataclass(frozen=True, slots=True)
class Request:
    """Who asks, where. Ids from the payload: routing data, looked up again before anything rests on them.

    `channel` is empty in the Home tab and in modals, which only their reader sees. `thread` is the message whose thread it came from.
    """

    user: str
    channel: str = ""
    surface: Surface = NO_SURFACE
    thread: str = ""


@dataclass(frozen=True, slots=True)
class Answer:
    """What to show: None when what was done shows itself. `replace` puts it in the place of what was pressed."""

    view: View | None
    replace: bool = False
    public: bool = False


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
        suite: Suite,
        clock: Clock,
        ids: Ids,
        metrics: Metrics,
    ) -> None:
        self._policy = policy
        self._people = people
        self._suite = suite
        self._clock = clock
        self._ids = ids
        self._metrics = metrics
        self._quota = Quota(clock)
        self._verbs = verbs(commands)
        self._actions = actions(commands)
        shown = sorted((c for c in commands.values() if c.name != MENU), key=lambda c: (c.order, c.name))
        self._help = tuple(HelpEntry(c.name, c.summary, c.usage, c.aliases, c.examples) for c in shown)

    async def command(self, text: str, request: Request) -> Answer:
        """Run what was typed after `/sec`, or after the bot's name. Never raises."""
        clean = normalise(text)
        word, _, rest = clean.partition(" ")
        command = self._verbs.get(word.casefold() or (SHOW if await self._is_findings_thread(request) else MENU))
        if command is None and self._is_bare_ref(clean):
            command, rest = self._verbs[SHOW], clean
        if command is None:
            return await self._guarded("unknown", request, Permission.READ, lambda _: self._unknown(clean, word, rest))
        run = command.run
        return await self._guarded(
            command.name,
            request,
            command.permission,
            lambda context: run(context, rest),
            counted=command.counted,
            ref=self._named(rest) if command.permission is not Permission.READ else "",
        )

    async def press(self, pressed: Pressed, request: Request) -> Answer:
        """Run a button, a menu, a shortcut or a submitted modal. Never raises.

        Args:
            pressed: what it carried, decoded.
        """
        if pressed.name in (RUN, ASKED):
            return await self.command(pressed.values.get("command", pressed.extra), request)
        action = self._actions.get(pressed.name)
        if action is None:
            return Answer(Trouble(messages=("This button is from another version of secbot and does nothing now.",)))
        run = action.run
        answer = await self._guarded(
            action.name,
            request,
            action.permission,
            lambda context: run(context, pressed),
            counted=action.counted,
            ref=f"F-{pressed.number}" if pressed.number else "",
        )
        # Whoever presses is answered alone, under a list that everybody sees too.
        return Answer(answer.view, replace=action.in_place)

    def mistakes(self, submitted: Pressed) -> Mapping[str, str]:
        """What is wrong with a modal's inputs, by name, before it is closed; empty when nothing is. Quick and pure."""
        action = self._actions.get(submitted.name)
        return action.check(submitted) if action is not None and action.check is not None else {}

    async def home(self, user: str) -> View:
        """The Home tab of a person, or why there is none. Never raises."""

        def run(context: Context) -> Awaitable[Home]:
            return context.suite.home.home(user, lambda r: context.may(Permission.APPROVE, r).allowed)

        answer = await self._guarded("home", Request(user), Permission.READ, run)
        if isinstance(answer.view, Trouble):
            said = " ".join(answer.view.messages)
            return Home(
                user=user, on_you=(), on_you_total=0, ending=(), views=(), counts={}, envs=(), health=(),
                now=self._clock.now(), problem=f"{said} {answer.view.reference}".strip(),
            )  # fmt: skip
        assert answer.view is not None
        return answer.view

    async def previews(self, links: Sequence[str], request: Request) -> Mapping[str, Preview]:
        """Previews of pasted links, by link. Never raises: what cannot be shown is not."""
        try:
            actor = await self._people.actor(request.user)
            return await self._suite.previews.of(links, actor, await self._place(request))
        except SecbotError as error:
            log.info("links_not_previewed", reason=error.reason)
            return {}

    # --- the one way in --------------------------------------------------------------------------------------------------------

    async def _guarded(
        self, verb: str, request: Request, permission: Permission, run: Run, *, counted: bool = False, ref: str = ""
    ) -> Answer:
        """Run something for the requester when they may; `ref` is the finding that it is about, when that is known before."""
        try:
            context = await self._context(request)
            decision = self._decide(context, permission)
            if not decision.allowed:
                return self._answer(verb, "denied", await self._denied(verb, decision, permission, ref))
            if counted:
                self._quota.take(request.user)
            result = run(context)
            view = await result if isinstance(result, Awaitable) else result
        except UserError as error:
            return self._answer(verb, error.reason, await self._told(error))
        except Malformed:
            log.warning("request_not_understood", verb=verb, user=request.user)
            return self._answer(verb, Malformed.reason, Trouble(messages=(NOT_OURS,)))
        except TemporaryError as error:
            log.warning("request_delayed", verb=verb, reason=error.reason, error=error.message)
            return self._answer(
                verb, error.reason, Trouble(messages=(f"{error.message} Nothing was changed; try again.",))
            )
        except Exception as error:
            return self._broken(verb, error)
        public = bool(getattr(view, "public", False)) and context.place.known and not context.place.shared
        return self._answer(verb, "answered", view, public=public)

    def _decide(self, context: Context, permission: Permission) -> Decision:
        """Whoever may not look is refused that; what may be done to which finding is asked by the verb, once it knows the finding."""
        looking = authorize(self._policy, context.actor, Permission.READ, context.place)
        if permission is Permission.READ or not looking.allowed:
            return looking
        return authorize(self._policy, context.actor, permission, context.place)

    async def _place(self, request: Request) -> Place:
        if request.channel:
            return await self._people.place(request.channel)
        return Place("", PlaceKind.DIRECT)  # a modal or the Home tab: seen by its reader alone

    async def _context(self, request: Request) -> Context:
        return Context(
            actor=await self._people.actor(request.user),
            place=await self._place(request),
            asker=Asker(request.user, request.channel, request.thread),
            now=self._clock.now(),
            policy=self._policy,
            people=self._people,
            suite=self._suite,
            help=self._help,
            surface=request.surface,
        )

    def _answer(self, verb: str, outcome: str, view: object, *, public: bool = False) -> Answer:
        self._metrics.count("requests", outcome=outcome, verb=verb)
        return Answer(view, public=public)  # type: ignore[arg-type]

    async def _denied(self, verb: str, decision: Decision, permission: Permission, ref: str) -> Trouble:
        based = f" ({', '.join(decision.based_on)})" if decision.based_on and decision.reason == "out_of_scope" else ""
        message = f"You may not use `{verb}` here. {decision.advice}{based}".strip()
        can_ask = bool(ref and decision.holders) and permission in DOING
        offers = (Offer("Ask for it", f"ask {permission} {ref}"),) if can_ask else ()
        return Trouble(messages=(message,), offers=offers, whom=await self._whom(held_by(decision)))

    async def _told(self, error: UserError) -> Trouble:
        offers = tuple(Offer(label, command) for label, command in error.offers)
        return Trouble(messages=(error.message,), offers=offers, whom=await self._whom(error.whom))

    async def _whom(self, names: tuple[str, ...]) -> tuple[str, ...]:
        """The ids to mention; none when Slack does not say, which is no reason to say nothing."""
        try:
            return await self._people.mentions(names) if names else ()
        except SecbotError:
            return ()

    def _broken(self, verb: str, error: Exception) -> Answer:
        reference = f"e-{self._ids.token()[:6].lower()}"
        self._metrics.count("failures", where="desk")
        log.exception("request_failed", verb=verb, reference=reference, error=type(error).__name__)
        reason = error.reason if isinstance(error, SecbotError) else "internal"
        return self._answer(verb, reason, Trouble(messages=("Something broke on our side.",), reference=reference))

    # --- words that are no verb --------------------------------------------------------------------------------------------------

    async def _is_findings_thread(self, request: Request) -> bool:
        """The bot's bare name in a finding's thread asks for that finding."""
        if not request.thread:
            return False
        try:
            async with self._suite.store.reads() as reads:
                asker = Asker(request.user, request.channel, request.thread)
                return await self._suite.refs.of_thread(reads, asker) is not None
        except SecbotError:
            return False

    def _is_bare_ref(self, text: str) -> bool:
        """`/sec F-12` alone can only mean one thing."""
        query = self._read(text)
        return query is not None and len(query.refs) == 1 and not query.terms and SHOW in self._verbs

    def _named(self, text: str) -> str:
        """The finding that a text names by its number, when it names one; no more is looked up for whoever may not."""
        refs = [r for r in parse(text, self._suite.lexicon.names()).query.refs if r.startswith("F-")]
        return refs[0] if len(refs) == 1 else ""

    def _read(self, text: str) -> Query | None:
        """The text as a question; None when it is none."""
        parsed = parse(text, self._suite.lexicon.names())
        return None if parsed.problems else parsed.query

    def _unknown(self, text: str, word: str, rest: str) -> Trouble:
        close = list(dict.fromkeys(self._verbs[v].name for v in nearest(word, self._verbs)))
        offers = [Offer(f"Run /sec {c} {rest}".strip()[:70], f"{c} {rest}".strip()) for c in close]
        if self._read(text) is not None:
            offers.insert(0, Offer(f"Run /sec findings {text}"[:70], f"findings {text}"))
        meant = f" Did you mean *{close[0]}*?" if close else ""
        return Trouble(
            messages=(f"I don't know `{word}`.{meant}",), offers=(*offers[:4], Offer("Help", "help")), read=text
        )


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
    """Every button, shortcut and modal of every verb. Raises ValueError when a name is used twice."""
    found: dict[str, Action] = {}
    for command in commands.values():
        for action in command.actions:
            if action.name in found or action.name in (RUN, ASKED):
                raise ValueError(f"action {action.name!r} is used twice")
            found[action.name] = action
    return found
