"""Who changed a rule last, as CloudTrail's event history says.

Events are looked up by the name of the API operation: AWS publishes no resource names for these rules that could be looked up. What
a call changed is then read from the event itself. A call that was refused changed nothing and does not count; an event that says too
little is passed over, so that nobody is named by mistake.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import aclosing
from datetime import UTC
from typing import Any

from bot.adapters.aws import Api
from bot.domain.drift import Maker, Rule

LOOKED_AT = 200  # events, over all operations: each fifty are one of the two requests a second that AWS grants
PAGE = 50  # From: CloudTrail API Reference, LookupEvents: MaxResults

_SOURCES = {
    "access_analyzer": "access-analyzer.amazonaws.com",
    "securityhub": "securityhub.amazonaws.com",
    "securityhub_v2": "securityhub.amazonaws.com",
    "guardduty": "guardduty.amazonaws.com",
}
# Members of a call or its answer that name a rule, in lower case: services write them in their own case.
_IDS = frozenset({"rulearn", "ruleid", "identifier", "automationrulesarns"})
_NAMES = frozenset({"name", "rulename", "filtername"})


async def last(events: Api, rule: Rule, names: Sequence[str]) -> Maker | None:
    """The newest call of these operations for this rule; None when the newest LOOKED_AT events have none."""
    once = tuple(dict.fromkeys(names))
    found = [await _last_of(events, rule, name, LOOKED_AT // len(once)) for name in once]
    return max((one for one in found if one is not None), key=lambda one: one.at, default=None)


async def _last_of(events: Api, rule: Rule, name: str, most: int) -> Maker | None:
    """The newest event of one operation; AWS lists the newest first."""
    wanted = [{"AttributeKey": "EventName", "AttributeValue": name}]
    read = 0
    async with aclosing(
        events.items("lookup_events", "Events", LookupAttributes=wanted, MaxResults=max(1, min(PAGE, most)))
    ) as found:
        async for event in found:
            read += 1
            body = _body(event)
            if _is_of(rule, body):
                return Maker(who=_who(event, body), did=name, at=event["EventTime"].astimezone(UTC))
            if read >= most:
                break
    return None


def _body(event: Mapping[str, Any]) -> Mapping[str, Any]:
    try:
        body = json.loads(event.get("CloudTrailEvent") or "{}")
    except ValueError:
        return {}
    return body if isinstance(body, dict) else {}


def _is_of(rule: Rule, body: Mapping[str, Any]) -> bool:
    if body.get("errorCode") or body.get("eventSource") != _SOURCES.get(rule.service):
        return False
    said: dict[str, set[str]] = {}
    for key, text in _leaves({"": [body.get("requestParameters"), body.get("responseElements")]}):
        said.setdefault(key.lower(), set()).add(text)
    if ids := {text for key in _IDS for text in said.get(key, ())}:
        return bool(ids & {rule.id, rule.id.rpartition("/")[2]})
    named = any(rule.name in said.get(key, ()) for key in _NAMES)
    return named and _at(rule, said)


def _at(rule: Rule, said: Mapping[str, set[str]]) -> bool:
    """Whether the analyzer that the call names is the rule's; other services name none."""
    analyzers = said.get("analyzername", set()) | said.get("analyzerarn", set())
    return not analyzers or bool(analyzers & {rule.place, rule.place.rpartition("/")[2]})


def _leaves(value: Any, key: str = "") -> Iterator[tuple[str, str]]:
    """Every text with the name of the member that it is, or is in the list of."""
    if isinstance(value, dict):
        for name, item in value.items():
            yield from _leaves(item, str(name))
    elif isinstance(value, list):
        for item in value:
            yield from _leaves(item, key)
    elif isinstance(value, str):
        yield key, value


def _who(event: Mapping[str, Any], body: Mapping[str, Any]) -> str:
    identity = body.get("userIdentity")
    known = identity if isinstance(identity, dict) else {}
    given = (known.get(key) for key in ("arn", "userName", "invokedBy", "principalId"))
    return next((str(one) for one in given if one), str(event.get("Username") or "unknown"))
