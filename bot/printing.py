"""What the command line prints: explanations, health lines and progress. Foreign text is made harmless for a terminal."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import TypeVar

from rich.console import Console
from rich.progress import track

from bot.domain.escalation import EscalationPolicy
from bot.domain.query import show, show_duration
from bot.ports import Health
from bot.services.explain import Explained

T = TypeVar("T")

SHOWN_FROM = 20  # fewer steps than this need no bar


def progress(items: Sequence[T], what: str, *, quiet: bool = False) -> Iterable[T]:
    """The items, with a bar on standard error when there are many and somebody watches."""
    if quiet or len(items) < SHOWN_FROM or not sys.stderr.isatty():
        return items
    return track(items, what, console=Console(stderr=True), transient=True)


def print_explained(explained: Explained, *, as_json: bool) -> None:
    """One event: a JSON line, or a few lines for a person."""
    if as_json:
        print(json.dumps(explained.as_json(), ensure_ascii=True))
        return
    print(f"{visible(explained.input)}: {explained.kind} ({visible(explained.reason)})")
    for finding in explained.findings:
        print(f"  {finding['severity'].upper()} {visible(finding['title'])}")
        print(
            f"    account {visible(finding['account'])}  env {finding['env'] or '-'}  region {visible(finding['region']) or '-'}"
        )
        print(f"    {finding['source']}  {visible(finding['type'])}")
        print(f"    resource {visible(finding['resource']) or '-'}")
        print(f"    {finding['status']}; first seen {finding['first_seen']}, updated {finding['updated']}")
        shown = "" if finding["announced"] else " (stored, not announced)"
        print(f"    -> #{finding['channel']}: {finding['why']}{shown}")
        if (held := finding["hidden_by"]) is not None:
            print(
                f"    hidden by {held['lease']} until {held['until']}: {visible(held['reason'])} ({visible(held['covers'])})"
            )
    for message in explained.messages:
        print(f"  message: {visible(message['payload']['text'])}")


def print_ladder(policies: Sequence[EscalationPolicy]) -> None:
    """Every escalation policy: what it holds, and its levels with their times since the announcement."""
    for policy in policies:
        print(f"  escalation {policy.name}: {show(policy.when) or 'everything'}, hours: {policy.hours}")
        after = timedelta()
        for rung in range(policy.rungs):
            after += policy.wait(rung)
            level = policy.level(rung)
            what = "fallback" if level == len(policy.levels) else f"level {level + 1}"
            print(f"    after {show_duration(after)}: {what}: {', '.join(map(str, policy.tells(rung)))}")


def print_health(parts: Sequence[Health]) -> None:
    """One line a part."""
    for part in parts:
        print(f"{part.name}: {'ok' if part.ok else 'FAILED'}{f' - {visible(part.note)}' if part.note else ''}")


def visible(text: str) -> str:
    """The text with everything a terminal would act on written out."""
    return "".join(c if c.isprintable() else f"\\u{ord(c):04x}" for c in text)
