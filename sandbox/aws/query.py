"""The query protocol, from the service's side: a form comes in, XML goes out, both by botocore's shapes.

SNS and STS still speak it. Anything in the form that the shape does not name is refused with `UnreadableForm`: a misspelt
parameter must not be lost in silence. Flattened lists and XML attributes do not occur in them and are not modelled.
"""

from __future__ import annotations

import base64
import binascii
from typing import Any, TypeAlias
from urllib.parse import parse_qsl
from xml.sax.saxutils import escape

from sandbox.aws.rest import iso

Tree: TypeAlias = "str | dict[str, Tree]"


class UnreadableForm(Exception):
    """The form does not fit the operation's input shape."""


def parse_form(body: bytes) -> dict[str, str]:
    """The fields of a form; raises UnreadableForm when it is not UTF-8."""
    try:
        return dict(parse_qsl(body.decode(), keep_blank_values=True))
    except UnicodeDecodeError as wrong:
        raise UnreadableForm("the form is not UTF-8") from wrong


def read_params(shape: Any, fields: dict[str, str]) -> dict[str, Any]:
    """The operation's parameters out of the form's fields (`Action` and `Version` already taken out)."""
    tree: dict[str, Tree] = {}
    for key, text in fields.items():
        _plant(tree, key.split("."), text)
    if shape is None and not tree:
        return {}
    params = _read(shape, tree, "")
    assert isinstance(params, dict)
    return params


def _plant(tree: dict[str, Tree], path: list[str], text: str) -> None:
    node = tree
    for part in path[:-1]:
        child = node.setdefault(part, {})
        if isinstance(child, str):
            raise UnreadableForm(f"{part} is both a value and a structure")
        node = child
    node[path[-1]] = text


def _read(shape: Any, tree: Tree, path: str) -> Any:
    kind = shape.type_name
    if kind == "structure":
        return _read_structure(shape, _branch(tree, path), path)
    if kind == "list":
        items = _branch(_branch(tree, path).get(_wire_name(shape.member, "member"), {}), path)
        return [_read(shape.member, item, path) for _, item in _numbered(items, path)]
    if kind == "map":
        return dict(_read_entry(shape, _branch(item, path), path) for _, item in _entries(tree, path))
    if not isinstance(tree, str):
        raise UnreadableForm(f"{path} must be a single value")
    return _read_scalar(kind, tree, path)


def _read_structure(shape: Any, branch: dict[str, Tree], path: str) -> dict[str, Any]:
    names = {_wire_name(member, name): name for name, member in shape.members.items()}
    params: dict[str, Any] = {}
    for key, child in branch.items():
        if key not in names:
            raise UnreadableForm(f"unknown parameter {path}{key}")
        params[names[key]] = _read(shape.members[names[key]], child, f"{path}{key}.")
    return params


def _read_entry(shape: Any, branch: dict[str, Tree], path: str) -> tuple[Any, Any]:
    key, value = _wire_name(shape.key, "key"), _wire_name(shape.value, "value")
    if set(branch) != {key, value}:
        raise UnreadableForm(f"an entry of {path} has {key} and {value}, not {', '.join(sorted(branch))}")
    return _read(shape.key, branch[key], path), _read(shape.value, branch[value], path)


def _read_scalar(kind: str, text: str, path: str) -> Any:
    try:
        if kind in ("integer", "long"):
            return int(text)
        if kind == "boolean":
            return {"true": True, "false": False}[text]
        if kind == "blob":
            base64.b64decode(text, validate=True)  # checked, and kept as text: SQS hands it on in base64 too
        return text
    except (ValueError, KeyError, binascii.Error) as wrong:
        raise UnreadableForm(f"{path} is not a {kind}") from wrong


def _entries(tree: Tree, path: str) -> list[tuple[int, Tree]]:
    return _numbered(_branch(_branch(tree, path).get("entry", {}), path), path)


def _numbered(items: dict[str, Tree], path: str) -> list[tuple[int, Tree]]:
    if not all(key.isdigit() for key in items):
        raise UnreadableForm(f"{path} is not numbered")
    return sorted((int(key), item) for key, item in items.items())


def _branch(tree: Tree, path: str) -> dict[str, Tree]:
    if isinstance(tree, str):
        if tree == "":
            return {}  # how botocore writes an empty list
        raise UnreadableForm(f"{path} must have members")
    return tree


def _wire_name(shape: Any, default: str) -> str:
    return str(shape.serialization.get("name", default))


def write_answer(operation: Any, result: dict[str, Any], namespace: str, request_id: str) -> str:
    """The XML of a successful answer."""
    name, inner = operation.name, ""
    if operation.output_shape is not None:
        wrapper = operation.output_shape.serialization.get("resultWrapper", f"{name}Result")
        inner = f"<{wrapper}>{_write(operation.output_shape, result)}</{wrapper}>"
    meta = f"<ResponseMetadata><RequestId>{request_id}</RequestId></ResponseMetadata>"
    return f'<{name}Response xmlns="{namespace}">{inner}{meta}</{name}Response>'


def write_error(code: str, message: str, fault: str, namespace: str, request_id: str) -> str:
    """The XML of a refusal."""
    error = f"<Error><Type>{fault}</Type><Code>{escape(code)}</Code><Message>{escape(message)}</Message></Error>"
    return f'<ErrorResponse xmlns="{namespace}">{error}<RequestId>{request_id}</RequestId></ErrorResponse>'


def _write(shape: Any, value: Any) -> str:
    kind = shape.type_name
    if kind == "structure":
        members = shape.members
        return "".join(_element(_wire_name(members[k], k), _write(members[k], item)) for k, item in value.items())
    if kind == "list":
        return "".join(_element(_wire_name(shape.member, "member"), _write(shape.member, item)) for item in value)
    if kind == "map":
        return "".join(_element("entry", _pair(shape, key, item)) for key, item in value.items())
    if kind == "timestamp":
        return escape(iso(value))
    return escape(str(value).lower() if kind == "boolean" else str(value))


def _pair(shape: Any, key: str, value: Any) -> str:
    return _element(_wire_name(shape.key, "key"), escape(key)) + _element(
        _wire_name(shape.value, "value"), _write(shape.value, value)
    )


def _element(name: str, inner: str) -> str:
    return f"<{name}>{inner}</{name}>"
