"""A YAML text as data, with the line of every part of it, so that a mistake is told with its place."""

from __future__ import annotations

from typing import Any

import yaml

from bot.errors import ConfigError


class Lines(dict[str, int]):
    """The line of every path of the file, in msgspec's notation (`$.routes[0].when`). `twice`: keys that their mapping has already."""

    def __init__(self) -> None:
        super().__init__({"$": 1})
        self.twice: list[tuple[int, str]] = []  # YAML would let the second silently win

    def nearest(self, path: str, what: str = "") -> int:
        """The line of a path, of the unknown field in it that `what` names, or of the closest part above that has one."""
        path = path or "$"
        if "unknown field `" in what and (line := self.get(f"{path}.{what.split('`')[1]}")):
            return line
        while path not in self and len(path) > 1:
            path = path[: max(path.rfind("."), path.rfind("["))]
        return self.get(path, 1)


def read_yaml(text: str, name: str) -> tuple[Any, Lines]:
    """The data and the lines of a YAML text, which must hold a mapping; raises ConfigError with `name` and the line."""
    lines = Lines()
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        data = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError) as error:  # ValueError: a date that the calendar does not have
        mark = getattr(error, "problem_mark", None)
        line = mark.line + 1 if mark is not None else 1
        raise ConfigError(f"{name}:{line}: this is not YAML: {getattr(error, 'problem', None) or error}") from error
    if not isinstance(data, dict) or node is None:
        raise ConfigError(f"{name}:1: the file holds no settings")
    _note_lines(node, "$", lines)
    if lines.twice:
        raise ConfigError("\n".join(f"{name}:{line}: `{key}` is set twice" for line, key in lines.twice))
    return data, lines


def _note_lines(node: yaml.Node, path: str, lines: Lines) -> None:
    if isinstance(node, yaml.MappingNode):
        seen: set[str] = set()
        for key, value in node.value:
            if key.value in seen:
                lines.twice.append((key.start_mark.line + 1, key.value))
            seen.add(key.value)
            # an account's number is written as a key, everything else as a field
            child = f"{path}[{key.value}]" if path == "$.accounts" else f"{path}.{key.value}"
            lines[child] = key.start_mark.line + 1
            _note_lines(value, child, lines)
    elif isinstance(node, yaml.SequenceNode):
        for i, item in enumerate(node.value):
            lines[f"{path}[{i}]"] = item.start_mark.line + 1
            _note_lines(item, f"{path}[{i}]", lines)
