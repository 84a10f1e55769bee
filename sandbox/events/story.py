"""The endless story of a company's security week, one event at a time.

Problem solved: a demo must be alive in its first minute and stay believable for an hour. The first beats are written
down, so that a critical, several highs, a twin, a repeat, a raise and a resolve are all seen within sixty seconds;
after them dice decide, always the same for the same seed. Nothing waits here: `next_pause` says how long the teller
should.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sandbox.company import Company
from sandbox.events.catalogue import (
    NOISE,
    RECIPES,
    Problem,
    Recipe,
    Telling,
    alarm,
    cloud_health,
    control,
    control_v2,
    outside_access,
    rule,
    threat,
    unused_access,
    weakness,
)
from sandbox.events.history import burst, opening
from sandbox.events.hostile import hostile
from sandbox.events.macie import sensitive_data
from sandbox.events.scene import Event, Scene

_REMEMBERED = 60  # problems that may still repeat, worsen or end
_SETTLED = timedelta(seconds=45)  # no problem repeats or ends sooner
_TURNS = ("new", "repeat", "resolve", "raise", "echo", "noise")
_TURN_WEIGHTS = (61, 14, 14, 3, 4, 4)


@dataclass(frozen=True, slots=True)
class _Beat:
    """One written step: what is told of which problem."""

    problem: str
    turn: str


# fmt: off
_SCRIPT = (
    _Beat("bucket", "new"), _Beat("brute force", "new"), _Beat("unused role", "new"), _Beat("database", "new"),
    _Beat("tags", "new"), _Beat("opened bucket", "new"), _Beat("opened bucket", "echo"), _Beat("weakness", "new"),
    _Beat("root use", "new"), _Beat("tags", "resolve"), _Beat("public bucket", "new"), _Beat("bucket", "repeat"),
    _Beat("brute force", "raise"), _Beat("queue", "new"), _Beat("personal data", "new"), _Beat("root use", "resolve"),
    _Beat("health", "new"),
)
# fmt: on


class Story:
    """An endless telling. `company` and `seed` decide everything; `now` is where the iterator's own time begins."""

    def __init__(self, company: Company, seed: int = 42, now: datetime | None = None) -> None:
        self.company = company
        self.seed = seed
        self._now = now
        self._dice = random.Random(seed)
        self._step = 0
        self._cast: dict[str, Problem] = {}
        self._open: list[Problem] = []

    # --- telling ---

    def next_event(self, now: datetime) -> Event:
        """The next event, as if it happened at `now` (aware, UTC)."""
        step, self._step = self._step, self._step + 1
        if step < len(_SCRIPT):
            beat = _SCRIPT[step]
            return self._written(beat, now)
        return self._improvised(now)

    def next_pause(self) -> timedelta:
        """How long to wait before the next event: 2 to 5 seconds in the first minute, then 2 to 9."""
        longest = 4.5 if self._step < len(_SCRIPT) else 9.0
        return timedelta(seconds=self._dice.uniform(2.0, longest))

    def __iter__(self) -> Iterator[Event]:
        """Events with times of their own, from the `now` of the constructor on; raises ValueError when none was
        given.
        """
        if self._now is None:
            raise ValueError("an iterated story needs the time at which it begins")
        while True:
            yield self.next_event(self._now)
            self._now += self.next_pause()

    # --- other kinds of telling ---

    def opening(self, now: datetime) -> list[Event]:
        """See `history.opening`."""
        return opening(self.company, now, self.seed)

    def burst(self, now: datetime, n: int = 200) -> list[Event]:
        """See `history.burst`."""
        return burst(self.company, now, n)

    def hostile(self, now: datetime) -> list[Event]:
        """See `hostile.hostile`."""
        return hostile(self.company, now)

    # --- the written beginning ---

    def _written(self, beat: _Beat, now: datetime) -> Event:
        """The cast is not left to the dice: what the first minute showed stays open until somebody acts."""
        problem = self._cast.get(beat.problem) or self._cast_member(beat.problem, now)
        self._cast[beat.problem] = _after(problem, beat.turn)
        return _tell(problem, beat.turn, now)

    def _cast_member(self, name: str, now: datetime) -> Problem:
        def at(account: str) -> Scene:
            return Scene(self.company.account(account), self.company.security.id, self.company.region, now, now)

        match name:
            case "bucket":
                return control("S3.8", at("payments-prod"), 0)
            case "brute force":
                return threat("UnauthorizedAccess:EC2/SSHBruteForce", at("web-staging"), 1)
            case "unused role":
                return unused_access("UnusedIAMRole", at("data-lake-dev"), 2)
            case "database":
                return control("RDS.2", at("ledger-prod"), 1)
            case "tags":
                return rule("required-tags", at("web-dev"), 0)
            case "opened bucket":
                return threat("Policy:S3/BucketAnonymousAccessGranted", at("web-prod"), 2)
            case "weakness":
                return weakness("HIGH", at("booking-prod"), 3)
            case "root use":
                return alarm("root-account-use", at("infra-identity"), 0)
            case "public bucket":
                return outside_access("bucket", True, at("data-lake-prod"), 4)
            case "queue":
                return control_v2("SQS.1", at("mobile-api-staging"), 1)
            case "personal data":
                return Problem(at("payments-staging"), lambda scene: sensitive_data(scene, 1))
        return cloud_health("scheduledChange", at("reporting-prod"), 0)

    # --- the dice ---

    def _improvised(self, now: datetime) -> Event:
        turn = self._dice.choices(_TURNS, _TURN_WEIGHTS)[0]
        if turn == "noise":
            return self._dice.choice(NOISE)(self._scene(RECIPES[0], now))
        known = [problem for problem in self._open if _can(problem, turn, now)]
        if turn == "new" or not known:
            recipe = self._dice.choices(RECIPES, [recipe.weight for recipe in RECIPES])[0]
            problem = recipe.make(self._scene(recipe, now), self._dice.randrange(40))
            self._open = [*self._open, problem][-_REMEMBERED:]
            return _tell(problem, "new", now)
        problem = self._dice.choice(known)
        others = [other for other in self._open if other is not problem]
        self._open = others if turn == "resolve" else [*others, _after(problem, turn)]
        return _tell(problem, turn, now)

    def _scene(self, recipe: Recipe, now: datetime) -> Scene:
        accounts = [account for env in recipe.envs for account in self.company.accounts_of(env)]
        region = self._dice.choices(self.company.regions, (8, 2, 1))[0]
        return Scene(self._dice.choice(accounts), self.company.security.id, region, now, now)


def _tell(problem: Problem, turn: str, now: datetime) -> Event:
    return (_telling(problem, turn) or problem.active)(problem.scene.at(now))


def _telling(problem: Problem, turn: str) -> Telling | None:
    return {"resolve": problem.resolved, "raise": problem.raised, "echo": problem.echo}.get(turn, problem.active)


def _can(problem: Problem, turn: str, now: datetime) -> bool:
    """A problem is told again only after a while, and only in a way that it has."""
    return now - problem.scene.first >= _SETTLED and _telling(problem, turn) is not None


def _after(problem: Problem, turn: str) -> Problem:
    """What became worse stays worse, in every later telling."""
    if turn == "raise" and problem.raised is not None:
        return replace(problem, active=problem.raised, raised=None, echo=None)
    return problem
