"""docs/configuration.md keeps up with the code: every field and variable, its default, and a complete example that loads."""

from __future__ import annotations

import re
import typing
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import yaml

from bot.config import VARIABLES, File, parse_settings, read_environment

DOCS = (Path(__file__).parents[2] / "docs" / "configuration.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| `([^`]+)` \|([^|]*)\| .+ \|$", DOCS, re.MULTILINE))
EXAMPLE = re.findall(r"^```yaml\n(.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)


def struct_in(kind: Any) -> tuple[type[msgspec.Struct] | None, str]:
    """(the struct that a field holds, how its path goes on)."""
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        return kind, ""
    mark = "{}" if typing.get_origin(kind) is dict else "[]"
    inner = [struct_in(a)[0] for a in typing.get_args(kind)]
    return next((s for s in inner if s), None), mark


def fields_of(struct: type[msgspec.Struct], path: str = "") -> Iterator[tuple[str, msgspec.structs.FieldInfo]]:
    """(path, field) of everything that can be set."""
    for field in msgspec.structs.fields(struct):
        here = f"{path}.{field.name}".removeprefix(".")
        yield here, field
        below, mark = struct_in(field.type)
        if below is not None:
            yield from fields_of(below, here + mark)


def default_of(field: msgspec.structs.FieldInfo) -> str:
    """The default as the docs write it."""
    if field.required:
        return "required"
    value = field.default_factory() if field.default is msgspec.NODEFAULT else field.default
    if isinstance(value, msgspec.Struct):
        return ""  # its own fields say it
    if value in ((), {}):
        return "none"
    if isinstance(value, tuple):
        return f"`{', '.join(value)}`"
    return f"`{str(value).lower() if isinstance(value, bool) else value}`" if value != "" else "empty"


FIELDS = dict(fields_of(File))


def test_every_field_is_documented_with_its_default() -> None:
    written = {path: ROWS.get(path, "not documented").strip() for path in FIELDS}
    assert written == {path: default_of(field) for path, field in FIELDS.items()}


def test_every_variable_is_documented_with_its_default() -> None:
    written = {name: ROWS.get(name, "not documented").strip().strip("`") for name, _, _ in VARIABLES}
    assert written == {name: default for name, _, default in VARIABLES}


def test_nothing_is_documented_that_cannot_be_set() -> None:
    assert set(ROWS) == set(FIELDS) | {name for name, _, _ in VARIABLES}


def test_the_complete_example_loads() -> None:
    assert len(EXAMPLE) == 1
    settings = parse_settings(EXAMPLE[0], "the example", read_environment({}))
    assert [r.name for r in settings.routes] == ["sandbox-noise", "prod-critical", "prod", "old-and-open"]


def test_the_complete_example_sets_every_field() -> None:
    assert set(paths_of(yaml.safe_load(EXAMPLE[0]))) == set(FIELDS)


def paths_of(data: Any, path: str = "") -> Iterator[str]:
    """The path of everything that a file sets, as the docs write it."""
    if isinstance(data, dict):
        for key, value in data.items():
            if path == "accounts" and str(key).isdigit():
                yield from paths_of(value, "accounts{}")
                continue
            here = f"{path}.{key}".removeprefix(".")
            yield here
            yield from paths_of(value, here)
    elif isinstance(data, list):
        for item in data:
            yield from paths_of(item, f"{path}[]")


def test_what_the_example_says_is_a_default_is_one() -> None:
    example, plain = (
        parse_settings(t, "f", read_environment({})).file for t in (EXAMPLE[0], "default_route: {channel: security}")
    )
    for name in ("organizations", "owner_tags", "stream", "slack", "health", "templates", "default_route"):
        assert getattr(example, name) == getattr(plain, name), name


def test_the_smallest_file_of_the_docs_loads() -> None:
    smallest = re.search(r"^```\n(default_route.*?)^```$", DOCS, re.MULTILINE | re.DOTALL)
    assert smallest
    parse_settings(smallest[1], "the smallest", read_environment({}))
