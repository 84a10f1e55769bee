"""The plug shapes, and how a package of plugs is collected.

A plug is one file that exports one constant (`SOURCE`, `COMMAND`, `LAYOUT`). `collect` imports every public module of a package and
returns a read-only mapping; it refuses a module without its constant, a constant of the wrong type and a name used twice. No decorator
writes to a global, and importing any module opens nothing.
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType, ModuleType
from typing import Any, TypeVar

from bot.domain.authz import Permission
from bot.domain.envelope import Envelope, Reading
from bot.domain.message import Message, Modal, Pressed

__all__ = ["Action", "Broken", "Command", "Layout", "Message", "Modal", "Pressed", "Source", "collect"]


@dataclass(frozen=True, slots=True)
class Source:
    """One AWS product's events. `matches` is cheap and never raises; `normalise` may raise `Malformed` and nothing else.

    `rank`: plugs are asked in rising rank, then by name; `generic` comes last.
    """

    name: str
    matches: Callable[[Envelope], bool]
    normalise: Callable[[Envelope], Reading]
    rank: int = 0


@dataclass(frozen=True, slots=True)
class Layout:
    """One look: `render` turns a view (a frozen dataclass of domain.views) into a message or a modal. Pure."""

    name: str
    view: type
    render: Callable[[Any], Message | Modal]


Run = Callable[[Any, Any], Awaitable[Any]]
"""(context, what was asked) -> a view to answer with, or None when there is nothing to say. The context is services.desk.Context; for a
verb the second argument is the text after it, for an action what was pressed."""


Check = Callable[[Pressed], Mapping[str, str]]
"""What was submitted -> a message for each input that is not right."""


@dataclass(frozen=True, slots=True)
class Action:
    """A button, menu, shortcut or modal of a verb. `name` is the action id (or the modal's or shortcut's callback id) without its argument.

    `check` looks at what was entered in a modal before it is closed: a message for each input (by name) that is not right, none when
    all are. It is pure and quick, for Slack waits. `counted` actions count as questions, of which a person may ask some in a minute.
    `in_place`: the answer takes the place of the private message or the modal that was pressed in.
    """

    name: str
    permission: Permission
    run: Run
    check: Check | None = None
    counted: bool = False
    in_place: bool = False


@dataclass(frozen=True, slots=True)
class Command:
    """A `/sec` verb: help, completion, authorisation and the docs all come from this record.

    `run(ctx, query_text)` returns a view; `usage` is the line that help shows, `examples` are whole commands, `counted` as of an Action.
    """

    name: str
    summary: str
    usage: str
    permission: Permission
    run: Run
    aliases: tuple[str, ...] = ()
    examples: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()
    order: int = 100
    counted: bool = False


P = TypeVar("P")


class Broken(Exception):
    """A plug package is not well-formed; a programming error, so it stops the start."""


def collect(package: ModuleType, constant: str, kind: type[P]) -> Mapping[str, P]:
    """Every plug of a package by its name.

    Args:
        package: the imported package; its public modules are imported.
        constant: what each module must export, e.g. `SOURCE`.
        kind: the type of that constant.

    Raises:
        Broken: a module lacks the constant, has another type, names itself differently from its file, or reuses a name.
    """
    found: dict[str, P] = {}
    for info in sorted(pkgutil.iter_modules(package.__path__), key=lambda m: m.name):
        if info.name.startswith("_"):
            continue
        module = importlib.import_module(f"{package.__name__}.{info.name}")
        plug = getattr(module, constant, None)
        if not isinstance(plug, kind):
            raise Broken(f"{module.__name__} exports no {constant} of type {kind.__name__}")
        name: str = plug.name  # type: ignore[attr-defined]
        if name != info.name:
            raise Broken(f"{module.__name__} calls itself {name!r}: a plug's file name is its public name")
        found[name] = plug
    return MappingProxyType(found)
