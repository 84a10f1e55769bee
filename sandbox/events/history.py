"""What happened before the demo began, and what happens when one mistake is everywhere.

`opening` gives a fresh demo some recent history; `burst` gives the storm: one control that fails in many accounts
within a minute.
"""

from __future__ import annotations

import random
from datetime import datetime, timedelta

from sandbox.company import Company
from sandbox.events import securityhub as hub
from sandbox.events.catalogue import RECIPES, Problem, Recipe
from sandbox.events.scene import Event, Scene

_BURST_SPREAD = timedelta(seconds=60)


def opening(company: Company, now: datetime, seed: int = 42, *, days: int = 3) -> list[Event]:
    """About thirty events of the last `days` days, oldest first; the last is at least ten minutes old. Some problems
    are over.
    """
    dice = random.Random(f"opening {seed}")
    told: list[tuple[datetime, Event]] = []
    for recipe in _varied(dice, 25):
        began = now - timedelta(minutes=dice.uniform(30, days * 24 * 60))
        accounts = [account for env in recipe.envs for account in company.accounts_of(env)]
        scene = Scene(dice.choice(accounts), company.security.id, company.region, began, began)
        problem = recipe.make(scene, dice.randrange(5))
        told.append((began, problem.active(scene)))
        if dice.random() < 0.25:
            told += _end(problem, began + (now - began) * dice.uniform(0.2, 0.6))
    return [event for _, event in sorted(told, key=lambda pair: pair[0])]


def _varied(dice: random.Random, count: int) -> list[Recipe]:
    """At least one recipe of each family (the first word of its name), the rest by weight; none twice."""
    chosen: dict[str, Recipe] = {}
    for family in dict.fromkeys(recipe.name.split()[0] for recipe in RECIPES):
        recipe = dice.choice([recipe for recipe in RECIPES if recipe.name.split()[0] == family])
        chosen[recipe.name] = recipe
    while len(chosen) < min(count, len(RECIPES)):
        recipe = dice.choices(RECIPES, [recipe.weight for recipe in RECIPES])[0]
        chosen[recipe.name] = recipe
    return list(chosen.values())


def _end(problem: Problem, when: datetime) -> list[tuple[datetime, Event]]:
    return [(when, problem.resolved(problem.scene.at(when)))] if problem.resolved is not None else []


def burst(company: Company, now: datetime, n: int = 200, *, control_id: str = "S3.8") -> list[Event]:
    """`n` different resources that fail one control, spread over the workload accounts and the minute after `now`."""
    accounts = [account for env in ("prod", "staging", "dev", "sandbox") for account in company.accounts_of(env)]
    events = []
    for index in range(n):
        when = now + _BURST_SPREAD * index / max(n, 1)
        scene = Scene(accounts[index % len(accounts)], company.security.id, company.region, when, when)
        finding = hub.control_finding(scene, control_id, 100 + index // len(accounts))
        events.append(hub.imported(scene, finding))
    return events
