"""Small checks to put together into a description of Block Kit.

Problem solved: a block type is described by a table of fields, and every defect is found, each with its place. This
module refuses to know any block; see `blocks_spec`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias


@dataclass(frozen=True)
class Problem:
    """One defect: `path` is a JSON pointer."""

    path: str
    text: str


Check: TypeAlias = Callable[[Any, str], Iterator[Problem]]


def string(most: int | None = None, least: int = 0) -> Check:
    """A string of `least` to `most` characters."""

    def check(value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, str):
            yield Problem(path, "must be a string")
        elif len(value) < least:
            yield Problem(path, f"must be more than {least - 1} characters")
        elif most is not None and len(value) > most:
            yield Problem(path, f"must be less than {most + 1} characters")

    return check


def boolean(value: Any, path: str) -> Iterator[Problem]:
    if not isinstance(value, bool):
        yield Problem(path, "must be a boolean")


def or_null(check: Check) -> Check:
    """What `check` takes, or null."""

    def checked(value: Any, path: str) -> Iterator[Problem]:
        if value is not None:
            yield from check(value, path)

    return checked


def anything(_value: Any, _path: str) -> Iterator[Problem]:
    yield from ()


def number(least: float | None = None, most: float | None = None, *, whole: bool = False) -> Check:
    low = float("-inf") if least is None else least
    high = float("inf") if most is None else most

    def check(value: Any, path: str) -> Iterator[Problem]:
        sound = isinstance(value, int) or (isinstance(value, float) and not whole)
        if isinstance(value, bool) or not sound:
            yield Problem(path, "must be a number")
        elif not low <= value <= high:
            yield Problem(path, f"must be between {least} and {most}")

    return check


def one_of(*allowed: Any) -> Check:
    def check(value: Any, path: str) -> Iterator[Problem]:
        if value not in allowed or isinstance(value, bool):
            yield Problem(path, f"must be one of {', '.join(map(str, allowed))}")

    return check


def array(item: Check, least: int = 0, most: int | None = None) -> Check:
    """A list of `least` to `most` items, each checked."""

    def check(value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, list):
            yield Problem(path, "must be an array")
            return
        if len(value) < least:
            yield Problem(path, f"no fewer than {least} items allowed")
        if most is not None and len(value) > most:
            yield Problem(path, f"no more than {most} items allowed")
        for index, entry in enumerate(value):
            yield from item(entry, f"{path}/{index}")

    return check


def record(required: Mapping[str, Check], optional: Mapping[str, Check] | None = None, *rules: Check) -> Check:
    """An object with these fields and no others; `rules` look at the whole object when its fields are sound."""
    fields = {**required, **(optional or {})}

    def check(value: Any, path: str) -> Iterator[Problem]:
        if not isinstance(value, dict):
            yield Problem(path, "must be an object")
            return
        found = [*_missing(value, path), *_unknown(value, path)]
        for name, entry in value.items():
            if name in fields:
                found += fields[name](entry, f"{path}/{name}")
        for rule in rules if not found else ():
            found += rule(value, path)
        yield from found

    def _missing(value: dict[str, Any], path: str) -> Iterator[Problem]:
        return (Problem(path, f"missing required field: {name}") for name in required if name not in value)

    def _unknown(value: dict[str, Any], path: str) -> Iterator[Problem]:
        return (Problem(path, f"invalid additional property: {name}") for name in value if name not in fields)

    return check


def typed(known: Mapping[str, Check], what: str) -> Check:
    """An object whose `type` chooses the check."""

    def check(value: Any, path: str) -> Iterator[Problem]:
        kind = value.get("type") if isinstance(value, dict) else None
        if not isinstance(kind, str) or kind not in known:
            yield Problem(path, f"unsupported {what} type: {kind}" if kind else f"missing {what} type")
        else:
            yield from known[kind](value, path)

    return check


def at_least_one(*names: str) -> Check:
    def check(value: Any, path: str) -> Iterator[Problem]:
        if not any(name in value for name in names):
            yield Problem(path, f"one of {', '.join(names)} is required")

    return check


def exactly_one(*names: str) -> Check:
    def check(value: Any, path: str) -> Iterator[Problem]:
        if sum(name in value for name in names) != 1:
            yield Problem(path, f"exactly one of {', '.join(names)} is required")

    return check


def later(name: str, known: Mapping[str, Check]) -> Check:
    """A check looked up when it is used, for descriptions that refer to each other."""

    def check(value: Any, path: str) -> Iterator[Problem]:
        yield from known[name](value, path)

    return check
