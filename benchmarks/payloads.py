"""The messages that are taken in: the sandbox's events in their everyday mix, serialised beforehand.

Problem solved: product and floor read the very same bytes, and most of them are new findings, as in a storm. Of a hundred messages about
85 tell a problem for the first time, 10 tell how an earlier one went on, and 5 are an earlier message again. The same seed gives the same.
"""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

from sandbox.aws.stand_in import dumps
from sandbox.company import AwsAccount, Company, northwind
from sandbox.events.catalogue import RECIPES, Problem
from sandbox.events.scene import Scene

START = datetime(2026, 11, 2, 8, tzinfo=UTC)
MEMORY = 500  # earlier problems that may go on


def messages(count: int, seed: int = 1) -> list[str]:
    """`count` message bodies, as EventBridge gives them to the queue with raw delivery."""
    dice = random.Random(seed)
    company, weights = northwind(), [r.weight for r in RECIPES]
    told: list[Problem] = []
    made: list[str] = []
    for number in range(count):
        chance, when = dice.random(), START + timedelta(milliseconds=137 * number)
        if chance < 0.05 and made:
            made.append(dice.choice(made[-MEMORY:]))
        elif chance < 0.15 and told:
            made.append(_later(dice.choice(told[-MEMORY:]), when))
        else:
            recipe = dice.choices(RECIPES, weights)[0]
            account = dice.choice([a for env in recipe.envs for a in company.accounts_of(env)])
            told.append(recipe.make(_scene(company, account, when), 1000 * seed + number))
            made.append(dumps(told[-1].active(told[-1].scene)))
    return made


def _scene(company: Company, account: AwsAccount, when: datetime) -> Scene:
    return Scene(account, company.security.id, company.region, when - timedelta(minutes=5), when)


def _later(problem: Problem, when: datetime) -> str:
    telling = problem.resolved or problem.raised or problem.active
    return dumps(telling(problem.scene.at(when)))
