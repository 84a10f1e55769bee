"""A box in which every act about hiding can be tried: a draft, a request that waits, a lease in force; and what the acts say and change.

Problem solved: who may do what is asked of the desk, as every door asks it, so that hundreds of cases cost little. It refuses to judge
what should be allowed: the tests have the table.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from bot.domain.approval import Stage as Asked
from bot.domain.message import Pressed
from bot.domain.views import Trouble
from bot.services.desk import Request
from tests.support.box import Box
from tests.support.boxes import SOCKET_CONFIG
from tests.support.hiding import REASON, access, apis, filled, pressed, preview, request_in

# The role of the payments team is widened to hiding, in development and staging alone.
CONFIG = SOCKET_CONFIG.replace("can: [ack, assign]\n", "can: [ack, assign, suppress]\n").replace(
    "      users: [U0CHEN]\n      can: [approve]\n",
    "      users: [U0CHEN]\n      can: [suppress, approve]\n"
    "    - name: auditor\n      users: [U0GIL]\n      can: [approve]\n",
)


@dataclass(frozen=True)
class Stage:
    """A box in which F-1 of production is open, with a draft and a request about it, and F-2 hidden by a lease.

    `draft` and `asked` are what their buttons carry, `lease` is an id.
    """

    box: Box
    draft: str
    asked: str
    lease: str


async def staged(box: Box, author: str) -> Stage:
    """Made by `author`, who must be able to hide; the request by Ana."""
    await box.take_in(access(box))
    await box.take_in(box.control("S3.8"))
    await box.ana.command("/sec suppress F-2", "sec-prod")
    await filled(box, "finding")
    await pressed(box, "Suppress 1 finding")
    await box.modal("is in force")
    await box.ana.command("/sec suppress F-1", "sec-prod")
    await filled(box, "finding", ends="10d")
    await pressed(box, "Ask for approval")
    await box.modal("another person")
    await box.quiet()
    await box.person(author).command("/sec suppress F-1", "sec-prod")
    await filled(box, "finding", who=author)
    view = await preview(box, who=author)
    [draft] = [
        extra_of(e) for b in view.blocks for e in b.get("elements", []) if "suppress.go" in e.get("action_id", "")
    ]
    leases = {one.number: one for one in await all_leases(box)}
    [asked] = [extra_of(e) for e in elements(request_in(box).blocks) if "suppress.approve" in e["action_id"]]
    return Stage(box, draft, asked, leases[2].id)


def elements(blocks: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [e for b in blocks for e in b.get("elements", []) if "action_id" in e]


def extra_of(element: dict[str, Any]) -> str:
    return str(element["value"]).partition("|")[2]


async def all_leases(box: Box) -> list[Any]:
    async with box.bot.store.reads() as reads:
        return list(await reads.leases(limit=1000))


async def snapshot(box: Box) -> str:
    """Everything that an act could change: the leases and requests, the findings' states, what was asked of the sources."""
    async with box.bot.store.reads() as reads:
        leases = sorted(map(repr, await reads.leases(limit=1000)))
        requests = [repr(r) for one in Asked for r in await reads.requests(stage=one)]
        records = [repr(await reads.get(number)) for number in (1, 2)]
    changes = [
        c.operation for c in apis(box).calls() if not c.operation.startswith(("List", "Get", "Lookup", "Describe"))
    ]
    return json.dumps([leases, requests, records, changes])


class Seen:
    """A surface that opens every window and keeps what it showed."""

    def __init__(self) -> None:
        self.views: list[Any] = []

    async def open(self, view: Any) -> bool:
        self.views.append(view)
        return True

    async def fill(self, view: Any) -> None:
        self.views.append(view)


VALUES = {"scope": "finding", "why": "expected", "reason": REASON, "ticket": "", "ends": "1d", "owner": ""}


async def act(stage: Stage, what: str, request: Request) -> Any:
    """Do it through the desk, as every door does; the view that is shown."""
    desk = stage.box.bot.slack._desk
    acts: dict[str, Callable[[], Any]] = {
        "command": lambda: desk.command('suppress F-1 1d "typed as a reason"', request),
        "button": lambda: desk.press(Pressed("suppress", 1, 1, ""), request),
        "submit": lambda: desk.press(Pressed("suppress.form", 1, 1, "", VALUES), request),
        "go": lambda: desk.press(Pressed("suppress.go", 1, 1, stage.draft), request),
        "renew": lambda: desk.press(Pressed("suppress.renew", 2, 1, stage.lease), request),
        "end": lambda: desk.press(Pressed("suppress.end", 2, 1, stage.lease), request),
        "approve": lambda: desk.press(Pressed("suppress.approve", 1, 1, stage.asked), request),
        "deny": lambda: desk.press(Pressed("suppress.deny", 1, 1, stage.asked), request),
        "withdraw": lambda: desk.press(Pressed("suppress.deny", 1, 1, stage.asked), request),
        "drift": lambda: desk.command("leases drift", request),
    }
    return (await acts[what]()).view


def told(view: Any) -> str:
    return " ".join(view.messages) if isinstance(view, Trouble) else ""
