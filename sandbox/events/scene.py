"""Where and when an event happens, ids that stay, and the ways in which AWS writes a time.

Every generator takes a `Scene`. Ids come from the words that name a problem, so the same problem has the same id on
every run and in every service. There is no randomness and no clock here.
"""

from __future__ import annotations

import hashlib
import uuid
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

from sandbox.company import AwsAccount

Event: TypeAlias = dict[str, Any]
_SPACE = uuid.UUID("6f9f4c1e-4e57-5d0a-9d3b-42424242aaaa")


@dataclass(frozen=True, slots=True)
class Scene:
    """`account` owns the resource; `hub` is the security account's id, which sends what it collects. Times are aware,
    UTC.
    """

    account: AwsAccount
    hub: str
    region: str
    first: datetime
    now: datetime

    def at(self, now: datetime) -> Scene:
        """The same scene later."""
        return replace(self, now=now)


def uid(*words: object) -> str:
    """A UUID made of the words, lower case with hyphens."""
    return str(uuid.uuid5(_SPACE, "\x1f".join(map(str, words))))


def digest(length: int, *words: object) -> str:
    """`length` (up to 64) hex digits made of the words."""
    return hashlib.sha256("\x1f".join(map(str, words)).encode()).hexdigest()[:length]


def pick(options: tuple[str, ...], *words: object) -> str:
    """One of the options, always the same for the same words."""
    return options[int(digest(8, *words), 16) % len(options)]


def iso_s(when: datetime) -> str:
    """`2026-11-24T21:59:00Z`."""
    return when.strftime("%Y-%m-%dT%H:%M:%SZ")


def iso_ms(when: datetime) -> str:
    """`2026-11-24T21:59:00.125Z`."""
    return when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def epoch_ms(when: datetime) -> int:
    """Milliseconds since 1970, as OCSF writes times."""
    return int(when.timestamp() * 1000)


def event(
    scene: Scene,
    source: str,
    detail_type: str,
    detail: dict[str, Any],
    *,
    resources: tuple[str, ...] = (),
    account: str = "",
) -> Event:
    """The EventBridge envelope. `account` is the sender, by default the resource's own account."""
    return {
        "version": "0",
        "id": uid("event", source, detail_type, iso_ms(scene.now), digest(16, repr(detail))),
        "detail-type": detail_type,
        "source": source,
        "account": account or scene.account.id,
        "time": iso_s(scene.now),
        "region": scene.region,
        "resources": list(resources),
        "detail": detail,
    }
